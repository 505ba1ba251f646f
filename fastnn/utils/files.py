"""get_file: a file from the network, kept in a folder."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

__all__ = ["get_file"]

_KINDS = {"tar": (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz"), "zip": (".zip",)}


def get_file(
    fname: str | None = None,
    origin: str | None = None,
    untar: bool = False,
    md5_hash: str | None = None,
    file_hash: str | None = None,
    cache_subdir: str = "datasets",
    hash_algorithm: str = "auto",
    extract: bool = False,
    archive_format: Any = "auto",
    cache_dir: Any = None,
    force_download: bool = False,
) -> str:
    """Download a file, unless it is there, and take it apart if it is an archive and that is asked for.

    Parameters
    ----------
    fname : str, optional
        Name of the file; the last part of origin when not given.
    origin : str
        The URL.
    untar : bool, default False
        As extract, for tar files.
    md5_hash : str, optional
    file_hash : str, optional
        What the file has to have, in hexadecimal digits. A file of another hash is downloaded anew.
    cache_subdir : str, default "datasets"
    hash_algorithm : {"auto", "sha256", "md5"}, default "auto"
        Of file_hash; by its length when not given.
    extract : bool, default False
    archive_format : {"auto", "tar", "zip"} or None, default "auto"
    cache_dir : path, optional
        ``$FASTNN_HOME``, which is ``~/.fastnn``, when not given.
    force_download : bool, default False

    Returns
    -------
    str
        The file's path; with extract that of the folder that holds what was in it.

    Raises
    ------
    ImportError
        pooch is not installed (the extra `datasets`).
    FileNotFoundError
        The file isn't there and can't be downloaded, or has another hash.
    ValueError
        There is no origin.
    """
    if not origin:
        raise ValueError(f"get_file: expected the URL of a file as origin, got {origin!r}")
    home = Path(cache_dir or os.environ.get("FASTNN_HOME") or Path.home() / ".fastnn")
    path = home / cache_subdir / (fname or origin.rpartition("/")[2])
    digits = file_hash or md5_hash
    kind = "md5" if file_hash is None or hash_algorithm == "md5" or len(file_hash) == 32 else "sha256"
    try:
        import pooch
    except ModuleNotFoundError as missing:
        raise ImportError('get_file: expected pooch; pip install "fastnn-core[datasets]"') from missing
    if force_download:
        path.unlink(missing_ok=True)
    try:
        pooch.retrieve(origin, f"{kind}:{digits}" if digits else None, fname=path.name, path=path.parent)
    except (OSError, ValueError) as problem:  # ValueError: another hash
        raise FileNotFoundError(f"get_file: expected {path}; downloading {origin} failed ({problem})") from problem
    if not (extract or untar):
        return str(path)
    folder = path.with_name(f"{path.name}_extracted")
    _extract(path, folder, "tar" if untar else archive_format)
    return str(folder)


def _extract(path: Path, folder: Path, archive_format: str | None) -> None:
    """Take an archive apart; nothing in it may lie outside of the folder."""
    found = next((kind for kind, ends in _KINDS.items() if path.name.endswith(ends)), None)
    kind = found if archive_format == "auto" else archive_format
    if kind not in _KINDS:
        raise ValueError(f"get_file: expected a tar or zip file to extract, got {path.name}")
    if kind == "zip":
        import zipfile

        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        return
    import tarfile

    with tarfile.open(path) as archive:
        archive.extractall(folder, filter="data")

"""Where data sets lie on disk, and how they get there.

Files are kept as their authors publish them, in ``$FASTNN_HOME/datasets/<data set>``; FASTNN_HOME is ``~/.fastnn`` when
it is not set. What is downloaded must have the known hash; a file that is already there is taken as it is, so one may
put data of one's own in its place.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["fetch", "folder"]


def folder(dataset: str) -> Path:
    """The folder of a data set's files; it need not exist."""
    home = os.environ.get("FASTNN_HOME")
    from pathlib import Path  # not with the package: 4 ms

    return (Path(home) if home else Path.home() / ".fastnn") / "datasets" / dataset


def fetch(dataset: str, url: str, known_hash: str, name: str | None = None) -> Path:
    """The path of a data set's file, downloaded when it is not there.

    Parameters
    ----------
    dataset : str
        Names the folder, and the data set in messages.
    url : str
    known_hash : str
        "sha256:..." or "md5:...".
    name : str, optional
        Of the file; the last part of the URL when not given.

    Returns
    -------
    pathlib.Path

    Raises
    ------
    FileNotFoundError
        The file isn't there and can't be downloaded; the message names the URL and the place.
    """
    path = folder(dataset) / (name or url.rpartition("/")[2])
    if path.is_file():
        return path
    try:
        import pooch
    except ModuleNotFoundError as missing:
        raise FileNotFoundError(
            f'{dataset}: expected the file {path}; to have it downloaded, pip install "fastnn-core[datasets]", or put '
            f"{url} there"
        ) from missing
    try:
        pooch.retrieve(url, known_hash, fname=path.name, path=path.parent)
    except (OSError, ValueError) as problem:  # ValueError: another hash
        raise FileNotFoundError(
            f"{dataset}: expected the file {path}; downloading it failed ({problem}), so put {url} there"
        ) from problem
    return path

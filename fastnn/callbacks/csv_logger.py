"""CSVLogger: the results of every epoch as a line of a file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .base import Callback, Logs

__all__ = ["CSVLogger"]


class CSVLogger(Callback):
    """Writes the results of every epoch to a line of a file.

    Parameters
    ----------
    filename : str or path
    separator : str, default ","
    append : bool, default False
        Go on with a file that is there, else begin anew.
    """

    def __init__(self, filename: Any, separator: str = ",", append: bool = False) -> None:
        from pathlib import Path  # not with the package: 4 ms

        self.filename, self.sep, self.append = Path(filename), separator, append
        self._keys: list[str] | None = None
        self._header = True

    def on_train_begin(self, logs: Logs | None = None) -> None:
        self._keys = None
        there = self.append and self.filename.exists() and self.filename.stat().st_size > 0
        self._header = not there
        if not there:
            self.filename.write_text("")

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        logs = logs or {}
        if self._keys is None:
            self._keys = sorted(logs)
            if not any(key.startswith("val_") for key in self._keys):
                self._keys += [f"val_{key}" for key in self._keys]
        import csv

        with self.filename.open("a", newline="") as file:
            writer = csv.DictWriter(file, ["epoch", *self._keys], delimiter=self.sep)
            if self._header:
                writer.writeheader()
                self._header = False
            writer.writerow({"epoch": epoch, **{key: _cell(logs.get(key, "NA")) for key in self._keys}})


def _cell(value: Any) -> Any:
    """A number as it is, several numbers in brackets."""
    if isinstance(value, Iterable) and not isinstance(value, str):
        return f'"[{", ".join(map(str, value))}]"'
    return value

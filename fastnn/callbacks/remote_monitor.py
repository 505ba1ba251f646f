"""RemoteMonitor: the results of every epoch, sent to a server."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from .base import Callback, Logs

__all__ = ["RemoteMonitor"]


class RemoteMonitor(Callback):
    """Posts the results of every epoch to a server; a warning tells when it can't be reached.

    Parameters
    ----------
    root : str, default "http://localhost:9000"
    path : str, default "/publish/epoch/end/"
    field : str, default "data"
        Of the form that holds the results as JSON, unless they are sent as JSON alone.
    headers : dict, optional
    send_as_json : bool, default False
    """

    def __init__(
        self,
        root: str = "http://localhost:9000",
        path: str = "/publish/epoch/end/",
        field: str = "data",
        headers: Mapping[str, str] | None = None,
        send_as_json: bool = False,
    ) -> None:
        if not root.startswith(("http://", "https://")):
            raise ValueError(f"RemoteMonitor: expected root to begin with http:// or https://, got {root!r}")
        self.root, self.path, self.field = root, path, field
        self.headers, self.send_as_json = headers, send_as_json

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        from urllib.parse import urlencode
        from urllib.request import Request, urlopen

        results = {name: np.asarray(value).tolist() for name, value in (logs or {}).items()}
        text = json.dumps({"epoch": epoch, **results})
        kind, content = "application/x-www-form-urlencoded", urlencode({self.field: text})
        if self.send_as_json:
            kind, content = "application/json", text
        headers: dict[str, Any] = {"Content-Type": kind, **(self.headers or {})}
        try:
            with urlopen(Request(self.root + self.path, content.encode(), headers), timeout=10):
                pass
        except OSError as error:
            warnings.warn(f"RemoteMonitor: {self.root} can't be reached: {error}", UserWarning, stacklevel=4)

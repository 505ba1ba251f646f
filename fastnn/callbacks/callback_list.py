"""CallbackList: several callbacks as one, for training loops of the user's own."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .base import Callback, History
from .progbar_logger import ProgbarLogger

__all__ = ["CallbackList"]

_MOMENTS = [
    *(f"on_{kind}_{end}" for kind in ("train", "test", "predict", "epoch", "batch") for end in ("begin", "end")),
    *(f"on_{kind}_batch_{end}" for kind in ("train", "test", "predict") for end in ("begin", "end")),
]


class CallbackList(Callback):
    """Callbacks that are told everything in order; a loop of one's own calls the list as `fit` calls a callback.

    Parameters
    ----------
    callbacks : list of Callback, optional
    add_history : bool, default False
        Add a `History`, unless there is one.
    add_progbar : bool, default False
        Add a `ProgbarLogger`, unless there is one.
    model : Model, optional
    **params
        epochs, steps, verbose.
    """

    def __init__(
        self,
        callbacks: Callback | Sequence[Callback] | None = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        given = [callbacks] if isinstance(callbacks, Callback) else list(callbacks or ())
        for callback in given:
            if not isinstance(callback, Callback):
                raise TypeError(f"CallbackList: expected objects of Callback, got {callback!r}")
        if add_progbar and not any(isinstance(callback, ProgbarLogger) for callback in given):
            given.append(ProgbarLogger())
        if add_history and not any(isinstance(callback, History) for callback in given):
            given.append(History())
        self.callbacks = given
        for moment in _MOMENTS:
            vars(self)[moment] = self._telling(moment)
        if model is not None:
            self.set_model(model)
        if params:
            self.set_params(params)

    def _telling(self, moment: str) -> Any:
        def tell(*arguments: Any, **options: Any) -> None:
            for callback in self.callbacks:
                getattr(callback, moment)(*arguments, **options)

        return tell

    def append(self, callback: Callback) -> None:
        """Add a callback."""
        self.callbacks.append(callback)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        for callback in self.callbacks:
            if isinstance(callback, History):
                model.history = callback
            callback.set_model(model)

    def set_params(self, params: dict[str, Any]) -> None:
        super().set_params(params)
        for callback in self.callbacks:
            callback.set_params(params)

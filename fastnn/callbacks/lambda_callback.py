"""LambdaCallback: functions of the user's, called while training."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .base import Callback

__all__ = ["LambdaCallback"]


class LambdaCallback(Callback):
    """Calls functions.

    Parameters
    ----------
    on_epoch_begin, on_epoch_end : function(epoch, logs), optional
    on_train_begin, on_train_end : function(logs), optional
    on_train_batch_begin, on_train_batch_end : function(batch, logs), optional
    **kwargs
        Further methods or attributes.
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> None:
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
        }
        vars(self).update(kwargs)
        vars(self).update({name: function for name, function in given.items() if function is not None})

"""Accuracy classes: how far results may lie from exact ones in exchange for speed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar, cast

from . import _core

__all__ = ["OF_PROCESS", "compiled_precision", "get_precision", "set_precision"]

CLASSES = ("float32", "fast", "bfloat16")  # in the order of fastnn_precision
OF_PROCESS = -1

P = ParamSpec("P")
R = TypeVar("R")


class Compiled(Protocol):
    @property
    def _precision(self) -> int: ...


C = TypeVar("C", bound=Compiled)


def set_precision(precision: str) -> None:
    """Choose the accuracy class of float32 work: of this process, and of models compiled from now on.

    A class says what a result may lose, never what it must: where nothing is gained by it, results are more accurate.

    Parameters
    ----------
    precision : {"float32", "fast", "bfloat16"}
        "float32", the default, is as accurate as float32 arithmetic. "fast" allows a norm-wise error of 5e-5; it
        computes 3x3 convolutions of stride 1 by Winograd's F(4x4, 3x3) instead of F(2x2, 3x3) (Lavin and Gray 2016),
        and on level "amx" matrix products by three products of bfloat16 parts instead of six (Henry, Tang and
        Heinecke 2019); other operations as before. "bfloat16" allows a norm-wise error of 1e-2: where the processor
        has a unit for it, numbers that are multiplied in dense layers, convolutions, recurrent layers and attention
        are rounded to bfloat16 on their way, and summed in float32; without such a unit it is "fast".

    Raises
    ------
    TypeError
        It is not a string.
    ValueError
        There is no such class.

    Notes
    -----
    Whatever the class, arrays are float32: weights (the master weights of mixed precision), gradients, the optimizer's
    state, activations and results. So there is no loss to scale, and nothing to convert when it changes.

    A model keeps the class that was chosen when it was compiled; its files don't, and a loaded model has that of the
    process that loads it. Threads and children of `fork` have the class of the process.
    """
    if not isinstance(precision, str):
        raise TypeError(f"set_precision: expected a string for precision, got {precision!r}")
    if precision not in CLASSES:
        import difflib  # not with the package

        nearest = difflib.get_close_matches(precision.lower(), CLASSES, 1)
        suggestion = f"; did you mean {nearest[0]!r}?" if nearest else ""
        known = ", ".join(map(repr, CLASSES))
        raise ValueError(f"set_precision: expected one of {known}, got {precision!r}{suggestion}")
    _core.set_precision(CLASSES.index(precision))


def get_precision() -> str:
    """The accuracy class of what the calling thread computes: "float32", "fast" or "bfloat16"."""
    return CLASSES[_core.precision()]


def compiled_precision(method: Callable[Concatenate[C, P], R]) -> Callable[Concatenate[C, P], R]:
    """Let a method compute in the class that its object was compiled with, and refuse arguments in its own name."""

    @wraps(method)
    def wrapper(self: C, *args: P.args, **kwargs: P.kwargs) -> R:
        before = _core.exchange_precision(self._precision)
        try:
            return method(self, *args, **kwargs)
        except TypeError:
            from .named_arguments import check_names  # not with the package

            check_names(method, (self, *args), kwargs)
            raise
        finally:
            _core.exchange_precision(before)

    return cast("Callable[Concatenate[C, P], R]", wrapper)

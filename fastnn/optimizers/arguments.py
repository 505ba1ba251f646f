"""The arguments of optimizers: numbers and flags that are checked whenever they are set, and gradients of variables."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypedDict, cast, overload

import numpy as np

from ..tensor import Tensor

if TYPE_CHECKING:
    from .base import Optimizer

__all__ = ["RATE", "Common", "Hyper", "flag", "paired", "times", "whole"]


class Common(TypedDict, total=False):
    """The arguments that every optimizer takes besides its own; see `Optimizer`."""

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None


class Hyper:
    """A number of an optimizer that is checked whenever it is set; None passes where it may be left out."""

    def __init__(self, low: float, high: float, *, above: bool = False, optional: bool = False) -> None:
        self._low, self._high, self._above, self._optional = low, high, above, optional

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, optimizer: None, owner: type) -> Hyper: ...

    @overload
    def __get__(self, optimizer: Optimizer, owner: type) -> Any: ...

    def __get__(self, optimizer: Optimizer | None, owner: type) -> Any:
        return self if optimizer is None else optimizer.__dict__[self._name]

    def __set__(self, optimizer: Optimizer, value: Any) -> None:
        left_out = value is None and self._optional
        optimizer.__dict__[self._name] = None if left_out else self.checked(optimizer.name, self._name, value)

    def checked(self, where: str, argument: str, value: Any) -> float:
        """The number, or an error that names optimizer and argument."""
        if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
            raise TypeError(f"{where}: expected {argument} to be a number, got {value!r}")
        try:
            number = float(value)
        except OverflowError:  # an int beyond all floats
            number = math.inf
        if not (self._low <= number < self._high) or (self._above and number == self._low):
            bounds = f"in [{self._low:g}, {self._high:g})"
            if math.isinf(self._low):
                bounds = "finite" if math.isinf(self._high) else "finite and not above 0"
            elif math.isinf(self._high):
                bounds = f"finite and {'above 0' if self._above else 'not negative'}"
            raise ValueError(f"{where}: expected {argument} {bounds}, got {value}")
        return number


RATE = Hyper(0.0, math.inf)


def whole(where: str, argument: str, value: Any, low: int, otherwise: str = "") -> int:
    """A whole number from low."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < low:
        raise ValueError(f"{where}: expected {argument} to be an integer from {low}{otherwise}, got {value!r}")
    return int(value)


def times(where: str, argument: str, value: Any, low: int) -> int | None:
    """None, or a whole number from low."""
    return None if value is None else whole(where, argument, value, low, ", or None")


def flag(name: str) -> Any:
    """A property that takes True and False only."""

    def read(optimizer: Optimizer) -> bool:
        return bool(optimizer.__dict__[name])

    def write(optimizer: Optimizer, value: Any) -> None:
        if not isinstance(value, bool | np.bool_):
            raise TypeError(f"{optimizer.name}: expected {name} to be True or False, got {value!r}")
        optimizer.__dict__[name] = bool(value)

    return property(read, write)


def paired(where: str, gradients: Sequence[Tensor | None], variables: Sequence[Tensor]) -> list[tuple[Tensor, Tensor]]:
    """Each gradient that there is with its variable, or an error that names the optimizer."""
    if len(gradients) != len(variables):
        raise ValueError(f"{where}: expected {len(variables)} gradients, got {len(gradients)}")
    pairs: dict[int, tuple[Tensor, Tensor]] = {}
    for gradient, variable in zip(gradients, variables, strict=True):
        if not isinstance(variable, Tensor):
            raise TypeError(f"{where}: expected variables to be Tensors, got {type(variable).__name__}")
        if gradient is None:
            continue
        if not isinstance(cast("object", gradient), Tensor):
            raise TypeError(
                f"{where}: expected the gradient for {variable.name} to be a Tensor or None, "
                f"got {type(gradient).__name__}"
            )
        if gradient.shape != variable.shape:
            raise ValueError(f"{where}: expected a gradient {variable.shape} for {variable.name}, got {gradient.shape}")
        if id(variable) in pairs:
            raise ValueError(f"{where}: expected different variables, got {variable.name} twice")
        pairs[id(variable)] = gradient, variable
    if not pairs:
        raise ValueError(f"{where}: expected a gradient for some variable, got none")
    return list(pairs.values())

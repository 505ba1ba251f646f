"""Optimizers by Keras 3's names and formulas; each step is one op over all variables.

The learning rate and the number of steps taken are cells that programs read when they run, so setting them keeps the
programs; the other hyper-parameters are part of what is recorded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, overload

import numpy as np

from . import _core, program
from ._config import Configurable, resolve, snake_case
from .tensor import Tensor

__all__ = ["SGD", "Adam", "Optimizer", "get"]


class _Hyper:
    """A number of an optimizer that is checked whenever it is set."""

    def __init__(self, low: float, high: float, *, above: bool = False) -> None:
        self._low, self._high, self._above = low, high, above

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, optimizer: None, owner: type) -> _Hyper: ...

    @overload
    def __get__(self, optimizer: Optimizer, owner: type) -> float: ...

    def __get__(self, optimizer: Optimizer | None, owner: type) -> float | _Hyper:
        if optimizer is None:
            return self
        value: float = optimizer.__dict__[self._name]
        return value

    def __set__(self, optimizer: Optimizer, value: Any) -> None:
        optimizer.__dict__[self._name] = self.checked(optimizer.name, self._name, value)

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
            if math.isinf(self._high):
                bounds = f"finite and {'above 0' if self._above else 'not negative'}"
            raise ValueError(f"{where}: expected {argument} {bounds}, got {value}")
        return number


_RATE = _Hyper(0.0, math.inf)


class Optimizer(Configurable):
    """Base of the optimizers.

    Parameters
    ----------
    learning_rate : float
        Not negative.
    name : str, optional
    """

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The tensors kept for each variable."""
        return ()

    def __init__(self, learning_rate: float, name: str | None = None) -> None:
        self._rate = _core.Scalar(0.0, "float")
        self._count = _core.Scalar(0, "int")
        self._slots: dict[int, tuple[Tensor, dict[str, Tensor]]] = {}
        self.name = snake_case(type(self).__name__) if name is None else name
        self.learning_rate = learning_rate

    @property
    def learning_rate(self) -> float:
        """Step size; may be set at any time."""
        return float(self._rate.value)

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        self._rate.value = _RATE.checked(self.name, "learning_rate", value)

    @property
    def iterations(self) -> int:
        """Steps taken."""
        return int(self._count.value)

    @property
    def variables(self) -> list[Tensor]:
        """The tensors that the optimizer keeps, in the order of the variables that it was built for."""
        return [slot for variable, _ in self._slots.values() for slot in self._slots_of(variable).values()]

    def build(self, variables: Iterable[Tensor]) -> None:
        """Make the slots that variables don't have yet."""
        for variable in variables:
            _, slots = self._slots.setdefault(id(variable), (variable, {}))
            for name in self.slot_names:
                if name not in slots:
                    zeros = np.zeros(variable.shape, dtype=variable.dtype)
                    slots[name] = Tensor(zeros, name=f"{variable.name}/{name}")

    def _slots_of(self, variable: Tensor) -> dict[str, Tensor]:
        """The slots of a variable that the steps use."""
        _, slots = self._slots.get(id(variable), (variable, {}))
        return {name: slots[name] for name in self.slot_names if name in slots}

    def apply(self, gradients: Sequence[Tensor | None], trainable_variables: Sequence[Tensor] | None = None) -> None:
        """Take one step.

        Parameters
        ----------
        gradients : list of Tensor or None
            One for each variable; a variable whose gradient is None stays as it is.
        trainable_variables : list of Tensor, optional
            Those that the optimizer was built for when not given.

        Raises
        ------
        ValueError
            The numbers of gradients and variables differ, shapes do, or there is no gradient at all.
        """
        if trainable_variables is None:
            trainable_variables = [variable for variable, _ in self._slots.values()]
        if len(gradients) != len(trainable_variables):
            raise ValueError(f"{self.name}: expected {len(trainable_variables)} gradients, got {len(gradients)}")
        pairs = [(g, v) for g, v in zip(gradients, trainable_variables, strict=True) if g is not None]
        if not pairs:
            raise ValueError(f"{self.name}: expected a gradient for some variable, got none")
        for gradient, variable in pairs:
            if tuple(gradient.shape) != tuple(variable.shape):
                raise ValueError(
                    f"{self.name}: expected a gradient {tuple(variable.shape)} for {variable.name}, "
                    f"got {tuple(gradient.shape)}"
                )
        chosen = [variable for _, variable in pairs]
        self.build(chosen)
        slots = [[self._slots[id(v)][1][name] for v in chosen] for name in self.slot_names]
        self._step(chosen, [gradient for gradient, _ in pairs], slots)
        if not program.in_step():  # in a step, its end counts
            self._count.value += 1

    def scalars(self) -> dict[str, tuple[_core.Scalar, int]]:
        """The cells of the optimizer for a `Step`, each with what a step adds to it."""
        return {"optimizer.learning_rate": (self._rate, 0), "optimizer.iterations": (self._count, 1)}

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Tensor | None, Tensor]]) -> None:
        """`apply` for pairs of gradient and variable."""
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])

    def _step(self, variables: list[Tensor], gradients: list[Tensor], slots: list[list[Tensor]]) -> None:
        """The op of one step."""
        raise NotImplementedError(f"{type(self).__name__} does not implement a step")

    def _key(self) -> tuple[Any, ...]:
        """What a program has recorded of the optimizer."""
        return (type(self).__name__,)

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "learning_rate": self.learning_rate}


class SGD(Optimizer):
    """Gradient descent: ``w -= learning_rate * g``; with momentum ``v = momentum * v - learning_rate * g; w += v``.

    Parameters
    ----------
    learning_rate : float, default 0.01
    momentum : float, default 0
        In [0, 1).
    nesterov : bool, default False
        Step ``w += momentum * v - learning_rate * g`` instead.
    """

    momentum = _Hyper(0.0, 1.0)

    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False, name: str | None = None
    ) -> None:
        super().__init__(learning_rate, name)
        self.momentum = momentum
        self.nesterov = nesterov

    @property
    def nesterov(self) -> bool:
        """Whether momentum looks ahead; may be set at any time."""
        return self._nesterov

    @nesterov.setter
    def nesterov(self, value: bool) -> None:
        if not isinstance(value, bool | np.bool_):
            raise TypeError(f"{self.name}: expected nesterov to be True or False, got {value!r}")
        self._nesterov = bool(value)

    @property
    def slot_names(self) -> tuple[str, ...]:
        return ("momentum",) if self.momentum else ()

    def _step(self, variables: list[Tensor], gradients: list[Tensor], slots: list[list[Tensor]]) -> None:
        program.update(
            "sgd_update",
            variables,
            gradients,
            *slots,
            learning_rate=self._rate,
            momentum=self.momentum,
            nesterov=self.nesterov,
        )

    def _key(self) -> tuple[Any, ...]:
        return (*super()._key(), self.momentum, self.nesterov)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015) by Keras's formula: ``w -= alpha * m / (sqrt(v) + epsilon)``, bias corrected in alpha.

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta_1, beta_2 : float, default 0.9 and 0.999
        Decay of the first and the second moment, in [0, 1).
    epsilon : float, default 1e-7
        Above 0.
    """

    beta_1 = _Hyper(0.0, 1.0)
    beta_2 = _Hyper(0.0, 1.0)
    epsilon = _Hyper(0.0, math.inf, above=True)

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        name: str | None = None,
    ) -> None:
        super().__init__(learning_rate, name)
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon

    @property
    def slot_names(self) -> tuple[str, ...]:
        return ("first_moment", "second_moment")

    def _step(self, variables: list[Tensor], gradients: list[Tensor], slots: list[list[Tensor]]) -> None:
        program.update(
            "adam_update",
            variables,
            gradients,
            *slots,
            learning_rate=self._rate,
            iterations=self._count,
            beta_1=self.beta_1,
            beta_2=self.beta_2,
            epsilon=self.epsilon,
        )

    def _key(self) -> tuple[Any, ...]:
        return (*super()._key(), self.beta_1, self.beta_2, self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}


_NAMES: dict[str, type[Optimizer]] = {"sgd": SGD, "SGD": SGD, "adam": Adam, "Adam": Adam}


def get(identifier: Any) -> Optimizer:
    """An optimizer from a name ("adam"), an object, a class or a configuration."""
    return resolve("optimizer", identifier, Optimizer, _NAMES)

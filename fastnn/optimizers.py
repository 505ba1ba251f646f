"""Optimizers by Keras 3's names, arguments, defaults and formulas; each step is one op over all variables.

The learning rate and the number of steps taken are cells that programs read when they run, so setting them keeps the
programs; the other hyper-parameters are part of what is recorded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, TypedDict, Unpack, overload

import numpy as np

from . import _core, program
from ._config import Configurable, resolve
from .tensor import Tensor

__all__ = [
    "SGD",
    "Adadelta",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Lion",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "get",
]


class Common(TypedDict, total=False):
    """The arguments that every optimizer takes besides its own; see `Optimizer`."""

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    name: str | None


class _Hyper:
    """A number of an optimizer that is checked whenever it is set; None passes where it may be left out."""

    def __init__(self, low: float, high: float, *, above: bool = False, optional: bool = False) -> None:
        self._low, self._high, self._above, self._optional = low, high, above, optional

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, optimizer: None, owner: type) -> _Hyper: ...

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
            if math.isinf(self._high):
                bounds = f"finite and {'above 0' if self._above else 'not negative'}"
            raise ValueError(f"{where}: expected {argument} {bounds}, got {value}")
        return number


_RATE = _Hyper(0.0, math.inf)


def _flag(name: str) -> Any:
    """A property that takes True and False only."""

    def read(optimizer: Optimizer) -> bool:
        return bool(optimizer.__dict__[name])

    def write(optimizer: Optimizer, value: Any) -> None:
        if not isinstance(value, bool | np.bool_):
            raise TypeError(f"{optimizer.name}: expected {name} to be True or False, got {value!r}")
        optimizer.__dict__[name] = bool(value)

    return property(read, write)


class Optimizer(Configurable):
    """Base of the optimizers.

    Parameters
    ----------
    learning_rate : float
        Not negative.
    weight_decay : float, optional
        Every step first multiplies the variables by ``1 - learning_rate * weight_decay``.
    clipnorm : float, optional
        Every gradient is scaled down to this norm.
    clipvalue : float, optional
        Gradients are clipped to ``[-clipvalue, clipvalue]``.
    global_clipnorm : float, optional
        All gradients together are scaled down to this norm. At most one of the three may be given.
    name : str, optional
    """

    op = ""  # what takes a step
    op_slots: tuple[str, ...] = ()  # the lists of state that the op takes, in its order
    hyper_parameters: tuple[str, ...] = ()  # attributes that are the op's attributes too
    counts_steps = False  # whether the op looks at iterations

    weight_decay = _Hyper(0.0, math.inf, optional=True)
    clipnorm = _Hyper(0.0, math.inf, optional=True)
    clipvalue = _Hyper(0.0, math.inf, optional=True)
    global_clipnorm = _Hyper(0.0, math.inf, optional=True)

    def __init__(
        self,
        learning_rate: float,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        self._rate = _core.Scalar(0.0, "float")
        self._count = _core.Scalar(0, "int")
        self._slots: dict[int, tuple[Tensor, dict[str, Tensor]]] = {}
        self.name = type(self).__name__.lower() if name is None else name
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.clipnorm = clipnorm
        self.clipvalue = clipvalue
        self.global_clipnorm = global_clipnorm
        if (clipnorm, clipvalue, global_clipnorm).count(None) < 2:
            raise ValueError(
                f"{self.name}: expected one of clipnorm, clipvalue and global_clipnorm, "
                f"got {clipnorm}, {clipvalue} and {global_clipnorm}"
            )

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The state kept for each variable."""
        return self.op_slots

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
                    start = np.full(variable.shape, self._slot_start(), dtype=variable.dtype)
                    slots[name] = Tensor(start, name=f"{variable.name}/{name}")

    def _slot_start(self) -> float:
        """What a slot holds before the first step."""
        return 0.0

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
        used = self.slot_names
        slots = [[self._slots[id(v)][1][name] for v in chosen] if name in used else [] for name in self.op_slots]
        attributes: dict[str, Any] = {"learning_rate": self._rate}
        if self.counts_steps:
            attributes["iterations"] = self._count
        program.update(self.op, chosen, [gradient for gradient, _ in pairs], *slots, **attributes, **self._settings())
        if not program.in_step():  # in a step, its end counts
            self._count.value += 1

    def scalars(self) -> dict[str, tuple[_core.Scalar, int]]:
        """The cells of the optimizer for a `Step`, each with what a step adds to it."""
        return {"optimizer.learning_rate": (self._rate, 0), "optimizer.iterations": (self._count, 1)}

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Tensor | None, Tensor]]) -> None:
        """`apply` for pairs of gradient and variable."""
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])

    def minimize(self, loss: Tensor, variables: Sequence[Tensor]) -> None:
        """Take one step down the gradients of a loss: `backward` and `apply` in one.

        Parameters
        ----------
        loss : Tensor, ()
        variables : list of Tensor
            Those that the loss does not depend on stay as they are. Their `grad` is None afterwards.

        Raises
        ------
        ValueError
            The loss depends on none of them.
        """
        for variable in variables:
            variable.grad = None
        loss.backward()
        gradients = [variable.grad for variable in variables]
        for variable in variables:
            variable.grad = None
        self.apply(gradients, variables)

    def _settings(self) -> dict[str, Any]:
        """The op's attributes that a program holds."""
        common = {name: getattr(self, name) or 0.0 for name in Common.__annotations__ if name != "name"}
        return {**{name: getattr(self, name) for name in self.hyper_parameters}, **common}

    def _key(self) -> tuple[Any, ...]:
        """What a program has recorded of the optimizer."""
        return (type(self).__name__, *self._settings().values())

    def get_config(self) -> dict[str, Any]:
        common = {name: getattr(self, name) for name in Common.__annotations__}
        own = {name: getattr(self, name) for name in self.hyper_parameters}
        return {"learning_rate": self.learning_rate, **own, **common}


class SGD(Optimizer):
    """Gradient descent: ``w -= learning_rate * g``; with momentum ``v = momentum * v - learning_rate * g; w += v``.

    Parameters
    ----------
    learning_rate : float, default 0.01
    momentum : float, default 0
        In [0, 1).
    nesterov : bool, default False
        Step ``w += momentum * v - learning_rate * g`` instead.
    **common
        As `Optimizer`.
    """

    op = "sgd_update"
    op_slots = ("momentum",)
    hyper_parameters = ("momentum", "nesterov")

    momentum = _Hyper(0.0, 1.0)
    nesterov = _flag("nesterov")

    def __init__(
        self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False, **common: Unpack[Common]
    ) -> None:
        super().__init__(learning_rate, **common)
        self.momentum = momentum
        self.nesterov = nesterov

    @property
    def slot_names(self) -> tuple[str, ...]:
        return self.op_slots if self.momentum else ()


class RMSprop(Optimizer):
    """RMSprop (Hinton 2012): ``v = rho * v + (1 - rho) * g**2; w -= learning_rate * g / sqrt(v + epsilon)``.

    Parameters
    ----------
    learning_rate : float, default 0.001
    rho : float, default 0.9
        In [0, 1).
    momentum : float, default 0
        In [0, 1). When not 0 the steps are added up: ``m = momentum * m + step; w -= m``.
    epsilon : float, default 1e-7
        Above 0.
    centered : bool, default False
        Divide by an estimate of the variance: the square of a running mean of g is taken off v.
    **common
        As `Optimizer`.
    """

    op = "rmsprop_update"
    op_slots = ("velocity", "momentum", "average_gradient")
    hyper_parameters = ("rho", "momentum", "epsilon", "centered")

    rho = _Hyper(0.0, 1.0)
    momentum = _Hyper(0.0, 1.0)
    epsilon = _Hyper(0.0, math.inf, above=True)
    centered = _flag("centered")

    def __init__(
        self,
        learning_rate: float = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.rho = rho
        self.momentum = momentum
        self.epsilon = epsilon
        self.centered = centered

    @property
    def slot_names(self) -> tuple[str, ...]:
        momentum = ("momentum",) if self.momentum else ()
        return ("velocity", *momentum, *(("average_gradient",) if self.centered else ()))


class Adam(Optimizer):
    """Adam (Kingma and Ba 2015) by Keras's formula: ``w -= alpha * m / (sqrt(v) + epsilon)``, bias corrected in alpha.

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta_1, beta_2 : float, default 0.9 and 0.999
        Decay of the first and the second moment, in [0, 1).
    epsilon : float, default 1e-7
        Above 0.
    amsgrad : bool, default False
        Divide by the root of the largest second moment so far (Reddi, Kale and Kumar 2018).
    **common
        As `Optimizer`.
    """

    op = "adam_update"
    op_slots = ("first_moment", "second_moment", "largest_second_moment")
    hyper_parameters = ("beta_1", "beta_2", "epsilon", "amsgrad")
    counts_steps = True

    beta_1 = _Hyper(0.0, 1.0)
    beta_2 = _Hyper(0.0, 1.0)
    epsilon = _Hyper(0.0, math.inf, above=True)
    amsgrad = _flag("amsgrad")

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.amsgrad = amsgrad

    @property
    def slot_names(self) -> tuple[str, ...]:
        return self.op_slots if self.amsgrad else self.op_slots[:2]


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019), 0.004 unless given; see `Adam`."""

    def __init__(
        self,
        learning_rate: float = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(
            learning_rate,
            beta_1,
            beta_2,
            epsilon,
            amsgrad,
            weight_decay=weight_decay,
            clipnorm=clipnorm,
            clipvalue=clipvalue,
            global_clipnorm=global_clipnorm,
            name=name,
        )
        if self.weight_decay is None:
            raise TypeError(f"{self.name}: expected weight_decay to be a number, got None")


class Adagrad(Optimizer):
    """Adagrad (Duchi, Hazan and Singer 2011): ``a += g**2; w -= learning_rate * g / sqrt(a + epsilon)``.

    Parameters
    ----------
    learning_rate : float, default 0.001
    initial_accumulator_value : float, default 0.1
        What a starts from, not negative.
    epsilon : float, default 1e-7
        Above 0.
    **common
        As `Optimizer`.
    """

    op = "adagrad_update"
    op_slots = ("accumulator",)
    hyper_parameters = ("epsilon",)

    initial_accumulator_value = _Hyper(0.0, math.inf)
    epsilon = _Hyper(0.0, math.inf, above=True)

    def __init__(
        self,
        learning_rate: float = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.initial_accumulator_value = initial_accumulator_value
        self.epsilon = epsilon

    def _slot_start(self) -> float:
        return float(self.initial_accumulator_value)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "initial_accumulator_value": self.initial_accumulator_value}


class Adadelta(Optimizer):
    """Adadelta (Zeiler 2012): ``d = g * rms(d) / rms(g); w -= learning_rate * d``.

    rms is the root of a running mean of squares, plus epsilon.

    Parameters
    ----------
    learning_rate : float, default 0.001
        Zeiler's paper has 1.
    rho : float, default 0.95
        Decay of both means, in [0, 1).
    epsilon : float, default 1e-7
        Above 0.
    **common
        As `Optimizer`.
    """

    op = "adadelta_update"
    op_slots = ("accumulated_grad", "accumulated_delta_var")
    hyper_parameters = ("rho", "epsilon")

    rho = _Hyper(0.0, 1.0)
    epsilon = _Hyper(0.0, math.inf, above=True)

    def __init__(
        self, learning_rate: float = 0.001, rho: float = 0.95, epsilon: float = 1e-7, **common: Unpack[Common]
    ) -> None:
        super().__init__(learning_rate, **common)
        self.rho = rho
        self.epsilon = epsilon


class Adamax(Optimizer):
    """Adamax (Kingma and Ba 2015, section 7): ``u = max(beta_2 * u, abs(g)); w -= alpha * m / (u + epsilon)``.

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta_1, beta_2 : float, default 0.9 and 0.999
        Decay of the first moment and of the norm, in [0, 1).
    epsilon : float, default 1e-7
        Above 0.
    **common
        As `Optimizer`.
    """

    op = "adamax_update"
    op_slots = ("momentum", "norm")
    hyper_parameters = ("beta_1", "beta_2", "epsilon")
    counts_steps = True

    beta_1 = _Hyper(0.0, 1.0)
    beta_2 = _Hyper(0.0, 1.0)
    epsilon = _Hyper(0.0, math.inf, above=True)

    def __init__(
        self,
        learning_rate: float = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        **common: Unpack[Common],
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon


class Nadam(Adamax):
    """Nadam (Dozat 2016): Adam with Nesterov's momentum, by Keras's schedule ``beta_1 * (1 - 0.96**t / 2)``.

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta_1, beta_2 : float, default 0.9 and 0.999
        Decay of the first and the second moment, in [0, 1).
    epsilon : float, default 1e-7
        Above 0.
    **common
        As `Optimizer`.
    """

    op = "nadam_update"
    op_slots = ("momentum", "velocity")


class Lion(Optimizer):
    """Lion (Chen et al. 2023): ``w -= learning_rate * sign(beta_1 * m + (1 - beta_1) * g)``.

    Parameters
    ----------
    learning_rate : float, default 0.001
    beta_1, beta_2 : float, default 0.9 and 0.99
        Share of the momentum in the step, and its decay: ``m = beta_2 * m + (1 - beta_2) * g``; in [0, 1).
    **common
        As `Optimizer`.
    """

    op = "lion_update"
    op_slots = ("momentum",)
    hyper_parameters = ("beta_1", "beta_2")

    beta_1 = _Hyper(0.0, 1.0)
    beta_2 = _Hyper(0.0, 1.0)

    def __init__(
        self, learning_rate: float = 0.001, beta_1: float = 0.9, beta_2: float = 0.99, **common: Unpack[Common]
    ) -> None:
        super().__init__(learning_rate, **common)
        self.beta_1 = beta_1
        self.beta_2 = beta_2


_CLASSES: tuple[type[Optimizer], ...] = (SGD, RMSprop, Adam, AdamW, Adagrad, Adadelta, Adamax, Nadam, Lion)
_NAMES: dict[str, type[Optimizer]] = {name: cls for cls in _CLASSES for name in (cls.__name__, cls.__name__.lower())}


def get(identifier: Any) -> Optimizer:
    """An optimizer from a name ("adam"), an object, a class or a configuration."""
    return resolve("optimizer", identifier, Optimizer, _NAMES)

"""What all optimizers share: their numbers, their state, and a step, which is one op over all variables.

The learning rate and the number of steps taken are cells that programs read when they run, so setting them keeps the
programs; the other hyper-parameters are part of what is recorded.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any, TypedDict, cast, overload

import numpy as np

from .. import _core, program
from .._config import Configurable
from ..functional.row_gradient import RowGradient
from ..tensor import Tensor, no_grad

__all__ = ["Optimizer"]


class Common(TypedDict, total=False):
    """The arguments that every optimizer takes besides its own; see `Optimizer`."""

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
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
            if math.isinf(self._high):
                bounds = f"finite and {'above 0' if self._above else 'not negative'}"
            raise ValueError(f"{where}: expected {argument} {bounds}, got {value}")
        return number


_RATE = Hyper(0.0, math.inf)


def flag(name: str) -> Any:
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
    lazy: Any = False  # whether a step changes only the rows of a table that were looked up
    counts_steps = False  # whether the op looks at iterations

    weight_decay = Hyper(0.0, math.inf, optional=True)
    clipnorm = Hyper(0.0, math.inf, optional=True)
    clipvalue = Hyper(0.0, math.inf, optional=True)
    global_clipnorm = Hyper(0.0, math.inf, optional=True)

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

        The gradient of an Embedding's table comes as the rows that were looked up, and stays so: the rows of equal ids
        are summed on the way, and the step has the bits that it has with the dense gradient.

        Parameters
        ----------
        gradients : list of Tensor or None
            One for each variable; a variable whose gradient is None stays as it is.
        trainable_variables : list of Tensor, optional
            Those that the optimizer was built for when not given.

        Raises
        ------
        ValueError
            The numbers of gradients and variables differ, shapes do, a variable is there twice, or there is no gradient
            at all.
        TypeError
            A gradient or a variable isn't a Tensor.
        """
        pairs = self._pairs(gradients, trainable_variables)
        chosen = [variable for _, variable in pairs]
        self.build(chosen)
        used = self.slot_names
        slots = [[self._slots[id(v)][1][name] for v in chosen] if name in used else [] for name in self.op_slots]
        attributes: dict[str, Any] = {"learning_rate": self._rate}
        if self.counts_steps:
            attributes["iterations"] = self._count
        rows = [gradient.rows() if isinstance(gradient, RowGradient) else None for gradient, _ in pairs]
        values = [gradient if row is None else row[1] for row, (gradient, _) in zip(rows, pairs, strict=True)]
        ids = [None if row is None else row[0] for row in rows]
        ids = ids if any(part is not None for part in ids) else []
        run = program.current_run()
        if run is not None:
            run.optimized = True
        program.update(self.op, chosen, values, *slots, ids, **attributes, **self._settings())
        self._constrain(chosen)
        program.advance(self._count)

    def _constrain(self, variables: Sequence[Tensor]) -> None:
        """Project the weights of layers onto what their constraints say."""
        for variable in variables:
            constraint = getattr(variable, "constraint", None)
            if constraint is not None:
                with no_grad():
                    variable.assign(constraint(variable))

    def _pairs(
        self, gradients: Sequence[Tensor | None], variables: Sequence[Tensor] | None
    ) -> list[tuple[Tensor, Tensor]]:
        """Each gradient that there is with its variable, checked."""
        if variables is None:
            if not self._slots:
                raise ValueError(f"{self.name}: expected variables, or build(variables) before, got gradients alone")
            variables = [variable for variable, _ in self._slots.values()]
        if len(gradients) != len(variables):
            raise ValueError(f"{self.name}: expected {len(variables)} gradients, got {len(gradients)}")
        pairs: dict[int, tuple[Tensor, Tensor]] = {}
        for gradient, variable in zip(gradients, variables, strict=True):
            if not isinstance(variable, Tensor):
                raise TypeError(f"{self.name}: expected variables to be Tensors, got {type(variable).__name__}")
            if gradient is None:
                continue
            if not isinstance(cast("object", gradient), Tensor):
                raise TypeError(
                    f"{self.name}: expected the gradient for {variable.name} to be a Tensor or None, "
                    f"got {type(gradient).__name__}"
                )
            if gradient.shape != variable.shape:
                raise ValueError(
                    f"{self.name}: expected a gradient {variable.shape} for {variable.name}, got {gradient.shape}"
                )
            if id(variable) in pairs:
                raise ValueError(f"{self.name}: expected different variables, got {variable.name} twice")
            pairs[id(variable)] = gradient, variable
        if not pairs:
            raise ValueError(f"{self.name}: expected a gradient for some variable, got none")
        return list(pairs.values())

    def scalars(self) -> dict[str, tuple[_core.Scalar, int]]:
        """The cells of the optimizer for a `Step`, each with what a step adds to it."""
        return {"optimizer.learning_rate": (self._rate, 0), "optimizer.iterations": (self._count, 1)}

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Tensor | None, Tensor]]) -> None:
        """`apply` for pairs of gradient and variable."""
        pairs: list[Any] = list(grads_and_vars)
        if not all(isinstance(pair, tuple | list) and len(pair) == 2 for pair in pairs):
            raise TypeError(f"{self.name}: expected pairs of a gradient and a variable in apply_gradients")
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

    def zero_grad(self) -> None:
        """Forget the gradients of the variables that the optimizer was built for."""
        for variable, _ in self._slots.values():
            variable.grad = None

    def step(self) -> None:
        """Take one step down the gradients that `backward` has left in the variables, which `build` has named.

        Raises
        ------
        ValueError
            `build` was not called, or no variable has a gradient.
        """
        if not self._slots:
            raise ValueError(f"{self.name}: expected build(variables) before step")
        self.apply([variable.grad for variable, _ in self._slots.values()])

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

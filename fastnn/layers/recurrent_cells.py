"""The cells of recurrent networks: LSTMCell, GRUCell, SimpleRNNCell, and several of them on top of each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from .. import activations, initializers
from .. import functional as F
from ..tensor import Tensor, constant
from . import arguments
from .base import Layer, Shape
from .regularization import Drawing, drop_rate
from .serialization import deserialize, serialize

__all__ = ["GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells"]

# those that the ops over whole sequences know
_FUSED: dict[Any, Any] = {
    activations.linear: "linear",
    activations.relu: "relu",
    activations.tanh: "tanh",
    activations.sigmoid: "sigmoid",
    activations.hard_sigmoid: "hard_sigmoid",
}


def rows_like(x: Tensor, units: int, value: float) -> Tensor:
    """(batch, units) of one value, for x (batch, in)."""
    return F.add(F.fill(x[:, :1], value), constant(np.zeros((1, units), dtype=np.float32)))


class Cell(Drawing):
    """What the cells share: two kernels and a bias for `gates` gates, and dropout of inputs and state.

    Called by itself, a cell draws new masks of dropout each time; inside `RNN` they stay the same over all steps
    (Gal and Ghahramani 2016), one for the inputs and one for the state.
    """

    gates = 1
    _unrecorded = Drawing._unrecorded | {"_masks"}

    def __init__(
        self,
        units: int,
        activation: str | activations.Activation | None,
        use_bias: bool,
        kernel_initializer: initializers.InitializerLike,
        recurrent_initializer: initializers.InitializerLike,
        bias_initializer: initializers.InitializerLike,
        dropout: float,
        recurrent_dropout: float,
        seed: int | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, **kwargs)
        cls = type(self).__name__
        self.units = arguments.positive(cls, "units", units)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.recurrent_initializer = initializers.get(recurrent_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.dropout = drop_rate(cls, "dropout", dropout)
        self.recurrent_dropout = drop_rate(cls, "recurrent_dropout", recurrent_dropout)
        self._masks: tuple[Tensor | None, Tensor | None] | None = None

    @property
    def state_size(self) -> int | list[int]:
        """Sizes of the states."""
        return self.units

    @property
    def output_size(self) -> int:
        """Size of the result."""
        return self.units

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        self.add_weight((input_shape[-1] or 0, self.gates * self.units), self.kernel_initializer, name="kernel")
        self.add_weight((self.units, self.gates * self.units), self.recurrent_initializer, name="recurrent_kernel")
        if self.use_bias:
            self.add_weight(self._bias_shape(), self._initial_bias(), name="bias")

    def _bias_shape(self) -> tuple[int, ...]:
        return (self.gates * self.units,)

    def _initial_bias(self) -> Any:
        return self.bias_initializer

    @property
    def kernel(self) -> Tensor:
        """The kernel, (inputs, gates * units)."""
        return self._weights["kernel"]

    @property
    def recurrent_kernel(self) -> Tensor:
        """The kernel of the state, (units, gates * units)."""
        return self._weights["recurrent_kernel"]

    @property
    def bias(self) -> Tensor | None:
        """The bias, or None."""
        return self._weights.get("bias")

    def check_input(self, shape: Shape) -> None:
        size = self.kernel.shape[0] if self.built else "in"
        if len(shape) != 2 or not shape[-1] or (self.built and shape[-1] != size):
            raise self.expected(f"(batch, {size})", shape)

    def get_initial_state(self, batch_size: int) -> list[Tensor]:
        """States of zeros, (batch_size, units)."""
        sizes = self.state_size if isinstance(self.state_size, list) else [self.state_size]
        return [Tensor(np.zeros((batch_size, size), dtype=np.float32)) for size in sizes]

    def draw_masks(self, x: Tensor, training: bool) -> tuple[Tensor | None, Tensor | None]:
        """Masks of dropout for inputs (batch, in) and state (batch, units), None where nothing is dropped."""
        inputs = self._drop(F.fill(x, 1.0), self.dropout) if training and self.dropout else None
        rate = self.recurrent_dropout
        return inputs, self._drop(rows_like(x, self.units, 1.0), rate) if training and rate else None

    def hold_masks(self, x: Tensor | None, training: bool = False) -> None:
        """Use the same masks from now on, until called with None."""
        self._masks = None if x is None else self.draw_masks(x, training)

    def _names(self) -> dict[str, Any] | None:
        """The activations as the ops over sequences call them; None when they don't know one."""
        name = _FUSED.get(self.activation)
        return None if name is None else {"activation": name}

    def sequence(
        self, x: Tensor, states: list[Tensor] | None, mask: Tensor | None, training: bool, go_backwards: bool
    ) -> tuple[Tensor, list[Tensor]] | None:
        """Result of all steps of x (batch, time, in) and the last states by one op; None where there is no such op."""
        names = self._names()
        if names is None:
            return None
        h_mask = None
        if training and (self.dropout or self.recurrent_dropout):
            x_mask, h_mask = self.draw_masks(x[:, 0], training)
            if x_mask is not None:
                x = F.multiply(x, F.reshape(x_mask, (-1, 1, x.shape[2])))
        y, *last = self._run(
            x,
            self.kernel,
            self.recurrent_kernel,
            self.bias,
            *(states or ()),
            mask=mask,
            recurrent_mask=h_mask,
            go_backwards=go_backwards,
            **names,
        )
        return y, last

    def _run(self, *args: Any, **kwargs: Any) -> tuple[Tensor, ...]:
        """The op over whole sequences."""
        raise NotImplementedError

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> Any:
        nested = isinstance(states, list | tuple)
        before = list(states) if nested else [states]
        x_mask, h_mask = self._masks if self._masks is not None else self.draw_masks(inputs, training)
        x = inputs if x_mask is None else F.multiply(inputs, x_mask)
        after = self._step(x, before, before[0] if h_mask is None else F.multiply(before[0], h_mask))
        return after[0], after if nested else after[0]

    def _step(self, x: Tensor, states: list[Tensor], dropped: Tensor) -> list[Tensor]:
        """The new states; `dropped` is h behind dropout, for the product."""
        raise NotImplementedError

    def _parts(self, sums: Tensor, count: int) -> list[Tensor]:
        return [sums[:, gate * self.units : (gate + 1) * self.units] for gate in range(count)]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.describe(self.kernel_initializer),
            "recurrent_initializer": initializers.describe(self.recurrent_initializer),
            "bias_initializer": initializers.describe(self.bias_initializer),
            "dropout": self.dropout,
            "recurrent_dropout": self.recurrent_dropout,
            "seed": self.seed,
        }


class GatedCell(Cell):
    """A cell whose gates have an activation of their own."""

    recurrent_activation: activations.Activation

    def _names(self) -> dict[str, Any] | None:
        names, name = super()._names(), _FUSED.get(self.recurrent_activation)
        return None if names is None or name is None else {**names, "recurrent_activation": name}

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "recurrent_activation": activations.serialize(self.recurrent_activation)}


class _ForgetBias(initializers.Initializer):
    """The bias of an LSTM: ones for the forget gate, the rest by another initializer."""

    def __init__(self, rest: Any, units: int) -> None:
        self.rest, self.units = rest, units

    def draw(self, shape: tuple[int, ...], generator: Any) -> np.ndarray:
        own = isinstance(self.rest, initializers.Initializer)
        values = np.array(self.rest(shape, "float32", **({"generator": generator} if own else {})))
        values[self.units : 2 * self.units] = 1
        return values


class LSTMCell(GatedCell):
    """One step of long short-term memory (Hochreiter and Schmidhuber 1997): (inputs, [h, c]) to (h, [h, c]).

    Parameters
    ----------
    units : int
    activation : default "tanh"
    recurrent_activation : default "sigmoid"
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
        Of the kernel, (inputs, 4 * units); gates i, f, c, o.
    recurrent_initializer : default "orthogonal"
        Of the recurrent kernel, (units, 4 * units).
    bias_initializer : default "zeros"
        Of the bias, (4 * units,).
    unit_forget_bias : bool, default True
        Start the forget gate's bias at one (Jozefowicz et al. 2015).
    dropout, recurrent_dropout : float, default 0
        In [0, 1), of inputs and state.
    seed : int, optional
    """

    gates = 4

    def __init__(
        self,
        units: int,
        activation: str | activations.Activation | None = "tanh",
        recurrent_activation: str | activations.Activation | None = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: initializers.InitializerLike = "glorot_uniform",
        recurrent_initializer: initializers.InitializerLike = "orthogonal",
        bias_initializer: initializers.InitializerLike = "zeros",
        unit_forget_bias: bool = True,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        starts = kernel_initializer, recurrent_initializer, bias_initializer
        super().__init__(units, activation, use_bias, *starts, dropout, recurrent_dropout, seed, **kwargs)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.unit_forget_bias = bool(unit_forget_bias)

    @property
    def state_size(self) -> list[int]:
        return [self.units, self.units]

    def _initial_bias(self) -> Any:
        return _ForgetBias(self.bias_initializer, self.units) if self.unit_forget_bias else self.bias_initializer

    def _run(self, *args: Any, **kwargs: Any) -> tuple[Tensor, ...]:
        return F.lstm(*args, **kwargs)

    def _step(self, x: Tensor, states: list[Tensor], dropped: Tensor) -> list[Tensor]:
        sums = F.add(F.linear(x, self.kernel, self.bias), F.matmul(dropped, self.recurrent_kernel))
        i, f, g, o = self._parts(sums, 4)
        gate, activation = self.recurrent_activation, self.activation
        c = F.add(F.multiply(gate(f), states[1]), F.multiply(gate(i), activation(g)))
        return [F.multiply(gate(o), activation(c)), c]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "unit_forget_bias": self.unit_forget_bias}


class GRUCell(GatedCell):
    """One step of gated recurrent units (Cho et al. 2014): (inputs, h) to (h, h), or with lists (h, [h]).

    Parameters
    ----------
    units : int
    activation : default "tanh"
    recurrent_activation : default "sigmoid"
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
        Of the kernel, (inputs, 3 * units); gates z, r, h.
    recurrent_initializer : default "orthogonal"
        Of the recurrent kernel, (units, 3 * units).
    bias_initializer : default "zeros"
        Of the bias, (2, 3 * units); (3 * units,) without reset_after.
    dropout, recurrent_dropout : float, default 0
        In [0, 1), of inputs and state.
    reset_after : bool, default True
        Whether the reset gate is applied behind the product with the recurrent kernel.
    seed : int, optional
    """

    gates = 3

    def __init__(
        self,
        units: int,
        activation: str | activations.Activation | None = "tanh",
        recurrent_activation: str | activations.Activation | None = "sigmoid",
        use_bias: bool = True,
        kernel_initializer: initializers.InitializerLike = "glorot_uniform",
        recurrent_initializer: initializers.InitializerLike = "orthogonal",
        bias_initializer: initializers.InitializerLike = "zeros",
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        reset_after: bool = True,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        starts = kernel_initializer, recurrent_initializer, bias_initializer
        super().__init__(units, activation, use_bias, *starts, dropout, recurrent_dropout, seed, **kwargs)
        self.recurrent_activation = activations.get(recurrent_activation)
        self.reset_after = bool(reset_after)

    def _bias_shape(self) -> tuple[int, ...]:
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def _names(self) -> dict[str, Any] | None:
        return super()._names() if self.reset_after else None

    def _run(self, *args: Any, **kwargs: Any) -> tuple[Tensor, ...]:
        return F.gru(*args, **kwargs)

    def _step(self, x: Tensor, states: list[Tensor], dropped: Tensor) -> list[Tensor]:
        gate, units, bias = self.recurrent_activation, self.units, self.bias
        two = bias is not None and self.reset_after
        x_z, x_r, x_h = self._parts(F.linear(x, self.kernel, bias[0] if bias is not None and two else bias), 3)
        if self.reset_after:
            h_z, h_r, h_h = self._parts(
                F.linear(dropped, self.recurrent_kernel, bias[1] if bias is not None else None), 3
            )
            z, r = gate(F.add(x_z, h_z)), gate(F.add(x_r, h_r))
            inner = F.multiply(r, h_h)
        else:
            h_z, h_r = self._parts(F.matmul(dropped, self.recurrent_kernel[:, : 2 * units]), 2)
            z, r = gate(F.add(x_z, h_z)), gate(F.add(x_r, h_r))
            inner = F.matmul(F.multiply(r, dropped), self.recurrent_kernel[:, 2 * units :])
        candidate = self.activation(F.add(x_h, inner))
        return [F.add(F.multiply(z, states[0]), F.multiply(F.subtract(1.0, z), candidate))]

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "reset_after": self.reset_after}


class SimpleRNNCell(Cell):
    """One step ``h = activation(inputs @ kernel + bias + h @ recurrent_kernel)``: (inputs, h) to (h, h).

    Parameters
    ----------
    units : int
    activation : default "tanh"
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
        Of the kernel, (inputs, units).
    recurrent_initializer : default "orthogonal"
        Of the recurrent kernel, (units, units).
    bias_initializer : default "zeros"
        Of the bias, (units,).
    dropout, recurrent_dropout : float, default 0
        In [0, 1), of inputs and state.
    seed : int, optional
    """

    def __init__(
        self,
        units: int,
        activation: str | activations.Activation | None = "tanh",
        use_bias: bool = True,
        kernel_initializer: initializers.InitializerLike = "glorot_uniform",
        recurrent_initializer: initializers.InitializerLike = "orthogonal",
        bias_initializer: initializers.InitializerLike = "zeros",
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        starts = kernel_initializer, recurrent_initializer, bias_initializer
        super().__init__(units, activation, use_bias, *starts, dropout, recurrent_dropout, seed, **kwargs)

    def _run(self, *args: Any, **kwargs: Any) -> tuple[Tensor, ...]:
        return F.simple_rnn(*args, **kwargs)

    def _step(self, x: Tensor, states: list[Tensor], dropped: Tensor) -> list[Tensor]:
        return [self.activation(F.add(F.linear(x, self.kernel, self.bias), F.matmul(dropped, self.recurrent_kernel)))]


class StackedRNNCells(Layer):
    """Cells on top of each other, as one: the result of each is the input of the next.

    Parameters
    ----------
    cells : list of cells
        The states are a list with those of each cell.
    """

    def __init__(self, cells: Sequence[Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        for cell in cells:
            if not (callable(getattr(cell, "call", None)) and hasattr(cell, "state_size")):
                raise ValueError(f"StackedRNNCells: expected cells with call and state_size, got {cell!r}")
        self.cells = list(cells)

    @property
    def state_size(self) -> list[Any]:
        """What the cells' states measure, one entry for each cell."""
        return [cell.state_size for cell in self.cells]

    @property
    def output_size(self) -> int:
        """Size of the last cell's result."""
        return output_size(self.cells[-1])

    def build(self, input_shape: Shape) -> None:
        shape = input_shape
        for cell in self.cells:
            if isinstance(cell, Layer):
                cell._build(shape)
            shape = (None, output_size(cell))

    def hold_masks(self, x: Tensor | None, training: bool = False) -> None:
        """See `Cell.hold_masks`."""
        for cell in self.cells:
            if hasattr(cell, "hold_masks"):
                cell.hold_masks(x, training)
            x = None if x is None else rows_like(x, output_size(cell), 0.0)

    def call(self, inputs: Tensor, states: Any, training: bool = False) -> Any:
        x, after = inputs, []
        for cell, state in zip(self.cells, states, strict=True):
            x, new = cell(x, state, training=training) if isinstance(cell, Layer) else cell.call(x, state)
            after.append(new if isinstance(new, list | tuple) else [new])
        return x, after

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "cells": [serialize(cell) for cell in self.cells]}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, type[Layer]] | None = None) -> Self:
        return cls(**{**config, "cells": [deserialize(cell, custom_objects) for cell in config["cells"]]})


def output_size(cell: Any) -> int:
    """Size of a cell's result."""
    given = getattr(cell, "output_size", None)
    if given is None:
        size = cell.state_size
        given = size[0] if isinstance(size, list | tuple) else size
    return int(given)


def zero_state(cell: Any, x: Tensor) -> list[Any]:
    """A cell's states of zeros for inputs (batch, in); for stacked cells a list for each."""
    if isinstance(cell, StackedRNNCells):
        return [zero_state(one, x) for one in cell.cells]
    if not isinstance(cell, Cell) and hasattr(cell, "get_initial_state"):
        given = cell.get_initial_state(batch_size=x.shape[0])
        return [constant(item) for item in (given if isinstance(given, list | tuple) else [given])]
    size = cell.state_size
    return [rows_like(x, item, 0.0) for item in (size if isinstance(size, list | tuple) else [size])]

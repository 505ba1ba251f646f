"""What the cells of recurrent networks share: weights of their gates, one step, the configuration.

Where an op knows the cell's activations, it runs a whole sequence at once.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import activations, initializers
from .. import functional as F
from ..tensor import Tensor
from .base import Shape, arguments
from .recurrent_dropout import RecurrentDropout

__all__ = ["FUSED", "Cell"]

# those that the ops over whole sequences know
FUSED: dict[Any, Any] = {
    activations.linear: "linear",
    activations.relu: "relu",
    activations.tanh: "tanh",
    activations.sigmoid: "sigmoid",
    activations.hard_sigmoid: "hard_sigmoid",
}


class Cell(RecurrentDropout):
    """What the cells share: two kernels and a bias for `gates` gates, and dropout of inputs and state."""

    gates = 1

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
        super().__init__(dropout, recurrent_dropout, seed, **kwargs)
        cls = type(self).__name__
        self.units = arguments.positive(cls, "units", units)
        self.activation = self._told("activation", activations.get, activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = self._told("kernel_initializer", initializers.get, kernel_initializer)
        self.recurrent_initializer = self._told("recurrent_initializer", initializers.get, recurrent_initializer)
        self.bias_initializer = self._told("bias_initializer", initializers.get, bias_initializer)

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

    def _names(self) -> dict[str, Any] | None:
        """The activations as the ops over sequences call them; None when they don't know one."""
        name = FUSED.get(self.activation)
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
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "recurrent_initializer": initializers.serialize(self.recurrent_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
        }

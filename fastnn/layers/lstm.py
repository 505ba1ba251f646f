"""LSTM and its cell."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import activations, initializers
from .. import functional as F
from ..tensor import Tensor
from .base.penalties import cell_arguments
from .fused_rnn import Fused
from .gated_cell import GatedCell

__all__ = ["LSTM", "LSTMCell"]


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
        self.recurrent_activation = self._told("recurrent_activation", activations.get, recurrent_activation)
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


class LSTM(Fused):
    """Long short-term memory (Hochreiter and Schmidhuber 1997).

    Parameters
    ----------
    units, activation, recurrent_activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
    unit_forget_bias, dropout, recurrent_dropout, seed
        As for `LSTMCell`.
    return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask
        As for `RNN`. The states are h and c.
    use_cudnn
        Accepted as in Keras.
    """

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
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        use_cudnn: str | bool = "auto",
        **kwargs: Any,
    ) -> None:
        cell = self._cell_of(
            LSTMCell,
            units,
            activation,
            recurrent_activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            unit_forget_bias,
            dropout,
            recurrent_dropout,
            seed,
            **cell_arguments("lstm_cell", kwargs),
        )
        super().__init__(cell, return_sequences, return_state, go_backwards, stateful, unroll, **kwargs)

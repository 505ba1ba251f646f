"""SimpleRNN and its cell."""

from __future__ import annotations

from typing import Any

from .. import activations, initializers
from .. import functional as F
from ..tensor import Tensor
from .base.penalties import cell_arguments
from .fused_rnn import Fused
from .recurrent_cell import Cell

__all__ = ["SimpleRNN", "SimpleRNNCell"]


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


class SimpleRNN(Fused):
    """Simple recurrent network (Elman 1990): ``h = activation(inputs @ kernel + bias + h @ recurrent_kernel)``.

    Parameters
    ----------
    units, activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer, dropout,
    recurrent_dropout, seed
        As for `SimpleRNNCell`.
    return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask
        As for `RNN`.
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
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        cell = self._cell_of(
            SimpleRNNCell,
            units,
            activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            dropout,
            recurrent_dropout,
            seed,
            **cell_arguments("simple_rnn_cell", kwargs),
        )
        super().__init__(cell, return_sequences, return_state, go_backwards, stateful, unroll, **kwargs)

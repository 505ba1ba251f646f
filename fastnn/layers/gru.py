"""GRU and its cell."""

from __future__ import annotations

from typing import Any

from .. import activations, initializers
from .. import functional as F
from ..tensor import Tensor
from .base.penalties import cell_arguments
from .fused_rnn import Fused
from .gated_cell import GatedCell

__all__ = ["GRU", "GRUCell"]


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
        self.recurrent_activation = self._told("recurrent_activation", activations.get, recurrent_activation)
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


class GRU(Fused):
    """Gated recurrent units (Cho et al. 2014).

    Parameters
    ----------
    units, activation, recurrent_activation, use_bias, kernel_initializer, recurrent_initializer, bias_initializer,
    dropout, recurrent_dropout, seed, reset_after
        As for `GRUCell`.
    return_sequences, return_state, go_backwards, stateful, unroll, zero_output_for_mask
        As for `RNN`.
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
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        seed: int | None = None,
        return_sequences: bool = False,
        return_state: bool = False,
        go_backwards: bool = False,
        stateful: bool = False,
        unroll: bool = False,
        reset_after: bool = True,
        use_cudnn: str | bool = "auto",
        **kwargs: Any,
    ) -> None:
        cell = self._cell_of(
            GRUCell,
            units,
            activation,
            recurrent_activation,
            use_bias,
            kernel_initializer,
            recurrent_initializer,
            bias_initializer,
            dropout,
            recurrent_dropout,
            reset_after,
            seed,
            **cell_arguments("gru_cell", kwargs),
        )
        super().__init__(cell, return_sequences, return_state, go_backwards, stateful, unroll, **kwargs)

"""TimeDistributed: a layer applied to every step of a sequence by itself."""

from __future__ import annotations

from typing import Any

from .. import functional as F
from ..tensor import Tensor
from .base import Shape
from .wrapper import Wrapper

__all__ = ["TimeDistributed"]


class TimeDistributed(Wrapper):
    """A layer applied to every step of (batch, time, ...) by itself.

    Parameters
    ----------
    layer : Layer
        It sees the steps of all sequences as one batch.
    """

    supports_masking = True

    def _takes_ids(self) -> bool:
        return self.layer._takes_ids()

    def build(self, input_shape: Any = None) -> None:
        self.layer._build((None, *input_shape[2:]))

    def stream_states(self, input_shape: Shape) -> dict[str, Any]:
        self.layer._check_stateless()
        return {}

    def check_input(self, shape: Shape) -> None:
        if len(shape) < 3:
            raise self.expected("(batch, time, ...)", shape)
        self.layer.check_input((shape[0], *shape[2:]))

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        batch, time = inputs.shape[:2]
        count = -1 if inputs.size else batch * time
        y = self.layer(F.reshape(inputs, (count, *inputs.shape[2:])), training=training)
        return F.reshape(y, (-1 if y.size else batch, time, *y.shape[1:]))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        inner = self.layer.compute_output_shape((input_shape[0], *input_shape[2:]))
        return (inner[0], input_shape[1], *inner[1:])

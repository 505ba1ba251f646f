"""What layers that slide kernels over their input share: the window, its room in the input, bias, activation, steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from .. import activations, initializers
from .. import functional as F
from ..program import update
from ..tensor import Tensor
from .base import Layer, Shape, arguments
from .base.streaming import JOINS_STEPS

__all__ = ["WindowLayer"]


class WindowLayer(Layer):
    """A layer that slides kernels over inputs of `axes` spatial axes: its window, activation and bias."""

    axes: ClassVar[int]
    _causal: ClassVar[bool] = False  # whether padding may be so
    _streams = JOINS_STEPS

    def _set_window(
        self,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int],
        padding: str,
        data_format: str | None,
        dilation_rate: int | Sequence[int],
    ) -> None:
        cls = type(self).__name__
        arguments.channels_last(cls, data_format)
        self.kernel_size = arguments.sizes(cls, "kernel_size", kernel_size, self.axes)
        self.strides = arguments.sizes(cls, "strides", strides, self.axes)
        self.padding = arguments.padding_mode(cls, padding, self._causal)
        self.dilation_rate = arguments.sizes(cls, "dilation_rate", dilation_rate, self.axes)

    def _set_output(
        self,
        activation: str | activations.Activation | None,
        use_bias: bool,
        bias_initializer: initializers.InitializerLike,
    ) -> None:
        self.activation = self._told("activation", activations.get, activation)
        self.use_bias = bool(use_bias)
        self.bias_initializer = self._told("bias_initializer", initializers.get, bias_initializer)

    @property
    def bias(self) -> Tensor | None:
        """The bias, (outputs,), or None."""
        return self._weights.get("bias")

    def _add_bias(self, outputs: int) -> None:
        if self.use_bias:
            self.add_weight((outputs,), self.bias_initializer, name="bias")

    def _channels(self) -> int:
        """Channels of the input; the layer is built."""
        raise NotImplementedError

    def check_input(self, shape: Shape) -> None:
        channels = self._channels() if self.built else "channels"
        if len(shape) != self.axes + 2 or not shape[-1] or (self.built and shape[-1] != channels):
            raise self.expected(arguments.layout(self.axes, channels), shape)

    def _extents(self) -> list[int]:
        """What the window spans along each axis."""
        return [d * (k - 1) + 1 for k, d in zip(self.kernel_size, self.dilation_rate, strict=True)]

    def _sizes(self, shape: Shape) -> tuple[int | None, ...]:
        """Spatial sizes of the output."""
        taps = zip(shape[1:-1], self._extents(), self.strides, strict=True)
        return tuple(arguments.windows(size, extent, stride, self.padding) for size, extent, stride in taps)

    def _check_room(self, shape: Shape) -> None:
        if self.padding == "valid" and 0 in self._sizes(shape):
            raise self.expected(arguments.at_least(self._extents(), "kernel"), shape)

    def call(self, inputs: Tensor) -> Tensor:
        return self._convolved(inputs, self.padding, self.dilation_rate)

    def _convolved(self, inputs: Tensor, padding: str, dilation: tuple[int, ...]) -> Tensor:
        """The layer's result with a padding and distances of the taps."""
        raise NotImplementedError

    def stream_states(self, input_shape: Shape) -> dict[str, Any]:
        if not self._causal:
            return super().stream_states(input_shape)
        kept = self._extents()[0] - 1
        if kept and self.padding != "causal":
            raise ValueError(f"{self.name}: expected padding 'causal' in stream, got {self.padding!r}")
        if self.strides != (1,):
            raise ValueError(f"{self.name}: expected strides 1 in stream, got {self.strides[0]}")
        self._check_activation()
        batch, distance = input_shape[0] or 0, self.dilation_rate[0]
        if distance > 1 and kept:
            # a ring: the next step is put where the oldest one lies; of the others only the taps are read
            ring = np.zeros((kept, batch, self._channels()), np.float32)
            return {"ring": ring, "taps": np.arange(0, kept, distance)}
        return {"inputs": np.zeros((batch, kept, self._channels()), np.float32)} if kept else {}

    def stream_step(self, inputs: Tensor, states: Mapping[str, Any]) -> tuple[Tensor, Mapping[str, Any]]:
        if not states:
            return self(inputs), states
        if "inputs" in states:  # all that is kept is read in every step, so nothing is saved by leaving it in place
            taps = F.concatenate([states["inputs"], inputs], axis=1)
            return self._convolved(taps, "valid", (1,)), {"inputs": taps[:, 1:]}
        ring, places = states["ring"], states["taps"]
        before = F.transpose(F.take(ring, places, axis=0), (1, 0, 2))
        result = self._convolved(F.concatenate([before, inputs], axis=1), "valid", (1,))
        update("put_update", ring, places[:1], F.transpose(inputs, (1, 0, 2)))
        after = F.where(F.equal(places, ring.shape[0] - 1), 0, places + 1)
        return result, {"ring": ring, "taps": after}

    def _activated(self, convolve: Callable[[Any], Tensor]) -> Tensor:
        """The activation of convolve(activation that is fused into it)."""
        fused = activations.fused(self.activation)
        y = convolve(fused)
        return y if fused == "relu" else self.activation(y)

    def _window_config(self) -> dict[str, Any]:
        return {
            "kernel_size": list(self.kernel_size),
            "strides": list(self.strides),
            "padding": self.padding,
            "dilation_rate": list(self.dilation_rate),
        }

    def _output_config(self) -> dict[str, Any]:
        return {
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "bias_initializer": initializers.serialize(self.bias_initializer),
        }

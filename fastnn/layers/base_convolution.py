"""What the convolution layers Conv1D, Conv2D and Conv3D share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from .. import activations, initializers
from ..tensor import Tensor
from .base import Shape, arguments
from .window_layer import WindowLayer

__all__ = ["Convolution"]


class Convolution(WindowLayer):
    """What Conv1D, Conv2D and Conv3D share."""

    _convolve: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        groups: int = 1,
        activation: str | activations.Activation | None = None,
        use_bias: bool = True,
        kernel_initializer: initializers.InitializerLike = "glorot_uniform",
        bias_initializer: initializers.InitializerLike = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        cls = type(self).__name__
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self.filters = arguments.positive(cls, "filters", filters)
        self.groups = arguments.positive(cls, "groups", groups)
        if self.filters % self.groups:
            raise ValueError(f"{cls}: expected filters divisible by groups={self.groups}, got {self.filters}")
        self._set_output(activation, use_bias, bias_initializer)
        self.kernel_initializer = self._told("kernel_initializer", initializers.get, kernel_initializer)

    def build(self, input_shape: Shape) -> None:
        channels = (input_shape[-1] or 0) // self.groups
        self.add_weight((*self.kernel_size, channels, self.filters), self.kernel_initializer, name="kernel")
        self._add_bias(self.filters)

    @property
    def kernel(self) -> Tensor:
        """The kernel, (window..., channels / groups, filters)."""
        return self._weights["kernel"]

    def _channels(self) -> int:
        return self.kernel.shape[-2] * self.groups

    def check_input(self, shape: Shape) -> None:
        super().check_input(shape)
        if (shape[-1] or 0) % self.groups:
            raise self.expected(f"{arguments.layout(self.axes)} with channels divisible by {self.groups}", shape)
        self._check_room(shape)

    def _convolved(self, inputs: Tensor, padding: str, dilation: tuple[int, ...]) -> Tensor:
        return self._activated(
            lambda fused: type(self)._convolve(
                inputs,
                self.kernel,
                self.bias,
                strides=self.strides,
                padding=padding,
                dilation=dilation,
                groups=self.groups,
                activation=fused,
            )
        )

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        return (input_shape[0], *self._sizes(input_shape), self.filters)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            **self._window_config(),
            "groups": self.groups,
            **self._output_config(),
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
        }

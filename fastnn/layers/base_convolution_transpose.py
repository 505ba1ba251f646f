"""What the transposed convolution layers share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from .. import activations, initializers
from ..tensor import Tensor
from .base import Shape, arguments
from .window_layer import WindowLayer

__all__ = ["ConvolutionTranspose"]


class ConvolutionTranspose(WindowLayer):
    """What the transposed convolution layers share."""

    _convolve: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        filters: int,
        kernel_size: int | Sequence[int],
        strides: int | Sequence[int] = 1,
        padding: str = "valid",
        output_padding: int | Sequence[int] | None = None,
        data_format: str | None = None,
        dilation_rate: int | Sequence[int] = 1,
        activation: str | activations.Activation | None = None,
        use_bias: bool = True,
        kernel_initializer: initializers.InitializerLike = "glorot_uniform",
        bias_initializer: initializers.InitializerLike = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self._set_window(kernel_size, strides, padding, data_format, dilation_rate)
        self.filters = arguments.positive(type(self).__name__, "filters", filters)
        self.output_padding = None if output_padding is None else self._open_sizes(output_padding)
        self._set_output(activation, use_bias, bias_initializer)
        self.kernel_initializer = self._told("kernel_initializer", initializers.get, kernel_initializer)

    def _open_sizes(self, output_padding: int | Sequence[int]) -> tuple[int, ...]:
        cls = type(self).__name__
        sizes = arguments.sizes(cls, "output_padding", output_padding, self.axes, zero=True)
        for size, stride, extent in zip(sizes, self.strides, self._extents(), strict=True):
            if size >= stride:
                raise ValueError(f"{cls}: expected output_padding below strides {self.strides}, got {output_padding!r}")
            if self.padding == "same" and size == 0 and extent % 2 == 0:
                raise ValueError(f"{cls}: expected output_padding of at least 1 for an even kernel, got {size}")
        return sizes

    def build(self, input_shape: Shape) -> None:
        shape = (*self.kernel_size, self.filters, input_shape[-1] or 0)
        self.add_weight(shape, self.kernel_initializer, name="kernel")
        self._add_bias(self.filters)

    @property
    def kernel(self) -> Tensor:
        """The kernel, (window..., filters, channels)."""
        return self._weights["kernel"]

    def _channels(self) -> int:
        return self.kernel.shape[-1]

    def check_input(self, shape: Shape) -> None:
        super().check_input(shape)
        if 0 in shape[1:-1]:
            raise self.expected(arguments.layout(self.axes), shape)

    def _convolved(self, inputs: Tensor, padding: str, dilation: tuple[int, ...]) -> Tensor:
        return self._activated(
            lambda fused: type(self)._convolve(
                inputs,
                self.kernel,
                self.bias,
                strides=self.strides,
                padding=padding,
                output_padding=self.output_padding,
                dilation=dilation,
                activation=fused,
            )
        )

    def _sizes(self, shape: Shape) -> tuple[int | None, ...]:
        open_sizes = (None,) * self.axes if self.output_padding is None else self.output_padding
        windows = zip(shape[1:-1], self._extents(), self.strides, open_sizes, strict=True)
        return tuple(arguments.transposed(size, k, s, self.padding, extra) for size, k, s, extra in windows)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        return (input_shape[0], *self._sizes(input_shape), self.filters)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "filters": self.filters,
            **self._window_config(),
            "output_padding": None if self.output_padding is None else list(self.output_padding),
            **self._output_config(),
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
        }

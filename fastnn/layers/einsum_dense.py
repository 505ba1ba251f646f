"""EinsumDense: a dense layer over any axes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from .. import activations, initializers
from .. import functional as F
from ..tensor import Tensor
from .base import Layer, Shape

__all__ = ["EinsumDense"]


class EinsumDense(Layer):
    """``activation(einsum(equation, x, kernel) + bias)``.

    Parameters
    ----------
    equation : str
        Of two operands, the input and the kernel: ``'ab,bc->ac'`` is a Dense layer, ``'abc,cde->abde'`` projects to
        several heads. An ellipsis at the front of the input and of the result stands for the batch and more.
    output_shape : int or sequence of int
        The result's shape without the first axis, or behind the ellipsis; None for axes that the input gives.
    activation : str or function, optional
    bias_axes : str, optional
        The letters of the result that the bias has; no bias when not given.
    kernel_initializer : default "glorot_uniform"
    bias_initializer : default "zeros"
    """

    _single: ClassVar = {"quantization_config": None}

    def __init__(
        self,
        equation: str,
        output_shape: int | Sequence[int | None],
        activation: str | activations.Activation | None = None,
        bias_axes: str | None = None,
        kernel_initializer: initializers.InitializerLike = "glorot_uniform",
        bias_initializer: initializers.InitializerLike = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        left, arrow, result = equation.replace(" ", "").partition("->")
        inputs, comma, kernel = left.partition(",")
        front = inputs.startswith("...") == result.startswith("...")
        terms = (inputs.removeprefix("..."), kernel, result.removeprefix("..."))
        if not (arrow and comma and front and all(term.isalpha() and len(set(term)) == len(term) for term in terms)):
            raise ValueError(
                f"EinsumDense: expected an equation such as 'ab,bc->ac' or '...b,bc->...c', got {equation!r}"
            )
        if not set(kernel) <= {*inputs, *result} or not set(terms[2]) <= {*inputs, *kernel}:
            raise ValueError(f"EinsumDense: expected every letter of {equation!r} where it comes from")
        self.equation = equation
        self._inputs, self._kernel, self._result = terms
        self._hidden = inputs.startswith("...")
        sizes = tuple(output_shape) if isinstance(output_shape, tuple | list) else (output_shape,)
        if len(sizes) != len(self._result) - (not self._hidden):
            raise ValueError(f"EinsumDense: expected output_shape to fit {equation!r}, got {output_shape!r}")
        self.partial_output_shape = sizes
        if bias_axes is not None and not set(bias_axes) <= set(self._result):
            raise ValueError(f"EinsumDense: expected bias_axes of the result of {equation!r}, got {bias_axes!r}")
        self.bias_axes = bias_axes
        self.activation = self._told("activation", activations.get, activation)
        self.kernel_initializer = self._told("kernel_initializer", initializers.get, kernel_initializer)
        self.bias_initializer = self._told("bias_initializer", initializers.get, bias_initializer)

    def _sizes(self, input_shape: Shape) -> dict[str, int | None]:
        """The size of every letter."""
        letters = self._inputs
        if len(input_shape) < len(letters) or (not self._hidden and len(input_shape) != len(letters)):
            raise self.expected(f"with axes {self.equation.partition(',')[0]!r}", input_shape)
        sizes: dict[str, int | None] = dict(zip(letters, input_shape[len(input_shape) - len(letters) :], strict=True))
        result = self._result if self._hidden else self._result[1:]
        for letter, size in zip(result, self.partial_output_shape, strict=True):
            known = sizes.setdefault(letter, size)
            if None not in (known, size) and known != size:
                raise ValueError(f"{self.name}: expected {size} for axis {letter!r} of the input, got {known}")
        return sizes

    def build(self, input_shape: Shape) -> None:
        sizes = self._sizes(input_shape)
        shape = [sizes.get(letter) for letter in self._kernel]
        if None in shape:
            raise self.expected(f"with known sizes for the kernel {self._kernel!r}", input_shape)
        self.add_weight([size or 0 for size in shape], self.kernel_initializer, name="kernel")
        if self.bias_axes is not None:
            first = min(self._result.index(letter) for letter in self.bias_axes)
            axes = [(letter, sizes[letter]) for letter in self._result[first:]]
            bias = [(size or 0) if letter in self.bias_axes else 1 for letter, size in axes]
            self.add_weight(bias, self.bias_initializer, name="bias")

    def check_input(self, shape: Shape) -> None:
        sizes = self._sizes(shape)
        if self.built:
            for letter, size in zip(self._kernel, self.kernel.shape, strict=True):
                if letter in self._inputs and sizes[letter] != size:
                    raise self.expected(f"with {size} for axis {letter!r}", shape)

    @property
    def kernel(self) -> Tensor:
        """The kernel, by the equation's letters."""
        return self._weights["kernel"]

    @property
    def bias(self) -> Tensor | None:
        """The bias, or None."""
        return self._weights.get("bias")

    def stream_states(self, input_shape: Shape) -> dict[str, Any]:
        self._check_activation()
        place = 1 - (len(input_shape) - len(self._inputs))  # of the steps among the letters of the inputs
        if place >= 0:
            letter = self._inputs[place]
            if letter in self._kernel or letter in (self.bias_axes or "") or self._result.find(letter) != place:
                raise self._not_streamed(
                    f"its equation {self.equation!r} does not leave axis {letter!r}, the steps, alone"
                )
        return {}

    def call(self, inputs: Tensor) -> Tensor:
        y = F.einsum(self.equation, inputs, self.kernel)
        bias = self.bias
        return self.activation(y if bias is None else F.add(y, bias))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        sizes = self._sizes(input_shape)
        hidden = input_shape[: len(input_shape) - len(self._inputs)]
        return (*hidden, *(sizes[letter] for letter in self._result))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "equation": self.equation,
            "output_shape": list(self.partial_output_shape),
            "activation": activations.serialize(self.activation),
            "bias_axes": self.bias_axes,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
        }

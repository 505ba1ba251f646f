"""The basic layers: InputLayer, Dense, Activation, Identity, Masking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import activations, initializers
from .. import functional as F
from ..tensor import Tensor
from . import arguments
from .base import Layer, Shape
from .symbolic import LayerNode, SymbolicTensor

__all__ = ["Activation", "Dense", "Identity", "Input", "InputLayer", "Masking"]


class InputLayer(Layer):
    """The shape of one sample, as the first entry of a Sequential.

    Parameters
    ----------
    shape : tuple of int
        Without the batch.
    batch_size : int, optional
        Accepted as in Keras; any batch is taken.
    dtype : "float32", an integer dtype, "bool", or None
        Integers for the ids of an Embedding, where the layer behind decides; bool for masks.
    sparse, ragged : bool, optional
        Refused when True.
    batch_shape : tuple of int, optional
        In place of shape, with the batch in front.
    input_tensor : symbolic tensor, optional
        In place of shape: what another Input returned, of the same shape and dtype.
    optional : bool, default False
        Refused when True.
    """

    supports_masking = True
    _streams = True

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Sequence[int | None] | None = None,
        input_tensor: SymbolicTensor | None = None,
        optional: bool = False,
        name: str | None = None,
    ) -> None:
        for what, value in (("sparse", sparse), ("ragged", ragged), ("optional", optional)):
            if value:
                raise ValueError(f"InputLayer: expected {what} False, got {value!r}")
        if input_tensor is not None:
            batch_shape, dtype = input_tensor.shape, input_tensor.dtype if dtype is None else dtype
        if batch_shape is not None:
            if shape is not None:
                raise ValueError("InputLayer: expected shape or batch_shape or input_tensor, got two of them")
            shape = tuple(batch_shape)[1:]
        whole = dtype is not None and np.dtype(dtype).kind in "iub"
        super().__init__(dtype=None if whole else dtype, name=name)
        self._input_shape = self._output_shape = (None, *arguments.sample_shape("InputLayer", "shape", shape))
        self.dtype = np.dtype(np.float32 if dtype is None else dtype).name
        self.built = True

    @property
    def batch_shape(self) -> Shape:
        """The shape with the batch, whose size is None."""
        return self._input_shape or ()

    def symbolic(self) -> SymbolicTensor:
        """What stands for the data in a functional model."""
        if not self._nodes:
            node = LayerNode(self, (), {})
            node.outputs = SymbolicTensor(self._input_shape or (), np.dtype(self.dtype), node, 0)
        result: SymbolicTensor = self._nodes[0].outputs
        return result

    def call(self, inputs: Tensor) -> Tensor:
        return inputs

    def check_input(self, shape: Shape) -> None:
        wanted = self._input_shape or ()
        pairs = zip(shape[1:], wanted[1:], strict=False)
        if len(shape) != len(wanted) or any(None not in pair and pair[0] != pair[1] for pair in pairs):
            raise self.expected(f"({', '.join(['batch', *map(str, wanted[1:])])})", shape)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "shape": list((self._input_shape or ())[1:]), "dtype": self.dtype}


def Input(
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    tensor: SymbolicTensor | None = None,
    optional: bool = False,
) -> SymbolicTensor:
    """What a model begins with: `Sequential([Input((28, 28, 1)), ...])`, or the tensor that the layers of a functional
    `Model(inputs, outputs)` are called on. Arguments as for `InputLayer`."""
    return InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, tensor, optional, name).symbolic()


class Dense(Layer):
    """Fully connected layer: ``activation(x @ kernel + bias)`` along the last axis.

    Parameters
    ----------
    units : int
        Size of the output's last axis.
    activation : str or function, optional
    use_bias : bool, default True
    kernel_initializer : default "glorot_uniform"
        Of the kernel, (inputs, units).
    bias_initializer : default "zeros"
        Of the bias, (units,).
    """

    supports_masking = True
    _streams = True

    def __init__(
        self,
        units: int,
        activation: str | activations.Activation | None = None,
        use_bias: bool = True,
        kernel_initializer: initializers.InitializerLike = "glorot_uniform",
        bias_initializer: initializers.InitializerLike = "zeros",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.units = arguments.positive("Dense", "units", units)
        self.activation = activations.get(activation)
        self.use_bias = bool(use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)

    def build(self, input_shape: Shape) -> None:
        self.add_weight((input_shape[-1] or 0, self.units), self.kernel_initializer, name="kernel")
        if self.use_bias:
            self.add_weight((self.units,), self.bias_initializer, name="bias")

    @property
    def kernel(self) -> Tensor:
        """The kernel, (inputs, units)."""
        return self._weights["kernel"]

    @property
    def bias(self) -> Tensor | None:
        """The bias, (units,), or None."""
        return self._weights.get("bias")

    def check_input(self, shape: Shape) -> None:
        inputs = self.kernel.shape[0] if self.built else "n"
        if len(shape) < 2 or not shape[-1] or (self.built and shape[-1] != inputs):
            raise self.expected(f"(..., {inputs})", shape)

    def call(self, inputs: Tensor) -> Tensor:
        fused = activations.fused(self.activation)
        y = F.linear(inputs, self.kernel, self.bias, activation=fused)
        return y if fused == "relu" else self.activation(y)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        self.check_input(input_shape)
        return (*input_shape[:-1], self.units)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.describe(self.kernel_initializer),
            "bias_initializer": initializers.describe(self.bias_initializer),
        }


class Activation(Layer):
    """An activation as a layer of its own.

    Parameters
    ----------
    activation : str or function
    """

    supports_masking = True
    _streams = True

    def __init__(self, activation: str | activations.Activation, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.activation = activations.get(activation)

    def call(self, inputs: Tensor) -> Tensor:
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


class Identity(Layer):
    """The inputs as they are."""

    supports_masking = True
    _takes_several = True
    _streams = True

    def call(self, inputs: Any) -> Any:
        return inputs

    def compute_output_shape(self, input_shape: Any) -> Any:
        return input_shape


class Masking(Layer):
    """Makes a mask of (batch, time, features): a step whose features all equal mask_value doesn't count.

    The result carries the mask, and is zero in the steps that don't count.

    Parameters
    ----------
    mask_value : float, default 0
    """

    supports_masking = True
    _streams = True

    def __init__(self, mask_value: float = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mask_value = mask_value

    def check_input(self, shape: Shape) -> None:
        if len(shape) < 2:
            raise self.expected("(batch, ..., features)", shape)

    def _counts(self, inputs: Tensor, keepdims: bool) -> Tensor:
        """Which steps count, of bool."""
        different = F.where(F.not_equal(inputs, self.mask_value), F.fill(inputs, 1.0), 0.0)
        return F.greater(F.sum(different, axis=-1, keepdims=keepdims), 0.0)

    def compute_mask(self, inputs: Tensor, previous_mask: Any) -> Tensor:
        return self._counts(inputs, keepdims=False)

    def call(self, inputs: Tensor) -> Tensor:
        return F.where(self._counts(inputs, keepdims=True), inputs, 0.0)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mask_value": self.mask_value}

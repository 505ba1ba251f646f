"""Layers by Keras 3's names, arguments, defaults, weight layouts and semantics."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .activation import ELU, ActivityRegularization, LeakyReLU, PReLU, ReLU, Softmax
from .base import Layer
from .batch_normalization import BatchNormalization
from .convolution import (
    Conv1D,
    Conv2D,
    Conv3D,
    Convolution1D,
    Convolution2D,
    Convolution3D,
)
from .core import Activation, Dense, Identity, Input, InputLayer, Masking
from .embedding import Embedding
from .global_pooling import (
    GlobalAveragePooling1D,
    GlobalAveragePooling2D,
    GlobalAveragePooling3D,
    GlobalAvgPool1D,
    GlobalAvgPool2D,
    GlobalAvgPool3D,
    GlobalMaxPool1D,
    GlobalMaxPool2D,
    GlobalMaxPool3D,
    GlobalMaxPooling1D,
    GlobalMaxPooling2D,
    GlobalMaxPooling3D,
)
from .layer_normalization import LayerNormalization, RMSNormalization
from .lstm import LSTM, LSTMCell
from .merging import Add, Average, Concatenate, Dot, Maximum, Minimum, Multiply, Subtract
from .merging_functions import add, average, concatenate, dot, maximum, minimum, multiply, subtract
from .padding import ZeroPadding1D, ZeroPadding2D, ZeroPadding3D
from .pooling import (
    AveragePooling1D,
    AveragePooling2D,
    AveragePooling3D,
    AvgPool1D,
    AvgPool2D,
    AvgPool3D,
    MaxPool1D,
    MaxPool2D,
    MaxPool3D,
    MaxPooling1D,
    MaxPooling2D,
    MaxPooling3D,
)
from .recurrent import RNN
from .regularization import Dropout, SpatialDropout1D, SpatialDropout2D, SpatialDropout3D
from .reshaping import Flatten, Permute, RepeatVector, Reshape
from .serialization import deserialize, serialize
from .stacked_cells import StackedRNNCells

if TYPE_CHECKING:
    from .attention import AdditiveAttention, Attention
    from .convolution_transpose import (
        Conv1DTranspose,
        Conv2DTranspose,
        Conv3DTranspose,
        Convolution1DTranspose,
        Convolution2DTranspose,
        Convolution3DTranspose,
    )
    from .cropping import Cropping1D, Cropping2D, Cropping3D
    from .depthwise_convolution import DepthwiseConv1D, DepthwiseConv2D
    from .einsum_dense import EinsumDense
    from .group_normalization import GroupNormalization
    from .gru import GRU, GRUCell
    from .lambda_layer import Lambda
    from .multi_head_attention import MultiHeadAttention
    from .noise import AlphaDropout, GaussianDropout, GaussianNoise
    from .preprocessing import (
        CategoryEncoding,
        CenterCrop,
        Discretization,
        IntegerLookup,
        Normalization,
        RandomBrightness,
        RandomContrast,
        RandomCrop,
        RandomFlip,
        RandomRotation,
        RandomTranslation,
        RandomZoom,
        Rescaling,
        Resizing,
        StringLookup,
        TextVectorization,
    )
    from .recurrent_wrappers import Bidirectional, TimeDistributed
    from .separable_convolution import SeparableConv1D, SeparableConv2D, SeparableConvolution1D, SeparableConvolution2D
    from .simple_rnn import SimpleRNN, SimpleRNNCell
    from .unit_normalization import UnitNormalization
    from .upsampling import UpSampling1D, UpSampling2D, UpSampling3D

__all__ = [
    "ELU",
    "GRU",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityRegularization",
    "Add",
    "AdditiveAttention",
    "AlphaDropout",
    "Attention",
    "Average",
    "AveragePooling1D",
    "AveragePooling2D",
    "AveragePooling3D",
    "AvgPool1D",
    "AvgPool2D",
    "AvgPool3D",
    "BatchNormalization",
    "Bidirectional",
    "CategoryEncoding",
    "CenterCrop",
    "Concatenate",
    "Conv1D",
    "Conv1DTranspose",
    "Conv2D",
    "Conv2DTranspose",
    "Conv3D",
    "Conv3DTranspose",
    "Convolution1D",
    "Convolution1DTranspose",
    "Convolution2D",
    "Convolution2DTranspose",
    "Convolution3D",
    "Convolution3DTranspose",
    "Cropping1D",
    "Cropping2D",
    "Cropping3D",
    "Dense",
    "DepthwiseConv1D",
    "DepthwiseConv2D",
    "Discretization",
    "Dot",
    "Dropout",
    "EinsumDense",
    "Embedding",
    "Flatten",
    "GRUCell",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAveragePooling2D",
    "GlobalAveragePooling3D",
    "GlobalAvgPool1D",
    "GlobalAvgPool2D",
    "GlobalAvgPool3D",
    "GlobalMaxPool1D",
    "GlobalMaxPool2D",
    "GlobalMaxPool3D",
    "GlobalMaxPooling1D",
    "GlobalMaxPooling2D",
    "GlobalMaxPooling3D",
    "GroupNormalization",
    "Identity",
    "Input",
    "InputLayer",
    "IntegerLookup",
    "LSTMCell",
    "Lambda",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Masking",
    "MaxPool1D",
    "MaxPool2D",
    "MaxPool3D",
    "MaxPooling1D",
    "MaxPooling2D",
    "MaxPooling3D",
    "Maximum",
    "Minimum",
    "MultiHeadAttention",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "RandomBrightness",
    "RandomContrast",
    "RandomCrop",
    "RandomFlip",
    "RandomRotation",
    "RandomTranslation",
    "RandomZoom",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Resizing",
    "SeparableConv1D",
    "SeparableConv2D",
    "SeparableConvolution1D",
    "SeparableConvolution2D",
    "SimpleRNN",
    "SimpleRNNCell",
    "Softmax",
    "SpatialDropout1D",
    "SpatialDropout2D",
    "SpatialDropout3D",
    "StackedRNNCells",
    "StringLookup",
    "Subtract",
    "TextVectorization",
    "TimeDistributed",
    "UnitNormalization",
    "UpSampling1D",
    "UpSampling2D",
    "UpSampling3D",
    "ZeroPadding1D",
    "ZeroPadding2D",
    "ZeroPadding3D",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "dot",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]

# the files of layers that most programs don't need; those that no file is named for are preprocessing
_LATER = {
    "GRU": "gru",
    "GRUCell": "gru",
    "Lambda": "lambda_layer",
    "Bidirectional": "recurrent_wrappers",
    "TimeDistributed": "recurrent_wrappers",
    "SimpleRNN": "simple_rnn",
    "SimpleRNNCell": "simple_rnn",
    "AdditiveAttention": "attention",
    "Attention": "attention",
    "Conv1DTranspose": "convolution_transpose",
    "Conv2DTranspose": "convolution_transpose",
    "Conv3DTranspose": "convolution_transpose",
    "Convolution1DTranspose": "convolution_transpose",
    "Convolution2DTranspose": "convolution_transpose",
    "Convolution3DTranspose": "convolution_transpose",
    "Cropping1D": "cropping",
    "Cropping2D": "cropping",
    "Cropping3D": "cropping",
    "DepthwiseConv1D": "depthwise_convolution",
    "DepthwiseConv2D": "depthwise_convolution",
    "EinsumDense": "einsum_dense",
    "GroupNormalization": "group_normalization",
    "MultiHeadAttention": "multi_head_attention",
    "AlphaDropout": "noise",
    "GaussianDropout": "noise",
    "GaussianNoise": "noise",
    "SeparableConv1D": "separable_convolution",
    "SeparableConv2D": "separable_convolution",
    "SeparableConvolution1D": "separable_convolution",
    "SeparableConvolution2D": "separable_convolution",
    "UnitNormalization": "unit_normalization",
    "UpSampling1D": "upsampling",
    "UpSampling2D": "upsampling",
    "UpSampling3D": "upsampling",
}


def __getattr__(name: str) -> Any:
    """Layers that most programs don't need are read on first use, so that importing the package stays light."""
    if name in __all__:
        return getattr(import_module(f".{_LATER.get(name, 'preprocessing')}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

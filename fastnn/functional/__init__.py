"""Ops on tensors, each with its gradient right below it in the module of its family.

A rule returns one gradient per input. The keyword `into` of gradient ops is a buffer that the tape owns: the op adds
into it (the accumulate flag of the op table) and the rule returns it. Rules are written with the functions of this
package, so the gradient of a gradient works wherever every op used has a rule; fused ops say so when they have none.
"""

from __future__ import annotations

import sys
import typing
from typing import Any

from ..tensor import use_operations
from ..walk import backward as backward
from .activations import (
    elu,
    gelu,
    hard_sigmoid,
    leaky_relu,
    log_softmax,
    relu,
    selu,
    sigmoid,
    silu,
    softmax,
    softplus,
    softsign,
    tanh,
)
from .attention import scaled_dot_product_attention
from .comparing import compared as compared
from .convolution import (
    conv1d,
    conv1d_transpose,
    conv2d,
    conv2d_transpose,
    conv3d,
    conv3d_transpose,
    depthwise_conv1d,
    depthwise_conv2d,
)
from .einsum import einsum
from .elementwise import (
    abs,
    add,
    arctan2,
    broadcast_to,
    cast,
    clip,
    divide,
    equal,
    exp,
    greater,
    greater_equal,
    less,
    less_equal,
    log,
    logical_and,
    logical_not,
    logical_or,
    logical_xor,
    maximum,
    minimum,
    multiply,
    negative,
    not_equal,
    power,
    prelu,
    sqrt,
    subtract,
    where,
)
from .indexing import getitem as getitem
from .indexing import one_hot, scatter, scatter_along_axis, take, take_along_axis
from .inplace import in_place as in_place
from .inplace import setitem as setitem
from .inplace import write as write
from .joining import concatenate, pad, repeat, split, stack, tile
from .lookup import embedding
from .losses import (
    absolute_error,
    binary_accuracy,
    binary_cross_entropy,
    categorical_accuracy,
    huber,
    softmax_cross_entropy,
    squared_error,
)
from .normalization import batch_normalization, batch_statistics, group_normalization, layer_normalization
from .pooling import avg_pool1d, avg_pool2d, avg_pool3d, max_pool1d, max_pool2d, max_pool3d
from .products import linear, matmul
from .random import dropout, random_normal, random_uniform
from .recurrent import gru, gru_cell, lstm, lstm_cell, simple_rnn, simple_rnn_cell
from .reductions import all, any, argmax, argmin, cumsum, logsumexp, max, mean, min, norm, prod, std, sum, var
from .resizing import resize
from .shape import copy, expand_dims, flatten, flip, moveaxis, reshape, squeeze, swapaxes, transpose
from .shape import fill as fill
from .sorting import argsort, sort, top_k

__all__ = [
    "abs",
    "absolute_error",
    "add",
    "all",
    "any",
    "arctan2",
    "argmax",
    "argmin",
    "argsort",
    "avg_pool1d",
    "avg_pool2d",
    "avg_pool3d",
    "batch_normalization",
    "batch_statistics",
    "binary_accuracy",
    "binary_cross_entropy",
    "broadcast_to",
    "cast",
    "categorical_accuracy",
    "clip",
    "concatenate",
    "conv1d",
    "conv1d_transpose",
    "conv2d",
    "conv2d_transpose",
    "conv3d",
    "conv3d_transpose",
    "copy",
    "cumsum",
    "depthwise_conv1d",
    "depthwise_conv2d",
    "divide",
    "dropout",
    "einsum",
    "elu",
    "embedding",
    "equal",
    "exp",
    "expand_dims",
    "flatten",
    "flip",
    "gelu",
    "greater",
    "greater_equal",
    "group_normalization",
    "gru",
    "gru_cell",
    "hard_sigmoid",
    "huber",
    "layer_normalization",
    "leaky_relu",
    "less",
    "less_equal",
    "linear",
    "log",
    "log_softmax",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "logsumexp",
    "lstm",
    "lstm_cell",
    "matmul",
    "max",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "maximum",
    "mean",
    "min",
    "minimum",
    "moveaxis",
    "multiply",
    "negative",
    "norm",
    "not_equal",
    "one_hot",
    "pad",
    "power",
    "prelu",
    "prod",
    "random_normal",
    "random_uniform",
    "relu",
    "repeat",
    "reshape",
    "resize",
    "scaled_dot_product_attention",
    "scatter",
    "scatter_along_axis",
    "selu",
    "sigmoid",
    "silu",
    "simple_rnn",
    "simple_rnn_cell",
    "softmax",
    "softmax_cross_entropy",
    "softplus",
    "softsign",
    "sort",
    "split",
    "sqrt",
    "squared_error",
    "squeeze",
    "stack",
    "std",
    "subtract",
    "sum",
    "swapaxes",
    "take",
    "take_along_axis",
    "tanh",
    "tile",
    "top_k",
    "transpose",
    "var",
    "where",
]

use_operations(typing.cast("Any", sys.modules[__name__]))

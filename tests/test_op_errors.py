"""Wrong arguments of every kind: a Python exception in the house's form before any work, and nothing half-changed."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided
from op_calls import each_level

import fastnn
from fastnn import _core
from fastnn import functional as F
from fastnn import kernels as K


def f32(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float32)


def f64(*shape: int) -> np.ndarray:
    return np.ones(shape, np.float64)


def ints(*shape: int, dtype: str = "int64") -> np.ndarray:
    return np.zeros(shape, dtype)


def giant(*shape: int) -> np.ndarray:
    """A view of one number with a shape of nearly any size: NumPy's limit is 2**63 bytes."""
    return as_strided(np.ones(1, np.float32), shape, (0,) * len(shape), writeable=False)


IMAGE, WEIGHT = f32(2, 5, 5, 4), f32(3, 3, 4, 8)
Y = f32(2, 3, 3, 8)


LOGITS = f32(2, 3)
SDPA, SDPA_BACKWARD = K.scaled_dot_product_attention, K.scaled_dot_product_attention_backward
HEADS = f32(2, 4, 3, 8)
ATTENDED = (HEADS, HEADS, HEADS, HEADS, f32(2, 4, 3))  # query, key, value, y, logsumexp
SGD = ([f32(3)], [f32(3)])
ADAM = (*SGD, [f32(3)], [f32(3)])


SHARED, SQUARE = f32(3), f32(2, 2)


def pooled(index: int, size: int = 2, windows: int = 4) -> tuple[np.ndarray, ...]:
    """Arguments of max_pool2d_backward with one index at the last of the windows and 0 elsewhere."""
    indices = np.zeros((1, 1, 1, windows), np.uint8 if size**2 <= 256 else np.int32)
    indices[..., -1] = index
    return f32(1, 1, 1, windows), indices, f32(1, size, size, windows)


def wrong(what: str, kind: Any, part: str, op: Callable[..., Any], *arguments: Any, **attributes: Any) -> Any:
    """A call that must raise kind, with part in its sentence."""
    return pytest.param(op, arguments, attributes, kind, part, id=f"{op.__name__}-{what}")


WRONG = [
    # dtypes
    wrong("mixed dtypes", TypeError, "float64", K.gemm, f32(2, 3), f64(3, 4)),
    wrong("integers", TypeError, "int64", K.gemm, ints(2, 3), ints(3, 4)),
    wrong("float16", TypeError, "float16", K.gemm, np.ones((2, 3), "f2"), np.ones((3, 4), "f2")),
    wrong("complex", TypeError, "complex64", K.gemm, np.ones((2, 3), "c8"), np.ones((3, 4), "c8")),
    wrong("strings", TypeError, "", K.gemm, np.array([["a"]]), f32(1, 1)),
    wrong("objects", TypeError, "", K.gemm, np.array([[None]]), f32(1, 1)),
    wrong("mixed dtypes", TypeError, "bias", K.linear, f32(2, 3), f32(3, 4), f64(4)),
    wrong("mixed dtypes", TypeError, "weight", K.conv2d, IMAGE, f64(3, 3, 4, 8)),
    wrong("integers", TypeError, "x", K.conv2d, ints(2, 5, 5, 4), WEIGHT),
    wrong("bool", TypeError, "bool", K.max_pool2d, np.ones((1, 4, 4, 1), bool)),
    wrong("float index", TypeError, "index", K.max_pool2d_backward, f32(1, 2, 2, 1), f32(1, 2, 2, 1), f32(1, 4, 4, 1)),
    wrong("integers", TypeError, "int64", K.relu, ints(3)),
    wrong("integers", TypeError, "int64", K.softmax, ints(3)),
    wrong("labels of uint16", TypeError, "uint16", K.softmax_cross_entropy, LOGITS, ints(2, dtype="uint16")),
    wrong("bool labels", TypeError, "labels", K.softmax_cross_entropy, LOGITS, np.zeros(2, bool)),
    wrong("one-hot float64", TypeError, "labels", K.softmax_cross_entropy, LOGITS, f64(2, 3)),
    wrong("mixed dtypes", TypeError, "float64", K.add, f32(3), f64(3)),
    wrong("integers", TypeError, "int64", K.divide, ints(3), ints(3)),
    wrong("bools", TypeError, "bool", K.multiply, ints(3, dtype="bool"), ints(3, dtype="bool")),
    wrong("mixed integers", TypeError, "int64", K.add, ints(3, dtype="int32"), ints(3)),
    wrong("mixed dtypes", TypeError, "float32", K.less, ints(3), f32(3)),
    wrong("condition of int32", TypeError, "int32", K.where, ints(3, dtype="int32"), f32(3), f32(3)),
    wrong("complex", TypeError, "complex64", K.cast, np.ones(3, "c8")),
    wrong("unknown dtype", ValueError, "float16", K.cast, f32(3), dtype="float16"),
    wrong("integers", TypeError, "int64", K.mean, ints(3)),
    wrong("integers", TypeError, "int64", K.var, ints(3)),
    wrong("integers", TypeError, "int64", K.logsumexp, ints(3)),
    wrong("bools", TypeError, "bool", K.cumsum, ints(3, dtype="bool")),
    wrong("complex", TypeError, "complex64", K.sum, np.ones(3, "c8")),
    wrong("of nothing", ValueError, "(0, 3)", K.max, f32(0, 3), axes=(0,)),
    wrong("of nothing", ValueError, "(0,)", K.min, ints(0)),
    wrong("of nothing", ValueError, "(2, 0)", K.argmax, f32(2, 0)),
    wrong("of nothing", ValueError, "(0, 3)", K.argmin, f32(0, 3), axis=0),
    wrong("axis", ValueError, "2", K.argmax, f32(2, 3), axis=2),
    wrong("of a number", ValueError, "", K.cumsum, f32()),
    wrong("axis", ValueError, "-3", K.cumsum, f32(2, 3), axis=-3),
    wrong("ddof -1", ValueError, "ddof", K.var, f32(3), ddof=-1),
    wrong("k over size", ValueError, "k in [0, 3], got 4", K.top_k, f32(2, 3), k=4),
    wrong("k -1", ValueError, "k in [0, 3], got -1", K.top_k, f32(2, 3), k=-1),
    wrong("axis", ValueError, "2", K.sort, f32(2, 3), axis=2),
    wrong("of a number", ValueError, "", K.sort, f32()),
    wrong("complex", TypeError, "complex64", K.sort, np.ones(3, "c8")),
    wrong("axes twice", ValueError, "(0, 0)", K.prod, f32(3), axes=(0, 0)),
    wrong("integers", TypeError, "int64", K.dropout, ints(3)),
    wrong("mask of float32", TypeError, "mask", K.dropout_backward, f32(3), f32(3)),
    wrong("total of float32", TypeError, "total", K.mean_update, f32(2), f32(3)),
    wrong("ids of float32", TypeError, "ids", K.embedding, f32(2), f32(3, 4)),
    wrong("ids of uint8", TypeError, "uint8", K.embedding, ints(2, dtype="uint8"), f32(3, 4)),
    wrong("mixed dtypes", TypeError, "gamma", K.batch_normalization, f32(2, 3), f32(3), f32(3), f64(3)),
    wrong("mixed dtypes", TypeError, "values", K.moving_average_update, [f32(3)], [f64(3)]),
    wrong("mixed dtypes", TypeError, "gradients", K.adam_update, [f32(3)], [f64(3)], [f32(3)], [f32(3)]),
    wrong("indices of float32", TypeError, "got float32", K.take, f32(3), f32(2)),
    wrong("indices of uint8", TypeError, "got uint8", K.take_along_axis, f32(3), ints(2, dtype="uint8")),
    wrong("indices of bool", TypeError, "got bool", K.ravel_multi_index, [np.zeros(2, bool)], dims=(3,)),
    wrong("integers", TypeError, "dy of float32 or float64", K.take_backward, ints(2), ints(2), ints(3)),
    wrong("mixed dtypes", TypeError, "x of float32 as dy is", K.take_backward, f32(2), ints(2), f64(3)),
    wrong("mixed dtypes", TypeError, "as the first is, got int64", K.concatenate, [f32(2), ints(2)]),
    wrong("labels of float32", TypeError, "got float32", K.one_hot, f32(2), classes=3),
    wrong("integers", TypeError, "int64", K.resize_bilinear, ints(1, 2, 2, 1)),
    # ranks and shapes
    wrong("axis twice", ValueError, "each at most once, got (0, 0)", K.rearrange, f32(3, 1), axes=(0, 0)),
    wrong("axis beyond", ValueError, "expected axes below 2", K.rearrange, f32(3, 1), axes=(0, 2)),
    wrong(
        "axis lost", ValueError, "leave out sizes of 1 only, got (1,) for x (3, 1)", K.rearrange, f32(3, 1), axes=(1,)
    ),
    wrong("fewer axes", ValueError, "(3, 1) broadcasts to, got (3,)", K.broadcast_to, f32(3, 1), shape=(3,)),
    wrong("new axis kept", ValueError, "broadcasts to, got (-1, 3)", K.broadcast_to, f32(3), shape=(-1, 3)),
    wrong("negative size", ValueError, "broadcasts to, got (-2, 3)", K.broadcast_to, f32(1, 3), shape=(-2, 3)),
    # lists and switches
    wrong("no list", TypeError, "expected a list of arrays, got int", K.concatenate, 3),
    wrong("no list", TypeError, "expected a list of arrays as gradients, got NoneType", K.sgd_update, [f32(3)], None),
    wrong(
        "a number", TypeError, "expected a list of arrays as averages, got ndarray", K.moving_average_update, f32(), []
    ),
    wrong("out", TypeError, "expected a list of arrays as out, got int", K.max_pool2d, f32(1, 2, 2, 1), out=3),
    wrong(
        "mask", TypeError, "accumulate to be a bool, got int", K.gemm, f32(2, 2), f32(2, 2), out=f32(2, 2), accumulate=2
    ),
    wrong("switch", TypeError, "accumulate to be a bool, got str", K.gemm, f32(2, 2), f32(2, 2), accumulate="no"),
    wrong("number", TypeError, "sum: expected keepdims to be a bool, got 1", K.sum, f32(2), keepdims=1),
    wrong(
        "text", TypeError, "gemm: expected transpose_b to be a bool, got 'n'", K.gemm, SQUARE, SQUARE, transpose_b="n"
    ),
    wrong("nothing", TypeError, "cumsum: expected reverse to be a bool, got None", K.cumsum, f32(2), reverse=None),
    wrong("array", TypeError, "gelu: expected approximate to be a bool, got array", K.gelu, f32(2), approximate=f32(2)),
    wrong("nothing", ValueError, "expected at least one array, got none", K.concatenate, []),
    wrong("numbers", ValueError, "at least one axis, got ()", K.concatenate, [f32()]),
    wrong("other shapes", ValueError, "got (2, 3) and (3, 2)", K.concatenate, [f32(2, 3), f32(3, 2)], axis=1),
    wrong("too large", ValueError, "2^63 - 1", K.concatenate, [giant(2**60)] * 8),
    wrong(
        "widths", ValueError, "expected before and after with 2 entries", K.pad, f32(2, 3), before=(1,), after=(1, 1)
    ),
    wrong("negative width", ValueError, "borders of at least 0, got -1 and 0", K.pad, f32(2), before=(-1,), after=(0,)),
    wrong("rank", ValueError, "a result of at most 8 axes, got 9", K.take, f32(*[1] * 5), ints(*[1] * 5)),
    wrong("shape", ValueError, "expected dy (2, 4), got (3, 4)", K.take_backward, f32(3, 4), ints(2), f32(5, 4)),
    wrong("shape", ValueError, "shape of indices (2,) from axis 0 on", K.take_backward, f32(3, 4), ints(2), size=5),
    wrong("negative size", ValueError, "size of at least 0, got -1", K.take_backward, f32(2), ints(2), size=-1),
    wrong("shape", ValueError, "but for axis 1, got (2, 4)", K.take_along_axis, f32(3, 4), ints(2, 4)),
    wrong("shape", ValueError, "dy (3, 2), got (3, 4)", K.take_along_axis_backward, f32(3, 4), ints(3, 2), f32(3, 4)),
    wrong("dims", ValueError, "as many dims as indices", K.ravel_multi_index, [ints(2)], dims=(3, 4)),
    wrong("shapes", ValueError, "(2,) and (3,)", K.ravel_multi_index, [ints(2), ints(3)], dims=(3, 4)),
    wrong("classes", ValueError, "classes of at least 1, got 0", K.one_hot, ints(2), classes=0),
    wrong("rank", ValueError, "(batch, height, width, channels), got (2, 2)", K.resize_bilinear, f32(2, 2)),
    wrong("no pixel", ValueError, "at least one pixel, got (1, 0, 2, 1)", K.resize_bilinear, f32(1, 0, 2, 1)),
    wrong("size", ValueError, "size of at least 1, got (0, 2)", K.resize_bilinear, f32(1, 2, 2, 1), size=(0, 2)),
    wrong("batch", ValueError, "batch and channels of x", K.resize_bilinear_backward, f32(2, 2, 2, 1), f32(1, 2, 2, 1)),
    wrong("rank", ValueError, "got (3,)", K.gemm, f32(3), f32(3, 4)),
    wrong("inner size", ValueError, "(4, 5)", K.gemm, f32(2, 3), f32(4, 5)),
    wrong("inner size transposed", ValueError, "(3, 5)", K.gemm, f32(2, 3), f32(3, 5), transpose_b=True),
    wrong("batch", ValueError, "broadcast, got (2,) and (3,)", K.gemm, f32(2, 3, 4), f32(3, 4, 5)),
    wrong("rank", ValueError, "query (batch, heads, length, width), got (3, 4)", SDPA, f32(3, 4), f32(3, 4), f32(3, 4)),
    wrong(
        "rank, heads last", ValueError, "key (batch, length, heads, width)", SDPA, HEADS, f32(2), HEADS, heads_axis=2
    ),
    wrong("key", ValueError, "key (2, kv_heads, keys, 8), got (2, 4, 5, 7)", SDPA, HEADS, f32(2, 4, 5, 7), HEADS),
    wrong("value", ValueError, "value (2, 4, 5, width), got", SDPA, HEADS, f32(2, 4, 5, 8), f32(2, 4, 6, 8)),
    wrong("groups", ValueError, "groups for each of 3 of key, got 4", SDPA, HEADS, f32(2, 3, 5, 8), f32(2, 3, 5, 8)),
    wrong("mask", ValueError, "mask that broadcasts to (2, 4, 3, 3), got (3, 4)", SDPA, HEADS, HEADS, HEADS, f32(3, 4)),
    wrong("mask", TypeError, "mask of bool, uint8 or float32, got int64", SDPA, HEADS, HEADS, HEADS, ints(3, 3)),
    wrong("heads_axis", ValueError, "heads_axis 1 or 2, got 3", SDPA, HEADS, HEADS, HEADS, heads_axis=3),
    wrong(
        "rate 1",
        ValueError,
        "rate in [0, 1), got 1",
        K.scaled_dot_product_attention_dropout,
        HEADS,
        HEADS,
        HEADS,
        rate=1.0,
    ),
    wrong("scale", ValueError, "scale a finite number", SDPA, HEADS, HEADS, HEADS, scale=float("inf")),
    wrong("dy", ValueError, "dy (2, 4, 3, 8), got (2, 4, 3, 7)", SDPA_BACKWARD, f32(2, 4, 3, 7), *ATTENDED),
    wrong("no draw", ValueError, "expected draw, got nothing", SDPA_BACKWARD, HEADS, *ATTENDED, rate=0.5),
    wrong("scalar x", ValueError, "x", K.linear, f32(), f32(1, 2)),
    wrong("weight", ValueError, "(4, 5)", K.linear, f32(2, 3), f32(4, 5)),
    wrong("bias", ValueError, "bias", K.linear, f32(2, 3), f32(3, 5), f32(4)),
    wrong("rank of x", ValueError, "(5, 5, 4)", K.conv2d, f32(5, 5, 4), WEIGHT),
    wrong("rank of weight", ValueError, "weight", K.conv2d, IMAGE, f32(3, 3, 4)),
    wrong("channels", ValueError, "(3, 3, 5, 8)", K.conv2d, IMAGE, f32(3, 3, 5, 8)),
    wrong("bias", ValueError, "bias", K.conv2d, IMAGE, WEIGHT, f32(4)),
    wrong("channels not in groups", ValueError, "groups", K.conv2d, IMAGE, f32(3, 3, 1, 9), groups=3),
    wrong("outputs not in groups", ValueError, "groups", K.conv2d, IMAGE, f32(3, 3, 2, 9), groups=2),
    wrong("groups 0", ValueError, "groups", K.conv2d, IMAGE, WEIGHT, groups=0),
    wrong("rank of x", ValueError, "(batch, steps, channels)", K.conv1d, f32(2, 5, 5, 4), f32(3, 4, 8)),
    wrong("weight", ValueError, "(k, 4, out)", K.conv1d, f32(2, 5, 4), f32(3, 3, 8)),
    wrong("kernel over steps", ValueError, "window of steps at most 2", K.conv1d, f32(1, 2, 4), f32(3, 4, 8)),
    wrong("rank of x", ValueError, "(batch, depth, height, width, channels)", K.conv3d, IMAGE, f32(3, 3, 3, 4, 8)),
    wrong("weight", ValueError, "(kd, kh, kw, 4, out)", K.conv3d, f32(1, 3, 3, 3, 4), WEIGHT),
    wrong("kernel over depth", ValueError, "depth", K.conv3d, f32(1, 2, 3, 3, 4), f32(3, 3, 3, 4, 8)),
    wrong("pads without explicit", ValueError, "pads", K.conv3d, f32(1, 3, 3, 3, 4), f32(1, 1, 1, 4, 8), pads=(1,) * 6),
    wrong(
        "dy",
        ValueError,
        "dy (1, 1, 1, 1, 8)",
        K.conv3d_backward_weight,
        f32(1, 3, 3, 3, 4),
        f32(1, 1, 1, 1, 7),
        f32(3, 3, 3, 4, 8),
    ),
    wrong("weight", ValueError, "(kh, kw, out, 4)", K.conv2d_transpose, IMAGE, f32(3, 3, 4, 8)),
    wrong("bias", ValueError, "bias (8,)", K.conv2d_transpose, IMAGE, f32(3, 3, 8, 4), f32(4)),
    wrong("mixed dtypes", TypeError, "weight", K.conv2d_transpose, IMAGE, f64(3, 3, 8, 4)),
    wrong(
        "output padding",
        ValueError,
        "[0, 1), or -1",
        K.conv1d_transpose,
        f32(2, 5, 4),
        f32(3, 8, 4),
        output_padding=(1,),
    ),
    wrong(
        "even kernel",
        ValueError,
        "output_padding of at least 1",
        K.conv1d_transpose,
        f32(2, 5, 4),
        f32(4, 8, 4),
        strides=(2,),
        padding="same",
        output_padding=(0,),
    ),
    wrong(
        "pads take all",
        ValueError,
        "leave something",
        K.conv1d_transpose,
        f32(2, 1, 4),
        f32(3, 8, 4),
        padding="explicit",
        pads=(2, 1),
    ),
    wrong("no steps", ValueError, "at least 1 along the steps", K.conv1d_transpose, f32(2, 0, 4), f32(3, 8, 4)),
    wrong("rank", ValueError, "(batch, ..., channels)", K.group_normalization, f32(4), groups=2),
    wrong("groups", ValueError, "divide the 6 channels", K.group_normalization, f32(2, 6), groups=4),
    wrong("groups 0", ValueError, "groups", K.group_normalization, f32(2, 6), groups=0),
    wrong("gamma", ValueError, "gamma (6,)", K.group_normalization, f32(2, 6), f32(3), groups=3),
    wrong("epsilon", ValueError, "epsilon", K.group_normalization, f32(2, 6), groups=3, epsilon=0.0),
    wrong(
        "mean",
        ValueError,
        "mean (2, 3)",
        K.group_normalization_backward,
        f32(2, 6),
        f32(2, 6),
        f32(2, 6),
        f32(2, 3),
        groups=3,
    ),
    wrong("kernel over image", ValueError, "window", K.conv2d, f32(1, 2, 5, 4), WEIGHT),
    wrong(
        "kernel over padded image",
        ValueError,
        "window",
        K.conv2d,
        f32(1, 1, 5, 4),
        WEIGHT,
        padding="explicit",
        pads=(0, 1, 0, 0),
    ),
    wrong("dilated kernel over image", ValueError, "window", K.conv2d, IMAGE, WEIGHT, dilation=(3, 1)),
    wrong("stride 0", ValueError, "stride", K.conv2d, IMAGE, WEIGHT, strides=(0, 1)),
    wrong("stride -1", ValueError, "stride", K.conv2d, IMAGE, WEIGHT, strides=(1, -1)),
    wrong("dilation 0", ValueError, "dilation", K.conv2d, IMAGE, WEIGHT, dilation=(1, 0)),
    wrong("negative pads", ValueError, "pad", K.conv2d, IMAGE, WEIGHT, padding="explicit", pads=(0, -1, 0, 0)),
    wrong("empty kernel", ValueError, "window", K.conv2d, IMAGE, f32(0, 3, 4, 8)),
    wrong("one stride", ValueError, "strides", K.conv2d, IMAGE, WEIGHT, strides=(1,)),
    wrong("padding by no name", ValueError, "full", K.conv2d, IMAGE, WEIGHT, padding="full"),
    wrong("activation by no name", ValueError, "relu7", K.conv2d, IMAGE, WEIGHT, activation="relu7"),
    wrong("dy", ValueError, "dy", K.conv2d_backward_input, f32(2, 4, 3, 8), WEIGHT, IMAGE),
    wrong("dy", ValueError, "dy", K.conv2d_backward_weight, IMAGE, f32(2, 3, 3, 7), WEIGHT),
    wrong("weight", ValueError, "weight (kh, kw, 4, out)", K.conv2d_max_pool2d, IMAGE, f32(3, 3, 2, 8)),
    wrong("bias", ValueError, "bias", K.conv2d_max_pool2d, IMAGE, WEIGHT, f32(7)),
    wrong("bias dtype", TypeError, "bias", K.conv2d_max_pool2d, IMAGE, WEIGHT, f64(8)),
    wrong("no window", ValueError, "window", K.conv2d_max_pool2d, IMAGE, WEIGHT, pool_size=(0, 2)),
    wrong("window over image", ValueError, "window", K.conv2d_max_pool2d, IMAGE, WEIGHT, pool_size=(9, 2)),
    wrong("rank", ValueError, "(4, 4, 1)", K.max_pool2d, f32(4, 4, 1)),
    wrong("window over image", ValueError, "window", K.max_pool2d, f32(1, 1, 4, 1)),
    wrong("stride 0", ValueError, "stride", K.max_pool2d, f32(1, 4, 4, 1), strides=(2, 0)),
    wrong("empty window", ValueError, "window", K.max_pool2d, f32(1, 4, 4, 1), pool_size=(0, 2)),
    wrong(
        "index",
        ValueError,
        "index",
        K.max_pool2d_backward,
        f32(1, 2, 2, 1),
        ints(1, 2, 1, 1, dtype="uint8"),
        f32(1, 4, 4, 1),
    ),
    wrong("window over image", ValueError, "window", K.avg_pool2d, f32(1, 1, 4, 1)),
    wrong("dy", ValueError, "dy", K.avg_pool2d_backward, f32(1, 2, 1, 1), f32(1, 4, 4, 1)),
    wrong("scalar", ValueError, "(..., channels)", K.batch_statistics, f32()),
    wrong("mean", ValueError, "mean", K.batch_normalization, f32(2, 3), f32(4), f32(3)),
    wrong("epsilon 0", ValueError, "epsilon", K.batch_normalization, f32(2, 3), f32(3), f32(3), epsilon=0.0),
    wrong("dy", ValueError, "dy", K.batch_normalization_backward, f32(2, 2), f32(2, 3), f32(3), f32(3)),
    wrong("beta", ValueError, "beta", K.layer_normalization, f32(2, 3), f32(3), f32(2)),
    wrong("epsilon nan", ValueError, "epsilon", K.layer_normalization, f32(2, 3), epsilon=float("nan")),
    wrong("mean", ValueError, "mean", K.layer_normalization_backward, f32(2, 3), f32(2, 3), f32(3), f32(2)),
    wrong("table", ValueError, "table", K.embedding, ints(2), f32(3)),
    wrong("id", IndexError, "got 3 at position 1", K.embedding, np.array([0, 3]), f32(3, 4)),
    wrong("negative id", IndexError, "got -1 at position 0", K.embedding, np.array([-1, 3]), f32(3, 4)),
    wrong("id", IndexError, "got 3", K.embedding_backward, f32(2, 4), np.array([0, 3]), f32(3, 4)),
    wrong("dy", ValueError, "dy", K.embedding_backward, f32(2, 3), ints(2), f32(3, 4)),
    wrong("shapes", ValueError, "values", K.moving_average_update, [f32(3)], [f32(4)]),
    wrong("momentum", ValueError, "momentum", K.moving_average_update, [f32(3)], [f32(3)], momentum=1.5),
    wrong("shapes", ValueError, "(4,)", K.relu_backward, f32(3), f32(4)),
    wrong("axis", ValueError, "axis", K.softmax, f32(2, 3), axis=2),
    wrong("negative axis", ValueError, "axis", K.softmax, f32(2, 3), axis=-3),
    wrong("scalar", ValueError, "", K.softmax, f32()),
    wrong("scalar", ValueError, "logits", K.softmax_cross_entropy, f32(), ints()),
    wrong("labels", ValueError, "labels", K.softmax_cross_entropy, LOGITS, ints(3)),
    wrong("one-hot labels", ValueError, "labels", K.softmax_cross_entropy, LOGITS, f32(2, 4)),
    wrong("no classes", (ValueError, IndexError), "", K.softmax_cross_entropy, f32(2, 0), ints(2)),
    wrong("labels", ValueError, "labels", K.categorical_accuracy, f32(2, 3), ints(3)),
    wrong("shapes", ValueError, "(2, 3)", K.add, f32(2, 3), f32(2)),
    wrong("shapes", ValueError, "(3, 2)", K.divide, f32(2, 3), f32(3, 2)),
    wrong("axis", ValueError, "ax", K.sum, f32(2, 3), axes=(2,)),
    wrong("axis twice", ValueError, "ax", K.sum, f32(2, 3), axes=(0, -2)),
    wrong("axis", ValueError, "ax", K.mean, f32(2, 3), axes=(-3,)),
    wrong("dy", ValueError, "dy", K.sum_backward, f32(2), f32(2, 3), axes=(0,)),
    wrong("shape", ValueError, "(2,)", K.sum_to_like, f32(2, 3), f32(2)),
    wrong("size", ValueError, "(4, 2)", K.reshape, f32(2, 3), shape=(4, 2)),
    wrong("two unknowns", ValueError, "-1", K.reshape, f32(2, 3), shape=(-1, -1)),
    wrong("unknown that doesn't divide", ValueError, "(4, -1)", K.reshape, f32(2, 3), shape=(4, -1)),
    wrong("negative size", ValueError, "", K.reshape, f32(2, 3), shape=(-2, -3)),
    wrong("step 0", ValueError, "step", K.slice, f32(3), starts=(0,), stops=(2,), steps=(0,)),
    wrong("too many axes", ValueError, "", K.slice, f32(3), starts=(0, 0), stops=(1, 1), steps=(1, 1)),
    wrong("lists of other lengths", ValueError, "", K.slice, f32(3), starts=(0,), stops=(), steps=(1,)),
    wrong("dy", ValueError, "dy", K.slice_backward, f32(3), f32(4), starts=(0,), stops=(2,), steps=(1,)),
    wrong("mask", ValueError, "mask", K.dropout_backward, f32(3), ints(4, dtype="uint8")),
    wrong("total", ValueError, "total", K.mean_update, f64(3), f32(3)),
    wrong("targets", ValueError, "targets", K.squared_error, f32(4, 1), f32(4)),
    wrong("targets", ValueError, "targets", K.binary_cross_entropy, f32(4, 1), f32(4, 4)),
    wrong("dloss", ValueError, "dloss", K.huber_backward, f32(4, 1), f32(4, 1), f32(4, 1)),
    wrong("gradient", ValueError, "gradients", K.adam_update, [f32(3)], [f32(4)], [f32(3)], [f32(3)]),
    wrong("lists of other lengths", ValueError, "", K.adam_update, [f32(3)], [], [f32(3)], [f32(3)]),
    wrong("momentum without velocities", ValueError, "velocities", K.sgd_update, [f32(3)], [f32(3)], momentum=0.9),
    wrong("rank over 8", ValueError, "add: expected at most 8 dimensions, got 9", K.add, f32(*[1] * 9), f32(1)),
    # memory that is updated and used otherwise
    wrong(
        "moments in one array",
        ValueError,
        "shares memory with first_moments[0]",
        K.adam_update,
        *SGD,
        [SHARED],
        [SHARED],
    ),
    wrong("parameters twice", ValueError, "parameters[1] shares", K.sgd_update, [SHARED, SHARED], [f32(3), f32(3)]),
    wrong(
        "a parameter's slice", ValueError, "parameters[1] shares", K.sgd_update, [SHARED, SHARED[2:]], [f32(3), f32(1)]
    ),
    wrong("parameter as gradient", ValueError, "gradients[1]", K.sgd_update, [SHARED, f32(3)], [f32(3), SHARED]),
    # an index that is no tap of its window
    wrong("index 7", IndexError, "expected index in [0, 4), got 7 at position 3", K.max_pool2d_backward, *pooled(7)),
    wrong("index 255", IndexError, "[0, 4), got 255 at position 3", K.max_pool2d_backward, *pooled(255)),
    wrong("index -1", IndexError, "[0, 289), got -1", K.max_pool2d_backward, *pooled(-1, 17), pool_size=(17, 17)),
    wrong("a later index", IndexError, "[0, 4), got 4 at position 99999", K.max_pool2d_backward, *pooled(4, 2, 10**5)),
    # labels and indices
    wrong("label too large", IndexError, "3", K.softmax_cross_entropy, LOGITS, np.array([0, 3])),
    wrong("label negative", IndexError, "-1", K.softmax_cross_entropy, LOGITS, np.array([0, -1], "i4")),
    wrong("label 255", IndexError, "255", K.softmax_cross_entropy, LOGITS, np.array([0, 255], "u1")),
    wrong("label 2**32", IndexError, "4294967296", K.softmax_cross_entropy, LOGITS, np.array([0, 2**32])),
    wrong("label too large", IndexError, "3", K.softmax_cross_entropy_backward, f32(2), f32(2, 3), np.array([0, 3])),
    wrong("label too large", IndexError, "3", K.categorical_accuracy, f32(2, 3), np.array([0, 3])),
    # hyper-parameters
    wrong("rate 1", ValueError, "rate", K.dropout, f32(3), rate=1.0),
    wrong("rate -0.1", ValueError, "rate", K.dropout, f32(3), rate=-0.1),
    wrong("rate NaN", ValueError, "rate", K.dropout, f32(3), rate=float("nan")),
    wrong("rate 1", ValueError, "rate", K.dropout_backward, f32(3), ints(3, dtype="uint8"), rate=1.0),
    wrong("learning rate NaN", ValueError, "learning_rate", K.sgd_update, *SGD, learning_rate=float("nan")),
    wrong("learning rate infinite", ValueError, "learning_rate", K.sgd_update, *SGD, learning_rate=float("inf")),
    wrong("learning rate negative", ValueError, "learning_rate", K.sgd_update, *SGD, learning_rate=-0.1),
    wrong("momentum 1", ValueError, "momentum", K.sgd_update, *SGD, momentum=1.0),
    wrong("momentum NaN", ValueError, "momentum", K.sgd_update, *SGD, momentum=float("nan")),
    wrong("learning rate NaN", ValueError, "learning_rate", K.adam_update, *ADAM, learning_rate=float("nan")),
    wrong("beta_1 1", ValueError, "beta_1", K.adam_update, *ADAM, beta_1=1.0),
    wrong("beta_2 -1", ValueError, "beta_2", K.adam_update, *ADAM, beta_2=-1.0),
    wrong("epsilon negative", ValueError, "epsilon", K.adam_update, *ADAM, epsilon=-1e-7),
    wrong("iterations negative", ValueError, "iterations", K.adam_update, *ADAM, iterations=-1),
    wrong("two kinds of clipping", ValueError, "clipnorm", K.sgd_update, *SGD, clipvalue=1.0, clipnorm=1.0),
    wrong("clipnorm negative", ValueError, "clipnorm", K.sgd_update, *SGD, clipnorm=-1.0),
    wrong("weight decay NaN", ValueError, "weight_decay", K.sgd_update, *SGD, weight_decay=float("nan")),
    wrong("amsgrad without its list", ValueError, "largest_second_moments", K.adam_update, *ADAM, amsgrad=True),
    wrong("delta 0", ValueError, "delta", K.huber, f32(2, 3), f32(2, 3), delta=0.0),
    # sizes beyond 2^63
    wrong("giant result", ValueError, "", K.gemm, giant(2**60, 1), giant(1, 2**60)),
    wrong("giant result", ValueError, "", K.add, giant(2**40, 1), giant(1, 2**40)),
    wrong("giant pads", ValueError, "", K.conv2d, IMAGE, WEIGHT, padding="explicit", pads=(2**62, 2**62, 0, 0)),
    wrong("giant dilation", ValueError, "", K.conv2d, IMAGE, WEIGHT, dilation=(2**62, 2**62)),
    wrong(
        "giant pads", ValueError, "", K.max_pool2d, f32(1, 4, 4, 1), padding="explicit", pads=(2**62, 2**62, 2**62, 0)
    ),
    wrong("giant shape", ValueError, "", K.reshape, f32(0), shape=(2**62, 4, 0)),
    wrong("giant", (ValueError, MemoryError), "", K.fill, giant(2**60)),
]


@pytest.mark.parametrize(("op", "arguments", "attributes", "kind", "part"), WRONG)
def test_wrong_arguments_are_refused_in_the_form_of_the_house(
    op: Callable[..., Any], arguments: tuple[Any, ...], attributes: dict[str, Any], kind: Any, part: str
) -> None:
    with pytest.raises(kind) as caught:
        op(*arguments, **attributes)
    sentence = str(caught.value)
    assert re.match(rf"({op.__name__}|fastnn|Array): ", sentence), sentence
    assert part in sentence, sentence
    if sentence.startswith(f"{op.__name__}: expected"):
        assert ", got " in sentence, sentence


def test_the_exact_sentences() -> None:
    with pytest.raises(ValueError, match=re.escape("conv2d: expected weight (kh, kw, 4, out), got (3, 3, 5, 8)")):
        K.conv2d(IMAGE, f32(3, 3, 5, 8))
    with pytest.raises(
        ValueError, match=re.escape("conv2d: expected x (batch, height, width, channels), got (5, 5, 4)")
    ):
        K.conv2d(f32(5, 5, 4), WEIGHT)
    with pytest.raises(ValueError, match=re.escape("conv1d: expected weight (k, 4, out), got (3, 3, 8)")):
        K.conv1d(f32(2, 5, 4), f32(3, 3, 8))
    with pytest.raises(
        ValueError, match=re.escape("conv3d_transpose: expected weight (kd, kh, kw, out, 4), got (1, 1, 1, 4, 2)")
    ):
        K.conv3d_transpose(f32(1, 2, 2, 2, 4), f32(1, 1, 1, 4, 2))
    with pytest.raises(ValueError, match=re.escape("dropout: expected rate in [0, 1), got 1")):
        K.dropout(f32(3), rate=1.0)


# ---- nothing is half-changed -----------------------------------------------------------------------------------------


def test_strides_beyond_the_image_take_no_time() -> None:
    for groups in (1, 4):
        x, weight = f32(1, 5, 5, 4), f32(3, 3, 4 // groups, 4)
        options = {"strides": (2**40, 2**40), "groups": groups}
        dx = K.conv2d_backward_input(f32(1, 1, 1, 4), weight, x, **options)
        np.testing.assert_array_equal(dx[:, :3, :3], 4 // groups)
        assert dx.sum() == 9 * 16 // groups


def test_out_is_unchanged_after_an_error() -> None:
    calls: list[tuple[Callable[..., Any], tuple[int, ...]]] = [
        (lambda out: K.gemm(f32(2, 3), f32(4, 5), out=out), (2, 5)),
        (lambda out: K.conv2d(IMAGE, f32(3, 3, 5, 8), out=out), Y.shape),
        (lambda out: K.softmax_cross_entropy(f32(2, 3), np.array([0, 3]), out=(out, None)), (2,)),
        (lambda out: K.softmax_cross_entropy_backward(f32(2), f32(2, 3), np.array([0, 3]), out=out), (2, 3)),
        (lambda out: K.categorical_accuracy(f32(2, 3), np.array([0, 3]), out=out), (2,)),
        (lambda out: K.dropout(f32(3), rate=2.0, out=(out, None)), (3,)),
        (lambda out: K.max_pool2d_backward(*pooled(7), out=out), (1, 2, 2, 4)),
    ]
    for run, shape in calls:
        out = np.full(shape, 7.0, np.float32)
        with pytest.raises((ValueError, IndexError)):
            run(out)
        assert (out == 7).all()


@pytest.mark.parametrize(
    ("out", "kind"),
    [
        (np.zeros((2, 6), np.float32), ValueError),
        (np.zeros(10, np.float32), ValueError),
        (np.zeros((2, 5), np.float64), TypeError),
        (np.zeros((2, 5), np.int32), TypeError),
    ],
)
def test_out_of_another_shape_or_dtype_is_refused(out: np.ndarray, kind: type[Exception]) -> None:
    with pytest.raises(kind, match=r"^gemm: expected "):
        K.gemm(f32(2, 3), f32(3, 5), out=out)
    assert (out == 0).all()


def test_read_only_out_is_refused() -> None:
    out = np.zeros((2, 5), np.float32)
    out.flags.writeable = False
    with pytest.raises(ValueError, match=r"^gemm: expected .*(writable|write)"):
        K.gemm(f32(2, 3), f32(3, 5), out=out)
    with pytest.raises((ValueError, TypeError), match=r"^gemm: "):
        K.gemm(f32(2, 3), f32(3, 5), out=bytes(40))
    assert (out == 0).all()


def test_read_only_parameters_are_refused_and_nothing_changes() -> None:
    groups = [[f32(3), f32(4)] for _ in range(4)]
    groups[3][1].flags.writeable = False
    with pytest.raises(ValueError, match=r"^adam_update: expected .*(writable|write)"):
        K.adam_update(*groups)
    assert all((array == 1).all() for group in groups for array in group)


def test_failed_updates_change_nothing() -> None:
    parameters, slots = [f32(3), f32(4)], [f32(3), f32(4)]
    for gradients in ([f32(3), f32(5)], [f32(3), f64(4)], [f32(3)]):
        with pytest.raises((ValueError, TypeError), match=r"^sgd_update: "):
            K.sgd_update(parameters, gradients, slots, learning_rate=0.1, momentum=0.5)
    assert all((array == 1).all() for array in parameters + slots)


def test_overlapping_out_is_refused_or_right() -> None:
    """An op that reads where it writes must not give silently wrong numbers."""
    a = np.random.default_rng(0).standard_normal((6, 6)).astype(np.float32)
    want = a.copy() @ a.copy()
    out = a.copy()
    try:
        K.gemm(out, out, out=out)
    except ValueError as error:
        assert str(error).startswith("gemm: y shares memory with a")  # noqa: PT017
    else:
        assert np.allclose(out, want, rtol=1e-5)


def test_memory_that_the_system_refuses_is_a_memory_error_and_nothing_else() -> None:
    x = np.ones(5, np.float32)
    for _ in range(3):
        with pytest.raises(MemoryError, match="fastnn"):
            K.fill(giant(2**46))  # more than the address space
        with pytest.raises(MemoryError, match="fastnn"):
            K.add(giant(2**23, 1), giant(1, 2**23))
        with pytest.raises(MemoryError, match="2147483648, 1048576"):
            fastnn.Tensor(giant(2**31, 2**20))
        with pytest.raises(MemoryError, match="2147483648, 1048576"):
            _core.Array.from_numpy(giant(2**31, 2**20))
        assert (K.add(x, x) == 2).all()


def test_taps_beyond_all_memory_are_refused() -> None:
    """Farther than any image's end they are zeros, but offsets to them have to be numbers of 64 bits."""
    x, weight, y = (
        np.random.default_rng(i).random(s, np.float32)
        for i, s in enumerate([(2, 9, 10, 2), (3, 2, 2, 6), (2, 9, 10, 6)])
    )
    calls: list[Callable[[int], Any]] = [
        lambda dilation: K.conv2d(x, weight, padding="same", dilation=(1, dilation)),
        lambda dilation: K.conv2d_max_pool2d(x, weight, padding="same", strides=(1, 2), dilation=(1, dilation))[0],
        lambda dilation: K.conv2d_transpose(y, weight, padding="same", dilation=(1, dilation)),
        lambda dilation: K.conv2d_backward_input(y, weight, x, padding="same", dilation=(1, dilation)),
        lambda dilation: K.conv2d_backward_weight(x, y, weight, padding="same", dilation=(1, dilation)),
        lambda dilation: K.conv1d(x[0], weight[0], padding="same", dilation=(dilation,)),
        lambda dilation: K.conv3d(x[None], weight[None], padding="same", dilation=(1, 1, dilation)),
        lambda dilation: K.conv2d(x, weight[:, :, :1], padding="same", groups=2, dilation=(1, dilation)),
    ]
    for call in calls:
        for _ in each_level():
            np.testing.assert_array_equal(call(2**40), call(100))
            with pytest.raises(ValueError, match=r"exceeds 2\^63 - 1$"):
                call(2**62)


def test_what_is_written_is_checked_before_it_is_copied() -> None:
    array = _core.Array.from_numpy(f32(2, 3))
    with pytest.raises(ValueError, match=r"^write: expected \(2, 3\), got \(2147483648, 1048576\)$"):
        array.write(giant(2**31, 2**20))
    with pytest.raises(TypeError, match=r"^write: expected float32, got float64$"):
        array.write(f64(2, 3)[:, ::-1])
    array.write(np.arange(6, dtype="f4").reshape(2, 3)[:, ::-1])
    np.testing.assert_array_equal(array.numpy(), [[2, 1, 0], [5, 4, 3]])


def test_a_level_that_is_not_there_is_refused() -> None:
    before = _core.active_isa()
    with pytest.raises((ValueError, RuntimeError), match="sse9"):
        _core.set_isa("sse9")
    assert _core.active_isa() == before
    with pytest.raises(TypeError, match=r"^set_isa: expected a string for name, got 3$"):
        _core.set_isa(3)  # type: ignore[arg-type]
    for level in _core.levels():
        if not level["available"]:
            with pytest.raises(RuntimeError, match=level["name"]):
                _core.set_isa(level["name"])


@pytest.mark.parametrize(
    ("kind", "value", "error", "sentence"),
    [
        ("int", 2**70, ValueError, f"Scalar: expected value in [-2**63, 2**63), got {2**70}"),
        ("int", 1.5, TypeError, "Scalar: expected an integer for value, got 1.5"),
        ("int", "a", TypeError, "Scalar: expected an integer for value, got 'a'"),
        ("float", "a", TypeError, "Scalar: expected a number for value, got 'a'"),
        ("float", 10**400, ValueError, "Scalar: expected value within float64"),
    ],
)
def test_a_scalar_takes_numbers_of_its_kind(kind: str, value: Any, error: type[Exception], sentence: str) -> None:
    scalar = _core.Scalar(1, kind)
    with pytest.raises(error, match=re.escape(sentence)):
        scalar.value = value
    assert scalar.value == 1


def test_updates_of_a_step_are_all_checked_before_the_first() -> None:
    """What only the memory tells, too: the second update's parameters overlap, so the first isn't done either."""
    w, g = (_core.Array.from_numpy(f32(3)) for _ in range(2))
    good, bad = ([w], [g], []), ([g, g], [w, w], [])
    attributes = {"learning_rate": 1.0}
    with pytest.raises(ValueError, match=r"sgd_update: parameters\[1\] shares memory with parameters\[0\]"):
        _core.commit([(_core.op("sgd_update"), lists, attributes) for lists in (good, bad)], [])
    assert (w.numpy() == 1).all()


# ---- the tape --------------------------------------------------------------------------------------------------------


def test_the_tape_refuses_what_the_kernels_refuse() -> None:
    x, wide = fastnn.Tensor(f32(2, 3)), fastnn.Tensor(f64(2, 3))
    calls: list[tuple[Callable[[], Any], type[Exception]]] = [
        (lambda: x + wide, TypeError),
        (lambda: x * f64(3), TypeError),
        (lambda: F.linear(x, fastnn.Tensor(f64(3, 2))), TypeError),
        (lambda: x + fastnn.Tensor(f32(4)), ValueError),
        (lambda: F.conv2d(x, fastnn.Tensor(WEIGHT)), ValueError),
        (lambda: F.conv2d(fastnn.Tensor(IMAGE), fastnn.Tensor(WEIGHT), padding="full"), ValueError),
        (lambda: F.conv2d(fastnn.Tensor(IMAGE), fastnn.Tensor(WEIGHT), padding=(1, 2)), ValueError),
        (lambda: F.conv2d(fastnn.Tensor(IMAGE), fastnn.Tensor(WEIGHT), strides=0), ValueError),
        (lambda: F.max_pool2d(fastnn.Tensor(IMAGE), 6), ValueError),
        (lambda: F.softmax(x, axis=5), ValueError),
        (lambda: F.sum(x, axis=2), ValueError),
        (lambda: F.reshape(x, (7,)), ValueError),
        (lambda: x.reshape(5, -1), ValueError),
        (lambda: x[2], IndexError),
        (lambda: x[-3], IndexError),
        (lambda: x[0, 0, 0], IndexError),
        (lambda: x[::0], ValueError),
        (lambda: F.softmax_cross_entropy(x, fastnn.Tensor(np.array([0, 3]))), IndexError),
        (lambda: F.dropout(x, 1.0, seed=1, stream=0, step=0), ValueError),
        (lambda: x.item(), ValueError),
    ]
    for index, (run, kind) in enumerate(calls):
        with pytest.raises(kind):
            pytest.fail(f"call {index} gave {run()}")

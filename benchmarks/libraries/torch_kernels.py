"""The kernels in PyTorch: what an eager program calls. Images as (n, c, h, w), or in channels_last."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from . import Call

FUSED = {"adam", "embedding"}  # kinds with an optimizer, which the fused columns are for
IMAGES = {"conv", "transposed", "pool", "batchnorm_relu"}
BFLOAT16 = {"gemm", "conv"}  # kinds that take tensors of bfloat16


def make(kernel: Any, column: str) -> Call | None:
    kinds = {"torch": None, "torch-fused": FUSED, "torch-channels-last": IMAGES, "torch-bf16": BFLOAT16}
    wanted = kinds.get(column, set())
    if wanted is not None and kernel.kind not in wanted:
        return None
    arrays = kernel.arrays()
    options = dict(kernel.sizes)
    if kernel.kind in IMAGES:
        options["last"] = column in ("torch-channels-last", "torch-bf16")
    if kernel.kind in BFLOAT16:
        options["dtype"] = torch.bfloat16 if column == "torch-bf16" else torch.float32
    if kernel.kind in FUSED:
        options["fused"] = column == "torch-fused"
    made: Call | None = globals()[kernel.kind](arrays, **options)
    return made


def images(array: Any, last: bool, order: tuple[int, ...] = (0, 3, 1, 2)) -> Any:
    tensor = torch.from_numpy(array).permute(order)
    return tensor.contiguous(memory_format=torch.channels_last if last else torch.contiguous_format)


def gemm(arrays: Any, transpose_a: bool, transpose_b: bool, dtype: Any) -> Call:
    a, b = (torch.from_numpy(array).to(dtype) for array in arrays)
    left, right = a.mT if transpose_a else a, b.mT if transpose_b else b
    y = torch.empty(*left.shape[:-1], right.shape[-1], dtype=dtype)
    product: Any = torch.mm if left.ndim == 2 else torch.bmm
    return lambda: product(left, right, out=y)


def conv(arrays: Any, part: str, stride: int, groups: int, epilogue: bool, last: bool, dtype: Any) -> Call:
    x, w, dy = arrays
    dx = x  # of this shape, without what is padded on below
    total = max((dy.shape[1] - 1) * stride + w.shape[0] - x.shape[1], 0)
    if total % 2:  # Keras's "same" pads the end of even sizes: more rows, as PyTorch pads both ends alike
        x = np.pad(x, ((0, 0), (0, 1), (0, 1), (0, 0)))
    padding = [total // 2] * 2
    images_x, images_dy = images(x, last).to(dtype), images(dy, last).to(dtype)
    weight = images(w, last, (3, 2, 0, 1)).to(dtype)
    if part == "forward":
        if not epilogue:
            return lambda: F.conv2d(images_x, weight, None, stride, padding, groups=groups)
        bias = torch.zeros(len(weight), dtype=dtype)
        return lambda: torch.relu_(F.conv2d(images_x, weight, bias, stride, padding, groups=groups))
    mask = [part == "input", part == "weight", part == "weight" and epilogue]
    backward = torch.ops.aten.convolution_backward
    sizes = [len(weight)] if epilogue else None

    def call() -> Any:
        strides, ones, zeros = [stride] * 2, [1, 1], [0, 0]
        found = backward(images_dy, images_x, weight, sizes, strides, padding, ones, False, zeros, groups, mask)
        return found[0][:, :, : dx.shape[1], : dx.shape[2]] if part == "input" else found[1]

    return call


def transposed(arrays: Any, part: str, last: bool) -> Call:
    """PyTorch pads both ends alike: Keras's "same" is its result without the last row and column."""
    x, w = images(arrays[0], last), images(arrays[1], last, (3, 2, 0, 1))
    if part == "forward":
        return lambda: F.conv_transpose2d(x, w, stride=2)[:, :, :-1, :-1]
    dy = images(np.pad(arrays[2], ((0, 0), (0, 1), (0, 1), (0, 0))), last)
    mask, zeros = [part == "input", part == "weight", False], [0, 0]
    backward = torch.ops.aten.convolution_backward
    return lambda: backward(dy, x, w, None, [2, 2], zeros, [1, 1], True, zeros, 1, mask)[0 if part == "input" else 1]


def pool(arrays: Any, channels: int, last: bool) -> Call:
    x, dy = (images(array, last) for array in arrays)
    x.requires_grad_()
    return lambda: torch.autograd.grad(F.max_pool2d(x, 2), x, dy)


def batchnorm_relu(arrays: Any, channels: int, last: bool) -> Call:
    x, dy = (images(array, last) for array in arrays)
    gamma, beta = torch.ones(channels), torch.zeros(channels)
    inputs = [tensor.requires_grad_() for tensor in (x, gamma, beta)]

    def call() -> Any:
        y = torch.relu_(F.batch_norm(x, None, None, gamma, beta, training=True, eps=1e-3))
        return torch.autograd.grad(y, inputs, dy)

    return call


def cross_entropy(arrays: Any, classes: int) -> Call:
    logits, labels = torch.from_numpy(arrays[0]).requires_grad_(), torch.from_numpy(arrays[1].astype(np.int64))
    return lambda: torch.autograd.grad(F.cross_entropy(logits, labels), logits)


def rnn(arrays: Any, cell: str, training: bool, units: int) -> Call:
    x, kernel, recurrent, bias, dy = arrays
    layer = {"lstm": nn.LSTM, "gru": nn.GRU}[cell](x.shape[2], units, batch_first=True)
    biases = [bias, np.zeros_like(bias)] if cell == "lstm" else [bias[0], bias[1]]
    values = [kernel.T, recurrent.T, *biases]
    if cell == "gru":  # Keras's gates are z, r, h, PyTorch's r, z, h
        values = [np.concatenate([value[units : 2 * units], value[:units], value[2 * units :]]) for value in values]
    with torch.no_grad():
        for parameter, value in zip(layer.parameters(), values, strict=True):
            parameter.copy_(torch.from_numpy(np.ascontiguousarray(value)))
    samples, gradient = torch.from_numpy(x).requires_grad_(training), torch.from_numpy(dy)
    inputs = [samples, *layer.parameters()]

    def call() -> Any:
        if not training:
            with torch.inference_mode():
                return layer(samples)[0]
        return torch.autograd.grad(layer(samples)[0], inputs, gradient)

    return call


def attention(arrays: Any) -> Call:
    *inputs, dy = map(torch.from_numpy, arrays)
    inputs = [tensor.requires_grad_() for tensor in inputs]
    return lambda: torch.autograd.grad(F.scaled_dot_product_attention(*inputs), inputs, dy)


def adam(arrays: Any, fused: bool) -> Call:
    weights = [torch.zeros(array.shape, requires_grad=True) for array in arrays]
    for weight, array in zip(weights, arrays, strict=True):
        weight.grad = torch.from_numpy(array)
    optimizer = torch.optim.Adam(weights, lr=0.001, eps=1e-7, fused=fused)

    def call() -> Any:
        optimizer.step()
        return [weight.detach() for weight in weights]

    return call


def embedding(arrays: Any, rows: int, lazy: bool, fused: bool) -> Call | None:
    if lazy and fused:
        return None
    table, dy = torch.from_numpy(arrays[0]).requires_grad_(), torch.from_numpy(arrays[1])
    ids = torch.from_numpy(arrays[2].astype(np.int64))
    optimizer: Any = (
        torch.optim.SparseAdam([table], lr=0.001, eps=1e-7)
        if lazy
        else torch.optim.Adam([table], lr=0.001, eps=1e-7, fused=fused)
    )

    def call() -> Any:
        optimizer.zero_grad(set_to_none=True)
        y = F.embedding(ids, table, sparse=lazy)
        y.backward(dy)
        optimizer.step()
        return y.detach()

    return call

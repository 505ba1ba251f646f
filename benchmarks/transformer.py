"""The Transformer block of the training steps: attention and an MLP with gelu, each normalised behind its residual.

Its weights, in this order: kernel and bias of query, key, value and output; gamma and beta; kernel and bias of both
layers of the MLP; gamma and beta.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, ...]


def weight_shapes(width: int, heads: int, inner: int) -> list[Shape]:
    size = width // heads
    projections: list[Shape] = [(width, heads, size), (heads, size)] * 3
    norm: list[Shape] = [(width,), (width,)]
    output: list[Shape] = [(heads, size, width), (width,)]
    mlp: list[Shape] = [(width, inner), (inner,), (inner, width), (width,)]
    return [*projections, *output, *norm, *mlp, *norm]


def make_weights(rng: np.random.Generator, width: int, heads: int, inner: int) -> list[NDArray[np.float32]]:
    """Kernels of variance 1 / inputs, zero biases, gammas of one."""
    shapes = weight_shapes(width, heads, inner)
    made = []
    for index, shape in enumerate(shapes):
        if index in (8, len(shapes) - 2):
            made.append(np.ones(shape, np.float32))
        elif len(shape) > 1 and shape != (heads, width // heads):
            inputs = inner if shape[0] == inner else width
            made.append((rng.standard_normal(shape) / math.sqrt(inputs)).astype(np.float32))
        else:
            made.append(np.zeros(shape, np.float32))
    return made


def flops(batch: int, steps: int, width: int, inner: int) -> int:
    """Operations of the products of a training step, the gradient for the block's input included."""
    return 3 * 2 * batch * steps * (4 * width * width + 2 * width * inner + 2 * steps * width)


def fastnn_block(width: int, heads: int, inner: int) -> Any:
    from fastnn import layers

    class Block(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.attention = layers.MultiHeadAttention(heads, width // heads)
            self.first = layers.LayerNormalization()
            self.wide = layers.Dense(inner, activation="gelu")
            self.narrow = layers.Dense(width)
            self.second = layers.LayerNormalization()

        def call(self, inputs: Any) -> Any:
            x = self.first(inputs + self.attention(inputs, inputs))
            return self.second(x + self.narrow(self.wide(x)))

    return Block()


def torch_block(torch: Any, width: int, heads: int, inner: int, weights: list[NDArray[np.float32]]) -> Any:
    """The same in PyTorch: one linear layer for query, key and value each, and its fused attention."""
    nn, functional = torch.nn, torch.nn.functional

    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = nn.ModuleList(
                nn.Linear(*sizes) for sizes in [(width, width)] * 4 + [(width, inner), (inner, width)]
            )
            self.norm = nn.ModuleList(nn.LayerNorm(width, eps=1e-3) for _ in range(2))

        def forward(self, x: Any) -> Any:
            query, key, value, output, wide, narrow = self.linear
            batch, steps, _ = x.shape
            q, k, v = (layer(x).reshape(batch, steps, heads, -1).transpose(1, 2) for layer in (query, key, value))
            y = functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(batch, steps, width)
            x = self.norm[0](x + output(y))
            return self.norm[1](x + narrow(functional.gelu(wide(x))))

    block = Block()
    waiting = list(weights)
    with torch.no_grad():
        for layer in (*block.linear[:4], block.norm[0], *block.linear[4:], block.norm[1]):
            weight, bias = waiting.pop(0), waiting.pop(0).reshape(-1)
            weight = weight.reshape(-1, len(bias)).T if weight.ndim > 1 else weight
            layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(weight)))
            layer.bias.copy_(torch.from_numpy(bias))
    return block

"""The ResNet of the training steps (He et al. 2015, their networks for CIFAR): a convolution, then stages of 16, 32 and
64 channels, each of some blocks of two convolutions beside a shortcut, and the mean over all pixels. Every convolution
but the shortcuts' has batch normalisation; ResNet-20 has three blocks a stage.

Its weights, in this order for each convolution: the kernel; gamma, beta, moving mean and moving variance. A shortcut
that changes the number of channels is a kernel of 1x1 behind its block.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = list[NDArray[np.float32]]

STAGES = (16, 32, 64)


def kernels(channels: int, blocks: int) -> list[tuple[tuple[int, int, int, int], int]]:
    """(kernel shape, how many times smaller the image behind it is) of every convolution."""
    found = [((3, 3, channels, STAGES[0]), 1)]
    channels = STAGES[0]
    for stage, filters in enumerate(STAGES):
        for _ in range(blocks):
            found += [((3, 3, channels, filters), 2**stage), ((3, 3, filters, filters), 2**stage)]
            if channels != filters:
                found.append(((1, 1, channels, filters), 2**stage))
            channels = filters
    return found


def block_sizes(blocks: int) -> list[tuple[int, int]]:
    """(filters, stride) of every block."""
    return [(filters, 2 if stage and not i else 1) for stage, filters in enumerate(STAGES) for i in range(blocks)]


def make_weights(rng: np.random.Generator, channels: int, blocks: int) -> Weights:
    """Kernels by He's rule; normalisation as a fresh layer has it."""
    made: Weights = []
    for shape, _ in kernels(channels, blocks):
        made.append((rng.standard_normal(shape) * math.sqrt(2 / math.prod(shape[:3]))).astype(np.float32))
        if shape[0] > 1:
            made += [np.full(shape[3], value, np.float32) for value in (1, 0, 0, 1)]
    return made


def flops(batch: int, image: tuple[int, ...], blocks: int) -> int:
    """Operations of the products of a training step, without the gradient for the images."""
    height, width, channels = image
    numbers = [
        math.prod(shape) * math.ceil(height / smaller) * math.ceil(width / smaller)
        for shape, smaller in kernels(channels, blocks)
    ]
    return 2 * batch * (3 * sum(numbers) - numbers[0])


def fastnn_layers(blocks: int) -> list[Any]:
    from fastnn import functional as F
    from fastnn import layers

    class Block(layers.Layer):
        def __init__(self, filters: int, stride: int) -> None:
            super().__init__()
            self.first = layers.Conv2D(filters, 3, stride, "same", use_bias=False)
            self.first_norm = layers.BatchNormalization()
            self.second = layers.Conv2D(filters, 3, padding="same", use_bias=False)
            self.second_norm = layers.BatchNormalization()
            self.shortcut = layers.Conv2D(filters, 1, stride, use_bias=False) if stride > 1 else None

        def call(self, inputs: Any) -> Any:
            y = self.second_norm(self.second(F.relu(self.first_norm(self.first(inputs)))))
            return F.relu(y + (inputs if self.shortcut is None else self.shortcut(inputs)))

    stem = layers.Conv2D(STAGES[0], 3, padding="same", use_bias=False)
    body = [Block(filters, stride) for filters, stride in block_sizes(blocks)]
    return [stem, layers.BatchNormalization(), layers.ReLU(), *body, layers.GlobalAveragePooling2D()]


def torch_layers(torch: Any, blocks: int, weights: Weights) -> list[Any]:
    """The same in PyTorch; takes its weights off the list."""
    nn = torch.nn

    def convolution(stride: int = 1) -> Any:
        kernel = weights.pop(0)
        size, inputs, outputs = kernel.shape[1:]
        layer = nn.Conv2d(inputs, outputs, size, stride, padding=1 if size == 3 and stride == 1 else 0, bias=False)
        with torch.no_grad():
            layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(kernel.transpose(3, 2, 0, 1))))
        # Keras's "same" pads the end of an even size
        return nn.Sequential(nn.ZeroPad2d((0, 1, 0, 1)), layer) if size == 3 and stride == 2 else layer

    def normalization(size: int) -> Any:
        del weights[:4]  # what a fresh layer has
        return nn.BatchNorm2d(size, eps=1e-3, momentum=0.01)

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, filters: int, stride: int) -> None:
            super().__init__()
            self.first, self.first_norm = convolution(stride), normalization(filters)
            self.second, self.second_norm = convolution(), normalization(filters)
            self.shortcut = convolution(stride) if stride > 1 else nn.Identity()

        def forward(self, x: Any) -> Any:
            y = torch.relu_(self.first_norm(self.first(x)))
            return torch.relu_(self.second_norm(self.second(y)) + self.shortcut(x))

    stem = [convolution(), normalization(STAGES[0]), nn.ReLU(inplace=True)]
    body = [Block(filters, stride) for filters, stride in block_sizes(blocks)]
    return [*stem, *body, nn.AdaptiveAvgPool2d(1), nn.Flatten()]

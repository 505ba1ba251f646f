"""Whole training steps: what the networks are, on which data they run and how many operations a step takes.

A step starts at a batch of NumPy arrays in host memory and ends with updated weights and the loss as a Python number.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import resnet, transformer

Weights = list[NDArray[np.float32]]


@dataclass(frozen=True)
class TrainingStep:
    """A network as layers in a row, each ("conv", filters, padding) of 3x3 with relu, ("pool",) of 2x2, ("flatten",),
    ("lstm", units, whether all steps are returned) or ("dense", units, activation), or at first ("embedding", rows, n)
    of ids, a ("transformer", heads, inner) block of sequences or a ("resnet", blocks) of images; softmax cross-entropy
    behind the last."""

    name: str
    input_shape: tuple[int, ...]
    layers: Sequence[Sequence[Any]]
    batch: int
    # "adam" with Keras's defaults; "lazy-adam": of an embedding only the rows of the batch; or "momentum": SGD with
    # learning rate 0.01 and momentum 0.9
    optimizer: str

    def walk(self) -> list[tuple[str, tuple[int, ...], tuple[int, ...]]]:
        """(kind, output shape, weight shape or ()) of every layer, shapes without the batch."""
        shape, found = self.input_shape, []
        for kind, *arguments in self.layers:
            weight: tuple[int, ...] = ()
            result = shape
            if kind == "conv":
                weight = (3, 3, shape[2], arguments[0])
                trim = 0 if arguments[1] == "same" else 2
                result = (shape[0] - trim, shape[1] - trim, arguments[0])
            elif kind == "pool":
                result = (shape[0] // 2, shape[1] // 2, shape[2])
            elif kind == "flatten":
                result = (math.prod(shape),)
            elif kind == "embedding":
                weight = (arguments[0], arguments[1])
                result = (*shape, arguments[1])
            elif kind == "transformer":
                weight = (shape[1], arguments[1])
            elif kind == "resnet":
                weight, result = (shape[2], arguments[0]), resnet.STAGES[-1:]
            elif kind == "lstm":
                weight = (shape[1], 4 * arguments[0])
                result = (shape[0], arguments[0]) if arguments[1] else (arguments[0],)
            else:
                weight = (shape[0], arguments[0])
                result = (arguments[0],)
            shape = result
            found.append((kind, shape, weight))
        return found

    def flops(self) -> int:
        """Operations of the products: forward and both gradients, without the first layer's gradient for its input."""
        total, before = 0, self.input_shape
        for index, (kind, shape, weight) in enumerate(self.walk()):
            steps, before = before[0], shape
            if kind == "embedding":
                continue
            if kind == "resnet":
                total += resnet.flops(self.batch, self.input_shape, weight[1])
                continue
            if kind == "transformer":
                total += transformer.flops(self.batch, steps, *weight)
                continue
            if kind == "lstm":
                recurrent = weight[1] // 4 * weight[1]
                total += 2 * self.batch * steps * ((3 if index else 2) * math.prod(weight) + 3 * recurrent)
                continue
            positions = math.prod(shape[:2]) if kind == "conv" else 1
            total += (3 if index else 2) * 2 * self.batch * positions * math.prod(weight) * bool(weight)
        return total

    def weights(self) -> Weights:
        """Kernels drawn by He's rule and zero biases, the same for every library, in Keras's order and layouts."""
        rng = np.random.default_rng(1)
        result: Weights = []
        for (kind, _, shape), (_, *arguments) in zip(self.walk(), self.layers, strict=True):
            if kind == "transformer":
                result += transformer.make_weights(rng, shape[0], *arguments)
            elif kind == "resnet":
                result += resnet.make_weights(rng, shape[0], *arguments)
            elif shape:
                scale = math.sqrt(2 / math.prod(shape[:-1]))
                result.append((rng.standard_normal(shape) * scale).astype(np.float32))
                if kind == "lstm":
                    units = shape[1] // 4
                    result.append((rng.standard_normal((units, 4 * units)) / math.sqrt(units)).astype(np.float32))
                if kind != "embedding":
                    result.append(np.zeros(shape[-1], np.float32))
        return result

    @property
    def rows(self) -> int:
        """Rows of the embedding that the network begins with; 0 without one."""
        return int(self.layers[0][1]) if self.layers[0][0] == "embedding" else 0

    def data(self) -> tuple[NDArray[Any], NDArray[np.int64]]:
        """A batch and its labels."""
        rng = np.random.default_rng(2)
        shape = (self.batch, *self.input_shape)
        x = rng.integers(0, self.rows, shape) if self.rows else rng.standard_normal(shape).astype(np.float32)
        return x, rng.integers(0, 10, self.batch)


STEPS = (
    TrainingStep("mlp-784-128-10", (784,), [("dense", 128, "relu"), ("dense", 10, "linear")], 32, "adam"),
    TrainingStep(
        "cnn-32x32x3",
        (32, 32, 3),
        [
            ("conv", 32, "valid"),
            ("pool",),
            ("conv", 64, "valid"),
            ("pool",),
            ("flatten",),
            ("dense", 64, "relu"),
            ("dense", 10, "linear"),
        ],
        64,
        "adam",
    ),
    TrainingStep(
        "vgg-64-128-256",
        (32, 32, 3),
        [
            *(
                layer
                for filters in (64, 128, 256)
                for layer in (("conv", filters, "same"), ("conv", filters, "same"), ("pool",))
            ),
            ("flatten",),
            ("dense", 10, "linear"),
        ],
        64,
        "momentum",
    ),
    TrainingStep("resnet20-32x32x3", (32, 32, 3), [("resnet", 3), ("dense", 10, "linear")], 64, "momentum"),
    TrainingStep(
        "transformer-64x128",
        (64, 128),
        [("transformer", 4, 512), ("flatten",), ("dense", 10, "linear")],
        32,
        "adam",
    ),
    TrainingStep(
        "lstm-50-50-of-60x8", (60, 8), [("lstm", 50, True), ("lstm", 50, False), ("dense", 10, "linear")], 32, "adam"
    ),
    TrainingStep(
        "embedding-20000-lstm-128",
        (80,),
        [("embedding", 20000, 128), ("lstm", 128, False), ("dense", 10, "linear")],
        32,
        "adam",
    ),
    *(
        TrainingStep(
            f"embedding-20000-128-{optimizer}",
            (80,),
            [("embedding", 20000, 128), ("flatten",), ("dense", 10, "linear")],
            32,
            optimizer,
        )
        for optimizer in ("adam", "lazy-adam")
    ),
)

"""The kernels of the table of targets: shapes, inputs, operations, bytes, and what is asked of each.

x is the fastest peer's time over fastnn's; what is asked depends on the level (targets_of). Layouts are Keras's: images
(n, h, w, c), kernels (kh, kw, in, out), sequences (batch, steps, features). bytes are what must move between memory and
the caches at least once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Target:
    """x of each kernel, and for some of their geometric mean, as it must be and as one aims for; against names the
    column to compare with instead of the fastest peer."""

    title: str
    must: float | None
    aim: float | None
    mean: float | None = None
    mean_aim: float | None = None
    against: str | None = None


@dataclass(frozen=True)
class Kernel:
    """kind names the function of a library that runs it, sizes are its arguments, shapes those of its inputs; unit is
    its target on a level with a matrix unit, where that is another."""

    name: str
    target: str
    kind: str
    sizes: dict[str, Any]
    shapes: tuple[tuple[int, ...], ...]
    flops: int
    bytes: int
    must: float | None = field(default=None)  # where it differs from the target's
    unit: str = ""

    def arrays(self) -> list[NDArray[Any]]:
        """float32 of a normal distribution, of variance 1 / inputs for recurrent weights; the last input of
        "cross_entropy" and "embedding" are whole numbers."""
        rng = np.random.default_rng(0)
        limit = {"cross_entropy": self.sizes.get("classes"), "embedding": self.sizes.get("rows")}.get(self.kind)
        arrays: list[NDArray[Any]] = [rng.standard_normal(shape, dtype=np.float32) for shape in self.shapes]
        if limit is not None:
            arrays[-1] = rng.integers(0, limit, self.shapes[-1], dtype=np.int32)
        if self.kind == "rnn":
            for weight in arrays[1:3]:
                weight /= np.float32(math.sqrt(len(weight)))
        return arrays


TARGETS = {
    "gemm": Target("GEMM, shapes of training and attention", 0.95, 1.1, mean=1.0),
    "gemm-cubes": Target("GEMM, cubes", 0.97, 1.03),
    "conv3x3": Target("convolution 3x3, stride 1", 1.4, None),
    "first-layer": Target("first layer", 1.1, 1.3),
    "conv-others": Target("convolutions of other kinds", 1.0, 1.2),
    "depthwise": Target("depthwise 3x3", 1.3, 2.0),
    "pool": Target("max pooling, forward + backward", 2.5, 4.0),
    "batchnorm": Target("batchnorm + relu, forward + backward", 2.0, 2.6),
    "cross-entropy": Target("softmax cross-entropy, forward + backward", 3.5, 9.0),
    "rnn-forward": Target("LSTM and GRU, forward", 1.1, 1.3),
    "rnn-training": Target("LSTM and GRU, forward + backward", 1.3, 1.5),
    "rnn-small": Target("LSTM of at most 64 units, forward + backward", 2.0, 3.0),
    "rnn-512": Target("LSTM of 512 units", 1.0, 1.15),
    "attention": Target("attention, forward + backward", 1.1, 1.5),
    "adam": Target("Adam", None, None),
    "embedding": Target("Embedding, forward + backward + Adam", 1.3, None),
}


UNIT_LEVEL = "amx"
UNIT_TARGETS = {
    "unit-gemm": Target("GEMM, shapes of training and attention", 0.95, 1.1, mean=1.3, mean_aim=1.6),
    "unit-gemm-large": Target("GEMM, 512 cubed and more", 1.6, 2.2),
    "unit-conv3x3": Target("convolution 3x3, stride 1, of 64 to 512 channels", 1.8, 2.5),
    "unit-lstm": Target("LSTM of 256 units and more", 1.4, None),
    "unit-attention": Target("attention, forward + backward", 1.3, None),
}
LARGE = {(512, 512, 512), (1024, 1024, 1024), (2048, 2048, 2048), (256, 1024, 1024), (2048, 1024, 256)}

# the columns of accuracy classes other than float32
CLASS_COLUMNS = {"fastnn-fast": "fast", "fastnn-bfloat16": "bfloat16", "torch-bf16": "bfloat16"}
FAST = Target("the same, class fast", 2.0, 2.5)
BFLOAT16 = Target("the same, class bfloat16, against PyTorch's", 1.0, None, against="torch-bf16")


@dataclass(frozen=True)
class Targets:
    """What is asked on a level: by names of targets, and for each accuracy class that is asked something of, too."""

    kernels: dict[str, Target]
    classes: dict[str, dict[str, Target]]
    unit: bool

    def name_of(self, kernel: Kernel) -> str:
        return kernel.unit if self.unit and kernel.unit else kernel.target

    def classes_of(self, name: str) -> dict[str, Target]:
        """{class: its target}, where a kernel of that target's has one."""
        return {word: targets[name] for word, targets in self.classes.items() if name in targets}


def targets_of(isa: str | None) -> Targets:
    """The targets of kernels on a level."""
    if isa != UNIT_LEVEL:
        return Targets(TARGETS, {"fast": {"conv3x3": FAST}}, unit=False)
    fast = {"conv3x3": FAST, "unit-conv3x3": FAST, "unit-gemm-large": Target("the same, class fast", 2.5, None)}
    bfloat16 = dict.fromkeys(("unit-gemm", "unit-gemm-large", "unit-conv3x3"), BFLOAT16)
    return Targets({**TARGETS, **UNIT_TARGETS}, {"fast": fast, "bfloat16": bfloat16}, unit=True)


def size(*shapes: tuple[int, ...]) -> int:
    return sum(math.prod(shape) for shape in shapes)


def gemm(word: str, m: int, n: int, k: int, target: str = "gemm", *, batch: int = 1) -> Kernel:
    """word is which operands are transposed in memory: NN, NT, TN. batch is the number of products."""
    transpose_a, transpose_b = word[0] == "T", word[1] == "T"
    a, b = (k, m) if transpose_a else (m, k), (n, k) if transpose_b else (k, n)
    sizes = {"transpose_a": transpose_a, "transpose_b": transpose_b}
    name = f"gemm {word} {m}x{n}x{k}" + f" of {batch}" * (batch > 1)
    shapes: tuple[tuple[int, ...], ...] = tuple((batch, *shape) if batch > 1 else shape for shape in (a, b))
    moved = 4 * batch * size(a, b, (m, n))
    unit = "unit-gemm-large" if (m, n, k) in LARGE and word == "NN" else "unit-gemm" if target == "gemm" else ""
    return Kernel(name, target, "gemm", sizes, shapes, 2 * batch * m * n * k, moved, unit=unit)


def conv(
    part: str,
    n: int,
    side: int,
    inputs: int,
    filters: int,
    target: str = "conv3x3",
    *,
    kernel: int = 3,
    stride: int = 1,
    groups: int = 1,
    epilogue: bool = False,
) -> Kernel:
    """part is "forward", "input" or "weight": which of the results is wanted. Padding is "same"; with an epilogue the
    forward pass adds a bias and takes relu, and the gradient of the weight comes with the bias's."""
    out = -(-side // stride)
    x, w, y = (n, side, side, inputs), (kernel, kernel, inputs // groups, filters), (n, out, out, filters)
    what = f"{kernel}x{kernel}" + f" stride {stride}" * (stride > 1) + f" groups {groups}" * (groups > 1)
    what += {"forward": " + bias, relu", "weight": " + bias"}.get(part, "") if epilogue else ""
    name = f"conv {what} {n}x{side}x{side} {inputs}->{filters} {part}"
    sizes = {"part": part, "stride": stride, "groups": groups, "epilogue": epilogue}
    unit = "unit-conv3x3" if target == "conv3x3" and min(inputs, filters) >= 64 else ""
    return Kernel(name, target, "conv", sizes, (x, w, y), 2 * size(y) * math.prod(w[:3]), 4 * size(x, w, y), unit=unit)


def depthwise(part: str, n: int, side: int, channels: int) -> Kernel:
    x, w = (n, side, side, channels), (3, 3, 1, channels)
    name = f"depthwise 3x3 {n}x{side}x{side}x{channels} {part}"
    sizes = {"part": part, "stride": 1, "groups": channels, "epilogue": False}
    return Kernel(name, "depthwise", "conv", sizes, (x, w, x), 2 * 9 * size(x), 4 * size(x, w, x))


def transposed(part: str, n: int, side: int, inputs: int, filters: int) -> Kernel:
    """Kernel 3x3, stride 2, "same": twice the size."""
    x, w, y = (n, side, side, inputs), (3, 3, filters, inputs), (n, 2 * side, 2 * side, filters)
    name = f"conv transposed 3x3 stride 2 {n}x{side}x{side} {inputs}->{filters} {part}"
    flops, moved = 2 * size(x) * 9 * filters, 4 * size(x, w, y)
    return Kernel(name, "conv-others", "transposed", {"part": part}, (x, w, y), flops, moved)


def both_ways(kind: str, target: str, *shape: int) -> Kernel:
    """Forward and backward of pooling or normalisation: inputs are x and the gradient of the result."""
    n, side, _, channels = shape
    dy = (n, side // 2, side // 2, channels) if kind == "pool" else shape
    name = f"{kind} {n}x{side}x{side}x{channels}"
    return Kernel(name, target, kind, {"channels": channels}, (shape, dy), 0, 4 * size(shape, dy) * 2)


def cross_entropy(samples: int, classes: int) -> Kernel:
    logits = (samples, classes)
    name = f"cross-entropy {samples}x{classes}"
    sizes = {"classes": classes}
    return Kernel(name, "cross-entropy", "cross_entropy", sizes, (logits, (samples,)), 0, 8 * size(logits))


def rnn(cell: str, training: bool, steps: int, batch: int, inputs: int, units: int) -> Kernel:
    gates = {"lstm": 4, "gru": 3}[cell] * units
    x, y = (batch, steps, inputs), (batch, steps, units)
    bias = (gates,) if cell == "lstm" else (2, gates)
    weights = ((inputs, gates), (units, gates), bias)
    part = "forward + backward" if training else "forward"
    target = "rnn-training" if training else "rnn-forward"
    if training and units <= 64 and cell == "lstm":
        target = "rnn-small"
    if units == 512:
        target = "rnn-512"
    flops = 2 * batch * steps * (inputs + units) * gates * (3 if training else 1)
    name = f"{cell} T{steps} B{batch} I{inputs} H{units} {part}"
    sizes = {"cell": cell, "training": training, "units": units}
    unit = "unit-lstm" if cell == "lstm" and units >= 256 else ""
    return Kernel(name, target, "rnn", sizes, (x, *weights, y), flops, 4 * size(x, *weights, y), unit=unit)


def attention(steps: int, depth: int, batch: int = 8, heads: int = 4) -> Kernel:
    """Query, key, value and the gradient of the result; the scores are computed twice, as in every blocked form."""
    shape = (batch, heads, steps, depth)
    flops = 2 * batch * heads * steps * steps * depth * 7
    return Kernel(
        f"attention {batch}x{heads}x{steps}x{depth}",
        "attention",
        "attention",
        {},
        (shape,) * 4,
        flops,
        32 * size(shape),
        unit="unit-attention",
    )


def adam(millions: float, must: float) -> Kernel:
    """Ten tensors: parameters, gradients and both moments; seven numbers move for each."""
    count = round(millions * 100_000)
    name, shapes = f"adam {millions:g} M parameters", ((count,),) * 10
    return Kernel(name, "adam", "adam", {}, shapes, 0, 4 * 7 * size(*shapes), must)


def embedding(lazy: bool, rows: int = 20000, width: int = 128, tokens: int = 2560) -> Kernel:
    """The table, the gradient of what is looked up, and the ids."""
    table, dy = (rows, width), (32, tokens // 32, width)
    moved = 6 * (min(tokens, rows) * width if lazy else size(table)) + 2 * size(dy)
    name = f"embedding {rows}x{width}, {tokens} ids, {'lazy' if lazy else 'exact'} Adam"
    sizes = {"rows": rows, "lazy": lazy}
    return Kernel(name, "embedding", "embedding", sizes, (table, dy, dy[:2]), 0, 4 * moved, 5.0 if lazy else None)


def parts(make: Callable[..., Kernel], *arguments: Any, **keywords: Any) -> list[Kernel]:
    return [make(part, *arguments, **keywords) for part in ("forward", "input", "weight")]


KERNELS: tuple[Kernel, ...] = (
    gemm("NN", 128, 512, 784),
    gemm("NT", 128, 784, 512),
    gemm("TN", 784, 512, 128),
    gemm("NN", 64, 256, 512),
    gemm("NT", 64, 512, 256),
    gemm("TN", 512, 256, 64),
    gemm("NN", 128, 10, 512),
    gemm("NT", 128, 512, 10),
    gemm("TN", 512, 10, 128),
    gemm("NT", 128, 512, 784),
    gemm("NN", 2048, 1024, 128),
    gemm("NT", 2048, 128, 1024),
    gemm("TN", 128, 1024, 2048),
    gemm("NN", 64, 1024, 256),
    gemm("NN", 32, 512, 128),
    gemm("NT", 64, 256, 1024),
    gemm("TN", 256, 1024, 2048),
    gemm("NT", 128, 128, 64),
    gemm("NN", 128, 64, 128),
    *(
        gemm(word, *sizes, batch=32)
        for word, sizes in (("NT", (128, 128, 64)), ("NN", (128, 64, 128)), ("TN", (128, 64, 128)))
    ),
    gemm("NN", 2048, 1024, 256),
    gemm("NN", 256, 1024, 1024),
    gemm("NT", 2048, 256, 1024),
    gemm("NN", 32768, 64, 27),
    gemm("NN", 16384, 64, 576),
    gemm("NN", 16384, 16, 144),
    *(gemm("NN", side, side, side) for side in (32, 64, 100, 128, 192)),
    *(gemm("NN", side, side, side, "gemm-cubes") for side in (256, 512, 1024, 2048)),
    *parts(conv, 128, 16, 32, 32),
    *parts(conv, 128, 8, 64, 64),
    *parts(conv, 64, 32, 64, 64),
    *parts(conv, 64, 16, 128, 128),
    *parts(conv, 64, 8, 256, 256),
    *parts(conv, 64, 4, 512, 512),
    *parts(conv, 64, 2, 512, 512),
    *(conv("forward", n, 16, 128, 128) for n in (1, 16)),
    *(
        conv(part, n, side, channels, filters, "first-layer", epilogue=True)
        for n, side, channels, filters in ((32, 28, 1, 32), (128, 32, 3, 16), (64, 32, 3, 64))
        for part in ("forward", "weight")
    ),
    *parts(conv, 128, 32, 16, 16, "conv-others"),
    *parts(conv, 64, 16, 128, 128, "conv-others", kernel=1),
    *parts(conv, 64, 8, 64, 256, "conv-others", kernel=1),
    *parts(conv, 128, 32, 16, 32, "conv-others", kernel=1, stride=2),
    *parts(conv, 128, 32, 16, 32, "conv-others", stride=2),
    *parts(conv, 64, 32, 32, 64, "conv-others", stride=2),
    *parts(conv, 64, 16, 32, 64, "conv-others", kernel=5),
    *parts(conv, 64, 16, 32, 64, "conv-others", kernel=7),
    *parts(conv, 64, 16, 128, 128, "conv-others", groups=4),
    *parts(transposed, 64, 16, 64, 32),
    *parts(depthwise, 64, 32, 64),
    both_ways("pool", "pool", 64, 32, 32, 64),
    both_ways("pool", "pool", 64, 16, 16, 128),
    both_ways("batchnorm_relu", "batchnorm", 128, 32, 32, 16),
    both_ways("batchnorm_relu", "batchnorm", 64, 32, 32, 64),
    both_ways("batchnorm_relu", "batchnorm", 64, 8, 8, 256),
    cross_entropy(128, 10),
    cross_entropy(64, 1000),
    cross_entropy(2048, 10000),
    *(
        rnn(cell, training, *sizes)
        for cell, sizes in (
            ("lstm", (60, 32, 8, 50)),
            ("lstm", (20, 16, 64, 64)),
            ("lstm", (28, 128, 28, 128)),
            ("lstm", (100, 32, 64, 128)),
            ("lstm", (50, 64, 128, 256)),
            ("gru", (28, 128, 28, 128)),
            ("gru", (50, 64, 128, 256)),
            ("lstm", (35, 64, 512, 512)),
        )
        for training in (False, True)
    ),
    *(attention(steps, depth) for depth in (32, 64) for steps in (64, 128, 256, 512)),
    adam(0.1, 3.0),
    adam(1, 1.3),
    adam(10, 1.0),
    embedding(lazy=False),
    embedding(lazy=True),
)

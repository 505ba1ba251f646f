"""The table that `summary` prints: layers, shapes, parameters, floating-point operations and memory.

Shapes and operations are read from the graph of the model's call, which is recorded on tensors without values: nothing
is computed for it.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from . import _core
from .abstract import Spec, abstract, map_structure, merged, sizes_for
from .layers.base import Layer
from .layers.base.modes import trying
from .layers.base.tracing import LayerCall, tracing
from .tensor import Tensor, no_grad

if TYPE_CHECKING:
    from .models.model import Model

__all__ = ["summary_text"]

_OTHER = (67, 131)  # values for open sizes other than the batch


@dataclass
class _Cost:
    """What the layers of a model put out and take, by the layer's id; None where it isn't known."""

    shapes: dict[int, Any] = field(default_factory=dict)
    flops: dict[int, float] | None = None
    total: dict[str, int] | None = None


def summary_text(
    model: Model,
    line_length: int | None,
    positions: Sequence[float] | None,
    expand_nested: bool,
    show_trainable: bool,
    layer_range: Sequence[str] | None,
    batch_size: int,
) -> str:
    """The whole text; the arguments are those of `Model.summary`."""
    cost = _cost(model, batch_size)
    header = ["Layer (type)", "Output Shape", "Param #", f"FLOPs, batch {batch_size}"]
    listed = list(_listed(model, expand_nested, layer_range))
    rows = [_row(layer, depth, cost, show_trainable) for layer, depth in listed]
    if show_trainable:
        header.append("Trainable")
    connections = getattr(model, "_connections", None)  # of functional models
    if connections is not None:
        header.append("Connected to")
        for row, (layer, depth) in zip(rows, listed, strict=True):
            row.append("-" if depth else ", ".join(connections(layer)) or "-")
    if positions is not None and len(positions) == len(header) - 1:  # Keras's columns
        del header[3]
        for row in rows:
            del row[3]
    widths = _widths([header, *rows], line_length, positions)
    line = "─" * sum(widths)
    numbers = [title.startswith(("Param", "FLOPs")) for title in header]
    body = [text for row in rows for text in _lines(row, widths, numbers)]
    return "\n".join(
        [
            f'Model: "{model.name}"',
            line,
            *_lines(header, widths, numbers),
            "═" * len(line),
            *body,
            line,
            *_totals(model, cost),
        ]
    )


def _listed(model: Layer, expand: bool, names: Sequence[str] | None) -> Iterator[tuple[Layer, int]]:
    """The layers that have a row, with how deep they lie."""
    layers: list[Layer] = getattr(model, "operations", None) or model.layers  # type: ignore[attr-defined]
    if names is not None:
        layers = layers[_range(model, layers, names)]
    for layer in layers:
        yield layer, 0
        if expand and hasattr(layer, "layers"):
            for inner, depth in _listed(layer, expand, None):
                yield inner, depth + 1


def _range(model: Layer, layers: list[Layer], names: Sequence[str]) -> slice:
    """From the first layer whose name begins with the first pattern to the last one of the second."""
    if isinstance(names, str) or len(names) != 2:
        raise ValueError(f"{model.name}: expected layer_range to be two names of layers, got {names!r}")
    first, last = ([i for i, layer in enumerate(layers) if re.match(name, layer.name)] for name in names)
    if not first or not last:
        raise ValueError(
            f"{model.name}: expected layer_range to name layers, got {tuple(names)}; there are: "
            f"{', '.join(layer.name for layer in layers)}"
        )
    begin, end = min(first), max(last)
    return slice(min(begin, end), max(begin, end) + 1)


def _row(layer: Layer, depth: int, cost: _Cost, show_trainable: bool) -> list[str]:
    name = f"{'    ' * (depth - 1) + '  └ ' if depth else ''}{layer.name} ({type(layer).__name__})"
    shape = cost.shapes.get(id(layer), layer._output_shape)
    count = f"{layer.count_params():,}" if layer.built else "0 (unbuilt)"
    flops = "?" if cost.flops is None else f"{int(cost.flops.get(id(layer), 0)):,}"
    row = [name, "?" if shape is None else _shape_text(shape), count, flops]
    if show_trainable:
        row.append("-" if not layer.weights else "Y" if layer.trainable else "N")
    return row


def _shape_text(shape: Any) -> str:
    if isinstance(shape, Spec):
        return str((None, *shape.shape[1:]) if shape.shape else ())
    if isinstance(shape, dict):
        return ", ".join(f"{key}: {_shape_text(item)}" for key, item in shape.items())
    if isinstance(shape, list) or (isinstance(shape, tuple) and any(isinstance(item, tuple) for item in shape)):
        return ", ".join(_shape_text(item) for item in shape)
    return str(shape)


# ---- laying out ------------------------------------------------------------------------------------------------------


def _widths(table: list[list[str]], length: int | None, positions: Sequence[float] | None) -> list[int]:
    """As wide as the contents, or a line's length divided at the positions: columns, or shares of the length."""
    natural = [max(len(row[column]) for row in table) + 2 for column in range(len(table[0]))]
    if positions is None:
        if length is None:
            return natural
        ends = [sum(natural[: column + 1]) * length // sum(natural) for column in range(len(natural))]
    else:
        if len(positions) != len(natural):
            raise ValueError(f"summary: expected {len(natural)} positions, got {len(positions)}")
        share = (length or sum(natural)) if positions[-1] <= 1 else 1
        ends = [int(position * share) for position in positions]
    widths = [end - begin for begin, end in zip([0, *ends[:-1]], ends, strict=True)]
    if min(widths) < 4:
        raise ValueError(f"summary: expected columns at least 4 characters wide, got {widths}")
    return widths


def _lines(row: list[str], widths: list[int], numbers: list[bool]) -> Iterator[str]:
    """A row's text, with cells that are too long on several lines, and numbers at the right of their columns."""
    cells = [
        textwrap.wrap(cell, width - 2, subsequent_indent="  ", drop_whitespace=True, replace_whitespace=False) or [""]
        if len(cell) > width - 2
        else [cell]
        for cell, width in zip(row, widths, strict=True)
    ]
    for parts in zip_longest(*cells, fillvalue=""):
        pieces = [
            f"{part:>{width - 2}}  " if right else f"{part:<{width}}"
            for part, width, right in zip(parts, widths, numbers, strict=True)
        ]
        yield "".join(pieces).rstrip()


def _totals(model: Model, cost: _Cost) -> list[str]:
    total, trainable = _sizes(model.weights), _sizes(model.trainable_weights)
    lines = [
        f" Total params: {_amount(*total)}",
        f" Trainable params: {_amount(*trainable)}",
        f" Non-trainable params: {_amount(total[0] - trainable[0], total[1] - trainable[1])}",
    ]
    if model.optimizer is not None and model.optimizer._slots:
        lines.append(f" Optimizer params: {_amount(*_sizes(model.optimizer.variables))}")
    if cost.total is not None:
        info = cost.total
        lines.append(f" FLOPs: {info['flops']:,} for a batch of {info['batch']}")
        lines.append(f" Memory: {_bytes(info['arena_bytes'])} beside the weights to predict a batch of {info['batch']}")
    return lines


def _sizes(weights: list[Tensor]) -> tuple[int, int]:
    """Numbers and bytes."""
    return sum(w.size for w in weights), sum(w.size * w.dtype.itemsize for w in weights)


def _amount(count: int, size: float) -> str:
    """1,234 (4.82 KB)."""
    return f"{count:,} ({_bytes(size)})"


def _bytes(size: float) -> str:
    """4.82 KB."""
    for unit in ("B", "KB", "MB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} GB"


# ---- reading the graph -----------------------------------------------------------------------------------------------


def _cost(model: Model, batch: int) -> _Cost:
    """What the graph of the model's call says; nothing for a model that isn't built, or whose call needs numbers."""
    shape = model._input_shape or model._built_for
    if not model.built or shape is None:
        return _Cost()
    specs = model._specs(shape)
    sizes: list[tuple[int, ...]] = []
    map_structure(lambda spec: sizes.append(spec.shape), specs, Spec)
    open_sizes = any(size is None for one in sizes for size in one[1:])
    try:
        graph, calls = _record(model, specs, batch, _OTHER[0])
        _, others = _record(model, specs, batch + 1, _OTHER[1])
    except (ValueError, TypeError, IndexError):
        return _Cost()
    second = {id(call.layer): call.result for call in reversed(others)}
    cost = _Cost({id(c.layer): merged(c.result, second[id(c.layer)]) for c in reversed(calls) if id(c.layer) in second})
    if not open_sizes:
        counts = graph.flops(batch)
        cost.flops = {}
        for call in calls:
            known = cost.flops.get(id(call.layer), 0.0)
            cost.flops[id(call.layer)] = known + sum(counts[call.first : call.last])
        cost.total = graph.plan(batch)
    return cost


def _record(model: Model, specs: Any, batch: int, other: int) -> tuple[_core.Graph, list[LayerCall]]:
    """The graph of the model's call on tensors without values, and the calls of layers in it."""
    recorder = _core.Recorder()
    inputs: list[Tensor] = []

    def make(spec: Spec) -> Tensor:
        inputs.append(abstract(sizes_for(spec.shape, batch, other), spec.dtype))
        recorder.argument(inputs[-1]._array, f"argument_{len(inputs) - 1}", True)
        return inputs[-1]

    arguments = map_structure(make, specs, Spec)
    for name, state in model._named_states().items():
        recorder.state(state._array, name)
    results: list[Tensor] = []
    with no_grad(), trying(), recorder, tracing(lambda: recorder.nodes) as trace:
        map_structure(results.append, model(arguments, training=False), Tensor)
    for index, result in enumerate(results):
        recorder.result(result._array, f"result_{index}")
    return recorder.finish(), trace.calls

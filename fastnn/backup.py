"""The whole state of training in a file, for `BackupAndRestore`: weights, optimizers, random numbers, the place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from .layers.base import Layer
from .optimizers import Optimizer
from .saving import (
    COUNTS,
    SEEDS,
    cells_of_parts,
    check_tensors,
    number_of,
    random_state,
    read_file,
    restore_parts,
    restore_random_state,
    shapes_of,
    write_file,
)
from .tensor import Tensor

if TYPE_CHECKING:
    from .models.model import Model

__all__ = ["load_backup", "other_optimizers", "save_backup"]


def save_backup(model: Model, filepath: Any, epoch: int, batches: int) -> None:
    """Write the whole state of training, which has done so many epochs, and batches of the next one."""
    optimizer = model.optimizer
    assert optimizer is not None
    place = {"epoch": epoch, "batches": batches, "iterations": optimizer.iterations}
    cells = {"calls": int(optimizer._calls.value), "rate": float(optimizer._rate.value)}
    others = other_optimizers(model)
    settings = {"optimizers": {path: _cells(model, other) for path, other in others.items()}} if others else {}
    shape = {"built_for": model._built_for} if model._built_for is not None else {}
    metadata = {"kind": "backup", "random": random_state(model), **place, **cells, **settings, **shape}
    metadata |= cells_of_parts(model, optimizer)
    write_file(filepath, {**model._train_states(), **_other_slots(model, others)}, metadata, True)


def other_optimizers(model: Model) -> dict[str, Optimizer]:
    """The optimizers, by path, that a model with a train_step of its own holds besides the one of `compile`."""
    found: dict[str, Optimizer] = {}
    for path, node in model._walk():
        for name, value in vars(node).items():
            items = {name: value}
            if isinstance(value, list | tuple | dict):
                parts = value.items() if isinstance(value, dict) else enumerate(value)
                items = {f"{name}.{key}": item for key, item in parts}
            for key, item in items.items():
                if isinstance(item, Optimizer) and item is not model.optimizer and item not in found.values():
                    found[f"{path}.{key}" if path else key] = item
    return found


def _other_slots(model: Model, optimizers: Mapping[str, Optimizer]) -> dict[str, Tensor]:
    """What they keep for the model's weights."""
    return {
        f"optimizers.{path}.{name}.{weight_path}": slot
        for path, optimizer in optimizers.items()
        for weight_path, weight in model._named_weights().items()
        for name, slot in optimizer._slots_of(weight).items()
    }


def _cells(model: Model, optimizer: Optimizer) -> dict[str, Any]:
    """How far an optimizer is."""
    cells = {"iterations": optimizer.iterations, "calls": int(optimizer._calls.value)}
    return {**cells, "rate": float(optimizer._rate.value), **cells_of_parts(model, optimizer)}


def _restore_others(model: Model, tensors: dict[str, np.ndarray], settings: Mapping[str, Any]) -> dict[str, Tensor]:
    """Put a model's other optimizers where a backup says they were, and give the tensors that are to be assigned."""
    others = other_optimizers(model)
    if set(others) != set(settings):
        raise ValueError(f"expected the optimizers {sorted(settings)}, got a model with {sorted(others)}")
    for path, optimizer in others.items():
        kept = {
            weight_path
            for weight_path in model._named_weights()
            if any(name.startswith(f"optimizers.{path}.") and name.endswith(f".{weight_path}") for name in tensors)
        }
        optimizer._forget()  # the slots of steps that the backup doesn't know
        optimizer.build(weight for weight_path, weight in model._named_weights().items() if weight_path in kept)
        for cell, name in ((optimizer._count, "iterations"), (optimizer._calls, "calls")):
            cell.value = number_of(settings[path], name, COUNTS)
        optimizer._rate.value = float(settings[path]["rate"])
        restore_parts(model, optimizer, settings[path])
    if others:
        model._train_step.drop()
    return _other_slots(model, others)


def load_backup(model: Model, filepath: Any) -> tuple[int, int]:
    """Put a model into the state of training that `save_backup` has written: the epochs and batches that are done.

    Raises
    ------
    ValueError
        The file is damaged, or of another model; nothing has changed then.
    """
    tensors, metadata = read_file(filepath)
    optimizer = model.optimizer
    assert optimizer is not None
    try:
        if metadata.get("kind") != "backup":
            raise ValueError("expected a backup of training")
        if not model.built and "built_for" in metadata:
            model.compute_output_shape(shapes_of(metadata["built_for"]))
        tensors.update(_fresh_states(model, tensors))
        targets = {**model._train_states(), **_restore_others(model, tensors, metadata.get("optimizers", {}))}
        check_tensors(targets, tensors)
        names = ("epoch", "batches", "iterations", "calls")
        epoch, batches, iterations, calls = (number_of(metadata, name, COUNTS) for name in names)
        seed = number_of(metadata["random"], "seed", SEEDS)
        rate = float(metadata["rate"])
        restore_parts(model, optimizer, metadata)
        restore_random_state(model, metadata["random"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"{filepath}: can't go on with the training of {model.name}: {error}") from error
    model._seed = seed
    optimizer._count.value, optimizer._calls.value, optimizer._rate.value = iterations, calls, rate
    for path, target in targets.items():
        target.assign(tensors[path])
    return epoch, batches


def _fresh_states(model: Model, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Make the states of stateful layers that a backup holds; zeros for those of a backup before the first batch."""
    zeros = {}
    for path, layer in model._walk():
        if isinstance(layer, Layer) and layer.stateful:
            prefix = f"{path}.state." if path else "state."
            saved = [array for name, array in tensors.items() if name.startswith(prefix)]
            if saved:
                layer.make_states(len(saved[0]))
            else:
                for name, state in layer._states.items():
                    zeros[prefix + name] = np.zeros(state.shape, state.dtype)
    return zeros

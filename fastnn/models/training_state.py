"""What belongs to training in a copy of a model: what it is compiled with, its optimizer, and how far it is."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from ..backup import other_optimizers
from ..compile_config import compile_from_config, heads_config, told_objects

if TYPE_CHECKING:
    from .model import Model

__all__ = ["take_training_state", "training_state"]


def training_state(model: Model) -> dict[str, Any]:
    """What a copy of a model is compiled with, and goes on from.

    Raises
    ------
    ValueError
        Something without a name or a configuration is among it, or the model has optimizers besides that of `compile`.
    """
    if others := other_optimizers(model):
        raise ValueError(f"expected no optimizer but that of compile, got {', '.join(others)} too")
    state: dict[str, Any] = {"epochs": model._epochs}
    optimizer = model.optimizer
    if optimizer is None:
        return state
    paths = {id(weight): path for path, weight in model._named_weights().items()}
    return {
        **state,
        "heads": heads_config(model),
        "classes": model._own_classes(told_objects(model)),
        "precision": model._precision,
        "optimizer": optimizer._kept_for(paths),
        "slots": [paths[key] for key in optimizer._slots if key in paths],
    }


def take_training_state(model: Model, state: dict[str, Any]) -> None:
    """Compile a copy as its original is."""
    from .._custom import CustomObjectScope

    model._epochs = state["epochs"]
    if "heads" not in state:
        return
    optimizer = copy.deepcopy(state["optimizer"])
    with CustomObjectScope(state["classes"]):
        compile_from_config(model, {**state["heads"], "optimizer": optimizer})
    model._precision = state["precision"]
    named = model._named_weights()
    weights = [named[path] for path in state["slots"]]
    optimizer._rename_waiting([weight.path for weight in weights])
    optimizer.build(weights)

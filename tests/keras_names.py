"""What of Keras's names and arguments fastnn has: compares the two, and writes docs/keras_names.md.

Run as a program, `python tests/keras_names.py`, it writes the page anew from the installed Keras (3, on TensorFlow) and
fastnn. tests/test_keras_signatures.py holds the page to both.
"""

from __future__ import annotations

import importlib
import inspect
import os
from pathlib import Path
from typing import Any

import fastnn
from fastnn.layers.base.penalties import _roles
from fastnn.optimizers.arguments import Common

PAGE = Path(__file__).parent.parent / "docs" / "keras_names.md"
INTRODUCTION = """\
# Keras's names

Every public name of Keras 3.15 and what fastnn has of it; `tests/test_keras_signatures.py` reads this page and the
installed Keras, and fails when the two part. **yes**: the same arguments in the same order with the same defaults; the
arguments named behind it differ or are not taken, as said. **differs**: what there is instead, or why there is nothing.
**deferred**: fastnn hasn't got it yet. What differs in results and behaviour stands in [keras.md](keras.md).

Everywhere:

- Layers take `name`, `dtype`, `trainable`, `activity_regularizer`, regularizers and constraints by keyword.
- Optimizers take what they have in common (`weight_decay`, `clipnorm`, `use_ema`, ...) by keyword.
- A default of one number for all axes is written as that number, `2` for `(2, 2)`.
"""
SECTIONS = (
    *(
        f"keras.{name}"
        for name in (
            "layers",
            "activations",
            "initializers",
            "regularizers",
            "constraints",
            "losses",
            "metrics",
            "optimizers",
            "optimizers.schedules",
            "callbacks",
            "utils",
            "datasets",
            "models",
        )
    ),
    *("keras.Model", "keras.Sequential", "keras.layers.Layer", "keras.optimizers.Optimizer"),
    *("keras.losses.Loss", "keras.metrics.Metric", "keras.callbacks.Callback"),
)
# arguments that all layers take by keyword, and the optimizers' common ones; the page says so
BY_KEYWORD = {"name", "dtype", "trainable", "activity_regularizer"}
COMMON = set(Common.__annotations__)
REQUIRED = object()
# names that fastnn does without, and what there is instead
_STEPS = "steps become programs by themselves; own ones are `train_step`, `test_step` and `predict_step`"
_TENSORS = "weights are Tensors: `assign`, `backward`, `fastnn.grad`; functions of states are JAX's way"
_ONE_PLACE = "there is one process and one device"
_SLOTS = "an optimizer's state is its op's; its update is an op or `apply` of a subclass"
_FLOAT32 = "everything is float32"
_OTHERS = "layers of other frameworks are not run"
_BOXES = "image layers take images only"
DIFFERS = {
    "FlaxLayer": _OTHERS,
    "JaxLayer": _OTHERS,
    "TFSMLayer": _OTHERS,
    "TorchModuleWrapper": _OTHERS,
    "MaxNumBoundingBoxes": _BOXES,
    "bounding_boxes": _BOXES,
    "LossScaleOptimizer": "for float16, which loses small gradients; float32 doesn't",
    "scale_loss": "for float16, which loses small gradients; float32 doesn't",
    "legacy": "names of Keras 2",
    "OrbaxCheckpoint": "for JAX; `ModelCheckpoint` and `BackupAndRestore`",
    "add_metric": "refused by Keras 3 too; metrics are for `compile` and `train_step`",
    "compiled_loss": "`compute_loss`",
    "compiled_metrics": "`metrics`, `compute_metrics`",
    "distribute_reduction_method": _ONE_PLACE,
    "distribute_strategy": _ONE_PLACE,
    "dtype_policy": _FLOAT32,
    "input_dtype": _FLOAT32,
    "export": "`save`",
    "get_state_tree": "`get_weights`, `save`",
    "set_state_tree": "`set_weights`, `load_model`",
    "jit_compile": _STEPS,
    "make_predict_function": _STEPS,
    "make_test_function": _STEPS,
    "make_train_function": _STEPS,
    "rematerialized_call": "activations are kept",
    "stateless_call": _TENSORS,
    "stateless_compute_loss": _TENSORS,
    "stateless_apply": _TENSORS,
    "stateless_reset_state": _TENSORS,
    "stateless_result": _TENSORS,
    "stateless_update_state": _TENSORS,
    "add_optimizer_variables": _SLOTS,
    "add_variable_from_reference": _SLOTS,
    "assign": _SLOTS,
    "assign_add": _SLOTS,
    "assign_sub": _SLOTS,
    "update_step": _SLOTS,
    "add_variable": _SLOTS,
    "load_own_variables": "files hold an optimizer's state by the paths of weights",
    "save_own_variables": "files hold an optimizer's state by the paths of weights",
    "set_weights": "`variables`, each with `assign`",
    "metrics": "metrics are a model's",
    "metrics_variables": "metrics are a model's",
}


def whole(library: str, section: str) -> Any:
    """The module or class that a section is about, of keras or fastnn."""
    module, _, attribute = section.rpartition(".")
    if attribute[:1].isupper():
        return getattr(importlib.import_module(f"{library}{module.removeprefix('keras')}"), attribute)
    return importlib.import_module(f"{library}{section.removeprefix('keras')}")


def public(section: str) -> set[str]:
    """Keras's names of a section."""
    item = whole("keras", section)
    return {name for name in dir(item) if not name.startswith("_") and not (inspect.isclass(item) and name == "mro")}


def parameters(item: Any, bases: bool = False) -> dict[str, Any]:
    """Names and defaults; on request those of base classes that **kwargs stand for, too."""
    classes = [cls for cls in item.__mro__ if "__init__" in vars(cls)] if inspect.isclass(item) else [item]
    found: dict[str, Any] = {}
    for cls in classes:
        function = vars(cls)["__init__"] if inspect.isclass(item) else cls
        try:
            given = list(inspect.signature(function).parameters.values())
        except (TypeError, ValueError):
            return found
        for p in given:
            if p.name in ("self", "cls") or p.kind in (p.VAR_KEYWORD, p.VAR_POSITIONAL):
                continue
            found.setdefault(p.name, REQUIRED if p.default is p.empty else p.default)
        if not bases or not any(p.kind is p.VAR_KEYWORD for p in given):
            break
    return found


def plain(default: Any) -> Any:
    """A default as both write it: (2, 2) is 2, "Zeros" is "zeros"."""
    if isinstance(default, tuple) and len(set(default)) == 1 and isinstance(default[0], int):
        return default[0]
    return default.lower() if isinstance(default, str) else default


def keyword_only(name: str) -> bool:
    return name in BY_KEYWORD | COMMON or name.endswith(("_regularizer", "_constraint"))


def differences(theirs: Any, ours: Any) -> set[str]:
    """Names of arguments that Keras has and we don't, that have another default, or another place."""
    a, b = parameters(theirs), parameters(ours, bases=True)
    if inspect.isclass(ours) and issubclass(ours, fastnn.layers.Layer):
        roles = {f"{role}_{kind}" for role in penalized(ours) for kind in ("regularizer", "constraint")}
        b.update(dict.fromkeys(roles))
    if inspect.isclass(ours) and issubclass(ours, fastnn.optimizers.Optimizer):
        b.update({name: a.get(name) for name in COMMON})
    missing = {name for name in a if name not in b}
    other = {name for name in a if name in b and not keyword_only(name) and plain(a[name]) != plain(b[name])}
    places = [name for name in a if name in b and not keyword_only(name)]
    order = [name for name in b if name in places]
    moved = {name for name, wanted in zip(order, places, strict=True) if name != wanted}
    return missing | other | moved


def penalized(cls: Any) -> tuple[str, ...]:
    """What a layer class takes regularizers of."""
    cells = {"LSTM": "LSTMCell", "GRU": "GRUCell", "SimpleRNN": "SimpleRNNCell"}
    return _roles(getattr(fastnn.layers, cells.get(cls.__name__, cls.__name__), cls))


def safe_signature(item: Any) -> Any:
    try:
        return inspect.signature(item)
    except (TypeError, ValueError):
        return ""


def on_instances(section: str, name: str) -> bool:
    """Whether objects of a class have an attribute that the class itself hasn't."""
    if section == "keras.callbacks.Callback":
        return name == "model"
    layer = fastnn.layers.Dense(1)
    model = fastnn.Sequential([fastnn.Input((2,)), layer])
    objects: dict[str, Any] = {"keras.layers.Layer": layer, "keras.Sequential": model, "keras.Model": model}
    return hasattr(objects.get(section), name)


def told(section: str, name: str) -> str:
    """What the page says about a name."""
    theirs, ours = getattr(whole("keras", section), name), getattr(whole("fastnn", section), name, None)
    if ours is None and not on_instances(section, name):
        return f"differs: {DIFFERS[name]}" if name in DIFFERS else "deferred"
    if ours is None:
        return "yes"
    if not callable(theirs) or "*args" in str(safe_signature(theirs)):
        return "yes"
    parts = differences(theirs, ours)
    order = [part for part in parameters(theirs) if part in parts]
    missing = [part for part in order if part not in parameters(ours, bases=True) and not keyword_only(part)]
    kinds = {"without": missing, "other default or place of": [part for part in order if part not in missing]}
    listed = [f"{kind} {', '.join(f'`{part}`' for part in those)}" for kind, those in kinds.items() if those]
    return f"yes, {'; '.join(listed)}" if listed else "yes"


def page() -> str:
    """The text of docs/keras_names.md."""
    parts = [INTRODUCTION]
    for section in SECTIONS:
        rows = [f"| `{name}` | {told(section, name)} |" for name in sorted(public(section))]
        parts.append("\n".join([f"## {section}", "", "| name | fastnn |", "|---|---|", *rows, ""]))
    return "\n".join(parts)


if __name__ == "__main__":
    os.environ["KERAS_BACKEND"] = "tensorflow"
    PAGE.write_text(page(), encoding="utf-8")

"""Objects as plain data and back, by Keras's names; small helpers about models and batches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import _config
from .._custom import CustomObjectScope, get_registered_name, get_registered_object
from ..layers.base import naming
from ..layers.base.symbolic import SymbolicTensor
from ..layers.input_layer import InputLayer

__all__ = [
    "clear_session",
    "deserialize_keras_object",
    "get_source_inputs",
    "is_keras_tensor",
    "pack_x_y_sample_weight",
    "serialize_keras_object",
    "standardize_dtype",
    "unpack_x_y_sample_weight",
]

_MODULES = ("layers", "losses", "metrics", "optimizers", "initializers", "regularizers", "constraints", "activations")


def serialize_keras_object(obj: Any) -> Any:
    """An object as data that JSON can hold.

    Parameters
    ----------
    obj : object with get_config, registered function, or numbers, texts, lists and dictionaries of such

    Returns
    -------
    dict with module, class_name and config for objects; a name for functions

    Raises
    ------
    TypeError
        It is nothing of the kind.
    """
    if obj is None or isinstance(obj, bool | int | float | str):
        return obj
    if isinstance(obj, list | tuple):
        return [serialize_keras_object(item) for item in obj]
    if isinstance(obj, dict):
        return {key: serialize_keras_object(item) for key, item in obj.items()}
    if isinstance(obj, _config.Configurable):
        return {"module": type(obj).__module__, **_config.serialize(obj)}
    if callable(obj) and hasattr(obj, "__name__"):
        return get_registered_name(obj)
    raise TypeError(f"serialize_keras_object: expected an object with get_config, got {obj!r}")


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True
) -> Any:
    """The object that `serialize_keras_object` wrote.

    Parameters
    ----------
    config : dict, or a list of such, or plain data, which is returned as it is
    custom_objects : dict, optional
        Classes and functions of your own by name, unless they are registered.
    safe_mode : bool, default True
        Accepted as in Keras: no code is read from data.

    Raises
    ------
    ValueError
        A class is not known.
    """
    import importlib

    if isinstance(config, list):
        return [deserialize_keras_object(item, custom_objects) for item in config]
    if isinstance(config, str):
        own = get_registered_object(config, custom_objects)
        return config if own is None else own
    if not isinstance(config, dict):
        return config
    if not {"class_name", "config"} <= set(config):
        return {key: deserialize_keras_object(item, custom_objects) for key, item in config.items()}
    part = str(config.get("module") or "").partition(".")[2].partition(".")[0]
    names = (part, *_MODULES) if part in _MODULES else _MODULES
    with CustomObjectScope(custom_objects):
        for name in names:
            module = importlib.import_module(f"fastnn.{name}")
            item = getattr(module, config["class_name"], None)
            if isinstance(item, type) and hasattr(module, "deserialize"):
                return module.deserialize(config)
        from ..layers import deserialize

        return deserialize(config)  # models and registered classes, or the error that names it


def clear_session(free_memory: bool = True) -> None:
    """Let automatic names of layers, losses and metrics begin anew: dense, dense_1, ...

    Parameters
    ----------
    free_memory : bool, default True
        Whether Python's garbage, such as models that nothing refers to, is collected.
    """
    import gc

    naming._names.clear()
    _config._numbers.clear()
    if free_memory:
        gc.collect()


def is_keras_tensor(x: Any) -> bool:
    """Whether something is a symbolic tensor, such as `Input` returns.

    Raises
    ------
    ValueError
        It is no tensor at all.
    """
    from ..tensor import Tensor

    if not isinstance(x, SymbolicTensor | Tensor | np.ndarray):
        raise ValueError(f"is_keras_tensor: expected a tensor, got {x!r}")
    return isinstance(x, SymbolicTensor)


def get_source_inputs(tensor: SymbolicTensor) -> list[SymbolicTensor]:
    """What `Input` returned of all that a symbolic tensor is computed from."""
    found: dict[int, SymbolicTensor] = {}
    waiting, seen = [tensor], set()
    while waiting:
        t = waiting.pop()
        if id(t.node) in seen:
            continue
        seen.add(id(t.node))
        if isinstance(t.node.layer, InputLayer):
            found[id(t)] = t
        waiting += t.node.inputs()
    return list(found.values())


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """A batch as one tuple: x alone when the others are None, unless it is a tuple or list itself."""
    if y is None:
        return (x,) if isinstance(x, tuple | list) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """x, y and sample_weight of a batch; None for what isn't there.

    Raises
    ------
    ValueError
        It is a tuple of more than three.
    """
    parts = tuple(data) if isinstance(data, tuple | list) else (data,)
    if not 1 <= len(parts) <= 3:
        raise ValueError(f"unpack_x_y_sample_weight: expected x, (x, y) or (x, y, sample_weight), got {len(parts)}")
    return (*parts, None, None)[:3]


def standardize_dtype(dtype: Any) -> str:
    """The name of a dtype: "float32" for None, "int64" for "int"."""
    named = {None: "float32", "int": "int64", "float": "float32", int: "int64", float: "float32", bool: "bool"}
    try:
        return named[dtype] if dtype in named else np.dtype(dtype).name
    except TypeError as error:
        raise ValueError(f"standardize_dtype: expected a dtype, got {dtype!r}") from error

"""Models and weights in one safetensors file each.

Tensors are the weights by path ("0.kernel") and what the optimizer keeps ("optimizer.momentum.0.kernel"). The metadata
has one entry, "fastnn", with JSON: format_version, kind ("model", "weights" or "backup"), and for models the
architecture, the compile arguments and the state of optimizer and random numbers. One entry, because safetensors writes
several in any order, and a file's bytes are to depend on its content alone. Nothing in a file is ever executed.
"""

from __future__ import annotations

import errno
import os
import stat
import warnings
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core, random
from ._config import deserialize, serialize
from ._custom import (
    CustomObjectScope,
    custom_object_scope,
    get_custom_objects,
    get_registered_name,
    get_registered_object,
    register_keras_serializable,
)
from .compile_config import compile_config, compile_from_config
from .layers.base import Layer
from .layers.base.drawing import Drawing
from .layers.base.modes import zero_weights
from .tensor import Tensor
from .utils.objects import deserialize_keras_object, serialize_keras_object

if TYPE_CHECKING:
    from pathlib import Path

    from .models.model import Model
    from .optimizers import Optimizer
    from .utils import FeatureSpace

__all__ = [
    "CustomObjectScope",
    "custom_object_scope",
    "deserialize_keras_object",
    "get_custom_objects",
    "get_registered_name",
    "get_registered_object",
    "load_model",
    "load_weights",
    "register_keras_serializable",
    "save_model",
    "save_weights",
    "serialize_keras_object",
]

FORMAT_VERSION = 1
SEEDS = 2**63  # seeds are below
COUNTS = 2**53  # so are numbers of steps, of epochs and of draws, with room to go on counting
_OPTIMIZER = "optimizer."


def save_model(model: Model, filepath: Any, overwrite: bool = True, zipped: bool | None = None) -> None:
    """Write a whole model; see `Model.save`."""
    from .models.described import models_by_name
    from .models.functional import described_by_graph

    graph = type(model) in models_by_name().values() or described_by_graph(type(model))
    if not graph and not _describes_itself(model):
        raise ValueError(
            f"save: expected a Sequential or functional model, or one with get_config, got {type(model).__name__}, "
            "whose code no file holds; use save_weights and load_weights"
        )
    if not model.built:
        raise ValueError(f"save: expected {model.name} to have weights; call it on a batch first")
    metadata = {
        "kind": "model",
        "architecture": {**serialize(model), **({} if graph else {"build_input_shape": model._built_for})},
        "compile": _compile_settings(model),
        "random": random_state(model),
    }
    write_file(filepath, {**model._named_weights(), **model._named_slots()}, metadata, overwrite)


def load_model(
    filepath: Any, custom_objects: Mapping[str, Any] | None = None, compile: bool = True, safe_mode: bool = True
) -> Model:
    """Read a model that `Model.save` wrote; training goes on as if it had never been saved.

    Parameters
    ----------
    filepath : str or path
    custom_objects : dict, optional
        Classes and functions of your own by name, unless they are registered.
    compile : bool, default True
        Whether to compile the model as it was.
    safe_mode : bool, default True
        Accepted as in Keras: nothing in a file is ever executed.

    Returns
    -------
    Model
        Of a file that `FeatureSpace.save` wrote, the space.

    Raises
    ------
    ValueError
        The file is damaged, of a newer format, or doesn't hold a whole model.
    OSError
        The file can't be read.
    """
    with CustomObjectScope(custom_objects):
        found: Model = _load_model(filepath, custom_objects, compile)
    return found


def _load_model(filepath: Any, custom_objects: Mapping[str, Any] | None, compile: bool) -> Any:
    from .models.described import models_by_name

    tensors, metadata = read_file(filepath)
    if metadata.get("kind") == "feature_space":
        return _feature_space(filepath, tensors, metadata)
    if metadata.get("kind") != "model":
        raise ValueError(f"{filepath}: expected a whole model, got weights; make the model and use load_weights")
    try:
        architecture, settings, state = (metadata[key] for key in ("architecture", "compile", "random"))
        # the file's own size bounds what its architecture can ask for
        budget = sum(array.nbytes for array in tensors.values())
        with random.fixed_seed(number_of(state, "seed", SEEDS)), zero_weights(budget):
            model = deserialize("model", architecture, models_by_name(), custom_objects)
            if "build_input_shape" in architecture:
                model.compute_output_shape(shapes_of(architecture["build_input_shape"]))
        if not model.built:
            raise ValueError("the architecture has no input shape")
        if compile and settings is not None:
            try:
                compile_from_config(model, settings)
            except ValueError as error:
                raise ValueError(f"{error}; or load the model with compile=False") from error
            _build_slots(model, tensors)
        else:
            tensors = {path: array for path, array in tensors.items() if not path.startswith(_OPTIMIZER)}
        fill = _filling({**model._named_weights(), **model._named_slots()}, tensors)
        if model.optimizer is not None:
            model.optimizer._count.value = number_of(settings, "iterations", COUNTS)
            model.optimizer._calls.value = number_of({"calls": 0, **settings}, "calls", COUNTS)
            restore_parts(model, model.optimizer, settings)
        restore_random_state(model, state)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RuntimeError) as error:
        raise ValueError(f"{filepath}: can't make the model: {error}") from error
    fill()
    return model


def save_feature_space(space: FeatureSpace, filepath: Any) -> None:
    """Write what has been learned of a table; see `FeatureSpace.save`."""
    metadata = {"kind": "feature_space", "architecture": serialize(space)}
    write_file(filepath, space._named_weights(), metadata, overwrite=True)


def _feature_space(filepath: Any, tensors: Mapping[str, np.ndarray], metadata: dict[str, Any]) -> Any:
    from .utils import FeatureSpace

    try:
        with zero_weights(sum(array.nbytes for array in tensors.values())):
            space = FeatureSpace.from_config(metadata["architecture"]["config"])
            space._adapted = True
            space.get_encoded_features()
        fill = _filling(space._named_weights(), tensors)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RuntimeError) as error:
        raise ValueError(f"{filepath}: can't make the FeatureSpace: {error}") from error
    fill()
    return space


def _filling(targets: Mapping[str, Tensor], tensors: Mapping[str, np.ndarray]) -> Callable[[], None]:
    """What assigns a file's tensors, which are looked at now, when nothing else can fail any more."""
    check_tensors(targets, tensors)

    def fill() -> None:
        for path, target in targets.items():
            target.assign(tensors[path])

    return fill


def shapes_of(value: Any) -> Any:
    """Shapes of inputs as a file holds them: lists of sizes in lists and dictionaries."""
    if isinstance(value, dict):
        return {key: shapes_of(item) for key, item in value.items()}
    if all(size is None or isinstance(size, int) for size in value):
        return tuple(value)
    return [shapes_of(item) for item in value]


def _describes_itself(model: Model) -> bool:
    """Whether a model's class of your own has get_config, by which `from_config` makes it again."""
    from .models.functional import Functional

    return type(model).get_config not in (Layer.get_config, Functional.get_config)


def save_weights(model: Model, filepath: Any, overwrite: bool = True) -> None:
    """Write a model's weights; see `Model.save_weights`."""
    weights = model._named_weights()
    if not weights:
        raise ValueError(f"save_weights: expected {model.name} to have weights; call it on a batch first")
    write_file(filepath, weights, {"kind": "weights"}, overwrite)


def load_weights(model: Model, filepath: Any, skip_mismatch: bool = False) -> None:
    """Read a model's weights; see `Model.load_weights`."""
    tensors, _ = read_file(filepath)
    weights = model._named_weights()
    if not weights:
        raise ValueError(f"load_weights: expected {model.name} to have weights; call it on a batch first")
    found = {path: array for path, array in tensors.items() if not path.startswith(_OPTIMIZER)}
    if skip_mismatch:
        fits = {p: w for p, w in weights.items() if p in found and _kind(found[p]) == _kind(w)}
        if left_out := [path for path in (*weights, *(set(found) - set(weights))) if path not in fits]:
            warnings.warn(f"{filepath}: left out what doesn't fit: {', '.join(left_out)}", UserWarning, stacklevel=3)
        weights, found = fits, {path: found[path] for path in fits}
    try:
        check_tensors(weights, found)
    except ValueError as error:
        raise ValueError(f"{filepath}: the weights don't fit {model.name}: {error}") from error
    for path, weight in weights.items():
        weight.assign(found[path])


def _compile_settings(model: Model) -> dict[str, Any] | None:
    """What compile was given and how far the optimizer is; None, with a warning, when a file can't hold it."""
    if model.optimizer is None:
        return None
    cells: dict[str, Any] = {"iterations": model.optimizer.iterations, "calls": int(model.optimizer._calls.value)}
    cells |= cells_of_parts(model, model.optimizer)
    try:
        return {**compile_config(model), **cells}
    except (ValueError, NotImplementedError) as error:
        what = f"save: the file holds {model.name} without what compile was given: {error}"
        warnings.warn(what, UserWarning, stacklevel=4)
        return None


def _parts(model: Model, optimizer: Optimizer) -> dict[str, Optimizer]:
    """What takes the steps of each weight, by path, where it isn't the optimizer itself."""
    weights = {path: weight for path, weight in model._named_weights().items() if id(weight) in optimizer._slots}
    parts = {path: optimizer._part_of(weight) for path, weight in weights.items()}
    return {path: part for path, part in parts.items() if part is not optimizer}


def cells_of_parts(model: Model, optimizer: Optimizer) -> dict[str, Any]:
    """How far the optimizers are that an optimizer consists of, by the paths of weights; nothing for a single one."""
    cells = {
        path: {"iterations": part.iterations, "calls": int(part._calls.value), "rate": float(part._rate.value)}
        for path, part in _parts(model, optimizer).items()
    }
    return {"parts": cells} if cells else {}


def restore_parts(model: Model, optimizer: Optimizer, settings: Mapping[str, Any]) -> None:
    """Put the optimizers that an optimizer consists of where `cells_of_parts` says they were."""
    parts, cells = _parts(model, optimizer), settings.get("parts", {})
    if set(parts) != set(cells):
        raise ValueError(f"expected optimizers of {sorted(cells)}, got those of {sorted(parts)}")
    names = ("iterations", "calls")
    found = {
        path: (*(number_of(cells[path], name, COUNTS) for name in names), float(cells[path]["rate"])) for path in parts
    }
    for path, part in parts.items():
        part._count.value, part._calls.value, part._rate.value = found[path]


def _dropouts(model: Model) -> dict[str, Drawing]:
    return {path: layer for path, layer in model._walk() if isinstance(layer, Drawing)}


def random_state(model: Model) -> dict[str, Any]:
    """The model's seed, how many epochs it has trained, and the seed and the draws of every dropout layer."""
    dropouts = {path: [layer._seed_cell.value, layer._draws.value] for path, layer in _dropouts(model).items()}
    return {"seed": model._seed, "epochs": model._epochs, "dropouts": dropouts}


def restore_random_state(model: Model, state: dict[str, Any]) -> None:
    model._epochs = number_of(state, "epochs", COUNTS)
    for path, layer in _dropouts(model).items():
        seed, draws = state["dropouts"][path]
        layer._seed_cell.value = number_of({"seed": seed}, "seed", SEEDS)
        layer._draws.value = number_of({"draws": draws}, "draws", COUNTS)


def number_of(entries: Mapping[str, Any], name: str, end: int) -> int:
    """A whole number of a file, from 0 and below end."""
    value = entries[name]
    if type(value) is not int or not 0 <= value < end:
        raise ValueError(
            f"expected {name} to be a whole number from 0 and below 2**{end.bit_length() - 1}, got {value!r}"
        )
    return value


def _build_slots(model: Model, tensors: Mapping[str, np.ndarray]) -> None:
    """Make the optimizer's slots for the weights that the file has some of."""
    assert model.optimizer is not None
    kept = {path.removeprefix(_OPTIMIZER).partition(".")[2] for path in tensors if path.startswith(_OPTIMIZER)}
    model.optimizer.build(weight for path, weight in model._named_weights().items() if path in kept)


def _kind(tensor: Any) -> tuple[Any, ...]:
    """Shape and dtype."""
    return tuple(tensor.shape), tensor.dtype


def check_tensors(targets: Mapping[str, Tensor], tensors: Mapping[str, np.ndarray]) -> None:
    """Refuse tensors that are missing, unexpected, or of another shape or dtype."""
    for path, target in targets.items():
        if path not in tensors:
            raise ValueError(f"expected {path}, which is missing")
        got = tensors[path]
        if tuple(target.shape) != got.shape or target.dtype != got.dtype:
            raise ValueError(f"expected {path} {tuple(target.shape)} of {target.dtype}, got {got.shape} of {got.dtype}")
    if unexpected := sorted(set(tensors) - set(targets)):
        raise ValueError(f"expected nothing else, got {', '.join(unexpected[:5])}")


# ---- the file --------------------------------------------------------------------------------------------------------


def write_file(filepath: Any, tensors: Mapping[str, Tensor], metadata: dict[str, Any], overwrite: bool) -> None:
    import json
    from pathlib import Path

    from safetensors.numpy import save

    arrays = {path: np.asarray(tensor.numpy(), order="C") for path, tensor in tensors.items()}
    entry = {"format_version": FORMAT_VERSION, "fastnn_version": _core.version(), **metadata}
    _write_atomically(Path(filepath), save(arrays, {"fastnn": json.dumps(entry)}), overwrite)


def _write_atomically(path: Path, content: bytes, overwrite: bool) -> None:
    """Write beside the target, flush to the disk, rename: a reader sees the old file or the new one."""
    try:
        target = path.resolve()
    except RuntimeError as error:  # Python 3.11 and 3.12: symbolic links that lead in a circle
        raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(path)) from error
    if target.exists() and not target.is_file():
        raise OSError(f"{path}: expected a regular file to replace")
    if target.exists() and not overwrite:
        raise FileExistsError(f"{path}: the file exists, and overwrite is False")
    if not target.parent.is_dir():
        raise FileNotFoundError(f"{path}: no such folder")
    temporary = target.with_name(f".{target.name[:100]}.{os.urandom(8).hex()}.tmp")
    try:
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
        with os.fdopen(descriptor, "wb") as file:
            if target.exists():
                os.fchmod(descriptor, stat.S_IMODE(target.stat().st_mode))
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def read_file(filepath: Any) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Tensors and metadata of a file of ours."""
    import json
    from pathlib import Path

    from safetensors import SafetensorError
    from safetensors.numpy import load

    # read at once: a file that is cut while it is mapped would end the process
    data = Path(filepath).read_bytes()
    try:
        tensors: dict[str, np.ndarray] = load(data)
        size = int.from_bytes(data[:8], "little")
        header = json.loads(data[8 : 8 + size], object_pairs_hook=_unique).get("__metadata__", {})
        metadata = json.loads(header["fastnn"]) if "fastnn" in header else None
    except (SafetensorError, ValueError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{filepath}: not a safetensors file of fastnn, or damaged: {error}") from error
    if not isinstance(metadata, dict):
        raise ValueError(f"{filepath}: expected a file of fastnn, got a safetensors file without its metadata")
    version = metadata.get("format_version")
    if type(version) is not int or version < 1:
        raise ValueError(f"{filepath}: expected a format_version, got {version!r}")
    if version > FORMAT_VERSION:
        raise ValueError(
            f"{filepath}: written in format {version} by fastnn {metadata.get('fastnn_version')}; this is fastnn "
            f"{_core.version()}, which reads formats up to {FORMAT_VERSION}: install a newer one"
        )
    return tensors, metadata


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object, refused when a name comes twice."""
    result = dict(pairs)
    if len(result) < len(pairs):
        raise ValueError("a name comes twice")
    return result

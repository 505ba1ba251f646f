"""The page docs/keras_names.md against Keras 3 and fastnn: every public name, every argument, every default.

The page has a row for each public name of Keras's modules and for each method of its base classes. "yes" means the same
arguments in the same order with the same defaults; names of arguments behind it are the only ones that differ;
"deferred" means that fastnn hasn't got it. What holds for all rows stands at the top of the page.
"""

from __future__ import annotations

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

import fastnn

pytestmark = pytest.mark.keras

PAGE = Path(__file__).parent.parent / "docs" / "keras_names.md"
# arguments that all layers take by keyword, and the optimizers' common ones; the page says so
BY_KEYWORD = {"name", "dtype", "trainable", "activity_regularizer"}
COMMON = set(fastnn.optimizers.arguments.Common.__annotations__)
REQUIRED = object()
BASES = {"Constraint", "Initializer", "Loss", "Metric", "Optimizer", "Regularizer"}


def rows() -> list[tuple[str, str, str]]:
    """(section, name, what the page says)."""
    found, section = [], ""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = line[3:].strip("` ")
        elif match := re.fullmatch(r"\| `([^`]+)` \| (.+) \|", line):
            found.append((section, match[1], match[2]))
    return found


ROWS = rows()


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


def test_page_has_every_name() -> None:
    sections = {section for section, _, _ in ROWS}
    for section in sections:
        told = [name for other, name, _ in ROWS if other == section]
        assert len(told) == len(set(told)), section
        assert set(told) == public(section), section
    assert {f"keras.{name}" for name in ("layers", "losses", "metrics", "optimizers", "callbacks", "utils")} < sections


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
    from fastnn.layers.penalties import _roles

    cells = {"LSTM": "LSTMCell", "GRU": "GRUCell", "SimpleRNN": "SimpleRNNCell"}
    return _roles(getattr(fastnn.layers, cells.get(cls.__name__, cls.__name__)))


@pytest.mark.parametrize(("section", "name", "told"), ROWS, ids=lambda value: str(value)[:60])
def test_row(section: str, name: str, told: str) -> None:
    theirs = getattr(whole("keras", section), name)
    ours = getattr(whole("fastnn", section), name, None)
    if told.startswith("deferred"):
        assert ours is None, f"{name} is there"
        return
    assert told.startswith("yes"), told
    assert ours is not None or isinstance(whole("fastnn", section), type), f"{name} is missing"
    if not callable(theirs) or ours is None:
        return
    allowed = set(re.findall(r"`([^`]+)`", told))
    if "*args" in str(safe_signature(theirs)):
        return
    assert differences(theirs, ours) == allowed


def safe_signature(item: Any) -> Any:
    try:
        return inspect.signature(item)
    except (TypeError, ValueError):
        return ""


def kind(item: Any) -> str:
    """What an object or a function is called."""
    return item.__name__ if hasattr(item, "__name__") else type(item).__name__


@pytest.mark.parametrize(
    "module", ["losses", "metrics", "optimizers", "regularizers", "constraints", "initializers", "activations"]
)
def test_strings_resolve_as_in_keras(module: str) -> None:
    known = importlib.import_module(f"keras.src.{module}").ALL_OBJECTS_DICT
    ours, theirs = (importlib.import_module(f"{library}.{module}") for library in ("fastnn", "keras"))
    deferred = {name for section, name, told in ROWS if section == f"keras.{module}" and told.startswith("deferred")}
    wrong = {}
    for name, item in known.items():
        if item.__name__ in deferred | BASES:
            continue
        try:
            wanted = kind(theirs.get(name))
        except (ImportError, KeyError, TypeError):  # STFT's needs SciPy, others arguments
            continue
        try:
            got = kind(ours.get(name))
        except ValueError as error:
            got = str(error).split(";")[0]
        if got != wanted:
            wrong[name] = got
    assert not wrong

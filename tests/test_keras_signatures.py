"""The page docs/keras_names.md against Keras 3 and fastnn: every public name, every argument, every default.

The page has a row for each public name of Keras's modules and for each method of its base classes. "yes" means the same
arguments in the same order with the same defaults; names of arguments behind it are the only ones that differ;
"differs" says what there is instead, and "deferred" means that fastnn hasn't got it. What holds for all rows stands at
the top of the page.
"""

from __future__ import annotations

import importlib
import re
from typing import Any

import pytest
from keras_names import PAGE, SECTIONS, differences, page, public, safe_signature, whole

pytestmark = pytest.mark.keras

# what the plan leaves for later, with its kin
LATER = {
    *("Hashing", "HashedCrossing", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D", "SpectralNormalization"),
    *("CTC", "ctc", "Ftrl", "Lamb", "reuters"),
    *("image_dataset_from_directory", "text_dataset_from_directory", "audio_dataset_from_directory"),
    *("quantize", "quantized_build", "quantized_call", "quantization_mode", "get_quantization_layer_structure"),
}
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


def test_page_has_every_name() -> None:
    sections = {section for section, _, _ in ROWS}
    for section in sections:
        told = [name for other, name, _ in ROWS if other == section]
        assert len(told) == len(set(told)), section
        assert set(told) == public(section), section
    assert sections == set(SECTIONS)


def test_page_is_as_written() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python tests/keras_names.py writes it anew"


def test_nothing_else_is_left_for_later() -> None:
    assert {name for _, name, told in ROWS if told == "deferred"} <= LATER


@pytest.mark.parametrize(("section", "name", "told"), ROWS, ids=lambda value: str(value)[:60])
def test_row(section: str, name: str, told: str) -> None:
    theirs = getattr(whole("keras", section), name)
    ours = getattr(whole("fastnn", section), name, None)
    if told.startswith(("deferred", "differs: ")):
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


def kind(item: Any) -> str:
    """What an object or a function is called."""
    return item.__name__ if hasattr(item, "__name__") else type(item).__name__


@pytest.mark.parametrize(
    "module", ["losses", "metrics", "optimizers", "regularizers", "constraints", "initializers", "activations"]
)
def test_strings_resolve_as_in_keras(module: str) -> None:
    known = importlib.import_module(f"keras.src.{module}").ALL_OBJECTS_DICT
    ours, theirs = (importlib.import_module(f"{library}.{module}") for library in ("fastnn", "keras"))
    missing = ("deferred", "differs: ")
    deferred = {name for section, name, told in ROWS if section == f"keras.{module}" and told.startswith(missing)}
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

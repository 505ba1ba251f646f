"""The examples in docstrings run, and show what they say."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import fastnn

NAMES = sorted(
    info.name
    for info in pkgutil.walk_packages(fastnn.__path__, "fastnn.")
    if info.name.rpartition(".")[2] not in {"__main__", "_core"} and not info.name.startswith("fastnn._demo")
)


@pytest.mark.parametrize("name", NAMES)
def test_examples_in_docstrings(name: str) -> None:
    module = importlib.import_module(name)
    options = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS
    failed, _ = doctest.testmod(module, optionflags=options, report=True)
    assert failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    with_examples = {
        test.name for name in NAMES for test in finder.find(importlib.import_module(name)) if test.examples
    }
    assert {"fastnn.tensor.Tensor", "fastnn.autograd.grad", "fastnn.creation.rand"} <= with_examples

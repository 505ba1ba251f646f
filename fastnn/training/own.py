"""Steps of the user's own: `train_step`, `test_step` and `predict_step` of a subclass of Model, as programs.

They run by the machinery of `fastnn.compile`, which finds what they read and write. A step is called as those of the
library are, with the arrays of a batch in a row; the form of the data, which comes with the key, puts them together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from .. import _core
from ..batches import as_numbers
from ..compiled import Compiled
from ..program import Step
from ..tensor import Tensor, is_grad_enabled, no_grad

__all__ = ["OwnStep", "taken_apart"]


class OwnStep(Step):
    """A step whose function takes data as `fit` gives it, and returns results by name, or predictions.

    Parameters
    ----------
    function : bound method
    parts : dict
        Methods of the user's that the function calls by way of the library.
    on_tape : bool
        Whether gradients are followed.
    """

    own = True

    def __init__(self, name: str, function: Callable[[Any], Any], parts: dict[str, Any], on_tape: bool) -> None:
        @wraps(function)
        def step(data: Any) -> Any:
            return function(data)

        self._name, self._on_tape = name, on_tape
        self._compiled = Compiled(step, {name: function, **parts}, 0)

    @property
    def eager(self) -> bool:
        """Whether to run the function itself, always."""
        return self._compiled.eager

    @eager.setter
    def eager(self, value: bool) -> None:
        self._compiled.eager = value

    def __call__(self, *arguments: Any, out: Any = None, extra_key: tuple[Any, ...] = ()) -> Any:
        """Run the step; extra_key is the form of the data. Gives what the function returned."""
        data = put_together(extra_key[0], arguments)
        if self._on_tape or not is_grad_enabled():
            return self._compiled(data)
        with no_grad():
            return self._compiled(data)

    def planned(self, *arguments: Any, extra_key: tuple[Any, ...] = ()) -> _core.Program | None:
        return None

    def replay(self, *arguments: Any, **options: Any) -> int:
        """No step runs beside others: each gives results."""
        return 0

    def shortcut(self, x: Any, most: int) -> np.ndarray[Any, Any] | None:
        return None

    def drop(self) -> None:
        self._compiled.drop()

    def info(self) -> list[dict[str, int]]:
        return self._compiled.info()

    def text(self) -> str:
        return self._compiled.text()

    def plans(self, batch: int, passes: bool = False) -> str:
        return self._compiled.plans(batch, passes)

    def eager_reasons(self) -> list[str]:
        return self._compiled.eager_reasons()

    @property
    def recorded(self) -> bool:
        return self._compiled.recorded and not self.eager


class _Place(int):
    """Where in a row of arrays one is that belongs here."""


def taken_apart(where: str, name: str, value: Any, arrays: list[np.ndarray]) -> Any:
    """The form of a value made of arrays, which are put at the end of a row; None stays."""
    if value is None:
        return None
    if isinstance(value, dict):
        return {key: taken_apart(where, f"{name}[{key!r}]", item, arrays) for key, item in value.items()}
    if isinstance(value, list | tuple) and any(_is_part(item) for item in value):
        items = [taken_apart(where, f"{name}[{index}]", item, arrays) for index, item in enumerate(value)]
        return tuple(items) if isinstance(value, tuple) else items
    arrays.append(as_numbers(where, name, value))
    return _Place(len(arrays) - 1)


def _is_part(item: Any) -> bool:
    """Whether an item of a list is an array of its own, rather than a number or a row of one array."""
    return isinstance(item, np.ndarray | Tensor | dict | tuple) or (hasattr(item, "__array__") and np.ndim(item) > 0)


def put_together(form: Any, arrays: Sequence[Any]) -> Any:
    """Data of a form."""
    if isinstance(form, _Place):
        return arrays[form]
    if isinstance(form, dict):
        return {key: put_together(item, arrays) for key, item in form.items()}
    if isinstance(form, list | tuple):
        items = [put_together(item, arrays) for item in form]
        return tuple(items) if isinstance(form, tuple) else items
    return form

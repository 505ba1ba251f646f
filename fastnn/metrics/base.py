"""`Metric`: state that updates change through ops, so that programs do it without Python; running means and sums."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import functional as F
from .. import initializers, random
from .._config import Configurable, auto_name, snake_case
from ..initializers.base import takes_generator
from ..later import at_the_end, unless_at_rest
from ..losses.arrays import as_tensor, with_ranks_aligned
from ..losses.base import mask_as_weight
from ..program import update
from ..tensor import Tensor, Variable, constant, no_grad

__all__ = ["Mean", "MeanMetricWrapper", "Metric", "State", "Sum"]

Result = float | np.ndarray


class State(Variable):
    """A tensor that a metric keeps."""

    def assign(self, value: Any) -> None:
        """Overwrite the values; numbers and arrays are broadcast to the shape."""
        if not isinstance(value, Tensor):
            value = constant(np.broadcast_to(np.asarray(value, self.dtype), self.shape))
        super().assign(F.cast(value.detach(), self.dtype))

    def assign_add(self, value: Any) -> None:
        super().assign_add(F.cast(value, self.dtype) if isinstance(value, Tensor) else value)


class Metric(Configurable):
    """Base of the metrics. A subclass makes variables, and defines `update_state` and `result`.

    Parameters
    ----------
    dtype : str, default "float32"
    name : str, optional
        The class's name in snake case, numbered, when not given.
    """

    _direction: str | None = None  # "up" when larger is better, "down" when smaller is

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "update_state" in vars(cls):  # a layer that is only tried counts nothing
            cls.update_state = unless_at_rest(cls.update_state)  # type: ignore[method-assign]
        if "result" in vars(cls):  # in a step it is read at the end
            cls.result = at_the_end(cls.result)  # type: ignore[assignment, method-assign]

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = auto_name(snake_case(type(self).__name__)) if name is None else name
        self._dtype = {None: "float32", "int": "int64"}.get(dtype, str(dtype))
        if self._dtype not in ("float32", "float64", "int32", "int64"):
            raise TypeError(f"{self.name}: expected dtype float32, float64, int32 or int64, got {dtype}")
        self._variables: list[State] = []

    @property
    def dtype(self) -> str:
        """What the metric was told to compute in."""
        return self._dtype

    @property
    def variables(self) -> list[State]:
        """The state, of metrics in attributes too."""
        inner = (value for value in vars(self).values() if isinstance(value, Metric))
        return [*self._variables, *(variable for metric in inner for variable in metric.variables)]

    def add_variable(
        self,
        shape: Sequence[int] = (),
        initializer: Any = "zeros",
        dtype: Any = None,
        aggregation: str | None = "sum",
        name: str | None = None,
    ) -> State:
        """Make a variable, to be changed with its `assign` and `assign_add`.

        Parameters
        ----------
        shape : tuple of int, default ()
        initializer : default "zeros"
        dtype : default float32
        aggregation : str
            Of Keras; of no use here.
        name : str, optional
        """
        initial = initializers.get("zeros" if initializer is None else initializer)
        # numbers of its own: making a metric doesn't change what weights begin with
        fixed = {"generator": random.generator(0, 0)} if takes_generator(initial) else {}
        dtype = np.dtype(np.float32 if dtype is None else dtype)
        values = np.asarray(initial(tuple(shape), dtype, **fixed), dtype)
        variable = State(values, path=f"{self.name}/{name or 'variable'}")
        self._variables.append(variable)
        return variable

    def add_weight(
        self, shape: Sequence[int] = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> State:
        """Another name of `add_variable`."""
        return self.add_variable(shape, initializer, dtype, name=name)

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Take a batch into account: (y_true, y_pred, sample_weight=None)."""
        raise NotImplementedError(f"{type(self).__name__} does not implement update_state")

    def result(self) -> Any:
        """The metric so far: a number, or an array."""
        raise NotImplementedError(f"{type(self).__name__} does not implement result")

    def reset_state(self) -> None:
        """Forget all batches."""
        for variable in self.variables:
            variable.assign(np.zeros(variable.shape))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Take a batch into account and return the result."""
        self.update_state(*args, **kwargs)
        return self.result()

    def check(self, *args: Any) -> None:
        """Try `update_state`, which may make variables, and leave the state as it was; others begin with zeros."""
        before = {id(variable): np.array(variable.numpy()) for variable in self.variables}
        try:
            with no_grad():
                self.update_state(*args)
        finally:
            for variable in self.variables:
                variable.assign(before.get(id(variable), np.zeros(variable.shape)))

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": self.dtype}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def samplewise(values: Tensor, sample_weight: Any, reduce: Callable[..., Tensor]) -> tuple[Tensor, Tensor | None]:
    """Values and weights with one number per sample, by Keras's rules; the values are multiplied by the weights."""
    weights = None
    if sample_weight is not None:
        weights = as_tensor(sample_weight, values)
        if values._mask is not None:
            weights = mask_as_weight(weights, values._mask, values, scaled=False)
        values, weights = with_ranks_aligned(values, weights)
        if values.ndim > weights.ndim:
            values = reduce(values, tuple(range(weights.ndim, values.ndim)))
        rank = weights.ndim
        weights = F.multiply(F.fill(values, 1.0), weights)
        values = F.multiply(values, weights)
        if rank > 1:
            weights = reduce(weights, tuple(range(1, rank)))
    if values.ndim > 1:
        values = reduce(values, tuple(range(1, values.ndim)))
    return values, weights


def _numbers(values: Any) -> Tensor:
    """Values as floating numbers that no gradient follows."""
    tensor = as_tensor(values)
    mask = tensor._mask
    tensor = tensor.detach() if tensor.dtype.kind == "f" else F.cast(tensor, np.float32)
    tensor._mask = mask
    return tensor


class Sum(Metric):
    """Sum of the values that `update_state` is given."""

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self.total = self.add_variable((), dtype="float64", name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Take values into account, times their weights when there are any."""
        with no_grad():
            numbers, _ = samplewise(_numbers(values), sample_weight, F.sum)
            self.total.assign_add(F.sum(numbers))

    def result(self) -> float:
        """The sum so far."""
        return float(self.total.numpy())


class Mean(Metric):
    """Mean of the values that `update_state` is given.

    Of every sample's values the mean is taken first; samples count by their weights.
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(dtype, name)
        self._sums = self.add_variable((2,), dtype="float64", name="total")  # of the values, and of their weights

    @property
    def total(self) -> float:
        """The sum of the values so far."""
        return float(self._sums.numpy()[0])

    @property
    def count(self) -> float:
        """How many values there were, or the sum of their weights."""
        return float(self._sums.numpy()[1])

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Take values into account: a Tensor, an array or a number."""
        with no_grad():
            numbers, weights = samplewise(_numbers(values), sample_weight, F.mean)
            if weights is None:
                update("mean_update", self._sums, numbers)
            else:
                self._sums.assign_add(F.stack([F.sum(numbers), F.sum(weights)]))

    def result(self) -> float:
        """The mean so far; 0 before the first batch, as in Keras."""
        total, count = self._sums.numpy()
        return float(total / count) if count else 0.0


class MeanMetricWrapper(Mean):
    """The mean of a function(y_true, y_pred, **options) that gives values per sample.

    Parameters
    ----------
    fn : function
    name : str, optional
        The function's when not given.
    dtype : str, optional
    **options
        Attributes, handed on to the function; part of the configuration.
    """

    _fused: Callable[..., Tensor] | None = None  # gives the same mean faster, when every sample counts alike

    def __init__(self, fn: Callable[..., Any], name: str | None = None, dtype: Any = None, **options: Any) -> None:
        if name is None:
            name = re.sub(r"\W", "", getattr(fn, "__name__", "") or snake_case(type(fn).__name__))  # <lambda>, say
        super().__init__(name, dtype)
        self._fn = fn
        self._option_names = tuple(options)
        for option, value in options.items():
            setattr(self, option, value)

    def _options(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self._option_names}

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # type: ignore[override]
        """Take a batch into account; steps that the mask of y_pred leaves out don't count."""
        with no_grad():
            mask = getattr(y_pred, "_mask", None)
            fn = self._fn
            if self._fused is not None and sample_weight is None and mask is None and np.ndim(y_pred) > 1:
                fn = self._fused
            values = as_tensor(fn(y_true, y_pred, **self._options()))
            if mask is not None:
                weights = None if sample_weight is None else as_tensor(sample_weight, values)
                sample_weight = mask_as_weight(weights, mask, values, scaled=False)
            super().update_state(values, sample_weight)

    def get_config(self) -> dict[str, Any]:
        if type(self) is MeanMetricWrapper:
            raise ValueError(f"metric: {self.name} is a function of your own, which a configuration can't hold")
        return {**super().get_config(), **self._options()}

"""Data tried on one sample, so that what doesn't fit is refused before anything changes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..batches import Batches, Samples, check_labels
from ..heads import samples_of
from ..layers.base import trying
from ..tensor import Tensor, no_grad
from .programs import Programs

__all__ = ["Trials"]


class Trials(Programs):
    """Checks what fit, evaluate and predict are given."""

    def _samples(self, where: str, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None) -> Samples:
        return samples_of(where, self._input_names(), self._heads, x, y, sample_weight, class_weight)

    def _batches(self, samples: Samples, size: int) -> Batches:
        inputs, *others = self._parted(samples)
        dtypes = [*self._input_dtypes(inputs), *(array.dtype for part in others for array in part)]
        return Batches(samples, dtypes, size)

    def _forward_one(self, inputs: Sequence[np.ndarray]) -> list[Tensor]:
        """The outputs for the first sample; builds the model."""
        dtypes = self._input_dtypes(inputs)
        with no_grad(), trying():
            ones = [np.asarray(array[:1], dtype=dtype) for array, dtype in zip(inputs, dtypes, strict=True)]
            outputs = self._outputs_for(ones, training=False)
        for output in outputs:
            if not isinstance(output, Tensor) or output.shape[:1] != (min(len(inputs[0]), 1),):
                raise TypeError(
                    f"{self.name}: expected call to return a Tensor (batch, ...), got {type(output).__name__}"
                )
        return outputs

    def _outputs_of(self, inputs: Sequence[np.ndarray]) -> list[tuple[tuple[int, ...], np.dtype[Any]]]:
        """Shape and dtype of one sample's outputs."""
        self._notice(self._structure)
        outputs = self._outputs
        form = tuple(array.shape[1:] for array in inputs)
        known = outputs.get(form)
        if known is None:
            results = self._forward_one(inputs)
            known = outputs[form] = [(tuple(result.shape[1:]), result.dtype) for result in results]
        return known

    def _try(self, where: str, *samples: np.ndarray) -> None:
        """Run model, losses and metrics on one sample, so that what doesn't fit is refused before anything changes."""
        inputs, targets, weights = self._parted(samples)
        predictions = self._forward_one(inputs)
        for index, (head, y, prediction) in enumerate(zip(self._heads, targets, predictions, strict=True)):
            with no_grad():
                # class numbers are checked below, all at once
                target = Tensor(np.zeros_like(y[:1], order="C") if head.loss.sparse else np.ascontiguousarray(y[:1]))
                given = [Tensor(np.ascontiguousarray(weight[:1])) for weight in weights[index : index + 1]]
                try:
                    head.loss(target, prediction, *given)
                    for metric in head.metrics:
                        metric.check(target, prediction)
                    for metric in head.weighted_metrics:
                        metric.check(target, prediction, *given)
                except (ValueError, TypeError) as error:
                    if len(self._heads) > 1:
                        error.add_note(f"at the output {head.name}")
                    raise
            if head.loss.sparse:
                place = where if len(self._heads) == 1 else f"{where}: y[{head.name!r}]"
                check_labels(place, y, prediction.shape[-1], head.loss.ignore_class)

    def _try_once(self, where: str, *samples: np.ndarray) -> None:
        """_try, for the first batch of a form: later ones are refused by their step, which leaves nothing half-done."""
        form = tuple((array.shape[1:], array.dtype.str) for array in samples)
        if form not in self._tried:
            self._try(where, *samples)
            self._tried.add(form)

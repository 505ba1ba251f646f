"""Data tried on one sample, so that what doesn't fit is refused before anything changes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import random
from ..abstract import abstract
from ..batches import Batches, Samples, as_numbers, check_labels, class_weights, target_dtype
from ..heads import Head, named_arrays, samples_of
from ..layers.base.modes import trying
from ..program import Step
from ..tensor import DTYPES, Tensor, no_grad
from ..utils.objects import pack_x_y_sample_weight
from .feeds import ArrayFeed, Feed, Prepared, StreamFeed
from .programs import Programs
from .sources import is_dataset, kind_of, source_of

__all__ = ["Trials"]


class Trials(Programs):
    """Checks what fit, evaluate and predict are given."""

    _unrecorded = Programs._unrecorded | {"_epochs"}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._seed = random.next_seed()
        self._epochs = 0  # trained in the model's life; names the shuffle of each

    def _prepared(
        self, where: str, step: Step, x: Any, y: Any = None, sample_weight: Any = None, class_weight: Any = None
    ) -> Prepared:
        """Checked data for a step: inputs alone for that of predict."""
        if step.own:
            return self._own_prepared(where, x, y, sample_weight, class_weight)
        names = self._input_names()
        if step is self._predict_step:
            arrays = named_arrays(where, "x", names, x)
            return Prepared(tuple(arrays), self._input_dtypes(arrays), ())
        samples = samples_of(where, names, self._heads, x, y, sample_weight, class_weight)
        return Prepared(samples, self._dtypes_of(samples), ())

    def _own_prepared(
        self, where: str, x: Any, y: Any, sample_weight: Any, class_weight: Any, *, packed: bool = False
    ) -> Prepared:
        """Data in any form, for a step of the user's own; x in a tuple stays in one when it came so."""
        from .own import taken_apart

        arrays: list[np.ndarray] = []
        inputs = taken_apart(where, "x", x, arrays)
        count = len(arrays)
        if not count:
            raise ValueError(f"{where}: expected data x, got None")
        if class_weight is not None:
            sample_weight = class_weights(where, class_weight, as_numbers(where, "y", y))
        targets, weights = (
            taken_apart(where, name, value, arrays) for name, value in (("y", y), ("sample_weight", sample_weight))
        )
        if len({len(array) for array in arrays}) > 1:
            raise ValueError(f"{where}: expected data of one length, got {', '.join(str(len(a)) for a in arrays)}")
        dtypes = [self._input_dtype(a) if i < count else _dtype_of_others(a) for i, a in enumerate(arrays)]
        form = (inputs,) if packed else pack_x_y_sample_weight(inputs, targets, weights)
        return Prepared(tuple(arrays), dtypes, (form,))

    def _dtypes_of(self, samples: Samples) -> list[np.dtype[Any]]:
        """What batches of inputs, targets and weights become."""
        inputs, targets, weights = self._parted(samples)
        of_targets = [target_dtype(y, head.loss) for y, head in zip(targets, self._heads, strict=True)]
        return [*self._input_dtypes(inputs), *of_targets, *(np.dtype(np.float32) for _ in weights)]

    def _forward(self, inputs: Sequence[Any]) -> list[Tensor]:
        """The outputs for a batch; builds the model."""
        with no_grad(), trying():
            outputs = self._outputs_for(inputs, training=False)
        for output in outputs:
            if not isinstance(output, Tensor) or output.shape[:1] != inputs[0].shape[:1]:
                raise TypeError(
                    f"{self.name}: expected call to return a Tensor (batch, ...), got {type(output).__name__}"
                )
        return outputs

    def _forward_one(self, inputs: Sequence[np.ndarray]) -> list[Tensor]:
        """The outputs for the first sample."""
        dtypes = self._input_dtypes(inputs)
        return self._forward([np.asarray(a[:1], dtype=dtype) for a, dtype in zip(inputs, dtypes, strict=True)])

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

    def _try(self, where: str, step: Step, samples: Samples) -> None:
        """Run model, losses and metrics on one sample, so that what doesn't fit is refused before anything changes.

        Of a form that has been tried only class numbers are looked at.
        """
        if step.own:
            return
        form = self._form_of(step, samples)
        try:
            if step is self._predict_step:
                self._outputs_of(samples)
                self._tried[form] = []
                return
            if form not in self._tried:
                self._tried[form] = self._try_one(step, samples)
            self._check_classes(where, samples, self._tried[form])
        except (ValueError, TypeError) as error:
            told = self._for_all(error, step, samples)
            if told is None:
                raise
            raise told from None

    def _form_of(self, step: Step, samples: Samples) -> tuple[Any, ...]:
        """What decides whether samples fit a step, but for their numbers."""
        shapes = ((array.shape[1:], array.dtype.str) for array in samples)
        return (step is self._predict_step, step is self._train_step, *shapes)

    def _try_one(self, step: Step, samples: Samples) -> list[int]:
        """Run one sample: how many numbers the predictions of each output end with."""
        inputs, targets, weights = self._parted(samples)
        predictions = self._forward_one(inputs)
        if self._loss is None and not self.losses and not (step is self._train_step and self._runs_own_code()):
            self._sum_of([])  # layers of the user's may add losses in training only: then the step finds out
        for index, (head, y, prediction) in enumerate(zip(self._heads, targets, predictions, strict=True)):
            sparse = head.loss is not None and head.loss.sparse
            # class numbers are checked below, all at once
            labels = np.zeros_like(y[:1], order="C") if sparse else y[:1]
            target = Tensor(np.ascontiguousarray(labels, dtype=target_dtype(y, head.loss)))
            given = [Tensor(np.ascontiguousarray(weight[:1])) for weight in weights[index : index + 1]]
            with no_grad(), self._at(head):
                if head.loss is not None:
                    head.loss(target, prediction, *given)
                for metric in head.metrics:
                    metric.check(target, prediction)
                for metric in head.weighted_metrics:
                    metric.check(target, prediction, *given)
        return [prediction.shape[-1] for prediction in predictions]

    def _check_classes(self, where: str, samples: Samples, counts: Sequence[int]) -> None:
        """Refuse class numbers beyond those that the outputs have."""
        _, targets, _ = self._parted(samples)
        for head, y, count in zip(self._heads, targets, counts, strict=True):
            if head.loss is not None and head.loss.sparse:
                place = where if len(self._heads) == 1 else f"{where}: y[{head.name!r}]"
                check_labels(place, y, count, head.loss.ignore_class)

    @contextmanager
    def _at(self, head: Head) -> Iterator[None]:
        """Around what an output's loss and metrics do: errors name it where there are several."""
        try:
            yield
        except (ValueError, TypeError) as error:
            if len(self._heads) > 1:
                error.add_note(f"at the output {head.name}")
            raise

    def _for_all(self, error: Exception, step: Step, samples: Samples) -> Exception | None:
        """The error as it is for all samples, whose shapes the user knows, rather than for the one that was tried."""
        alone = step is self._predict_step
        dtypes = self._input_dtypes(samples) if alone else self._dtypes_of(samples)
        row = [abstract(array.shape, dtype) for array, dtype in zip(samples, dtypes, strict=True)]
        inputs, targets, weights = (row, (), ()) if alone else self._parted(row)
        try:
            predictions = self._forward(inputs)
            for index, (head, y, prediction) in enumerate(zip(self._heads, targets, predictions, strict=False)):
                if head.loss is not None:
                    with no_grad(), self._at(head):
                        head.loss(y, prediction, *weights[index : index + 1])
        except type(error) as told:
            return None if "stands for a shape only" in str(told) else told
        except Exception:  # something that needs numbers
            return None
        return None

    def _try_once(self, where: str, step: Step, samples: Samples) -> None:
        """_try, for the first batch of a form: later ones are refused by their step, which leaves nothing half-done."""
        if step.own or self._form_of(step, samples) not in self._tried:
            self._try(where, step, samples)

    def _one_batch(self, where: str, step: Step, prepared: Prepared) -> Batches:
        """Run a step with a batch."""
        self._try_once(where, step, prepared.arrays)
        batches = Batches(prepared.arrays, prepared.dtypes, len(prepared.arrays[0]))
        self._run_batches(step, batches, 0, key=(*prepared.key, *self._step_key(step)))
        return batches

    # ---- passes over data --------------------------------------------------------------------------------------------

    def _feed(
        self,
        where: str,
        step: Step,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Any = None,
        *,
        batch_size: int | None = None,
        steps: int | None = None,
        shuffle: bool = False,
    ) -> Feed:
        """The data that x and the others are, on its way into a step."""
        if is_dataset(x):
            for name, value in (("y", y), ("sample_weight", sample_weight), ("batch_size", batch_size)):
                if value is not None:
                    raise ValueError(
                        f"{where}: expected {name} as it is in the batches that the {kind_of(x)} gives, got {name} too"
                    )
            return StreamFeed(self, where, step, x, source_of(x, self._order if shuffle else None), steps, class_weight)
        prepared = self._prepared(where, step, x, y, sample_weight, class_weight)
        return self._array_feed(where, step, prepared, batch_size=batch_size, steps=steps, shuffle=shuffle)

    def _array_feed(
        self,
        where: str,
        step: Step,
        prepared: Prepared,
        *,
        batch_size: int | None = None,
        steps: int | None = None,
        shuffle: bool = False,
    ) -> ArrayFeed:
        """Arrays on their way; of unknown batch size as many batches as an epoch has steps."""
        if batch_size is None and steps:
            batch_size = max(-(-len(prepared.arrays[0]) // steps), 1)
        return ArrayFeed(self, where, step, prepared, batch_size or 32, steps, self._order if shuffle else None)

    def _order(self, count: int, turn: int) -> np.ndarray:
        """An order of samples, or of batches, for a pass that began so many epochs ago."""
        return random.generator(self._seed or 0, random.SHUFFLE, self._epochs - turn).permutation(count)


def _dtype_of_others(array: np.ndarray) -> np.dtype[Any]:
    """What targets and weights become for a step of the user's own: whole numbers stay."""
    if array.dtype.kind == "f":
        return np.dtype(np.float32)
    return array.dtype if array.dtype.name in DTYPES else np.dtype(np.int64)

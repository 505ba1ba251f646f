"""compile, fit, evaluate and predict: what makes a layer a model.

Each of training, evaluation and prediction is one function over tensors, run through a `Step`: recorded on its first
calls, replayed from then on. State changes only when a step commits, so an error or Ctrl-C leaves the last whole step.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from . import _core, losses, random
from . import functional as F
from . import metrics as metric_module
from . import optimizers as optimizer_module
from .abstract import is_abstract
from .batches import Batches, Samples, batch_size_of, check_labels, split, whole_number
from .callbacks.base import Callback, Callbacks, History, Progress, checked_verbose
from .guard import Guard
from .heads import Head, heads_of, named_arrays, samples_of
from .layers.base import Layer, is_inside, is_trying, trying
from .layers.penalties import Weight
from .layers.regularization import Drawing
from .layers.structure import Watch
from .precision import OF_PROCESS, compiled_precision
from .program import Step, in_step
from .tensor import Tensor, is_grad_enabled, no_grad

if TYPE_CHECKING:
    from .models import Model

__all__ = ["Trainer"]


class Trainer(Layer):
    """A layer with compile, fit, evaluate and predict."""

    _unrecorded = Layer._unrecorded | {
        "stop_training",
        "_resume",
        "history",
        "_epochs",
        "_guard",
        "_lock",
        "_change",
        "_recorded",
        "_stateful",
        "_structure",
        "_settings",
        "_outputs",
        "_metrics",
        "_tracker",
        "_train_step",
        "_test_step",
        "_predict_step",
        "_call_steps",
        "_carried",
        "_tried",
        "_weighted_metrics",
        "_result_names",
        "_heads",
        "_loss_trackers",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._seed = random.next_seed()
        self._epochs = 0  # trained in the model's life; names the shuffle of each
        self._guard = Guard()
        self._lock = threading.Lock()  # programs are dropped under it
        self._change = object()  # another one after each change of what programs record
        self._recorded: object = None  # the change that the programs there are know of
        self._outputs: dict[Any, list[tuple[tuple[int, ...], np.dtype[Any]]]] = {}
        self._stateful: list[Layer] = []  # layers that hand on states from batch to batch
        self.optimizer: optimizer_module.Optimizer | None = None
        self.loss: losses.Loss | list[losses.Loss] | None = None  # a list for several outputs
        self._heads: list[Head] = []
        self._loss_trackers: list[metric_module.Mean] = []  # of the outputs, where there are several
        self._metrics: list[metric_module.Metric] = []
        self._weighted_metrics: list[metric_module.Metric] = []
        self._result_names = ["loss"]
        self._tried: set[Any] = set()  # forms of batches that fit
        self._carried: dict[Any, Any] = {}  # by input, what results of calls carry; None: there are several
        self._tracker = metric_module.Mean("loss")
        self.stop_training = False
        self._resume: tuple[int, int] | None = None  # epoch and batches that an interrupted training has done
        self.history: History | None = None
        self._precision = OF_PROCESS  # until it is compiled
        self._train_step = Step(self._train, states=self._train_states, scalars=self._train_scalars, name="train")
        self._test_step = Step(self._test, states=self._test_states, name="test")
        self._predict_step = Step(self._infer, states=self._named_states, name="predict")
        self._call_steps = {
            training: Step(
                partial(self._apply, training),
                states=self._named_states,
                scalars=self._draw_scalars,
                name="call",
                warns=False,
            )
            for training in (None, False)
        }
        self._structure = self._settings = Watch(tuple)

    def compile(
        self,
        optimizer: Any,
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
    ) -> None:
        """Choose how to train.

        Parameters
        ----------
        optimizer : name or Optimizer
            Such as "adam" or Adam(1e-3).
        loss : name, Loss or function(y_true, y_pred), optional
            Needed by `fit` and `evaluate`. For several outputs one for all, or a list or a dict by output.
        loss_weights : list or dict of float, optional
            What the losses of the outputs are multiplied by in their sum; 1 when not given.
        metrics : list of names, Metrics or functions(y_true, y_pred), optional
            For several outputs a list with a list for each, or a dict by output.
        weighted_metrics : list, optional
            Metrics that look at the samples' weights. One with the name of another goes by "weighted_" and its name.
        run_eagerly : bool, default False
            Run the model's Python in every step instead of programs: slower, for debugging.

        Raises
        ------
        ValueError
            A name is not known, or given twice, or the loss isn't one number.
        """
        if not isinstance(run_eagerly, bool | np.bool_):
            raise TypeError(f"compile: expected run_eagerly to be True or False, got {run_eagerly!r}")
        new_optimizer = optimizer_module.get(optimizer)
        unused = losses.as_loss("mse")  # a model that only predicts has metrics to look at, but no loss
        heads = heads_of(
            self._output_names(), unused if loss is None else loss, loss_weights, metrics, weighted_metrics
        )
        several = len(heads) > 1
        parts = [f"{head.name}_loss" for head in heads] if several else []
        counted, weighted = ([name for head in heads for name in head.result_names(several)[i]] for i in (0, 1))
        names = ["loss", *parts, *counted, *weighted]
        if len(set(names)) < len(names):
            raise ValueError(f"compile: expected metrics of different names other than loss, got {names[1:]}")
        with self._guard.exclusive("compile"):
            self.optimizer, self._heads = new_optimizer, heads
            self._metrics = [metric for head in heads for metric in head.metrics]
            self._loss_trackers = [metric_module.Mean(name) for name in parts]
            self.loss = None if loss is None else [head.loss for head in heads] if several else heads[0].loss
            self._precision = _core.precision()
            self._weighted_metrics = [metric for head in heads for metric in head.weighted_metrics]
            self._result_names = names
            self.run_eagerly = run_eagerly

    @property
    def metrics(self) -> list[metric_module.Metric]:
        """The running loss, those of several outputs, and the metrics."""
        return [self._tracker, *self._loss_trackers, *self._metrics, *self._weighted_metrics]

    @property
    def run_eagerly(self) -> bool:
        """Whether the model's Python runs in every step, instead of programs."""
        return self._train_step.eager

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        for step in self._steps():
            step.eager = bool(value)

    @property
    def recorded(self) -> bool:
        """Whether fit, evaluate, predict and calls run programs, and nothing that they did had to run eagerly."""
        ran = [step for step in self._steps() if step.info() or step.eager_reasons()]
        return bool(ran) and all(step.recorded for step in ran)

    def eager_reasons(self) -> list[str]:
        """Why steps run without programs: a sentence for each that can't be recorded, with the line of your code."""
        return [reason for step in self._steps() for reason in step.eager_reasons()]

    def _steps(self) -> tuple[Step, ...]:
        return self._train_step, self._test_step, self._predict_step, *self._call_steps.values()

    # ---- fit, evaluate, predict --------------------------------------------------------------------------------------

    @compiled_precision
    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Callback | Sequence[Callback] | None = None,
        validation_split: float = 0.0,
        validation_data: Sequence[Any] | None = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
    ) -> History:
        """Train.

        Parameters
        ----------
        x : array, (samples, ...), or a list, tuple or dict of arrays
            Becomes float32; ids, for a model that begins with an Embedding, stay integers. For several inputs a list
            in their order, or a dict by their names.
        y : array, (samples, ...), or a list, tuple or dict of arrays
            Class numbers stay integers, everything else becomes float32. For several outputs a list or a dict.
        batch_size : int, default 32
            The last batch of an epoch may be smaller.
        epochs : int, default 1
            Number of the last epoch.
        verbose : {"auto", 0, 1, 2}
            0 prints nothing, 1 or "auto" shows a progress bar, 2 prints a line per epoch.
        callbacks : Callback or list of Callback, optional
        validation_split : float, default 0
            Share of the samples, the last ones, to validate with instead of training.
        validation_data : (x, y) or (x, y, sample_weight), optional
            Counts instead of validation_split.
        shuffle : bool, default True
            Whether every epoch takes the samples in another order.
        class_weight : dict from class number to float, optional
            What the losses of the class's samples are multiplied by; 1 for classes that are not in it. For models with
            one output.
        sample_weight : array, (samples,) or (samples, time), optional
            What the losses of the samples, or of their steps, are multiplied by. The loss is still divided by the
            number of samples. Metrics don't look at it, those among `weighted_metrics` do. For several outputs one for
            all, or a list or a dict by output.
        initial_epoch : int, default 0
            Number of the epoch to begin with.

        Returns
        -------
        History
            Its `history` maps "loss", the metrics, and "val_" of each to a list with one value per epoch.

        Raises
        ------
        ValueError, TypeError, IndexError
            There is no data, or it doesn't fit the model, the loss or the metrics, or a label is out of range.
        RuntimeError
            The model isn't compiled with a loss, or another thread uses it.
        """
        self._compiled("fit")
        size = batch_size_of("fit", batch_size)
        checked_verbose("fit", verbose)
        epochs = whole_number("fit", "epochs", epochs)
        initial_epoch = whole_number("fit", "initial_epoch", initial_epoch)
        own = _listed(callbacks)
        samples = self._samples("fit", x, y, sample_weight, class_weight)
        held_out: Samples | None
        if validation_data is not None:
            if not isinstance(validation_data, tuple | list) or len(validation_data) not in (2, 3):
                raise ValueError("fit: expected validation_data to be (x, y) or (x, y, sample_weight)")
            held_x, held_y, *weights = validation_data
            held_out = self._samples("fit: validation_data", held_x, held_y, *weights)
        else:
            samples, held_out = split(samples, validation_split)
        with self._guard.exclusive("fit"):
            self._notice(self._structure)
            self._try("fit", *samples)
            if held_out is not None:
                self._try("fit: validation_data", *held_out)
            if not self.trainable_weights:
                raise ValueError(f"{self.name}: expected a model with trainable weights in fit, got none")
            train = self._batches(samples, size)
            test = None if held_out is None else self._batches(held_out, size)
            history = History()
            params = {"epochs": epochs, "steps": len(train), "verbose": verbose}
            listeners = Callbacks([*own, history], cast("Model", self), params)
            self.history = history
            self.stop_training = False
            logs: dict[str, float] = {}
            listeners.call("on_train_begin", logs)
            first, done = self._first_batch(initial_epoch)
            rate = self._compiled("fit")._rate
            for epoch in range(first, epochs):
                before = rate.value
                listeners.call("on_epoch_begin", epoch, {})
                if done:  # an interrupted epoch goes on with the rate that it had
                    rate.value = before
                logs = self._epoch(train, test, shuffle, listeners, verbose, f"Epoch {epoch + 1}/{epochs}", done)
                done = 0
                listeners.call("on_epoch_end", epoch, logs)
                if self.stop_training:
                    break
            self._compiled("fit").finalize_variable_values(self.trainable_weights)
            listeners.call("on_train_end", logs)
        return history

    @compiled_precision
    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        *,
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """Loss and metrics over data, without training. Arguments and errors as for `fit`.

        Returns
        -------
        float, list or dict
            The loss; with metrics a list that begins with it; a dict by name with return_dict.
        """
        self._compiled("evaluate")
        size = batch_size_of("evaluate", batch_size)
        checked_verbose("evaluate", verbose)
        samples = self._samples("evaluate", x, y, sample_weight)
        with self._guard.exclusive("evaluate", nested=True) as inside:
            before = [(v, np.array(v.numpy())) for metric in self.metrics for v in metric.variables]
            self._notice(self._structure)
            self._try("evaluate", *samples)
            batches = self._batches(samples, size)
            progress = Progress(verbose, "Evaluate", batches.samples, self._results)
            logs: dict[str, float] | None = None
            try:
                logs = self._evaluate(batches, progress)
            finally:
                progress.close(logs)
                if inside:  # a callback of fit evaluates: the epoch's own totals go on
                    for variable, value in before:
                        variable.assign(value)
        return self._reported(logs, return_dict)

    def _reported(self, logs: dict[str, float], return_dict: bool) -> float | list[float] | dict[str, float]:
        if return_dict:
            return logs
        losses = 1 + len(self._loss_trackers)
        names = list(logs)
        if losses > 1:  # of several outputs: the losses, then the metrics by name, as in Keras
            names = names[:losses] + sorted(names[losses:])
        return [logs[name] for name in names] if len(names) > 1 else logs["loss"]

    def _batches(self, samples: Samples, size: int) -> Batches:
        inputs, *others = self._parted(samples)
        dtypes = [*self._input_dtypes(inputs), *(array.dtype for part in others for array in part)]
        return Batches(samples, dtypes, size)

    # ---- several inputs and outputs: a functional model says what its are --------------------------------------------

    def _input_names(self) -> list[str]:
        return ["input"]

    def _output_names(self) -> list[str]:
        return ["output"]

    def _input_dtypes(self, arrays: Sequence[np.ndarray]) -> list[np.dtype[Any]]:
        """What the arrays of the inputs become."""
        return [self._input_dtype(arrays[0])]

    def _results_in(self, result: Any) -> list[Any]:
        """The outputs of a call, in order."""
        return [result]

    def _structured(self, outputs: Sequence[Any]) -> Any:
        """Outputs as a call returns them."""
        return outputs[0]

    def _samples(self, where: str, x: Any, y: Any, sample_weight: Any = None, class_weight: Any = None) -> Samples:
        return samples_of(where, self._input_names(), self._heads, x, y, sample_weight, class_weight)

    def _parted(self, parts: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
        """Inputs, targets and weights out of a row of them."""
        inputs, heads = len(self._input_names()), len(self._heads)
        return parts[:inputs], parts[inputs : inputs + heads], parts[inputs + heads :]

    def _outputs_for(self, inputs: Sequence[Any], training: bool) -> list[Any]:
        return self._results_in(self(inputs[0] if len(inputs) == 1 else list(inputs), training=training))

    # ---- one batch ---------------------------------------------------------------------------------------------------

    @compiled_precision
    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> float | list[float] | dict[str, float]:
        """Take one step with a batch. Arguments and errors as for `fit`.

        Returns
        -------
        float, list or dict
            Loss and metrics of this batch alone: the loss, with metrics a list that begins with it, a dict by name with
            return_dict.
        """
        self._compiled("train_on_batch")
        samples = self._samples("train_on_batch", x, y, sample_weight, class_weight)
        with self._guard.exclusive("train_on_batch"):
            self._notice(self._structure, self._settings)
            self._try_once("train_on_batch", *samples)
            if not self.trainable_weights:
                raise ValueError(f"{self.name}: expected a model with trainable weights in train_on_batch, got none")
            self._reset_metrics()
            self._one_batch(self._train_step, samples)
            return self._reported(self._results(), return_dict)

    @compiled_precision
    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False
    ) -> float | list[float] | dict[str, float]:
        """Loss and metrics of a batch, without training; see `train_on_batch`."""
        self._compiled("test_on_batch")
        samples = self._samples("test_on_batch", x, y, sample_weight)
        with self._guard.exclusive("test_on_batch", nested=True):
            self._notice(self._structure, self._settings)
            self._try_once("test_on_batch", *samples)
            self._reset_metrics()
            self._one_batch(self._test_step, samples)
            return self._reported(self._results(), return_dict)

    @compiled_precision
    def predict_on_batch(self, x: Any) -> Any:
        """Results for one batch. Several threads may call it at once."""
        arrays = named_arrays("predict_on_batch", "x", self._input_names(), x)
        size = len(arrays[0])
        with self._guard.shared("predict_on_batch"):
            result = self._predict_at_once(arrays[0], size) if len(arrays) == 1 else None
            return self._predict_batches(arrays, max(size, 1), 0) if result is None else result

    def reset_metrics(self) -> None:
        """Let the running loss and the metrics begin anew."""
        with self._guard.exclusive("reset_metrics", nested=True):
            self._reset_metrics()

    def _one_batch(self, step: Step, samples: Samples) -> None:
        self._run_batches(step, self._batches(samples, len(samples[0])), 0, key=self._step_key(step))

    def _try_once(self, where: str, *samples: np.ndarray) -> None:
        """_try, for the first batch of a form: later ones are refused by their step, which leaves nothing half-done."""
        form = tuple((array.shape[1:], array.dtype.str) for array in samples)
        if form not in self._tried:
            self._try(where, *samples)
            self._tried.add(form)

    @compiled_precision
    def predict(self, x: Any, batch_size: int | None = None, verbose: int | str = "auto") -> Any:
        """Results for data, batch by batch. Several threads may call it at once.

        Parameters
        ----------
        x : array, (samples, ...), or a list, tuple or dict of arrays
            As for `fit`.
        batch_size : int, default 32
        verbose : {"auto", 0, 1, 2}
            A progress bar for 1; else nothing.

        Returns
        -------
        array, (samples, ...), or a list, tuple or dict of arrays
            As the model's outputs are.

        Raises
        ------
        RuntimeError
            Another thread is in fit or evaluate with this model.
        """
        size = batch_size_of("predict", batch_size)
        verbose = 0 if checked_verbose("predict", verbose) == "auto" else verbose
        with self._guard.shared("predict"):
            if verbose != 1:
                result = self._predict_at_once(x, size)
                if result is not None:
                    return result
            return self._predict_batches(named_arrays("predict", "x", self._input_names(), x), size, verbose)

    def _predict_at_once(self, x: Any, most: int) -> np.ndarray | None:
        """The results for an array of at most so many samples whose like has been seen before; else None."""
        if self._structure.changed():
            self._changed()
        if self._recorded is not self._change or self._stateful:
            return None
        return self._predict_step.shortcut(x, most)

    def _predict_batches(self, arrays: list[np.ndarray], size: int, verbose: int | str) -> Any:
        samples = len(arrays[0])
        results = [np.empty((samples, *shape), dtype=dtype) for shape, dtype in self._outputs_of(arrays)]
        batches = Batches(arrays, self._input_dtypes(arrays), size)
        progress = Progress(verbose, "Predict", samples)
        try:
            done = 0
            while done < batches.samples:
                count = self._run_batches(self._predict_step, batches, done, out=results)
                progress.update(count)
                done += count
        finally:
            progress.close()
        whole = self._structured(results)
        if 0 < samples <= size and len(arrays) == 1 and whole is results[0]:
            self._predict_step.shorten(arrays[0], self._input_dtypes(arrays)[0])
        return whole

    def _first_batch(self, initial_epoch: int) -> tuple[int, int]:
        """The epoch and the batch to begin with: those where a callback has restored an interrupted training."""
        place, self._resume = self._resume, None
        return place or (initial_epoch, 0)

    # ---- a pass over the data ----------------------------------------------------------------------------------------

    def _epoch(
        self,
        train: Batches,
        test: Batches | None,
        shuffle: bool,
        listeners: Callbacks,
        verbose: int | str,
        title: str,
        batches_done: int = 0,
    ) -> dict[str, float]:
        """Train on all batches once, but for those that an interrupted epoch has done; then evaluate."""
        order = None
        if shuffle:
            order = random.generator(self._seed or 0, random.SHUFFLE, self._epochs).permutation(train.samples)
        self._notice(self._structure, self._settings)
        if not batches_done:
            self._reset_metrics()
        optimizer = self._compiled("fit")
        progress = Progress(verbose, title, train.samples, self._results)
        logs: dict[str, float] | None = None
        single = bool(listeners.at_batch_begin or listeners.at_batch_end) or optimizer._varies
        try:
            done = batches_done * train.batch_size
            while done < train.samples and not self.stop_training:
                step = done // train.batch_size
                for callback in listeners.at_batch_begin:
                    callback.on_train_batch_begin(step, {})
                key = self._step_key(self._train_step)
                count = self._run_batches(self._train_step, train, done, order=order, key=key, single=single)
                if listeners.at_batch_end:
                    results = self._results()
                    for callback in listeners.at_batch_end:
                        callback.on_train_batch_end(step, results)
                progress.update(count)
                done += count
            self._epochs += 1
            logs = self._results()
            if test is not None:
                listeners.call("on_test_begin", {})
                validation = self._evaluate(test)
                listeners.call("on_test_end", validation)
                logs.update({f"val_{name}": value for name, value in validation.items()})
        finally:
            progress.close(logs)
        return logs

    def _evaluate(self, batches: Batches, progress: Progress | None = None) -> dict[str, float]:
        self._notice(self._structure, self._settings)
        self._reset_metrics()
        done = 0
        while done < batches.samples:
            count = self._run_batches(self._test_step, batches, done)
            if progress is not None:
                progress.update(count)
            done += count
        return self._results()

    def _run(
        self, step: Step, *arrays: np.ndarray, out: list[np.ndarray] | None = None, key: tuple[Any, ...] = ()
    ) -> None:
        self._drop_programs()
        for layer in self._stateful:
            layer.make_states(len(arrays[0]))
        step(*arrays, out=out, extra_key=key)

    def _run_batches(self, step: Step, batches: Batches, first: int, **options: Any) -> int:
        """Run the next steps of a pass: how many samples they took."""
        self._drop_programs()
        for layer in self._stateful:
            layer.make_states(batches.size(first))
        return batches.run(step, first, **options)

    def _notice(self, *watches: Watch) -> None:
        """Before a pass over data: let the programs go when something that they have recorded is different now."""
        if any(watch.changed() for watch in watches):
            self._changed()
        self._drop_programs()

    def _drop_programs(self) -> None:
        """Forget all programs that know nothing of the last change."""
        if self._recorded is self._change:
            return
        with self._lock:
            change = self._change
            if self._recorded is change:
                return
            containers = [value for _, node in self._walk() for value in node._containers()]
            self._structure = Watch(lambda: containers)
            weights = self.weights
            self._settings = Watch(lambda: self._training_settings(weights))
            self._outputs, self._tried, self._carried = {}, set(), {}
            self._stateful = [layer for layer in self._layers_below() if layer.stateful]
            self._link()
            for step in self._steps():
                step.drop()
            self._recorded = change  # last: other threads wait for all of this

    def _training_settings(self, weights: Sequence[Tensor]) -> list[Any]:
        """What training and evaluation record beside the model: attributes of optimizer, loss, metrics, penalties."""
        metrics = (*self._metrics, *self._weighted_metrics)
        penalties = [part for w in weights if isinstance(w, Weight) for part in (w.regularizer, w.constraint)]
        penalties += [layer.activity_regularizer for layer in self._layers_below()]
        found = self.loss if isinstance(self.loss, list) else [self.loss]
        objects = (self.optimizer, *found, *metrics, *(part for part in penalties if hasattr(part, "__dict__")))
        parts = [part for part in objects if part is not None]
        attributes = [value for part in parts for name, value in vars(part).items() if name != "_slots"]
        return [*parts, *penalties, *attributes, *(weight.requires_grad for weight in weights)]

    def _changed(self) -> None:
        self._change = object()
        super()._changed()

    def _results(self) -> dict[str, float]:
        return {name: _plain(metric.result()) for name, metric in zip(self._result_names, self.metrics, strict=True)}

    def _step_key(self, step: Step) -> tuple[Any, ...]:
        """What else changes what a step records."""
        return self._compiled("fit")._key() if step is self._train_step else ()

    def _reset_metrics(self) -> None:
        for metric in self.metrics:
            metric.reset_state()

    def _compiled(self, where: str) -> optimizer_module.Optimizer:
        if self.optimizer is None or self.loss is None:
            raise RuntimeError(f"{where}: expected a model compiled with a loss; call compile(optimizer, loss) first")
        return self.optimizer

    # ---- the recorded functions and what they read and write ---------------------------------------------------------

    def _train(self, *arguments: Tensor) -> tuple[Tensor, ...]:
        optimizer = self._compiled("fit")
        inputs, targets, weights = self._parted(arguments)
        variables = self.trainable_weights
        for variable in variables:
            variable.grad = None
        dropouts = [layer for layer in self._layers_below() if isinstance(layer, Drawing)]
        try:
            for layer in dropouts:
                layer._calls = 0
            predictions = self._outputs_for(inputs, training=True)
        finally:
            for layer in dropouts:
                layer._calls = None
        values, total = self._loss_of(targets, predictions, weights)
        total.backward()
        gradients = [variable.grad for variable in variables]
        for variable in variables:
            variable.grad = None
        optimizer.apply(gradients, variables)
        self._update_metrics(values, targets, predictions, weights)
        return ()

    def _test(self, *arguments: Tensor) -> tuple[Tensor, ...]:
        inputs, targets, weights = self._parted(arguments)
        with no_grad():
            predictions = self._outputs_for(inputs, training=False)
            values, _ = self._loss_of(targets, predictions, weights)
            self._update_metrics(values, targets, predictions, weights)
        return ()

    def _infer(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        with no_grad():
            return tuple(self._outputs_for(inputs, training=False))

    def _apply(self, training: bool | None, x: Tensor) -> tuple[Tensor, ...]:
        """A call's result, and what it carries: the logits that its activation was taken of, and a mask."""
        with no_grad():
            result = super().__call__(x, training=training)
        form = (training, x.shape[1:], x.dtype.str)
        if not isinstance(result, Tensor):
            self._carried[form] = None
            return ()
        extras = [part for part in (result.logits, result._mask) if part is not None]
        self._carried[form] = (result.activation, result.logits is not None, result._mask is not None)
        return result, *extras

    def __call__(self, inputs: Any, *args: Any, training: bool | None = None, mask: Any = None, **kwargs: Any) -> Any:
        """Apply the model as `Layer` does; under `no_grad` by a program, which does not repeat what Python did."""
        plain = not (training or mask is not None or args or kwargs)
        if is_grad_enabled() or not plain or not self._calls_program(inputs):
            return super().__call__(inputs, *args, training=training, mask=mask, **kwargs)
        self._notice(self._structure)
        x = self._as_inputs(inputs)
        if not isinstance(x, Tensor):  # a list or a dictionary of one
            return super().__call__(inputs, training=training)
        self._check(x)
        form = (training, x.shape[1:], x.dtype.str)
        results = self._called(training, x) if self._carried.get(form, "") is not None else ()
        carried = self._carried[form]
        if carried is None:  # several results
            return super().__call__(x, training=training)
        result, *extras = results
        result.activation, has_logits, has_mask = carried
        result.logits = extras[0] if has_logits else None
        result._mask = extras[-1] if has_mask else None
        return result

    @compiled_precision
    def _called(self, training: bool | None, x: Tensor) -> tuple[Tensor, ...]:
        return self._call_steps[training](x)

    def _calls_program(self, inputs: Any) -> bool:
        """Whether a call outside of steps, for results alone, may run as a program."""
        return (
            self.built
            and isinstance(inputs, Tensor | np.ndarray)
            and inputs.ndim > 0
            and not (isinstance(inputs, Tensor) and (inputs._mask is not None or is_abstract(inputs)))
            and not (in_step() or is_trying() or is_inside() or self._stateful or self.run_eagerly)
        )

    def _loss_of(
        self, targets: Sequence[Tensor], predictions: Sequence[Tensor], weights: Sequence[Tensor]
    ) -> tuple[list[Tensor], Tensor]:
        """For each tracker of a loss the values whose mean it is, and the loss itself, with what layers add to it."""
        several = len(self._heads) > 1
        parts, changed = [], several
        for index, (head, y, prediction) in enumerate(zip(self._heads, targets, predictions, strict=True)):
            values = head.loss.call(y, prediction)
            parts.append(head.loss.reduce(values, prediction, weights[index] if weights else None))
            changed = changed or values._mask is not None or prediction._mask is not None or values.ndim == 0
            changed = changed or head.share != 1 or head.loss.reduction not in ("sum_over_batch_size", "mean")
        pairs = zip(self._heads, parts, strict=True)
        shared = [part if head.share == 1 else F.multiply(part, head.share) for head, part in pairs]
        total = shared[0]
        for part in shared[1:]:
            total = F.add(total, part)
        penalties = self.losses
        for penalty in penalties:
            total = F.add(total, F.sum(penalty))
        if not (changed or penalties or weights):
            return [values], total
        with no_grad():  # the batch's losses, counted for every sample
            ones = F.fill(predictions[0], 1.0)
            return [F.multiply(ones, part) for part in ((total, *parts) if several else (total,))], total

    def _update_metrics(
        self,
        values: Sequence[Tensor],
        targets: Sequence[Tensor],
        predictions: Sequence[Tensor],
        weights: Sequence[Tensor],
    ) -> None:
        with no_grad():
            for tracker, value in zip((self._tracker, *self._loss_trackers), values, strict=True):
                tracker.update_state(value)
            for index, (head, y, prediction) in enumerate(zip(self._heads, targets, predictions, strict=True)):
                for metric in head.metrics:
                    metric.update_state(y, prediction)
                for metric in head.weighted_metrics:
                    metric.update_state(y, prediction, *weights[index : index + 1])

    def _test_states(self) -> dict[str, Tensor]:
        counts = {
            f"metrics.{name}.{number}": variable
            for name, metric in zip(self._result_names, self.metrics, strict=True)
            for number, variable in enumerate(metric.variables)
        }
        return {**self._named_states(), **counts}

    def _train_states(self) -> dict[str, Tensor]:
        optimizer = self._compiled("fit")
        optimizer.build(self.trainable_weights)  # a callback may thaw a layer or set a momentum
        return {**self._test_states(), **self._named_slots()}

    def _named_slots(self) -> dict[str, Tensor]:
        """What the optimizer keeps, by path."""
        if self.optimizer is None:
            return {}
        return {
            f"optimizer.{name}.{path}": slot
            for path, weight in self._named_weights().items()
            for name, slot in self.optimizer._slots_of(weight).items()
        }

    def _train_scalars(self) -> Mapping[str, tuple[_core.Scalar, int]]:
        optimizer = self._compiled("fit")
        return {**optimizer.scalars(), **self._draw_scalars(1)}

    def _draw_scalars(self, draws: int = 0) -> dict[str, tuple[_core.Scalar, int]]:
        """The cells of layers that draw, each of which draws so often by the end of a step, besides what it counts."""
        layers = {path: layer for path, layer in self._walk() if isinstance(layer, Drawing)}
        return {
            **{f"{path}.seed": (layer._seed_cell, 0) for path, layer in layers.items()},
            **{f"{path}.draws": (layer._draws, draws) for path, layer in layers.items()},
        }

    # ---- trying data on one sample -----------------------------------------------------------------------------------

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


def _plain(result: Any) -> Any:
    """A metric's result: a float, or an array when there are several numbers."""
    values = result.numpy() if isinstance(result, Tensor) else np.asarray(result)
    return float(values) if values.ndim == 0 else values


def _listed(callbacks: Any) -> list[Callback]:
    """The callbacks that fit is given, one or several."""
    if callbacks is None or isinstance(callbacks, Callback):
        return [] if callbacks is None else [callbacks]
    if not isinstance(callbacks, list | tuple):
        raise TypeError(f"fit: expected callbacks to be a list of Callback, got {callbacks!r}")
    return list(callbacks)

"""Every layer called with inputs that it can't take, or made with arguments that it doesn't: what it says names it."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras_cases import CASES, LayerCase

from fastnn import (
    Model,
    Sequential,
    callbacks,
    constraints,
    initializers,
    layers,
    losses,
    metrics,
    optimizers,
    regularizers,
)
from fastnn.losses.base import LossFunctionWrapper

BY_CLASS = {type(case.make(layers)).__name__: case for case in reversed(CASES)}

# wrong inputs -> what makes them of right ones
WRONG: dict[str, Callable[[np.ndarray], Any]] = {
    "strings": lambda a: np.full(a.shape, "a"),
    "complex": lambda a: a.astype(np.complex64),
    "objects": lambda a: np.full(a.shape, None),
    "no_axes": lambda a: a.reshape(-1)[0],
    "one_axis": lambda a: a.reshape(-1)[: len(a)],
    "one_axis_more": lambda a: a[..., None],
    "twice_the_channels": lambda a: np.concatenate([a, a], -1),
}
# what takes inputs of any shape, or makes the best of them: elementwise layers, merges, wrappers of own code
ANY_SHAPE = {
    "Activation", "ActivityRegularization", "Add", "AlphaDropout", "Average", "Both", "Concatenate", "Dropout", "ELU",
    "Embedding", "Flatten", "GaussianDropout", "GaussianNoise", "Identity", "Lambda", "LeakyReLU", "Maximum", "Minimum",
    "Multiply", "ReLU", "Rescaling", "ReversibleEmbedding", "Subtract", "UnitNormalization",
}  # fmt: skip
ONE_MORE_AXIS = {
    "BatchNormalization", "Dense", "Dot", "LayerNormalization", "Masking", "Normalization", "PReLU", "Pipeline",
    "RMSNormalization", "Reshape", "Softmax", "TimeDistributed",
}  # fmt: skip


def called(layer: layers.Layer, case: LayerCase, arrays: list[Any]) -> Any:
    first = arrays if isinstance(case.shape, list) else arrays[0]
    return layer(*[first] * case.times, **case.call)


def refusal(layer: layers.Layer, case: LayerCase, wrong: str, ready: bool) -> str | None:
    """What a layer, which has been called with right inputs if ready, says to wrong ones; None when it takes them."""
    if ready:
        called(layer, case, list(case.inputs()))
    try:
        called(layer, case, [WRONG[wrong](array) for array in case.inputs()])
    except (ValueError, TypeError, IndexError) as error:
        return "\n".join([str(error), *getattr(error, "__notes__", [])])
    return None


@pytest.mark.filterwarnings("ignore:.*mask")  # that a layer drops
@pytest.mark.parametrize("name", sorted(BY_CLASS))
@pytest.mark.parametrize("wrong", WRONG)
def test_inputs(wrong: str, name: str) -> None:
    case = BY_CLASS[name]
    makes_weights = case.make(layers)
    called(makes_weights, case, list(case.inputs()))
    of_any_size = case.ids or not makes_weights.weights
    if wrong == "twice_the_channels" and of_any_size:
        return
    for ready in (True,) if wrong == "twice_the_channels" else (False, True):
        layer = case.make(layers)
        said = refusal(layer, case, wrong, ready)
        if said is None:
            assert wrong in ("no_axes", "one_axis", "one_axis_more", "twice_the_channels")
            assert name in ANY_SHAPE or (wrong == "one_axis_more" and name in ONE_MORE_AXIS), f"{name} takes {wrong}"
        else:
            assert layer.name in said
            assert "expected" in said
            assert "got" in said or "called with" in said


@pytest.mark.parametrize("name", sorted(BY_CLASS.keys() & set(layers.__all__) - {"Lambda"}))
def test_unknown_arguments(name: str) -> None:
    config = BY_CLASS[name].make(layers).get_config()
    with pytest.raises(TypeError, match=rf"{name}.*unexpected keyword argument 'colour'"):
        getattr(layers, name)(**{**config, "colour": 1})


def test_the_nearest_argument_is_suggested() -> None:
    with pytest.raises(
        TypeError, match=r"^Dense: got an unexpected keyword argument 'activaton'; did you mean 'activation'\?$"
    ):
        layers.Dense(3, activaton="relu")
    with pytest.raises(
        TypeError, match=r"unexpected keyword argument 'kernel_regulariser'; did you mean 'kernel_regularizer'"
    ):
        layers.Conv2D(3, 3, kernel_regulariser="l2")
    with pytest.raises(TypeError, match=r"Dense\.__init__\(\) missing 1 required positional argument: 'units'"):
        layers.Dense()


def test_an_argument_of_a_base_that_is_not_reached() -> None:
    class Mixin:
        def __init__(self, *, foo: int) -> None:
            self.foo = foo

    class Mixed(Model, Mixin):  # type: ignore[misc]
        pass

    with pytest.raises(
        TypeError, match=r"^Mixed: got an unexpected keyword argument 'foo'; it takes trainable, (?!.*\bfoo\b)"
    ):
        Mixed(foo=3)
    with pytest.raises(TypeError, match=r"^Mixed: got an unexpected keyword argument 'nam'; did you mean 'name'\?$"):
        Mixed(nam="a")


def test_weights_that_do_not_fit_are_named_by_their_paths() -> None:
    model = Sequential([layers.Input((8,)), layers.Dense(1, name="q")], name="net")
    with pytest.raises(ValueError, match=r"^net: expected q/kernel of shape \(8, 1\), got \(3, 3\)$"):
        model.set_weights([np.zeros((3, 3)), np.zeros(1)])
    with pytest.raises(TypeError, match=r"^net: expected q/bias of float32, got <U1$"):
        model.set_weights([np.zeros((8, 1)), np.array(["a"])])
    with pytest.raises(ValueError, match=r"^q: expected kernel of shape \(8, 1\), got \(3, 3\)$"):
        model.layers[-1].set_weights([np.zeros((3, 3)), np.zeros(1)])
    for arrays in ([], [np.zeros((8, 1))] * 3):
        said = rf"^net: expected 2 weights, got {len(arrays)}; they are q/kernel \(8, 1\), q/bias \(1,\)$"
        with pytest.raises(ValueError, match=said):
            model.set_weights(arrays)


def test_arrays_of_no_numbers_are_told_by_dtype() -> None:
    model = Sequential([layers.Input((8,)), layers.Dense(1)])
    for called_on in (model, layers.Dense(1)):
        with pytest.raises(TypeError, match=r": expected a Tensor or an array of numbers, got an array of <U1$"):
            called_on(np.array(["a"]))


def test_a_last_axis_of_unknown_size() -> None:
    with pytest.raises(
        ValueError, match=r"^top: expected input \(\.\.\., n\) with a last axis of known size, got \(None, None\)$"
    ):
        Sequential([layers.Input((None, 3)), layers.Flatten(), layers.Dense(2, name="top")])


def test_a_recurrent_layer_is_named_and_not_its_cell() -> None:
    for make in (layers.LSTM, layers.GRU, layers.SimpleRNN):
        name = make.__name__
        with pytest.raises(ValueError, match=rf"^{name}: activation: unknown activation 'tahn'; did you mean 'tanh'\?"):
            make(3, activation="tahn")
        with pytest.raises(ValueError, match=rf"^{name}: expected a positive units, got 0$"):
            make(0)
    with pytest.raises(ValueError, match=r"^LSTM: recurrent_activation: unknown activation 'sgmoid'; did you mean 's"):
        layers.LSTM(3, recurrent_activation="sgmoid")


def test_labels_of_the_other_crossentropy() -> None:
    model = Sequential([layers.Input((2,)), layers.Dense(4, "softmax")])
    x = np.ones((3, 2), np.float32)
    model.compile("sgd", "sparse_categorical_crossentropy")
    with pytest.raises(ValueError, match=r"got \(3, 4\); for one-hot labels use categorical_crossentropy$"):
        model.fit(x, np.eye(4)[:3], verbose=0)
    model.compile("sgd", "categorical_crossentropy")
    for labels in (np.arange(3), np.arange(3)[:, None]):
        with pytest.raises(
            ValueError, match=r"; for class numbers use sparse_categorical_crossentropy, or utils.to_categorical first$"
        ):
            model.fit(x, labels, verbose=0)


def test_no_labels() -> None:
    model = Sequential([layers.Input((2,)), layers.Dense(4)])
    model.compile("sgd", "mse")
    for method in (model.fit, model.evaluate):
        with pytest.raises(
            ValueError,
            match=rf"^{method.__name__}: expected data y, got None; pass y, or batches \(x, y\), since",
        ):
            method(np.ones((3, 2), np.float32))


OF_CLASSES: list[tuple[Callable[[], object], str]] = [
    (lambda: optimizers.Adam(lr=0.1), "Adam: got an unexpected keyword argument 'lr'; did you mean 'learning_rate'?"),
    (
        lambda: optimizers.SGD(momentm=0.1),
        "SGD: got an unexpected keyword argument 'momentm'; did you mean 'momentum'?",
    ),
    (
        lambda: optimizers.SGD(decay=0.1),
        "SGD: got an unexpected keyword argument 'decay'; it takes learning_rate, momentum, nesterov, weight_decay, "
        "clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency, loss_scale_factor, "
        "gradient_accumulation_steps, name",
    ),
    (
        lambda: optimizers.Adam(0.1, learning_rate=0.1),
        "Adam: got 'learning_rate' twice, by position and by name; leave one of them out",
    ),
    (lambda: losses.Huber(dlta=1.0), "Huber: got an unexpected keyword argument 'dlta'; did you mean 'delta'?"),
    (lambda: metrics.AUC(curv="ROC"), "AUC: got an unexpected keyword argument 'curv'; did you mean 'curve'?"),
    (
        lambda: layers.Conv2D(4, filters=3),
        "Conv2D: got 'filters' twice, by position and by name; leave one of them out",
    ),
    (
        lambda: Sequential().compile(optimzer="sgd"),
        "compile: got an unexpected keyword argument 'optimzer'; did you mean 'optimizer'?",
    ),
    (
        lambda: Sequential().fit(nb_epoch=3),
        "fit: got an unexpected keyword argument 'nb_epoch'; did you mean 'epochs'?",
    ),
    (lambda: Sequential().fit(1, 2, x=3), "fit: got 'x' twice, by position and by name; leave one of them out"),
    (
        lambda: Sequential().evaluate(batchsize=3),
        "evaluate: got an unexpected keyword argument 'batchsize'; did you mean 'batch_size'?",
    ),
    (
        lambda: Sequential().predict(x=1, wrong=2),
        "predict: got an unexpected keyword argument 'wrong'; it takes x, batch_size, verbose, steps, callbacks",
    ),
    (
        lambda: Sequential().train_on_batch(1, 2, class_weights={}),
        "train_on_batch: got an unexpected keyword argument 'class_weights'; did you mean 'class_weight'?",
    ),
    (lambda: Sequential([], nam="a"), "Sequential: got an unexpected keyword argument 'nam'; did you mean 'name'?"),
    (
        lambda: Model(inputs=layers.Input((2,)), output=3),
        "Functional: got an unexpected keyword argument 'output'; did you mean 'outputs'?",
    ),
    (
        lambda: callbacks.EarlyStopping(patiance=3),
        "EarlyStopping: got an unexpected keyword argument 'patiance'; did you mean 'patience'?",
    ),
    (
        lambda: callbacks.ModelCheckpoint("file", save_best=True),
        "ModelCheckpoint: got an unexpected keyword argument 'save_best'; did you mean 'save_best_only'?",
    ),
    (
        lambda: initializers.RandomNormal(std=0.1),
        "RandomNormal: got an unexpected keyword argument 'std'; did you mean 'stddev'?",
    ),
    (lambda: regularizers.L2(l=0.1), "L2: got an unexpected keyword argument 'l'; did you mean 'l2'?"),
    (
        lambda: optimizers.schedules.ExponentialDecay(0.1, 10, 0.9, stair=True),
        "ExponentialDecay: got an unexpected keyword argument 'stair'; did you mean 'staircase'?",
    ),
    (
        lambda: constraints.MaxNorm(max=1),
        "MaxNorm: got an unexpected keyword argument 'max'; it takes max_value, axis",
    ),
]


@pytest.mark.parametrize(("make", "message"), OF_CLASSES, ids=[message[:40] for _, message in OF_CLASSES])
def test_arguments_of_no_such_name(make: Callable[[], object], message: str) -> None:
    with pytest.raises(TypeError) as caught:
        make()
    assert str(caught.value) == message


def test_classes_of_ones_own_take_arguments_of_their_own() -> None:
    class Mine(optimizers.SGD):
        def __init__(self, **kwargs: Any) -> None:
            self.own = kwargs.pop("own")
            super().__init__(**kwargs)

    class Wrapped(LossFunctionWrapper):
        pass

    assert Mine(own=3, momentum=0.5).own == 3
    assert Wrapped(losses.mean_squared_error, anything=1).anything == 1  # type: ignore[attr-defined]
    assert copy.deepcopy(optimizers.Adam(0.5)).learning_rate == 0.5


def test_weights_before_the_layer_is_built() -> None:
    layer = layers.Dense(3, name="top")
    with pytest.raises(
        ValueError, match=r"^top: expected to be built before 'kernel' is asked for; call it on a batch"
    ):
        _ = layer.kernel
    for unbuilt in (layer, Sequential([layer], name="top")):
        with pytest.raises(
            ValueError, match=r"^top: expected to be built before set_weights; call it on a batch first$"
        ):
            unbuilt.set_weights([np.ones((2, 3)), np.ones(3)])
        assert unbuilt.get_weights() == []


def test_more_labels_than_samples() -> None:
    model = Sequential([layers.Dense(3)])
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match=r"fit: .*3.*4"):
        model.fit(np.ones((3, 2), np.float32), np.ones((4, 3), np.float32), verbose=0)


def test_weights_are_not_counted_before_they_are_made() -> None:
    class Net(Model):
        def __init__(self) -> None:
            super().__init__(name="net")
            self.dense = layers.Dense(2)

        def call(self, x: Any) -> Any:
            return self.dense(x)

    bidirectional = layers.Bidirectional(layers.LSTM(3), name="both")
    for layer in (layers.Dense(3, name="d"), bidirectional, Sequential([layers.Dense(3)], name="s"), Net()):
        with pytest.raises(ValueError, match=f"^{layer.name}: expected to be built before count_params; call it on"):
            layer.count_params()
        layer(np.ones((2, 3, 4), np.float32) if layer is bidirectional else np.ones((2, 4), np.float32))
        assert layer.count_params() > 0
    assert layers.ReLU().count_params() == layers.Dropout(0.5).count_params() == 0


def test_short_names_are_suggested() -> None:
    with pytest.raises(ValueError, match=r"unknown regularizer 'l3'; did you mean 'l[12]'"):
        layers.Dense(3, kernel_regularizer="l3")

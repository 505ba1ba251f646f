"""`Model(inputs, outputs)`: graphs of layers, shared and nested ones, several inputs and outputs, and operators."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tolerances import assert_same_bits

import fastnn
from fastnn import Input, Model, Sequential, Tensor, layers
from fastnn import functional as F
from fastnn.layers.base import naming
from fastnn.models.functional import Functional

RNG = np.random.default_rng(3)
X = RNG.standard_normal((20, 8)).astype(np.float32)
Y = RNG.standard_normal((20, 2)).astype(np.float32)


def residual(name: str = "residual") -> Model:
    x = Input((8,), name="x")
    hidden = layers.Dense(8, activation="relu", name="first")(x)
    added = layers.Add(name="add")([x, hidden])
    return Model(x, layers.Dense(2, name="out")(added), name=name)


def test_a_graph_computes_what_its_layers_do() -> None:
    model = residual()
    assert isinstance(model, Functional)
    assert [layer.name for layer in model.layers] == ["x", "first", "add", "out"]
    assert (model.input_shape, model.output_shape) == ((None, 8), (None, 2))
    first, out = model.get_layer("first"), model.get_layer("out")
    want = out(first(X) + Tensor(X)).numpy()
    assert_same_bits(model(X).numpy(), want, "call")
    for _ in range(3):
        assert_same_bits(model.predict(X), want, "predict")
    assert [w.path for w in model.weights] == ["first/kernel", "first/bias", "out/kernel", "out/bias"]
    assert model.count_params() == 90


def test_it_trains_and_replays() -> None:
    model = residual()
    model.compile(fastnn.optimizers.SGD(0.05), "mse", metrics=["mae"])
    before = model.evaluate(X, Y, verbose=0)
    history = model.fit(X, Y, batch_size=5, epochs=20, verbose=0)
    assert history.history["loss"][-1] < 0.7 * before[0]
    assert model._train_step.eager_reasons() == []
    assert sum(info["replays"] for info in model._train_step.info()) > 50


def test_saved_and_loaded_it_goes_on_alike(tmp_path: Path) -> None:
    model = residual()
    model.compile("adam", "mse")
    model.fit(X, Y, batch_size=5, epochs=2, verbose=0)
    model.save(tmp_path / "model.safetensors")
    other = fastnn.models.load_model(tmp_path / "model.safetensors")
    assert isinstance(other, Functional)
    assert_same_bits(other.predict(X), model.predict(X), "loaded")
    for each in (model, other):
        each.fit(X, Y, batch_size=5, epochs=2, verbose=0)
    assert_same_bits(other.predict(X), model.predict(X), "trained on")
    model.save_weights(tmp_path / "weights.safetensors")
    third = residual()
    third.load_weights(tmp_path / "weights.safetensors")
    assert_same_bits(third.predict(X), model.predict(X), "weights")


def tower_data() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(5)
    return {"ids": rng.integers(0, 11, (6, 5)), "numbers": rng.standard_normal((6, 3)).astype(np.float32)}


def tower(across: bool = True) -> Model:
    """Shared and nested layers, several inputs and outputs in dictionaries and lists, operators, masks."""
    ids, numbers = Input((5,), dtype="int32", name="ids"), Input((3,), name="numbers")
    sequence = layers.Embedding(11, 4, mask_zero=True, name="embedding")(ids)
    last = layers.LSTM(4, name="lstm")(sequence)
    shared = layers.Dense(4, activation="tanh", name="shared")
    inner_x = Input((4,), name="inner_x")
    inside = shared if across else layers.Dense(4, name="inside")
    inner = Model(inner_x, inside(inner_x) * 0.5 + inner_x, name="inner")
    a, b = inner(last), shared(layers.Dense(4, name="to_four")(numbers))
    both = 2.0 - a / (abs(b) + 1.0) ** 2.0
    stack = Sequential([layers.Dense(3, name="s1"), layers.Dense(2, name="s2")], name="stack")
    head = stack(layers.Concatenate(name="concatenate")([both, -a]))
    return Model({"ids": ids, "numbers": numbers}, {"head": head, "parts": [a[:, :2], sequence[..., 1]]}, name="tower")


def test_shared_and_nested_layers_and_operators() -> None:
    model, data = tower(), tower_data()
    result = model(data)
    get = model.get_layer
    sequence = get("embedding")(data["ids"])
    last = get("lstm")(sequence)
    shared = get("shared")
    a = shared(last) * 0.5 + last
    b = shared(get("to_four")(data["numbers"]))
    both = 2.0 - a / (F.abs(b) + 1.0) ** 2.0
    head = get("stack")(F.concatenate([both, -a], axis=-1))
    assert_same_bits(result["head"].numpy(), head.numpy(), "head")
    assert_same_bits(result["parts"][0].numpy(), a[:, :2].numpy(), "part")
    assert_same_bits(result["parts"][1].numpy(), sequence[..., 1].numpy(), "part")
    assert model.output_shape == {"head": (None, 2), "parts": [(None, 2), (None, 5)]}
    assert model.compute_output_shape(model.input_shape) == model.output_shape
    assert sum(weight.path.startswith("shared/") for weight in model.weights) == 2


def test_its_configuration_makes_the_same_model() -> None:
    with pytest.raises(ValueError, match="can't hold shared, which inner shares with shared"):
        tower().get_config()
    model, data = tower(across=False), tower_data()
    config = json.loads(json.dumps(model.get_config()))
    other = Functional.from_config(config)
    assert [layer.name for layer in other.layers] == [layer.name for layer in model.layers]
    assert other.get_config() == model.get_config()
    other.set_weights(model.get_weights())
    want, got = model(data), other(data)
    assert_same_bits(got["head"].numpy(), want["head"].numpy(), "head")
    assert_same_bits(got["parts"][1].numpy(), want["parts"][1].numpy(), "part")


def test_inputs_come_as_a_list_or_by_name() -> None:
    a, b = Input((3,), name="a"), Input((2,), name="b")
    model = Model([a, b], layers.Concatenate()([b, a]))
    x, y = np.ones((4, 3), np.float32), np.zeros((4, 2), np.float32)
    want = np.concatenate([y, x], axis=1)
    for given in ([x, y], (x, y), {"a": x, "b": y}, [Tensor(x), y]):
        assert_same_bits(model(given).numpy(), want, "inputs")
    assert model.input_names == ["a", "b"]
    for given, sentence in (
        ([x], "expected 2 inputs, got 1"),
        ({"a": x}, "expected inputs a, b, got a"),
        ([y, x], r"a: expected input \(batch, 3\), got \(4, 2\)"),
    ):
        with pytest.raises(ValueError, match=sentence):
            model(given)


def test_parts_of_a_model_are_models() -> None:
    model = residual()
    features = Model(model.input, model.get_layer("add").output)
    assert features.output_shape == (None, 8)
    assert_same_bits(features(X).numpy(), (model.get_layer("first")(X) + Tensor(X)).numpy(), "features")
    top = layers.Dense(3)(features.output)
    assert Model(features.input, top)(X).shape == (20, 3)
    assert model.get_layer("first").input is model.input


def test_open_sizes() -> None:
    x = Input((None, 3))
    model = Model(x, layers.Dense(2)(layers.Conv1D(4, 3, padding="same")(x)))
    assert model.output_shape == (None, None, 2)
    for steps in (4, 7):
        assert model.predict(np.ones((5, steps, 3), np.float32)).shape == (5, steps, 2)


def test_dropout_and_statistics_know_of_training() -> None:
    x = Input((4,))
    model = Model(x, layers.BatchNormalization(name="norm")(layers.Dropout(0.5)(x)))
    model(np.ones((6, 4), np.float32))
    assert (model.get_layer("norm").weights[2].numpy() == 0).all()
    model(np.ones((6, 4), np.float32), training=True)
    assert (model.get_layer("norm").weights[2].numpy() != 0).any()
    always = Model(x, layers.Dropout(0.5)(x, training=True))
    assert (always(np.ones((50, 4), np.float32)).numpy() == 0).any()


def test_attention_takes_several_arguments() -> None:
    query, value = Input((3, 4)), Input((None, 4))
    attention = layers.MultiHeadAttention(2, 3, name="attention")
    y, scores = attention(query, value, return_attention_scores=True)
    model = Model([query, value], [y, scores])
    assert model.output_shape == [(None, 3, 4), (None, 2, 3, None)]
    a, b = (RNG.standard_normal(shape).astype(np.float32) for shape in ((2, 3, 4), (2, 5, 4)))
    want = attention(Tensor(a), Tensor(b), return_attention_scores=True)
    for got, expected in zip(model([a, b]), want, strict=True):
        assert_same_bits(got.numpy(), expected.numpy(), "attention")
    other = Functional.from_config(json.loads(json.dumps(model.get_config())))
    assert other.output_shape == model.output_shape


def test_a_subclass_of_model_and_an_input_in_sequential_are_as_before() -> None:
    class Net(Model):
        def __init__(self) -> None:
            super().__init__()
            self.output = layers.Dense(2)

        def call(self, x: Tensor) -> Tensor:
            return self.output(x)

    assert Net()(X).shape == (20, 2)
    x = Input((8,))
    net = Net()
    assert Model(x, net(x))(X).shape == (20, 2)
    assert Sequential([Input((8,)), layers.Dense(2)]).output_shape == (None, 2)
    with pytest.raises(AttributeError, match="expected to be in a model with a known input to have 'output'"):
        layers.Dense(2).output  # noqa: B018
    with pytest.raises(TypeError, match=r"Net\.__init__"):
        Net(x, x)  # type: ignore[call-arg]


def test_summary_says_what_is_connected_to_what() -> None:
    lines: list[str] = []
    residual().summary(print_fn=lines.append, batch_size=4)
    rows = {line.split()[0]: line for line in lines[0].splitlines() if "(" in line}
    assert rows["add"].endswith("x[0][0], first[0][0]")
    assert f"{2 * 4 * 8 * 8:,}" in rows["first"]
    assert rows["x"].split()[-1] == "-"
    tower().summary(print_fn=lines.append)
    assert "concatenate" in lines[1]


def test_names_are_keras_s() -> None:
    naming._names.clear()
    x = Input((4,))
    y = layers.Dense(4)(x)
    model = Model(x, layers.Dense(4)(y) + y)
    assert [layer.name for layer in model.layers] == ["input_layer", "dense", "dense_1"]
    assert [layer.name for layer in model.operations] == ["input_layer", "dense", "dense_1", "add"]
    assert model.name == "functional"


@pytest.mark.parametrize(
    ("make", "error", "sentence"),
    [
        (lambda x, y: Model(x, layers.Dense(2)(X)), TypeError, "expected outputs to be symbolic tensors"),
        (lambda x, y: Model([x, x], y), ValueError, "expected different inputs, got one twice"),
        (
            lambda x, y: Model(layers.Dense(2)(y), y),
            ValueError,
            "need the inputs only, got one that needs x",
        ),
        (
            lambda x, y: Model(Input((4,)), y),
            ValueError,
            "need the inputs only, got one that needs x",
        ),
        (
            lambda x, y: Model(x, layers.Dense(2, name="d")(y)),
            ValueError,
            "layers of different names, got 'd' again",
        ),
        (lambda x, y: layers.Conv2D(2, 3)(x), ValueError, r"conv2d\w*: expected input"),
        (lambda x, y: x + layers.Dense(5)(x), ValueError, "add"),
        (lambda x, y: x + np.ones(4), TypeError, "add: expected symbolic tensors and numbers"),
        (lambda x, y: bool(x), TypeError, "expected no truth value of a symbolic tensor"),
        (lambda x, y: np.asarray(x), TypeError, "expected no array of a symbolic tensor"),
        (lambda x, y: list(x), TypeError, "expected no iteration of a symbolic tensor"),
        (lambda x, y: float(x), TypeError, "expected no float"),
        (lambda x, y: x["a"], TypeError, "GetItem: expected integers"),
    ],
)
def test_wrong_use(make: Any, error: type[Exception], sentence: str) -> None:
    x = Input((4,), name="x")
    y = layers.Dense(4, name="d")(x)
    with pytest.raises(error, match=sentence):
        make(x, y)


def test_models_inside_models_are_called_on_shapes() -> None:
    x = fastnn.Input((3,))
    shared = layers.Dense(3, activation="tanh")
    inner = Model(x, shared(shared(x)) + x)
    given = np.ones((2, 8, 3), np.float32)
    images = fastnn.Input((8, 3))
    model = Model(images, inner(inner(layers.GlobalAveragePooling1D()(images))))
    assert model.compute_output_shape((None, 8, 3)) == (None, 3)
    np.testing.assert_array_equal(model.predict(given), inner.predict(inner.predict(given[:, 0])))


def test_parts_of_models_begin_at_what_layers_put_out(tmp_path: Path) -> None:
    x = Input((8,), name="x")
    hidden = layers.Dense(6, activation="tanh", name="hidden")(x)
    both = layers.Concatenate(name="both")([hidden, layers.Dense(6, name="other")(x)])
    y = layers.Dense(3, name="out")(both * 2.0)
    whole = Model(x, y)
    front, back = Model(x, [hidden, both]), Model([both], y, name="back")
    between = Model(inputs={"hidden": hidden, "x": x}, outputs=both)
    data = np.random.default_rng(2).standard_normal((5, 8)).astype(np.float32)
    assert [layer.name for layer in back.layers][1:] == ["out"]
    assert back.input_shape == [(None, 12)]
    assert [w.path for w in back.weights] == [w.path for w in whole.get_layer("out").weights]
    first, second = front(data)
    assert_same_bits(back(second).numpy(), whole(data).numpy(), "the second half")
    assert_same_bits(between({"hidden": first, "x": data}).numpy(), second.numpy(), "the middle")
    assert_same_bits(Model(both, both)(second).numpy(), second.numpy(), "nothing")
    back.compile("sgd", "mse")
    back.fit(second.numpy(), np.zeros((5, 3)), verbose=0)  # trains the layer that both have
    assert_same_bits(back(second).numpy(), whole(data).numpy(), "after training")
    back.save(tmp_path / "back")
    again = fastnn.models.load_model(tmp_path / "back")
    assert_same_bits(again(second).numpy(), back(second).numpy(), "from a file")


def test_input_layers_by_old_names() -> None:
    with pytest.warns(UserWarning, match="^InputLayer: input_shape is an old name; use shape$"):
        old = layers.InputLayer(input_shape=(4,), name="x")
    for layer in (old, layers.InputLayer(batch_input_shape=(None, 4)), layers.InputLayer((4,))):
        assert layer.batch_shape == (None, 4)
        assert layer.output.shape == (None, 4)
        assert layer.output is layer.output
    assert Model(old.output, layers.Dense(2)(old.output)).output_shape == (None, 2)
    with pytest.raises(ValueError, match=r"^InputLayer: expected shape or input_shape, got both$"):
        layers.InputLayer((4,), input_shape=(4,))
    with pytest.raises(ValueError, match=r"^InputLayer: expected batch_shape or batch_input_shape, got both$"):
        layers.InputLayer(batch_shape=(None, 4), batch_input_shape=(None, 4))


def test_layers_stand_in_the_order_of_the_keys_of_dictionaries() -> None:
    x = fastnn.Input((3,))
    price, kind = layers.Dense(1, name="price")(x), layers.Dense(2, name="kind")(x)
    model = fastnn.Model(x, {"price": price, "kind": kind})
    assert [layer.name for layer in model.layers[1:]] == ["kind", "price"]  # as in Keras, for get_weights
    assert list(model.predict(np.ones((1, 3), np.float32))) == ["price", "kind"]


@pytest.mark.parametrize("kind", ["image", "first of Sequential", "surplus", "list", "dict", "name"])
def test_inputs_of_another_rank_by_one(kind: str) -> None:
    column, wide = X[:, 0], X[:, :5]
    image = np.random.default_rng(5).standard_normal((20, 8, 8)).astype(np.float32)
    given: Any
    whole: Any
    if kind == "image":
        x = Input((8, 8, 1))
        model, given, whole = Model(x, layers.Dense(2)(layers.Flatten()(x))), image, image[..., None]
    elif kind == "first of Sequential":
        model, given, whole = Sequential([layers.Dense(2, input_shape=[1])]), column, column[:, None]
    elif kind == "name":
        x = Input((1,), name="age")
        model, given, whole = Model(x, layers.Dense(2)(x)), {"age": column}, column[:, None]
    elif kind == "surplus":
        model, given, whole = Sequential([Input((5,)), layers.Dense(2)]), wide[..., None], wide
    else:
        parts = [Input((5,), name="wide"), Input((1,), name="age")]
        model = Model(parts, layers.Dense(2)(layers.Concatenate()(parts)))
        given, whole = [wide, column], [wide, column[:, None]]
        if kind == "dict":
            given, whole = ({"wide": data[0], "age": data[1]} for data in (given, whole))
    other = fastnn.models.clone_model(model)
    other.set_weights(model.get_weights())
    for each in (model, other):
        each.compile("sgd", "mse")
    for _ in range(2):
        assert_same_bits(model.predict(given, batch_size=8), other.predict(whole, batch_size=8), "predict")
        assert_same_bits(model(given).numpy(), other(whole).numpy(), "call")
    histories = [
        each.fit(data, Y, batch_size=8, epochs=2, shuffle=False, verbose=0).history
        for each, data in ((model, given), (other, whole))
    ]
    assert histories[0] == histories[1]
    assert model.train_on_batch(given, Y) == other.train_on_batch(whole, Y)
    assert model.evaluate(given, Y, verbose=0) == other.evaluate(whole, Y, verbose=0)
    assert model.recorded


@pytest.mark.parametrize("sequential", [False, True])
def test_the_only_input_in_a_list_or_by_name(sequential: bool) -> None:
    x = Input((5,), name="wide")
    model = Sequential([x, layers.Dense(2)]) if sequential else Model(x, layers.Dense(2)(x))
    model.compile("sgd", "mse")
    wide = X[:, :5]
    want = model(wide).numpy()
    for given in ([wide], (wide,), {"wide": wide}, [Tensor(wide)]):
        assert_same_bits(model(given).numpy(), want, "call")
        assert_same_bits(model.predict(given), want, "predict")
    for symbolic in ({"wide": x}, [x]):
        assert_same_bits(Model(x, model(symbolic))(wide).numpy(), want, "nested")
    assert model([wide[0].tolist()]).shape == (1, 2)  # a batch of one row
    assert model.fit({"wide": wide}, Y, verbose=0).history["loss"][0] > 0
    with pytest.raises(ValueError, match=f"^{model.name}: expected inputs wide, got other$"):
        model({"other": wide})
    with pytest.raises(
        ValueError, match=r"^fit: expected x with wide, or one array alone, got a dictionary with other"
    ):
        model.fit({"other": wide}, Y, verbose=0)


def test_inputs_of_another_rank_are_refused() -> None:
    model = Sequential([Input((5,)), layers.Dense(2)])
    with pytest.raises(ValueError, match=r"expected input \(batch, 5\), got \(20,\)"):
        model.predict(X[:, 0])
    with pytest.raises(ValueError, match=r"got \(20, 5, 2\)"):
        model.predict(np.zeros((20, 5, 2), np.float32))
    with pytest.raises(ValueError, match="dense"):
        Sequential([layers.Dense(2)]).predict(X[:, 0])

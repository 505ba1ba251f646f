"""A replay has the bits of the eager step: every op and layer, forward and backward, and random models in training.

The exceptions are the closed list in replays.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras_cases import CASES as LAYER_CASES
from keras_cases import LayerCase
from op_calls import cast, is_update, map_arrays
from op_cases import CASES as OP_CASES
from op_cases import OpCase
from replays import EXCEPTIONS, assert_replay_equals_eager, assert_same, eager

import fastnn
from fastnn import Sequential, Tensor, _core, layers
from fastnn import functional as F
from fastnn.layers.base.drawing import Drawing
from fastnn.optimizers import Optimizer

Spec = tuple[Any, ...]


def test_the_exceptions_name_ops_and_say_why() -> None:
    for op, (reason, allowed) in EXCEPTIONS.items():
        assert op in _core.op_names()
        assert len(reason) > 20, op
        assert 0 < allowed < 1e-5, op


# ---- ops -------------------------------------------------------------------------------------------------------------


def runtime_scalars(case: OpCase) -> dict[str, _core.Scalar]:
    """A cell for each attribute of the op that a program may not freeze."""
    cells = {}
    for attribute in _core.op(case.op).schema["attributes"]:
        if attribute["runtime"]:
            value = case.attributes.get(attribute["name"], 0.01 if attribute["kind"] == "float" else 3)
            cells[attribute["name"]] = _core.Scalar(value, attribute["kind"])
    return cells


def arrays_of(values: Sequence[Any]) -> list[Any]:
    return map_arrays(lambda a: _core.Array.from_numpy(np.array(a, order="C")), values)


def results_of(values: Any) -> list[_core.Array]:
    values = values if isinstance(values, tuple | list) else [values]
    return [value for value in values if value is not None]


def numbers(arrays: Sequence[_core.Array]) -> list[np.ndarray]:
    return [np.array(array.numpy()) for array in arrays]


def record_op(case: OpCase, inputs: list[Any], cells: dict[str, _core.Scalar]) -> tuple[_core.Graph, list[np.ndarray]]:
    """The op alone as a graph, with the results it had eagerly; what it updates is state."""
    op = _core.op(case.op)
    recorder = _core.Recorder()
    for position, (kind, value) in enumerate(zip(op.schema["inputs"], inputs, strict=False)):
        for number, array in enumerate(as_list(value)):
            name = f"{kind['name']}_{number}"
            if kind["role"] == "update":
                recorder.state(array, name)
            else:
                recorder.argument(array, name, position in case.batched)
    for name, cell in cells.items():
        recorder.scalar(cell, name)
    with recorder:
        if is_update(case):
            _core.commit([(op, tuple(inputs), {**case.attributes, **cells})], [])
            results = []
        else:
            results = results_of(op(*inputs, **{**case.attributes, **cells}))
    for index, result in enumerate(results):
        recorder.result(result, f"y{index}")
    return recorder.finish(), numbers(results)


def as_list(values: Any) -> list[Any]:
    """The arrays among inputs, in order; None is left out."""
    if values is None:
        return []
    return [part for value in values for part in as_list(value)] if isinstance(values, list | tuple) else [values]


@pytest.mark.parametrize("case", [case for case in OP_CASES if not is_update(case)], ids=str)
def test_an_op_alone(case: OpCase) -> None:
    for dtype in ("float32", "float64"):
        cells = runtime_scalars(case)
        given = cast(case, dtype)
        inputs = arrays_of(given)
        graph, want = record_op(case, inputs, cells)
        batch = max((len(given[i]) for i in case.batched), default=1)
        program = _core.Program(graph, batch)
        for _ in range(2):
            assert_same(numbers(program.run(as_list(inputs))), want, [case.op], f"{case} {dtype}")
        if case.batched and batch > 2:
            fewer = arrays_of([value[: batch - 1] if i in case.batched else value for i, value in enumerate(given)])
            smaller, want = record_op(case, fewer, cells)
            assert graph.compare(smaller)
            got = _core.Program(graph, batch - 1).run(as_list(fewer))
            assert_same(numbers(got), want, [case.op], f"{case} {dtype} at another batch")


@pytest.mark.parametrize("case", [case for case in OP_CASES if is_update(case)], ids=str)
def test_an_op_that_writes_state(case: OpCase) -> None:
    op = _core.op(case.op)
    for dtype in ("float32", "float64"):
        cells = runtime_scalars(case)
        given = cast(case, dtype)
        replayed, committed = arrays_of(given), arrays_of(given)
        graph, _ = record_op(case, replayed, cells)
        roles = [argument["role"] for argument in op.schema["inputs"]]
        read = [value for role, value in zip(roles, replayed, strict=False) if role != "update"]
        _core.Program(graph, 1).run(as_list(read))
        for _ in range(2):  # recording ran the op too
            _core.commit([(op, tuple(committed), {**case.attributes, **cells})], [])
        assert_same(numbers(as_list(replayed)), numbers(as_list(committed)), [case.op], f"{case} {dtype}")


def taped(case: OpCase) -> bool:
    return bool(case.differentiable) and case.apply is not None and not runtime_scalars(case)


@pytest.mark.parametrize("case", [case for case in OP_CASES if taped(case)], ids=str)
def test_an_op_among_neighbours_forward_and_backward(case: OpCase, rng: np.random.Generator) -> None:
    """With a scale in front, and a chain, a residual and an activation behind: all that a plan may fuse with it."""
    given = cast(case, "float32")
    factor = fastnn.constant(np.array(1.25, np.float32))
    values = [None if value is None else Tensor(value) for value in given]
    states = {f"x{i}": tensor for i, tensor in enumerate(values) if tensor is not None}
    seed: list[Tensor] = []

    def function(_: Tensor) -> tuple[Tensor, ...]:
        leaves = [
            None if t is None else t.detach().requires_grad_(True) if i in case.differentiable else t
            for i, t in enumerate(values)
        ]
        scaled = [leaf * factor if i in case.differentiable else leaf for i, leaf in enumerate(leaves)]
        y = case.apply(F, *scaled)
        z = F.relu(F.tanh(y * 0.5 + 0.25) + y)
        if not seed:
            seed.append(fastnn.constant(rng.standard_normal(z.shape).astype(np.float32)))
        z.backward(seed[0])
        return (y.detach(), z.detach(), *(leaves[i].grad for i in case.differentiable))

    dummy = np.zeros((2, 1), np.float32)
    assert_replay_equals_eager(function, [[dummy]] * 3, str(case), states=lambda: states, ops=[case.op])


# ---- layers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize("case", LAYER_CASES, ids=str)
def test_a_layer_forward_and_backward(case: LayerCase, training: bool) -> None:
    layer = case.make(layers)
    arrays = case.inputs()
    options = {name: value for name, value in case.call.items() if as_list_of_arrays(value)}
    plain = {name: value for name, value in case.call.items() if name not in options}
    extra = as_list_of_arrays(list(options.values()))
    seeds: dict[tuple[int, ...], Tensor] = {}

    def arguments(tensors: Sequence[Tensor]) -> tuple[list[Any], dict[str, Any]]:
        inputs, rest = list(tensors[: len(arrays)]), iter(tensors[len(arrays) :])
        first = inputs if isinstance(case.shape, list) else inputs[0]
        named = {
            name: [next(rest) for _ in value] if isinstance(value, list) else next(rest)
            for name, value in options.items()
        }
        return [first] * case.times, named

    def function(*given: Tensor) -> tuple[Tensor, ...]:
        for layer_below in drawing:
            layer_below._calls = 0
        leaves = [t.detach().requires_grad_(True) if t.dtype == np.float32 else t for t in given]
        first, named = arguments(leaves)
        outputs = as_tensors(layer(*first, training=training, **plain, **named))
        outputs = [output for output in outputs if output.requires_grad]
        weights = layer.trainable_weights
        for weight in weights:
            weight.grad = None
        for index, output in enumerate(outputs):  # a cell's state may be its result itself
            shape = output.shape[1:]
            if shape not in seeds:
                seeds[shape] = fastnn.constant(np.random.default_rng(5).standard_normal(shape).astype(np.float32))
            (output * seeds[shape]).sum().backward(retain_graph=index < len(outputs) - 1)
        gradients = [t.grad for t in (*leaves, *weights) if t.requires_grad and t.grad is not None]
        for weight in weights:
            weight.grad = None
        return (*(output.detach() for output in outputs), *gradients)

    first, named = arguments([Tensor(a) for a in (*arrays, *extra)])
    layer(*first, **plain, **named)
    rng = np.random.default_rng(11)
    layer.set_weights([value + 0.3 * rng.random(value.shape).astype(np.float32) for value in layer.get_weights()])
    drawing = [node for _, node in layer._walk() if isinstance(node, Drawing)]
    scalars = {f"{i}.seed": (node._seed_cell, 0) for i, node in enumerate(drawing)}
    scalars |= {f"{i}.draws": (node._draws, 1) for i, node in enumerate(drawing)}
    whole = [*arrays, *extra]
    fewer = [array[:2] for array in whole]
    assert_replay_equals_eager(
        function,
        [whole, fewer, whole, fewer],
        f"{case} training={training}",
        states=layer._named_states,
        scalars=lambda: scalars,
        replays=1,
    )


def as_list_of_arrays(value: Any) -> list[np.ndarray]:
    if isinstance(value, list):
        return [array for item in value for array in as_list_of_arrays(item)]
    return [value] if isinstance(value, np.ndarray) else []


def as_tensors(result: Any) -> list[Tensor]:
    return [t for part in result for t in as_tensors(part)] if isinstance(result, list | tuple) else [result]


# ---- random models ---------------------------------------------------------------------------------------------------


class Residual(layers.Layer):
    """x and what a list of layers makes of it, added, multiplied, or the larger one."""

    def __init__(self, inner: list[layers.Layer], how: str) -> None:
        super().__init__()
        self.inner, self.how = inner, how

    def call(self, x: Tensor) -> Tensor:
        y = x
        for layer in self.inner:
            y = layer(y)
        return x + y if self.how == "add" else x * y if self.how == "multiply" else F.maximum(x, y)


class SelfAttention(layers.Layer):
    def __init__(self, heads: int, size: int) -> None:
        super().__init__()
        self.inner = layers.MultiHeadAttention(heads, size)

    def call(self, x: Tensor) -> Tensor:
        return self.inner(x, x)


ACTIVATIONS = st.sampled_from([None, "relu", "tanh", "sigmoid", "gelu", "elu", "softplus", "silu", "leaky_relu"])
UNITS = st.integers(1, 20)

# kind of data -> layers that keep it: (class, strategies of its arguments, whether the shape stays for a residual)
ANY: list[tuple[str, dict[str, Any], bool]] = [
    ("Activation", {"activation": ACTIVATIONS.filter(bool)}, True),
    ("Dropout", {"rate": st.sampled_from([0.0, 0.25, 0.5])}, True),
    ("BatchNormalization", {"momentum": st.sampled_from([0.5, 0.99])}, True),
    ("LayerNormalization", {}, True),
    ("RMSNormalization", {}, True),
    ("UnitNormalization", {}, True),
    ("PReLU", {}, True),
    ("LeakyReLU", {}, True),
    ("Dense", {"units": UNITS, "activation": ACTIVATIONS, "use_bias": st.booleans()}, False),
]
STEPS = st.integers(1, 3)
PADDING = st.sampled_from(["valid", "same"])
SAME: dict[str, Any] = {"padding": st.just("same")}
LAYERS: dict[str, list[tuple[str, dict[str, Any], bool]]] = {
    "vector": ANY,
    "sequence": [
        *ANY,
        ("Conv1D", {"filters": UNITS, "kernel_size": STEPS, "activation": ACTIVATIONS, **SAME}, False),
        ("LSTM", {"units": UNITS, "return_sequences": st.just(True)}, False),
        ("GRU", {"units": UNITS, "return_sequences": st.just(True)}, False),
        ("SimpleRNN", {"units": UNITS, "return_sequences": st.just(True), "go_backwards": st.booleans()}, False),
        ("MaxPooling1D", {"pool_size": st.just(2), **SAME}, False),
        ("SelfAttention", {"heads": st.integers(1, 2), "size": st.integers(1, 4)}, True),
    ],
    "image": [
        *ANY,
        ("Conv2D", {"filters": UNITS, "kernel_size": STEPS, "activation": ACTIVATIONS, **SAME}, False),
        ("Conv2D", {"filters": UNITS, "kernel_size": STEPS, "strides": STEPS, **SAME}, False),
        ("DepthwiseConv2D", {"kernel_size": STEPS, "activation": ACTIVATIONS, **SAME}, True),
        ("SeparableConv2D", {"filters": UNITS, "kernel_size": STEPS, **SAME}, False),
        ("Conv2DTranspose", {"filters": UNITS, "kernel_size": STEPS, **SAME}, False),
        ("MaxPooling2D", {"pool_size": st.integers(1, 2), **SAME}, False),
        ("AveragePooling2D", {"pool_size": st.integers(1, 2), **SAME}, False),
        ("ZeroPadding2D", {"padding": st.integers(0, 1)}, False),
        ("GroupNormalization", {"groups": st.just(1)}, True),
    ],
}
ENDS = {
    "vector": [("Flatten", {})],
    "sequence": [("Flatten", {}), ("GlobalAveragePooling1D", {}), ("LSTM", {"units": 5}), ("GlobalMaxPooling1D", {})],
    "image": [("Flatten", {}), ("GlobalAveragePooling2D", {}), ("GlobalMaxPooling2D", {})],
}
SHAPES = {"vector": (7,), "sequence": (5, 3), "image": (6, 5, 2)}
LOSSES = {
    "mse": ("linear", 3),
    "mae": ("tanh", 2),
    "binary_crossentropy": ("sigmoid", 1),
    "categorical_crossentropy": ("softmax", 4),
    "sparse_categorical_crossentropy": ("softmax", 4),
}
STEPPING = st.sampled_from([{}, {"gradient_accumulation_steps": 2}])
CLIPPING = st.sampled_from([{}, {"clipnorm": 0.5}, {"clipvalue": 0.1}, {"global_clipnorm": 1.0}])
OPTIMIZERS = st.sampled_from(
    [
        ("SGD", {}),
        ("SGD", {"momentum": 0.9, "nesterov": True}),
        ("Adam", {}),
        ("Adam", {"amsgrad": True}),
        ("AdamW", {"weight_decay": 0.01}),
        ("RMSprop", {"centered": True, "momentum": 0.5}),
        ("Adagrad", {}),
        ("Adadelta", {}),
        ("Adamax", {}),
        ("Nadam", {}),
        ("Lion", {}),
        ("Adafactor", {}),
        ("Muon", {}),
        ("ScheduleFreeAdamW", {}),
    ]
)


def layer_of(draw: Any, kinds: list[tuple[str, dict[str, Any], bool]]) -> Spec:
    name, options, _ = draw(st.sampled_from(kinds))
    return name, {key: draw(value) for key, value in options.items()}


@st.composite
def models(draw: Any) -> dict[str, Any]:
    """What make_model makes a model of: kind of data, layers, end, loss, optimizer, whether samples are weighted."""
    kind = draw(st.sampled_from(["vector", "sequence", "image", "ids"]))
    inner = "sequence" if kind == "ids" else kind
    body: list[Spec] = []
    for _ in range(draw(st.integers(0, 4))):
        if draw(st.booleans()) and draw(st.booleans()):
            kept = [layer for layer in LAYERS[inner] if layer[2]]
            inside = [layer_of(draw, kept) for _ in range(draw(st.integers(0, 3)))]
            body.append(("Residual", {"inner": inside, "how": draw(st.sampled_from(["add", "multiply", "maximum"]))}))
        else:
            body.append(layer_of(draw, LAYERS[inner]))
    optimizer, options = draw(OPTIMIZERS)
    return {
        "kind": kind,
        "body": body,
        "end": draw(st.sampled_from(ENDS[inner])),
        "loss": draw(st.sampled_from(sorted(LOSSES))),
        "optimizer": (optimizer, {"learning_rate": 0.01, **options, **draw(CLIPPING), **draw(STEPPING)}),
        "weighted": draw(st.booleans()),
        "batch": draw(st.integers(1, 9)),
        "metrics": draw(st.booleans()),
    }


def make_layer(spec: Spec) -> layers.Layer:
    name, options = spec
    if name == "Residual":
        return Residual([make_layer(inner) for inner in options["inner"]], options["how"])
    return SelfAttention(**options) if name == "SelfAttention" else getattr(layers, name)(**options)


def make_model(spec: dict[str, Any]) -> Sequential:
    fastnn.utils.set_random_seed(17)
    activation, units = LOSSES[spec["loss"]]
    stack = [layers.Embedding(11, 4)] if spec["kind"] == "ids" else []
    stack += [make_layer(item) for item in (*spec["body"], spec["end"])]
    model = Sequential([*stack, layers.Dense(units, activation=activation)])
    name, options = spec["optimizer"]
    metrics = ["accuracy"] if spec["metrics"] and "crossentropy" in spec["loss"] else []
    model.compile(getattr(fastnn.optimizers, name)(**options), spec["loss"], metrics=metrics)
    return model


def make_data(spec: dict[str, Any], samples: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    units = LOSSES[spec["loss"]][1]
    if spec["kind"] == "ids":
        x = rng.integers(0, 11, (samples, 5)).astype(np.int32)
    else:
        x = rng.standard_normal((samples, *SHAPES[spec["kind"]])).astype(np.float32)
    if spec["loss"] == "sparse_categorical_crossentropy":
        return x, rng.integers(0, units, samples)
    if spec["loss"] == "categorical_crossentropy":
        return x, np.eye(units, dtype=np.float32)[rng.integers(0, units, samples)]
    if spec["loss"] == "binary_crossentropy":
        return x, rng.integers(0, 2, (samples, units)).astype(np.float32)
    return x, rng.standard_normal((samples, units)).astype(np.float32)


def everything(model: Sequential) -> dict[str, np.ndarray]:
    assert isinstance(model.optimizer, Optimizer)
    return {name: np.array(state.numpy()) for name, state in model._train_states().items()}


@given(spec=models())
def test_random_models_train_to_the_same_bits(spec: dict[str, Any]) -> None:
    """Three epochs of two batches and a smaller third one in `fit`, on one and on two threads, and eagerly: weights,
    slots, statistics and metrics are the same to the bit, and so is what the models predict."""
    batch = spec["batch"]
    samples = 2 * batch + (batch + 1) // 2
    x, y = make_data(spec, samples)
    weights = {"sample_weight": np.linspace(0, 2, samples, dtype=np.float32)} if spec["weighted"] else {}
    parts = [slice(start, start + batch) for start in range(0, samples, batch)]
    plain = make_model(spec)
    plain(x[:1])
    for _ in range(3):
        plain.reset_metrics()
        for part in parts:
            eager(plain._train_step, x[part], y[part], *(weight[part] for weight in weights.values()))
    want = everything(plain)
    want_predicted = np.concatenate([eager(plain._predict_step, x[part])[0] for part in parts])
    for threads in (1, 2):
        fastnn.set_num_threads(threads)
        model = make_model(spec)
        model.fit(x, y, batch_size=batch, epochs=3, shuffle=False, verbose=0, **weights)
        assert model._train_step.eager_reasons() == []
        assert sum(entry["replays"] for entry in model._train_step.info()) > 0
        for entry in model._train_step._entries.values():
            for graph in entry.graphs.values():
                assert _core.Graph.parse(graph.text()).text() == graph.text()
        got = everything(model)
        assert list(got) == list(want)
        for name, value in want.items():
            assert_same([got[name]], [value], (), f"{threads} threads, {name}")
        for _ in range(3):
            predicted = model.predict(x, batch_size=batch)
            assert_same([predicted], [want_predicted], (), f"{threads} threads, prediction")


@settings(max_examples=15)
@given(first=models(), second=models())
def test_random_models_with_an_optimizer_each_train_in_one_step(first: dict[str, Any], second: dict[str, Any]) -> None:
    """The second learns to say what the first one says after its own update, as in a GAN or with a student."""
    for spec in (first, second):
        spec["optimizer"][1].pop("gradient_accumulation_steps", None)  # belongs to several steps
    batch = first["batch"]
    x, other = (make_data(spec, batch)[0] for spec in (first, second))

    def make() -> tuple[list[Sequential], Any]:
        pair = [make_model(spec) for spec in (first, second)]
        for model, data in zip(pair, (x, other), strict=True):
            model(data)

        def step(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
            teacher, student = pair
            said = teacher(a, training=True)
            loss = F.mean((said - 0.5) ** 2)
            teacher.optimizer.minimize(loss, teacher.trainable_weights)
            wanted = F.mean(teacher(a, training=False), axis=1, keepdims=True)
            distance = F.mean((student(b, training=True) - wanted) ** 2)
            student.optimizer.minimize(distance, student.trainable_weights)
            return loss, distance

        return pair, step

    runs = []
    for compiled in (False, True):
        fastnn.manual_seed(3)
        pair, step = make()
        run = fastnn.compile(step) if compiled else step
        losses = [[t.numpy() for t in run(Tensor(x), Tensor(other))] for _ in range(5)]
        if compiled:
            assert run.recorded, run.eager_reasons()
        runs.append((losses, [everything(model) for model in pair]))
    (want_losses, want), (got_losses, got) = runs
    for a, b in zip(got_losses, want_losses, strict=True):
        assert_same(a, b, (), "losses")
    for mine, theirs in zip(got, want, strict=True):
        for name, value in theirs.items():
            assert_same([mine[name]], [value], (), name)

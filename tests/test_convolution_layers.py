"""Layers of convolution, pooling and group normalisation in one, two and three dimensions: weights and values as Keras
has them, windows of volumes against plain loops, steps that run as programs, errors."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import op_references as ref
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import fastnn
from fastnn import Input, Sequential, Tensor, layers, losses, optimizers
from fastnn import functional as F


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).normal(size=shape).astype(np.float32)


SEQUENCE, IMAGE, VOLUME = (2, 9, 4), (2, 8, 9, 4), (2, 5, 6, 7, 4)

# layer, shape of the input, shapes of the weights, shape of the output: by Keras 3 with TensorFlow
CASES: list[tuple[layers.Layer, Any, list[Any], Any]] = [
    (layers.Conv1D(3, 3), SEQUENCE, [(3, 4, 3), (3,)], (2, 7, 3)),
    (layers.Conv1D(3, 3, padding="causal", dilation_rate=2, activation="tanh"), SEQUENCE, [(3, 4, 3), (3,)], (2, 9, 3)),
    (layers.Conv1D(6, 2, strides=2, padding="same", groups=2), SEQUENCE, [(2, 2, 6), (6,)], (2, 5, 6)),
    (layers.Conv3D(3, (2, 3, 3), strides=(1, 2, 1)), VOLUME, [(2, 3, 3, 4, 3), (3,)], (2, 4, 2, 5, 3)),
    (layers.Conv3D(3, 3, padding="same", use_bias=False), VOLUME, [(3, 3, 3, 4, 3)], (2, 5, 6, 7, 3)),
    (layers.Conv1DTranspose(3, 3, strides=2, padding="same"), SEQUENCE, [(3, 3, 4), (3,)], (2, 18, 3)),
    (layers.Conv1DTranspose(32, 3, 2, activation="relu"), (4, 10, 128), [(3, 32, 128), (32,)], (4, 21, 32)),
    (layers.Conv2DTranspose(3, (3, 2), 2, output_padding=1), IMAGE, [(3, 2, 3, 4), (3,)], (2, 18, 19, 3)),
    (layers.Conv2DTranspose(3, 3, 2, "same", output_padding=0), IMAGE, [(3, 3, 3, 4), (3,)], (2, 15, 17, 3)),
    (layers.Conv2DTranspose(3, 2, 3, use_bias=False), IMAGE, [(2, 2, 3, 4)], (2, 24, 27, 3)),
    (layers.Conv3DTranspose(2, 2, strides=2, activation="elu"), VOLUME, [(2, 2, 2, 2, 4), (2,)], (2, 10, 12, 14, 2)),
    (layers.DepthwiseConv1D(3, depth_multiplier=2), SEQUENCE, [(3, 4, 2), (8,)], (2, 7, 8)),
    (layers.DepthwiseConv2D((3, 2), 2, "same", 3), IMAGE, [(3, 2, 4, 3), (12,)], (2, 4, 5, 12)),
    (layers.SeparableConv1D(5, 3, activation="relu"), SEQUENCE, [(3, 4, 1), (1, 4, 5), (5,)], (2, 7, 5)),
    (layers.SeparableConv2D(5, 3, depth_multiplier=2), IMAGE, [(3, 3, 4, 2), (1, 1, 8, 5), (5,)], (2, 6, 7, 5)),
    (layers.MaxPooling1D(3, padding="same"), SEQUENCE, [], (2, 3, 4)),
    (layers.AveragePooling1D(2, strides=1), SEQUENCE, [], (2, 8, 4)),
    (layers.MaxPooling3D(2, padding="same"), VOLUME, [], (2, 3, 3, 4, 4)),
    (layers.AveragePooling3D((2, 3, 2), strides=1), VOLUME, [], (2, 4, 4, 6, 4)),
    (layers.GlobalMaxPooling1D(), SEQUENCE, [], (2, 4)),
    (layers.GlobalAveragePooling1D(keepdims=True), SEQUENCE, [], (2, 1, 4)),
    (layers.GlobalMaxPooling3D(keepdims=True), VOLUME, [], (2, 1, 1, 1, 4)),
    (layers.GlobalAveragePooling3D(), VOLUME, [], (2, 4)),
    (layers.GroupNormalization(2, center=False), IMAGE, [(4,)], IMAGE),
    (layers.GroupNormalization(-1), VOLUME, [(4,), (4,)], VOLUME),
    (layers.UnitNormalization(axis=(1, 2)), IMAGE, [], IMAGE),
]


@pytest.mark.parametrize(("layer", "shape", "weights", "output"), CASES, ids=lambda value: getattr(value, "name", None))
def test_weights_shapes_and_configurations(layer: layers.Layer, shape: Any, weights: Any, output: Any) -> None:
    y = layer(numbers(*shape)).numpy()
    assert [weight.shape for weight in layer.weights] == weights
    assert y.shape == output
    assert layer.compute_output_shape((None, *shape[1:])) == (None, *output[1:])
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    again(numbers(*shape))
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(numbers(*shape)).numpy(), y)


def test_defaults_and_names_are_keras() -> None:
    assert layers.GroupNormalization().get_config()["groups"] == 32
    assert layers.GroupNormalization().epsilon == 1e-3
    assert layers.MaxPooling3D().strides == (2, 2, 2)
    separable = layers.SeparableConv2D(2, 3, name="s")
    separable(numbers(*IMAGE))
    assert [w.path for w in separable.weights] == ["s/depthwise_kernel", "s/pointwise_kernel", "s/bias"]
    for alias, layer in (
        ("Convolution1D", layers.Conv1D),
        ("Convolution3DTranspose", layers.Conv3DTranspose),
        ("SeparableConvolution2D", layers.SeparableConv2D),
        ("MaxPool1D", layers.MaxPooling1D),
        ("AvgPool3D", layers.AveragePooling3D),
        ("GlobalAvgPool1D", layers.GlobalAveragePooling1D),
        ("GlobalMaxPool3D", layers.GlobalMaxPooling3D),
    ):
        assert getattr(layers, alias) is layer


# ---- values ----------------------------------------------------------------------------------------------------------


def test_a_causal_convolution_never_looks_ahead() -> None:
    layer = layers.Conv1D(2, 3, padding="causal", dilation_rate=2)
    x = numbers(*SEQUENCE)
    y = layer(x).numpy()
    np.testing.assert_allclose(
        y, ref.conv(x, layer.kernel.numpy(), padding="explicit", pads=(4, 0), dilation=(2,)), rtol=1e-4, atol=1e-5
    )
    changed = x.copy()
    changed[:, 5:] = 7
    np.testing.assert_array_equal(layer(changed).numpy()[:, :5], y[:, :5])


def test_transposed_convolution_leads_back_from_a_convolution() -> None:
    """It is the gradient of the input of the convolution with the same kernel, strides and padding."""
    for padding in ("valid", "same"):
        layer = layers.Conv2DTranspose(3, 3, strides=2, padding=padding, use_bias=False)
        small = Tensor(numbers(*IMAGE))
        y = layer(small)
        image = Tensor(np.zeros(y.shape, np.float32), requires_grad=True)
        back = F.conv2d(image, layer.kernel, strides=2, padding=padding)
        assert back.shape == small.shape
        back.backward(small)
        assert image.grad is not None
        np.testing.assert_allclose(image.grad.numpy(), y.numpy(), rtol=1e-4, atol=1e-5)


def test_transposed_convolution_by_hand() -> None:
    layer = layers.Conv1DTranspose(
        1, 3, strides=2, kernel_initializer=lambda shape, dtype: np.array([1, 10, 100.0]).reshape(shape)
    )
    x = np.array([1, 2], np.float32).reshape(1, 2, 1)
    np.testing.assert_array_equal(layer(x).numpy()[0, :, 0], [1, 10, 102, 20, 200])
    layer.padding = "same"
    np.testing.assert_array_equal(layer(x).numpy()[0, :, 0], [1, 10, 102, 20])


def test_depthwise_and_separable_convolution() -> None:
    x = numbers(*IMAGE)
    layer = layers.DepthwiseConv2D(3, depth_multiplier=2, use_bias=False)
    y = layer(x).numpy()
    kernel = layer.kernel.numpy()
    for channel, j in itertools.product(range(4), range(2)):
        alone = ref.conv(x[..., channel : channel + 1], kernel[..., channel : channel + 1, j : j + 1])
        np.testing.assert_allclose(y[..., 2 * channel + j], alone[..., 0], rtol=1e-4, atol=1e-5)
    separable = layers.SeparableConv2D(5, 3, depth_multiplier=2, use_bias=False)
    separable(x)
    pointwise = numbers(1, 1, 8, 5)
    separable.set_weights([kernel, pointwise])
    np.testing.assert_allclose(separable(x).numpy(), y @ pointwise[0, 0], rtol=1e-4, atol=1e-4)


def test_group_normalization_of_one_group_and_of_single_channels() -> None:
    x = 3 * numbers(*IMAGE) + 1
    whole = layers.GroupNormalization(1)(x).numpy()
    mean, deviation = x.mean(axis=(1, 2, 3), keepdims=True), np.sqrt(x.var(axis=(1, 2, 3), keepdims=True) + 1e-3)
    np.testing.assert_allclose(whole, (x - mean) / deviation, rtol=1e-4, atol=1e-5)
    each = layers.GroupNormalization(-1)(x).numpy()
    mean, deviation = x.mean(axis=(1, 2), keepdims=True), np.sqrt(x.var(axis=(1, 2), keepdims=True) + 1e-3)
    np.testing.assert_allclose(each, (x - mean) / deviation, rtol=1e-4, atol=1e-5)


def test_unit_normalization_of_zeros_has_a_gradient() -> None:
    values = np.array([[3, 4], [0, 0]], np.float32)
    x = Tensor(values, requires_grad=True)
    y = layers.UnitNormalization()(x)
    np.testing.assert_allclose(y.numpy(), [[0.6, 0.8], [0, 0]], rtol=1e-6)
    y.sum().backward()
    assert x.grad is not None
    assert np.isfinite(x.grad.numpy()).all()
    np.testing.assert_allclose(x.grad.numpy()[0], [0.032, -0.024], rtol=1e-5)


# ---- windows of sequences and volumes --------------------------------------------------------------------------------

triples = st.tuples(*[st.integers(1, 3)] * 3)


def pooled(x: np.ndarray, pool: Any, strides: Any, edges: Any, maximum: bool) -> tuple[np.ndarray, np.ndarray]:
    """Pooling by plain loops, and the gradient of its sum for x; the first of equal maxima takes it."""
    outputs = ref.window_outputs(x.shape[1:-1], pool, strides, (1,) * len(pool), edges)
    y, dx = np.zeros((x.shape[0], *outputs, x.shape[-1])), np.zeros(x.shape)
    for at in np.ndindex(*outputs):
        taps = [
            range(max(i * s - before, 0), min(i * s - before + k, size))
            for i, s, k, (before, _), size in zip(at, strides, pool, edges, x.shape[1:-1], strict=True)
        ]
        places = list(itertools.product(*taps))
        window = np.stack([x[:, *place] for place in places])
        y[:, *at] = window.max(axis=0) if maximum else window.mean(axis=0)
        for place, value in zip(places, window == window.max(axis=0), strict=True):
            first = value & (np.cumsum(window == window.max(axis=0), axis=0)[places.index(place)] == 1)
            dx[:, *place] += first if maximum else 1 / len(places)
    return y, dx


@given(st.tuples(st.integers(1, 2), *[st.integers(1, 5)] * 3, st.integers(1, 3)), triples, triples, st.data())
def test_pooling_of_volumes_and_sequences_equals_plain_loops(shape: Any, pool: Any, strides: Any, data: Any) -> None:
    axes = data.draw(st.sampled_from((1, 3)))
    pool, strides, shape = pool[:axes], strides[:axes], (shape[0], *shape[1 : axes + 1], shape[-1])
    padding = data.draw(st.sampled_from(("valid", "same", "explicit")))
    pads = tuple(data.draw(st.integers(0, k - 1)) for k in pool for _ in range(2))
    edges = ref.window_pads(shape[1:-1], pool, strides, (1,) * axes, padding, pads)
    assume(min(ref.window_outputs(shape[1:-1], pool, strides, (1,) * axes, edges)) > 0)
    # few values, so that windows hold equal maxima
    values = np.random.default_rng(data.draw(st.integers(0, 99))).integers(0, 3, shape).astype(np.float32)
    for maximum in (True, False):
        x = Tensor(values, requires_grad=True)
        function = getattr(F, f"{'max' if maximum else 'avg'}_pool{axes}d")
        y = function(x, pool, strides, pads if padding == "explicit" else padding)
        want, gradient = pooled(values, pool, strides, edges, maximum)
        assert y.shape == want.shape
        np.testing.assert_allclose(y.numpy(), want, rtol=1e-6)
        y.sum().backward()
        assert x.grad is not None
        np.testing.assert_allclose(x.grad.numpy(), gradient, rtol=1e-5, atol=1e-6)


@given(st.integers(1, 3), triples, triples, triples, st.sampled_from(("valid", "same")), st.integers(1, 4), st.data())
def test_transposed_convolution_undoes_the_shape(
    axes: int, image: Any, kernel: Any, strides: Any, padding: str, channels: int, data: Any
) -> None:
    """The convolution that leads back gives the input's shape, and the adjoint's law holds: <T x, y> = <x, C y>."""
    image, kernel, strides = image[:axes], kernel[:axes], strides[:axes]
    dilation = tuple(data.draw(st.integers(1, 2)) for _ in range(axes))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    x, weight = Tensor(rng.standard_normal((2, *image, channels))), Tensor(rng.standard_normal((*kernel, 3, channels)))
    options = {"strides": strides, "padding": padding, "dilation": dilation}
    there = getattr(F, f"conv{axes}d_transpose")(x, weight, **options)
    y = Tensor(rng.standard_normal(there.shape))
    back = getattr(F, f"conv{axes}d")(y, weight, **options)
    assert back.shape == x.shape
    left, right = (there.numpy() * y.numpy()).sum(), (x.numpy() * back.numpy()).sum()
    np.testing.assert_allclose(left, right, rtol=1e-9, atol=1e-9)


# ---- steps that run as programs --------------------------------------------------------------------------------------

MODELS: dict[str, tuple[tuple[int, ...], Any]] = {
    "sequences": (
        (12, 3),
        lambda: [
            layers.Conv1D(6, 3, padding="causal", activation="relu"),
            layers.MaxPooling1D(2),
            layers.DepthwiseConv1D(3, padding="same"),
            layers.SeparableConv1D(5, 3, activation="tanh"),
            layers.AveragePooling1D(2, padding="same"),
            layers.Conv1DTranspose(4, 2, strides=2),
            layers.GlobalMaxPooling1D(),
        ],
    ),
    "images": (
        (8, 8, 4),
        lambda: [
            layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2),
            layers.GroupNormalization(4),
            layers.SeparableConv2D(6, 3, strides=2, padding="same"),
            layers.Conv2DTranspose(4, 3, strides=2, padding="same", activation="relu"),
            layers.UnitNormalization(),
            layers.GlobalAveragePooling2D(),
        ],
    ),
    "volumes": (
        (4, 6, 6, 2),
        lambda: [
            layers.Conv3D(5, 3, padding="same", activation="relu"),
            layers.MaxPooling3D(2, padding="same"),
            layers.GroupNormalization(-1),
            layers.Conv3DTranspose(4, 2, strides=2),
            layers.AveragePooling3D(2),
            layers.GlobalAveragePooling3D(),
        ],
    ),
}


@pytest.mark.parametrize("name", MODELS)
def test_fit_runs_as_a_program_and_learns_what_eager_steps_do(name: str) -> None:
    shape, make = MODELS[name]
    x = np.random.default_rng(1).normal(size=(20, *shape)).astype(np.float32)
    y = np.arange(20) % 3

    def model() -> Sequential:
        fastnn.utils.set_random_seed(3)
        return Sequential([Input(shape), *make(), layers.Dense(3, activation="softmax")])

    fitted, eager = model(), model()
    fitted.compile(optimizers.SGD(0.05, momentum=0.9), losses.SparseCategoricalCrossentropy())
    fitted.fit(x, y, batch_size=8, epochs=3, shuffle=False, verbose=0)  # batches of 8, 8 and 4
    assert sum(program["replays"] for program in fitted._train_step.info()) >= 6
    optimizer = optimizers.SGD(0.05, momentum=0.9)
    for begin in (0, 8, 16) * 3:
        part = slice(begin, begin + 8)
        logits = eager(Tensor(x[part]), training=True).logits
        for variable in eager.trainable_weights:
            variable.grad = None
        F.mean(F.softmax_cross_entropy(logits, Tensor(y[part]))).backward()
        optimizer.apply([variable.grad for variable in eager.trainable_weights], eager.trainable_weights)
    for one, other in zip(fitted.get_weights(), eager.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)


# ---- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Conv1D(3, (3, 3)), r"Conv1D: expected kernel_size to be one integer, got \(3, 3\)"),
        (lambda: layers.Conv3D(3, (3, 3)), "Conv3D: expected kernel_size to be one integer or three"),
        (lambda: layers.Conv1D(3, 3, padding="full"), "Conv1D: expected padding to be 'valid', 'same' or 'causal'"),
        (lambda: layers.Conv2D(3, 3, padding="causal"), "Conv2D: expected padding to be 'valid' or 'same'"),
        (lambda: layers.DepthwiseConv2D(3, depth_multiplier=0), "expected a positive depth_multiplier, got 0"),
        (lambda: layers.Conv2DTranspose(3, 3, 2, output_padding=2), r"expected output_padding below strides \(2, 2\)"),
        (lambda: layers.Conv2DTranspose(3, 3, 2, output_padding=-1), "expected output_padding of at least 0, got -1"),
        (lambda: layers.Conv2DTranspose(3, 4, 2, "same", 0), "output_padding of at least 1 for an even kernel"),
        (lambda: layers.Conv3D(3, 3, data_format="channels_first"), "expected data_format 'channels_last'"),
        (lambda: layers.MaxPooling3D((2, 2)), "MaxPooling3D: expected pool_size to be one integer or three"),
        (lambda: layers.GroupNormalization(0), "GroupNormalization: expected a positive groups, got 0"),
        (lambda: layers.GroupNormalization(axis=(1, 2)), "expected one axis, the last"),
    ],
)
def test_arguments_that_make_no_sense(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (layers.Conv1D(2, 3, name="a"), IMAGE, r"a: expected input \(batch, steps, channels\), got \(2, 8, 9, 4\)"),
        (layers.Conv1D(2, 10, name="a"), SEQUENCE, "a: expected input at least 10 steps long for the kernel"),
        (layers.Conv3D(2, 6, name="a"), VOLUME, "a: expected input at least 6 deep, 6 high and 6 wide for the kernel"),
        (layers.MaxPooling1D(10, name="a"), SEQUENCE, "a: expected input at least 10 steps long for the pool"),
        (layers.AveragePooling3D(6, name="a"), VOLUME, "a: expected input at least 6 deep"),
        (layers.GlobalMaxPooling3D(name="a"), IMAGE, r"a: expected input \(batch, depth, height, width, channels\)"),
        (layers.Conv2DTranspose(2, 3, name="a"), (2, 0, 3, 4), r"a: expected input \(batch, height, width, channels\)"),
        (layers.DepthwiseConv2D(9, name="a"), IMAGE, "a: expected input at least 9 high and 9 wide"),
        (layers.GroupNormalization(3, name="a"), IMAGE, "a: expected input .* divisible by 3 groups"),
        (layers.UnitNormalization(4, name="a"), IMAGE, r"a: expected input with the axes \(4,\)"),
    ],
)
def test_inputs_of_wrong_shape(layer: layers.Layer, shape: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        layer(np.zeros(shape, np.float32))
    assert layer.weights == []


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x: F.max_pool1d(x), r"max_pool1d: expected x \(batch, steps, channels\), got \(2, 8, 9, 4\)"),
        (lambda x: F.avg_pool3d(x), r"avg_pool3d: expected x \(batch, depth, height, width, channels\), got"),
        (lambda x: F.max_pool3d(x, (2, 2)), r"max_pool3d: expected pool_size to be an integer or three, got \(2, 2\)"),
        (lambda x: F.conv1d(x, x, padding=(1,)), r"conv1d: expected padding 'valid', 'same' or \(before, after\)"),
        (
            lambda x: F.depthwise_conv2d(x, Tensor(numbers(3, 3, 5, 1))),
            r"depthwise_conv2d: expected weight \(kh, kw, 4, multiplier\), got \(3, 3, 5, 1\)",
        ),
    ],
)
def test_functions_refuse_what_does_not_fit(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(Tensor(numbers(*IMAGE)))

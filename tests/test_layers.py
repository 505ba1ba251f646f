"""Layers: values against NumPy, Keras's defaults and layouts, shapes, configurations, errors that name the layer."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Tensor, initializers, layers, metrics, utils


def built(layer: layers.Layer, *shape: int) -> np.ndarray:
    """The layer's result for fixed numbers; afterwards it has weights."""
    return layer(numbers(*shape)).numpy()


def numbers(*shape: int) -> np.ndarray:
    return np.random.default_rng(5).normal(size=shape).astype(np.float32)


# ---- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(7, 5), (2, 3, 5), (0, 5)])
def test_dense(shape: tuple[int, ...]) -> None:
    layer = layers.Dense(4, bias_initializer="random_normal")
    y = built(layer, *shape)
    assert layer.kernel.shape == (5, 4)
    assert layer.bias is not None
    np.testing.assert_allclose(y, numbers(*shape) @ layer.kernel.numpy() + layer.bias.numpy(), rtol=1e-5, atol=1e-6)


def test_dense_activations() -> None:
    kernel = np.array([[1.0, -1.0]], np.float32)
    x = np.array([[2.0], [-3.0]], np.float32)
    linear, relu, softmax = (layers.Dense(2, use_bias=False, activation=a) for a in (None, "relu", "softmax"))
    for layer in (linear, relu, softmax):
        layer(x)
        layer.set_weights([kernel])
    np.testing.assert_array_equal(linear(x).numpy(), [[2, -2], [-3, 3]])
    np.testing.assert_array_equal(relu(x).numpy(), [[2, 0], [0, 3]])
    odds = np.exp([[2, -2], [-3, 3]])
    np.testing.assert_allclose(softmax(x).numpy(), odds / odds.sum(axis=1, keepdims=True), rtol=1e-6)
    own = layers.Dense(2, use_bias=False, activation=lambda t: t * t)
    own(x)
    own.set_weights([kernel])
    np.testing.assert_array_equal(own(x).numpy(), [[4, 4], [9, 9]])


def test_activations_by_name() -> None:
    x = numbers(4, 5)
    shifted = np.exp(x - x.max(axis=-1, keepdims=True))
    wanted = {
        "leaky_relu": np.where(x > 0, x, 0.2 * x),
        "elu": np.where(x > 0, x, np.expm1(x)),
        "exponential": np.exp(x),
        "hard_sigmoid": np.clip(x + 3, 0, 6) / 6,
        "log_softmax": np.log(shifted / shifted.sum(axis=-1, keepdims=True)),
        "sigmoid": 1 / (1 + np.exp(-x)),
        "silu": x / (1 + np.exp(-x)),
        "swish": x / (1 + np.exp(-x)),
        "softplus": np.log1p(np.exp(x)),
        "softsign": x / (1 + np.abs(x)),
        "tanh": np.tanh(x),
        "linear": x,
        "relu": np.maximum(x, 0),
    }
    for name, want in wanted.items():
        layer = layers.Activation(name)
        np.testing.assert_allclose(layer(x).numpy(), want, rtol=2e-6, atol=1e-6, err_msg=name)
    # gelu(1) and selu(-1) to seven digits
    one = np.array([[1.0, -1.0]], np.float32)
    np.testing.assert_allclose(layers.Activation("gelu")(one).numpy(), [[0.8413447, -0.1586553]], rtol=1e-6)
    np.testing.assert_allclose(layers.Activation("selu")(one).numpy(), [[1.0507010, -1.1113307]], rtol=1e-6)


def test_activation_layers() -> None:
    x = np.array([[-2.0, -0.5, 0.0, 0.5, 1.0, 8.0]], np.float32)
    cases = [
        (layers.ReLU(), [0, 0, 0, 0.5, 1, 8]),
        (layers.ReLU(max_value=6), [0, 0, 0, 0.5, 1, 6]),
        (layers.ReLU(negative_slope=0.5), [-1, -0.25, 0, 0.5, 1, 8]),
        (layers.ReLU(max_value=6, negative_slope=0.5, threshold=1), [-1.5, -0.75, -0.5, -0.25, 1, 6]),
        (layers.LeakyReLU(), [-0.6, -0.15, 0, 0.5, 1, 8]),
        (layers.LeakyReLU(negative_slope=0.5), [-1, -0.25, 0, 0.5, 1, 8]),
        (layers.ELU(alpha=2.0), [2 * np.expm1(-2), 2 * np.expm1(-0.5), 0, 0.5, 1, 8]),
        (layers.Softmax(), (np.exp(x) / np.exp(x).sum())[0]),
    ]
    for layer, want in cases:
        np.testing.assert_allclose(layer(x).numpy(), [want], rtol=2e-6, atol=1e-7, err_msg=repr(layer))
        again = type(layer).from_config(layer.get_config())
        np.testing.assert_array_equal(again(x).numpy(), layer(x).numpy())
    for wrong in ({"max_value": -1}, {"negative_slope": -0.1}, {"threshold": float("nan")}):
        with pytest.raises(ValueError, match=f"ReLU: expected {next(iter(wrong))} >= 0"):
            layers.ReLU(**wrong)
    with pytest.raises(ValueError, match="LeakyReLU: expected negative_slope >= 0, got -1"):
        layers.LeakyReLU(-1)


def test_prelu_learns_the_slope_of_negative_numbers() -> None:
    x = np.array([[-2.0, -0.5, 0.0, 3.0], [-1.0, 4.0, -3.0, 0.5]], np.float32)
    layer = layers.PReLU(alpha_initializer="ones")
    inputs = fastnn.Tensor(x, requires_grad=True)
    y = layer(inputs)
    np.testing.assert_array_equal(y.numpy(), x)
    (2 * y).sum().backward()
    np.testing.assert_array_equal(inputs.grad.numpy(), np.full((2, 4), 2))
    assert layer.alpha.shape == (4,)
    np.testing.assert_array_equal(layer.alpha.grad.numpy(), 2 * np.minimum(x, 0).sum(axis=0))
    again = layers.PReLU.from_config(layer.get_config())
    np.testing.assert_array_equal(again(x).numpy(), x)
    np.testing.assert_array_equal(layers.PReLU()(x).numpy(), np.maximum(x, 0))
    shared = layers.PReLU(shared_axes=[1, 2])
    assert shared(np.ones((2, 5, 6, 3), np.float32)).shape == (2, 5, 6, 3)
    assert shared.alpha.shape == (1, 1, 3)
    assert layers.PReLU.from_config(shared.get_config()).shared_axes == (1, 2)
    with pytest.raises(ValueError, match=r"PReLU: expected shared_axes other than 0, the batch, got \[0\]"):
        layers.PReLU(shared_axes=[0])
    with pytest.raises(ValueError, match="expected shared_axes within 2 axes, got 2"):
        layers.PReLU(shared_axes=2)(x)


def convolve(x: np.ndarray, kernel: np.ndarray, stride: int, dilation: int) -> np.ndarray:
    """Convolution without padding by its definition."""
    reach = [dilation * (size - 1) + 1 for size in kernel.shape[:2]]
    rows, columns = ((x.shape[axis + 1] - reach[axis]) // stride + 1 for axis in (0, 1))
    y = np.zeros((len(x), rows, columns, kernel.shape[3]))
    for i in range(rows):
        for j in range(columns):
            top, left = i * stride, j * stride
            window = x[:, top : top + reach[0] : dilation, left : left + reach[1] : dilation]
            y[:, i, j] = np.einsum("bhwc,hwco->bo", window, kernel)
    return y


@pytest.mark.parametrize(("stride", "dilation"), [(1, 1), (2, 1), (1, 2)])
def test_conv2d(stride: int, dilation: int) -> None:
    layer = layers.Conv2D(6, (3, 2), strides=stride, dilation_rate=dilation)
    y = built(layer, 2, 9, 8, 3)
    assert [w.shape for w in layer.weights] == [(3, 2, 3, 6), (6,)]
    want = convolve(numbers(2, 9, 8, 3), layer.kernel.numpy(), stride, dilation)
    np.testing.assert_allclose(y, want, rtol=1e-4, atol=1e-5)


def test_conv2d_same_pads_the_odd_one_at_the_bottom_and_right() -> None:
    layer = layers.Conv2D(1, 2, padding="same", kernel_initializer="ones")
    y = layer(np.ones((1, 3, 3, 1), np.float32)).numpy()[0, :, :, 0]
    np.testing.assert_array_equal(y, [[4, 4, 2], [4, 4, 2], [2, 2, 1]])


def test_conv2d_groups() -> None:
    layer = layers.Conv2D(4, 1, groups=2, use_bias=False)
    y = built(layer, 1, 2, 2, 6)
    assert layer.kernel.shape == (1, 1, 3, 4)
    kernel, x = layer.kernel.numpy()[0, 0], numbers(1, 2, 2, 6)
    np.testing.assert_allclose(y[..., :2], x[..., :3] @ kernel[:, :2], rtol=1e-5)
    np.testing.assert_allclose(y[..., 2:], x[..., 3:] @ kernel[:, 2:], rtol=1e-5)


def test_max_pooling() -> None:
    x = np.arange(-25, 0, dtype=np.float32).reshape(1, 5, 5, 1)
    grid = x[0, :, :, 0]
    np.testing.assert_array_equal(layers.MaxPooling2D()(x).numpy()[0, :, :, 0], grid[1:4:2, 1:4:2])
    np.testing.assert_array_equal(layers.MaxPooling2D(3, strides=1)(x).numpy()[0, :, :, 0], grid[2:, 2:])
    same = layers.MaxPooling2D(2, padding="same")(x).numpy()[0, :, :, 0]
    np.testing.assert_array_equal(same, grid[np.ix_([1, 3, 4], [1, 3, 4])])


def test_flatten_is_in_c_order() -> None:
    x = numbers(3, 2, 4, 5)
    np.testing.assert_array_equal(layers.Flatten()(x).numpy(), x.reshape(3, 40))
    assert layers.Flatten()(numbers(4)).shape == (4, 1)
    assert layers.Flatten()(numbers(0, 2, 3)).shape == (0, 6)


def test_activation_layer_keeps_logits() -> None:
    x = Tensor(numbers(3, 4))
    y = layers.Activation("softmax")(x)
    assert y.logits is x
    assert layers.Activation("relu")(x).numpy().min() == 0


def test_dropout_scales_what_it_keeps() -> None:
    fastnn.utils.set_random_seed(3)
    layer = layers.Dropout(0.25)
    x = np.ones((100, 100), np.float32)
    y = layer(x, training=True).numpy()
    np.testing.assert_allclose(np.unique(y), [0, 1 / 0.75], rtol=1e-6)
    assert abs((y == 0).mean() - 0.25) < 0.02
    np.testing.assert_array_equal(layer(x).numpy(), x)
    assert np.any(layer(x, training=True).numpy() != y)


def test_dropout_repeats_with_its_seed() -> None:
    x = np.ones((8, 8), np.float32)
    first, second = layers.Dropout(0.5, seed=7), layers.Dropout(0.5, seed=7)
    for _ in range(3):
        np.testing.assert_array_equal(first(x, training=True).numpy(), second(x, training=True).numpy())


def test_dropout_of_whole_channels_and_of_a_noise_shape() -> None:
    x = np.ones((6, 7, 5, 40), np.float32)
    kinds: list[tuple[layers.Layer, np.ndarray]] = [
        (layers.SpatialDropout2D(0.4, seed=1), x),
        (layers.SpatialDropout1D(0.4, seed=1), x[:, :, 0]),
        (layers.SpatialDropout3D(0.4, seed=1), x[:, :, None]),
        (layers.Dropout(0.4, noise_shape=(None, 1, 1, 40), seed=1), x),
    ]
    for layer, given in kinds:
        y = layer(given, training=True).numpy()
        lines = y.reshape(6, -1, 40)
        assert np.all(lines == lines[:, :1]), layer.name
        assert 0.25 < (lines[:, 0] == 0).mean() < 0.55
        np.testing.assert_allclose(np.unique(y), [0, 1 / 0.6], rtol=1e-6)
        assert layer(given).numpy() is not None
        np.testing.assert_array_equal(layer(given).numpy(), given)
    with pytest.raises(ValueError, match=r"expected a noise_shape that broadcasts to \(2, 3\), got \(None, 2\)"):
        layers.Dropout(0.5, noise_shape=(None, 2))(np.ones((2, 3), np.float32), training=True)
    with pytest.raises(ValueError, match=r"expected an input of 4 axes, got \(2, 3\)"):
        layers.SpatialDropout2D(0.5)(np.ones((2, 3), np.float32))


def test_noise_has_the_mean_and_deviation_it_says() -> None:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((400, 250)).astype(np.float32)
    ones = np.ones_like(x)
    added = layers.GaussianNoise(0.3, seed=1)(x, training=True).numpy() - x
    factor = layers.GaussianDropout(0.2, seed=2)(ones, training=True).numpy()
    selu = layers.AlphaDropout(0.1, seed=3)(x, training=True).numpy()
    for values, mean, deviation in ((added, 0, 0.3), (factor, 1, 0.5), (selu, 0, 1)):
        assert abs(values.mean() - mean) < 0.01
        assert abs(values.std() - deviation) < 0.01
    scale = (0.9 * (1 + 0.1 * 1.7580993408473766**2)) ** -0.5
    shift = 0.1 * scale * 1.7580993408473766
    dropped = np.isclose(selu, scale * -1.7580993408473766 + shift, atol=1e-6)
    assert abs(dropped.mean() - 0.1) < 0.01
    np.testing.assert_allclose(selu[~dropped], (scale * x + shift)[~dropped], rtol=1e-5, atol=1e-6)


def test_lambda_hands_on_what_its_function_takes() -> None:
    x = np.ones((2, 3), np.float32)
    layer = layers.Lambda(lambda x, training, factor: x * (factor if training else 1.0), arguments={"factor": 5.0})
    assert layer(x, training=True).tolist() == [[5.0] * 3] * 2
    assert layer(x).tolist() == [[1.0] * 3] * 2
    assert layer.compute_output_shape((None, 3)) == (None, 3)
    assert layers.Lambda(lambda x: x, output_shape=(7,)).compute_output_shape((None, 3)) == (None, 7)
    assert layers.Lambda(lambda x: x, output_shape=lambda s: (s[0], 2)).compute_output_shape((None, 3)) == (None, 2)
    masked = layers.Masking()(np.ones((2, 4, 3), np.float32))
    assert layers.Lambda(lambda x, mask: x * 2)(masked)._mask is None
    assert layers.Lambda(lambda x: x * 2, mask=lambda x, mask: mask)(masked)._mask is masked._mask
    model = fastnn.Sequential([fastnn.Input((3,)), layers.Lambda(lambda x: x * 2), layers.Dense(1)])
    with pytest.raises(ValueError, match="a configuration can't hold a Lambda's function"):
        model.get_config()


def test_average_pooling_leaves_padding_out() -> None:
    x = np.arange(25, dtype=np.float32).reshape(1, 5, 5, 1)
    grid = x[0, :, :, 0]
    valid = layers.AveragePooling2D()(x).numpy()[0, :, :, 0]
    np.testing.assert_array_equal(valid, grid[:4, :4].reshape(2, 2, 2, 2).mean(axis=(1, 3)))
    same = layers.AveragePooling2D(2, padding="same")(x).numpy()[0, :, :, 0]
    assert same[0, 2] == grid[:2, 4].mean()
    assert same[2, 2] == grid[4, 4]


def test_global_pooling() -> None:
    x = numbers(3, 4, 5, 6)
    np.testing.assert_allclose(layers.GlobalAveragePooling2D()(x).numpy(), x.mean(axis=(1, 2)), rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(layers.GlobalMaxPooling2D()(x).numpy(), x.max(axis=(1, 2)))
    kept = layers.GlobalMaxPooling2D(keepdims=True)(x).numpy()
    np.testing.assert_array_equal(kept, x.max(axis=(1, 2), keepdims=True))
    assert layers.GlobalAveragePooling2D(keepdims=True)(x).shape == (3, 1, 1, 6)


def test_batch_normalization_moves_its_statistics_while_training() -> None:
    layer = layers.BatchNormalization()
    x = 3 * numbers(8, 5, 4) + 1
    y = layer(x, training=True).numpy()
    mean, variance = x.mean(axis=(0, 1)), x.var(axis=(0, 1))
    np.testing.assert_allclose(y, (x - mean) / np.sqrt(variance + 1e-3), rtol=1e-4, atol=1e-5)
    assert [w.name for w in layer.weights] == ["gamma", "beta", "moving_mean", "moving_variance"]
    assert layer.trainable_weights == [layer.gamma, layer.beta]
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.01 * mean, rtol=1e-4, atol=1e-7)
    np.testing.assert_allclose(layer.moving_variance.numpy(), 0.99 + 0.01 * variance, rtol=1e-5)
    moving = [layer.moving_mean.numpy().copy(), layer.moving_variance.numpy().copy()]
    inference = layer(x).numpy()
    np.testing.assert_allclose(inference, (x - moving[0]) / np.sqrt(moving[1] + 1e-3), rtol=1e-4, atol=1e-5)
    layer.trainable = False  # frozen means inference
    np.testing.assert_array_equal(layer(x, training=True).numpy(), inference)
    np.testing.assert_array_equal(layer.moving_mean.numpy(), moving[0])


def test_layer_and_rms_normalization() -> None:
    x = numbers(4, 3, 7)
    y = layers.LayerNormalization()(x).numpy()
    deviation = np.sqrt(x.var(axis=-1, keepdims=True) + 1e-3)
    np.testing.assert_allclose(y, (x - x.mean(axis=-1, keepdims=True)) / deviation, rtol=1e-4, atol=1e-5)
    rms = layers.RMSNormalization()(x).numpy()
    np.testing.assert_allclose(rms, x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + 1e-6), rtol=1e-4, atol=1e-5)


def test_normalization_has_no_second_derivative() -> None:
    for name, layer in (
        ("batch_normalization", layers.BatchNormalization()),
        ("layer_normalization", layers.LayerNormalization()),
    ):
        x = Tensor(numbers(4, 3), requires_grad=True)
        (layer(x, training=True) * Tensor(numbers(4, 3))).sum().backward(create_graph=True)
        assert x.grad is not None
        with pytest.raises(RuntimeError, match=f"the second derivative of {name} is not available"):
            x.grad.sum().backward()


def test_embedding() -> None:
    layer = layers.Embedding(7, 3)
    ids = np.array([[1, 6, 1], [0, 0, 5]])
    y = layer(ids)
    assert layer.embeddings.shape == (7, 3)
    assert np.abs(layer.embeddings.numpy()).max() <= 0.05
    np.testing.assert_array_equal(y.numpy(), layer.embeddings.numpy()[ids])
    y.sum().backward()
    assert layer.embeddings.grad is not None
    np.testing.assert_array_equal(layer.embeddings.grad.numpy()[:, 0], [2, 2, 0, 0, 0, 1, 1])
    with pytest.raises(IndexError, match=r"embedding: expected ids in \[0, 7\), got 7 at position 1"):
        layer(np.array([0, 7]))
    with pytest.raises(TypeError, match="expected ids of int32 or int64, got float32"):
        layer(np.array([0.0]))


# ---- weights ---------------------------------------------------------------------------------------------------------


def test_weights_follow_from_the_structure() -> None:
    def model() -> fastnn.Sequential:
        return fastnn.Sequential([layers.Dense(4), layers.Dense(4), layers.Dense(4)])

    fastnn.utils.set_random_seed(1)
    first = model()
    first(numbers(2, 4))
    fastnn.utils.set_random_seed(1)
    second = model()
    for layer in reversed(second.layers):
        layer_input = numbers(2, 4)
        second._link()
        layer(layer_input)  # built from the last to the first
    for one, other in zip(first.get_weights(), second.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    kernels = [layer.get_weights()[0] for layer in first.layers]
    assert not np.array_equal(kernels[0], kernels[1])
    third = model()
    third(numbers(2, 4))
    assert not np.array_equal(third.get_weights()[0], kernels[0])


def test_layers_are_named_as_in_keras() -> None:
    assert layers.Dense(1, name="head").name == "head"
    first, second = layers.MaxPooling2D(), layers.MaxPooling2D()
    assert first.name.startswith("max_pooling2d")
    assert int(second.name.rpartition("_")[2]) == int(first.name.partition("2d")[2].lstrip("_") or 0) + 1


def test_set_weights_checks_all_before_any() -> None:
    layer = layers.Dense(3, name="head")
    built(layer, 1, 2)
    before = layer.get_weights()
    with pytest.raises(ValueError, match=r"head: expected bias of shape \(3,\), got \(4,\)"):
        layer.set_weights([np.ones((2, 3)), np.ones(4)])
    with pytest.raises(ValueError, match="head: expected 2 weights, got 1"):
        layer.set_weights([np.ones((2, 3))])
    for one, other in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_trainable_reaches_the_layers_below() -> None:
    model = fastnn.Sequential([layers.Dense(2), layers.Dense(2)])
    built(model, 1, 2)
    assert len(model.trainable_variables) == 4
    model.layers[0].trainable = False
    assert len(model.trainable_variables) == len(model.non_trainable_variables) == 2
    model.trainable = False
    assert model.trainable_weights == []
    assert not any(weight.requires_grad for weight in model.weights)


def test_weights_are_frozen_one_by_one() -> None:
    """As Keras has it: the layer's own `trainable`, when it is set, sets all that were made to be trained anew."""
    dense, normalization = layers.Dense(2), layers.BatchNormalization()
    model = fastnn.Sequential([fastnn.Input((3,)), dense, normalization], name="m")
    dense.kernel.trainable = False
    assert dense.trainable
    assert not dense.kernel.requires_grad
    assert dense.trainable_weights == [dense.bias]
    assert dense.non_trainable_weights == [dense.kernel]
    assert [weight.name for weight in model.trainable_weights] == ["bias", "gamma", "beta"]
    assert [weight.name for weight in copy.deepcopy(model).trainable_weights] == ["bias", "gamma", "beta"]
    assert len(fastnn.models.clone_model(model).trainable_weights) == 4
    dense.trainable = False
    dense.kernel.trainable = True
    assert dense.trainable_weights == []
    assert [weight.name for weight in model.trainable_weights] == ["kernel", "gamma", "beta"]
    model.trainable = True
    assert len(model.trainable_weights) == 4
    normalization.moving_mean.trainable = True
    assert [weight.name for weight in normalization.trainable_weights] == ["gamma", "beta", "moving_mean"]
    with pytest.raises(TypeError, match="requires_grad_: expected a floating dtype, got int32"):
        dense.add_weight((1,), "zeros", "int32", trainable=False, name="count").trainable = True


def test_a_layer_of_your_own() -> None:
    class Scale(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.factor = self.add_weight((input_shape[-1],), "ones", name="factor")
            self.count = self.add_weight((1,), "zeros", trainable=False)

        def call(self, inputs: Tensor) -> Tensor:
            return inputs * self.factor

    layer = Scale(name="scale")
    np.testing.assert_array_equal(layer(np.ones((2, 3))).numpy(), np.ones((2, 3)))
    factor, other = (w.name for w in layer.weights)
    assert factor == "factor"
    assert other.startswith("variable")
    assert [w.path for w in layer.weights] == ["scale/factor", "scale/variable"]
    assert layer.trainable_weights == [layer.factor]
    assert layer.compute_output_shape((None, 3)) == (None, 3)


def test_a_failed_build_leaves_nothing_behind() -> None:
    model = fastnn.Sequential([layers.Dense(4), layers.Conv2D(2, 3, name="convolution")])
    with pytest.raises(ValueError, match=r"convolution: expected input \(batch, height, width, channels\)"):
        built(model, 2, 5)
    assert model.weights == []
    with pytest.raises(ValueError, match="convolution"):
        built(model, 2, 6)


def test_a_failed_build_leaves_weights_that_were_there() -> None:
    class Scaled(layers.Layer):
        def __init__(self) -> None:
            super().__init__(name="scaled")
            self.scale = self.add_weight((1,), "ones", trainable=False, name="scale")

        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight((input_shape[-1], 2), name="kernel")
            self.offset = self.add_weight((1,), trainable=False, name="offset")
            if input_shape[-1] != 3:
                raise ValueError("expected 3 features")

        def call(self, inputs: Tensor) -> Tensor:
            return inputs @ self.kernel * self.scale

    layer = Scaled()
    with pytest.raises(ValueError, match="expected 3 features"):
        layer(np.ones((2, 4), np.float32))
    assert [weight.path for weight in layer.weights] == ["scaled/scale"]
    assert layer(np.ones((2, 3), np.float32)).shape == (2, 2)
    assert [weight.path for weight in layer.weights] == ["scaled/scale", "scaled/kernel", "scaled/offset"]
    assert [weight.path for weight in layer.trainable_weights] == ["scaled/kernel"]


# ---- initializers ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "deviation", "limit"),
    [
        ("glorot_uniform", np.sqrt(2 / 500), np.sqrt(6 / 500)),
        ("glorot_normal", np.sqrt(2 / 500), 2 * np.sqrt(2 / 500) / 0.8796),
        ("he_uniform", np.sqrt(2 / 200), np.sqrt(6 / 200)),
        ("he_normal", np.sqrt(2 / 200), 2 * np.sqrt(2 / 200) / 0.8796),
        ("random_normal", 0.05, np.inf),
        ("random_uniform", 0.05 / np.sqrt(3), 0.05),
        ("zeros", 0, 0),
    ],
)
def test_initializers(name: str, deviation: float, limit: float) -> None:
    fastnn.utils.set_random_seed(0)
    initializer = initializers.get(name)
    values = initializer((200, 300))
    assert values.dtype == np.float32
    assert values.std() == pytest.approx(deviation, rel=0.02)
    assert np.abs(values).max() <= limit * 1.001
    assert abs(values.mean()) < 0.01 * (deviation + 1e-9) + 4 * deviation / np.sqrt(values.size)


def test_a_seeded_initializer_repeats() -> None:
    initializer = initializers.HeNormal(seed=4)
    np.testing.assert_array_equal(initializer((3, 3)), initializer((3, 3)))
    np.testing.assert_array_equal(initializers.get({"class_name": "Ones", "config": {}})((2,)), [1, 1])
    np.testing.assert_array_equal(initializers.Constant(3)((2,)), [3, 3])


def test_functions_initialize_too() -> None:
    layer = layers.Dense(2, kernel_initializer=lambda shape, dtype: np.full(shape, 7, dtype))
    built(layer, 1, 3)
    assert np.all(layer.kernel.numpy() == 7)
    with pytest.raises(ValueError, match="initializer: expected a function that has a name"):
        layer.get_config()


class Counting(initializers.Initializer):
    def __call__(self, shape: Any, dtype: Any = None) -> Any:  # type: ignore[override]
        return np.arange(np.prod(shape)).reshape(shape)


class Passing(initializers.RandomNormal):
    def __call__(self, shape: Any, dtype: Any = None, **kwargs: Any) -> Any:
        return 2 * super().__call__(shape, dtype, **kwargs)


def test_initializers_of_own_take_a_generator_or_not() -> None:
    layer = layers.Dense(2, kernel_initializer=Counting(), bias_initializer=Counting())
    built(layer, 1, 3)
    assert layer.kernel.dtype == np.float32
    np.testing.assert_array_equal(layer.kernel.numpy(), [[0, 1], [2, 3], [4, 5]])
    np.testing.assert_array_equal(layer.bias.numpy(), [0, 1])
    np.testing.assert_array_equal(metrics.Mean().add_variable((3,), Counting()).numpy(), [0, 1, 2])
    drawn = []
    for initializer in (initializers.RandomNormal(), Passing()):
        utils.set_random_seed(5)
        layer = layers.Dense(2, kernel_initializer=initializer)
        built(layer, 1, 3)
        drawn.append(layer.kernel.numpy())
    np.testing.assert_array_equal(2 * drawn[0], drawn[1])


# ---- shapes and configurations ---------------------------------------------------------------------------------------

CASES = [
    (layers.Dense(4, activation="relu", kernel_initializer="he_normal"), (2, 5)),
    (layers.Conv2D(4, 3, strides=2, padding="same", activation="relu"), (2, 7, 8, 3)),
    (layers.Conv2D(4, (1, 3), dilation_rate=(1, 2), groups=2, use_bias=False), (2, 7, 8, 2)),
    (layers.MaxPooling2D(3, strides=2), (2, 7, 8, 3)),
    (layers.MaxPooling2D((2, 3), padding="same"), (2, 7, 8, 3)),
    (layers.AveragePooling2D(3, strides=2), (2, 7, 8, 3)),
    (layers.AveragePooling2D((2, 3), padding="same"), (2, 7, 8, 3)),
    (layers.GlobalAveragePooling2D(), (2, 7, 8, 3)),
    (layers.GlobalMaxPooling2D(keepdims=True), (2, 7, 8, 3)),
    (layers.BatchNormalization(momentum=0.9, scale=False), (2, 7, 8, 3)),
    (layers.LayerNormalization(epsilon=1e-5, center=False), (2, 7, 3)),
    (layers.RMSNormalization(), (2, 3)),
    (layers.Flatten(), (2, 3, 4)),
    (layers.Dropout(0.3, seed=1), (2, 3)),
    (layers.Dropout(0.3, noise_shape=(None, 1)), (2, 3)),
    (layers.SpatialDropout1D(0.3, seed=1), (2, 4, 3)),
    (layers.SpatialDropout2D(0.3), (2, 4, 4, 3)),
    (layers.AlphaDropout(0.3, noise_shape=[None, 1], seed=1), (2, 3)),
    (layers.GaussianNoise(0.3, seed=1), (2, 3)),
    (layers.GaussianDropout(0.3), (2, 3)),
    (layers.Activation("softmax"), (2, 3)),
    (layers.InputLayer((3, 4)), (2, 3, 4)),
]


@pytest.mark.parametrize(("layer", "shape"), CASES, ids=lambda value: getattr(value, "name", None))
def test_output_shape_and_configuration(layer: layers.Layer, shape: tuple[int, ...]) -> None:
    y = built(layer, *shape)
    assert layer.compute_output_shape((None, *shape[1:])) == (None, *y.shape[1:])
    again = type(layer).from_config(layer.get_config())
    assert again.get_config() == layer.get_config()
    again(numbers(*shape))
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(numbers(*shape)).numpy(), y)


# ---- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: layers.Dense(0), ValueError, "Dense: expected a positive units, got 0"),
        (lambda: layers.Dense(2.5), TypeError, "Dense: expected units to be an integer, got 2.5"),
        (
            lambda: layers.Dense(3, activation="rlu"),
            ValueError,
            "Dense: activation: unknown activation 'rlu'; did you mean 'relu'",
        ),
        (
            lambda: layers.Dense(3, kernel_initializer="x"),
            ValueError,
            "Dense: kernel_initializer: unknown initializer 'x'",
        ),
        (lambda: layers.Dense(3, colour=1), TypeError, "colour"),
        (lambda: layers.Conv2D(3, (3, 3, 3)), ValueError, "Conv2D: expected kernel_size to be one integer or two"),
        (lambda: layers.Conv2D(3, 3, strides=0), ValueError, "Conv2D: expected a positive strides, got 0"),
        (lambda: layers.Conv2D(3, 3, padding="full"), ValueError, "expected padding to be 'valid' or 'same'"),
        (lambda: layers.Conv2D(3, 3, groups=2), ValueError, "expected filters divisible by groups=2, got 3"),
        (lambda: layers.Conv2D(3, 3, data_format="channels_first"), ValueError, "'channels_last'"),
        (lambda: layers.MaxPooling2D(0), ValueError, "MaxPooling2D: expected a positive pool_size, got 0"),
        (lambda: layers.BatchNormalization(momentum=1.5), ValueError, r"expected momentum in \[0, 1\], got 1.5"),
        (lambda: layers.LayerNormalization(epsilon=0), ValueError, "expected a positive epsilon, got 0"),
        (lambda: layers.LayerNormalization(axis=(1, 2)), ValueError, "expected one axis, the last"),
        (lambda: layers.Embedding(0, 4), ValueError, "Embedding: expected a positive input_dim, got 0"),
        (lambda: layers.Dropout(0.5, noise_shape=3), TypeError, "Dropout: expected noise_shape to be a tuple or list"),
        (
            lambda: layers.Dropout(0.5, (0, 1)),
            ValueError,
            "Dropout: expected noise_shape of None and positive integers",
        ),
        (lambda: layers.SpatialDropout2D(0.5, "channels_first"), ValueError, "SpatialDropout2D: expected data_format"),
        (lambda: layers.AlphaDropout(1.5), ValueError, r"AlphaDropout: expected rate in \[0, 1\), got 1.5"),
        (lambda: layers.GaussianDropout("a"), TypeError, "GaussianDropout: expected rate to be a number"),
        (lambda: layers.GaussianNoise(-1), ValueError, "GaussianNoise: expected stddev finite and at least 0, got -1"),
        (lambda: layers.GaussianNoise("a"), TypeError, "GaussianNoise: expected stddev to be a number, got 'a'"),
        (lambda: layers.Lambda(3), TypeError, "Lambda: expected a function, got 3"),
        (lambda: layers.Dropout(1.0), ValueError, r"Dropout: expected rate in \[0, 1\), got 1.0"),
        (lambda: layers.Dropout(float("nan")), ValueError, "Dropout: expected rate"),
        (lambda: layers.Input(None), TypeError, "InputLayer: expected shape to be"),  # type: ignore[arg-type]
        (lambda: layers.Input((1.5,)), TypeError, r"to be a shape .* got \(1.5,\)"),  # type: ignore[list-item]
        (lambda: layers.Dense(3, input_shape=("a",)), TypeError, "Dense: expected input_shape to be a shape such"),
        (lambda: layers.Dense(3, input_shape=(-3,)), ValueError, "Dense: expected input_shape without negative"),
        (lambda: layers.Dense(3, name=5), TypeError, "Dense: expected name to be a string, got 5"),
        (
            lambda: layers.Dense(3, activation=[]),
            TypeError,
            r"^Dense: activation: expected a name or a function, got \[\]",
        ),
        (lambda: layers.Dropout("a"), TypeError, "Dropout: expected rate to be a number, got 'a'"),
        (lambda: layers.Dropout(0.5, seed=1.5), TypeError, "Dropout: expected seed to be an integer, got 1.5"),
        (lambda: fastnn.Sequential(3, name="s"), TypeError, "s: expected a list of layers, got 3"),
        (lambda: layers.Dense(2**62, name="d")(numbers(1, 2)), ValueError, "d: expected kernel to fit into memory"),
        (lambda: initializers.VarianceScaling(mode="x"), ValueError, "expected mode fan_in"),
    ],
)
def test_arguments_that_make_no_sense(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make()


def test_weights_that_make_no_sense() -> None:
    layer = layers.Dense(1, use_bias=False, name="d", input_shape=2)
    layer(numbers(3, 2))
    with pytest.raises(TypeError, match="d: expected a list of 1 weights, got None"):
        layer.set_weights(None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="d: expected kernel of float32, got complex128"):
        layer.set_weights([np.ones((2, 1)) * 1j])


def test_flatten_without_elements() -> None:
    assert built(layers.Flatten(), 4, 0, 3).shape == (4, 0)
    assert built(layers.Flatten(), 0, 2, 3).shape == (0, 6)


@pytest.mark.parametrize(
    ("layer", "shape", "message"),
    [
        (layers.Dense(2, name="a"), (3,), r"a: expected input \(\.\.\., n\), got \(3,\)"),
        (layers.Conv2D(2, 3, name="a"), (2, 8, 8), r"a: expected input \(batch, height, width, channels\)"),
        (layers.Conv2D(2, (3, 9), name="a"), (2, 8, 8, 1), "a: expected input at least 3 high and 9 wide"),
        (layers.Conv2D(4, 1, groups=4, name="a"), (2, 8, 8, 6), "a: expected input .* divisible by 4"),
        (layers.MaxPooling2D(9, name="a"), (2, 8, 8, 1), "a: expected input at least 9 high"),
        (layers.AveragePooling2D(9, name="a"), (2, 8, 8, 1), "a: expected input at least 9 high"),
        (layers.GlobalMaxPooling2D(name="a"), (2, 8, 8), r"a: expected input \(batch, height, width, channels\)"),
        (layers.BatchNormalization(axis=1, name="a"), (2, 8, 8, 3), "a: expected axis -1, the last of"),
        (layers.LayerNormalization(name="a"), (2,), r"a: expected input \(batch, ..., n\)"),
        (layers.InputLayer((4,), name="a"), (2, 5), r"a: expected input \(batch, 4\), got \(2, 5\)"),
    ],
)
def test_inputs_of_wrong_shape(layer: layers.Layer, shape: tuple[int, ...], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        layer(np.zeros(shape, np.float32))
    assert layer.weights == []


def test_a_built_layer_names_itself_and_what_it_got() -> None:
    layer = layers.Dense(3, name="dense_1")
    built(layer, 2, 64)
    with pytest.raises(ValueError, match=r"^dense_1: expected input \(\.\.\., 64\), got \(32, 32\)$"):
        layer(np.zeros((32, 32), np.float32))
    with pytest.raises(TypeError, match="dense_1: expected a Tensor or an array of numbers, got list"):
        layer(["a"])
    with pytest.raises(TypeError) as caught:
        layer(Tensor(np.zeros((2, 64))))  # float64 beside float32 weights
    assert any("dense_1" in note for note in caught.value.__notes__)


class Totals(layers.Layer):
    """Adds up what it is called with, and counts its calls downwards."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.total = self.add_weight(shape=(size,), initializer="zeros", trainable=False)
        self.left = self.add_weight((), "zeros", "int32", trainable=False)

    def call(self, inputs: Tensor) -> Tensor:
        self.total.assign_add(inputs.sum(axis=0))
        self.left.assign_sub(1)
        return inputs * 0.1 + self.total


def test_weights_can_be_added_to() -> None:
    layer = Totals(2)
    for _ in range(2):
        result = layer(np.ones((3, 2), np.float32))
    np.testing.assert_array_equal(result.numpy(), np.full((3, 2), 6.1, np.float32))
    assert layer.total.value.numpy().tolist() == [6.0, 6.0]
    assert (int(layer.left.numpy()), layer.left.dtype) == (-2, np.int32)
    assert not layer.total.trainable
    dense = layers.Dense(1)
    dense.build((None, 2))
    assert dense.kernel.trainable
    dense.trainable = False
    assert not dense.kernel.trainable


def _sequential() -> fastnn.Model:
    return fastnn.Sequential([fastnn.Input((2,)), Totals(2), layers.Dense(1)])


def _unbuilt() -> fastnn.Model:
    return fastnn.Sequential([Totals(2), layers.Dense(1)])


def _functional() -> fastnn.Model:
    inputs = fastnn.Input((2,))
    return fastnn.Model(inputs, layers.Dense(1)(Totals(2)(inputs)))


@pytest.mark.parametrize("make", [_sequential, _unbuilt, _functional])
def test_weights_are_added_to_once_a_step_recorded_or_not(make: Any) -> None:
    x = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
    found = []
    for eagerly in (True, False):
        fastnn.manual_seed(0)
        model = make()
        model.compile("sgd", "mse", run_eagerly=eagerly)
        losses = model.fit(x, x[:, :1], batch_size=2, epochs=2, shuffle=False, verbose=0).history["loss"]
        loss = model.evaluate(x, x[:, :1], batch_size=3, verbose=0)
        found.append([losses, loss, model.predict(x, batch_size=2), *model.get_weights()])
        (totals,) = (layer for layer in model.layers if isinstance(layer, Totals))
        model.summary(print_fn=lambda line: None)
        totals.compute_output_shape((None, 2))
        assert int(totals.left.numpy()) == -(6 + 2 + 3)
    assert model.recorded
    for eager, recorded in zip(*found, strict=True):
        np.testing.assert_array_equal(eager, recorded)


class _AlwaysDrops(layers.Dropout):
    def call(self, inputs: Tensor) -> Tensor:  # type: ignore[override]
        return super().call(inputs, training=True)


def _attended(x: Any) -> Any:
    pairs = layers.Reshape((4, 2))(x)
    return layers.Flatten()(layers.MultiHeadAttention(2, 2, dropout=0.2)(pairs, pairs, training=True))


def _dropped_twice(x: Any) -> Any:
    dropout = layers.Dropout(0.5)
    return dropout(dropout(x, training=True), training=True)


@pytest.mark.parametrize(
    "draw",
    [
        lambda x: layers.Dropout(0.5)(x, training=True),
        lambda x: layers.GaussianNoise(0.5)(x, training=True),
        lambda x: _AlwaysDrops(0.5)(x),
        _attended,
        _dropped_twice,
    ],
    ids=["dropout", "noise", "subclass", "attention", "twice"],
)
def test_layers_that_always_draw_are_recorded_everywhere(draw: Any) -> None:
    x = numbers(12, 8)
    found = []
    for eagerly in (True, False):
        fastnn.manual_seed(3)
        inputs = fastnn.Input((8,))
        model = fastnn.Model(inputs, layers.Dense(1)(draw(inputs)))
        model.compile("sgd", "mse", run_eagerly=eagerly)
        results = [model.predict(x, batch_size=4) for _ in range(3)]
        history = model.fit(
            x, x[:, :1], validation_data=(x, x[:, :1]), epochs=2, batch_size=4, shuffle=False, verbose=0
        )
        results += [np.array(values) for values in history.history.values()]
        results += [model.predict(x[:5]) for _ in range(3)]
        with fastnn.no_grad():
            results += [model(x[:5]).numpy() for _ in range(3)]
        results += [np.array([model.evaluate(x, x[:, :1], verbose=0) for _ in range(3)])]
        found.append(results)
        assert len({result.tobytes() for result in results}) == len(results)  # other numbers in each call
        assert len(set(results[-1])) == 3
    assert model.recorded, model.eager_reasons()
    for eager, recorded in zip(*found, strict=True):
        np.testing.assert_allclose(recorded, eager, rtol=1e-5, atol=1e-6)


class _Early(layers.Layer):
    """A layer that sets what it is given before the base class has begun."""

    def __init__(self, units: int, **kwargs: Any) -> None:
        self.units = units
        self.names = ["a", "b"]
        self.function = np.tanh
        super().__init__(**kwargs)
        self.inner = layers.Dense(self.units)

    def call(self, inputs: Tensor) -> Tensor:
        return self.inner(inputs) * len(self.names)


class _EarlyModel(fastnn.Model):
    def __init__(self, units: int, **kwargs: Any) -> None:
        self.units, self.scale = units, None
        super().__init__(**kwargs)
        self.inner = _Early(self.units, name="early")

    def call(self, inputs: Tensor) -> Tensor:
        return self.inner(inputs)


def test_plain_attributes_may_be_set_before_the_base_class_begins() -> None:
    layer = _Early(3, name="early")
    assert (layer.name, layer.units, layer.names, layer.function) == ("early", 3, ["a", "b"], np.tanh)
    model = _EarlyModel(3)
    model.compile("sgd", "mse")
    model.fit(numbers(4, 2), numbers(4, 3), epochs=3, verbose=0)
    assert model.predict(numbers(4, 2)).shape == (4, 3)
    assert model.recorded
    before = model.predict(numbers(4, 2))
    model.inner.names = ["a"]
    np.testing.assert_array_equal(model.predict(numbers(4, 2)) * 2, before)


class _NeverBegun(layers.Layer):
    def __init__(self) -> None:
        self.units = 3


class _LayerFirst(layers.Layer):
    def __init__(self, value: Any) -> None:
        self.inner = value
        super().__init__()


class _FrozenFirst(layers.Layer):
    def __init__(self) -> None:
        self.trainable = False
        super().__init__()


def test_layers_must_not_be_set_before_the_base_class_begins() -> None:
    for value in (layers.Dense(1), [layers.Dense(1)], {"a": layers.Dense(1)}):
        with pytest.raises(RuntimeError, match=r"^_LayerFirst: call super\(\).__init__\(\) before setting inner$"):
            _LayerFirst(value)
    with pytest.raises(RuntimeError, match=r"^_FrozenFirst: call super\(\).__init__\(\) before setting trainable$"):
        _FrozenFirst()
    with pytest.raises(AttributeError, match=r"has no attribute '\w+'; call super\(\).__init__\(\) first$"):
        _NeverBegun()(numbers(2, 2))


def test_the_base_classes_stand_at_the_top_too() -> None:
    assert fastnn.Layer is layers.Layer
    assert fastnn.InputSpec is layers.InputSpec
    assert fastnn.Loss is fastnn.losses.Loss
    assert fastnn.Metric is fastnn.metrics.Metric
    assert fastnn.Optimizer is fastnn.optimizers.Optimizer
    assert fastnn.Initializer is fastnn.initializers.Initializer
    assert fastnn.Regularizer is fastnn.regularizers.Regularizer
    assert isinstance(fastnn.Input((2,)), fastnn.KerasTensor)
    with pytest.raises(AttributeError, match="has no attribute 'Layers'"):
        _ = fastnn.Layers

"""Layers of images by themselves: draws, programs, gradients, files, errors. Keras: test_keras_images.py."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Input, Sequential, Tensor, layers
from fastnn.layers.preprocessing import augmentation
from fastnn.layers.preprocessing.distributions import beta, log_gamma, order

IMAGES = np.random.default_rng(3).uniform(0, 255, (6, 8, 7, 3)).astype(np.float32)

RANDOM: dict[str, Callable[..., Any]] = {
    "flip": lambda **o: layers.RandomFlip(**o),
    "crop": lambda **o: layers.RandomCrop(5, 4, **o),
    "rotation": lambda **o: layers.RandomRotation(0.2, **o),
    "translation": lambda **o: layers.RandomTranslation(0.3, (-0.1, 0.2), fill_mode="wrap", **o),
    "zoom": lambda **o: layers.RandomZoom(0.4, interpolation="nearest", **o),
    "contrast": lambda **o: layers.RandomContrast(0.5, **o),
    "brightness": lambda **o: layers.RandomBrightness((0.1, 0.3), **o),
    "saturation": lambda **o: layers.RandomSaturation((0.1, 0.9), **o),
    "hue": lambda **o: layers.RandomHue(0.7, **o),
    "sharpness": lambda **o: layers.RandomSharpness(0.9, **o),
    "color degeneration": lambda **o: layers.RandomColorDegeneration(0.8, **o),
    "grayscale": lambda **o: layers.RandomGrayscale(**o),
    "invert": lambda **o: layers.RandomInvert((0.3, 0.7), **o),
    "posterization": lambda **o: layers.RandomPosterization((2, 8), value_range=(0, 300), **o),
    "shear": lambda **o: layers.RandomShear(0.4, 0.2, fill_mode="nearest", **o),
    "perspective": lambda **o: layers.RandomPerspective((0.4, 0.9), fill_value=3, **o),
    "elastic": lambda **o: layers.RandomElasticTransform((0.5, 1), (0.2, 1), fill_mode="mirror", **o),
    "blur": lambda **o: layers.RandomGaussianBlur(kernel_size=(3, 5), sigma=(0.5, 1), **o),
    "erasing": lambda **o: layers.RandomErasing(0.9, scale=(0.3, 0.6), **o),
    "mix up": lambda **o: layers.MixUp(1.0, **o),
    "cut mix": lambda **o: layers.CutMix((0.5, 1), **o),
    "color jitter": lambda **o: layers.RandomColorJitter((0, 300), 0.2, 0.3, (0.2, 0.8), 0.4, **o),
    "rand augment": lambda **o: layers.RandAugment(num_ops=1, **o),
    "aug mix": lambda **o: layers.AugMix(num_chains=2, chain_depth=1, **o),
    "solarization": lambda **o: layers.Solarization((0.1, 0.3), 0.5, **o),
}
each = pytest.mark.parametrize("name", RANDOM)


@each
def test_draws_follow_from_the_seed(name: str) -> None:
    first, second, other = (RANDOM[name](seed=seed) for seed in (5, 5, 6))
    for _ in range(2):
        y = first(IMAGES, training=True).numpy()
        np.testing.assert_array_equal(second(IMAGES, training=True).numpy(), y)
    assert not np.array_equal(first(IMAGES, training=True).numpy(), y)
    if name != "crop":  # which has 16 windows only
        assert not np.array_equal(other(IMAGES, training=True).numpy(), second(IMAGES, training=True).numpy())
    again = type(first).from_config(first.get_config())
    np.testing.assert_array_equal(
        again(IMAGES, training=True).numpy(), RANDOM[name](seed=5)(IMAGES, training=True).numpy()
    )
    assert first(IMAGES[0], training=True).shape == y.shape[1:]
    assert first.compute_output_shape((None, 8, 7, 3)) == (None, *y.shape[1:])


@each
def test_fit_records_them_and_predict_leaves_images_alone(name: str, tmp_path: Path) -> None:
    layer = RANDOM[name]()
    model = Sequential([Input((8, 7, 3)), layer, layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    if name != "crop":
        x = (IMAGES.reshape(6, -1) @ model.layers[-1].kernel.numpy()) + model.layers[-1].bias.numpy()
        np.testing.assert_allclose(model.predict(IMAGES), x, rtol=1e-4, atol=1e-3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.fit(IMAGES / 255, np.zeros((6, 1)), epochs=3, batch_size=4, verbose=0)
    assert model._train_step.eager_reasons() == []
    assert "random_uniform" in model._train_step.text()
    model.save(tmp_path / "m.safetensors")
    again = fastnn.models.load_model(tmp_path / "m.safetensors")
    np.testing.assert_array_equal(again.predict(IMAGES), model.predict(IMAGES))


@each
def test_steps_draw_as_eager_steps_do(name: str) -> None:
    def trained(eager: bool) -> list[np.ndarray]:
        fastnn.random.set_random_seed(11)
        model = Sequential([Input((8, 7, 3)), RANDOM[name](), layers.Flatten(), layers.Dense(1)])
        model.compile("sgd", "mse")
        for _ in range(4):
            if eager:
                model._train_step.drop()
            model.fit(IMAGES / 255, np.ones((6, 1)), batch_size=3, verbose=0)
        return model.get_weights()

    for mine, other in zip(trained(False), trained(True), strict=True):
        np.testing.assert_array_equal(mine, other)


def test_numbers_are_spread_over_the_range() -> None:
    constant = np.full((2000, 2, 2, 1), 100.0, np.float32)
    shares = (layers.RandomBrightness((-0.2, 0.3), seed=1)(constant).numpy()[:, 0, 0, 0] - 100) / 255
    assert shares.min() >= -0.2001
    assert shares.max() <= 0.3001
    np.testing.assert_allclose(np.quantile(shares, [0.1, 0.5, 0.9]), [-0.15, 0.05, 0.25], atol=0.03)
    sided = np.zeros((2000, 1, 2, 1), np.float32)
    sided[:, :, 0] = 1
    flipped = layers.RandomFlip("horizontal", seed=1)(sided).numpy()[:, 0, 0, 0]
    assert 0.46 < flipped.mean() < 0.54
    ramp = np.broadcast_to(np.arange(20, dtype=np.float32).reshape(1, 20, 1, 1), (1, 20, 20, 1))
    crop = layers.RandomCrop(16, 16, seed=2)
    tops = [crop(ramp).numpy()[0, 0, 0, 0] for _ in range(200)]
    assert set(tops) == {0, 1, 2, 3, 4}
    level = layers.RandomContrast(0.5, value_range=(-9, 9), seed=3)(np.tile(np.float32([[-1], [1]]), (2000, 1, 1, 1)))
    assert 1.0 <= level.numpy().max(axis=(1, 2, 3)).min() < 1.01
    assert 1.49 < level.numpy().max() <= 1.5


def test_probabilities_are_drawn_for_each_image() -> None:
    images = np.tile(np.float32([0, 120, 255]), (2000, 2, 2, 1))
    for layer, expected in (
        (layers.RandomGrayscale(0.3, seed=1), 0.3),
        (layers.RandomInvert((0.2, 0.4), seed=2), 0.3),
        (layers.RandomInvert(0.5, seed=3), 0.25),
    ):
        changed = (layer(images).numpy() != images).any(axis=(1, 2, 3))
        assert abs(changed.mean() - expected) < 0.04


def test_ranges_of_factors() -> None:
    assert layers.RandomRotation(-0.2).factor == (-0.2, 0.2)
    assert layers.RandomRotation((0.2, -0.1)).factor == (-0.1, 0.2)
    assert layers.RandomHue(0.3).factor == (0.0, 0.3)
    assert layers.RandomPosterization(3).factor == (1.0, 3.0)


def test_mixed_labels_follow_the_images() -> None:
    labels = np.eye(6, dtype=np.float32)
    flat = np.broadcast_to(labels[:, None, None, :], (6, 40, 40, 6))  # pixels that say what image they are of
    for layer in (layers.MixUp(0.7, seed=4), layers.CutMix(seed=5)):
        mixed = [layer({"images": flat, "labels": labels}, training=True) for _ in range(5)]
        shares = np.concatenate([part["labels"].numpy() for part in mixed])
        seen = np.concatenate([part["images"].numpy().mean((1, 2)) for part in mixed])
        np.testing.assert_allclose(seen, shares, atol=0.06)  # by whole pixels
        np.testing.assert_allclose(shares.sum(-1), 1, rtol=1e-5)
        assert ((shares > 0.01) & (shares < 0.99)).sum() > 10
        np.testing.assert_array_equal(layer(flat[0], training=True).numpy(), flat[0])


def test_steps_take_the_change_that_eager_calls_make(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = layers.AugMix(factor=0)
    number = Tensor(np.zeros((1, 1, 1, 1), np.float32))
    for place in range(len(layer.changes) + 1):
        monkeypatch.setattr(augmentation, "in_step", lambda: False)
        eager = layer._changed_by(Tensor(IMAGES), number + place)
        monkeypatch.setattr(augmentation, "in_step", lambda: True)
        np.testing.assert_array_equal(layer._changed_by(Tensor(IMAGES), number + place).numpy(), eager.numpy())
    np.testing.assert_array_equal(eager.numpy(), IMAGES)


@pytest.mark.parametrize("alpha", [1e-6, 0.05, 0.2, 1.0, 3.0])
def test_shares_have_a_beta_distribution(alpha: float) -> None:
    count = itertools.count()
    like = Tensor(np.zeros((20000, 1), np.float32))

    def draw(op: Callable[..., Tensor], *arguments: Any) -> Tensor:
        return op(*arguments, seed=3, stream=next(count))

    shares = beta(draw, like, alpha).numpy()
    assert abs(shares.mean() - 0.5) < 0.015
    assert abs(shares.var() - 1 / (8 * alpha + 4)) < 0.01
    assert shares.min() >= 0
    assert shares.max() <= 1
    if alpha >= 0.05:
        numbers = np.exp(log_gamma(draw, like, alpha).numpy().astype(np.float64))
        np.testing.assert_allclose([numbers.mean(), numbers.var()], alpha, rtol=0.12)
    places = order(draw, Tensor(np.zeros((50, 1, 1, 1), np.float32))).numpy()
    np.testing.assert_array_equal(np.sort(places), np.arange(50))
    assert (places != np.arange(50)).any()


def test_a_crop_in_inference_is_the_window_in_the_middle() -> None:
    layer = layers.RandomCrop(4, 4)
    np.testing.assert_array_equal(
        layer(IMAGES, training=False).numpy(), layers.Resizing(4, 4, crop_to_aspect_ratio=True)(IMAGES).numpy()
    )
    assert layer(IMAGES[0], training=False).shape == (4, 4, 3)


@pytest.mark.parametrize("interpolation", ["bilinear", "nearest"])
def test_gradients_reach_the_images(interpolation: str) -> None:
    layer = layers.RandomRotation(0.3, interpolation=interpolation, seed=4)
    images = Tensor(IMAGES, requires_grad=True)
    weights = np.random.default_rng(0).standard_normal(IMAGES.shape).astype(np.float32)
    (layer(images, training=True) * Tensor(weights)).sum().backward()
    # the result is linear in the images: its product with them is that of the gradient with them
    again = layers.RandomRotation(0.3, interpolation=interpolation, seed=4)
    total = float((again(IMAGES, training=True).numpy().astype(np.float64) * weights).sum())
    assert images.grad is not None
    np.testing.assert_allclose((images.grad.numpy().astype(np.float64) * IMAGES).sum(), total, rtol=1e-4)


@each
def test_gradients_are_finite(name: str) -> None:
    """Also of black, gray and plain images, in which hue and contrast have none."""
    values = IMAGES.copy()
    values[0], values[1], values[2] = 0, values[1, :, :, :1], 7
    images = Tensor(values, requires_grad=True)
    result = RANDOM[name](seed=6)(images, training=True)
    if result.requires_grad:  # that of an equalization does not
        result.sum().backward()
        assert images.grad is not None
        assert np.isfinite(images.grad.numpy()).all()
    assert np.isfinite(result.numpy()).all()


def test_training_is_what_the_surroundings_say_else_the_layer_s_own() -> None:
    augment = Sequential([layers.RandomBrightness((0.2, 0.3)), layers.RandomFlip("horizontal", seed=1)])
    assert (augment(IMAGES[:, :, :1]).numpy() > IMAGES[:, :, :1]).any()
    np.testing.assert_array_equal(augment(IMAGES, training=False).numpy(), IMAGES)
    np.testing.assert_array_equal(augment.predict(IMAGES), IMAGES)

    class Net(fastnn.Model):
        def __init__(self) -> None:
            super().__init__()
            self.inner = augment

        def call(self, x: Tensor, training: bool = False) -> Tensor:
            return self.inner(x)

    np.testing.assert_array_equal(Net()(IMAGES).numpy(), IMAGES)
    assert not np.array_equal(Net()(IMAGES, training=True).numpy(), IMAGES)


WRONG: list[tuple[Callable[[], Any], type[Exception], str]] = [
    (lambda: layers.Resizing(0, 3), ValueError, "Resizing: expected a positive height, got 0"),
    (
        lambda: layers.Resizing(2, 3, "cubic"),
        ValueError,
        "Resizing: expected interpolation 'bilinear' or 'nearest', got 'cubic'",
    ),
    (lambda: layers.Resizing(2, 3, antialias=True), ValueError, "Resizing: expected antialias False, got True"),
    (
        lambda: layers.Resizing(2, 3, fill_mode="wrap"),
        ValueError,
        "Resizing: expected fill_mode 'constant', got 'wrap'",
    ),
    (
        lambda: layers.Resizing(2, 3, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True),
        ValueError,
        "Resizing: expected crop_to_aspect_ratio or pad_to_aspect_ratio, got both",
    ),
    (
        lambda: layers.CenterCrop(2, 3, name="c")(np.zeros((2, 3))),
        ValueError,
        "c: expected input (batch, height, width, channels) or (height, width, channels), got (2, 3)",
    ),
    (
        lambda: layers.RandomFlip("left"),
        ValueError,
        "RandomFlip: expected mode horizontal, vertical, horizontal_and_vertical, got 'left'",
    ),
    (
        lambda: layers.RandomFlip(data_format="channels_first"),
        ValueError,
        "RandomFlip: expected data_format 'channels_last', got 'channels_first'",
    ),
    (lambda: layers.RandomRotation(1.5), ValueError, "RandomRotation: expected factor in [-1, 1], got 1.5"),
    (
        lambda: layers.RandomRotation((0.1, 0.2, 0.3)),
        TypeError,
        "RandomRotation: expected factor to be a number or two, got (0.1, 0.2, 0.3)",
    ),
    (
        lambda: layers.RandomRotation(0.1, fill_mode="mirror"),
        ValueError,
        "RandomRotation: expected fill_mode reflect, wrap, constant, nearest, got 'mirror'",
    ),
    (
        lambda: layers.RandomZoom(0.1, interpolation="cubic"),
        ValueError,
        "RandomZoom: expected interpolation nearest or bilinear, got 'cubic'",
    ),
    (
        lambda: layers.RandomContrast((-0.1, 0.2)),
        ValueError,
        "RandomContrast: expected factor in [0, 1], got (-0.1, 0.2)",
    ),
    (
        lambda: layers.RandomSaturation(0.5, name="s")(np.zeros((2, 4, 4, 2))),
        ValueError,
        "s: expected input with 3 channels, got (2, 4, 4, 2)",
    ),
    (
        lambda: layers.RandomColorDegeneration(0.5, name="d")(np.zeros((4, 4, 2))),
        ValueError,
        "d: expected input with 1 or 3 channels, got (4, 4, 2)",
    ),
    (
        lambda: layers.RandomHue((0.5, 1.5)),
        ValueError,
        "RandomHue: expected factor in [0, 1], got (0.5, 1.5)",
    ),
    (
        lambda: layers.RandomSharpness("much"),
        TypeError,
        "RandomSharpness: expected factor to be a number or two, got 'much'",
    ),
    (
        lambda: layers.RandomShear(y_factor=2),
        ValueError,
        "RandomShear: expected y_factor in [-1, 1], got 2",
    ),
    (
        lambda: layers.RandomPerspective(scale=1.5),
        ValueError,
        "RandomPerspective: expected scale in [0, 1], got 1.5",
    ),
    (
        lambda: layers.RandomPerspective(interpolation="cubic"),
        ValueError,
        "RandomPerspective: expected interpolation nearest or bilinear, got 'cubic'",
    ),
    (
        lambda: layers.RandomElasticTransform(fill_mode="edge"),
        ValueError,
        "RandomElasticTransform: expected fill_mode reflect, wrap, constant, nearest, mirror, got 'edge'",
    ),
    (
        lambda: layers.RandomGaussianBlur(kernel_size=(3, 4)),
        ValueError,
        "RandomGaussianBlur: expected an odd kernel_size, got (3, 4)",
    ),
    (
        lambda: layers.RandomErasing(fill_value=(1, 2)),
        ValueError,
        "RandomErasing: expected fill_value to be a number or three, got (1, 2)",
    ),
    (
        lambda: layers.RandomErasing(fill_value=(1, 2, 3), name="e")(np.zeros((2, 4, 4, 1))),
        ValueError,
        "e: expected input with 3 channels for three fill values, got (2, 4, 4, 1)",
    ),
    (lambda: layers.Equalization(bins=0), ValueError, "Equalization: expected a positive bins, got 0"),
    (
        lambda: layers.ContrastLimitedAdaptiveHistogramEqualization(clip_limit=-1),
        ValueError,
        "ContrastLimitedAdaptiveHistogramEqualization: expected clip_limit of at least 0, got -1",
    ),
    (
        lambda: layers.ContrastLimitedAdaptiveHistogramEqualization(tile_grid_size=(8, 0)),
        ValueError,
        "ContrastLimitedAdaptiveHistogramEqualization: expected a positive tile_grid_size, got 0",
    ),
    (lambda: layers.MixUp(alpha=0), ValueError, "MixUp: expected a positive alpha, got 0"),
    (lambda: layers.CutMix(-0.5), ValueError, "CutMix: expected factor in [0, 1], got -0.5"),
    (
        lambda: layers.MixUp(name="m")({"image": IMAGES}),
        ValueError,
        "m: expected a dictionary of images and labels, got ['image']",
    ),
    (
        lambda: layers.RandomFlip(name="f")({"images": IMAGES, "bounding_boxes": IMAGES}),
        ValueError,
        "f: expected a dictionary of images and labels, got ['bounding_boxes', 'images']",
    ),
    (
        lambda: layers.RandomFlip(name="f")([IMAGES, IMAGES]),
        ValueError,
        "f: expected one input, got 2",
    ),
    (
        lambda: layers.CutMix(name="m")({"images": IMAGES, "labels": np.arange(6)}),
        ValueError,
        "m: expected labels (batch, classes), one-hot, got (6,)",
    ),
    (
        lambda: layers.MaxNumBoundingBoxes(0),
        ValueError,
        "MaxNumBoundingBoxes: expected a positive max_number, got 0",
    ),
    (
        lambda: layers.MaxNumBoundingBoxes(2, name="b")({"images": IMAGES}),
        ValueError,
        "b: expected bounding_boxes, a dictionary of boxes and labels, in a dictionary",
    ),
    (
        lambda: layers.MaxNumBoundingBoxes(2, name="b")(
            {"images": IMAGES, "bounding_boxes": {"boxes": np.zeros((6, 3, 4)), "labels": np.zeros((6, 2))}}
        ),
        ValueError,
        "b: expected boxes (batch, n, 4) and labels (batch, n), got (6, 3, 4) and (6, 2)",
    ),
    (lambda: layers.RandAugment(num_ops=0), ValueError, "RandAugment: expected a positive num_ops, got 0"),
    (lambda: layers.RandAugment(factor=1.5), ValueError, "RandAugment: expected factor in [0, 1], got 1.5"),
    (lambda: layers.AugMix(alpha=-1), ValueError, "AugMix: expected a positive alpha, got -1"),
    (
        lambda: layers.AugMix(interpolation="cubic"),
        ValueError,
        "AugMix: expected interpolation nearest or bilinear, got 'cubic'",
    ),
    (
        lambda: layers.RandomColorJitter(hue_factor=2),
        ValueError,
        "RandomHue: expected factor in [0, 1], got 2",
    ),
    (lambda: layers.RandomGrayscale(2), ValueError, "RandomGrayscale: expected factor in [0, 1], got 2"),
    (
        lambda: layers.RandomGrayscale((0.1, 0.2)),
        TypeError,
        "RandomGrayscale: expected factor to be a number, got (0.1, 0.2)",
    ),
    (
        lambda: layers.RandomInvert(value_range=(0, 1, 2)),
        ValueError,
        "RandomInvert: expected value_range of two numbers, got (0, 1, 2)",
    ),
    (
        lambda: layers.RandomPosterization(9),
        ValueError,
        "RandomPosterization: expected factor in [1, 8], got 9",
    ),
    (
        lambda: layers.RandomPosterization(2.5),
        ValueError,
        "RandomPosterization: expected factor to be whole numbers, got 2.5",
    ),
    (
        lambda: layers.Solarization(threshold_factor=-0.5),
        ValueError,
        "Solarization: expected threshold_factor in [0, 1], got -0.5",
    ),
    (
        lambda: layers.AutoContrast(value_range=(3, 3)),
        ValueError,
        "AutoContrast: expected value_range of two different numbers, got (3, 3)",
    ),
    (
        lambda: layers.RandomBrightness(0.1, value_range=5),
        ValueError,
        "RandomBrightness: expected value_range of two numbers, got 5",
    ),
]


@pytest.mark.parametrize(("wrong", "error", "message"), WRONG, ids=[message[:50] for *_, message in WRONG])
def test_wrong_use(wrong: Callable[[], Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        wrong()
    assert str(caught.value) == message

"""Networks that textbooks and tutorials build, against Keras 3 on TensorFlow from the same weights: layers, shapes and
results, then losses and weights in training.

A network is one text for both libraries. Sizes are small, depths are those of the papers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import fastnn

pytestmark = pytest.mark.keras

CLASSES, WORDS, STEPS, SAMPLES = 5, 13, 7, 12


def classes(L: Any, x: Any) -> Any:
    return L.Dense(CLASSES, activation="softmax", name="classes")(x)


def convolved(L: Any, x: Any, filters: int, name: str, strides: int = 1, relu: bool = True) -> Any:
    x = L.Conv2D(filters, 3, strides, padding="same", use_bias=False, name=name)(x)
    x = L.BatchNormalization(name=f"{name}_norm")(x)
    return L.ReLU(name=f"{name}_relu")(x) if relu else x


def resnet20(K: Any) -> Any:
    """He et al. 2015, for CIFAR: three stages of three blocks, four filters instead of sixteen at first."""
    L, x = K.layers, K.Input((8, 8, 3), name="x")
    y = convolved(L, x, 4, "stem")
    for stage, filters in enumerate((4, 8, 16)):
        for block in range(3):
            name, strides = f"stage_{stage}_{block}", 2 if stage and not block else 1
            inner = convolved(L, convolved(L, y, filters, f"{name}_a", strides), filters, f"{name}_b", relu=False)
            if strides > 1:
                y = L.Conv2D(filters, 1, strides, use_bias=False, name=f"{name}_short")(y)
                y = L.BatchNormalization(name=f"{name}_short_norm")(y)
            y = L.Activation("relu", name=f"{name}_relu")(L.Add(name=f"{name}_add")([y, inner]))
    return K.Model(x, classes(L, L.GlobalAveragePooling2D(name="pool")(y)))


def vgg16(K: Any) -> Any:
    """Simonyan and Zisserman 2014: thirteen convolutions and three dense layers, a sixteenth as wide."""
    L, x = K.layers, K.Input((32, 32, 3), name="x")
    y = x
    for stage, (count, filters) in enumerate(((2, 4), (2, 8), (3, 16), (3, 32), (3, 32))):
        for number in range(count):
            y = L.Conv2D(filters, 3, padding="same", activation="relu", name=f"conv_{stage}_{number}")(y)
        y = L.MaxPooling2D(2, strides=2, name=f"pool_{stage}")(y)
    y = L.Flatten(name="flatten")(y)
    for name in ("dense_a", "dense_b"):
        y = L.Dense(64, activation="relu", name=name)(y)
    return K.Model(x, classes(L, y))


def alexnet(K: Any) -> Any:
    """Krizhevsky et al. 2012, for 32x32 as it is usually cut down: overlapping pools, five convolutions."""
    L = K.layers
    return K.Sequential(
        [
            K.Input((32, 32, 3)),
            L.Conv2D(8, 5, padding="same", activation="relu", name="conv_0"),
            L.MaxPooling2D(3, strides=2, name="pool_0"),
            L.BatchNormalization(name="norm_0"),
            L.Conv2D(16, 5, padding="same", activation="relu", groups=2, name="conv_1"),
            L.MaxPooling2D(3, strides=2, name="pool_1"),
            L.BatchNormalization(name="norm_1"),
            L.Conv2D(24, 3, padding="same", activation="relu", name="conv_2"),
            L.Conv2D(24, 3, padding="same", activation="relu", groups=2, name="conv_3"),
            L.Conv2D(16, 3, padding="same", activation="relu", groups=2, name="conv_4"),
            L.MaxPooling2D(3, strides=2, name="pool_4"),
            L.Flatten(name="flatten"),
            L.Dropout(0.5, name="drop_a"),
            L.Dense(32, activation="relu", name="dense_a"),
            L.Dropout(0.5, name="drop_b"),
            L.Dense(32, activation="relu", name="dense_b"),
            L.Dense(CLASSES, activation="softmax", name="classes"),
        ]
    )


def inception(K: Any) -> Any:
    """A block of Szegedy et al. 2014."""
    L, x = K.layers, K.Input((8, 8, 3), name="x")
    relu = {"padding": "same", "activation": "relu"}
    ways = [
        L.Conv2D(2, 1, **relu, name="one")(x),
        L.Conv2D(3, 3, **relu, name="three")(L.Conv2D(2, 1, **relu, name="to_three")(x)),
        L.Conv2D(3, 5, **relu, name="five")(L.Conv2D(2, 1, **relu, name="to_five")(x)),
        L.Conv2D(2, 1, **relu, name="behind_pool")(L.MaxPooling2D(3, strides=1, padding="same", name="pool")(x)),
    ]
    y = L.Flatten(name="flatten")(L.Concatenate(name="ways")(ways))
    return K.Model(x, classes(L, y))


def unet(K: Any) -> Any:
    """Ronneberger et al. 2015, two levels deep: a class for every pixel."""
    L, x = K.layers, K.Input((8, 8, 3), name="x")
    y, skips = x, []
    for level, filters in enumerate((4, 6)):
        for part in "ab":
            y = L.Conv2D(filters, 3, padding="same", activation="relu", name=f"down_{level}{part}")(y)
        skips.append(y)
        y = L.MaxPooling2D(name=f"pool_{level}")(y)
    y = L.Conv2D(8, 3, padding="same", activation="relu", name="bottom")(y)
    for level, filters in ((1, 6), (0, 4)):
        y = L.Conv2DTranspose(filters, 2, strides=2, name=f"up_{level}")(y)
        y = L.Concatenate(name=f"skip_{level}")([y, skips[level]])
        y = L.Conv2D(filters, 3, padding="same", activation="relu", name=f"up_{level}a")(y)
    return K.Model(x, L.Conv2D(CLASSES, 1, activation="softmax", name="classes")(y))


def nested(K: Any) -> Any:
    """A model with a shared layer, called twice in another one."""
    L, x, inner_x = K.layers, K.Input((8, 8, 3), name="x"), K.Input((3,), name="inner_x")
    shared = L.Dense(3, activation="tanh", name="shared")
    inner = K.Model(inner_x, shared(shared(inner_x)) + inner_x, name="inner")
    y = L.GlobalAveragePooling2D(name="pool")(x * 0.5 - 0.1)
    return K.Model(x, classes(L, inner(inner(y))))


def two_towers(K: Any) -> Any:
    """A recommender: what a user and an item have in common, and how much either is liked."""
    L = K.layers
    ids, towers, biases = [], [], []
    for kind, count in (("user", 11), ("item", 17)):
        x = K.Input((1,), dtype="int32", name=kind)
        y = L.Flatten(name=f"{kind}_flat")(L.Embedding(count, 6, name=f"{kind}_table")(x))
        y = L.Dense(8, activation="relu", name=f"{kind}_hidden")(y)
        towers.append(L.UnitNormalization(name=f"{kind}_unit")(L.Dense(4, name=f"{kind}_tower")(y)))
        biases.append(L.Flatten(name=f"{kind}_bias_flat")(L.Embedding(count, 1, name=f"{kind}_bias")(x)))
        ids.append(x)
    y = L.Add(name="add")([L.Dot(axes=1, name="dot")(towers), *biases])
    return K.Model(ids, L.Activation("sigmoid", name="liked")(y))


def positions(K: Any) -> Any:
    """A layer that adds a vector for each step, as in Keras's examples of Transformers."""

    class Positions(K.layers.Layer):  # type: ignore[misc,name-defined]
        supports_masking = True

        def build(self, input_shape: Any) -> None:
            self.table = self.add_weight(shape=input_shape[1:], initializer="uniform", name="table")

        def call(self, inputs: Any) -> Any:
            return inputs + self.table

    return Positions(name="positions")


def transformer_block(L: Any, x: Any, name: str, around: bool = True, **options: Any) -> Any:
    """Attention and two dense layers, each with a residual around it and normalised behind it."""
    y = L.MultiHeadAttention(2, 4, name=f"{name}_attention")(x, x, **options)
    x = L.LayerNormalization(epsilon=1e-6, name=f"{name}_norm_a")(L.Add(name=f"{name}_add_a")([x, y]) if around else y)
    y = L.Dense(8, name=f"{name}_out")(L.Dense(16, activation="gelu", name=f"{name}_in")(x))
    return L.LayerNormalization(epsilon=1e-6, name=f"{name}_norm_b")(L.Add(name=f"{name}_add_b")([x, y]))


def encoder(K: Any, mask_zero: bool = False) -> Any:
    """Vaswani et al. 2017: a classifier of sentences."""
    L, x = K.layers, K.Input((STEPS,), dtype="int32", name="words")
    y = positions(K)(L.Embedding(WORDS, 8, mask_zero=mask_zero, name="table")(x))
    for name in ("first", "second"):
        y = transformer_block(L, y, name, around=not mask_zero)
    y = L.GlobalAveragePooling1D(name="pool")(y)
    return K.Model(x, classes(L, L.Dense(6, activation="relu", name="hidden")(y)))


def masked_encoder(K: Any) -> Any:
    """The same over sentences with zeros behind their ends, which nobody looks at; without the residuals around the
    attentions, since Keras's MultiHeadAttention takes the mask away from its inputs."""
    return encoder(K, mask_zero=True)


def decoder(K: Any) -> Any:
    """A language model: at every step the logits of the word that comes next."""
    L, x = K.layers, K.Input((STEPS,), dtype="int32", name="words")
    y = positions(K)(L.Embedding(WORDS, 8, name="table")(x))
    for name in ("first", "second"):
        y = transformer_block(L, y, name, use_causal_mask=True)
    return K.Model(x, L.Dense(WORDS, name="logits")(y))


Data = tuple[Any, np.ndarray]


def images(rng: np.random.Generator, size: int = 8) -> Data:
    return rng.standard_normal((SAMPLES, size, size, 3)).astype(np.float32), rng.integers(0, CLASSES, SAMPLES)


def large_images(rng: np.random.Generator) -> Data:
    return images(rng, 32)


def pixels(rng: np.random.Generator) -> Data:
    return images(rng)[0], rng.integers(0, CLASSES, (SAMPLES, 8, 8))


def pairs(rng: np.random.Generator) -> Data:
    ids = [rng.integers(0, count, (SAMPLES, 1)).astype(np.int32) for count in (11, 17)]
    return ids, rng.integers(0, 2, (SAMPLES, 1)).astype(np.float32)


def sentences(rng: np.random.Generator) -> Data:
    words = rng.integers(1, WORDS, (SAMPLES, STEPS)).astype(np.int32)
    lengths = rng.integers(1, STEPS + 1, SAMPLES)
    return np.where(np.arange(STEPS) < lengths[:, None], words, 0), rng.integers(0, CLASSES, SAMPLES)


def text(rng: np.random.Generator) -> Data:
    words = rng.integers(0, WORDS, (SAMPLES, STEPS + 1)).astype(np.int32)
    return words[:, :-1], words[:, 1:]


def sgd(K: Any) -> Any:
    return K.optimizers.SGD(0.02, momentum=0.9)


def adam(K: Any) -> Any:
    return K.optimizers.Adam(0.001)


def of_classes(K: Any) -> Any:
    return "sparse_categorical_crossentropy"


def of_logits(K: Any) -> Any:
    return K.losses.SparseCategoricalCrossentropy(from_logits=True)


def of_pairs(K: Any) -> Any:
    return "binary_crossentropy"


@dataclass(frozen=True)
class Network:
    """build(library) makes the model, data(rng) what it is trained on, optimizer(library) and loss(library) by what."""

    build: Callable[[Any], Any]
    data: Callable[[np.random.Generator], Data]
    optimizer: Callable[[Any], Any] = sgd
    loss: Callable[[Any], Any] = of_classes

    def __str__(self) -> str:
        return self.build.__name__


# Adam's place is in the networks without tables: there, equal ids in a batch count differently in Keras
NETWORKS = [
    Network(resnet20, images),
    Network(vgg16, large_images, adam),
    Network(alexnet, large_images),
    Network(inception, images, adam),
    Network(unet, pixels, adam),
    Network(nested, images),
    Network(two_towers, pairs, loss=of_pairs),
    Network(encoder, sentences),
    Network(masked_encoder, sentences),
    Network(decoder, text, loss=of_logits),
]

every_network = pytest.mark.parametrize("network", NETWORKS, ids=str)


def both(network: Network, keras: Any) -> tuple[Any, Any]:
    """Keras's model and ours with the same weights."""
    keras.utils.set_random_seed(2)
    theirs, ours = network.build(keras), network.build(fastnn)
    ours.set_weights([np.array(weight) for weight in theirs.get_weights()])
    return theirs, ours


def drop_alike(theirs: Any, ours: Any) -> None:
    """Let Keras's dropout layers take the masks of ours, from the first step on."""
    for layer in ours.layers:
        if isinstance(layer, fastnn.layers.Dropout):
            twin = fastnn.layers.Dropout.from_config(layer.get_config())
            twin._take_own_state(layer._own_state())  # the random numbers that are next
            twin.built = True

            def call(inputs: Any, training: bool = False, twin: Any = twin) -> Any:
                return inputs * twin(np.ones(inputs.shape, np.float32), training=True).numpy() if training else inputs

            theirs.get_layer(layer.name).call = call


@every_network
def test_layers_shapes_and_results(network: Network, keras: Any, rng: np.random.Generator) -> None:
    theirs, ours = both(network, keras)
    assert [layer.name for layer in ours.layers] == [layer.name for layer in theirs.layers]
    assert [weight.shape for weight in ours.weights] == [tuple(weight.shape) for weight in theirs.weights]
    shapes = [tuple(s) for s in theirs.input_shape] if isinstance(theirs.input_shape, list) else theirs.input_shape
    assert (ours.input_shape, ours.output_shape) == (shapes, theirs.output_shape)
    assert ours.count_params() == theirs.count_params()
    x, _ = network.data(rng)
    np.testing.assert_allclose(ours.predict(x), np.asarray(theirs(x)), rtol=1e-4, atol=1e-5)


@every_network
def test_training(network: Network, keras: Any, rng: np.random.Generator) -> None:
    """Losses of twelve steps, of which the last of an epoch is smaller, to 1e-4 relative."""
    models = both(network, keras)
    drop_alike(*models)
    x, y = network.data(rng)
    losses = []
    for model, library in zip(models, (keras, fastnn), strict=True):
        options = {"run_eagerly": True} if library is keras else {}  # tracing takes longer than the steps do
        model.compile(network.optimizer(library), network.loss(library), **options)
        history = model.fit(x, y, batch_size=5, epochs=4, shuffle=False, verbose=0)
        losses.append(history.history["loss"])
    assert not models[1]._train_step.eager_reasons()
    np.testing.assert_allclose(losses[1], losses[0], rtol=1e-4)
    assert losses[0][-1] < losses[0][0]

"""The attention layers and EinsumDense: values against NumPy by Keras's formulas, weights, masks, what is refused."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import Tensor, layers


def numbers(*shape: int, seed: int = 5) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def softmax(x: np.ndarray) -> np.ndarray:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def multi_head(
    layer: layers.MultiHeadAttention,
    query: np.ndarray,
    value: np.ndarray,
    key: np.ndarray | None = None,
    mask: np.ndarray | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    weights = [w.astype("f8") for w in layer.get_weights()]
    q, k, v = (
        np.einsum("bti,ihd->bthd", x, kernel) + bias
        for x, kernel, bias in zip(
            (query, value if key is None else key, value), weights[0:6:2], weights[1:6:2], strict=True
        )
    )
    scores = np.einsum("bqhd,bkhd->bhqk", q, k) / np.sqrt(layer.key_dim)
    p = softmax(scores if mask is None else np.where(mask, scores, -1e9))
    return np.einsum("bhqk,bkhd,hdo->bqo", p, v, weights[6]) + weights[7], p


def test_multi_head_attention() -> None:
    query, value, key = numbers(2, 5, 6), numbers(2, 7, 4, seed=6), numbers(2, 7, 3, seed=7)
    layer = layers.MultiHeadAttention(3, 8, value_dim=5, output_shape=9, bias_initializer="random_normal")
    y = layer(query, value, key)
    shapes = [(6, 3, 8), (3, 8), (3, 3, 8), (3, 8), (4, 3, 5), (3, 5), (3, 5, 9), (9,)]
    assert [w.shape for w in layer.weights] == shapes
    assert layer.weights[0].path == f"{layer.name}/query/kernel"
    want, probabilities = multi_head(layer, query, value, key)
    np.testing.assert_allclose(y.numpy(), want, rtol=1e-4, atol=1e-5)
    y, scores = layer(query, value, key, return_attention_scores=True)
    np.testing.assert_allclose(y.numpy(), want, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(scores.numpy(), probabilities, rtol=1e-4, atol=1e-6)
    assert layer.compute_output_shape((None, 5, 6)) == (None, 5, 9)


@pytest.mark.parametrize("scores", [False, True])
def test_masks_of_multi_head_attention(scores: bool) -> None:
    x = numbers(2, 5, 6)
    layer = layers.MultiHeadAttention(2, 3)
    steps = np.array([[True] * 5, [True, True, True, False, False]])
    pairs = np.random.default_rng(1).random((2, 5, 5)) < 0.7
    pairs[..., 0] = True
    whole = np.tri(5, dtype=bool) & pairs & steps[:, None]
    y = layer(x, x, attention_mask=pairs, value_mask=steps, use_causal_mask=True, return_attention_scores=scores)
    want, probabilities = multi_head(layer, x, x, mask=whole[:, None])
    np.testing.assert_allclose((y[0] if scores else y).numpy(), want, rtol=1e-4, atol=1e-5)
    if scores:
        np.testing.assert_allclose(y[1].numpy(), probabilities, rtol=1e-4, atol=1e-6)
    of_heads = layer(x, x, attention_mask=np.stack([pairs, pairs], axis=1).astype(np.float32))
    np.testing.assert_allclose(of_heads.numpy(), layer(x, x, attention_mask=pairs).numpy(), atol=1e-6)
    left_out = layer(x, x, query_mask=steps).numpy()
    np.testing.assert_allclose(left_out[1, 3:], np.zeros((2, 6)), atol=1e-6)  # the output's bias
    np.testing.assert_allclose(left_out[0], multi_head(layer, x, x)[0][0], rtol=1e-4, atol=1e-5)


def test_what_the_query_carries_reaches_the_first_result() -> None:
    x = numbers(2, 5, 4)
    x[1, 3:] = 0
    query = layers.Masking()(x)
    layer = layers.MultiHeadAttention(2, 3)
    y, scores = layer(query, x, return_attention_scores=True)
    np.testing.assert_array_equal(y._mask.numpy(), x.any(-1))
    np.testing.assert_array_equal(layer(query, x)._mask.numpy(), x.any(-1))
    assert scores._mask is None
    assert query._mask is not None


def test_dropout_of_multi_head_attention() -> None:
    x = numbers(4, 16, 8)
    plain, dropped = (layers.MultiHeadAttention(2, 4, dropout=rate, seed=1) for rate in (0.0, 0.5))
    plain(x, x), dropped(x, x)
    dropped.set_weights(plain.get_weights())
    np.testing.assert_array_equal(dropped(x, x).numpy(), plain(x, x).numpy())
    first, second = (dropped(x, x, training=True).numpy() for _ in range(2))
    assert (first != second).mean() > 0.9
    assert np.isfinite(first).all()


@pytest.mark.parametrize(
    "options", [{}, {"use_scale": True}, {"score_mode": "concat"}, {"score_mode": "concat", "use_scale": True}]
)
def test_attention_layer(options: dict[str, Any]) -> None:
    query, value, key = numbers(2, 4, 3), numbers(2, 6, 5, seed=6), numbers(2, 6, 3, seed=7)
    layer = layers.Attention(**options)
    layer([query, value, key])
    layer.set_weights([np.float32(0.5 + i) for i in range(len(layer.weights))])
    scale = 0.5 if options.get("use_scale") else 1.0
    if "score_mode" in options:
        weight = 0.5 + bool(options.get("use_scale"))
        scores = weight * np.tanh(scale * (query[:, :, None] + key[:, None])).sum(-1)
    else:
        scores = scale * query @ key.swapaxes(1, 2)
    y, p = layer([query, value, key], return_attention_scores=True)
    np.testing.assert_allclose(p.numpy(), softmax(scores), rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(y.numpy(), softmax(scores) @ value, rtol=1e-4, atol=1e-5)
    of_query, of_value = np.array([[True] * 3 + [False]] * 2), np.array([[True] * 4 + [False] * 2] * 2)
    y = layer([query, value, key], mask=[of_query, of_value], use_causal_mask=True).numpy()
    keep = of_value[:, None] & np.tri(4, 6, dtype=bool)
    want = softmax(np.where(keep, scores, -1e9)) @ value * of_query[..., None]
    np.testing.assert_allclose(y, want, rtol=1e-4, atol=1e-5)


def test_additive_attention() -> None:
    query, value = numbers(2, 4, 3), numbers(2, 6, 3, seed=6)
    for use_scale in (True, False):
        layer = layers.AdditiveAttention(use_scale=use_scale)
        y = layer([query, value]).numpy()
        assert [w.shape for w in layer.weights] == [(3,)] * use_scale
        scale = layer.weights[0].numpy() if use_scale else 1.0
        scores = (scale * np.tanh(query[:, :, None] + value[:, None])).sum(-1)
        np.testing.assert_allclose(y, softmax(scores) @ value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("equation", "x", "output_shape", "bias_axes", "kernel", "bias"),
    [
        ("ab,bc->ac", (3, 5), 4, "c", (5, 4), (4,)),
        ("abc,cd->abd", (2, 3, 5), (None, 4), "d", (5, 4), (4,)),
        ("abc,cde->abde", (2, 3, 5), (None, 4, 6), "de", (5, 4, 6), (4, 6)),
        ("abc,cd->abd", (2, 3, 5), (3, 4), "b", (5, 4), (3, 1)),
        ("...x,xy->...y", (2, 3, 4, 5), 7, "y", (5, 7), (7,)),
        ("abcd,cde->abe", (2, 3, 4, 5), (None, 6), None, (4, 5, 6), None),
    ],
)
def test_einsum_dense(
    equation: str, x: tuple[int, ...], output_shape: Any, bias_axes: str | None, kernel: Any, bias: Any
) -> None:
    layer = layers.EinsumDense(equation, output_shape, "relu", bias_axes, bias_initializer="random_normal")
    y = layer(numbers(*x)).numpy()
    assert [w.shape for w in layer.weights] == ([kernel] if bias is None else [kernel, bias])
    want = np.einsum(equation, numbers(*x), layer.kernel.numpy())
    want = np.maximum(want if bias is None else want + layer.bias.numpy(), 0)
    np.testing.assert_allclose(y, want, rtol=1e-4, atol=1e-5)
    assert layer.compute_output_shape((None, *x[1:])) == (None, *want.shape[1:])
    again = layers.EinsumDense.from_config(layer.get_config())
    assert again.get_config() == layer.get_config()


def test_configurations() -> None:
    for layer in (
        layers.MultiHeadAttention(2, 3, value_dim=4, dropout=0.1, use_bias=False, output_shape=5, seed=3),
        layers.Attention(use_scale=True, score_mode="concat", dropout=0.2, seed=4),
        layers.AdditiveAttention(use_scale=False, dropout=0.3),
    ):
        again = type(layer).from_config(layer.get_config())
        assert again.get_config() == layer.get_config()


def refuses(sentence: str) -> Any:
    return pytest.raises((ValueError, TypeError), match=f"^{re.escape(sentence)}")


def test_what_the_layers_refuse() -> None:
    with refuses("MultiHeadAttention: expected a positive num_heads, got 0"):
        layers.MultiHeadAttention(0, 3)
    with refuses("MultiHeadAttention: expected attention_axes None or 1, got (1, 2)"):
        layers.MultiHeadAttention(2, 3, attention_axes=(1, 2))
    with refuses("MultiHeadAttention: expected output_shape of one axis, got (3, 4)"):
        layers.MultiHeadAttention(2, 3, output_shape=(3, 4))
    with refuses("MultiHeadAttention: expected dropout in [0, 1), got 1"):
        layers.MultiHeadAttention(2, 3, dropout=1)
    with refuses("heads: expected input (batch, steps, n), got (2, 3)"):
        layers.MultiHeadAttention(2, 3, name="heads")(numbers(2, 3), numbers(2, 3))
    with refuses("heads: expected value (batch, steps, 4), got (2, 3, 5)"):
        layer = layers.MultiHeadAttention(2, 3, name="heads")
        layer(numbers(2, 3, 4), numbers(2, 3, 4))
        layer(numbers(2, 3, 4), numbers(2, 3, 5), numbers(2, 3, 4))
    with refuses("Attention: expected score_mode 'dot' or 'concat', got 'sum'"):
        layers.Attention(score_mode="sum")
    with refuses("pair: expected a list of query and value, or query, value and key"):
        layers.Attention(name="pair")(numbers(2, 3, 4))
    with refuses("pair: expected input key (batch, steps, 4), got (None, 3, 5)"):
        layers.Attention(name="pair")([numbers(2, 3, 4), numbers(2, 3, 5)])
    with refuses("EinsumDense: expected an equation such as"):
        layers.EinsumDense("ab->b", 3)
    with refuses("EinsumDense: expected output_shape to fit 'ab,bc->ac', got (3, 4)"):
        layers.EinsumDense("ab,bc->ac", (3, 4))
    with refuses("EinsumDense: expected bias_axes of the result of 'ab,bc->ac', got 'd'"):
        layers.EinsumDense("ab,bc->ac", 3, bias_axes="d")
    with refuses("product: expected input with axes 'ab', got (2, 3, 4)"):
        layers.EinsumDense("ab,bc->ac", 3, name="product")(numbers(2, 3, 4))


class Block(layers.Layer):
    """A Transformer's block with a mask of its own."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.attention = layers.MultiHeadAttention(2, 4, dropout=0.2)
        self.norm = layers.LayerNormalization()

    def call(self, inputs: Tensor) -> Tensor:
        return self.norm(inputs + self.attention(inputs, inputs, use_causal_mask=True))


def test_fit_with_attention_trains_by_a_program_and_repeats() -> None:
    x, y = numbers(48, 6, 8), np.random.default_rng(1).integers(0, 3, 48)
    found = []
    for _ in range(2):
        fastnn.utils.set_random_seed(3)
        model = fastnn.Sequential(
            [fastnn.Input((6, 8)), Block(), layers.Flatten(), layers.Dense(3, activation="softmax")]
        )
        model.compile("adam", "sparse_categorical_crossentropy")
        history = model.fit(x, y, batch_size=16, epochs=8, shuffle=False, verbose=0).history["loss"]
        assert history[-1] < history[0]
        (program,) = model._train_step.info()
        assert program["replays"] == 22
        found.append(history)
    assert found[0] == found[1]


def test_programs_of_einsum_take_any_batch() -> None:
    x = numbers(40, 6, 8)
    model = fastnn.Sequential(
        [
            fastnn.Input((6, 8)),
            layers.EinsumDense("abc,cde->abde", (None, 2, 5), "relu", "de"),
            layers.EinsumDense("abcd,cde->abe", (None, 3)),
            layers.Flatten(),
        ]
    )
    want = model(x).numpy()
    for batch_size in (16, 7):
        np.testing.assert_allclose(model.predict(x, batch_size=batch_size, verbose=0), want, rtol=1e-5, atol=1e-6)

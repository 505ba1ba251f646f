"""Training against PyTorch: networks of every kind, from the same weights over the same batches of real digits.

The optimizer is written out in PyTorch's tensors by Keras's formula (alpha corrected for bias, epsilon outside the
root), in float64: what is left between the two is our rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from tolerances import GRADIENT_NORM

from fastnn import Input, Sequential, datasets, layers, losses, optimizers, utils
from fastnn import functional as F
from fastnn.tensor import Tensor

pytestmark = pytest.mark.oracle

SEED = 5  # under some others a pooling window or a relu holds a tie but for rounding, and each library picks a side
STEPS, BATCH = 20, 32
LOSS = 1e-4
# Norm-wise, per tensor, after the twenty steps. Where a gradient is almost nothing but rounding, Adam's division by its
# own size makes a step of it, so this is wider than the bound of the gradients.
WEIGHTS = 1e-4

Forward = Callable[[Any, list[Any], Any], Any]


@pytest.fixture(scope="module")
def torch() -> Any:
    import torch

    torch.set_num_threads(1)
    return torch


def demo_network() -> Sequential:
    return Sequential(
        [
            Input((8, 8, 1)),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def torch_demo_network(torch: Any, weights: list[Any], x: Any) -> Any:
    """Logits; weights in Keras's layouts."""
    functional = torch.nn.functional
    y = x.permute(0, 3, 1, 2)
    for kernel, bias in (weights[0:2], weights[2:4]):
        y = functional.max_pool2d(torch.relu(functional.conv2d(y, kernel.permute(3, 2, 0, 1), bias, padding=1)), 2)
    y = y.permute(0, 2, 3, 1).flatten(1)
    return torch.relu(y @ weights[4] + weights[5]) @ weights[6] + weights[7]


def mlp() -> Sequential:
    return Sequential(
        [
            Input((8, 8, 1)),
            layers.Flatten(),
            layers.Dense(100, activation="relu"),
            layers.Dense(33, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )


def torch_mlp(torch: Any, weights: list[Any], x: Any) -> Any:
    y = x.flatten(1)
    y = torch.relu(y @ weights[0] + weights[1])
    y = torch.relu(y @ weights[2] + weights[3])
    return y @ weights[4] + weights[5]


def stacked_lstm() -> Sequential:
    """A digit is eight steps, its rows."""
    return Sequential(
        [
            Input((8, 8, 1)),
            layers.TimeDistributed(layers.Flatten()),
            layers.LSTM(20, return_sequences=True),
            layers.LSTM(17),
            layers.Dense(10, activation="softmax"),
        ]
    )


def torch_lstm(torch: Any, weights: list[Any], x: Any) -> Any:
    """All steps of an LSTM with Keras's weights."""
    kernel, recurrent, bias = weights
    state = x.new_zeros(1, len(x), len(recurrent))
    parameters = [kernel.T, recurrent.T, bias, torch.zeros_like(bias)]
    return torch.lstm(x, (state, state), parameters, True, 1, 0.0, False, False, True)[0]


def torch_stacked_lstm(torch: Any, weights: list[Any], x: Any) -> Any:
    y = torch_lstm(torch, weights[3:6], torch_lstm(torch, weights[0:3], x.flatten(2)))
    return y[:, -1] @ weights[6] + weights[7]


def embedding_lstm() -> Sequential:
    """A digit is a text of 64 words, its grey levels."""
    return Sequential([layers.Embedding(17, 9), layers.LSTM(16), layers.Dense(10, activation="softmax")])


def torch_embedding_lstm(torch: Any, weights: list[Any], x: Any) -> Any:
    return torch_lstm(torch, weights[1:4], weights[0][x])[:, -1] @ weights[4] + weights[5]


def as_text(x: np.ndarray) -> np.ndarray:
    return np.rint(x * 16).astype(np.int64).reshape(len(x), -1)


class ResidualBlock(layers.Layer):
    """Two convolutions with batch normalisation beside a shortcut (He et al. 2015)."""

    def __init__(self, filters: int, stride: int) -> None:
        super().__init__()
        self.first = layers.Conv2D(filters, 3, stride, "same", use_bias=False)
        self.first_norm = layers.BatchNormalization()
        self.second = layers.Conv2D(filters, 3, padding="same", use_bias=False)
        self.second_norm = layers.BatchNormalization()
        self.shortcut = layers.Conv2D(filters, 1, stride, use_bias=False) if stride > 1 else None

    def call(self, inputs: Tensor) -> Tensor:
        y = F.relu(self.first_norm(self.first(inputs)))
        y = self.second_norm(self.second(y))
        return F.relu(y + (inputs if self.shortcut is None else self.shortcut(inputs)))


def resnet() -> Sequential:
    return Sequential(
        [
            Input((8, 8, 1)),
            layers.Conv2D(8, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            ResidualBlock(8, 1),
            ResidualBlock(16, 2),
            layers.GlobalAveragePooling2D(),
            layers.Dense(10, activation="softmax"),
        ]
    )


def torch_resnet(torch: Any, weights: list[Any], x: Any) -> Any:
    functional, left = torch.nn.functional, iter(weights)

    def convolve(y: Any, stride: int = 1) -> Any:
        kernel = next(left).permute(3, 2, 0, 1)
        before, after = (0, 0) if kernel.shape[2] == 1 else (1 if stride == 1 else 0, 1)
        return functional.conv2d(functional.pad(y, (before, after, before, after)), kernel, stride=stride)

    def normalize(y: Any) -> Any:
        return functional.batch_norm(y, None, None, next(left), next(left), True, 0.0, 1e-3)

    y = torch.relu(normalize(convolve(x.permute(0, 3, 1, 2))))
    for stride in (1, 2):
        inner = torch.relu(normalize(convolve(y, stride)))
        inner = normalize(convolve(inner))
        y = torch.relu(inner + (convolve(y, stride) if stride > 1 else y))
    return y.mean(dim=(2, 3)) @ next(left) + next(left)


class TransformerBlock(layers.Layer):
    """Attention and an MLP, each with a residual and normalised behind it, on images as rows of eight pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = layers.Dense(16)
        # a bias of the keys changes no score but by rounding
        self.attention = layers.MultiHeadAttention(4, 4, use_bias=False)
        self.first = layers.LayerNormalization()
        self.wide = layers.Dense(32, activation="gelu")
        self.narrow = layers.Dense(16)
        self.second = layers.LayerNormalization()

    def call(self, inputs: Tensor) -> Tensor:
        x = self.embed(inputs.reshape(-1, 8, 8))
        x = self.first(x + self.attention(x, x))
        return self.second(x + self.narrow(self.wide(x)))


def transformer() -> Sequential:
    return Sequential([Input((8, 8, 1)), TransformerBlock(), layers.Flatten(), layers.Dense(10, activation="softmax")])


def torch_transformer(torch: Any, weights: list[Any], x: Any) -> Any:
    functional = torch.nn.functional
    w = iter(weights)
    x = x.reshape(-1, 8, 8) @ next(w) + next(w)
    q, k, v = (torch.einsum("bti,ihd->bhtd", x, next(w)) for _ in range(3))
    heads = functional.scaled_dot_product_attention(q, k, v)
    x = x + torch.einsum("bhtd,hdo->bto", heads, next(w))
    x = functional.layer_norm(x, (16,), next(w), next(w), eps=1e-3)
    hidden = functional.gelu(x @ next(w) + next(w))
    x = x + hidden @ next(w) + next(w)
    x = functional.layer_norm(x, (16,), next(w), next(w), eps=1e-3)
    return x.flatten(1) @ next(w) + next(w)


class TorchTraining:
    """Losses of all steps, gradients of the first and weights after the last, by PyTorch."""

    def __init__(self, torch: Any, forward: Forward, start: list[np.ndarray], batches: list[Any], rule: str) -> None:
        weights = [torch.tensor(weight.astype(np.float64), requires_grad=True) for weight in start]
        first = [torch.zeros_like(weight) for weight in weights]
        second = [torch.zeros_like(weight) for weight in weights]
        self.losses: list[float] = []
        for t, (x, y) in enumerate(batches, 1):
            images = x.astype(np.float64) if x.dtype == np.float32 else x
            logits = forward(torch, weights, torch.from_numpy(images))
            loss = torch.nn.functional.cross_entropy(logits, torch.from_numpy(y))
            gradients = torch.autograd.grad(loss, weights)
            self.losses.append(loss.item())
            if t == 1:
                self.gradients = [gradient.numpy().copy() for gradient in gradients]
            with torch.no_grad():
                for w, g, m, v in zip(weights, gradients, first, second, strict=True):
                    if rule == "adam":
                        alpha = 0.001 * (1 - 0.999**t) ** 0.5 / (1 - 0.9**t)
                        m += (g - m) * (1 - 0.9)
                        v += (g * g - v) * (1 - 0.999)
                        w -= alpha * m / (v.sqrt() + 1e-7)
                    else:
                        m.mul_(0.9).sub_(0.01 * g)
                        w += m
        self.weights = [weight.detach().numpy() for weight in weights]


def batches_of_digits(text: bool = False) -> list[tuple[np.ndarray, np.ndarray]]:
    (x, y), _ = datasets.digits.load_data()
    x = x[: STEPS * BATCH, ..., np.newaxis].astype(np.float32) / np.float32(16)
    if text:
        x = as_text(x)
    y = y[: STEPS * BATCH].astype(np.int64)
    return list(zip(np.split(x, STEPS), np.split(y, STEPS), strict=True))


def norm_wise(got: np.ndarray, want: np.ndarray) -> float:
    assert got.shape == want.shape
    return float(np.linalg.norm((got - want).ravel()) / np.linalg.norm(want.ravel()))


def optimizer_of(rule: str) -> optimizers.Optimizer:
    return optimizers.Adam() if rule == "adam" else optimizers.SGD(0.01, momentum=0.9)


def start_of(model: Sequential) -> list[np.ndarray]:
    """The weights that train; moving statistics take no part in a step."""
    return [np.array(weight.numpy()) for weight in model.trainable_weights]


networks = pytest.mark.parametrize(
    ("make", "forward"),
    [
        (demo_network, torch_demo_network),
        (mlp, torch_mlp),
        (stacked_lstm, torch_stacked_lstm),
        (embedding_lstm, torch_embedding_lstm),
        (resnet, torch_resnet),
        (transformer, torch_transformer),
    ],
    ids=["demo", "mlp", "stacked_lstm", "embedding_lstm", "resnet", "transformer"],
)
rules = pytest.mark.parametrize("rule", ["adam", "momentum"])


@networks
@rules
def test_a_hand_written_loop_trains_as_pytorch(
    make: Callable[[], Sequential], forward: Forward, rule: str, torch: Any
) -> None:
    utils.set_random_seed(SEED)
    model, batches, optimizer = make(), batches_of_digits(make is embedding_lstm), optimizer_of(rule)
    model(batches[0][0])
    want = TorchTraining(torch, forward, start_of(model), batches, rule)
    variables = model.trainable_weights
    found = []
    for step, (x, y) in enumerate(batches):
        for variable in variables:
            variable.grad = None
        probabilities = model(Tensor(x), training=True)
        loss = F.mean(F.softmax_cross_entropy(probabilities.logits, Tensor(y)))
        loss.backward()
        gradients = [variable.grad for variable in variables]
        if step == 0:
            for variable, gradient, expected in zip(variables, gradients, want.gradients, strict=True):
                error = norm_wise(gradient.numpy(), expected)
                assert error <= GRADIENT_NORM, f"gradient of {variable.name}: {error:.2g}"
        optimizer.apply(gradients, variables)
        found.append(loss.item())
    np.testing.assert_allclose(found, want.losses, rtol=0, atol=LOSS)
    for variable, expected in zip(variables, want.weights, strict=True):
        error = norm_wise(variable.numpy(), expected)
        assert error <= WEIGHTS, f"{variable.name} after {STEPS} steps: {error:.2g}"


@networks
@rules
def test_fit_trains_as_pytorch(make: Callable[[], Sequential], forward: Forward, rule: str, torch: Any) -> None:
    utils.set_random_seed(SEED)
    model, batches = make(), batches_of_digits(make is embedding_lstm)
    model(batches[0][0])
    model.compile(optimizer_of(rule), losses.SparseCategoricalCrossentropy())
    want = TorchTraining(torch, forward, start_of(model), batches, rule)
    found = [model.fit(x, y, batch_size=BATCH, verbose=0).history["loss"][0] for x, y in batches]
    np.testing.assert_allclose(found, want.losses, rtol=0, atol=LOSS)
    for index, (weight, expected) in enumerate(zip(start_of(model), want.weights, strict=True)):
        error = norm_wise(weight, expected)
        assert error <= WEIGHTS, f"weight {index} after {STEPS} steps: {error:.2g}"
    (program,) = model._train_step.info()
    assert program["replays"] == STEPS - 2  # the rest of the steps ran as the program

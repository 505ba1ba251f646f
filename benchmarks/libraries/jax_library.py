"""JAX: pure functions under jit, with donated state; once waiting for every step, once for the last of several queued.

Pooling takes the maximum of a reshaped array, which is several times faster here than reduce_window with its gradient.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp

from .. import networks as N
from . import LONG, QUEUED, Call, Library, jax_kernels

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda x: x,
    "relu": jax.nn.relu,
    "tanh": jnp.tanh,
    "gelu": partial(jax.nn.gelu, approximate=False),
}
IMAGES = ("NHWC", "HWIO", "NHWC")


def lstm(x: Any, kernel: Any, recurrent: Any, bias: Any, all_steps: bool) -> Any:
    """Products with the input for all steps at once, then a scan."""

    def step(state: Any, z: Any) -> Any:
        h, c = state
        i, f, g, o = jnp.split(z + h @ recurrent, 4, axis=-1)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h if all_steps else None

    zeros = jnp.zeros((x.shape[0], recurrent.shape[0]), x.dtype)
    (h, _), steps = jax.lax.scan(step, (zeros, zeros), jnp.swapaxes(x @ kernel + bias, 0, 1))
    return jnp.swapaxes(steps, 0, 1) if all_steps else h


def attention(x: Any, weights: Sequence[Any]) -> Any:
    q, k, v = (jnp.einsum("btd,dhk->bthk", x, weights[2 * i]) + weights[2 * i + 1] for i in range(3))
    y = jax.nn.dot_product_attention(q, k, v)
    return jnp.einsum("bthk,hkd->btd", y, weights[6]) + weights[7]


def forward(layers: Sequence[N.Layer], weights: Iterator[Any], x: Any, training: bool, moved: list[Any]) -> Any:
    """The result of the layers; appends the new moving averages of normalisations."""
    for layer in layers:
        match layer:
            case N.Conv(_, _, stride, padding, bias, activation):
                x = jax.lax.conv_general_dilated(
                    x, next(weights), (stride, stride), padding.upper(), dimension_numbers=IMAGES
                )
                x = ACTIVATIONS[activation](x + next(weights) if bias else x)
            case N.Dense(_, activation):
                x = ACTIVATIONS[activation](x @ next(weights) + next(weights))
            case N.Pool():
                n, h, w, c = x.shape
                x = x[:, : h // 2 * 2, : w // 2 * 2].reshape(n, h // 2, 2, w // 2, 2, c).max((2, 4))
            case N.Flatten():
                x = x.reshape(len(x), -1)
            case N.Mean():
                x = x.mean(tuple(range(1, x.ndim - 1)))
            case N.Relu():
                x = jax.nn.relu(x)
            case N.BatchNorm():
                gamma, beta, mean, variance = (next(weights) for _ in range(4))
                if training:
                    axes = tuple(range(x.ndim - 1))
                    old, (mean, variance) = (mean, variance), (x.mean(axes), x.var(axes))
                    moved += [0.99 * a + 0.01 * b for a, b in zip(old, (mean, variance), strict=True)]
                x = (x - mean) * (jax.lax.rsqrt(variance + 1e-3) * gamma) + beta
            case N.LayerNorm():
                gamma, beta = next(weights), next(weights)
                mean, variance = x.mean(-1, keepdims=True), x.var(-1, keepdims=True)
                x = (x - mean) * jax.lax.rsqrt(variance + 1e-3) * gamma + beta
            case N.Embedding():
                x = next(weights)[x]
            case N.Lstm(_, all_steps):
                x = lstm(x, next(weights), next(weights), next(weights), all_steps)
            case N.Attention():
                x = attention(x, [next(weights) for _ in range(8)])
            case N.Residual(main, shortcut):
                y = forward(main, weights, x, training, moved)
                x = y + forward(shortcut, weights, x, training, moved)
    return x


def loss_of(kind: str, y: Any, labels: Any) -> Any:
    if kind == "classes":
        return -jnp.take_along_axis(jax.nn.log_softmax(y), labels[:, None], axis=1).mean()
    if kind == "binary":
        return (jnp.maximum(y, 0) - y * labels + jnp.log1p(jnp.exp(-jnp.abs(y)))).mean()
    return jnp.square(y - labels).mean()


def adam(weights: Any, gradients: Any, slots: Any, rate: float = 0.001, beta_1: float = 0.9) -> tuple[Any, Any]:
    """Keras's Adam; slots are the number of steps taken and two moments for each weight."""
    count, first, second = slots
    count = count + 1
    alpha = rate * jnp.sqrt(1 - 0.999**count) / (1 - beta_1**count)
    first = [m + (g - m) * (1 - beta_1) for m, g in zip(first, gradients, strict=True)]
    second = [v + (g * g - v) * 0.001 for v, g in zip(second, gradients, strict=True)]
    moments = zip(weights, first, second, strict=True)
    return [w - alpha * m / (jnp.sqrt(v) + 1e-7) for w, m, v in moments], (count, first, second)


def momentum(weights: Any, gradients: Any, slots: Any) -> tuple[Any, Any]:
    velocities = [0.9 * v - 0.01 * g for v, g in zip(slots, gradients, strict=True)]
    return [w + v for w, v in zip(weights, velocities, strict=True)], velocities


def fresh(weights: Sequence[Any]) -> tuple[Any, Any, Any]:
    """The slots of Adam before its first step."""
    return jnp.float32(0), [jnp.zeros_like(w) for w in weights], [jnp.zeros_like(w) for w in weights]


def moving(layers: Sequence[N.Layer], shape: N.Shape) -> list[bool]:
    """Which weights are moving averages."""
    found: list[bool] = []
    for layer in layers:
        if isinstance(layer, N.Residual):
            found += moving(layer.main, shape) + moving(layer.shortcut, shape)
        elif isinstance(layer, N.BatchNorm):
            found += [False, False, True, True]
        else:
            found += [False] * len(layer.weights(shape))
        shape = layer.output(shape)
    return found


class Jax(Library):
    columns = ("jax", "jax-queued")
    several = ("jax-queued",)

    def __init__(self, threads: int) -> None:
        self.about = f"JAX {jax.__version__}"

    def repeated(self, column: str, advance: Callable[[], Any]) -> Call | None:
        """The call of a column: advance takes a step and gives its loss without waiting for it."""
        if column.endswith("queued"):
            float(advance())  # compiles
            start = time.perf_counter()
            float(advance())
            if time.perf_counter() - start > LONG:
                return None

        def queued() -> float:
            for _ in range(QUEUED):
                loss = advance()
            return float(loss)

        return queued if column.endswith("queued") else lambda: float(advance())

    def step(self, network: N.Network, column: str) -> Call | None:
        weights = [jnp.asarray(weight) for weight in network.weights()]
        averages = moving(network.layers, network.input_shape)
        trained = [weight for weight, moves in zip(weights, averages, strict=True) if not moves]
        kept = [weight for weight, moves in zip(weights, averages, strict=True) if moves]
        update = adam if network.optimizer == "adam" else momentum
        slots: Any = fresh(trained) if network.optimizer == "adam" else [jnp.zeros_like(w) for w in trained]

        def loss_and_averages(trained: Any, kept: Any, x: Any, y: Any) -> Any:
            both, moved = (iter(trained), iter(kept)), []  # type: tuple[Any, Any], list[Any]
            weights = (next(both[moves]) for moves in averages)
            prediction = forward(network.layers, weights, x, True, moved)
            return loss_of(network.loss, prediction, y), moved

        @partial(jax.jit, donate_argnums=(0, 1, 2))
        def step(trained: Any, kept: Any, slots: Any, x: Any, y: Any) -> Any:
            gradient = jax.value_and_grad(loss_and_averages, has_aux=True)
            (loss, kept), gradients = gradient(trained, kept, x, y)
            trained, slots = update(trained, gradients, slots)
            return loss, (trained, kept, slots)

        x, y = network.data()
        state: Any = (trained, kept, slots)

        def advance() -> Any:
            nonlocal state
            loss, state = step(*state, x, y)
            return loss

        return self.repeated(column, advance)

    def gan(self, gan: N.Gan, column: str) -> Call | None:
        generator, discriminator = ([jnp.asarray(w) for w in weights] for weights in gan.weights())
        rule = partial(adam, rate=2e-4, beta_1=0.5)

        def judge(weights: Any, x: Any, target: float) -> Any:
            return loss_of("binary", forward(gan.discriminator, iter(weights), x, True, []), target)

        def invent(weights: Any, noise: Any) -> Any:
            return forward(gan.generator, iter(weights), noise, True, [])

        @partial(jax.jit, donate_argnums=(0, 1))
        def step(models: Any, slots: Any, images: Any, first: Any, second: Any) -> Any:
            generator, discriminator = models
            fake = invent(generator, first)
            gradients = jax.grad(lambda w: (judge(w, images, 1.0) + judge(w, fake, 0.0)) * 0.5)(discriminator)
            discriminator, of_discriminator = rule(discriminator, gradients, slots[1])
            loss, gradients = jax.value_and_grad(lambda w: judge(discriminator, invent(w, second), 1.0))(generator)
            generator, of_generator = rule(generator, gradients, slots[0])
            return loss, ((generator, discriminator), (of_generator, of_discriminator))

        arrays = gan.data()
        state: Any = ((generator, discriminator), (fresh(generator), fresh(discriminator)))

        def advance() -> Any:
            nonlocal state
            loss, state = step(*state, *arrays)
            return loss

        return self.repeated(column, advance)

    def inference(self, network: N.Network, batch: int, column: str) -> Call | None:
        if column.endswith("queued"):
            return None
        weights = [jnp.asarray(weight) for weight in network.weights()]
        x = network.samples(batch)
        predict = jax.jit(lambda weights, x: forward(network.layers, iter(weights), x, False, []))
        return lambda: predict(weights, x).block_until_ready()

    def kernel(self, kernel: Any, column: str) -> Call | None:
        return None if column.endswith("queued") else jax_kernels.make(kernel)

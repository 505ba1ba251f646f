"""Cases of recurrent networks, with references that go step by step, sequence by sequence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from cases.case import WIDTHS, Benchmark, Inputs, Make, OpCase, text

ACTIVATIONS: dict[str, Callable[[Any], Any]] = {
    "linear": lambda v: v,
    "relu": lambda v: np.maximum(v, 0),
    "tanh": np.tanh,
    "sigmoid": lambda v: 1 / (1 + np.exp(-v)),
    "hard_sigmoid": lambda v: np.clip((v + 3) / 6, 0, 1),
}
# the derivative, from the result
SLOPES: dict[str, Callable[[Any], Any]] = {
    "linear": np.ones_like,
    "relu": lambda y: (y > 0).astype(y.dtype),
    "tanh": lambda y: 1 - y * y,
    "sigmoid": lambda y: y * (1 - y),
    "hard_sigmoid": lambda y: ((y > 0) & (y < 1)) / 6,
}
GATES = {"lstm": 4, "gru": 3, "simple_rnn": 1}


def times(x: np.ndarray, go_backwards: bool) -> list[int]:
    return list(range(x.shape[1]))[:: -1 if go_backwards else 1]


def counting(mask: np.ndarray | None, time: int, like: np.ndarray) -> np.ndarray:
    """(batch, 1) of bool."""
    return np.ones((len(like), 1), bool) if mask is None else mask[:, time, None] != 0


def state(given: np.ndarray | None, x: np.ndarray, units: int) -> np.ndarray:
    return np.zeros((len(x), units), x.dtype) if given is None else given


def lstm(
    x: Any,
    kernel: Any,
    recurrent: Any,
    bias: Any = None,
    h0: Any = None,
    c0: Any = None,
    mask: Any = None,
    drop: Any = None,
    *,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    go_backwards: bool = False,
) -> tuple[np.ndarray, ...]:
    units = len(recurrent)
    a, f = ACTIVATIONS[activation], ACTIVATIONS[recurrent_activation]
    h, c = state(h0, x, units), state(c0, x, units)
    gates = np.zeros((*x.shape[:2], 4 * units), x.dtype)
    hs, cs = [], []
    for t in times(x, go_backwards):
        z = x[:, t] @ kernel + (h if drop is None else h * drop) @ recurrent + (0 if bias is None else bias)
        z_i, z_f, z_c, z_o = np.split(z, 4, axis=-1)
        counts = counting(mask, t, x)
        step = np.concatenate([f(z_i), f(z_f), a(z_c), f(z_o)], axis=-1)
        gates[:, t] = np.where(counts, step, 0)
        i, forget, g, o = np.split(step, 4, axis=-1)
        c = np.where(counts, forget * c + i * g, c)
        h = np.where(counts, o * a(c), h)
        hs.append(h)
        cs.append(c)
    return np.stack(hs, axis=1), c, gates, np.stack(cs, axis=1)


def lstm_backward(
    x: Any,
    kernel: Any,
    recurrent: Any,
    y: Any,
    gates: Any,
    cells: Any,
    dy: Any = None,
    dc_n: Any = None,
    h0: Any = None,
    c0: Any = None,
    mask: Any = None,
    drop: Any = None,
    *,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    go_backwards: bool = False,
) -> tuple[np.ndarray, ...]:
    units = len(recurrent)
    sa, sf = SLOPES[activation], SLOPES[recurrent_activation]
    before_h = [state(h0, x, units), *np.moveaxis(y, 1, 0)]
    before_c = [state(c0, x, units), *np.moveaxis(cells, 1, 0)]
    dh, dc = np.zeros_like(before_h[0]), np.zeros_like(before_h[0]) if dc_n is None else dc_n
    dx, dkernel, drecurrent, dbias = np.zeros_like(x), 0 * kernel, 0 * recurrent, np.zeros(4 * units, x.dtype)
    for s, t in reversed(list(enumerate(times(x, go_backwards)))):
        counts = counting(mask, t, x)
        i, f, g, o = np.split(gates[:, t], 4, axis=-1)
        total = dh if dy is None else dh + dy[:, s]
        a = ACTIVATIONS[activation](cells[:, s])
        dstate = dc + total * o * sa(a)
        dz = np.concatenate(
            [dstate * g * sf(i), dstate * before_c[s] * sf(f), dstate * i * sa(g), total * a * sf(o)], -1
        )
        dz = np.where(counts, dz, 0)
        h = before_h[s] if drop is None else before_h[s] * drop
        dx[:, t] = dz @ kernel.T
        dkernel, drecurrent, dbias = dkernel + x[:, t].T @ dz, drecurrent + h.T @ dz, dbias + dz.sum(0)
        through = dz @ recurrent.T * (1 if drop is None else drop)
        dh, dc = np.where(counts, 0, total) + through, np.where(counts, dstate * f, dc)
    return dx, dkernel, drecurrent, dbias, dh, dc


def gru(
    x: Any,
    kernel: Any,
    recurrent: Any,
    bias: Any = None,
    h0: Any = None,
    mask: Any = None,
    drop: Any = None,
    *,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    go_backwards: bool = False,
) -> tuple[np.ndarray, ...]:
    units = len(recurrent)
    a, f = ACTIVATIONS[activation], ACTIVATIONS[recurrent_activation]
    b = np.zeros((2, 3 * units), x.dtype) if bias is None else bias
    h = state(h0, x, units)
    gates = np.zeros((*x.shape[:2], 4 * units), x.dtype)
    hs = []
    for t in times(x, go_backwards):
        p_z, p_r, p_h = np.split(x[:, t] @ kernel + b[0], 3, axis=-1)
        q_z, q_r, q_h = np.split((h if drop is None else h * drop) @ recurrent + b[1], 3, axis=-1)
        z, r = f(p_z + q_z), f(p_r + q_r)
        candidate = a(p_h + r * q_h)
        counts = counting(mask, t, x)
        gates[:, t] = np.where(counts, np.concatenate([z, r, candidate, q_h], axis=-1), 0)
        h = np.where(counts, z * h + (1 - z) * candidate, h)
        hs.append(h)
    return np.stack(hs, axis=1), gates


def gru_backward(
    dy: Any,
    x: Any,
    kernel: Any,
    recurrent: Any,
    y: Any,
    gates: Any,
    h0: Any = None,
    mask: Any = None,
    drop: Any = None,
    *,
    activation: str = "tanh",
    recurrent_activation: str = "sigmoid",
    go_backwards: bool = False,
) -> tuple[np.ndarray, ...]:
    units = len(recurrent)
    sa, sf = SLOPES[activation], SLOPES[recurrent_activation]
    before = [state(h0, x, units), *np.moveaxis(y, 1, 0)]
    dh = np.zeros_like(before[0])
    dx, dkernel, drecurrent, dbias = np.zeros_like(x), 0 * kernel, 0 * recurrent, np.zeros((2, 3 * units), x.dtype)
    for s, t in reversed(list(enumerate(times(x, go_backwards)))):
        counts = counting(mask, t, x)
        z, r, candidate, inner = np.split(gates[:, t], 4, axis=-1)
        total = dh + dy[:, s]
        dcandidate = total * (1 - z) * sa(candidate)
        dz, dr = total * (before[s] - candidate) * sf(z), dcandidate * inner * sf(r)
        dp = np.where(counts, np.concatenate([dz, dr, dcandidate], axis=-1), 0)
        dq = np.where(counts, np.concatenate([dz, dr, dcandidate * r], axis=-1), 0)
        h = before[s] if drop is None else before[s] * drop
        dx[:, t] = dp @ kernel.T
        dkernel, drecurrent = dkernel + x[:, t].T @ dp, drecurrent + h.T @ dq
        dbias += np.stack([dp.sum(0), dq.sum(0)])
        dh = np.where(counts, total * z, total) + dq @ recurrent.T * (1 if drop is None else drop)
    return dx, dkernel, drecurrent, dbias, dh


def simple_rnn(
    x: Any,
    kernel: Any,
    recurrent: Any,
    bias: Any = None,
    h0: Any = None,
    mask: Any = None,
    drop: Any = None,
    *,
    activation: str = "tanh",
    go_backwards: bool = False,
) -> np.ndarray:
    h, hs = state(h0, x, len(recurrent)), []
    for t in times(x, go_backwards):
        z = x[:, t] @ kernel + (h if drop is None else h * drop) @ recurrent + (0 if bias is None else bias)
        h = np.where(counting(mask, t, x), ACTIVATIONS[activation](z), h)
        hs.append(h)
    return np.stack(hs, axis=1)


def simple_rnn_backward(
    dy: Any,
    x: Any,
    kernel: Any,
    recurrent: Any,
    y: Any,
    h0: Any = None,
    mask: Any = None,
    drop: Any = None,
    *,
    activation: str = "tanh",
    go_backwards: bool = False,
) -> tuple[np.ndarray, ...]:
    before = [state(h0, x, len(recurrent)), *np.moveaxis(y, 1, 0)]
    dh = np.zeros_like(before[0])
    dx, dkernel, drecurrent, dbias = np.zeros_like(x), 0 * kernel, 0 * recurrent, np.zeros(len(recurrent), x.dtype)
    for s, t in reversed(list(enumerate(times(x, go_backwards)))):
        counts = counting(mask, t, x)
        total = dh + dy[:, s]
        dz = np.where(counts, total * SLOPES[activation](y[:, s]), 0)
        h = before[s] if drop is None else before[s] * drop
        dx[:, t] = dz @ kernel.T
        dkernel, drecurrent, dbias = dkernel + x[:, t].T @ dz, drecurrent + h.T @ dz, dbias + dz.sum(0)
        dh = np.where(counts, 0, total) + dz @ recurrent.T * (1 if drop is None else drop)
    return dx, dkernel, drecurrent, dbias, dh


FORWARD: dict[str, Callable[..., Any]] = {"lstm": lstm, "gru": gru, "simple_rnn": simple_rnn}
BACKWARD: dict[str, Callable[..., Any]] = {
    "lstm": lstm_backward,
    "gru": gru_backward,
    "simple_rnn": simple_rnn_backward,
}


def torch_network(op: str) -> Callable[..., Any]:
    """The same by PyTorch, whose kernels are transposed and whose GRU has its gates in the order r, z, n."""

    def run(torch: Any, x: Any, kernel: Any, recurrent: Any, bias: Any = None, h0: Any = None, c0: Any = None) -> Any:
        units = recurrent.shape[0]
        h0 = x.new_zeros(len(x), units) if h0 is None else h0
        if op == "gru":
            order = [*range(units, 2 * units), *range(units), *range(2 * units, 3 * units)]
            biases = (bias[0][order], bias[1][order])
            kernel, recurrent = kernel[:, order], recurrent[:, order]
        else:
            biases = (bias, torch.zeros_like(bias))
        weights, settings = [kernel.mT, recurrent.mT, *biases], (True, 1, 0.0, False, False, True)
        if op == "lstm":
            c0 = x.new_zeros(len(x), units) if c0 is None else c0
            return torch.lstm(x, (h0[None], c0[None]), weights, *settings)[0]
        return (torch.gru if op == "gru" else torch.rnn_tanh)(x, h0[None], weights, *settings)[0]

    return run


def recurrent_cases(
    op: str,
    batch: int,
    time: int,
    size: int,
    units: int,
    *,
    bias: bool = True,
    states: bool = False,
    mask: bool = False,
    drop: bool = False,
    benchmark: tuple[int, int, int, int] | None = None,
    **options: Any,
) -> list[OpCase]:
    def inputs(batch: int, time: int, size: int, units: int) -> Make:
        def make(rng: np.random.Generator) -> Inputs:
            columns = GATES[op] * units
            # drawn before x: tests weigh y by the generator's first numbers
            kernel = rng.standard_normal((size, columns)) / max(1, size) ** 0.5
            recurrent = rng.standard_normal((units, columns)) / units**0.5
            b = rng.standard_normal((2, columns) if op == "gru" else columns) if bias else None
            first = [rng.standard_normal((batch, units)) if states else None for _ in range(1 + (op == "lstm"))]
            counts = rng.random((batch, time)) < 0.6 if mask else None
            dropped = (rng.random((batch, units)) < 0.7) / 0.7 if drop else None
            return [rng.standard_normal((batch, time, size)), kernel, recurrent, b, *first, counts, dropped]

        return make

    def backward_inputs(*sizes: int) -> Make:
        def make(rng: np.random.Generator) -> Inputs:
            x, kernel, recurrent, b, *rest = inputs(*sizes)(rng)
            found = FORWARD[op](x, kernel, recurrent, b, *rest, **options)
            y, *kept = found if isinstance(found, tuple) else (found,)
            dy = rng.standard_normal(y.shape)
            if op == "lstm":
                dc_n = rng.standard_normal(kept[0].shape) if states else None
                return [x, kernel, recurrent, y, *kept[1:], dy, dc_n, *rest]
            return [dy, x, kernel, recurrent, y, *kept, *rest]

        return make

    count_states = 1 + (op == "lstm")
    absent = {3: bias, **{4 + i: states for i in range(count_states)}}
    marks = "".join(
        f"-{name}"
        for name, given in (("nobias", not bias), ("states", states), ("mask", mask), ("drop", drop))
        if given
    ) + "".join(f"-{key}-{value}" for key, value in options.items())
    name = f"{text((batch, time, size))}-{units}{marks}"
    present = [states] * count_states + [mask, drop]
    big = benchmark or (1, 1, 1, 1)
    flops = 2 * GATES[op] * big[0] * big[1] * big[3] * (big[2] + big[3])
    moved = 4 * (big[0] * big[1] * (big[2] + big[3]) + GATES[op] * big[3] * (big[2] + big[3]))

    def apply(F: Any, x: Any, kernel: Any, recurrent: Any, b: Any, *rest: Any) -> Any:
        first, (counts, dropped) = rest[:count_states], rest[count_states:]
        return getattr(F, op)(x, kernel, recurrent, b, *first, mask=counts, recurrent_mask=dropped, **options)[0]

    return [
        OpCase(
            name=f"{op}-{name}",
            op=op,
            make=inputs(batch, time, size, units),
            attributes=options,
            reference=FORWARD[op],
            apply=apply,
            differentiable=tuple(i for i in range(4 + count_states) if absent.get(i, True)),
            torch=None if mask or drop or options or not bias else torch_network(op),
            batched=(0, *(4 + i for i, given in enumerate(present) if given)),
            benchmark=Benchmark(inputs(*big), flops, moved) if benchmark else None,
        ),
        OpCase(
            name=f"{op}_backward-{name}",
            op=f"{op}_backward",
            make=backward_inputs(batch, time, size, units),
            attributes=options,
            reference=BACKWARD[op],
            benchmark=Benchmark(backward_inputs(*big), 2 * flops, 2 * moved) if benchmark else None,
        ),
    ]


CASES: list[OpCase] = [
    *(
        case
        for op in FORWARD
        for case in (
            *(case for width in WIDTHS for case in recurrent_cases(op, 2, 3, 2, width)),
            *recurrent_cases(op, 7, 4, 5, 6, states=True, benchmark=(32, 60, 64, 64)),
            *recurrent_cases(op, 3, 5, 4, 18, bias=False, mask=True),
            *recurrent_cases(op, 3, 4, 1, 5, states=True, mask=True, go_backwards=True),
            *recurrent_cases(op, 4, 3, 3, 5, drop=True),
            *recurrent_cases(op, 2, 4, 3, 20, states=True, mask=True, drop=True, go_backwards=True),
            *recurrent_cases(op, 1, 1, 1, 1, states=True),
            *recurrent_cases(op, 26, 2, 3, 17),
            *recurrent_cases(op, 2, 3, 3, 5, activation="relu"),
            *recurrent_cases(op, 2, 3, 3, 5, activation="linear"),
        )
    ),
    *(
        case
        for op in ("lstm", "gru")
        for case in (
            *recurrent_cases(op, 2, 3, 3, 5, activation="sigmoid", recurrent_activation="hard_sigmoid"),
            *recurrent_cases(op, 2, 3, 3, 5, activation="hard_sigmoid", recurrent_activation="tanh"),
        )
    ),
]

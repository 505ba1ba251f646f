"""Recurrent networks over whole sequences, and their single steps. Second derivatives are not available."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from .. import _core
from ..tensor import Node, Tensor, is_grad_enabled
from ._base import Gradients, _array_of, _no_second_derivative, _op, _result, _results
from .shape import reshape

RecurrentActivation = Literal["linear", "relu", "tanh", "sigmoid", "hard_sigmoid"]


def lstm(
    x: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None = None,
    h0: Tensor | None = None,
    c0: Tensor | None = None,
    *,
    mask: Tensor | None = None,
    recurrent_mask: Tensor | None = None,
    activation: RecurrentActivation = "tanh",
    recurrent_activation: RecurrentActivation = "sigmoid",
    go_backwards: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """Long short-term memory over a whole sequence (Hochreiter and Schmidhuber 1997; forget gates: Gers et al. 2000).

    With ``z = x[t] @ kernel + bias + h @ recurrent_kernel`` cut into the gates i, f, c, o::

        c = f(z_f) * c + f(z_i) * a(z_c)
        h = f(z_o) * a(c)

    where f is the recurrent activation and a the activation.

    Parameters
    ----------
    x : Tensor, (batch, time, in)
        At least one step.
    kernel : Tensor, (in, 4 * units)
    recurrent_kernel : Tensor, (units, 4 * units)
    bias : Tensor, (4 * units,), optional
    h0, c0 : Tensor, (batch, units), optional
        The states before the first step; zeros when not given.
    mask : Tensor, (batch, time) of bool or uint8, optional
        A step where it is zero leaves both states as they are.
    recurrent_mask : Tensor, (batch, units), optional
        Multiplies the h of the product, the same in every step: dropout's mask (Gal and Ghahramani 2016). No gradient
        reaches it.
    activation : {"linear", "relu", "tanh", "sigmoid", "hard_sigmoid"}, default "tanh"
    recurrent_activation : as activation, default "sigmoid"
    go_backwards : bool, default False
        Process x from its last step to its first; y is in the order of processing.

    Returns
    -------
    y : Tensor, (batch, time, units)
        h of all steps.
    h_n, c_n : Tensor, (batch, units)
        The states behind the last step.
    """
    needs = _on_tape(x, kernel, recurrent_kernel, bias, h0, c0)
    options = {"activation": activation, "recurrent_activation": recurrent_activation, "go_backwards": go_backwards}
    inputs = (x, kernel, recurrent_kernel, bias, h0, c0)
    arrays = [_array_of("lstm", t) for t in (*inputs, mask, recurrent_mask)]
    found = _op("lstm")(*arrays, wanted=15 if needs else 3, **options)
    kept = [found[0], found[2], found[3], *arrays[4:]] if needs else []
    y, c_n = _results(
        "lstm",
        found[:2],
        _lstm_gradient,
        inputs,
        (x, kernel, recurrent_kernel, *(Tensor._wrap(array) for array in kept if array is not None)),
        present=tuple(array is not None for array in kept),
        options=options,
    )
    return y, _last("lstm", y), c_n


def _lstm_gradient(node: Node, dys: Sequence[Tensor | None], into: Gradients) -> Gradients:
    return _gradient("lstm", node, dys, into)


def gru(
    x: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None = None,
    h0: Tensor | None = None,
    *,
    mask: Tensor | None = None,
    recurrent_mask: Tensor | None = None,
    activation: RecurrentActivation = "tanh",
    recurrent_activation: RecurrentActivation = "sigmoid",
    go_backwards: bool = False,
) -> tuple[Tensor, Tensor]:
    """Gated recurrent units over a whole sequence (Cho et al. 2014), the reset gate behind the product.

    With ``p = x[t] @ kernel + bias[0]`` and ``q = h @ recurrent_kernel + bias[1]`` cut into the gates z, r, h::

        z, r = f(p_z + q_z), f(p_r + q_r)
        h = z * h + (1 - z) * a(p_h + r * q_h)

    where f is the recurrent activation and a the activation. This is Keras's ``reset_after=True``.

    Parameters
    ----------
    x : Tensor, (batch, time, in)
        At least one step.
    kernel : Tensor, (in, 3 * units)
    recurrent_kernel : Tensor, (units, 3 * units)
    bias : Tensor, (2, 3 * units), optional
    h0, mask, recurrent_mask, activation, recurrent_activation, go_backwards
        As for `lstm`.

    Returns
    -------
    y : Tensor, (batch, time, units)
    h_n : Tensor, (batch, units)
    """
    needs = _on_tape(x, kernel, recurrent_kernel, bias, h0)
    options = {"activation": activation, "recurrent_activation": recurrent_activation, "go_backwards": go_backwards}
    inputs = (x, kernel, recurrent_kernel, bias, h0)
    arrays = [_array_of("gru", t) for t in (*inputs, mask, recurrent_mask)]
    y, gates = _op("gru")(*arrays, wanted=3 if needs else 1, **options)
    return _sequence("gru", y, [y, gates, *arrays[4:]] if needs else [], inputs, options)


def simple_rnn(
    x: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None = None,
    h0: Tensor | None = None,
    *,
    mask: Tensor | None = None,
    recurrent_mask: Tensor | None = None,
    activation: RecurrentActivation = "tanh",
    go_backwards: bool = False,
) -> tuple[Tensor, Tensor]:
    """Simple recurrent network over a whole sequence (Elman 1990).

    ``h = activation(x[t] @ kernel + bias + h @ recurrent_kernel)``.

    Parameters
    ----------
    x : Tensor, (batch, time, in)
        At least one step.
    kernel : Tensor, (in, units)
    recurrent_kernel : Tensor, (units, units)
    bias : Tensor, (units,), optional
    h0, mask, recurrent_mask, activation, go_backwards
        As for `lstm`.

    Returns
    -------
    y : Tensor, (batch, time, units)
    h_n : Tensor, (batch, units)
    """
    needs = _on_tape(x, kernel, recurrent_kernel, bias, h0)
    options = {"activation": activation, "go_backwards": go_backwards}
    inputs = (x, kernel, recurrent_kernel, bias, h0)
    arrays = [_array_of("simple_rnn", t) for t in (*inputs, mask, recurrent_mask)]
    y = _op("simple_rnn")(*arrays, **options)
    return _sequence("simple_rnn", y, [y, *arrays[4:]] if needs else [], inputs, options)


def lstm_cell(
    x: Tensor,
    h: Tensor,
    c: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None = None,
    *,
    recurrent_mask: Tensor | None = None,
    activation: RecurrentActivation = "tanh",
    recurrent_activation: RecurrentActivation = "sigmoid",
) -> tuple[Tensor, Tensor]:
    """One step of `lstm`.

    Parameters
    ----------
    x : Tensor, (batch, in)
    h, c : Tensor, (batch, units)
    kernel, recurrent_kernel, bias, recurrent_mask, activation, recurrent_activation
        As for `lstm`.

    Returns
    -------
    h, c : Tensor, (batch, units)
    """
    _, h_n, c_n = lstm(
        _one_step("lstm_cell", x),
        kernel,
        recurrent_kernel,
        bias,
        h,
        c,
        recurrent_mask=recurrent_mask,
        activation=activation,
        recurrent_activation=recurrent_activation,
    )
    return h_n, c_n


def gru_cell(
    x: Tensor,
    h: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None = None,
    *,
    recurrent_mask: Tensor | None = None,
    activation: RecurrentActivation = "tanh",
    recurrent_activation: RecurrentActivation = "sigmoid",
) -> Tensor:
    """One step of `gru`: the new h. x is (batch, in), h (batch, units); everything else as for `gru`."""
    _, h_n = gru(
        _one_step("gru_cell", x),
        kernel,
        recurrent_kernel,
        bias,
        h,
        recurrent_mask=recurrent_mask,
        activation=activation,
        recurrent_activation=recurrent_activation,
    )
    return h_n


def simple_rnn_cell(
    x: Tensor,
    h: Tensor,
    kernel: Tensor,
    recurrent_kernel: Tensor,
    bias: Tensor | None = None,
    *,
    recurrent_mask: Tensor | None = None,
    activation: RecurrentActivation = "tanh",
) -> Tensor:
    """One step of `simple_rnn`: the new h. x is (batch, in), h (batch, units); all else as for `simple_rnn`."""
    x = _one_step("simple_rnn_cell", x)
    return simple_rnn(x, kernel, recurrent_kernel, bias, h, recurrent_mask=recurrent_mask, activation=activation)[1]


def _on_tape(*inputs: Tensor | None) -> bool:
    return is_grad_enabled() and any(t is not None and t.requires_grad for t in inputs)


def _one_step(name: str, x: Tensor) -> Tensor:
    if x.ndim != 2:
        raise ValueError(f"{name}: expected x (batch, in), got {x.shape}")
    return reshape(x, (x.shape[0] if x.size == 0 else -1, 1, x.shape[1]))


def _last(name: str, y: Tensor) -> Tensor:
    if y.shape[1] == 0:
        raise ValueError(f"{name}: expected x (batch, time, in) with at least one step, got none")
    return y[:, -1]


def _sequence(
    name: str,
    array: _core.Array,
    kept: Sequence[_core.Array | None],
    inputs: tuple[Tensor, Tensor, Tensor, Tensor | None, Tensor | None],
    options: dict[str, Any],
) -> tuple[Tensor, Tensor]:
    """y and its last step, on the tape with what the gradient looks at."""
    y = _result(
        name,
        array,
        _one_result_gradient,
        inputs,
        (*inputs[:3], *(Tensor._wrap(item) for item in kept if item is not None)),
        present=tuple(item is not None for item in kept),
        options=options,
    )
    return y, _last(name, y)


def _one_result_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return _gradient(node.name, node, (dy,), into)


def _gradient(name: str, node: Node, dys: Sequence[Tensor | None], into: Gradients) -> Gradients:
    """The gradients of x, kernels and bias, added into their buffers, and of the initial states."""
    rest = iter(node.saved[3:])
    optional = [next(rest)._array if present else None for present in node.attributes["present"]]
    arrays = [t._array for t in node.saved[:3]] + optional
    # where the op of LSTM, whose results may lack a gradient, has them: behind what it kept
    place = 6 if name == "lstm" else 0
    arrays[place:place] = [None if dy is None else dy._array for dy in dys]
    wanted = sum(1 << index for index, needed in enumerate(node.needs) if needed)
    buffers = [
        buffer if needed and index < 4 else None
        for index, (buffer, needed) in enumerate(zip(into, node.needs, strict=True))
    ]
    extra: dict[str, Any] = {}
    if any(buffer is not None for buffer in buffers):
        extra["out"] = tuple(None if buffer is None else buffer._array for buffer in buffers)
        extra["accumulate"] = sum(1 << index for index, buffer in enumerate(buffers) if buffer is not None)
    found = _op(f"{name}_backward")(*arrays, wanted=wanted, **extra, **node.attributes["options"])
    rule = _no_second_derivative(name)
    inputs = (*dys, *node.saved)
    return tuple(
        None if array is None else _result(f"{name}_backward", array, rule, inputs, into=buffer)
        for array, buffer in zip(found, buffers, strict=True)
    )

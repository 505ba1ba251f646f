"""Attention as functions and layers: masks, dropout, what is refused, and the layers' formulas against NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from tolerances import assert_same_bits

import fastnn
from fastnn import Tensor, _core
from fastnn import functional as F

SDPA = "scaled_dot_product_attention"


def operands(*shape: int, grad: bool = False) -> list[Tensor]:
    rng = np.random.default_rng(1)
    return [Tensor(rng.standard_normal(shape).astype("f4"), requires_grad=grad) for _ in range(3)]


# ---- the function ----------------------------------------------------------------------------------------------------


def test_a_query_without_keys_gives_zeros_and_takes_no_gradient() -> None:
    q, k, v = operands(2, 2, 3, 4, grad=True)
    for mask in (np.zeros((3, 3), bool), np.full((3, 3), -np.inf, np.float32)):
        y = F.scaled_dot_product_attention(q, k, v, Tensor(mask))
        assert (y.numpy() == 0).all()
        y.sum().backward()
        for t in (q, k, v):
            assert (t.grad.numpy() == 0).all()
            t.zero_grad()


@pytest.mark.parametrize("level", [level["name"] for level in _core.levels() if level["available"]])
def test_a_query_without_keys_does_not_see_what_they_hold(level: str) -> None:
    _core.set_isa(level)
    q, k, v = operands(1, 2, 3, 4, grad=True)
    bad = Tensor(np.where(np.arange(4) == 1, np.nan, v.numpy()).astype("f4"))
    mask = Tensor(np.array([[True, True, True], [False, False, False], [True, False, True]]))
    assert (F.scaled_dot_product_attention(q, bad, v, mask).numpy()[:, :, 1] == 0).all()
    y = F.scaled_dot_product_attention(q, k, bad, mask)
    y.sum().backward()
    for t in (y, q.grad):
        assert (t.numpy()[:, :, 1] == 0).all()
        assert np.isnan(t.numpy()[:, :, [0, 2]]).any(-1).all()


def test_masked_keys_take_no_part() -> None:
    q, k, v = operands(1, 2, 5, 4)
    keep = np.array([True, False, True, True, False])
    want = F.scaled_dot_product_attention(q, Tensor(k.numpy()[:, :, keep]), Tensor(v.numpy()[:, :, keep])).numpy()
    np.testing.assert_allclose(F.scaled_dot_product_attention(q, k, v, Tensor(keep)).numpy(), want, atol=1e-6)


def test_dropout_keeps_the_expectation_and_repeats() -> None:
    q, k, v = operands(4, 4, 32, 8)
    v = Tensor(np.ones(v.shape, np.float32))
    draws = [F.scaled_dot_product_attention(q, k, v, None, 0.5, seed=3, stream=1, step=i).numpy() for i in (0, 0, 1)]
    assert_same_bits(draws[0], draws[1], "the same draw")
    assert (draws[0] != draws[2]).mean() > 0.9
    assert abs(draws[0].mean() - 1) < 0.02


def test_backward_sees_the_draw_of_forward() -> None:
    """The Scalar that the draw came from may have moved on."""
    step = fastnn._core.Scalar(4, "int")
    gradients = []
    for later in (4, 9):
        q, k, v = operands(1, 2, 7, 4, grad=True)
        step.value = 4
        y = F.scaled_dot_product_attention(q, k, v, None, 0.5, seed=3, step=step)
        step.value = later
        y.sum().backward()
        gradients.append(q.grad.numpy())
    assert_same_bits(*gradients, "dquery")


def test_what_attention_refuses() -> None:
    q, k, v = operands(1, 2, 3, 4, grad=True)
    mask = Tensor(np.zeros((3, 3), np.float32), requires_grad=True)
    with pytest.raises(ValueError, match=rf"^{SDPA}: expected a scale other than 0, got 0"):
        F.scaled_dot_product_attention(q, k, v, scale=0)
    with pytest.raises(ValueError, match=rf"^{SDPA}: expected a seed with dropout_p above 0$"):
        F.scaled_dot_product_attention(q, k, v, None, 0.1)
    with pytest.raises(ValueError, match=rf"^{SDPA}: expected attn_mask without a gradient"):
        F.scaled_dot_product_attention(q, k, v, mask)
    with pytest.raises(TypeError, match=rf"^{SDPA}: expected a Tensor, got ndarray"):
        F.scaled_dot_product_attention(q.numpy(), k, v)
    y = F.scaled_dot_product_attention(q, k, v)
    y.sum().backward(create_graph=True)
    with pytest.raises(RuntimeError, match=f"the second derivative of {SDPA} is not available"):
        q.grad.sum().backward()

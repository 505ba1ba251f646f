"""Laws that hold for every shape, tried on many: the algebra of shapes against NumPy, convolution as a matrix product,
samples of a batch that don't know each other."""

from __future__ import annotations

import math

import numpy as np
import op_references as ref
from hypothesis import assume, given
from hypothesis import strategies as st

import fastnn
from fastnn import functional as F
from fastnn import kernels

sizes = st.integers(1, 9)
shapes = st.lists(st.integers(0, 5), max_size=5).map(tuple)
seeds = st.integers(0, 2**32 - 1)
pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))
paddings = st.one_of(
    st.just(("valid", (0, 0, 0, 0))),
    st.just(("same", (0, 0, 0, 0))),
    st.tuples(st.just("explicit"), st.tuples(*[st.integers(0, 3)] * 4)),
)


def normal(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def close(a: np.ndarray, b: np.ndarray) -> None:
    np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-4)


@given(st.tuples(st.integers(0, 3), sizes, sizes), pairs, pairs, pairs, paddings, st.integers(1, 3), seeds)
def test_convolution_has_the_shape_and_values_of_its_formula(image, kernel, strides, dilation, padding, groups, seed):
    name, pads = padding
    options = {"strides": strides, "dilation": dilation, "padding": name, "pads": pads, "groups": groups}
    x = normal(seed, *image, 2 * groups)
    weight = normal(seed + 1, *kernel, 2, 3 * groups)
    shape = ref.conv_shape(x.shape, weight.shape, **options)
    assume(min(shape[1:3]) > 0)
    y = kernels.conv2d(x, weight, **options)
    assert y.shape == shape
    if name == "same":
        assert y.shape[1:3] == tuple(-(-n // s) for n, s in zip(image[1:], strides, strict=True))
    close(y, ref.conv(x.astype("f8"), weight.astype("f8"), **options))


@given(st.tuples(st.integers(0, 3), sizes, sizes, st.integers(1, 5)), pairs, pairs, paddings, seeds)
def test_pooling_has_the_shape_and_the_values_of_its_formula(image, pool, strides, padding, seed):
    name, pads = padding
    # a window wholly in the padding has no maximum
    assume(max(pads[:2]) < pool[0] and max(pads[2:]) < pool[1])
    edges = ref.window_pads(image[1:3], pool, strides, (1, 1), name, pads)
    assume(min(ref.window_outputs(image[1:3], pool, strides, (1, 1), edges)) > 0)
    options = {"pool_size": pool, "strides": strides, "padding": name, "pads": pads}
    x = normal(seed, *image)
    want, index = ref.max_pool2d(x, **options)
    assume(np.isfinite(want).all())
    got = kernels.max_pool2d(x, **options)
    np.testing.assert_array_equal(got[0], want)
    np.testing.assert_array_equal(got[1], index)


@given(sizes, sizes, sizes, st.integers(1, 20), st.tuples(st.integers(1, 3), st.integers(1, 3)), seeds)
def test_convolution_is_a_matrix_product_over_windows(batch, height, width, out, kernel, seed):
    assume(kernel[0] <= height and kernel[1] <= width)
    x, weight = normal(seed, batch, height, width, 3), normal(seed + 1, *kernel, 3, out)
    windows = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
    columns = np.ascontiguousarray(windows).reshape(-1, kernel[0] * kernel[1] * 3)
    y = kernels.conv2d(x, weight)
    close(y.reshape(-1, out), kernels.gemm(columns, weight.reshape(-1, out)))


@given(st.integers(1, 7), seeds)
def test_permuting_the_batch_permutes_the_output(batch, seed):
    order = np.random.default_rng(seed).permutation(batch)
    x, weight = normal(seed, batch, 5, 6, 3), normal(seed, 3, 3, 3, 7)
    labels = np.arange(batch) % 90
    flat = x.reshape(batch, -1)
    for op in (
        lambda x, flat, labels: kernels.conv2d(x, weight, padding="same"),
        lambda x, flat, labels: kernels.max_pool2d(x)[0],
        lambda x, flat, labels: kernels.softmax(flat),
        lambda x, flat, labels: kernels.linear(flat, normal(seed, 90, 4)),
        lambda x, flat, labels: kernels.softmax_cross_entropy(flat, labels)[0],
    ):
        close(op(x[order], flat[order], labels[order]), op(x, flat, labels)[order])


@given(st.integers(1, 6), st.data(), seeds)
def test_a_batch_of_one_is_a_slice_of_the_batch(batch, data, seed):
    i = data.draw(st.integers(0, batch - 1))
    x, weight = normal(seed, batch, 6, 5, 4), normal(seed, 2, 3, 4, 9)
    close(kernels.conv2d(x[i : i + 1], weight), kernels.conv2d(x, weight)[i : i + 1])
    close(kernels.max_pool2d(x[i : i + 1])[0], kernels.max_pool2d(x)[0][i : i + 1])


@given(shapes, st.data(), seeds)
def test_broadcasting_is_numpys(shape, data, seed):
    other = tuple(data.draw(st.sampled_from((1, n))) for n in shape)
    other = other[data.draw(st.integers(0, len(other))) :]
    a, b = normal(seed, *shape), normal(seed + 1, *other)
    if data.draw(st.booleans()):
        a, b = b, a
    for op, numpy_op in ((kernels.add, np.add), (kernels.subtract, np.subtract), (kernels.multiply, np.multiply)):
        got, want = op(a, b), numpy_op(a, b)
        assert got.shape == want.shape
        np.testing.assert_array_equal(got, want)
    wide = kernels.add(a, b)
    close(kernels.sum_to_like(wide, b), ref.sum_to_like(wide.astype("f8"), b))


@st.composite
def factors(draw):
    """Shapes of two operands that NumPy's matmul takes."""
    m, n, k = (draw(st.integers(0, 5)) for _ in range(3))
    batch = draw(st.lists(st.integers(0, 3), max_size=2).map(tuple))
    of_a, of_b = (tuple(draw(st.sampled_from((1, size))) for size in batch)[draw(st.integers(0, 2)) :] for _ in "ab")
    return draw(st.sampled_from(((k,), (*of_a, m, k)))), draw(st.sampled_from(((k,), (*of_b, k, n))))


@given(factors(), seeds)
def test_products_and_their_gradients_are_numpys(operands, seed):
    a, b = (
        fastnn.Tensor(normal(seed + i, *shape).astype("f8"), requires_grad=True) for i, shape in enumerate(operands)
    )
    x, y = a.numpy(), b.numpy()
    got = a @ b
    want = x @ y
    assert got.shape == want.shape
    close(got.numpy(), want)
    weights = normal(seed + 2, *want.shape).astype("f8")
    F.multiply(got, fastnn.Tensor(weights)).sum().backward()
    rows = x[None] if x.ndim == 1 else x
    columns = y[:, None] if y.ndim == 1 else y
    dy = weights.reshape((rows @ columns).shape)
    close(a.grad.numpy(), ref.sum_to_like(dy @ columns.swapaxes(-2, -1), rows).reshape(x.shape))
    close(b.grad.numpy(), ref.sum_to_like(rows.swapaxes(-2, -1) @ dy, columns).reshape(y.shape))


@st.composite
def sums_of_products(draw):
    """An equation that NumPy's einsum takes, and the shapes of its operands."""
    sizes = {letter: draw(st.integers(0, 4)) for letter in "abcde"}
    hidden, dots = draw(st.lists(st.integers(1, 3), max_size=2)), draw(st.booleans())
    terms, operands = [], []
    for _ in range(draw(st.integers(1, 3))):
        term = draw(st.lists(st.sampled_from("abcde"), unique=True, max_size=4))
        shape = [draw(st.sampled_from((1, sizes[letter]))) for letter in term]
        if dots and draw(st.booleans()):
            at = draw(st.integers(0, len(term)))
            shape[at:at] = [draw(st.sampled_from((1, n))) for n in hidden][draw(st.integers(0, len(hidden))) :]
            term.insert(at, "...")
        terms.append("".join(term))
        operands.append(tuple(shape))
    equation = ",".join(terms)
    if draw(st.booleans()):
        letters = draw(st.permutations(sorted(set(equation) - {",", "."})))
        result = letters[: draw(st.integers(0, len(letters)))]
        if "..." in equation:
            result.insert(draw(st.integers(0, len(result))), "...")
        equation += "->" + "".join(result)
    return equation, operands


@given(sums_of_products(), seeds)
def test_einsum_and_its_gradients_are_numpys(drawn, seed):
    equation, operands = drawn
    arrays = [normal(seed + i, *shape).astype("f8") for i, shape in enumerate(operands)]
    want = np.einsum(equation, *arrays)
    tensors = [fastnn.Tensor(array, requires_grad=True) for array in arrays]
    got = F.einsum(equation, *tensors)
    assert got.shape == want.shape
    close(got.numpy(), want)
    weights = normal(seed + 9, *want.shape).astype("f8")
    F.sum(F.multiply(got, fastnn.Tensor(weights))).backward()
    for i, (tensor, array) in enumerate(zip(tensors, arrays, strict=True)):
        # the sum is linear in each operand: a step of any size gives its slope
        step = normal(seed + 10 + i, *array.shape)
        moved = np.einsum(equation, *arrays[:i], step, *arrays[i + 1 :])
        close((tensor.grad.numpy() * step).sum(), (weights * moved).sum())


@given(shapes, st.data(), seeds)
def test_reductions_are_numpys(shape, data, seed):
    axes = tuple(data.draw(st.sets(st.integers(0, len(shape) - 1)))) if shape else ()
    keepdims = data.draw(st.booleans())
    x = normal(seed, *shape)
    want = x.sum(axis=axes or None, keepdims=keepdims)
    got = kernels.sum(x, axes=axes, keepdims=keepdims)
    assert got.shape == np.shape(want)
    close(got, want)
    if x.size:
        close(kernels.mean(x, axes=axes, keepdims=keepdims), x.mean(axis=axes or None, keepdims=keepdims))


@given(shapes, st.data(), seeds)
def test_slices_are_numpys(shape, data, seed):
    x = normal(seed, *shape)
    pieces = [data.draw(st.slices(n)) for n in shape]
    starts, stops, steps = [], [], []
    for piece in pieces:
        step = 1 if piece.step is None else piece.step
        assume(abs(step) < 2**63)
        starts.append((0 if step > 0 else 2**63 - 1) if piece.start is None else piece.start)
        stops.append((2**63 - 1 if step > 0 else -(2**63)) if piece.stop is None else piece.stop)
        steps.append(step)
    want = x[tuple(pieces)]
    options = {"starts": starts, "stops": stops, "steps": steps}
    got = kernels.slice(x, **options)
    np.testing.assert_array_equal(got, want)
    dx = kernels.slice_backward(want.copy(), x, **options)
    expected = np.zeros_like(x)
    expected[tuple(pieces)] = want
    np.testing.assert_array_equal(dx, expected)


@given(shapes, st.data(), seeds)
def test_reshapes_are_numpys(shape, data, seed):
    x = normal(seed, *shape)
    order = data.draw(st.permutations(shape))
    np.testing.assert_array_equal(kernels.reshape(x, shape=order), x.reshape(order))
    if x.size and order:
        hidden = data.draw(st.integers(0, len(order) - 1))
        unknown = [-1 if i == hidden else n for i, n in enumerate(order)]
        np.testing.assert_array_equal(kernels.reshape(x, shape=unknown), x.reshape(unknown))
        np.testing.assert_array_equal(kernels.reshape(x.T, shape=unknown), x.T.reshape(unknown))


@given(shapes, st.data(), st.booleans(), seeds)
def test_reductions_have_numpys_shapes_and_values(shape, data, keepdims, seed):
    axes = (
        data.draw(st.lists(st.integers(-len(shape), len(shape) - 1), unique_by=lambda a: a % len(shape)))
        if shape
        else []
    )
    axis = data.draw(st.sampled_from([tuple(axes), *([axes[0]] if axes else [None])]))
    x = normal(seed, *shape)
    reduced = math.prod(
        shape[a] for a in range(len(shape)) if axis is None or a in {b % len(shape) for b in np.atleast_1d(axis)}
    )
    t = fastnn.Tensor(x)
    for name in ("sum", "max", "min", "prod", "var", "std", "any", "all", "mean"):
        if name in ("max", "min", "var", "std", "mean") and reduced == 0:
            continue
        want = getattr(np, name)(x, axis=axis, keepdims=keepdims)
        got = getattr(t, name)(axis=axis, keepdims=keepdims).numpy()
        assert got.shape == np.shape(want), name
        close(got, want)


@given(st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple), st.data(), st.booleans(), seeds)
def test_places_and_cumulative_sums_are_numpys(shape, data, keepdims, seed):
    axis = data.draw(st.sampled_from([None, *range(-len(shape), len(shape))]))
    x = np.round(normal(seed, *shape))
    t = fastnn.Tensor(x)
    for name in ("argmax", "argmin"):
        np.testing.assert_array_equal(
            getattr(t, name)(axis, keepdims).numpy(), getattr(np, name)(x, axis, keepdims=keepdims)
        )
    np.testing.assert_array_equal(t.cumsum(axis).numpy(), np.cumsum(x, axis))
    total = t.cumsum(axis, exclusive=True) + t.cumsum(axis, reverse=True)
    flat = x.sum() if axis is None else x.sum(axis, keepdims=True)
    np.testing.assert_array_equal(total.numpy(), np.broadcast_to(flat, total.shape))


@given(st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple), st.data(), st.booleans(), seeds)
def test_sorting_is_numpys_and_stable(shape, data, descending, seed):
    axis = data.draw(st.sampled_from([None, *range(-len(shape), len(shape))]))
    x = np.round(normal(seed, *shape))
    t = fastnn.Tensor(x)
    wanted, order = ref.sort(x.ravel() if axis is None else x, 0 if axis is None else axis, descending)
    np.testing.assert_array_equal(t.sort(axis, descending).numpy(), wanted)
    np.testing.assert_array_equal(t.argsort(axis, descending).numpy(), order)
    if not descending:
        np.testing.assert_array_equal(wanted, np.sort(x, axis))
    k = data.draw(st.integers(0, shape[-1]))
    values, indices = t.topk(k)
    np.testing.assert_array_equal(values.numpy(), ref.sort(x, -1, True)[0][..., :k])
    np.testing.assert_array_equal(np.take_along_axis(x, indices.numpy(), -1), values.numpy())

"""Elementwise arithmetic, comparisons and functions of one number, with NumPy's broadcasting."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..tensor import DTYPES, Node, Rule, Tensor, as_tensor, is_grad_enabled
from ._base import Gradients, _array_of, _integer, _result, _run, _saved, _shape_of
from .shape import fill

if TYPE_CHECKING:
    import numpy.typing as npt


def _operands(a: Any, b: Any) -> tuple[Tensor, Tensor]:
    left = as_tensor(a, b if isinstance(b, Tensor) else None)
    return left, as_tensor(b, left)


def _elementwise(name: str, a: Any, b: Any, rule: Rule, saved: Literal["none", "both", "others"]) -> Tensor:
    left, right = _operands(a, b)
    kept: tuple[Tensor, ...] = () if saved == "none" else (left, right)
    if saved == "others":  # an operand is looked at for the gradient of the other one alone
        kept = (_saved(left, right.requires_grad), _saved(right, left.requires_grad))
    likes = (_shape_of(left), _shape_of(right))
    return _result(name, _run(name, left, right), rule, (left, right), kept, likes=likes)


def _to_operand(node: Node, index: int, gradient: Tensor, into: Tensor | None) -> Tensor:
    """A gradient of the broadcast shape, summed to the operand's."""
    like: Tensor = node.attributes["likes"][index]
    if like.shape == gradient.shape:
        return gradient
    array = _run("sum_to_like", gradient, like, into=into)
    return _result("sum_to_like", array, _sum_to_like_gradient, (gradient,), like=_shape_of(gradient), into=into)


def _sum_to_like_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return (add(fill(node.attributes["like"], 0.0), dy),)


def broadcast_to(x: Tensor, shape: int | Sequence[int]) -> Tensor:
    """A view of x repeated to a shape by NumPy's broadcasting; -1 keeps the size that x has there."""
    sizes = shape if isinstance(shape, Sequence) else (shape,)
    target = [_integer("broadcast_to", "shape", size) for size in sizes]
    added = len(target) - x.ndim
    for axis, size in enumerate(x.shape):
        if added >= 0 and target[added + axis] == size:
            target[added + axis] = -1  # any batch size keeps its own
    array = _run("broadcast_to", x, shape=tuple(target))
    likes = (_shape_of(x),)
    return _result(
        "broadcast_to", array, _broadcast_to_gradient, (x,), view=lambda t: broadcast_to(t, shape), likes=likes
    )


def _broadcast_to_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return (_to_operand(node, 0, dy, into[0]),)


def add(a: Any, b: Any) -> Tensor:
    """``a + b`` with NumPy's broadcasting; Python numbers take the other operand's dtype."""
    return _elementwise("add", a, b, _add_gradient, saved="none")


def _add_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return tuple(_to_operand(node, i, dy, into[i]) if node.needs[i] else None for i in range(2))


def subtract(a: Any, b: Any) -> Tensor:
    """``a - b`` with NumPy's broadcasting; Python numbers take the other operand's dtype."""
    return _elementwise("subtract", a, b, _subtract_gradient, saved="none")


def _subtract_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    da = _to_operand(node, 0, dy, into[0]) if node.needs[0] else None
    db = _to_operand(node, 1, negative(dy), into[1]) if node.needs[1] else None
    return da, db


def multiply(a: Any, b: Any) -> Tensor:
    """``a * b`` with NumPy's broadcasting; Python numbers take the other operand's dtype."""
    return _elementwise("multiply", a, b, _multiply_gradient, saved="others")


def _multiply_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    a, b = node.saved
    da = _to_operand(node, 0, multiply(dy, b), into[0]) if node.needs[0] else None
    db = _to_operand(node, 1, multiply(dy, a), into[1]) if node.needs[1] else None
    return da, db


def divide(a: Any, b: Any) -> Tensor:
    """``a / b`` with NumPy's broadcasting, by IEEE rules; Python numbers take the other operand's dtype."""
    return _elementwise("divide", a, b, _divide_gradient, saved="both")


def _divide_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    a, b = node.saved
    share = divide(dy, b)
    da = _to_operand(node, 0, share, into[0]) if node.needs[0] else None
    db = _to_operand(node, 1, negative(multiply(share, divide(a, b))), into[1]) if node.needs[1] else None
    return da, db


def negative(x: Tensor) -> Tensor:
    """``-x`` elementwise."""
    return multiply(x, -1)


def power(a: Any, b: Any) -> Tensor:
    """``a ** b`` with NumPy's broadcasting; Python numbers take the other operand's dtype.

    As C's pow: ``a ** 0`` is 1, and a negative number to a power that is not whole is NaN. The gradient of b takes
    ``log(a)`` as 0 where a is not positive, as TensorFlow does.
    """
    if isinstance(b, (int, float)) and b == 2:
        return multiply(a, a)
    return _elementwise("power", a, b, _power_gradient, saved="both")


def _power_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    a, b = node.saved
    da = db = None
    if node.needs[0]:
        slope = multiply(b, power(a, subtract(b, 1.0)))
        # x ** 0 is constant, at 0 too, where 0 * 0 ** -1 is not
        da = _to_operand(node, 0, where(equal(b, 0.0), 0.0, multiply(dy, slope)), into[0])
    if node.needs[1]:
        positive = greater(a, 0.0)
        logarithm = where(positive, log(where(positive, a, 1.0)), 0.0)
        db = _to_operand(node, 1, multiply(dy, multiply(power(a, b), logarithm)), into[1])
    return da, db


def arctan2(a: Any, b: Any) -> Tensor:
    """The angle between the first axis and the point (b, a), in [-pi, pi], with NumPy's broadcasting.

    Zeros and infinities as in NumPy: their signs say which side of an axis is meant. The gradient,
    ``(b, -a) / (a**2 + b**2)``, neither overflows nor vanishes early, and is 0 where a and b are.
    """
    return _elementwise("arctan2", a, b, _arctan2_gradient, saved="both")


def _arctan2_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    a, b = node.saved
    size = maximum(abs(a), abs(b))
    none = equal(size, 0.0)
    size = where(none, 1.0, size)
    across, along = divide(a, size), divide(b, size)
    share = divide(dy, multiply(size, where(none, 1.0, add(multiply(across, across), multiply(along, along)))))
    da = _to_operand(node, 0, multiply(share, along), into[0]) if node.needs[0] else None
    db = _to_operand(node, 1, negative(multiply(share, across)), into[1]) if node.needs[1] else None
    return da, db


def maximum(a: Any, b: Any) -> Tensor:
    """The larger of a and b with NumPy's broadcasting, NaN when one is; where they are equal the gradient is a's."""
    return _elementwise("maximum", a, b, _maximum_gradient, saved="both")


def _maximum_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return _choice_gradient(node, greater_equal(*node.saved), dy, into)


def minimum(a: Any, b: Any) -> Tensor:
    """The smaller of a and b with NumPy's broadcasting, NaN when one is; where they are equal the gradient is a's."""
    return _elementwise("minimum", a, b, _minimum_gradient, saved="both")


def _minimum_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return _choice_gradient(node, less_equal(*node.saved), dy, into)


def _choice_gradient(node: Node, first: Tensor, dy: Tensor, into: Gradients) -> Gradients:
    """dy for the first operand where `first` is true, for the second elsewhere."""
    da = _to_operand(node, 0, where(first, dy, 0.0), into[0]) if node.needs[0] else None
    db = _to_operand(node, 1, where(first, 0.0, dy), into[1]) if node.needs[1] else None
    return da, db


def where(condition: Tensor, a: Any, b: Any) -> Tensor:
    """a where condition is true, else b, with NumPy's broadcasting.

    Parameters
    ----------
    condition : Tensor, (...) of bool or uint8
    a, b : Tensor or number
        Of one dtype; Python numbers take the other's, or float32 (int64, bool) when both are numbers.
    """
    left, right = _operands(a, b)
    array = _run("where", condition, left, right)
    likes = (_shape_of(left), _shape_of(right))
    return _result("where", array, _where_gradient, (left, right), (condition,), likes=likes)


def _where_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return _choice_gradient(node, node.saved[0], dy, into)


def prelu(x: Any, alpha: Any) -> Tensor:
    """``x`` where x > 0, else ``alpha * x`` (He et al. 2015), with NumPy's broadcasting and gradients for both.

    Parameters
    ----------
    x : Tensor, (...)
    alpha : Tensor or number
        The slope of negative numbers: of the dtype of x and a shape that broadcasts to its.
    """
    return where(greater(x, 0.0), x, multiply(x, alpha))


# ---- comparisons: bool, not differentiable ---------------------------------------------------------------------------


def _comparison(name: str, a: Any, b: Any) -> Tensor:
    left, right = _operands(a, b)
    return Tensor._wrap(_run(name, left, right))


def equal(a: Any, b: Any) -> Tensor:
    """``a == b`` with NumPy's broadcasting, as bool."""
    return _comparison("equal", a, b)


def not_equal(a: Any, b: Any) -> Tensor:
    """``a != b`` with NumPy's broadcasting, as bool."""
    return _comparison("not_equal", a, b)


def less(a: Any, b: Any) -> Tensor:
    """``a < b`` with NumPy's broadcasting, as bool."""
    return _comparison("less", a, b)


def less_equal(a: Any, b: Any) -> Tensor:
    """``a <= b`` with NumPy's broadcasting, as bool."""
    return _comparison("less_equal", a, b)


def greater(a: Any, b: Any) -> Tensor:
    """``a > b`` with NumPy's broadcasting, as bool."""
    return _comparison("greater", a, b)


def greater_equal(a: Any, b: Any) -> Tensor:
    """``a >= b`` with NumPy's broadcasting, as bool."""
    return _comparison("greater_equal", a, b)


def _as_mask(x: Any) -> Tensor:
    return cast(as_tensor(x), np.bool_)


def logical_and(a: Any, b: Any) -> Tensor:
    """Whether both a and b are true, as bool, with NumPy's broadcasting; every number but 0 is true, of any dtype."""
    return minimum(_as_mask(a), _as_mask(b))


def logical_or(a: Any, b: Any) -> Tensor:
    """Whether a or b or both are true, as bool. Operands as in `logical_and`."""
    return maximum(_as_mask(a), _as_mask(b))


def logical_xor(a: Any, b: Any) -> Tensor:
    """Whether exactly one of a and b is true, as bool. Operands as in `logical_and`."""
    return not_equal(_as_mask(a), _as_mask(b))


def logical_not(x: Any) -> Tensor:
    """Whether x is false, as bool. Operand as in `logical_and`."""
    return equal(_as_mask(x), False)


# ---- dtypes ----------------------------------------------------------------------------------------------------------


def cast(x: Tensor, dtype: npt.DTypeLike) -> Tensor:
    """The same numbers as another dtype; x itself when it has that one already.

    Parameters
    ----------
    x : Tensor, (...)
    dtype : dtype
        float32, float64, int32, int64, uint8 or bool. Floats are cut towards zero to integers and held within the
        dtype's ends, NaN becomes 0; integers wrap around; as bool everything but 0 is True. Between floating dtypes
        gradients flow back as the dtype of x.

    Raises
    ------
    TypeError
        When dtype is another one.
    """
    name = np.dtype(dtype).name
    if name not in DTYPES:
        raise TypeError(f"cast: expected dtype {', '.join(DTYPES[:-1])} or {DTYPES[-1]}, got {name}")
    _array_of("cast", x)
    if x.dtype == name:
        return x
    array = _run("cast", x, dtype=name)
    return _result("cast", array, _cast_gradient, (x if name.startswith("float") else None,), dtype=x.dtype)


def _cast_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return (cast(dy, node.attributes["dtype"]),)


# ---- functions of one number -----------------------------------------------------------------------------------------

# From what the gradient op takes (x, or y where that is saved) to the function's slope, by functions with gradients.
Slope = Callable[[Tensor], Tensor | float]


def _unary(name: str, x: Tensor, slope: Slope, from_output: bool = False, **options: Any) -> Tensor:
    """A function of one number; its gradient is the op <name>_backward, and dy * slope where that is differentiated."""
    array = _run(name, x, **options)
    saved = () if from_output else (x,)
    return _result(name, array, _unary_gradient, (x,), saved, from_output, slope=slope, options=options)


def _unary_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    value = node.saved[0] if node.saved else node.saved_output()
    if is_grad_enabled():
        return (multiply(dy, node.attributes["slope"](value)),)
    array = _run(f"{node.name}_backward", dy, value, into=into[0], **node.attributes["options"])
    return (Tensor._wrap(array) if into[0] is None else into[0],)


def exp(x: Tensor) -> Tensor:
    """``e ** x`` elementwise."""
    return _result("exp", _run("exp", x), _exp_gradient, (x,), save_output=True)


def _exp_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return (multiply(dy, node.saved_output()),)


def log(x: Tensor) -> Tensor:
    """Natural logarithm elementwise; log(0) is -infinity, NaN for negative numbers."""
    return _result("log", _run("log", x), _log_gradient, (x,), (x,))


def _log_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return (divide(dy, node.saved[0]),)


def sqrt(x: Tensor) -> Tensor:
    """Square root elementwise; NaN for negative numbers."""
    return _result("sqrt", _run("sqrt", x), _sqrt_gradient, (x,), save_output=True)


def _sqrt_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    return (divide(multiply(dy, 0.5), node.saved_output()),)


def abs(x: Tensor) -> Tensor:
    """``|x|`` elementwise; the gradient at 0 is 0."""
    return _unary("abs", x, _sign)


def _sign(x: Tensor) -> Tensor:
    x = x.detach()
    return where(greater(x, 0.0), 1.0, where(less(x, 0.0), -1.0, multiply(x, 0.0)))


def clip(x: Tensor, minimum: float | None = None, maximum: float | None = None) -> Tensor:
    """``min(max(x, minimum), maximum)`` elementwise; the gradient is 0 outside. None leaves a side open.

    Raises
    ------
    ValueError
        When minimum > maximum.
    """
    low = -math.inf if minimum is None else float(minimum)
    high = math.inf if maximum is None else float(maximum)

    def slope(x: Tensor) -> Tensor:
        return where(less(x, low), 0.0, where(greater(x, high), 0.0, fill(x, 1.0)))

    return _unary("clip", x, slope, minimum=low, maximum=high)

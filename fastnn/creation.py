"""Tensors out of nothing: constants, ranges, identity matrices and random numbers, with NumPy's and PyTorch's names.

What is made inside a step is part of its program: zeros, ones and full are ops, ranges and matrices are constants, and
random numbers are drawn anew in each run, by the seed and the count of their generator. Random integers and orders come
from NumPy: a step that draws them runs eagerly.
"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import _core
from .functional._base import _op
from .program import current_run, in_step
from .random import CREATION, Generator, default_generator
from .random import generator as numpy_generator
from .tensor import Tensor

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = [
    "arange", "asarray", "empty", "empty_like", "eye", "from_dlpack", "from_numpy", "full", "full_like", "linspace",
    "normal", "ones", "ones_like", "rand", "rand_like", "randint", "randn", "randn_like", "randperm", "tri",
    "uniform", "zeros", "zeros_like",
]  # fmt: skip

Size = int | Sequence[int]


def asarray(data: Any, dtype: npt.DTypeLike | None = None, device: str | None = None) -> Tensor:
    """A tensor itself when it has the dtype and device already, otherwise a new one; see `Tensor`."""
    if isinstance(data, Tensor) and dtype in (None, data.dtype) and device in (None, data.device):
        return data
    return Tensor(data, dtype=dtype, device=device)


def from_numpy(array: npt.NDArray[Any]) -> Tensor:
    """A tensor that shares the memory of a NumPy array.

    Raises
    ------
    TypeError
        When it is no array, or its dtype is not float32, float64, int32, int64, uint8 or bool.
    """
    if not isinstance(array, np.ndarray):
        raise TypeError(f"from_numpy: expected an ndarray, got {type(array).__name__}")
    return Tensor._wrap(_core.Array.from_numpy(array, copy=False))


def from_dlpack(source: Any) -> Tensor:
    """A tensor that shares the memory of another library's array on the CPU, by the DLPack protocol."""
    if not hasattr(source, "__dlpack__"):
        raise TypeError(f"from_dlpack: expected an array with __dlpack__, got {type(source).__name__}")
    return Tensor._wrap(_core.Array.from_numpy(np.from_dlpack(source), copy=False))


# ---- one value -------------------------------------------------------------------------------------------------------


def full(
    shape: Size,
    value: float,
    dtype: npt.DTypeLike | None = None,
    requires_grad: bool = False,
    device: str | None = None,
) -> Tensor:
    """A tensor of one value.

    Parameters
    ----------
    shape : int or sequence of int
    value : number
    dtype : dtype, optional
        By the value when not given: float32, int64 for an int, bool for a bool.
    requires_grad : bool
        Floating dtypes only.
    device : str, optional
        ``"cpu"`` when not given.

    Examples
    --------
    >>> import fastnn
    >>> fastnn.full((2, 2), 0.5).tolist()
    [[0.5, 0.5], [0.5, 0.5]]
    """
    if dtype is None:
        dtype = "bool" if isinstance(value, (bool, np.bool_)) else "int64" if isinstance(value, int) else "float32"
    return _full("full", _shape("full", (shape,)), value, dtype, requires_grad, device)


def zeros(
    *shape: Size, dtype: npt.DTypeLike = "float32", requires_grad: bool = False, device: str | None = None
) -> Tensor:
    """A tensor of zeros, float32 by default. The shape is given as integers or as one sequence.

    Examples
    --------
    >>> import fastnn
    >>> fastnn.zeros(2, 3).shape, fastnn.zeros((2, 3), dtype="int64").dtype
    ((2, 3), dtype('int64'))
    """
    return _full("zeros", _shape("zeros", shape), 0, dtype, requires_grad, device)


def ones(
    *shape: Size, dtype: npt.DTypeLike = "float32", requires_grad: bool = False, device: str | None = None
) -> Tensor:
    """A tensor of ones, float32 by default. The shape is given as integers or as one sequence."""
    return _full("ones", _shape("ones", shape), 1, dtype, requires_grad, device)


def empty(
    *shape: Size, dtype: npt.DTypeLike = "float32", requires_grad: bool = False, device: str | None = None
) -> Tensor:
    """A tensor whose values are there to be overwritten. They are zeros: no memory of others is shown."""
    return _full("empty", _shape("empty", shape), 0, dtype, requires_grad, device)


def full_like(x: Tensor, value: float, dtype: npt.DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """A tensor of one value with the shape, device and, unless given, dtype of another."""
    return _like("full_like", x, value, dtype, requires_grad)


def zeros_like(x: Tensor, dtype: npt.DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """Zeros with the shape, device and, unless given, dtype of another tensor."""
    return _like("zeros_like", x, 0, dtype, requires_grad)


def ones_like(x: Tensor, dtype: npt.DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """Ones with the shape, device and, unless given, dtype of another tensor."""
    return _like("ones_like", x, 1, dtype, requires_grad)


def empty_like(x: Tensor, dtype: npt.DTypeLike | None = None, requires_grad: bool = False) -> Tensor:
    """As `zeros_like`."""
    return _like("empty_like", x, 0, dtype, requires_grad)


# ---- ranges and matrices ---------------------------------------------------------------------------------------------


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1,
    dtype: npt.DTypeLike | None = None,
    requires_grad: bool = False,
    device: str | None = None,
) -> Tensor:
    """Numbers from start on, below stop, in steps; ``arange(n)`` counts from 0.

    The dtype is int64 when all numbers are integers, otherwise float32.

    Examples
    --------
    >>> import fastnn
    >>> fastnn.arange(3).tolist(), fastnn.arange(1, 2, 0.5).tolist()
    ([0, 1, 2], [1.0, 1.5])
    """
    if step == 0:
        raise ValueError("arange: expected a step other than 0, got 0")
    first, end = (0, start) if stop is None else (start, stop)
    return _made("arange", np.arange(first, end, step), dtype, requires_grad, device)


def linspace(
    start: float,
    stop: float,
    num: int = 50,
    endpoint: bool = True,
    dtype: npt.DTypeLike = "float32",
    requires_grad: bool = False,
    device: str | None = None,
) -> Tensor:
    """`num` numbers at even distances from start to stop, which is the last one unless `endpoint` is False."""
    return _made("linspace", np.linspace(start, stop, num, endpoint=endpoint), dtype, requires_grad, device)


def eye(
    rows: int,
    columns: int | None = None,
    k: int = 0,
    dtype: npt.DTypeLike = "float32",
    requires_grad: bool = False,
    device: str | None = None,
) -> Tensor:
    """Ones on the k-th diagonal of a matrix of zeros."""
    _check_sizes("eye", rows, columns)
    return _made("eye", np.eye(rows, columns, k, dtype=dtype), dtype, requires_grad, device)


def tri(
    rows: int,
    columns: int | None = None,
    k: int = 0,
    dtype: npt.DTypeLike = "float32",
    requires_grad: bool = False,
    device: str | None = None,
) -> Tensor:
    """Ones on and below the k-th diagonal of a matrix of zeros; a causal mask with dtype bool."""
    _check_sizes("tri", rows, columns)
    return _made("tri", np.tri(rows, columns, k, dtype=dtype), dtype, requires_grad, device)


def _check_sizes(name: str, rows: int, columns: int | None) -> None:
    for argument, size in (("rows", rows), ("columns", rows if columns is None else columns)):
        if size < 0:
            raise ValueError(f"{name}: expected {argument} of at least 0, got {size}")


# ---- random numbers --------------------------------------------------------------------------------------------------


def uniform(
    low: float = 0.0,
    high: float = 1.0,
    size: Size = (),
    dtype: npt.DTypeLike = "float32",
    requires_grad: bool = False,
    device: str | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Random numbers spread evenly over [low, high).

    Parameters
    ----------
    low, high : float
        high itself comes only by rounding.
    size : int or sequence of int
        The shape.
    dtype : dtype
        float32 or float64.
    generator : Generator, optional
        Where the numbers come from; the global source, which `manual_seed` restarts, when not given.

    Notes
    -----
    A step draws anew in each replay.
    """
    options = {"low": low, "high": high}
    return _random("random_uniform", "uniform", (size,), options, dtype, requires_grad, device, generator)


def normal(
    mean: float = 0.0,
    std: float = 1.0,
    size: Size = (),
    dtype: npt.DTypeLike = "float32",
    requires_grad: bool = False,
    device: str | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Normally distributed random numbers; arguments as in `uniform`."""
    options = {"mean": mean, "std": std}
    return _random("random_normal", "normal", (size,), options, dtype, requires_grad, device, generator)


def rand(
    *shape: Size,
    dtype: npt.DTypeLike = "float32",
    requires_grad: bool = False,
    device: str | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Random numbers spread evenly over [0, 1); see `uniform`. The shape is given as integers or as one sequence.

    Examples
    --------
    >>> import fastnn
    >>> a = fastnn.rand(2, 3, generator=fastnn.Generator(7))
    >>> b = fastnn.rand((2, 3), generator=fastnn.Generator(7))
    >>> a.tolist() == b.tolist()
    True
    """
    return _random("random_uniform", "rand", shape, {}, dtype, requires_grad, device, generator)


def randn(
    *shape: Size,
    dtype: npt.DTypeLike = "float32",
    requires_grad: bool = False,
    device: str | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Random numbers of the standard normal distribution; see `uniform`. The shape is integers or one sequence."""
    return _random("random_normal", "randn", shape, {}, dtype, requires_grad, device, generator)


def rand_like(x: Tensor, requires_grad: bool = False, generator: Generator | None = None) -> Tensor:
    """As `rand`, with the shape, dtype and device of a floating tensor."""
    return _random("random_uniform", "rand_like", (x.shape,), {}, x.dtype, requires_grad, x.device, generator)


def randn_like(x: Tensor, requires_grad: bool = False, generator: Generator | None = None) -> Tensor:
    """As `randn`, with the shape, dtype and device of a floating tensor."""
    return _random("random_normal", "randn_like", (x.shape,), {}, x.dtype, requires_grad, x.device, generator)


def randint(
    low: int,
    high: int | None = None,
    size: Size = (),
    dtype: npt.DTypeLike = "int64",
    device: str | None = None,
    generator: Generator | None = None,
) -> Tensor:
    """Random integers from low up to below high, or from 0 up to below low, each as likely as the others.

    Examples
    --------
    >>> import fastnn
    >>> dice = fastnn.randint(1, 7, (100,), generator=fastnn.Generator(0)).numpy()
    >>> int(dice.min()), int(dice.max())
    (1, 6)
    """
    least, end = (0, low) if high is None else (low, high)
    if not least < end:
        raise ValueError(f"randint: expected low below high, got {least} and {end}")
    values = _numpy_generator("randint", generator).integers(least, end, _shape("randint", (size,)), dtype=np.int64)
    return _made("randint", values, dtype, False, device)


def randperm(
    n: int, dtype: npt.DTypeLike = "int64", device: str | None = None, generator: Generator | None = None
) -> Tensor:
    """The numbers from 0 to n - 1 in a random order."""
    return _made("randperm", _numpy_generator("randperm", generator).permutation(n), dtype, False, device)


# ---- how they are made -----------------------------------------------------------------------------------------------


def _shape(name: str, sizes: Sequence[Any]) -> tuple[int, ...]:
    if len(sizes) == 1 and isinstance(sizes[0], (tuple, list)):
        sizes = sizes[0]
    try:
        return tuple(operator.index(size) for size in sizes)
    except TypeError:
        raise TypeError(f"{name}: expected a shape of integers, got {tuple(sizes)!r}") from None


def _finished(name: str, made: Tensor, requires_grad: bool, device: str | None) -> Tensor:
    if device is not None:
        made = made.to(device)
    if requires_grad and made.dtype.kind != "f":
        raise TypeError(f"{name}: expected a floating dtype for requires_grad, got {made.dtype}")
    made.requires_grad = requires_grad
    return made


def _full(
    name: str, shape: tuple[int, ...], value: float, dtype: npt.DTypeLike, requires_grad: bool, device: str | None
) -> Tensor:
    array = _op("fill")(None, value=float(value), shape=shape, dtype=np.dtype(dtype).name)
    return _finished(name, Tensor._wrap(array), requires_grad, device)


def _like(name: str, x: Tensor, value: float, dtype: npt.DTypeLike | None, requires_grad: bool) -> Tensor:
    if not isinstance(x, Tensor):
        raise TypeError(f"{name}: expected a Tensor, got {type(x).__name__}")
    if dtype is not None and np.dtype(dtype) != x.dtype:
        return _full(name, x.shape, value, dtype, requires_grad, x.device)
    array = _op("fill")(x._array.shape_only, value=float(value))
    return _finished(name, Tensor._wrap(array), requires_grad, None)


def _made(
    name: str, values: npt.NDArray[Any], dtype: npt.DTypeLike | None, requires_grad: bool, device: str | None
) -> Tensor:
    """Values made by NumPy; inside a step they are as much a part of the program as the numbers they came of."""
    if dtype is None and values.dtype == np.float64:
        dtype = "float32"
    array = values if dtype is None else values.astype(dtype, copy=False)
    made = _core.Array.from_numpy(array, copy=True, device=device or "cpu")
    return _finished(name, Tensor._wrap(made.constant() if in_step() else made), requires_grad, None)


def _random(
    op: str,
    name: str,
    sizes: Sequence[Any],
    options: dict[str, Any],
    dtype: npt.DTypeLike,
    requires_grad: bool,
    device: str | None,
    generator: Generator | None,
) -> Tensor:
    shape = _shape(name, sizes)
    if np.dtype(dtype).kind != "f":
        raise TypeError(f"{name}: expected dtype float32 or float64, got {np.dtype(dtype).name}")
    source = _source(generator)
    run = current_run()
    if run is None:
        seed, step = source.draw()
        array = _op(op)(None, shape=shape, dtype=np.dtype(dtype).name, seed=seed, step=step, **options)
    else:
        cells = source.cells
        for cell, part in zip(cells, ("seed", "draws"), strict=True):
            run.register(cell, f"generator.{part}")
        array = _op(op)(None, shape=shape, dtype=np.dtype(dtype).name, seed=cells[0], step=cells[1], **options)
        run.advance(cells[1])
    return _finished(name, Tensor._wrap(array), requires_grad, device)


def _numpy_generator(name: str, generator: Generator | None) -> np.random.Generator:
    source = _source(generator)
    run = current_run()
    if run is None:
        return source.numpy_generator()
    run.refuse(f"{name} draws its numbers outside of ops, and a program would freeze them")
    seed, draws = source.cells
    drawn = numpy_generator(int(seed.value), CREATION, int(draws.value))
    run.advance(draws)
    return drawn


def _source(generator: Generator | None) -> Generator:
    if generator is None:
        return default_generator()
    if not isinstance(generator, Generator):
        raise TypeError(f"expected generator to be a fastnn.Generator, got {type(generator).__name__}")
    return generator

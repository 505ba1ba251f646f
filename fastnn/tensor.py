"""The tape: eager tensors and reverse-mode differentiation, with PyTorch's names.

An op on tensors (functional) leaves a Node that knows its gradient rule and where gradients go. backward walks the
nodes in an iterative topological order. A gradient that the walk owns is added to in place by the next rule (the
accumulate flag of the op table), so a tensor that is used T times costs one buffer. A node holds edges, not tensors:
memory is kept alive by what a rule saved and nothing else.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, wraps
from types import TracebackType
from typing import Any, NamedTuple, Protocol, TypeAlias, TypeVar, cast

import numpy as np
import numpy.typing as npt

from . import _core

__all__ = ["Tensor", "constant", "is_grad_enabled", "no_grad"]

# What a tensor may hold.
DTYPES = ("float32", "float64", "int32", "int64", "uint8", "bool")

_F = TypeVar("_F", bound=Callable[..., Any])


class _GradMode(threading.local):
    enabled = True


_mode = _GradMode()


def is_grad_enabled() -> bool:
    """Whether ops of the calling thread are put on the tape."""
    return _mode.enabled


class _SetGradMode:
    """Switches the calling thread's tape on or off inside a with block or a decorated function."""

    def __init__(self, enabled: bool) -> None:
        self._enabled = enabled
        self._before: list[bool] = []

    def __enter__(self) -> None:
        self._before.append(_mode.enabled)
        _mode.enabled = self._enabled

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        _mode.enabled = self._before.pop()

    def __call__(self, function: _F) -> _F:
        @wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with _SetGradMode(self._enabled):
                return function(*args, **kwargs)

        return cast("_F", wrapper)


def no_grad() -> _SetGradMode:
    """A context manager and decorator in which ops of this thread are not put on the tape."""
    return _SetGradMode(False)


# A rule takes the node, the gradient of its output, and for each input the buffer it may add into (or None); it returns
# a gradient, that buffer, or None for each input. It returns fresh tensors, its dy, or views of its dy. A node with
# several outputs gives its rule a list with a gradient, or None, for each of them.
Rule: TypeAlias = "Callable[[Node, Any, Sequence[Tensor | None]], Sequence[Tensor | None]]"


class Node:
    """One op on the tape: its rule, where the gradients of its inputs go, and what the rule needs."""

    __slots__ = ("attributes", "edges", "name", "needs", "output", "outputs", "rule", "saved", "versions")

    def __init__(
        self,
        name: str,
        rule: Rule,
        inputs: Sequence[Tensor | None],
        saved: tuple[Tensor, ...],
        output: _core.Array | None,
        attributes: dict[str, Any],
        outputs: int = 1,
    ) -> None:
        self.name = name
        self.rule: Rule | None = rule
        self.outputs = outputs
        self.needs = tuple(t is not None and t.requires_grad for t in inputs)
        self.edges: tuple[Edge | None, ...] = tuple(
            None if t is None or not t.requires_grad else t._node or t for t in inputs
        )
        self.saved = saved
        self.output = output
        self.attributes = attributes
        self.versions = tuple(t._array.version for t in saved) + (() if output is None else (output.version,))

    def saved_output(self) -> Tensor:
        """The op's result, as a tensor that hangs on this node."""
        assert self.output is not None
        return self.attach(self.output)

    def attach(self, array: _core.Array) -> Tensor:
        """Something the op computed, as a tensor that hangs on this node."""
        result = Tensor._wrap(array)
        if _mode.enabled:
            result.requires_grad = True
            result._node = self
        return result

    def check(self) -> None:
        """Raise when the rule is gone or what it saved has been written since."""
        if self.rule is None:
            raise RuntimeError(
                f"backward: the values that {self.name} saved are freed after the first backward; "
                "call backward(retain_graph=True) to go through the graph again"
            )
        arrays = [t._array for t in self.saved] + ([] if self.output is None else [self.output])
        for array, version in zip(arrays, self.versions, strict=True):
            if array.version != version:
                raise RuntimeError(
                    f"backward: a tensor of shape {array.shape} that {self.name} saved has been modified in place "
                    f"since (version {array.version}, expected {version})"
                )

    def free(self) -> None:
        self.rule = None
        self.edges = ()
        self.saved = ()
        self.output = None


class Output(NamedTuple):
    """One of the results of a node that has several. The node doesn't know it: no cycle keeps memory alive."""

    node: Node
    number: int


# Where gradients go: what was computed by a node, or a leaf itself
Edge: TypeAlias = "Node | Output | Tensor"


class Tensor:
    """An n-dimensional array that ops can be differentiated through.

    Parameters
    ----------
    data : array_like
        NumPy arrays keep their dtype; Python floats and lists of them become float32. The values are copied.
    dtype : dtype, optional
        float32, float64, int32, int64, uint8 or bool.
    requires_grad : bool
        Whether backward computes `grad` for this tensor; floating dtypes only.
    device : str, optional
        ``"cpu"`` when not given.
    name : str, optional
        For messages.

    Examples
    --------
    >>> import fastnn
    >>> x = fastnn.Tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad.numpy()
    array([2., 4.], dtype=float32)
    """

    __slots__ = ("__weakref__", "_array", "_mask", "_node", "activation", "grad", "logits", "name", "requires_grad")
    # NumPy's operators give way to these, and its functions refuse: they would leave the tape without a word
    __array_ufunc__ = None

    def __init__(
        self,
        data: Any,
        dtype: npt.DTypeLike | None = None,
        requires_grad: bool = False,
        device: str | None = None,
        name: str | None = None,
    ) -> None:
        array = _to_numpy(data, dtype)
        if requires_grad and array.dtype.kind != "f":
            raise TypeError(f"Tensor: expected a floating dtype for requires_grad, got {array.dtype}")
        self._array = _core.Array.from_numpy(array, copy=True, device=device or "cpu")
        self._node: Node | Output | None = None
        self.requires_grad = requires_grad
        self.grad: Tensor | None = None
        self.name = name
        self.logits: Tensor | None = None  # what the activation was taken of
        self.activation: str | None = None  # "softmax" or "sigmoid", whose logits losses recover
        self._mask: Tensor | None = None  # which steps count, as layers hand it on

    @classmethod
    def _wrap(cls, array: _core.Array) -> Tensor:
        self = cls.__new__(cls)
        self._array = array
        self._node = None
        self.requires_grad = False
        self.grad = None
        self.name = None
        self.logits = None
        self.activation = None
        self._mask = None
        return self

    @property
    def shape(self) -> tuple[int, ...]:
        return self._array.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._array.dtype

    @property
    def device(self) -> str:
        return self._array.device

    @property
    def ndim(self) -> int:
        return len(self._array.shape)

    @property
    def size(self) -> int:
        return int(np.prod(self._array.shape, dtype=np.int64))

    @property
    def is_leaf(self) -> bool:
        return self._node is None

    def numpy(self) -> npt.NDArray[Any]:
        """A read-only NumPy view of the values; a copy for other devices than the CPU."""
        return self._array.numpy()

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        return self._array.__array__(dtype, copy)

    def item(self) -> float | int | bool:
        """The value of a tensor with one element, as a Python number."""
        if self.size != 1:
            raise ValueError(f"item: expected a tensor with one element, got shape {self.shape}")
        value: float | int | bool = self.numpy().item()
        return value

    def detach(self) -> Tensor:
        """A tensor with the same memory that is not on the tape."""
        return Tensor._wrap(self._array)

    def astype(self, dtype: npt.DTypeLike) -> Tensor:
        """The same numbers as another dtype, or this tensor when it has it; see `functional.cast`."""
        return _operations.cast(self, dtype)

    def to(self, device: str | npt.DTypeLike) -> Tensor:
        """This tensor, or a copy of it on another device that is not on the tape; of a dtype, as `astype`."""
        if not isinstance(device, str) or device in DTYPES:
            return self.astype(device)
        if device == self.device:
            return self
        moved = Tensor._wrap(self._array.to(device))
        moved.name = self.name
        if self.is_leaf:
            moved.requires_grad = self.requires_grad
        return moved

    def assign(self, value: Any) -> None:
        """Overwrite the values in place; shape and dtype stay. Backward notices when it had saved them.

        Inside a step that is being recorded it raises RuntimeError: a replay would not repeat it. There, state is
        written by ops (`fastnn.program.update`).
        """
        array = value.numpy() if isinstance(value, Tensor) else np.asarray(value, dtype=self.dtype)
        label = self.name or "assign"
        if array.shape != self.shape:
            raise ValueError(f"{label}: expected a value of shape {self.shape}, got {array.shape}")
        self._array.write(array)
        self.logits = None  # the values are no longer a softmax of them

    def _is_whole(self) -> bool:
        return self._array.is_contiguous

    def _shares_memory(self, other: Tensor) -> bool:
        return self._array.shares_storage(other._array)

    def _plus(self, other: Tensor) -> Tensor:
        """The sum of two gradients of one tensor."""
        return _operations.add(self, other)

    def zero_grad(self) -> None:
        """Forget the gradient."""
        self.grad = None

    def backward(
        self, gradient: Tensor | None = None, retain_graph: bool | None = None, create_graph: bool = False
    ) -> None:
        """Compute the gradients of this tensor with respect to the leaves and add them into their `grad`.

        Parameters
        ----------
        gradient : Tensor, optional
            The gradient of something with respect to this tensor; one when this tensor has one element.
        retain_graph : bool, optional
            Keep what the tape saved, so that backward may come again; as create_graph when not given.
        create_graph : bool
            Put the gradients' own computation on the tape, for gradients of gradients.

        Raises
        ------
        RuntimeError
            When the tensor is not on the tape, has several elements and no gradient is given, when a saved value was
            modified in place, or when it was freed by an earlier backward.
        """
        backward(self, gradient, create_graph if retain_graph is None else retain_graph, create_graph)

    def reshape(self, *shape: int | Sequence[int]) -> Tensor:
        return _operations.reshape(self, _flat(shape))

    def flatten(self, start_axis: int = 0, end_axis: int = -1) -> Tensor:
        return _operations.flatten(self, start_axis, end_axis)

    def transpose(self, *axes: int | Sequence[int]) -> Tensor:
        return _operations.transpose(self, _flat(axes) or None)

    permute = transpose

    @property
    def T(self) -> Tensor:
        return _operations.transpose(self, None)

    def swapaxes(self, axis1: int, axis2: int) -> Tensor:
        return _operations.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: int | Sequence[int] | None = None) -> Tensor:
        return _operations.squeeze(self, axis)

    def expand_dims(self, axis: int | Sequence[int]) -> Tensor:
        return _operations.expand_dims(self, axis)

    unsqueeze = expand_dims

    def broadcast_to(self, *shape: int | Sequence[int]) -> Tensor:
        return _operations.broadcast_to(self, _flat(shape))

    expand = broadcast_to

    def take(self, indices: Any, axis: int | None = None) -> Tensor:
        return _operations.take(self, indices, axis)

    def sum(self, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
        return _operations.sum(self, axis, keepdims)

    def mean(self, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
        return _operations.mean(self, axis, keepdims)

    def max(self, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
        return _operations.max(self, axis, keepdims)

    def min(self, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
        return _operations.min(self, axis, keepdims)

    def prod(self, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
        return _operations.prod(self, axis, keepdims)

    def any(self, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
        return _operations.any(self, axis, keepdims)

    def all(self, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
        return _operations.all(self, axis, keepdims)

    def argmax(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        return _operations.argmax(self, axis, keepdims)

    def argmin(self, axis: int | None = None, keepdims: bool = False) -> Tensor:
        return _operations.argmin(self, axis, keepdims)

    def var(self, axis: int | Sequence[int] | None = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
        return _operations.var(self, axis, ddof, keepdims)

    def std(self, axis: int | Sequence[int] | None = None, ddof: int = 0, keepdims: bool = False) -> Tensor:
        return _operations.std(self, axis, ddof, keepdims)

    def norm(self, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
        return _operations.norm(self, axis, keepdims)

    def logsumexp(self, axis: int | Sequence[int] | None = None, keepdims: bool = False) -> Tensor:
        return _operations.logsumexp(self, axis, keepdims)

    def cumsum(self, axis: int | None = None, reverse: bool = False, exclusive: bool = False) -> Tensor:
        return _operations.cumsum(self, axis, reverse, exclusive)

    def exp(self) -> Tensor:
        return _operations.exp(self)

    def log(self) -> Tensor:
        return _operations.log(self)

    def sqrt(self) -> Tensor:
        return _operations.sqrt(self)

    def abs(self) -> Tensor:
        return _operations.abs(self)

    def clip(self, minimum: float = -math.inf, maximum: float = math.inf) -> Tensor:
        return _operations.clip(self, minimum, maximum)

    def sigmoid(self) -> Tensor:
        return _operations.sigmoid(self)

    def tanh(self) -> Tensor:
        return _operations.tanh(self)

    def __getitem__(self, index: Any) -> Tensor:
        return _operations.getitem(self, index)

    def __add__(self, other: Any) -> Tensor:
        return _operations.add(self, other)

    def __radd__(self, other: Any) -> Tensor:
        return _operations.add(other, self)

    def __sub__(self, other: Any) -> Tensor:
        return _operations.subtract(self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return _operations.subtract(other, self)

    def __mul__(self, other: Any) -> Tensor:
        return _operations.multiply(self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return _operations.multiply(other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return _operations.divide(self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return _operations.divide(other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return _operations.matmul(self, other)

    def __pow__(self, other: Any) -> Tensor:
        return _operations.power(self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return _operations.power(other, self)

    def __neg__(self) -> Tensor:
        return _operations.negative(self)

    def __abs__(self) -> Tensor:
        return _operations.abs(self)

    # on masks: bool, or uint8 where everything but 0 is true. The result is bool.
    def __and__(self, other: Any) -> Tensor:
        return _operations.logical_and(*_masks("&", self, other))

    __rand__ = __and__

    def __or__(self, other: Any) -> Tensor:
        return _operations.logical_or(*_masks("|", self, other))

    __ror__ = __or__

    def __xor__(self, other: Any) -> Tensor:
        return _operations.logical_xor(*_masks("^", self, other))

    __rxor__ = __xor__

    def __invert__(self) -> Tensor:
        return _operations.logical_not(*_masks("~", self))

    # == stays identity, so that tensors are keys of dicts and members of lists; functional.equal compares elements
    def __lt__(self, other: Any) -> Tensor:
        return _operations.less(self, other)

    def __le__(self, other: Any) -> Tensor:
        return _operations.less_equal(self, other)

    def __gt__(self, other: Any) -> Tensor:
        return _operations.greater(self, other)

    def __ge__(self, other: Any) -> Tensor:
        return _operations.greater_equal(self, other)

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeError("len: expected a tensor with at least one axis, got shape ()")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        for index in range(len(self)):
            yield self[index]

    def __bool__(self) -> bool:
        return bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __repr__(self) -> str:
        values = np.array2string(self.numpy(), separator=", ", prefix="Tensor(")
        extra = f", device='{self.device}'" if self.device != "cpu" else ""
        extra += ", requires_grad=True" if self.requires_grad else ""
        return f"Tensor({values}, dtype={self.dtype}{extra})"


def constant(data: Any, dtype: npt.DTypeLike | None = None) -> Tensor:
    """A tensor whose values may be frozen into a step program.

    A step refuses arrays that are neither arguments, registered state nor results of the step, because a program would
    go on using the values they had when it was recorded. This says that this is what you want.

    Parameters
    ----------
    data : array_like or Tensor
    dtype : dtype, optional
    """
    array = data._array if isinstance(data, Tensor) else Tensor(data, dtype)._array
    return Tensor._wrap(array.constant())


@lru_cache(maxsize=256)
def _number(value: float, text: str, dtype: np.dtype[Any], device: str) -> _core.Array:
    # -0.0 == 0.0, 1 == True and nan != nan as cache keys, hence the text beside the value
    return _core.Array.from_numpy(np.asarray(value, dtype), copy=True, device=device).constant()


def as_tensor(value: Any, like: Tensor | None = None) -> Tensor:
    """A Tensor for an operand: a Python number takes the dtype and device of the tensor beside it, where that holds it.

    Floats become any floating dtype; integers any number; True and False bool.
    """
    if isinstance(value, Tensor):
        return value
    if like is not None:
        kind = like.dtype.kind
        if isinstance(value, _NUMBERS[kind]) and isinstance(value, bool) == (kind == "b"):
            return Tensor._wrap(_number(_held(value, like.dtype), repr(value), like.dtype, like.device))
    return Tensor(value, device=None if like is None else like.device)


_NUMBERS: dict[str, tuple[type, ...]] = {"f": (int, float), "i": (int,), "u": (int,), "b": (bool,)}


def _held(value: Any, dtype: np.dtype[Any]) -> float:
    if dtype.kind == "f":
        return float(value)
    if dtype.kind != "b" and not np.iinfo(dtype).min <= value <= np.iinfo(dtype).max:
        raise ValueError(f"Tensor: expected a number that {dtype} holds, got {value}")
    return cast("int", value)


def _to_numpy(data: Any, dtype: npt.DTypeLike | None) -> npt.NDArray[Any]:
    if isinstance(data, (Tensor, _core.Array)):
        array = data.numpy()
    elif isinstance(data, (np.ndarray, np.generic)):
        array = np.asarray(data)
    elif hasattr(data, "__dlpack__"):
        array = np.from_dlpack(data)
    else:
        array = np.asarray(data)
        if array.dtype == np.float64 and dtype is None:
            array = array.astype(np.float32)
    return array if dtype is None else array.astype(dtype, copy=False)


def _masks(operator: str, *operands: Any) -> tuple[Any, ...]:
    """The operands, when each is a mask: to NumPy and PyTorch these operators mean the bits of integers."""
    for value in operands:
        dtype = value.dtype if isinstance(value, Tensor) else np.asarray(value).dtype
        if dtype not in (np.bool_, np.uint8):
            raise TypeError(f"{operator}: expected masks of bool or uint8, got {dtype}")
    return operands


def _flat(shape: tuple[int | Sequence[int], ...]) -> tuple[int, ...]:
    if len(shape) == 1 and isinstance(shape[0], Sequence):
        return tuple(shape[0])
    return cast("tuple[int, ...]", shape)


class _Operations(Protocol):
    """The functions of functional that methods and the walk call. That module is written on this one, so it hands
    itself in when it is imported."""

    def add(self, a: Any, b: Any, /) -> Tensor: ...
    def subtract(self, a: Any, b: Any, /) -> Tensor: ...
    def multiply(self, a: Any, b: Any, /) -> Tensor: ...
    def divide(self, a: Any, b: Any, /) -> Tensor: ...
    def matmul(self, a: Any, b: Any, /) -> Tensor: ...
    def power(self, a: Any, b: Any, /) -> Tensor: ...
    def negative(self, x: Tensor, /) -> Tensor: ...
    def less(self, a: Any, b: Any, /) -> Tensor: ...
    def less_equal(self, a: Any, b: Any, /) -> Tensor: ...
    def greater(self, a: Any, b: Any, /) -> Tensor: ...
    def greater_equal(self, a: Any, b: Any, /) -> Tensor: ...
    def logical_and(self, a: Any, b: Any, /) -> Tensor: ...
    def logical_or(self, a: Any, b: Any, /) -> Tensor: ...
    def logical_xor(self, a: Any, b: Any, /) -> Tensor: ...
    def logical_not(self, x: Any, /) -> Tensor: ...
    def cast(self, x: Tensor, dtype: npt.DTypeLike, /) -> Tensor: ...
    def exp(self, x: Tensor, /) -> Tensor: ...
    def log(self, x: Tensor, /) -> Tensor: ...
    def sqrt(self, x: Tensor, /) -> Tensor: ...
    def abs(self, x: Tensor, /) -> Tensor: ...
    def clip(self, x: Tensor, minimum: float, maximum: float, /) -> Tensor: ...
    def sigmoid(self, x: Tensor, /) -> Tensor: ...
    def tanh(self, x: Tensor, /) -> Tensor: ...
    def sum(self, x: Tensor, axis: int | Sequence[int] | None, keepdims: bool, /) -> Tensor: ...
    def mean(self, x: Tensor, axis: int | Sequence[int] | None, keepdims: bool, /) -> Tensor: ...
    def max(self, x: Tensor, axis: int | Sequence[int] | None, keepdims: bool, /) -> Tensor: ...
    def min(self, x: Tensor, axis: int | Sequence[int] | None, keepdims: bool, /) -> Tensor: ...
    def prod(self, x: Tensor, axis: int | Sequence[int] | None, keepdims: bool, /) -> Tensor: ...
    def any(self, x: Tensor, axis: int | Sequence[int] | None, keepdims: bool, /) -> Tensor: ...
    def all(self, x: Tensor, axis: int | Sequence[int] | None, keepdims: bool, /) -> Tensor: ...
    def norm(self, x: Tensor, axis: int | Sequence[int] | None, keepdims: bool, /) -> Tensor: ...
    def logsumexp(self, x: Tensor, axis: int | Sequence[int] | None, keepdims: bool, /) -> Tensor: ...
    def argmax(self, x: Tensor, axis: int | None, keepdims: bool, /) -> Tensor: ...
    def argmin(self, x: Tensor, axis: int | None, keepdims: bool, /) -> Tensor: ...
    def var(self, x: Tensor, axis: int | Sequence[int] | None, ddof: int, keepdims: bool, /) -> Tensor: ...
    def std(self, x: Tensor, axis: int | Sequence[int] | None, ddof: int, keepdims: bool, /) -> Tensor: ...
    def cumsum(self, x: Tensor, axis: int | None, reverse: bool, exclusive: bool, /) -> Tensor: ...
    def reshape(self, x: Tensor, shape: int | Sequence[int], /) -> Tensor: ...
    def flatten(self, x: Tensor, start_axis: int, end_axis: int, /) -> Tensor: ...
    def transpose(self, x: Tensor, axes: Sequence[int] | None, /) -> Tensor: ...
    def swapaxes(self, x: Tensor, axis1: int, axis2: int, /) -> Tensor: ...
    def squeeze(self, x: Tensor, axis: int | Sequence[int] | None, /) -> Tensor: ...
    def expand_dims(self, x: Tensor, axis: int | Sequence[int], /) -> Tensor: ...
    def broadcast_to(self, x: Tensor, shape: int | Sequence[int], /) -> Tensor: ...
    def take(self, x: Tensor, indices: Any, axis: int | None, /) -> Tensor: ...
    def getitem(self, x: Tensor, index: Any, /) -> Tensor: ...
    def copy(self, x: Tensor, /, *, into: Tensor | None = None) -> Tensor: ...
    def fill(self, like: Tensor, value: float, /) -> Tensor: ...


_operations: _Operations


def use_operations(operations: _Operations) -> None:
    """Called once, by functional."""
    global _operations
    _operations = operations


# ---- the walk --------------------------------------------------------------------------------------------------------


class _Gradient:
    """A gradient on its way, and whether the walk may add into its buffer."""

    __slots__ = ("owned", "value")

    def __init__(self, value: Tensor, owned: bool) -> None:
        self.value = value
        self.owned = owned


def _count_uses(start: Node) -> dict[Node, int]:
    """How many edges of the reachable graph lead into each node."""
    uses = {start: 0}
    stack = [start]
    while stack:
        for edge in stack.pop().edges:
            node = edge.node if isinstance(edge, Output) else edge
            if isinstance(node, Node):
                if node in uses:
                    uses[node] += 1
                else:
                    uses[node] = 1
                    stack.append(node)
    return uses


def _check_gradient(root: Tensor, gradient: Tensor | None) -> Tensor:
    if not root.requires_grad:
        raise RuntimeError("backward: the tensor doesn't require a gradient and was not computed from one that does")
    if gradient is None:
        if root.size != 1:
            raise RuntimeError(
                f"backward: expected a tensor with one element, or a gradient for its shape {root.shape}; "
                "sum it or take its mean first"
            )
        return _operations.fill(root, 1.0)
    if not isinstance(gradient, Tensor):
        raise TypeError(f"backward: expected the gradient to be a Tensor, got {type(gradient).__name__}")
    if gradient.shape != root.shape:
        raise ValueError(f"backward: expected a gradient of shape {root.shape}, got {gradient.shape}")
    if gradient.dtype != root.dtype:
        raise TypeError(f"backward: expected a gradient of {root.dtype}, got {gradient.dtype}")
    return gradient


def backward(root: Tensor, gradient: Tensor | None, retain_graph: bool, create_graph: bool) -> None:
    """See `Tensor.backward`."""
    with _SetGradMode(create_graph):
        first = _check_gradient(root, gradient)
        gradients: dict[Edge, _Gradient] = {}
        start: Edge = root if root._node is None else root._node
        gradients[start] = _Gradient(first, False)
        if not isinstance(start, Tensor):
            _walk(start.node if isinstance(start, Output) else start, gradients, retain_graph, create_graph)
        for leaf, entry in gradients.items():
            assert isinstance(leaf, Tensor)
            # a gradient that somebody else holds too is copied, so that writing one leaves the other alone
            value = entry.value if entry.owned else _operations.copy(entry.value)
            leaf.grad = value if leaf.grad is None else leaf.grad._plus(value)


def _walk(start: Node, gradients: dict[Edge, _Gradient], retain_graph: bool, create_graph: bool) -> None:
    """Run the rules from start on; `gradients` holds that of start and in the end those of leaf tensors."""
    waiting = _count_uses(start)
    for node in waiting:
        node.check()
    ready = [start]
    while ready:
        node = ready.pop()
        edges = node.edges
        given = _taken(node, gradients)
        if given is not None:
            into: list[Tensor | None] = []
            for edge in edges:
                target = None if edge is None else gradients.get(edge)
                into.append(target.value if target is not None and target.owned and not create_graph else None)
            assert node.rule is not None
            found = node.rule(node, given[0] if node.outputs == 1 else given, into)
            for edge, buffer, value in zip(edges, into, found, strict=True):
                if edge is None or value is None or value is buffer:
                    continue
                _add(gradients, edge, value, given, create_graph)
        if not retain_graph:
            node.free()
        for edge in edges:
            before = edge.node if isinstance(edge, Output) else edge
            if isinstance(before, Node):
                waiting[before] -= 1
                if waiting[before] == 0:
                    ready.append(before)


def _taken(node: Node, gradients: dict[Edge, _Gradient]) -> list[Tensor | None] | None:
    """The gradients of a node's results, out of those on their way; None when no result has one."""
    if node.outputs == 1:
        entry = gradients.pop(node, None)
        return None if entry is None else [entry.value]
    entries = [gradients.pop(Output(node, number), None) for number in range(node.outputs)]
    if all(entry is None for entry in entries):
        return None
    return [None if entry is None else entry.value for entry in entries]


def _add(
    gradients: dict[Edge, _Gradient], edge: Edge, value: Tensor, given: Sequence[Tensor | None], create_graph: bool
) -> None:
    # what a rule passes through (dy, or a view of it) may be somebody else's as well; ops add into whole buffers only
    owned = value._is_whole()
    for dy in given:
        if dy is not None and value._shares_memory(dy):
            owned = False
    held = gradients.get(edge)
    if held is None:
        gradients[edge] = _Gradient(value, owned)
    elif held.owned and not create_graph:
        _operations.copy(value, into=held.value)
    elif owned and not create_graph:
        _operations.copy(held.value, into=value)
        gradients[edge] = _Gradient(value, True)
    else:
        gradients[edge] = _Gradient(_operations.add(held.value, value), True)

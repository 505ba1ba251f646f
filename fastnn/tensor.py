"""The tape: eager tensors and reverse-mode differentiation, with PyTorch's names.

An op on tensors (functional) leaves a Node that knows its gradient rule and where gradients go; walk.py goes through
the nodes. A node holds edges, not tensors: memory is kept alive by what a rule saved and nothing else. A view knows the
tensor whose memory it shows, so that writing either (functional/inplace.py) keeps the gradients of both right.
"""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias, cast

import numpy as np

from . import _core
from .grad_mode import is_grad_enabled, no_grad

if TYPE_CHECKING:
    import numpy.typing as npt

__all__ = ["Tensor", "Variable", "constant", "is_grad_enabled", "no_grad"]

# What a tensor may hold.
DTYPES = ("float32", "float64", "int32", "int64", "uint8", "bool")

# A rule takes the node, the gradient of its output, and for each input the buffer it may add into (or None); it returns
# a gradient, that buffer, or None for each input. It returns fresh tensors, its dy, or views of its dy. A node with
# several outputs gives its rule a list with a gradient, or None, for each of them.
Rule: TypeAlias = "Callable[[Node, Any, Sequence[Tensor | None]], Sequence[Tensor | None]]"


class Node:
    """One op on the tape: its rule, where the gradients of its inputs go, and what the rule needs."""

    __slots__ = ("attributes", "edges", "hooks", "name", "needs", "output", "outputs", "rule", "saved", "versions")

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
        self.hooks: list[Hook] | None = None
        self.note_versions()

    def note_versions(self) -> None:
        """Remember the versions of what is saved, which backward compares."""
        output = () if self.output is None else (self.output.version,)
        self.versions = tuple(t._array.version for t in self.saved) + output

    def saved_output(self) -> Tensor:
        """The op's result, as a tensor that hangs on this node."""
        assert self.output is not None
        return self.attach(self.output)

    def attach(self, array: _core.Array) -> Tensor:
        """Something the op computed, as a tensor that hangs on this node."""
        result = Tensor._wrap(array)
        if is_grad_enabled():
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

# Makes the view again of another tensor of its base's shape, on the tape
View: TypeAlias = "Callable[[Tensor], Tensor]"


hook_changes = {"count": 0}  # how often a leaf has got or lost a hook: programs look at it


class Hook:
    """A function that backward calls with a tensor's gradient; `remove` takes it off again.

    As a context manager it is there for the block.
    """

    __slots__ = ("_hooks", "function", "last", "number")

    def __init__(self, function: Callable[[Tensor], Any], number: int, last: bool, hooks: list[Hook]) -> None:
        self.function = function
        self.number = number
        self.last = last
        self._hooks = hooks
        hooks.append(self)

    def remove(self) -> None:
        if self in self._hooks:
            self._hooks.remove(self)
            hook_changes["count"] += 1

    def __enter__(self) -> Hook:
        return self

    def __exit__(self, *error: object) -> None:
        self.remove()


class Links:
    """What only some tensors have: the base that a view shows, the views of a base, the hooks of a leaf."""

    __slots__ = ("base", "hooks", "limit", "retains", "view", "views")

    def __init__(self) -> None:
        self.base: Tensor | None = None
        self.view: View | None = None
        self.views: list[weakref.ref[Tensor]] | None = None
        self.limit = 16  # how many views to note before looking which are still there
        self.hooks: list[Hook] | None = None
        self.retains: Hook | None = None  # keeps the gradient of what is no leaf

    def add_view(self, tensor: Tensor) -> None:
        if self.views is None:
            self.views = []
        elif len(self.views) >= self.limit:
            self.views = [view for view in self.views if view() is not None]
            self.limit = 16 + 2 * len(self.views)
        self.views.append(weakref.ref(tensor))


class _StepMemory(threading.local):
    """What the step that the calling thread is in wants to know: recording.py sets it."""

    arguments: Sequence[_core.Array] = ()  # which nothing may write
    writing: Callable[[_core.Array], None] | None = None  # before an array is written
    reading: Callable[[Tensor], None] | None = None  # before Python sees values, while the step is recorded


step_memory = _StepMemory()


def link_view(tensor: Tensor, source: Tensor, view: View) -> None:
    """Note that `tensor` shows the memory of `source`, as `view` of it."""
    links = tensor._links = Links()
    outer = source._links
    if outer is None:
        outer = source._links = Links()
    if outer.base is None:
        links.base, links.view = source, view
    else:
        first = outer.view
        assert first is not None
        links.base, links.view = outer.base, lambda t: view(first(t))
    if is_grad_enabled():  # what no_grad takes out of a tensor stays off the tape
        base_links = links.base._links
        assert base_links is not None
        base_links.add_view(tensor)


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
        For messages, and to tell variables apart.

    Examples
    --------
    >>> import fastnn
    >>> x = fastnn.Tensor([1.0, 2.0], requires_grad=True)
    >>> (x * x).sum().backward()
    >>> x.grad.numpy()
    array([2., 4.], dtype=float32)
    """

    __slots__ = (
        "__weakref__",
        "_array",
        "_links",
        "_mask",
        "_node",
        "activation",
        "grad",
        "logits",
        "name",
        "requires_grad",
    )
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
        self._links: Links | None = None
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
        self._links = None
        self.requires_grad = False
        self.grad = None
        self.name = None
        self.logits = None
        self.activation = None
        self._mask = None
        return self

    @property
    def path(self) -> str | None:
        """The name; of weights and other variables that an object owns with the names of what it lies in."""
        return self.name

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
        return math.prod(self._array.shape)

    @property
    def is_leaf(self) -> bool:
        return self._node is None

    def numpy(self) -> npt.NDArray[Any]:
        """A read-only NumPy view of the values; a copy for other devices than the CPU."""
        if step_memory.reading is not None:
            step_memory.reading(self)
        return self._array.numpy()

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> npt.NDArray[Any]:
        if step_memory.reading is not None:
            step_memory.reading(self)
        return self._array.__array__(dtype, copy)

    def item(self) -> float | int | bool:
        """The value of a tensor with one element, as a Python number."""
        if self.size != 1:
            raise ValueError(f"item: expected a tensor with one element, got shape {self.shape}")
        value: float | int | bool = self.numpy().item()
        return value

    def tolist(self) -> Any:
        """The values as Python numbers, in lists nested as the axes are; one number for a tensor without axes."""
        return self.numpy().tolist()

    def detach(self) -> Tensor:
        """A tensor with the same memory that is not on the tape."""
        return Tensor._wrap(self._array)

    def clone(self) -> Tensor:
        """A copy with memory of its own; gradients go through it."""
        return _operations.copy(self)

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Say whether backward computes `grad` for this leaf, and return it.

        Raises
        ------
        RuntimeError
            When the tensor was computed from others on the tape and is asked not to require a gradient.
        TypeError
            When its dtype is not a floating one.
        """
        if requires_grad and self.dtype.kind != "f":
            raise TypeError(f"requires_grad_: expected a floating dtype, got {self.dtype}")
        if not requires_grad and self._node is not None:
            raise RuntimeError("requires_grad_: the tensor was computed from others; detach() gives one off the tape")
        self.requires_grad = requires_grad
        return self

    def register_hook(self, function: Callable[[Tensor], Tensor | None]) -> Hook:
        """Let backward call a function with this tensor's gradient, once it is complete.

        Parameters
        ----------
        function : callable
            Takes the gradient; returns None, or a Tensor of its shape and dtype to go on with in its place.

        Returns
        -------
        Hook
            Its ``remove()`` takes the function off again; as a context manager it does so at the end of the block.

        Examples
        --------
        >>> import fastnn
        >>> x = fastnn.ones(2, requires_grad=True)
        >>> hook = x.register_hook(lambda gradient: gradient * 10)
        >>> (x * 3).sum().backward()
        >>> x.grad.tolist()
        [30.0, 30.0]
        """
        return self._add_hook("register_hook", function, last=False)

    def _add_hook(self, who: str, function: Callable[[Tensor], Tensor | None], last: bool) -> Hook:
        if not self.requires_grad:
            raise RuntimeError(f"{who}: expected a tensor that requires a gradient")
        if self._node is None:
            links = self._linked()
            if links.hooks is None:
                links.hooks = []
            hook_changes["count"] += 1
            return Hook(function, 0, last, links.hooks)
        node, number = (self._node.node, self._node.number) if isinstance(self._node, Output) else (self._node, 0)
        if node.hooks is None:
            node.hooks = []
        return Hook(function, number, last, node.hooks)

    def _leaf_hooks(self) -> list[Callable[[Tensor], Any]]:
        """The functions that `register_hook` has put on a leaf."""
        return [] if self._links is None else [hook.function for hook in self._links.hooks or ()]

    def _linked(self) -> Links:
        if self._links is None:
            self._links = Links()
        return self._links

    def retain_grad(self) -> None:
        """Let backward keep this tensor's gradient in `grad`, although it is not a leaf."""
        if not self.requires_grad:
            raise RuntimeError("retain_grad: expected a tensor that requires a gradient")
        if self._node is None or self.retains_grad:
            return
        myself = weakref.ref(self)

        def keep(gradient: Tensor) -> None:
            tensor = myself()
            if tensor is not None:
                kept = _operations.copy(gradient)
                tensor.grad = kept if tensor.grad is None else _operations.add(tensor.grad, kept)

        self._linked().retains = self._add_hook("retain_grad", keep, last=True)

    @property
    def retains_grad(self) -> bool:
        """Whether backward keeps the gradient of this tensor, which is not a leaf."""
        return self._links is not None and self._links.retains is not None

    # ---- moving on the tape, after values were written ----

    def move(self, node: Node | Output | None) -> None:
        """Hang this tensor on the node of its new values."""
        self._node = node
        self.requires_grad = node is not None
        if self._links is not None and self._links.retains is not None:
            self._links.retains.remove()
            self._links.retains = None
            if node is not None:
                self.retain_grad()

    def follow_base(self) -> None:
        """Hang this view on a node of what its base is now."""
        assert self._links is not None
        assert self._links.base is not None
        assert self._links.view is not None
        self.move(self._links.view(self._links.base)._node)
        self.logits = None

    def move_views(self) -> None:
        """Let the views of this base follow it."""
        views = None if self._links is None else self._links.views
        for reference in list(views or ()):
            view = reference()
            if view is not None and not (view.is_leaf and view.requires_grad):
                view.follow_base()

    def astype(self, dtype: npt.DTypeLike) -> Tensor:
        """The same numbers as another dtype, or this tensor when it has it; see `functional.cast`."""
        return _operations.cast(self, dtype)

    def to(self, device: str | npt.DTypeLike) -> Tensor:
        """This tensor, or a copy of it on another device that is not on the tape; of a dtype, as `astype`."""
        if not isinstance(device, str) or device in DTYPES:
            return self.astype(device)
        if device == self.device:
            return self
        if step_memory.reading is not None:
            step_memory.reading(self)
        moved = Tensor._wrap(self._array.to(device))
        moved.name = self.name
        if self.is_leaf:
            moved.requires_grad = self.requires_grad
        return moved

    def assign(self, value: Any) -> None:
        """Overwrite the values in place; shape and dtype stay. Backward notices when it had saved them.

        Inside a step, which repeats it in each replay, value is a Tensor that the step has computed, or a constant.
        """
        label = self.path or "assign"
        if step_memory.writing is not None:
            source = value if isinstance(value, Tensor) else Tensor(value, dtype=self.dtype)
            if source.shape != self.shape:
                raise ValueError(f"{label}: expected a value of shape {self.shape}, got {source.shape}")
            with no_grad():
                _operations.write(label, self, source.astype(self.dtype))
            return
        array = value.numpy() if isinstance(value, Tensor) else np.asarray(value, dtype=self.dtype)
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
        self,
        gradient: Tensor | None = None,
        retain_graph: bool | None = None,
        create_graph: bool = False,
        inputs: Tensor | Sequence[Tensor] | None = None,
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
        inputs : Tensor or sequence of Tensor, optional
            The tensors whose `grad` is added into, instead of all leaves; they need not be leaves.

        Raises
        ------
        RuntimeError
            When the tensor is not on the tape, has several elements and no gradient is given, when a saved value was
            modified in place, or when it was freed by an earlier backward.
        """
        if isinstance(inputs, Tensor):
            inputs = [inputs]
        retain = create_graph if retain_graph is None else retain_graph
        _operations.backward(self, gradient, retain, create_graph, inputs)

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

    def view(self, *shape: int | Sequence[int]) -> Tensor:
        """As `reshape`."""
        return _operations.reshape(self, _flat(shape))

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

    def sort(self, axis: int | None = -1, descending: bool = False) -> Tensor:
        return _operations.sort(self, axis, descending)

    def argsort(self, axis: int | None = -1, descending: bool = False) -> Tensor:
        return _operations.argsort(self, axis, descending)

    def topk(self, k: int, axis: int = -1, sorted: bool = True) -> tuple[Tensor, Tensor]:
        return _operations.top_k(self, k, sorted, axis)

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

    # ---- in place: see functional/inplace.py ----

    def add_(self, other: Any) -> Tensor:
        return _operations.in_place("add_", self, _operations.add, other)

    def sub_(self, other: Any) -> Tensor:
        return _operations.in_place("sub_", self, _operations.subtract, other)

    def mul_(self, other: Any) -> Tensor:
        return _operations.in_place("mul_", self, _operations.multiply, other)

    def div_(self, other: Any) -> Tensor:
        return _operations.in_place("div_", self, _operations.divide, other)

    def pow_(self, other: Any) -> Tensor:
        return _operations.in_place("pow_", self, _operations.power, other)

    def neg_(self) -> Tensor:
        return _operations.in_place("neg_", self, _operations.negative)

    def exp_(self) -> Tensor:
        return _operations.in_place("exp_", self, _operations.exp)

    def log_(self) -> Tensor:
        return _operations.in_place("log_", self, _operations.log)

    def sqrt_(self) -> Tensor:
        return _operations.in_place("sqrt_", self, _operations.sqrt)

    def abs_(self) -> Tensor:
        return _operations.in_place("abs_", self, _operations.abs)

    def sigmoid_(self) -> Tensor:
        return _operations.in_place("sigmoid_", self, _operations.sigmoid)

    def tanh_(self) -> Tensor:
        return _operations.in_place("tanh_", self, _operations.tanh)

    def relu_(self) -> Tensor:
        return _operations.in_place("relu_", self, _operations.relu)

    def clip_(self, minimum: float = -math.inf, maximum: float = math.inf) -> Tensor:
        return _operations.in_place("clip_", self, _operations.clip, minimum, maximum)

    def clamp_(self, min: float | None = None, max: float | None = None) -> Tensor:
        """As `clip_`, with PyTorch's names."""
        low, high = -math.inf if min is None else min, math.inf if max is None else max
        return _operations.in_place("clamp_", self, _operations.clip, low, high)

    def copy_(self, source: Any) -> Tensor:
        """Write values in, which may broadcast; their gradient goes on to `source`."""
        return _operations.write("copy_", self, source)

    def fill_(self, value: Any) -> Tensor:
        return _operations.write("fill_", self, value)

    def zero_(self) -> Tensor:
        return _operations.write("zero_", self, 0)

    def __setitem__(self, index: Any, value: Any) -> None:
        _operations.setitem(self, index, value)

    def __iadd__(self, other: Any) -> Tensor:
        return self.add_(other)

    def __isub__(self, other: Any) -> Tensor:
        return self.sub_(other)

    def __imul__(self, other: Any) -> Tensor:
        return self.mul_(other)

    def __itruediv__(self, other: Any) -> Tensor:
        return self.div_(other)

    def __ipow__(self, other: Any) -> Tensor:
        return self.pow_(other)

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

    # == and != compare elements; what is no array or number is another thing. Hashes are those of identity, so that
    # tensors are keys of dictionaries
    def __eq__(self, other: object) -> Tensor:  # type: ignore[override]
        return _operations.compared("equal", self, other)

    def __ne__(self, other: object) -> Tensor:  # type: ignore[override]
        return _operations.compared("not_equal", self, other)

    __hash__ = object.__hash__

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
        if self.size != 1:
            raise ValueError(f"bool: expected a tensor with one element, or any() or all() of it, got {self.shape}")
        return bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.dtype.kind not in "iu" or self.size != 1:
            raise TypeError(f"index: expected a tensor with one integer, got {self.dtype} of shape {self.shape}")
        return int(self.item())

    def __contains__(self, value: Any) -> bool:
        """Whether an element equals the value, as in NumPy."""
        return bool(np.any(self.numpy() == (value.numpy() if isinstance(value, Tensor) else value)))

    def __format__(self, form: str) -> str:
        return format(self.item(), form) if form else str(self)

    def __dlpack__(self, **options: Any) -> Any:
        """The memory itself for other libraries; detach() first when the tensor requires a gradient."""
        if self.requires_grad:
            raise RuntimeError("__dlpack__: the tensor requires a gradient, which would be lost; use detach()")
        if step_memory.reading is not None:
            step_memory.reading(self)
        return self._array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._array.__dlpack_device__()

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        copied = _restored(*self._contents("deepcopy"))
        memo[id(self)] = copied
        if self.grad is not None:
            copied.grad = self.grad.__deepcopy__(memo)
        return copied

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, self._contents("pickle")

    def _contents(self, who: str) -> tuple[Any, ...]:
        if self._node is not None:
            raise RuntimeError(f"{who}: the tensor was computed from others on the tape; use detach()")
        own = self.path if isinstance(self, Variable) else None
        return np.array(self.numpy()), self.requires_grad, self.device, self.name, own

    def __repr__(self) -> str:
        if self._array.is_abstract:
            return f"Tensor(shape={self.shape}, dtype={self.dtype}, without values)"
        values = np.array2string(self.numpy(), separator=", ", prefix="Tensor(")
        extra = f", device='{self.device}'" if self.device != "cpu" else ""
        extra += ", requires_grad=True" if self.requires_grad else ""
        return f"Tensor({values}, dtype={self.dtype}{extra})"


class Variable(Tensor):
    """A tensor that a layer, a metric or an optimizer owns, such as the kernel of a layer.

    Parameters
    ----------
    data, dtype, requires_grad, device
        As for `Tensor`.
    path : str
        Such as "sequential/dense/kernel"; its last part is the name.
    """

    __slots__ = ("_path",)

    def __init__(
        self,
        data: Any,
        dtype: npt.DTypeLike | None = None,
        requires_grad: bool = False,
        device: str | None = None,
        *,
        path: str,
    ) -> None:
        super().__init__(data, dtype, requires_grad, device, path.rpartition("/")[2])
        self._path = path

    @property
    def path(self) -> str:
        return self._path

    @property
    def value(self) -> Tensor:
        """The tensor itself."""
        return self

    @property
    def trainable(self) -> bool:
        """Whether training changes it, which the layer that owns it decides."""
        return self.requires_grad

    def assign_add(self, value: Any) -> None:
        """Add to the values, in place; see `assign`."""
        with no_grad():
            self.assign(_operations.add(self, value).astype(self.dtype))

    def assign_sub(self, value: Any) -> None:
        """Subtract from the values, in place; see `assign`."""
        with no_grad():
            self.assign(_operations.subtract(self, value).astype(self.dtype))


def _restored(
    array: npt.NDArray[Any], requires_grad: bool, device: str, name: str | None, path: str | None = None
) -> Tensor:
    if path is not None:
        return Variable(array, requires_grad=requires_grad, device=device, path=path)
    return Tensor(array, requires_grad=requires_grad, device=device, name=name)


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
    def compared(self, name: str, x: Tensor, other: Any, /) -> Tensor: ...
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
    def sort(self, x: Tensor, axis: int | None, descending: bool, /) -> Tensor: ...
    def argsort(self, x: Tensor, axis: int | None, descending: bool, /) -> Tensor: ...
    def top_k(self, x: Tensor, k: int, sorted: bool, axis: int, /) -> tuple[Tensor, Tensor]: ...
    def cumsum(self, x: Tensor, axis: int | None, reverse: bool, exclusive: bool, /) -> Tensor: ...
    def reshape(self, x: Tensor, shape: int | Sequence[int], /) -> Tensor: ...
    def flatten(self, x: Tensor, start_axis: int, end_axis: int, /) -> Tensor: ...
    def transpose(self, x: Tensor, axes: Sequence[int] | None, /) -> Tensor: ...
    def swapaxes(self, x: Tensor, axis1: int, axis2: int, /) -> Tensor: ...
    def squeeze(self, x: Tensor, axis: int | Sequence[int] | None, /) -> Tensor: ...
    def expand_dims(self, x: Tensor, axis: int | Sequence[int], /) -> Tensor: ...
    def broadcast_to(self, x: Tensor, shape: int | Sequence[int], /) -> Tensor: ...
    def take(self, x: Tensor, indices: Any, axis: int | None, /) -> Tensor: ...
    def relu(self, x: Tensor, /) -> Tensor: ...
    def getitem(self, x: Tensor, index: Any, /) -> Tensor: ...
    def setitem(self, x: Tensor, index: Any, value: Any, /) -> None: ...
    def in_place(self, name: str, x: Tensor, function: Callable[..., Tensor], /, *operands: Any) -> Tensor: ...
    def write(self, name: str, x: Tensor, value: Any, /) -> Tensor: ...
    def backward(
        self,
        root: Tensor,
        gradient: Tensor | None,
        retain_graph: bool,
        create_graph: bool,
        inputs: Sequence[Tensor] | None,
        /,
    ) -> None: ...
    def copy(self, x: Tensor, /, *, into: Tensor | None = None) -> Tensor: ...
    def fill(self, like: Tensor, value: float, /) -> Tensor: ...


_operations: _Operations


def use_operations(operations: _Operations) -> None:
    """Called once, by functional."""
    global _operations
    _operations = operations

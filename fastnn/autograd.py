"""Gradients without `grad`: of tensors by PyTorch's call, of functions by JAX's, checked by finite differences; and
functions with a backward of their own.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial, wraps
from typing import Any, overload

import numpy as np

from .functional._base import _no_second_derivative, _results, _shape_of
from .functional.shape import copy, fill
from .grad_mode import enable_grad, is_grad_enabled, no_grad
from .tensor import Node, Output, Tensor
from .walk import check_gradient, gradients_of

__all__ = ["Function", "grad", "gradcheck", "once_differentiable", "value_and_grad"]


@overload
def grad(
    outputs: Callable[..., Any], inputs: int | Sequence[int] = 0, *, has_aux: bool = False
) -> Callable[..., Any]: ...
@overload
def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Tensor | Sequence[Tensor | None] | None = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]: ...
def grad(
    outputs: Any,
    inputs: Any = 0,
    grad_outputs: Any = None,
    retain_graph: bool | None = None,
    create_graph: bool = False,
    allow_unused: bool = False,
    *,
    has_aux: bool = False,
) -> Any:
    """Gradients of tensors with respect to tensors, or the gradient of a function. No tensor's `grad` changes.

    ``grad(outputs, inputs)`` with tensors is PyTorch's ``torch.autograd.grad``: what backward would add into the `grad`
    of the inputs. ``grad(function, argnums=0)`` with a callable is JAX's ``jax.grad``: a function that gives the
    gradient of `function` with respect to its arguments.

    Parameters
    ----------
    outputs : Tensor, sequence of Tensor, or callable
        What is differentiated; a callable returns a Tensor with one element.
    inputs : Tensor or sequence of Tensor; for a callable int or sequence of int
        With respect to what; they need not be leaves. For a callable the numbers of its arguments, the first when not
        given.
    grad_outputs : Tensor or sequence of Tensor, optional
        The gradients to begin with; one for outputs with one element.
    retain_graph : bool, optional
        Keep what the tape saved, so that it can be walked again; as create_graph when not given.
    create_graph : bool
        Put the gradients' own computation on the tape.
    allow_unused : bool
        Give None for an input that the outputs don't depend on, instead of an error.
    has_aux : bool
        For a callable that returns ``(value, aux)``: the new function returns ``(gradient, aux)``.

    Returns
    -------
    tuple of Tensor
        One for each input; for a callable a function that returns one Tensor, or a tuple when `inputs` is a sequence.

    Raises
    ------
    RuntimeError
        When an output is not on the tape, or an input is not used and `allow_unused` is False.

    Examples
    --------
    >>> import fastnn
    >>> x = fastnn.Tensor([1.0, 2.0], requires_grad=True)
    >>> y = (x**3).sum()
    >>> (first,) = fastnn.grad(y, x, create_graph=True)
    >>> first.tolist()
    [3.0, 12.0]
    >>> fastnn.grad(first.sum(), x)[0].tolist()
    [6.0, 12.0]
    >>> fastnn.grad(lambda x, y: (x * y).sum(), (0, 1))(fastnn.ones(2), fastnn.ones(2) * 3)[0].tolist()
    [3.0, 3.0]
    """
    if callable(outputs) and not isinstance(outputs, Tensor):
        with_value = value_and_grad(outputs, inputs, has_aux=has_aux)

        def gradient_of(*args: Any, **kwargs: Any) -> Any:
            value, gradients = with_value(*args, **kwargs)
            return (gradients, value[1]) if has_aux else gradients

        return gradient_of
    roots = _tensors("outputs", outputs)
    targets = _tensors("inputs", inputs)
    given = [None] * len(roots) if grad_outputs is None else _tensors("grad_outputs", grad_outputs, optional=True)
    if len(given) != len(roots):
        raise ValueError(f"grad: expected a gradient for each of {len(roots)} outputs, got {len(given)}")
    for number, target in enumerate(targets):
        if not target.requires_grad:
            raise RuntimeError(f"grad: input {number} doesn't require a gradient")
    firsts = [check_gradient("grad", root, first) for root, first in zip(roots, given, strict=True)]
    found = gradients_of(roots, firsts, targets, create_graph if retain_graph is None else retain_graph, create_graph)
    for number, gradient in enumerate(found):
        if gradient is None and not allow_unused:
            raise RuntimeError(
                f"grad: input {number} was not used in computing the outputs; allow_unused=True gives None for it"
            )
    return tuple(found)


def _tensors(what: str, value: Any, optional: bool = False) -> list[Any]:
    items = [value] if isinstance(value, Tensor) else list(value) if isinstance(value, (tuple, list)) else None
    if items is None or not items:
        raise TypeError(f"grad: expected {what} to be a Tensor or a sequence of Tensors, got {type(value).__name__}")
    for item in items:
        if not isinstance(item, Tensor) and not (optional and item is None):
            raise TypeError(f"grad: expected {what} to be Tensors, got {type(item).__name__}")
    return items


def value_and_grad(
    function: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that gives the value of another and its gradient, as JAX's. No tensor's `grad` changes.

    Parameters
    ----------
    function : callable
        Returns a Tensor with one element, or ``(Tensor, aux)`` with `has_aux`.
    argnums : int or sequence of int
        The numbers of the arguments to differentiate with respect to. Each is a Tensor or array, or a list, tuple or
        dict of them.
    has_aux : bool
        Whether the function returns something else beside its value.

    Returns
    -------
    callable
        Returns ``(value, gradient)``; the gradient is built as the argument is, or a tuple of these when `argnums` is a
        sequence. An argument that the value doesn't depend on has a gradient of zeros. With `has_aux` value is
        ``(value, aux)``.

    Examples
    --------
    >>> import fastnn
    >>> def loss(weights, x):
    ...     return ((x * weights["scale"] + weights["shift"]) ** 2).sum()
    >>> weights = {"scale": fastnn.Tensor(2.0), "shift": fastnn.Tensor(1.0)}
    >>> value, gradient = fastnn.value_and_grad(loss)(weights, fastnn.Tensor([1.0, 3.0]))
    >>> value.item(), gradient["scale"].item(), gradient["shift"].item()
    (58.0, 48.0, 20.0)
    """
    numbers = (argnums,) if isinstance(argnums, int) else tuple(argnums)

    def both(*args: Any, **kwargs: Any) -> Any:
        arguments = list(args)
        leaves: list[Tensor] = []
        for number in numbers:
            if not -len(args) <= number < len(args):
                raise ValueError(f"value_and_grad: expected argnums of {len(args)} arguments, got {number}")
            arguments[number] = _map_leaves(arguments[number], lambda value: _variable(value, leaves))
        inside = _nesting.depth > 0
        _nesting.depth += 1
        try:
            with enable_grad():
                result = function(*arguments, **kwargs)
        finally:
            _nesting.depth -= 1
        value = result[0] if has_aux else result
        if not isinstance(value, Tensor) or value.size != 1:
            got = f"shape {value.shape}" if isinstance(value, Tensor) else type(value).__name__
            raise TypeError(f"value_and_grad: expected the function to return a Tensor with one element, got {got}")
        found: Sequence[Tensor | None] = [None] * len(leaves)
        if value.requires_grad and leaves:
            found = grad(value, leaves, create_graph=inside, allow_unused=True)
        gradients = iter([fill(leaf, 0.0) if one is None else one for leaf, one in zip(leaves, found, strict=True)])
        built = tuple(_map_leaves(arguments[number], lambda _: next(gradients)) for number in numbers)
        shown = value if inside else value.detach()
        return ((shown, result[1]) if has_aux else shown), built[0] if isinstance(argnums, int) else built

    return both


class _Nesting(threading.local):
    """How many functions that value_and_grad made the calling thread is in: inner gradients stay on the outer tape."""

    depth = 0


_nesting = _Nesting()


def _variable(value: Any, leaves: list[Tensor]) -> Tensor:
    """An argument as a tensor whose gradient is asked for; it is put into leaves."""
    tensor = value if isinstance(value, Tensor) else Tensor(value)
    if tensor.dtype.kind != "f":
        raise TypeError(f"value_and_grad: expected arguments of a floating dtype, got {tensor.dtype}")
    if _nesting.depth > 0 and tensor.requires_grad:
        with enable_grad():
            variable = copy(tensor)  # hangs on the outer function's argument
    else:
        variable = tensor.detach().requires_grad_()
    leaves.append(variable)
    return variable


def _map_leaves(value: Any, function: Callable[[Any], Tensor]) -> Any:
    if isinstance(value, dict):
        return {key: _map_leaves(item, function) for key, item in value.items()}
    if isinstance(value, (list, tuple)) and any(
        isinstance(item, (Tensor, np.ndarray, list, tuple, dict)) for item in value
    ):
        return type(value)(_map_leaves(item, function) for item in value)
    return function(value)


# ---- checking against finite differences -----------------------------------------------------------------------------


def gradcheck(
    function: Callable[..., Any],
    inputs: Tensor | Sequence[Any],
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
) -> bool:
    """Compare the tape's gradients of a function with central finite differences, as PyTorch's gradcheck.

    Every element of every output is differentiated with respect to every element of every input that requires a
    gradient. The difference is ``(f(x + eps) - f(x - eps)) / (2 * eps)``; gradients may differ from it by
    ``atol + rtol * |difference|``.

    Parameters
    ----------
    function : callable
        Takes the inputs and returns a Tensor or a tuple of Tensors; it must give the same values when called again.
    inputs : Tensor or sequence
        Those that are Tensors with `requires_grad` are checked; they must be float64, for the differences of float32
        are mostly rounding.
    eps, atol, rtol : float
        The step and the tolerances.
    raise_exception : bool
        Raise where they differ, rather than return False.

    Returns
    -------
    bool
        Whether all gradients agree.

    Raises
    ------
    TypeError, ValueError
        When no input requires a gradient, or one is not float64.
    RuntimeError
        Which output, input and element differ first, and the two numbers.

    Examples
    --------
    >>> import fastnn
    >>> x = fastnn.linspace(-1, 1, 5, dtype="float64", requires_grad=True)
    >>> fastnn.gradcheck(lambda x: (x * x).exp(), x)
    True
    """
    arguments = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    checked = [n for n, value in enumerate(arguments) if isinstance(value, Tensor) and value.requires_grad]
    if not checked:
        raise ValueError("gradcheck: expected at least one input that requires a gradient")
    for number in checked:
        if arguments[number].dtype != np.float64:
            raise TypeError(f"gradcheck: expected input {number} of float64, got {arguments[number].dtype}")
    variables = list(arguments)
    for number in checked:
        variables[number] = Tensor(arguments[number], requires_grad=True)

    def outputs(values: Sequence[Any]) -> list[Tensor]:
        with enable_grad():
            result = function(*values)
        return [result] if isinstance(result, Tensor) else list(result)

    def moved(number: int, at: tuple[int, ...], step: float) -> list[Any]:
        values = list(variables)
        array = np.array(variables[number].numpy())
        array[at] += step
        values[number] = Tensor(array, requires_grad=True)  # the function may ask for gradients itself
        return [np.array(output.numpy()) for output in outputs(values)]

    results = outputs(variables)
    asked = [variables[number] for number in checked]
    tables = [_gradients_of_elements(result, asked) for result in results]
    for place, number in enumerate(checked):
        for at in np.ndindex(variables[number].shape):
            pairs = zip(moved(number, at, eps), moved(number, at, -eps), strict=True)
            for output, (above, below) in enumerate(pairs):
                want = (above - below) / (2 * eps)
                got = tables[output][place][(..., *at)]
                wrong = ~(np.abs(got - want) <= atol + rtol * np.abs(want))
                if wrong.any():
                    if not raise_exception:
                        return False
                    where = tuple(int(i) for i in np.argwhere(wrong)[0])
                    raise RuntimeError(
                        f"gradcheck: the gradient of output {output} at {where} with respect to input {number} at {at} "
                        f"is {got[where]:.9g}, by finite differences {want[where]:.9g}"
                    )
    return True


def _gradients_of_elements(result: Tensor, inputs: Sequence[Tensor]) -> list[np.ndarray[Any, Any]]:
    """For each input the gradients of every element of the result: an array of the result's shape and the input's."""
    tables = [np.zeros((*result.shape, *x.shape)) for x in inputs]
    if result.requires_grad:
        for at in np.ndindex(result.shape):
            first = np.zeros(result.shape, result.dtype)
            first[at] = 1
            for table, gradient in zip(
                tables, grad(result, inputs, Tensor(first), retain_graph=True, allow_unused=True), strict=True
            ):
                if gradient is not None:
                    table[at] = gradient.numpy()
    return tables


# ---- functions with a backward of their own --------------------------------------------------------------------------


class FunctionContext:
    """What `forward` leaves for `backward`; attributes of any name may be set on it as well."""

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self._saved: tuple[Tensor | None, ...] = ()
        self._not_differentiable: tuple[Tensor, ...] = ()
        self._zeros = True

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        """Keep inputs or outputs of forward; backward notices when their values have been written since."""
        for tensor in tensors:
            if tensor is not None and not isinstance(tensor, Tensor):
                raise TypeError(f"save_for_backward: expected Tensors, got {type(tensor).__name__}")
        self._saved = tensors

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        """What save_for_backward was given."""
        return self._saved

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        """Say which outputs have no gradient, such as indices."""
        self._not_differentiable = tensors

    def set_materialize_grads(self, value: bool) -> None:
        """Whether backward gets zeros for outputs that nobody asked a gradient of, as it does by default, or None."""
        self._zeros = value


class Function:
    """An operation with a backward of its own: derive from it, write `forward` and `backward`, and call `apply`.

    Both are static methods. ``forward(ctx, *inputs)`` returns a Tensor or a tuple of Tensors; inside of it nothing is
    put on the tape. ``backward(ctx, *gradients)`` gets one gradient for each output and returns one, or None, for each
    input of forward. When it uses ops on tensors only, gradients of gradients work too; `once_differentiable` refuses
    them. The names are those of PyTorch's ``torch.autograd.Function``. In a step program the ops inside are recorded as
    any others.

    Examples
    --------
    >>> import fastnn
    >>> class Cube(fastnn.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x * x
    ...     @staticmethod
    ...     def backward(ctx, dy):
    ...         (x,) = ctx.saved_tensors
    ...         return dy * 3 * x * x
    >>> x = fastnn.Tensor([1.0, 2.0], requires_grad=True)
    >>> Cube.apply(x).sum().backward()
    >>> x.grad.tolist()
    [3.0, 12.0]
    """

    @staticmethod
    def forward(ctx: FunctionContext, *inputs: Any) -> Any:
        raise NotImplementedError("Function: expected a static method forward(ctx, *inputs)")

    @staticmethod
    def backward(ctx: FunctionContext, *gradients: Any) -> Any:
        raise NotImplementedError("Function: expected a static method backward(ctx, *gradients)")

    @classmethod
    def apply(cls, *inputs: Any) -> Any:
        """Call the function: a Tensor or a tuple of Tensors, on the tape when an input is."""
        needs = tuple(isinstance(value, Tensor) and value.requires_grad for value in inputs)
        ctx = FunctionContext(needs)
        with no_grad():
            returned = cls.forward(ctx, *inputs)
        several = isinstance(returned, (tuple, list))
        outputs = tuple(returned) if several else (returned,)
        for output in outputs:
            if not isinstance(output, Tensor):
                raise TypeError(f"{cls.__name__}: expected forward to return Tensors, got {type(output).__name__}")
        results = _put_on_tape(cls, ctx, inputs, outputs)
        return results if several else results[0]


def _put_on_tape(
    function: type[Function], ctx: FunctionContext, inputs: Sequence[Any], outputs: tuple[Tensor, ...]
) -> tuple[Tensor, ...]:
    tensors = [value if isinstance(value, Tensor) else None for value in inputs]
    for number, output in enumerate(outputs):
        if any(t is not None and output._array.shares_storage(t._array) for t in tensors):
            outputs = (*outputs[:number], copy(output.detach()), *outputs[number + 1 :])
    plain = [any(output is t for t in ctx._not_differentiable) or output.dtype.kind != "f" for output in outputs]
    tracked = [output for output, is_plain in zip(outputs, plain, strict=True) if not is_plain]
    # outputs that were saved are kept as places: as tensors they would hang on the node that keeps them
    places = [next((n for n, output in enumerate(tracked) if output is tensor), None) for tensor in ctx._saved]
    rule = partial(_function_gradient, function, ctx, plain, places)
    made = _results(
        function.__name__,
        [output._array for output in tracked],
        rule,
        tensors,
        tuple(
            tensor.detach() if place is not None else tensor
            for tensor, place in zip(ctx._saved, places, strict=True)
            if tensor is not None
        ),
        likes=[_shape_of(output) for output in tracked],
        shapes=[None if tensor is None else (tensor.shape, tensor.dtype) for tensor in tensors],
    )
    results = iter(made)
    return tuple(
        output.detach() if is_plain else next(results) for output, is_plain in zip(outputs, plain, strict=True)
    )


def _saved_tensors(node: Node, ctx: FunctionContext, places: Sequence[int | None]) -> tuple[Tensor | None, ...]:
    """What forward saved, outputs as tensors that hang on their node."""
    found = []
    for tensor, place in zip(ctx._saved, places, strict=True):
        if place is not None and tensor is not None:
            tensor = tensor.detach()
            tensor.requires_grad = True
            tensor._node = node if node.outputs == 1 else Output(node, place)
        found.append(tensor)
    return tuple(found)


def _function_gradient(
    function: type[Function],
    ctx: FunctionContext,
    plain: Sequence[bool],
    places: Sequence[int | None],
    node: Node,
    dy: Any,
    into: Sequence[Tensor | None],
) -> Sequence[Tensor | None]:
    given = iter(zip([dy] if node.outputs == 1 else dy, node.attributes["likes"], strict=True))
    gradients = []
    for is_plain in plain:
        gradient, like = (None, None) if is_plain else next(given)
        gradients.append(fill(like, 0.0) if gradient is None and like is not None and ctx._zeros else gradient)
    kept = ctx._saved
    ctx._saved = _saved_tensors(node, ctx, places)
    try:
        returned = function.backward(ctx, *gradients)
    finally:
        ctx._saved = kept
    found = list(returned) if isinstance(returned, (tuple, list)) else [returned]
    while len(found) > len(node.needs) and found[-1] is None:
        found.pop()
    if len(found) != len(node.needs):
        raise RuntimeError(
            f"{node.name}: expected backward to return {len(node.needs)} gradients, one for each input, got "
            f"{len(found)}"
        )
    for number, (gradient, shape) in enumerate(zip(found, node.attributes["shapes"], strict=True)):
        if gradient is None or not node.needs[number]:
            found[number] = None
        elif not isinstance(gradient, Tensor):
            raise TypeError(f"{node.name}: expected backward to return Tensors, got {type(gradient).__name__}")
        elif (gradient.shape, gradient.dtype) != shape:
            raise ValueError(
                f"{node.name}: expected the gradient of input {number} {shape[0]} of {shape[1]}, got {gradient.shape} "
                f"of {gradient.dtype}"
            )
    return found


def once_differentiable(backward: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator for a backward that leaves the tape (NumPy, say): a gradient of its gradient is refused.

    Write it below ``@staticmethod``.
    """

    @wraps(backward)
    def wrapper(ctx: FunctionContext, *gradients: Any) -> Any:
        with no_grad():
            returned = backward(ctx, *gradients)
        if not is_grad_enabled():
            return returned
        found = returned if isinstance(returned, (tuple, list)) else (returned,)
        name = "a function whose backward is once_differentiable"
        inputs = [t for t in (*gradients, *ctx.saved_tensors) if isinstance(t, Tensor)]
        refused = [
            None if gradient is None else _results(name, [gradient._array], _no_second_derivative(name), inputs)[0]
            for gradient in found
        ]
        return tuple(refused)

    return wrapper

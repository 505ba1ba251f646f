"""Einstein summation, lowered two operands at a time onto transposes, reshapes and matrix products."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from ..tensor import Tensor
from .elementwise import multiply
from .products import matmul
from .reductions import sum
from .shape import reshape, transpose

# A label is a letter, or a negative number for an axis that an ellipsis stands for, counted from its end.
Label = str | int


def einsum(equation: str, *operands: Tensor) -> Tensor:
    """Sum of products over the labelled axes of the operands, in NumPy's notation.

    Operands are taken two at a time, from the left; what both have and nobody needs later is summed by a matrix
    product.

    Parameters
    ----------
    equation : str
        A letter for each axis of each operand, with commas between the operands, then '->' and the result's axes:
        ``'bij,bjk->bik'``. An ellipsis stands for any axes, which broadcast. Without '->' the result has the
        ellipsis's axes, then the letters that appear once, in alphabetical order.
    *operands : Tensor

    Returns
    -------
    Tensor

    Raises
    ------
    ValueError
        The equation makes no sense or doesn't fit the operands. A letter may appear once in an operand: diagonals are
        not taken.

    Examples
    --------
    >>> import fastnn
    >>> x, weight = fastnn.ones(4, 2, 3), fastnn.ones(3, 5)
    >>> fastnn.functional.einsum('...ij,jk->...ik', x, weight).shape
    (4, 2, 5)
    """
    for operand in operands:
        if not isinstance(operand, Tensor):
            raise TypeError(f"einsum: expected operands to be Tensors, got {type(operand).__name__}")
    terms, output = _parse(equation, [operand.ndim for operand in operands])
    sizes = _sizes(terms, operands)
    absent = [label for label in output if label not in sizes]
    if absent:
        raise ValueError(f"einsum: expected letters of operands in the result, got {absent[0]!r} in {equation!r}")
    open_axis = output[0] if output else None
    squeezed = [_squeezed(x, term, sizes, open_axis) for x, term in zip(operands, terms, strict=True)]
    result, labels = squeezed[0]
    for index, (other, others) in enumerate(squeezed[1:], 1):
        needed = {*output, *(label for _, rest in squeezed[index + 1 :] for label in rest)}
        result, labels = _contract(result, labels, other, others, needed, open_axis)
    result, labels = _summed(result, labels, output)
    missing = [label for label in output if label not in labels]  # axes of size one that were left out
    if missing:
        result = _reshaped(result, [*missing, *labels], [1] * len(missing) + list(result.shape), open_axis)
        labels = [*missing, *labels]
    return _transposed(result, labels, output)


def _parse(equation: str, ranks: Sequence[int]) -> tuple[list[list[Label]], list[Label]]:
    """The labels of every operand and of the result."""
    if not isinstance(equation, str):
        raise TypeError(f"einsum: expected an equation such as 'ij,jk->ik', got {equation!r}")
    left, arrow, right = equation.replace(" ", "").partition("->")
    parts = left.split(",")
    if len(parts) != len(ranks):
        raise ValueError(f"einsum: expected {len(parts)} operands for {equation!r}, got {len(ranks)}")
    if not ranks:
        raise ValueError("einsum: expected at least one operand")
    terms = [_labels(part, equation, rank) for part, rank in zip(parts, ranks, strict=True)]
    letters = [label for term in terms for label in term if isinstance(label, str)]
    hidden = sorted({label for term in terms for label in term if isinstance(label, int)})
    if not arrow:
        return terms, [*hidden, *sorted(letter for letter in set(letters) if letters.count(letter) == 1)]
    return terms, _labels(right, equation, len(right.replace("...", "")) + len(hidden))


def _labels(part: str, equation: str, rank: int) -> list[Label]:
    before, dots, after = part.partition("...")
    letters = before + after
    if letters and not (letters.isascii() and letters.isalpha()):
        raise ValueError(f"einsum: expected letters, commas, '...' and '->', got {equation!r}")
    if len(set(letters)) < len(letters):
        raise ValueError(f"einsum: expected each letter once in {part!r}; diagonals are not available")
    hidden = rank - len(letters)
    if hidden < 0 or (hidden > 0 and not dots):
        raise ValueError(f"einsum: expected an operand with {len(letters)} axes for {part!r}, got {rank}")
    return [*before, *range(-hidden, 0), *after]


def _sizes(terms: Sequence[Sequence[Label]], operands: Sequence[Tensor]) -> dict[Label, int]:
    """The size of each label; an axis of size one broadcasts."""
    sizes: dict[Label, int] = {}
    for term, operand in zip(terms, operands, strict=True):
        for label, size in zip(term, operand.shape, strict=True):
            if sizes.setdefault(label, size) == 1:
                sizes[label] = size
            if size not in (1, sizes[label]):
                what = f"axis {label!r}" if isinstance(label, str) else "the axes of '...'"
                raise ValueError(f"einsum: expected one size for {what}, got {sizes[label]} and {size}")
    return sizes


def _squeezed(
    x: Tensor, labels: Sequence[Label], sizes: dict[Label, int], open_axis: Label | None
) -> tuple[Tensor, list[Label]]:
    """Leaves out axes of size one that stand for larger ones."""
    kept = [(label, size) for label, size in zip(labels, x.shape, strict=True) if size == sizes[label]]
    if len(kept) == len(labels):
        return x, list(labels)
    names = [label for label, _ in kept]
    return _reshaped(x, names, [size for _, size in kept], open_axis), names


def _contract(
    a: Tensor, of_a: list[Label], b: Tensor, of_b: list[Label], needed: Collection[Label], open_axis: Label | None
) -> tuple[Tensor, list[Label]]:
    a, of_a = _summed(a, of_a, {*needed, *of_b})
    b, of_b = _summed(b, of_b, {*needed, *of_a})
    shared = [label for label in of_a if label in of_b]
    batch = [label for label in shared if label in needed]
    inner = [label for label in shared if label not in needed]
    left = [label for label in of_a if label not in shared]
    right = [label for label in of_b if label not in shared]
    sizes = dict(zip([*of_a, *of_b], [*a.shape, *b.shape], strict=True))
    a = _transposed(a, of_a, [*batch, *left, *inner])
    b = _transposed(b, of_b, [*batch, *inner, *right])
    labels = [*batch, *left, *right]
    if inner:
        product = matmul(_merged(a, (batch, left, inner), open_axis), _merged(b, (batch, inner, right), open_axis))
        return _reshaped(product, labels, [sizes[label] for label in labels], open_axis), labels
    of_result = [[1 if label in others else sizes[label] for label in labels] for others in (right, left)]
    a, b = (_reshaped(x, labels, shape, open_axis) for x, shape in zip((a, b), of_result, strict=True))
    return multiply(a, b), labels


def _merged(x: Tensor, groups: tuple[list[Label], list[Label], list[Label]], open_axis: Label | None) -> Tensor:
    """x (batch..., rows..., columns...) as matrices (batch..., rows, columns)."""
    batch, rows, columns = groups
    if len(rows) == len(columns) == 1:
        return x
    first = len(batch)
    inner = x.shape[first : first + len(rows)], x.shape[first + len(rows) :]
    shape = [*x.shape[:first], *(math.prod(sizes) for sizes in inner)]
    is_open = [*(label == open_axis for label in batch), open_axis in rows, open_axis in columns]
    return reshape(x, _with_open(shape, is_open))


def _reshaped(x: Tensor, labels: Sequence[Label], shape: Sequence[int], open_axis: Label | None) -> Tensor:
    if tuple(shape) == x.shape:
        return x
    return reshape(
        x, _with_open(shape, [label == open_axis and size != 1 for label, size in zip(labels, shape, strict=True)])
    )


def _with_open(shape: Sequence[int], is_open: Sequence[bool]) -> list[int]:
    """The shape with -1 for the axis that the result begins with: a step program may come with another batch."""
    others = [size for size, hidden in zip(shape, is_open, strict=True) if not hidden]
    if 0 in others:
        return list(shape)
    return [-1 if hidden else size for size, hidden in zip(shape, is_open, strict=True)]


def _summed(x: Tensor, labels: Sequence[Label], needed: Collection[Label]) -> tuple[Tensor, list[Label]]:
    axes = [axis for axis, label in enumerate(labels) if label not in needed]
    if not axes:
        return x, list(labels)
    return sum(x, axes), [label for label in labels if label in needed]


def _transposed(x: Tensor, labels: Sequence[Label], wanted: Sequence[Label]) -> Tensor:
    order = [labels.index(label) for label in wanted]
    return x if order == sorted(order) else transpose(x, order)

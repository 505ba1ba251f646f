"""The walk over the tape: from results back to what they were computed of, in an iterative topological order.

A gradient that the walk owns is added to in place by the next rule (the accumulate flag of the op table), so a tensor
that is used T times costs one buffer. Asked for the gradients of some tensors only, the walk goes where they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from . import tensor as tape
from .grad_mode import GradMode
from .guard import lock_of_module
from .tensor import Edge, Node, Output, Tensor

__all__ = ["backward", "check_gradient", "edge_of", "gradients_of"]

_accumulating = lock_of_module()  # threads may add into the gradients of leaves that they share


class _Gradient:
    """A gradient on its way, and whether the walk may add into its buffer."""

    __slots__ = ("owned", "value")

    def __init__(self, value: Tensor, owned: bool) -> None:
        self.value = value
        self.owned = owned

    def settled(self) -> Tensor:
        # a gradient that somebody else holds too is copied, so that writing one leaves the other alone
        return self.value if self.owned else tape._operations.copy(self.value)


def edge_of(tensor: Tensor) -> Edge:
    """Where the gradient of a tensor goes."""
    return tensor if tensor._node is None else tensor._node


def check_gradient(who: str, root: Tensor, gradient: Tensor | None) -> Tensor:
    """The gradient to begin with at a tensor: the one given, or one."""
    if not root.requires_grad:
        raise RuntimeError(f"{who}: the tensor doesn't require a gradient and was not computed from one that does")
    if gradient is None:
        if root.size != 1:
            raise RuntimeError(
                f"{who}: expected a tensor with one element, or a gradient for its shape {root.shape}; "
                "sum it or take its mean first"
            )
        return tape._operations.fill(root, 1.0)
    if not isinstance(gradient, Tensor):
        raise TypeError(f"{who}: expected the gradient to be a Tensor, got {type(gradient).__name__}")
    if gradient.shape != root.shape:
        raise ValueError(f"{who}: expected a gradient of shape {root.shape}, got {gradient.shape}")
    if gradient.dtype != root.dtype:
        raise TypeError(f"{who}: expected a gradient of {root.dtype}, got {gradient.dtype}")
    return gradient


def backward(
    root: Tensor,
    gradient: Tensor | None,
    retain_graph: bool,
    create_graph: bool,
    inputs: Sequence[Tensor] | None = None,
) -> None:
    """See `Tensor.backward`."""
    with GradMode(create_graph):
        first = check_gradient("backward", root, gradient)
        if inputs is None:
            found = _walk([root], [first], None, retain_graph, create_graph)
            into = [(leaf, entry) for leaf, entry in found.items() if isinstance(leaf, Tensor)]
        else:
            found = _walk([root], [first], {edge_of(tensor) for tensor in inputs}, retain_graph, create_graph)
            into = [(tensor, found[edge_of(tensor)]) for tensor in inputs if edge_of(tensor) in found]
        with _accumulating:
            for leaf, entry in into:
                value = entry.settled()
                leaf.grad = value if leaf.grad is None else leaf.grad._plus(value)


def gradients_of(
    roots: Sequence[Tensor],
    firsts: Sequence[Tensor],
    inputs: Sequence[Tensor],
    retain_graph: bool,
    create_graph: bool,
) -> list[Tensor | None]:
    """The gradients of some tensors, None for one that the roots don't depend on; leaves every `grad` alone."""
    with GradMode(create_graph):
        found = _walk(roots, firsts, {edge_of(tensor) for tensor in inputs}, retain_graph, create_graph)
        return [found[edge_of(t)].settled() if edge_of(t) in found else None for t in inputs]


def _node_of(edge: Edge | None) -> Node | None:
    if isinstance(edge, Output):
        return edge.node
    return edge if isinstance(edge, Node) else None


def _nodes_to_run(starts: Iterable[Node], wanted: set[Edge] | None) -> dict[Node, int]:
    """The nodes whose rules lead to what is wanted, or all of them, and how many edges of these lead into each."""
    runs: dict[Node, int] = {}
    visited: set[Node] = set()
    for start in starts:
        if start in visited:
            continue
        visited.add(start)
        path = [(start, iter(start.edges))]
        while path:
            node, edges = path[-1]
            for edge in edges:
                before = _node_of(edge)
                if before is not None and before not in visited:
                    visited.add(before)
                    path.append((before, iter(before.edges)))
                    break
            else:
                path.pop()
                if wanted is None or any(edge in wanted or _node_of(edge) in runs for edge in node.edges):
                    runs[node] = 0
                elif node.rule is None and {node} != {_node_of(edge) for edge in wanted}:
                    runs[node] = 0  # freed: it may have led to what is wanted, so its check shall say that
    for node in runs:
        for edge in node.edges:
            before = _node_of(edge)
            if before is not None and before in runs:
                runs[before] += 1
    return runs


def _walk(
    roots: Sequence[Tensor],
    firsts: Sequence[Tensor],
    wanted: set[Edge] | None,
    retain_graph: bool,
    create_graph: bool,
) -> dict[Edge, _Gradient]:
    """Run the rules from the roots on; gives the gradients of the leaves, or of what is wanted."""
    gradients: dict[Edge, _Gradient] = {}
    found: dict[Edge, _Gradient] = {}
    for root, first in zip(roots, firsts, strict=True):
        _add(gradients, edge_of(root), first, [first], create_graph)
    starts = dict.fromkeys(node for node in map(_node_of, gradients) if node is not None)
    waiting = _nodes_to_run(starts, wanted)
    for node in reversed(waiting):  # from the roots on
        node.check()
    ready = [node for node in starts if waiting.get(node) == 0]
    while ready:
        node = ready.pop()
        edges = node.edges
        given = _taken(node, gradients, wanted, found)
        if given is not None:
            into: list[Tensor | None] = []
            for edge in edges:
                target = None if edge is None else gradients.get(edge)
                into.append(target.value if target is not None and target.owned and not create_graph else None)
            assert node.rule is not None
            results = node.rule(node, given[0] if node.outputs == 1 else given, into)
            for edge, buffer, value in zip(edges, into, results, strict=True):
                if edge is None or value is None or value is buffer:
                    continue
                if wanted is None or edge in wanted or _node_of(edge) in waiting:
                    _add(gradients, edge, value, given, create_graph)
        if not retain_graph:
            node.free()
        for edge in edges:
            before = _node_of(edge)
            if before is not None and before in waiting:
                waiting[before] -= 1
                if waiting[before] == 0:
                    ready.append(before)
    for edge, entry in gradients.items():
        if wanted is None or edge in wanted:
            found[edge] = _hooked(edge, entry)
    return found


def _taken(
    node: Node, gradients: dict[Edge, _Gradient], wanted: set[Edge] | None, found: dict[Edge, _Gradient]
) -> list[Tensor | None] | None:
    """The gradients of a node's results, out of those on their way; None when no result has one."""
    results: list[Tensor | None] = []
    for number in range(node.outputs):
        edge: Edge = node if node.outputs == 1 else Output(node, number)
        entry = gradients.pop(edge, None)
        if entry is None:
            results.append(None)
            continue
        if node.hooks is not None:
            entry = _hooked(edge, entry)
        if wanted is not None and edge in wanted:
            found[edge] = entry
        results.append(entry.value)
    return None if all(result is None for result in results) else results


def _hooked(edge: Edge, entry: _Gradient) -> _Gradient:
    """A gradient after the hooks that were put on its tensor."""
    if isinstance(edge, Output):
        hooks = [hook for hook in edge.node.hooks or () if hook.number == edge.number]
    elif isinstance(edge, Node):
        hooks = edge.hooks or []
    else:
        hooks = [] if edge._links is None else edge._links.hooks or []
    for hook in sorted(hooks, key=lambda hook: hook.last):
        result = hook.function(entry.value)
        if result is None:
            continue
        if not isinstance(result, Tensor) or (result.shape, result.dtype) != (entry.value.shape, entry.value.dtype):
            got = f"{result.dtype} {result.shape}" if isinstance(result, Tensor) else type(result).__name__
            raise TypeError(
                f"register_hook: expected the hook to return None or a Tensor of {entry.value.dtype} "
                f"{entry.value.shape}, got {got}"
            )
        entry = _Gradient(result, False)
    return entry


def _add(
    gradients: dict[Edge, _Gradient], edge: Edge, value: Tensor, given: Sequence[Tensor | None], create_graph: bool
) -> None:
    # what a rule passes through (dy, or a view of it) may be somebody else's as well; ops add into whole buffers only
    owned = value._is_whole() and not any(dy is not None and value._shares_memory(dy) for dy in given)
    held = gradients.get(edge)
    if held is None:
        gradients[edge] = _Gradient(value, owned)
    elif held.owned and not create_graph:
        tape._operations.copy(value, into=held.value)
    elif owned and not create_graph:
        tape._operations.copy(held.value, into=value)
        gradients[edge] = _Gradient(value, True)
    else:
        gradients[edge] = _Gradient(tape._operations.add(held.value, value), True)

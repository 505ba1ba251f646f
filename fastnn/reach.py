"""What a function can read besides its arguments, and whether it is what it was.

The tensors and cells that follow.py finds are what a program may read and write. The Python values on the way to them,
and others that the function names, are watched: a program is good as long as they are the same ones. What can't be
watched is a reason not to record. Tensors that are not found can't be recorded either, because ops refuse arrays that
nobody has registered.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import _core, random
from .follow import Names, Walk
from .layers.base.structure import Watch
from .places import MISSING, Place, mark
from .tensor import hook_changes

__all__ = ["Reach"]


class Reach:
    """What can be reached from some roots.

    Parameters
    ----------
    roots : mapping from name to object
        Functions, layers, optimizers, metrics, tensors, objects of any kind, and lists and dictionaries of them.
    phases : bool, default True
        Whether to look at what follows from the steps that optimizers have taken; not where a key holds it.

    Attributes
    ----------
    tensors, scalars : dict
        By name, such as "generator.0.kernel".
    variables : list of Tensor
        Those that require a gradient; `gradients` tells which have one.
    unwatched : str or None
        What the function reads that can't be watched.
    """

    def __init__(self, roots: Mapping[str, Any], phases: bool = True) -> None:
        self.stale = False
        names = Names()
        while True:
            known = names.count()
            walk = Walk(names, self)
            for name, value in roots.items():
                walk.visit(name, value)
            if names.count() == known:
                break
        walk.finish()
        walk.watch("the generator of random numbers", [(vars(random), "_default")])
        self.tensors, self.scalars, self.unwatched = walk.tensors, walk.scalars, walk.unwatched
        self._places, self._nodes, self._contents = walk.places, walk.nodes, walk.contents
        self._where, self._were, self._read = walk.where, walk.were, walk.read
        self._draws, self._phases = walk.draws, walk.phases if phases else []
        containers = walk.containers
        self._watch = Watch(lambda: containers)
        self._trained = [tensor.requires_grad for tensor in self.tensors.values()]
        self.variables = [tensor for tensor in self.tensors.values() if tensor.requires_grad]
        self._with_gradient = [variable for variable in self.variables if variable.grad is not None]
        self.gradients = tuple(variable.grad is not None for variable in self.variables)  # there before a run
        self._where += [(variable, "grad") for variable in self.variables if variable.grad is None]
        self._were += [None] * self.gradients.count(False)
        self._where.append((hook_changes, "count"))
        self._were.append(hook_changes["count"])
        marks = [mark(value) for place in (*self._places, *self._nodes, *self._contents) for value in place.before]
        arrays = [(id(tensor._array), tensor.requires_grad) for tensor in self.tensors.values()]
        items = [mark(item) for item in self._watch._before]
        self.signature = (tuple(marks), tuple(arrays), tuple(items))
        self.phase = self._phase()  # what the function itself is meant to change, such as an optimizer's count

    def _phase(self) -> tuple[Any, ...]:
        return tuple(read() for read in self._phases)

    def changed(self) -> bool:
        """Whether something may be another one now. Called before each step, so it looks no further than needed."""
        try:
            return (
                self.stale
                or _core.differ(self._where, self._were, MISSING)
                or any(place.changed() for place in self._read)
                or any(place.others() for place in self._contents)
                or self._trained != [tensor.requires_grad for tensor in self.tensors.values()]
                or any(variable.grad is None for variable in self._with_gradient)
                or self._watch.changed()
                or self.phase != self._phase()
            )
        except Exception:  # of an object's own code, which did not raise when it was found
            return True

    def difference(self, later: Reach) -> str | None:
        """What a function has changed in Python between two looks; None when it only made weights and state.

        A layer makes weights on its first call, an optimizer its moments in its first step.
        """
        for place in (*self._places, *self._nodes):
            name = place.difference()
            made = (len(place.before) == 1 and place.before[0] is None) or (name or "").endswith(
                ".built"
            )  # the generator, a layer without weights
            if name is not None and not made:
                return name
        for place in self._contents:
            if place.others():
                return place.names[0]
        if self._watch.changed() and len(self.tensors) == len(later.tensors):
            return "a list or dictionary"
        return None

    def objection(self, later: Reach, draws: Mapping[str, str]) -> str | None:
        """Why what ran between two looks, with draws as they were at the first, can't be replayed."""
        if self.unwatched is not None:
            return f"it reads {self.unwatched}"
        drawn = next((name for name, state in self.draws().items() if draws[name] != state), None)
        if drawn is not None:
            return f"it draws numbers from {drawn}, which a replay would not repeat"
        change = self.difference(later)
        return None if change is None else self.told(change)

    def told(self, change: str) -> str:
        """What to say of a change, which `difference` has named, and what to do about it."""
        said = f"it changes {change}, which a replay would not repeat"
        places = (place for place in (*self._places, *self._nodes) if change in place.names)
        before = next((dict(zip(place.names, place.before, strict=False)).get(change) for place in places), None)
        if type(before) not in (int, float):
            return said
        name = change.rpartition(".")[2]
        return f"{said}; a Tensor is: begin with {name} = fastnn.zeros(()), and here count with {name}.add_(1)"

    def names(self, name: str) -> bool:
        """Whether something that is watched has a name, or is an item of what has it."""
        places: tuple[Place, ...] = (*self._places, *self._nodes, *self._contents)
        found = {*self._draws, *(known for place in places for known in place.names)}
        return name in found or any(known.startswith(f"{name}[") for known in found)

    def draws(self) -> dict[str, str]:
        """How far generators of random numbers that are not fastnn's have been drawn from."""
        return {name: repr(read()) for name, read in self._draws.items()}

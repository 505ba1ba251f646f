"""Different optimizers for different variables: a map from their names, and the optimizer that hands them out."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, MutableMapping, Sequence
from typing import Any, Self, cast

from .. import _config, _core, program
from .._config import Configurable
from ..tensor import Tensor
from .base import Optimizer
from .cells import Rate
from .state import Kept

__all__ = ["MultiOptimizer", "OptimizerMap"]


class OptimizerMap(MutableMapping[str, Optimizer], Configurable):
    """Optimizers by the names of the variables that they train; of the others, a default.

    Parameters
    ----------
    default_optimizer : Optimizer
    optimizer_map : dict, optional
        From names of variables, such as "dense/kernel", or regular expressions that match whole names, "dense/.*".
    """

    def __init__(self, default_optimizer: Optimizer, optimizer_map: dict[str, Optimizer] | None = None) -> None:
        if not isinstance(cast("object", default_optimizer), Optimizer):
            raise TypeError(f"OptimizerMap: expected default_optimizer to be an Optimizer, got {default_optimizer!r}")
        if optimizer_map is not None and not isinstance(cast("object", optimizer_map), dict):
            raise TypeError(f"OptimizerMap: expected optimizer_map to be a dictionary, got {optimizer_map!r}")
        self._default_optimizer = default_optimizer
        self._optimizer_map: dict[str, Optimizer] = {}
        self.update(optimizer_map or {})

    @property
    def default_optimizer(self) -> Optimizer:
        """For what no key matches."""
        return self._default_optimizer

    def __getitem__(self, key: str) -> Optimizer:
        """The optimizer of a name: that of an equal key, of the only one that matches, or the default.

        Raises
        ------
        ValueError
            Several keys match.
        """
        if key in self._optimizer_map:
            return self._optimizer_map[key]
        matching = [pattern for pattern in self._optimizer_map if re.fullmatch(pattern, key)]
        if len(matching) > 1:
            raise ValueError(f"OptimizerMap: expected one key that matches {key}, got {', '.join(map(repr, matching))}")
        return self._optimizer_map[matching[0]] if matching else self._default_optimizer

    def __setitem__(self, key: str, optimizer: Optimizer) -> None:
        if not isinstance(cast("object", key), str):
            raise ValueError(f"OptimizerMap: expected keys to be strings, got {key!r}")
        if key in self._optimizer_map:
            raise ValueError(f"OptimizerMap: expected a new key, got {key!r} again")
        self._optimizer_map[key] = _single("OptimizerMap", f"the optimizer of {key!r}", optimizer)

    def __delitem__(self, key: str) -> None:
        del self._optimizer_map[key]

    def __len__(self) -> int:
        return len(self._optimizer_map)

    def __iter__(self) -> Iterator[str]:
        return iter(self._optimizer_map)

    def __call__(self, variable: Tensor) -> Optimizer:
        """The optimizer of a variable."""
        return self[variable.path or ""]

    def _with(self, parts: Mapping[int, Optimizer]) -> Self:
        """A copy with other optimizers in the places of those with the ids that are given."""
        copied = copy.copy(self)
        copied._default_optimizer = parts[id(self._default_optimizer)]
        copied._optimizer_map = {key: parts[id(part)] for key, part in self._optimizer_map.items()}
        return copied

    def get_config(self) -> dict[str, Any]:
        optimizers = {key: _config.serialize(optimizer) for key, optimizer in self._optimizer_map.items()}
        return {"default_optimizer": _config.serialize(self._default_optimizer), "optimizer_map": optimizers}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        from . import deserialize

        optimizers = {key: deserialize(item, custom_objects) for key, item in config["optimizer_map"].items()}
        return cls(deserialize(config["default_optimizer"], custom_objects), optimizers)


class MultiOptimizer(Optimizer):
    """Several optimizers, each of which trains the variables that are its own; each clips and averages by itself.

    Parameters
    ----------
    optimizer_map : OptimizerMap or function(variable)
        Gives the optimizer of a variable. A function can't be saved.
    loss_scale_factor : None
        As `Optimizer`.
    name : str, optional
    """

    def __init__(
        self,
        optimizer_map: OptimizerMap | Callable[[Tensor], Optimizer],
        loss_scale_factor: float | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(0.0, loss_scale_factor=loss_scale_factor, name=name)
        if not callable(cast("object", optimizer_map)):
            raise TypeError(f"{self.name}: expected an OptimizerMap or a function of a variable, got {optimizer_map!r}")
        self._optimizer_map = optimizer_map
        self._parts: list[Optimizer] = []
        self._chosen: dict[int, Optimizer] = {}  # by the ids of variables
        if isinstance(optimizer_map, OptimizerMap):
            for part in (*optimizer_map.values(), optimizer_map.default_optimizer):
                self._add_part(part)

    _grown = Optimizer._grown | {"_chosen", "_parts"}

    def _optimizers_within(self) -> list[Any]:
        return self._parts

    @property
    def optimizers(self) -> list[Optimizer]:
        """The optimizers; of a function, those that it has given."""
        return list(self._parts)

    @property
    def learning_rate(self) -> Rate:
        """Each of the `optimizers` has its own."""
        raise AttributeError(f"{self.name}: a learning_rate is that of one of its optimizers")

    @learning_rate.setter
    def learning_rate(self, value: Any) -> None:
        raise AttributeError(f"{self.name}: a learning_rate is that of one of its optimizers")

    @property
    def variables(self) -> list[Any]:
        return [self.iterations, *(slot for part in self._parts for slot in part.variables)]

    def _part_of(self, variable: Tensor) -> Optimizer:
        return self._chosen[id(variable)]

    def _forget(self) -> None:
        for optimizer in self._parts:
            optimizer._forget()
        super()._forget()

    def build(self, var_list: Iterable[Tensor]) -> None:
        chosen = list(var_list)
        self._choose(chosen)
        for variable in chosen:
            self._part_of(variable).build([variable])
            self._slots.setdefault(id(variable), (variable, {}))

    def _choose(self, variables: Iterable[Tensor]) -> None:
        for variable in variables:
            if id(variable) in self._chosen:
                continue
            if self._waiting:
                kept = self._take_waiting(variable)
                self._chosen[id(variable)] = self._parts[kept.part]
            else:
                self._chosen[id(variable)] = self._add_part(self._optimizer_map(variable))

    def _add_part(self, optimizer: Optimizer) -> Optimizer:
        part = _single(self.name, "the optimizer of a variable", optimizer)
        if not any(part is other for other in self._parts):
            self._parts.append(part)
        return part

    def apply(self, grads: Sequence[Tensor | None], trainable_variables: Sequence[Tensor] | None = None) -> None:
        pairs = self._pairs(grads, trainable_variables)
        self.build(variable for _, variable in pairs)
        for part in self._parts:
            own = [pair for pair in pairs if self._part_of(pair[1]) is part]
            if own:
                part.apply_gradients(own)
        program.advance(self._count)

    def exclude_from_weight_decay(
        self, var_list: Iterable[Tensor] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        listed, names = list(var_list or ()), list(var_names or ())
        super().exclude_from_weight_decay(listed, names)
        for part in self._parts:
            part.exclude_from_weight_decay(listed, names)

    def finalize_variable_values(self, var_list: Iterable[Tensor]) -> None:
        for variable in var_list:
            if id(variable) in self._chosen:
                self._part_of(variable).finalize_variable_values([variable])

    def scalars(self) -> dict[str, tuple[_core.Scalar, int]]:
        found = super().scalars()
        for index, part in enumerate(self._parts):
            if part._slots:
                cells = part.scalars().items()  # counted when the part takes a step
                found |= {f"optimizers.{index}.{name}": (cell, 0) for name, (cell, _) in cells}
        return found

    def _slots_of(self, variable: Tensor) -> dict[str, Tensor]:
        part = self._chosen.get(id(variable))
        return {} if part is None else part._slots_of(variable)

    def _copied_state(self) -> dict[str, Any]:
        if not isinstance(self._optimizer_map, OptimizerMap):
            raise TypeError(
                f"{self.name}: can't be copied: expected an OptimizerMap, since a function of your own would give the "
                "optimizers of the original"
            )
        parts = {id(part): _copied(part) for part in self._parts}
        copies = {"_parts": list(parts.values()), "_optimizer_map": self._optimizer_map._with(parts), "_chosen": {}}
        return {**super()._copied_state(), **copies}

    def _kept_state(self, among: Container[int] | None = None) -> list[Kept]:
        numbers = {id(part): number for number, part in enumerate(self._parts)}
        kept = super()._kept_state(among)
        found = [numbers[id(self._chosen[key])] for key in self._slots if among is None or key in among]
        return [*(one._replace(part=part) for one, part in zip(kept, found, strict=False)), *kept[len(found) :]]

    def _rename_waiting(self, paths: Sequence[str | None]) -> None:
        parts = [kept.part for kept in self._waiting]
        super()._rename_waiting(paths)
        for number, part in enumerate(self._parts):
            part._rename_waiting([path for path, own in zip(paths, parts, strict=False) if own == number])

    def _kept_for(self, among: Container[int]) -> Self:
        copied = super()._kept_for(among)
        for copy_of_part, part in zip(copied._parts, self._parts, strict=True):
            copy_of_part._waiting = part._kept_state(among)
        return copied

    def _key(self) -> tuple[Any, ...]:
        return (type(self).__name__, *(part._key() for part in self._parts))

    def _phase(self) -> tuple[Any, ...]:
        return tuple(part._phase() for part in self._parts)

    @property
    def _varies(self) -> bool:
        return any(part._varies for part in self._parts)

    def get_config(self) -> dict[str, Any]:
        if not isinstance(self._optimizer_map, OptimizerMap):
            raise ValueError(
                f"{self.name}: a function of your own chooses optimizers, which a configuration can't hold"
            )
        return {"optimizer_map": _config.serialize(self._optimizer_map), "loss_scale_factor": None, "name": self.name}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        optimizers = _config.deserialize(
            "optimizer map", config["optimizer_map"], {"OptimizerMap": OptimizerMap}, custom_objects
        )
        return cls(**{**config, "optimizer_map": optimizers})


def _copied(part: Optimizer) -> Optimizer:
    """A copy of one of several optimizers; those not to decay may be variables of the others."""
    made = type(part).__new__(type(part))
    made.__setstate__(copy.deepcopy(part._copied_state()))
    return made


def _single(where: str, what: str, optimizer: Any) -> Optimizer:
    """An optimizer that isn't made of others."""
    if not isinstance(optimizer, Optimizer) or isinstance(optimizer, MultiOptimizer):
        raise ValueError(f"{where}: expected {what} to be an Optimizer, and no MultiOptimizer, got {optimizer!r}")
    return optimizer

"""Optimizers without an op of their own: their steps are made of the tape's ops and of other optimizers' ops.

What a step takes from the number of steps so far is computed by Python and read from cells when programs run.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

from .. import _core, program
from .. import functional as F
from ..tensor import Tensor, no_grad
from .base import Optimizer

__all__ = ["Composed"]


class Composed(Optimizer):
    """Base of the optimizers whose steps consist of several ops; clips and lets weights decay as the ops do."""

    @abstractmethod
    def _descend(self, gradients: Sequence[Tensor], variables: Sequence[Tensor]) -> None:
        """One step down clipped gradients; the variables have decayed."""

    def _own_cells(self) -> dict[str, _core.Scalar]:
        """The numbers that a step reads besides rate and count; `_set_cells` sets them."""
        return {}

    @property
    def _varies(self) -> bool:
        return bool(self._own_cells()) or super()._varies

    def scalars(self) -> dict[str, tuple[_core.Scalar, int]]:
        return {**super().scalars(), **{f"optimizer.{name}": (cell, 0) for name, cell in self._own_cells().items()}}

    def _step(self, pairs: Sequence[tuple[Tensor, Tensor]]) -> None:
        variables = [variable for _, variable in pairs]
        with no_grad():
            gradients = self._clipped([gradient for gradient, _ in pairs])
            self._decay_all(variables)
            self._descend(gradients, variables)

    def _decay_all(self, variables: Sequence[Tensor]) -> None:
        self._decay([variable for variable in variables if self._decays(variable)], self.weight_decay)

    def _clipped(self, gradients: Sequence[Tensor]) -> list[Tensor]:
        if self.clipvalue:
            return [F.clip(gradient, -self.clipvalue, self.clipvalue) for gradient in gradients]
        if self.clipnorm:
            return [_scaled_down(gradient, _squares(gradient), self.clipnorm) for gradient in gradients]
        if self.global_clipnorm:
            total = _squares(gradients[0])
            for gradient in gradients[1:]:
                total = total + _squares(gradient)
            return [_scaled_down(gradient, total, self.global_clipnorm) for gradient in gradients]
        return list(gradients)


def move(values: Sequence[Tensor], changes: Sequence[Tensor], share: _core.Scalar) -> None:
    """Take the share of each change off each value, in place."""
    program.update("sgd_update", values, changes, [], [], learning_rate=share)


def _squares(x: Tensor) -> Tensor:
    """The sum of the squares of all elements."""
    return F.sum(F.multiply(x, x))


def _scaled_down(gradient: Tensor, squares: Tensor, norm: float) -> Tensor:
    """A gradient, made smaller when the root of the squares is above a norm."""
    return F.multiply(gradient, F.divide(norm, F.maximum(F.sqrt(squares), norm)))

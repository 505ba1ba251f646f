"""Bidirectional: a recurrent layer that reads sequences from both ends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from .. import functional as F
from .._config import config_of, configured
from ..tensor import Tensor
from .base import Layer, Shape
from .base.serialization import deserialize, serialize

__all__ = ["Bidirectional"]


_MERGE_MODES = ("concat", "sum", "mul", "ave", None)


class Bidirectional(Layer):
    """A recurrent layer over a sequence in both directions (Schuster and Paliwal 1997).

    Parameters
    ----------
    layer : RNN, LSTM, GRU, SimpleRNN, or a layer with their arguments
        The wrapper makes a new one like it, for the weights of its own.
    merge_mode : {"concat", "sum", "mul", "ave", None}, default "concat"
        How the two results become one; None gives both.
    backward_layer : layer, optional
        For the other direction, with another go_backwards; like `layer` when not given.

    Notes
    -----
    With return_sequences the results of the other direction are turned round, and steps that a mask leaves out are
    zeros. Initial states are the forward layer's, then the backward layer's; so are the states that return_state adds.
    """

    supports_masking = True
    _streams = "it reads sequences from the end too; use the layer inside it alone"

    def __init__(
        self, layer: Any, merge_mode: str | None = "concat", backward_layer: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        for given in (layer,) if backward_layer is None else (layer, backward_layer):
            if not isinstance(given, Layer) or not hasattr(given, "go_backwards"):
                raise ValueError(f"Bidirectional: expected a recurrent layer, got {given!r}")
        if merge_mode not in _MERGE_MODES:
            raise ValueError(
                f"Bidirectional: expected merge_mode {', '.join(map(str, _MERGE_MODES))}, got {merge_mode!r}"
            )
        name = layer.name.removeprefix("forward_")
        self.merge_mode = merge_mode
        self.forward_layer: Any = _copied(layer, name=f"forward_{name}")
        if backward_layer is None:
            turned = not layer.go_backwards
            self.backward_layer: Any = _copied(layer, name=f"backward_{name}", go_backwards=turned)
        else:
            self.backward_layer = backward_layer
        if self.forward_layer.go_backwards == self.backward_layer.go_backwards:
            raise ValueError("Bidirectional: expected layers of different go_backwards")
        for attribute in ("stateful", "return_sequences", "return_state"):
            ours, theirs = (getattr(one, attribute) for one in (self.forward_layer, self.backward_layer))
            if ours != theirs:
                raise ValueError(f"Bidirectional: expected layers of one {attribute}, got {ours} and {theirs}")
        for one in (self.forward_layer, self.backward_layer):
            one.zero_output_for_mask = one.return_sequences

    @property
    def return_sequences(self) -> bool:
        """Whether the result has all steps."""
        return bool(self.forward_layer.return_sequences)

    @property
    def return_state(self) -> bool:
        """Whether the states follow the result."""
        return bool(self.forward_layer.return_state)

    def build(self, input_shape: Shape) -> None:
        self.forward_layer._build(input_shape)
        self.backward_layer._build(input_shape)

    def check_input(self, shape: Shape) -> None:
        self.forward_layer.check_input(shape)

    def call(
        self, inputs: Tensor, initial_state: Any = None, mask: Tensor | None = None, training: bool = False
    ) -> Any:
        half = 0 if initial_state is None else len(initial_state) // 2
        first, second = (None, None) if initial_state is None else (initial_state[:half], initial_state[half:])
        y = self.forward_layer(inputs, initial_state=first, mask=mask, training=training)
        back = self.backward_layer(inputs, initial_state=second, mask=mask, training=training)
        states: tuple[Tensor, ...] = ()
        if self.return_state:
            states = (*y[1:], *back[1:])
            y, back = y[0], back[0]
        if self.return_sequences:
            back = back[:, ::-1]
        result = self._merged(y, back)
        if self.return_state:
            return (*result, *states) if self.merge_mode is None else (result, *states)
        return result

    def _merged(self, y: Tensor, back: Tensor) -> Any:
        match self.merge_mode:
            case "concat":
                return F.concatenate([y, back], axis=-1)
            case "sum":
                return F.add(y, back)
            case "ave":
                return F.divide(F.add(y, back), 2.0)
            case "mul":
                return F.multiply(y, back)
        return y, back

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        own = previous_mask if self.return_sequences else None
        if self.merge_mode is None:
            return [own, own]
        return [own] if self.return_state else own

    def compute_output_shape(self, input_shape: Shape) -> Any:
        shape = self.forward_layer.compute_output_shape(input_shape)
        shape, states = (shape[0], shape[1:]) if self.return_state else (shape, ())
        if self.merge_mode == "concat":
            shape = (*shape[:-1], 2 * shape[-1])
        shapes = (shape, shape) if self.merge_mode is None else (shape,)
        found = (*shapes, *states, *states)
        return found if len(found) > 1 else shape

    def reset_state(self) -> None:
        """Start the next batch from zeros, in both directions."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state

    def get_config(self) -> dict[str, Any]:
        layers = {"layer": serialize(self.forward_layer), "backward_layer": serialize(self.backward_layer)}
        return {**super().get_config(), "merge_mode": self.merge_mode, **layers}

    @classmethod
    def from_config(cls, config: Mapping[str, Any], custom_objects: Mapping[str, type[Layer]] | None = None) -> Self:
        inner = {key: deserialize(config[key], custom_objects) for key in ("layer", "backward_layer")}
        return cls(**{**config, **inner})


def _copied(layer: Any, **changes: Any) -> Any:
    """A new layer of the same configuration, but for some entries."""
    config = {**config_of(layer), **changes}
    config.pop("input_shape", None)
    return configured(type(layer), config, {type(part).__name__: type(part) for part in layer._layers_below()})

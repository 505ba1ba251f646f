"""How layers take a sequence that comes step by step: what `Model.stream` asks of each of them.

A step goes through the layers as a sequence of length one, (batch, 1, ...), so that a layer that treats every step by
itself is simply called. What a layer has to know of earlier steps, it keeps as states.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from ... import activations
from ...tensor import Tensor
from .calls import mask_of, shape_of

__all__ = ["JOINS_STEPS", "LOOKS_AT_ALL", "Streamed"]

JOINS_STEPS = "it puts steps together; wrap it in TimeDistributed to apply it to every step by itself"
LOOKS_AT_ALL = "it looks at all steps; causal convolutions and recurrent layers keep what they need of them"
_UNKNOWN = "its call may look at other steps; define stream_states, and stream_step if it looks at earlier ones"
_MAY_MIX = (
    "its activation is a function of your own, which may look at other steps; put it behind the layer, in "
    "TimeDistributed(Activation(function))"
)
_HOOKS = ("stream_states", "stream_step")


class Streamed:
    """The part of a layer that `Model.stream` sees."""

    name: str
    # of the class that defines call: whether it treats every step of a sequence by itself, or why it can't be streamed
    _streams: ClassVar[bool | str] = ""

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own = vars(cls)
        if "call" in own:  # how the parent's call can be streamed says nothing about this one
            if "_streams" not in own:
                cls._streams = ""
            for hook in _HOOKS:
                if hook not in own:
                    setattr(cls, hook, vars(Streamed)[hook])

    def __call__(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError

    def stream_states(self, input_shape: tuple[int | None, ...]) -> dict[str, Any]:
        """What the layer keeps from step to step of a sequence, as it is before the first: a hook for `Model.stream`.

        A layer with a `call` of its own defines it: as ``return {}`` when every step is treated by itself; when earlier
        steps matter, with arrays, and `stream_step` besides.

        Parameters
        ----------
        input_shape : tuple
            (batch, steps or None, ...).

        Returns
        -------
        dict from str to ndarray or to such a dictionary
            For example ``{"last": np.zeros((input_shape[0], 1, 8), np.float32)}``; of layers inside, their own.

        Raises
        ------
        ValueError
            Results depend on later steps.
        """
        if self._streams is not True:
            raise self._not_streamed(self._streams or _UNKNOWN)
        self._check_activation()
        return {}

    def stream_step(self, inputs: Tensor, states: Mapping[str, Any]) -> tuple[Tensor, Mapping[str, Any]]:
        """The result of one step of a sequence, and the states behind it: a hook for `Model.stream`.

        Parameters
        ----------
        inputs : Tensor, (batch, 1, ...)
        states : dict from str to Tensor or to such a dictionary
            What the step before returned; before the first step what `stream_states` did.

        Returns
        -------
        result : Tensor, (batch, 1, ...)
        states : dict like states
            Of the same shapes and dtypes.
        """
        return self(inputs), states

    def _advance(self, inputs: Any, states: Mapping[str, Any]) -> tuple[Tensor, Mapping[str, Any]]:
        """`stream_step`, with what a call of the layer does besides: masks, and notes on errors."""
        if type(self).stream_step is Streamed.stream_step:
            return self.stream_step(inputs, states)
        carried = mask_of(inputs)
        try:
            result, after = self.stream_step(inputs, states)
        except (ValueError, TypeError, IndexError) as error:
            error.add_note(f"in layer {self.name}, in a step of {shape_of(inputs)}")
            raise
        self._hand_on_mask(inputs, carried, result)
        return result, after

    def _layers_below(self) -> list[Any]:
        raise NotImplementedError

    def _check_stateless(self) -> None:
        """Refuse to be called with every step as a whole input: calls would hand on states to each other."""
        for layer in self._layers_below():
            if layer.stateful:
                raise ValueError(f"{layer.name}: expected stateful=False in stream here, got True")

    def _check_activation(self) -> None:
        """Refuse an activation that may mix the steps that it is called with."""
        if not activations.treats_rows_alike(getattr(self, "activation", None)):
            raise self._not_streamed(_MAY_MIX)

    def _hand_on_mask(self, inputs: Any, carried: Any, result: Any) -> None:
        """Let a result carry the mask that belongs to it."""
        raise NotImplementedError

    def _ends_sequence(self) -> bool:
        """Whether the result is one for the whole sequence so far, (batch, ...), and not one for each step."""
        return False

    def _not_streamed(self, why: str) -> ValueError:
        """The error for a layer that can't be streamed."""
        return ValueError(f"{self.name}: expected a layer that can be streamed, got {type(self).__name__}: {why}")

"""How a layer is applied: `build` once, `call`, `compute_mask`, and what surrounds them.

Inputs are looked at, weights made on the first call, masks handed on, and errors say which layer they come from.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from ...abstract import Shape, is_abstract
from ...tensor import Tensor
from .building import only_builder
from .calls import as_argument, build_once, keep_mask, mask_of, shape_of, signature_of
from .inputs import BY_NAME, Inputs
from .modes import in_training, making, this_thread
from .penalties import outermost_call
from .symbolic import has_symbolic, symbolic_call
from .tracing import current_trace
from .weights import Weighted

if TYPE_CHECKING:
    from .layer import Layer

__all__ = ["Applied"]


class Applied(Weighted, Inputs):
    """The part of `Layer` with its `call` and `build`, and what surrounds them."""

    supports_masking = False  # whether masks of inputs reach the result, by compute_mask
    _on_data = False  # whether it is called on data before models, and has no part in steps
    _output_shape: Shape | None
    _built_for: Any
    _built_with: dict[str, Any]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in vars(cls):
            cls.build = build_once(cls.build)  # type: ignore[method-assign]

    # ---- for subclasses ----------------------------------------------------------------------------------------------

    def build(self, input_shape: Shape) -> None:
        """Make the layer's own weights for inputs of a shape, whose first entry is None."""

    def _makes_weights(self) -> bool:
        return type(self).build is not Applied.build

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:
        """The layer's result. A subclass may take `training`, `mask` and arguments of its own besides."""
        raise NotImplementedError(f"{type(self).__name__} does not implement call")

    def compute_mask(self, inputs: Any, previous_mask: Any) -> Any:
        """The result's mask, from that of the inputs. Asked for in layers that define it, or set `supports_masking`."""
        return previous_mask

    # ---- calling -----------------------------------------------------------------------------------------------------

    def __call__(
        self, inputs: Any = BY_NAME, *args: Any, training: bool | None = None, mask: Any = None, **kwargs: Any
    ) -> Any:
        """Apply the layer to a Tensor, an array, or a list of them; makes the weights on the first call.

        Parameters
        ----------
        inputs : Tensor or array, or list or tuple of them
            Arrays become float32; where a layer takes ids, integers stay integers. By keyword under the name that
            `call` has for it: ``attention(query=x, value=y)``.
        *args, **kwargs
            What `call` takes besides; arrays among them become Tensors.
        training : bool, optional
            Whether dropout and the like are active; when not given as in the surrounding layer, else the default of
            `call`, which is False in most.
        mask : Tensor or array, optional
            For layers whose `call` has it; which steps count. The mask that the inputs carry when not given.

        Returns
        -------
        Tensor, or what `call` returns
            It carries the mask that `compute_mask` gives for `mask`, or for that of the inputs, or makes.
        """
        if inputs is BY_NAME:
            inputs = self._first_of(kwargs)
        if not isinstance(inputs, Tensor) and has_symbolic((inputs, args, kwargs)):
            given = {"training": training, "mask": mask}
            given = {name: value for name, value in given.items() if value is not None}
            return symbolic_call(cast("Layer", self), (inputs, *args), {**kwargs, **given})
        x = self._as_inputs(inputs)
        args, kwargs = as_argument(args), as_argument(kwargs)
        signature = signature_of(type(self))
        self._prepare((x, *args), kwargs)
        training = this_thread.training if training is None else bool(training)
        if signature.takes_training:
            training = signature.training if training is None else training
            kwargs["training"] = bool(training)
        if mask is not None:
            kwargs["mask"] = as_argument(mask)
        carried = mask_of(x)
        signature.add_masks(carried, args, kwargs)
        trace = current_trace()
        first = 0 if trace is None else trace.ops()
        with in_training(training), outermost_call(self):
            try:
                result = self.call(x, *args, **kwargs)
                self._add_activity_loss(result)
            except (ValueError, TypeError, IndexError) as error:
                self._note(error, x)
                raise
        if trace is not None:
            trace.add(cast("Layer", self), result, first)
        if self._output_shape is None and isinstance(result, Tensor) and not is_abstract(result):
            self._output_shape = (None, *result.shape[1:])
        self._hand_on_mask(x, kwargs.get("mask", carried), result)
        return result

    def _prepare(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Before a call: refuse what the layer can't take, and make the weights."""
        try:
            self._check(args[0])
            if not self.built:
                self._build(shape_of(args[0]), signature_of(type(self)).build_shapes(args[1:], kwargs))
        except (ValueError, TypeError) as error:
            if self.name not in str(error):
                self._note(error, args[0])
            raise

    def _note(self, error: Exception, inputs: Any) -> None:
        """Let an error say which layer it comes from, and what that was called with."""
        shape = shape_of(inputs) if isinstance(inputs, list | tuple | dict) else inputs.shape
        error.add_note(f"in layer {self.name}, called with {shape}")

    def _hand_on_mask(self, inputs: Any, carried: Any, result: Any) -> None:
        """Let a result carry the mask that compute_mask gives, unless it carries one already."""
        if self.supports_masking or type(self).compute_mask is not Applied.compute_mask:
            keep_mask(result, self.compute_mask(inputs, carried))
        elif carried is not None and mask_of(result) is None and not _tells_shape(result):
            warnings.warn(
                f"{self.name}: the inputs carry a mask, which the layer does not support and its result does not carry",
                UserWarning,
                stacklevel=4,
            )

    def _build_by_hand(self, input_shape: Any, shapes: Mapping[str, Any]) -> None:
        """What a call of `build` does that doesn't come from `_build`."""
        self._build(input_shape, shapes)

    def _build(self, input_shape: Any, shapes: Mapping[str, Any] = MappingProxyType({})) -> None:
        """Make all weights below for an input shape, and the shapes of other arguments; an error leaves no half-made
        layer."""
        with only_builder(cast("Layer", self)) as first:
            if not first:
                return
            self._path = self._path_now()
            if isinstance(input_shape, tuple):
                self.check_input(input_shape)
            with making(self):
                self.build(input_shape, **shapes)
            self.built = True
            self._built_for, self._built_with = input_shape, dict(shapes)


def _tells_shape(result: Any) -> bool:
    """Whether a result is that of a call which only asks for its shape."""
    return isinstance(result, Tensor) and is_abstract(result)

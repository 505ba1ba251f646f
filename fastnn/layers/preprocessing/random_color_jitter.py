"""RandomColorJitter: images in other light."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from ..base import Layer, Shape
from .color import ColorLayer
from .image import RandomImageLayer, bounds_of_values
from .random_brightness import RandomBrightness
from .random_contrast import RandomContrast
from .random_hue import RandomHue
from .random_saturation import RandomSaturation

__all__ = ["RandomColorJitter"]


class RandomColorJitter(RandomImageLayer):
    """While training, changes brightness, contrast, saturation and hue, one after the other.

    Parameters
    ----------
    value_range : (float, float), default (0, 255)
    brightness_factor, contrast_factor, saturation_factor, hue_factor : float or (float, float), optional
        As for `RandomBrightness`, `RandomContrast`, `RandomSaturation` and `RandomHue`; what isn't given isn't changed.
    seed : int, optional
        The model's seed when not given.
    data_format : None or "channels_last"
    """

    def __init__(
        self,
        value_range: Any = (0, 255),
        brightness_factor: Any = None,
        contrast_factor: Any = None,
        saturation_factor: Any = None,
        hue_factor: Any = None,
        seed: int | None = None,
        data_format: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        self.value_range = bounds_of_values("RandomColorJitter", value_range)
        self.brightness_factor, self.contrast_factor = brightness_factor, contrast_factor
        self.saturation_factor, self.hue_factor = saturation_factor, hue_factor
        kinds: dict[type[ColorLayer], Any] = {
            RandomBrightness: brightness_factor,
            RandomContrast: contrast_factor,
            RandomSaturation: saturation_factor,
            RandomHue: hue_factor,
        }
        given = {kind: factor for kind, factor in kinds.items() if factor is not None}
        self.changes: list[Layer] = [kind(factor, self.value_range, seed=seed) for kind, factor in given.items()]

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        for change in self.changes:
            change._build(input_shape)

    def _images(self, images: Tensor) -> Tensor:
        for change in self.changes:
            images = change(images, training=True)
        return images

    def get_config(self) -> dict[str, Any]:
        names = [f"{name}_factor" for name in ("brightness", "contrast", "saturation", "hue")]
        given = {name: getattr(self, name) for name in names}
        plain = {name: list(value) if isinstance(value, tuple) else value for name, value in given.items()}
        return {**super().get_config(), "value_range": list(self.value_range), **plain}

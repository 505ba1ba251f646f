"""What RandAugment and AugMix share: a list of random changes, one of which is chosen at a time."""

from __future__ import annotations

from typing import Any

from ... import functional as F
from ...abstract import is_abstract
from ...program import in_step
from ...tensor import Tensor
from ..base import Layer, Shape
from .auto_contrast import AutoContrast
from .equalization import Equalization
from .image import RandomImageLayer, bounds_of_values, factors
from .random_brightness import RandomBrightness
from .random_color_degeneration import RandomColorDegeneration
from .random_contrast import RandomContrast
from .random_posterization import RandomPosterization
from .random_rotation import RandomRotation
from .random_sharpness import RandomSharpness
from .random_shear import RandomShear
from .random_translation import RandomTranslation
from .rounding import truncated
from .sampling import check_names
from .solarization import Solarization

__all__ = ["AugmentationLayer"]


class AugmentationLayer(RandomImageLayer):
    """Random changes of images, chosen for a batch at a time from a list.

    Inside of steps all changes of the list are computed and one is taken.

    Parameters
    ----------
    factor : float or (float, float)
        Of all changes, in [0, 1]; one number f means (0, f).
    value_range : (float, float)
    interpolation : {"bilinear", "nearest"}
    all_ops : bool
        Whether there are changes of brightness, colour, contrast and sharpness among them.
    """

    def __init__(
        self,
        factor: Any,
        value_range: Any,
        interpolation: str,
        all_ops: bool,
        seed: int | None,
        data_format: str | None,
        **kwargs: Any,
    ) -> None:
        super().__init__(seed=seed, data_format=data_format, **kwargs)
        cls = type(self).__name__
        self.factor = strength = factors(cls, "factor", factor, 0, 1)
        self.value_range = bounds = bounds_of_values(cls, value_range)
        check_names(cls, interpolation, "reflect")
        self.interpolation = interpolation
        moved: dict[str, Any] = {"interpolation": interpolation, "seed": seed}
        colored: dict[str, Any] = {"value_range": bounds, "seed": seed}
        self.changes: list[Layer] = [
            RandomShear(strength, strength, **moved),
            RandomTranslation(strength, strength, **moved),
            RandomRotation(strength, **moved),
            RandomPosterization(max(1, int(8 * strength[1])), **colored),
            Solarization(strength, strength, **colored),
            AutoContrast(bounds),
            Equalization(bounds),
        ]
        if all_ops:
            others = (RandomBrightness, RandomColorDegeneration, RandomContrast, RandomSharpness)
            self.changes += [kind(strength, **colored) for kind in others]

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        for change in self.changes:
            change._build(input_shape)

    def _drawn(self, images: Tensor, count: int) -> Tensor:
        """A number below count for the batch, (1, 1, 1, 1)."""
        return truncated(self._uniform(images[:1], 0.0, float(count)))

    def _changed_by(self, images: Tensor, number: Tensor) -> Tensor:
        """The images after the change of that number; as they are when there is none."""
        if not in_step() and not is_abstract(images):
            place = int(number.item())
            return self.changes[place](images, training=True) if place < len(self.changes) else images
        result = images
        for place, change in enumerate(self.changes):
            result = F.where(F.equal(number, float(place)), change(images, training=True), result)
        return result

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "factor": list(self.factor),
            "value_range": list(self.value_range),
            "interpolation": self.interpolation,
        }

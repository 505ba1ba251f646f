"""BatchNormalization: by the statistics of each channel, which move while training."""

from __future__ import annotations

from typing import Any, ClassVar

from .. import functional as F
from .. import initializers, program
from ..tensor import Tensor
from .base import Shape
from .normalization import AffineLayer, positive_epsilon

__all__ = ["BatchNormalization"]


class BatchNormalization(AffineLayer):
    """Normalises each channel: ``(x - mean) / sqrt(variance + epsilon) * gamma + beta``.

    While training by mean and biased variance of the batch, over all axes but the last, which also move
    ``moving = momentum * moving + (1 - momentum) * batch``; else by the moving ones. Frozen (``trainable = False``)
    means inference mode, as in Keras.

    Parameters
    ----------
    axis : int, default -1
        The channels; the last axis only.
    momentum : float, default 0.99
        In [0, 1].
    epsilon : float, default 0.001
        Positive.
    center, scale : bool, default True
        Whether there is a beta and a gamma.
    beta_initializer, gamma_initializer : default "zeros" and "ones"
    moving_mean_initializer, moving_variance_initializer : default "zeros" and "ones"
    synchronized : bool, default False
        Accepted as in Keras; there is one device.
    """

    _streams = True

    _single: ClassVar = {"renorm": False, "renorm_clipping": None, "renorm_momentum": 0.99}

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: initializers.InitializerLike = "zeros",
        gamma_initializer: initializers.InitializerLike = "ones",
        moving_mean_initializer: initializers.InitializerLike = "zeros",
        moving_variance_initializer: initializers.InitializerLike = "ones",
        synchronized: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.axis = int(axis)
        self.momentum = float(momentum)
        if not 0 <= self.momentum <= 1:
            raise ValueError(f"BatchNormalization: expected momentum in [0, 1], got {momentum}")
        self.epsilon = positive_epsilon("BatchNormalization", epsilon)
        self._set_affine(center, scale, beta_initializer, gamma_initializer)
        self.moving_mean_initializer = self._told("moving_mean_initializer", initializers.get, moving_mean_initializer)
        self.moving_variance_initializer = self._told(
            "moving_variance_initializer", initializers.get, moving_variance_initializer
        )
        self.synchronized = bool(synchronized)

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        shape = (input_shape[-1] or 0,)
        self.add_weight(shape, self.moving_mean_initializer, trainable=False, name="moving_mean")
        self.add_weight(shape, self.moving_variance_initializer, trainable=False, name="moving_variance")

    @property
    def moving_mean(self) -> Tensor:
        """The mean used for inference, (channels,)."""
        return self._weights["moving_mean"]

    @property
    def moving_variance(self) -> Tensor:
        """The variance used for inference, (channels,)."""
        return self._weights["moving_variance"]

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if not (training and self.trainable):
            moving = self.moving_mean, self.moving_variance
            return F.batch_normalization(inputs, *moving, self.gamma, self.beta, self.epsilon)
        mean, variance = F.batch_statistics(inputs)
        y = F.batch_normalization(inputs, mean, variance, self.gamma, self.beta, self.epsilon, training=True)
        averages = [self.moving_mean, self.moving_variance]
        program.update("moving_average_update", averages, [mean, variance], momentum=self.momentum)
        return y

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            **self._affine_config(),
            "moving_mean_initializer": initializers.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.serialize(self.moving_variance_initializer),
            "synchronized": self.synchronized,
        }

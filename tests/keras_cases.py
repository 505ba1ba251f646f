"""Layers that Keras has too: how to make them and what to call them with, for tests/test_keras_layers.py.

A case makes its layer from either library's `layers` module, so its arguments are Keras's by construction. It yields
the comparison of weights (names' order and shapes), results in inference and training, gradients of the inputs and the
weights, and output shapes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Shape = tuple[int, ...]


@dataclass(frozen=True)
class LayerCase:
    """One layer.

    name : unique.
    make : ``make(layers)`` gives the layer from ``keras.layers`` or ``fastnn.layers``.
    shape : of the input, with the batch, or a list of shapes for layers that take several inputs.
    ids : the inputs are class numbers below this.
    training : compare in training mode too; False for layers whose training draws random numbers.
    call : further keyword arguments of the call, arrays.
    """

    name: str
    make: Callable[[Any], Any]
    shape: Shape | list[Shape]
    ids: int = 0
    training: bool = True
    call: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.name

    def inputs(self) -> list[np.ndarray]:
        """The same numbers on every call."""
        rng = np.random.default_rng(7)
        shapes = self.shape if isinstance(self.shape, list) else [self.shape]
        if self.ids:
            return [rng.integers(0, self.ids, shape).astype(np.int32) for shape in shapes]
        return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


IMAGE = (3, 7, 6, 4)

CASES = [
    LayerCase("Dense", lambda L: L.Dense(5), (3, 4)),
    LayerCase("Dense-gelu", lambda L: L.Dense(5, activation="gelu"), (3, 4)),
    LayerCase("Dense-3d-nobias", lambda L: L.Dense(5, activation="tanh", use_bias=False), (3, 2, 4)),
    LayerCase("Dropout", lambda L: L.Dropout(0.5), (3, 4), training=False),
    LayerCase("Flatten", lambda L: L.Flatten(), IMAGE),
    *(
        LayerCase(f"Activation-{name}", lambda L, name=name: L.Activation(name), (3, 17))
        for name in (
            "relu", "sigmoid", "tanh", "softmax", "gelu", "silu", "swish", "elu", "selu", "softplus", "softsign",
            "hard_sigmoid", "leaky_relu", "exponential", "linear", "log_softmax",
        )
    ),
    LayerCase("ReLU", lambda L: L.ReLU(), (3, 17)),
    LayerCase("ReLU-all", lambda L: L.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2), (3, 17)),
    LayerCase("LeakyReLU", lambda L: L.LeakyReLU(), (3, 17)),
    LayerCase("ELU", lambda L: L.ELU(), (3, 17)),
    LayerCase("Softmax-axis", lambda L: L.Softmax(axis=1), (3, 5, 4)),
    LayerCase("Conv2D", lambda L: L.Conv2D(5, 3), IMAGE),
    LayerCase("Conv2D-same-strides", lambda L: L.Conv2D(5, 3, strides=2, padding="same", activation="relu"), IMAGE),
    LayerCase("Conv2D-same-even", lambda L: L.Conv2D(2, (2, 4), padding="same", use_bias=False), IMAGE),
    LayerCase("Conv2D-dilation", lambda L: L.Conv2D(5, (3, 2), dilation_rate=2), IMAGE),
    LayerCase("Conv2D-groups", lambda L: L.Conv2D(6, 3, groups=2), IMAGE),
    LayerCase("MaxPooling2D", lambda L: L.MaxPooling2D(), IMAGE),
    LayerCase("MaxPooling2D-same", lambda L: L.MaxPooling2D((3, 2), strides=2, padding="same"), IMAGE),
    LayerCase("AveragePooling2D", lambda L: L.AveragePooling2D(2), IMAGE),
    LayerCase("AveragePooling2D-same", lambda L: L.AveragePooling2D((3, 2), strides=2, padding="same"), IMAGE),
    LayerCase("GlobalAveragePooling2D", lambda L: L.GlobalAveragePooling2D(), IMAGE),
    LayerCase("GlobalMaxPooling2D", lambda L: L.GlobalMaxPooling2D(keepdims=True), IMAGE),
    LayerCase("BatchNormalization", lambda L: L.BatchNormalization(), IMAGE),
    LayerCase("BatchNormalization-2d", lambda L: L.BatchNormalization(momentum=0.5, epsilon=0.1), (5, 4)),
    LayerCase("BatchNormalization-bare", lambda L: L.BatchNormalization(center=False, scale=False), (5, 4)),
    LayerCase("LayerNormalization", lambda L: L.LayerNormalization(), (3, 5, 4)),
    LayerCase("LayerNormalization-bare", lambda L: L.LayerNormalization(center=False, scale=False), (3, 5)),
    LayerCase("RMSNormalization", lambda L: L.RMSNormalization(), (3, 5)),
    LayerCase("Embedding", lambda L: L.Embedding(11, 4), (3, 5), ids=11),
]  # fmt: skip

"""NumPy: benchmarks/numpy_step.py for the networks it has layers for, products, and the references of the op cases."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import networks as N
from ..numpy_step import Network as NumpyNetwork
from . import Call, Library


def layer_words(layers: Any) -> list[tuple[Any, ...]] | None:
    """The layers in the words of the NumPy step; None where it has none."""
    found: list[tuple[Any, ...]] = []
    for layer in layers:
        match layer:
            case N.Conv(filters, 3, 1, padding, True, "relu"):
                found.append(("conv", filters, padding))
            case N.Pool():
                found.append(("pool",))
            case N.Flatten():
                found.append(("flatten",))
            case N.Dense(units, "relu" | "linear" as activation):
                found.append(("dense", units, activation))
            case _:
                return None
    return found


class Numpy(Library):
    columns = ("numpy",)

    def __init__(self, threads: int) -> None:
        self.about = f"NumPy {np.__version__}"

    def network(self, network: N.Network) -> NumpyNetwork | None:
        words = layer_words(network.layers)
        if words is None:
            return None
        made = NumpyNetwork(network.input_shape, words, network.optimizer)
        made.reset(network.weights())
        return made

    def step(self, network: N.Network, column: str) -> Call | None:
        made = self.network(network) if network.loss == "classes" else None
        if made is None:
            return None
        x, y = network.data()
        return lambda: made.step(x, y)

    def inference(self, network: N.Network, batch: int, column: str) -> Call | None:
        """Products and maxima as one would write them, for networks of dense layers alone."""
        if not all(isinstance(layer, N.Dense) and layer.activation in ("relu", "linear") for layer in network.layers):
            return None
        weights, x = network.weights(), network.samples(batch)
        layers = [(weights[2 * i], weights[2 * i + 1], layer.activation) for i, layer in enumerate(network.layers)]

        def call() -> Any:
            y = x
            for kernel, bias, activation in layers:
                y = y @ kernel + bias
                if activation == "relu":
                    y = np.maximum(y, 0)
            return y

        return call

    def kernel(self, kernel: Any, column: str) -> Call | None:
        if kernel.kind != "gemm":
            return None
        a, b = kernel.arrays()
        left, right = a.mT if kernel.sizes["transpose_a"] else a, b.mT if kernel.sizes["transpose_b"] else b
        y = np.empty((*left.shape[:-1], right.shape[-1]), np.float32)
        return lambda: np.matmul(left, right, out=y)

    def case(self, case: Any, inputs: list[Any], column: str) -> Call:
        return lambda: case.reference(*inputs, **case.attributes)

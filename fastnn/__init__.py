"""fastnn: trains and runs neural networks fast on ordinary CPUs.

Keras 3's names for layers and models, PyTorch's for tensors, and the kernels over NumPy arrays in `fastnn.kernels`.
"""

from __future__ import annotations

from . import (
    _core,
    activations,
    callbacks,
    datasets,
    functional,
    initializers,
    kernels,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    utils,
)
from ._core import get_num_threads, set_batch_invariant, set_num_threads
from .layers import Input
from .models import Model, Sequential
from .tensor import Tensor, constant, no_grad

__version__ = _core.version()

__all__ = [
    "Input",
    "Model",
    "Sequential",
    "Tensor",
    "__version__",
    "activations",
    "callbacks",
    "constant",
    "datasets",
    "functional",
    "get_cmake_dir",
    "get_include",
    "get_num_threads",
    "initializers",
    "kernels",
    "layers",
    "losses",
    "metrics",
    "models",
    "no_grad",
    "optimizers",
    "set_batch_invariant",
    "set_num_threads",
    "utils",
]


def get_include() -> str:
    """The folder of the C and C++ headers, for a compiler's -I."""
    from pathlib import Path

    return str(Path(__file__).parent / "include")


def get_cmake_dir() -> str:
    """The folder of the CMake package, for CMAKE_PREFIX_PATH or fastnn_DIR."""
    from pathlib import Path

    return str(Path(__file__).parent / "lib" / "cmake" / "fastnn")

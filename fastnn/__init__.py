"""fastnn: trains and runs neural networks fast on ordinary CPUs.

Keras 3's names for layers and models, PyTorch's for tensors, and the kernels over NumPy arrays in `fastnn.kernels`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import (
    _core,
    activations,
    callbacks,
    constraints,
    functional,
    initializers,
    kernels,
    layers,
    losses,
    metrics,
    models,
    optimizers,
    regularizers,
)
from ._core import get_num_threads, set_batch_invariant, set_num_threads
from .autograd import Function, grad, gradcheck, once_differentiable, value_and_grad
from .creation import (
    arange,
    asarray,
    empty,
    empty_like,
    eye,
    from_dlpack,
    from_numpy,
    full,
    full_like,
    linspace,
    normal,
    ones,
    ones_like,
    rand,
    rand_like,
    randint,
    randn,
    randn_like,
    randperm,
    tri,
    uniform,
    zeros,
    zeros_like,
)
from .grad_mode import enable_grad, inference_mode, is_grad_enabled, no_grad, set_grad_enabled
from .layers import Input
from .models import Model, Sequential
from .precision import get_precision, set_precision
from .random import Generator, manual_seed
from .tensor import Tensor, constant

if TYPE_CHECKING:
    from . import datasets, utils
    from .compiled import compile
    from .initializers import Initializer
    from .layers import InputSpec, Layer
    from .layers.base.symbolic import SymbolicTensor as KerasTensor
    from .losses import Loss
    from .metrics import Metric
    from .optimizers import Optimizer
    from .regularizers import Regularizer

__version__ = _core.version()

__all__ = [
    "Function",
    "Generator",
    "Initializer",
    "Input",
    "InputSpec",
    "KerasTensor",
    "Layer",
    "Loss",
    "Metric",
    "Model",
    "Optimizer",
    "Regularizer",
    "Sequential",
    "Tensor",
    "__version__",
    "activations",
    "arange",
    "asarray",
    "callbacks",
    "compile",
    "constant",
    "constraints",
    "datasets",
    "empty",
    "empty_like",
    "enable_grad",
    "eye",
    "from_dlpack",
    "from_numpy",
    "full",
    "full_like",
    "functional",
    "get_cmake_dir",
    "get_include",
    "get_num_threads",
    "get_precision",
    "grad",
    "gradcheck",
    "inference_mode",
    "initializers",
    "is_grad_enabled",
    "kernels",
    "layers",
    "linspace",
    "losses",
    "manual_seed",
    "metrics",
    "models",
    "no_grad",
    "normal",
    "once_differentiable",
    "ones",
    "ones_like",
    "optimizers",
    "rand",
    "rand_like",
    "randint",
    "randn",
    "randn_like",
    "randperm",
    "regularizers",
    "set_batch_invariant",
    "set_grad_enabled",
    "set_num_threads",
    "set_precision",
    "tri",
    "uniform",
    "utils",
    "value_and_grad",
    "zeros",
    "zeros_like",
]

_BASES = {  # Keras has these at the top, too
    "Initializer": "initializers",
    "InputSpec": "layers",
    "KerasTensor": "layers.base.symbolic",
    "Layer": "layers",
    "Loss": "losses",
    "Metric": "metrics",
    "Optimizer": "optimizers",
    "Regularizer": "regularizers",
}


def get_include() -> str:
    """The folder of the C and C++ headers, for a compiler's -I."""
    from pathlib import Path

    return str(Path(__file__).parent / "include")


def get_cmake_dir() -> str:
    """The folder of the CMake package, for CMAKE_PREFIX_PATH or fastnn_DIR."""
    from pathlib import Path

    return str(Path(__file__).parent / "lib" / "cmake" / "fastnn")


def __getattr__(name: str) -> Any:
    """What many programs never use is read on first use, so that importing the package stays light."""
    from importlib import import_module

    if name in ("datasets", "utils"):
        return import_module(f".{name}", __name__)
    if name == "compile":
        function = globals()["compile"] = import_module(".compiled", __name__).compile
        return function
    if name in _BASES:
        found = "SymbolicTensor" if name == "KerasTensor" else name
        value = globals()[name] = getattr(import_module(f".{_BASES[name]}", __name__), found)
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

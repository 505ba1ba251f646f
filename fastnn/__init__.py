"""fastnn: trains and runs neural networks fast on ordinary CPUs.

Keras 3's names for layers and models, PyTorch's for tensors, and the kernels over NumPy arrays in `fastnn.kernels`.
Tensors come with the package; everything above them is read at first use, so that importing it stays light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _core, functional
from ._core import get_num_threads, set_batch_invariant, set_num_threads
from ._first_use import at_first_use
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
from .precision import get_precision, set_precision
from .random import Generator, manual_seed
from .tensor import Tensor, constant

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
    "saving",
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

# What is read at first use: modules, and what the other modules have of names that Keras has at the top, too
_MODULES = (
    "activations",
    "callbacks",
    "constraints",
    "datasets",
    "initializers",
    "kernels",
    "layers",
    "losses",
    "metrics",
    "models",
    "optimizers",
    "regularizers",
    "saving",
    "utils",
)
_FILES = {
    "compiled": "compile",
    "initializers": "Initializer",
    "layers": "Input InputSpec Layer",
    "layers.base.symbolic": "KerasTensor",
    "losses": "Loss",
    "metrics": "Metric",
    "models": "Model Sequential",
    "optimizers": "Optimizer",
    "regularizers": "Regularizer",
}

if TYPE_CHECKING:
    from . import (
        activations,
        callbacks,
        constraints,
        datasets,
        initializers,
        kernels,
        layers,
        losses,
        metrics,
        models,
        optimizers,
        regularizers,
        saving,
        utils,
    )
    from .compiled import compile
    from .initializers import Initializer
    from .layers import Input, InputSpec, Layer
    from .layers.base.symbolic import KerasTensor
    from .losses import Loss
    from .metrics import Metric
    from .models import Model, Sequential
    from .optimizers import Optimizer
    from .regularizers import Regularizer
else:
    __getattr__, __dir__ = at_first_use(__name__, _FILES, _MODULES)


def get_include() -> str:
    """The folder of the C and C++ headers, for a compiler's -I."""
    from pathlib import Path

    return str(Path(__file__).parent / "include")


def get_cmake_dir() -> str:
    """The folder of the CMake package, for CMAKE_PREFIX_PATH or fastnn_DIR."""
    from pathlib import Path

    return str(Path(__file__).parent / "lib" / "cmake" / "fastnn")

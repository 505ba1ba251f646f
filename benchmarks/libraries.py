"""What each library runs for an op case or a training step.

A library is a class with `columns`, the ways of using it that get a column each in the table, and two methods that make
a call without arguments, or None where the library has nothing to compare: op(case, inputs, column) makes one that
returns the result, step(step, column) one that takes a training step and returns its loss.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from . import resnet, transformer
from .numpy_step import Network
from .steps import TrainingStep

Call = Callable[[], Any]


class Numpy:
    """NumPy: the references of tests/op_references.py in float32, and benchmarks/numpy_step.py."""

    columns = ("numpy",)

    def __init__(self, threads: int) -> None:
        self.about = f"NumPy {np.__version__}"

    def op(self, case: Any, inputs: list[Any], column: str) -> Call:
        return lambda: case.reference(*inputs, **case.attributes)

    def step(self, step: TrainingStep, column: str) -> Call | None:
        if step.rows or any(kind in ("lstm", "resnet", "transformer") for kind, *_ in step.layers):
            return None
        network = Network(step.input_shape, step.layers, step.optimizer)
        network.reset(step.weights())
        x, y = step.data()
        return lambda: network.step(x, y)


class Fastnn:
    """fastnn: the functions of fastnn.kernels, and the step program that fit replays."""

    columns = ("fastnn",)

    def __init__(self, threads: int) -> None:
        import fastnn
        from fastnn import _core

        fastnn.set_num_threads(threads)
        self.about = f"fastnn {fastnn.__version__}, kernels {_core.active_isa()}"

    def op(self, case: Any, inputs: list[Any], column: str) -> Call:
        from fastnn import kernels

        function = getattr(kernels, case.op)
        return lambda: function(*inputs, **case.attributes)

    def step(self, step: TrainingStep, column: str) -> Call:
        from fastnn import Input, Sequential, layers, losses, optimizers
        from fastnn._demo import training_step

        made: list[Any] = [Input(step.input_shape)]
        for kind, *arguments in step.layers:
            if kind == "conv":
                made.append(layers.Conv2D(arguments[0], 3, padding=arguments[1], activation="relu"))
            elif kind == "pool":
                made.append(layers.MaxPooling2D())
            elif kind == "flatten":
                made.append(layers.Flatten())
            elif kind == "embedding":
                made.append(layers.Embedding(*arguments))
            elif kind == "resnet":
                made += resnet.fastnn_layers(*arguments)
            elif kind == "transformer":
                made.append(transformer.fastnn_block(step.input_shape[1], *arguments))
            elif kind == "lstm":
                made.append(layers.LSTM(arguments[0], return_sequences=arguments[1]))
            else:
                made.append(layers.Dense(arguments[0], activation=arguments[1]))
        model = Sequential(made)
        lazy = step.optimizer == "lazy-adam"
        optimizer = optimizers.SGD(0.01, momentum=0.9) if step.optimizer == "momentum" else optimizers.Adam(lazy=lazy)
        model.compile(optimizer, losses.SparseCategoricalCrossentropy(from_logits=True))
        model.set_weights(step.weights())
        x, y = step.data()
        train = training_step(model)
        return lambda: train(x, y)


class Torch:
    """PyTorch, eager. Images lie channels_last, or as (n, c, h, w) in -nchw; -fused is the optimizer in one kernel."""

    columns = ("torch", "torch-nchw", "torch-fused", "torch-nchw-fused")

    def __init__(self, threads: int) -> None:
        import torch

        torch.set_num_threads(threads)
        self.torch = torch
        self.about = f"PyTorch {torch.__version__}"

    def op(self, case: Any, inputs: list[Any], column: str) -> Call | None:
        torch = self.torch
        nchw = column == "torch-nchw"
        if (
            case.torch is None
            or column.endswith("fused")
            or (nchw and not case.op.startswith(("conv2d", "max_pool2d")))
        ):
            return None
        tensors = []
        for index, value in enumerate(inputs):
            if value is None:
                continue
            if isinstance(value, list):
                tensors.append([torch.from_numpy(item) for item in value])
                continue
            tensor = torch.from_numpy(value)
            order = case.torch_order.get(index)
            if nchw and tensor.ndim == 4:
                order = (0, 3, 1, 2) if order is None else (3, 2, 0, 1)
            if order is not None:
                back = np.argsort(order).tolist()
                tensor = tensor.permute(order).contiguous().permute(back)
            tensors.append(tensor)

        def call() -> Any:
            with torch.inference_mode():
                return case.torch(torch, *tensors)

        return call

    def step(self, step: TrainingStep, column: str) -> Call | None:
        torch, nn = self.torch, self.torch.nn
        nchw, fused, image = "nchw" in column, column.endswith("fused"), len(step.input_shape) == 3
        if nchw and not image:
            return None
        weights, made, flat_from = step.weights(), [], None
        shape = step.input_shape
        for (kind, *arguments), (_, output, weight) in zip(step.layers, step.walk(), strict=True):
            if kind == "conv":
                layer = nn.Conv2d(shape[2], arguments[0], 3, padding=arguments[1])
                self.fill(layer, weights.pop(0).transpose(3, 2, 0, 1), weights.pop(0))
                made += [layer, nn.ReLU(inplace=True)]
            elif kind == "pool":
                made.append(nn.MaxPool2d(2))
            elif kind == "flatten":
                made.append(nn.Flatten())
                flat_from = shape if image else None
            elif kind == "embedding":
                layer = nn.Embedding(*arguments, sparse=step.optimizer == "lazy-adam")
                self.fill(layer, weights.pop(0))
                made.append(layer)
            elif kind == "resnet":
                made += resnet.torch_layers(torch, *arguments, weights)
            elif kind == "transformer":
                block, weights = weights[:16], weights[16:]
                made.append(transformer.torch_block(torch, shape[1], *arguments, block))
            elif kind == "lstm":
                made += self.lstm(shape[1], *arguments, [weights.pop(0) for _ in range(3)])
            else:
                layer, kernel = nn.Linear(*weight), weights.pop(0)
                if flat_from:  # Flatten sees (c, h, w) here
                    kernel = kernel.reshape(*flat_from, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)
                    flat_from = None
                self.fill(layer, kernel.T, weights.pop(0))
                made += [layer, nn.ReLU(inplace=True)] if arguments[1] == "relu" else [layer]
            shape = output
        model = nn.Sequential(*made)
        if image and not nchw:
            model = model.to(memory_format=torch.channels_last)
        parameters = list(model.parameters())
        optimizers: list[Any] = []
        if step.optimizer == "lazy-adam":
            optimizers.append(torch.optim.SparseAdam([parameters.pop(0)], lr=0.001, eps=1e-7))
        if step.optimizer == "momentum":
            optimizers.append(torch.optim.SGD(parameters, lr=0.01, momentum=0.9, fused=fused))
        else:
            optimizers.append(torch.optim.Adam(parameters, lr=0.001, eps=1e-7, fused=fused))
        x, y = step.data()
        if nchw:
            x = np.ascontiguousarray(x.transpose(0, 3, 1, 2))

        def call() -> float:
            images, labels = torch.from_numpy(x), torch.from_numpy(y)
            if image and not nchw:
                images = images.permute(0, 3, 1, 2)
            for optimizer in optimizers:
                optimizer.zero_grad(set_to_none=True)
            loss = nn.functional.cross_entropy(model(images), labels)
            loss.backward()
            for optimizer in optimizers:
                optimizer.step()
            return float(loss.detach())

        return call

    def lstm(self, size: int, units: int, all_steps: bool, weights: Any) -> list[Any]:
        """An LSTM with Keras's weights, and what takes the wanted steps of its result."""
        torch = self.torch
        layer = torch.nn.LSTM(size, units, batch_first=True)
        kernel, recurrent, bias = weights
        values = (kernel.T, recurrent.T, bias, np.zeros_like(bias))
        with torch.no_grad():
            for parameter, value in zip(layer.parameters(), values, strict=True):
                parameter.copy_(torch.from_numpy(np.ascontiguousarray(value)))
        layer.bias_hh_l0.requires_grad_(False)  # PyTorch has two biases, of which one is enough

        class Steps(torch.nn.Module):  # type: ignore[misc, name-defined]
            def forward(self, found: Any) -> Any:
                return found[0] if all_steps else found[0][:, -1]

        return [layer, Steps()]

    def fill(self, layer: Any, weight: Any, bias: Any = None) -> None:
        with self.torch.no_grad():
            layer.weight.copy_(self.torch.from_numpy(np.ascontiguousarray(weight)))
            if bias is not None:
                layer.bias.copy_(self.torch.from_numpy(bias))


LIBRARIES = {"fastnn": Fastnn, "numpy": Numpy, "torch": Torch}


def environment(threads: int) -> dict[str, str]:
    """The environment of a worker: every library's number of threads."""
    names = ("FASTNN_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS")
    return {**os.environ, **dict.fromkeys(names, str(threads))}

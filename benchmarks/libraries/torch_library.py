"""PyTorch: eager, with the fused optimizer, in channels_last, and through torch.compile (which has channels_last and
the fused optimizer too). Images lie as (n, c, h, w) except in channels_last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from .. import networks as N
from . import Call, Library, torch_kernels

ACTIVATIONS = {"relu": lambda: nn.ReLU(inplace=True), "tanh": nn.Tanh, "gelu": nn.GELU}


def put(parameter: Any, value: Any) -> None:
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(np.ascontiguousarray(value)))


class Residual(nn.Module):  # type: ignore[misc]
    def __init__(self, main: list[Any], shortcut: list[Any]) -> None:
        super().__init__()
        self.main, self.shortcut = nn.Sequential(*main), nn.Sequential(*shortcut)

    def forward(self, x: Any) -> Any:
        return self.main(x) + self.shortcut(x)


class Mean(nn.Module):  # type: ignore[misc]
    def forward(self, x: Any) -> Any:
        return x.mean((2, 3)) if x.ndim == 4 else x.mean(1)


class Lstm(nn.Module):  # type: ignore[misc]
    def __init__(self, inputs: int, units: int, all_steps: bool, weights: N.Weights) -> None:
        super().__init__()
        self.all_steps, self.lstm = all_steps, nn.LSTM(inputs, units, batch_first=True)
        kernel, recurrent, bias = weights
        for parameter, value in zip(
            self.lstm.parameters(), (kernel.T, recurrent.T, bias, np.zeros_like(bias)), strict=True
        ):
            put(parameter, value)
        self.lstm.bias_hh_l0.requires_grad_(False)  # PyTorch has two biases, of which one is enough

    def forward(self, x: Any) -> Any:
        y = self.lstm(x)[0]
        return y if self.all_steps else y[:, -1]


class Attention(nn.Module):  # type: ignore[misc]
    def __init__(self, width: int, heads: int, weights: N.Weights) -> None:
        super().__init__()
        self.heads = heads
        self.linear = nn.ModuleList(nn.Linear(width, width) for _ in range(4))
        for layer, kernel, bias in zip(self.linear, weights[::2], weights[1::2], strict=True):
            put(layer.weight, kernel.reshape(width, width).T)
            put(layer.bias, bias.reshape(width))

    def forward(self, x: Any) -> Any:
        batch, steps, width = x.shape
        query, key, value, output = self.linear
        q, k, v = (layer(x).reshape(batch, steps, self.heads, -1).transpose(1, 2) for layer in (query, key, value))
        y = F.scaled_dot_product_attention(q, k, v)
        return output(y.transpose(1, 2).reshape(batch, steps, width))


def modules(layers: Sequence[N.Layer], shape: N.Shape, weights: N.Weights) -> list[nn.Module]:
    """The layers of a network; takes their weights off the list."""
    found: list[nn.Module] = []
    flattened: N.Shape = ()  # the image before a Flatten, which sees (c, h, w) here
    for layer in layers:
        own, weights[:] = weights[: (count := len(layer.weights(shape)))], weights[count:]
        match layer:
            case N.Conv(filters, size, stride, padding, bias, activation):
                at_end = padding == "same" and stride < size and stride == 2  # Keras's "same" of images of even sides
                if at_end:
                    found.append(nn.ZeroPad2d((0, 1, 0, 1)))
                both = size // 2 if padding == "same" and not at_end else 0
                made = nn.Conv2d(shape[2], filters, size, stride, padding=both, bias=bias)
                put(made.weight, own[0].transpose(3, 2, 0, 1))
                if bias:
                    put(made.bias, own[1])
                found.append(made)
                if activation in ACTIVATIONS:
                    found.append(ACTIVATIONS[activation]())
            case N.Dense(units, activation):
                kernel = own[0]
                if flattened:
                    kernel = kernel.reshape(*flattened, units).transpose(2, 0, 1, 3).reshape(kernel.shape)
                    flattened = ()
                made = nn.Linear(shape[-1], units)
                put(made.weight, kernel.T)
                put(made.bias, own[1])
                found.append(made)
                if activation in ACTIVATIONS:
                    found.append(ACTIVATIONS[activation]())
            case N.Pool():
                found.append(nn.MaxPool2d(2))
            case N.Flatten():
                found.append(nn.Flatten())
                flattened = shape
            case N.Mean():
                found.append(Mean())
            case N.Relu():
                found.append(nn.ReLU(inplace=True))
            case N.BatchNorm():
                found.append(nn.BatchNorm2d(shape[-1], eps=1e-3, momentum=0.01))
            case N.LayerNorm():
                found.append(nn.LayerNorm(shape[-1], eps=1e-3))
            case N.Embedding(rows, width):
                made = nn.Embedding(rows, width)
                put(made.weight, own[0])
                found.append(made)
            case N.Lstm(units, all_steps):
                found.append(Lstm(shape[1], units, all_steps, own))
            case N.Attention(heads):
                found.append(Attention(shape[1], heads, own))
            case N.Residual(main, shortcut):
                paths = [modules(path, shape, own) for path in (main, shortcut)]
                found.append(Residual(*paths))
        shape = layer.output(shape)
    return found


class Torch(Library):
    columns = (
        "torch",
        "torch-fused",
        "torch-channels-last",
        "torch-channels-last-fused",
        "torch-compile",
        "torch-bf16",
    )

    def __init__(self, threads: int) -> None:
        torch.set_num_threads(threads)
        self.about = f"PyTorch {torch.__version__}"

    def model(self, network: N.Network, column: str) -> Any:
        image = len(network.input_shape) == 3
        if "channels-last" in column and not image:
            return None
        if column == "torch-compile":
            torch._dynamo.reset()  # or it gives up after so many networks
        model = nn.Sequential(*modules(network.layers, network.input_shape, network.weights()))
        return model.to(memory_format=torch.channels_last) if image and self.last(column) else model

    @staticmethod
    def last(column: str) -> bool:
        return "channels-last" in column or column == "torch-compile"

    def tensors(self, x: Any, column: str) -> Call:
        """Makes the model's input of the batch, which lies in memory as the column has it."""
        if x.ndim != 4:
            return lambda: torch.from_numpy(x)
        if self.last(column):
            return lambda: torch.from_numpy(x).permute(0, 3, 1, 2)
        images = np.ascontiguousarray(x.transpose(0, 3, 1, 2))
        return lambda: torch.from_numpy(images)

    def step(self, network: N.Network, column: str) -> Call | None:
        model = self.model(network, column)
        if model is None:
            return None
        fused = column.endswith(("fused", "compile"))
        parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
        if network.optimizer == "adam":
            optimizer: Any = torch.optim.Adam(parameters, lr=0.001, eps=1e-7, fused=fused)
        else:
            optimizer = torch.optim.SGD(parameters, lr=0.01, momentum=0.9, fused=fused)
        x, labels = network.data()
        y = labels.astype(np.int64) if network.loss == "classes" else labels
        measure = {
            "classes": F.cross_entropy,
            "binary": F.binary_cross_entropy_with_logits,
            "numbers": F.mse_loss,
        }[network.loss]

        def forward(samples: Any, targets: Any) -> Any:
            return measure(model(samples), targets)

        compiled = torch.compile(forward) if column == "torch-compile" else forward
        samples = self.tensors(x, column)

        def call() -> float:
            optimizer.zero_grad(set_to_none=True)
            loss = compiled(samples(), torch.from_numpy(y))
            loss.backward()
            optimizer.step()
            return float(loss.detach())

        return call

    def gan(self, gan: N.Gan, column: str) -> Call | None:
        if "channels-last" in column:
            return None
        if column == "torch-compile":
            torch._dynamo.reset()
        weights = gan.weights()
        generator = nn.Sequential(*modules(gan.generator, (gan.noise,), weights[0]))
        discriminator = nn.Sequential(*modules(gan.discriminator, (gan.size,), weights[1]))
        fused = column.endswith(("fused", "compile"))
        of_generator, of_discriminator = (
            torch.optim.Adam(model.parameters(), lr=2e-4, betas=(0.5, 0.999), eps=1e-7, fused=fused)
            for model in (generator, discriminator)
        )
        ones, zeros = torch.ones(gan.batch, 1), torch.zeros(gan.batch, 1)
        cross_entropy = F.binary_cross_entropy_with_logits

        def discriminate(images: Any, fake: Any) -> Any:
            return (cross_entropy(discriminator(images), ones) + cross_entropy(discriminator(fake), zeros)) * 0.5

        def deceive(noise: Any) -> Any:
            return cross_entropy(discriminator(generator(noise)), ones)

        invent = generator
        if column == "torch-compile":
            discriminate, deceive, invent = (torch.compile(part) for part in (discriminate, deceive, invent))
        arrays = gan.data()

        def call() -> float:
            images, first, second = (torch.from_numpy(array) for array in arrays)
            with torch.no_grad():
                fake = invent(first)
            of_discriminator.zero_grad(set_to_none=True)
            discriminate(images, fake).backward()
            of_discriminator.step()
            discriminator.requires_grad_(False)
            of_generator.zero_grad(set_to_none=True)
            loss = deceive(second)
            loss.backward()
            of_generator.step()
            discriminator.requires_grad_(True)
            return float(loss.detach())

        return call

    def inference(self, network: N.Network, batch: int, column: str) -> Call | None:
        model = None if column.endswith("fused") else self.model(network, column)
        if model is None:
            return None
        model.eval()
        forward = torch.compile(model) if column == "torch-compile" else model
        samples = self.tensors(network.samples(batch), column)

        def call() -> Any:
            with torch.inference_mode():
                return forward(samples()).numpy()

        return call

    def stream(self, network: N.Network, column: str) -> Call | None:
        """A loop over nn.LSTMCell, which is how PyTorch takes a sequence step by step."""
        if column != "torch":
            return None
        model = nn.Sequential(*modules(network.layers, network.input_shape, network.weights()))
        cells: list[Any] = []
        for layer in model:
            if isinstance(layer, Lstm):
                cell = nn.LSTMCell(layer.lstm.input_size, layer.lstm.hidden_size)
                for parameter, value in zip(cell.parameters(), layer.lstm.parameters(), strict=True):
                    put(parameter, value.detach().numpy())
                cells.append((cell, [None]))
            else:
                cells.append((layer, None))
        x = np.ascontiguousarray(network.samples(1)[:, 0])

        def call() -> Any:
            with torch.inference_mode():
                y = torch.from_numpy(x)
                for layer, state in cells:
                    if state is None:
                        y = layer(y)
                    else:
                        state[0] = layer(y, state[0])
                        y = state[0][0]
                return y.numpy()

        return call

    def kernel(self, kernel: Any, column: str) -> Call | None:
        return torch_kernels.make(kernel, column)

    def case(self, case: Any, inputs: list[Any], column: str) -> Call | None:
        """An op case of the tests: images in channels_last, as their case says, or as (n, c, h, w)."""
        nchw = column == "torch" and case.op.startswith(("conv2d", "max_pool2d"))
        if case.torch is None or not (nchw or column == "torch-channels-last"):
            return None
        tensors: list[Any] = []
        for index, value in enumerate(inputs):
            if value is None:
                continue
            if isinstance(value, list):
                tensors.append([torch.from_numpy(item) for item in value])
                continue
            tensor, order = torch.from_numpy(value), case.torch_order.get(index)
            if nchw and tensor.ndim == 4:
                order = (0, 3, 1, 2) if order is None else (3, 2, 0, 1)
            if order is not None:
                tensor = tensor.permute(order).contiguous().permute(np.argsort(order).tolist())
            tensors.append(tensor)

        def call() -> Any:
            with torch.inference_mode():
                return case.torch(torch, *tensors)

        return call

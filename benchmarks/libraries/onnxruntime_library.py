"""ONNX Runtime: inference of the networks, written down as ONNX graphs by hand, images as (n, c, h, w)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from .. import networks as N
from . import Call, Library

OPSET = [helper.make_opsetid("", 20), helper.make_opsetid("com.microsoft", 1)]
ACTIVATIONS = {"relu": "Relu", "tanh": "Tanh", "gelu": "Gelu"}


class Graph:
    """Nodes and weights as they are added."""

    def __init__(self, weights: N.Weights) -> None:
        self.nodes: list[Any] = []
        self.initializers: list[Any] = []
        self.weights = iter(weights)

    def add(self, op: str, *inputs: str, **attributes: Any) -> str:
        """A node; its name is that of its first result."""
        name = f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [name], **attributes))
        return name

    def constant(self, value: Any) -> str:
        name = f"constant_{len(self.initializers)}"
        self.initializers.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def activated(self, x: str, activation: str) -> str:
        return self.add(ACTIVATIONS[activation], x) if activation in ACTIVATIONS else x

    def layers(self, described: Sequence[N.Layer], shape: N.Shape, x: str) -> str:
        flattened: N.Shape = ()  # the image before a Flatten, which sees (c, h, w) here
        for layer in described:
            own = [] if isinstance(layer, N.Residual) else [next(self.weights) for _ in layer.weights(shape)]
            match layer:
                case N.Conv(_, _, stride, padding, _, activation):
                    values = [own[0].transpose(3, 2, 0, 1), *own[1:]]
                    pad = "SAME_UPPER" if padding == "same" else "VALID"
                    inputs = [x, *map(self.constant, values)]
                    x = self.activated(self.add("Conv", *inputs, strides=[stride] * 2, auto_pad=pad), activation)
                case N.Dense(_, activation):
                    kernel, bias = own
                    if flattened:
                        kernel = kernel.reshape(*flattened, -1).transpose(2, 0, 1, 3).reshape(kernel.shape)
                        flattened = ()
                    if len(shape) == 1:
                        x = self.add("Gemm", x, self.constant(kernel), self.constant(bias))
                    else:
                        x = self.add("Add", self.add("MatMul", x, self.constant(kernel)), self.constant(bias))
                    x = self.activated(x, activation)
                case N.Pool():
                    x = self.add("MaxPool", x, kernel_shape=[2, 2], strides=[2, 2])
                case N.Flatten():
                    x = self.add("Flatten", x)
                    flattened = shape
                case N.Mean():
                    axes = self.constant(np.array([2, 3] if len(shape) == 3 else [1], np.int64))
                    x = self.add("ReduceMean", x, axes, keepdims=0)
                case N.Relu():
                    x = self.add("Relu", x)
                case N.BatchNorm():
                    x = self.add("BatchNormalization", x, *map(self.constant, own), epsilon=1e-3)
                case N.LayerNorm():
                    x = self.add("LayerNormalization", x, *map(self.constant, own), epsilon=1e-3)
                case N.Embedding():
                    x = self.add("Gather", self.constant(own[0]), x)
                case N.Lstm(units, all_steps):
                    x = self.lstm(x, own, units, all_steps)
                case N.Attention(heads):
                    x = self.attention(x, own, shape[1], heads)
                case N.Residual(main, shortcut):
                    y = self.layers(main, shape, x)
                    x = self.add("Add", y, self.layers(shortcut, shape, x))
            shape = layer.output(shape)
        return x

    def lstm(self, x: str, own: N.Weights, units: int, all_steps: bool) -> str:
        """Its gates are in the order i, o, f, c, its sequences (steps, batch, features)."""

        def reordered(weight: Any) -> Any:
            i, f, c, o = np.split(weight, 4, axis=-1)
            return np.concatenate([i, o, f, c], axis=-1)

        kernel, recurrent, bias = map(reordered, own)
        values = [kernel.T[None], recurrent.T[None], np.concatenate([bias, np.zeros_like(bias)])[None]]
        name = f"lstm_{len(self.nodes)}"
        inputs = [self.add("Transpose", x, perm=[1, 0, 2]), *map(self.constant, values)]
        outputs = [name] if all_steps else ["", name]
        self.nodes.append(helper.make_node("LSTM", inputs, outputs, hidden_size=units))
        if all_steps:
            squeezed = self.add("Squeeze", name, self.constant(np.array([1], np.int64)))
            return self.add("Transpose", squeezed, perm=[1, 0, 2])
        return self.add("Squeeze", name, self.constant(np.array([0], np.int64)))

    def attention(self, x: str, own: N.Weights, width: int, heads: int) -> str:
        def projected(x: str, index: int) -> str:
            kernel = self.constant(own[2 * index].reshape(width, width))
            return self.add("Add", self.add("MatMul", x, kernel), self.constant(own[2 * index + 1].reshape(width)))

        query, key, value = (projected(x, index) for index in range(3))
        y = self.add("MultiHeadAttention", query, key, value, num_heads=heads, domain="com.microsoft")
        return projected(y, 3)


def model_of(network: N.Network) -> bytes:
    graph = Graph(network.weights())
    result = graph.layers(network.layers, network.input_shape, "x")
    shape = network.input_shape
    shape = (shape[2], *shape[:2]) if len(shape) == 3 else shape
    kind = TensorProto.INT32 if network.ids else TensorProto.FLOAT
    inputs = [helper.make_tensor_value_info("x", kind, ["N", *shape])]
    output = N.output_shape(network.layers, network.input_shape)
    outputs = [helper.make_tensor_value_info(result, TensorProto.FLOAT, ["N", *output])]
    made = helper.make_graph(graph.nodes, network.name, inputs, outputs, graph.initializers)
    model = helper.make_model(made, opset_imports=OPSET, ir_version=10)
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


class OnnxRuntime(Library):
    columns = ("onnxruntime",)

    def __init__(self, threads: int) -> None:
        self.options = onnxruntime.SessionOptions()
        self.options.intra_op_num_threads = threads
        self.options.inter_op_num_threads = 1
        self.options.log_severity_level = 3
        self.about = f"ONNX Runtime {onnxruntime.__version__}"

    def inference(self, network: N.Network, batch: int, column: str) -> Call:
        session = onnxruntime.InferenceSession(model_of(network), self.options, providers=["CPUExecutionProvider"])
        x = network.samples(batch)
        inputs = {"x": np.ascontiguousarray(x.transpose(0, 3, 1, 2)) if x.ndim == 4 else x}
        return lambda: session.run(None, inputs)[0]

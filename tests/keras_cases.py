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
    times : how often the inputs are passed: 2 for layers of a query and a value.
    steps : which steps of the inputs count, (batch, time): the others are zeros, and a Masking lies before the layer.
    loss : the result can be trained on; False where Keras's losses can't take its mask.
    counted : only the steps that the result's mask counts are compared.
    """

    name: str
    make: Callable[[Any], Any]
    shape: Shape | list[Shape]
    ids: int = 0
    training: bool = True
    call: dict[str, Any] = field(default_factory=dict)
    times: int = 1
    steps: np.ndarray | None = None
    loss: bool = True
    counted: bool = False

    def __str__(self) -> str:
        return self.name

    def inputs(self) -> list[np.ndarray]:
        """The same numbers on every call."""
        rng = np.random.default_rng(7)
        shapes = self.shape if isinstance(self.shape, list) else [self.shape]
        if self.ids:
            return [rng.integers(0, self.ids, shape).astype(np.int32) for shape in shapes]
        arrays = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
        return arrays if self.steps is None else [array * self.steps[..., None] for array in arrays]


SEQUENCE = (3, 6, 4)
IMAGE = (3, 7, 6, 4)
STATE = np.ones((3, 5), np.float32)
MASK = np.array([[1, 1, 1, 1, 1, 1], [0, 1, 0, 0, 1, 0], [1, 1, 1, 0, 0, 0]], bool)
BEGUN = np.array([[1, 1, 1, 1, 1, 1], [1, 1, 0, 0, 1, 0], [1, 0, 1, 0, 0, 0]], bool)  # the first step always counts
VOLUME = (2, 5, 6, 4, 4)


def make(name: str, *arguments: Any) -> Callable[[Any], Any]:
    return lambda L: getattr(L, name)(*arguments)


def there_and_back(L: Any, **options: Any) -> Any:
    """A ReversibleEmbedding and, in the same layer, its reverse."""

    class Both(L.Layer):  # type: ignore[misc,name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.table = L.ReversibleEmbedding(11, 4, **options)

        def call(self, inputs: Any) -> Any:
            return self.table(self.table(inputs), reverse=True)

    return Both()


def untied(L: Any) -> Any:
    return there_and_back(L, tie_weights=False, logit_soft_cap=0.5)


def own_cell(L: Any) -> Any:
    """An RNN over a cell of one's own, as Keras's documentation shows it."""

    class Cell(L.Layer):  # type: ignore[misc,name-defined]
        state_size = 5

        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight(shape=(input_shape[-1], 5), initializer="uniform", name="kernel")
            self.recurrent_kernel = self.add_weight(shape=(5, 5), initializer="uniform", name="recurrent_kernel")
            self.built = True

        def call(self, inputs: Any, states: Any) -> Any:
            output = inputs @ self.kernel + states[0] @ self.recurrent_kernel
            return output, [output]

        def get_config(self) -> dict[str, Any]:
            config: dict[str, Any] = super().get_config()
            return config

    return L.RNN(Cell(), return_sequences=True)


CASES = [
    LayerCase("Dense", lambda L: L.Dense(5), (3, 4)),
    LayerCase("Dense-gelu", lambda L: L.Dense(5, activation="gelu"), (3, 4)),
    LayerCase("Dense-3d-nobias", lambda L: L.Dense(5, activation="tanh", use_bias=False), (3, 2, 4)),
    LayerCase("Dropout", lambda L: L.Dropout(0.5), (3, 4), training=False),
    LayerCase("Dropout-noise_shape", lambda L: L.Dropout(0.5, noise_shape=(None, 1)), (3, 4), training=False),
    LayerCase("SpatialDropout1D", lambda L: L.SpatialDropout1D(0.5), SEQUENCE, training=False),
    LayerCase("SpatialDropout2D", lambda L: L.SpatialDropout2D(0.5), IMAGE, training=False),
    LayerCase("SpatialDropout3D", lambda L: L.SpatialDropout3D(0.5), VOLUME, training=False),
    LayerCase("AlphaDropout", lambda L: L.AlphaDropout(0.5), (3, 4), training=False),
    LayerCase("GaussianNoise", lambda L: L.GaussianNoise(0.5), (3, 4), training=False),
    LayerCase("GaussianDropout", lambda L: L.GaussianDropout(0.5), (3, 4), training=False),
    LayerCase("Lambda", lambda L: L.Lambda(lambda x: x * 2 + 1), (3, 4)),
    LayerCase("Flatten", lambda L: L.Flatten(), IMAGE),
    *(
        LayerCase(f"Activation-{name}", lambda L, name=name: L.Activation(name), (3, 17))
        for name in (
            "relu",
            "sigmoid",
            "tanh",
            "softmax",
            "gelu",
            "silu",
            "swish",
            "elu",
            "selu",
            "softplus",
            "softsign",
            "hard_sigmoid",
            "leaky_relu",
            "exponential",
            "linear",
            "log_softmax",
        )
    ),
    LayerCase("ReLU", lambda L: L.ReLU(), (3, 17)),
    LayerCase("ReLU-all", lambda L: L.ReLU(max_value=1.0, negative_slope=0.1, threshold=0.2), (3, 17)),
    LayerCase("LeakyReLU", lambda L: L.LeakyReLU(), (3, 17)),
    LayerCase("PReLU", lambda L: L.PReLU(alpha_initializer="ones"), (3, 17)),
    LayerCase("PReLU-shared", lambda L: L.PReLU(shared_axes=[1, 2]), IMAGE),
    LayerCase("ELU", lambda L: L.ELU(), (3, 17)),
    LayerCase("Softmax-axes", lambda L: L.Softmax(axis=[1, 2]), (3, 5, 4)),
    LayerCase("Softmax-mask", lambda L: L.Softmax(), (3, 6), call={"mask": MASK}, loss=False),
    LayerCase("Softmax-axis", lambda L: L.Softmax(axis=1), (3, 5, 4)),
    LayerCase("Conv2D", lambda L: L.Conv2D(5, 3), IMAGE),
    LayerCase("Conv2D-same-strides", lambda L: L.Conv2D(5, 3, strides=2, padding="same", activation="relu"), IMAGE),
    LayerCase("Conv2D-same-even", lambda L: L.Conv2D(2, (2, 4), padding="same", use_bias=False), IMAGE),
    LayerCase("Conv2D-dilation", lambda L: L.Conv2D(5, (3, 2), dilation_rate=2), IMAGE),
    LayerCase("Conv2D-groups", lambda L: L.Conv2D(6, 3, groups=2), IMAGE),
    LayerCase("Conv1D", lambda L: L.Conv1D(5, 3, activation="relu"), SEQUENCE),
    LayerCase("Conv1D-causal", lambda L: L.Conv1D(5, 3, padding="causal", dilation_rate=2), SEQUENCE),
    LayerCase("Conv1D-causal-strides", lambda L: L.Conv1D(5, 2, strides=2, padding="causal"), SEQUENCE),
    LayerCase("Conv1D-same-groups", lambda L: L.Conv1D(6, 4, strides=2, padding="same", groups=2), SEQUENCE),
    LayerCase("Conv3D", lambda L: L.Conv3D(5, (2, 3, 2), use_bias=False), VOLUME),
    LayerCase("Conv3D-same-strides", lambda L: L.Conv3D(5, 3, strides=2, padding="same", activation="tanh"), VOLUME),
    LayerCase("Conv1DTranspose", lambda L: L.Conv1DTranspose(5, 3, strides=2), SEQUENCE),
    LayerCase("Conv1DTranspose-same", lambda L: L.Conv1DTranspose(5, 4, strides=3, padding="same"), SEQUENCE),
    LayerCase("Conv2DTranspose", lambda L: L.Conv2DTranspose(5, 3, activation="relu"), IMAGE),
    LayerCase("Conv2DTranspose-same", lambda L: L.Conv2DTranspose(5, (3, 4), strides=2, padding="same"), IMAGE),
    LayerCase("Conv2DTranspose-sparse", lambda L: L.Conv2DTranspose(5, 2, strides=3, use_bias=False), IMAGE),
    LayerCase("Conv2DTranspose-open", lambda L: L.Conv2DTranspose(5, 3, strides=2, output_padding=1), IMAGE),
    LayerCase("Conv2DTranspose-open-same", lambda L: L.Conv2DTranspose(5, 3, 2, "same", output_padding=0), IMAGE),
    LayerCase("Conv2DTranspose-open-even", lambda L: L.Conv2DTranspose(5, 4, 3, "same", output_padding=2), IMAGE),
    LayerCase("Conv2DTranspose-dilation", lambda L: L.Conv2DTranspose(5, 3, padding="same", dilation_rate=2), IMAGE),
    LayerCase("Conv3DTranspose", lambda L: L.Conv3DTranspose(3, 2, strides=2), VOLUME),
    LayerCase("Conv3DTranspose-same", lambda L: L.Conv3DTranspose(3, 3, strides=2, padding="same"), VOLUME),
    LayerCase("DepthwiseConv1D", lambda L: L.DepthwiseConv1D(3, depth_multiplier=2), SEQUENCE),
    LayerCase("DepthwiseConv2D", lambda L: L.DepthwiseConv2D(3, padding="same", activation="relu"), IMAGE),
    LayerCase("DepthwiseConv2D-3", lambda L: L.DepthwiseConv2D((3, 2), strides=2, depth_multiplier=3), IMAGE),
    LayerCase("SeparableConv1D", lambda L: L.SeparableConv1D(5, 3, padding="same", depth_multiplier=2), SEQUENCE),
    LayerCase("SeparableConv2D", lambda L: L.SeparableConv2D(5, 3, strides=2, activation="relu"), IMAGE),
    LayerCase("MaxPooling1D", lambda L: L.MaxPooling1D(3, strides=2, padding="same"), SEQUENCE),
    LayerCase("MaxPooling3D", lambda L: L.MaxPooling3D(2), VOLUME),
    LayerCase("MaxPooling3D-same", lambda L: L.MaxPooling3D((2, 3, 2), strides=1, padding="same"), VOLUME),
    LayerCase("AveragePooling1D", lambda L: L.AveragePooling1D(2, padding="same"), SEQUENCE),
    LayerCase("AveragePooling3D", lambda L: L.AveragePooling3D(2, strides=1), VOLUME),
    LayerCase("AveragePooling3D-same", lambda L: L.AveragePooling3D(3, strides=2, padding="same"), VOLUME),
    LayerCase("GlobalAveragePooling1D", lambda L: L.GlobalAveragePooling1D(), SEQUENCE),
    LayerCase("GlobalAveragePooling3D", lambda L: L.GlobalAveragePooling3D(keepdims=True), VOLUME),
    LayerCase("GlobalMaxPooling1D", lambda L: L.GlobalMaxPooling1D(keepdims=True), SEQUENCE),
    LayerCase("GlobalMaxPooling3D", lambda L: L.GlobalMaxPooling3D(), VOLUME),
    LayerCase("MaxPooling2D", lambda L: L.MaxPooling2D(), IMAGE),
    LayerCase("MaxPooling2D-same", lambda L: L.MaxPooling2D((3, 2), strides=2, padding="same"), IMAGE),
    LayerCase("AveragePooling2D", lambda L: L.AveragePooling2D(2), IMAGE),
    LayerCase("AveragePooling2D-same", lambda L: L.AveragePooling2D((3, 2), strides=2, padding="same"), IMAGE),
    LayerCase("GlobalAveragePooling2D", lambda L: L.GlobalAveragePooling2D(), IMAGE),
    LayerCase("GlobalMaxPooling2D", lambda L: L.GlobalMaxPooling2D(keepdims=True), IMAGE),
    LayerCase("BatchNormalization", lambda L: L.BatchNormalization(), IMAGE),
    LayerCase("BatchNormalization-2d", lambda L: L.BatchNormalization(momentum=0.5, epsilon=0.1), (5, 4)),
    LayerCase("BatchNormalization-bare", lambda L: L.BatchNormalization(center=False, scale=False), (5, 4)),
    LayerCase("GroupNormalization", lambda L: L.GroupNormalization(2), IMAGE),
    LayerCase("GroupNormalization-instance", lambda L: L.GroupNormalization(-1, epsilon=0.1, scale=False), VOLUME),
    LayerCase("GroupNormalization-2d", lambda L: L.GroupNormalization(4, center=False), (3, 12)),
    LayerCase("UnitNormalization", lambda L: L.UnitNormalization(), IMAGE),
    LayerCase("UnitNormalization-axes", lambda L: L.UnitNormalization(axis=(1, 3)), IMAGE),
    LayerCase("LayerNormalization", lambda L: L.LayerNormalization(), (3, 5, 4)),
    LayerCase("LayerNormalization-bare", lambda L: L.LayerNormalization(center=False, scale=False), (3, 5)),
    LayerCase("RMSNormalization", lambda L: L.RMSNormalization(), (3, 5)),
    LayerCase("Embedding", lambda L: L.Embedding(11, 4), (3, 5), ids=11),
    LayerCase("Embedding-mask_zero", lambda L: L.Embedding(3, 4, mask_zero=True), (3, 5), ids=3),
    LayerCase("Masking", lambda L: L.Masking(), SEQUENCE, steps=MASK),
    *(
        case
        for kind in ("LSTM", "GRU", "SimpleRNN")
        for case in (
            LayerCase(f"{kind}", lambda L, kind=kind: getattr(L, kind)(5), SEQUENCE),
            LayerCase(f"{kind}-sequences", lambda L, kind=kind: getattr(L, kind)(5, return_sequences=True), SEQUENCE),
            LayerCase(
                f"{kind}-state",
                lambda L, kind=kind: getattr(L, kind)(5, return_sequences=True, return_state=True, use_bias=False),
                SEQUENCE,
            ),
            LayerCase(
                f"{kind}-backwards",
                lambda L, kind=kind: getattr(L, kind)(5, return_sequences=True, go_backwards=True),
                SEQUENCE,
            ),
            LayerCase(
                f"{kind}-mask",
                lambda L, kind=kind: getattr(L, kind)(5, return_sequences=True, return_state=True),
                SEQUENCE,
                call={"mask": MASK},
            ),
            LayerCase(
                f"{kind}-mask-backwards",
                lambda L, kind=kind: getattr(L, kind)(5, return_sequences=True, go_backwards=True),
                SEQUENCE,
                call={"mask": MASK},
            ),
            LayerCase(
                f"{kind}-mask-zero-output",
                lambda L, kind=kind: L.RNN(
                    getattr(L, f"{kind}Cell")(5), return_sequences=True, zero_output_for_mask=True
                ),
                SEQUENCE,
                call={"mask": MASK},
            ),
            LayerCase(f"{kind}-relu", lambda L, kind=kind: getattr(L, kind)(5, activation="relu"), SEQUENCE),
            LayerCase(
                f"{kind}-dropout",
                lambda L, kind=kind: getattr(L, kind)(5, dropout=0.2, recurrent_dropout=0.3),
                SEQUENCE,
                training=False,
            ),
            LayerCase(
                f"{kind}-initial",
                lambda L, kind=kind: getattr(L, kind)(5),
                SEQUENCE,
                call={"initial_state": [0.2 * STATE, 0.4 * STATE][: 2 if kind == "LSTM" else 1]},
            ),
            LayerCase(f"RNN-{kind}Cell", lambda L, kind=kind: L.RNN(getattr(L, f"{kind}Cell")(5)), SEQUENCE),
            *(
                LayerCase(
                    f"Bidirectional-{kind}-{mode}",
                    lambda L, kind=kind, mode=mode: L.Bidirectional(
                        getattr(L, kind)(5, return_sequences=True), merge_mode=mode
                    ),
                    SEQUENCE,
                )
                for mode in ("concat", "sum", "mul", "ave", None)
            ),
        )
    ),
    LayerCase("LSTM-no-forget-bias", lambda L: L.LSTM(5, unit_forget_bias=False), SEQUENCE),
    LayerCase("LSTM-hard-sigmoid", lambda L: L.LSTM(5, recurrent_activation="hard_sigmoid"), SEQUENCE),
    LayerCase("GRU-reset-before", lambda L: L.GRU(5, reset_after=False), SEQUENCE),
    LayerCase(
        "StackedRNNCells",
        lambda L: L.RNN([L.LSTMCell(5), L.GRUCell(4), L.SimpleRNNCell(3)], return_state=True),
        SEQUENCE,
    ),
    LayerCase("TimeDistributed", lambda L: L.TimeDistributed(L.Dense(5)), SEQUENCE),
    LayerCase("Reshape", lambda L: L.Reshape((3, -1)), SEQUENCE),
    LayerCase("Permute", lambda L: L.Permute((2, 1)), SEQUENCE),
    LayerCase("RepeatVector", lambda L: L.RepeatVector(3), (3, 4)),
    LayerCase("ZeroPadding1D", lambda L: L.ZeroPadding1D((1, 2)), SEQUENCE),
    LayerCase("ZeroPadding2D", lambda L: L.ZeroPadding2D(((1, 0), (2, 3))), IMAGE),
    LayerCase("Cropping1D", lambda L: L.Cropping1D((1, 2)), SEQUENCE),
    LayerCase("Cropping2D", lambda L: L.Cropping2D(((1, 0), (2, 1))), IMAGE),
    LayerCase("ZeroPadding3D", lambda L: L.ZeroPadding3D(((1, 0), (2, 3), (0, 1))), VOLUME),
    LayerCase("Cropping3D", lambda L: L.Cropping3D(((1, 0), (2, 1), (0, 2))), VOLUME),
    LayerCase("UpSampling3D", lambda L: L.UpSampling3D((2, 1, 3)), VOLUME),
    LayerCase("Identity", lambda L: L.Identity(), SEQUENCE),
    LayerCase("UpSampling1D", lambda L: L.UpSampling1D(3), SEQUENCE),
    LayerCase("UpSampling2D", lambda L: L.UpSampling2D((2, 3)), IMAGE),
    LayerCase("UpSampling2D-bilinear", lambda L: L.UpSampling2D(2, interpolation="bilinear"), IMAGE),
    *(
        LayerCase(name, lambda L, name=name: getattr(L, name)(), [SEQUENCE, SEQUENCE])
        for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate")
    ),
    LayerCase("Add-3", lambda L: L.Add(), [SEQUENCE, SEQUENCE, SEQUENCE]),
    LayerCase("Concatenate-axis", lambda L: L.Concatenate(axis=1), [SEQUENCE, (3, 2, 4)]),
    LayerCase("Dot", lambda L: L.Dot(axes=1), [(3, 4), (3, 4)]),
    LayerCase("Dot-normalize", lambda L: L.Dot(axes=(2, 1), normalize=True), [(3, 2, 4), (3, 4, 5)]),
    LayerCase("PReLU", lambda L: L.PReLU(alpha_initializer="ones"), SEQUENCE),
    LayerCase("PReLU-shared", lambda L: L.PReLU(shared_axes=[1]), SEQUENCE),
    *(
        case
        for padding in ("valid", "same")
        for case in (
            LayerCase(f"Conv1D-{padding}", lambda L, p=padding: L.Conv1D(5, 3, padding=p, strides=2), SEQUENCE),
            LayerCase(f"Conv3D-{padding}", lambda L, p=padding: L.Conv3D(5, (2, 3, 2), padding=p), VOLUME),
            LayerCase(
                f"Conv1DTranspose-{padding}",
                lambda L, p=padding: L.Conv1DTranspose(5, 3, strides=2, padding=p),
                SEQUENCE,
            ),
            LayerCase(
                f"Conv2DTranspose-{padding}",
                lambda L, p=padding: L.Conv2DTranspose(5, (3, 2), strides=(2, 3), padding=p),
                IMAGE,
            ),
            LayerCase(
                f"Conv3DTranspose-{padding}", lambda L, p=padding: L.Conv3DTranspose(3, 2, strides=2, padding=p), VOLUME
            ),
            LayerCase(f"DepthwiseConv1D-{padding}", lambda L, p=padding: L.DepthwiseConv1D(3, padding=p), SEQUENCE),
            LayerCase(
                f"DepthwiseConv2D-{padding}",
                lambda L, p=padding: L.DepthwiseConv2D(3, padding=p, depth_multiplier=2, strides=2),
                IMAGE,
            ),
            LayerCase(f"SeparableConv1D-{padding}", lambda L, p=padding: L.SeparableConv1D(5, 3, padding=p), SEQUENCE),
            LayerCase(
                f"SeparableConv2D-{padding}",
                lambda L, p=padding: L.SeparableConv2D(5, 3, padding=p, depth_multiplier=2),
                IMAGE,
            ),
            LayerCase(f"MaxPooling1D-{padding}", lambda L, p=padding: L.MaxPooling1D(3, 2, padding=p), SEQUENCE),
            LayerCase(
                f"AveragePooling1D-{padding}", lambda L, p=padding: L.AveragePooling1D(3, 2, padding=p), SEQUENCE
            ),
            LayerCase(f"MaxPooling3D-{padding}", lambda L, p=padding: L.MaxPooling3D((2, 3, 2), 2, padding=p), VOLUME),
            LayerCase(
                f"AveragePooling3D-{padding}", lambda L, p=padding: L.AveragePooling3D((2, 3, 2), 2, padding=p), VOLUME
            ),
        )
    ),
    LayerCase("Conv1D-causal", lambda L: L.Conv1D(5, 3, padding="causal", dilation_rate=2), SEQUENCE),
    LayerCase("Conv2DTranspose-output", lambda L: L.Conv2DTranspose(2, 3, strides=2, output_padding=1), IMAGE),
    *(
        LayerCase(name, lambda L, name=name: getattr(L, name)(), shape)
        for name, shape in (
            ("GlobalMaxPooling1D", SEQUENCE),
            ("GlobalMaxPooling3D", VOLUME),
            ("GlobalAveragePooling1D", SEQUENCE),
            ("GlobalAveragePooling3D", VOLUME),
        )
    ),
    LayerCase("GlobalAveragePooling1D-mask", lambda L: L.GlobalAveragePooling1D(), SEQUENCE, call={"mask": MASK}),
    LayerCase("GroupNormalization", lambda L: L.GroupNormalization(groups=2), IMAGE),
    LayerCase("GroupNormalization-instance", lambda L: L.GroupNormalization(groups=-1, epsilon=0.1), IMAGE),
    LayerCase("UnitNormalization", lambda L: L.UnitNormalization(), SEQUENCE),
    LayerCase("EinsumDense", lambda L: L.EinsumDense("abc,cd->abd", (None, 5), bias_axes="d"), SEQUENCE),
    LayerCase("Attention", lambda L: L.Attention(), [SEQUENCE, (3, 5, 4)]),
    LayerCase("Attention-scale", lambda L: L.Attention(use_scale=True), [SEQUENCE, (3, 5, 4), (3, 5, 4)]),
    LayerCase("Attention-concat", lambda L: L.Attention(score_mode="concat"), [SEQUENCE, (3, 5, 4)]),
    LayerCase("Attention-causal", lambda L: L.Attention(), [SEQUENCE, SEQUENCE], call={"use_causal_mask": True}),
    LayerCase("AdditiveAttention", lambda L: L.AdditiveAttention(), [SEQUENCE, (3, 5, 4)]),
    *(
        LayerCase(
            f"MultiHeadAttention-{name}",
            lambda L, options=options: L.MultiHeadAttention(2, 3, **options),
            SEQUENCE,
            times=2,
            call=call,
        )
        for name, options, call in (
            ("plain", {}, {}),
            ("value_dim", {"value_dim": 5, "use_bias": False}, {}),
            ("output_shape", {"output_shape": 7}, {}),
            ("causal", {}, {"use_causal_mask": True}),
            ("mask", {}, {"attention_mask": np.tril(np.ones((3, 6, 6), bool))}),
            ("value_mask", {}, {"value_mask": MASK}),
            ("key_mask", {}, {"key_mask": MASK}),
            ("masks", {}, {"value_mask": BEGUN, "key_mask": MASK | BEGUN, "use_causal_mask": True}),
            ("scores", {}, {"return_attention_scores": True}),
        )
    ),
    *(
        LayerCase(
            f"GroupQueryAttention-{name}",
            lambda L, options=options: L.GroupQueryAttention(3, 4, 2, **options),
            SEQUENCE,
            times=2,
            call=call,
        )
        for name, options, call in (
            ("plain", {}, {}),
            ("gate", {"use_gate": True, "use_bias": False}, {}),
            ("causal", {}, {"use_causal_mask": True}),
            ("window", {"sliding_window": 2}, {"use_causal_mask": True}),
            ("mask", {}, {"attention_mask": np.tril(np.ones((3, 6, 6), bool))}),
            ("scores", {}, {"return_attention_scores": True}),
        )
    ),
    *(
        LayerCase(f"Adaptive{kind}Pooling{axes}D-{name}", make(f"Adaptive{kind}Pooling{axes}D", size), shape)
        for kind in ("Average", "Max")
        for name, axes, size, shape in (
            ("even", 1, 3, SEQUENCE),
            ("uneven", 1, 4, SEQUENCE),
            ("more", 1, 7, SEQUENCE),
            ("sizes", 2, (3, 4), IMAGE),
            ("few", 2, (2, 3), IMAGE),
            ("volume", 3, (2, 4, 3), VOLUME),
        )
    ),
    LayerCase("ReversibleEmbedding", lambda L: L.ReversibleEmbedding(11, 4), (3, 5), ids=11),
    LayerCase("ReversibleEmbedding-mask_zero", lambda L: L.ReversibleEmbedding(3, 4, mask_zero=True), (3, 5), ids=3),
    LayerCase("ReversibleEmbedding-both", there_and_back, (3, 5), ids=11),
    LayerCase("ReversibleEmbedding-untied", untied, (3, 5), ids=11),
    *(
        LayerCase(
            f"STFTSpectrogram-{mode}",
            lambda L, mode=mode, options=options: L.STFTSpectrogram(mode, 8, 3, **options),
            (2, 21, 2),
        )
        for mode, options in (
            ("log", {}),
            ("magnitude", {"padding": "same", "fft_length": 16}),
            ("psd", {"window": "hamming", "periodic": True, "scaling": "spectrum"}),
            ("real", {"expand_dims": True, "scaling": None}),
            ("imag", {}),
            ("angle", {"fft_length": 16}),
            ("stft", {}),
        )
    ),
    LayerCase("STFTSpectrogram-defaults", lambda L: L.STFTSpectrogram(), (2, 700, 1)),
    LayerCase("MelSpectrogram", lambda L: L.MelSpectrogram(64, 16, num_mel_bins=8, sampling_rate=4000), (2, 200)),
    LayerCase(
        "MelSpectrogram-power",
        lambda L: L.MelSpectrogram(32, 10, 24, "hamming", 4000, 5, 50.0, 1500.0, power_to_db=False, mag_exp=1.5),
        (2, 200),
        loss=False,
    ),
    LayerCase("Pipeline", lambda L: L.Pipeline([L.Dense(5), L.LayerNormalization(), L.Dense(3)]), SEQUENCE),
    *(
        LayerCase(
            f"MultiHeadAttention-carried{name}",
            lambda L: L.MultiHeadAttention(2, 3),
            SEQUENCE,
            times=2,
            call=call,
            steps=BEGUN,
            counted=True,
        )
        for name, call in (
            ("", {}),
            ("-causal", {"use_causal_mask": True}),
            ("-value_mask", {"value_mask": BEGUN[::-1].copy()}),
        )
    ),
    *(
        LayerCase(f"{name}-carried", make, shape, steps=MASK)
        for name, make, shape in (
            ("Dense", lambda L: L.Dense(5), SEQUENCE),
            ("EinsumDense", lambda L: L.EinsumDense("abc,cd->abd", (None, 5)), SEQUENCE),
            ("Activation", lambda L: L.Activation("tanh"), SEQUENCE),
            ("PReLU", lambda L: L.PReLU(), SEQUENCE),
            ("LayerNormalization", lambda L: L.LayerNormalization(), SEQUENCE),
            ("Lambda", lambda L: L.Lambda(lambda x: x * 2), SEQUENCE),
            ("Conv1D", lambda L: L.Conv1D(5, 3, padding="same"), SEQUENCE),
            ("GlobalAveragePooling1D", lambda L: L.GlobalAveragePooling1D(), SEQUENCE),
            ("TimeDistributed", lambda L: L.TimeDistributed(L.Dense(5)), SEQUENCE),
            ("Bidirectional", lambda L: L.Bidirectional(L.GRU(5)), SEQUENCE),
            ("Bidirectional-sequences", lambda L: L.Bidirectional(L.LSTM(5, return_sequences=True)), SEQUENCE),
            ("StackedRNNCells", lambda L: L.RNN([L.LSTMCell(5), L.GRUCell(4)]), SEQUENCE),
            ("Add", lambda L: L.Add(), [SEQUENCE, SEQUENCE]),
            ("Maximum", lambda L: L.Maximum(), [SEQUENCE, SEQUENCE]),
            ("Concatenate", lambda L: L.Concatenate(), [SEQUENCE, SEQUENCE]),
            ("Concatenate-time", lambda L: L.Concatenate(axis=1), [SEQUENCE, SEQUENCE]),
            ("Attention", lambda L: L.Attention(), [SEQUENCE, SEQUENCE]),
            ("AdditiveAttention", lambda L: L.AdditiveAttention(), [SEQUENCE, SEQUENCE, SEQUENCE]),
        )
    ),
    LayerCase("Attention-mask", lambda L: L.Attention(), [SEQUENCE, SEQUENCE], call={"mask": [MASK, MASK[::-1]]}),
    LayerCase("LSTMCell", lambda L: L.LSTMCell(5), (3, 4), call={"states": [0.2 * STATE, 0.4 * STATE]}),
    LayerCase("GRUCell", lambda L: L.GRUCell(5), (3, 4), call={"states": [0.2 * STATE]}),
    LayerCase("SimpleRNNCell", lambda L: L.SimpleRNNCell(5), (3, 4), call={"states": [0.2 * STATE]}),
    LayerCase("RNN-own-cell", own_cell, SEQUENCE),
    LayerCase("ActivityRegularization", lambda L: L.ActivityRegularization(l1=0.1, l2=0.2), SEQUENCE),
    LayerCase("Rescaling", lambda L: L.Rescaling(0.5, offset=-1.0), SEQUENCE),
    LayerCase("Normalization", lambda L: L.Normalization(mean=[1.0, 2, 3, 4], variance=[1.0, 2, 3, 4]), SEQUENCE),
    LayerCase("Resizing", lambda L: L.Resizing(4, 9), IMAGE),
    LayerCase("CenterCrop", lambda L: L.CenterCrop(5, 4), IMAGE),
    LayerCase("RandomFlip", lambda L: L.RandomFlip(), IMAGE, training=False),
    LayerCase("RandomRotation", lambda L: L.RandomRotation(0.2), IMAGE, training=False),
    LayerCase("RandomTranslation", lambda L: L.RandomTranslation(0.2, 0.3), IMAGE, training=False),
    LayerCase("RandomZoom", lambda L: L.RandomZoom((0.2, 0.3)), IMAGE, training=False),
    LayerCase("RandomContrast", lambda L: L.RandomContrast(0.2), IMAGE, training=False),
    LayerCase("RandomBrightness", lambda L: L.RandomBrightness(0.2), IMAGE, training=False),
]

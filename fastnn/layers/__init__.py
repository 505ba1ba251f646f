"""Layers by Keras 3's names, arguments, defaults, weight layouts and semantics.

A file is read when one of its layers is first used, so that importing the package stays light.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._first_use import at_first_use

# the files, and what each has
_FILES = {
    "activation": "Activation",
    "activity_regularization": "ActivityRegularization",
    "adaptive_pooling": "AdaptiveAveragePooling1D AdaptiveAveragePooling2D AdaptiveAveragePooling3D "
    "AdaptiveMaxPooling1D AdaptiveMaxPooling2D AdaptiveMaxPooling3D",
    "attention": "AdditiveAttention Attention",
    "average_pooling": "AveragePooling1D AveragePooling2D AveragePooling3D AvgPool1D AvgPool2D AvgPool3D",
    "base": "Layer",
    "base.input_spec": "InputSpec",
    "base.serialization": "deserialize serialize",
    "batch_normalization": "BatchNormalization",
    "bidirectional": "Bidirectional",
    "concatenation": "Concatenate",
    "convolution": "Conv1D Conv2D Conv3D Convolution1D Convolution2D Convolution3D",
    "convolution_transpose": "Conv1DTranspose Conv2DTranspose Conv3DTranspose "
    "Convolution1DTranspose Convolution2DTranspose Convolution3DTranspose",
    "cropping": "Cropping1D Cropping2D Cropping3D",
    "dense": "Dense",
    "depthwise_convolution": "DepthwiseConv1D DepthwiseConv2D",
    "dot_product": "Dot",
    "dropout": "Dropout",
    "einsum_dense": "EinsumDense",
    "elu": "ELU",
    "embedding": "Embedding",
    "global_average_pooling": "GlobalAveragePooling1D GlobalAveragePooling2D GlobalAveragePooling3D "
    "GlobalAvgPool1D GlobalAvgPool2D GlobalAvgPool3D",
    "global_max_pooling": "GlobalMaxPool1D GlobalMaxPool2D GlobalMaxPool3D "
    "GlobalMaxPooling1D GlobalMaxPooling2D GlobalMaxPooling3D",
    "group_normalization": "GroupNormalization",
    "group_query_attention": "GroupQueryAttention",
    "gru": "GRU GRUCell",
    "identity": "Identity",
    "input_layer": "Input InputLayer",
    "lambda_layer": "Lambda",
    "layer_normalization": "LayerNormalization RMSNormalization",
    "leaky_relu": "LeakyReLU",
    "lstm": "LSTM LSTMCell",
    "masking": "Masking",
    "max_pooling": "MaxPool1D MaxPool2D MaxPool3D MaxPooling1D MaxPooling2D MaxPooling3D",
    "mel_spectrogram": "MelSpectrogram",
    "merging": "Add Average Maximum Minimum Multiply Subtract",
    "merging_functions": "add average concatenate dot maximum minimum multiply subtract",
    "multi_head_attention": "MultiHeadAttention",
    "noise": "AlphaDropout GaussianDropout GaussianNoise",
    "padding": "ZeroPadding1D ZeroPadding2D ZeroPadding3D",
    "pipeline": "Pipeline",
    "prelu": "PReLU",
    "preprocessing.aug_mix": "AugMix",
    "preprocessing.auto_contrast": "AutoContrast",
    "preprocessing.category_encoding": "CategoryEncoding",
    "preprocessing.center_crop": "CenterCrop",
    "preprocessing.contrast_limited_equalization": "ContrastLimitedAdaptiveHistogramEqualization",
    "preprocessing.cut_mix": "CutMix",
    "preprocessing.discretization": "Discretization",
    "preprocessing.equalization": "Equalization",
    "preprocessing.integer_lookup": "IntegerLookup",
    "preprocessing.max_num_bounding_boxes": "MaxNumBoundingBoxes",
    "preprocessing.mix_up": "MixUp",
    "preprocessing.normalization": "Normalization",
    "preprocessing.rand_augment": "RandAugment",
    "preprocessing.random_brightness": "RandomBrightness",
    "preprocessing.random_color_degeneration": "RandomColorDegeneration",
    "preprocessing.random_color_jitter": "RandomColorJitter",
    "preprocessing.random_contrast": "RandomContrast",
    "preprocessing.random_crop": "RandomCrop",
    "preprocessing.random_elastic_transform": "RandomElasticTransform",
    "preprocessing.random_erasing": "RandomErasing",
    "preprocessing.random_flip": "RandomFlip",
    "preprocessing.random_gaussian_blur": "RandomGaussianBlur",
    "preprocessing.random_grayscale": "RandomGrayscale",
    "preprocessing.random_hue": "RandomHue",
    "preprocessing.random_invert": "RandomInvert",
    "preprocessing.random_perspective": "RandomPerspective",
    "preprocessing.random_posterization": "RandomPosterization",
    "preprocessing.random_rotation": "RandomRotation",
    "preprocessing.random_saturation": "RandomSaturation",
    "preprocessing.random_sharpness": "RandomSharpness",
    "preprocessing.random_shear": "RandomShear",
    "preprocessing.random_translation": "RandomTranslation",
    "preprocessing.random_zoom": "RandomZoom",
    "preprocessing.rescaling": "Rescaling",
    "preprocessing.resizing": "Resizing",
    "preprocessing.solarization": "Solarization",
    "preprocessing.string_lookup": "StringLookup",
    "preprocessing.text_vectorization": "TextVectorization",
    "relu": "ReLU",
    "reshaping": "Flatten Permute RepeatVector Reshape",
    "reversible_embedding": "ReversibleEmbedding",
    "rnn": "RNN",
    "separable_convolution": "SeparableConv1D SeparableConv2D SeparableConvolution1D SeparableConvolution2D",
    "simple_rnn": "SimpleRNN SimpleRNNCell",
    "softmax": "Softmax",
    "spatial_dropout": "SpatialDropout1D SpatialDropout2D SpatialDropout3D",
    "stacked_cells": "StackedRNNCells",
    "stft_spectrogram": "STFTSpectrogram",
    "time_distributed": "TimeDistributed",
    "unit_normalization": "UnitNormalization",
    "upsampling": "UpSampling1D UpSampling2D UpSampling3D",
    "wrapper": "Wrapper",
}

__all__ = sorted(name for names in _FILES.values() for name in names.split())

if TYPE_CHECKING:
    from .activation import *
    from .activity_regularization import *
    from .adaptive_pooling import *
    from .attention import *
    from .average_pooling import *
    from .base import Layer as Layer
    from .base.input_spec import *
    from .base.serialization import *
    from .batch_normalization import *
    from .bidirectional import *
    from .concatenation import *
    from .convolution import *
    from .convolution_transpose import *
    from .cropping import *
    from .dense import *
    from .depthwise_convolution import *
    from .dot_product import *
    from .dropout import *
    from .einsum_dense import *
    from .elu import *
    from .embedding import *
    from .global_average_pooling import *
    from .global_max_pooling import *
    from .group_normalization import *
    from .group_query_attention import *
    from .gru import *
    from .identity import *
    from .input_layer import *
    from .lambda_layer import *
    from .layer_normalization import *
    from .leaky_relu import *
    from .lstm import *
    from .masking import *
    from .max_pooling import *
    from .mel_spectrogram import *
    from .merging import *
    from .merging_functions import *
    from .multi_head_attention import *
    from .noise import *
    from .padding import *
    from .pipeline import *
    from .prelu import *
    from .preprocessing.aug_mix import *
    from .preprocessing.auto_contrast import *
    from .preprocessing.category_encoding import *
    from .preprocessing.center_crop import *
    from .preprocessing.contrast_limited_equalization import *
    from .preprocessing.cut_mix import *
    from .preprocessing.discretization import *
    from .preprocessing.equalization import *
    from .preprocessing.integer_lookup import *
    from .preprocessing.max_num_bounding_boxes import *
    from .preprocessing.mix_up import *
    from .preprocessing.normalization import *
    from .preprocessing.rand_augment import *
    from .preprocessing.random_brightness import *
    from .preprocessing.random_color_degeneration import *
    from .preprocessing.random_color_jitter import *
    from .preprocessing.random_contrast import *
    from .preprocessing.random_crop import *
    from .preprocessing.random_elastic_transform import *
    from .preprocessing.random_erasing import *
    from .preprocessing.random_flip import *
    from .preprocessing.random_gaussian_blur import *
    from .preprocessing.random_grayscale import *
    from .preprocessing.random_hue import *
    from .preprocessing.random_invert import *
    from .preprocessing.random_perspective import *
    from .preprocessing.random_posterization import *
    from .preprocessing.random_rotation import *
    from .preprocessing.random_saturation import *
    from .preprocessing.random_sharpness import *
    from .preprocessing.random_shear import *
    from .preprocessing.random_translation import *
    from .preprocessing.random_zoom import *
    from .preprocessing.rescaling import *
    from .preprocessing.resizing import *
    from .preprocessing.solarization import *
    from .preprocessing.string_lookup import *
    from .preprocessing.text_vectorization import *
    from .relu import *
    from .reshaping import *
    from .reversible_embedding import *
    from .rnn import *
    from .separable_convolution import *
    from .simple_rnn import *
    from .softmax import *
    from .spatial_dropout import *
    from .stacked_cells import *
    from .stft_spectrogram import *
    from .time_distributed import *
    from .unit_normalization import *
    from .upsampling import *
    from .wrapper import *
else:
    __getattr__, __dir__ = at_first_use(__name__, _FILES)

"""Layers that prepare data: numbers, categories, text, images.

Those of numbers and images run in models; `IntegerLookup`, `StringLookup` and `TextVectorization` are called
on arrays before the model.
"""

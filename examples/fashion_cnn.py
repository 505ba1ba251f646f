"""A convolutional network on the pictures of clothes of Fashion-MNIST, and what it takes the first of them for.

Run it: python examples/fashion_cnn.py
Without a network: Debian's package dataset-fashion-mnist has the data set.
"""

import numpy as np

from fastnn.datasets import fashion_mnist
from fastnn.layers import Conv2D, Dense, Flatten, MaxPooling2D
from fastnn.models import Sequential

CLASSES = ["T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"]

if __name__ == "__main__":
    (x_train, y_train), (x_test, y_test) = fashion_mnist.load_data()
    x_train, x_test = x_train[..., np.newaxis] / 255.0, x_test[..., np.newaxis] / 255.0

    model = Sequential()
    model.add(Conv2D(32, (3, 3), activation="relu", input_shape=(28, 28, 1)))
    model.add(MaxPooling2D((2, 2)))
    model.add(Flatten())
    model.add(Dense(128, activation="relu"))
    model.add(Dense(10, activation="softmax"))

    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    model.fit(x_train, y_train, epochs=5)

    loss, accuracy = model.evaluate(x_test, y_test)
    print(f"Test accuracy: {accuracy:.4f}")
    predicted = model.predict(x_test[:5]).argmax(axis=1)
    print("taken for:", *[CLASSES[label] for label in predicted], sep="  ")
    print("they are: ", *[CLASSES[label] for label in y_test[:5]], sep="  ")

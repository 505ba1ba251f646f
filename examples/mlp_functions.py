"""A network of dense layers on the digits of MNIST, written as four functions: build, compile, train, evaluate.

Run it: python examples/mlp_functions.py
Without a network: examples/offline_data.py makes a data set to run it on.
"""

from fastnn.datasets import mnist
from fastnn.layers import Dense
from fastnn.models import Sequential
from fastnn.optimizers import Adam


def neural_network_model(input_shape, hidden_layer_size, output_size):
    """Two hidden layers of one size, and a probability for each class."""
    model = Sequential()
    model.add(Dense(hidden_layer_size, activation="relu", input_shape=input_shape))
    model.add(Dense(hidden_layer_size, activation="relu"))
    model.add(Dense(output_size, activation="softmax"))
    return model


def compile_model(model, learning_rate):
    """Labels are class numbers, so the loss is the sparse one."""
    model.compile(
        optimizer=Adam(learning_rate=learning_rate), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return model


def train_model(model, x_train, y_train, epochs, batch_size):
    """The history of the training: loss and accuracy of each epoch, and those of a tenth that is held out."""
    return model.fit(x_train, y_train, epochs=epochs, batch_size=batch_size, validation_split=0.1)


def evaluate_model(model, x_test, y_test):
    """Loss and accuracy on data that the model hasn't seen."""
    loss, accuracy = model.evaluate(x_test, y_test)
    return loss, accuracy


if __name__ == "__main__":
    (x_train, y_train), (x_test, y_test) = mnist.load_data()
    x_train = x_train.reshape(-1, 784).astype("float32") / 255
    x_test = x_test.reshape(-1, 784).astype("float32") / 255

    model = neural_network_model(input_shape=(784,), hidden_layer_size=128, output_size=10)
    model = compile_model(model, learning_rate=0.001)
    train_model(model, x_train, y_train, epochs=5, batch_size=32)
    loss, accuracy = evaluate_model(model, x_test, y_test)
    print(f"Test loss: {loss:.4f}, test accuracy: {accuracy:.4f}")

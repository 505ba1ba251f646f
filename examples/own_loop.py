"""A hand-written training loop: tensors, the tape and an optimizer, without layers or fit. Reads the bundled digits.

Run it: python examples/own_loop.py
"""

from __future__ import annotations

import numpy as np

import fastnn
from fastnn import functional as F

rng = np.random.default_rng(0)
(x_train, y_train), (x_test, y_test) = fastnn.datasets.digits.load_data()
x_train, x_test = (x.reshape(len(x), 64).astype("float32") / 16 for x in (x_train, x_test))


def parameter(*shape: int) -> fastnn.Tensor:
    """Weights by He's rule, biases zero; the tape keeps their gradients."""
    values = rng.standard_normal(shape) * np.sqrt(2 / shape[0]) if len(shape) == 2 else np.zeros(shape)
    return fastnn.Tensor(values.astype("float32"), requires_grad=True)


w1, b1, w2, b2 = parameters = [parameter(64, 96), parameter(96), parameter(96, 10), parameter(10)]
optimizer = fastnn.optimizers.Adam(learning_rate=0.003)


def logits_of(x: fastnn.Tensor) -> fastnn.Tensor:
    """(n, 64) to (n, 10)."""
    return F.linear(F.linear(x, w1, b1, activation="relu"), w2, b2)


for epoch in range(1, 16):
    order = rng.permutation(len(x_train))
    total = 0.0
    for batch in np.array_split(order, len(order) // 32):
        for p in parameters:
            p.grad = None
        logits = logits_of(fastnn.Tensor(x_train[batch]))
        loss = F.mean(F.softmax_cross_entropy(logits, fastnn.Tensor(y_train[batch])))
        loss.backward()
        optimizer.apply([p.grad for p in parameters], parameters)
        total += loss.item() * len(batch)
    if epoch % 5 == 0:
        print(f"epoch {epoch}: loss {total / len(x_train):.3f}")

with fastnn.no_grad():
    predicted = logits_of(fastnn.Tensor(x_test)).numpy().argmax(axis=1)
print(f"held-out digits: accuracy {100 * (predicted == y_test).mean():.1f} %")

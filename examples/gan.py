"""A GAN on the bundled digits: two networks, two optimizers, one step of one's own that runs as a program.

Run it: python examples/gan.py
"""

from __future__ import annotations

import numpy as np

import fastnn
from fastnn import layers

LATENT, BATCH, EPOCHS = 32, 64, 40

fastnn.manual_seed(0)
(images, _), _ = fastnn.datasets.digits.load_data()
images = images.reshape(len(images), 64).astype("float32") / 8 - 1

generator = fastnn.Sequential(
    [
        layers.Input((LATENT,)),
        layers.Dense(128, activation="relu"),
        layers.BatchNormalization(),
        layers.Dense(64, activation="tanh"),
    ]
)
discriminator = fastnn.Sequential(
    [layers.Input((64,)), layers.Dense(128), layers.LeakyReLU(0.2), layers.Dropout(0.3), layers.Dense(1)]
)
cross_entropy = fastnn.losses.BinaryCrossentropy(from_logits=True)
generator_optimizer = fastnn.optimizers.Adam(1e-3, beta_1=0.5)
discriminator_optimizer = fastnn.optimizers.Adam(1e-3, beta_1=0.5)


@fastnn.compile
def step(real: fastnn.Tensor) -> tuple[fastnn.Tensor, fastnn.Tensor]:
    """The discriminator learns to tell, then the generator to pass it as it is now."""
    count = len(real)
    ones, zeros = fastnn.ones(count, 1), fastnn.zeros(count, 1)
    fake = generator(fastnn.randn(count, LATENT), training=True)
    told = cross_entropy(ones, discriminator(real, training=True))
    told = told + cross_entropy(zeros, discriminator(fake.detach(), training=True))
    discriminator_optimizer.minimize(told, discriminator.trainable_weights)
    fooled = cross_entropy(ones, discriminator(fake, training=True))
    generator_optimizer.minimize(fooled, generator.trainable_weights)
    return told, fooled


rng = np.random.default_rng(0)
for epoch in range(1, EPOCHS + 1):
    losses = [step(images[batch]) for batch in np.array_split(rng.permutation(len(images)), len(images) // BATCH)]
    if epoch % 10 == 0:
        told, fooled = (np.mean([pair[i].item() for pair in losses]) for i in range(2))
        print(f"epoch {epoch}: discriminator {told:.3f}, generator {fooled:.3f}")
print(f"recorded: {step.recorded}")

samples = generator.predict(np.random.default_rng(1).standard_normal((4, LATENT)).astype("float32")).reshape(4, 8, 8)
for row in range(8):
    print("   ".join("".join(" .:*#"[int((value + 1) / 2 * 4.99)] for value in sample[row]) for sample in samples))

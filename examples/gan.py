"""A GAN on the bundled digits: two networks as subclasses of Model, two optimizers, one step of one's own as a program.

Run it: python examples/gan.py
It writes what it has learned to draw to gan.png, with matplotlib. docs/pytorch.md has the same in PyTorch's words.
"""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

import fastnn
from fastnn import Model, layers, losses, optimizers

LATENT, BATCH, EPOCHS = 32, 64, 600


class Generator(Model):
    def __init__(self):
        super().__init__()
        self.dense1 = layers.Dense(256)
        self.norm1 = layers.BatchNormalization(momentum=0.8)
        self.dense2 = layers.Dense(256)
        self.norm2 = layers.BatchNormalization(momentum=0.8)
        self.picture = layers.Dense(64)
        self.act = layers.LeakyReLU(0.2)
        self.tanh = layers.Activation("tanh")

    def call(self, noise, training=False):
        x = self.norm1(self.act(self.dense1(noise)), training=training)
        x = self.norm2(self.act(self.dense2(x)), training=training)
        return self.tanh(self.picture(x))


class Discriminator(Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(512)
        self.act = layers.LeakyReLU(0.2)
        self.verdict = layers.Dense(1)

    def call(self, pictures):
        return self.verdict(self.act(self.dense(pictures)))


fastnn.utils.set_random_seed(0)
generator, discriminator = Generator(), Discriminator()
generator_optimizer = optimizers.Adam(2e-4, beta_1=0.5)
discriminator_optimizer = optimizers.Adam(2e-4, beta_1=0.5)
cross_entropy = losses.BinaryCrossentropy(from_logits=True)


@fastnn.compile
def step(real, noise):
    ones, zeros = fastnn.ones(len(real), 1), fastnn.zeros(len(real), 1)
    fake = generator(noise, training=True)
    told = cross_entropy(ones, discriminator(real)) + cross_entropy(zeros, discriminator(fake.detach()))
    discriminator_optimizer.minimize(told, discriminator.trainable_weights)
    fooled = cross_entropy(ones, discriminator(fake))
    generator_optimizer.minimize(fooled, generator.trainable_weights)
    return told, fooled


def draw(samples, path):
    """A grid of pictures, in rows of ten."""
    figure = Figure(figsize=(6, 0.6 * len(samples) / 10))
    for axes, sample in zip(figure.subplots(len(samples) // 10, 10).flat, samples, strict=True):
        axes.imshow(sample.reshape(8, 8), cmap="gray_r", vmin=-1, vmax=1)
        axes.axis("off")
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    (images, _), _ = fastnn.datasets.digits.load_data()
    images = images.reshape(len(images), 64).astype("float32") / 8 - 1
    rng = np.random.default_rng(0)
    for epoch in range(1, EPOCHS + 1):
        order = rng.permutation(len(images))
        for at in range(0, len(images) - BATCH + 1, BATCH):
            noise = rng.standard_normal((BATCH, LATENT), dtype=np.float32)
            told, fooled = step(images[order[at : at + BATCH]], noise)
        if epoch % 50 == 0:
            print(f"epoch {epoch}: discriminator {told.item():.3f}, generator {fooled.item():.3f}")
    print(f"recorded: {step.recorded}")
    samples = generator.predict(rng.standard_normal((50, LATENT), dtype=np.float32), verbose=0)
    draw(samples, "gan.png")
    print("what it draws: gan.png")

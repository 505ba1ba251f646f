"""The image programs of examples/ against Keras, on what examples/offline_data.py makes of pictures in packages.

Fashion-MNIST can't be had through pip: its program runs on 6,000 images of Debian's package dataset-fashion-mnist where
that is, which the nightly checks see to, and on digits in the same format elsewhere.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tutorials import EXAMPLES, compared, run

import fastnn

FASHION = Path(os.environ.get("FASTNN_TEST_FASHION_MNIST", "/usr/share/datasets/fashion-mnist"))


@pytest.fixture(scope="module")
def offline(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A FASTNN_HOME with all data sets that the programs read."""
    home = tmp_path_factory.mktemp("home")
    data = offline_data()
    data.write_cifar(home / "datasets" / "cifar10")
    digits = data.digits()
    data.write_idx(home / "datasets" / "mnist", *digits, count=4000)
    images, labels = first_of_fashion_mnist() if FASHION.is_dir() else digits
    data.write_idx(home / "datasets" / "fashion_mnist", images, labels, count=len(images) - 1000)
    return home


@pytest.fixture
def home(offline: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTNN_HOME", str(offline))


def offline_data() -> Any:
    """The program, as a module."""
    sys.path.insert(0, str(EXAMPLES))
    try:
        import offline_data
    finally:
        sys.path.remove(str(EXAMPLES))
    return offline_data


def first_of_fashion_mnist() -> tuple[np.ndarray, np.ndarray]:
    """6,000 images to train with and 1,000 to test with."""
    from fastnn.datasets import _idx

    (x, y), (x_test, y_test) = _idx.load(FASHION.joinpath)
    return np.concatenate([x[:6000], x_test[:1000]]), np.concatenate([y[:6000], y_test[:1000]])


def accuracy(names: dict[str, Any]) -> float:
    return float(names["accuracy"])


@pytest.mark.keras
@pytest.mark.usefixtures("home")
def test_cifar_cnn(keras: Any) -> None:

    def usual(names: dict[str, Any]) -> float:
        """Of the last five epochs: a single one falls by 10 % now and then, in either library."""
        return float(np.median(names["history"].history["val_accuracy"][-5:]))

    assert compared("cifar_cnn", keras, usual) > 0.95


@pytest.mark.keras
@pytest.mark.usefixtures("home")
def test_mlp_functions(keras: Any) -> None:
    assert compared("mlp_functions", keras, accuracy) > 0.9


@pytest.mark.keras
@pytest.mark.usefixtures("home")
def test_mnist_cnn(keras: Any) -> None:
    assert compared("mnist_cnn", keras, accuracy) > 0.9


@pytest.mark.keras
@pytest.mark.usefixtures("home")
def test_fashion_cnn(keras: Any) -> None:
    assert compared("fashion_cnn", keras, accuracy) > 0.8


def test_pieces_to_test_with_share_no_pixel_with_the_others() -> None:
    """On a photograph whose pixels are their own numbers."""
    data = offline_data()
    numbers = np.arange(427 * 640, dtype=np.uint32).reshape(427, 640, 1).view(np.uint8)[..., :3]
    seen: dict[tuple[str, int], tuple[str, int]] = {}
    for name, (photograph, *region) in data.REGIONS.items():
        for part, images in enumerate(data.pieces(numbers, *region)):
            assert images.shape == ((300, 100)[part], 32, 32, 3)
            for number in np.unique(images.astype(np.uint32) @ np.array([1, 256, 65536], np.uint32)):
                assert seen.setdefault((photograph, int(number)), (name, part)) == (name, part)
    assert len(seen) > 50_000


@pytest.mark.usefixtures("home")
def test_photographs_in_the_format_of_cifar() -> None:
    (x, y), (x_test, y_test) = fastnn.datasets.cifar10.load_data()
    assert x.shape == (3000, 32, 32, 3)
    assert x_test.shape == (1000, 32, 32, 3)
    assert np.bincount(y[:, 0]).tolist() == [300] * 10
    assert np.bincount(y_test[:, 0]).tolist() == [100] * 10
    sky, petals = (x[y[:, 0] == label].mean(axis=(0, 1, 2)) for label in (0, 7))
    assert sky[2] > 200  # blue
    assert petals[0] > 1.5 * petals[2]  # orange


if FASHION.is_dir():

    @pytest.mark.timeout(600)
    def test_fashion_cnn_on_all_images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FASTNN_HOME", str(tmp_path))
        monkeypatch.setattr(fastnn.datasets.fashion_mnist, "_DEBIAN", FASHION)
        assert accuracy(run("fashion_cnn", fastnn, 1, [])) >= 0.9

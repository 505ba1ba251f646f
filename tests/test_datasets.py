"""Data sets: files in their authors' formats, made here; the cache folder, downloads, and words for what is missing."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import struct
import sys
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import HTTPServer, SimpleHTTPRequestHandler
from pathlib import Path

import numpy as np
import pytest

from fastnn.datasets import (
    _files,
    _idx,
    _pickled_lists,
    california_housing,
    cifar10,
    cifar100,
    fashion_mnist,
    imdb,
    mnist,
)

DEBIAN = Path("/usr/share/datasets/fashion-mnist")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty FASTNN_HOME, and no way to the network."""
    monkeypatch.setenv("FASTNN_HOME", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pooch", None)
    monkeypatch.setattr(fashion_mnist, "_DEBIAN", tmp_path / "nowhere")
    return tmp_path


def put(home: Path, dataset: str, name: str, content: bytes) -> Path:
    path = home / "datasets" / dataset / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def idx(array: np.ndarray) -> bytes:
    return gzip.compress(struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes())


def images_and_labels(count: int, *shape: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(count)
    return rng.integers(0, 256, (count, *shape), dtype=np.uint8), rng.integers(0, 10, count, dtype=np.uint8)


@pytest.mark.parametrize("dataset", ["mnist", "fashion_mnist"])
def test_idx_files(home: Path, dataset: str) -> None:
    (x, y), (x_test, y_test) = images_and_labels(5, 28, 28), images_and_labels(3, 28, 28)
    for name, array in zip(_idx.NAMES, (x, y, x_test, y_test), strict=True):
        put(home, dataset, name, idx(array))
    module = mnist if dataset == "mnist" else fashion_mnist
    found = module.load_data()
    for array, expected in zip([*found[0], *found[1]], (x, y, x_test, y_test), strict=True):
        assert array.dtype == np.uint8
        assert array.flags.writeable
        np.testing.assert_array_equal(array, expected)


def test_mnist_takes_the_file_of_keras(home: Path) -> None:
    x, y = images_and_labels(4, 28, 28)
    stream = io.BytesIO()
    np.savez(stream, x_train=x, y_train=y, x_test=x[:1], y_test=y[:1])
    put(home, "mnist", "mnist.npz", stream.getvalue())
    (found, labels), (_, rest) = mnist.load_data()
    np.testing.assert_array_equal(found, x)
    np.testing.assert_array_equal(labels, y)
    assert rest.shape == (1,)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"nothing", "expected a gzipped idx file, got one that can't be unpacked"),
        (gzip.compress(b"\0\0\x0d\1"), "expected an idx file of unsigned bytes, got one that begins with"),
        (idx(np.zeros((2, 2), np.uint8))[:-12], "can't be unpacked"),
        (gzip.compress(b"\0\0\x08\1\0\0\0\3\1"), "expected 3 values behind the header, got 1"),
        (idx(np.zeros(4, np.uint8)), r"expected images \(n, height, width\) and labels \(n,\), got \(4,\)"),
    ],
    ids=["no-gzip", "type", "cut-off", "short", "shape"],
)
def test_damaged_idx_files_are_refused(home: Path, content: bytes, message: str) -> None:
    for name in _idx.NAMES:
        put(home, "mnist", name, content)
    with pytest.raises(ValueError, match=message):
        mnist.load_data()


def archive(members: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as file:
        for name, content in members.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            file.addfile(entry, io.BytesIO(content))
    return stream.getvalue()


def records(images: np.ndarray, *labels: np.ndarray) -> bytes:
    """CIFAR's: label bytes, then the planes of each colour."""
    planes = images.transpose(0, 3, 1, 2).reshape(len(images), -1)
    return np.concatenate([*(label[:, np.newaxis] for label in labels), planes], axis=1).tobytes()


def test_cifar10_in_binary_form(home: Path) -> None:
    parts = [images_and_labels(count, 32, 32, 3) for count in (3, 1, 2, 1, 2, 4)]
    names = [*(f"data_batch_{number}.bin" for number in range(1, 6)), "test_batch.bin"]
    members = {f"cifar-10-batches-bin/{name}": records(*part) for name, part in zip(names, parts, strict=True)}
    put(home, "cifar10", "cifar-10-binary.tar.gz", archive(members))
    (x, y), (x_test, y_test) = cifar10.load_data()
    np.testing.assert_array_equal(x, np.concatenate([images for images, _ in parts[:-1]]))
    np.testing.assert_array_equal(y[:, 0], np.concatenate([labels for _, labels in parts[:-1]]))
    np.testing.assert_array_equal(x_test, parts[-1][0])
    assert x.shape == (9, 32, 32, 3)
    assert x.flags.c_contiguous
    assert y.shape == (9, 1)
    assert y_test.dtype == np.uint8


def test_cifar100_has_two_labels(home: Path) -> None:
    x, coarse = images_and_labels(3, 32, 32, 3)
    fine = np.array([99, 0, 7], np.uint8)
    members = dict.fromkeys(("cifar-100-binary/train.bin", "cifar-100-binary/test.bin"), records(x, coarse, fine))
    put(home, "cifar100", "cifar-100-binary.tar.gz", archive(members))
    (found, y), _ = cifar100.load_data()
    np.testing.assert_array_equal(found, x)
    np.testing.assert_array_equal(y[:, 0], fine)
    np.testing.assert_array_equal(cifar100.load_data("coarse")[1][1][:, 0], coarse)
    with pytest.raises(ValueError, match=r"^cifar100: expected label_mode 'fine' or 'coarse', got 'both'$"):
        cifar100.load_data("both")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"nothing", r"expected a \.tar\.gz file, got one that can't be unpacked"),
        (archive({"other": b"1"}), r"expected a member cifar-10-batches-bin/data_batch_1\.bin, which can't be read"),
        (archive({"cifar-10-batches-bin/data_batch_1.bin": b"12"}), "to hold records of 3073 bytes, got 2 bytes"),
    ],
    ids=["no-gzip", "members", "records"],
)
def test_damaged_archives_are_refused(home: Path, content: bytes, message: str) -> None:
    put(home, "cifar10", "cifar-10-binary.tar.gz", content)
    with pytest.raises(ValueError, match=message):
        cifar10.load_data()


def test_california_housing_in_the_order_of_keras(home: Path) -> None:
    x, y = np.arange(80.0).reshape(10, 8), np.arange(10.0)
    stream = io.BytesIO()
    np.savez(stream, x=x, y=y)
    put(home, "california_housing", "california_housing.npz", stream.getvalue())
    (x_train, y_train), (x_test, y_test) = california_housing.load_data(test_split=0.3)
    assert len(y_train) == 7
    # RandomState(113) shuffles range(10) into this order, in every version of NumPy
    assert [*y_train, *y_test] == [9, 3, 6, 1, 0, 7, 4, 8, 2, 5]
    np.testing.assert_array_equal(np.concatenate([x_train, x_test]), x[[*map(int, [*y_train, *y_test])]])
    with pytest.raises(ValueError, match=r"^california_housing: expected test_split in \[0, 1\), got 1$"):
        california_housing.load_data(test_split=1)
    with pytest.raises(ValueError, match=r"^california_housing: expected version 'large' or 'small', got 'tiny'$"):
        california_housing.load_data("tiny")


def reviews(home: Path, *train: list[int]) -> None:
    stream = io.BytesIO()
    ragged = np.empty(len(train), dtype=object)
    ragged[:] = train
    labels = np.arange(len(train)) % 2
    np.savez(stream, x_train=ragged, x_test=ragged, y_train=labels, y_test=labels)
    put(home, "imdb", "imdb.npz", stream.getvalue())


def test_imdb_as_keras_prepares_it(home: Path) -> None:
    long = [1, 300, 70000, 3_000_000_000]
    reviews(home, [5, 6], long, [7], [8, 9])
    (x, y), (x_test, _) = imdb.load_data(num_words=100)
    assert sorted(x.tolist()) == [[1, 4, 2, 2, 2], [1, 8, 9], [1, 10], [1, 11, 12]]
    labels = {tuple(words): label for words, label in zip(x, y, strict=True)}
    assert labels == {(1, 8, 9): 0, (1, 4, 2, 2, 2): 1, (1, 10): 0, (1, 11, 12): 1}
    assert sorted(x_test.tolist()) == sorted(x.tolist())
    raw = imdb.load_data(start_char=None, index_from=0, oov_char=None, num_words=10)[0][0]
    assert sorted(raw.tolist()) == [[1], [5, 6], [7], [8, 9]]
    assert sorted(imdb.load_data(num_words=100, maxlen=3)[0][0].tolist()) == [[1, 10]]
    # without num_words Keras takes the largest number there is, and so loses the rarest word
    assert sorted(imdb.load_data()[0][0].tolist())[0] == [1, 4, 303, 70003, 2]
    with pytest.raises(ValueError, match=r"^imdb: expected maxlen to leave reviews in both parts, got 1$"):
        imdb.load_data(maxlen=1)


@pytest.mark.parametrize("protocol", range(6))
def test_lists_are_read_without_unpickling(tmp_path: Path, protocol: int) -> None:
    """Every protocol's way of writing an array of lists; small, large, negative and repeated numbers."""
    import pickle
    import zipfile

    lists = [[0, 1, 255, 256, 65535, 65536, -1, -(2**31), 2**40], [], [3] * 2000]
    array = np.empty(len(lists), dtype=object)
    array[:] = lists
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": "|O", "fortran_order": False, "shape": (3,)})
    path = tmp_path / "lists.npz"
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x.npy", stream.getvalue() + pickle.dumps(array, protocol=protocol))
    assert _pickled_lists.read(path, "x") == lists
    with pytest.raises(ValueError, match=r"expected lists of whole numbers in y, which can't be read"):
        _pickled_lists.read(path, "y")


class Evil:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise SystemExit('ran')",)


@pytest.mark.parametrize("content", [[Evil()], [[Evil()]], [{1: 2}], [["word"]], [[1.5]]])
def test_other_pickles_are_refused_and_not_run(home: Path, content: list[object]) -> None:
    array = np.empty(len(content), dtype=object)
    array[:] = content
    stream = io.BytesIO()
    np.savez(stream, x_train=array, x_test=array, y_train=np.zeros(1), y_test=np.zeros(1))
    put(home, "imdb", "imdb.npz", stream.getvalue())
    with pytest.raises(ValueError, match="lists of whole numbers in x_train"):
        imdb.load_data()


def test_word_index(home: Path) -> None:
    put(home, "imdb", "imdb_word_index.json", json.dumps({"the": 1, "für": 2}, ensure_ascii=False).encode())
    assert imdb.get_word_index() == {"the": 1, "für": 2}


def test_what_is_missing_is_named_with_its_place(home: Path) -> None:
    place = home / "datasets" / "cifar10" / "cifar-10-binary.tar.gz"
    url = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
    with pytest.raises(FileNotFoundError) as caught:
        cifar10.load_data()
    install = 'to have it downloaded, pip install "fastnn-core[datasets]"'
    assert str(caught.value) == f"cifar10: expected the file {place}; {install}, or put {url} there"


def test_the_folder_is_in_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("FASTNN_HOME", raising=False)
    assert _files.folder("mnist") == Path.home() / ".fastnn" / "datasets" / "mnist"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """The address of a server of the files in tmp_path / "published"."""
    (tmp_path / "published").mkdir()

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *words: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path / "published"))) as listening:
        thread = threading.Thread(target=listening.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{listening.server_port}/"
        listening.shutdown()
        thread.join()


def test_files_are_downloaded_once_and_checked(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("FASTNN_HOME", str(tmp_path))
    published = tmp_path / "published" / "numbers.bin"
    published.write_bytes(b"data")
    known = "sha256:" + hashlib.sha256(b"data").hexdigest()
    path = _files.fetch("numbers", server + "numbers.bin", known)
    assert path == tmp_path / "datasets" / "numbers" / "numbers.bin"
    assert path.read_bytes() == b"data"
    published.unlink()
    assert _files.fetch("numbers", server + "numbers.bin", known) == path
    with pytest.raises(FileNotFoundError, match=r"^numbers: expected the file .*other\.bin; downloading it failed"):
        _files.fetch("numbers", server + "other.bin", known)
    (tmp_path / "published" / "other.bin").write_bytes(b"else")
    with pytest.raises(FileNotFoundError, match="hash"):
        _files.fetch("numbers", server + "other.bin", known)
    assert [file.name for file in path.parent.iterdir()] == ["numbers.bin"]


if DEBIAN.is_dir():  # of Debian's package dataset-fashion-mnist

    def test_fashion_mnist_of_debian(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FASTNN_HOME", str(tmp_path))
        (x, y), (x_test, y_test) = fashion_mnist.load_data()
        assert x.shape == (60000, 28, 28)
        assert x_test.shape == (10000, 28, 28)
        assert np.bincount(y).tolist() == [6000] * 10
        assert np.bincount(y_test).tolist() == [1000] * 10

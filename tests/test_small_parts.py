"""Small parts with Keras's names: Config, get_file, RemoteMonitor, CallbackList, layers' own variables, housing."""

from __future__ import annotations

import json
import tarfile
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import numpy as np
import pooch
import pytest

import fastnn
from fastnn import callbacks, datasets, layers, utils

X = np.random.default_rng(0).standard_normal((20, 3)).astype(np.float32)


def compiled() -> fastnn.Sequential:
    model = fastnn.Sequential([fastnn.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    return model


def test_config_is_a_dictionary_and_has_attributes() -> None:
    config = utils.Config(rate=0.1)
    config.seed = 3
    config["name"] = "a"
    assert config.rate == config["rate"] == 0.1
    assert list(config) == ["name", "rate", "seed"]
    assert json.loads(config.to_json()) == config.as_dict() == dict(config.items())
    assert config.pop("name") == "a"
    assert "name" not in config
    assert len(config) == 2
    assert repr(config) == "<Config {'rate': 0.1, 'seed': 3}>"
    with pytest.raises(AttributeError, match=r"Config: there is no 'sead'; did you mean 'seed'\?"):
        _ = config.sead
    config.freeze()
    assert config.frozen
    for change in (
        lambda: config.update(rate=1),
        lambda: setattr(config, "rate", 1),
        lambda: config.pop("rate"),
    ):
        with pytest.raises(ValueError, match="Config: expected no change, as the config is frozen"):
            change()
    config.unfreeze()
    config.rate = 2
    assert config.rate == 2


class Server(BaseHTTPRequestHandler):
    """Keeps what is posted to it, and gives an archive."""

    posted: list[tuple[str, str, str]] = []  # noqa: RUF012
    content = b""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.posted.append((self.path, self.headers["Content-Type"], body))
        self.send_response(200)
        self.end_headers()

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.content)

    def log_message(self, *args: Any) -> None:
        """Nothing is printed."""


@pytest.fixture
def server() -> Any:
    with HTTPServer(("127.0.0.1", 0), Server) as running:
        Server.posted.clear()
        thread = threading.Thread(target=running.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{running.server_address[1]}"
        running.shutdown()
        thread.join()


@pytest.mark.parametrize("as_json", [False, True])
def test_remote_monitor_posts_results(as_json: bool, server: str) -> None:
    monitor = callbacks.RemoteMonitor(server, "/here", "results", {"X-Token": "t"}, send_as_json=as_json)
    history = compiled().fit(X, X[:, :1], epochs=2, verbose=0, callbacks=[monitor])
    assert [path for path, _, _ in Server.posted] == ["/here", "/here"]
    for epoch, (_, kind, body) in enumerate(Server.posted):
        assert ("json" in kind) == as_json
        results = json.loads(body if as_json else parse_qs(body)["results"][0])
        assert results == {"epoch": epoch, "loss": history.history["loss"][epoch]}


def test_remote_monitor_goes_on_without_a_server() -> None:
    with pytest.warns(UserWarning, match="RemoteMonitor: http://127.0.0.1:9 can't be reached"):
        compiled().fit(X, X[:, :1], verbose=0, callbacks=[callbacks.RemoteMonitor("http://127.0.0.1:9")])
    with pytest.raises(ValueError, match="RemoteMonitor: expected root to begin with http"):
        callbacks.RemoteMonitor("file:///etc")


class Told(callbacks.Callback):
    def __init__(self) -> None:
        self.moments: list[str] = []

    def on_train_begin(self, logs: Any = None) -> None:
        self.moments.append("begin")

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.moments.append(f"batch {batch}")

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.moments.append(f"epoch {epoch} {sorted(logs or {})}")


def test_a_list_of_callbacks_tells_all_of_them_in_a_loop_and_in_fit() -> None:
    told, model = Told(), compiled()
    several = callbacks.CallbackList([told], add_history=True, model=model, epochs=1, steps=2)
    assert told.model is model
    assert told.params == {"epochs": 1, "steps": 2}
    several.on_train_begin()
    for batch in range(2):
        several.on_train_batch_end(batch, {"loss": 1.0})
    several.on_epoch_end(0, {"loss": 1.0})
    assert told.moments == ["begin", "batch 0", "batch 1", "epoch 0 ['loss']"]
    assert model.history.history == {"loss": [1.0]}
    told.moments.clear()
    model.fit(X, X[:, :1], batch_size=10, verbose=0, callbacks=callbacks.CallbackList(told))
    assert told.moments == ["begin", "batch 0", "batch 1", "epoch 0 ['loss']"]
    several.append(Told())
    assert len(several.callbacks) == 3
    with pytest.raises(TypeError, match="CallbackList: expected objects of Callback, got 3"):
        callbacks.CallbackList([3])  # type: ignore[list-item]


def test_layers_build_from_what_another_was_built_for() -> None:
    first = layers.Dense(2)
    assert first.get_build_config() is None
    first(X)
    config = json.loads(json.dumps(first.get_build_config()))
    second = layers.Dense(2)
    second.build_from_config(config)
    store: dict[str, Any] = {}
    first.save_own_variables(store)
    second.load_own_variables(store)
    np.testing.assert_array_equal(second(X).numpy(), first(X).numpy())
    with pytest.raises(ValueError, match=r"d: expected own variables \['0', '1'\], got \['0'\]"):
        _built().load_own_variables({"0": 1})
    with pytest.raises(ValueError, match=r"d: expected variable 0 of shape \(3, 2\), got \(2, 3\)"):
        _built().load_own_variables({"0": np.ones((2, 3)), "1": np.ones(2)})


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda: layers.Dense(2), (None, 3)),
        (lambda: layers.Conv1D(2, 2), [None, 4, 3]),
        (lambda: layers.BatchNormalization(), (None, 3)),
        (lambda: layers.LSTM(2), (None, 4, 3)),
        (lambda: layers.Bidirectional(layers.GRU(2)), (None, 4, 3)),
        (lambda: layers.TimeDistributed(layers.Dense(2)), (None, 4, 3)),
        (lambda: fastnn.Sequential([layers.Dense(2), layers.Dense(1)]), (None, 3)),
    ],
)
def test_a_layer_built_by_hand_is_built(make: Any, shape: Any) -> None:
    layer = make()
    layer.build(shape)
    assert layer.built
    weights = layer.get_weights()
    assert weights
    layer(np.ones([2, *shape[1:]], np.float32))
    for before, after in zip(weights, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_a_layer_builds_the_layers_in_it_by_hand() -> None:
    class Block(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.inner, self.outer = layers.Dense(4), layers.Dense(2)

        def build(self, input_shape: Any) -> None:
            self.inner.build(input_shape)
            self.outer.build((*input_shape[:-1], 4))
            super().build(input_shape)

        def call(self, inputs: Any) -> Any:
            return self.outer(self.inner(inputs))

    block = Block()
    block.build(input_shape=(None, 3))
    assert block.built
    assert block.inner.built
    assert [w.shape for w in block.weights] == [(3, 4), (4,), (4, 2), (2,)]
    assert block(np.ones((5, 3), np.float32)).shape == (5, 2)
    with pytest.raises(ValueError, match="expected input"):
        layers.Conv2D(2, 3, name="c").build((None, 4))
    attention = layers.MultiHeadAttention(2, 3)
    attention.build((None, 4, 5), (None, 6, 7))
    assert attention(np.ones((1, 4, 5), np.float32), np.ones((1, 6, 7), np.float32)).shape == (1, 4, 5)


def _built() -> layers.Layer:
    layer = layers.Dense(2, name="d")
    layer(X)
    return layer


def test_variables_and_symbolic_results() -> None:
    class Own(layers.Layer):
        def build(self, input_shape: Any) -> None:
            self.scale = self.add_variable((3,), "ones", name="scale", regularizer="l2")

        def call(self, inputs: Any) -> Any:
            return inputs * self.scale

    layer = Own()
    assert layer.compute_output_spec(fastnn.Input((3,))).shape == (None, 3)
    assert [w.shape for w in layer.weights] == [(3,)]
    assert len(layer.losses) == 1


def test_boston_housing_is_shuffled_as_by_keras(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FASTNN_HOME", str(tmp_path))
    x, y = np.arange(130.0).reshape(10, 13), np.arange(10.0)
    (tmp_path / "datasets" / "boston_housing").mkdir(parents=True)
    np.savez(tmp_path / "datasets" / "boston_housing" / "boston_housing.npz", x=x, y=y)
    (x_train, y_train), (x_test, y_test) = datasets.boston_housing.load_data(test_split=0.3)
    order = np.arange(10)
    np.random.RandomState(113).shuffle(order)
    np.testing.assert_array_equal(np.concatenate([y_train, y_test]), y[order])
    np.testing.assert_array_equal(np.concatenate([x_train, x_test]), x[order])
    assert (len(x_train), len(x_test)) == (7, 3)
    with pytest.raises(ValueError, match=r"boston_housing: expected test_split in \[0, 1\), got 1"):
        datasets.boston_housing.load_data(test_split=1)


@pytest.mark.parametrize("ending", [".tar.gz", ".zip"])
def test_get_file_downloads_once_and_takes_apart(ending: str, server: str, tmp_path: Path) -> None:
    pooch.get_logger().setLevel("ERROR")
    (tmp_path / "a.txt").write_text("hello")
    archive = tmp_path / f"archive{ending}"
    if ending == ".zip":
        with zipfile.ZipFile(archive, "w") as zipped:
            zipped.write(tmp_path / "a.txt", "a.txt")
    else:
        with tarfile.open(archive, "w:gz") as tarred:
            tarred.add(tmp_path / "a.txt", "a.txt")
    Server.content = archive.read_bytes()
    url = f"{server}/some{ending}"
    folder = utils.get_file(origin=url, extract=True, cache_dir=tmp_path / "home")
    assert (Path(folder) / "a.txt").read_text() == "hello"
    Server.content = b"other"
    path = utils.get_file(origin=url, cache_dir=tmp_path / "home")
    assert Path(path) == tmp_path / "home" / "datasets" / f"some{ending}"
    assert Path(path).read_bytes() == archive.read_bytes()
    with pytest.raises(FileNotFoundError, match=r"get_file: expected .* failed"):
        utils.get_file("new", url, file_hash="0" * 64, cache_dir=tmp_path / "home")
    with pytest.raises(ValueError, match="get_file: expected the URL of a file as origin, got None"):
        utils.get_file("new")

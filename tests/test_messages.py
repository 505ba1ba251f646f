"""Where progress and messages go, and the bar for loops of one's own."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import fastnn
from fastnn import layers
from fastnn.utils import Progbar

X = np.random.default_rng(0).standard_normal((12, 3)).astype(np.float32)


@pytest.fixture
def _logged() -> Iterator[None]:
    fastnn.utils.disable_interactive_logging()
    yield
    fastnn.utils.enable_interactive_logging()


def model() -> fastnn.Sequential:
    made = fastnn.Sequential([fastnn.Input((3,)), layers.Dense(1)])
    made.compile("sgd", "mse", metrics=["mae"])
    return made


@pytest.mark.usefixtures("_logged")
@pytest.mark.parametrize("verbose", ["auto", 1, 2])
def test_messages_go_to_the_logger(verbose: Any, caplog: Any, capsys: Any) -> None:
    assert not fastnn.utils.is_interactive_logging_enabled()
    with caplog.at_level(logging.INFO, logger="fastnn"):
        model().fit(X, X[:, :1], epochs=2, verbose=verbose)
    assert [message.split(" - ")[0] for message in caplog.messages] == ["Epoch 1/2", "Epoch 2/2"]
    assert all("loss: " in message and "mae: " in message for message in caplog.messages)
    model().summary()
    model().fit(X, X[:, :1], verbose=verbose)  # nobody listens
    out = capsys.readouterr()
    assert (out.out, out.err) == ("", "")


def test_they_are_written_at_first(capsys: Any, caplog: Any) -> None:
    assert fastnn.utils.is_interactive_logging_enabled()
    model().fit(X, X[:, :1], verbose=2)
    model().summary()
    out = capsys.readouterr().out
    assert "Epoch 1/1 - " in out
    assert "dense" in out
    assert not caplog.messages


@pytest.fixture
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """A millisecond passes between two looks at the clock, whatever else the machine does."""
    ticks = itertools.count()
    monkeypatch.setattr("time.perf_counter", lambda: next(ticks) / 1000)


@pytest.mark.usefixtures("_clock")
def test_a_bar_for_a_loop(capsys: Any) -> None:
    bar = Progbar(4, stateful_metrics=["rate"])
    for step in range(4):
        bar.update(step, [("loss", np.float32(step)), ("rate", step)])
    assert capsys.readouterr().out == ""  # not a terminal: the last state alone
    bar.update(4, [("loss", 1.5), ("rate", 3)])
    out = capsys.readouterr().out
    assert out.startswith("4/4 ━━━━━━━━━━━━━━━━━━━━ 0s ")
    assert out.endswith("/step - loss: 1.5000 - rate: 3.0000\n")


@pytest.mark.usefixtures("_clock")
def test_averages_and_what_is_drawn_on_a_terminal(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    bar = Progbar(None, interval=0.0, unit_name="batch")
    bar.add(2, [("loss", 1.0)])
    bar.add(1, [("loss", 4.0)])
    lines = capsys.readouterr().out.split("\r")[1:]
    assert [line.split(" - ")[1].strip() for line in lines] == ["loss: 1.0000", "loss: 2.0000"]
    assert lines[1].startswith("      3/Unknown 0s ")
    bar.update(3, finalize=True)
    assert capsys.readouterr().out.endswith("\n")
    Progbar(2, verbose=0).update(2, [("loss", 1.0)])
    assert capsys.readouterr().out == ""
    averaged = Progbar(3, interval=0.0, stateless_metrics=["loss"])
    for step in (1, 2):
        averaged.update(step, [("loss", step), ("rate", 1e-5 * step)])
    assert capsys.readouterr().out.split(" - ", 1)[1].rstrip().endswith(" - loss: 1.5000 - rate: 2.0000e-05")
    with pytest.raises(ValueError, match="expected stateful_metrics or stateless_metrics, got both"):
        Progbar(3, stateful_metrics=["a"], stateless_metrics=["b"])


def test_variables_of_metrics() -> None:
    made = model()
    made.fit(X, X[:, :1], verbose=0)
    paths = [variable.path for variable in made.metrics_variables]
    assert paths[0].startswith("loss/")
    assert any(path.startswith(("mae/", "mean_absolute_error/")) for path in paths)
    made.reset_metrics()
    assert not any(variable.numpy().any() for variable in made.metrics_variables)

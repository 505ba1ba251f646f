"""`fastnn demo` as a user runs it, in a process of its own: what it prints and writes, with and without matplotlib."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn import models

# Refuses to import matplotlib, as if it were not installed.
WITHOUT_MATPLOTLIB = """
import sys

class Refuse:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "matplotlib":
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Refuse())
"""


def demo(folder: Path, *options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fastnn", "demo", *options],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=250,
        check=False,
    )


def check_common(done: subprocess.CompletedProcess[str], folder: Path) -> None:
    """What holds with and without matplotlib."""
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"Accuracy on the held-out digits: \d+\.\d %", done.stdout)
    faster = re.search(
        r"The training step ran \d+\.\d times faster than the same step in plain NumPy "
        r"\((\d+) % of whose time is BLAS\)",
        done.stdout,
    )
    assert faster is not None, done.stdout
    assert 0 < int(faster[1]) < 100
    agreement = re.search(r"the losses of all these steps agree to (\S+)", done.stdout)
    assert agreement is not None, done.stdout
    assert float(agreement[1]) <= 1e-4
    model = models.load_model(folder / "model.safetensors")
    _, (x_test, y_test) = fastnn.datasets.digits.load_data()
    probabilities = model.predict(x_test[..., np.newaxis].astype(np.float32) / 16, verbose=0)
    assert probabilities.shape == (360, 10)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    right = float((probabilities.argmax(axis=1) == y_test).mean())
    assert f"Accuracy on the held-out digits: {100 * right:.1f} %" in done.stdout
    assert right > 0.6  # two epochs give about 90 %


def test_demo_trains_times_and_writes_model_and_report(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    done = demo(tmp_path, "--epochs", "2", "--threads", "1", "--out", "a/b", "--seed", "3")
    check_common(done, tmp_path / "a" / "b")
    report = (tmp_path / "a" / "b" / "report.png").read_bytes()
    assert report.startswith(b"\x89PNG\r\n\x1a\n")
    width, height = (int.from_bytes(report[start : start + 4], "big") for start in (16, 20))
    assert width >= 1000
    assert height >= 700
    assert len(report) > 30_000
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == ["model.safetensors", "report.png"]


def test_demo_without_matplotlib_says_how_to_get_the_picture(tmp_path: Path) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(WITHOUT_MATPLOTLIB)
    paths = [str(tmp_path / "site"), *filter(None, [os.environ.get("PYTHONPATH")])]
    done = demo(tmp_path, "--epochs", "2", "--threads", "1", PYTHONPATH=os.pathsep.join(paths))
    check_common(done, tmp_path / "fastnn-demo")
    assert 'pip install "fastnn-core[plot]"' in done.stdout
    assert [path.name for path in (tmp_path / "fastnn-demo").iterdir()] == ["model.safetensors"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--epochs", "0"], "--epochs: expected at least 1, got 0"),
        (["--threads", "0"], "--threads: expected at least 1, got 0"),
        (["--seed", "-1"], "--seed: expected a number that is not negative, got -1"),
        (["--out", "taken"], "--out: expected a folder, got the file taken"),
        (["--epochs", "many"], "invalid int value: 'many'"),
    ],
)
def test_demo_refuses_senseless_options(tmp_path: Path, options: list[str], message: str) -> None:
    (tmp_path / "taken").write_text("a file")
    done = demo(tmp_path, *options)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]

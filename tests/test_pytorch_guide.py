"""docs/pytorch.md: its two texts, PyTorch's and ours, compute the same losses from the same weights and noise."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import fastnn

ROOT = Path(__file__).resolve().parents[1]
STEPS = 10


def texts() -> list[str]:
    """The page's blocks of Python: PyTorch's and ours."""
    return re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "pytorch.md").read_text(encoding="utf-8"), re.DOTALL)


def run(text: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "guide"}
    exec(compile(text, "docs/pytorch.md", "exec"), names)
    return names


def test_the_guides_text_is_the_examples() -> None:
    example = (ROOT / "examples" / "gan.py").read_text(encoding="utf-8")
    for part in texts()[1].split("\n\n\n"):
        assert part.strip() in example


@pytest.mark.oracle
def test_the_same_losses_as_pytorch() -> None:
    import torch

    theirs, ours = (run(text) for text in texts())
    rng = np.random.default_rng(0)
    (images, _), _ = fastnn.datasets.digits.load_data()
    real = images[: 64 * STEPS].reshape(STEPS, 64, 64).astype("float32") / 8 - 1
    noise = rng.standard_normal((STEPS, 64, 32), dtype=np.float32)
    for network, data in (("generator", noise[0]), ("discriminator", real[0])):
        mine, other = ours[network], theirs[network]
        mine(data)
        # both in the order in which they are made: kernel and bias, gamma and beta
        weights = [w.detach().numpy() for w in other.parameters()]
        weights = [w.T if w.ndim == 2 else w for w in weights]
        for variable, weight in zip(mine.trainable_weights, weights, strict=True):
            variable.assign(np.ascontiguousarray(weight))
    got = np.array([[loss.item() for loss in ours["step"](x, z)] for x, z in zip(real, noise, strict=True)])
    pairs = zip(torch.from_numpy(real), torch.from_numpy(noise), strict=True)
    want = np.array([[loss.item() for loss in theirs["step"](x, z)] for x, z in pairs])
    assert ours["step"].recorded
    assert want[-1, 0] < 0.9 * want[0, 0]
    np.testing.assert_allclose(got, want, rtol=1e-4)

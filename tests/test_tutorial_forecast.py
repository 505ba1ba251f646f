"""examples/forecast_lstm.py against Keras: 309 years of sunspots."""

from __future__ import annotations

from typing import Any

import pytest
from tutorials import compared


@pytest.mark.keras
def test_forecast_lstm(keras: Any) -> None:
    assert compared("forecast_lstm", keras, lambda names: names["loss"]) < 0.02

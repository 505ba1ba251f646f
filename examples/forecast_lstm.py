"""Forecasts the sunspots of the next year from those of the last eleven, with two LSTM layers.

Run it: python examples/forecast_lstm.py
"""

from pathlib import Path

import numpy as np

from fastnn.layers import LSTM, Dense
from fastnn.models import Sequential


def create_dataset(series, timesteps):
    """Windows of the series, (samples, timesteps, 1), and the value after each."""
    x = [series[i : i + timesteps] for i in range(len(series) - timesteps)]
    return np.array(x)[..., np.newaxis], series[timesteps:]


if __name__ == "__main__":
    years, sunspots = np.loadtxt(
        Path(__file__).parent / "data" / "sunspots.csv", delimiter=",", skiprows=1, unpack=True
    )
    years, sunspots = years[years >= 1818], sunspots[years >= 1818]  # counted daily since then
    highest = sunspots[years < 1950].max()
    x, y = create_dataset(sunspots.astype("float32") / highest, timesteps=11)
    train = years[11:] < 1950
    x_train, y_train, x_test, y_test = x[train], y[train], x[~train], y[~train]
    timesteps, input_dim = x_train.shape[1:]

    model = Sequential()
    model.add(LSTM(50, return_sequences=True, input_shape=(timesteps, input_dim)))
    model.add(LSTM(50))
    model.add(Dense(1))
    model.compile(optimizer="adam", loss="mse")
    model.fit(x_train, y_train, epochs=100, batch_size=32, verbose=2)

    loss = model.evaluate(x_test, y_test, verbose=0)
    persistence = np.mean((x_test[:, -1, 0] - y_test) ** 2)
    print(f"1950 to 2008: off by {highest * loss**0.5:.1f} sunspots (root of the mean square);")
    print(f"to say that a year is like the last one is off by {highest * persistence**0.5:.1f}")

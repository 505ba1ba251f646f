"""The picture that the demo writes: curves, confusion matrix, learned kernels and misclassified digits on one page.

Needs matplotlib, which is imported when the picture is drawn; it is drawn on a canvas of its own, so nothing global to
matplotlib changes.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

__all__ = ["write_report"]

_TRAINING, _VALIDATION, _WRONG, _QUIET, _LINE = "#1f6fb4", "#e07b1a", "#c0392b", "#5a6270", "#c8ccd2"


def write_report(
    path: Path,
    *,
    title: str,
    history: dict[str, list[float]],
    images: NDArray[Any],
    labels: NDArray[Any],
    probabilities: NDArray[np.float32],
    kernels: NDArray[np.float32],
) -> None:
    """Draw the report of a trained classifier and write it as a PNG.

    Parameters
    ----------
    path : where the file goes
    title : the heading
    history : `loss`, `accuracy`, `val_loss` and `val_accuracy`, one number per epoch
    images : the held-out images, (n, height, width)
    labels : their classes, (n,)
    probabilities : what the model says of them, (n, classes)
    kernels : the first convolution's kernel, (kh, kw, 1, filters)

    Raises
    ------
    ModuleNotFoundError
        matplotlib isn't installed.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 9), dpi=110, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    figure.suptitle(title, fontsize=15, fontweight="bold")
    top, bottom = figure.subfigures(2, 1, squeeze=False, height_ratios=[1, 1.35], hspace=0.05).flat
    curves, filters = top.subfigures(1, 2, squeeze=False, width_ratios=[2, 1]).flat
    matrix, mistakes = bottom.subfigures(1, 2, squeeze=False, width_ratios=[1, 1.1]).flat

    loss, accuracy = curves.subplots(1, 2)
    _curve(loss, "Loss (cross-entropy)", history["loss"], history["val_loss"])
    _curve(accuracy, "Accuracy, %", [100 * a for a in history["accuracy"]], [100 * a for a in history["val_accuracy"]])
    accuracy.legend(loc="lower right", frameon=False)
    _draw_kernels(filters.subplots(), kernels)
    predicted = probabilities.argmax(axis=1)
    _draw_confusion(matrix.subplots(), labels, predicted, probabilities.shape[1])
    _draw_mistakes(mistakes, images, labels, probabilities)
    figure.savefig(path, format="png")


def _curve(axes: Axes, title: str, training: list[float], validation: list[float]) -> None:
    from matplotlib.ticker import MaxNLocator

    epochs = np.arange(1, len(training) + 1)
    marker = "o" if len(training) < 8 else None
    axes.plot(epochs, training, color=_TRAINING, linewidth=2, marker=marker, label="training")
    axes.plot(epochs, validation, color=_VALIDATION, linewidth=2, marker=marker, label="held out")
    axes.set_title(title, fontsize=12)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    axes.grid(alpha=0.25)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)


def _draw_kernels(axes: Axes, kernels: NDArray[np.float32]) -> None:
    """All filters of the first layer as one mosaic with a white line between them."""
    kh, kw, _, filters = kernels.shape
    columns = math.ceil(math.sqrt(filters * 1.6))
    rows = math.ceil(filters / columns)
    mosaic = np.full((rows * (kh + 1) - 1, columns * (kw + 1) - 1), np.nan)
    for index in range(filters):
        row, column = index // columns * (kh + 1), index % columns * (kw + 1)
        mosaic[row : row + kh, column : column + kw] = kernels[:, :, 0, index]
    limit = float(np.abs(kernels).max())
    drawn = axes.imshow(mosaic, cmap="RdBu_r", vmin=-limit, vmax=limit)
    axes.set_title(f"The {filters} learned {kh}x{kw} kernels of the first layer", fontsize=12)
    axes.set_axis_off()
    axes.set_anchor("N")
    axes.figure.colorbar(drawn, ax=axes, orientation="horizontal", shrink=0.75, aspect=30, pad=0.04)


def _draw_confusion(axes: Axes, labels: NDArray[Any], predicted: NDArray[Any], classes: int) -> None:
    """Counts; the right ones in shades of blue on the diagonal, the wrong ones red."""
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (labels, predicted), 1)
    right = np.where(np.eye(classes, dtype=bool), counts, 0)
    axes.imshow(right, cmap="Blues", vmin=0, vmax=1.4 * max(1, int(counts.max())))
    for (row, column), count in np.ndenumerate(counts):
        if count:
            wrong = row != column
            if wrong:
                axes.axvspan(
                    column - 0.5, column + 0.5, 1 - (row + 1) / classes, 1 - row / classes, color=_WRONG, alpha=0.18
                )
            axes.text(
                column,
                row,
                str(count),
                ha="center",
                va="center",
                fontsize=11,
                color=_WRONG if wrong else "black",
                fontweight="bold" if wrong else "normal",
            )
    axes.set_title("Confusion matrix of the held-out digits", fontsize=12)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    axes.set_xticks(range(classes))
    axes.set_yticks(range(classes))
    axes.set_xticks(np.arange(0.5, classes - 1), minor=True)
    axes.set_yticks(np.arange(0.5, classes - 1), minor=True)
    axes.grid(which="minor", color="white", linewidth=1.5)
    axes.tick_params(which="both", length=0)
    for spine in axes.spines.values():
        spine.set_color(_LINE)


def _draw_mistakes(
    figure: SubFigure, images: NDArray[Any], labels: NDArray[Any], probabilities: NDArray[np.float32], most: int = 15
) -> None:
    """The misclassified digits the model was surest of, each with its label and what it was taken for."""
    predicted = probabilities.argmax(axis=1)
    sureness = probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    shown = wrong[np.argsort(-sureness[wrong], kind="stable")][:most]
    heading = f"Misclassified: {len(wrong)} of {len(labels)}"
    if len(shown) < len(wrong):
        heading += f"; the {len(shown)} the model was surest of"
    figure.suptitle(heading, fontsize=12)
    columns = 5
    rows = max(2, math.ceil(len(shown) / columns))
    grid = figure.subplots(rows, columns, squeeze=False)
    for axes in grid.flat[len(shown) :]:
        axes.set_axis_off()
    for axes, index in zip(grid.flat, shown, strict=False):
        axes.imshow(images[index], cmap="gray_r")
        axes.set_title(f"{labels[index]} taken for {predicted[index]}", fontsize=10, color=_WRONG)
        axes.set_xlabel(f"{100 * sureness[index]:.0f} % sure", fontsize=9, color=_QUIET)
        axes.set_xticks([])
        axes.set_yticks([])
        for spine in axes.spines.values():
            spine.set_color(_LINE)

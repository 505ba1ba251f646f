"""What a model is compiled with as plain data, and a model compiled by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from . import losses, metrics, optimizers
from ._config import serialize
from .losses.base import FunctionLoss

if TYPE_CHECKING:
    from .models.model import Model

__all__ = ["compile_config", "compile_from_config", "heads_config", "told_objects"]


def compile_config(model: Model) -> dict[str, Any]:
    """What `compile` was given, as data that JSON can hold; empty for a model that isn't compiled.

    Raises
    ------
    ValueError, NotImplementedError
        Something without a name or a configuration is among it, such as a lambda.
    """
    if model.optimizer is None:
        return {}
    return {"optimizer": serialize(model.optimizer), **heads_config(model)}


def heads_config(model: Model) -> dict[str, Any]:
    """The part of it without the optimizer; errors as above."""
    heads = model._heads
    loss = [None if head.loss is None else serialize(head.loss) for head in heads]
    return {
        "loss": None if model.loss is None else _of_heads(loss),
        "loss_weights": [head.share for head in heads],
        "metrics": _of_heads([[serialize(metric) for metric in head.metrics] for head in heads]),
        "weighted_metrics": _of_heads([[serialize(metric) for metric in head.weighted_metrics] for head in heads]),
        "run_eagerly": model.run_eagerly,
    }


def told_objects(model: Model) -> list[Any]:
    """The classes of losses and metrics in it, and the functions that it tells of by their names."""
    compared = [part for head in model._heads for part in (head.loss, *head.metrics, *head.weighted_metrics)]
    parts = [part for part in compared if part is not None]
    return [
        *map(type, parts),
        *(part.fn for part in parts if isinstance(part, FunctionLoss)),
        *(part._fn for part in parts if isinstance(part, metrics.FunctionMetric)),
    ]


def compile_from_config(model: Model, config: Mapping[str, Any]) -> None:
    """Compile a model with what `compile_config` gave.

    Raises
    ------
    ValueError, TypeError, KeyError
        It is nothing of the kind.
    """
    model.compile(
        optimizers.get(config["optimizer"]),
        _each(losses.as_loss, config["loss"]),
        config.get("loss_weights"),
        _each(metrics.as_metric, config["metrics"]),
        _each(metrics.as_metric, config.get("weighted_metrics", [])),
        run_eagerly=config.get("run_eagerly", False),
    )


def _of_heads(items: list[Any]) -> Any:
    """What is written for all outputs: the only one's as it is."""
    return items[0] if len(items) == 1 else items


def _each(read: Callable[[Any], Any], value: Any) -> Any:
    """What read makes of each description in lists of lists."""
    if isinstance(value, list):
        return [_each(read, item) for item in value]
    return None if value is None else read(value)

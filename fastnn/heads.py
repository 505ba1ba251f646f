"""Models with several inputs and outputs: what belongs to each of them, out of lists and dictionaries.

A head is an output with its loss and metrics. In lists, things stand in the order of the inputs or outputs; in
dictionaries, by their names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from . import losses
from .batches import Samples, as_numbers, as_target, labelled_samples, nothing_given
from .metrics import Metric, as_metric
from .tensor import Tensor

__all__ = ["Head", "heads_of", "losses_of", "named_arrays", "samples_of"]


class Head:
    """An output's loss, if it trains, its share of the sum, and the metrics."""

    def __init__(
        self, name: str, loss: losses.Loss | None, share: float, metrics: list[Metric], weighted_metrics: list[Metric]
    ) -> None:
        self.name = name
        self.loss = loss
        self.share = share
        self.metrics = metrics
        self.weighted_metrics = weighted_metrics

    def compares(self) -> bool:
        """Whether anything compares the output with targets."""
        return self.loss is not None or bool(self.metrics or self.weighted_metrics)

    def result_names(self, several: bool) -> tuple[list[str], list[str]]:
        """What metrics and weighted metrics are called in logs."""
        prefix = f"{self.name}_" if several else ""
        names = [prefix + metric.name for metric in self.metrics]
        weighted = [prefix + metric.name for metric in self.weighted_metrics]
        taken = {"loss", *names}
        return names, [f"{prefix}weighted_{name.removeprefix(prefix)}" if name in taken else name for name in weighted]


def heads_of(
    names: Sequence[str],
    loss: Any,
    loss_weights: Any = None,
    metric_lists: Any = None,
    weighted_metrics: Any = None,
    keyed: bool = False,
) -> list[Head]:
    """The heads that `compile` makes of its arguments; keyed where the outputs are a dictionary.

    Raises
    ------
    ValueError
        Something is missing or too much, or a name is not known, or a loss isn't one number.
    TypeError
        Something is neither a list nor a dictionary, or a share is no number.
    """
    several = len(names) > 1
    for argument, given in (("metrics", metric_lists), ("weighted_metrics", weighted_metrics)):
        if given is not None and not isinstance(given, list | tuple | dict):
            raise TypeError(f"compile: expected {argument} to be a list, got {given!r}")
    found_losses = losses_of(names, loss, keyed)
    shares = [1.0] * len(names) if loss_weights is None else loss_weights
    if not isinstance(shares, list | tuple | dict):
        shares = [shares] if not several else _refused("loss_weights", names, shares)
    heads = []
    rows = zip(
        names,
        found_losses,
        _by_name("loss_weights", names, shares, 1.0),
        _metric_lists("metrics", names, metric_lists),
        _metric_lists("weighted_metrics", names, weighted_metrics),
        strict=True,
    )
    for name, found, share, counted, weighted in rows:
        share = 1.0 if share is None else share
        if isinstance(share, bool) or not isinstance(share, int | float | np.integer | np.floating):
            raise TypeError(f"compile: expected loss_weights to be numbers, got {share!r}")
        metrics, weighted_metrics = ([as_metric(metric) for metric in group] for group in (counted, weighted))
        heads.append(Head(name, found, float(share), metrics, weighted_metrics))
    return heads


def losses_of(names: Sequence[str], given: Any, keyed: bool = False) -> list[losses.Loss | None]:
    """The losses of the outputs: one for all, or a list or dictionary of them; None for what trains by no loss here.

    Where the outputs are a dictionary, keyed, one of losses may leave some of them out, which is None too.

    Raises
    ------
    ValueError
        One is missing or too much, or a name is not known, or a loss isn't one number.
    """
    if not isinstance(given, list | tuple | dict) or _is_config(given):
        given = [given] * len(names)
    chosen = _by_name("loss", names, given)
    if isinstance(given, Mapping) and len(given) < len(names) and not (keyed and given):
        missing = ", ".join(name for name in names if name not in given)
        raise ValueError(f"compile: expected a loss for every output, or None, got nothing for {missing}")
    found: list[losses.Loss | None] = []
    for value in chosen:
        loss = None if value is None else losses.as_loss(value)
        if loss is not None and loss.reduction in ("none", None):
            raise ValueError(f"compile: expected a loss that gives one number, got reduction {loss.reduction!r}")
        found.append(loss)
    return found


def _metric_lists(argument: str, names: Sequence[str], given: Any) -> list[list[Any]]:
    """The metrics of each output."""
    if given is None:
        return [[] for _ in names]
    if len(names) == 1 and not isinstance(given, dict):
        given = given if len(given) == 1 and isinstance(given[0], list | tuple) else [given]
    return [
        list(item) if isinstance(item, list | tuple) else ([] if item is None else [item])
        for item in _by_name(argument, names, given)
    ]


def _is_config(value: Any) -> bool:
    """Whether a dictionary describes one object."""
    return isinstance(value, dict) and "class_name" in value


def _refused(argument: str, names: Sequence[str], given: Any) -> Any:
    raise TypeError(f"compile: expected {argument} for {', '.join(names)} as a list or a dict, got {given!r}")


def _by_name(argument: str, names: Sequence[str], given: Any, default: Any = None) -> list[Any]:
    """What a list or a dictionary has for each output; the default where a dictionary says nothing."""
    if isinstance(given, Mapping):
        extra = [str(name) for name in given if name not in names]
        if extra:
            raise ValueError(f"compile: expected {argument} by the outputs {', '.join(names)}, got {', '.join(extra)}")
        return [given.get(name, default) for name in names]
    if len(given) != len(names):
        raise ValueError(
            f"compile: expected {argument} for each of the outputs {', '.join(names)}, got {len(given)} of them"
        )
    return list(given)


def named_arrays(where: str, what: str, names: Sequence[str], given: Any) -> list[np.ndarray]:
    """The arrays of x or y, one for each input or output.

    Raises
    ------
    ValueError
        One is missing or too much, or they are not of one length.
    TypeError
        One is no array of numbers.
    """
    if isinstance(given, Mapping):
        if set(given) != set(names):
            wanted = f"{', '.join(names)}, or one array alone" if len(names) == 1 else ", ".join(names)
            more = what == "x" and len(names) == 1 and len(given) > 1
            several = "; several inputs by name are for Model(inputs, outputs)" if more else ""
            raise ValueError(
                f"{where}: expected {what} with {wanted}, got a dictionary with "
                f"{', '.join(map(str, given)) or 'nothing'}{several}"
            )
        values = [given[name] for name in names]
    elif len(names) == 1:
        only = isinstance(given, list | tuple) and len(given) == 1 and isinstance(given[0], np.ndarray | Tensor)
        return [as_numbers(where, what, given[0] if only else given)]
    else:
        if given is None:
            raise nothing_given(where, what)
        if not isinstance(given, list | tuple):
            raise TypeError(
                f"{where}: expected {what} to be a list or a dict of {', '.join(names)}, got {type(given).__name__}"
            )
        if len(given) != len(names):
            raise ValueError(f"{where}: expected {what} with {', '.join(names)}, got a list of {len(given)}")
        values = list(given)
    arrays = [as_numbers(where, f"{what}[{name!r}]", value) for name, value in zip(names, values, strict=True)]
    if len({len(array) for array in arrays}) > 1:
        lengths = ", ".join(f"{len(array)} in {name}" for name, array in zip(names, arrays, strict=True))
        raise ValueError(f"{where}: expected {what} of one length, got {lengths}")
    return arrays


def samples_of(
    where: str,
    inputs: Sequence[str],
    heads: Sequence[Head],
    x: Any,
    y: Any,
    sample_weight: Any = None,
    class_weight: Any = None,
) -> Samples:
    """The arrays of the inputs, those of the outputs in the dtypes that their losses take, and weights if any.

    An output that nothing compares with targets may have none: then an array without numbers stands in their place.
    """
    xs = named_arrays(where, "x", inputs, x)
    outputs = [head.name for head in heads]
    if not any(head.compares() for head in heads) and y is None and class_weight is None:
        if len(xs[0]) == 0:
            raise ValueError(f"{where}: expected data, got x of shape {xs[0].shape}")
        weights = _weights(where, outputs, sample_weight, len(xs[0]))
        return (*xs, *(no_targets(len(xs[0])) for _ in heads), *weights)
    if len(heads) == 1:
        target = named_arrays(where, "y", outputs, y)[0]
        if isinstance(sample_weight, Mapping):
            sample_weight = named_arrays(where, "sample_weight", outputs, sample_weight)[0]
        first, *labelled = labelled_samples(where, xs[0], target, heads[0].loss, sample_weight, class_weight)
        return (first, *xs[1:], *labelled)
    if class_weight is not None:
        raise ValueError(f"{where}: expected class_weight for a model with one output only, got {len(heads)} outputs")
    count = len(xs[0])
    ys = named_arrays(where, "y", outputs, _filled(heads, y, count))
    if len(ys[0]) != count:
        raise ValueError(f"{where}: expected x and y of one length, got {count} and {len(ys[0])}")
    if count == 0:
        raise ValueError(f"{where}: expected data, got x of shape {xs[0].shape}")
    targets = [as_target(f"{where}: y[{head.name!r}]", array, head.loss) for head, array in zip(heads, ys, strict=True)]
    return (*xs, *targets, *_weights(where, outputs, sample_weight, count))


def targets_by_head(heads: Sequence[Head], y: Any) -> Any:
    """y with None for the outputs that it leaves out because they have no loss, where it is given for the others
    only."""
    trained = [head for head in heads if head.loss is not None]
    if len(trained) == len(heads):
        return y
    if isinstance(y, Mapping):
        return {**{head.name: None for head in heads if not head.compares()}, **y}
    if not isinstance(y, list | tuple) and len(trained) == 1:
        y = [y]
    if isinstance(y, list | tuple) and len(y) == len(trained) < len(heads):
        given = iter(y)
        return [next(given) if head.loss is not None else None for head in heads]
    return y


def _filled(heads: Sequence[Head], y: Any, count: int) -> Any:
    """The same, with arrays in place of None where nothing compares with them."""
    y = targets_by_head(heads, y)
    if isinstance(y, Mapping):
        free = {head.name for head in heads if not head.compares()}
        return {name: no_targets(count) if value is None and name in free else value for name, value in y.items()}
    if not isinstance(y, list | tuple) or len(y) != len(heads):
        return y
    pairs = zip(y, heads, strict=True)
    return [no_targets(count) if value is None and not head.compares() else value for value, head in pairs]


def no_targets(count: int) -> np.ndarray:
    """What stands in the place of targets that nothing is compared with."""
    return np.empty((count, 0), np.float32)


def _weights(where: str, outputs: Sequence[str], given: Any, count: int) -> list[np.ndarray]:
    """The weights of the samples for each output: 1 for outputs that have none; no arrays when nothing is given."""
    if given is None:
        return []
    ones = np.ones(count, np.float32)
    if isinstance(given, Mapping):
        given = {**dict.fromkeys(outputs, ones), **given}
    elif isinstance(given, list | tuple):
        given = [ones if value is None else value for value in given]
    else:  # one for all
        given = [given] * len(outputs)
    arrays = named_arrays(where, "sample_weight", outputs, given)
    if len(arrays[0]) != count:
        raise ValueError(f"{where}: expected a sample_weight for each of {count} samples, got {len(arrays[0])}")
    return [np.asarray(array, dtype=np.float32) for array in arrays]

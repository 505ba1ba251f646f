"""Losses and what metrics count, one value per sample."""

from __future__ import annotations

from typing import Any

from ..tensor import Node, Tensor, is_grad_enabled
from ._base import Gradients, _array_of, _no_second_derivative, _op, _result, _run


def softmax_cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy of softmax(logits) against labels, one loss per sample.

    Parameters
    ----------
    logits : Tensor, (..., classes)
    labels : Tensor, (...) of uint8, int32 or int64; or (..., classes) of the dtype of logits
        Class numbers, or a distribution over the classes.

    Returns
    -------
    Tensor, (...)
        ``logsumexp(logits) - logits[label]``, or ``sum(labels * (logsumexp(logits) - logits))``.

    Raises
    ------
    IndexError
        When a label is not in [0, classes).
    """
    name = "softmax_cross_entropy"
    arrays = _array_of(name, logits), _array_of(name, labels)
    needs = is_grad_enabled() and logits.requires_grad
    loss, probabilities = _op(name)(*arrays, wanted=3 if needs else 1)
    if not needs:
        return Tensor._wrap(loss)
    saved = (Tensor._wrap(probabilities), labels)
    return _result("softmax_cross_entropy", loss, _softmax_cross_entropy_gradient, (logits,), saved)


def _softmax_cross_entropy_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    probabilities, labels = node.saved
    array = _run("softmax_cross_entropy_backward", dy, probabilities, labels, into=into[0])
    rule = _no_second_derivative("softmax_cross_entropy")
    inputs = (dy, node.attach(probabilities._array))
    dlogits = _result("softmax_cross_entropy_backward", array, rule, inputs, into=into[0])
    return (dlogits,)


def squared_error(predictions: Tensor, targets: Tensor) -> Tensor:
    """Mean over the last axis of ``(predictions - targets)**2``.

    Parameters
    ----------
    predictions, targets : Tensor, (..., n)
        Of one shape: nothing is broadcast.

    Returns
    -------
    Tensor, (...)
    """
    return _difference_loss("squared_error", predictions, targets)


def absolute_error(predictions: Tensor, targets: Tensor) -> Tensor:
    """Mean over the last axis of ``abs(predictions - targets)``.

    Parameters
    ----------
    predictions, targets : Tensor, (..., n)
        Of one shape: nothing is broadcast.

    Returns
    -------
    Tensor, (...)
    """
    return _difference_loss("absolute_error", predictions, targets)


def huber(predictions: Tensor, targets: Tensor, delta: float = 1.0) -> Tensor:
    """Huber's loss, mean over the last axis.

    Parameters
    ----------
    predictions, targets : Tensor, (..., n)
        Of one shape: nothing is broadcast.
    delta : float, default 1
        Above 0.

    Returns
    -------
    Tensor, (...)
        With ``d = predictions - targets`` the mean of ``d**2 / 2`` where ``abs(d) <= delta``, else of
        ``delta * (abs(d) - delta / 2)``.
    """
    return _difference_loss("huber", predictions, targets, delta=delta)


def _difference_loss(name: str, predictions: Tensor, targets: Tensor, **options: Any) -> Tensor:
    """A loss of ``abs(predictions - targets)``."""
    array = _run(name, predictions, targets, **options)
    inputs = (predictions, targets)
    return _result(name, array, _difference_loss_gradient, inputs, inputs, op=f"{name}_backward", options=options)


def _difference_loss_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    name, options = node.attributes["op"], node.attributes["options"]

    def gradient(of: Tensor, other: Tensor, buffer: Tensor | None) -> Tensor:
        array = _run(name, dy, of, other, into=buffer, **options)
        return _result(name, array, _no_second_derivative(node.name), (dy, of, other), into=buffer)

    predictions, targets = node.saved
    return (
        gradient(predictions, targets, into[0]) if node.needs[0] else None,
        gradient(targets, predictions, into[1]) if node.needs[1] else None,  # the loss is symmetric
    )


def binary_cross_entropy(predictions: Tensor, targets: Tensor, from_logits: bool = False) -> Tensor:
    """Cross-entropy of yes or no, mean over the last axis.

    Parameters
    ----------
    predictions : Tensor, (..., n)
        Logits, or probabilities, which are clipped to [1e-7, 1 - 1e-7] as in Keras.
    targets : Tensor, (..., n)
        From 0 to 1, of the dtype of predictions. They get no gradient.
    from_logits : bool, default False

    Returns
    -------
    Tensor, (...)
        Mean of ``-(targets * log(p) + (1 - targets) * log(1 - p))``; of logits p is the sigmoid, and nothing overflows
        or is clipped.
    """
    array = _run("binary_cross_entropy", predictions, targets, from_logits=from_logits)
    saved = (predictions, targets)
    return _result(
        "binary_cross_entropy", array, _binary_cross_entropy_gradient, (predictions,), saved, from_logits=from_logits
    )


def _binary_cross_entropy_gradient(node: Node, dy: Tensor, into: Gradients) -> Gradients:
    predictions, targets = node.saved
    array = _run("binary_cross_entropy_backward", dy, predictions, targets, into=into[0], **node.attributes)
    rule = _no_second_derivative("binary_cross_entropy")
    return (_result("binary_cross_entropy_backward", array, rule, (dy, predictions), into=into[0]),)


def binary_accuracy(predictions: Tensor, targets: Tensor, threshold: float = 0.5) -> Tensor:
    """Share of the last axis where ``predictions > threshold`` is what the targets say; not differentiable.

    Parameters
    ----------
    predictions : Tensor, (..., n)
    targets : Tensor, (..., n)
        0 or 1, of the dtype of predictions.
    threshold : float, default 0.5

    Returns
    -------
    Tensor, (...)
    """
    return Tensor._wrap(_run("binary_accuracy", predictions, targets, threshold=threshold))


def categorical_accuracy(predictions: Tensor, labels: Tensor) -> Tensor:
    """1 where the first largest prediction is the label, else 0; not differentiable.

    Parameters
    ----------
    predictions : Tensor, (..., classes)
    labels : Tensor, (...) of integers, or (..., classes) one-hot

    Returns
    -------
    Tensor, (...)
    """
    return Tensor._wrap(_run("categorical_accuracy", predictions, labels))

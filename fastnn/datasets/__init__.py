"""Data sets, loaded as Keras loads them.

Every module here has ``load_data()``, which returns ``(x_train, y_train), (x_test, y_test)``. The digits come with
fastnn; all others are kept in ``$FASTNN_HOME/datasets`` (``~/.fastnn/datasets``) in the format of their authors, and
downloaded on first use with ``pip install "fastnn-core[datasets]"``. Offline, the message names the file and its place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._first_use import at_first_use

__all__ = ["boston_housing", "california_housing", "cifar10", "cifar100", "digits", "fashion_mnist", "imdb", "mnist"]

_FILES: dict[str, str] = {}
_MODULES = __all__

if TYPE_CHECKING:
    from . import boston_housing, california_housing, cifar10, cifar100, digits, fashion_mnist, imdb, mnist
else:
    __getattr__, __dir__ = at_first_use(__name__, _FILES, _MODULES)

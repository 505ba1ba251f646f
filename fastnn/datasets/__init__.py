"""Small data sets that come with fastnn, loaded as Keras loads its own.

Every module here has ``load_data()``, which returns ``(x_train, y_train), (x_test, y_test)``.
"""

from __future__ import annotations

from . import digits

__all__ = ["digits"]

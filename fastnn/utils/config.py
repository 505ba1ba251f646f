"""Config: named values as attributes and as a dictionary, which can be frozen."""

from __future__ import annotations

import json
from collections.abc import Iterator, MutableMapping
from typing import Any

__all__ = ["Config"]


class Config(MutableMapping[str, Any]):
    """Named values, such as a program's settings: ``config.rate`` is ``config["rate"]``.

    Parameters
    ----------
    **kwargs
        The first values.

    Raises
    ------
    ValueError
        A value is set or removed after `freeze`.
    AttributeError
        There is no value of this name.

    Examples
    --------
    >>> import fastnn
    >>> config = fastnn.utils.Config(rate=0.1)
    >>> config.seed = 3
    >>> config.freeze()
    >>> config.as_dict()
    {'rate': 0.1, 'seed': 3}
    """

    _values: dict[str, Any]
    _frozen: bool

    def __init__(self, **kwargs: Any) -> None:
        vars(self).update(_values=dict(kwargs), _frozen=False)

    @property
    def frozen(self) -> bool:
        """Whether values stay as they are."""
        return self._frozen

    def freeze(self) -> None:
        """Refuse changes from now on."""
        vars(self)["_frozen"] = True

    def unfreeze(self) -> None:
        """Allow changes again."""
        vars(self)["_frozen"] = False

    def as_dict(self) -> dict[str, Any]:
        """The values by name."""
        return dict(self._values)

    def to_json(self) -> str:
        """The values as JSON."""
        return json.dumps(self._values)

    def _changeable(self) -> dict[str, Any]:
        if self._frozen:
            raise ValueError("Config: expected no change, as the config is frozen")
        return self._values

    def __getattr__(self, name: str) -> Any:
        values = vars(self).get("_values", {})
        if name in values:
            return values[name]
        import difflib

        nearest = difflib.get_close_matches(name, values, 1, 0.7)
        raise AttributeError(f"Config: there is no {name!r}" + (f"; did you mean {nearest[0]!r}?" if nearest else ""))

    def __setattr__(self, name: str, value: Any) -> None:
        self._changeable()[name] = value

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __setitem__(self, name: str, value: Any) -> None:
        self._changeable()[name] = value

    def __delitem__(self, name: str) -> None:
        del self._changeable()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._values))

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"<Config {self._values}>"

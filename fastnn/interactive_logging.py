"""Where progress, results and notices go: to standard output, or to the logger "fastnn" where a program wants that."""

from __future__ import annotations

__all__ = [
    "disable_interactive_logging",
    "enable_interactive_logging",
    "is_interactive_logging_enabled",
    "print_message",
]

_interactive = True


def enable_interactive_logging() -> None:
    """Write progress and messages to standard output, as at the start."""
    global _interactive
    _interactive = True


def disable_interactive_logging() -> None:
    """Hand messages to the logger "fastnn" at level INFO; of progress the lines at its ends."""
    global _interactive
    _interactive = False


def is_interactive_logging_enabled() -> bool:
    """Whether progress and messages are written to standard output."""
    return _interactive


def print_message(text: str) -> None:
    """Tell the user."""
    if _interactive:
        print(text, flush=True)
        return
    import logging

    logging.getLogger("fastnn").info("%s", text.strip("\n"))

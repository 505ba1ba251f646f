"""Lists of numbers out of an array of objects in an .npz file, read as data: nothing is unpickled.

NumPy writes such an array as a pickle, a program for a small stack machine. This reader walks through the program and
carries out only what makes numbers, texts, tuples and lists; what would look up or call a function is kept as inert
words, and any other instruction is refused. It stands for Python's pickle protocols 0 to 5.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["read"]

_VALUES = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "BINBYTES", "SHORT_BINBYTES", "BINBYTES8"),
    *("UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "GLOBAL"),
}
_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_NOTHING = {"PROTO", "FRAME", "STOP"}
_MARK = object()


class _Inert:
    """What a pickle would have made by a call, with the state that it would have been given."""

    state: Any = None


def read(path: Path, name: str) -> list[list[int]]:
    """The lists in the array of a name.

    Raises
    ------
    ValueError
        The file has no such array of lists of whole numbers.
    """
    import zipfile  # slow to import, and only needed here

    try:
        with zipfile.ZipFile(path) as archive, archive.open(f"{name}.npy") as stream:
            version = np.lib.format.read_magic(stream)
            header = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
            shape, _, dtype = header(stream)
            if not dtype.hasobject or len(shape) != 1:
                raise ValueError(f"it holds {dtype} of shape {shape}")
            lists = _last_list(_run(stream))
    except (KeyError, IndexError, TypeError, OSError, ValueError, zipfile.BadZipFile) as problem:
        raise ValueError(
            f"{path}: expected lists of whole numbers in {name}, which can't be read ({problem})"
        ) from problem
    if len(lists) != shape[0] or not all(type(row) is list and all(type(i) is int for i in row) for row in lists):
        raise ValueError(f"{path}: expected {shape[0]} lists of whole numbers in {name}, got something else")
    return lists


def _last_list(result: Any) -> list[Any]:
    """The elements: the last entry of the state of NumPy's array."""
    state = result.state if isinstance(result, _Inert) else None
    if not isinstance(state, tuple) or not state or not isinstance(state[-1], list):
        raise ValueError("the pickle is not that of an array")
    return state[-1]


def _run(stream: Any) -> Any:
    """What the program leaves on its stack."""
    import pickletools  # slow to import, and only needed here

    stack: list[Any] = []
    memo: dict[int, Any] = {}

    def since_mark() -> list[Any]:
        at = len(stack) - 1
        while stack[at] is not _MARK:
            at -= 1
        found = stack[at + 1 :]
        del stack[at:]
        return found

    argument: Any
    for opcode, argument, _ in pickletools.genops(stream):
        op = opcode.name
        if op in _VALUES:
            stack.append(argument)
        elif op == "MARK":
            stack.append(_MARK)
        elif op == "EMPTY_LIST":
            stack.append([])
        elif op == "APPENDS":
            items = since_mark()
            stack[-1] += items
        elif op in ("BINPUT", "LONG_BINPUT", "PUT"):
            memo[argument] = stack[-1]
        elif op == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif op in ("BINGET", "LONG_BINGET", "GET"):
            stack.append(memo[argument])
        elif op == "APPEND":
            item = stack.pop()
            stack[-1].append(item)
        elif op in ("LIST", "TUPLE"):
            items = since_mark()
            stack.append(items if op == "LIST" else tuple(items))
        elif op in _TUPLES:
            stack[-_TUPLES[op] :] = [tuple(stack[-_TUPLES[op] :])]
        elif op in _CONSTANTS:
            stack.append(_CONSTANTS[op])
        elif op in ("REDUCE", "STACK_GLOBAL"):
            stack[-2:] = [_Inert()]
        elif op == "BUILD":
            state = stack.pop()
            if not isinstance(stack[-1], _Inert):
                raise ValueError("a state for something that has none")
            stack[-1].state = state
        elif op not in _NOTHING:
            raise ValueError(f"the instruction {op} is refused")
    return stack[-1]

"""What the code of a function names: globals, attributes and modules, and whether it looks for things in other ways.

`follow` follows these names. A function that looks an attribute up by a computed name may read any of them.
"""

from __future__ import annotations

import dis
from collections.abc import Iterator
from functools import cache
from types import CodeType
from typing import NamedTuple

__all__ = ["Reads", "reads"]

_GLOBALS = {"LOAD_GLOBAL", "LOAD_NAME", "STORE_GLOBAL", "LOAD_FROM_DICT_OR_GLOBALS"}
_ATTRIBUTES = {"LOAD_ATTR", "LOAD_METHOD", "STORE_ATTR", "DELETE_ATTR", "LOAD_SUPER_ATTR", "IMPORT_FROM"}
_BY_NAME = {"getattr", "hasattr", "setattr", "delattr"}  # of the built-in functions
_ALL = {"vars", "dir"}


class Reads(NamedTuple):
    """What a piece of code, and functions defined within it, name."""

    globals: tuple[str, ...]
    attributes: frozenset[str]
    modules: tuple[tuple[str, int], ...]  # imported while it runs, with the level of relative imports
    all_attributes: bool  # whether it may read attributes that it does not name


@cache
def reads(code: CodeType) -> Reads:
    """What a function's code names."""
    names: dict[str, None] = {}
    attributes, modules, computed = set(), set(), False
    for part in _parts(code):
        instructions = list(dis.get_instructions(part))
        for index, instruction in enumerate(instructions):
            kind, value = instruction.opname, instruction.argval
            if kind in _GLOBALS:
                if value.startswith("@"):  # no name of Python's: pytest's, for what it says when an assert fails
                    continue
                names[value] = None
                if value in _BY_NAME:
                    name = _given_name(instructions, index)
                    attributes |= {name} if name is not None else set()
                    computed = computed or name is None
                computed = computed or value in _ALL
            elif kind in _ATTRIBUTES:
                attributes.add(value)
            elif kind == "IMPORT_NAME":
                modules.add((value, instructions[index - 2].argval))
            elif kind.startswith("MATCH_") and isinstance(instructions[index - 1].argval, tuple):
                attributes.update(instructions[index - 1].argval)  # case Point(x=0)
    computed = computed or bool(attributes & {"__dict__", "attrgetter", "methodcaller", "__getattribute__"})
    return Reads(tuple(sorted(names)), frozenset(attributes), tuple(sorted(modules)), computed)


def _parts(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _parts(constant)


def _given_name(instructions: list[dis.Instruction], start: int) -> str | None:
    """The second argument of the call of the function that is loaded at start, when it is a text in the code."""
    depth = 0
    for index in range(start, len(instructions)):
        instruction = instructions[index]
        if instruction.opcode in dis.hasjrel or instruction.opcode in dis.hasjabs:
            return None
        depth += dis.stack_effect(instruction.opcode, instruction.arg)
        if instruction.opname == "CALL" and depth == 1:
            loads = [item for item in instructions[start:index] if item.opname not in ("PRECALL", "CACHE", "KW_NAMES")]
            count = int(instruction.arg or 0)
            name = loads[1 - count] if 2 <= count <= 3 and len(loads) >= count else None
            simple = all(item.opname.startswith("LOAD_") for item in loads[2 - count :]) if count == 3 else True
            if name is not None and name.opname == "LOAD_CONST" and isinstance(name.argval, str) and simple:
                return name.argval
            return None
    return None

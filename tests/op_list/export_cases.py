"""Writes every op case to a file that op_list.cpp reads: inputs, attributes, wanted results, how far they may be off.

``python tests/op_list/export_cases.py FILE``. Numbers are little-endian: int64 counts, sizes and integers, float64
reals; a text is its length and its bytes. See op_list.cpp for the order.
"""

from __future__ import annotations

import struct
import sys
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))

from op_calls import bounds, call, cast, flatten, is_update, reference
from op_cases import CASES, OpCase

from fastnn import _core

MAGIC = b"fastnn op cases 1\n"
DLPACK_CODES = {"i": 0, "u": 1, "f": 2, "b": 6}


def integers(file: BinaryIO, *values: int) -> None:
    file.write(struct.pack(f"<{len(values)}q", *values))


def text(file: BinaryIO, value: str) -> None:
    integers(file, len(value.encode()))
    file.write(value.encode())


def array(file: BinaryIO, value: np.ndarray) -> None:
    integers(file, DLPACK_CODES[value.dtype.kind], 8 * value.itemsize, value.ndim, *value.shape)
    file.write(np.ascontiguousarray(value).tobytes())


def attribute(file: BinaryIO, name: str, value: Any) -> None:
    text(file, name)
    if isinstance(value, str):
        text(file, "choice")
        text(file, value)
    elif isinstance(value, float):
        text(file, "real")
        file.write(struct.pack("<d", value))
    else:
        numbers = [int(v) for v in np.atleast_1d(np.asarray(value, np.int64))]
        text(file, "integers")
        integers(file, len(numbers), *numbers)


def positions(case: OpCase, inputs: list[Any]) -> list[np.ndarray | None]:
    """The inputs as a call of the C ABI takes them: lists in a row, an absent list as NULLs."""
    schema = _core.op(case.op).schema["inputs"]
    length = next((len(v) for v, s in zip(inputs, schema, strict=False) if s["variadic"] and v is not None), 0)
    flat: list[np.ndarray | None] = []
    for index, argument in enumerate(schema):
        value = inputs[index] if index < len(inputs) else None
        if argument["variadic"]:
            flat += value or [None] * length
        else:
            flat.append(value)
    return flat


def export(file: BinaryIO, case: OpCase, dtype: str) -> None:
    inputs = cast(case, dtype)
    got, want = call(case, inputs), reference(case, inputs)
    text(file, f"{case.name} {dtype}")
    text(file, case.op)
    kinds = {a["name"]: a["kind"] for a in _core.op(case.op).schema["attributes"]}
    integers(file, len(case.attributes))
    for name, value in case.attributes.items():
        attribute(file, name, float(value) if kinds[name] == "float" else value)
    flat = positions(case, inputs)
    integers(file, len(flat))
    for value in flat:
        integers(file, value is not None)
        if value is not None:
            array(file, value)
    integers(file, is_update(case), len(want))
    if is_update(case):
        assert len(flatten(inputs)) == len(want), case
    for result, wanted, allowed in zip(got, want, bounds(case, inputs, dtype, want), strict=True):
        integers(file, DLPACK_CODES[result.dtype.kind], 8 * result.itemsize, result.ndim, *result.shape)
        exact = wanted.dtype.kind in "iub"
        for part in (wanted, np.zeros(wanted.shape) if exact else np.broadcast_to(allowed, wanted.shape)):
            file.write(np.ascontiguousarray(part, np.float64).tobytes())


def main(path: Path) -> None:
    with path.open("wb") as file:
        file.write(MAGIC)
        integers(file, 2 * len(CASES))
        for case in CASES:
            for dtype in ("float32", "float64"):
                export(file, case, dtype)
    print(f"{len(CASES)} cases in float32 and float64, {path.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))

"""Products of a matrix unit for bfloat16 numbers (kernels/cpu/tiles.inl) where there is none: how float32 numbers are
split, the unit's arithmetic, error, infinities and bits, by its emulation and AMX's own instructions (tests/tiles)."""

from __future__ import annotations

import ctypes
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from op_calls import levels
from tolerances import (
    BFLOAT16_NORM,
    FAST_NORM,
    LEAST,
    PRODUCT_FACTOR,
    UNIT_ROUNDOFF,
    assert_same_bits,
    lost_in_tiles,
)

import fastnn
from fastnn import _core, kernels

ROOT = Path(__file__).resolve().parents[1]
FLAGS = {
    "avx512": ["-march=x86-64-v4", "-mprefer-vector-width=512", "-DFASTNN_WIDTH=16"],
    "avx2": ["-march=x86-64-v3", "-DFASTNN_WIDTH=8"],
    "base": ["-march=x86-64-v2", "-DFASTNN_WIDTH=4"],
    "neon": ["-DFASTNN_WIDTH=4"],
}
COMPILER = os.environ.get("CXX", "c++")
INSTRUCTIONS = ["-mamx-tile", "-mamx-bf16"]
BLOCK = 32


def compiler_knows_amx() -> bool:
    command = [COMPILER, *INSTRUCTIONS, "-fsyntax-only", "-x", "c++", os.devnull]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


UNITS = ["emulated", "amx"] if compiler_knows_amx() else ["emulated"]


class Tiles:
    """The compiled kernels, on arrays."""

    def __init__(self, library: Path) -> None:
        self._library = ctypes.CDLL(str(library))
        self._library.packed_numbers.argtypes = [ctypes.c_int64] * 3
        self._library.packed_numbers.restype = ctypes.c_int64

    def _call(self, name: str, *arguments: Any) -> None:
        function = getattr(self._library, name)
        function.restype = None
        function(*(a.ctypes.data_as(ctypes.c_void_p) if isinstance(a, np.ndarray) else a for a in arguments))

    def split(self, x: np.ndarray) -> np.ndarray:
        filled = np.zeros(-(-x.size // 16) * 16, np.float32)
        filled[: x.size] = x
        parts = np.empty((3, filled.size), np.float32)
        self._call("split_numbers", parts, filled, ctypes.c_int64(filled.size))
        return parts[:, : x.size]

    def blocks(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
        sums = np.empty((BLOCK, BLOCK), np.float32)
        self._call("multiply_blocks", sums, rows, columns, ctypes.c_int64(len(rows)))
        return sums

    def product(
        self,
        a: np.ndarray,
        b: np.ndarray,
        parts: int = 3,
        *,
        y: np.ndarray | None = None,
        bias: np.ndarray | None = None,
        relu: bool = False,
    ) -> np.ndarray:
        (m, k), n = a.shape, b.shape[1]
        accumulate = y is not None
        y = np.full((m, n), np.nan, np.float32) if y is None else y.copy()
        sizes = np.array([m, n, k], np.int64)
        strides = np.array([n, a.strides[0] // 4, a.strides[1] // 4, b.strides[0] // 4, b.strides[1] // 4], np.int64)
        packed = np.zeros(self._library.packed_numbers(k, n, parts), np.uint16)
        self._call("pack", packed, b, sizes, strides, ctypes.c_int64(parts))
        none = ctypes.c_void_p(None)
        extra = (none if bias is None else bias, int(relu), int(accumulate), ctypes.c_int64(parts))
        self._call("product", y, a, packed, b, sizes, strides, *extra)
        return y


@pytest.fixture(scope="module")
def build(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Tiles]:
    built: dict[str, Tiles] = {}

    def get(unit: str) -> Tiles:
        if unit not in built:
            best = next(level for level in levels() if level in FLAGS)
            own = ["-DFASTNN_TILES_EMULATED"] if unit == "emulated" else INSTRUCTIONS
            library = tmp_path_factory.mktemp(unit) / "tiles.so"
            options = ["-std=c++20", "-O2", "-fPIC", "-shared", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"]
            command = [
                "g++",
                *options,
                *FLAGS[best],
                *own,
                f"-I{ROOT / 'csrc'}",
                ROOT / "tests" / "tiles" / "tiles.cpp",
            ]
            done = subprocess.run([*command, "-o", library], capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            built[unit] = Tiles(library)
        return built[unit]

    return get


@pytest.fixture(params=UNITS)
def tiles(request: pytest.FixtureRequest, build: Callable[[str], Tiles]) -> Tiles:
    return build(request.param)


@pytest.fixture
def emulated(build: Callable[[str], Tiles]) -> Tiles:
    return build("emulated")


# ---- the split -------------------------------------------------------------------------------------------------------


def bits(x: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(x).view(np.uint32)


def numbers_of_all_sizes(rng: np.random.Generator, least: int, count: int = 200_000) -> np.ndarray:
    exponent = rng.integers(least, 128, count)
    x = np.ldexp(1 + rng.random(count), exponent).astype(np.float64) * rng.choice([-1, 1], count)
    return np.clip(x, np.finfo(np.float32).min, np.finfo(np.float32).max).astype(np.float32)


def test_three_parts_are_a_number_exactly(emulated: Tiles, rng: np.random.Generator) -> None:
    largest = np.finfo(np.float32).max
    ties = np.array([1 + 2**-8, 1 + 3 * 2**-8, 1 + 2**-8 + 2**-23, -1 - 2**-16, 2 - 2**-23], np.float32)
    ends = np.array([0.0, -0.0, largest, -largest, np.nextafter(largest, 0), 0x7F7F80 * 2.0**104], np.float32)
    x = np.concatenate([numbers_of_all_sizes(rng, -103), ties, ends])
    parts = emulated.split(x)
    assert not np.any(bits(parts) & 0xFFFF)
    assert np.all(np.isfinite(parts))
    np.testing.assert_array_equal(parts.astype(np.float64).sum(axis=0), x)
    _, second, third = np.abs(parts.astype(np.float64))
    size = np.abs(x.astype(np.float64))
    inside = size < 0x7F7F80 * 2.0**104  # larger ones are rounded towards zero
    assert np.all(second <= 2.0**-8 * size + ~inside * 2.0**-7 * size)
    assert np.all(third <= 2.0**-16 * size)
    assert np.all(third[inside] <= 2.0**-17 * size[inside])
    nonzero = third[third > 0]
    assert nonzero.min() >= LEAST  # so the unit doesn't take it for zero


def test_small_numbers_lose_less_than_a_normal_number(emulated: Tiles, rng: np.random.Generator) -> None:
    size = np.ldexp(1 + rng.random(100_000), rng.integers(-150, -103, 100_000))
    x = (size * rng.choice([-1, 1], size.size)).astype(np.float32)
    parts = emulated.split(x).astype(np.float64)
    counted = np.where(np.abs(parts) < LEAST, 0.0, parts)
    assert np.all(np.abs(counted.sum(axis=0) - x) < 2 * LEAST)


def test_parts_of_what_is_not_finite_are_not_finite(emulated: Tiles) -> None:
    small_payload = np.array([0x7F800001, 0xFF800001], np.uint32).view(np.float32)
    x = np.concatenate([np.array([np.inf, -np.inf, np.nan], np.float32), small_payload])
    assert not np.any(np.isfinite(emulated.split(x)[0]))


# ---- the unit --------------------------------------------------------------------------------------------------------


def flush(x: np.ndarray) -> np.ndarray:
    return np.where(np.abs(x) < np.float32(LEAST), np.copysign(np.float32(0), x), x)


def fma(a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """One rounding: a product of bfloat16 numbers has 16 bits, and doubles hold what decides about its sum."""
    return flush((a.astype(np.float64) * b.astype(np.float64) + c.astype(np.float64)).astype(np.float32))


def unit_product(a: np.ndarray, b: np.ndarray, sums: np.ndarray) -> np.ndarray:
    """Intel's TDPBF16PS of a (m, 32) and b (32, n), with its order of sums."""
    a, b = flush(a), flush(b)
    even = odd = np.zeros_like(sums)
    for k in range(0, 32, 2):
        even = fma(a[:, k, None], b[k], even)
        odd = fma(a[:, k + 1, None], b[k + 1], odd)
    return flush(flush(sums) + flush(even + odd))


@pytest.mark.parametrize("scale", [1.0, 2.0**-63, 2.0**-130, 2.0**62], ids=str)
def test_unit_computes_what_the_manual_says(tiles: Tiles, scale: float, rng: np.random.Generator) -> None:
    steps = 3
    a = np.clip(rng.standard_normal((steps, BLOCK, BLOCK)) * scale, -3e38, 3e38).astype(np.float32)
    b = rng.standard_normal((steps, BLOCK, BLOCK)).astype(np.float32) * np.float32(2.0**-63 if scale == 2.0**-63 else 1)
    a, b = ((bits(x) & 0xFFFF0000).view(np.float32) for x in (a, b))
    rows = (bits(a) >> 16).astype(np.uint16)
    # tile (half) of columns: row i holds the pairs (2i, 2i + 1) of its 16 columns
    pairs = (bits(b) >> 16).astype(np.uint16).reshape(steps, 16, 2, 2, 16).transpose(0, 3, 1, 4, 2)
    got = tiles.blocks(rows, np.ascontiguousarray(pairs))
    want = np.zeros((BLOCK, BLOCK), np.float32)
    for step in range(steps):
        want = unit_product(a[step], b[step], want)
    np.testing.assert_array_equal(got, want)


# ---- products --------------------------------------------------------------------------------------------------------


def hostile(kind: str, rng: np.random.Generator, m: int, n: int, k: int) -> tuple[np.ndarray, np.ndarray]:
    a, b = rng.standard_normal((m, k)), rng.standard_normal((k, n))
    if kind == "positive":
        a, b = np.abs(a), np.abs(b)
    elif kind == "sparse":
        a = np.maximum(a, 0) * (rng.random(a.shape) < 0.3)
    elif kind == "rows scaled":
        a *= 2.0 ** rng.integers(-20, 21, (m, 1))
    elif kind == "columns scaled":
        b *= 2.0 ** rng.integers(-20, 21, (1, n))
    elif kind == "cancelling":
        a[:, 1::2] = -a[:, : k // 2 * 2 : 2] * (1 + 1e-4)
        b[1::2] = b[: k // 2 * 2 : 2]
    elif kind == "huge":
        a *= 1e18
        b *= 1e18
    elif kind == "near the largest":
        a *= 3.4e38 / np.abs(a).max()
        b *= 0.1 / k
    elif kind == "small":
        a *= 2.0**-80
    return a.astype(np.float32), b.astype(np.float32)


KINDS = (
    "normal",
    "positive",
    "sparse",
    "rows scaled",
    "columns scaled",
    "cancelling",
    "huge",
    "near the largest",
    "small",
)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("k", [1, 31, 257, 4096])
def test_error_on_hostile_numbers(emulated: Tiles, kind: str, k: int, rng: np.random.Generator) -> None:
    """Six products err as float32 does, element by element, and three as class `fast` may."""
    a, b = hostile(kind, rng, 37, 45, k)
    wide_a, wide_b = a.astype(np.float64), b.astype(np.float64)
    want, terms = wide_a @ wide_b, np.abs(wide_a) @ np.abs(wide_b)
    error = {parts: np.abs(emulated.product(a, b, parts) - want) for parts in (1, 2, 3)}
    assert np.all(error[3] <= PRODUCT_FACTOR * np.sqrt(k) * UNIT_ROUNDOFF["float32"] * terms)
    assert np.all(error[2] <= FAST_NORM * terms)
    assert np.all(error[1] <= BFLOAT16_NORM * terms)
    if k > 1:
        assert error[3].max() < error[2].max() < error[1].max()


def test_error_of_long_sums(emulated: Tiles, rng: np.random.Generator) -> None:
    k = 65_536
    a, b = np.abs(rng.standard_normal((8, k))).astype(np.float32), rng.random((k, 16)).astype(np.float32)
    want = a.astype(np.float64) @ b.astype(np.float64)
    assert np.all(np.abs(emulated.product(a, b) - want) <= 256 * UNIT_ROUNDOFF["float32"] * want)


def test_small_numbers_count_as_zero(emulated: Tiles, rng: np.random.Generator) -> None:
    """Below the least normal number parts, products and sums are lost: K of them, and no more."""
    k = 300
    for of_a, of_b in ((-130, 0), (-120, 0), (-70, -70), (-148, 20)):
        a = (rng.standard_normal((20, k)) * 2.0**of_a).astype(np.float32)
        b = (rng.standard_normal((k, 24)) * 2.0**of_b).astype(np.float32)
        wide_a, wide_b = np.abs(a.astype(np.float64)), np.abs(b.astype(np.float64))
        want, terms = a.astype(np.float64) @ b.astype(np.float64), wide_a @ wide_b
        allowed = PRODUCT_FACTOR * np.sqrt(k) * UNIT_ROUNDOFF["float32"] * terms + lost_in_tiles(a, b)
        assert np.all(np.abs(emulated.product(a, b) - want) <= allowed)


def test_what_is_not_finite_is_what_float32_gives(emulated: Tiles, rng: np.random.Generator) -> None:
    m, n, k = 70, 50, 600
    a, b = rng.standard_normal((m, k)).astype(np.float32), rng.standard_normal((k, n)).astype(np.float32)
    finite = emulated.product(a, b)
    a[3, 5], a[40, 599], a[41, 0], a[50, 7] = np.inf, -np.inf, np.nan, 3e38
    b[7, 2], b[300, 33], b[599, 40] = 3e38, np.inf, np.nan
    b[5, 9], b[0, 12] = 0, 1e-44  # infinity times zero, and times what the unit takes for zero
    a[60, 0] = np.inf
    level = next(level for level in levels() if level != "reference")
    _core.set_isa(level)
    want, got = kernels.gemm(a, b), emulated.product(a, b)
    special = ~np.isfinite(want)
    assert special.sum() > 4 * n
    np.testing.assert_array_equal(np.isfinite(got), ~special)
    np.testing.assert_array_equal(got[special], want[special])
    assert np.isposinf(got[60, 12])
    # who has nothing to do with them keeps its bits
    rows, columns = [3, 40, 41, 50, 60], [2, 9, 12, 33, 40]
    assert_same_bits(
        np.delete(np.delete(got, rows, 0), columns, 1),
        np.delete(np.delete(finite, rows, 0), columns, 1),
        "beside what is not finite",
    )


def test_sums_that_would_overflow_in_parts_are_computed_again(emulated: Tiles) -> None:
    """a rounded up and a product of parts are infinite where float32's product isn't."""
    largest = np.finfo(np.float32).max
    a, b = np.zeros((2, 64), np.float32), np.zeros((64, 16), np.float32)
    a[0, 0], b[0] = largest, 1.0
    a[1, :3], b[1], b[2] = (2e38, 2e38, -2e38), -1.0, 1.0
    np.testing.assert_array_equal(emulated.product(a, b)[0], np.full(16, largest))
    np.testing.assert_allclose(emulated.product(a, b)[1], np.full(16, -2e38), rtol=1e-6)


@pytest.mark.parametrize("parts", [3, 2, 1])
def test_bits_do_not_depend_on_the_cut(emulated: Tiles, parts: int, rng: np.random.Generator) -> None:
    """Neither on rows and columns beside an element, nor on how operands lie, nor on where k is cut between blocks."""
    m, n, k = 71, 69, 600
    a, b = rng.standard_normal((m, k)).astype(np.float32), rng.standard_normal((k, n)).astype(np.float32)
    whole = emulated.product(a, b, parts)
    for rows, columns in ((slice(0, 1), slice(0, n)), (slice(13, 50), slice(5, 22)), (slice(70, 71), slice(68, 69))):
        part = emulated.product(a[rows], np.ascontiguousarray(b[:, columns]), parts)
        assert_same_bits(part, whole[rows, columns], f"{rows} {columns}")
    turned_a, turned_b = np.asfortranarray(a), np.asfortranarray(b)
    assert_same_bits(emulated.product(turned_a, turned_b, parts), whole, "transposed")
    assert_same_bits(emulated.product(turned_a[3:40], b, parts), whole[3:40], "a transposed")
    halves = emulated.product(a[:, :256], b[:256], parts)
    assert_same_bits(emulated.product(a[:, 256:], b[256:], parts, y=halves), whole, "k in two")
    bias = rng.standard_normal(n).astype(np.float32)
    want = np.maximum(whole + bias, 0)
    assert_same_bits(emulated.product(a, b, parts, bias=bias, relu=True), want, "bias and relu")


@pytest.mark.parametrize("parts", [3, 2, 1])
def test_instructions_have_the_bits_of_the_emulation(
    tiles: Tiles, emulated: Tiles, parts: int, rng: np.random.Generator
) -> None:
    for kind, (m, n, k) in (
        ("normal", (33, 40, 290)),
        ("small", (5, 64, 70)),
        ("huge", (32, 32, 32)),
        ("normal", (16, 9, 40)),
    ):
        a, b = hostile(kind, rng, m, n, k)
        a[0, 0] = np.inf
        bias = rng.standard_normal(n).astype(np.float32)
        got, want = (each.product(a, b, parts, bias=bias, relu=True) for each in (tiles, emulated))
        assert_same_bits(got, want, f"{kind} {parts} parts")


# ---- levels ----------------------------------------------------------------------------------------------------------


def active_level(forced: str) -> subprocess.CompletedProcess[str]:
    code = "from fastnn import _core; print(_core.active_isa())"
    environment = {**os.environ, "FASTNN_ISA": forced}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)


def test_a_level_with_a_matrix_unit_is_taken_on_request() -> None:
    found = {level["name"]: level for level in _core.levels() if level["name"].startswith("amx")}
    assert ("amx" in found) == (platform.machine() in ("x86_64", "AMD64"))
    assert not active_level("").stdout.startswith("amx")
    for name, level in found.items():
        done = active_level(name)
        if level["available"]:
            assert level["reason"] == f"taken when FASTNN_ISA={name} asks for it"
            assert done.stdout == f"{name}\n"
        else:
            assert f"RuntimeError: FASTNN_ISA: level {name} is not available: {level['reason']}\n" in done.stderr


def test_accuracy_classes_of_products_on_every_level(rng: np.random.Generator) -> None:
    x, weight = rng.standard_normal((40, 300)).astype(np.float32), rng.standard_normal((300, 50)).astype(np.float32)
    wide, terms = x.astype(np.float64) @ weight, np.abs(x.astype(np.float64)) @ np.abs(weight)
    for level in levels():
        _core.set_isa(level)
        fastnn.set_precision("float32")
        exact = kernels.linear(x, weight)
        fastnn.set_precision("fast")
        fast = kernels.linear(x, weight)
        assert np.all(np.abs(exact - wide) <= PRODUCT_FACTOR * np.sqrt(300) * UNIT_ROUNDOFF["float32"] * terms), level
        assert np.all(np.abs(fast - wide) <= FAST_NORM * terms), level
        assert np.array_equal(fast, exact) == (not level.startswith("amx")), level

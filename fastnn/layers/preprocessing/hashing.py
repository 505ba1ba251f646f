"""Hashes that put unknown tokens into a number of places, the same on every machine and as TensorFlow does.

FarmHash's Fingerprint64 (Pike and Alakuijala 2014) without a key, SipHash-2-4 (Aumasson and Bernstein 2012) with one.
"""

from __future__ import annotations

import struct
from typing import Any

__all__ = ["fingerprint64", "key_of_salt", "siphash64"]

_ALL = (1 << 64) - 1
_K0, _K1, _K2 = 0xC3A5C85C97CB3127, 0xB492B66FBE98F273, 0x9AE16A3B2F90404F


def _at(data: bytes, place: int) -> int:
    """Eight bytes as a number."""
    return int.from_bytes(data[place : place + 8], "little")


def _four(data: bytes, place: int) -> int:
    return int.from_bytes(data[place : place + 4], "little")


def _right(value: int, bits: int) -> int:
    """Bits turned to the right."""
    return ((value >> bits) | (value << (64 - bits))) & _ALL


def _mixed(value: int) -> int:
    return value ^ (value >> 47)


def _of_two(u: int, v: int, multiplier: int) -> int:
    a = _mixed(((u ^ v) * multiplier) & _ALL)
    b = _mixed(((v ^ a) * multiplier) & _ALL)
    return (b * multiplier) & _ALL


def fingerprint64(data: bytes) -> int:
    """FarmHash's Fingerprint64 of some bytes."""
    size = len(data)
    multiplier = (_K2 + 2 * size) & _ALL
    if size <= 16:
        return _short(data, multiplier)
    if size <= 32:
        a, b = (_at(data, 0) * _K1) & _ALL, _at(data, 8)
        c, d = (_at(data, size - 8) * multiplier) & _ALL, (_at(data, size - 16) * _K2) & _ALL
        first = (_right((a + b) & _ALL, 43) + _right(c, 30) + d) & _ALL
        return _of_two(first, (a + _right((b + _K2) & _ALL, 18) + c) & _ALL, multiplier)
    return _middle(data, multiplier) if size <= 64 else _long(data)


def _short(data: bytes, multiplier: int) -> int:
    size = len(data)
    if size >= 8:
        a, b = (_at(data, 0) + _K2) & _ALL, _at(data, size - 8)
        c = (_right(b, 37) * multiplier + a) & _ALL
        return _of_two(c, ((_right(a, 25) + b) * multiplier) & _ALL, multiplier)
    if size >= 4:
        return _of_two((size + (_four(data, 0) << 3)) & _ALL, _four(data, size - 4), multiplier)
    if size == 0:
        return _K2
    y = data[0] + (data[size >> 1] << 8)
    z = size + (data[-1] << 2)
    return (_mixed((y * _K2) & _ALL ^ (z * _K0) & _ALL) * _K2) & _ALL


def _middle(data: bytes, multiplier: int) -> int:
    """Of 33 to 64 bytes."""
    size = len(data)
    a, b = (_at(data, 0) * _K2) & _ALL, _at(data, 8)
    c, d = (_at(data, size - 8) * multiplier) & _ALL, (_at(data, size - 16) * _K2) & _ALL
    y = (_right((a + b) & _ALL, 43) + _right(c, 30) + d) & _ALL
    z = _of_two(y, (a + _right((b + _K2) & _ALL, 18) + c) & _ALL, multiplier)
    e, f = (_at(data, 16) * multiplier) & _ALL, _at(data, 24)
    g, h = ((y + _at(data, size - 32)) * multiplier) & _ALL, ((z + _at(data, size - 24)) * multiplier) & _ALL
    first = (_right((e + f) & _ALL, 43) + _right(g, 30) + h) & _ALL
    return _of_two(first, (e + _right((f + a) & _ALL, 18) + g) & _ALL, multiplier)


def _weak(data: bytes, place: int, a: int, b: int) -> tuple[int, int]:
    w, x, y, z = (_at(data, place + 8 * i) for i in range(4))
    a = (a + w) & _ALL
    b = _right((b + a + z) & _ALL, 21)
    c = a
    a = (a + x + y) & _ALL
    b = (b + _right(a, 44)) & _ALL
    return (a + z) & _ALL, (b + c) & _ALL


def _long(data: bytes) -> int:
    size, seed = len(data), 81
    x, y = seed, (seed * _K1 + 113) & _ALL
    z = (_mixed((y * _K2 + 113) & _ALL) * _K2) & _ALL
    v, w = (0, 0), (0, 0)
    x = (x * _K2 + _at(data, 0)) & _ALL
    multiplier, last = _K1, (size - 1) // 64 * 64
    for number in range(last // 64 + 1):
        tail = number == last // 64  # the last 64 bytes, which the block before may overlap
        place = size - 64 if tail else 64 * number
        if tail:
            multiplier = (_K1 + ((z & 0xFF) << 1)) & _ALL
            w = ((w[0] + ((size - 1) & 63)) & _ALL, w[1])
            v = ((v[0] + w[0]) & _ALL, v[1])
            w = ((w[0] + v[0]) & _ALL, w[1])
        x = (_right((x + y + v[0] + _at(data, place + 8)) & _ALL, 37) * multiplier) & _ALL
        y = (_right((y + v[1] + _at(data, place + 48)) & _ALL, 42) * multiplier) & _ALL
        x ^= (w[1] * 9) & _ALL if tail else w[1]
        y = (y + (v[0] * 9 if tail else v[0]) + _at(data, place + 40)) & _ALL
        z = (_right((z + w[0]) & _ALL, 33) * multiplier) & _ALL
        v = _weak(data, place, (v[1] * multiplier) & _ALL, (x + w[0]) & _ALL)
        w = _weak(data, place + 32, (z + w[1]) & _ALL, (y + _at(data, place + 16)) & _ALL)
        z, x = x, z
    first = (_of_two(v[0], w[0], multiplier) + _mixed(y) * _K0 + z) & _ALL
    return _of_two(first, (_of_two(v[1], w[1], multiplier) + x) & _ALL, multiplier)


def siphash64(data: bytes, key: tuple[int, int]) -> int:
    """SipHash-2-4 of some bytes under a key of two numbers of 64 bits."""
    k0, k1 = (part & _ALL for part in key)
    state = [k0 ^ 0x736F6D6570736575, k1 ^ 0x646F72616E646F6D, k0 ^ 0x6C7967656E657261, k1 ^ 0x7465646279746573]
    padded = data + bytes(7 - len(data) % 8) + bytes([len(data) & 0xFF])
    for (word,) in struct.iter_unpack("<Q", padded):
        state[3] ^= word
        _rounds(state, 2)
        state[0] ^= word
    state[2] ^= 0xFF
    _rounds(state, 4)
    return state[0] ^ state[1] ^ state[2] ^ state[3]


def _rounds(v: list[int], count: int) -> None:
    for _ in range(count):
        for a, b, turn, half in ((0, 1, 51, 32), (2, 3, 48, 0), (0, 3, 43, 0), (2, 1, 47, 32)):
            v[a] = (v[a] + v[b]) & _ALL
            v[b] = _right(v[b], turn) ^ v[a]
            if half:
                v[a] = _right(v[a], half)


def key_of_salt(cls: str, salt: Any) -> tuple[int, int] | None:
    """The key of the hash: two integers, or one for both."""
    parts = tuple(salt) if isinstance(salt, tuple | list) else (salt, salt)
    if salt is None:
        return None
    if len(parts) != 2 or any(isinstance(part, bool) or not isinstance(part, int) for part in parts):
        raise ValueError(f"{cls}: expected salt to be one integer or two, got {salt!r}")
    return parts[0], parts[1]

"""PNG decoded by hand (PNG specification, third edition), to compare with: slowly, and for whole files alone."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PASSES = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1))
"""The first row and column, and the steps down and across."""


def decode(content: bytes) -> Array:
    """Return rows × columns × channels, uint8 or uint16: palettes as colours, fewer bits as eight, tRNS as alpha."""
    chunks = list(read_chunks(content))
    width, height, depth, colour, _, _, interlace = struct.unpack(">IIBBBBB", chunks[0][1])
    data = zlib.decompress(b"".join(body for name, body in chunks if name == b"IDAT"))
    others = dict(chunks)
    raw = np.zeros((height, width, SAMPLES[colour]), np.uint16)
    for top, left, down, across in PASSES if interlace else ((0, 0, 1, 1),):
        part = raw[top::down, left::across]
        if part.size:
            data = fill(part, data, depth)
    assert not data
    clear = others.get(b"tRNS")
    if colour == 3:
        return coloured(raw[..., 0], others[b"PLTE"], clear)
    alpha = None
    if clear is not None:
        level = np.frombuffer(clear, ">u2")
        alpha = np.where((raw == level).all(axis=2, keepdims=True), 0, 65535 if depth == 16 else 255)
    samples = raw if depth == 16 else (raw * (255 // ((1 << depth) - 1))).astype(np.uint8)
    return samples if alpha is None else np.concatenate((samples, alpha.astype(samples.dtype)), axis=2)


def read_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    place = 8
    while place < len(content):
        (length,) = struct.unpack_from(">I", content, place)
        yield content[place + 4 : place + 8], content[place + 8 : place + 8 + length]
        place += length + 12


def coloured(indices: Array, palette: bytes, clear: bytes | None) -> Array:
    colours = np.frombuffer(palette, np.uint8).reshape(-1, 3)
    if clear is not None:
        alpha = np.full(len(colours), 255, np.uint8)
        alpha[: len(clear)] = np.frombuffer(clear, np.uint8)
        colours = np.column_stack((colours, alpha))
    return colours[indices]


def fill(part: Array, data: bytes, depth: int) -> bytes:
    """Fill the samples of one pass, and return the data of those that follow (PNG specification, 9)."""
    rows, columns, channels = part.shape
    length = (columns * channels * depth + 7) // 8
    pixel = max(1, channels * depth // 8)
    above = bytes(length)
    for row in range(rows):
        above = unfiltered(data[0], data[1 : length + 1], above, pixel)
        data = data[length + 1 :]
        part[row] = unpacked(above, depth)[: columns * channels].reshape(columns, channels)
    return data


def unpacked(row: bytes, depth: int) -> Array:
    if depth == 16:
        return np.frombuffer(row, ">u2").astype(np.uint16)
    bits = np.unpackbits(np.frombuffer(row, np.uint8)).reshape(-1, depth)
    return (bits @ (1 << np.arange(depth)[::-1])).astype(np.uint16)


def unfiltered(kind: int, row: bytes, above: bytes, pixel: int) -> bytes:
    result = bytearray(row)
    for place, value in enumerate(row):
        left = result[place - pixel] if place >= pixel else 0
        corner = above[place - pixel] if place >= pixel else 0
        up = above[place]
        predicted = (0, left, up, (left + up) // 2, nearest(left, up, corner))[kind]
        result[place] = (value + predicted) % 256
    return bytes(result)


def nearest(left: int, up: int, corner: int) -> int:
    """Return Paeth's choice, the first of these three that is nearest to left + up - corner."""
    return min((left, up, corner), key=lambda each: abs(left + up - corner - each))

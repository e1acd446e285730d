"""The curves of a colour profile: from encoded samples to light (ICC.1:2022, 7.2, 9.2, 10.6 and 10.18)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from imfilt.errors import PictureError

if TYPE_CHECKING:
    from imfilt.array_types import Array

Curve = Callable[["Array"], "Array"]

_HEADER_BYTES = 128
_MOST_TAGS = 100
_TAGS = {"RGB": (b"RGB ", (b"rTRC", b"gTRC", b"bTRC")), "L": (b"GRAY", (b"kTRC",))}
_PARAMETERS = (1, 3, 4, 5, 7)


def curves_in(profile: bytes, colour: str) -> list[Curve]:
    """Return the curve of each channel of a profile for a picture of `colour`, ``L`` or ``RGB``.

    Raises `PictureError` for a profile that has no curves, or is for other colours, or is damaged.
    """
    space, names = _TAGS[colour]
    if profile[16:20] != space:
        raise PictureError(f"linear: its colour profile is not one for {colour}; convert the picture to sRGB first")
    try:
        (count,) = struct.unpack_from(">I", profile, _HEADER_BYTES)
        starts = range(_HEADER_BYTES + 4, _HEADER_BYTES + 4 + 12 * min(count, _MOST_TAGS), 12)
        tags = [struct.unpack_from(">4sII", profile, start) for start in starts]
        places = {name: (offset, size) for name, offset, size in tags}
        if not all(name in places for name in names):
            raise PictureError("linear: its colour profile has tables and no curves; convert the picture to sRGB first")
        curves = [_curve(profile[offset : offset + size]) for offset, size in (places[name] for name in names)]
    except (struct.error, ValueError):
        raise PictureError("linear: its colour profile is damaged; convert the picture to sRGB first") from None
    return curves


def _curve(data: bytes) -> Curve:
    if data[:4] == b"para":
        (kind,) = struct.unpack_from(">H", data, 8)
        if kind >= len(_PARAMETERS):
            raise ValueError("a kind of curve that there is not")
        values = struct.unpack_from(f">{_PARAMETERS[kind]}i", data, 12)
        return _parametric(kind, [value / 65536 for value in values])
    if data[:4] != b"curv":
        raise ValueError("no curve")
    (count,) = struct.unpack_from(">I", data, 8)
    if count == 0:
        return lambda encoded: encoded
    if count == 1:
        gamma = struct.unpack_from(">H", data, 12)[0] / 256
        return lambda encoded: encoded**gamma
    if len(data) < 12 + 2 * count:
        raise ValueError("a table that is cut off")
    table = np.maximum.accumulate(np.frombuffer(data, ">u2", count, 12) / 65535)
    return lambda encoded: np.interp(encoded, np.arange(count) / (count - 1), table)


def _parametric(kind: int, values: list[float]) -> Curve:
    """Return one of the five functions of ICC.1:2022, table 68."""
    gamma, a, b, c, d, e, f = (values + [0.0] * 7)[:7]
    if kind == 0:
        a, b, c, d, e, f = 1.0, 0.0, 0.0, 0.0, 0.0, 0.0
    elif kind in (1, 2):
        if a == 0:
            raise ValueError("no curve")
        e = f = c
        c, d = 0.0, -b / a

    def curve(encoded: Array) -> Array:
        power = np.maximum(a * encoded + b, 0) ** gamma + e
        return np.maximum.accumulate(np.where(encoded >= d, power, c * encoded + f))

    return curve

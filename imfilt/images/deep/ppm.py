"""PPM of 16 bits (the Netpbm format): a header of four words, and samples with the high byte first."""

from __future__ import annotations

import re
from typing import Any, BinaryIO

import numpy as np

from imfilt.errors import PictureError
from imfilt.images.deep.decoded import Decoded
from imfilt.images.deep.picture import AnyPicture
from imfilt.images.samples import samples_of

_WHITE = 65535
_GAP = rb"(?:\s|#[^\n]*\n)+"
_HEADER = re.compile(rb"P6" + _GAP + rb"(\d+)" + _GAP + rb"(\d+)" + _GAP + rb"(\d+)\s")


def decode(_package: None, stream: BinaryIO, _page: int) -> Decoded:
    """Return the samples of a file of full colour."""
    content = stream.read()
    match = _HEADER.match(content)
    if match is None or int(match[3]) != _WHITE:
        raise PictureError(f"PPM of more than 8 bits is read in binary with levels up to {_WHITE} only; save it so")
    columns, rows = int(match[1]), int(match[2])
    samples = np.frombuffer(content, ">u2", offset=match.end(), count=min(rows * columns * 3, len(content) // 2))
    return Decoded(samples.astype(np.uint16).reshape(rows, columns, 3), "RGB", has_alpha=False)


def write_ppm(picture: AnyPicture, stream: BinaryIO, _settings: dict[str, Any], _threads: int | None) -> None:
    """Write samples of full colour."""
    samples = samples_of(picture)
    stream.write(b"P6\n%d %d\n%d\n" % (samples.shape[1], samples.shape[0], _WHITE))
    stream.write(samples.astype(">u2").tobytes())

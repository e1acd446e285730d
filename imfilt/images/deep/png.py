"""PNG of 16 bits in several channels, which Pillow neither reads nor writes."""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from PIL import Image

from imfilt.images.deep.decoded import Decoded
from imfilt.images.deep.picture import AnyPicture
from imfilt.images.png import deflate_rows
from imfilt.images.png_file import SIGNATURE, Chunk, read_chunks, to_chunk
from imfilt.images.samples import samples_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_OF_SAMPLES = (b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"bKGD", b"sBIT", b"hIST", b"acTL", b"fcTL", b"fdAT")
"""Chunks that say what the samples are, or hold them."""
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""From channels to PNG's number for them (PNG specification, 11.2.2)."""


def decode(package: Any, stream: BinaryIO, _page: int) -> Decoded:
    """Return the samples of a file, with alpha for a transparent colour."""
    samples = package.png_decode(stream.read())
    samples = samples.reshape(*samples.shape[:2], -1)
    return Decoded(samples, "L" if samples.shape[2] < 3 else "RGB", samples.shape[2] in (2, 4))


def carried_image(stream: BinaryIO) -> Image.Image:
    """Return an image of one pixel with all that the file in `stream` carries, before its samples and after them."""
    carried = [chunk for chunk in read_chunks(stream) if chunk[0] not in _OF_SAMPLES]
    small = io.BytesIO()
    header, samples = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0), zlib.compress(bytes(2))
    chunks = [(b"IHDR", header), *carried, (b"IDAT", samples), (b"IEND", b"")]
    small.write(SIGNATURE + b"".join(to_chunk(*chunk) for chunk in chunks))
    image = Image.open(small, formats=["PNG"])
    image.load()
    return image


def write_png(picture: AnyPicture, stream: BinaryIO, settings: dict[str, Any], threads: int | None) -> None:
    """Write samples of 16 bits, with the chunks that Pillow would write for the same settings."""
    samples = samples_of(picture)
    rows, columns, channels = samples.shape
    before, after = _chunks_by_pillow(settings)
    header = struct.pack(">IIBBBBB", columns, rows, 16, _COLOUR_TYPES[channels], 0, 0, 0)
    stream.write(SIGNATURE + b"".join(to_chunk(*chunk) for chunk in ((b"IHDR", header), *before)))

    def stored(first: int, last: int) -> NDArray[np.uint8]:
        return samples[first:last].astype(">u2").view(np.uint8).reshape(last - first, -1)

    for part in deflate_rows(stored, rows, 2 * channels, threads, settings.get("effort")):
        stream.write(to_chunk(b"IDAT", part))
    stream.write(b"".join(to_chunk(*chunk) for chunk in (*after, (b"IEND", b""))))


def _chunks_by_pillow(settings: dict[str, Any]) -> tuple[list[Chunk], list[Chunk]]:
    """Return the ancillary chunks before and after the samples that Pillow writes for `settings`: of one pixel."""
    small = io.BytesIO()
    Image.new("RGB", (1, 1)).save(small, "PNG", **settings)
    chunks = list(read_chunks(small))
    middle = [name for name, _ in chunks].index(b"IDAT")
    before, after = chunks[:middle], chunks[middle:]
    return [each for each in before if each[0] not in _OF_SAMPLES], [
        each for each in after if each[0] not in _OF_SAMPLES
    ]

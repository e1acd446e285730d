"""TIFF: pages, each with a size, a mode and data of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from PIL.TiffImagePlugin import AppendingTiffWriter

from imfilt.images.formats import Format
from imfilt.images.frames.frame import Frame, Show
from imfilt.images.frames.writing import Container, Notes
from imfilt.images.writing import encode_picture


def _write(frames: Iterator[Frame], _: Show, stream: BinaryIO, entry: Format, threads: int | None) -> Notes:
    with AppendingTiffWriter(stream) as pages:
        for frame in frames:
            pages.write(encode_picture(frame.picture, entry, threads=threads))
            pages.newFrame()
    return ()


CONTAINER = Container(_write, has_default=True)

"""The frames of an animated PNG (PNG specification, third edition, 11.3.6), each composed as it is seen.

Pillow composes them otherwise: the first one over the picture for where nothing moves, and what lay under a frame that
was laid over it is lost. So each frame is read as a PNG of its own here.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import BinaryIO

from PIL import Image

from imfilt.errors import PictureError
from imfilt.images.formats import describe_mode
from imfilt.images.frames.frame import Frame
from imfilt.images.memory import copy_out
from imfilt.images.picture import Picture
from imfilt.images.png_file import SIGNATURE, Chunk, read_chunks, to_chunk
from imfilt.images.reading import read_picture
from imfilt.quick import NamedTuple

_TO_CLEAR, _TO_PREVIOUS = 1, 2
_OVER = 1
_SHARED = (b"PLTE", b"tRNS")
_WITH_ALPHA = {"L": "LA", "RGB": "RGBA"}


class _Control(NamedTuple):
    """How a part becomes a frame."""

    size: tuple[int, int]
    place: tuple[int, int]
    duration: Fraction
    """In milliseconds."""
    disposal: int
    blending: int

    @property
    def box(self) -> tuple[int, int, int, int]:
        return (*self.place, self.place[0] + self.size[0], self.place[1] + self.size[1])


class _Part(NamedTuple):
    """What the file holds of a frame."""

    control: _Control | None
    """None for the picture that is seen where nothing moves."""
    file: bytes
    """A PNG of its own."""


def read_apng(stream: BinaryIO, size: tuple[int, int], count: int, max_pixels: int) -> Iterator[Frame]:
    """Yield `count` frames of rows × columns; raise `PictureError` for one that is damaged or missing."""
    canvas: Image.Image | None = None
    has_alpha = _shows_through(stream, size)
    found = 0
    for index, part in enumerate(_parts(stream)):
        if index == count:
            break
        picture = _read(part.file, max_pixels)
        found += 1
        if part.control is None:
            yield Frame(picture, Fraction(0))
            continue
        image = picture.image
        if has_alpha and image.mode in _WITH_ALPHA:
            image = image.convert(_WITH_ALPHA[image.mode])
        canvas = canvas or Image.new(image.mode, size)
        if canvas.mode != image.mode:
            raise PictureError(f"cannot be read: frame {index} has another mode than those before it")
        before = canvas.copy() if part.control.disposal == _TO_PREVIOUS else canvas
        _draw(image, part.control, canvas)
        yield Frame(replace(picture, image=canvas.copy()), part.control.duration)
        canvas = before
        if part.control.disposal == _TO_CLEAR:
            canvas.paste(0 if canvas.mode in ("L", "I;16") else (0,) * len(canvas.getbands()), part.control.box)
    if found < count:
        raise PictureError(f"cannot be read: frame {found} of {count} is missing, the file is damaged or cut off")


def _read(file: bytes, max_pixels: int) -> Picture:
    picture = read_picture(io.BytesIO(file), max_pixels=max_pixels, frame=0)
    if not isinstance(picture, Picture):
        raise PictureError(f"frames in {describe_mode(picture.mode)} cannot be composed; save them as pages of a TIFF")
    return replace(picture, image=copy_out(picture.image, picture.memory), memory=None) if picture.memory else picture


def _draw(image: Image.Image, control: _Control, canvas: Image.Image) -> None:
    if control.blending == _OVER and image.mode in _WITH_ALPHA.values():
        under = canvas.crop(control.box).convert("RGBA")
        image = Image.alpha_composite(under, image.convert("RGBA")).convert(image.mode)
    canvas.paste(image, control.place)


def _shows_through(stream: BinaryIO, size: tuple[int, int]) -> bool:
    """Return whether something can be seen that is in no frame, such as what was before the first: it is clear."""
    controls = [_control(data) for kind, data in read_chunks(stream) if kind == b"fcTL"]
    return any(control.disposal == _TO_CLEAR for control in controls) or any(
        control.box != (0, 0, *size) or control.disposal == _TO_PREVIOUS for control in controls[:1]
    )


def _parts(stream: BinaryIO) -> Iterator[_Part]:
    shared: list[Chunk] = []
    data: list[bytes] = []
    control: _Control | None = None
    header = b""
    for kind, content in read_chunks(stream):
        if kind == b"IHDR":
            header = content
        elif kind in _SHARED:
            shared.append((kind, content))
        elif kind == b"IDAT":
            data.append(content)
        elif kind == b"fdAT":
            data.append(content[4:])
        elif kind == b"fcTL":
            if data:
                yield _Part(control, _file(header, control, shared, data))
            control, data = _control(content), []
    if data:
        yield _Part(control, _file(header, control, shared, data))


def _file(header: bytes, control: _Control | None, shared: Sequence[Chunk], data: Sequence[bytes]) -> bytes:
    size = header[:8] if control is None else struct.pack(">II", *control.size)
    chunks = [(b"IHDR", size + header[8:]), *shared, *((b"IDAT", part) for part in data), (b"IEND", b"")]
    return SIGNATURE + b"".join(to_chunk(*chunk) for chunk in chunks)


def _control(data: bytes) -> _Control:
    _, width, height, left, top, numerator, denominator, disposal, blending = struct.unpack(">IIIIIHHBB", data)
    duration = Fraction(numerator, denominator or 100) * 1000
    return _Control((width, height), (left, top), duration, disposal, blending)

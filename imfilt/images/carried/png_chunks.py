"""The chunks of a PNG file beside its samples: taken out as they are, and put into another.

PNG specification, third edition: 11.3 (ancillary chunks), 14.2 (what may be copied).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from imfilt.errors import PictureError
from imfilt.images.modes import COLOURS
from imfilt.images.png_file import SIGNATURE, Chunk, to_chunk, walk

if TYPE_CHECKING:
    from imfilt.images.carried.places import Source, Target

Chunks = tuple[Chunk, ...]

_TEXT = (b"tEXt", b"zTXt", b"iTXt")
_COLOUR = (b"gAMA", b"cHRM", b"sRGB", b"cICP", b"mDCV", b"cLLI")
_BACKGROUND = b"bKGD"
# Carried apart, or not true any more of samples that were filtered.
_KNOWN = (
    *(*_TEXT, *_COLOUR, _BACKGROUND),
    *(b"pHYs", b"eXIf", b"iCCP", b"tRNS", b"sBIT", b"hIST", b"acTL", b"fcTL", b"fdAT"),
)
_XMP_KEYWORD = b"XML:com.adobe.xmp\0"
_PROFILE_KEYWORD = b"Raw profile type"

_DATA = b"IDAT"
_ANCILLARY = 0x20
"""Set in the first letter of a type, which is lower case then."""


def ancillary_chunks(stream: BinaryIO) -> Iterator[Chunk]:
    """Yield the ancillary chunks of a PNG file, which is left where it was; of one that is cut off, those there are."""
    place = stream.tell()
    try:
        with suppress(PictureError):  # for whoever decoded it may have done so on purpose
            for kind, length in walk(stream):
                if kind[0] & _ANCILLARY and len(data := stream.read(length)) == length:
                    yield kind, data
    finally:
        stream.seek(place)


def text_of(source: Source) -> Chunks:
    """Return the text chunks, but for XMP."""
    return tuple(chunk for chunk in source.chunks if chunk[0] in _TEXT and not chunk[1].startswith(_XMP_KEYWORD))


def text_without_gps(text: Chunks) -> Chunks:
    """Return the text chunks without those in which other programs hide EXIF data."""
    return tuple(chunk for chunk in text if not chunk[1].startswith(_PROFILE_KEYWORD))


def colour_of(source: Source) -> Chunks:
    """Return the chunks that say what the samples mean, but for the profile."""
    return tuple(chunk for chunk in source.chunks if chunk[0] in _COLOUR)


def says_more_than_srgb(chunks: Chunks, _: Mapping[str, Any]) -> bool:
    """Return whether samples mean something else than they would without these chunks."""
    return not any(kind == b"sRGB" for kind, _ in chunks)


def background_of(source: Source) -> bytes | None:
    """Return the colour to lay a picture over, if it is one and not an index."""
    return dict(source.chunks).get(_BACKGROUND) if source.image.mode not in ("1", "P") else None


def others_of(source: Source) -> Chunks:
    """Return the chunks that nothing here knows, but that say that they may go along with samples that changed."""
    return tuple((kind, data) for kind, data in source.chunks if kind not in _KNOWN and kind[3] & 0x20)


def put(chunks: Chunks, target: Target) -> None:
    """Put chunks into a PNG as they are."""
    target.chunks += chunks


def put_background(colour: bytes, target: Target) -> None:
    """Put a background into a PNG, if it is one in the mode of the picture: two bytes a channel."""
    fits = len(colour) == 2 * COLOURS[target.picture.mode.colour]
    if fits and (target.picture.mode.samples.largest > 255 or not any(colour[0::2])):
        target.chunks.append((_BACKGROUND, colour))


class ChunkInserter:
    """A stream that what writes a PNG is given: `chunks` come before its samples."""

    def __init__(self, stream: BinaryIO, chunks: Sequence[Chunk]) -> None:
        self._stream = stream
        self._chunks = chunks
        self._next = len(SIGNATURE)
        """How many bytes come before the next chunk that is written."""

    def write(self, data: bytes) -> int:
        """Write bytes; the length and the type of a chunk come at once, those of samples first."""
        if self._chunks:
            self._follow(data)
        return self._stream.write(data)

    def _follow(self, data: bytes) -> None:
        """Go from chunk to chunk, for what is in one may look like another; insert where samples begin."""
        while self._next < len(data):
            length, kind = struct.unpack_from(">I4s", data, self._next)
            if kind == _DATA:
                for chunk in self._chunks:
                    self._stream.write(to_chunk(*chunk))
                self._chunks = ()
                return
            self._next += length + 12
        self._next -= len(data)

    def flush(self) -> None:
        """Give all on that was written."""
        self._stream.flush()

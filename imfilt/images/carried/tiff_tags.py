"""The tags of a TIFF file beside those of its samples: taken out of its directory, and put into that of another."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, BinaryIO

from imfilt.images.carried.exif import HEADER, number_of
from imfilt.images.carried.ifd import (
    BYTE,
    UNDEFINED,
    DirectoryError,
    Entry,
    entries_at,
    first_directory,
    lay_out,
    next_directory,
    read_tree,
    reader_of,
    swapped,
)

if TYPE_CHECKING:
    from imfilt.images.carried.places import Source, Target

XMP, IPTC, IMAGE_RESOURCES, ICC_PROFILE = 700, 33723, 34377, 34675
_ORIENTATION = 274

# Tags that describe where and how samples lie.
LAYOUT_TAGS = frozenset(
    (
        *(254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 277, 278, 279, 280, 281, 284, 290, 291, 292, 293),
        *(301, 317, 318, 320, 321, 322, 323, 324, 325, 330, 332, 334, 338, 339, 340, 341, 342, 347, 512, 513, 514, 515),
        *(517, 518, 519, 520, 521, 529, 530, 531, 532),
    )
)
_RESOLUTION = (282, 283, 296)
CARRIED_APART = (XMP, IPTC, IMAGE_RESOURCES, ICC_PROFILE, *_RESOLUTION, _ORIENTATION)

_LOSSLESS = ("raw", "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits", "zstd", "lzma")

_FIRST_PLACE = 8
_MOST_BYTES = 1 << 26


class Tags:
    """The tags of a page of a TIFF file."""

    def __init__(self, stream: BinaryIO, page: int) -> None:
        self._order = "<"
        self._entries: tuple[Entry, ...] = ()
        place = stream.tell()
        try:
            read_at = _limited(_reader_in(stream))
            self._order, offset = first_directory(read_at)
            for _ in range(page):
                offset = next_directory(read_at, self._order, offset)
            entries = read_tree(read_at, self._order, offset)
            self._entries = tuple(entry for entry in entries if entry.tag not in LAYOUT_TAGS)
        finally:
            stream.seek(place)

    @property
    def orientation(self) -> int:
        """How the samples had to be turned to be seen upright, from 1 (not at all) to 8."""
        numbers = [number_of(self._order, entry) for entry in self._entries if entry.tag == _ORIENTATION]
        return numbers[0] if numbers and numbers[0] in range(1, 9) else 1

    @property
    def exif(self) -> bytes | None:
        """All that is not carried apart, as EXIF data; None where there is nothing."""
        entries = tuple(entry for entry in self._entries if entry.tag not in CARRIED_APART)
        if not entries:
            return None
        start = struct.pack(self._order + "HI", 42, _FIRST_PLACE)
        mark = b"II" if self._order == "<" else b"MM"
        return HEADER + mark + start + lay_out(entries, self._order, _FIRST_PLACE)

    def value(self, tag: int) -> bytes | None:
        """Return the bytes of a tag; None where there is none."""
        return next((entry.value for entry in self._entries if entry.tag == tag), None)


def exif_entries(exif: bytes) -> tuple[Entry, ...]:
    """Return what of EXIF data goes into the directory of a TIFF, the lowest bytes first; nothing if it is broken."""
    read_at = _limited(reader_of(exif[len(HEADER) :]))
    try:
        order, offset = first_directory(read_at)
        entries = read_tree(read_at, order, offset)
    except DirectoryError:
        return ()
    entries = tuple(entry for entry in entries if entry.tag not in (*LAYOUT_TAGS, *CARRIED_APART))
    return entries if order == "<" else swapped(entries)


def iptc_of(source: Source) -> bytes | None:
    """Return the IPTC data that a TIFF has beside its image resources."""
    return source.tags.value(IPTC) if source.tags else None


def put_iptc(data: bytes, target: Target) -> None:
    """Put IPTC data into a TIFF."""
    target.entries.append(Entry(IPTC, UNDEFINED, data))


def put_image_resources(data: bytes, target: Target) -> None:
    """Put image resources into a TIFF."""
    target.entries.append(Entry(IMAGE_RESOURCES, BYTE, data))


def put_xmp(packet: bytes, target: Target) -> None:
    """Put XMP data into a TIFF."""
    target.entries.append(Entry(XMP, BYTE, packet))


def compression_of(source: Source) -> str | None:
    """Return Pillow's name for the compression of a TIFF, if nothing is lost by it."""
    name = source.image.info.get("compression") if source.image.format == "TIFF" else None
    return name if name in _LOSSLESS else None


def put_compression(name: str, target: Target) -> None:
    """Let a TIFF be compressed alike."""
    target.settings["compression"] = name


def add_tags(stream: BinaryIO, entries: Iterable[Entry]) -> None:
    """Put tags, their lowest bytes first, into the first directory of a TIFF file that was just written.

    The directory is laid out anew behind all else; in place of a tag that is there comes the one that is given.
    """
    added = {entry.tag: entry for entry in entries}
    if not added:
        return
    end = stream.seek(0, os.SEEK_END)
    read_at = _reader_in(stream)
    order, offset = first_directory(read_at)
    following = next_directory(read_at, order, offset)
    there = {entry.tag: entry for entry in entries_at(read_at, order, offset)}
    if order == ">":
        added = {entry.tag: entry for entry in swapped(tuple(added.values()))}
    place = end + end % 2
    stream.seek(end)
    stream.write(bytes(place - end) + lay_out(tuple((there | added).values()), order, place, following))
    stream.seek(4)
    stream.write(struct.pack(order + "I", place))
    stream.seek(0, os.SEEK_END)


def _reader_in(stream: BinaryIO) -> Callable[[int, int], bytes]:
    def read_at(offset: int, size: int) -> bytes:
        stream.seek(offset)
        return stream.read(size)

    return read_at


def _limited(read_at: Callable[[int, int], bytes]) -> Callable[[int, int], bytes]:
    """Return what reads so many bytes in all and no more: tags may all lie in the same place, and be long."""
    left = _MOST_BYTES

    def read_some(offset: int, size: int) -> bytes:
        nonlocal left
        left -= size
        if left < 0:
            raise DirectoryError("its tags are too long")
        return read_at(offset, size)

    return read_some

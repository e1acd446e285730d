"""TIFF of several pages (TIFF 6.0, section 2): each page is encoded as a file of its own, and moved behind the others.

Pillow can do so too, but not for pages with EXIF directories.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from imfilt.errors import PictureError
from imfilt.images.carried.ifd import IFD, LONG, POINTERS, DirectoryError, byte_order, bytes_of
from imfilt.images.formats import Format
from imfilt.images.frames.frame import Frame, Show
from imfilt.images.frames.writing import Container, Notes
from imfilt.images.writing import encode_picture

_SUB_DIRECTORIES = 330
_DIRECTORIES = (_SUB_DIRECTORIES, *POINTERS)
"""Tags that say where further directories are."""
_PLACES = (273, 324, 513, *_DIRECTORIES)
"""Tags that say where something is: strips, tiles, a preview, directories."""
_MOST = (1 << 32) - 1


def _write(frames: Iterator[Frame], _: Show, stream: BinaryIO, entry: Format, threads: int | None) -> Notes:
    link, order = 0, ""  # where the place of the next directory is to be written
    for index, frame in enumerate(frames):
        page = bytearray(encode_picture(frame.picture, entry, threads=threads))
        page_order = _order_of(page)
        if not page_order or page_order != (order or page_order):
            raise PictureError(f"page {index} cannot be put into one file with those before it")
        order = page_order
        place = stream.seek(0, 2)
        if place + len(page) > _MOST:
            raise PictureError(
                "its pages have more than the 4 GiB that TIFF holds; write one after the other (--frame)"
            )
        first, following = _Mover(page, order, place).move()
        if index:
            page[:8] = bytes(8)  # the header of a file of its own
            stream.seek(link)
            stream.write(struct.pack(f"{order}I", first + place))
            stream.seek(place)
        else:
            struct.pack_into(f"{order}I", page, 4, first)
        stream.write(page + bytes(len(page) % 2))
        link = place + following
    return ()


def _order_of(page: bytearray) -> str:
    """Return the order of bytes of a page, or nothing where it is no TIFF with places of 32 bits."""
    try:
        return byte_order(bytes(page[:4]))
    except DirectoryError:
        return ""


class _Mover:
    """Adds a place to all places that are written in the directories of a file."""

    def __init__(self, page: bytearray, order: str, place: int) -> None:
        self._page, self._order, self._place = page, order, place

    def move(self) -> tuple[int, int]:
        """Return where the directory of the page is, and where in the page the place of the next one belongs."""
        first: int = struct.unpack_from(f"{self._order}I", self._page, 4)[0]
        return first, self._move_directory(first)

    def _move_directory(self, start: int) -> int:
        entries: int = struct.unpack_from(f"{self._order}H", self._page, start)[0]
        for entry in range(start + 2, start + 2 + 12 * entries, 12):
            self._move_entry(entry)
        return start + 2 + 12 * entries

    def _move_entry(self, entry: int) -> None:
        tag, kind, count = struct.unpack_from(f"{self._order}HHI", self._page, entry)
        values = entry + 8
        size = bytes_of(kind, 1)
        if not size or (tag in _PLACES and kind not in (LONG, IFD)):
            raise PictureError(f"a page of this kind cannot be put behind another (tag {tag})")
        if size * count > 4:
            (values,) = struct.unpack_from(f"{self._order}I", self._page, values)
            struct.pack_into(f"{self._order}I", self._page, entry + 8, values + self._place)
        if tag not in _PLACES:
            return
        for each in range(values, values + 4 * count, 4):
            (where,) = struct.unpack_from(f"{self._order}I", self._page, each)
            struct.pack_into(f"{self._order}I", self._page, each, where + self._place)
            if tag in _DIRECTORIES:
                self._move_directory(where)


CONTAINER = Container(_write, has_default=True)

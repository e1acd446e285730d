"""TIFF of several pages (TIFF 6.0, section 2): each page is encoded as a file of its own, and moved behind the others.

Pillow can do so too, but not for pages with EXIF directories.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO

from imfilt.errors import PictureError
from imfilt.images.formats import Format
from imfilt.images.frames.frame import Frame, Show
from imfilt.images.frames.writing import Container, Notes
from imfilt.images.writing import encode_picture

_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_VALUE_BYTES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4)
"""Of each type of value."""
_LONG = 4
_DIRECTORIES = (330, 34665, 34853, 40965)
"""Tags that say where further directories are: SubIFDs, Exif, GPS, Interoperability."""
_PLACES = (273, 324, 513, *_DIRECTORIES)
"""Tags that say where something is: strips, tiles, a preview, directories."""
_MOST = (1 << 32) - 1


def _write(frames: Iterator[Frame], _: Show, stream: BinaryIO, entry: Format, threads: int | None) -> Notes:
    link, order = 0, ""  # where the place of the next directory is to be written
    for index, frame in enumerate(frames):
        page = bytearray(encode_picture(frame.picture, entry, threads=threads))
        page_order = _ORDERS.get(bytes(page[:4]), "")
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
        if _VALUE_BYTES[kind] * count > 4:
            (values,) = struct.unpack_from(f"{self._order}I", self._page, values)
            struct.pack_into(f"{self._order}I", self._page, entry + 8, values + self._place)
        if tag not in _PLACES:
            return
        if kind not in (_LONG, 13):
            raise PictureError(f"a page of this kind cannot be put behind another (tag {tag})")
        for each in range(values, values + 4 * count, 4):
            (where,) = struct.unpack_from(f"{self._order}I", self._page, each)
            struct.pack_into(f"{self._order}I", self._page, each, where + self._place)
            if tag in _DIRECTORIES:
                self._move_directory(where)


CONTAINER = Container(_write, has_default=True)

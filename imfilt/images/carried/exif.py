"""EXIF data: a few of its tags read, and changed in place; every other byte stays where and as it is.

After "Exif 2.32" (CIPA DC-008), 4.6.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from imfilt.images.carried.ifd import (
    EXIF_IFD,
    GPS_IFD,
    LONG,
    SHORT,
    DirectoryError,
    Entry,
    entries_at,
    first_directory,
    reader_of,
)

if TYPE_CHECKING:
    from imfilt.images.carried.places import Source, Target

HEADER = b"Exif\0\0"
UPRIGHT = 1
SIDES_SWAPPED = range(5, 9)
"""Orientations (Exif 2.32, 4.6.4 A) whose rows are to be columns."""
_ORIENTATION = 0x0112
_SIDES = (0xA002, 0xA003)  # PixelXDimension, PixelYDimension

Size = tuple[int, int]


def with_header(exif: bytes) -> bytes:
    """Return EXIF data as JPEG holds them."""
    return exif if exif.startswith(HEADER) else HEADER + exif


def read(source: Source) -> bytes | None:
    """Return the EXIF data of a file, as JPEG holds them; those of a TIFF are the tags that say nothing of samples."""
    if source.tags:
        return source.tags.exif
    if source.image.format == "TIFF":  # a BigTIFF, of which Pillow keeps the most
        from imfilt.images.carried.tiff_tags import CARRIED_APART, LAYOUT_TAGS

        found = source.image.getexif()
        for tag in (*LAYOUT_TAGS, *CARRIED_APART):
            found.pop(tag, None)
        found.bigtiff = False  # it is not, outside of its file
        return found.tobytes() if len(found) else None
    data: bytes | None = source.image.info.get("exif")
    return with_header(data) if data else None


def put_tags(data: bytes, target: Target) -> None:
    """Put EXIF data into a TIFF."""
    from imfilt.images.carried.tiff_tags import exif_entries

    target.entries.extend(exif_entries(data))


def put_without_orientation(data: bytes, target: Target) -> None:
    """Put EXIF data into an AVIF: Pillow takes the orientation out, and would write all else anew for it."""
    target.settings["exif"] = without_orientation(data)


def orientation_of(exif: bytes | None) -> int:
    """Return how the samples are to be turned to be seen upright, from 1 (not at all) to 8."""
    try:
        order, entries, _ = _entries(exif or b"", None)
    except DirectoryError:
        return UPRIGHT
    values = [number_of(order, entry) for entry in entries if entry.tag == _ORIENTATION]
    return values[0] if values and values[0] in range(1, 9) else UPRIGHT


def upright(exif: bytes, _swap_sides: bool = False) -> bytes:
    """Return EXIF data that say that the picture is upright.

    The tag of the thumbnail stays: its samples are not turned, and so it says the truth of them.
    """
    return _with_numbers(exif, None, {_ORIENTATION: UPRIGHT})


def resized(exif: bytes, old: Size, new: Size) -> bytes:
    """Return EXIF data that say how many columns and rows there are now, where they said so of the `old` ones."""
    return _with_numbers(exif, EXIF_IFD, dict(zip(_SIDES, new, strict=True)), dict(zip(_SIDES, old, strict=True)))


def without_orientation(exif: bytes) -> bytes:
    """Return EXIF data that say nothing of how the picture is to be turned."""
    try:
        order, entries, offset = _entries(exif, None)
    except DirectoryError:
        return exif
    data = bytearray(exif)
    if any(entry.tag == _ORIENTATION for entry in entries):
        _remove_entries(data, len(HEADER) + offset, order, _ORIENTATION)
    return bytes(data)


def without_gps(exif: bytes) -> bytes:
    """Return EXIF data without the place where the picture was taken: its bytes are 0, and nothing points to them.

    Data that cannot be read might hide a place: of these nothing is left.
    """
    try:
        order, entries, offset = _entries(exif, None)
        pointers = [entry for entry in entries if entry.tag == GPS_IFD]
        data = bytearray(exif)
        for pointer in pointers:
            _blank_directory(data, order, number_of(order, pointer))
        if pointers:
            _remove_entries(data, len(HEADER) + offset, order, GPS_IFD)
    except (DirectoryError, struct.error):
        return b""
    return bytes(data)


def number_of(order: str, entry: Entry) -> int:
    """Return the first value of an entry of whole numbers; 0 where there is none."""
    form = {SHORT: "H", LONG: "I"}.get(entry.kind)
    if form is None or len(entry.value) < struct.calcsize(order + form):
        return 0
    number: int = struct.unpack_from(order + form, entry.value)[0]
    return number


def _blank_directory(data: bytearray, order: str, place: int) -> None:
    """Set a directory and all its values to 0."""
    start = len(HEADER)
    for entry in entries_at(reader_of(bytes(data[start:])), order, place):
        data[start + entry.place : start + entry.place + len(entry.value)] = bytes(len(entry.value))
    count = struct.unpack_from(order + "H", data, start + place)[0]
    end = min(start + place + 2 + 12 * count + 4, len(data))
    data[start + place : end] = bytes(end - start - place)


def _remove_entries(data: bytearray, place: int, order: str, tag: int) -> None:
    """Remove the entries of `tag` from a directory; those after them move up, and what they point to stays."""
    count = struct.unpack_from(order + "H", data, place)[0]
    end = place + 2 + 12 * count + 4
    table = bytes(data[place + 2 : end - 4])
    rows = [table[start : start + 12] for start in range(0, len(table), 12)]
    kept = [row for row in rows if struct.unpack_from(order + "H", row)[0] != tag]
    changed = struct.pack(order + "H", len(kept)) + b"".join(kept) + bytes(data[end - 4 : end])
    data[place:end] = changed.ljust(end - place, b"\0")


def _with_numbers(exif: bytes, folder: int | None, numbers: dict[int, int], old: dict[int, int] | None = None) -> bytes:
    """Return EXIF data with the values of tags replaced; with `old`, of those that have the values given there."""
    try:
        order, entries, _ = _entries(exif, folder)
    except DirectoryError:
        return exif
    data = bytearray(exif)
    for entry in entries:
        if entry.tag not in numbers or entry.kind not in (SHORT, LONG) or not entry.value:
            continue
        form = order + ("H" if entry.kind == SHORT else "I")
        fits = numbers[entry.tag] < 1 << 8 * struct.calcsize(form)
        if fits and (old is None or number_of(order, entry) == old[entry.tag]):
            struct.pack_into(form, data, len(HEADER) + entry.place, numbers[entry.tag])
    return bytes(data)


def _entries(exif: bytes, folder: int | None) -> tuple[str, list[Entry], int]:
    """Return the order of bytes, the entries of the first directory, or of one that it points to, and its place."""
    read_at = reader_of(exif[len(HEADER) :])
    order, offset = first_directory(read_at)
    entries = list(entries_at(read_at, order, offset))
    if folder is None:
        return order, entries, offset
    places = [number_of(order, entry) for entry in entries if entry.tag == folder]
    if not places:
        raise DirectoryError("there is no such directory")
    return order, list(entries_at(read_at, order, places[0])), places[0]

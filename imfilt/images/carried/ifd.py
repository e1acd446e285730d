"""Image file directories, the form of EXIF data and of TIFF files: read, changed in place, laid out anew.

After "TIFF Revision 6.0" (Adobe, 1992), section 2, and "Exif 2.32" (CIPA DC-008), 4.5 and 4.6.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator

from imfilt.quick import NamedTuple

ReadAt = Callable[[int, int], bytes]
"""From an offset and a number of bytes to these bytes; fewer where there are no more."""

# From the number of a type to the bytes of a value, and to the bytes of a number in it, which are in the file's order.
_TYPES = {
    1: (1, 1),
    2: (1, 1),
    3: (2, 2),
    4: (4, 4),
    5: (8, 4),
    6: (1, 1),
    7: (1, 1),
    8: (2, 2),
    9: (4, 4),
    10: (8, 4),
    11: (4, 4),
    12: (8, 8),
    13: (4, 4),
}
BYTE, SHORT, LONG, RATIONAL, UNDEFINED, IFD = 1, 3, 4, 5, 7, 13

EXIF_IFD, GPS_IFD, INTEROPERABILITY_IFD = 0x8769, 0x8825, 0xA005
POINTERS = (EXIF_IFD, GPS_IFD, INTEROPERABILITY_IFD)

_LONGEST = 1 << 26
_MOST_DEPTH = 3


class DirectoryError(ValueError):
    """What should be a directory is none, or lies outside the data."""


class Entry(NamedTuple):
    """A tag and its values."""

    tag: int
    kind: int
    """The number of its type."""
    value: bytes
    """In the order of bytes of the directory."""
    place: int = 0
    """Where in the data the value lies."""
    directory: tuple[Entry, ...] | None = None
    """The directory that it points to, for the pointers of EXIF."""


def byte_order(data: bytes) -> str:
    """Return "<" or ">" for data that begin as TIFF does; raise `DirectoryError` for others."""
    for start, order in ((b"II*\0", "<"), (b"MM\0*", ">")):
        if data[:4] == start:
            return order
    raise DirectoryError("it does not begin as TIFF does")


def first_directory(read_at: ReadAt) -> tuple[str, int]:
    """Return the order of bytes, and where the first directory lies."""
    header = read_at(0, 8)
    order = byte_order(header)
    return order, _unpack(order + "I", header[4:8])


def entries_at(read_at: ReadAt, order: str, offset: int) -> Iterator[Entry]:
    """Yield the entries of the directory at `offset`; those of unknown types, and those cut off, are passed over."""
    count = _unpack(order + "H", read_at(offset, 2))
    table = read_at(offset + 2, 12 * count)
    if len(table) < 12 * count:
        raise DirectoryError("a directory is cut off")
    for start in range(0, 12 * count, 12):
        tag, kind, values = struct.unpack_from(order + "HHI", table, start)
        if kind not in _TYPES:
            continue
        size = bytes_of(kind, values)
        place = offset + 2 + start + 8 if size <= 4 else _unpack(order + "I", table[start + 8 : start + 12])
        value = read_at(place, size) if size <= _LONGEST else b""
        if len(value) == size:
            yield Entry(tag, kind, value, place)


def bytes_of(kind: int, count: int) -> int:
    """Return how many bytes so many values of a type take; 0 for a type that is not known."""
    return _TYPES[kind][0] * count if kind in _TYPES else 0


def next_directory(read_at: ReadAt, order: str, offset: int) -> int:
    """Return where the directory after the one at `offset` lies; 0 where there is none."""
    count = _unpack(order + "H", read_at(offset, 2))
    return _unpack(order + "I", read_at(offset + 2 + 12 * count, 4))


def read_tree(read_at: ReadAt, order: str, offset: int, depth: int = 0) -> tuple[Entry, ...]:
    """Return the entries of the directory at `offset`, with the directories that the pointers of EXIF lead to."""
    entries: dict[int, Entry] = {}  # the first of each, so that directories cannot point to each other at will
    for entry in entries_at(read_at, order, offset):
        if entry.tag in entries:
            continue
        if entry.tag in POINTERS and len(entry.value) == 4 and depth < _MOST_DEPTH:
            below = read_tree(read_at, order, _unpack(order + "I", entry.value), depth + 1)
            entries[entry.tag] = Entry(entry.tag, LONG, b"", directory=below)
        else:
            entries[entry.tag] = entry
    return tuple(entries.values())


def lay_out(entries: tuple[Entry, ...], order: str, offset: int, following: int = 0) -> bytes:
    """Return a directory that is to lie at `offset` with all that it points to; `following` is the next one."""
    entries = tuple(sorted(entries, key=lambda entry: entry.tag))
    place = offset + 2 + 12 * len(entries) + 4
    table, beyond = struct.pack(order + "H", len(entries)), b""
    for entry in entries:
        if entry.directory is not None:
            beyond += bytes((place + len(beyond)) % 2)
            value = struct.pack(order + "I", place + len(beyond))
            beyond += lay_out(entry.directory, order, place + len(beyond))
            table += struct.pack(order + "HHI", entry.tag, LONG, 1) + value
            continue
        count = len(entry.value) // _TYPES[entry.kind][0]
        table += struct.pack(order + "HHI", entry.tag, entry.kind, count)
        if len(entry.value) <= 4:
            table += entry.value.ljust(4, b"\0")
        else:
            beyond += bytes((place + len(beyond)) % 2)
            table += struct.pack(order + "I", place + len(beyond))
            beyond += entry.value
    return table + struct.pack(order + "I", following) + beyond


def swapped(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """Return entries for the other order of bytes."""
    return tuple(
        Entry(
            entry.tag,
            entry.kind,
            _swap(entry.value, _TYPES[entry.kind][1]),
            directory=None if entry.directory is None else swapped(entry.directory),
        )
        for entry in entries
    )


def _swap(value: bytes, width: int) -> bytes:
    if width == 1:
        return value
    return b"".join(value[start : start + width][::-1] for start in range(0, len(value), width))


def reader_of(data: bytes) -> ReadAt:
    """Return what reads in bytes that are in memory."""
    return lambda offset, size: data[offset : offset + size]


def _unpack(form: str, data: bytes) -> int:
    try:
        number: int = struct.unpack(form, data)[0]
    except struct.error:
        raise DirectoryError("a directory lies outside the data") from None
    return number

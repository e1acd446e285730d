"""Ways to damage a file, chosen by a generator of random numbers and by nothing else."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Sequence
from random import Random

_NUMBERS = (0, 1, 2, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
_PNG = b"\x89PNG\r\n\x1a\n"


def mutated(content: bytes, others: Sequence[bytes], random: Random) -> bytes:
    """Return `content` with a few changes; parts of `others` may get into it."""
    data = bytearray(content)
    for _ in range(random.choice((1, 1, 1, 2, 3, 6))):
        random.choice(_CHANGES)(data, others, random)
    if data.startswith(_PNG) and random.random() < 0.7:  # or little would get past the check sums
        _sum_up(data)
    return bytes(data)


def _place(data: bytearray, random: Random) -> int:
    """Return a place in the file, mostly one near the beginning, where the headers are."""
    end = len(data) + 1
    return random.randrange(min(end, 200) if random.random() < 0.5 else end)


def _flip(data: bytearray, _: Sequence[bytes], random: Random) -> None:
    if data:
        data[min(_place(data, random), len(data) - 1)] ^= 1 << random.randrange(8)


def _overwrite(data: bytearray, _: Sequence[bytes], random: Random) -> None:
    place = _place(data, random)
    size = random.choice((1, 2, 4, 8))
    number = random.choice(_NUMBERS) % (1 << 8 * size)
    data[place : place + size] = number.to_bytes(size, random.choice(("little", "big")))


def _nudge(data: bytearray, _: Sequence[bytes], random: Random) -> None:
    if data:
        place = min(_place(data, random), len(data) - 1)
        data[place] = (data[place] + random.randrange(-4, 5)) % 256


def _delete(data: bytearray, _: Sequence[bytes], random: Random) -> None:
    place = _place(data, random)
    del data[place : place + random.choice((1, 2, 4, 16, 200))]


def _repeat(data: bytearray, _: Sequence[bytes], random: Random) -> None:
    place, length = _place(data, random), random.choice((1, 4, 16, 100))
    data[place:place] = data[place : place + length] * random.choice((1, 1, 2, 20))


def _insert(data: bytearray, _: Sequence[bytes], random: Random) -> None:
    place = _place(data, random)
    data[place:place] = random.randbytes(random.choice((1, 2, 4, 30)))


def _noise(data: bytearray, _: Sequence[bytes], random: Random) -> None:
    place, length = _place(data, random), random.choice((2, 8, 40))
    data[place : place + length] = random.randbytes(length)


def _cut_off(data: bytearray, _: Sequence[bytes], random: Random) -> None:
    del data[_place(data, random) :]


def _splice(data: bytearray, others: Sequence[bytes], random: Random) -> None:
    other = random.choice(others)
    start = random.randrange(len(other) + 1)
    place = _place(data, random)
    data[place : place + random.choice((0, 8, 60))] = other[start : start + random.choice((8, 60, 400))]


_CHANGES: tuple[Callable[[bytearray, Sequence[bytes], Random], None], ...] = (
    *(_flip, _overwrite, _overwrite, _nudge, _delete, _repeat, _insert, _noise, _cut_off, _splice),
)


def _sum_up(data: bytearray) -> None:
    """Set the check sums of a PNG right, as far as its chunks can be followed."""
    place = len(_PNG)
    while place + 12 <= len(data):
        end = place + 8 + int.from_bytes(data[place : place + 4], "big")
        if end + 4 > len(data):
            return
        data[end : end + 4] = zlib.crc32(data[place + 4 : end]).to_bytes(4, "big")
        place = end + 4

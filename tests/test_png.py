"""The compression of PNG in bands: Pillow reads it as it was, and the number of threads changes no byte."""

from __future__ import annotations

import io
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from imfilt.images.formats import FORMATS
from imfilt.images.picture import Picture
from imfilt.images.png import _filtered
from imfilt.images.writing import encode_picture

Array = NDArray[Any]
PNG = FORMATS["PNG"]


def noise(mode: str, size: tuple[int, int], seed: int = 0) -> Image.Image:
    """Return a picture of which one half is noise and the other smooth."""
    rng = np.random.default_rng(seed)
    channels = len(mode) if mode.isalpha() else 1
    dtype = np.uint16 if mode == "I;16" else np.uint8
    ramp = np.add.outer(np.arange(size[1]) * 3, np.arange(size[0]))[..., np.newaxis] + np.arange(channels)
    array = np.where(np.arange(size[0])[np.newaxis, :, np.newaxis] % 40 < 20, ramp, rng.integers(0, 65536, ramp.shape))
    return Image.frombytes(mode, size, array.astype(dtype).tobytes())


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (2, 2), (333, 257)], ids=str)
@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "I;16"])
def test_pillow_reads_the_samples_that_were_written(mode: str, size: tuple[int, int]) -> None:
    image = noise(mode, size)
    with Image.open(io.BytesIO(encode_picture(Picture(image), PNG))) as again:
        assert (again.mode, again.size, again.tobytes()) == (mode, size, image.tobytes())


def test_the_number_of_threads_changes_no_byte() -> None:
    image = noise("RGB", (2100, 1100))
    written = {encode_picture(Picture(image), PNG, threads=threads) for threads in (1, 2, 3)}
    assert len(written) == 1
    with Image.open(io.BytesIO(written.pop())) as again:
        assert again.tobytes() == image.tobytes()


@pytest.mark.parametrize(("kernel_is_smooth", "number"), [(True, 4), (False, 0)])
def test_the_filter_suits_the_picture(kernel_is_smooth: bool, number: int) -> None:
    ramp = np.add.outer(np.arange(300) // 3, np.arange(400) // 2).astype(np.uint8)
    sparse = np.where(np.random.default_rng(1).random((300, 400)) < 0.02, 200, 0).astype(np.uint8)
    image = Image.fromarray(ramp if kernel_is_smooth else sparse)
    data = encode_picture(Picture(image), PNG)
    start = data.index(b"IDAT") + 4
    chunks = b"".join(part[4:] for part in _chunks(data) if part[:4] == b"IDAT")
    assert start > 0
    assert zlib.decompress(chunks)[:: 400 + 1] == bytes([number]) * 300


def _chunks(data: bytes) -> list[bytes]:
    place, chunks = 8, []
    while place < len(data):
        length = int.from_bytes(data[place : place + 4], "big")
        chunks.append(data[place + 4 : place + 8 + length])
        place += 12 + length
    return chunks


@settings(deadline=None, max_examples=40)
@given(arrays(np.uint8, st.tuples(st.integers(1, 5), st.sampled_from([6, 12, 18]))), st.sampled_from([1, 2, 3, 6]))
def test_paeth_is_what_the_specification_says(rows: Array, pixel: int) -> None:
    above = np.arange(rows.shape[1], dtype=np.uint8)[np.newaxis] * 7
    filtered = _filtered(rows, above, pixel)
    assert set(filtered[:, 0].tolist()) == {4}
    for y, row in enumerate(rows.tolist()):
        before = above[0].tolist() if y == 0 else rows[y - 1].tolist()
        for x, value in enumerate(row):
            a, b, c = (row[x - pixel], before[x], before[x - pixel]) if x >= pixel else (0, before[x], 0)
            p = a + b - c
            predicted = min((a, b, c), key=lambda near: (abs(p - near), (a, b, c).index(near)))
            assert filtered[y, x + 1] == (value - predicted) % 256


def test_other_pictures_are_written_by_pillow_as_ever() -> None:
    image = noise("RGB", (50, 40))
    encode_picture(Picture(image), PNG)
    assert "zip" not in Image.ENCODERS

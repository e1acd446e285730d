"""JPEG in bands: byte for byte the file that Pillow writes with the same restarts, by however many threads."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imfilt.images import jpeg
from imfilt.images.carried import Carried
from imfilt.images.formats import FORMATS
from imfilt.images.jpeg import save_in_bands
from imfilt.images.picture import Picture
from imfilt.images.reading import read_picture
from imfilt.images.saving import Saving
from imfilt.images.writing import encode_picture

JPEG = FORMATS["JPEG"]
BLOCKS = {0: (8, 8), 1: (16, 8), 2: (16, 16)}
"""Columns and rows of the samples that are coded together, by Pillow's number of a sampling of colours."""
BAND_PIXELS = 1 << 12
RESTARTS = b"\xff\xdd\x00\x04"


@pytest.fixture(autouse=True)
def _small_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jpeg, "_BAND_PIXELS", BAND_PIXELS)


def noise(mode: str, size: tuple[int, int]) -> Image.Image:
    """Return a picture of noise over a ramp."""
    rng = np.random.default_rng(size[0])
    samples = np.add.outer(np.arange(size[1]), np.arange(size[0] * len(mode))) + rng.integers(0, 90, (size[1], 1))
    return Image.frombytes(mode, size, samples.astype(np.uint8).tobytes())


def by_pillow(image: Image.Image, sampling: int, **options: Any) -> bytes:
    """Return the file that Pillow writes, with restarts where a band ends."""
    across, down = BLOCKS[sampling] if len(image.mode) == 3 else (8, 8)
    rows = 16 * max(BAND_PIXELS // (16 * image.width), 1)
    blocks = -(-image.width // across) * (rows // down)
    stream = io.BytesIO()
    image.save(stream, "JPEG", subsampling=sampling, restart_marker_blocks=blocks, **options)
    return stream.getvalue()


def in_bands(image: Image.Image, threads: int | None = None, **options: Any) -> bytes:
    stream = io.BytesIO()

    def rows(first: int, last: int) -> Image.Image:
        return image.crop((0, first, image.width, last))

    save_in_bands(rows, image.size, stream, options, threads)
    return stream.getvalue()


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(["L", "RGB", "CMYK"]),
    st.tuples(st.integers(1, 600), st.integers(17, 400)),
    st.sampled_from([0, 1, 2]),
    st.integers(1, 100),
    st.integers(1, 3),
)
def test_bands_make_the_file_that_pillow_writes(
    mode: str, size: tuple[int, int], sampling: int, quality: int, threads: int
) -> None:
    if mode == "CMYK":
        sampling = 0  # which is the only one that is written for it
    image = noise(mode, size)
    expected = by_pillow(image, sampling, quality=quality)
    assert in_bands(image, threads, quality=quality, subsampling=sampling) == expected


def test_more_bands_than_there_are_restart_markers() -> None:
    image = noise("RGB", (300, 400))
    data = in_bands(image, quality=90, subsampling=0)
    assert data == by_pillow(image, 0, quality=90)
    assert all(data.count(bytes((0xFF, 0xD0 + number))) >= 3 for number in range(8))


def test_a_file_says_of_what_it_carries_once() -> None:
    image = noise("RGB", (300, 200))
    options: dict[str, Any] = {"comment": b"a word", "icc_profile": b"p" * 200, "dpi": (72, 72)}
    data = in_bands(image, quality=80, subsampling=2, **options)
    assert data == by_pillow(image, 2, quality=80, **options)
    assert data.count(b"a word") == 1


def test_a_picture_that_was_read_is_written_so(tmp_path: Path) -> None:
    noise("RGB", (500, 300)).save(tmp_path / "in.jpg", quality=70, subsampling=2)
    picture = read_picture(tmp_path / "in.jpg")
    assert isinstance(picture, Picture)
    assert picture.memory is not None
    with Image.open(tmp_path / "in.jpg") as image:
        expected = by_pillow(image, 2, qtables=image.quantization)  # type: ignore[attr-defined]
    assert encode_picture(picture, JPEG) == expected
    plain = Picture(noise("RGB", (500, 300)))
    assert encode_picture(plain, JPEG) == by_pillow(plain.image, 0, quality=95)


def test_what_is_coded_as_a_whole_has_no_restarts(tmp_path: Path) -> None:
    image = noise("RGB", (300, 200))
    image.save(tmp_path / "in.jpg", progressive=True)
    progressive = read_picture(tmp_path / "in.jpg")
    assert isinstance(progressive, Picture)
    small = Picture(image, Carried().wished(Saving(compression="small")))
    for picture in (progressive, small):
        assert RESTARTS not in encode_picture(picture, JPEG)


def test_small_pictures_have_no_restarts() -> None:
    assert RESTARTS not in encode_picture(Picture(noise("RGB", (64, 64))), JPEG)
    assert RESTARTS in encode_picture(Picture(noise("RGB", (64, 65))), JPEG)


def test_without_files_in_memory_the_file_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    image = noise("RGB", (300, 200))
    expected = in_bands(image, quality=80)
    monkeypatch.delattr(os, "memfd_create", raising=False)
    assert in_bands(image, quality=80) == expected


@pytest.mark.parametrize("width", [1, 100, 8191, 65500])
def test_the_interval_fits_into_its_segment(width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    rows = jpeg.band_rows((width, 65500), {})
    assert rows % 16 == 0
    assert -(-width // 8) * (min(rows, 65500) // 8) < 1 << 16  # no picture is higher

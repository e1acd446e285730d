"""JPEG in bands: byte for byte the file that Pillow writes with the same restarts, by however many threads."""

from __future__ import annotations

import errno
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Run
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from imfilt.errors import PictureError
from imfilt.images import jpeg
from imfilt.images.carried import Carried
from imfilt.images.formats import FORMATS
from imfilt.images.jpeg import save_jpeg
from imfilt.images.picture import Picture
from imfilt.images.reading import read_picture
from imfilt.images.saving import Saving
from imfilt.images.writing import encode, encode_picture

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
    """Return the file that Pillow writes, with restarts where a band ends that is not the last."""
    across, down = BLOCKS[sampling] if len(image.mode) == 3 else (8, 8)
    rows = 16 * max(BAND_PIXELS // (16 * image.width), 1)
    blocks = -(-image.width // across) * (rows // down)
    if rows < image.height:
        options["restart_marker_blocks"] = blocks
    stream = io.BytesIO()
    image.save(stream, "JPEG", subsampling=sampling, **options)
    return stream.getvalue()


def in_bands(image: Image.Image, threads: int | None = None, **options: Any) -> bytes:
    stream = io.BytesIO()
    save_jpeg(image, None, stream, options, threads)
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


@pytest.mark.parametrize(("mode", "sampling"), [("L", 0), ("RGB", 2), ("CMYK", 0)])
def test_a_picture_that_was_read_is_written_so(mode: str, sampling: int, tmp_path: Path) -> None:
    noise(mode, (500, 300)).save(tmp_path / "in.jpg", quality=70, subsampling=sampling, dpi=(72, 72))
    picture = read_picture(tmp_path / "in.jpg")
    assert isinstance(picture, Picture)
    assert picture.memory is not None
    with Image.open(tmp_path / "in.jpg") as image:
        image.load()
        tables = image.quantization  # type: ignore[attr-defined]
        image.info = {}
        expected = by_pillow(image, sampling, qtables=tables, dpi=(72, 72))
    assert RESTARTS in expected
    assert encode_picture(picture, JPEG) == expected


def test_a_picture_from_elsewhere_is_written_so() -> None:
    image = noise("RGB", (500, 300))
    assert encode_picture(Picture(image), JPEG) == by_pillow(image, 0, quality=95)


def test_tables_of_16_bits() -> None:
    image = noise("RGB", (300, 200))
    coarse = {0: [1 + 5 * i for i in range(64)], 1: [300] * 64}
    data = in_bands(image, qtables=coarse, subsampling=0)
    assert b"\xff\xc1" in data
    assert data == by_pillow(image, 0, qtables=coarse)


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


@pytest.mark.parametrize("height", [65500, 65501, 65536])
def test_no_picture_is_written_that_is_too_high_to_be_read(height: int) -> None:
    picture = Picture(Image.new("L", (40, height)))
    if height > 65500:
        with pytest.raises(PictureError, match="JPEG cannot be written"):
            encode_picture(picture, JPEG)
    else:
        with Image.open(io.BytesIO(encode_picture(picture, JPEG))) as image:
            image.load()


@pytest.mark.parametrize("problem", ["missing", "refused"])
def test_without_files_in_memory_the_file_is_the_same(problem: str, monkeypatch: pytest.MonkeyPatch) -> None:
    image = noise("RGB", (300, 200))
    expected = in_bands(image, quality=80)

    def refuse(_name: str) -> int:
        raise PermissionError(13, "Permission denied")

    if problem == "missing":
        monkeypatch.delattr(os, "memfd_create", raising=False)
    else:
        monkeypatch.setattr(os, "memfd_create", refuse, raising=False)
    assert in_bands(image, quality=80) == expected


def test_without_room_for_threads_the_file_is_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    image = noise("RGB", (300, 200))
    expected = in_bands(image, quality=80)
    monkeypatch.setattr("imfilt.engine.threads.has_room_for_threads", lambda: False)
    assert in_bands(image, quality=80) == expected


@pytest.mark.parametrize("lost", [1, 40, 10_000])
def test_a_band_that_is_cut_off_is_an_error(lost: int, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = jpeg._compress
    monkeypatch.setattr(jpeg, "_compress", lambda rows, settings: whole(rows, settings)[:-lost])
    with pytest.raises(PictureError, match="JPEG cannot be written"):
        encode_picture(Picture(noise("RGB", (300, 200))), JPEG)


def test_an_encoder_that_fails_in_a_band_leaves_nothing_behind(
    tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    noise("RGB", (300, 200)).save(tmp_path / "in.png")
    save, saved = Image.Image.save, []

    def fail(image: Image.Image, *arguments: Any, **options: Any) -> None:
        saved.append(image.size)
        if len(saved) == 3:
            raise ValueError("no more")
        save(image, *arguments, **options)

    monkeypatch.setattr(Image.Image, "save", fail)
    result = run("apply", "in.png", "-k", "edge3", "-o", "out.jpg")
    assert (result.status, result.stderr) == (1, "imfilt: in.png: JPEG cannot be written: no more\n")
    assert [path.name for path in tmp_path.iterdir()] == ["in.png"]


def test_a_full_disk_is_found_out_between_bands() -> None:
    class Full(io.BytesIO):
        def write(self, data: Any, /) -> int:
            if self.tell():
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            return super().write(data)

    with pytest.raises(OSError, match="No space left"):
        encode(Picture(noise("RGB", (300, 200))), Full(), JPEG, 2)


def test_the_interval_fits_into_its_segment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    widths = range(1, 65501)
    assert all(jpeg._band_rows((width, 65500), {}) % 16 == 0 for width in widths)
    assert max(-(-width // 8) * (min(jpeg._band_rows((width, 65500), {}), 65500) // 8) for width in widths) < 1 << 16

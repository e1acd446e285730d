"""Transparency as files hold it: read as it is, filtered without a halo, and kept or filtered as asked."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from conftest import Run
from numpy.typing import NDArray
from PIL import Image

pytestmark = pytest.mark.usefixtures("_in_own_folder")

Array = NDArray[Any]

SIDE = 20
INSIDE = np.zeros((SIDE, SIDE), bool)
INSIDE[6:14, 6:14] = True


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(rows: Array, depth: int, colour: int, clear: bytes) -> bytes:
    """Return a PNG of rows of bytes, of which one colour is transparent."""
    header = struct.pack(">IIBBBBB", SIDE, SIDE, depth, colour, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    chunks = chunk(b"IHDR", header) + chunk(b"tRNS", clear) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def colours(white: int, dtype: str, *, alpha: bool) -> Array:
    """Return white on red, which is transparent if there is alpha."""
    samples = np.zeros((SIDE, SIDE, 4), dtype)
    samples[..., 0] = white
    samples[INSIDE] = white
    return samples if alpha else np.ascontiguousarray(samples[..., :3])


def greys(white: int, dtype: str, *, alpha: bool) -> Array:
    """Return white on black, which is transparent if there is alpha."""
    grey = np.where(INSIDE, white, 0).astype(dtype)
    return np.dstack((grey, grey)) if alpha else grey


def palette(kind: str) -> Image.Image:
    image = Image.fromarray(INSIDE.astype("uint8"))
    image = Image.frombytes("P", image.size, image.tobytes())
    image.putpalette([255, 0, 0, 255, 255, 255] if kind == "colour" else [0, 0, 0, 255, 255, 255])
    return image


def palette_with_alpha(path: str) -> None:
    samples = np.dstack((INSIDE, INSIDE * 255)).astype("uint8")
    image = Image.frombytes("PA", (SIDE, SIDE), samples.tobytes())
    image.putpalette([255, 0, 0, 255, 255, 255])
    image.save(path)


def write(path: str, content: bytes) -> None:
    Path(path).write_bytes(content)


def premultiplied(path: str, samples: Array) -> None:
    """Write colours that were multiplied by alpha: what cannot be seen is black."""
    samples = samples.copy()
    samples[~INSIDE] = 0
    photometric: Any = "rgb" if samples.shape[2] == 4 else "minisblack"
    extra: Any = ["assocalpha"]
    tifffile.imwrite(path, samples, photometric=photometric, extrasamples=extra)


SOURCES: dict[str, Callable[[str], object]] = {
    "RGBA.png": lambda path: Image.fromarray(colours(255, "u1", alpha=True)).save(path),
    "LA.png": lambda path: Image.fromarray(greys(255, "u1", alpha=True), "LA").save(path),
    "P with one clear colour.png": lambda path: palette("colour").save(path, transparency=0),
    "P with levels of alpha.png": lambda path: palette("colour").save(path, transparency=b"\0\xff"),
    "P.gif": lambda path: palette("colour").save(path, transparency=0),
    "PA.tif": palette_with_alpha,
    "RGB with a clear colour.png": lambda path: write(
        path, png(colours(255, "u1", alpha=False).reshape(SIDE, -1), 8, 2, struct.pack(">3H", 255, 0, 0))
    ),
    "L with a clear level.png": lambda path: write(path, png(greys(255, "u1", alpha=False), 8, 0, bytes(2))),
    "1 with a clear level.png": lambda path: write(path, png(np.packbits(INSIDE, axis=1), 1, 0, bytes(2))),
    "I;16 with a clear level.png": lambda path: write(path, png(greys(65535, ">u2", alpha=False), 16, 0, bytes(2))),
    "RGB;16 with a clear colour.png": lambda path: write(
        path, png(colours(65535, ">u2", alpha=False).reshape(SIDE, -1), 16, 2, struct.pack(">3H", 65535, 0, 0))
    ),
    "RGBA;16.png": lambda path: write(path, bytes(imagecodecs.png_encode(colours(65535, "u2", alpha=True)))),
    "LA;16.png": lambda path: write(path, bytes(imagecodecs.png_encode(greys(65535, "u2", alpha=True)))),
    "RGBa.tif": lambda path: premultiplied(path, colours(255, "u1", alpha=True)),
    "La.tif": lambda path: premultiplied(path, greys(255, "u1", alpha=True)),
}


def filtered(run: Run, name: str, *options: str) -> Array:
    """Filter a source, and return colours and alpha of what was written, in levels of 16 bits."""
    SOURCES[name](name)
    result = run("apply", name, "-o", "result.png", *options)
    assert result.status == 0
    samples = imagecodecs.png_decode(Path("result.png").read_bytes())
    assert samples.shape[2] in (2, 4)
    return samples if samples.dtype == "uint16" else samples.astype("uint16") * np.uint16(257)


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_clear_is_read_as_clear(run: Run, name: str) -> None:
    samples = filtered(run, name, "-k", "identity")
    assert np.array_equal(samples[..., -1], np.where(INSIDE, 65535, 0))
    assert (samples[INSIDE] == 65535).all()


@pytest.mark.parametrize("name", SOURCES)
def test_white_on_clear_red_stays_white_when_it_is_blurred(run: Run, name: str) -> None:
    samples = filtered(run, name, "-k", "gaussian5")
    seen = samples[..., -1] > 0
    assert seen.sum() > INSIDE.sum()
    assert (samples[seen][:, :-1] == 65535).all()
    assert 0 < samples[5, 9, -1] < 65535


@pytest.mark.parametrize("name", SOURCES)
def test_alpha_is_kept_as_it_is_where_asked_and_by_kernels_that_sum_to_0(run: Run, name: str) -> None:
    for options in (("-k", "gaussian5", "--alpha", "keep"), ("-k", "edge3")):
        samples = filtered(run, name, *options, "--overwrite")
        assert np.array_equal(samples[..., -1], np.where(INSIDE, 65535, 0))


@pytest.mark.parametrize("name", ["RGBA.png", "RGBA;16.png", "P.gif"])
def test_straight_alpha_is_one_more_channel(run: Run, name: str) -> None:
    samples = filtered(run, name, "-m", "1 1 1", "--divisor", "3", "--alpha", "straight")
    wide = np.pad(np.where(INSIDE, 255, 0), ((0, 0), (1, 1)), mode="edge")
    sums = wide[:, :-2] + wide[:, 1:-1] + wide[:, 2:]
    white = 65535 if "16" in name else 255
    level = (2 * (sums // 255) * white + 3) // 6
    assert np.array_equal(samples[..., -1], level if white == 65535 else level * 257)
    assert (samples[..., 0] == 65535).all()
    assert np.array_equal(samples[..., 1], samples[..., -1])  # red bleeds into white, as was asked for

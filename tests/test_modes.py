"""The table: every mode in every format that holds it without a loss, as it is and in every depth."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from conftest import Result, Run
from numpy.typing import NDArray
from PIL import Image, features

from imfilt.engine.recipes.samples import DEPTHS
from imfilt.images.formats import WRITTEN

pytestmark = pytest.mark.usefixtures("_in_own_folder")

Array = NDArray[Any]

ROWS, COLUMNS = 7, 6
LOSSY = ("JPEG", "WEBP", "AVIF")
PHOTOMETRIC = {"L": 1, "RGB": 2, "CMYK": 5}
# Of Pillow's modes: colours, alpha, and type of sample.
PILLOWS = {
    "L": ("L", False, "uint8"),
    "LA": ("L", True, "uint8"),
    "RGB": ("RGB", False, "uint8"),
    "RGBA": ("RGB", True, "uint8"),
    "CMYK": ("CMYK", False, "uint8"),
    "YCbCr": ("YCbCr", False, "uint8"),
    "LAB": ("LAB", False, "uint8"),
    "I;16": ("L", False, "uint16"),
    "I": ("L", False, "int32"),
    "F": ("L", False, "float32"),
}
WHITE = {"float32": 1, "float64": 1} | {
    name: int(np.iinfo(name).max) for name in ("uint8", "uint16", "uint32", "int8", "int16", "int32")
}


def parts_of(mode: str) -> tuple[str, bool, str]:
    """Return the colours of a mode, whether there is alpha, and the type of its samples."""
    if mode in PILLOWS:
        return PILLOWS[mode]
    colours, _, dtype = mode.partition(";")
    has_alpha = colours in ("LA", "RGBA")
    return colours.removesuffix("A") if has_alpha else colours, has_alpha, dtype


def table() -> Iterator[tuple[str, str, str | None]]:
    for entry in WRITTEN.values():
        if entry.name in LOSSY or (entry.name == "JPEG2000" and not features.check("jpg_2000")):
            continue
        for mode in sorted(entry.modes):
            if (entry.name, mode) == ("TIFF", "YCbCr") or entry.indexed:
                continue  # Pillow reads the one as RGB; palettes have tests of their own
            for depth in (None, *DEPTHS):
                yield entry.name, mode, depth


def noise(channels: int, dtype: str) -> Array:
    random = np.random.default_rng(channels)
    shape = ROWS, COLUMNS, channels
    if dtype.startswith("float"):
        return random.normal(size=shape).astype(dtype)
    limits = np.iinfo(dtype)
    samples = random.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    samples[0, 0], samples[0, 1] = limits.min, limits.max
    return samples


def save(path: str, name: str, mode: str, samples: Array) -> None:
    """Write a file by another program than imfilt."""
    colours, has_alpha, _ = parts_of(mode)
    squeezed = samples[..., 0] if samples.shape[2] == 1 else samples
    if name == "NPY":
        np.save(path, squeezed)
    elif mode in PILLOWS:
        Image.frombytes(mode, (COLUMNS, ROWS), samples.tobytes()).save(path, name)
    elif name == "TIFF":
        extra: Any = [2] if has_alpha else None
        tifffile.imwrite(path, squeezed, photometric=PHOTOMETRIC[colours], extrasamples=extra, planarconfig=1)
    elif name == "PPM":
        Path(path).write_bytes(b"P6 %d %d 65535\n" % (COLUMNS, ROWS) + samples.astype(">u2").tobytes())
    else:
        settings: dict[str, Any] = {} if name == "PNG" else {"level": 0, "reversible": True}
        encode = imagecodecs.png_encode if name == "PNG" else imagecodecs.jpeg2k_encode
        Path(path).write_bytes(encode(samples, **settings))


def load(path: str, name: str, mode: str) -> Array:
    """Return rows × columns × channels as another program than imfilt reads them, of a file that is to be of `mode`."""
    colours, has_alpha, dtype = parts_of(mode)
    samples: Array
    if name == "NPY":
        samples = np.load(path)
    elif mode in PILLOWS:
        with Image.open(path) as image:
            image.load()
        assert image.mode == ("I" if (name, mode) == ("PPM", "I;16") else mode)
        samples = np.asarray(image)
        samples = samples.astype(dtype) if image.mode == "I" else samples
    elif name == "TIFF":
        with tifffile.TiffFile(path) as file:
            page: Any = file.pages[0]
            assert page.photometric == PHOTOMETRIC[colours]
            assert tuple(page.extrasamples) == ((2,) if has_alpha else ())
            samples = page.asarray()
    elif name == "PPM":
        samples = np.frombuffer(Path(path).read_bytes()[-ROWS * COLUMNS * 6 :], ">u2").astype("uint16")
    else:
        decode = imagecodecs.png_decode if name == "PNG" else imagecodecs.jpeg2k_decode
        samples = decode(Path(path).read_bytes())
    assert samples.dtype == dtype
    return samples.reshape(ROWS, COLUMNS, -1)


def name_of(colours: str, has_alpha: bool, dtype: str) -> str:
    for name, parts in PILLOWS.items():
        if parts == (colours, has_alpha, dtype):
            return name
    return f"{colours}{'A' * has_alpha};{dtype}"


def converted(samples: Array, dtype: str) -> Array:
    """Return samples of another type, white to white, in exact fractions rounded half up and clipped."""
    if samples.dtype == dtype:
        return samples
    white, scale = WHITE[dtype], Fraction(WHITE[dtype], WHITE[samples.dtype.name])
    if dtype.startswith("float"):
        return (samples.astype("float64") * float(scale)).astype(dtype)
    levels = [
        min(max(math.floor(Fraction(each) * scale + Fraction(1, 2)), 0), white) for each in samples.ravel().tolist()
    ]
    return np.array(levels, dtype).reshape(samples.shape)


@pytest.mark.parametrize(("name", "mode", "depth"), list(table()))
def test_identity_keeps_mode_and_samples_in_every_format_and_depth(
    run: Run, name: str, mode: str, depth: str | None
) -> None:
    entry = WRITTEN[name]
    colours, has_alpha, dtype = parts_of(mode)
    channels = {"L": 1, "CMYK": 4}.get(colours, 3) + has_alpha
    samples = noise(channels, dtype)
    source, target = (f"{stem}{entry.extensions[0]}" for stem in "ab")
    save(source, name, mode, samples)
    options = ("--alpha", "straight", *(("--depth", depth) if depth else ()))
    result = run("apply", source, "-k", "identity", "-o", target, *options)
    wanted_type = DEPTHS[depth].name if depth else dtype
    wanted_mode = name_of(colours, has_alpha, wanted_type)
    if wanted_mode not in entry.modes:
        assert (result.status, result.stdout) == (1, b"")
        assert f"{name} cannot hold" in result.stderr
        assert not Path(target).exists()
        return
    assert result == Result(0, os.fsencode(target) + b"\n", "")
    found, wanted = load(target, name, wanted_mode), converted(samples, wanted_type)
    if depth and wanted_type.startswith("float"):
        assert np.allclose(found, wanted, rtol=1e-6, atol=0)
    else:
        assert np.array_equal(found, wanted)

"""Files of more than 8 bits: read, written, and converted, against what other programs read in them."""

from __future__ import annotations

import io
import os
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
import tifffile
from conftest import Result, Run
from numpy.typing import NDArray
from PIL import Image, ImageCms

import imfilt

Array = NDArray[Any]

SOBEL = "1 0 -1; 2 0 -2; 1 0 -1"
DTYPES = ["uint8", "uint16", "uint32", "int8", "int16", "int32", "float32", "float64"]


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def noise(dtype: str, *shape: int) -> Array:
    """Return samples of the whole range, both of its ends among them; of floats, some below 0 and above 1."""
    random = np.random.default_rng(shape)
    if dtype.startswith("float"):
        return random.normal(size=shape).astype(dtype)
    limits = np.iinfo(dtype)
    samples = random.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    samples.flat[:2] = limits.min, limits.max
    return samples


def written(run: Run, source: str, target: str, *options: str) -> Array:
    """Filter a file, with identity unless the options say otherwise; return what another program reads in it."""
    result = run("apply", source, "-o", target, *(options or ("-k", "identity")))
    assert result == Result(0, os.fsencode(target) + b"\n", "")
    return read(target)


def read(path: str) -> Array:
    """Return the samples of a file, as read by tifffile, imagecodecs or NumPy, never by imfilt."""
    samples: Array
    if path.endswith(".npy"):
        samples = np.load(path)
    elif path.endswith(".tif"):
        samples = tifffile.imread(path)
    elif path.endswith(".png"):
        samples = imagecodecs.png_decode(Path(path).read_bytes())
    elif path.endswith(".jp2"):
        samples = imagecodecs.jpeg2k_decode(Path(path).read_bytes())
    else:
        header, _, rest = Path(path).read_bytes().partition(b"65535\n")
        columns, rows = map(int, header.split()[1:3])
        samples = np.frombuffer(rest, ">u2").reshape(rows, columns)
    return samples


def all_levels() -> Array:
    return np.random.default_rng(2).permutation(65536).astype("uint16").reshape(256, 256)


def write_grey(path: str, samples: Array) -> None:
    if path.endswith(".tif"):
        tifffile.imwrite(path, samples, byteorder=">" if "big" in path else "<")
    elif path.endswith(".pgm"):
        Path(path).write_bytes(b"P5\n%d %d\n65535\n" % samples.shape[::-1] + samples.astype(">u2").tobytes())
    elif path.endswith(".png"):
        Path(path).write_bytes(imagecodecs.png_encode(samples))
    else:
        Image.frombytes("I;16", samples.shape[::-1], samples.astype("<u2").tobytes()).save(path)


GREY = ["a.png", "a.tif", "a-big.tif", "a.pgm", "a.jp2"]


@pytest.mark.parametrize("path", GREY)
def test_16_bit_grey_is_filtered_over_its_full_range(run: Run, path: str) -> None:
    samples = all_levels()
    write_grey(path, samples)
    assert np.array_equal(written(run, path, f"same-{path}"), samples)
    blurred = written(run, path, f"soft-{path}", "-m", "1 2 1", "--divisor", "4")
    wide = np.pad(samples.astype(int), ((0, 0), (1, 1)), mode="edge")
    assert np.array_equal(blurred, (wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:] + 2) // 4)
    edges = written(run, path, f"edges-{path}", "-m", "-1 0 1", "--correlate")
    assert np.array_equal(edges, np.clip(wide[:, 2:] - wide[:, :-2], 0, 65535))


@pytest.mark.parametrize("path", GREY)
def test_16_bit_grey_becomes_8_bits_rounded_half_up(run: Run, path: str) -> None:
    write_grey(path, all_levels())
    wanted = [floor(Fraction(level, 257) + Fraction(1, 2)) for level in all_levels().ravel().tolist()]
    assert written(run, path, "b.png", "-k", "identity", "--depth", "8").ravel().tolist() == wanted


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA"])
@pytest.mark.parametrize("target", ["b.png", "b.tif", "b.npy"])
def test_8_bits_become_16(run: Run, target: str, mode: str) -> None:
    samples = noise("uint8", 40, 30, len(mode))
    Image.frombytes(mode, (30, 40), samples.tobytes()).save("a.png")
    deep = written(run, "a.png", target, "-k", "identity", "--alpha", "straight", "--depth", "16")
    assert deep.dtype == "uint16"
    assert np.array_equal(deep.reshape(samples.shape), samples.astype("uint16") * 257)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
@pytest.mark.parametrize("target", ["b.tif", "b.npy"])
def test_floats_are_written_negative_values_and_all(run: Run, target: str, mode: str) -> None:
    samples = noise("uint8", 40, 30, len(mode))
    Image.frombytes(mode, (30, 40), samples.tobytes()).save("a.png")
    options = ("-m", SOBEL, "--alpha", "straight", "--depth", "float", "--normalize", "none")
    floats = written(run, "a.png", target, *options)
    whole = imfilt.convolve(samples, imfilt.Kernel([[1, 0, -1], [2, 0, -2], [1, 0, -1]]))
    assert floats.dtype == "float32"
    assert floats.min() < 0
    assert np.allclose(floats.reshape(samples.shape), whole / 255, rtol=1e-6, atol=0)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("target", ["b.npy", "b.tif"])
def test_arrays_of_every_type_are_read_and_written(run: Run, dtype: str, channels: int, target: str) -> None:
    samples = noise(dtype, 50, 40, channels)
    np.save("a.npy", samples)
    result = written(run, "a.npy", target, "-k", "identity", "--alpha", "straight")
    assert result.dtype == dtype
    assert np.array_equal(result.reshape(samples.shape), samples)


def test_arrays_in_any_order_of_bytes_and_axes_are_read(run: Run) -> None:
    samples = noise("uint16", 9, 8, 3)
    np.save("a.npy", np.asfortranarray(samples.astype(">u2")))
    assert np.array_equal(written(run, "a.npy", "b.npy"), samples)


@pytest.mark.parametrize(
    ("array", "why"),
    [
        (np.zeros((3, 4, 5), "uint8"), "5 channels"),
        (np.zeros(3, "uint8"), "rows x columns"),
        (np.zeros((3, 4), "complex64"), "complex64"),
        (np.zeros((3, 4), "int64"), "int64"),
        (np.zeros((3, 0), "uint8"), "rows x columns"),
        (np.array([[None, {}]]), "object"),
    ],
)
def test_arrays_that_are_no_pictures_are_refused(run: Run, array: Array, why: str) -> None:
    np.save("a.npy", array, allow_pickle=True)
    result = run("apply", "a.npy", "-k", "identity")
    assert (result.status, result.stdout, result.stderr.count("\n")) == (1, b"", 1)
    assert why in result.stderr
    assert [path.name for path in Path.cwd().iterdir()] == ["a.npy"]


def test_arrays_that_end_too_early_or_are_too_large_are_refused(run: Run) -> None:
    np.save("a.npy", noise("uint16", 9, 8))
    content = Path("a.npy").read_bytes()
    assert "72 pixels" in run("apply", "a.npy", "-k", "identity", "--max-pixels", "71").stderr
    Path("a.npy").write_bytes(content[:-1])
    assert "143 bytes, not 144" in run("apply", "a.npy", "-k", "identity").stderr
    Path("a.npy").write_bytes(content[:20])
    assert run("apply", "a.npy", "-k", "identity").status == 1


def test_deep_files_keep_what_the_source_carries(run: Run) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[271] = "Maker"
    exif.get_ifd(0x8769)[33434] = 0.5
    source = Image.fromarray(noise("uint8", 20, 30, 3))
    source.save("a.tif", exif=exif.tobytes(), icc_profile=profile, dpi=(300, 150))
    for target in ("b.png", "b.tif"):
        assert written(run, "a.tif", target, "-k", "gaussian3", "--depth", "16").dtype == "uint16"
        with Image.open(target) as image:
            assert image.info["icc_profile"] == profile
            assert image.info["dpi"] == pytest.approx((300, 150), abs=0.1)
            assert image.getexif()[271] == "Maker"
            assert image.getexif().get_ifd(0x8769)[33434] == 0.5


def test_a_large_picture_is_written_in_strips_and_bands(run: Run) -> None:
    samples = noise("uint16", 700, 500, 3)
    np.save("a.npy", samples)
    for target in ("b.png", "b.tif"):
        assert np.array_equal(written(run, "a.npy", target), samples)


def test_formats_that_cannot_hold_the_depth_are_refused_before_anything_is_written(run: Run) -> None:
    Image.fromarray(noise("uint8", 9, 8, 3)).save("a.png")
    result = run("apply", "a.png", "-k", "identity", "-o", "b.jpg", "--depth", "16")
    assert (result.status, result.stdout) == (1, b"")
    assert result.stderr == (
        "imfilt: a.png: JPEG cannot hold full colour (RGB) of 16 bits; write PNG or TIFF instead (-o NAME.png)\n"
    )
    result = run("apply", "a.png", "-k", "identity", "-o", "b.png", "--depth", "float")
    assert "PNG cannot hold full colour (RGB) in floating point of 32 bits; write TIFF or NPY" in result.stderr
    assert [path.name for path in Path.cwd().iterdir()] == ["a.png"]


def test_an_image_of_pillow_that_has_no_mode_for_the_depth_is_refused() -> None:
    grey = Image.fromarray(noise("uint8", 9, 8))
    assert imfilt.apply(grey, "identity", depth="16").mode == "I;16"
    assert imfilt.apply(grey, "identity", depth="float").mode == "F"
    with pytest.raises(imfilt.PictureError, match="NumPy array"):
        imfilt.apply(grey.convert("RGB"), "identity", depth="16")


def test_standard_input_and_output_take_deep_pictures(run: Run) -> None:
    stream = io.BytesIO()
    samples = noise("uint32", 9, 8, 3)
    np.save(stream, samples)
    result = run("apply", "-", "-k", "identity", stdin=stream.getvalue())
    assert (result.status, result.stderr) == (0, "")
    assert np.array_equal(np.load(io.BytesIO(result.stdout)), samples)

"""Files of more than 8 bits: read, written, and converted, against what other programs read in them."""

from __future__ import annotations

import io
import os
import struct
import sys
import zlib
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import png_oracle
import pytest
import tifffile
from conftest import Result, Run
from numpy.typing import NDArray
from PIL import Image, ImageCms

import imfilt

pytestmark = pytest.mark.usefixtures("_in_own_folder")

Array = NDArray[Any]

SOBEL = "1 0 -1; 2 0 -2; 1 0 -1"
DTYPES = ["uint8", "uint16", "uint32", "int8", "int16", "int32", "float32", "float64"]


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
        "imfilt: a.png: JPEG cannot hold full colour (RGB) of 16 bits; write PNG or TIFF instead (--format png, or -o "
        "NAME.png)\n"
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


@pytest.mark.parametrize("path", ["a.png", "a.tif", "a.jp2"])
@pytest.mark.parametrize("channels", [2, 3, 4])
def test_16_bit_colour_is_filtered_over_its_full_range(run: Run, path: str, channels: int) -> None:
    samples = noise("uint16", 40, 30, channels)
    write_colour(path, samples)
    options = ("--alpha", "straight")
    assert np.array_equal(written(run, path, f"same-{path}", "-k", "identity", *options), samples)
    blurred = written(run, path, f"soft-{path}", "-m", "1 2 1", "--divisor", "4", *options)
    wide = np.pad(samples.astype(int), ((0, 0), (1, 1), (0, 0)), mode="edge")
    assert np.array_equal(blurred, (wide[:, :-2] + 2 * wide[:, 1:-1] + wide[:, 2:] + 2) // 4)
    shallow = written(run, path, "b.png", "-k", "identity", *options, "--depth", "8")
    assert shallow.dtype == "uint8"
    assert np.array_equal(shallow, (2 * samples.astype(int) + 257) // 514)


def write_colour(path: str, samples: Array) -> None:
    if path.endswith(".tif"):
        has_alpha = samples.shape[2] % 2 == 0
        photometric: Any = "rgb" if samples.shape[2] > 2 else "minisblack"
        extra: Any = ["unassalpha"] if has_alpha else None
        tifffile.imwrite(path, samples, photometric=photometric, extrasamples=extra)
    elif path.endswith(".jp2"):
        Path(path).write_bytes(imagecodecs.jpeg2k_encode(samples, level=0, reversible=True))
    else:
        Path(path).write_bytes(imagecodecs.png_encode(samples))


LAYOUTS: dict[str, dict[str, Any]] = {
    "strips": {"rowsperstrip": 7},
    "big-endian": {"byteorder": ">"},
    "planes": {"planarconfig": "separate"},
    "tiles": {"tile": (16, 32)},
    "deflated": {"compression": "zlib"},
    "deflated-big-endian": {"compression": "zlib", "byteorder": ">"},
    "predicted": {"compression": "zlib", "predictor": True},
    "lzw-predicted-planes": {"compression": "lzw", "predictor": True, "planarconfig": "separate"},
    "bigtiff": {"bigtiff": True},
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("dtype", [dtype for dtype in DTYPES if dtype != "uint8"])
def test_tiff_of_every_type_and_layout_is_read(run: Run, dtype: str, channels: int, layout: str) -> None:
    if channels == 1 and "planes" in layout:
        pytest.skip("one channel has no planes")
    samples = noise(dtype, 40, 50, channels)
    stored = np.moveaxis(samples, -1, 0) if "planes" in layout else samples
    photometric: Any = "rgb" if channels == 3 else "minisblack"
    tifffile.imwrite("a.tif", stored if channels > 1 else stored[..., 0], photometric=photometric, **LAYOUTS[layout])
    result = written(run, "a.tif", "b.tif")
    assert result.dtype == dtype
    assert np.array_equal(result.reshape(samples.shape), samples)


def test_half_floats_are_widened(run: Run) -> None:
    samples = noise("float32", 9, 8, 3).astype("float16")
    tifffile.imwrite("a.tif", samples, photometric="rgb")
    result = written(run, "a.tif", "b.tif")
    assert result.dtype == "float32"
    assert np.array_equal(result, samples)


@pytest.mark.parametrize("dtype", ["uint16", "uint32"])
def test_white_is_zero_is_read_as_light(run: Run, dtype: str) -> None:
    samples = noise(dtype, 9, 8)
    tifffile.imwrite("a.tif", samples, photometric="miniswhite")
    result = written(run, "a.tif", "b.tif")
    assert np.array_equal(result, np.iinfo(dtype).max - samples)
    with tifffile.TiffFile("b.tif") as file:
        assert file.pages[0].photometric == 1  # type: ignore[union-attr]


REFUSED: list[tuple[str, Array, dict[str, Any]]] = [
    ("multiplied", noise("uint16", 9, 8, 4), {"photometric": "rgb", "extrasamples": ["assocalpha"]}),
    ("further channels", noise("uint16", 9, 8, 5), {"photometric": "rgb", "extrasamples": ["unspecified"] * 2}),
    ("0 is white", noise("float64", 9, 8), {"photometric": "miniswhite"}),
    ("complex64", np.zeros((9, 8), "complex64"), {"photometric": "minisblack"}),
    ("CIELAB", noise("uint16", 9, 8, 3), {"photometric": "cielab"}),
]


@pytest.mark.parametrize(("why", "samples", "settings"), REFUSED, ids=[why for why, _, _ in REFUSED])
def test_tiff_that_cannot_be_read_rightly_is_refused(
    run: Run, why: str, samples: Array, settings: dict[str, Any]
) -> None:
    tifffile.imwrite("a.tif", samples, **settings)
    result = run("apply", "a.tif", "-k", "identity")
    assert (result.status, result.stdout, result.stderr.count("\n")) == (1, b"", 1)
    assert why in result.stderr
    assert [path.name for path in Path.cwd().iterdir()] == ["a.tif"]


@pytest.mark.parametrize("part", [0.1, 0.5, 0.95])
@pytest.mark.parametrize("layout", ["strips", "tiles", "deflated", "predicted", "bigtiff"])
@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_deep_tiff_that_is_cut_off_is_refused(run: Run, dtype: str, layout: str, part: float) -> None:
    tifffile.imwrite("a.tif", noise(dtype, 40, 50, 3), photometric="rgb", **LAYOUTS[layout])
    content = Path("a.tif").read_bytes()
    Path("a.tif").write_bytes(content[: int(len(content) * part)])
    result = run("apply", "a.tif", "-k", "identity")
    assert (result.status, result.stdout, result.stderr.count("\n")) == (1, b"", 1)
    assert [path.name for path in Path.cwd().iterdir()] == ["a.tif"]


@pytest.mark.parametrize("mode", ["I;16", "F", "RGB"])
@pytest.mark.parametrize("is_decoded", [True, False])
def test_a_tiff_whose_directory_is_cut_off_is_said_to_be_cut_off(
    run: Run, monkeypatch: pytest.MonkeyPatch, mode: str, is_decoded: bool
) -> None:
    monkeypatch.setattr("imfilt.images.deep.unknown.is_decoded", lambda _: is_decoded)
    Image.effect_noise((90, 80), 50).convert("F" if mode == "F" else "L").convert(mode).save(
        "a.tif", compression="tiff_lzw"
    )
    content = Path("a.tif").read_bytes()
    Path("a.tif").write_bytes(content[: len(content) // 2])
    result = run("apply", "a.tif", "-k", "identity")
    assert (result.status, result.stdout) == (1, b"")
    assert result.stderr.startswith("imfilt: a.tif: the file is cut off, or damaged")


@pytest.mark.parametrize(("compression", "kept"), [(None, 1), ("lzw", 8), ("zlib", 8)])
def test_floats_in_colour_are_deflated_if_they_were_compressed(run: Run, compression: str | None, kept: int) -> None:
    tifffile.imwrite("a.tif", noise("float32", 40, 50, 3), photometric="rgb", compression=compression)
    assert run("apply", "a.tif", "-k", "box3").status == 0
    with tifffile.TiffFile("a_box3.tif") as file:
        assert int(file.pages[0].compression) == kept


@pytest.mark.parametrize("path", ["a.png", "a.jp2"])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.95])
def test_deep_png_and_jpeg_2000_that_are_cut_off_are_refused(run: Run, path: str, part: float) -> None:
    write_colour(path, noise("uint16", 60, 50, 3))
    content = Path(path).read_bytes()
    Path(path).write_bytes(content[: int(len(content) * part)])
    result = run("apply", path, "-k", "identity")
    assert (result.status, result.stdout, result.stderr.count("\n")) == (1, b"", 1)
    assert [each.name for each in Path.cwd().iterdir()] == [path]


def test_deep_tiff_of_too_many_pixels_is_refused(run: Run) -> None:
    tifffile.imwrite("a.tif", noise("float32", 40, 50, 3), photometric="rgb")
    assert "50 x 40 is 2000 pixels" in run("apply", "a.tif", "-k", "identity", "--max-pixels", "1999").stderr


@pytest.mark.parametrize("path", ["a.png", "a.tif"])
def test_deep_colour_with_alpha_has_no_halo(run: Run, path: str) -> None:
    samples = np.zeros((20, 20, 4), "uint16")
    samples[..., 0] = 65535
    samples[6:14, 6:14] = 65535
    write_colour(path, samples)
    result = written(run, path, f"b{Path(path).suffix}", "-k", "gaussian5")
    seen = result[..., 3] > 0
    assert 64 < seen.sum() < 400
    assert (result[seen][:, :3] == 65535).all()


def test_a_transparent_colour_of_16_bits_becomes_alpha(run: Run) -> None:
    samples = noise("uint16", 9, 8, 3)
    samples[3, 4:] = samples[3, 4]
    chunk = b"tRNS" + samples[3, 4].astype(">u2").tobytes()
    content = imagecodecs.png_encode(samples)
    chunk = struct.pack(">I", 6) + chunk + struct.pack(">I", zlib.crc32(chunk))
    Path("a.png").write_bytes(content[:33] + chunk + content[33:])
    result = written(run, "a.png", "b.png")
    assert np.array_equal(result[..., :3], samples)
    assert np.array_equal(result[..., 3], np.where((samples == samples[3, 4]).all(axis=2), 0, 65535))


def test_deep_files_keep_what_they_carry_themselves(run: Run) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[271] = "Maker"
    exif.get_ifd(0x8769)[33434] = 0.5
    Image.fromarray(noise("uint8", 20, 30, 3)).save("a.png", exif=exif.tobytes(), icc_profile=profile, dpi=(300, 150))
    written(run, "a.png", "deep.png", "-k", "identity", "--depth", "16")
    written(run, "a.png", "deep.tif", "-k", "identity", "--depth", "16")
    written(run, "a.png", "float.tif", "-k", "identity", "--depth", "float")
    for source, target in (("deep.png", "b.png"), ("deep.tif", "c.tif"), ("deep.tif", "c.png"), ("float.tif", "d.tif")):
        written(run, source, target)
        written(run, target, "seen.png", "-k", "identity", "--depth", "8")
        with Image.open("seen.png") as image:
            assert image.info["icc_profile"] == profile
            assert image.info["dpi"] == pytest.approx((300, 150), abs=0.1)
            assert image.getexif()[271] == "Maker"
            assert image.getexif().get_ifd(0x8769)[33434] == 0.5
        Path("seen.png").unlink()


WITHOUT: dict[str, tuple[str, Array, dict[str, Any]]] = {
    "floats in colour": ("cannot read", noise("float32", 9, 8, 3), {"photometric": "rgb"}),
    "white is zero": ("their negative", noise("uint16", 9, 8), {"photometric": "miniswhite"}),
    "signed bytes": ("without it", noise("int8", 9, 8), {"photometric": "minisblack"}),
    "signed words": ("would become 32", noise("int16", 9, 8), {"photometric": "minisblack"}),
    "unsigned 32 bits": ("with one", noise("uint32", 9, 8), {"photometric": "minisblack"}),
    "swapped floats": ("byte order", noise("float32", 9, 8), {"byteorder": ">", "compression": "zlib"}),
}


@pytest.mark.parametrize("case", WITHOUT)
def test_without_the_extra_what_would_be_read_wrongly_is_refused(
    run: Run, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    why, samples, settings = WITHOUT[case]
    tifffile.imwrite("a.tif", samples, **settings)
    monkeypatch.setitem(sys.modules, "tifffile", None)
    for options in ((), ("--depth", "8")):
        result = run("apply", "a.tif", "-k", "identity", *options)
        assert (result.status, result.stdout, result.stderr.count("\n")) == (1, b"", 1)
        assert why in result.stderr
        assert "pip install 'imfilt[deep]'" in result.stderr


@pytest.mark.parametrize(("dtype", "channels"), [("uint16", 3), ("int16", 1)])
def test_pages_of_deep_tiff_are_filtered_one_by_one(run: Run, dtype: str, channels: int) -> None:
    pages = noise(dtype, 3, 9, 8, channels).squeeze()
    with tifffile.TiffWriter("a.tif") as file:
        for page in pages:
            file.write(page, photometric="rgb" if channels == 3 else "minisblack")
    written(run, "a.tif", "b.tif", "-k", "identity")
    assert np.array_equal(tifffile.imread("b.tif", key=slice(None)), pages)
    assert np.array_equal(written(run, "a.tif", "c.tif", "-k", "identity", "--frame", "1"), pages[1])


PACKET = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6"/></x:xmpmeta>'
TITLE = (b"tEXt", b"Title\0What it is")


def lying(path: str, samples: Array) -> None:
    """Write samples that are to be turned by a quarter, with a profile, a text, and a resolution across and down."""
    exif = Image.Exif()
    exif[274], exif[315] = 6, "An Artist"
    exif.get_ifd(0x8769).update({0xA002: samples.shape[1], 0xA003: samples.shape[0]})
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    if path.endswith(".png"):
        small = io.BytesIO()
        Image.new("L", (1, 1)).save(small, "PNG", exif=exif.tobytes(), icc_profile=profile, dpi=(300, 150))
        packet = (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + PACKET)
        chunks = [TITLE, *png_oracle.read_chunks(small.getvalue()), packet]
        content = bytes(imagecodecs.png_encode(samples))
        place = content.index(b"IDAT") - 4
        put = b"".join(chunk(*each) for each in chunks if each[0][0] & 0x20)
        Path(path).write_bytes(content[:place] + put + content[place:])
        return
    settings: dict[str, Any] = {"photometric": "rgb" if samples.ndim == 3 else "minisblack", "metadata": None}
    tags = [(274, "H", 1, 6, True), (315, "s", 0, "An Artist", True), (700, "B", len(PACKET), PACKET, True)]
    tifffile.imwrite(
        path,
        samples,
        description="What it is",
        iccprofile=profile,
        resolution=(300, 150),
        resolutionunit="inch",
        extratags=tags,
        **settings,
    )


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(("path", "dtype"), [("a.png", "uint16"), ("a.tif", "uint16"), ("a.tif", "float32")])
def test_deep_pictures_are_turned_upright_with_all_that_they_carry(
    run: Run, path: str, dtype: str, channels: int
) -> None:
    samples = noise(dtype, 9, 8, channels).squeeze()
    lying(path, samples)
    target = f"b{path[1:]}"
    upright = written(run, path, target, "-k", "identity", "--alpha", "straight")
    assert np.array_equal(upright, np.rot90(samples, -1))
    packet = PACKET.replace(b'"6"', b'"1"')
    if path == "a.png":
        chunks = list(png_oracle.read_chunks(Path(target).read_bytes()))
        kinds = dict(chunks)
        exif = Image.Exif()
        exif.load(kinds[b"eXIf"])
        assert (exif[274], exif[315]) == (1, "An Artist")
        assert exif.get_ifd(0x8769) == {0xA002: 9, 0xA003: 8}
        assert struct.unpack(">IIB", kinds[b"pHYs"]) == (5906, 11811, 1)
        assert TITLE in chunks
        assert (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet) in chunks
        assert kinds[b"iCCP"] == dict(png_oracle.read_chunks(Path(path).read_bytes()))[b"iCCP"]
        return
    with tifffile.TiffFile(path) as before, tifffile.TiffFile(target) as after:
        tags, old = ({tag.code: tag.value for tag in file.pages.first.tags} for file in (after, before))
    assert tags.get(274, 1) == 1
    assert (tags[282], tags[283], tags[296]) == (old[283], old[282], old[296])
    assert [tags[tag] for tag in (315, 270, 34675)] == [old[tag] for tag in (315, 270, 34675)]
    assert tags[700] == packet

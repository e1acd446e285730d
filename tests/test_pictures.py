from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NoReturn

import imagecodecs
import numpy as np
import pytest
from conftest import Result, Run
from PIL import Image, ImageCms, JpegImagePlugin, features

import imfilt
from imfilt.images import memory
from imfilt.images.formats import FORMATS, WRITTEN

pytestmark = pytest.mark.usefixtures("_in_own_folder")

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

WIDTH, HEIGHT = 24, 17
PARTS = {"JPEG2000": "jpg_2000", "WEBP": "webp", "AVIF": "avif"}
SOFTWARE, MAKER, MODEL, ORIENTATION, WIDTH_RESOLUTION, HEIGHT_RESOLUTION = 305, 271, 272, 274, 282, 283
EXIF_FOLDER, GPS_FOLDER = 0x8769, 0x8825


def filtered(run: Run, source: str | Path, *options: str, target: str | None = None) -> Image.Image:
    """Filter the file `source`, with identity unless the options say otherwise; return what was written."""
    path = Path(target or f"done-{Path(source).name}")
    result = run("apply", source, "-o", path, *(options or ("-k", "identity")))
    assert (result.status, result.stdout) == (0, os.fsencode(path) + b"\n")
    with Image.open(source) as image:  # what has a palette or one bit alone becomes another, which is said
        note = {"1": "one bit a sample", "P": "a palette", "PA": "a palette"}.get(image.mode)
        is_told = note is not None and image.format != "GIF"
    assert result.stderr.count("\n") == is_told
    assert f"imfilt: {source}: it has {note}, and its result is " in result.stderr or not is_told
    with Image.open(path) as image:
        image.load()
        return image


def test_pictures_are_filtered_alike_whatever_came_before_them(run: Run) -> None:
    sizes = {"a.png": (31, 40, 3), "b.png": (40, 17, 3), "c.png": (9, 8, 4), "d.png": (50, 60, 3), "e.png": (16, 16)}
    for number, (name, size) in enumerate(sizes.items()):
        samples = np.random.default_rng(number).integers(0, 256, size, np.uint8)
        Image.fromarray(samples).save(name)
    assert run("apply", *sizes, "-k", "sharpen", "-j", "1", "-o", "out/").status == 0
    for name in sizes:
        with Image.open(name) as source, Image.open(Path("out", name)) as target:
            assert target.tobytes() == imfilt.apply(source, "sharpen").tobytes()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such call")
@pytest.mark.parametrize("number", [memory._POPULATE_WRITE, 9999], ids=["known", "unknown"])
def test_to_touch_memory_ahead_of_a_decoder_changes_nothing_in_it(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "_POPULATE_WRITE", number)
    Image.new("L", (3000, 1501), 77).save("a.png")
    with Image.open("a.png") as image:
        lent = memory.lend_memory(image)
        assert lent is not None
        image.load()
        memory.touch_ahead(lambda: False)
        assert lent == bytes([77]) * (3000 * 1501)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no such call")
def test_memory_of_a_picture_that_turned_out_damaged_is_not_touched() -> None:
    header = struct.pack(">IIBBBBB", 12000, 12000, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    packed = [struct.pack(">I", len(data)) + kind + data for kind, data in chunks]
    checked = [each + struct.pack(">I", zlib.crc32(each[4:])) for each in packed]
    Path("a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(checked))
    code = (
        "import re\nfrom imfilt.cli import main\n"
        "try:\n    main(['apply', 'a.png', '-k', 'edge3'])\n"
        "except SystemExit as end:\n    status = open('/proc/self/status').read()\n"
        "    print(end.code, *re.findall(r'VmHWM:\\s*(\\d+)', status))"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    status, kibibytes = map(int, result.stdout.split())
    assert status == 1
    assert kibibytes < 200_000  # of 576 million bytes


def refused(run: Run, source: str | Path, *options: str) -> str:
    """Filter the file `source`, which is to fail, and return the one line that says why."""
    before = sorted(Path.cwd().iterdir())
    result = run("apply", source, *(options or ("-k", "identity")))
    assert (result.status, result.stdout) == (1, b"")
    assert result.stderr.startswith(f"imfilt: {source}: ")
    assert result.stderr.count("\n") == 1
    assert sorted(Path.cwd().iterdir()) == before
    return result.stderr


def noise(*shape: int, levels: int = 256, dtype: str = "uint8") -> Array:
    return np.random.default_rng(shape).integers(0, levels, shape).astype(dtype)


def grey_of_all_levels() -> Array:
    return np.random.default_rng(4).permutation(np.arange(16 * 32) % 256).astype("uint8").reshape(16, 32)


def soft(channels: int) -> Array:
    """Return a picture that the lossy formats keep well: a few slow waves."""
    y, x = np.mgrid[:48, :64]
    waves = [128 + 60 * np.sin(x / (9 + c)) + 50 * np.cos(y / (11 + c)) for c in range(channels)]
    return np.dstack(waves).astype("uint8")


def samples_of(image: Image.Image) -> Array:
    return np.asarray(image)


def image_of(mode: str, samples: Array) -> Image.Image:
    return Image.frombytes(mode, (samples.shape[1], samples.shape[0]), np.ascontiguousarray(samples).tobytes())


def samples_for(mode: str) -> Array:
    if mode == "I":
        return np.random.default_rng(3).integers(-(1 << 31), 1 << 31, (HEIGHT, WIDTH)).astype("int32")
    if mode == "F":
        return np.random.default_rng(1).normal(0, 1000, (HEIGHT, WIDTH)).astype("float32")
    if mode == "I;16":
        return np.random.default_rng(2).permutation(65536).astype("<u2").reshape(256, 256)
    if mode == "L":
        return grey_of_all_levels()
    return noise(HEIGHT, WIDTH, Image.getmodebands(mode))


def needs(name: str) -> pytest.MarkDecorator:
    missing = name in PARTS and not features.check(PARTS[name])
    return pytest.mark.skipif(missing, reason=f"Pillow was built without {name}")


def png(samples: Array, colour: int, depth: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """Return a PNG file; `samples` holds rows of bytes as they are to be stored."""
    header = struct.pack(">IIBBBBB", samples.shape[1] * 8 // depth, samples.shape[0], depth, colour, 0, 0, 0)
    if depth == 16 or colour != 0:
        header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], depth, colour, 0, 0, 0)
    rows = b"".join(b"\0" + row.tobytes() for row in samples)
    body = b""
    for name, content in ((b"IHDR", header), *chunks, (b"IDAT", zlib.compress(rows)), (b"IEND", b"")):
        body += struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
    return b"\x89PNG\r\n\x1a\n" + body


def tiff(
    samples: Array,
    *,
    order: Literal["<", ">"] = "<",
    deflate: bool = False,
    planar: bool = False,
    white_is_zero: bool = False,
) -> bytes:
    """Return a TIFF file of rows × columns, or of rows × columns × 3."""
    height, width = samples.shape[:2]
    channels = samples.shape[2] if samples.ndim == 3 else 1
    stored = np.moveaxis(samples, 2, 0) if planar else samples[None]
    strips = [plane.astype(samples.dtype.newbyteorder(order)).tobytes() for plane in stored]
    strips = [zlib.compress(strip) if deflate else strip for strip in strips]
    starts = [8 + sum(map(len, strips[:place])) for place in range(len(strips))]
    bits = samples.dtype.itemsize * 8
    tags = [
        (256, "H", [width]),
        (257, "H", [height]),
        (258, "H", [bits] * channels),
        (259, "H", [8 if deflate else 1]),
        (262, "H", [2 if channels == 3 else 0 if white_is_zero else 1]),
        (273, "I", starts),
        (277, "H", [channels]),
        (278, "H", [height]),
        (279, "I", [len(strip) for strip in strips]),
        (284, "H", [2 if planar else 1]),
        (339, "H", [3 if samples.dtype.kind == "f" else 1] * channels),
    ]
    place = 8 + sum(map(len, strips))
    place += place % 2
    far = place + 2 + 12 * len(tags) + 4
    entries, beyond = b"", b""
    for tag, kind, values in tags:
        packed = struct.pack(f"{order}{len(values)}{kind}", *values)
        if len(packed) > 4:
            packed, more = struct.pack(f"{order}I", far + len(beyond)), packed
            beyond += more
        entries += struct.pack(f"{order}HHI", tag, 3 if kind == "H" else 4, len(values)) + packed.ljust(4, b"\0")
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", place)
    folder = struct.pack(f"{order}H", len(tags)) + entries + bytes(4) + beyond
    return (start + b"".join(strips)).ljust(place, b"\0") + folder


@pytest.mark.parametrize(
    "extension", [each for entry in WRITTEN.values() if entry.is_pillows for each in entry.extensions]
)
def test_every_extension_of_the_table_is_read_and_written(run: Run, extension: str) -> None:
    entry = next(entry for entry in FORMATS.values() if extension in entry.extensions)
    if entry.name in PARTS and not features.check(PARTS[entry.name]):
        pytest.skip(f"Pillow was built without {entry.name}")
    mode = next(mode for mode in ("L", "RGB", "F") if mode in entry.modes)
    image_of(mode, samples_for(mode)).save(f"a{extension}", entry.name)
    assert filtered(run, f"a{extension}").format == entry.name


def paletted() -> tuple[Image.Image, Array]:
    indices, colours = noise(HEIGHT, WIDTH, levels=200), noise(200, 3)
    image = image_of("P", indices)
    image.putpalette(colours.tobytes())
    return image, colours[indices]


def test_a_palette_of_few_colours_becomes_rgb(run: Run) -> None:
    image = image_of("P", noise(HEIGHT, WIDTH, levels=4))
    colours = noise(4, 3)
    image.putpalette(colours.tobytes())
    image.save("a.png", bits=2)
    assert np.array_equal(samples_of(filtered(run, "a.png")), colours[noise(HEIGHT, WIDTH, levels=4)])


@pytest.mark.parametrize("alpha", [bytes(range(10, 210)), bytes([255] * 7 + [0] + [255] * 192)])
def test_a_palette_with_transparency_becomes_rgba(run: Run, alpha: bytes) -> None:
    image, colours = paletted()
    image.save("a.png", transparency=alpha)
    result = filtered(run, "a.png")
    assert result.mode == "RGBA"
    assert np.array_equal(samples_of(result)[..., :3], colours)
    assert np.array_equal(samples_of(result)[..., 3], np.frombuffer(alpha, "uint8")[samples_of(image)])


@pytest.mark.parametrize("target", ["b.gif", "b.png"])
def test_a_colour_gif_keeps_its_colours(run: Run, target: str) -> None:
    image, colours = paletted()
    image.save("a.gif")
    result = filtered(run, "a.gif", target=target)
    assert np.array_equal(samples_of(result.convert("RGB")), colours)


@pytest.mark.parametrize("levels", [2, 5, 100, 256])
def test_a_grey_gif_stays_grey(run: Run, levels: int) -> None:
    samples = np.linspace(0, 255, levels).astype("uint8")[noise(32, 32, levels=levels)]
    Image.fromarray(samples).save("a.gif")
    result = filtered(run, "a.gif")
    assert result.format == "GIF"
    assert np.array_equal(samples_of(result.convert("L")), samples)


def test_a_transparent_colour_becomes_alpha(run: Run) -> None:
    samples = noise(HEIGHT, WIDTH, 3, levels=2) * np.uint8(200)
    Image.fromarray(samples).save("a.png", transparency=(200, 0, 200))
    result = filtered(run, "a.png")
    clear = (samples == (200, 0, 200)).all(axis=2)
    assert result.mode == "RGBA"
    assert np.array_equal(samples_of(result)[..., :3], samples)
    assert np.array_equal(samples_of(result)[..., 3] == 0, clear)
    assert set(np.unique(samples_of(result)[..., 3])) == {0, 255}


@pytest.mark.parametrize("depth", [1, 2, 4, 8])
@pytest.mark.parametrize("place", ["black", "white"])
def test_a_transparent_grey_becomes_alpha_at_every_depth(run: Run, depth: int, place: str) -> None:
    packed, largest = noise(16, 4), (1 << depth) - 1
    clear = 0 if place == "black" else largest
    Path("a.png").write_bytes(png(packed, 0, depth, (b"tRNS", struct.pack(">H", clear))))
    levels = np.unpackbits(packed, axis=1).reshape(16, -1, depth) @ (1 << np.arange(depth)[::-1])
    result = filtered(run, "a.png")
    assert result.mode == "LA"
    assert np.array_equal(samples_of(result)[..., 0], levels * 255 // largest)
    assert np.array_equal(samples_of(result)[..., 1], np.where(levels == clear, 0, 255))


def test_a_transparent_grey_of_16_bits_becomes_alpha(run: Run) -> None:
    samples = noise(5, 5, levels=3, dtype=">u2") + np.uint16(0x1234)
    Path("a.png").write_bytes(png(samples.astype(">u2"), 0, 16, (b"tRNS", b"\x12\x35")))
    filtered(run, "a.png")
    result = imagecodecs.png_decode(Path("done-a.png").read_bytes())
    assert np.array_equal(result[..., 0], samples)
    assert np.array_equal(result[..., 1], np.where(samples == 0x1235, 0, 65535))


@pytest.mark.parametrize("kind", ["png", "tif, II", "tif, MM", "tif, II, deflated", "tif, MM, deflated"])
def test_16_bit_grey_keeps_all_65536_levels(run: Run, kind: str) -> None:
    samples = samples_for("I;16")
    extension, *how = kind.split(", ")
    if extension == "png":
        content = png(samples.astype(">u2"), 0, 16)
    else:
        content = tiff(samples, order=">" if "MM" in how else "<", deflate="deflated" in how)
    Path(f"a.{extension}").write_bytes(content)
    result = filtered(run, f"a.{extension}")
    assert result.mode == "I;16"
    assert np.array_equal(samples_of(result), samples)


def test_16_bit_grey_is_blurred_at_full_depth(run: Run) -> None:
    samples = np.full((4, 4), 40000, "<u2")
    samples[:, 2:] = 40016
    image_of("I;16", samples).save("a.png")
    result = filtered(run, "a.png", "-k", "gaussian3")
    assert samples_of(result)[0].tolist() == [40000, 40004, 40012, 40016]


@pytest.mark.parametrize("deflate", [False, True], ids=["raw", "deflated"])
@pytest.mark.parametrize("order", ["<", ">"], ids=["II", "MM"])
def test_float_tiff_keeps_every_sample_or_is_refused(run: Run, order: Literal["<", ">"], deflate: bool) -> None:
    samples = samples_for("F")
    samples[0, :5] = np.inf, -np.inf, 1e38, -1e-38, 0
    Path("a.tif").write_bytes(tiff(samples, order=order, deflate=deflate))
    result = run("apply", "a.tif", "-k", "identity")
    if not deflate or order == "<":
        assert result.status == 0
    if result.status == 0:
        with Image.open("a_identity.tif") as image:
            assert np.array_equal(samples_of(image), samples)


LARGE = [("png", "I;16"), ("png", "RGB"), ("png", "RGBA"), ("tif", "CMYK")]
RESIZING: list[dict[str, Any]] = [
    {"stride": 3},
    {"size": "valid"},
    {"size": "full"},
    {"stride": 2, "normalize": "peak"},
]


@pytest.mark.parametrize("arithmetic", RESIZING, ids=str)
@pytest.mark.parametrize(("extension", "mode"), LARGE)
def test_a_large_picture_may_become_one_of_another_size(
    run: Run, extension: str, mode: str, arithmetic: dict[str, Any]
) -> None:
    samples = noise(800, 700, levels=65536, dtype="<u2") if mode == "I;16" else noise(800, 700, len(mode))
    image = image_of(mode, samples)
    image.save(f"a.{extension}")
    options = [f"--{name}={value}" for name, value in arithmetic.items()]
    result = filtered(run, f"a.{extension}", "-k", "gaussian5", *options, target=f"b.{extension}")
    assert result.mode == mode
    assert np.array_equal(samples_of(result), samples_of(imfilt.apply(image, "gaussian5", **arithmetic)))


def test_16_bit_grey_where_0_is_white_is_not_turned_into_its_negative(run: Run) -> None:
    samples = samples_for("I;16")
    Path("a.tif").write_bytes(tiff(samples, white_is_zero=True))
    if run("apply", "a.tif", "-k", "identity").status != 0:
        assert not Path("a_identity.tif").exists()
        return
    with Image.open("a_identity.tif") as image:
        white_is_zero = image.getexif()[262] == 0
        light = samples_of(image) if not white_is_zero else 65535 - samples_of(image)
    assert np.array_equal(light, 65535 - samples)


def jp2_of_16_bits() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(noise(16, 16, 3)).save(stream, "JPEG2000")
    content = bytearray(stream.getvalue())
    components = content.index(b"\xff\x51") + 40
    for channel in range(3):
        content[components + 3 * channel] = 15
    content[content.index(b"ihdr") + 14] = 15
    return bytes(content)


def sgi_of_16_bits() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(noise(16, 16, 3)).save(stream, "SGI", bpc=2)
    return stream.getvalue()


DEEP = noise(16, 16, 4, levels=65536, dtype=">u2")
DEEP_FILES = {
    "rgb.png": lambda: png(DEEP[..., :3], 2, 16),
    "rgba.png": lambda: png(DEEP, 6, 16),
    "la.png": lambda: png(DEEP[..., :2], 4, 16),
    "ii.tif": lambda: tiff(DEEP[..., :3]),
    "mm.tif": lambda: tiff(DEEP[..., :3], order=">"),
    "deflated.tif": lambda: tiff(DEEP[..., :3], deflate=True),
    "planar.tif": lambda: tiff(DEEP[..., :3], planar=True),
    "planar-deflated.tif": lambda: tiff(DEEP[..., :3], planar=True, deflate=True),
    "binary.ppm": lambda: b"P6 16 16 65535\n" + DEEP[..., :3].tobytes(),
    "ten-bits.ppm": lambda: b"P6 16 16 1023\n" + (DEEP[..., :3] >> 6).tobytes(),
    "plain.ppm": lambda: b"P3 2 1 65535\n1 2 3 40000 5 6\n",
    "deep.sgi": sgi_of_16_bits,
    "deep.jp2": jp2_of_16_bits,
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=needs("JPEG2000" if name == "deep.jp2" else "")) for name in DEEP_FILES]
)
def test_16_bit_colour_is_refused_rather_than_cut_to_8_bits(
    run: Run, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path(name).write_bytes(DEEP_FILES[name]())
    if name == "binary.ppm":
        filtered(run, name)
        assert Path(f"done-{name}").read_bytes().endswith(DEEP[..., :3].tobytes())
        return
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    line = refused(run, name)
    if name.endswith("ppm"):
        assert "save it so" in line
        return
    assert "bits a channel would be cut to 8" in line
    assert "--depth 8" in line
    assert ("pip install 'imfilt[deep]'" in line) == (name != "deep.sgi")
    result = run("apply", name, "-k", "identity", "--depth", "8", "-o", "b.png")
    assert (result.status, result.stderr.count("\n")) == (0, 1)
    assert "were cut to 8" in result.stderr
    with Image.open(name) as source, Image.open("b.png") as cut:
        assert cut.tobytes() == source.tobytes()


def test_8_bit_planar_tiff_keeps_every_sample(run: Run) -> None:
    samples = noise(HEIGHT, WIDTH, 3)
    Path("a.tif").write_bytes(tiff(samples, planar=True))
    assert np.array_equal(samples_of(filtered(run, "a.tif")), samples)


def test_a_big_tiff_keeps_every_sample(run: Run) -> None:
    samples = noise(HEIGHT, WIDTH, 3)
    Image.fromarray(samples).save("a.tif", big_tiff=True)
    assert np.array_equal(samples_of(filtered(run, "a.tif")), samples)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "packbits", "tiff_adobe_deflate"])
def test_tiff_keeps_its_compression(run: Run, compression: str) -> None:
    samples = noise(HEIGHT, WIDTH, 3)
    Image.fromarray(samples).save("a.tif", compression=compression)
    result = filtered(run, "a.tif")
    assert result.info["compression"] == compression
    assert np.array_equal(samples_of(result), samples)


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg_of_every_mode_is_filtered_as_what_it_shows(run: Run, mode: str) -> None:
    image_of(mode, soft(Image.getmodebands(mode))).save("a.jpg", quality=92)
    result = filtered(run, "a.jpg", "-m", "1", "--divisor", "2", target="b.tif")
    with Image.open("a.jpg") as source:
        assert (result.mode, source.mode) == (mode, mode)
        assert np.array_equal(samples_of(result), (samples_of(source).astype(int) + 1) // 2)


def test_a_jpeg_of_another_format_is_written_without_sampling(run: Run) -> None:
    Image.fromarray(soft(3)).save("a.png")
    result = filtered(run, "a.png", target="b.jpg")
    assert JpegImagePlugin.get_sampling(result) == 0
    assert np.abs(samples_of(result).astype(int) - soft(3)).max() <= 8


PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
CARRIERS = [pytest.param(name, marks=needs(name)) for name in ("JPEG", "PNG", "TIFF", "WEBP", "AVIF")]


def plain_exif() -> Image.Exif:
    exif = Image.Exif()
    exif[MAKER], exif[MODEL], exif[SOFTWARE] = "Maker", "Model", "Software"
    return exif


def camera_exif() -> Image.Exif:
    exif = plain_exif()
    exif.get_ifd(EXIF_FOLDER)[36867] = "2024:05:06 07:08:09"
    exif.get_ifd(GPS_FOLDER).update({1: "N", 2: (52.0, 30.0, 1.5)})
    return exif


def told(path: str) -> dict[str, object]:
    """Return what the EXIF of a file says."""
    with Image.open(path) as image:
        exif = image.getexif()
        kept = {str(tag): exif.get(tag) for tag in (MAKER, MODEL, SOFTWARE)}
        return kept | {"exif": dict(exif.get_ifd(EXIF_FOLDER)), "gps": dict(exif.get_ifd(GPS_FOLDER))}


def carry(name: str, path: str, exif: Image.Exif, **settings: Any) -> None:
    Image.fromarray(soft(3)).save(path, name, exif=exif.tobytes(), **settings)


@pytest.mark.parametrize("make_exif", [plain_exif, camera_exif])
@pytest.mark.parametrize("to", CARRIERS)
@pytest.mark.parametrize("name", CARRIERS)
def test_exif_is_kept_from_format_to_format(run: Run, name: str, to: str, make_exif: Any) -> None:
    path, target = f"a{FORMATS[name].extensions[0]}", f"b{FORMATS[to].extensions[0]}"
    carry(name, path, make_exif())
    filtered(run, path, target=target)
    assert told(target) == told(path)
    assert told(target)[str(MAKER)] == "Maker"


@pytest.mark.parametrize("to", CARRIERS)
@pytest.mark.parametrize("name", CARRIERS)
def test_the_colour_profile_is_kept(run: Run, name: str, to: str) -> None:
    path, target = f"a{FORMATS[name].extensions[0]}", f"b{FORMATS[to].extensions[0]}"
    Image.fromarray(soft(3)).save(path, name, icc_profile=PROFILE)
    assert filtered(run, path, target=target).info["icc_profile"] == PROFILE


@pytest.mark.parametrize("to", ["JPEG", "PNG", "TIFF", "BMP"])
@pytest.mark.parametrize("name", ["JPEG", "PNG", "TIFF", "BMP"])
def test_the_resolution_is_kept(run: Run, name: str, to: str) -> None:
    path, target = f"a{FORMATS[name].extensions[0]}", f"b{FORMATS[to].extensions[0]}"
    Image.fromarray(soft(3)).save(path, name, dpi=(300, 150))
    assert filtered(run, path, target=target).info["dpi"] == pytest.approx((300, 150), abs=0.1)


@needs("WEBP")
def test_the_resolution_in_the_exif_of_a_webp_is_kept(run: Run) -> None:
    exif = plain_exif()
    exif[WIDTH_RESOLUTION], exif[HEIGHT_RESOLUTION] = 300.0, 150.0
    carry("WEBP", "a.webp", exif)
    result = filtered(run, "a.webp").getexif()
    assert (result[WIDTH_RESOLUTION], result[HEIGHT_RESOLUTION]) == (300, 150)


def test_a_picture_that_carries_nothing_gets_nothing(run: Run) -> None:
    for name in ("JPEG", "PNG", "TIFF"):
        path = f"a{FORMATS[name].extensions[0]}"
        Image.fromarray(soft(3)).save(path, name)
        info = filtered(run, path).info
        assert not {"exif", "icc_profile"} & info.keys()
        assert info.get("dpi") in (None, (1, 1))


def test_the_first_picture_of_a_telephone_jpeg_is_filtered(run: Run) -> None:
    first, *others = (Image.fromarray(soft(3)), Image.fromarray(soft(3)[::-1]))
    first.save("a.jpg", "MPO", save_all=True, append_images=others)
    result = filtered(run, "a.jpg")
    with Image.open("a.jpg") as source:
        assert source.format == "MPO"
        assert np.abs(samples_of(result).astype(int) - samples_of(source)).max() <= 8
    assert (result.format, getattr(result, "n_frames", 1)) == ("JPEG", 1)


def forbidden(*_arguments: object, **_settings: object) -> NoReturn:
    raise AssertionError("a child process was started")


@pytest.mark.parametrize("path", ["a.png", "a.jpg", "a.tif", "a.gif"])
def test_postscript_of_another_name_is_not_opened(run: Run, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tools = Path("tools").absolute()
    tools.mkdir()
    for name in ("gs", "gswin32c", "gswin64c"):
        (tools / name).write_text(f"#!/bin/sh\ntouch '{tools}/started'\n")
        (tools / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tools), prepend=os.pathsep)
    for module, name in ((subprocess, "Popen"), (os, "system"), (os, "posix_spawn"), (os, "fork")):
        monkeypatch.setattr(module, name, forbidden)
    lines = ("%!PS-Adobe-3.0 EPSF-3.0", "%%BoundingBox: 0 0 10 10", "%%EndComments", "showpage", "%%EOF")
    Path(path).write_text("\n".join(lines))
    assert "not a picture that imfilt reads" in refused(run, path)
    assert not (tools / "started").exists()


def test_a_fresh_process_opens_formats_that_pillow_does_not_preload(tmp_path: Path) -> None:
    Image.fromarray(grey_of_all_levels()).save(tmp_path / "a.tif")
    Image.fromarray(grey_of_all_levels()).save(tmp_path / "b.tga")
    command = [sys.executable, "-m", "imfilt", "apply", "a.tif", "b.tga", "-k", "identity"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "a_identity.tif\nb_identity.tga\n", "")


def test_more_pixels_than_allowed_are_refused(run: Run) -> None:
    Image.fromarray(noise(10, 20)).save("a.png")
    line = refused(run, "a.png", "-k", "identity", "--max-pixels", "199")
    assert "it has 200 pixels, more than the 199" in line
    assert "--max-pixels 200" in line
    filtered(run, "a.png", "-k", "identity", "--max-pixels", "200")


def test_a_header_that_claims_billions_of_pixels_is_refused_before_they_are_decoded(run: Run) -> None:
    content = bytearray(png(noise(4, 4), 0, 8))
    content[16:24] = struct.pack(">II", 60000, 60000)
    content[29:33] = struct.pack(">I", zlib.crc32(bytes(content[12:29])))
    Path("a.png").write_bytes(content)
    assert "3600000000 pixels" in refused(run, "a.png")


def test_pillows_own_limit_neither_warns_nor_stops(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.new("L", (1000, 3000)).save("a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 1_000_000)
    assert run("apply", "a.png", "-k", "identity") == Result(0, b"a_identity.png\n", "")
    assert Image.MAX_IMAGE_PIXELS == 1_000_000


def test_a_jpeg_that_is_named_png_is_read_and_written_as_png(run: Run) -> None:
    Image.fromarray(soft(3)).save("a.png", "JPEG")
    assert run("apply", "a.png", "-k", "identity", "-o", "b.png").status == 0
    with Image.open("b.png") as result:
        result.load()
    with Image.open("a.png") as source:
        assert source.format == "JPEG"
        assert np.array_equal(samples_of(result), samples_of(source))
    assert result.format == "PNG"


def test_a_format_that_cannot_hold_the_picture_is_refused_with_one_that_can(run: Run) -> None:
    Image.fromarray(noise(9, 8, 4)).save("a.png")
    assert "PNG or TIFF" in refused(run, "a.png", "-k", "identity", "-o", "b.jpg")


def white_on_clear_red() -> Array:
    samples = np.zeros((20, 20, 4), "uint8")
    samples[..., 0] = 255
    samples[6:14, 6:14] = 255
    return samples


TRANSPARENT = ["png", "tif", "tga", "sgi", "qoi"]


@pytest.mark.parametrize("extension", TRANSPARENT)
@pytest.mark.parametrize("kernel", ["box3", "gaussian5"])
def test_blurred_white_on_clear_red_has_no_halo(run: Run, extension: str, kernel: str) -> None:
    Image.fromarray(white_on_clear_red()).save(f"a.{extension}")
    result = samples_of(filtered(run, f"a.{extension}", "-k", kernel))
    seen = result[..., 3] > 0
    assert (result[seen][:, :3] == 255).all()
    assert 64 < seen.sum() < 400
    assert len(np.unique(result[..., 3])) > 2


@pytest.mark.parametrize("extension", TRANSPARENT)
def test_edge3_keeps_alpha(run: Run, extension: str) -> None:
    samples = noise(20, 20, 4)
    Image.fromarray(samples).save(f"a.{extension}")
    result = samples_of(filtered(run, f"a.{extension}", "-k", "edge3"))
    assert np.array_equal(result[..., 3], samples[..., 3])
    assert not np.array_equal(result[..., :3], samples[..., :3])


def test_a_blur_keeps_the_colour_where_it_fades_into_clear(run: Run) -> None:
    samples = np.full((12, 12, 4), (200, 100, 50, 255), "uint8")
    samples[:, 6:, 3] = 0
    Image.fromarray(samples).save("a.png")
    result = samples_of(filtered(run, "a.png", "-k", "gaussian3"))
    assert (result[..., :3] == (200, 100, 50)).all()


def test_grey_with_alpha_is_blurred_without_a_halo(run: Run) -> None:
    samples = np.zeros((12, 12, 2), "uint8")
    samples[4:8, 4:8] = 255
    image_of("LA", samples).save("a.png")
    result = samples_of(filtered(run, "a.png", "-k", "box3"))
    assert set(np.unique(result[result[..., 1] > 0][:, 0])) == {255}

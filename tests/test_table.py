"""Every mode in every format at every depth: identity gives back all that the file held.

Sources are made by Pillow, tifffile, imagecodecs and NumPy, and results are read by them; imfilt reads neither.
"""

from __future__ import annotations

import io
import struct
import zlib
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import imagecodecs
import numpy as np
import png_oracle
import pytest
import tifffile
from conftest import Run
from numpy.typing import NDArray
from PIL import Image, ImageCms, JpegImagePlugin, PngImagePlugin, features

from imfilt.engine.recipes.samples import SAMPLE_TYPES
from imfilt.images.carried.things import THINGS
from imfilt.images.formats import FORMATS, WRITTEN
from imfilt.images.modes import COLOURS, MODES

pytestmark = pytest.mark.usefixtures("_in_own_folder")

Array = NDArray[Any]

HEIGHT, WIDTH = 17, 24
PILLOWS_MODES = [
    "1",
    "L",
    "P",
    "RGB",
    "RGBA",
    "CMYK",
    "YCbCr",
    "LAB",
    "HSV",
    "I",
    "F",
    "LA",
    "PA",
    "RGBX",
    "RGBa",
    "La",
    "I;16",
    "I;16B",
    "I;16L",
]
LOSSY = ("JPEG", "WEBP", "AVIF")
PARTS = {"JPEG2000": "jpg_2000", "WEBP": "webp", "AVIF": "avif"}
BECOMES = {"1": "L", "P": "RGB", "PA": "RGBA", "I;16B": "I;16"}
"""What no result can be, and what it is then."""
NOTES = {"1": "one bit a sample", "P": "a palette", "PA": "a palette"}
AS_ANOTHER = {("PPM", "I;16"), ("GIF", "L"), ("WEBP", "L")}
"""What Pillow writes and reads again in another mode: I, P, RGB."""
NOT_BY_US = {("PPM", "I")}
"""What Pillow calls so has 16 bits."""

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
RESOLUTION = (300, 150)
DURATIONS = [100, 250, 70]
ARTIST, DESCRIPTION = 315, 270
EXIF_FOLDER, GPS_FOLDER = 0x8769, 0x8825
TIFF_RESOLUTION = (282, 283, 296)


def needs(name: str) -> pytest.MarkDecorator:
    missing = name in PARTS and not features.check(PARTS[name])
    return pytest.mark.skipif(missing, reason=f"Pillow was built without {name}")


def noise(*shape: int, dtype: str = "uint8", seed: int = 0) -> Array:
    """Return samples of the whole range, both of its ends among them; of floats, some below 0 and above 1."""
    random = np.random.default_rng((*shape, seed))
    if dtype.startswith("float"):
        return random.normal(0, 1000, shape).astype(dtype)
    limits = np.iinfo(dtype)
    samples = random.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    samples.flat[:2] = limits.min, limits.max
    return samples


def soft(channels: int, shift: int = 0) -> Array:
    """Return a picture that the lossy formats keep well: a few slow waves."""
    y, x = np.mgrid[:48, :64]
    waves = [128 + 60 * np.sin((x + shift) / (9 + c)) + 50 * np.cos(y / (11 + c)) for c in range(channels)]
    return np.dstack(waves).astype("uint8").squeeze()


class Source(NamedTuple):
    """An image of Pillow, and the samples that are seen in it."""

    image: Image.Image
    samples: Array


def source_of(mode: str, seed: int = 0) -> Source:
    """Return an image of `mode`; of a palette and one bit, the samples are the colours and grey."""
    size = WIDTH, HEIGHT
    if mode == "1":
        samples = np.where(noise(HEIGHT, WIDTH, seed=seed) > 100, 255, 0).astype("uint8")
        return Source(Image.fromarray(samples).convert("1"), samples)
    if mode in ("P", "PA"):
        indices, colours = noise(HEIGHT, WIDTH, len(mode), seed=seed), noise(256, 3, seed=seed)
        image = Image.frombytes(mode, size, indices.tobytes())
        image.putpalette(colours.tobytes())
        return Source(image, np.dstack((colours[indices[..., 0]], indices[..., 1:])))
    dtype = {"I": "int32", "F": "float32"}.get(mode, "uint16" if mode.startswith("I;16") else "uint8")
    channels = Image.getmodebands(mode)
    samples = noise(HEIGHT, WIDTH, channels, dtype=dtype, seed=seed).squeeze()
    stored = samples.astype(">u2") if mode == "I;16B" else samples
    return Source(Image.frombytes(mode, size, stored.tobytes()), samples)


@cache
def is_held(name: str, mode: str) -> bool:
    """Return whether Pillow writes the mode in this format, and reads it again."""
    stream = io.BytesIO()
    try:
        source_of(mode).image.save(stream, name)
        with Image.open(stream) as image:
            image.load()
            return image.mode == mode or (name, mode) in AS_ANOTHER
    except (OSError, ValueError, KeyError):
        return False


def pillows(names: list[str]) -> list[tuple[str, str]]:
    return [(name, mode) for name in names for mode in PILLOWS_MODES if is_held(name, mode)]


def cases(pairs: list[tuple[str, str]]) -> list[Any]:
    return [pytest.param(name, mode, marks=needs(name), id=f"{name}-{mode}") for name, mode in pairs]


BY_PILLOW = pillows([entry.name for entry in WRITTEN.values() if entry.is_pillows])
EXACT = [(name, mode) for name, mode in BY_PILLOW if name not in LOSSY and (name, mode) not in NOT_BY_US]
DEEP = [
    (entry.name, mode)
    for entry in WRITTEN.values()
    for mode in sorted(entry.modes)
    if mode not in MODES or not entry.is_pillows
]


def test_every_pair_of_the_table_of_formats_is_a_row_here() -> None:
    colours = {("GIF", mode) for mode in ("LA", "RGB", "RGBA")}  # whose files have a palette
    ours = {(entry.name, mode) for entry in WRITTEN.values() for mode in entry.modes} - colours
    here = {*BY_PILLOW, *DEEP}
    missing = {name for name, part in PARTS.items() if not features.check(part)}
    assert {pair for pair in ours - here if pair[0] not in missing} == set()
    assert {BECOMES.get(mode, mode) for _, mode in EXACT} <= MODES.keys()


def camera_exif(name: str) -> Image.Exif:
    exif = Image.Exif()
    exif[ARTIST] = "An Artist"
    exif.get_ifd(EXIF_FOLDER)[36867] = "2024:05:06 07:08:09"
    exif.get_ifd(GPS_FOLDER).update({1: "N", 2: (52.0, 30.0, 1.5)})
    if name == "TIFF":
        exif[DESCRIPTION] = "What it is"
    return exif


def things(name: str) -> set[str]:
    """Return the columns of this table that a format holds."""
    return {key for key in ("exif", "icc_profile", "resolution", "comments", "text") if name in THINGS[key].put}


def settings_for(name: str) -> dict[str, Any]:
    """Return what Pillow writes all of that with."""
    settings: dict[str, Any] = {}
    if "exif" in things(name):
        settings["exif"] = camera_exif(name).tobytes()
    if "icc_profile" in things(name):
        settings["icc_profile"] = PROFILE
    if "resolution" in things(name):
        settings["dpi"] = RESOLUTION
    if "text" in things(name):
        settings["pnginfo"] = PngImagePlugin.PngInfo()
        settings["pnginfo"].add_text("Title", "first")
        settings["pnginfo"].add_itxt("Title", "größer", zip=True)
    elif "comments" in things(name):
        settings["comment"] = b"a comment"
    return settings


def write_boxes(path: Path) -> None:
    """Put a profile and a resolution into a JPEG 2000, which Pillow does not write."""
    content = path.read_bytes()
    place = content.index(b"jp2h") - 4
    (length,) = struct.unpack_from(">I", content, place)
    header = content[place + 8 : place + length]
    captured = struct.pack(">I4sHHHHbb", 18, b"resc", 7500, 127, 15000, 127, 2, 2)  # 150 and 300 an inch
    header += struct.pack(">I4s", 8 + len(captured), b"res ") + captured
    colour = header.index(b"colr") - 4
    profile = struct.pack(">I4s3s", 11 + len(PROFILE), b"colr", b"\2\0\0") + PROFILE
    end = colour + struct.unpack_from(">I", header, colour)[0]
    is_print = header[colour + 11 : colour + 15] == b"\0\0\0\x0c"
    header = header[: end if is_print else colour] + profile + header[end:]
    path.write_bytes(
        content[:place] + struct.pack(">I4s", 8 + len(header), b"jp2h") + header + content[place + length :]
    )


def profile_in(content: bytes) -> bytes:
    """Return the profile of a JPEG 2000."""
    place = content.index(b"colr\2\0\0")
    (length,) = struct.unpack_from(">I", content, place - 4)
    return content[place + 7 : place - 4 + length]


def told(path: Path, name: str, page: int = 0) -> dict[str, object]:
    """Return what a file carries, by the columns of this table."""
    if name == "TIFF":
        with tifffile.TiffFile(path) as file:
            tags = {tag.code: tag.value for tag in file.pages[page].tags}  # type: ignore[union-attr]
        exif = {tag: tags[tag] for tag in (ARTIST, DESCRIPTION, EXIF_FOLDER, GPS_FOLDER) if tag in tags}
        found = {"exif": exif, "icc_profile": tags.get(34675), "resolution": [tags.get(tag) for tag in TIFF_RESOLUTION]}
    elif name == "PNG":
        chunks = list(png_oracle.read_chunks(path.read_bytes()))
        ancillary = dict(chunks)
        found = {
            "exif": ancillary.get(b"eXIf"),
            "icc_profile": zlib.decompress(ancillary[b"iCCP"].partition(b"\0")[2][1:]),
            "resolution": ancillary.get(b"pHYs"),
            "text": [chunk for chunk in chunks if chunk[0] in (b"tEXt", b"iTXt", b"zTXt")],
        }
        found["comments"] = found["text"]
    else:
        with Image.open(path) as image:
            image.load()
            read = image.getexif()
            exif = {tag: value for tag, value in read.items() if tag not in (EXIF_FOLDER, GPS_FOLDER)}
            exif |= {folder: dict(read.get_ifd(folder)) for folder in (EXIF_FOLDER, GPS_FOLDER)}
            info = image.info
        found = {
            "exif": exif,
            "icc_profile": info.get("icc_profile"),
            "resolution": info.get("dpi"),
            "comments": info.get("comment"),
        }
        if name == "JPEG2000":
            found["icc_profile"] = profile_in(path.read_bytes())
    held = {key: found[key] for key in things(name)}
    assert all(held.values())
    return held


def filtered(run: Run, source: str, mode: str = "") -> Path:
    """Filter a file with identity; return where the result is. What cannot be kept is said, and nothing else."""
    target = Path(f"done-{source}")
    result = run("apply", source, "-k", "identity", "--alpha", "straight", "-o", target)
    assert (result.status, result.text) == (0, f"{target}\n")
    note = NOTES.get(mode) if not source.endswith(".gif") else None
    assert result.stderr.count("\n") == (note is not None)
    assert f"it has {note}, and its result is " in result.stderr or note is None
    return target


@pytest.mark.parametrize(("name", "mode"), cases(EXACT))
def test_without_loss_everything_is_kept(run: Run, name: str, mode: str) -> None:
    source = source_of(mode)
    path = f"a{FORMATS[name].extensions[0]}"
    source.image.save(path, name, **settings_for(name))
    if name == "JPEG2000":
        write_boxes(Path(path))
    with Image.open(path) as image:
        image.load()
        is_another = image.mode != mode
    target = filtered(run, path, mode)
    result = opened(target)
    assert result.format == name
    if name == "GIF":
        assert result.mode == "P"
        result = result.convert("L" if mode == "L" else "RGB")
    elif not is_another:
        assert result.mode == BECOMES.get(mode, mode)
    assert np.array_equal(np.asarray(result).reshape(source.samples.shape), source.samples)
    assert told(target, name) == told(Path(path), name)


def with_chunks(content: bytes, further: bytes) -> bytes:
    """Return a PNG with the ancillary chunks of another."""
    place = content.index(b"IDAT") - 4
    put = b""
    for kind, data in png_oracle.read_chunks(further):
        if kind[0] & 0x20:
            put += struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    return content[:place] + put + content[place:]


def write_deep(path: Path, name: str, samples: Array, colour: str) -> None:
    """Write samples that Pillow cannot write, with all that the format holds beside them."""
    if name == "NPY":
        np.save(path, samples)
    elif name == "PNG":
        small = io.BytesIO()
        Image.new("L", (1, 1)).save(small, "PNG", **settings_for("PNG"))
        path.write_bytes(with_chunks(bytes(imagecodecs.png_encode(samples)), small.getvalue()))
    elif name == "JPEG2000":
        path.write_bytes(imagecodecs.jpeg2k_encode(samples, level=0, reversible=True))
        write_boxes(path)
    elif name == "PPM":
        path.write_bytes(b"P6 %d %d 65535\n" % (WIDTH, HEIGHT) + samples.astype(">u2").tobytes())
    else:
        tifffile.imwrite(path, samples, **tiff_settings(samples, colour))


def tiff_settings(samples: Array, colour: str) -> dict[str, Any]:
    has_alpha = samples.ndim == 3 and samples.shape[2] > COLOURS[colour]
    return {
        "photometric": {"L": "minisblack", "RGB": "rgb", "CMYK": "separated"}[colour],
        "planarconfig": "contig" if samples.ndim == 3 else None,
        "extrasamples": ["unassalpha"] if has_alpha else None,
        "resolution": RESOLUTION,
        "resolutionunit": "inch",
        "iccprofile": PROFILE,
        "description": "What it is",
        "extratags": [(ARTIST, "s", 0, "An Artist", True)],
        "metadata": None,
    }


def read_deep(path: Path, name: str) -> Array:
    content = path.read_bytes()
    if name == "PPM":
        assert content.startswith(b"P6")
        return np.frombuffer(content[-6 * WIDTH * HEIGHT :], ">u2").astype("uint16")
    if name in ("NPY", "TIFF"):
        return np.asarray(np.load(path) if name == "NPY" else tifffile.imread(path))
    if name == "JPEG2000":  # without the boxes around it: the decoder would change the samples by the profile
        return np.asarray(imagecodecs.jpeg2k_decode(content[content.index(b"\xff\x4f\xff\x51") :]))
    return np.asarray(imagecodecs.png_decode(content))


def deep_samples(mode: str, seed: int = 0) -> tuple[Array, str]:
    """Return samples of a mode by imfilt's name for it, such as ``RGBA;uint16``, and the colour."""
    if mode in MODES:
        colour, samples, has_alpha = MODES[mode]
        dtype = samples.name
    else:
        bands, dtype = mode.split(";")
        colour, has_alpha = (bands, False) if bands in COLOURS else (bands[:-1], True)
    assert dtype in SAMPLE_TYPES
    return noise(HEIGHT, WIDTH, COLOURS[colour] + has_alpha, dtype=dtype, seed=seed).squeeze(), colour


@pytest.mark.parametrize(("name", "mode"), cases(DEEP))
def test_what_pillow_would_cut_is_kept_with_everything(run: Run, name: str, mode: str) -> None:
    samples, colour = deep_samples(mode)
    path = Path(f"a{FORMATS[name].extensions[0]}")
    write_deep(path, name, samples, colour)
    target = filtered(run, path.name)
    result = read_deep(target, name)
    assert result.dtype == samples.dtype
    assert np.array_equal(result.reshape(samples.shape), samples)
    if name == "TIFF":
        with tifffile.TiffFile(path) as before, tifffile.TiffFile(target) as after:
            for key in ("photometric", "extrasamples"):
                assert getattr(after.pages.first, key) == getattr(before.pages.first, key)
    if name in ("PNG", "TIFF", "JPEG2000"):
        assert told(target, name) == told(path, name)


def error_of(image: Image.Image, source: Image.Image) -> int:
    """Return by how many levels a picture is off at most."""
    assert image.mode == source.mode
    return int(np.abs(np.asarray(image).astype(int) - np.asarray(source)).max())


def opened(path: str | Path | io.BytesIO) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image


@pytest.mark.parametrize("progressive", [False, True], ids=["baseline", "progressive"])
@pytest.mark.parametrize("quality", [40, 93])
@pytest.mark.parametrize(
    ("mode", "sampling"), [("L", -1), ("RGB", "4:4:4"), ("RGB", "4:2:2"), ("RGB", "4:2:0"), ("CMYK", -1)]
)
def test_jpeg_is_encoded_once_more_alike(
    run: Run, mode: str, sampling: str | int, quality: int, progressive: bool
) -> None:
    made: dict[str, Any] = {"quality": quality, "progressive": progressive, "subsampling": sampling}
    Image.frombytes(mode, (64, 48), soft(len(mode)).tobytes()).save("a.jpg", **made, **settings_for("JPEG"))
    source, result = opened("a.jpg"), opened(filtered(run, "a.jpg"))
    assert isinstance(source, JpegImagePlugin.JpegImageFile)
    assert isinstance(result, JpegImagePlugin.JpegImageFile)
    assert (result.format, result.mode) == ("JPEG", mode)
    assert result.quantization == source.quantization
    assert JpegImagePlugin.get_sampling(result) == JpegImagePlugin.get_sampling(source)
    assert ("progressive" in result.info) == progressive
    stream = io.BytesIO()
    source.save(stream, "JPEG", qtables=source.quantization, subsampling=JpegImagePlugin.get_sampling(source))
    assert error_of(result, source) <= error_of(opened(stream), source)
    assert told(Path("done-a.jpg"), "JPEG") == told(Path("a.jpg"), "JPEG")


LIKE_OURS: dict[str, dict[str, Any]] = {
    "WEBP": {"quality": 90, "exact": True},
    "AVIF": {"quality": 90, "subsampling": "4:4:4"},
}


@pytest.mark.parametrize(("name", "mode"), cases([(name, mode) for name, mode in BY_PILLOW if name in LIKE_OURS]))
def test_webp_and_avif_are_as_near_as_one_more_encoding(run: Run, name: str, mode: str) -> None:
    path = f"a{FORMATS[name].extensions[0]}"
    samples = soft(len(mode))
    if mode == "RGBA":
        samples[..., 3] |= 1
    Image.frombytes(mode, (64, 48), samples.tobytes()).save(path, name, quality=92, **settings_for(name))
    source, result = opened(path), opened(filtered(run, path))
    stream = io.BytesIO()
    source.save(stream, name, **LIKE_OURS[name] | ({"subsampling": "4:0:0"} if source.mode == "L" else {}))
    assert (result.format, result.mode, result.size) == (name, source.mode, source.size)
    assert error_of(result, source) <= error_of(opened(stream), source)
    assert told(Path(f"done-{path}"), name) == told(Path(path), name)


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@needs("WEBP")
def test_webp_without_loss_stays_so(run: Run, mode: str) -> None:
    source = source_of(mode)
    source.image.save("a.webp", lossless=True, exact=True, **settings_for("WEBP"))
    assert np.array_equal(np.asarray(opened(filtered(run, "a.webp"))), source.samples)


def shown(path: str | Path, mode: str) -> list[tuple[bytes, object]]:
    """Return all frames as they are seen, and for how many milliseconds each."""
    with Image.open(path) as image:
        found = []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            image.load()
            seen = image if mode in MODES and MODES[mode].samples.name != "uint8" else image.convert("RGBA")
            found.append((np.asarray(seen).tobytes(), image.info.get("duration")))
        return found


ANIMATED = [
    *(("GIF", mode) for mode in ("L", "P", "RGB", "RGBA")),
    *(("PNG", mode) for mode in ("L", "LA", "RGB", "RGBA", "I;16")),
    *(("WEBP", mode) for mode in ("RGB", "RGBA")),
]


@pytest.mark.parametrize("plays", [0, 1, 5])
@pytest.mark.parametrize(("name", "mode"), cases(ANIMATED))
def test_frames_durations_and_loop_are_kept(run: Run, name: str, mode: str, plays: int) -> None:
    images = [source_of(mode, seed).image for seed in range(3)]
    if name == "GIF" and mode == "RGBA":
        for image in images:
            image.putalpha(image.getchannel("A").point(lambda level: 255 * (level > 100)))
    path = f"a{FORMATS[name].extensions[0]}"
    again = ({"loop": plays - 1} if plays > 1 else {}) if name == "GIF" and plays else {"loop": plays}
    without_loss = {"lossless": True, "exact": True} if name == "WEBP" else {}
    first, *others = images
    settings = settings_for(name) | without_loss | again
    first.save(path, name, save_all=True, append_images=others, duration=DURATIONS, **settings)
    target = filtered(run, path)
    assert [duration for _, duration in shown(target, mode)] == DURATIONS
    assert seen(target, mode) == seen(path, mode)
    assert opened(target).info.get("loop") == opened(path).info.get("loop")
    assert told(target, name) == told(Path(path), name)


def seen(path: str | Path, mode: str) -> list[bytes]:
    """Return what is seen of each frame: of what is clear, nothing."""
    frames = [np.frombuffer(frame, np.uint8) for frame, _ in shown(path, mode)]
    if mode == "I;16":
        return [frame.tobytes() for frame in frames]
    return [np.where(frame.reshape(-1, 4)[:, 3:] > 0, frame.reshape(-1, 4), 0).tobytes() for frame in frames]


@needs("AVIF")
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_frames_of_avif_are_as_near_as_one_more_encoding(run: Run, mode: str) -> None:
    first, *others = [Image.fromarray(soft(len(mode), shift)) for shift in (0, 5, 30)]
    settings: dict[str, Any] = {"duration": [33, 40, 1007], "quality": 92} | settings_for("AVIF")
    first.save("a.avif", save_all=True, append_images=others, **settings)
    target = filtered(run, "a.avif")
    assert [duration for _, duration in shown(target, mode)] == [33, 40, 1007]
    again = [opened(io.BytesIO(encoded(frame))) for frame in frames_in("a.avif")]
    for before, after, once_more in zip(frames_in("a.avif"), frames_in(target), again, strict=True):
        assert error_of(after, before) <= 2 * error_of(once_more, before) + 4  # frames are predicted from each other
    assert told(target, "AVIF") == told(Path("a.avif"), "AVIF")


def frames_in(path: str | Path) -> list[Image.Image]:
    with Image.open(path) as image:
        frames = []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            frames.append(image.copy())
        return frames


def encoded(image: Image.Image) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "AVIF", **LIKE_OURS["AVIF"])
    return stream.getvalue()


@pytest.mark.parametrize("mode", sorted(FORMATS["TIFF"].modes - {"YCbCr", "LAB"}))
def test_pages_of_tiff_are_kept_each_with_everything(run: Run, mode: str) -> None:
    pages = [deep_samples(mode, seed) for seed in range(3)]
    with tifffile.TiffWriter("a.tif") as file:
        for index, (samples, colour) in enumerate(pages):
            further = {"description": f"page {index}", "resolution": (Fraction(100 + index), Fraction(50))}
            file.write(samples[index:], **tiff_settings(samples, colour) | further)
    target = filtered(run, "a.tif")
    for index, (samples, _) in enumerate(pages):
        result = tifffile.imread(target, key=index)
        assert result.dtype == samples.dtype
        assert np.array_equal(result, samples[index:])
        assert told(target, "TIFF", index) == told(Path("a.tif"), "TIFF", index)

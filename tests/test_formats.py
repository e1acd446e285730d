"""Formats: told from the content, named by --format, written where they can hold the result, flattened on request."""

from __future__ import annotations

import io
import math
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import imagecodecs
import numpy as np
import pytest
from conftest import Run
from left_out import LEFT_OUT
from numpy.typing import NDArray
from PIL import Image, features

import imfilt
from imfilt.images.formats import FORMATS, WRITTEN

pytestmark = pytest.mark.usefixtures("_in_own_folder")

Array = NDArray[Any]

PARTS = {"JPEG2000": "jpg_2000", "WEBP": "webp", "AVIF": "avif"}
IDENTITY = ("-k", "identity")


def needs(name: str) -> pytest.MarkDecorator:
    missing = name in PARTS and not features.check(PARTS[name])
    return pytest.mark.skipif(missing, reason=f"Pillow was built without {name}")


def noise(*shape: int) -> Array:
    return np.random.default_rng(shape).integers(0, 256, shape, "uint8")


def soft(channels: int) -> Array:
    y, x = np.mgrid[:48, :64]
    return np.dstack([128 + 60 * np.sin(x / (9 + c)) + 50 * np.cos(y / (11 + c)) for c in range(channels)]).astype("u1")


def opened(path: str | Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image


def test_whatever_pillow_knows_is_in_the_table_or_left_out_for_a_reason() -> None:
    Image.init()
    ours = {name for entry in FORMATS.values() if entry.is_pillows for name in (entry.name, *entry.variants)}
    known = set(Image.OPEN) | set(Image.SAVE)
    assert not ours & LEFT_OUT.keys()
    assert known - ours - LEFT_OUT.keys() == set()
    assert ours - known <= PARTS.keys() | {"XVThumb"}  # as its images call it


def test_every_extension_stands_for_one_format() -> None:
    extensions = [each for entry in FORMATS.values() for each in entry.extensions]
    assert len(set(extensions)) == len(extensions)


@pytest.mark.parametrize("target", [pytest.param(name, marks=needs(name)) for name in WRITTEN])
def test_the_format_that_is_asked_for_is_written_under_its_extension(run: Run, target: str) -> None:
    deep = () if target != "SPIDER" else ("--depth", "float")
    mode = "RGB" if "RGB" in FORMATS[target].modes else "L"
    samples = soft(len(mode)).squeeze() // 64 * 64  # so few colours that a palette holds them
    Image.fromarray(samples).save("a.tga")
    result = run("apply", "a.tga", *IDENTITY, "--format", target.lower(), *deep)
    written = f"a_identity{FORMATS[target].extensions[0]}"
    assert (result.status, result.text, result.stderr) == (0, f"{written}\n", "")
    if target == "NPY":
        assert np.array_equal(np.load(written), samples)
    else:
        assert opened(written).format == target


def test_the_format_is_chosen_for_folders_streams_and_names_of_any_kind(run: Run) -> None:
    Path("in").mkdir()
    Image.fromarray(noise(9, 8, 3)).save("in/a.tga")
    assert run("apply", "in", *IDENTITY, "-o", "out/", "--format", "tif").lines == ["out/a.tif"]
    assert opened("out/a.tif").format == "TIFF"
    assert run("apply", "in/a.tga", *IDENTITY, "-o", "b.dat", "--format", "PNG").lines == ["b.dat"]
    assert opened("b.dat").format == "PNG"
    stream = run("apply", "-", *IDENTITY, "--format", "qoi", stdin=Path("in/a.tga").read_bytes()).stdout
    assert opened(io.BytesIO(stream)).format == "QOI"  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["psd", "docx", "", "eps"])
def test_a_format_that_is_not_written_is_refused_with_those_that_are(run: Run, name: str) -> None:
    Image.fromarray(noise(9, 8, 3)).save("a.bmp")
    result = run("apply", "a.bmp", *IDENTITY, "--format", name)
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert "choose from png, jpeg" in result.stderr


def test_a_file_is_what_it_holds_and_not_what_it_is_called(run: Run) -> None:
    Image.fromarray(soft(3)).save("a.png", "JPEG")
    result = run("apply", "a.png", *IDENTITY)
    assert (result.status, result.text) == (0, "a_identity.png\n")
    assert result.stderr == "imfilt: a.png: it is JPEG, not PNG as its name says; written as PNG\n"
    assert np.array_equal(np.asarray(opened("a_identity.png")), np.asarray(opened("a.png")))
    result = run("apply", "a.png", *IDENTITY, "-o", "b.jpg")
    assert result.stderr == "imfilt: a.png: it is JPEG, not PNG as its name says; written as JPEG\n"


def psd() -> bytes:
    """Return a file of Photoshop (its file format specification): three planes, as they are."""
    header = b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 9, 8, 8, 3)
    return header + bytes(12) + bytes(2) + np.moveaxis(noise(9, 8, 3), 2, 0).tobytes()


def sun() -> bytes:
    rows = np.concatenate([noise(9, 8, 3)[..., ::-1].reshape(9, 24)], axis=1)
    return struct.pack(">8I", 0x59A66A95, 8, 9, 24, rows.size, 1, 0, 0) + rows.tobytes()


def xpm() -> bytes:
    colours = noise(9, 8, 3) // 86 * 86
    different = np.unique(colours.reshape(-1, 3), axis=0)
    names = {tuple(map(int, colour)): chr(48 + place) for place, colour in enumerate(different)}
    lines = [f"8 9 {len(names)} 1"]
    lines += [f"{name} c #{''.join(f'{level:02X}' for level in colour)}" for colour, name in names.items()]
    lines += ["".join(names[tuple(map(int, colour))] for colour in row) for row in colours]
    body = ",\n".join(f'"{line}"' for line in lines)
    return f"/* XPM */\nstatic char *a[] = {{\n{body}\n}};\n".encode()


def saved(mode: str, name: str, size: int = 32) -> bytes:
    stream = io.BytesIO()
    image = Image.fromarray(noise(size, size, 3)).convert(mode)
    image.save(stream, name, **{"sizes": [(size, size)]} if name == "ICO" else {})
    return stream.getvalue()


def cursor() -> bytes:
    content = bytearray(saved("RGBA", "ICO"))
    bitmap = io.BytesIO()
    Image.fromarray(noise(32, 32, 3)).save(bitmap, "DIB")
    data = bytearray(bitmap.getvalue())
    data[8:12] = struct.pack("<I", 64)  # twice as high, for the mask
    data += bytes(32 * 4)
    return bytes(content[:2] + b"\2" + content[3:14] + struct.pack("<II", len(data), 22) + data)


def dcx() -> bytes:
    return struct.pack("<III", 0x3ADE68B1, 12, 0) + saved("RGB", "PCX")


def gbr() -> bytes:
    return struct.pack(">5I4sI", 28 + 5, 2, 8, 9, 4, b"GIMP", 25) + b"name\0" + noise(9, 8, 4).tobytes()


def ftex() -> bytes:
    return b"FTEX" + struct.pack("<8i", 0, 8, 9, 1, 1, 1, 32, 216) + noise(9, 8, 3).tobytes()


def pixar() -> bytes:
    content = bytearray(1024)
    content[:4] = b"\200\350\000\000"
    content[416:420] = struct.pack("<HH", 9, 8)
    content[424:428] = struct.pack("<HH", 14, 2)
    return bytes(content) + noise(9, 8, 3).tobytes()


def xvthumb() -> bytes:
    return b"P7 332\n#END_OF_COMMENTS\n8 9 255\n" + noise(9, 8).tobytes()


READ_ONLY = {
    "BLP": lambda: saved("P", "BLP"),
    "CUR": cursor,
    "DCX": dcx,
    "FTEX": ftex,
    "GBR": gbr,
    "ICNS": lambda: saved("RGBA", "ICNS", 128),
    "ICO": lambda: saved("RGBA", "ICO"),
    "MSP": lambda: saved("1", "MSP"),
    "PIXAR": pixar,
    "PSD": psd,
    "SUN": sun,
    "XBM": lambda: saved("1", "XBM"),
    "XPM": xpm,
    "XVTHUMB": xvthumb,
}


def test_there_is_a_file_for_every_format_that_is_read_only() -> None:
    assert READ_ONLY.keys() == FORMATS.keys() - WRITTEN.keys()


@pytest.mark.parametrize("name", READ_ONLY)
def test_formats_that_are_read_only_are_read_and_ask_for_another(run: Run, name: str) -> None:
    path = f"a{FORMATS[name].extensions[0]}"
    Path(path).write_bytes(READ_ONLY[name]())
    source = opened(path)
    assert str(source.format).upper() == name
    refused = run("apply", path, *IDENTITY)
    assert (refused.status, refused.stdout) == (1, b"")
    assert refused.stderr == (
        f"imfilt: {path}: {name} is read, and not written; name another format (--format png, -o NAME.png)\n"
    )
    result = run("apply", path, *IDENTITY, "--format", "png")
    assert (result.status, result.text) == (0, "a_identity.png\n")
    wanted = source.convert("RGBA" if source.has_transparency_data else "L" if source.mode == "1" else "RGB")
    assert np.array_equal(np.asarray(opened("a_identity.png").convert(wanted.mode)), np.asarray(wanted))


@pytest.mark.parametrize("part", [0.3, 0.7])
@pytest.mark.parametrize("name", READ_ONLY)
def test_formats_that_are_read_only_are_refused_where_they_are_cut_off(run: Run, name: str, part: float) -> None:
    path = f"a{FORMATS[name].extensions[0]}"
    content = READ_ONLY[name]()
    Path(path).write_bytes(content[: int(len(content) * part)])
    result = run("apply", path, *IDENTITY, "--format", "png")
    assert (result.status, result.stdout, result.stderr.count("\n")) == (1, b"", 1)
    assert [each.name for each in Path.cwd().iterdir()] == [path]


@needs("AVIF")
def test_a_grey_avif_stays_grey(run: Run) -> None:
    Image.fromarray(soft(1)[..., 0]).save("a.avif", quality=90)
    assert run("apply", "a.avif", *IDENTITY).status == 0
    source, result = opened("a.avif"), opened("a_identity.avif")
    assert (source.mode, result.mode) == ("L", "L")
    assert np.abs(np.asarray(source).astype(int) - np.asarray(result)).max() <= 8


@needs("AVIF")
@pytest.mark.parametrize("bits", [10, 12])
def test_avif_of_more_than_8_bits_is_refused_or_cut_as_asked(run: Run, bits: int) -> None:
    samples = noise(40, 30, 3).astype("uint16") << (bits - 8)
    Path("a.avif").write_bytes(imagecodecs.avif_encode(samples, bitspersample=bits))
    refused = run("apply", "a.avif", *IDENTITY)
    assert (refused.status, refused.stdout) == (1, b"")
    assert f"{bits} bits a channel would be cut to 8" in refused.stderr
    result = run("apply", "a.avif", *IDENTITY, "--depth", "8")
    assert result.stderr == f"imfilt: a.avif: {bits} bits a channel were cut to 8, without rounding\n"


def over(samples: Array, colour: tuple[int, int, int]) -> list[list[tuple[int, ...]]]:
    """Return 8-bit samples laid over a colour, in exact fractions."""

    def one(pixel: list[int]) -> tuple[int, ...]:
        *levels, alpha = pixel
        levels = levels * 3 if len(levels) == 1 else levels
        return tuple(
            math.floor(Fraction(level * alpha + under * (255 - alpha), 255) + Fraction(1, 2))
            for level, under in zip(levels, colour, strict=True)
        )

    return [[one(pixel) for pixel in row] for row in samples.tolist()]


@pytest.mark.parametrize(
    ("text", "colour"), [("white", (255,) * 3), ("#102030", (16, 32, 48)), ("Teal", (0, 128, 128))]
)
@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_a_background_takes_alpha_out(run: Run, mode: str, text: str, colour: tuple[int, int, int]) -> None:
    samples = noise(9, 8, len(mode))
    samples[..., -1] |= 1
    Image.frombytes(mode, (8, 9), samples.tobytes()).save("a.png")
    assert run("apply", "a.png", *IDENTITY, "--background", text, "-o", "b.bmp").stderr == ""
    result = opened("b.bmp")
    assert result.mode == ("L" if mode == "LA" and text == "white" else "RGB")
    assert np.array_equal(np.asarray(result.convert("RGB")), over(samples, colour))


def test_a_background_comes_after_the_kernel(run: Run) -> None:
    samples = np.zeros((20, 20, 4), "uint8")
    samples[6:14, 6:14] = 0, 200, 100, 255
    Image.fromarray(samples).save("a.png")
    assert run("apply", "a.png", "-k", "gaussian5", "--background", "white", "-o", "b.png").status == 0
    blurred = imfilt.apply(samples, "gaussian5", alpha="weighted")
    wanted = np.array(over(blurred, (255, 255, 255)))
    assert np.abs(np.asarray(opened("b.png")).astype(int) - wanted).max() == 0


def test_a_format_without_alpha_says_how_to_take_it_out(run: Run) -> None:
    Image.fromarray(noise(9, 8, 4)).save("a.png")
    result = run("apply", "a.png", *IDENTITY, "-o", "b.jpg")
    assert (result.status, result.stdout) == (1, b"")
    assert (
        "write PNG or TIFF instead (--format png, or -o NAME.png), or lay it over a colour (--background white)"
        in result.stderr
    )
    assert run("apply", "a.png", *IDENTITY, "-o", "b.jpg", "--background", "white").status == 0
    assert opened("b.jpg").mode == "RGB"


def test_a_picture_without_alpha_has_no_background(run: Run) -> None:
    samples = noise(9, 8, 3)
    Image.fromarray(samples).save("a.png")
    assert run("apply", "a.png", *IDENTITY, "--background", "red").status == 0
    assert np.array_equal(np.asarray(opened("a_identity.png")), samples)


@pytest.mark.parametrize("text", ["whit", "#12", "#11223344", ""])
def test_what_is_no_colour_is_refused(run: Run, text: str) -> None:
    Image.fromarray(noise(9, 8, 4)).save("a.png")
    result = run("apply", "a.png", *IDENTITY, "--background", text)
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert "is no colour" in result.stderr
    assert ("'white'" in result.stderr) == (text == "whit")


def test_icons_in_a_folder_are_passed_over_unless_a_format_is_asked_for(run: Run) -> None:
    Path("in").mkdir()
    Path("in/a.ico").write_bytes(saved("RGBA", "ICO"))
    Image.fromarray(noise(9, 8, 3)).save("in/b.png")
    assert run("apply", "in", *IDENTITY).lines == ["in/b_identity.png"]
    Path("in/b_identity.png").unlink()
    assert run("apply", "in", *IDENTITY, "-o", "out/", "--format", "png").lines == ["out/a.png", "out/b.png"]

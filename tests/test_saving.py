from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from PIL import Image, ImageCms, JpegImagePlugin, PngImagePlugin, features

pytestmark = pytest.mark.usefixtures("_in_own_folder")

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
GPS = (
    b'<rdf:Description exif:GPSLatitude="52,30N" dc:title="here" exif:GPSLongitude=\'13,24E\'>'
    b"<exif:GPSAltitude>34/1</exif:GPSAltitude><exif:GPSMapDatum/><dc:rights>mine</dc:rights></rdf:Description>"
)
NO_GPS = b'<rdf:Description dc:title="here"><dc:rights>mine</dc:rights></rdf:Description>'


def done(run: Run, source: str, target: str, *options: str) -> Image.Image:
    result = run("apply", source, "-o", target, "-k", "identity", *options)
    assert (result.status, result.stderr) == (0, "")
    with Image.open(target) as image:
        image.load()
        return image


def waves() -> Image.Image:
    y, x = np.mgrid[:96, :128]
    levels = [128 + 60 * np.sin(x / (4 + c)) + 50 * np.cos(x * y / (90 + c)) for c in range(3)]
    return Image.fromarray(np.dstack(levels).astype("uint8"))


def size(path: str) -> int:
    return Path(path).stat().st_size


@pytest.mark.parametrize("extension", ["jpg", "webp", "avif"])
def test_quality_chooses_between_size_and_likeness(run: Run, extension: str) -> None:
    if extension != "jpg" and not features.check(extension):
        pytest.skip("Pillow was built without it")
    waves().save("a.png")
    errors = []
    for quality in (10, 50, 95):
        result = done(run, "a.png", f"{quality}.{extension}", "--quality", str(quality))
        errors.append(np.abs(np.asarray(result).astype(int) - np.asarray(waves())).mean())
    assert size(f"10.{extension}") < size(f"50.{extension}") < size(f"95.{extension}")
    assert errors[0] > errors[1] > errors[2]


def test_quality_takes_the_place_of_the_tables_of_the_source_and_not_of_its_sampling(run: Run) -> None:
    waves().save("a.jpg", quality=40, subsampling="4:2:2", progressive=True)
    waves().save("b.jpg", quality=80)
    result = done(run, "a.jpg", "c.jpg", "--quality", "80")
    with Image.open("b.jpg") as expected:
        assert isinstance(expected, JpegImagePlugin.JpegImageFile)
        assert isinstance(result, JpegImagePlugin.JpegImageFile)
        assert result.quantization == expected.quantization
    assert (JpegImagePlugin.get_sampling(result), "progressive" in result.info) == (1, True)


@pytest.mark.parametrize(
    ("target", "option", "others"),
    [
        ("b.png", "--quality=50", "JPEG, WEBP, AVIF"),
        ("b.tif", "--quality=50", "JPEG, WEBP, AVIF"),
        ("b.gif", "--compression=small", "PNG, JPEG, TIFF, WEBP, AVIF"),
        ("b.bmp", "--compression=fast", "PNG, JPEG, TIFF, WEBP, AVIF"),
    ],
)
def test_wishes_that_say_nothing_to_a_format_are_refused_before_anything_is_written(
    run: Run, target: str, option: str, others: str
) -> None:
    waves().convert("L").save("a.png")
    result = run("apply", "a.png", "-o", target, "-k", "identity", option)
    assert (result.status, result.stdout) == (2, b"")
    assert f"{option.split('=')[0]} says nothing to" in result.stderr
    assert others in result.stderr
    assert not Path(target).exists()


@pytest.mark.parametrize("quality", ["0", "101", "good"])
def test_a_quality_lies_between_1_and_100(run: Run, quality: str) -> None:
    waves().save("a.jpg")
    assert run("apply", "a.jpg", "-k", "identity", "--quality", quality).status == 2


@pytest.mark.parametrize("extension", ["png", "tif", "jpg", "webp", "avif"])
def test_a_small_file_is_smaller_than_a_fast_one(run: Run, extension: str) -> None:
    if extension in ("webp", "avif") and not features.check(extension):
        pytest.skip("Pillow was built without it")
    waves().save("a.png")
    results = [done(run, "a.png", f"{how}.{extension}", "--compression", how) for how in ("fast", "small")]
    assert size(f"small.{extension}") < size(f"fast.{extension}")
    if extension in ("png", "tif"):
        assert [np.array_equal(np.asarray(each), np.asarray(waves())) for each in results] == [True, True]


@pytest.mark.parametrize("effort", ["fast", "small"])
def test_16_bits_are_compressed_alike_with_effort(run: Run, effort: str) -> None:
    samples = np.random.default_rng(8).integers(0, 65536, (20, 30), dtype="<u2")
    Image.frombytes("I;16", (30, 20), samples.tobytes()).save("a.png")
    assert np.array_equal(np.asarray(done(run, "a.png", "b.png", "--compression", effort)), samples)


@pytest.mark.skipif(not features.check("webp"), reason="Pillow was built without it")
@pytest.mark.parametrize("alpha", [False, True])
def test_a_webp_without_loss_stays_one(run: Run, alpha: bool) -> None:
    image = waves()
    if alpha:
        image.putalpha(Image.linear_gradient("L").resize(image.size))
    image.save("a.webp", lossless=True, exact=True, icc_profile=PROFILE)
    assert np.array_equal(np.asarray(done(run, "a.webp", "b.webp")), np.asarray(image))


def exif_with_gps() -> bytes:
    """Return EXIF data with a place, after which there are bytes that must stay where they are."""
    first = struct.pack("<H", 3) + struct.pack("<HHII", 271, 2, 8, 50) + struct.pack("<HHII", 0x8825, 4, 1, 60)
    first += struct.pack("<HHIHH", 0x9999, 3, 1, 77, 0) + struct.pack("<I", 0)
    place = struct.pack("<H", 2) + struct.pack("<HHI4s", 1, 2, 2, b"N\0") + struct.pack("<HHII", 2, 5, 3, 90)
    degrees = struct.pack("<6I", 52, 1, 30, 1, 15, 10)
    data = (b"II*\0\x08\0\0\0" + first).ljust(50, b"?") + b"A maker\0..".ljust(10) + place + bytes(4)
    return b"Exif\0\0" + data.ljust(90, b"!") + degrees + b"what follows stays"


def test_stripping_the_place_leaves_all_else_byte_for_byte(run: Run) -> None:
    waves().save("a.jpg", exif=exif_with_gps(), xmp=GPS, icc_profile=PROFILE, comment=b"hello")
    result = done(run, "a.jpg", "b.jpg", "--strip", "gps")
    assert (result.info["xmp"], result.info["icc_profile"], result.info["comment"]) == (NO_GPS, PROFILE, b"hello")
    exif = result.getexif()
    assert (exif[271], exif[0x9999], dict(exif.get_ifd(0x8825))) == ("A maker", 77, {})
    before, after = exif_with_gps(), result.info["exif"]
    assert len(before) == len(after)
    assert after[66:96].rstrip(b"!") == bytes(30)
    assert after[96:120] == bytes(24)
    for start, stop in ((0, 14), (56, 66), (120, len(before))):  # the directory lies between the first two
        assert after[start:stop] == before[start:stop]


def test_what_may_hide_a_place_and_cannot_be_read_goes_with_it(run: Run) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Title", "stays")
    text.add_text("Raw profile type exif", "00")
    text.add_itxt("XML:com.adobe.xmp", "<exif:GPSLatitude>52")
    waves().save("a.png", exif=b"Exif\0\0nonsense", pnginfo=text)
    result = done(run, "a.png", "b.png", "--strip", "gps")
    assert {"exif", "xmp", "Raw profile type exif"} & result.info.keys() == set()
    assert result.info["Title"] == "stays"


@pytest.mark.parametrize("extension", ["jpg", "png", "tif"])
def test_stripping_all_leaves_what_the_picture_is_shown_by(run: Run, extension: str) -> None:
    exif = Image.Exif()
    exif[274], exif[271] = 6, "Maker"
    waves().save(f"a.{extension}", exif=exif, icc_profile=PROFILE, dpi=(300, 150))
    result = done(run, f"a.{extension}", f"b.{extension}", "--strip", "all")
    assert result.size == (96, 128)
    assert result.info["icc_profile"] == PROFILE
    assert result.info["dpi"] == pytest.approx((150, 300), abs=0.1)
    assert b"Maker" not in Path(f"b.{extension}").read_bytes()
    assert 274 not in result.getexif()

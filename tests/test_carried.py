from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import pytest
from conftest import Run
from PIL import Image, ImageCms, JpegImagePlugin, TiffImagePlugin, features

pytestmark = pytest.mark.usefixtures("_in_own_folder")

PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
PACKET = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" dc:title="\xc3\xa4"/></x:xmpmeta>'
IPTC = b"\x1c\x02\x78\x00\x07caption"
RESOURCES = b"8BIM\x04\x04\x00\x00" + struct.pack(">I", len(IPTC)) + IPTC + b"8BIM\x03\xed\x00\x00\0\0\0\2ab"
MAKERS_NOTE = bytes(range(256)) * 2
Chunk = tuple[bytes, bytes]


def done(run: Run, source: str, target: str | None = None, *options: str, says: str = "") -> str:
    target = target or f"done-{source}"
    result = run("apply", source, "-o", target, "-k", "identity", *options)
    assert (result.status, result.stderr) == (0, says)
    return target


def picture(mode: str = "RGB") -> Image.Image:
    return Image.linear_gradient("L").resize((16, 12)).convert(mode)


def exif_bytes(order: str = "<", *, orientation: int = 1) -> bytes:
    """Return EXIF data with a maker's note, and bytes that nothing points to."""
    first = struct.pack(order + "H", 3) + struct.pack(order + "HHIHH", 274, 3, 1, orientation, 0)
    first += struct.pack(order + "HHII", 315, 2, 10, 50) + struct.pack(order + "HHII", 0x8769, 4, 1, 70) + bytes(4)
    second = struct.pack(order + "HHHIII", 1, 37500, 7, len(MAKERS_NOTE), 100, 0)
    start = b"II*\0" if order == "<" else b"MM\0*"
    return (
        (start + struct.pack(order + "I", 8) + first.ljust(42, b"?") + b"An Artist\0".ljust(20, b"!") + second).ljust(
            100, b"#"
        )
        + MAKERS_NOTE
        + b"the end"
    )


def put_chunks(path: str, chunks: list[Chunk]) -> None:
    """Put chunks into a PNG, before its samples."""
    data = Path(path).read_bytes()
    place = data.index(b"IDAT") - 4
    Path(path).write_bytes(data[:place] + b"".join(as_chunk(*chunk) for chunk in chunks) + data[place:])


def as_chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def chunks_in(path: str) -> list[Chunk]:
    """Return all chunks of a PNG but those of its samples; their check sums are right."""
    data, place, found = Path(path).read_bytes(), 8, []
    while place < len(data):
        (length,), kind = struct.unpack_from(">I", data, place), data[place + 4 : place + 8]
        content = data[place + 8 : place + 8 + length]
        assert zlib.crc32(kind + content) == struct.unpack_from(">I", data, place + 8 + length)[0]
        place += 12 + length
        if kind not in (b"IHDR", b"IDAT", b"IEND"):
            found.append((kind, content))
    return found


def segments_in(path: str) -> list[tuple[str, bytes]]:
    with Image.open(path) as image:
        assert isinstance(image, JpegImagePlugin.JpegImageFile)
        return image.applist


TEXT = [
    (b"tEXt", b"Title\0first"),
    (b"iTXt", b"Title\0\0\0de\0Titel\0" + "größer".encode()),
    (b"zTXt", b"Title\0\0" + zlib.compress(b"third" * 40)),
    (b"iTXt", b"Software\0\1\0\0\0" + zlib.compress(b"fourth" * 30)),
    (b"tEXt", b"Title\0"),
]
GAMMA = [(b"gAMA", struct.pack(">I", 100000)), (b"cHRM", struct.pack(">8I", *range(30000, 30008)))]


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "I;16"])
def test_png_keeps_its_chunks_byte_for_byte_and_in_order(run: Run, mode: str) -> None:
    picture("L" if mode == "I;16" else mode).convert(mode).save("a.png")
    background = (b"bKGD", b"\0\7" * (3 if mode.startswith("RGB") else 1))
    further = [background, (b"prIt", b"private, and safe to copy"), (b"pHYs", struct.pack(">IIB", 2835, 3000, 1))]
    put_chunks("a.png", [*GAMMA, *TEXT, *further])
    kept = chunks_in(done(run, "a.png"))
    assert sorted(kept) == sorted([*GAMMA, *TEXT, *further])
    assert [chunk for chunk in kept if chunk in TEXT] == TEXT


@pytest.mark.parametrize("depth", ["8", "16"])
def test_what_lies_behind_the_samples_of_a_png_comes_before_them(run: Run, depth: str) -> None:
    picture().save("a.png")
    behind = [*TEXT, (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + PACKET), (b"eXIf", exif_bytes())]
    data = Path("a.png").read_bytes()
    Path("a.png").write_bytes(data[:-12] + b"".join(as_chunk(*chunk) for chunk in behind) + data[-12:])
    target = done(run, "a.png", "b.png", "--depth", depth)
    kept = chunks_in(target)
    assert sorted(kept) == sorted(behind)
    assert [chunk for chunk in kept if chunk in TEXT] == TEXT
    assert Path(target).read_bytes().index(b"IDAT") > Path(target).read_bytes().index(TEXT[-1][1])


@pytest.mark.parametrize("depth", ["8", "16"])
def test_what_looks_like_samples_within_a_chunk_of_a_png_is_left_whole(run: Run, depth: str) -> None:
    picture().save("a.png")
    chunks = [(b"eXIf", b"II*\0IDAT" + bytes(20)), (b"tEXt", b"Title\0IDAT")]
    put_chunks("a.png", chunks)
    assert sorted(chunks_in(done(run, "a.png", "b.png", "--depth", depth))) == sorted(chunks)


def test_png_chunks_that_would_not_be_true_any_more_go(run: Run) -> None:
    picture().save("a.png")
    put_chunks("a.png", [(b"sBIT", b"\5\6\5"), (b"prIT", b"unsafe to copy"), (b"sRGB", b"\0")])
    assert chunks_in(done(run, "a.png")) == [(b"sRGB", b"\0")]


@pytest.mark.parametrize("phys", [(11811, 5906, 1), (3, 4, 0), (1, 1, 1), (0x7FFFFFFF, 12345678, 1)])
def test_png_keeps_its_resolution_and_unit(run: Run, phys: tuple[int, int, int]) -> None:
    picture().save("a.png")
    put_chunks("a.png", [(b"pHYs", struct.pack(">IIB", *phys))])
    assert chunks_in(done(run, "a.png")) == [(b"pHYs", struct.pack(">IIB", *phys))]


def jpeg_with(path: str, *segments: bytes, **settings: Any) -> None:
    extra = b"".join(each[:2] + struct.pack(">H", len(each)) + each[2:] for each in segments)
    picture().save(path, "JPEG", extra=extra, **settings)


def test_jpeg_keeps_its_segments_byte_for_byte(run: Run) -> None:
    jpeg_with(
        "a.jpg",
        b"\xff\xed" + b"Photoshop 3.0\0" + RESOURCES,
        b"\xff\xec" + b"Ducky\0some data",
        b"\xff\xfe" + b"a comment",
        b"\xff\xfe" + b"another one \xff",
        exif=b"Exif\0\0" + exif_bytes(">"),
        xmp=PACKET,
        icc_profile=PROFILE,
    )
    assert len(segments_in("a.jpg")) == 8
    assert sorted(segments_in(done(run, "a.jpg"))) == sorted(segments_in("a.jpg"))


@pytest.mark.parametrize("density", [(0, 1, 2), (1, 300, 150), (2, 118, 59), (1, 65535, 1)])
def test_jpeg_keeps_its_density_and_unit(run: Run, density: tuple[int, int, int]) -> None:
    picture().save("a.jpg")
    data = Path("a.jpg").read_bytes()
    Path("a.jpg").write_bytes(data[:13] + struct.pack(">BHH", *density) + data[18:])
    assert struct.unpack_from(">BHH", Path(done(run, "a.jpg")).read_bytes(), 13) == density


def test_image_resources_that_need_several_segments_are_kept(run: Run) -> None:
    resources = RESOURCES + b"8BIM\x04\x0f\x00\x00" + struct.pack(">I", 150000) + bytes(150000)
    parts = [resources[start : start + 60000] for start in range(0, len(resources), 60000)]
    jpeg_with("a.jpg", *(b"\xff\xed" + b"Photoshop 3.0\0" + part for part in parts))
    kept = [data for name, data in segments_in(done(run, "a.jpg")) if name == "APP13"]
    assert b"".join(data.removeprefix(b"Photoshop 3.0\0") for data in kept) == resources


def tiff_tags(path: str) -> dict[int | str, Any]:
    with Image.open(path) as image:
        assert isinstance(image, TiffImagePlugin.TiffImageFile)
        image.info.pop("xmp", None)  # by which Pillow would turn it
        known: dict[int | str, Any] = dict(image.tag_v2) | {"exif": dict(image.getexif().get_ifd(0x8769))}
        image.load()
        return {tag: value for tag, value in known.items() if tag not in (273, 278, 279, 0x8769)}


@pytest.mark.parametrize(
    ("compression", "mode"),
    [("raw", "RGB"), ("raw", "I;16B"), ("tiff_lzw", "RGB"), ("packbits", "L"), ("tiff_adobe_deflate", "CMYK")],
)
def test_tiff_keeps_its_tags_and_its_compression(run: Run, compression: str, mode: str) -> None:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    kinds = {700: 1, 33723: 7, 34377: 1, 65000: 12, 270: 2, 34675: 7, 282: 5, 283: 5, 296: 3}
    across, down = TiffImagePlugin.IFDRational(1001, 2), TiffImagePlugin.IFDRational(1, 4)
    values: dict[int, Any] = {700: PACKET, 33723: IPTC, 34377: RESOURCES, 65000: (1.5, -2.5, 1e300), 270: "What it is"}
    for tag, value in (values | {34675: PROFILE, 282: across, 283: down, 296: 3}).items():
        info.tagtype[tag], info[tag] = kinds[tag], value
    source = Image.frombytes(mode, (8, 2), bytes(range(32)) * 2) if mode == "I;16B" else picture(mode)
    source.save("a.tif", tiffinfo=info, compression=compression)
    assert Path("a.tif").read_bytes()[:2] == (b"MM" if mode == "I;16B" else b"II")
    kept = tiff_tags("a.tif")
    assert {tag: kept[tag] for tag in values} == values
    assert tiff_tags(done(run, "a.tif")) == kept
    assert (kept[282], kept[283]) == (across, down)


def test_tiff_keeps_exif_and_is_compressed_all_the_same(run: Run) -> None:
    picture("RGB").resize((400, 300)).save("a.jpg", exif=b"Exif\0\0" + exif_bytes())
    done(run, "a.jpg", "b.tif")
    done(run, "b.tif", "c.tif")
    for path in ("b.tif", "c.tif"):
        tags = tiff_tags(path)
        assert (tags[315], tags["exif"], tags[259]) == ("An Artist", {37500: MAKERS_NOTE}, 8)
        assert Path(path).stat().st_size < 100_000


@pytest.mark.parametrize("order", ["<", ">"], ids=["II", "MM"])
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.avif"])
def test_exif_xmp_and_profile_are_kept_byte_for_byte(run: Run, name: str, order: str) -> None:
    kind = name[2:]
    if kind in ("webp", "avif") and not features.check(kind):
        pytest.skip("Pillow was built without it")
    data = exif_bytes(order)
    settings: dict[str, Any] = {} if kind == "png" else {"xmp": PACKET}
    picture().save(name, exif=b"Exif\0\0" + data, icc_profile=PROFILE, **settings)
    if kind == "png":
        put_chunks(name, [(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + PACKET)])
    with Image.open(name) as source, Image.open(done(run, name)) as result:
        source.load()
        result.load()
        for key in ("exif", "xmp", "icc_profile"):
            assert result.info[key] == source.info[key]
        if kind != "avif":  # for which Pillow writes it anew when the test makes the file
            assert result.info["exif"].removeprefix(b"Exif\0\0") == data


def test_xmp_data_say_upright_too(run: Run) -> None:
    picture().save("a.jpg", exif=b"Exif\0\0" + exif_bytes(orientation=6), xmp=PACKET)
    with Image.open(done(run, "a.jpg")) as result:
        assert result.info["xmp"] == PACKET.replace(b'Orientation="6"', b'Orientation="1"')


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_is_turned_as_its_tag_says_with_all_that_speaks_of_it(run: Run, orientation: int) -> None:
    info = TiffImagePlugin.ImageFileDirectory_v2()
    info[274], info[282], info[283], info[700] = orientation, 300.0, 150.0, PACKET
    info.tagtype[700] = 1
    picture().save("a.tif", tiffinfo=info)
    with Image.open(done(run, "a.tif")) as result:
        swapped = orientation >= 5
        assert result.size == ((12, 16) if swapped else (16, 12))
        tags = tiff_tags("done-a.tif")
        assert (tags[282], tags[283]) == ((150, 300) if swapped else (300, 150))
        says = b"1" if orientation > 1 else b"6"  # which nothing changes without need
        assert tags[700] == PACKET.replace(b'Orientation="6"', b'Orientation="' + says + b'"')
        assert 274 not in tags


def test_a_comment_of_a_gif_is_kept_and_becomes_text_in_a_png(run: Run) -> None:
    picture("L").save("a.gif", comment=b"hello")
    with Image.open(done(run, "a.gif")) as result:
        assert result.info["comment"] == b"hello"
    assert chunks_in(done(run, "a.gif", "b.png")) == [(b"tEXt", b"Comment\0hello")]
    picture().save("c.jpg", comment="größer".encode())
    assert chunks_in(done(run, "c.jpg", "c.png")) == [(b"iTXt", b"Comment\0\0\0\0\0" + "größer".encode())]


@pytest.mark.parametrize("frames", [1, 2])
def test_xmp_data_of_a_gif_go_into_formats_that_hold_them(run: Run, frames: int) -> None:
    picture("L").save("a.gif", save_all=True, append_images=[picture("L").rotate(180)] * (frames - 1))
    trailer = b"\1" + bytes(range(255, -1, -1)) + b"\0"
    content = Path("a.gif").read_bytes()
    assert content.endswith(b";")
    Path("a.gif").write_bytes(content[:-1] + b"!\xff\x0bXMP DataXMP" + PACKET + trailer + b";")
    assert (b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + PACKET) in chunks_in(done(run, "a.gif", "b.png"))
    says = "imfilt: a.gif: GIF does not hold its XMP data; it is left out (JPEG and PNG keep it)\n"
    done(run, "a.gif", "b.gif", says=says)


# A resolution in one format, and what it is in another: PNG counts in metres, of which 39.37 inches are one.
RESOLUTIONS: dict[str, tuple[str, tuple[int, int, int], dict[str, tuple[float, ...]]]] = {
    "jpg, inch": ("a.jpg", (1, 300, 72), {"png": (11811, 2835, 1), "tif": (300, 72, 2), "jpg": (1, 300, 72)}),
    "jpg, cm": ("a.jpg", (2, 118, 59), {"png": (11800, 5900, 1), "tif": (118, 59, 3), "jpg": (2, 118, 59)}),
    "jpg, ratio": ("a.jpg", (0, 3, 4), {"png": (3, 4, 0), "tif": (3, 4, 1)}),
    "png, metre": ("a.png", (11811, 2835, 1), {"jpg": (1, 300, 72), "tif": (118.11, 28.35, 3)}),
    "png, ratio": ("a.png", (5, 4, 0), {"jpg": (0, 5, 4), "tif": (5, 4, 1)}),
}


def put_resolution(path: str, values: tuple[int, int, int]) -> None:
    picture().save(path)
    if path.endswith("png"):
        put_chunks(path, [(b"pHYs", struct.pack(">IIB", *values))])
    else:
        data = Path(path).read_bytes()
        Path(path).write_bytes(data[:13] + struct.pack(">BHH", *values) + data[18:])


def resolution_in(path: str) -> tuple[float, float, int]:
    if path.endswith("png"):
        return struct.unpack(">IIB", dict(chunks_in(path))[b"pHYs"])
    if path.endswith("tif"):
        tags = tiff_tags(path)
        return float(tags[282]), float(tags[283]), tags[296]
    unit, across, down = struct.unpack_from(">BHH", Path(path).read_bytes(), 13)
    return unit, across, down


@pytest.mark.parametrize("name", RESOLUTIONS)
def test_the_resolution_goes_from_unit_to_unit(run: Run, name: str) -> None:
    source, values, expected = RESOLUTIONS[name]
    put_resolution(source, values)
    for extension, there in expected.items():
        assert resolution_in(done(run, source, f"b.{extension}")) == pytest.approx(there)


def test_a_resolution_is_turned_with_the_picture(run: Run) -> None:
    picture().save("a.jpg", dpi=(300, 150), exif=b"Exif\0\0" + exif_bytes(orientation=6))
    assert resolution_in(done(run, "a.jpg")) == (1, 150, 300)


LOST = "{} does not hold its {}; it is left out ({})\n"


@pytest.mark.parametrize(
    ("kind", "target", "lines"),
    [
        ("text", "b.jpg", [("JPEG", "text chunks", "PNG keeps it")]),
        ("gamma", "b.jpg", [("JPEG", "gamma and primaries", "PNG keeps it")]),
        ("resources", "b.png", [("PNG", "image resources (IPTC data)", "JPEG and TIFF keep it")]),
        ("comment", "b.tif", [("TIFF", "comment", "JPEG and PNG keep it")]),
        (
            "all",
            "b.tga",
            [("TGA", thing, "JPEG and PNG keep it") for thing in ("EXIF data", "colour profile", "XMP data")],
        ),
        ("resolution", "b.ppm", [("PPM", "resolution", "JPEG and PNG keep it")]),
    ],
)
def test_what_a_format_cannot_hold_is_said_once_for_each_thing(
    run: Run, kind: str, target: str, lines: list[tuple[str, str, str]]
) -> None:
    picture().save("a.png")
    sources = {
        "text": lambda: put_chunks("a.png", TEXT),
        "gamma": lambda: put_chunks("a.png", GAMMA),
        "resources": lambda: jpeg_with("a.jpg", b"\xff\xed" + b"Photoshop 3.0\0" + RESOURCES),
        "comment": lambda: jpeg_with("a.jpg", b"\xff\xfe" + b"a comment"),
        "all": lambda: jpeg_with("a.jpg", exif=b"Exif\0\0" + exif_bytes(), icc_profile=PROFILE, xmp=PACKET),
        "resolution": lambda: picture().save("a.jpg", dpi=(300, 300)),
    }
    sources[kind]()
    source = "a.png" if kind in ("text", "gamma") else "a.jpg"
    result = run("apply", source, "-o", target, "-k", "identity")
    said = "".join(f"imfilt: {source}: {LOST.format(*line)}" for line in lines)
    assert (result.status, result.stderr) == (0, said)


def test_exif_data_too_long_for_a_jpeg_are_left_out_and_this_is_said(run: Run) -> None:
    data = exif_bytes() + bytes(70000)
    picture().save("a.png", exif=b"Exif\0\0" + data)
    result = run("apply", "a.png", "-o", "b.jpg", "-k", "identity")
    said = "imfilt: a.png: JPEG does not hold so much EXIF data; it is left out (PNG and TIFF keep it)\n"
    assert (result.status, result.stderr) == (0, said)


def test_directories_that_point_to_themselves_or_claim_gigabytes_are_met_with_calm(run: Run) -> None:
    loop = b"II*\0\x08\0\0\0" + struct.pack("<H", 60) + struct.pack("<HHII", 0x8769, 4, 1, 8) * 60 + bytes(4)
    large = b"II*\0\x08\0\0\0" + struct.pack("<HHHIII", 1, 37500, 7, 0xFFFFFFF0, 8, 0)
    for number, data in enumerate((loop, large)):
        picture().save(f"{number}.png", exif=b"Exif\0\0" + data)
        done(run, f"{number}.png", f"{number}.tif")
        assert Path(f"{number}.tif").stat().st_size < 100_000

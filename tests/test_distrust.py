"""Files that nobody vouches for: no more memory than allowed, no half pictures, no child process, no escapes."""

from __future__ import annotations

import io
import re
import struct
import subprocess
import sys
import tracemalloc
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gif
import numpy as np
import pytest
from conftest import Run
from PIL import Image, features

from imfilt.errors import PictureError
from imfilt.images.frames.reading import Frames
from imfilt.images.picture import Picture
from imfilt.images.reading import read_picture

pytestmark = pytest.mark.usefixtures("_in_own_folder")

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

SIGNATURE = b"\x89PNG\r\n\x1a\n"
BOMB = 300_000_000
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="for a POSIX system")


def refused(run: Run, source: str, *options: str) -> str:
    """Filter a file, which is to fail and to leave nothing behind, and return the one line that says why."""
    before = sorted(Path.cwd().iterdir())
    result = run("apply", source, "-k", "identity", *options)
    assert (result.status, result.stdout) == (1, b"")
    assert result.stderr.startswith("imfilt: ")
    assert result.stderr.count("\n") == 1
    assert sorted(Path.cwd().iterdir()) == before
    return result.stderr


def samples(channels: int = 3) -> Array:
    """Return a picture that is smooth, but for a little noise."""
    y, x = np.mgrid[:40, :50]
    waves = [128 + 60 * np.sin(x / (9 + c)) + 50 * np.cos(y / (11 + c)) for c in range(channels)]
    noise = np.random.default_rng(channels).integers(0, 9, (40, 50, channels))
    return (np.dstack(waves) + noise).astype(np.uint8).squeeze()


def saved(name: str, channels: int = 3, **settings: Any) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(samples(channels)).save(stream, name, **settings)
    return stream.getvalue()


def animated(name: str, **settings: Any) -> bytes:
    stream = io.BytesIO()
    first, *others = [Image.fromarray(np.roll(samples(), shift, 1)) for shift in (0, 7, 20)]
    first.save(stream, name, save_all=True, append_images=others, **settings)
    return stream.getvalue()


WHOLE: dict[str, Callable[[], bytes]] = {
    "png": lambda: saved("PNG"),
    "jpeg": lambda: saved("JPEG"),
    "progressive jpeg": lambda: saved("JPEG", progressive=True),
    "gif": lambda: saved("GIF", 1),
    "bmp": lambda: saved("BMP"),
    "ppm": lambda: saved("PPM"),
    "raw tiff": lambda: saved("TIFF"),
    "lzw tiff": lambda: saved("TIFF", compression="tiff_lzw"),
    "deflated tiff": lambda: saved("TIFF", compression="tiff_adobe_deflate"),
    "jpeg tiff": lambda: saved("TIFF", compression="jpeg"),
    "webp": lambda: saved("WEBP"),
    "lossless webp": lambda: saved("WEBP", lossless=True),
    "avif": lambda: saved("AVIF"),
    "jpeg 2000": lambda: saved("JPEG2000"),
    "tga": lambda: saved("TGA"),
    "rle tga": lambda: saved("TGA", compression="tga_rle"),
    "pcx": lambda: saved("PCX"),
    "sgi": lambda: saved("SGI"),
    "qoi": lambda: saved("QOI"),
    "animated gif": lambda: animated("GIF", duration=50),
    "animated png": lambda: animated("PNG", duration=50),
    "animated webp": lambda: animated("WEBP", duration=50),
    "animated avif": lambda: animated("AVIF", duration=50),
    "pages of tiff": lambda: animated("TIFF"),
}
PARTS = {"webp": "webp", "avif": "avif", "jpeg 2000": "jpg_2000"}


def whole_files() -> list[Any]:
    missing = {kind for kind in WHOLE for part, name in PARTS.items() if part in kind and not features.check(name)}
    return [pytest.param(kind, marks=pytest.mark.skipif(kind in missing, reason=f"no {kind}")) for kind in WHOLE]


def pixels(content: bytes) -> list[bytes]:
    picture = read_picture(io.BytesIO(content))
    if isinstance(picture, Picture):
        return [bytes(picture.memory) if picture.memory else picture.image.tobytes()]
    assert isinstance(picture, Frames)
    return [frame.image.tobytes() for frame in picture]


@pytest.mark.parametrize("kind", whole_files())
def test_a_file_that_is_cut_off_is_an_error_or_has_lost_no_sample(
    kind: str, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    content = WHOLE[kind]()
    expected = pixels(content)
    cuts = {*range(1, 30), *(len(content) * part // 50 for part in range(1, 50))}
    refusals = 0
    for cut in cuts:
        try:
            assert pixels(content[:-cut]) == expected, cut
        except PictureError:
            refusals += 1
    assert refusals > len(cuts) / 2
    assert capfdbinary.readouterr() == (b"", b"")


@pytest.mark.parametrize("kind", ["jpeg", "progressive jpeg"])
def test_a_jpeg_that_is_cut_off_anywhere_is_an_error(kind: str) -> None:
    content = WHOLE[kind]()
    for cut in range(1, len(content)):
        with pytest.raises(PictureError):
            read_picture(io.BytesIO(content[:-cut]))


def test_a_jpeg_with_something_behind_it_is_read() -> None:
    content = WHOLE["jpeg"]()
    assert pixels(content + bytes(10_000)) == pixels(content)


@pytest.mark.parametrize("kind", ["png", "animated png"])
def test_every_byte_of_a_png_counts(kind: str) -> None:
    content = WHOLE[kind]()
    for place in range(8, len(content), 7):
        broken = bytearray(content)
        broken[place] ^= 0x10
        with pytest.raises(PictureError):
            pixels(bytes(broken))


def test_a_gif_that_is_cut_off_between_two_frames_is_an_error(run: Run) -> None:
    parts = [gif.Part(np.full((4, 4), level, np.uint8), np.tile(np.arange(256)[:, None], 3)) for level in range(3)]
    content = gif.gif((4, 4), parts)
    place = content.rindex(b"!\xf9")
    Path("a.gif").write_bytes(content[:place])
    assert "truncated" in refused(run, "a.gif")
    Path("a.gif").write_bytes(content)
    assert len(pixels(content)) == 3


def chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(*before: bytes, size: tuple[int, int] = (4, 4), after: Sequence[bytes] = ()) -> bytes:
    """Return a grey PNG file of 4 × 4 that says it is of `size`, with further chunks."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(bytes(20)))
    return SIGNATURE + b"".join((header, *before, data, *after, chunk(b"IEND", b"")))


def packed_zeros(length: int) -> bytes:
    packer = zlib.compressobj(9)
    return b"".join(packer.compress(bytes(1_000_000)) for _ in range(length // 1_000_000)) + packer.flush()


BOMBS: dict[str, Callable[[bytes], bytes]] = {
    "zTXt": lambda data: chunk(b"zTXt", b"Comment\0\0" + data),
    "iTXt": lambda data: chunk(b"iTXt", b"Comment\0\1\0\0\0" + data),
    "iCCP": lambda data: chunk(b"iCCP", b"profile\0\0" + data),
}


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize("kind", BOMBS)
def test_texts_and_profiles_that_unpack_to_hundreds_of_megabytes_are_refused(run: Run, kind: str, place: str) -> None:
    bomb = BOMBS[kind](packed_zeros(BOMB))
    if kind == "iCCP" and place == "after":
        bomb += BOMBS["zTXt"](packed_zeros(BOMB))  # a profile is looked for before the picture alone
    Path("a.png").write_bytes(png(bomb) if place == "before" else png(after=[bomb]))
    tracemalloc.start()
    try:
        refused(run, "a.png")
        assert tracemalloc.get_traced_memory()[1] < BOMB / 4
    finally:
        tracemalloc.stop()


def test_many_texts_that_are_hundreds_of_megabytes_together_are_refused(run: Run) -> None:
    text = packed_zeros(15_000_000)
    Path("a.png").write_bytes(png(*(BOMBS["zTXt"](text) for _ in range(20))))
    assert "Too much memory used in text chunks" in refused(run, "a.png")


def test_a_text_and_a_profile_of_a_few_megabytes_are_no_bombs(run: Run) -> None:
    Path("a.png").write_bytes(png(*(make(packed_zeros(5_000_000)) for make in BOMBS.values())))
    assert run("apply", "a.png", "-k", "identity").status == 0


@pytest.mark.parametrize("size", [(4, 5), (5, 4), (4, 400), (3000, 3000)])
def test_a_png_that_says_it_is_larger_than_it_is_is_an_error(run: Run, size: tuple[int, int]) -> None:
    Path("a.png").write_bytes(png(size=size))
    assert re.search("fewer rows|truncated", refused(run, "a.png"))


@pytest.mark.parametrize("tag", [256, 257])
@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "packbits", "tiff_adobe_deflate"])
def test_a_tiff_that_says_it_is_larger_than_it_is_is_an_error(run: Run, compression: str, tag: int) -> None:
    content = bytearray(saved("TIFF", compression=compression))
    (start,) = struct.unpack_from("<I", content, 4)
    (entries,) = struct.unpack_from("<H", content, start)
    (place,) = [
        each
        for each in range(start + 2, start + 2 + 12 * entries, 12)
        if content[each : each + 2] == struct.pack("<H", tag)
    ]
    struct.pack_into("<HII", content, place + 2, 4, 1, 9000)
    Path("a.tif").write_bytes(content)
    assert re.search("fewer strips|truncated|decoder error", refused(run, "a.tif"))


def test_what_pillow_logs_of_a_broken_tiff_is_not_printed() -> None:
    content = bytearray(saved("TIFF"))
    (start,) = struct.unpack_from("<I", content, 4)
    place = content.index(struct.pack("<HHI", 277, 3, 1), start)
    struct.pack_into("<H", content, place + 8, 2048)  # samples a pixel
    Path("a.tif").write_bytes(content)
    command = [sys.executable, "-m", "imfilt", "apply", "a.tif", "-k", "identity"]  # here pytest would listen
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stderr.count("\n")) == (1, 1)
    assert result.stderr.startswith("imfilt: a.tif: 2045 further channels of unknown meaning")


def test_pages_of_a_tiff_that_go_in_a_circle_are_an_error(run: Run) -> None:
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite("a.tif", np.zeros((4, 5, 3), np.float32), photometric="rgb", metadata=None)
    content = bytearray(Path("a.tif").read_bytes())
    (start,) = struct.unpack_from("<I", content, 4)
    (entries,) = struct.unpack_from("<H", content, start)
    struct.pack_into("<I", content, start + 2 + 12 * entries, start)
    Path("a.tif").write_bytes(content)
    assert "its pages go in a circle" in refused(run, "a.tif")


def test_what_pillow_warns_of_while_it_writes_is_not_printed() -> None:
    Image.new("I;16", (40, 30)).save("a.tif")
    content = bytearray(Path("a.tif").read_bytes())
    (start,) = struct.unpack_from("<I", content, 4)
    place = content.index(struct.pack("<HHI", 284, 3, 1), start)
    struct.pack_into("<I", content, place + 4, 254)  # values of a tag that has one
    Path("a.tif").write_bytes(content)
    command = [sys.executable, "-m", "imfilt", "apply", "a.tif", "-k", "identity", "-o", "b.tif"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout, result.stderr) == (0, "b.tif\n", "")


@pytest.mark.parametrize("name", ["basi2c16.png", "basi6a16.png"])
def test_what_decoders_log_of_interlaced_pictures_is_not_printed(name: str) -> None:
    path = Path(__file__).parent / "pngsuite" / name
    command = [sys.executable, "-m", "imfilt", "apply", str(path), "-k", "identity", "-o", "a.png"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert all(line.startswith(f"imfilt: {path}: ") for line in result.stderr.splitlines())
    assert result.stderr.count("\n") == (result.returncode == 1)


def jpeg(side: int) -> bytes:
    """Return a small JPEG whose header says that it has so many rows and columns."""
    stream = io.BytesIO()
    Image.new("RGB", (8, 8)).save(stream, "JPEG")
    return stream.getvalue().replace(struct.pack(">HH", 8, 8), struct.pack(">HH", side, side), 1)


def test_as_many_pixels_as_are_allowed_are_read(run: Run) -> None:
    for path in ("a.jpg", "a.png"):
        Image.new("RGB", (64, 48), "teal").save(path)
        line = refused(run, path, "--max-pixels", "3071")
        assert line.endswith(
            "it has 3072 pixels, more than the 3071 that are allowed; if you trust the file, use --max-pixels 3072\n"
        )
        assert run("apply", path, "-k", "identity", "--max-pixels", "3072").status == 0


def test_a_large_picture_is_refused_before_it_takes_memory(run: Run) -> None:
    size = 30_000
    for path, content in (
        ("a.png", png(size=(size, size))),
        ("a.jpg", jpeg(size)),
        ("a.bmp", b"BM" + struct.pack("<IIIIIIHHI", 54, 0, 54, 40, size, size, 1, 24, 0) + bytes(20)),
        ("a.ppm", f"P6 {size} {size} 255\n".encode() + bytes(99)),
        ("a.gif", b"GIF89a" + struct.pack("<HHBBB", size, size, 0, 0, 0) + b";"),
        ("a.qoi", b"qoif" + struct.pack(">IIBB", size, size, 3, 0) + bytes(20)),
        ("a.tga", struct.pack("<BBBHHBHHHHBB", 0, 0, 2, 0, 0, 0, 0, 0, size, size, 24, 0) + bytes(20)),
    ):
        Path(path).write_bytes(content)
        tracemalloc.start()
        try:
            line = refused(run, path)
            assert tracemalloc.get_traced_memory()[1] < 50_000_000
        finally:
            tracemalloc.stop()
        if path != "a.gif":
            assert "--max-pixels 900000000" in line


@pytest.mark.parametrize("name", ["\x1b[31mred\x07.png", "[bold]loud.png", "two\nlines.png", "\u202egnp.png"])
def test_nothing_of_a_name_steers_the_terminal(run: Run, name: str) -> None:
    Path(name).write_bytes(b"no picture")
    line = refused(run, name)
    assert line[:-1].isprintable()
    assert "[bold]" in line or "[bold]" not in name


def test_nothing_of_a_file_steers_the_terminal(run: Run) -> None:
    evil = b"\x1b[31m\x07[bold]\nsecond line"
    for content in (
        b"P6 " + evil + b" 255\n",
        png(chunk(b"zTXt", evil + b"\0\0" + b"no zlib")),
        SIGNATURE + chunk(b"IHDR", evil[:13]),
        png(chunk(evil[:4], evil)),
        png(chunk(b"acTL", evil)),
        saved("TIFF")[:8] + evil * 20,
    ):
        Path("a.png").write_bytes(content)
        result = run("apply", "a.png", "-k", "identity", "-v", "--overwrite")
        assert all(line.isprintable() for line in result.stderr.splitlines())
        assert b"\x1b" not in result.stdout
        assert result.status in (0, 1)


WATCH = """
import sys
started = []
names = ("subprocess.Popen", "os.exec", "os.posix_spawn", "os.spawn", "os.fork", "os.forkpty", "os.system", "pty.spawn")
sys.addaudithook(lambda event, arguments: started.append(event) if event in names else None)
from imfilt.cli import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    print(started, end.code, file=sys.stderr)
"""


def test_no_child_process_is_ever_started() -> None:
    postscript = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n%%EOF\n"
    binary = b"\xc5\xd0\xd3\xc6" + struct.pack("<II", 32, len(postscript)) + bytes(20) + postscript
    for extension in ("png", "jpg", "gif", "tif", "webp"):
        Path(f"text.{extension}").write_bytes(postscript)
        Path(f"binary.{extension}").write_bytes(binary)
    for index, (kind, make) in enumerate(WHOLE.items()):
        if not any(part in kind and not features.check(name) for part, name in PARTS.items()):
            Path(f"{index}.png").write_bytes(make())
            Path(f"cut-{index}.png").write_bytes(make()[:-400])
    command = [sys.executable, "-c", WATCH, "apply", ".", "-k", "edge3", "-o", "out/", "--runner", "serial"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    *lines, last = result.stderr.splitlines()
    assert last == "[] 1"
    assert sum("not a picture that imfilt reads" in line for line in lines) >= 10
    assert not any("Traceback" in line for line in lines)
    assert len(list(Path("out").iterdir())) >= 15


def limited(megabytes: int, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command with less memory than it may want."""
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))

    command = [sys.executable, "-m", "imfilt", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, preexec_fn=limit)


@POSIX
@pytest.mark.parametrize(("extension", "settings"), [("png", {}), ("tif", {"compression": "tiff_lzw"}), ("jpg", {})])
def test_a_picture_that_memory_does_not_hold_is_one_line_and_leaves_nothing(
    extension: str, settings: dict[str, Any]
) -> None:
    Image.new("RGB", (12_000, 10_000)).save(f"a.{extension}", **settings)
    result = limited(400, "apply", f"a.{extension}", "-k", "box3")
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr == f"imfilt: a.{extension}: not enough memory for this picture\n"
    assert [path.name for path in Path.cwd().iterdir()] == [f"a.{extension}"]


@POSIX
@pytest.mark.parametrize("megabytes", [60, 90, 130, 170, 210, 250])
def test_whatever_memory_there_is_there_is_a_picture_or_one_line(megabytes: int) -> None:
    Image.fromarray(np.tile(samples(), (20, 40, 1))).save("a.png")
    result = limited(megabytes, "apply", "a.png", "-k", "gaussian5")
    if result.returncode == 0:
        assert (result.stdout, result.stderr) == ("a_gaussian5.png\n", "")
        return
    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.count("\n") == 1
    assert "memory" in result.stderr.casefold()
    assert [path.name for path in Path.cwd().iterdir()] == ["a.png"]


@pytest.mark.parametrize("target", ["b.tga", "-"])
@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError("encoder error -2"), "TGA cannot be written: encoder error -2"),
        (MemoryError(), "not enough memory for this picture"),
        (KeyError("x"), "TGA cannot be written"),
    ],
    ids=["OSError", "MemoryError", "KeyError"],
)
def test_whatever_an_encoder_raises_is_one_line(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: Exception, says: str, target: str
) -> None:
    Path("a.tga").write_bytes(saved("TGA"))

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Image.Image, "save", fail)
    line = refused(run, "a.tga", "-o", target)
    assert line.startswith("imfilt: a.tga: ")
    assert says in line


def test_standard_input_that_does_not_end_is_refused(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("imfilt.images.sources._OTHER_BYTES", 100)
    for command in (("apply", "-", "-k", "edge3", "-o", "a.png"), ("explain", "-", "0", "0", "-k", "edge3")):
        result = run(*command, "--max-pixels", "50", stdin=bytes(901))
        assert (result.status, result.stderr.count("\n")) == (1, 1)
        assert "it does not end within 900 bytes, more than a picture of 50 pixels takes" in result.stderr
        assert "not a picture" in run(*command, "--max-pixels", "50", stdin=bytes(900)).stderr

"""Several frames or pages: each is filtered as it is seen, and seen as long as it was."""

from __future__ import annotations

import io
import struct
import weakref
import zlib
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gif
import numpy as np
import pytest
import tifffile
from conftest import Result, Run
from PIL import Image, ImageCms, features
from PIL.TiffImagePlugin import TiffImageFile
from scipy.signal import convolve2d

from imfilt.images.formats import EXTENSIONS, FORMATS
from imfilt.images.frames.frame import Frame, Show
from imfilt.images.frames.writing import encode_frames
from imfilt.images.picture import Picture
from imfilt.images.reading import read_picture

pytestmark = pytest.mark.usefixtures("_in_own_folder")

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

HEIGHT, WIDTH = 12, 14
PARTS = {"webp": "webp", "avif": "avif"}
DURATIONS = [100, 250, 70]


def needs(extension: str) -> pytest.MarkDecorator:
    missing = extension in PARTS and not features.check(PARTS[extension])
    return pytest.mark.skipif(missing, reason=f"Pillow was built without {extension}")


def kinds(*extensions: str) -> list[Any]:
    return [pytest.param(extension, marks=needs(extension)) for extension in extensions]


def noise(*shape: int, seed: int = 0) -> Array:
    return np.random.default_rng((*shape, seed)).integers(0, 256, shape, dtype=np.uint8)


def soft(channels: int, shift: int) -> Array:
    """Return a frame that the lossy formats keep well."""
    y, x = np.mgrid[:48, :64]
    waves = [128 + 60 * np.sin((x + shift) / (9 + c)) + 50 * np.cos(y / (11 + c)) for c in range(channels)]
    return np.dstack(waves).astype(np.uint8)


def save(path: str, frames: Sequence[Array], **settings: Any) -> None:
    first, *others = [Image.fromarray(frame) for frame in frames]
    if path.endswith(".webp"):
        settings.setdefault("lossless", True)
        settings.setdefault("exact", True)
    first.save(path, save_all=True, append_images=others, **settings)


def shown(path: str | Path) -> list[tuple[Array, int]]:
    """Return all frames of a file in RGBA, and for how many milliseconds they are seen."""
    with Image.open(path) as image:
        frames = []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            image.load()
            frames.append((np.asarray(image.convert("RGBA")), image.info.get("duration", 0)))
        return frames


def looks(path: str | Path) -> list[Array]:
    return [visible(frame) for frame, _ in shown(path)]


def durations(path: str | Path) -> list[int]:
    return [duration for _, duration in shown(path)]


def loop(path: str | Path) -> object:
    with Image.open(path) as image:
        image.load()
        return image.info.get("loop")


def visible(frame: Array) -> Array:
    """Return a frame in RGBA with nothing where nothing is seen."""
    return np.where(frame[..., 3:] > 0, frame, 0)


def filtered(run: Run, source: str, target: str, *options: str) -> list[Array]:
    """Filter a file without a word, with identity unless the options say otherwise; return the frames written."""
    result = run("apply", source, "-o", target, *(options or ("-k", "identity")))
    assert result == Result(0, target.encode() + b"\n", "")
    return looks(target)


def refused(run: Run, source: str, *options: str) -> str:
    """Filter a file, which is to fail, and return the one line that says why."""
    before = sorted(Path.cwd().iterdir())
    result = run("apply", source, "-k", "identity", *options)
    assert (result.status, result.stdout) == (1, b"")
    assert result.stderr.startswith(f"imfilt: {source}: ")
    assert result.stderr.count("\n") == 1
    assert sorted(Path.cwd().iterdir()) == before
    return result.stderr


def assert_alike(frames: Sequence[Array], others: Sequence[Array]) -> None:
    assert len(frames) == len(others)
    for index, (frame, other) in enumerate(zip(frames, others, strict=True)):
        assert np.array_equal(frame, other), f"frame {index}"


def partial_frames(disposals: Sequence[int], *, clear: bool) -> list[gif.Part]:
    """Return a whole frame, and smaller ones over it, each with a palette of its own."""
    rng = np.random.default_rng(disposals)
    sizes = [(HEIGHT, WIDTH), (6, 5), (4, 9), (7, 7), (3, 3)]
    places = [(0, 0), (2, 3), (5, 1), (0, 6), (8, 10)]
    return [
        gif.Part(
            rng.integers(0, 256 if size[0] > 8 else 40, size, dtype=np.uint8),
            rng.integers(0, 256, (256, 3)),
            place,
            disposal,
            clear=int(rng.integers(0, 4)) if clear else None,
            duration=int(rng.integers(2, 30)),
        )
        for size, place, disposal in zip(sizes, places, disposals, strict=True)
    ]


@pytest.mark.parametrize("order", [(1, 1, 1, 1, 1), (1, 2, 1, 2, 1), (1, 3, 1, 3, 3), (2, 3, 1, 2, 1), (1, 2, 3, 3, 2)])
def test_partial_frames_of_gif_look_the_same_frame_by_frame(run: Run, order: tuple[int, ...]) -> None:
    parts = partial_frames(order, clear=True)
    Path("a.gif").write_bytes(gif.gif((HEIGHT, WIDTH), parts))
    expected = gif.seen((HEIGHT, WIDTH), parts)
    assert_alike(filtered(run, "a.gif", "b.gif"), expected)
    assert durations("b.gif") == [10 * part.duration for part in parts]
    assert loop("b.gif") == 0
    assert_alike(filtered(run, "a.gif", "b.png"), expected)
    assert durations("b.png") == durations("b.gif")


@pytest.mark.parametrize("order", [(1, 1, 1, 1, 1), (1, 3, 1, 3, 3)])
def test_partial_frames_without_transparency_look_the_same(run: Run, order: tuple[int, ...]) -> None:
    parts = partial_frames(order, clear=False)
    Path("a.gif").write_bytes(gif.gif((HEIGHT, WIDTH), parts, loop=None))
    assert_alike(filtered(run, "a.gif", "b.gif"), gif.seen((HEIGHT, WIDTH), parts))
    assert loop("b.gif") is None


def test_frames_of_more_colours_than_one_palette_holds_stay_exact(run: Run) -> None:
    palettes = [noise(256, 3, seed=seed) for seed in range(4)]
    indices = np.random.default_rng(1).permutation(256).astype(np.uint8).reshape(16, 16)
    parts = [gif.Part(indices, palettes[0]), *(gif.Part(indices[4:9], each, (each[0, 0] % 9, 0)) for each in palettes)]
    Path("a.gif").write_bytes(gif.gif((16, 16), parts))
    expected = gif.seen((16, 16), parts)
    assert max(len(np.unique(frame.reshape(-1, 4), axis=0)) for frame in expected) > 256 - 1
    assert_alike(filtered(run, "a.gif", "b.gif"), expected)


def test_a_gif_that_gets_more_colours_than_it_holds_says_so(run: Run) -> None:
    save("a.gif", [noise(40, 40, 3, seed=seed) for seed in range(2)])
    for frame in ([], ["--frame", "1"]):
        result = run("apply", "a.gif", "-k", "gaussian3", "-o", "b.gif", "--overwrite", *frame)
        assert (result.status, result.stdout) == (0, b"b.gif\n")
        assert "reduced" in result.stderr
        assert result.stderr.count("\n") == 1
        exact = filtered(run, "a.gif", "c.png", "-k", "gaussian3", "--overwrite", *frame)
        for some, other in zip(looks("b.gif"), exact, strict=True):
            assert np.abs(some.astype(int) - other).mean() < 12


def test_what_does_not_move_does_not_flicker_where_colours_are_reduced(run: Run) -> None:
    first = noise(40, 40, 3)
    second = first.copy()
    second[5:10, 5:10] = noise(5, 5, 3)
    save("a.png", [first, second])
    assert "reduced" in run("apply", "a.png", "-k", "identity", "-o", "b.gif").stderr
    one, other = looks("b.gif")
    assert np.array_equal(one[10:], other[10:])
    assert np.array_equal(other[5:10, 5:10, :3], second[5:10, 5:10])


def test_alpha_that_gif_cannot_hold_is_cut_at_one_half_and_says_so(run: Run) -> None:
    frame = np.zeros((16, 16, 4), np.uint8)
    frame[..., 3] = np.arange(256).reshape(16, 16)
    Image.fromarray(frame).save("a.png")
    result = run("apply", "a.png", "-k", "identity", "-o", "b.gif")
    assert (result.status, result.stderr.count("\n")) == (0, 1)
    assert "alpha" in result.stderr
    assert np.array_equal(shown("b.gif")[0][0][..., 3] == 255, frame[..., 3] >= 128)


def apng(
    size: tuple[int, int],
    parts: Sequence[tuple[Array, tuple[int, int], int, int]],
    *,
    default: Array | None = None,
    claimed: int | None = None,
) -> bytes:
    """Return an animated PNG of RGB or RGBA parts: what, where (row, column), disposal, blending."""
    kind = {3: 2, 4: 6}[parts[0][0].shape[2]]
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", size[1], size[0], 8 * parts[0][0].itemsize, kind, 0, 0, 0))]
    chunks.append((b"acTL", struct.pack(">II", claimed or len(parts), 3)))
    sequence = 0
    if default is not None:
        chunks.append((b"IDAT", packed(default)))
    for index, (samples, (top, left), disposal, blending) in enumerate(parts):
        height, width = samples.shape[:2]
        numbers = (sequence, width, height, left, top, 1, 30 + index, disposal, blending)
        chunks.append((b"fcTL", struct.pack(">IIIIIHHBB", *numbers)))
        is_plain = index == 0 and default is None
        body = packed(samples) if is_plain else struct.pack(">I", sequence + 1) + packed(samples)
        chunks.append((b"IDAT" if is_plain else b"fdAT", body))
        sequence += 1 if is_plain else 2
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in (*chunks, (b"IEND", b""))
    )


def packed(samples: Array) -> bytes:
    return zlib.compress(b"".join(b"\0" + row.tobytes() for row in samples))


def composed(size: tuple[int, int], parts: Sequence[tuple[Array, tuple[int, int], int, int]]) -> list[Array]:
    """Return what is seen of the frames of `apng` (PNG, third edition, 11.3.6), whose alpha is 0 or 255."""
    canvas = np.zeros((*size, 4), np.uint8)
    frames = []
    for samples, (top, left), disposal, blending in parts:
        before = canvas.copy()
        place = slice(top, top + samples.shape[0]), slice(left, left + samples.shape[1])
        canvas[place] = samples if blending == 0 else np.where(samples[..., 3:] == 255, samples, canvas[place])
        frames.append(visible(canvas))
        if disposal == 1:
            canvas[place] = 0
        elif disposal == 2:
            canvas = before
    return frames


def apng_parts(disposals: Sequence[int], blendings: Sequence[int]) -> list[tuple[Array, tuple[int, int], int, int]]:
    sizes, places = [(HEIGHT, WIDTH), (6, 5), (4, 9), (7, 7)], [(0, 0), (2, 3), (5, 1), (0, 6)]
    parts = []
    for index, (size, place) in enumerate(zip(sizes, places, strict=True)):
        samples = noise(*size, 4, seed=index)
        samples[..., 3] = np.where(samples[..., 3] > 90, 255, 0)
        parts.append((samples, place, disposals[index], blendings[index]))
    return parts


@pytest.mark.parametrize("has_default", [False, True])
@pytest.mark.parametrize("blendings", [(0, 0, 0, 0), (0, 1, 1, 1), (1, 0, 1, 0)])
@pytest.mark.parametrize("disposals", [(0, 0, 0, 0), (0, 1, 0, 1), (1, 2, 2, 0), (0, 2, 1, 0)])
def test_partial_frames_of_png_look_the_same_frame_by_frame(
    run: Run, disposals: tuple[int, ...], blendings: tuple[int, ...], has_default: bool
) -> None:
    parts = apng_parts(disposals, blendings)
    default = noise(HEIGHT, WIDTH, 4, seed=9) if has_default else None
    Path("a.png").write_bytes(apng((HEIGHT, WIDTH), parts, default=default))
    result = filtered(run, "a.png", "b.png")
    if default is not None:
        assert np.array_equal(result.pop(0), visible(default))
    assert_alike(result, composed((HEIGHT, WIDTH), parts))
    with Image.open("b.png") as image:
        image.load()
        assert (image.info["loop"], image.info.get("default_image", False)) == (3, has_default)
    fractions = [struct.unpack(">HH", each) for each in controls(Path("b.png").read_bytes())]
    assert fractions == [(1, 30 + index) for index in range(4)]


@pytest.mark.parametrize("disposal", [1, 2])
def test_before_the_first_frame_of_a_png_without_alpha_nothing_is_seen(run: Run, disposal: int) -> None:
    samples = [noise(HEIGHT, WIDTH, 3), noise(1, 1, 3)]
    opaque = [np.dstack((each, np.full(each.shape[:2], 255, np.uint8))) for each in samples]
    for name, (first, second) in {"a.png": samples, "opaque.png": opaque}.items():
        parts = [(first, (0, 0), disposal, 0), (second, (2, 3), 0, 0)]
        Path(name).write_bytes(apng((HEIGHT, WIDTH), parts))
    result = filtered(run, "a.png", "b.png")
    assert_alike(result, looks("opaque.png"))  # as Pillow reads it; without alpha, nothing is black to Pillow
    assert np.argwhere(result[1][..., 3]).tolist() == [[2, 3]]


def controls(content: bytes) -> Iterator[bytes]:
    """Yield the duration of each frame of a PNG file, a numerator and a denominator of 16 bits."""
    place = content.find(b"fcTL")
    while place >= 0:
        yield content[place + 24 : place + 28]
        place = content.find(b"fcTL", place + 4)


def test_a_picture_for_where_nothing_moves_is_left_out_where_there_is_no_room_for_it(run: Run) -> None:
    parts = apng_parts((0, 0, 0, 0), (0, 0, 0, 0))
    Path("a.png").write_bytes(apng((HEIGHT, WIDTH), parts, default=noise(HEIGHT, WIDTH, 4)))
    result = run("apply", "a.png", "-k", "identity", "-o", "b.gif")
    assert (result.status, result.stderr.count("\n")) == (0, 1)
    assert "left out" in result.stderr
    assert_alike(looks("b.gif"), composed((HEIGHT, WIDTH), parts))


@pytest.mark.parametrize("extension", kinds("webp", "avif"))
def test_what_a_file_carries_stays_where_its_first_picture_is_left_out(run: Run, extension: str) -> None:
    exif = Image.Exif()
    exif[315] = "An Artist"
    save("a.png", [soft(3, shift) for shift in (0, 5, 9)], default_image=True, exif=exif.tobytes())
    assert run("apply", "a.png", "-k", "identity", "-o", f"b.{extension}").status == 0
    with Image.open(f"b.{extension}") as image:
        assert getattr(image, "n_frames", 1) == 2
        assert image.getexif()[315] == "An Artist"


@pytest.mark.parametrize("options", [(), ("--frame", "0")])
def test_frames_of_png_that_pillow_would_cut_are_refused(run: Run, options: tuple[str, ...]) -> None:
    parts = [(each[0].astype(">u2") * 257, *each[1:]) for each in apng_parts((0,) * 4, (0,) * 4)]
    Path("a.png").write_bytes(apng((HEIGHT, WIDTH), parts))
    assert "with alpha of 16 bits cannot be composed" in refused(run, "a.png", *options)


def pages() -> list[Image.Image]:
    return [
        Image.fromarray(noise(9, 8)),
        Image.fromarray(noise(5, 20, 3)),
        Image.frombytes("CMYK", (6, 7), noise(7, 6, 4).tobytes()),
        Image.frombytes("I;16", (4, 3), noise(3, 4, 2).tobytes()),
    ]


def test_pages_of_tiff_keep_size_mode_and_what_each_carries(run: Run) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    first, second, *others = pages()
    first.info["dpi"] = second.encoderinfo = {}
    stream = io.BytesIO()
    first.encoderinfo = {}
    second.encoderinfo = {"icc_profile": profile, "dpi": (200, 300)}
    first.save(stream, "TIFF", save_all=True, append_images=[second, *others], compression="tiff_lzw", dpi=(72, 72))
    Path("a.tif").write_bytes(stream.getvalue())
    assert run("apply", "a.tif", "-k", "identity", "-o", "b.tif") == Result(0, b"b.tif\n", "")
    with Image.open("a.tif") as source, Image.open("b.tif") as result:
        assert isinstance(source, TiffImageFile)
        assert isinstance(result, TiffImageFile)
        assert (source.n_frames, result.n_frames) == (4, 4)
        for index, page in enumerate(pages()):
            source.seek(index)
            result.seek(index)
            assert (result.mode, result.size, result.tobytes()) == (page.mode, page.size, page.tobytes())
            for key in ("dpi", "icc_profile", "compression"):
                assert result.info.get(key) == source.info.get(key), (index, key)
        source.seek(1)
        assert source.info.get("dpi") == (200, 300)
        assert source.info.get("icc_profile") == profile


def test_pages_of_tiff_keep_their_exif_directories(run: Run) -> None:
    taken = ["2024:05:06 07:08:01", "2024:05:06 07:08:02"]
    files = []
    for index, when in enumerate(taken):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[36867] = when
        exif.get_ifd(0x8825).update({1: "N", 2: (52.0, 30.0, float(index))})
        stream = io.BytesIO()
        Image.fromarray(noise(9, 8, seed=index)).save(stream, "TIFF", exif=exif.tobytes())
        files.append(stream.getvalue())
    frames = [Frame(picture) for content in files if isinstance(picture := read_picture(io.BytesIO(content)), Picture)]
    with Path("a.tif").open("x+b") as stream_of_pages:
        encode_frames(frames, Show(2), stream_of_pages, FORMATS["TIFF"])
    assert run("apply", "a.tif", "-k", "identity", "-o", "b.tif") == Result(0, b"b.tif\n", "")
    for path in ("a.tif", "b.tif"):
        with Image.open(path) as image:
            for index, when in enumerate(taken):
                image.seek(index)
                assert np.array_equal(np.asarray(image), noise(9, 8, seed=index))
                exif = image.getexif()
                assert dict(exif.get_ifd(0x8769)) == {36867: when}
                assert dict(exif.get_ifd(0x8825)) == {1: "N", 2: (52.0, 30.0, float(index))}


def test_pages_of_one_bit_and_of_palettes_say_once_what_they_become(run: Run) -> None:
    grey, bits = Image.fromarray(noise(9, 8)), Image.fromarray(noise(9, 8)).convert("1")
    coloured = Image.fromarray(noise(9, 8, 3)).quantize(16)
    grey.save("a.tif", save_all=True, append_images=[bits, coloured, bits])
    result = run("apply", "a.tif", "-k", "identity", "-o", "b.tif")
    told = ["it has one bit a sample, and its result is grey", "it has a palette, and its result is full colour (RGB)"]
    assert result == Result(0, b"b.tif\n", "".join(f"imfilt: a.tif: {note}\n" for note in told))
    both = run("apply", "a.tif", "-k", "edge1", "-k", "edge3", "--each")
    assert (both.status, both.stderr) == (0, result.stderr)


def test_pages_of_several_sizes_go_into_tiff_alone(run: Run) -> None:
    first, second, *_ = pages()
    first.save("a.tif", save_all=True, append_images=[second])
    line = refused(run, "a.tif", "-o", "b.png")
    assert "frame 1 is 20 x 5 and frame 0 8 x 9" in line
    assert "TIFF" in line


def scaled(frames: Sequence[Array], normalize: str) -> list[Array]:
    """Return frames of one channel after edge3, stretched together, in exact arithmetic."""
    kernel = np.full((3, 3), -1) + 9 * (np.arange(9).reshape(3, 3) == 4)
    sums = [convolve2d(np.pad(frame.astype(int), 1, "edge"), kernel, "valid") for frame in frames]
    if normalize == "peak":
        sums = [np.abs(each) for each in sums]
    low = 0 if normalize == "peak" else min(int(each.min()) for each in sums)
    high = max(int(each.max()) for each in sums)

    def level(value: int) -> int:
        return int((Fraction(int(value) - low) * 255 / (high - low) + Fraction(1, 2)) // 1)

    return [np.vectorize(level)(each).astype(np.uint8) for each in sums]


@pytest.mark.parametrize("normalize", ["peak", "minmax"])
@pytest.mark.parametrize("extension", ["png", "tif"])
def test_peak_and_minmax_look_at_all_frames_together(run: Run, extension: str, normalize: str) -> None:
    frames = [noise(HEIGHT, WIDTH) // 5 + 90, noise(HEIGHT, WIDTH, seed=1), noise(HEIGHT, WIDTH, seed=2) // 9]
    save(f"a.{extension}", frames)
    target = f"b.{extension}"
    result = filtered(run, f"a.{extension}", target, "-k", "edge3", "--normalize", normalize)
    assert_alike([each[..., 0] for each in result], scaled(frames, normalize))
    alone = filtered(run, f"a.{extension}", f"c.{extension}", "-k", "edge3", "--normalize", normalize, "--frame", "0")
    assert_alike([each[..., 0] for each in alone], scaled(frames[:1], normalize))


@pytest.mark.parametrize("extension", kinds("gif", "png", "tif", "webp", "avif"))
def test_one_frame_can_be_chosen(run: Run, extension: str) -> None:
    save(f"a.{extension}", [noise(HEIGHT, WIDTH, 3, seed=seed) for seed in range(3)])
    source = looks(f"a.{extension}")
    for index, frame in enumerate(source):
        options = ("-k", "identity", "--frame", str(index), "--overwrite")
        assert_alike(filtered(run, f"a.{extension}", "b.png", *options), [frame])
    line = refused(run, f"a.{extension}", "--frame", "3")
    assert "no frame 3" in line
    assert "0 to 2" in line
    assert run("apply", f"a.{extension}", "-k", "identity", "--frame", "1", "-o", "b.jpg").status == 0


def test_a_single_picture_has_frame_0(run: Run) -> None:
    Image.fromarray(noise(HEIGHT, WIDTH, 3)).save("a.png")
    assert_alike(filtered(run, "a.png", "b.png", "-k", "identity", "--frame", "0"), looks("a.png"))
    assert "one frame, 0" in refused(run, "a.png", "--frame", "1")
    assert run("apply", "a.png", "-k", "identity", "--frame", "-1").status == 2


def test_a_format_of_single_pictures_names_what_to_do(run: Run) -> None:
    save("a.gif", [noise(HEIGHT, WIDTH, seed=seed) for seed in range(2)])
    for target in ("b.jpg", "b.bmp"):
        line = refused(run, "a.gif", "-o", target)
        assert "--frame N" in line
        assert "PNG (.png)" in line


@pytest.mark.parametrize("to", kinds("gif", "png", "webp", "avif", "tif"))
@pytest.mark.parametrize("extension", kinds("gif", "png", "webp"))
def test_frames_go_from_format_to_format(run: Run, extension: str, to: str) -> None:
    frames = [soft(3, shift)[::3, ::4] for shift in (0, 9, 20)]
    save(f"a.{extension}", frames, duration=DURATIONS, loop=0)
    result = run("apply", f"a.{extension}", "-k", "identity", "-o", f"b.{to}")
    assert result.status == 0
    source, target = shown(f"a.{extension}"), shown(f"b.{to}")
    assert len(source) == len(target) == 3
    for (frame, duration), (other, length) in zip(source, target, strict=True):
        assert np.abs(frame.astype(int) - other).max() <= (0 if to in ("png", "tif", "gif") else 40)
        assert duration == length or to == "tif"
    assert ("how long" in result.stderr) == (to == "tif")


def test_durations_add_up_where_a_format_counts_in_larger_steps(run: Run) -> None:
    save("a.png", [noise(HEIGHT, WIDTH, seed=seed) for seed in range(6)], duration=33)
    filtered(run, "a.png", "b.gif")
    assert durations("b.gif") == [30, 40, 30, 30, 30, 40]


def test_a_duration_that_a_format_cannot_say_is_refused(run: Run) -> None:
    save("a.tif", [noise(HEIGHT, WIDTH, seed=seed) for seed in range(2)])
    assert run("apply", "a.tif", "-k", "identity", "-o", "b.gif").status == 0
    assert durations("b.gif") == [100, 100]
    show = Show(1)
    long = Frame(Picture(Image.fromarray(noise(3, 3))), Fraction(10**9))
    for extension in ("GIF", "PNG"):
        with pytest.raises(Exception, match="longer than"):
            encode_frames([long], show, io.BytesIO(), FORMATS[extension])


def test_frames_that_the_file_claims_and_does_not_have_are_an_error(run: Run) -> None:
    parts = apng_parts((0, 0, 0, 0), (0, 0, 0, 0))
    Path("a.png").write_bytes(apng((HEIGHT, WIDTH), parts, claimed=6))
    assert "frame 4 of 6 is missing" in refused(run, "a.png")


def test_standard_output_gets_all_frames(run: Run) -> None:
    save("a.gif", [noise(HEIGHT, WIDTH, seed=seed) for seed in range(3)])
    result = run("apply", "-", "-k", "identity", stdin=Path("a.gif").read_bytes())
    assert (result.status, result.stderr) == (0, "")
    Path("b.gif").write_bytes(result.stdout)
    assert_alike(looks("b.gif"), looks("a.gif"))


def test_each_kernel_makes_an_animation_of_its_own(run: Run) -> None:
    save("a.png", [noise(HEIGHT, WIDTH, seed=seed) for seed in range(3)])
    result = run("apply", "a.png", "-k", "identity", "-k", "box3", "--each")
    assert result == Result(0, b"a_identity.png\na_box3.png\n", "")
    assert_alike(looks("a_identity.png"), looks("a.png"))
    assert len(looks("a_box3.png")) == 3


def test_the_pixels_of_all_frames_count(run: Run) -> None:
    save("a.gif", [noise(10, 10, seed=seed) for seed in range(3)])
    save("a.tif", [noise(10, 10, seed=seed) for seed in range(3)])
    for path in ("a.gif", "a.tif"):
        assert "--max-pixels 300" in refused(run, path, "--max-pixels", "299")
        filtered(run, path, f"b{path[1:]}", "-k", "identity", "--max-pixels", "300")


@pytest.mark.parametrize("extension", kinds("gif", "png", "tif", "webp", "avif"))
def test_frames_are_written_before_the_next_are_made(extension: str) -> None:
    made: list[weakref.ref[Image.Image]] = []
    most = 0

    def frames() -> Iterator[Frame]:
        nonlocal most
        for seed in range(12):
            image = Image.fromarray(noise(HEIGHT, WIDTH, 3, seed=seed))
            made.append(weakref.ref(image))
            most = max(most, sum(each() is not None for each in made))
            yield Frame(Picture(image), Fraction(50))
            del image

    encode_frames(frames(), Show(12), io.BytesIO(), EXTENSIONS[f".{extension}"])
    assert most <= 4


@pytest.mark.parametrize("extension", kinds("gif", "png", "webp", "avif"))
def test_a_frame_that_is_chosen_carries_what_the_file_does(run: Run, extension: str) -> None:
    exif = Image.Exif()
    exif[315] = "An Artist"
    frames = [soft(3, shift) for shift in (0, 5)]
    settings = {"comment": b"hello"} if extension == "gif" else {"exif": exif.tobytes()}
    save(f"a.{extension}", frames, **settings)
    target = "b.gif" if extension == "gif" else "b.jpg"
    result = run("apply", f"a.{extension}", "-k", "identity", "--frame", "1", "-o", target)
    assert result == Result(0, target.encode() + b"\n", "")
    with Image.open(target) as image:
        assert image.info.get("comment") == b"hello" or image.getexif()[315] == "An Artist"


def test_floats_in_colour_have_pages_that_can_be_chosen(run: Run) -> None:
    pages = np.random.default_rng(1).normal(size=(3, 9, 8, 3)).astype("float32")
    tifffile.imwrite("a.tif", pages, photometric="rgb")
    assert run("apply", "a.tif", "-k", "identity", "-o", "b.tif", "--frame", "2") == Result(0, b"b.tif\n", "")
    assert np.array_equal(tifffile.imread("b.tif"), pages[2])
    assert "there is no frame 3: it has 3 frames, 0 to 2" in refused(run, "a.tif", "--frame", "3")
    assert "216 pixels" in refused(run, "a.tif", "--max-pixels", "215")

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import Run
from PIL import Image, features
from scipy.signal import correlate2d

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

PHOTOGRAPHS = Path(__file__).parent / "exif-orientation"
TAG, EXIF_FOLDER, ACROSS, DOWN = 274, 0x8769, 0xA002, 0xA003

# What is stored at row r and column c of a picture of so many rows and columns, if it is seen at y and x upright:
# "the 0th row is at the visual … of the image, and the 0th column is the visual …" (Exif 2.32, 4.6.4 A).
STORED: dict[int, Callable[[int, int, int, int], tuple[int, int]]] = {
    1: lambda y, x, _h, _w: (y, x),
    2: lambda y, x, _h, w: (y, w - 1 - x),
    3: lambda y, x, h, w: (h - 1 - y, w - 1 - x),
    4: lambda y, x, h, _w: (h - 1 - y, x),
    5: lambda y, x, _h, _w: (x, y),
    6: lambda y, x, _h, w: (w - 1 - x, y),
    7: lambda y, x, h, w: (w - 1 - x, h - 1 - y),
    8: lambda y, x, h, _w: (x, h - 1 - y),
}
ORIENTATIONS = pytest.mark.parametrize("orientation", STORED)


def seen(stored: Array, orientation: int) -> Array:
    height, width = stored.shape[:2] if orientation < 5 else stored.shape[1::-1]
    place = STORED[orientation]
    return np.array([[stored[place(y, x, height, width)] for x in range(width)] for y in range(height)])


def exif_of(orientation: int, size: tuple[int, int]) -> Image.Exif:
    exif = Image.Exif()
    exif[TAG] = orientation
    exif[271] = "Maker"
    exif.get_ifd(EXIF_FOLDER).update({ACROSS: size[0], DOWN: size[1], 37500: b"\1\2\3 maker's own"})
    return exif


def load(path: Path) -> Image.Image:
    with Image.open(path) as image:
        image.load()
        return image


@ORIENTATIONS
def test_a_directional_kernel_acts_on_a_photograph_as_it_is_seen(run: Run, tmp_path: Path, orientation: int) -> None:
    source, target = PHOTOGRAPHS / f"Landscape_{orientation}.jpg", tmp_path / "b.png"
    stored = load(source)
    assert stored.getexif()[TAG] == orientation
    kernel = np.array([[1, 2, 3], [0, 0, 0], [-1, -1, 5]])
    options = ("-m", "1 2 3; 0 0 0; -1 -1 5", "--divisor", "9", "--correlate", "--size", "valid")
    assert run("apply", source, "-o", target, *options).status == 0
    upright = seen(np.asarray(stored).astype(int), orientation)
    sums = np.dstack([correlate2d(upright[..., channel], kernel, "valid") for channel in range(3)])
    assert np.array_equal(np.asarray(load(target)), np.clip((2 * sums + 9) // 18, 0, 255))


def test_all_eight_photographs_become_the_same_picture(run: Run, tmp_path: Path) -> None:
    assert run("apply", *sorted(PHOTOGRAPHS.glob("*.jpg")), "-o", f"{tmp_path}/", "-k", "identity").status == 0
    results = [load(tmp_path / f"Landscape_{orientation}.jpg") for orientation in STORED]
    assert {image.size for image in results} == {(60, 40)}
    assert {image.getexif()[TAG] for image in results} == {1}
    mean = np.mean([np.asarray(image).astype(float) for image in results], axis=0)
    assert all(np.abs(np.asarray(image) - mean).mean() < 4 for image in results)


FORMATS_WITH_EXIF = ["a.jpg", "a.png", "a.tif", "a.webp", "a.avif"]
MODES_WITH_EXIF = [
    ("a.png", "L"),
    ("a.png", "LA"),
    ("a.png", "RGBA"),
    ("a.png", "I;16"),
    ("a.png", "P"),
    ("a.tif", "F"),
]


@ORIENTATIONS
@pytest.mark.parametrize("name", FORMATS_WITH_EXIF)
def test_every_format_that_says_how_it_is_seen_is_turned_once(
    run: Run, tmp_path: Path, name: str, orientation: int
) -> None:
    if name[2:] in ("webp", "avif") and not features.check(name[2:]):
        pytest.skip("Pillow was built without it")
    y, x = np.mgrid[:40, :56]
    stored = np.dstack([x * 4, y * 5, 255 - x - y]).astype("uint8")
    Image.fromarray(stored).save(tmp_path / name, exif=exif_of(orientation, (56, 40)).tobytes(), quality=100)
    for number, source in enumerate((name, "b0.png")):  # what was turned once is not turned again
        assert run("apply", tmp_path / source, "-o", tmp_path / f"b{number}.png", "-k", "identity").status == 0
        result = load(tmp_path / f"b{number}.png")
        upright = seen(stored, orientation)
        assert result.size == upright.shape[1::-1]
        assert np.abs(np.asarray(result).astype(int) - upright).max() <= (
            6 if name[2:] in ("jpg", "webp", "avif") else 0
        )
        assert result.getexif().get(TAG, 1) == 1


@ORIENTATIONS
@pytest.mark.parametrize(("name", "mode"), MODES_WITH_EXIF)
def test_every_mode_is_turned(run: Run, tmp_path: Path, name: str, mode: str, orientation: int) -> None:
    samples = np.random.default_rng(5).integers(0, 200, (9, 7))
    if mode in ("LA", "RGBA"):
        samples = np.dstack([samples + channel for channel in range(len(mode))])
    kind = {"I;16": "<u2", "F": "float32"}.get(mode, "uint8")
    image = Image.frombytes(mode, (7, 9), samples.astype(kind).tobytes())
    if mode == "P":
        image.putpalette([level for index in range(256) for level in (index, 255 - index, 7)])
    exif = exif_of(orientation, image.size).tobytes()
    image.save(tmp_path / name, exif=exif)
    assert run("apply", tmp_path / name, "-k", "identity").status == 0
    result = load(tmp_path / f"a_identity{name[1:]}")
    stored = np.asarray(image.convert("RGB") if mode == "P" else image)
    assert np.array_equal(np.asarray(result), seen(stored, orientation))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp"])
def test_of_the_exif_data_only_what_must_change_is_changed(run: Run, tmp_path: Path, name: str, order: str) -> None:
    """EXIF data with a thumbnail, of which the orientation stays, and bytes between the parts that nothing explains."""

    def exif(orientation: int, across: int, down: int) -> bytes:
        first = struct.pack(
            order + "HHHIHHHHIIHHII", 3, TAG, 3, 1, orientation, 0, 271, 2, 8, 100, EXIF_FOLDER, 4, 1, 60
        )
        first += struct.pack(order + "I", 120)
        second = struct.pack(order + "HHHIHHHHIII", 2, ACROSS, 3, 1, across, 0, DOWN, 4, 1, down, 0)
        third = struct.pack(order + "HHHIHHI", 1, TAG, 3, 1, 8, 0, 0)
        start = b"II*\0" if order == "<" else b"MM\0*"
        data = start + struct.pack(order + "I", 8) + first.ljust(52, b"?") + second.ljust(40, b"!")
        return b"Exif\0\0" + data + b"a maker\0".ljust(20, b".") + third + b"what follows the end"

    image = Image.fromarray(np.zeros((10, 30, 3), "uint8"))
    image.save(tmp_path / name, exif=exif(6, 30, 10))
    assert run("apply", tmp_path / name, "-k", "identity").status == 0
    result = load(tmp_path / f"a_identity{name[1:]}")
    assert result.size == (10, 30)
    kept = result.info["exif"]
    assert kept.removeprefix(b"Exif\0\0") == exif(1, 10, 30).removeprefix(b"Exif\0\0")


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_exif_data_that_lie_turn_nothing(run: Run, tmp_path: Path) -> None:
    for number, data in enumerate((b"II*\0\xff\xff\xff\xff", b"II*\0\x08\0\0\0\xff\xff", b"nonsense", b"")):
        Image.new("L", (5, 3), 9).save(tmp_path / f"{number}.jpg", exif=b"Exif\0\0" + data)
        assert run("apply", tmp_path / f"{number}.jpg", "-k", "identity").status == 0
        assert load(tmp_path / f"{number}_identity.jpg").size == (5, 3)

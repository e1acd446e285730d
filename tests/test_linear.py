from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import Run
from PIL import Image, ImageCms
from scipy.signal import convolve2d

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

KERNEL = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]]) / 16


def noise(*shape: int, white: int = 255) -> Array:
    kind = "uint8" if white == 255 else "<u2"
    return np.random.default_rng(shape).integers(0, white + 1, shape).astype(kind)


def s15(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def profile(space: bytes, curves: dict[bytes, bytes]) -> bytes:
    """Return what of a colour profile matters here: a header, and curves."""
    header = bytearray(128)
    header[16:20], header[36:40] = space, b"acsp"
    place = 132 + 12 * len(curves)
    table, data = struct.pack(">I", len(curves)), b""
    for name, curve in curves.items():
        table += name + struct.pack(">II", place + len(data), len(curve))
        data += curve.ljust(-(-len(curve) // 4) * 4, b"\0")
    return bytes(header) + table + data


def srgb(x: float) -> float:
    return x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4


TABLE = [0, 100, 5000, 20000, 65535]


def from_table(x: float) -> float:
    place = min(int(x * 4), 3)
    low, high = TABLE[place], TABLE[place + 1]
    return (low + (high - low) * (x * 4 - place)) / 65535


CURVES: dict[str, tuple[bytes, Any]] = {
    "gamma": (b"curv" + bytes(4) + struct.pack(">IH", 1, 0x01CD), lambda x: x ** (461 / 256)),
    "straight": (b"curv" + bytes(4) + struct.pack(">I", 0), lambda x: x),
    "table": (b"curv" + bytes(4) + struct.pack(">I5H", 5, *TABLE), from_table),
    "para 0": (b"para" + bytes(4) + struct.pack(">HH", 0, 0) + s15(2.5), lambda x: x**2.5),
    "para 1": (
        b"para" + bytes(4) + struct.pack(">HH", 1, 0) + s15(2, 1.25, -0.25),
        lambda x: (1.25 * x - 0.25) ** 2 if x >= 0.2 else 0,
    ),
    "para 2": (
        b"para" + bytes(4) + struct.pack(">HH", 2, 0) + s15(2, 1, -0.25, 0.125),
        lambda x: (x - 0.25) ** 2 + 0.125 if x >= 0.25 else 0.125,
    ),
    "para 3": (
        b"para" + bytes(4) + struct.pack(">HH", 3, 0) + s15(2, 0.75, 0.25, 0.25, 0.25),
        lambda x: (0.75 * x + 0.25) ** 2 if x >= 0.25 else 0.25 * x,
    ),
    "para 4": (
        b"para" + bytes(4) + struct.pack(">HH", 4, 0) + s15(2, 0.75, 0.125, 0.25, 0.25, 0.0625, 0),
        lambda x: (0.75 * x + 0.125) ** 2 + 0.0625 if x >= 0.25 else 0.25 * x,
    ),
}


def levels(light: Array, curve: Any, white: int) -> Array:
    """Return the level whose limits lie around each light."""
    limits = np.array([curve((level + 0.5) / white) for level in range(white)])
    return np.array([[int((value >= limits).sum()) for value in row] for row in light])


def is_blurred(result: Array, samples: Array, curve: Any, white: int = 255) -> bool:
    """Return whether a result is the blur of the light of grey samples: either level where that lies on a limit."""
    light = np.array([[curve(int(level) / white) for level in row] for row in samples])
    light = convolve2d(np.pad(light, 1, "edge"), KERNEL, "valid")
    low, high = (levels(light + error, curve, white) for error in (-1e-13, 1e-13))
    assert (low != high).mean() < 0.1
    return bool(((low <= result) & (result <= high)).all())


def blurred(run: Run, path: Path, *options: str) -> Array:
    result = run("apply", path, "-o", path.with_name(f"b{path.suffix}"), "-k", "gaussian3", "--linear", *options)
    assert (result.status, result.stderr) == (0, "")
    with Image.open(path.with_name(f"b{path.suffix}")) as opened:
        return np.asarray(opened)


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_without_a_profile_the_light_is_that_of_srgb(run: Run, tmp_path: Path, name: str) -> None:
    samples = noise(19, 23, 3)
    Image.fromarray(samples).save(tmp_path / name)
    result = blurred(run, tmp_path / name)
    for channel in range(3):
        assert is_blurred(result[..., channel], samples[..., channel], srgb)


@pytest.mark.parametrize("kind", CURVES)
def test_the_curve_of_a_profile_is_followed(run: Run, tmp_path: Path, kind: str) -> None:
    data, curve = CURVES[kind]
    samples = noise(17, 15)
    Image.fromarray(samples).save(tmp_path / "a.png", icc_profile=profile(b"GRAY", {b"kTRC": data}))
    assert is_blurred(blurred(run, tmp_path / "a.png"), samples, curve)


def test_each_channel_has_its_curve(run: Run, tmp_path: Path) -> None:
    samples = noise(17, 15, 3)
    kinds = ("gamma", "para 3", "table")
    names = (b"rTRC", b"gTRC", b"bTRC")
    curves = {name: CURVES[kind][0] for name, kind in zip(names, kinds, strict=True)}
    Image.fromarray(samples).save(tmp_path / "a.png", icc_profile=profile(b"RGB ", curves))
    result = blurred(run, tmp_path / "a.png")
    for channel, kind in enumerate(kinds):
        assert is_blurred(result[..., channel], samples[..., channel], CURVES[kind][1])


def test_a_real_profile_of_srgb_is_nearly_as_none(run: Run, tmp_path: Path) -> None:
    samples = noise(19, 23, 3)
    data = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(samples).save(tmp_path / "a.png", icc_profile=data)
    result = blurred(run, tmp_path / "a.png").astype(int)
    Image.fromarray(samples).save(tmp_path / "a.tif")
    assert np.abs(result - blurred(run, tmp_path / "a.tif")).max() <= 1


def test_16_bits_are_encoded_to_the_nearest_level(run: Run, tmp_path: Path) -> None:
    samples = noise(9, 11, white=65535)
    Image.frombytes("I;16", (11, 9), samples.tobytes()).save(tmp_path / "a.png")
    assert is_blurred(blurred(run, tmp_path / "a.png"), samples, srgb, 65535)


def test_black_and_white_mix_to_the_grey_of_half_the_light(run: Run, tmp_path: Path) -> None:
    samples = np.tile(np.array([0, 255], "uint8"), (8, 8))
    Image.fromarray(samples).save(tmp_path / "a.png")
    assert blurred(run, tmp_path / "a.png")[4, 4] == 188  # not 128, as of samples


@pytest.mark.parametrize("alpha", ["weighted", "keep", "straight"])
def test_identity_changes_nothing(run: Run, tmp_path: Path, alpha: str) -> None:
    samples = np.dstack((noise(256, 9, 3), np.full((256, 9), 255, "uint8")))
    samples[..., 0] = np.arange(256)[:, np.newaxis]
    Image.fromarray(samples).save(tmp_path / "a.png")
    options = ("-k", "identity", "--linear", "--alpha", alpha)
    assert run("apply", tmp_path / "a.png", *options).status == 0
    with Image.open(tmp_path / "a_identity.png") as opened:
        assert np.array_equal(np.asarray(opened), samples)


def test_results_of_other_sizes_and_in_bands_are_the_same(run: Run, tmp_path: Path) -> None:
    Image.fromarray(noise(700, 600, 3)).save(tmp_path / "a.png", compress_level=0)
    whole = blurred(run, tmp_path / "a.png")
    assert np.array_equal(blurred(run, tmp_path / "a.png", "--overwrite", "--threads", "3"), whole)
    assert np.array_equal(blurred(run, tmp_path / "a.png", "--overwrite", "--size", "valid"), whole[1:-1, 1:-1])
    assert np.array_equal(blurred(run, tmp_path / "a.png", "--overwrite", "--stride", "2"), whole[::2, ::2])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (profile(b"RGB ", {b"A2B0": b"mft2"}), "tables and no curves"),
        (profile(b"CMYK", {}), "not one for RGB"),
        (profile(b"RGB ", {b"rTRC": b"para", b"gTRC": b"para", b"bTRC": b"para"}), "damaged"),
        (profile(b"RGB ", dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), b"what")), "damaged"),
        (b"short", "not one for RGB"),
    ],
)
def test_a_profile_without_curves_is_an_error(run: Run, tmp_path: Path, data: bytes, why: str) -> None:
    Image.fromarray(noise(5, 5, 3)).save(tmp_path / "a.tif", icc_profile=data)
    result = run("apply", tmp_path / "a.tif", "-k", "gaussian3", "--linear")
    assert (result.status, result.stdout, result.stderr.count("\n")) == (1, b"", 1)
    assert why in result.stderr
    assert not (tmp_path / "a_gaussian3.tif").exists()


@pytest.mark.parametrize("option", ["--channels=r", "--gray=mean", "--depth=16", "--border=constant:9"])
def test_what_counts_levels_does_not_go_with_light(run: Run, tmp_path: Path, option: str) -> None:
    Image.fromarray(noise(5, 5, 3)).save(tmp_path / "a.png")
    result = run("apply", tmp_path / "a.png", "-k", "gaussian3", "--linear", option)
    assert (result.status, result.stdout) == (2, b"")
    assert "linear" in result.stderr

from __future__ import annotations

from fractions import Fraction
from math import floor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from conftest import Run
from PIL import Image

import imfilt

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

WEIGHTS = {"rec601": (299, 587, 114, 1000), "rec709": (2126, 7152, 722, 10000), "mean": (1, 1, 1, 3)}


def noise(*shape: int) -> Array:
    return np.random.default_rng(shape).integers(0, 256, shape).astype("uint8")


def image_of(mode: str, height: int = 23, width: int = 31) -> Image.Image:
    samples = noise(height, width, Image.getmodebands(mode))
    return Image.frombytes(mode, (width, height), samples.tobytes())


def grey_of(samples: Array, name: str) -> Array:
    """Return the grey of each pixel, by fractions."""
    *weights, over = WEIGHTS[name]
    sums = [[Fraction(sum(map(int.__mul__, map(int, p), weights)), over) for p in row] for row in samples[..., :3]]
    return np.array([[floor(each + Fraction(1, 2)) for each in row] for row in sums], "uint8")


def written(run: Run, folder: Path, image: Image.Image, *options: str, name: str = "a.png") -> Array:
    image.save(folder / name)
    result = run("apply", folder / name, "-o", folder / "b.png", "--overwrite", *options)
    assert (result.status, result.stderr) == (0, "")
    with Image.open(folder / "b.png") as opened:
        return np.asarray(opened)


@pytest.mark.parametrize("gray", WEIGHTS)
def test_grey_is_the_exact_sum_rounded_half_up(run: Run, tmp_path: Path, gray: str) -> None:
    image = image_of("RGB")
    assert np.array_equal(
        written(run, tmp_path, image, "-k", "identity", "--gray", gray), grey_of(np.asarray(image), gray)
    )


def test_a_half_is_rounded_up(run: Run, tmp_path: Path) -> None:
    image = Image.new("RGB", (3, 3), (2, 2, 1))  # 0.299 * 2 + 0.587 * 2 + 0.114 is 1.886
    assert set(written(run, tmp_path, image, "-k", "identity", "--gray", "rec601").flat) == {2}
    image = Image.new("RGB", (3, 3), (0, 0, 250))  # 28.5
    assert set(written(run, tmp_path, image, "-k", "identity", "--gray", "rec601").flat) == {29}


@pytest.mark.parametrize(
    "options", [(), ("--size", "valid"), ("--stride", "2"), ("--pool", "max:2"), ("--depth", "16")]
)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_grey_is_filtered_as_a_grey_picture_is(run: Run, tmp_path: Path, mode: str, options: tuple[str, ...]) -> None:
    if mode == "RGBA" and "--depth=16" in options:
        pytest.skip("Pillow does not read what is written")
    image = image_of(mode)
    grey = grey_of(np.asarray(image), "rec709")
    grey = np.dstack((grey, np.asarray(image)[..., 3])) if mode == "RGBA" else grey
    expected = written(run, tmp_path, Image.fromarray(grey), "-k", "gaussian5", *options)
    found = written(run, tmp_path, image, "-k", "gaussian5", "--gray", "rec709", *options)
    assert np.array_equal(found, expected)


def test_a_grey_picture_stays_as_it_is(run: Run, tmp_path: Path) -> None:
    image = image_of("L")
    plain = written(run, tmp_path, image, "-k", "edge3")
    assert np.array_equal(written(run, tmp_path, image, "-k", "edge3", "--gray", "mean"), plain)


@pytest.mark.parametrize("channels", ["r", "g", "b", "rg", "BR", "rgb"])
@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.bmp"])
def test_channels_that_are_not_named_stay(run: Run, tmp_path: Path, name: str, channels: str) -> None:
    image = image_of("RGB", 150, 131)
    whole = written(run, tmp_path, image, "-k", "gaussian5", "-k", "edge3", name=name)
    part = written(run, tmp_path, image, "-k", "gaussian5", "-k", "edge3", "--channels", channels, name=name)
    for index, letter in enumerate("rgb"):
        expected = whole if letter in channels.lower() else np.asarray(image)
        assert np.array_equal(part[..., index], expected[..., index])


@pytest.mark.parametrize("alpha", ["auto", "keep", "straight", "weighted"])
@pytest.mark.parametrize("channels", ["a", "r", "rgb", "ga", "rgba"])
def test_channels_of_a_picture_with_alpha(run: Run, tmp_path: Path, channels: str, alpha: str) -> None:
    image = image_of("RGBA")
    options = ["-k", "gaussian3", "--alpha", alpha]
    keeps = "a" not in channels and alpha == "auto"
    whole = written(run, tmp_path, image, "-k", "gaussian3", "--alpha", "keep" if keeps else alpha)
    straight = written(run, tmp_path, image, "-k", "gaussian3", "--alpha", "straight")
    part = written(run, tmp_path, image, *options, "--channels", channels)
    for index, letter in enumerate("rgba"):
        expected = straight if channels == "a" else whole
        expected = expected if letter in channels else np.asarray(image)
        assert np.array_equal(part[..., index], expected[..., index])


@pytest.mark.parametrize("kernel", ["identity", "gaussian5", "edge3", "sharpen"])
@pytest.mark.parametrize("normalize", ["clip", "peak", "shift"])
def test_luma_adds_to_every_colour_what_the_filter_changes_brightness_by(
    run: Run, tmp_path: Path, kernel: str, normalize: str
) -> None:
    image = image_of("RGB", 120, 90)
    grey = grey_of(np.asarray(image), "rec601")
    options = ("-k", kernel, "--normalize", normalize)
    change = written(run, tmp_path, Image.fromarray(grey), *options).astype(int) - grey
    expected = np.clip(np.asarray(image).astype(int) + change[..., np.newaxis], 0, 255)
    assert np.array_equal(written(run, tmp_path, image, *options, "--channels", "luma"), expected)
    if (kernel, normalize) == ("identity", "clip"):
        assert np.array_equal(expected, np.asarray(image))


def test_luma_of_a_picture_with_alpha_leaves_that(run: Run, tmp_path: Path) -> None:
    image = image_of("RGBA")
    samples = np.asarray(image)
    grey = np.dstack((grey_of(samples, "rec601"), samples[..., 3]))
    filtered = written(run, tmp_path, Image.fromarray(grey), "-k", "gaussian5", "--alpha", "keep")
    change = filtered[..., :1].astype(int) - grey[..., :1]
    result = written(run, tmp_path, image, "-k", "gaussian5", "--channels", "luma")
    assert np.array_equal(result[..., 3], samples[..., 3])
    assert np.array_equal(result[..., :3], np.clip(samples[..., :3].astype(int) + change, 0, 255))


def test_large_pictures_and_several_results_see_the_same_source(run: Run, tmp_path: Path) -> None:
    Image.fromarray(noise(1500, 1100, 3)).save(tmp_path / "a.png", compress_level=0)
    options = ("-k", "gaussian5", "-k", "edge3", "--each", "--channels", "g", "--threads", "3")
    assert run("apply", tmp_path / "a.png", *options).status == 0
    for kernel in ("gaussian5", "edge3"):
        with Image.open(tmp_path / f"a_{kernel}.png") as opened:
            result = np.asarray(opened)
        assert np.array_equal(result[..., 1], imfilt.apply(noise(1500, 1100, 3)[..., 1].copy(), kernel))
        assert np.array_equal(result[..., [0, 2]], noise(1500, 1100, 3)[..., [0, 2]])


@pytest.mark.parametrize("channels", ["", "x", "rr", "lum", "r,g"])
def test_channels_that_are_none_are_refused(run: Run, tmp_path: Path, channels: str) -> None:
    image_of("RGB").save(tmp_path / "a.png")
    result = run("apply", tmp_path / "a.png", "-k", "edge3", "--channels", channels)
    assert result.status == 2
    assert "give some of the letters r, g, b and a, or luma" in result.stderr


@pytest.mark.parametrize("option", ["--size=valid", "--stride=2", "--pool=max:2", "--depth=16", "--gray=mean"])
def test_what_would_part_channels_from_each_other_is_refused(run: Run, tmp_path: Path, option: str) -> None:
    image_of("RGB").save(tmp_path / "a.png")
    result = run("apply", tmp_path / "a.png", "-k", "edge3", "--channels", "r", option)
    assert result.status == 2
    assert f"give it without {option[2:].split('=')[0]}" in result.stderr


@pytest.mark.parametrize(("mode", "option"), [("L", "--channels=r"), ("RGB", "--channels=a"), ("CMYK", "--gray=mean")])
def test_channels_that_the_picture_does_not_have_are_an_error(run: Run, tmp_path: Path, mode: str, option: str) -> None:
    image_of(mode).save(tmp_path / "a.tif")
    result = run("apply", tmp_path / "a.tif", "-k", "edge3", option)
    assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
    assert "the picture " in result.stderr


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr", "LAB"])
def test_other_colours_are_filtered_channel_by_channel_as_they_are(run: Run, tmp_path: Path, mode: str) -> None:
    image = image_of(mode)
    image.save(tmp_path / "a.tif")
    with Image.open(tmp_path / "a.tif") as opened:
        if opened.mode != mode:
            pytest.skip("this Pillow cannot read what it wrote")
        samples = np.asarray(opened)
    assert run("apply", tmp_path / "a.tif", "-k", "gaussian3").status == 0
    with Image.open(tmp_path / "a_gaussian3.tif") as opened:
        assert opened.mode == mode
        for channel in range(samples.shape[2]):
            expected = imfilt.apply(samples[..., channel].copy(), "gaussian3")
            assert np.array_equal(np.asarray(opened)[..., channel], expected)


def test_the_inks_of_an_inverted_cmyk_jpeg_are_right(run: Run, tmp_path: Path) -> None:
    """A JPEG of Adobe's holds 255 less the ink; a flat picture shows whether that is read and written alike."""
    inks = (200, 100, 50, 20)
    Image.new("CMYK", (32, 32), inks).save(tmp_path / "a.jpg", quality=98)
    assert run("apply", tmp_path / "a.jpg", "-m", "1", "--divisor", "2").status == 0
    with Image.open(tmp_path / "a_custom.jpg") as opened:
        assert opened.mode == "CMYK"
        assert np.abs(np.asarray(opened).astype(int) - (np.array(inks) + 1) // 2).max() <= 2

"""`compare` finds the differences that there are, and agrees with scikit-image."""

from __future__ import annotations

import errno
import io
import json
import math
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from numpy.typing import NDArray
from PIL import Image
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

import imfilt
from imfilt.images.reading import to_picture
from imfilt.views.compare import compare, difference_picture

pytestmark = pytest.mark.usefixtures("_in_own_folder")

SAMPLES = Path(__file__).parent.parent / "samples"
PHOTOGRAPHS = [SAMPLES / "car.jpg", *sorted((SAMPLES / "photos").glob("*.jpg"))]
PAIRS = [(photo, kernel) for photo in PHOTOGRAPHS for kernel in ("gaussian3", "sharpen")]


@pytest.mark.parametrize(("photo", "kernel"), PAIRS, ids=lambda value: getattr(value, "stem", value))
def test_psnr_and_ssim_of_photographs_agree_with_scikit_image(photo: Path, kernel: str) -> None:
    with Image.open(photo) as opened:
        one = opened.convert("RGB").reduce(2)
    other = imfilt.apply(one, kernel)
    a, b = np.asarray(one), np.asarray(other)
    found = compare(to_picture(one), to_picture(other))
    ssim = structural_similarity(
        a, b, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=255
    )
    assert found.ssim == pytest.approx(ssim, abs=1e-6)
    assert found.psnr == pytest.approx(peak_signal_noise_ratio(a, b, data_range=255), abs=1e-6)


def test_there_are_ten_real_pairs() -> None:
    assert len(set(PAIRS)) == 10


@pytest.mark.parametrize("dtype", ["uint16", "float32"])
def test_16_bits_and_floats_agree_with_scikit_image_too(dtype: str) -> None:
    random = np.random.default_rng(4)
    a: NDArray[np.generic] = (random.random((40, 50)) * (65535 if dtype == "uint16" else 1)).astype(dtype)
    b = imfilt.apply(a, "gaussian3")
    white = 65535 if dtype == "uint16" else 1
    found = compare(to_picture(Image.fromarray(a)), to_picture(Image.fromarray(b)))
    ssim = structural_similarity(a, b, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, data_range=white)
    assert found.ssim == pytest.approx(ssim, abs=1e-6)
    assert found.psnr == pytest.approx(peak_signal_noise_ratio(a, b, data_range=white), abs=1e-6)


def write_pair(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> None:
    Image.fromarray(a).save("a.png")
    Image.fromarray(b).save("b.png")


def test_every_number_is_that_of_the_definition(run: Run) -> None:
    random = np.random.default_rng(9)
    a, b = random.integers(0, 256, (2, 130, 20, 3), dtype=np.uint8)
    b[100, 7, 2], a[100, 7, 2] = 255, 0
    write_pair(a, b)
    result = run("compare", "a.png", "b.png", "--json")
    assert (result.status, result.stderr) == (1, "")
    told = json.loads(result.stdout)
    differences = np.abs(a.astype(int) - b)
    y, x, c = (int(place[0]) for place in np.nonzero(differences == differences.max()))
    assert list(told) == ["max", "mean", "mse", "psnr", "ssim", "differing", "worst"]
    assert told["max"] == differences.max() == 255
    assert told["mean"] == differences.sum() / a.size
    assert told["mse"] == (differences**2).sum() / a.size
    assert told["psnr"] == pytest.approx(10 * math.log10(255**2 / told["mse"]))
    assert told["differing"] == np.count_nonzero(differences) / a.size
    assert told["worst"] == {"x": x, "y": y, "channel": "RGB"[c], "a": int(a[y, x, c]), "b": int(b[y, x, c])}


def test_pictures_that_are_the_same_end_with_0_and_no_infinity_in_the_json(run: Run) -> None:
    same = np.full((4, 5), 7, np.uint8)
    write_pair(same, same)
    result = run("compare", "a.png", "b.png", "--json")
    assert result.status == 0
    told = {"max": 0, "mean": 0, "mse": 0, "psnr": None, "ssim": None, "differing": 0, "worst": None}
    assert json.loads(result.stdout) == told
    assert run("compare", "a.png", "b.png").lines == [
        "max        0",
        "mean       0",
        "mse        0",
        "psnr       infinite, for nothing differs",
        "ssim       none, for its window of 11 x 11 does not fit",
        "differing  0% of all samples",
    ]


@pytest.mark.parametrize(("tolerance", "status"), [("0", 1), ("2", 1), ("2.9", 1), ("3", 0), ("255", 0)])
def test_differences_up_to_the_tolerance_do_not_count(run: Run, tolerance: str, status: int) -> None:
    a = np.full((4, 5), 7, np.uint8)
    b = a.copy()
    b[3, 4] = 10
    write_pair(a, b)
    result = run("compare", "a.png", "b.png", "--tolerance", tolerance, "--quiet")
    assert (result.status, result.stdout, result.stderr) == (status, b"", "")


def test_what_cannot_be_compared_is_trouble_in_one_line(run: Run) -> None:
    Image.new("L", (5, 4)).save("a.png")
    Image.new("L", (4, 5)).save("turned.png")
    Image.new("RGB", (5, 4)).save("colour.png")
    Path("broken.png").write_bytes(b"no picture")
    Path("there.png").write_bytes(b"mine")
    for other, told in (
        ("turned.png", "5 x 4 and 4 x 5"),
        ("colour.png", "grey and full colour"),
        ("broken.png", "broken.png: not a picture"),
        ("none.png", "none.png: no such file"),
    ):
        result = run("compare", "a.png", other)
        assert (result.status, result.stdout, result.stderr.count("\n")) == (2, b"", 1)
        assert told in result.stderr
    assert run("compare", "a.png", "a.png", "--diff", "there.png").status == 2
    assert Path("there.png").read_bytes() == b"mine"
    assert run("compare", "a.png", "a.png", "--tolerance", "-1").status == 2


def test_the_picture_of_the_difference_is_amplified_as_far_as_white(run: Run) -> None:
    a = np.zeros((2, 3, 3), np.uint8)
    b = a.copy()
    b[1, 2], b[0, 0] = (0, 60, 0), (7, 0, 1)
    write_pair(a, b)
    result = run("compare", "a.png", "b.png", "--diff", "diff.png")
    assert result.status == 1
    assert "amplified 4 times" in result.stderr
    shown = np.asarray(Image.open("diff.png"))
    assert (shown == b * 4).all()


def test_a_difference_in_alpha_is_seen_and_nan_is_the_same_as_nan() -> None:
    one, other = Image.new("RGBA", (2, 1), (9, 9, 9, 255)), Image.new("RGBA", (2, 1), (9, 9, 9, 255))
    other.putpixel((1, 0), (9, 9, 9, 0))
    pictures = to_picture(one), to_picture(other)
    shown, amplified = difference_picture(*pictures, compare(*pictures))
    assert (shown.getpixel((0, 0)), shown.getpixel((1, 0)), amplified) == ((0, 0, 0), (255, 255, 255), 1)
    holed = np.array([[np.nan, np.inf, 1]], np.float32)
    twice = to_picture(Image.fromarray(holed)), to_picture(Image.fromarray(holed.copy()))
    assert compare(*twice).largest == 0
    other_number = to_picture(Image.fromarray(np.array([[1, np.inf, 1]], np.float32)))
    assert compare(twice[0], other_number).largest == math.inf


@pytest.mark.parametrize("special", [math.nan, math.inf])
def test_of_what_is_no_finite_number_there_is_no_similarity_and_no_warning(run: Run, special: float) -> None:
    levels = np.random.default_rng(2).random((20, 30), dtype=np.float32)
    holed = levels.copy()
    holed[9, 9] = special
    Image.fromarray(levels).save("a.tif")
    Image.fromarray(holed).save("b.tif")
    result = run("compare", "a.tif", "b.tif")
    assert (result.status, result.stderr) == (1, "")
    assert "psnr       none, for a difference is infinite" in result.lines
    assert "ssim       none, for some samples are no finite numbers" in result.lines
    same = json.loads(run("compare", "b.tif", "b.tif", "--json").text)
    assert (same["max"], same["psnr"], same["ssim"], same["worst"]) == (0, None, None, None)


def test_a_full_disk_is_trouble_and_no_difference(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.StringIO):
        def write(self, _text: str) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    Image.new("L", (4, 4)).save("a.png")
    monkeypatch.setattr(sys, "stdout", Full())
    result = run("compare", "a.png", "a.png")
    assert (result.status, result.stderr.count("\n")) == (2, 1)
    assert "standard output cannot be written: No space left on device" in result.stderr


def test_of_several_frames_one_has_to_be_named_and_is_compared_alone(run: Run) -> None:
    frames = [Image.new("L", (8, 6), level) for level in (10, 20, 30)]
    frames[0].save("a.gif", save_all=True, append_images=frames[1:])
    frames[0].save("b.gif", save_all=True, append_images=frames[:0:-1])
    for names in (("a.gif", "b.gif"), ("a.gif", "a.gif")):
        result = run("compare", *names)
        assert (result.status, result.stdout) == (2, b"")
        assert result.stderr == "imfilt: a.gif: it has 3 frames; choose one of them with --frame\n"
    assert [run("compare", "a.gif", "b.gif", "--frame", str(frame), "-q").status for frame in range(4)] == [0, 1, 1, 2]

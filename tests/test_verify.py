"""Which convention was used is told, whatever combination of orientation, border, rounding and alpha it was."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Run
from numpy.typing import NDArray
from PIL import Image, ImageFilter

import imfilt
from imfilt.analysis.verify import TRIED, verify
from imfilt.engine.recipes.samples import SAMPLE_TYPES
from imfilt.kernels.lookup import find_entry

Array = NDArray[Any]

SKEW = [[1, 2, 3], [4, 6, -6], [7, 8, 7]]  # its sum is 32
MATRIX = "1 2 3; 4 6 -6; 7 8 7"
PAD = {"edge": "edge", "reflect": "reflect", "symmetric": "symmetric", "wrap": "wrap", "zero": "constant"}


def up(numerators: Array, divisor: int) -> Array:
    return (2 * numerators + divisor) // (2 * divisor)


def even(numerators: Array, divisor: int) -> Array:
    quotients: Array = np.vectorize(lambda n: round(Fraction(int(n), divisor)))(numerators)
    return quotients


def test_a_flat_picture_is_as_flat_in_every_rounding() -> None:
    flat = np.full((40, 40, 1), 200, np.uint8)
    kernel = find_entry("gaussian:sigma=2", imfilt.load_registry()).kernel
    trials = verify(flat, flat, (kernel,), SAMPLE_TYPES["uint8"], has_alpha=False)
    assert {trial.rounding for trial in trials} == set(TRIED)
    assert {trial.differing for trial in trials if trial.border != "zero"} == {0}


ROUND: dict[str, Callable[[Array, int], Array]] = {
    "half up": up,
    "half to even": even,
    "half down": lambda n, d: -up(-n, d),
    "down": lambda n, d: n // d,
    "up": lambda n, d: -(-n // d),
}


def sums(samples: Array, weights: list[list[int]], border: str) -> Array:
    """Return the correlation of rows × columns with a matrix of 3 x 3, in whole numbers."""
    padded = np.pad(samples.astype(np.int64), 1, PAD[border])  # type: ignore[call-overload]
    rows, columns = samples.shape
    total = np.zeros(samples.shape, np.int64)
    for y, x in np.ndindex(3, 3):
        total += weights[y][x] * padded[y : y + rows, x : x + columns]
    return total


@pytest.fixture
def before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Array:
    monkeypatch.chdir(tmp_path)
    samples = np.random.default_rng(4).integers(0, 256, (31, 43), np.uint8)
    Image.fromarray(samples).save("before.png")
    return samples


@pytest.mark.parametrize("rounding", ROUND)
@pytest.mark.parametrize("border", PAD)
@pytest.mark.parametrize("orientation", ["convolution", "correlation"])
def test_orientation_border_and_rounding_are_told(
    run: Run, before: Array, orientation: str, border: str, rounding: str
) -> None:
    laid = SKEW if orientation == "correlation" else [row[::-1] for row in SKEW[::-1]]
    after = np.clip(ROUND[rounding](sums(before, laid, border), 32), 0, 255)
    Image.fromarray(after.astype(np.uint8)).save("after.png")
    result = run("verify", "before.png", "after.png", "-m", MATRIX, "--divisor", "32")
    assert (result.status, result.stderr) == (0, "")
    same = ["edge", "symmetric"] if border in ("edge", "symmetric") else [border]  # as far as one sample beyond it
    assert result.lines == [f"{orientation}, border {each}, rounded {rounding}" for each in same]


def test_a_bias_is_rounded_with_the_rest(run: Run, before: Array) -> None:
    after = np.clip(even(sums(before, SKEW, "zero") + 32 * 7 + 16, 32), 0, 255)  # 7.5
    Image.fromarray(after.astype(np.uint8)).save("after.png")
    result = run("verify", "before.png", "after.png", "-m", MATRIX, "--divisor", "32", "--bias", "7.5")
    assert result.lines == ["correlation, border zero, rounded half to even"]


def test_a_symmetric_kernel_has_no_orientation_and_no_ties_leave_the_rounding_open(run: Run, before: Array) -> None:
    Image.fromarray(imfilt.apply(before, "box3", border="wrap")).save("after.png")  # over 9 there are no ties
    lines = run("verify", "before.png", "after.png", "-k", "box3").lines
    assert {line.split(", ")[2] for line in lines} == {"rounded half up", "rounded half down", "rounded half to even"}
    assert {line.split(", rounded")[0] for line in lines} == {"either orientation, border wrap"}


def test_a_border_that_pillow_did_not_filter_is_told(run: Run, before: Array) -> None:
    for side in (3, 5):
        kernel = ImageFilter.Kernel((side, side), [1] * side**2)
        Image.fromarray(before).filter(kernel).save("after.png")
        result = run("verify", "before.png", "after.png", "-m", ";".join(["1 " * side] * side), "--divisor", "sum")
        assert result.status == 0
        assert "either orientation, border unfiltered, rounded half up" in result.lines


@pytest.mark.parametrize("size", ["valid", "full"])
def test_other_sizes_are_told(run: Run, before: Array, size: str) -> None:
    after = imfilt.apply(before, imfilt.Kernel(SKEW, divisor=32), size=size, border="zero")
    Image.fromarray(after).save("after.png")
    result = run("verify", "before.png", "after.png", "-m", MATRIX, "--divisor", "32")
    assert result.status == 0
    assert result.lines[0].startswith("convolution, border ")


@pytest.mark.parametrize("alpha", ["weighted", "keep", "straight", "colours straight, alpha kept"])
def test_alpha_is_told(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, alpha: str) -> None:
    monkeypatch.chdir(tmp_path)
    samples = np.random.default_rng(4).integers(0, 256, (20, 22, 4), np.uint8)
    Image.fromarray(samples).save("before.png")
    after = imfilt.apply(samples, "gaussian3", alpha=alpha if "," not in alpha else "straight")
    if "," in alpha:
        after[..., 3] = samples[..., 3]
    Image.fromarray(after).save("after.png")
    result = run("verify", "before.png", "after.png", "-k", "gaussian3")
    assert result.status == 0
    assert f"either orientation, border edge, rounded half up, alpha {alpha}" in result.lines
    assert all(line.endswith(f"half up, alpha {alpha}") for line in result.lines)


def test_several_kernels_in_a_row_and_float_samples(run: Run, before: Array) -> None:
    Image.fromarray(imfilt.apply(before, ["gaussian3", "sharpen"], border="reflect")).save("after.png")
    result = run("verify", "before.png", "after.png", "-k", "gaussian3", "-k", "sharpen")
    assert "either orientation, border reflect, rounded half up" in result.lines
    floats = before.astype(np.float32) / 255
    Image.fromarray(floats).save("before.tif")
    Image.fromarray(imfilt.apply(floats, "gaussian3", border="wrap")).save("after.tif")
    result = run("verify", "before.tif", "after.tif", "-k", "gaussian3")
    assert result.lines == ["either orientation, border wrap, not rounded"]


def test_where_nothing_fits_the_nearest_is_told_and_the_status_is_1(run: Run, before: Array) -> None:
    after = imfilt.apply(before, "gaussian3", border="reflect")
    after[9, 9] ^= 8
    Image.fromarray(after).save("after.png")
    result = run("verify", "before.png", "after.png", "-k", "gaussian3")
    assert (result.status, result.stdout) == (1, b"")
    assert f"border reflect, rounded half up: 1 of {after.size} samples differ, by up to 8" in result.stderr
    Image.fromarray(after[:-1]).save("after.png")
    result = run("verify", "before.png", "after.png", "-k", "gaussian3")
    assert (result.status, result.stderr.count("\n")) == (1, 1)
    assert "43 x 30" in result.stderr
    assert run("verify", "before.png", "after.png").status == 2
    result = run("verify", "before.png", "none.png", "-k", "gaussian3")
    assert (result.status, result.stderr) == (2, "imfilt: none.png: no such file\n")

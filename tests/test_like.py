"""`--like TOOL` makes the picture that the tool makes, but for what the table says is different; the tools are run."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Run
from numpy.typing import NDArray
from PIL import Image, ImageFilter
from scipy import ndimage

import imfilt
from imfilt.engine.arrays import ArrayRows, filter_array
from imfilt.engine.finishing.clipped import ClippedCounter
from imfilt.engine.planning.planner import make_plan
from imfilt.engine.recipes.likes import LIKES
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.recipes.samples import SAMPLE_TYPES
from imfilt.engine.running.run import filter_rows
from imfilt.kernels.lookup import find_entry

Array = NDArray[Any]

SAMPLES = np.random.default_rng(11).integers(0, 256, (33, 41), np.uint8)

KERNELS = {
    "skew": ([[1, 2, 3], [4, 5, -6], [7, 8, 8]], 32),
    "five": ([[(7 * y + 3 * x * x) % 11 - 3 for x in range(5)] for y in range(5)], 64),
    "even": ([[1, 2, -1, 0], [3, 4, 5, 2]], 16),
    "row": ([[1, 2, 1]], 4),
}


def exact(weights: list[list[int]], divisor: int, border: str, *, correlate: bool) -> Array:
    kernel = imfilt.Kernel(weights, divisor=divisor)
    return imfilt.convolve(SAMPLES, kernel, border=border, correlate=correlate)


def with_opencv(weights: list[list[int]], divisor: int, _: Path) -> tuple[Array, Array]:
    cv2 = pytest.importorskip("cv2")
    ties = exact(weights, divisor, "reflect", correlate=True) * 2 % 2 == 1
    assert ties.any()  # which are rounded to the even level
    return cv2.filter2D(SAMPLES, -1, np.array(weights, np.float64) / divisor), np.ones(SAMPLES.shape, bool)


def with_pillow(weights: list[list[int]], divisor: int, _: Path) -> tuple[Array, Array]:
    side = len(weights)
    if (side, side) not in ((3, 3), (5, 5)) or len(weights[0]) != side:
        pytest.skip("Pillow has 3 x 3 and 5 x 5")
    kernel = ImageFilter.Kernel((side, side), [weight for row in weights for weight in row], divisor)
    inside = np.zeros(SAMPLES.shape, bool)
    inside[side // 2 : -(side // 2), side // 2 : -(side // 2)] = True
    return np.asarray(Image.fromarray(SAMPLES).filter(kernel)), inside


def with_scipy(weights: list[list[int]], divisor: int, _: Path) -> tuple[Array, Array]:
    matrix = np.array(weights) / divisor
    floats = ndimage.convolve(SAMPLES.astype(float), matrix)
    return ndimage.convolve(SAMPLES, matrix), (floats >= 0) & (floats < 256)


def imagemagick() -> str:
    convert = next((path for path in ("/usr/bin/convert", "/opt/homebrew/bin/convert") if Path(path).exists()), None)
    return convert or pytest.skip("ImageMagick is not installed")


def with_imagemagick(weights: list[list[int]], divisor: int, folder: Path) -> tuple[Array, Array]:
    convert = imagemagick()
    cells = " ".join(",".join(map(str, row)) for row in weights)
    scale = f"convolve:scale={1 / divisor}"
    kernel = f"{len(weights[0])}x{len(weights)}: {cells}"
    run_tool(folder, convert, "a.png", "-define", scale, "-morphology", "Convolve", kernel, "-depth", "8", "b.png")
    return np.asarray(Image.open(folder / "b.png")), np.ones(SAMPLES.shape, bool)


def test_16_bits_are_rounded_as_imagemagick_does(run: Run, tmp_path: Path) -> None:
    samples = SAMPLES.astype(np.uint16) * 199
    Image.fromarray(samples).save(tmp_path / "a.png")
    convert = imagemagick()
    command = (convert, "a.png", "-define", "convolve:scale=0.25", "-morphology", "Convolve", "3x1: 1,2,1", "b.png")
    subprocess.run(command, cwd=tmp_path, check=True)
    options = ("-m", "1 2 1", "--divisor", "4", "--like", "imagemagick", "-o", tmp_path / "c.png")
    assert run("apply", tmp_path / "a.png", *options).status == 0
    assert np.array_equal(np.asarray(Image.open(tmp_path / "c.png")), np.asarray(Image.open(tmp_path / "b.png")))


@pytest.mark.parametrize("tool", LIKES)
def test_what_is_not_rounded_to_levels_is_not_rounded_at_all(tool: str) -> None:
    like = LIKES[tool]
    floats = SAMPLES.astype(np.float32) / 255
    kernel = imfilt.Kernel([[1]], name="identity")
    assert np.array_equal(filter_array(floats, Recipe((kernel,), rounding=like.rounding)), floats)
    to_floats = filter_array(SAMPLES, Recipe((kernel,), rounding=like.rounding, depth="float"))
    assert np.allclose(to_floats, floats, rtol=1e-6)


@pytest.mark.parametrize(("tool", "expected"), [("opencv", round), ("scipy", floor), ("imagemagick", floor)])
def test_combined_and_stretched_results_are_rounded_so_too(tool: str, expected: Callable[[Fraction], int]) -> None:
    kernels = imfilt.Kernel([[1, 2]], divisor=4), imfilt.Kernel([[3, 1]], divisor=4)
    recipe = Recipe(kernels, combine="max", rounding=LIKES[tool].rounding)
    sums = [imfilt.convolve(SAMPLES, imfilt.Kernel(kernel.weights)) for kernel in kernels]
    exact = [Fraction(int(most), 4) for most in np.maximum(*sums).ravel()]
    assert filter_array(SAMPLES, recipe).ravel().tolist() == [min(expected(each), 255) for each in exact]


@pytest.mark.parametrize("strategy", ["lowrank", "fourier", "mixed", "banded"])
@pytest.mark.parametrize("tool", LIKES)
def test_floats_that_fall_short_of_a_level_are_not_the_level_below(tool: str, strategy: str) -> None:
    kernel = find_entry("gaussian:sigma=3", imfilt.load_registry()).kernel
    recipe = Recipe((kernel,), rounding=LIKES[tool].rounding)
    halves = np.zeros((80, 96, 1), np.uint8)
    for level in (200, 255):
        halves[:, 48:] = level
        for counter in (None, ClippedCounter()):
            plan = make_plan(recipe, SAMPLE_TYPES["uint8"], halves.shape, strategy=strategy)
            result = np.empty_like(halves)
            filter_rows(plan, ArrayRows(halves), ArrayRows(result), clipped=counter)
            assert (result[:, :30] == 0).all()
            assert (result[:, 66:] == level).all()
            assert counter is None or (counter.total.below, counter.total.above) == (0, 0)
    opaque = np.dstack([halves, np.full_like(halves, 255)])
    assert (filter_array(opaque, recipe)[..., 1] == 255).all()


def with_vips(weights: list[list[int]], divisor: int, folder: Path) -> tuple[Array, Array]:
    vips = shutil.which("vips")
    if vips is None:
        pytest.skip("vips is not installed")
    rows = "\n".join(" ".join(map(str, row)) for row in weights)
    (folder / "k.mat").write_text(f"{len(weights[0])} {len(weights)} {divisor} 0\n{rows}\n")
    run_tool(folder, vips, "conv", "a.png", "b.png", "k.mat", "--precision", "integer")
    return np.asarray(Image.open(folder / "b.png")), np.ones(SAMPLES.shape, bool)


def run_tool(folder: Path, *command: str) -> None:
    Image.fromarray(SAMPLES).save(folder / "a.png")
    subprocess.run(command, cwd=folder, env=os.environ | {"VIPS_NOVECTOR": "1"}, check=True)


TOOLS: dict[str, Callable[[list[list[int]], int, Path], tuple[Array, Array]]] = {
    "opencv": with_opencv,
    "pillow": with_pillow,
    "scipy": with_scipy,
    "imagemagick": with_imagemagick,
    "vips": with_vips,
}
"""Each gives its picture, and where it is to be the same."""


def text_of(weights: list[list[int]]) -> str:
    return ";".join(" ".join(map(str, row)) for row in weights)


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("tool", TOOLS)
def test_the_picture_is_the_one_that_the_tool_makes(run: Run, tmp_path: Path, tool: str, name: str) -> None:
    weights, divisor = KERNELS[name]
    expected, same = TOOLS[tool](weights, divisor, tmp_path)
    Image.fromarray(SAMPLES).save(source := tmp_path / "source.png")
    arguments = ("-m", text_of(weights), "--divisor", str(divisor), "--like", tool, "-o", tmp_path / "mine.png")
    result = run("apply", source, *arguments)
    assert result.status == 0
    assert result.stderr == "".join(
        f"imfilt: --like {tool} ({LIKES[tool].function}): {difference}\n" for difference in LIKES[tool].differences
    )
    mine = np.asarray(Image.open(tmp_path / "mine.png"))
    assert np.array_equal(mine[same], expected[same])
    assert same.mean() > 0.7


def rounded_to_even(numerators: Array, divisor: int) -> Array:
    """Round quotients as Python's fractions do."""
    return np.array([round(Fraction(int(n), divisor)) for n in numerators.ravel()]).reshape(numerators.shape)


@pytest.mark.parametrize("normalize", ["clip", "shift", "abs"])
@pytest.mark.parametrize(("weights", "divisor"), [([[1, 0, -1], [2, 3, -2]], 4), ([[1, 2, 1]], 4), ([[-1, 3]], 3)])
def test_exact_halves_go_to_the_even_level(weights: list[list[int]], divisor: int, normalize: str) -> None:
    kernel = imfilt.Kernel(weights, divisor=divisor)
    recipe = Recipe((kernel,), normalize=normalize, rounding="half-even")
    sums = imfilt.convolve(SAMPLES, imfilt.Kernel(weights))
    sums = {"clip": sums, "shift": sums + 128 * divisor, "abs": np.abs(sums)}[normalize]
    assert np.array_equal(filter_array(SAMPLES, recipe), np.clip(rounded_to_even(sums, divisor), 0, 255))


def test_exact_halves_go_to_the_even_level_of_colours_with_alpha_too() -> None:
    opaque = np.dstack([SAMPLES, np.full_like(SAMPLES, 255)])
    kernel = imfilt.Kernel([[1, 2, 1]], divisor=4)
    expected = filter_array(SAMPLES, Recipe((kernel,), rounding="half-even"))
    for alpha in ("weighted", "keep", "straight"):
        result = filter_array(opaque, Recipe((kernel,), alpha=alpha, rounding="half-even"))
        assert np.array_equal(result, np.dstack([expected, opaque[..., 1]]))


@pytest.fixture
def apply_like(run: Run, tmp_path: Path) -> Callable[..., Array]:
    Image.fromarray(SAMPLES).save(tmp_path / "a.png")

    def apply(*arguments: str) -> Array:
        result = run("apply", tmp_path / "a.png", "-q", "--overwrite", *arguments, "-o", tmp_path / "b.png")
        assert (result.status, result.stderr) == (0, "")
        return np.asarray(Image.open(tmp_path / "b.png"))

    return apply


def test_pillow_and_gimp_divide_by_the_sum_where_no_divisor_is_given(apply_like: Callable[..., Array]) -> None:
    weights = [[1, 2, 3], [4, 5, -6], [7, 8, 8]]
    filtered = Image.fromarray(SAMPLES).filter(ImageFilter.Kernel((3, 3), [w for row in weights for w in row]))
    mine = apply_like("-m", text_of(weights), "--like", "pillow")
    assert np.array_equal(mine[1:-1, 1:-1], np.asarray(filtered)[1:-1, 1:-1])
    gimp = apply_like("-m", text_of(weights), "--like", "gimp")
    assert np.array_equal(gimp, imfilt.apply(SAMPLES, imfilt.Kernel(weights, divisor=32), correlate=True))
    edges = [[1, 0, -1]]
    assert np.array_equal(
        apply_like("-m", text_of(edges), "--like", "gimp"), imfilt.apply(SAMPLES, edges, correlate=True)
    )


def test_a_border_that_is_given_counts(apply_like: Callable[..., Array]) -> None:
    mine = apply_like("-k", "gaussian3", "--like", "vips", "--border", "zero")
    assert np.array_equal(mine, imfilt.apply(SAMPLES, "gaussian3", border="zero"))


def test_a_notation_that_says_how_it_lies_lies_so(apply_like: Callable[..., Array], tmp_path: Path) -> None:
    kernel = imfilt.Kernel([[1, 2, 3], [4, 5, -6], [7, 8, 8]], divisor=32)
    (file := tmp_path / "k.txt").write_text("(1,2,3;4,5,-6;7,8,8) convolve[^-1] [-1] remove[-1] div 32")
    for tool in ("opencv", "pillow", "vips"):
        like = LIKES[tool]
        recipe = Recipe((kernel,), border=like.border, rounding=like.rounding)
        assert np.array_equal(apply_like("-m", f"@{file}", "--like", tool), filter_array(SAMPLES, recipe))


def test_several_kernels_are_rounded_once_and_each_of_them_for_itself(
    apply_like: Callable[..., Array], run: Run, tmp_path: Path
) -> None:
    exact_row = imfilt.convolve(SAMPLES, imfilt.Kernel([[1, 2, 1]], divisor=4), border="symmetric")
    exact_both = imfilt.convolve(exact_row, imfilt.Kernel([[1], [2], [1]], divisor=4), border="symmetric")
    mine = apply_like("-m", "1 2 1", "-m", "1; 2; 1", "--divisor", "4", "--like", "scipy")
    assert np.array_equal(mine, np.floor(exact_both))
    options = ("-m", "1 2 1", "-m", "1 1 2", "--divisor", "4", "--like", "scipy", "--each")
    assert run("apply", tmp_path / "a.png", *options).status == 0
    assert np.array_equal(np.asarray(Image.open(tmp_path / "a_custom1.png")), np.floor(exact_row))


def test_what_contradicts_it_is_refused(run: Run, tmp_path: Path) -> None:
    Image.fromarray(SAMPLES).save(tmp_path / "a.png")
    for arguments in (
        ["-k", "edge3", "--like", "opencv", "--correlate"],
        ["-k", "edge3", "--like", "photoshop"],
        ["-k", "edge3", "--like", "scipy", "--linear"],
        ["-k", "sobel-x", "-k", "sobel-y", "--like", "imagemagick", "--combine", "magnitude"],
    ):
        result = run("apply", tmp_path / "a.png", *arguments)
        assert (result.status, result.stdout) == (2, b"")
    assert [path.name for path in tmp_path.iterdir()] == ["a.png"]

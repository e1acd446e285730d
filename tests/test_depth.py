"""Samples of every type, converted depths, and backgrounds: against Python's integers and fractions."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import oracle
import pytest
from numpy.typing import NDArray

import imfilt
from imfilt.engine.recipes.samples import DEPTHS, SAMPLE_TYPES

Array = NDArray[Any]

WHOLE = ("uint8", "uint16", "uint32", "int8", "int16", "int32")
WHITE = {"uint8": 255, "uint16": 65535, "float32": 1, "float64": 1}
SOBEL: list[list[object]] = [[1, 0, -1], [2, 0, -2], [1, 0, -1]]
SOBEL_DOWN: list[list[object]] = [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]
GAUSSIAN = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]


def noise(dtype: str, *shape: int) -> Array:
    """Return samples of the whole range, both of its ends among them."""
    limits = np.iinfo(dtype)
    samples = np.random.default_rng(shape).integers(limits.min, limits.max, shape, dtype, endpoint=True)
    samples.flat[:2] = limits.min, limits.max
    return samples


def exact(samples: Array, weights: list[list[object]], divisor: int = 1) -> list[list[list[oracle.Exact]]]:
    step = oracle.Step(weights, divisor)  # type: ignore[arg-type]
    return [oracle.chain(plane, [step], oracle.Layout()) for plane in oracle.planes(samples)]


def rounded(planes: list[list[list[oracle.Exact]]], dtype: str, scale: Fraction = Fraction(1)) -> list[Any]:
    """Return exact results as samples of a type, rounded half up and clipped, as channels × rows × columns."""
    limits = np.iinfo(dtype)

    def one(value: oracle.Exact) -> int:
        level = math.floor(value * scale + Fraction(1, 2))
        return min(max(level, int(limits.min)), int(limits.max))

    return [[[one(value) for value in row] for row in plane] for plane in planes]


def channels_of(samples: Array) -> list[Any]:
    result: list[Any] = np.moveaxis(samples.reshape(*samples.shape[:2], -1), -1, 0).tolist()
    return result


@pytest.mark.parametrize("dtype", WHOLE)
def test_identity_keeps_the_whole_range_of_every_type(dtype: str) -> None:
    samples = noise(dtype, 20, 30, 3)
    filtered = imfilt.apply(samples, "identity")
    assert filtered.dtype == dtype
    assert np.array_equal(filtered, samples)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", WHOLE)
def test_results_are_exact_and_clipped_to_the_type(dtype: str, channels: int) -> None:
    samples = noise(dtype, 6, 7, channels)
    for weights, divisor in ((GAUSSIAN, 16), (SOBEL, 1), (SOBEL_DOWN, 3)):
        kernel = imfilt.Kernel(weights, divisor=divisor)
        wanted = rounded(exact(samples, weights, divisor), dtype)  # type: ignore[arg-type]
        assert channels_of(imfilt.apply(samples, kernel)) == wanted


@pytest.mark.parametrize("dtype", WHOLE)
def test_magnitudes_are_exact_roots(dtype: str) -> None:
    samples = noise(dtype, 6, 7) // 9
    across, down = exact(samples, SOBEL)[0], exact(samples, SOBEL_DOWN)[0]

    def root(a: oracle.Exact, b: oracle.Exact) -> int:
        level = (math.isqrt(4 * int(a * a + b * b)) + 1) // 2  # of 4 s the root is 2 √s: half up
        return min(level, int(np.iinfo(dtype).max))

    wanted = [[root(a, b) for a, b in zip(*rows, strict=True)] for rows in zip(across, down, strict=True)]
    assert imfilt.apply(samples, [SOBEL, SOBEL_DOWN], combine="magnitude").tolist() == wanted


@pytest.mark.parametrize("alpha", ["weighted", "keep"])
@pytest.mark.parametrize("dtype", ["uint16", "uint32"])
def test_colour_is_weighted_by_deep_alpha_exactly(dtype: str, alpha: str) -> None:
    samples = noise(dtype, 5, 6, 2)
    samples[2, 2:5, 1] = 0
    grey, clear = oracle.planes(samples)
    product = [[g * a for g, a in zip(*rows, strict=True)] for rows in zip(grey, clear, strict=True)]
    step, layout = oracle.Step(GAUSSIAN, 16), oracle.Layout()
    above, below, plain = (oracle.chain(plane, [step], layout) for plane in (product, clear, grey))
    if alpha == "keep":
        below = [[Fraction(a) for a in row] for row in clear]
    colour = [
        [a / b if b else c for a, b, c in zip(*rows, strict=True)] for rows in zip(above, below, plain, strict=True)
    ]
    filtered = imfilt.apply(samples, imfilt.Kernel(GAUSSIAN, divisor=16), alpha=alpha)
    assert channels_of(filtered) == rounded([colour, below], dtype)  # type: ignore[list-item]


@pytest.mark.parametrize("depth", ["8", "16"])
@pytest.mark.parametrize("dtype", WHOLE)
def test_a_depth_is_converted_exactly(dtype: str, depth: str) -> None:
    samples, target = noise(dtype, 9, 8, 3), DEPTHS[depth].name
    scale = Fraction(WHITE[target], int(np.iinfo(dtype).max))
    for weights, divisor in ((GAUSSIAN, 16), ([[0, 0, 0], [0, 1, 0], [0, 0, 0]], 1), (SOBEL, 7)):
        filtered = imfilt.apply(samples, imfilt.Kernel(weights, divisor=divisor), depth=depth)
        assert filtered.dtype == target
        assert channels_of(filtered) == rounded(exact(samples, weights, divisor), target, scale)  # type: ignore[arg-type]


def test_all_levels_of_16_bits_are_rounded_half_up_to_8() -> None:
    levels = np.arange(65536, dtype="uint16").reshape(256, 256)
    wanted = [(2 * level + 257) // 514 for level in range(65536)]
    assert imfilt.apply(levels, "identity", depth="8").ravel().tolist() == wanted
    assert imfilt.apply(levels.astype("uint8"), "identity", depth="16").ravel().tolist() == [
        level % 256 * 257 for level in range(65536)
    ]


@pytest.mark.parametrize("normalize", ["clip", "abs", "peak", "minmax", "shift"])
@pytest.mark.parametrize(("dtype", "depth"), [("uint8", "16"), ("uint16", "8")])
def test_normalisations_stretch_to_the_depth_that_is_written(dtype: str, depth: str, normalize: str) -> None:
    samples, target = noise(dtype, 7, 9), DEPTHS[depth].name
    values = [Fraction(v) for row in exact(samples, SOBEL)[0] for v in row]
    white = Fraction(WHITE[target])
    scale, low, high, peak = white / WHITE[dtype], min(values), max(values), max(map(abs, values))
    wanted = {
        "clip": [v * scale for v in values],
        "abs": [abs(v) * scale for v in values],
        "peak": [white * abs(v) / peak for v in values],
        "minmax": [white * (v - low) / (high - low) for v in values],
        "shift": [v * scale + (white + 1) // 2 for v in values],
    }[normalize]
    filtered = imfilt.apply(samples, SOBEL, normalize=normalize, depth=depth)
    assert [filtered.ravel().tolist()] == rounded([[wanted]], target)[0]  # type: ignore[list-item]


@pytest.mark.parametrize(("dtype", "depth"), [("uint8", "16"), ("uint16", "8")])
def test_magnitudes_are_converted_before_they_are_rounded(dtype: str, depth: str) -> None:
    samples, target = noise(dtype, 6, 7) // 9, DEPTHS[depth].name
    scale = Fraction(WHITE[target], WHITE[dtype])
    across, down = exact(samples, SOBEL)[0], exact(samples, SOBEL_DOWN)[0]

    def level(a: oracle.Exact, b: oracle.Exact) -> int:
        square = Fraction(a * a + b * b) * scale**2
        return min((math.isqrt(math.floor(4 * square)) + 1) // 2, WHITE[target])

    wanted = [[level(a, b) for a, b in zip(*rows, strict=True)] for rows in zip(across, down, strict=True)]
    filtered = imfilt.apply(samples, [SOBEL, SOBEL_DOWN], combine="magnitude", depth=depth)
    assert filtered.tolist() == wanted


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32"])
def test_floats_keep_negative_and_fractional_results(dtype: str) -> None:
    samples = noise(dtype, 9, 8, 3)
    filtered = imfilt.apply(samples, SOBEL, depth="float", normalize="none")
    assert filtered.dtype == "float32"
    wanted = np.array(exact(samples, SOBEL), "float64") / int(np.iinfo(dtype).max)
    assert np.allclose(np.moveaxis(filtered, -1, 0), wanted, rtol=1e-6, atol=0)
    assert filtered.min() < 0


def test_floats_become_levels_and_what_is_no_number_0() -> None:
    samples = np.array([[0.5, -1, 2, np.nan, np.inf, -np.inf, 1, 0.25]], "float32")
    assert imfilt.apply(samples, [[1]], depth="8").tolist() == [[128, 0, 255, 0, 255, 0, 255, 64]]
    assert imfilt.apply(samples, [[1]], depth="16").tolist() == [[32768, 0, 65535, 0, 65535, 0, 65535, 16384]]


def test_doubles_stay_doubles() -> None:
    samples = np.random.default_rng(1).normal(size=(9, 8))
    filtered = imfilt.apply(samples, "identity")
    assert filtered.dtype == "float64"
    assert np.array_equal(filtered, samples)


@pytest.mark.parametrize("pool", ["max:2", "mean:2", "sum:2", "min:2"])
@pytest.mark.parametrize("dtype", ["int8", "int32"])
def test_samples_with_a_sign_are_pooled(dtype: str, pool: str) -> None:
    samples = noise(dtype, 4, 6)
    name = pool.partition(":")[0]
    windows = [
        [[int(samples[y + i, x + j]) for i in range(2) for j in range(2)] for x in range(0, 6, 2)]
        for y in range(0, 4, 2)
    ]
    of: dict[str, Callable[[list[int]], int]] = {
        "max": max,
        "min": min,
        "sum": sum,
        "mean": lambda window: math.floor(Fraction(sum(window), 4) + Fraction(1, 2)),
    }
    limits = np.iinfo(dtype)
    wanted = [[min(max(of[name](each), int(limits.min)), int(limits.max)) for each in row] for row in windows]
    assert imfilt.apply(samples, "identity", pool=pool).tolist() == wanted


COLOURS = [(255, 255, 255), (0, 0, 0), (250, 128, 114)]


@pytest.mark.parametrize("background", COLOURS)
@pytest.mark.parametrize("channels", [2, 4])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32"])
def test_samples_are_laid_over_a_background_exactly(
    dtype: str, channels: int, background: tuple[int, int, int]
) -> None:
    samples = noise(dtype, 7, 9, channels)
    white = int(np.iinfo(dtype).max)
    filtered = imfilt.apply(samples, "identity", alpha="weighted", background=background)
    levels = [math.floor(Fraction(level * white, 255) + Fraction(1, 2)) for level in background]
    for y, x in np.ndindex(7, 9):
        *colours, alpha = map(int, samples[y, x])
        if not alpha:
            continue  # what colour lies hidden is of no account
        if channels == 2 and len(set(background)) > 1:
            colours *= 3
        wanted = [
            math.floor(Fraction(colour * alpha + level * (white - alpha), white) + Fraction(1, 2))
            for colour, level in zip(colours, levels, strict=False)
        ]
        assert filtered[y, x].tolist() == wanted


def test_floats_are_laid_over_a_background() -> None:
    samples = np.array([[[0.5, 0.25], [-1, 1], [9, 0]]], "float32")
    over = imfilt.apply(samples, "identity", alpha="straight", background=(255, 255, 255))
    assert over.tolist() == [[[0.875], [-1], [1]]]


def test_a_background_comes_after_the_pool() -> None:
    samples = np.zeros((2, 2, 2), "uint8")
    samples[0, 0] = 200, 255
    over = imfilt.apply(samples, "identity", alpha="straight", background=(100, 100, 100), pool="max:2")
    assert over.tolist() == [[[200]]]


def test_an_array_without_alpha_has_no_background() -> None:
    samples = noise("uint8", 5, 6, 4)
    assert np.array_equal(imfilt.apply(samples, "identity", background=(1, 2, 3)), samples)


def test_unknown_depths_types_and_colours_are_refused() -> None:
    with pytest.raises(imfilt.UsageError, match=", ".join(DEPTHS)):
        imfilt.apply(noise("uint8", 3, 3), "identity", depth="12")
    with pytest.raises(imfilt.UsageError, match=", ".join(SAMPLE_TYPES)):
        imfilt.apply(np.zeros((3, 3), "int64"), "identity")
    for colour in ((1, 2), (1, 2, 256), "white"):
        with pytest.raises(imfilt.UsageError, match="background"):
            imfilt.apply(noise("uint8", 3, 3), "identity", background=colour)  # type: ignore[arg-type]
    with pytest.raises(imfilt.UsageError, match="--depth float"):
        imfilt.apply(noise("uint8", 3, 3), "identity", normalize="none")

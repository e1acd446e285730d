"""Kernels side by side: every combination, against the oracle."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pytest
import scipy.signal
from conftest import Run
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image
from test_alpha import expected_of, images
from test_normalisation import MIDDLE, WHITE
from test_strips import assert_all_equal

import imfilt
from imfilt.engine.recipes.combinations import COMBINATIONS
from imfilt.engine.recipes.recipe import Recipe

CAR = Path(__file__).parent.parent / "samples" / "car.jpg"

examples = settings(deadline=None, derandomize=True, max_examples=120, suppress_health_check=list(HealthCheck))

Array = NDArray[Any]
Planes = list[list[list[oracle.Exact]]]

SOBEL_X = imfilt.Kernel([[1, 0, -1], [2, 0, -2], [1, 0, -1]], name="sobelx")
SOBEL_Y = imfilt.Kernel([[1, 2, 1], [0, 0, 0], [-1, -2, -1]], name="sobely")

COMBINE: dict[str, Callable[[Sequence[Fraction]], Fraction]] = {
    "magnitude": lambda values: Fraction(sum(value * value for value in values)),  # the square of it
    "sum": lambda values: Fraction(sum(values)),
    "mean": lambda values: Fraction(sum(values)) / len(values),
    "max": max,
    "min": min,
    "maxabs": lambda values: max(map(abs, values)),
}
NORMALISATIONS = ("clip", "abs", "peak", "minmax", "shift")


def root(square: Fraction) -> Fraction:
    """Return the root: exactly if it is a fraction, else cut so late that no level depends on it."""
    above, below = math.isqrt(square.numerator), math.isqrt(square.denominator)
    if above * above == square.numerator and below * below == square.denominator:
        return Fraction(above, below)
    return Fraction(math.isqrt(square.numerator * square.denominator << 4000), square.denominator << 2000)


def combined(parts: Sequence[Planes], name: str, normalisation: str, dtype: str) -> Planes:
    """Return exact results combined and normalised, not yet rounded and clipped."""
    rows = [
        [
            [COMBINE[name](list(map(Fraction, values))) for values in zip(*lines, strict=True)]
            for lines in zip(*planes, strict=True)
        ]
        for planes in zip(*parts, strict=True)
    ]
    values = [value for plane in rows for row in plane for value in row]
    low, high, peak = min(values), max(values), max(map(abs, values))
    white = WHITE[dtype]

    def one(value: Fraction) -> Fraction:
        if normalisation == "peak":
            return white * of(abs(value) / peak) if peak else Fraction(0)
        if normalisation == "minmax" and low != high:
            if name == "magnitude":
                return white * (root(value / high) - root(low / high)) / (1 - root(low / high))
            return white * (value - low) / (high - low)
        if normalisation == "minmax":
            return Fraction(0)
        value = of(value)
        return {"clip": value, "none": value, "abs": abs(value), "shift": value + MIDDLE[dtype]}[normalisation]

    of = root if name == "magnitude" else Fraction
    return [[[one(value) for value in row] for row in plane] for plane in rows]


def results_of(image: Array, kernel: imfilt.Kernel, layout: oracle.Layout) -> Planes:
    weights = oracle.exact_rows(kernel.weights)
    step = oracle.Step(weights, oracle.exact(kernel.divisor), oracle.exact(kernel.bias), kernel.anchor)
    return [oracle.chain(plane, [step], layout) for plane in oracle.planes(image)]


def filtered(image: Array, kernels: Sequence[imfilt.Kernel], layout: oracle.Layout, **options: Any) -> Array:
    layout_options = {name: getattr(layout, name) for name in ("border", "size", "stride", "dilation", "correlate")}
    result: Array = imfilt.apply(image, list(kernels), **layout_options, **options)
    return result


@st.composite
def kernels(draw: st.DrawFn, size: tuple[int, int] | None = None, *, is_wide: bool = True) -> imfilt.Kernel:
    height, width = size or draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    largest = 2**70 if is_wide else 12
    weights = st.one_of(st.integers(-12, 12), st.fractions(-3, 3, max_denominator=9), st.integers(-largest, largest))
    rows = draw(st.lists(st.lists(weights, min_size=width, max_size=width), min_size=height, max_size=height))
    anchor = None if size else draw(st.none() | st.tuples(st.integers(0, height - 1), st.integers(0, width - 1)))
    divisor = draw(st.sampled_from([1, 2, 3, 16, -256, *([2**65, Fraction(1, 3)] if is_wide else [])]))
    return imfilt.Kernel(rows, divisor=divisor, bias=draw(st.sampled_from([0, 0, 100, Fraction(-7, 3)])), anchor=anchor)


@st.composite
def side_by_side(draw: st.DrawFn) -> tuple[list[imfilt.Kernel], oracle.Layout]:
    """Draw kernels that can be laid side by side, and how."""
    size = draw(st.sampled_from(["same", "same", "full", "valid"]))
    shape = None if size == "same" else draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    layout = oracle.Layout(
        draw(st.sampled_from(["edge", "reflect", "symmetric", "wrap", "zero", "constant:100", "constant:-5/3"])),
        size,
        draw(st.sampled_from([(1, 1), (1, 1), (2, 1)])),
        draw(st.sampled_from([(1, 1), (1, 1), (1, 2)])),
        draw(st.booleans()),
    )
    return draw(st.lists(kernels(shape), min_size=2, max_size=3)), layout


SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 2))
PICTURES = st.sampled_from(["uint8", "uint16"]).flatmap(lambda dtype: arrays(dtype, SHAPES))


def test_every_combination_is_tested() -> None:
    assert set(COMBINATIONS) == set(COMBINE)


@pytest.mark.parametrize("name", COMBINE)
@settings(examples, max_examples=40)
@given(PICTURES, side_by_side(), st.sampled_from(NORMALISATIONS))
def test_whole_samples_equal_the_oracle(
    name: str, image: Array, given_kernels: tuple[list[imfilt.Kernel], oracle.Layout], normalisation: str
) -> None:
    in_a_set, layout = given_kernels
    spans = [layout.dilation[i] * (in_a_set[0].size[i] - 1) + 1 for i in range(2)]
    assume(layout.size != "valid" or all(span <= side for span, side in zip(spans, image.shape[:2], strict=True)))
    dtype = image.dtype.name
    parts = [results_of(image, kernel, layout) for kernel in in_a_set]
    expected = oracle.to_levels(combined(parts, name, normalisation, dtype), dtype)
    assert np.array_equal(filtered(image, in_a_set, layout, combine=name, normalize=normalisation), expected)


@pytest.mark.parametrize("normalisation", NORMALISATIONS)
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@settings(examples, max_examples=30)
@given(st.data())
def test_magnitudes_of_ordinary_kernels_equal_the_oracle(normalisation: str, dtype: str, data: st.DataObject) -> None:
    image = data.draw(arrays(dtype, st.tuples(st.integers(1, 7), st.integers(1, 7), st.just(1))))
    divisor = data.draw(st.sampled_from([1, 2, 8, Fraction(1, 3)]))
    sobel = [imfilt.Kernel(kernel.weights, divisor=divisor) for kernel in (SOBEL_X, SOBEL_Y)]
    parts = [results_of(image, kernel, oracle.Layout()) for kernel in sobel]
    expected = oracle.to_levels(combined(parts, "magnitude", normalisation, dtype), dtype)
    result = filtered(image, sobel, oracle.Layout(), combine="magnitude", normalize=normalisation)
    assert np.array_equal(result, expected)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("divisor", [1, 2, 5, 7, Fraction(3, 2), 1000])
def test_every_magnitude_of_two_samples_is_rounded_half_up(dtype: str, divisor: Any) -> None:
    """One pixel of a, b gives √(a² + b²) / divisor; among these are all halves there are."""
    a, b = np.meshgrid(np.arange(256), np.arange(0, 256, 5))
    image = (np.stack([a, b], axis=-1).reshape(a.shape[0], -1) * (1 if dtype == "uint8" else 257)).astype(dtype)
    pair = [imfilt.Kernel([[1, 0]], divisor=divisor), imfilt.Kernel([[0, 1]], divisor=divisor)]
    result = imfilt.apply(image, pair, combine="magnitude", correlate=True, size="valid", stride=(1, 2))
    scale = Fraction(divisor)
    for y, x in product(range(0, a.shape[0], 3), range(256)):
        square = 4 * sum(int(image[y, 2 * x + i]) ** 2 for i in range(2)) * scale.denominator**2
        level = min((math.isqrt(square // scale.numerator**2) + 1) // 2, WHITE[dtype])
        assert result[y, x] == level


@pytest.mark.parametrize("bias", [0, 10**3, 10**6, 10**9, 10**12])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_roots_that_are_close_together_are_told_apart(bias: int, dtype: str) -> None:
    image = np.random.default_rng(4).integers(0, np.iinfo(dtype).max, (12, 12, 1), dtype)
    pair = [imfilt.Kernel([[1]], bias=bias), imfilt.Kernel([[2, 1]], bias=bias)]
    for normalisation in ("peak", "minmax"):
        parts = [results_of(image, kernel, oracle.Layout()) for kernel in pair]
        expected = oracle.to_levels(combined(parts, "magnitude", normalisation, dtype), dtype)
        result = filtered(image, pair, oracle.Layout(), combine="magnitude", normalize=normalisation)
        assert np.array_equal(result, expected)


def test_the_magnitude_of_a_photograph_is_that_of_scipy(tmp_path: Path, run: Run) -> None:
    with Image.open(CAR) as image:
        grey = image.convert("L")
    grey.save(tmp_path / "car.png")
    registry = tmp_path / "sobel.toml"
    registry.write_text(
        "[kernels.sobelx]\nmatrix = [[1, 0, -1], [2, 0, -2], [1, 0, -1]]\n"
        "[kernels.sobely]\nmatrix = [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]\n"
    )
    arguments = ("--registry", registry, "-k", "sobelx", "-k", "sobely", "--combine", "magnitude", "--border", "zero")
    target = tmp_path / "car_sobelx_sobely_magnitude.png"
    assert run("apply", tmp_path / "car.png", *arguments).lines == [str(target)]
    samples = np.asarray(grey).astype(np.int64)
    x, y = (scipy.signal.convolve2d(samples, np.array(each.weights), mode="same") for each in (SOBEL_X, SOBEL_Y))
    expected = np.minimum(np.floor(np.sqrt(x**2 + y**2) + 0.5), 255)
    with Image.open(target) as result:
        assert np.array_equal(np.asarray(result), expected)


@pytest.mark.parametrize("name", COMBINE)
@settings(examples, max_examples=40)
@given(
    arrays(np.float32, SHAPES, elements=st.integers(-1000, 1000).map(lambda n: n / 512)),
    st.lists(kernels(is_wide=False), min_size=2, max_size=3),
    st.sampled_from([*NORMALISATIONS, "none"]),
)
def test_float_samples_are_close_to_the_oracle(
    name: str, image: Array, in_a_set: list[imfilt.Kernel], normalisation: str
) -> None:
    parts = [results_of(image, kernel, oracle.Layout()) for kernel in in_a_set]
    plain = np.array(combined(parts, name, "none", "float32"), float)
    assume(normalisation not in ("peak", "minmax") or np.ptp(plain) > 1e-3)
    expected = np.moveaxis(np.array(combined(parts, name, normalisation, "float32"), float), 0, -1)
    result = filtered(image, in_a_set, oracle.Layout(), combine=name, normalize=normalisation)
    assert np.abs(result - expected).max() <= 1e-5 * max(np.abs(expected).max(), 1)


@pytest.mark.parametrize("name", COMBINE)
def test_float_weights_are_within_the_contract(name: str) -> None:
    image = np.random.default_rng(5).integers(0, 256, (200, 200), np.uint8)
    first, second = np.random.default_rng(6).normal(size=(2, 5, 5)) / 4
    exact = [
        scipy.signal.convolve2d(np.pad(image, 2, "edge").astype(float), each, mode="valid") for each in (first, second)
    ]
    expected = {
        "magnitude": np.hypot(*exact),
        "sum": exact[0] + exact[1],
        "mean": (exact[0] + exact[1]) / 2,
        "max": np.maximum(*exact),
        "min": np.minimum(*exact),
        "maxabs": np.maximum(*np.abs(exact)),
    }[name]
    off = np.abs(imfilt.apply(image, [first, second], combine=name) - np.clip(np.floor(expected + 0.5), 0, 255))
    assert off.max() <= 1
    assert np.count_nonzero(off) <= 4


@pytest.mark.parametrize("name", ["magnitude", "sum", "max"])
def test_decimals_are_exact(name: str) -> None:
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    decimals = imfilt.apply(image, [[[0.1, 0.4]], [[0.3], [0.2]]], combine=name)
    fractions = imfilt.apply(image, [[["1/10", "4/10"]], [["3/10"], ["2/10"]]], combine=name)
    assert np.array_equal(decimals, fractions)


@pytest.mark.parametrize("name", ["magnitude", "max", "min", "maxabs"])
@settings(examples, max_examples=40)
@given(
    st.sampled_from(["uint8", "uint8", "uint16"]).flatmap(images),
    st.lists(st.booleans().flatmap(lambda wide: kernels(is_wide=wide)), min_size=2, max_size=3),
    st.sampled_from(NORMALISATIONS),
    st.booleans(),
)
def test_alpha_that_is_kept_equals_the_oracle(
    name: str, image: Array, in_a_set: list[imfilt.Kernel], normalisation: str, correlate: bool
) -> None:
    layout = oracle.Layout(correlate=correlate)
    each = [expected_of(image, [kernel], "keep", layout) for kernel in in_a_set]
    colours = combined([planes[:-1] for planes in each], name, normalisation, image.dtype.name)
    expected = oracle.to_levels([*colours, each[0][-1]], image.dtype.name)
    options = {"combine": name, "normalize": normalisation}
    assert np.array_equal(filtered(image, in_a_set, layout, alpha="keep", **options), expected)
    if normalisation == "clip":
        straight = filtered(image, in_a_set, layout, alpha="straight", combine=name)
        assert np.array_equal(straight, filtered(image, in_a_set, layout, combine=name))


@pytest.mark.parametrize("mode", ["weighted", "keep", "straight"])
@pytest.mark.parametrize("name", ["sum", "mean"])
def test_sums_are_one_kernel_for_alpha_too(name: str, mode: str) -> None:
    image = np.random.default_rng(7).integers(0, 256, (9, 8, 4), np.uint8)
    pair = [imfilt.Kernel([[1, 2, 1]], divisor=4, bias=10), imfilt.Kernel([[1], [3]], divisor=8, anchor=(0, 0))]
    one = imfilt.Kernel([[2, 4 + 1, 2], [0, 3, 0]], divisor=8, bias=10, anchor=(0, 1))
    if name == "mean":
        one = imfilt.Kernel(one.weights, divisor=16, bias=5, anchor=one.anchor)
    both = imfilt.apply(image, pair, combine=name, alpha=mode, correlate=True)
    assert np.array_equal(both, imfilt.apply(image, one, alpha=mode, correlate=True))


def test_auto_keeps_alpha_where_results_are_combined_and_where_the_sum_of_kernels_is_0() -> None:
    picture = Image.fromarray(np.random.default_rng(8).integers(0, 256, (9, 8, 4), np.uint8), "RGBA")
    blurs = ["gaussian3", "box3"]
    assert imfilt.apply(picture, blurs, combine="max") == imfilt.apply(picture, blurs, combine="max", alpha="keep")
    assert imfilt.apply(picture, blurs, combine="mean") == imfilt.apply(
        picture, blurs, combine="mean", alpha="weighted"
    )
    opposite: list[Any] = [[[1, 2]], [[-1, -2]]]
    kept = imfilt.apply(picture, opposite, combine="sum")
    assert kept.getchannel("A").tobytes() == picture.getchannel("A").tobytes()


@pytest.mark.parametrize("name", COMBINE)
@settings(examples, max_examples=12)
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 34), st.integers(1, 4), st.sampled_from([2, 3]))),
    side_by_side(),
    st.sampled_from(NORMALISATIONS),
    st.sampled_from(["auto", "keep"]),
)
def test_strips_threads_and_writing_in_place_change_no_sample(
    name: str, image: Array, given_kernels: tuple[list[imfilt.Kernel], oracle.Layout], normalisation: str, alpha: str
) -> None:
    in_a_set, layout = given_kernels
    assume(layout.size != "valid")
    laid = {each: getattr(layout, each) for each in ("border", "size", "stride", "dilation", "correlate")}
    assert_all_equal(image, Recipe(tuple(in_a_set), **laid, normalize=normalisation, alpha=alpha, combine=name))


@pytest.mark.parametrize("strategy", ["taps", "separable", "fourier"])
def test_the_strategy_changes_no_sample(strategy: str, run: Run, tmp_path: Path) -> None:
    options = ("-m", "1 0 -1; 2 0 -2; 1 0 -1", "-m", "1 2 1; 0 0 0; -1 -2 -1", "--combine", "magnitude")
    for target, more in (("a.png", ()), ("b.png", ("--strategy", strategy))):
        assert run("apply", CAR, *options, *more, "-o", tmp_path / target).status == 0
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize("mode", ["RGB", "L", "I;16", "F"])
def test_pictures_are_measured_over_the_channels_they_have(mode: str) -> None:
    array = np.random.default_rng(9).integers(0, 256, (30, 20, 3), np.uint8)
    picture = Image.fromarray(array) if mode in ("RGB", "L") else Image.fromarray(array[..., 0].astype(np.uint16))
    picture = picture.convert(mode) if mode != "I;16" else picture
    result = imfilt.apply(picture, [SOBEL_X, SOBEL_Y], combine="magnitude", normalize="peak")
    expected = imfilt.apply(np.asarray(picture), [SOBEL_X, SOBEL_Y], combine="magnitude", normalize="peak")
    assert np.array_equal(np.asarray(result), expected)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("normalisation", NORMALISATIONS[:4])
@pytest.mark.parametrize("alpha", ["auto", "keep"])
def test_edges_of_a_flat_picture_are_0_without_a_warning(dtype: str, normalisation: str, alpha: str) -> None:
    image = np.full((6, 7, 4), 1 if dtype == "float32" else 100, dtype)
    with np.errstate(all="raise"):
        result = imfilt.apply(image, [SOBEL_X, SOBEL_Y], combine="magnitude", normalize=normalisation, alpha=alpha)
    assert not result[..., :3].any()


GREY = np.zeros((5, 5), np.uint8)


@pytest.mark.parametrize(
    ("kernels", "options", "message"),
    [
        ("edge3", {"combine": "max"}, r"combine 'max' is for the results of at least two kernels; give another"),
        (["edge1", "edge2"], {"combine": "maxs"}, r"unknown combination 'maxs'; did you mean 'max'"),
        (["edge1", "gaussian5"], {"combine": "sum", "size": "valid"}, r"size 'valid' combines .* use size 'same'"),
        (["edge1", "gaussian5"], {"combine": "max", "size": "full"}, r"size 'full' combines .* use size 'same'"),
        (["box3", "gaussian3"], {"combine": "min", "alpha": "weighted"}, r"--alpha keep or --alpha straight"),
        (["edge1", [[1]]], {"combine": "max", "anchor": (1, 1)}, r"'custom': anchor: 1,1 is outside"),
        ([[[1e308]], [[1e308]]], {"combine": "sum"}, r"too large|outside 1e-308"),
        ([np.ones((1, 900)), imfilt.Kernel(np.ones((1, 900)), anchor=(0, 0))], {"combine": "sum"}, r"larger than 1001"),
        (["edge1", "edge2"], {"combine": "max", "normalize": "none"}, r"uint8 samples cannot hold"),
    ],
)
def test_what_cannot_be_combined_is_an_error_in_one_line(kernels: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(imfilt.UsageError, match=message) as raised:
        imfilt.apply(GREY, kernels, **options)
    assert "\n" not in str(raised.value)


def test_the_command_refuses_one_kernel_before_anything_is_written(run: Run, tmp_path: Path) -> None:
    result = run("apply", CAR, "-k", "edge3", "--combine", "magnitude", "-o", tmp_path / "a.png")
    assert (result.status, result.stdout) == (2, b"")
    assert "at least two kernels" in result.stderr
    assert not (tmp_path / "a.png").exists()


def test_the_plan_tells_of_the_combination(run: Run, tmp_path: Path) -> None:
    Image.new("L", (50, 40)).save(tmp_path / "a.png")
    result = run("apply", tmp_path / "a.png", "-k", "edge1", "-k", "edge2", "--combine", "maxabs", "-v")
    assert f"then maxabs: {COMBINATIONS['maxabs'].meaning}\n" in result.stderr


@pytest.mark.parametrize("samples", ["uint8", "uint16", "int16", "uint32", "int32"])
def test_a_flat_magnitude_that_is_stretched_is_black_in_all_samples(samples: str) -> None:
    flat = np.full((5, 4), 9, samples)
    result = imfilt.apply(flat, ["sobel-x", "sobel-y"], combine="magnitude", normalize="peak")
    assert result.dtype == samples
    assert not result.any()


def test_the_magnitude_of_alpha_alone_has_no_colours() -> None:
    alpha = np.full((5, 4, 1), 200, np.uint8)
    result = imfilt.apply(alpha, ["gaussian3", "gaussian5"], combine="magnitude", alpha="keep")
    assert np.array_equal(result, alpha)

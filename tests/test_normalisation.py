"""From exact results to samples: every normalisation, for every type of sample."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pytest
import scipy.signal
from conftest import Run
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

import imfilt
from imfilt.engine.recipes.normalisations import NORMALISATIONS

CAR = Path(__file__).parent.parent / "samples" / "car.jpg"

NAMES = ("clip", "abs", "peak", "minmax", "shift", "none")
MIDDLE = {"uint8": Fraction(128), "uint16": Fraction(32768), "float32": Fraction(1, 2)}
WHITE = {"uint8": 255, "uint16": 65535, "float32": 1}

examples = settings(deadline=None, derandomize=True, max_examples=120, suppress_health_check=list(HealthCheck))

Array = NDArray[Any]
Planes = list[list[list[oracle.Exact]]]


def normalised(channels: Planes, name: str, dtype: str) -> Planes:
    """Return exact results normalised, exactly, not yet rounded and clipped."""
    values = [Fraction(value) for plane in channels for row in plane for value in row]
    low, high, peak = min(values), max(values), max(map(abs, values))

    def one(value: Fraction) -> Fraction:
        if name == "abs":
            return abs(value)
        if name == "peak":
            return WHITE[dtype] * abs(value) / peak if peak else Fraction(0)
        if name == "minmax":
            return WHITE[dtype] * (value - low) / (high - low) if high != low else Fraction(0)
        return value + MIDDLE[dtype] if name == "shift" else value

    return [[[one(Fraction(value)) for value in row] for row in plane] for plane in channels]


def exact_results(image: Array, kernels: list[imfilt.Kernel], border: str) -> Planes:
    steps = [oracle.Step(oracle.exact_rows(k.weights), oracle.exact(k.divisor), oracle.exact(k.bias)) for k in kernels]
    return [oracle.chain(plane, steps, oracle.Layout(border)) for plane in oracle.planes(image)]


@st.composite
def kernels(draw: st.DrawFn) -> imfilt.Kernel:
    size = draw(st.tuples(st.integers(1, 4), st.integers(1, 4)))
    weights = st.one_of(
        st.integers(-12, 12),
        st.fractions(-3, 3, max_denominator=20),
        st.integers(-(2**80), 2**80),
    )
    row = st.lists(weights, min_size=size[1], max_size=size[1])
    rows = draw(st.lists(row, min_size=size[0], max_size=size[0]))
    divisor = draw(st.sampled_from([1, 3, 16, -256, 2**75, Fraction(1, 3)]))
    return imfilt.Kernel(rows, divisor=divisor, bias=draw(st.sampled_from([0, 100, -7, Fraction(7, 3)])))


IN_A_ROW = st.lists(kernels(), min_size=1, max_size=2)
BORDERS = st.sampled_from(["edge", "reflect", "symmetric", "wrap", "zero", "constant:100", "constant:-5/3"])
SHAPES = st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(1, 3))


def test_every_normalisation_is_tested() -> None:
    assert set(NORMALISATIONS) == set(NAMES)


@examples
@given(
    st.sampled_from(["uint8", "uint16"]).flatmap(lambda dtype: arrays(dtype, SHAPES)),
    IN_A_ROW,
    BORDERS,
    st.sampled_from([name for name in NAMES if name != "none"]),
)
def test_whole_samples_equal_the_oracle(image: Array, in_a_row: list[imfilt.Kernel], border: str, name: str) -> None:
    dtype = image.dtype.name
    expected = oracle.to_levels(normalised(exact_results(image, in_a_row, border), name, dtype), dtype)
    result = imfilt.apply(image, in_a_row, border=border, normalize=name)
    assert result.dtype == image.dtype
    assert np.array_equal(result, expected)


@examples
@given(
    arrays(np.float32, SHAPES, elements=st.integers(-1000, 1000).map(lambda n: n / 512)),
    st.lists(st.lists(st.integers(-12, 12), min_size=3, max_size=3), min_size=1, max_size=3),
    st.sampled_from(["edge", "reflect", "symmetric", "wrap", "zero", "constant:100", "constant:-1.625"]),
    st.sampled_from(NAMES),
)
def test_float_samples_are_within_a_millionth_of_the_oracle(
    image: Array, rows: list[list[int]], border: str, name: str
) -> None:
    kernel = imfilt.Kernel(rows, divisor=16)
    expected = np.moveaxis(np.array(normalised(exact_results(image, [kernel], border), name, "float32"), float), 0, -1)
    result = imfilt.apply(image, kernel, border=border, normalize=name)
    assert result.dtype == np.float32
    assert np.abs(result - expected).max() <= 1e-6 * max(np.abs(expected).max(), 1)


def test_clip_ends_at_black_and_white() -> None:
    image = np.array([[0, 100, 200]], np.uint8)
    assert imfilt.apply(image, [[2]]).tolist() == [[0, 200, 255]]
    assert imfilt.apply(image, [[-1]]).tolist() == [[0, 0, 0]]
    assert imfilt.apply(image.astype(np.uint16) * 256, [[2]]).tolist() == [[0, 51200, 65535]]


def test_abs_drops_the_sign_before_it_rounds_and_clips() -> None:
    image = np.array([[0, 1, 2, 3, 200]], np.uint8)
    assert imfilt.apply(image, [[-2]], normalize="abs").tolist() == [[0, 2, 4, 6, 255]]
    halves = imfilt.Kernel([[-1]], divisor=2)
    assert imfilt.apply(image, halves, normalize="abs").tolist() == [[0, 1, 1, 2, 100]]


def test_shift_puts_0_on_mid_grey() -> None:
    image = np.array([[0, 100, 200]], np.uint8)
    assert imfilt.apply(image, [[-1]], normalize="shift").tolist() == [[128, 28, 0]]
    assert imfilt.apply(image.astype(np.uint16), [[-1]], normalize="shift").tolist() == [[32768, 32668, 32568]]
    assert imfilt.apply(image.astype(np.float32), [[-1]], normalize="shift").tolist() == [[0.5, -99.5, -199.5]]


def test_peak_and_minmax_reach_black_and_white() -> None:
    image = np.array([[10, 20, 40]], np.uint8)
    assert imfilt.apply(image, [[1]], normalize="peak").tolist() == [[64, 128, 255]]
    assert imfilt.apply(image, [[-1]], normalize="peak").tolist() == [[64, 128, 255]]
    assert imfilt.apply(image, [[1]], normalize="minmax").tolist() == [[0, 85, 255]]
    assert imfilt.apply(image, [[-1]], normalize="minmax").tolist() == [[255, 170, 0]]


@pytest.mark.parametrize(("name", "expected"), [("peak", [25, 50, 255]), ("minmax", [0, 28, 255])])
def test_extremes_are_those_of_all_channels_together(name: str, expected: list[int]) -> None:
    image = np.array([[[10, 20, 102]]], np.uint8)
    assert imfilt.apply(image, "identity", normalize=name).tolist() == [[expected]]


@pytest.mark.parametrize("name", ["peak", "minmax"])
def test_extremes_are_those_of_every_strip_and_band(name: str) -> None:
    image = np.full((600, 20), 50, np.uint8)
    image[599, 7], image[0, 3] = 100, 0
    result = imfilt.apply(image, "identity", normalize=name, threads=3)
    assert result[599, 7] == 255
    assert result[0, 3] == 0
    assert result[300, 0] == 128


@pytest.mark.parametrize("name", ["none", "NONE"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_none_is_an_error_for_whole_samples_that_says_so(name: str, dtype: str) -> None:
    with pytest.raises(imfilt.UsageError, match=f"'none' keeps negative and fractional results, which {dtype}"):
        imfilt.apply(np.zeros((3, 3), dtype), "edge3", normalize=name)


def test_none_keeps_float_results_as_they_are() -> None:
    image = np.array([[0, 0.25, 3]], np.float32)
    assert imfilt.apply(image, [[-2]], normalize="none").tolist() == [[0, -0.5, -6]]


def test_float_results_are_neither_rounded_nor_clipped_by_default() -> None:
    image = np.array([[0, 0.25, 3]], np.float32)
    assert imfilt.apply(image, [[-2]]).tolist() == [[0, -0.5, -6]]
    assert imfilt.apply(image, [[-2]], normalize="abs").tolist() == [[0, 0.5, 6]]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("kernel", ["edge1", "edge2", "edge3", ["gaussian5", "edge3"]])
@pytest.mark.parametrize("name", ["clip", "abs", "peak", "minmax"])
def test_edges_of_a_flat_picture_are_0_without_a_warning(dtype: str, kernel: str | list[str], name: str) -> None:
    image = np.full((6, 7, 3), 1 if dtype == "float32" else 100, dtype)
    with np.errstate(all="raise"):
        result = imfilt.apply(image, kernel, normalize=name)
    assert result.dtype == image.dtype
    assert not result.any()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("level", [0, 1, 100])
@pytest.mark.parametrize("kernel", ["identity", "box3", "gaussian5", "sharpen"])
def test_minmax_of_a_flat_picture_is_0_without_a_warning(dtype: str, level: int, kernel: str) -> None:
    image = np.full((4, 4), level, dtype)
    with np.errstate(all="raise"):
        assert not imfilt.apply(image, kernel, normalize="minmax").any()


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("name", ["clip", "abs", "peak", "minmax"])
def test_a_black_picture_stays_black_without_a_warning(dtype: str, name: str) -> None:
    with np.errstate(all="raise"):
        assert not imfilt.apply(np.zeros((4, 4, 3), dtype), "box3", normalize=name).any()


@pytest.mark.parametrize("name", ["peak", "minmax"])
def test_extremes_far_apart_or_close_together_are_measured_exactly(name: str) -> None:
    image = np.array([[0, 1, 2, 4]], np.uint8)
    expected = [[0, 64, 128, 255]]
    for divisor in (10**40, Fraction(1, 10**40), 3):
        kernel = imfilt.Kernel([[1]], divisor=divisor)
        assert imfilt.apply(image, kernel, normalize=name).tolist() == expected
    offset = imfilt.Kernel([[1]], divisor=10**40, bias=10**6)
    assert imfilt.apply(image, offset, normalize="minmax").tolist() == expected


@pytest.mark.parametrize("name", ["peak", "minmax"])
def test_extremes_of_a_float_picture_ignore_nan_and_infinity(name: str) -> None:
    image = np.array([[0, 1, 2, np.nan, np.inf, 4]], np.float32)
    result = imfilt.apply(image, [[1]], normalize=name)
    assert result[0, [0, 1, 2, 5]].tolist() == [0, 0.25, 0.5, 1]
    assert np.isnan(result[0, 3])
    assert np.isinf(result[0, 4])


@pytest.mark.parametrize("name", ["peak", "minmax"])
@pytest.mark.parametrize("level", [1e-30, 1e-38, 1e-45, 1e30, 3e38])
def test_extremes_of_float_pictures_may_be_tiny_or_huge(name: str, level: float) -> None:
    image = np.array([[0, level]], np.float32)
    assert imfilt.apply(image, [[1]], normalize=name).tolist() == [[0, 1]]


@pytest.mark.parametrize("name", ["peak", "minmax"])
def test_results_too_small_to_be_stretched_do_not_crash(name: str) -> None:
    image = np.array([[0, 1e-45]], np.float32)
    result = imfilt.apply(image, imfilt.Kernel([[1]], divisor=10**270), normalize=name)
    assert result.dtype == np.float32
    assert np.isfinite(result).all()


@pytest.mark.parametrize(
    ("name", "weights"),
    [
        ("edge1", [[1, 0, -1], [0, 0, 0], [-1, 0, 1]]),
        ("edge3", [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
        ("gaussian3", [[1, 2, 1], [2, 4, 2], [1, 2, 1]]),
    ],
)
def test_peak_of_a_grey_photograph_is_the_magnitude_scaled_to_white_and_rounded_half_up(
    name: str, weights: list[list[int]], tmp_path: Path, run: Run
) -> None:
    source, target = tmp_path / "grey.png", tmp_path / "edges.png"
    with Image.open(CAR) as image:
        grey = image.convert("L")
    grey.save(source)
    assert run("apply", source, "-k", name, "--border", "zero", "--normalize", "peak", "-o", target).status == 0
    magnitude = np.abs(scipy.signal.convolve2d(np.asarray(grey).astype(np.int64), np.array(weights), mode="same"))
    expected = (2 * 255 * magnitude + magnitude.max()) // (2 * magnitude.max())
    with Image.open(target) as result:
        assert result.mode == "L"
        assert np.array_equal(np.asarray(result), expected)


@pytest.mark.parametrize("normalize", ["peak", "minmax"])
def test_extremes_of_floats_are_not_cut_to_whole_numbers(normalize: str) -> None:
    image = np.random.default_rng(0).integers(0, 30, (40, 40)).astype(np.uint8)
    weights = [[0.1234567891234, 0.2345678912345], [0.3456789123456, -0.1111111111111]]
    h = imfilt.convolve(image, weights)
    levels = np.abs(h) * 255 / np.abs(h).max() if normalize == "peak" else (h - h.min()) * 255 / np.ptp(h)
    difference = np.abs(imfilt.apply(image, weights, normalize=normalize).astype(int) - np.floor(levels + 0.5))
    assert difference.max() <= 1
    assert np.count_nonzero(difference) <= 2

"""Convolution layers: every output channel is a sum over all input channels, exactly."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from oracle import Exact, Layout, Step, as_plane, exact, planes
from oracle import convolve as convolve_plane

import imfilt

examples = settings(deadline=None, derandomize=True, max_examples=100, suppress_health_check=list(HealthCheck))

Array = NDArray[Any]
Results = list[list[list[Exact]]]


def oracle(array: Array, weights: Any, biases: Any, layout: Layout, divisor: Any = 1, anchor: Any = None) -> Results:
    """Return the exact results, rows × columns × out."""
    channels = []
    for kernels, bias in zip(weights, biases, strict=True):
        total: Any = None
        for plane, kernel in zip(planes(array), kernels, strict=True):
            step = Step([[exact(w) for w in row] for row in kernel], divisor=exact(divisor), anchor=anchor)
            part = convolve_plane(plane, step, layout)
            total = part if total is None else {place: total[place] + part[place] for place in part}
        channels.append(as_plane({place: value + exact(bias) for place, value in total.items()}))
    return [[list(pixel) for pixel in zip(*rows, strict=True)] for rows in zip(*channels, strict=True)]


def noise(*shape: int, dtype: str = "uint8") -> Array:
    return np.random.default_rng(shape).integers(0, 256, shape).astype(dtype)


def signed(*shape: int, largest: int = 127) -> Array:
    return np.random.default_rng((*shape, largest)).integers(-largest, largest + 1, shape)


LAYOUTS = [
    Layout(),
    Layout(border="zero", correlate=True),
    Layout(border="reflect", size="full", correlate=True),
    Layout(border="wrap", stride=(2, 3)),
    Layout(border="symmetric", dilation=(2, 1), correlate=True),
    Layout(border="constant:77/2", size="full", stride=(1, 2)),
    Layout(border="constant:-3", size="same"),
    Layout(size="valid", stride=(3, 1), dilation=(1, 2)),
]


def options_of(layout: Layout) -> dict[str, Any]:
    names = "border", "size", "stride", "dilation", "correlate"
    return {name: getattr(layout, name) for name in names}


def as_float(results: Results) -> list[list[list[float]]]:
    return [[[float(value) for value in pixel] for pixel in row] for row in results]


# Exact results


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("sides", [(3, 3), (1, 1), (2, 3), (1, 4)], ids=str)
def test_layouts(layout: Layout, sides: tuple[int, int]) -> None:
    array, weights, biases = noise(7, 8, 3), signed(4, 3, *sides), [0, -5, 1000, 3]
    result = imfilt.convolve(array, weights, bias=biases, **options_of(layout))
    expected = oracle(array, weights.tolist(), biases, layout)
    assert result.dtype == (np.float64 if "/" in layout.border else np.int64)
    assert result.tolist() == expected


small = st.integers(-9, 9)
large = st.integers(-(2**33), 2**33)
fraction = st.fractions(-100, 100, max_denominator=50)
decimal = st.decimals(-100, 100, places=3).map(float)


@st.composite
def layers(
    draw: st.DrawFn, *kinds: st.SearchStrategy[Any], dtypes: tuple[str, ...]
) -> tuple[Array, list[Any], list[Any], Layout]:
    out, into, rows, columns = (draw(st.integers(1, 3)) for _ in range(4))
    numbers = draw(st.sampled_from(kinds))
    weights = [
        [[[draw(numbers) for _ in range(columns)] for _ in range(rows)] for _ in range(into)] for _ in range(out)
    ]
    biases = draw(st.lists(numbers, min_size=out, max_size=out))
    dtype = draw(st.sampled_from(dtypes))
    shape = draw(st.integers(5, 7)), draw(st.integers(5, 7)), into
    return draw(arrays(dtype, shape)), weights, biases, draw(st.sampled_from(LAYOUTS))


@examples
@given(
    layers(small, large, fraction, st.one_of(large, fraction), dtypes=("u1", "u2", "i2", "i4"))
    | layers(decimal, st.one_of(decimal, small), dtypes=("u1", "i2")),
    st.sampled_from([1, 1, 3, -2, "1/7", 0.25]),
)
def test_whole_numbers_fractions_and_short_decimals_are_exact(case: Any, divisor: Any) -> None:
    array, weights, biases, layout = case
    result = imfilt.convolve(array, weights, bias=biases, divisor=divisor, **options_of(layout))
    given = [*biases, *(w for matrices in weights for matrix in matrices for row in matrix for w in row)]
    is_whole = divisor == 1 and all(float(value).is_integer() for value in given)
    assert result.dtype == (np.int64 if is_whole and "/" not in layout.border else np.float64)
    expected = oracle(array, weights, biases, layout, divisor)
    assert result.tolist() == (expected if result.dtype == np.int64 else as_float(expected))


@pytest.mark.parametrize(
    ("bits", "divisor"),
    [
        *((bits, divisor) for bits in (4, 10, 13, 14, 22, 24, 41, 42, 43, 44, 46, 51) for divisor in (1, 3)),
        (53, 3),
        (60, 3),
    ],
)
def test_no_dtype_is_too_narrow(bits: int, divisor: int) -> None:
    array = np.full((3, 4, 2), 255, np.uint8)
    array[1, 1] = 254, 253
    weights = signed(2, 2, 2, 2, largest=2) + (1 << bits)
    layout = Layout(border="edge")
    expected = oracle(array, weights.tolist(), [1, -1], layout, divisor)
    result = imfilt.convolve(array, weights, bias=[1, -1], divisor=divisor)
    assert result.tolist() == (expected if divisor == 1 else as_float(expected))


def test_a_long_divisor_is_divided_by_once() -> None:
    for number in range(1, 60):
        found = imfilt.convolve([[[number]]], [[[[1]]]], divisor=3**40).item()
        assert found == imfilt.convolve([[number]], [[1]], divisor=3**40).item() == float(Fraction(number, 3**40))


def test_results_beyond_64_bits_are_an_error_or_a_float() -> None:
    array = np.full((2, 2, 1), 2**40)
    with pytest.raises(imfilt.RecipeError, match="does not fit into 64 bits; give a divisor"):
        imfilt.convolve(array, [[[[2**30]]]])
    assert imfilt.convolve(array, [[[[2**30]]]], divisor=2).tolist() == [[[2.0**69]] * 2] * 2
    below = np.array([[[np.iinfo(np.int64).min]]])
    assert imfilt.convolve(below, [[[[1]]]]).tolist() == below.tolist()
    above = np.array([[[2**64 - 1]]], np.uint64)
    assert imfilt.convolve(above, [[[[1]]]], divisor=1, bias=-(2**63)).tolist() == [[[2**63 - 1]]]


@pytest.mark.parametrize("size", ["same", "valid", "full"])
def test_one_matrix_over_one_channel_is_a_convolution_as_before(size: str) -> None:
    array, matrix = noise(9, 11), [[1, -2, 3], [4, "1/3", 6]]
    for options in ({}, {"anchor": (0, 2)}, {"stride": 2, "dilation": (1, 2), "correlate": True}, {"border": "wrap"}):
        expected = imfilt.convolve(array, matrix, size=size, bias=2, **options)  # type: ignore[arg-type]
        layer = imfilt.convolve(array, [[matrix]], size=size, bias=2, **options)
        assert layer.shape == (*expected.shape, 1)
        assert np.array_equal(layer[..., 0], expected)


def test_blocks_change_no_sample(monkeypatch: pytest.MonkeyPatch) -> None:
    array, weights = noise(23, 31, 3), signed(5, 3, 3, 3)
    expected = imfilt.convolve(array, weights, stride=(1, 2))
    for block in (1, 100, 27 * 16, 27 * 16 * 5):
        monkeypatch.setattr("imfilt.engine.layer_sums._BLOCK", block)
        assert np.array_equal(imfilt.convolve(array, weights, stride=(1, 2)), expected)


# Floats


@pytest.mark.parametrize("layout", LAYOUTS, ids=str)
@pytest.mark.parametrize("dtype", ["uint8", "float32", "float64"])
def test_long_floats_are_computed_in_double_precision(dtype: str, layout: Layout) -> None:
    array = noise(6, 7, 2, dtype=dtype)
    rng = np.random.default_rng(1)
    weights, biases = rng.normal(size=(3, 2, 3, 2)), rng.normal(size=3)
    result = imfilt.convolve(array, weights, bias=biases, **options_of(layout))
    assert result.dtype == np.float64
    expected = oracle(array, weights.tolist(), biases.tolist(), layout)
    assert np.allclose(result, as_float(expected), rtol=1e-12, atol=1e-11)


def test_float_samples_give_float64_with_whole_weights_too() -> None:
    array = noise(5, 6, 2).astype(np.float32) / 8
    result = imfilt.convolve(array, [[[[2]], [["1/2"]]]], divisor=2)
    assert result.dtype == np.float64
    assert np.array_equal(result[..., 0], (2 * array[..., 0] + array[..., 1] / 2) / 2)


def test_infinity_and_nan_spread_without_a_warning() -> None:
    array = np.zeros((5, 5, 2))
    array[1, 1, 0], array[3, 3, 1] = np.inf, np.nan
    result = imfilt.convolve(array, np.ones((1, 2, 2, 2)), size="valid")
    assert np.isinf(result[:2, :2]).all()
    assert np.isnan(result[2:, 2:]).all()
    assert not result[0, 2:].any()


# What is taken, and what is not


def test_weights_may_be_given_in_many_ways() -> None:
    array, weights = noise(6, 5, 2), signed(3, 2, 2, 3)
    before = array.copy()
    expected = imfilt.convolve(array, weights)
    ways: list[Any] = [
        weights.tolist(),
        weights.astype(np.int8),
        weights.astype(np.float32),
        weights.astype(str).tolist(),
        weights.astype(object),
        [[[[Fraction(int(w)) for w in row] for row in matrix] for matrix in matrices] for matrices in weights],
        list(weights),
        tuple(map(tuple, weights)),
        np.moveaxis(np.moveaxis(weights, 0, -1).copy(), -1, 0),
    ]
    for way in ways:
        result = imfilt.convolve(array, way)
        assert result.dtype == np.int64
        assert np.array_equal(result, expected)
    assert np.array_equal(imfilt.convolve(array.tolist(), weights), expected)
    assert np.array_equal(imfilt.convolve(array, weights, bias=np.zeros(3, np.float32)), expected)
    assert np.array_equal(imfilt.convolve(array, weights, bias=(1, 2, 3)), expected + np.array((1, 2, 3)))
    assert np.array_equal(array, before)


RGB = np.zeros((4, 5, 3), np.uint8)
ONES = np.ones((2, 3, 3, 3), int)


@pytest.mark.parametrize(
    ("array", "weights", "options", "message"),
    [
        (RGB[..., 0], ONES, {}, r"weights for 3 input channels do not fit an array of 1; "),
        (RGB, ONES[:, :2], {}, r"weights for 2 input channels do not fit an array of 3"),
        (RGB, ONES, {"bias": [1, 2, 3]}, r"3 biases for 2 output channels; give one for each"),
        (RGB, ONES, {"bias": [1, "x"]}, r"bias 2: 'x' is not a number"),
        (RGB, ONES, {"bias": None}, r"bias: nothing is not a number"),
        (RGB, ONES, {"divisor": 0}, r"divisor: nothing can be divided by 0"),
        (RGB, ONES, {"divisor": "sum"}, r"divisor \"sum\" is for one matrix"),
        (RGB, ONES, {"anchor": (3, 0)}, r"anchor: 3,0 is outside the 3 x 3 matrix"),
        (RGB, ONES, {"border": "edges"}, r"did you mean 'edge'"),
        (RGB, ONES, {"stride": 0}, r"stride must be a whole number"),
        (RGB, ONES, {"size": "valid", "dilation": 2}, r"the weights span 5 x 5 samples, more than the 4 x 5"),
        (RGB, ONES, {"size": "full", "dilation": 100_000}, r"more than can be held"),
        (RGB, ONES.astype(bool), {}, r"weights\[0\]\[0\], row 1, column 1: true or false is not a number"),
        (RGB, ONES * 1j, {}, r"row 1, column 1: complex is not a number"),
        (
            RGB,
            np.where(ONES.cumsum().reshape(ONES.shape) == 32, np.nan, 1),
            {},
            r"weights\[1\]\[0\], row 2, column 2: nan",
        ),
        (RGB, [[[["a"]]]], {}, r"row 1, column 1: 'a' is not a number"),
        (RGB, [[[[1, 2], [3]]]], {}, r"make no layer; give them as out x in x rows x columns"),
        (RGB, [[[[1]], [[1, 2]]]], {}, r"make no layer"),
        (RGB, ONES[:0], {}, r"weights of shape \(0, 3, 3, 3\) make no layer"),
        (RGB, np.ones((1, 3, 1, 1002)), {}, r"larger than 1001 x 1001"),
        (RGB, ONES + 0.1234567890123, {"divisor": 1e-308 * 1e-5}, r"too large"),
        ([[2**60]], [[[[10**300]]]], {"divisor": "1/3"}, r"the result is too large for float64"),
        ([[0.5]], [[[[10**300]]]], {"divisor": "1e-9"}, r"the weights are too large for floating point"),
        (RGB * 1j, ONES, {}, r"complex128 cannot be convolved"),
        (RGB[0, 0], ONES, {}, r"shape \(3,\) is no picture"),
    ],
)
def test_what_makes_no_layer_is_an_error_of_one_line(array: Any, weights: Any, options: Any, message: str) -> None:
    with pytest.raises(imfilt.UsageError, match=message) as error:
        imfilt.convolve(array, weights, **options)
    assert "\n" not in str(error.value)

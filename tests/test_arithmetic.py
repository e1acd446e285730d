"""The sums themselves: textbook cases, SciPy, and an oracle in exact fractions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import oracle
import pytest
import scipy.ndimage
import scipy.signal
from conftest import Run
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

import imfilt
from imfilt.engine.arrays import convolve_array, filter_array
from imfilt.engine.recipes.recipe import Recipe

CAR = Path(__file__).parent.parent / "samples" / "car.jpg"

PLAIN_BORDERS = ("edge", "reflect", "symmetric", "wrap")
BORDERS = (*PLAIN_BORDERS, "zero", "constant:77")
SIZES = ("same", "valid", "full")

few = settings(deadline=None, derandomize=True, max_examples=60, suppress_health_check=list(HealthCheck))
many = settings(few, max_examples=120)

Array = NDArray[Any]


def as_lists(result: Array) -> list[Any]:
    values: list[Any] = result.tolist()
    return values


# Textbook cases

TEXTBOOK_IMAGE = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]]
TEXTBOOK_KERNEL = [[0, 1, 2], [2, 2, 0], [0, 1, 2]]


def test_textbook_convolution() -> None:
    result = imfilt.convolve(TEXTBOOK_IMAGE, TEXTBOOK_KERNEL, size="valid")
    assert as_lists(result) == [[18, 20, 19], [10, 9, 17], [11, 8, 14]]
    assert result.dtype == np.int64


def test_textbook_correlation() -> None:
    result = imfilt.convolve(TEXTBOOK_IMAGE, TEXTBOOK_KERNEL, size="valid", correlate=True)
    assert as_lists(result) == [[12, 12, 17], [10, 17, 19], [9, 6, 14]]


@pytest.mark.parametrize("third", ["1/3", Fraction(1, 3), 1 / 3], ids=["text", "fraction", "float"])
def test_textbook_moving_average(third: str | Fraction | float) -> None:
    result = imfilt.convolve([[10, 50, 60, 10, 20, 40, 30]], [[third] * 3], border="zero")
    assert result[0] == pytest.approx([20, 40, 40, 30, 70 / 3, 30, 70 / 3], rel=1e-15, abs=0)


def test_textbook_moving_average_by_a_divisor_is_the_nearest_float64() -> None:
    result = imfilt.convolve([[10, 50, 60, 10, 20, 40, 30]], [[1, 1, 1]], divisor=3, border="zero")
    assert as_lists(result) == [[20, 40, 40, 30, 70 / 3, 30, 70 / 3]]


def test_textbook_two_by_two() -> None:
    image, kernel = [[0, 1, 2], [3, 4, 5]], [[0, 1], [2, 3]]
    assert as_lists(imfilt.convolve(image, kernel, size="valid", correlate=True)) == [[19, 25]]
    assert as_lists(imfilt.convolve(image, kernel, size="valid")) == [[5, 11]]


def test_textbook_seven_by_seven_valid_is_five_by_five() -> None:
    image = np.arange(49).reshape(7, 7)
    result = imfilt.convolve(image, np.ones((3, 3), int), size="valid")
    assert result.shape == (5, 5)
    assert np.array_equal(result, 9 * image[1:6, 1:6])


def test_textbook_stride_and_dilation_of_each_axis() -> None:
    image = np.arange(30).reshape(5, 6)
    result = imfilt.convolve(image, [[1, 2], [3, 4]], size="valid", stride=(2, 1), dilation=(1, 2), correlate=True)
    expected = [
        [image[y, x] + 2 * image[y, x + 2] + 3 * image[y + 1, x] + 4 * image[y + 1, x + 2] for x in range(4)]
        for y in (0, 2)
    ]
    assert as_lists(result) == expected


# The length of the output


@pytest.mark.parametrize("size", SIZES)
def test_output_length_is_the_formula(size: str) -> None:
    for n, k, s, dilation in itertools.product(range(1, 12), range(1, 8), range(1, 5), range(1, 4)):
        reach = dilation * (k - 1)
        double_padding = {"valid": 0, "same": reach, "full": 2 * reach}[size]
        expected = (n + double_padding - dilation * (k - 1) - 1) // s + 1
        image, kernel = np.ones((n, 1), np.uint8), [[1]] * k
        if expected < 1:
            with pytest.raises(imfilt.RecipeError, match="'valid' leaves nothing"):
                imfilt.convolve(image, kernel, size=size, stride=(s, 1), dilation=(dilation, 1))
            continue
        down = imfilt.convolve(image, kernel, size=size, stride=(s, 1), dilation=(dilation, 1))
        across = imfilt.convolve(image.T, np.array(kernel).T, size=size, stride=(1, s), dilation=(1, dilation))
        assert down.shape == (expected, 1)
        assert across.shape == (1, expected)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("anchor", [(0, 0), (0, 3), (2, 0), (2, 3)])
def test_output_length_does_not_depend_on_the_anchor(size: str, anchor: tuple[int, int]) -> None:
    image, kernel = np.ones((9, 10), np.uint8), np.ones((3, 4), int)
    at_default = imfilt.convolve(image, kernel, size=size, stride=2)
    assert imfilt.convolve(image, kernel, size=size, stride=2, anchor=anchor).shape == at_default.shape


# The oracle itself


@pytest.mark.parametrize("border", PLAIN_BORDERS)
def test_oracle_continues_a_picture_as_numpy_pads_it(border: str) -> None:
    for length in range(1, 6):
        padded = np.pad(np.arange(length), 13, mode=border)  # type: ignore[call-overload]
        assert [oracle.source(i, length, border) for i in range(-13, length + 13)] == padded.tolist()


# SciPy


@pytest.mark.parametrize(("border", "boundary"), [("zero", "fill"), ("wrap", "wrap"), ("symmetric", "symm")])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kernel_size", [(1, 1), (2, 2), (3, 3), (1, 4), (4, 1), (2, 5), (5, 4), (6, 6)])
def test_equals_convolve2d_for_even_and_odd_sizes(
    border: str, boundary: Any, size: str, kernel_size: tuple[int, int]
) -> None:
    random = np.random.default_rng(0)
    image, kernel = random.integers(0, 256, (8, 9)), random.integers(-9, 10, kernel_size)
    expected = scipy.signal.convolve2d(image, kernel, mode=size, boundary=boundary)  # type: ignore[call-overload]
    assert np.array_equal(imfilt.convolve(image, kernel, border=border, size=size), expected)


@pytest.mark.parametrize("level", [0, 7, -3])
def test_equals_convolve2d_for_a_constant_border(level: int) -> None:
    random = np.random.default_rng(1)
    image, kernel = random.integers(0, 256, (8, 9)), random.integers(-9, 10, (3, 4))
    expected = scipy.signal.convolve2d(image, kernel, mode="same", boundary="fill", fillvalue=level)
    assert np.array_equal(imfilt.convolve(image, kernel, border=f"constant:{level}"), expected)


NDIMAGE_BORDERS: list[tuple[str, Any]] = [
    ("edge", "nearest"),
    ("reflect", "mirror"),
    ("symmetric", "reflect"),
    ("wrap", "grid-wrap"),
    ("zero", "constant"),
]


@pytest.mark.parametrize(("border", "mode"), NDIMAGE_BORDERS)
@pytest.mark.parametrize("kernel_size", [(3, 3), (2, 2), (1, 4), (5, 2), (7, 9)])
def test_equals_ndimage_correlate(border: str, mode: Any, kernel_size: tuple[int, int]) -> None:
    random = np.random.default_rng(2)
    image, kernel = random.integers(0, 256, (8, 7)), random.integers(-9, 10, kernel_size)
    expected = scipy.ndimage.correlate(image, kernel, mode=mode)
    assert np.array_equal(imfilt.convolve(image, kernel, border=border, correlate=True), expected)


@pytest.mark.parametrize(("border", "mode"), NDIMAGE_BORDERS)
@pytest.mark.parametrize("kernel_size", [(3, 3), (2, 2), (1, 4), (5, 2), (7, 9)])
def test_equals_ndimage_convolve_which_anchors_even_sizes_one_cell_earlier(
    border: str, mode: Any, kernel_size: tuple[int, int]
) -> None:
    random = np.random.default_rng(3)
    image, kernel = random.integers(0, 256, (8, 7)), random.integers(-9, 10, kernel_size)
    expected = scipy.ndimage.convolve(image, kernel, mode=mode)
    anchor = (kernel_size[0] - 1) // 2, (kernel_size[1] - 1) // 2
    assert np.array_equal(imfilt.convolve(image, kernel, border=border, anchor=anchor), expected)


# Random cases


def as_step(kernel: imfilt.Kernel) -> oracle.Step:
    return oracle.Step(
        oracle.exact_rows(kernel.weights), oracle.exact(kernel.divisor), oracle.exact(kernel.bias), kernel.anchor
    )


@dataclass(frozen=True)
class Case:
    """A picture, kernels in a row, and how they are laid over it."""

    image: Array
    kernels: tuple[imfilt.Kernel, ...]
    layout: oracle.Layout

    @property
    def steps(self) -> list[oracle.Step]:
        return [as_step(kernel) for kernel in self.kernels]

    @property
    def channels(self) -> list[list[list[oracle.Exact]]]:
        return [oracle.chain(plane, self.steps, self.layout) for plane in oracle.planes(self.image)]

    @property
    def exact(self) -> list[Any]:
        """The exact results in the shape of the picture."""
        channels = self.channels
        if self.image.ndim == 2:
            return channels[0]
        return [[list(pixel) for pixel in zip(*rows, strict=True)] for rows in zip(*channels, strict=True)]

    @property
    def recipe(self) -> Recipe:
        return Recipe(
            self.kernels,
            border=self.layout.border,
            size=self.layout.size,
            stride=self.layout.stride,
            dilation=self.layout.dilation,
            correlate=self.layout.correlate,
        )

    def convolve(self) -> Array:
        (kernel,) = self.kernels
        return imfilt.convolve(
            self.image,
            kernel,
            border=self.layout.border,
            size=self.layout.size,
            stride=self.layout.stride,
            dilation=self.layout.dilation,
            correlate=self.layout.correlate,
        )


def as_cube(array: Array) -> Array:
    return array.reshape(*array.shape[:2], -1)


def assert_samples_equal_the_oracle(case: Case) -> None:
    expected = oracle.to_levels(case.channels, case.image.dtype.name)
    assert np.array_equal(as_cube(filter_array(case.image, case.recipe)), expected)


def is_whole(border: str) -> bool:
    return Fraction(border.partition(":")[2] or 0).denominator == 1


WHOLE = st.integers(-12, 12)
FRACTIONS = st.fractions(-3, 3, max_denominator=20)
DECIMALS = st.decimals(-3, 3, places=2).map(float)
FLOATS = st.floats(-5, 5).filter(lambda weight: weight == 0 or abs(weight) > 1e-100)
HUGE = st.integers(-(2**200), 2**200)
WHOLE_DIVISORS = st.sampled_from([1, 2, 3, 9, 16, 255, -1, -7, -256])
LEVELS = st.one_of(st.integers(-50, 300), st.fractions(-50, 300, max_denominator=12))
BIASES = st.one_of(st.just(0), st.integers(-300, 300), st.fractions(-300, 300, max_denominator=12))
BORDER_RULES = st.one_of(st.sampled_from([*PLAIN_BORDERS, "zero"]), LEVELS.map("constant:{}".format))
PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))


@st.composite
def kernels(
    draw: st.DrawFn, weights: st.SearchStrategy[Any], divisors: Any = WHOLE_DIVISORS, side: int = 9
) -> imfilt.Kernel:
    size = draw(st.tuples(st.integers(1, side), st.integers(1, side)))
    row = st.lists(weights, min_size=size[1], max_size=size[1])
    rows = draw(st.lists(row, min_size=size[0], max_size=size[0]))
    anchor = draw(st.none() | st.tuples(st.integers(0, size[0] - 1), st.integers(0, size[1] - 1)))
    return imfilt.Kernel(rows, divisor=draw(divisors), bias=draw(BIASES), anchor=anchor)


@st.composite
def images(draw: st.DrawFn, dtype: str = "uint8", side: int = 9) -> Array:
    shape = draw(st.tuples(st.integers(1, side), st.integers(1, side)))
    channels = draw(st.sampled_from([(), (1,), (2,), (3,), (5,)]))
    return draw(arrays(dtype, (*shape, *channels)))


@st.composite
def layouts(draw: st.DrawFn, sizes: Sequence[str] = SIZES) -> oracle.Layout:
    return oracle.Layout(
        draw(BORDER_RULES), draw(st.sampled_from(sizes)), draw(PAIRS), draw(PAIRS), draw(st.booleans())
    )


@st.composite
def cases(
    draw: st.DrawFn,
    *in_a_row: st.SearchStrategy[imfilt.Kernel],
    dtype: str = "uint8",
    side: int = 9,
    sizes: Sequence[str] = SIZES,
) -> Case:
    case = Case(draw(images(dtype, side)), tuple(draw(kernel) for kernel in in_a_row), draw(layouts(sizes)))
    if case.layout.size == "valid":
        spans = [
            1 + sum(case.layout.dilation[axis] * (kernel.size[axis] - 1) for kernel in case.kernels)
            for axis in range(2)
        ]
        assume(spans[0] <= case.image.shape[0] and spans[1] <= case.image.shape[1])
    return case


@many
@given(cases(kernels(WHOLE)))
def test_whole_weights_equal_the_oracle(case: Case) -> None:
    expected = np.array([float(value) for value in np.array(case.exact, object).flat])
    assert case.convolve().ravel().tolist() == expected.tolist()


@few
@given(cases(kernels(st.integers(-(2**40), 2**40), st.just(1)), dtype="uint16"))
def test_whole_results_are_exact_beyond_the_precision_of_float64(case: Case) -> None:
    (kernel,) = case.kernels
    assume(is_whole(case.layout.border) and isinstance(kernel.bias, int))
    result = case.convolve()
    assert result.dtype == np.int64
    assert as_lists(result) == case.exact


@many
@given(cases(kernels(st.one_of(WHOLE, FRACTIONS, DECIMALS), st.one_of(WHOLE_DIVISORS, FRACTIONS.filter(bool)), side=5)))
def test_samples_equal_the_oracle_for_fractions_and_decimals(case: Case) -> None:
    assert_samples_equal_the_oracle(case)


@few
@given(cases(kernels(st.one_of(WHOLE, FRACTIONS), side=5), dtype="uint16"))
def test_samples_of_16_bits_equal_the_oracle(case: Case) -> None:
    assert_samples_equal_the_oracle(case)


@many
@given(
    images(),
    arrays(np.int64, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(-12, 12)),
    layouts(),
    st.data(),
)
def test_equals_scipy_on_a_padded_picture(
    image: Array, kernel: Array, layout: oracle.Layout, data: st.DataObject
) -> None:
    assume(is_whole(layout.border))
    anchor = data.draw(st.tuples(*(st.integers(0, side - 1) for side in kernel.shape)))
    reach = [layout.dilation[axis] * (kernel.shape[axis] - 1) for axis in range(2)]
    offset = [layout.dilation[axis] * anchor[axis] for axis in range(2)]
    padding = {
        "same": [(offset[axis], reach[axis] - offset[axis]) for axis in range(2)],
        "valid": [(0, 0), (0, 0)],
        "full": [(reach[axis], reach[axis]) for axis in range(2)],
    }[layout.size]
    assume(all(image.shape[axis] + sum(padding[axis]) > reach[axis] for axis in range(2)))
    spread = np.zeros([each + 1 for each in reach], np.int64)
    spread[:: layout.dilation[0], :: layout.dilation[1]] = kernel
    function = scipy.signal.correlate2d if layout.correlate else scipy.signal.convolve2d
    name, _, level = layout.border.partition(":")
    mode: Any = "constant" if name == "zero" else name
    constant = {"constant_values": int(level or 0)} if mode == "constant" else {}
    expected = [
        function(np.pad(plane, padding, mode=mode, **constant), spread, mode="valid")
        for plane in np.moveaxis(as_cube(image).astype(np.int64), -1, 0)
    ]
    result = imfilt.convolve(
        image,
        kernel,
        border=layout.border,
        size=layout.size,
        stride=layout.stride,
        dilation=layout.dilation,
        anchor=anchor,
        correlate=layout.correlate,
    )
    strided = np.stack(expected, axis=-1)[:: layout.stride[0], :: layout.stride[1]]
    assert np.array_equal(as_cube(result), strided)


@few
@given(cases(kernels(FLOATS, st.just(1), side=6), dtype="uint16"))
def test_float_weights_are_within_float64_rounding_of_the_oracle(case: Case) -> None:
    result, expected = case.convolve(), np.array(case.exact, float)
    (step,) = case.steps
    largest = 65535 * np.abs(np.array(step.weights, float)).sum() + abs(float(step.bias))
    assert np.all(np.abs(result.ravel() - expected.ravel()) <= 1e-13 * largest)


# Properties


@few
@given(
    st.data(),
    st.sampled_from([*PLAIN_BORDERS, "zero"]),
    st.integers(-20, 20),
    st.integers(-20, 20),
    kernels(WHOLE, st.just(1)),
)
def test_convolution_is_linear(data: st.DataObject, border: str, a: int, b: int, kernel: imfilt.Kernel) -> None:
    shape = data.draw(st.tuples(st.integers(1, 9), st.integers(1, 9)))
    first, second = (data.draw(arrays(np.int32, shape, elements=st.integers(-1000, 1000))) for _ in range(2))

    def filtered(image: Array) -> Array:
        return imfilt.convolve(image, kernel.weights, border=border, anchor=kernel.anchor)

    assert np.array_equal(filtered(a * first + b * second), a * filtered(first) + b * filtered(second))


@few
@given(st.data(), st.sampled_from(BORDERS), st.sampled_from(["uint8", "uint16", "float32"]))
def test_identity_changes_no_sample(data: st.DataObject, border: str, dtype: str) -> None:
    elements = st.floats(-1e6, 1e6, width=32) if dtype == "float32" else None
    image = data.draw(arrays(dtype, st.tuples(*[st.integers(1, 9)] * 3), elements=elements))
    assert np.array_equal(imfilt.apply(image, "identity", border=border), image)
    assert np.array_equal(imfilt.apply(image, ["identity"] * 3, border=border), image)
    assert np.array_equal(imfilt.convolve(image, [[0, 0, 0], [0, 1, 0], [0, 0, 0]], border=border), image)


@few
@given(st.data(), st.sampled_from(PLAIN_BORDERS), st.sampled_from(["uint8", "uint16"]))
def test_a_kernel_that_sums_to_its_divisor_leaves_a_flat_picture_flat(
    data: st.DataObject, border: str, dtype: str
) -> None:
    weights = data.draw(kernels(st.one_of(WHOLE, FRACTIONS, DECIMALS))).weights
    assume(sum(map(sum, weights)) != 0)
    level = data.draw(st.integers(0, int(np.iinfo(dtype).max)))
    image = np.full(data.draw(st.tuples(*[st.integers(1, 9)] * 2)), level, dtype)
    kernel = imfilt.Kernel(weights, divisor="sum")
    assert np.array_equal(imfilt.apply(image, kernel, border=border), image)
    assert np.array_equal(imfilt.convolve(image, kernel, border=border), image)


def test_a_zero_border_darkens_a_flat_picture_and_a_constant_one_of_its_level_does_not() -> None:
    image = np.full((4, 5), 90, np.uint8)
    assert imfilt.apply(image, "box3", border="zero")[0, 0] == 40
    assert np.array_equal(imfilt.apply(image, "box3", border="constant:90"), image)


@pytest.mark.parametrize("channels", range(1, 8))
def test_channels_are_filtered_each_by_itself(channels: int) -> None:
    image = np.random.default_rng(channels).integers(0, 256, (7, 6, channels), np.uint8)
    together = imfilt.apply(image, "unsharp5")
    assert together.shape == image.shape
    for c in range(channels):
        assert np.array_equal(together[..., c], imfilt.apply(image[..., c], "unsharp5"))


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (3, 1), (2, 3)])
@pytest.mark.parametrize("kernel_size", [(9, 9), (1, 20), (20, 1), (4, 11)])
def test_kernels_larger_than_the_picture(border: str, shape: tuple[int, int], kernel_size: tuple[int, int]) -> None:
    random = np.random.default_rng(4)
    image = random.integers(0, 256, shape, np.uint8)
    kernel = imfilt.Kernel(random.integers(-9, 10, kernel_size))
    for size in ("same", "full"):
        case = Case(image, (kernel,), oracle.Layout(border, size))
        assert as_lists(case.convolve()) == case.exact


# Kernels in a row


@many
@given(
    cases(kernels(WHOLE, side=4), kernels(st.one_of(WHOLE, FRACTIONS), side=4), side=6)
    | cases(kernels(DECIMALS, side=4), kernels(WHOLE, side=4), side=6)
    | cases(kernels(WHOLE, side=3), kernels(FRACTIONS, side=3), kernels(FRACTIONS, side=3), side=5)
)
def test_kernels_in_a_row_are_one_exact_computation(case: Case) -> None:
    assert_samples_equal_the_oracle(case)
    results = convolve_array(case.image, case.recipe).ravel().tolist()
    expected = [float(value) for value in np.array(case.exact, object).flat]
    assert results == pytest.approx(expected, rel=4e-16, abs=0)


def test_results_between_two_kernels_are_neither_rounded_nor_clipped() -> None:
    image = np.array([[0, 0, 255, 0, 0]], np.uint8)
    undone = imfilt.apply(image, [imfilt.Kernel([[8, -8, 8]]), imfilt.Kernel([[1]], divisor=8)])
    assert undone.tolist() == imfilt.apply(image, [[1, -1, 1]]).tolist() == [[0, 255, 0, 255, 0]]
    halves = imfilt.apply(np.array([[1, 2, 3]], np.uint8), [imfilt.Kernel([[1]], divisor=2), imfilt.Kernel([[2]])])
    assert halves.tolist() == [[1, 2, 3]]


@pytest.mark.parametrize("bias", [0, 3])
@pytest.mark.parametrize("divisor", [2**10, 2**14, 2**30, 2**75])
def test_a_kernel_of_zeros_leaves_its_bias_whatever_lies_beyond_the_border(divisor: int, bias: int) -> None:
    image = np.full((2, 3), 9, np.uint8)
    nothing = imfilt.Kernel([[0, 0, 0]], bias=bias)
    scaled = imfilt.Kernel([[1]], divisor=divisor)
    assert imfilt.apply(image, [scaled, nothing], border="constant:100").tolist() == [[bias] * 3] * 2
    assert imfilt.apply(image, [nothing, scaled, nothing], border="constant:-1/7").tolist() == [[bias] * 3] * 2


def test_results_are_rounded_half_up() -> None:
    image = np.arange(8, dtype=np.uint8).reshape(1, 8)
    assert imfilt.apply(image, imfilt.Kernel([[1]], divisor=2)).tolist() == [[0, 1, 1, 2, 2, 3, 3, 4]]
    negative = imfilt.Kernel([[-1]], divisor=2, bias=2)
    assert imfilt.apply(image, negative).tolist() == [[2, 2, 1, 1, 0, 0, 0, 0]]


@pytest.mark.parametrize("tenth", [0.1, "0.1", "1/10", "1e-1", Fraction(1, 10)])
def test_a_tenth_is_exactly_a_tenth(tenth: float | str | Fraction) -> None:
    image = np.arange(256, dtype=np.uint8).reshape(16, 16)
    expected = (image.astype(int) + 5) // 10
    assert np.array_equal(imfilt.apply(image, [[tenth]]), expected)
    thrice = imfilt.apply(image, imfilt.Kernel([[tenth] * 3]), border="wrap", correlate=True)
    total = sum(np.roll(image.astype(int), shift, axis=1) for shift in (-1, 0, 1))
    assert np.array_equal(thrice, (total + 5) // 10)


@pytest.mark.parametrize("exponent", [22, 23, 100, 308])
def test_text_in_scientific_notation_is_exactly_the_power_of_ten_that_it_says(exponent: int) -> None:
    image = np.full((2, 2), 255, np.uint8)
    assert not imfilt.apply(image, imfilt.Kernel([[f"1e{exponent}", -(10**exponent)]])).any()
    assert not imfilt.apply(image, imfilt.Kernel([[f"-1e{exponent}", 10**exponent]])).any()


# Large numbers


@few
@given(
    cases(
        kernels(
            HUGE, st.one_of(st.just(2**200), HUGE.filter(bool), st.integers(-(10**300), 10**300).filter(bool)), side=3
        ),
        side=4,
    )
    | cases(kernels(HUGE, st.just(-(2**198)), side=3), kernels(HUGE, st.just(3**120), side=2), side=4)
)
def test_weights_and_divisors_beyond_64_bits_are_exact(case: Case) -> None:
    assert_samples_equal_the_oracle(case)


@few
@given(cases(kernels(st.fractions(-2, 2, max_denominator=10**12), side=3), dtype="uint16", side=4))
def test_fractions_with_a_large_common_denominator_are_exact(case: Case) -> None:
    assert_samples_equal_the_oracle(case)


@pytest.mark.parametrize("bits", [7, 8, 15, 16, 23, 31, 32, 39, 47, 55])
@pytest.mark.parametrize("sign", [1, -1])
def test_sums_on_the_edge_of_an_integer_type_do_not_overflow(bits: int, sign: int) -> None:
    image = np.array([[255, 0, 255, 1]], np.uint8)
    for weight in (2**bits - 1, 2**bits, 2**bits + 1):
        assert as_lists(imfilt.convolve(image, [[sign * weight]])) == [
            [255 * sign * weight, 0, 255 * sign * weight, sign * weight]
        ]
        kernel = imfilt.Kernel([[sign * weight]], divisor=sign * weight)
        assert np.array_equal(imfilt.apply(image, kernel), image)
        opposed = imfilt.apply(image, imfilt.Kernel([[weight, -weight, sign * weight]], divisor=sign * weight))
        step = oracle.Step([[weight, -weight, sign * weight]], sign * weight)
        channels = [oracle.chain(plane, [step], oracle.Layout()) for plane in oracle.planes(image)]
        assert np.array_equal(opposed, oracle.to_levels(channels, "uint8")[..., 0])


def test_a_result_that_fits_64_bits_is_right_where_what_leads_to_it_does_not() -> None:
    image = np.array([[255, 255, 255]], np.uint8)
    result = imfilt.convolve(image, [[2**62, -(2**62), 1]])
    assert as_lists(result) == [[255, 255, 255]]
    assert result.dtype == np.int64


def test_a_result_beyond_64_bits_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(imfilt.UsageError, match="does not fit into 64 bits; give a divisor"):
        imfilt.convolve([[255]], [[2**62]])


def test_the_smallest_64_bit_number_is_taken() -> None:
    image = np.array([[-(2**63), 2**63 - 1]], np.int64)
    assert as_lists(imfilt.convolve(image, [[1]])) == image.tolist()
    assert as_lists(imfilt.convolve(image, [[1, 1]], border="wrap")) == [[-1, -1]]


def test_unsigned_64_bit_numbers_are_taken_as_they_are() -> None:
    image = np.array([[2**64 - 1, 2**63]], np.uint64)
    assert as_lists(imfilt.convolve(image, [[1, -1]], border="wrap")) == [[2**63 - 1, 1 - 2**63]]


@pytest.mark.parametrize(
    "divisor", [10**30, -(10**30), 10**300, Fraction(10**40, 7)], ids=["1e30", "-1e30", "1e300", "fraction"]
)
def test_very_large_divisors(divisor: int | Fraction) -> None:
    image = np.array([[0, 1, 255]], np.uint8)
    assert imfilt.apply(image, imfilt.Kernel([[1]], divisor=divisor)).tolist() == [[0, 0, 0]]
    exact = [float(Fraction(sample) / divisor) for sample in (0, 1, 255)]
    result = imfilt.convolve(image, imfilt.Kernel([[1]], divisor=divisor))
    assert as_lists(result)[0] == pytest.approx(exact, rel=1e-15, abs=0)


def test_a_divisor_beyond_float64_gives_results_near_0() -> None:
    image = np.array([[0, 1, 255]], np.uint8)
    kernel = imfilt.Kernel([["1/7", 1]], divisor=2**1023)
    assert imfilt.apply(image, kernel).tolist() == [[0, 0, 0]]
    assert np.abs(imfilt.convolve(image, kernel)).max() < 1e-300


def test_weights_that_sum_to_more_than_float64_holds_are_exact() -> None:
    image = np.array([[0, 1, 255]], np.uint8)
    large = 10**308
    assert imfilt.apply(image, [[large, large]]).tolist() == [[0, 255, 255]]
    halves = imfilt.Kernel([[large, large]], divisor=large, anchor=(0, 0))
    assert imfilt.apply(image, [halves, imfilt.Kernel([[1]], divisor=2)]).tolist() == [[1, 128, 255]]


@pytest.mark.parametrize("divisor", [Fraction(1, 3), Fraction(7, 5), 1e-10])
def test_results_beyond_float64_are_an_error_in_one_line(divisor: float | Fraction) -> None:
    with pytest.raises(imfilt.UsageError):
        imfilt.convolve([[1, 255]], imfilt.Kernel([[10**308]], divisor=divisor))


def test_weights_beyond_float64_over_a_float_picture_are_an_error_in_one_line() -> None:
    image = np.ones((2, 2), np.float32)
    with pytest.raises(imfilt.UsageError):
        imfilt.apply(image, imfilt.Kernel([[10**308]], divisor=1e-10))
    with pytest.raises(imfilt.UsageError):
        imfilt.apply(image, [[2**1024 - 1]])


@pytest.mark.parametrize("divisor", [-1, -2, -9, -256, Fraction(-1, 3), -0.5])
def test_negative_divisors(divisor: float | Fraction) -> None:
    image = np.arange(35, dtype=np.uint8).reshape(5, 7)
    kernel = imfilt.Kernel([[-1, 2, -3], [4, -5, 6]], divisor=divisor)
    case = Case(image, (kernel,), oracle.Layout())
    assert as_lists(imfilt.convolve(image, kernel)) == [[float(value) for value in row] for row in case.exact]
    assert np.array_equal(imfilt.apply(image, kernel), oracle.to_levels(case.channels, "uint8")[..., 0])


# Floating point


def test_random_float_weights_are_within_one_level_of_float64_and_nearly_always_equal() -> None:
    random = np.random.default_rng(5)
    for dtype, kernel_size in (("uint8", (5, 5)), ("uint16", (4, 7)), ("uint8", (1, 15))):
        largest = int(np.iinfo(dtype).max)
        image = random.integers(0, largest + 1, (400, 500), dtype)
        weights = random.normal(size=kernel_size)
        weights /= weights.sum()
        result = imfilt.apply(image, weights, border="symmetric")
        plain = scipy.signal.convolve2d(image.astype(float), weights, mode="same", boundary="symm")
        expected = np.clip(np.floor(plain + 0.5), 0, largest)
        difference = np.abs(result.astype(float) - expected)
        assert difference.max() <= 1
        assert np.count_nonzero(difference) < difference.size / 10_000


@few
@given(
    arrays(np.float32, st.tuples(st.integers(1, 6), st.integers(1, 6)), elements=st.floats(-1e4, 1e4, width=32)),
    kernels(st.one_of(FLOATS, FRACTIONS, WHOLE), side=5),
    layouts(("same", "full")),
)
def test_float_pictures_are_within_a_millionth_of_the_largest_sum(
    image: Array, given: imfilt.Kernel, layout: oracle.Layout
) -> None:
    kernel = imfilt.Kernel(given.weights, divisor=given.divisor, anchor=given.anchor)
    case = Case(image, (kernel,), layout)
    magnitudes = [[abs(weight) for weight in row] for row in kernel.weights]
    of_magnitudes = imfilt.Kernel(magnitudes, divisor=abs(kernel.divisor), anchor=kernel.anchor)
    border = layout.border.replace("-", "")
    largest = np.array(Case(np.abs(image), (of_magnitudes,), replace(layout, border=border)).exact, float).max()
    for result in (filter_array(image, case.recipe), case.convolve()):
        difference = np.abs(result.astype(float) - np.array(case.exact, float))
        assert difference.max() <= 1e-6 * largest + 1e-37  # float32 has no smaller numbers in full precision


@pytest.mark.parametrize("normalize", ["clip", "abs", "peak", "minmax", "shift", "none"])
@pytest.mark.parametrize("border", BORDERS)
def test_float_pictures_with_nan_and_infinity_do_not_warn(border: str, normalize: str) -> None:
    image = np.random.default_rng(6).random((9, 12, 2), np.float32)
    image[1, 1, 0], image[2, 2, 0], image[3, 2, 0] = np.nan, np.inf, -np.inf
    for kernel in ("edge3", "gaussian3", [[1, -1]], ["sharpen", "edge2"], [[0.1234567890123, -1e30]]):
        result = imfilt.apply(image, kernel, border=border, normalize=normalize)
        assert result.shape == image.shape
        assert np.isnan(result).any()
        assert np.isfinite(result).any() or kernel == [[0.1234567890123, -1e30]]
    assert np.isnan(imfilt.apply(np.full((3, 3), np.nan, np.float32), "edge3", normalize=normalize)).all()


def test_convolving_nan_and_infinity_does_not_warn_and_touches_only_their_neighbours() -> None:
    image = np.ones((5, 9))
    image[2, 1], image[2, 2], image[2, 3] = np.inf, -np.inf, np.nan
    result = imfilt.convolve(image, [[1, 1, 1]])
    assert np.isnan(result[2, :5]).sum() == 4
    assert np.isinf(result[2, 0])
    assert np.all(np.delete(result, 2, axis=0) == 3)
    assert np.all(result[2, 5:] == 3)


def test_a_weight_of_zero_does_not_spread_infinity() -> None:
    image = np.array([[1, np.inf, 2]], np.float32)
    assert imfilt.apply(image, [[0, 1, 0]], normalize="none").tolist() == [[1, np.inf, 2]]


# The dtype of exact results

WHOLE_ARRAYS = ["bool", "int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]


@pytest.mark.parametrize("dtype", WHOLE_ARRAYS)
def test_whole_arrays_and_weights_with_divisor_1_give_int64(dtype: str) -> None:
    image = np.array([[0, 1], [1, 1]], dtype)
    for weights, bias in (([[1]], 0), ([[-3, 2]], 5), ([[2.0]], 1), ([["4/2"]], 0)):
        result = imfilt.convolve(image, weights, bias=bias)
        assert result.dtype == np.int64
    assert as_lists(imfilt.convolve(image, [[2]], bias=3)) == [[3, 5], [5, 5]]


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_float_arrays_give_float64(dtype: str) -> None:
    result = imfilt.convolve(np.array([[1.5, 2]], dtype), [[2]])
    assert result.dtype == np.float64
    assert as_lists(result) == [[3, 4]]


@pytest.mark.parametrize(
    ("weights", "divisor", "bias"),
    [
        ([[1]], 2, 0),
        ([[2]], 2, 0),
        ([[3, 6]], "sum", 0),
        ([[1]], -1, 0),
        ([[0.5]], 0.5, 0),
        ([["1/2"]], 1, 0),
        ([[0.5]], 1, 0),
        ([[1]], 1, 0.5),
        ([[0.123456789012345]], 1, 0),
    ],
)
def test_a_divisor_other_than_1_or_anything_not_whole_gives_float64(
    weights: list[list[float]], divisor: float | str, bias: float
) -> None:
    image = np.array([[0, 3], [6, 9]], np.uint8)
    assert imfilt.convolve(image, weights, divisor=divisor, bias=bias).dtype == np.float64


# The built-in kernels on a photograph, through the command

BUILT_IN = {
    "identity": oracle.Step([[0, 0, 0], [0, 1, 0], [0, 0, 0]]),
    "edge1": oracle.Step([[1, 0, -1], [0, 0, 0], [-1, 0, 1]]),
    "edge2": oracle.Step([[0, 1, 0], [1, -4, 1], [0, 1, 0]]),
    "edge3": oracle.Step([[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]]),
    "sharpen": oracle.Step([[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
    "box3": oracle.Step([[1, 1, 1], [1, 1, 1], [1, 1, 1]], 9),
    "gaussian3": oracle.Step([[1, 2, 1], [2, 4, 2], [1, 2, 1]], 16),
    "gaussian5": oracle.Step(
        [[1, 4, 6, 4, 1], [4, 16, 24, 16, 4], [6, 24, 36, 24, 6], [4, 16, 24, 16, 4], [1, 4, 6, 4, 1]], 256
    ),
    "unsharp5": oracle.Step(
        [[1, 4, 6, 4, 1], [4, 16, 24, 16, 4], [6, 24, -476, 24, 6], [4, 16, 24, 16, 4], [1, 4, 6, 4, 1]], -256
    ),
}


@pytest.fixture(scope="module")
def photograph() -> list[list[list[oracle.Exact]]]:
    with Image.open(CAR) as image:
        return oracle.planes(np.asarray(image.convert("RGB")))


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("name", BUILT_IN)
def test_built_in_kernels_on_a_photograph_equal_the_oracle(
    name: str, border: str, photograph: list[list[list[oracle.Exact]]], tmp_path: Path, run: Run
) -> None:
    target = tmp_path / "filtered.png"
    assert run("apply", CAR, "-k", name, "--border", border, "-o", target).status == 0
    with Image.open(target) as image:
        filtered = np.asarray(image)
    height, width = len(photograph[0]), len(photograph[0][0])
    assert filtered.shape == (height, width, 3)
    for (y, x), channel in itertools.product(sampled_positions(height, width), range(3)):
        expected = oracle.convolve(photograph[channel], BUILT_IN[name], oracle.Layout(border), [(y, x)])
        assert filtered[y, x, channel] == oracle.to_level(expected[y, x], 255), (y, x, channel)


def sampled_positions(height: int, width: int) -> list[tuple[int, int]]:
    """Return the corners with their neighbours, some of the frame two samples deep, and a grid inside."""
    rows, columns = ({*range(3), *range(0, n, step), *range(n - 3, n)} for n, step in ((height, 41), (width, 53)))
    return sorted(itertools.product(rows, columns))


def test_kernels_in_a_row_on_a_photograph_equal_the_oracle(
    photograph: list[list[list[oracle.Exact]]], tmp_path: Path, run: Run
) -> None:
    target = tmp_path / "filtered.png"
    assert run("apply", CAR, "-k", "gaussian3", "-k", "edge3", "-o", target).status == 0
    with Image.open(target) as image:
        filtered = np.asarray(image)[:12, :15]
    corner = [[row[:20] for row in plane[:20]] for plane in photograph]
    kernels = [BUILT_IN["gaussian3"], BUILT_IN["edge3"]]
    expected = oracle.to_levels([oracle.chain(plane, kernels, oracle.Layout()) for plane in corner], "uint8")
    assert np.array_equal(filtered, expected[:12, :15])


def test_the_photograph_is_in_colour_and_400_by_225() -> None:
    with Image.open(CAR) as image:
        assert (image.size, image.mode) == ((400, 225), "RGB")

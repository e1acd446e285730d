"""Pictures with alpha: colour weighted by it, against an oracle in exact fractions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import oracle
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

import imfilt
from imfilt.errors import RecipeError

examples = settings(deadline=None, derandomize=True, max_examples=60, suppress_health_check=list(HealthCheck))

Array = NDArray[Any]
Planes = list[list[list[oracle.Exact]]]

PLAIN_BORDERS = ("edge", "reflect", "symmetric", "wrap")
BORDERS = (*PLAIN_BORDERS, "zero", "constant:100")


def as_step(kernel: imfilt.Kernel) -> oracle.Step:
    return oracle.Step(oracle.exact_rows(kernel.weights), oracle.exact(kernel.divisor), 0, kernel.anchor)


def alpha_step(step: oracle.Step, mode: str, correlate: bool) -> oracle.Step:
    """Return the kernel that alpha goes through: the same over its sum, or for `keep` the sample under the anchor."""
    if mode == "weighted":
        return oracle.Step(step.weights, Fraction(sum(map(sum, step.weights))), 0, step.anchor)
    height, width = step.size
    y, x = step.anchor or (height // 2, width // 2)
    if not correlate:
        y, x = height - 1 - y, width - 1 - x
    weights = [[int((i, j) == (y, x)) for j in range(width)] for i in range(height)]
    return oracle.Step(weights, 1, 0, step.anchor)


def expected_of(image: Array, kernels: Sequence[imfilt.Kernel], mode: str, layout: oracle.Layout) -> Planes:
    """Return the exact colours, and alpha last.

    A colour is the filtered product of colour and alpha over the filtered alpha. Where that is not above 0, there is
    no colour to be seen, and it is filtered as if there were no alpha. The biases, as later kernels pass them on, come
    last.
    """
    *colours, alpha = oracle.planes(image)
    steps = [as_step(kernel) for kernel in kernels]
    white = int(np.iinfo(image.dtype).max)
    around_alpha = around_products = layout
    if level := layout.border.partition(":")[2]:
        around_alpha = replace(layout, border=f"constant:{white}")
        around_products = replace(layout, border=f"constant:{Fraction(level) * white}")
    alphas = oracle.chain(alpha, [alpha_step(step, mode, layout.correlate) for step in steps], around_alpha)
    bias = Fraction(0)
    for kernel, step in zip(kernels, steps, strict=True):
        bias = bias * step.sum + oracle.exact(kernel.bias)
    channels: Planes = []
    for colour in colours:
        products = [[c * a for c, a in zip(*rows, strict=True)] for rows in zip(colour, alpha, strict=True)]
        weighted, plain = oracle.chain(products, steps, around_products), oracle.chain(colour, steps, layout)
        channels.append([])
        for rows in zip(weighted, plain, alphas, strict=True):
            channels[-1].append([(Fraction(w) / a if a > 0 else p) + bias for w, p, a in zip(*rows, strict=True)])
    return [*channels, alphas]


NO_BIAS = st.just(0)
BIASES = st.sampled_from([0, 0, 20, -128, Fraction(7, 3)])


@st.composite
def kernels(draw: st.DrawFn, biases: st.SearchStrategy[Any] = NO_BIAS, *, decimals: bool = True) -> imfilt.Kernel:
    size = draw(st.tuples(st.integers(1, 3), st.integers(1, 4)))
    exact = (st.integers(0, 9), st.integers(-9, 9), st.fractions(-2, 3, max_denominator=9))
    weights = st.one_of(*exact, st.sampled_from([0.1, 0.25])) if decimals else st.one_of(*exact)
    row = st.lists(weights, min_size=size[1], max_size=size[1])
    rows = draw(st.lists(row, min_size=size[0], max_size=size[0]))
    anchor = draw(st.none() | st.tuples(st.integers(0, size[0] - 1), st.integers(0, size[1] - 1)))
    divisor = draw(st.sampled_from([1, 2, 9, 16, -5, Fraction(2, 3)]))
    return imfilt.Kernel(rows, divisor=divisor, bias=draw(biases), anchor=anchor)


@st.composite
def images(draw: st.DrawFn, dtype: str = "uint8") -> Array:
    """Draw pictures in which clear, opaque and half-transparent samples are all common."""
    shape = draw(st.tuples(st.integers(1, 5), st.integers(1, 5)))
    white = int(np.iinfo(dtype).max)
    colours = draw(arrays(dtype, (*shape, draw(st.sampled_from([1, 3])))))
    alpha = draw(arrays(dtype, (*shape, 1), elements=st.sampled_from([0, white, 1]) | st.integers(0, white)))
    return np.concatenate([colours, alpha], axis=-1)


LAYOUTS = st.builds(
    oracle.Layout,
    st.sampled_from([*PLAIN_BORDERS, "zero", "constant:100", "constant:51/2", "constant:-3"]),
    st.sampled_from(["same", "full"]),
    st.tuples(st.integers(1, 2), st.integers(1, 2)),
    st.tuples(st.integers(1, 2), st.integers(1, 2)),
    st.booleans(),
)


def filtered(image: Array, in_a_row: Sequence[imfilt.Kernel], mode: str, layout: oracle.Layout) -> Array:
    return imfilt.apply(
        image,
        list(in_a_row),
        border=layout.border,
        size=layout.size,
        stride=layout.stride,
        dilation=layout.dilation,
        correlate=layout.correlate,
        alpha=mode,
    )


@examples
@given(images(), kernels(BIASES), LAYOUTS)
def test_weighted_equals_the_oracle(image: Array, kernel: imfilt.Kernel, layout: oracle.Layout) -> None:
    assume(kernel.sum != 0)
    expected = oracle.to_levels(expected_of(image, [kernel], "weighted", layout), "uint8")
    assert np.array_equal(filtered(image, [kernel], "weighted", layout), expected)


@examples
@given(images(), kernels(BIASES), LAYOUTS)
def test_keep_equals_the_oracle(image: Array, kernel: imfilt.Kernel, layout: oracle.Layout) -> None:
    expected = oracle.to_levels(expected_of(image, [kernel], "keep", layout), "uint8")
    assert np.array_equal(filtered(image, [kernel], "keep", layout), expected)


@examples
@given(
    images(),
    st.lists(kernels(decimals=False), min_size=1, max_size=2),
    kernels(BIASES, decimals=False),
    LAYOUTS,
    st.sampled_from(["weighted", "keep"]),
)
def test_kernels_in_a_row_equal_the_oracle(
    image: Array, first: list[imfilt.Kernel], last: imfilt.Kernel, layout: oracle.Layout, mode: str
) -> None:
    in_a_row = [*first, last]
    assume(mode == "keep" or all(kernel.sum != 0 for kernel in in_a_row))
    expected = oracle.to_levels(expected_of(image, in_a_row, mode, layout), "uint8")
    assert np.array_equal(filtered(image, in_a_row, mode, layout), expected)


@examples
@given(images(), kernels(BIASES), kernels(BIASES), LAYOUTS.filter(lambda layout: layout.border in PLAIN_BORDERS))
def test_biases_in_a_row_reach_colour_through_the_later_kernels(
    image: Array, first: imfilt.Kernel, last: imfilt.Kernel, layout: oracle.Layout
) -> None:
    assume(first.sum != 0 and last.sum != 0)
    expected = oracle.to_levels(expected_of(image, [first, last], "weighted", layout), "uint8")
    assert np.array_equal(filtered(image, [first, last], "weighted", layout), expected)


@examples
@given(images("uint16"), kernels(BIASES), LAYOUTS, st.sampled_from(["weighted", "keep"]))
def test_samples_of_16_bits_equal_the_oracle(
    image: Array, kernel: imfilt.Kernel, layout: oracle.Layout, mode: str
) -> None:
    assume(mode == "keep" or kernel.sum != 0)
    expected = oracle.to_levels(expected_of(image, [kernel], mode, layout), "uint16")
    assert np.array_equal(filtered(image, [kernel], mode, layout), expected)


@examples
@given(images(), kernels(BIASES), LAYOUTS)
def test_straight_filters_alpha_like_a_colour(image: Array, kernel: imfilt.Kernel, layout: oracle.Layout) -> None:
    for_all = filtered(image, [kernel], "straight", layout)
    assert np.array_equal(for_all, filtered(image, [kernel], "auto", layout))  # an array's channels are alike


@examples
@given(images(), st.lists(kernels(BIASES), min_size=1, max_size=2), LAYOUTS, st.sampled_from(["weighted", "keep"]))
def test_opaque_pictures_have_the_colours_they_have_without_alpha(
    image: Array, in_a_row: list[imfilt.Kernel], layout: oracle.Layout, mode: str
) -> None:
    assume(layout.border in PLAIN_BORDERS or not any(kernel.bias for kernel in in_a_row[:-1]))
    # beyond a zero border lies nothing that weighs, so it darkens with `keep` alone
    assume(mode == "keep" or (layout.border != "zero" and all(kernel.sum != 0 for kernel in in_a_row)))
    image[..., -1] = 255
    colours = filtered(image[..., :-1], in_a_row, "auto", layout)
    assert np.array_equal(filtered(image, in_a_row, mode, layout)[..., :-1], colours)


@pytest.mark.parametrize("border", ["zero", "constant:100"])
def test_a_bias_that_a_constant_border_would_cut_off_is_refused(border: str) -> None:
    in_a_row = [imfilt.Kernel([[1]], bias=-100), imfilt.Kernel([[1, 1, 1]], divisor=3)]
    with pytest.raises(imfilt.RecipeError, match="give the bias to the last kernel"):
        imfilt.apply(np.full((3, 3, 2), 255, np.uint8), in_a_row, border=border, alpha="keep")


@pytest.mark.parametrize("kernel", ["gaussian5", "box3", "edge3", "unsharp5"])
@pytest.mark.parametrize("border", PLAIN_BORDERS)
def test_opaque_rgba_gives_the_colours_of_rgb_and_stays_opaque(kernel: str, border: str) -> None:
    colours = np.random.default_rng(0).integers(0, 256, (9, 11, 3), np.uint8)
    rgb = Image.fromarray(colours)
    rgba = imfilt.apply(rgb.convert("RGBA"), kernel, border=border)
    assert rgba.mode == "RGBA"
    assert np.array_equal(np.asarray(rgba.convert("RGB")), np.asarray(imfilt.apply(rgb, kernel, border=border)))
    assert rgba.getchannel("A").getextrema() == (255, 255)


@pytest.mark.parametrize("kernel", ["gaussian3", "gaussian5", "box3", ["gaussian5", "gaussian5"]])
@pytest.mark.parametrize("border", [*PLAIN_BORDERS, "zero"])
def test_white_on_transparent_red_stays_white_wherever_it_can_be_seen(kernel: str | list[str], border: str) -> None:
    image = Image.new("RGBA", (20, 16), (255, 0, 0, 0))
    image.paste((255, 255, 255, 255), (6, 4, 12, 9))
    result = np.asarray(imfilt.apply(image, kernel, border=border))
    visible = result[..., 3] > 0
    assert visible.sum() > 6 * 5
    assert (result[visible] == 255).all(axis=0)[:3].all()
    assert result[..., 3].min() == 0
    assert 0 < result[4, 6, 3] < 255


def test_straight_lets_hidden_red_bleed() -> None:
    image = Image.new("RGBA", (20, 16), (255, 0, 0, 0))
    image.paste((255, 255, 255, 255), (6, 4, 12, 9))
    result = np.asarray(imfilt.apply(image, "gaussian5", alpha="straight"))
    assert 0 < result[4, 6, 1] < 255


@examples
@given(images(), st.sampled_from(BORDERS), st.sampled_from(["weighted", "keep", "straight"]))
def test_identity_keeps_hidden_colours(image: Array, border: str, mode: str) -> None:
    assert np.array_equal(imfilt.apply(image, "identity", border=border, alpha=mode), image)
    assert np.array_equal(imfilt.apply(image, ["identity"] * 2, border=border, alpha=mode), image)


def test_hidden_colours_are_filtered_where_nothing_near_can_be_seen() -> None:
    image = np.zeros((5, 5, 4), np.uint8)
    image[2, 2] = 160, 80, 16, 0
    result = imfilt.apply(image, "gaussian3", alpha="weighted")
    assert result[2, 2].tolist() == [40, 20, 4, 0]
    assert result[1, 1].tolist() == [10, 5, 1, 0]


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_auto_is_weighted_for_blurs_and_keep_for_kernels_that_sum_to_0(mode: str) -> None:
    random = np.random.default_rng(1)
    samples = random.integers(0, 256, (8, 9, len(mode)), np.uint8)
    samples[..., -1] = random.choice([0, 100, 255], (8, 9))
    image = Image.fromarray(samples)
    assert image.mode == mode
    for kernel, chosen in (
        ("gaussian3", "weighted"),
        ("unsharp5", "weighted"),
        ("edge3", "keep"),
        (["gaussian3", "edge2"], "keep"),
    ):
        result = np.asarray(imfilt.apply(image, kernel))
        assert np.array_equal(result, imfilt.apply(samples, kernel, alpha=chosen))
        assert np.array_equal(result, np.asarray(imfilt.apply(image, kernel, alpha=chosen)))
        if chosen == "keep":
            assert np.array_equal(result[..., -1], samples[..., -1])


@pytest.mark.parametrize("mode", ["weighted", "keep"])
def test_pictures_of_pillow_equal_the_oracle(mode: str) -> None:
    random = np.random.default_rng(2)
    kernel = imfilt.Kernel([[1, 2, 0], [3, -1, 4]], divisor=8, bias="5/2")
    for channels in (2, 4):
        samples = random.integers(0, 256, (6, 7, channels), np.uint8)
        samples[..., -1] = random.choice([0, 3, 100, 255], (6, 7))
        for border in BORDERS:
            result = imfilt.apply(Image.fromarray(samples), kernel, border=border, alpha=mode)
            expected = expected_of(samples, [kernel], mode, oracle.Layout(border))
            assert np.array_equal(np.asarray(result), oracle.to_levels(expected, "uint8"))


def test_a_bias_shifts_colours_and_leaves_alpha() -> None:
    image = np.array([[[10, 128], [200, 0], [30, 255]]], np.uint8)
    kernel = imfilt.Kernel([[1]], bias=100)
    for mode in ("weighted", "keep"):
        assert imfilt.apply(image, kernel, alpha=mode).tolist() == [[[110, 128], [255, 0], [130, 255]]]
    assert imfilt.apply(image, kernel, alpha="straight").tolist() == [[[110, 228], [255, 100], [130, 255]]]


def test_weighted_with_a_kernel_that_sums_to_0_is_an_error_that_names_the_way_out() -> None:
    with pytest.raises(imfilt.UsageError, match=r"'edge3' sums to 0 .* choose --alpha keep or --alpha straight"):
        imfilt.apply(np.zeros((3, 3, 4), np.uint8), "edge3", alpha="weighted")


@pytest.mark.parametrize("divisor", [-16, 16, 1, 10**30])
def test_alpha_does_not_depend_on_the_divisor(divisor: int) -> None:
    image = np.random.default_rng(3).integers(0, 256, (5, 6, 4), np.uint8)
    weights = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
    result = imfilt.apply(image, imfilt.Kernel(weights, divisor=divisor), alpha="weighted")
    assert np.array_equal(result[..., 3], imfilt.apply(image[..., 3], "gaussian3"))


def test_weights_beyond_64_bits_are_exact_with_alpha() -> None:
    image = np.random.default_rng(4).integers(0, 256, (4, 5, 4), np.uint8)
    kernel = imfilt.Kernel([[10**30 + 1, 10**25], [-(10**20), 7]], divisor=10**30, bias="1/7")
    for mode in ("weighted", "keep"):
        expected = oracle.to_levels(expected_of(image, [kernel], mode, oracle.Layout()), "uint8")
        assert np.array_equal(imfilt.apply(image, kernel, alpha=mode), expected)


@pytest.mark.parametrize("name", ["peak", "minmax"])
def test_peak_and_minmax_scale_colours_and_leave_alpha(name: str) -> None:
    image = np.array([[[10, 90, 255], [20, 30, 128], [40, 60, 0]]], np.uint8)
    result = imfilt.apply(image, "identity", alpha="weighted", normalize=name)
    low, high = (0, 90) if name == "peak" else (10, 90)
    expected = np.floor((image[..., :2].astype(float) - low) * 255 / (high - low) + 0.5)
    assert np.array_equal(result[..., :2], expected)
    assert np.array_equal(result[..., 2], image[..., 2])


@pytest.mark.parametrize("mode", ["weighted", "keep"])
def test_normalisations_of_weighted_colours_equal_the_oracle(mode: str) -> None:
    image = np.random.default_rng(5).integers(0, 256, (6, 5, 4), np.uint8)
    image[::2, ::3, 3] = 0
    kernel = imfilt.Kernel([[1, -3, 4], [2, -4, 3]], divisor=7, bias="-20/3")
    *colours, alpha = expected_of(image, [kernel], mode, oracle.Layout())
    values = [Fraction(value) for plane in colours for row in plane for value in row]
    low, high, peak = min(values), max(values), max(map(abs, values))
    scalings: dict[str, Callable[[Fraction], Fraction]] = {
        "abs": abs,
        "peak": lambda value: abs(value) * 255 / peak,
        "minmax": lambda value: (value - low) * 255 / (high - low),
        "shift": lambda value: value + 128,
    }
    for name, scaling in scalings.items():
        scaled = [[[scaling(Fraction(value)) for value in row] for row in plane] for plane in colours]
        result = imfilt.apply(image, kernel, alpha=mode, normalize=name)
        assert np.array_equal(result, oracle.to_levels([*scaled, alpha], "uint8")), name


@pytest.mark.parametrize("normalize", ["clip", "abs", "peak", "minmax", "shift"])
@pytest.mark.parametrize("mode", ["weighted", "keep"])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_alpha_without_colours_is_filtered_by_itself(dtype: type[np.generic], mode: str, normalize: str) -> None:
    alpha = np.array([[0, 160, 16]], dtype)
    expected = alpha if mode == "keep" else imfilt.apply(alpha, "gaussian3")
    assert np.array_equal(imfilt.apply(alpha, "gaussian3", alpha=mode, normalize=normalize), expected)


def test_float_pictures_with_alpha_are_within_a_millionth_of_the_same_in_whole_numbers() -> None:
    image = np.random.default_rng(6).integers(0, 256, (6, 5, 4), np.uint8)
    image[::2, ::3, 3] = 0
    kernel = imfilt.Kernel([[1, 2, 4], [2, 4, 3]], divisor=16, bias=3)
    expected = np.moveaxis(np.array(expected_of(image, [kernel], "weighted", oracle.Layout()), float), 0, -1)
    with np.errstate(divide="raise", invalid="raise"):
        result = imfilt.apply(image.astype(np.float32), kernel, alpha="weighted")
    assert np.abs(result - expected).max() < 1e-6 * 255 * 16
    assert result.dtype == np.float32


@pytest.mark.parametrize("mode", ["weighted", "keep"])
def test_float_pictures_with_nan_and_infinity_under_alpha_do_not_warn(mode: str) -> None:
    image = np.random.default_rng(7).random((6, 7, 4)).astype(np.float32)
    image[1, 1], image[2, 2, 3], image[3, 3, 0], image[4, 4, 3], image[5, 5] = np.nan, np.inf, np.inf, -np.inf, 0
    for name in ("clip", "abs", "peak", "minmax", "shift", "none"):
        assert imfilt.apply(image, "gaussian3", alpha=mode, normalize=name).shape == image.shape


@pytest.mark.parametrize("kernel", ["disk:radius=12", "gaussian:sigma=5"])
@pytest.mark.parametrize("normalize", ["clip", "peak"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_what_cannot_be_seen_has_no_colour_of_rounding_errors(kernel: str, normalize: str, dtype: str) -> None:
    white = np.iinfo(dtype).max
    image = np.zeros((150, 160, 4), dtype)
    image[..., :3] = level = 100 * (white // 255)
    image[:80, :80, 3] = white
    colours = imfilt.apply(image, kernel, alpha="weighted", normalize=normalize)[..., :3]
    assert np.unique(colours).tolist() == [level if normalize == "clip" else white]


@pytest.mark.parametrize("channels", [1, 3, 5])
def test_a_background_of_three_colours_is_for_grey_or_three_colours(channels: int) -> None:
    picture = np.full((4, 4, channels), 100, np.uint8)
    with pytest.raises(RecipeError, match=f"for grey or for red, green and blue.*{channels} channels"):
        imfilt.apply(picture, "box3", alpha="weighted", background=(9, 9, 9))

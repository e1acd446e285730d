"""Families of kernels, against the libraries and the books that they did not come from."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage, signal

import imfilt
from imfilt import Kernel, KernelError, load_registry
from imfilt.kernels.families.family import Family
from imfilt.kernels.families.table import FAMILIES, family_names, find_family
from imfilt.kernels.kernel import LARGEST_SIDE
from imfilt.kernels.naming import match_form
from imfilt.kernels.separable import separate

Floats = NDArray[np.float64]

repeatable = settings(deadline=None, derandomize=True, max_examples=40)
families = pytest.mark.parametrize("family", FAMILIES.values(), ids=list(FAMILIES))
KEEPING = {
    "identity",
    "gaussian",
    "box",
    "disk",
    "pyramid",
    "binomial",
    "motion",
    "savgol",
    "sharpen",
    "unsharp",
    "emboss",
}
sigmas = st.decimals("0.3", "6", places=2).map(str)


def weights_of(kernel: Kernel) -> Floats:
    """Return what the weights are worth, as floats."""
    form = kernel.integer_form
    return np.array([[float(Fraction(weight, form.divisor)) for weight in row] for row in form.weights])


def make(name: str, **parameters: object) -> Kernel:
    return FAMILIES[name](**parameters)


def made_or_problem(family: Family, parameter: str, value: object) -> tuple[Kernel | None, str]:
    try:
        return family(**{parameter: value}), ""
    except KernelError as error:
        return None, str(error)


def spot(side: int = 41) -> Floats:
    """Return a picture of one sample of 1 in the middle, to which a filter answers with its weights."""
    picture = np.zeros((side, side))
    picture[side // 2, side // 2] = 1
    return picture


@pytest.fixture
def cv2() -> ModuleType:
    return pytest.importorskip("cv2", reason="OpenCV is not installed")  # type: ignore[no-any-return]


@pytest.fixture
def skimage_filters() -> ModuleType:
    return pytest.importorskip("skimage.filters", reason="scikit-image is not installed")  # type: ignore[no-any-return]


# All of them


def test_the_families_of_the_issue_are_there() -> None:
    asked = "gaussian box disk pyramid tent binomial motion gabor log dog unsharp sharpen laplacian sobel prewitt"
    asked += " scharr kirsch roberts farid emboss gaussian-derivative savgol identity"
    assert all(find_family(name) for name in asked.split())
    assert len({match_form(name) for name in family_names()}) == len(family_names())


@families
def test_a_family_says_what_it_is_and_its_example_is_its_default(family: Family) -> None:
    assert family.meaning
    assert family.source
    assert all(parameter.meaning for parameter in family.parameters)
    given = dict(part.split("=") for part in family.example.split(","))
    assert family(**given) == family()


@families
def test_every_default_is_in_its_range_and_what_is_beyond_is_refused_in_one_line(family: Family) -> None:
    for parameter in family.parameters:
        if parameter.default is not None:
            assert parameter.read(parameter.default) == parameter.default
        for wrong in ("1e9", "-1e9", "x y", "", "nan", True, [1]):
            with pytest.raises(KernelError, match=f"^{family.name}: {parameter.name}: .*must be ") as error:
                family(**{parameter.name: wrong})
            assert "\n" not in str(error.value)
            assert parameter.range in str(error.value)
    with pytest.raises(KernelError, match=f"{family.name} has no 'sgima'; "):
        family(sgima=1)


@families
def test_flat_pictures_stay_as_they_are_or_become_black(family: Family) -> None:
    if family.name != "gabor":
        assert family().sum == int(family.name in KEEPING)


@families
@pytest.mark.parametrize("least", [True, False])
def test_parameters_at_their_ends_give_a_kernel_or_one_line(family: Family, least: bool) -> None:
    for parameter in family.parameters:
        if not parameter.choices:
            kernel, problem = made_or_problem(family, parameter.name, parameter.least if least else parameter.most)
            assert kernel is None or max(kernel.size) <= LARGEST_SIDE
            assert re.fullmatch(f"({family.name}: .+)?", problem)


def test_a_misspelt_parameter_is_answered_with_a_close_one() -> None:
    with pytest.raises(KernelError, match=r"gaussian has no 'sgima'; did you mean sigma\? its parameters are sigma"):
        make("gaussian", sgima=1)


def test_a_kernel_that_would_be_too_large_says_what_to_do() -> None:
    with pytest.raises(KernelError, match="sigma=200 makes a kernel of 1601 x 1601, and the largest is 1001 x 1001"):
        make("gaussian", sigma=200)
    assert make("gaussian", sigma=200, radius=10).size == (21, 21)
    with pytest.raises(KernelError, match=r"wide=160 makes a kernel of 1281 x 1281, and .*; give a smaller wide$"):
        make("dog", sigma=100)
    with pytest.raises(KernelError, match=r"sigma/gamma=200 makes a kernel .* a radius of up to 500$"):
        make("gabor", sigma=100, gamma="0.5")
    assert make("gabor", sigma=100, gamma="0.5", radius=10).size == (21, 21)
    assert make("gabor", sigma=100) == make("gabor", sigma=100, radius=300)


# Smoothing


@repeatable
@given(sigmas)
def test_a_gaussian_sums_to_exactly_1_and_is_that_of_scipy(sigma: str) -> None:
    kernel = make("gaussian", sigma=sigma)
    assert kernel.sum == 1
    reference = ndimage.gaussian_filter(spot(61), float(sigma), mode="constant")
    reach = kernel.size[0] // 2
    np.testing.assert_allclose(
        weights_of(kernel), reference[30 - reach : 31 + reach, 30 - reach : 31 + reach], atol=1e-11
    )
    assert reference.sum() == pytest.approx(1)  # so that there is nothing beyond


@repeatable
@given(sigmas, st.integers(0, 20))
def test_a_gaussian_cut_elsewhere_sums_to_exactly_1_too(sigma: str, radius: int) -> None:
    kernel = make("gaussian", sigma=sigma, radius=radius)
    assert kernel.size == (2 * radius + 1,) * 2
    assert kernel.sum == 1
    reference = signal.windows.gaussian(2 * radius + 1, float(sigma))
    np.testing.assert_allclose(weights_of(kernel), np.outer(reference, reference) / reference.sum() ** 2, atol=1e-11)


@pytest.mark.parametrize(("size", "sigma"), [(5, 0.8), (9, 2.0), (31, 4.5), (11, 0), (21, 0), (101, 0)])
def test_a_gaussian_is_that_of_opencv(cv2: ModuleType, size: int, sigma: float) -> None:
    line = cv2.getGaussianKernel(size, sigma, cv2.CV_64F)
    given = {"radius": size // 2} | ({"sigma": sigma} if sigma else {})
    np.testing.assert_allclose(weights_of(make("gaussian", **given)), line @ line.T, atol=1e-11)


def test_a_gaussian_is_a_column_times_a_row_for_the_engine() -> None:
    form = make("gaussian", sigma="1.7").integer_form
    column, row = separate(form.weights) or ((), ())
    assert column == column[::-1]
    assert row == row[::-1]
    assert len(column) == len(row) == 15


def test_a_box_is_the_mean(cv2: ModuleType) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (30, 40), np.uint8)
    expected = cv2.blur(picture.astype(np.float64), (7, 7), borderType=cv2.BORDER_REPLICATE)
    assert np.array_equal(imfilt.apply(picture, make("box", radius=3)), np.floor(expected + 0.5 + 1e-9))


@pytest.mark.parametrize("radius", ["0.5", "1", "2.5", "3", "7.3"])
def test_a_disk_has_the_area_of_each_square_within_the_circle(radius: str) -> None:
    weights = weights_of(make("disk", radius=radius))
    reach, fine = len(weights) // 2, 200
    places = (np.arange((2 * reach + 1) * fine) + 0.5) / fine - reach - 0.5
    inside = (places[:, None] ** 2 + places**2 <= float(radius) ** 2).reshape(2 * reach + 1, fine, 2 * reach + 1, fine)
    areas = inside.mean(axis=(1, 3))
    np.testing.assert_allclose(weights, areas / areas.sum(), atol=2e-4)
    assert make("disk", radius=radius).sum == 1
    assert weights[0].any()


@pytest.mark.parametrize("radius", [1, 2, 5])
def test_a_pyramid_is_a_box_twice(radius: int) -> None:
    box = np.full(radius + 1, 1 / (radius + 1))
    tent = np.convolve(box, box)
    np.testing.assert_allclose(weights_of(make("pyramid", radius=radius)), np.outer(tent, tent), rtol=1e-14)


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 9])
def test_binomials_are_those_of_pascals_triangle(size: int) -> None:
    line = [1]
    for _ in range(size - 1):
        line = [above + below for above, below in zip([0, *line], [*line, 0], strict=True)]
    kernel = make("binomial", size=size)
    assert kernel.integer_form.weights == tuple(tuple(a * b for b in line) for a in line)
    assert kernel.sum == 1
    assert kernel.is_exact


def test_binomials_of_3_and_5_are_the_built_in_gaussians() -> None:
    for size in (3, 5):
        assert make("binomial", size=size).integer_form == load_registry()[f"gaussian{size}"].integer_form


def motion_by_distance(length: float, angle: float) -> Floats:
    """Return what MATLAB documents of fspecial('motion'), over a square that is large enough."""
    half = (length - 1) / 2
    reach = math.ceil(half) + 1
    y, x = -np.mgrid[-reach : reach + 1, -reach : reach + 1].astype(float)
    x = -x
    ends = half * np.array([math.cos(math.radians(angle)), math.sin(math.radians(angle))])
    points = np.linspace(-1, 1, 4001)[:, None, None]
    distance = np.hypot(x - points * ends[0], y - points * ends[1]).min(axis=0)
    weights = np.maximum(1 - distance, 0)
    return np.asarray(weights / weights.sum(), np.float64)


@pytest.mark.parametrize(
    ("length", "angle"), [(9, 0), (9, 90), (4, 0), (15, 30), (7, 45), (10, 135), (6.5, -20), (1, 33)]
)
def test_motion_falls_off_with_the_distance_from_a_line(length: float, angle: float) -> None:
    kernel = make("motion", length=length, angle=angle)
    assert kernel.sum == 1
    expected = motion_by_distance(length, angle)
    height, width = kernel.size
    y, x = (len(expected) - height) // 2, (len(expected) - width) // 2
    inner = expected[y : y + height, x : x + width]
    np.testing.assert_allclose(weights_of(kernel), inner, atol=2e-4)  # for the steps that the oracle takes
    assert inner.sum() == pytest.approx(1)


def test_motion_along_a_row_is_exactly_its_mean_and_rises_to_the_right() -> None:
    assert make("motion", length=5) == Kernel([[1] * 5], divisor=5)
    assert make("motion", length=5, angle=90) == Kernel([[1]] * 5, divisor=5)
    weights = weights_of(make("motion", length=9, angle=45))
    assert weights[0, -1] > 0 == weights[0, 0]


@pytest.mark.parametrize(("size", "degree", "derivative"), [(5, 2, 0), (7, 3, 1), (9, 4, 2), (1, 0, 0), (21, 6, 3)])
def test_savitzky_and_golays_weights_are_those_of_scipy(size: int, degree: int, derivative: int) -> None:
    expected = signal.savgol_coeffs(size, degree, derivative)  # which scipy convolves with as well
    row = weights_of(make("savgol", size=size, degree=degree, derivative=derivative))
    column = weights_of(make("savgol", size=size, degree=degree, derivative=derivative, axis="y"))
    np.testing.assert_allclose(row, expected[None], atol=1e-12)
    assert np.array_equal(column, row.T)


def test_savitzky_and_golays_weights_are_exact() -> None:
    assert make("savgol", size=5, degree=2).integer_form.weights == ((-3, 12, 17, 12, -3),)
    assert make("savgol", size=5, degree=2).integer_form.divisor == 35


# Slopes

SLOPES = ["sobel", "prewitt", "scharr", "farid"]


def normalised(weights: Floats) -> Floats:
    return np.asarray(weights / np.abs(weights).sum(), np.float64)


@pytest.mark.parametrize("name", SLOPES)
@pytest.mark.parametrize(("axis", "suffix"), [("x", "_v"), ("y", "_h")])
def test_slopes_are_those_of_scikit_image(skimage_filters: ModuleType, name: str, axis: str, suffix: str) -> None:
    # which filters by convolution too, and divides Sobel's and others by the sum of their weights
    answer = getattr(skimage_filters, name + suffix)(spot(21))
    kernel = make(name, axis=axis)
    reach = kernel.size[0] // 2
    expected = answer[10 - reach : 11 + reach, 10 - reach : 11 + reach]
    np.testing.assert_allclose(normalised(weights_of(kernel)), normalised(expected), atol=1e-7)
    if name == "farid":
        np.testing.assert_allclose(weights_of(kernel), expected, atol=1e-9)


@pytest.mark.parametrize(("name", "scipy_filter"), [("sobel", ndimage.sobel), ("prewitt", ndimage.prewitt)])
@pytest.mark.parametrize(("axis", "number"), [("x", 1), ("y", 0)])
def test_slopes_are_those_of_scipy(name: str, scipy_filter: Any, axis: str, number: int) -> None:
    picture = np.random.default_rng(2).integers(0, 256, (20, 30))
    expected = scipy_filter(picture, number, mode="nearest")
    assert np.array_equal(imfilt.convolve(picture, make(name, axis=axis)), expected)


@pytest.mark.parametrize("size", [3, 5, 7, 31])
def test_large_sobels_are_those_of_opencv(cv2: ModuleType, size: int) -> None:
    row, column = cv2.getDerivKernels(1, 0, size, ktype=cv2.CV_64F)  # for correlation
    assert np.array_equal(weights_of(make("sobel", size=size)), (column @ row.T)[::-1, ::-1])
    assert np.array_equal(weights_of(make("sobel", size=size, axis="y")), (row @ column.T)[::-1, ::-1])


def test_scharrs_slope_is_that_of_opencv(cv2: ModuleType) -> None:
    row, column = cv2.getDerivKernels(1, 0, cv2.FILTER_SCHARR, ktype=cv2.CV_64F)
    assert np.array_equal(weights_of(make("scharr")), (column @ row.T)[::-1, ::-1])


@pytest.mark.parametrize("name", [*SLOPES, "gaussian-derivative"])
def test_a_slope_at_an_angle_is_made_of_those_along_the_axes(name: str) -> None:
    along_x, along_y = (weights_of(make(name, axis=axis)) for axis in "xy")
    for angle in (30, 135, -70):
        expected = math.cos(math.radians(angle)) * along_x + math.sin(math.radians(angle)) * along_y
        kernel = make(name, angle=angle)
        np.testing.assert_allclose(weights_of(kernel), expected, atol=1e-10)
        assert kernel.sum == 0
    for angle, axis, sign in ((0, "x", 1), (90, "y", 1), (180, "x", -1), (-90, "y", -1), (360, "x", 1)):
        turned, straight = make(name, angle=angle).integer_form, make(name, axis=axis).integer_form
        assert turned.weights == tuple(tuple(sign * weight for weight in row) for row in straight.weights)


@pytest.mark.parametrize("name", [*SLOPES, "gaussian-derivative"])
def test_a_slope_is_positive_where_samples_grow(name: str) -> None:
    ramp = np.tile(np.arange(20), (20, 1))
    assert float(imfilt.convolve(ramp, make(name))[10, 10]) > 0
    assert float(imfilt.convolve(ramp.T, make(name, axis="y"))[10, 10]) > 0


def test_roberts_takes_differences_over_diagonals(skimage_filters: ModuleType) -> None:
    picture = np.random.default_rng(3).random((12, 15))
    for axis, reference in (("x", skimage_filters.roberts_pos_diag), ("y", skimage_filters.roberts_neg_diag)):
        # scikit-image takes another of the 2 x 2 samples for the middle, and a factor of its own
        expected, ours = (
            reference(picture)[1:-2, 1:-2],
            imfilt.convolve(picture, make("roberts", axis=axis))[2:-1, 2:-1],
        )
        np.testing.assert_allclose(ours / np.abs(ours).max(), expected / np.abs(expected).max(), atol=1e-12)


def test_kirschs_masks_are_one_turned_by_eighths() -> None:
    north = np.array([[5, 5, 5], [-3, 0, -3], [-3, -3, -3]])
    corner = np.array([[5, 5, -3], [5, 0, -3], [-3, -3, -3]])
    for turns, (straight, slanted) in enumerate((("n", "nw"), ("w", "sw"), ("s", "se"), ("e", "ne"))):
        assert np.array_equal(weights_of(make("kirsch", direction=straight)), np.rot90(north, turns))
        assert np.array_equal(weights_of(make("kirsch", direction=slanted)), np.rot90(corner, turns))


@repeatable
@given(st.decimals("0.7", "5", places=1).map(str))
def test_derivatives_of_gaussians_are_those_of_scipy(sigma: str) -> None:
    for axis, order in (("x", (0, 1)), ("y", (1, 0))):
        kernel = make("gaussian-derivative", sigma=sigma, axis=axis)
        reach = kernel.size[0] // 2
        expected = ndimage.gaussian_filter(spot(61), float(sigma), order, mode="constant")
        inner = expected[30 - reach : 31 + reach, 30 - reach : 31 + reach]
        np.testing.assert_allclose(weights_of(kernel), inner, atol=1e-10)
        assert kernel.sum == 0


# Laplacians


def test_the_laplacian_is_that_of_scipy_and_of_the_registry() -> None:
    picture = np.random.default_rng(4).integers(0, 256, (20, 30))
    expected = ndimage.laplace(picture, mode="nearest")
    assert np.array_equal(imfilt.convolve(picture, make("laplacian")), expected)
    assert make("laplacian").weights == load_registry()["edge2"].weights
    assert make("laplacian", neighbours=8).weights == tuple(
        tuple(-weight for weight in row) for row in load_registry()["edge3"].weights
    )


@repeatable
@given(st.decimals("1", "6", places=1).map(str))
def test_the_laplacian_of_a_gaussian_is_that_of_scipy_but_for_its_sum(sigma: str) -> None:
    kernel = make("log", sigma=sigma)
    reach = kernel.size[0] // 2
    expected = ndimage.gaussian_laplace(spot(61), float(sigma), mode="constant")
    inner = expected[30 - reach : 31 + reach, 30 - reach : 31 + reach]
    assert kernel.sum == 0
    np.testing.assert_allclose(weights_of(kernel), inner, atol=2e-3 * np.abs(inner).max())


@pytest.mark.parametrize(("sigma", "wide"), [("1", None), ("2", None), ("1.5", "3")])
def test_differences_of_gaussians_are_those_of_scikit_image(
    skimage_filters: ModuleType, sigma: str, wide: str | None
) -> None:
    kernel = make("dog", sigma=sigma, **({"wide": wide} if wide else {}))
    reach = kernel.size[0] // 2
    expected = skimage_filters.difference_of_gaussians(spot(61), float(sigma), float(wide) if wide else None)
    inner = expected[30 - reach : 31 + reach, 30 - reach : 31 + reach]
    # there the narrow one ends at 4 of its own sigmas, here it goes as far as the wide one
    np.testing.assert_allclose(weights_of(kernel), inner, atol=1e-4 * np.abs(inner).max() * 2)
    assert kernel.sum == 0


# Sharpening, relief, waves


def test_an_unsharp_mask_is_that_of_scikit_image(skimage_filters: ModuleType) -> None:
    picture = np.random.default_rng(5).random((40, 50))
    expected = skimage_filters.unsharp_mask(picture, radius=1.5, amount=0.8, preserve_range=True)
    ours = imfilt.convolve(picture, make("unsharp", sigma="1.5", amount="0.8"), border="symmetric")
    np.testing.assert_allclose(ours, expected, atol=1e-6)
    assert make("unsharp", sigma="1.5", amount="0.8").sum == 1


def test_sharpening_takes_the_laplacian_away() -> None:
    assert make("sharpen", amount="0.5").integer_form.weights == ((0, -1, 0), (-1, 6, -1), (0, -1, 0))
    assert make("sharpen").weights == load_registry()["sharpen"].weights


def test_relief_is_lit_from_where_the_angle_says() -> None:
    assert weights_of(make("emboss", angle=135)).tolist() == [[2, 1, 0], [1, 1, -1], [0, -1, -2]]
    assert weights_of(make("emboss", angle=0)).tolist() == [[-1, 0, 1], [-2, 1, 2], [-1, 0, 1]]
    bump = np.full((11, 11), 100, np.uint8)
    bump[4:7, 4:7] = 150
    relief = imfilt.apply(bump, make("emboss", angle=90))
    assert relief[3, 5] > 100 > relief[7, 5]
    assert relief[5, 5] == 150


@pytest.mark.parametrize(
    "given",
    [
        {"sigma": 2, "wavelength": 4, "angle": 0, "gamma": 1, "phase": 0},
        {"sigma": 3, "wavelength": 7, "angle": 30, "gamma": 0.5, "phase": 0},
        {"sigma": 1.5, "wavelength": 5, "angle": 120, "gamma": 2, "phase": 90},
    ],
)
def test_a_gabor_wave_is_that_of_opencv(cv2: ModuleType, given: dict[str, float]) -> None:
    expected = cv2.getGaborKernel(
        (21, 21),
        given["sigma"],
        math.radians(given["angle"]),
        given["wavelength"],
        given["gamma"],
        math.radians(given["phase"]),
    )[::-1, ::-1]  # which begins in the far corner
    np.testing.assert_allclose(weights_of(make("gabor", radius=10, **given)), expected, atol=1e-10)


@pytest.mark.parametrize("size", [1, 3, 9])
def test_identity_changes_nothing(size: int) -> None:
    picture = np.random.default_rng(6).integers(0, 256, (12, 10), np.uint8)
    assert np.array_equal(imfilt.apply(picture, make("identity", size=size)), picture)


# In the engine


@pytest.mark.parametrize("name", ["log", "dog", "gaussian-derivative"])
@pytest.mark.parametrize("normalize", ["clip", "peak", "minmax", "abs"])
def test_a_flat_picture_becomes_exactly_black(name: str, normalize: str) -> None:
    flat = np.full((30, 40), 201, np.uint8)
    assert not imfilt.apply(flat, make(name), normalize=normalize).any()


@pytest.mark.parametrize("name", ["gaussian", "unsharp", "disk"])
def test_what_floats_compute_is_what_fractions_would(name: str) -> None:
    picture = np.random.default_rng(7).integers(0, 256, (20, 24), np.uint8)
    kernel = make(name)
    form, reach = kernel.integer_form, kernel.size[0] // 2
    padded = np.pad(picture, reach, mode="edge").astype(object)
    expected = np.zeros(picture.shape, object)
    for y, row in enumerate(form.weights):
        for x, weight in enumerate(row):
            expected += weight * padded[y : y + 20, x : x + 24]  # all three look the same when turned
    rounded = np.clip((2 * expected + form.divisor) // (2 * form.divisor), 0, 255)
    assert np.abs(imfilt.apply(picture, kernel).astype(int) - rounded.astype(int)).max() <= 1

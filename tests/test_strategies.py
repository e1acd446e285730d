"""Every strategy gives the same samples."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

import imfilt
from imfilt.engine.arrays import ArrayRows
from imfilt.engine.finishing.clipped import Clipped, ClippedCounter
from imfilt.engine.planning.plan import Plan
from imfilt.engine.planning.planner import make_plan
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.recipes.samples import SAMPLE_TYPES
from imfilt.engine.running.run import filter_rows
from imfilt.engine.strategies import STRATEGIES
from imfilt.engine.strategies.fit import Fit, Unfit
from imfilt.engine.strategies.fourier import error_bound, tile_of
from imfilt.engine.strategies.lines import make_line
from imfilt.engine.strategies.lowrank import factorise as factorise_floats
from imfilt.engine.strategies.separable import factorise
from imfilt.engine.strategies.stage import Stage
from imfilt.engine.strategies.taps import Group, pair_up

Array = NDArray[Any]
quickly = settings(deadline=None, max_examples=60, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
NAMES = tuple(STRATEGIES)


def planned(image: Array, recipe: Recipe, strategy: str | None = None, strip: int | None = None) -> Plan:
    return make_plan(recipe, SAMPLE_TYPES[image.dtype.name], image.shape, strategy=strategy, strip=strip)


def carried_out(plan: Plan, image: Array, threads: int = 1) -> Array:
    result = np.empty(plan.output_shape, image.dtype)
    filter_rows(plan, ArrayRows(image), ArrayRows(result), threads=threads)
    return result


def eligible(image: Array, recipe: Recipe) -> list[str]:
    stages = planned(image, recipe, "taps").chains[0].stages
    return [name for name, entry in STRATEGIES.items() if all(isinstance(entry.fit(stage), Fit) for stage in stages)]


def whole_lines(largest: int) -> st.SearchStrategy[list[int]]:
    return st.lists(st.integers(-largest, largest), min_size=1, max_size=9)


@st.composite
def matrices(draw: st.DrawFn) -> list[list[int]]:
    """Matrices of any kind, and often of those that have factors."""
    column, row = draw(whole_lines(9)), draw(whole_lines(9))
    matrix = [[a * b for b in row] for a in column]
    match draw(st.sampled_from(["outer", "centre", "any"])):
        case "centre":
            matrix[len(column) // 2][len(row) // 2] += draw(st.integers(-500, 500))
        case "any":
            matrix = [[draw(st.integers(-99, 99)) for _ in row] for _ in column]
    return matrix


images = arrays(np.uint8, st.tuples(st.integers(1, 20), st.integers(1, 20), st.sampled_from([1, 3])))


@quickly
@given(
    images,
    matrices(),
    st.sampled_from([1, 7, 256]),
    st.integers(-40, 40),
    st.sampled_from(["clip", "abs", "peak"]),
    st.sampled_from([(1, 1), (1, 1), (2, 3), (3, 1), (1, 2)]),
)
def test_whole_weights_give_the_same_samples_in_every_strategy(
    image: Array, matrix: list[list[int]], divisor: int, bias: int, normalize: str, stride: tuple[int, int]
) -> None:
    kernel = imfilt.Kernel(matrix, divisor=divisor, bias=bias)
    recipe = Recipe((kernel,), border="reflect", normalize=normalize, dilation=(1, 2), stride=stride)
    expected = carried_out(planned(image, recipe, "taps"), image)
    for name in eligible(image, recipe):
        for threads, strip in ((1, None), (2, 1), (3, 7)):
            result = carried_out(planned(image, recipe, name, strip), image, threads)
            assert np.array_equal(result, expected), (name, threads, strip)


@quickly
@given(arrays(np.uint16, (9, 11, 2)), st.lists(matrices(), min_size=2, max_size=3))
def test_kernels_in_a_row_give_the_same_samples_in_every_strategy(image: Array, chain: list[list[list[int]]]) -> None:
    kernels = tuple(imfilt.Kernel(matrix, divisor=3, bias=Fraction(1, 2)) for matrix in chain)
    recipe = Recipe(kernels, border="wrap", normalize="minmax")
    expected = carried_out(planned(image, recipe, "taps"), image)
    for name in eligible(image, recipe):
        assert np.array_equal(carried_out(planned(image, recipe, name), image), expected), name


@pytest.mark.parametrize("side", [1, 2, 7, 15, 31, 64, 101])
@pytest.mark.parametrize("strategy", NAMES)
def test_long_decimals_keep_the_contract_in_every_strategy(side: int, strategy: str) -> None:
    rng = np.random.default_rng(side)
    image = rng.integers(0, 256, (120, 130, 1), np.uint8)
    line = np.exp(-0.5 * (np.linspace(-4, 4, side)) ** 2)
    weights = np.outer(line, line) + (0 if strategy in ("lowrank", "banded") else 0.01 * rng.random((side, side)))
    recipe = Recipe((imfilt.Kernel(weights / weights.sum()),))
    if strategy not in eligible(image, recipe):
        pytest.skip("cannot be done")
    result = carried_out(planned(image, recipe, strategy), image).astype(int)
    before, after = side // 2, side - 1 - side // 2
    padded = np.pad(image[..., 0].astype(float), ((before, after), (before, after)), "edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (side, side))
    exact = np.einsum("yxij,ij->yx", windows, (weights / weights.sum())[::-1, ::-1])
    different = np.abs(result[..., 0] - np.floor(exact + 0.5))
    assert different.max() <= 1
    assert np.count_nonzero(different) <= max(1, image.size / 10_000)


@pytest.mark.parametrize("shape", [(300, 700, 3), (5, 900, 1), (700, 4, 3)])
def test_tiles_of_a_large_picture_meet_without_a_seam(shape: tuple[int, int, int]) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    matrix = np.random.default_rng(1).integers(-99, 100, (21, 17)).tolist()
    recipe = Recipe((imfilt.Kernel(matrix, divisor=50, bias=128),), border="symmetric")
    expected = carried_out(planned(image, recipe, "taps"), image)
    for threads in (1, 2, 3):
        assert np.array_equal(carried_out(planned(image, recipe, "fourier"), image, threads), expected)


def test_fourier_refuses_where_rounding_might_not_be_exact() -> None:
    image = np.zeros((9, 9, 1), np.uint16)
    recipe = Recipe((imfilt.Kernel([[10**9] * 31] * 31),))
    with pytest.raises(imfilt.RecipeError, match="might not give the exact sums"):
        planned(image, recipe, "fourier")


def test_the_error_bound_holds_by_far_for_noise() -> None:
    rng = np.random.default_rng(2)
    image = rng.integers(0, 65536, (256, 256, 1), np.uint16)
    weights = rng.integers(-1000, 1001, (31, 31))
    stage: Stage = planned(image, Recipe((imfilt.Kernel(weights),)), "fourier").chains[0].stages[0]
    numbers = np.fft.ifft2(np.fft.fft2(image[..., 0]) * np.fft.fft2(weights, (256, 256))).real
    tile = tile_of(stage)
    assert tile is not None
    assert np.abs(numbers - np.rint(numbers)).max() < error_bound(stage, tile) < 0.25


@pytest.mark.parametrize("shape", [(5, 7, 1), (640, 480, 1), (2000, 3000, 3), (65, 70_000, 4)])
@pytest.mark.parametrize("taps", [(1, 1), (3, 3), (1, 31), (31, 1), (15, 15), (101, 101)])
@pytest.mark.parametrize("factor", [1, 0.3])
def test_no_strategy_costs_less_than_the_least_that_is_said_of_it(
    shape: tuple[int, int, int], taps: tuple[int, int], factor: float
) -> None:
    matrix = (np.arange(taps[0] * taps[1]).reshape(taps) * 7 % 10 + 1) * factor
    for dtype in (np.uint8, np.float32):
        for stage in (
            planned(np.zeros(shape, dtype), Recipe((imfilt.Kernel(matrix.tolist()),)), "taps").chains[0].stages
        ):
            for entry in STRATEGIES.values():
                fit = entry.fit(stage)
                assert isinstance(fit, Unfit) or fit.cost("uint8") >= entry.least


@pytest.mark.parametrize(("taps", "dilation"), [((1, 1001), (1, 4)), ((3, 1), (6000, 1)), ((3, 3), (700, 350))])
def test_tiles_of_whole_numbers_are_as_the_proof_asks(taps: tuple[int, int], dilation: tuple[int, int]) -> None:
    matrix = np.arange(1, 1 + taps[0] * taps[1]).reshape(taps)
    plan = planned(np.zeros((400, 9000, 3), np.uint8), Recipe((imfilt.Kernel(matrix),), dilation=dilation), "taps")
    stage = plan.chains[0].stages[0]
    assert {side.bit_count() for side in tile_of(stage) or ()} <= {1}
    assert (tile_of(stage) is None) == isinstance(STRATEGIES["fourier"].fit(stage), Unfit)


@pytest.mark.parametrize(
    ("kernel", "strategy", "dtype"),
    [
        ("identity", "taps", "uint8"),
        ("edge3", "separable", "int16"),
        ("gaussian3", "separable", "int16"),
        ("gaussian5", "separable", "uint16"),
        ("unsharp5", "separable", "uint16"),
    ],
)
def test_the_plan_of_a_built_in_kernel(kernel: str, strategy: str, dtype: str) -> None:
    plan = planned(np.zeros((400, 600, 3), np.uint8), Recipe((imfilt.load_registry()[kernel],)))
    (chain,) = plan.chains
    assert (chain.stages[0].strategy, chain.dtype) == (strategy, dtype)


def test_an_unknown_strategy_is_refused_with_the_names() -> None:
    with pytest.raises(imfilt.RecipeError, match="taps, separable, lowrank, banded, fourier, mixed"):
        planned(np.zeros((3, 3, 1), np.uint8), Recipe((imfilt.Kernel([[1]]),)), "magic")


@quickly
@given(whole_lines(5), whole_lines(5), st.integers(-99, 99))
def test_factors_give_the_matrix_back(column: list[int], row: list[int], extra: int) -> None:
    matrix = [[a * b for b in row] for a in column]
    matrix[len(column) // 2][len(row) // 2] += extra
    factors = factorise(matrix)
    if factors is not None:
        again = [[factors.scale * a * b for b in factors.row] for a in factors.column]
        again[len(column) // 2][len(row) // 2] += factors.extra
        assert again == matrix


@quickly
@given(whole_lines(9))
def test_a_line_is_the_convolution_of_its_runs_and_its_rest(weights: list[int]) -> None:
    line = make_line(weights)
    product: Array = np.array(line.rest, object)
    for length in line.runs:
        product = np.convolve(product, np.ones(length, object))
    assert product.tolist() == weights


@pytest.mark.parametrize("strategy", ["taps", None])
def test_a_picture_of_one_column_is_the_same_at_every_strip_height(strategy: str | None) -> None:
    image = np.random.default_rng(3).integers(0, 256, (40, 1, 1), np.uint8)
    kernels = (imfilt.load_registry()["edge3"], imfilt.Kernel([[5, 5, 5, 5]]), imfilt.Kernel([[-1, -1]]))
    recipe = Recipe(kernels, normalize="minmax")
    expected = carried_out(planned(image, recipe, strategy, 40), image)
    assert len(np.unique(expected)) > 3
    for strip in range(1, 10):
        assert np.array_equal(carried_out(planned(image, recipe, strategy, strip), image), expected)


@pytest.mark.parametrize("name", ["edge1", "gaussian5", "unsharp5"])
def test_a_strip_finished_in_parts_and_a_lower_one_after_it_are_as_short_strips_are(name: str) -> None:
    image = np.random.default_rng(5).integers(0, 1 << 16, (52, 6000, 3), np.uint16)
    recipe = Recipe((imfilt.load_registry()[name],))
    expected = carried_out(planned(image, recipe, strip=10), image)
    assert np.array_equal(carried_out(planned(image, recipe, strip=32), image), expected)


@pytest.mark.parametrize("border", ["zero", "edge"])
def test_threads_may_read_an_image_that_was_opened_and_not_yet_decoded(tmp_path: Path, border: str) -> None:
    Image.effect_noise((900, 700), 50).save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        several = imfilt.apply(image, "edge3", border=border, threads=4)
    with Image.open(tmp_path / "a.png") as image:
        assert several.tobytes() == imfilt.apply(image, "edge3", border=border, threads=1).tobytes()


def test_a_hole_in_a_box_and_factors_below_0_do_not_end_in_unsigned_numbers() -> None:
    box = [[1] * 15 for _ in range(15)]
    box[7][7] = 0
    image = np.random.default_rng(4).integers(0, 256, (40, 41, 1), np.uint8)
    for matrix in (box, [[4, 10, 15, 21, 23, 23, 20, 14, 9, 3, 1, 1]]):
        recipe = Recipe((imfilt.Kernel(matrix, divisor="sum"),))
        expected = carried_out(planned(image, recipe, "taps"), image)
        for name in (*eligible(image, recipe), None):
            assert np.array_equal(carried_out(planned(image, recipe, name), image), expected), name


def test_fourier_hands_whole_numbers_on_to_kernels_beyond_64_bits() -> None:
    matrix = np.random.default_rng(1).integers(-9, 99, (61, 61))
    kernels = (imfilt.Kernel(matrix), imfilt.Kernel([[10**20, 1 - 10**20]], divisor=int(matrix.sum())))
    image = np.full((90, 90, 1), 7, np.uint8)
    plan = planned(image, Recipe(kernels))
    assert plan.chains[0].stages[0].strategy == "fourier"
    assert np.array_equal(carried_out(plan, image), image)


@pytest.mark.parametrize("value", [np.inf, np.nan, -3.4e38])
@pytest.mark.parametrize("rank", [1, 2, 15])
def test_one_odd_sample_of_a_float_picture_spoils_its_neighbours_alone(value: float, rank: int) -> None:
    rng = np.random.default_rng(rank)
    image = rng.random((80, 90, 1)).astype(np.float32)
    matrix = rng.random((15, rank)) @ rng.random((rank, 15))
    recipe = Recipe((imfilt.Kernel(matrix),))
    expected = carried_out(planned(image, recipe, "taps"), image)
    image[40, 45] = value
    touched = carried_out(planned(image, recipe), image)
    touched[33:48, 38:53] = expected[33:48, 38:53]
    assert np.allclose(touched, expected, rtol=1e-5)


def test_tiles_that_would_fill_the_memory_are_refused() -> None:
    matrix = np.random.default_rng(1).integers(0, 99, (31, 31))
    with pytest.raises(imfilt.RecipeError, match="too much memory"):
        planned(np.zeros((9, 9, 1), np.uint8), Recipe((imfilt.Kernel(matrix),), dilation=(99, 99)), "fourier")


@pytest.mark.parametrize(("planes", "dilation"), [(1, 99), (100, 1)])
def test_products_that_would_be_too_large_for_a_thread_are_refused(planes: int, dilation: int) -> None:
    recipe = Recipe((imfilt.Kernel(np.random.default_rng(1).random((31, 31))),), dilation=(1, dilation))
    with pytest.raises(imfilt.RecipeError, match="too large"):
        planned(np.zeros((9, 9, planes), np.uint8), recipe, "mixed")


@quickly
@given(
    images,
    matrices(),
    st.integers(1, 40),
    st.integers(-9, 9),
    st.sampled_from(["edge", "zero", "constant:-300", "constant:70000"]),
    st.sampled_from(["clip", "shift"]),
    st.sampled_from(["same", "full"]),
)
def test_a_multiple_of_the_sample_added_after_the_division_changes_nothing(
    image: Array, matrix: list[list[int]], divisor: int, times: int, border: str, normalize: str, size: str
) -> None:
    matrix[len(matrix) // 2][len(matrix[0]) // 2] += times * divisor
    kernel = imfilt.Kernel(matrix, divisor=divisor)
    recipe = Recipe((kernel,), border=border, normalize=normalize, size=size, dilation=(2, 1))
    double = Recipe((kernel, imfilt.load_registry()["identity"]), border=border, normalize=normalize, dilation=(2, 1))
    late = planned(image, recipe)
    if size == "same":  # of two kernels in a row none is added late
        assert np.array_equal(carried_out(late, image), carried_out(planned(image, double), image))
    h = imfilt.convolve(image, kernel, border=border, size=size, dilation=(2, 1))
    shifted = np.floor(h + (128.5 if normalize == "shift" else 0.5))
    assert np.abs(carried_out(late, image) - np.clip(shifted, 0, 255)).max() == 0


@quickly
@given(st.dictionaries(st.tuples(st.integers(0, 6), st.integers(0, 6)), st.sampled_from([1, -1]), min_size=1))
def test_pairs_hold_every_tap_once(taps: dict[tuple[int, int], int]) -> None:
    def unfold(group: Group) -> dict[tuple[int, int], int]:
        if group.pairs is None:
            return dict(group.taps)
        firsts = unfold(group.pairs)
        (dy, dx), sign = group.step, group.sign
        seconds = {(y + dy, x + dx): sign * each for (y, x), each in firsts.items()}
        assert not firsts.keys() & seconds.keys()
        return {**group.taps, **firsts, **seconds}

    group = pair_up(Group(3, taps))
    assert unfold(group) == taps
    assert group.terms + group.passes_before <= len(taps)


def bell(side: int, deviation: float) -> Array:
    line = np.exp(-0.5 * (np.linspace(-1, 1, side) / deviation) ** 2)
    return np.asarray(np.outer(line, line) / line.sum() ** 2)


@pytest.mark.parametrize("strategy", ["banded", "fourier", "mixed", None])
@pytest.mark.parametrize("shape", [(61, 1, 3), (130, 17, 1), (75, 333, 4), (50, 1100, 3), (30, 3200, 1), (400, 45, 2)])
@pytest.mark.parametrize("side", [(9, 5), (40, 61)])
def test_blocks_of_floats_lie_where_the_picture_says(
    shape: tuple[int, int, int], side: tuple[int, int], strategy: str | None
) -> None:
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    recipe = Recipe((imfilt.Kernel(bell(side[0], 0.3)[:, : side[1]].tolist()),), border="reflect")
    expected = carried_out(planned(image, recipe, strategy, 16), image)
    for threads, strip in ((1, 1), (1, 7), (2, 16), (3, None)):
        assert np.array_equal(carried_out(planned(image, recipe, strategy, strip), image, threads), expected)


lines_of_floats = st.lists(st.floats(-4, 4, width=16), min_size=1, max_size=20).filter(lambda line: any(line))


@quickly
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3]))),
    lines_of_floats,
    lines_of_floats,
    st.sampled_from([0.0, -0.5, 2.5]),
    st.integers(1, 3),
    st.sampled_from([(1, 1), (1, 1), (2, 3), (3, 1), (1, 2)]),
    st.sampled_from(["edge", "zero", "constant:300"]),
    st.sampled_from(["same", "full"]),
)
def test_floats_give_nearly_the_same_samples_in_every_strategy(
    image: Array,
    column: list[float],
    row: list[float],
    centre: float,
    dilation: int,
    stride: tuple[int, int],
    border: str,
    size: str,
) -> None:
    weights = np.outer(column, row) * np.pi
    weights[len(column) // 2, len(row) // 2] += centre * np.abs(weights).sum()
    weights /= np.abs(weights).sum()
    kernel = imfilt.Kernel(weights, bias=100)
    recipe = Recipe((kernel,), border=border, size=size, dilation=(dilation, 1), stride=stride)
    results = {name: carried_out(planned(image, recipe, name), image).astype(int) for name in eligible(image, recipe)}
    exact = imfilt.convolve(image, kernel, border=border, size=size, dilation=(dilation, 1), stride=stride)
    for name, result in results.items():
        different = np.abs(result - results["taps"])
        assert different.max() <= 1, name
        near_a_half = np.unique(exact[different > 0].round(6))  # in flat parts many are, all by the same
        assert len(near_a_half) <= max(2, image.size / 10_000), name


def test_16_bit_samples_are_exact_by_matrix_products_too() -> None:
    image = np.random.default_rng(0).integers(0, 65536, (100, 120, 3), np.uint16)
    recipe = Recipe((imfilt.Kernel(bell(25, 0.4)),))
    assert "banded" in eligible(image, recipe)
    expected = carried_out(planned(image, recipe, "taps"), image)
    assert np.array_equal(carried_out(planned(image, recipe, "banded"), image), expected)


@pytest.mark.parametrize("value", [0, 1, 1e5, 1e30, np.inf, -np.inf, np.nan, -3.4e38])
@pytest.mark.parametrize("shape", [(70, 90, 1), (300, 40, 3), (40, 700, 4)])
@pytest.mark.parametrize("strategy", ["fourier", "mixed"])
def test_float_pictures_keep_the_contract_by_transforms_too(
    strategy: str, shape: tuple[int, int, int], value: float
) -> None:
    rng = np.random.default_rng(0)
    image = rng.random(shape).astype(np.float32)
    image[20:22, 30] = value
    weights = rng.random((23, 18)) - 0.3
    recipe = Recipe((imfilt.Kernel(weights),), border="reflect")
    assert strategy in eligible(image, recipe)
    expected = carried_out(planned(image, recipe, "taps"), image)
    result = carried_out(planned(image, recipe, strategy), image)
    finite = np.isfinite(expected)
    assert np.array_equal(finite, np.isfinite(result))
    assert np.array_equal(np.isnan(expected), np.isnan(result))
    assert np.allclose(result[finite], expected[finite], rtol=1e-6, atol=1e-6 * np.abs(weights).sum())
    for threads in (2, 3):
        again = carried_out(planned(image, recipe, strategy), image, threads)
        assert np.array_equal(again, result, equal_nan=True)


@pytest.mark.parametrize("strategy", ["banded", "fourier", "mixed"])
def test_alpha_without_colours_is_filtered_in_floats(strategy: str) -> None:
    image = np.random.default_rng(0).integers(0, 256, (30, 40, 1), np.uint8)
    recipe = Recipe((imfilt.Kernel(bell(9, 0.4)),))
    results = []
    for name in ("taps", strategy):
        plan = make_plan(recipe, SAMPLE_TYPES["uint8"], image.shape, has_alpha=True, strategy=name)
        results.append(carried_out(plan, image))
    assert np.array_equal(results[0], results[1])


@pytest.mark.skipif(sys.platform != "linux", reason="page faults are counted as Linux does")
@pytest.mark.parametrize("strategy", ["fourier", "mixed"])
def test_transforms_take_no_fresh_memory_for_every_tile(strategy: str) -> None:
    code = """
import resource, sys
import numpy as np
from imfilt.engine.arrays import ArrayRows
from imfilt.engine.planning.planner import make_plan
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.recipes.samples import SAMPLE_TYPES
from imfilt.engine.running.run import filter_rows
from imfilt.engine.running.workspaces import Workspaces
from imfilt.kernels.kernel import Kernel

weights = np.random.default_rng(15).random((15, 15))
image, result = np.zeros((2, 700, 2400, 3), np.uint16)
plan = make_plan(Recipe((Kernel(weights, divisor="sum"),)), SAMPLE_TYPES["uint16"], image.shape, strategy=sys.argv[1])
workspaces = Workspaces()
faults = []
for _ in range(3):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    filter_rows(plan, ArrayRows(image), ArrayRows(result), threads=1, workspaces=workspaces)
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
print(faults[-1])
"""
    command = [sys.executable, "-c", code, strategy]
    faults = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert faults < 1000  # of more than ten thousand pages, which 40 tiles fill


def test_a_mask_that_sharpens_is_a_product_and_the_centre() -> None:
    weights = -bell(17, 0.25)
    weights[8, 8] += 2
    pairs = factorise_floats(tuple(map(tuple, weights.tolist())))
    assert pairs is not None
    assert len(pairs) == 2
    assert np.allclose(sum(np.outer(column, row) for column, row in pairs), weights, rtol=0, atol=1e-15)
    assert [np.count_nonzero(line) for line in pairs[1]] == [1, 1]
    plan = planned(np.zeros((400, 600, 3), np.uint8), Recipe((imfilt.Kernel(weights),)))
    assert plan.chains[0].stages[0].strategy == "banded"


def test_a_single_tap_is_no_product_of_matrices() -> None:
    with pytest.raises(imfilt.RecipeError, match="single tap"):
        planned(np.zeros((9, 9, 1), np.uint8), Recipe((imfilt.Kernel(np.array([[0, np.pi, 0]])),)), "banded")


@pytest.mark.parametrize("taps", [(3, 1), (3, 2), (5, 1)])
def test_many_planes_are_filtered_as_one_is(taps: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 256, (12, 10, 100), np.uint8)
    kernel = imfilt.Kernel(np.random.default_rng(2).integers(1, 9, taps), divisor="sum")
    planes = [imfilt.apply(image[..., i], kernel) for i in range(100)]
    assert np.array_equal(imfilt.apply(image, kernel), np.stack(planes, axis=2))


@pytest.mark.parametrize("strategy", ["fourier", "mixed", "banded"])
@pytest.mark.parametrize("name", ["uint8", "float32"])
def test_panels_change_no_sum_of_floats(strategy: str, name: str) -> None:
    if strategy == "banded" and name == "float32":
        pytest.skip("it is for whole numbers alone")
    image = np.random.default_rng(3).integers(0, 256, (70, 900, 3), np.uint8).astype(name)
    recipe = Recipe((imfilt.Kernel(bell(25, 0.3)),), depth="float", normalize="none")
    results = []
    for panel in (None, 64, 333, 700):
        plan = make_plan(recipe, SAMPLE_TYPES[name], image.shape, strategy=strategy, panel=panel)
        result = np.empty(plan.output_shape, np.float32)
        filter_rows(plan, ArrayRows(image), ArrayRows(result), threads=1)
        results.append(result)
    assert all(np.array_equal(result, results[0]) for result in results)


@pytest.mark.parametrize("strategy", ["fourier", "mixed"])
def test_a_plane_is_not_lost_beside_one_that_is_far_larger(strategy: str) -> None:
    rng = np.random.default_rng(4)
    image = rng.random((64, 64, 3)) * np.array([1e15, 1, 1])
    recipe = Recipe((imfilt.Kernel(rng.random((15, 15))),), normalize="none")
    expected, result = (carried_out(planned(image, recipe, each), image) for each in ("taps", strategy))
    assert np.allclose(result, expected, rtol=1e-6)


@pytest.mark.parametrize("factor", [np.pi / 30, -np.pi / 30])
def test_white_that_stays_white_is_not_counted_as_clipped(factor: float) -> None:
    image = np.full((20, 20, 1), 255, np.uint8)
    weights = np.full((3, 3), factor)
    weights[1, 1] = 1 - 8 * factor
    plan = planned(image, Recipe((imfilt.Kernel(weights),)))
    counter = ClippedCounter()
    filter_rows(plan, ArrayRows(image), ArrayRows(np.empty_like(image)), clipped=counter)
    assert counter.total == Clipped(0, 0, 400)


@pytest.mark.parametrize("times", [2, 300, -2])
@pytest.mark.parametrize("name", ["uint8", "uint16", "int16"])
def test_what_is_added_after_the_division_is_as_wide_as_the_sums(name: str, times: int) -> None:
    rng = np.random.default_rng(1)
    matrix = np.outer(rng.integers(1, 30, 21), rng.integers(1, 30, 21)) * (-1 if times > 0 else 1)
    divisor = abs(int(matrix.sum()))
    matrix[10, 10] += times * divisor
    image = rng.integers(0, 200, (90, 100, 3)).astype(name)
    recipe = Recipe((imfilt.Kernel(matrix.tolist(), divisor=divisor),))
    expected = carried_out(planned(image, recipe, "taps"), image)
    assert planned(image, recipe, "fourier").chains[0].late
    for strategy in (None, "fourier", "separable"):
        assert np.array_equal(carried_out(planned(image, recipe, strategy), image), expected), strategy


def test_floats_of_few_bits_are_exact() -> None:
    rng = np.random.default_rng(0)
    whole = rng.integers(0, 9, (15, 15))
    image = rng.integers(0, 256, (300, 400), np.uint8)
    exact = imfilt.convolve(image, whole.tolist())
    result = imfilt.apply(image, whole / 1024)
    assert np.array_equal(result, np.clip((2 * exact + 1024) // 2048, 0, 255))


@pytest.mark.parametrize("large", [1e9, 1e11, 1e13, 1e16])
@pytest.mark.parametrize("rank", [1, 2, 3])
def test_weights_beside_much_larger_ones_are_not_lost(large: float, rank: int) -> None:
    weights = np.diag([large, 0.7777777777777, 0.5])
    weights[rank:] *= 0
    weights[2, 0] = 7.25
    dot = np.zeros((5, 5, 1), np.uint8)
    dot[2, 2] = 100
    kernel = imfilt.Kernel(weights)
    expected = np.clip(np.floor(100 * weights + 0.5), 0, 255)
    for strategy in (*eligible(dot, Recipe((kernel,))), None):
        result = carried_out(planned(dot, Recipe((kernel,), border="zero"), strategy), dot)
        assert np.array_equal(result[1:4, 1:4, 0], expected), strategy
    floats = dot[..., 0] / 100
    assert np.array_equal(imfilt.convolve(floats, kernel, border="zero")[1:4, 1:4], weights)


def test_exact_results_of_floats_are_those_of_float64_whatever_the_samples() -> None:
    image = np.random.default_rng(6).integers(0, 256, (40, 50), np.uint8)
    for kernel in ("gaussian:sigma=2", "log", "motion:length=9,angle=30", imfilt.Kernel([[np.pi]])):
        found = [imfilt.convolve(image.astype(dtype), kernel) for dtype in ("uint8", "uint16", "float64")]
        for other in found[1:]:
            assert np.allclose(found[0], other, rtol=0, atol=1e-10)

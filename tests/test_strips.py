"""Strips, threads and writing in place change no sample."""

from __future__ import annotations

import itertools
import tracemalloc
import warnings
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

import imfilt
import imfilt.engine.processors as machine
from imfilt.batch.filtering import filter_picture
from imfilt.engine.arrays import ArrayRows, filter_array
from imfilt.engine.finishing.clipped import ClippedCounter
from imfilt.engine.planning import sizes
from imfilt.engine.planning.plan import Patch, Plan
from imfilt.engine.planning.planner import make_plan
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.recipes.samples import SAMPLE_TYPES, sample_type
from imfilt.engine.running.run import filter_rows
from imfilt.engine.running.strips import Walker, equal_panels, split
from imfilt.engine.running.workspaces import Workspaces
from imfilt.engine.strategies.program import Program, join_rows, overwriting
from imfilt.errors import RecipeError
from imfilt.images.picture import Picture
from imfilt.kernels.given import to_kernels
from imfilt.kernels.registry import load_registry

examples = settings(deadline=None, derandomize=True, max_examples=60, suppress_health_check=list(HealthCheck))

Array = NDArray[Any]

STRIPS = (1, 2, 7, 16)
THREADS = (1, 2, 3)
BORDERS = ("edge", "reflect", "symmetric", "wrap", "zero", "constant:77/2")


def results(image: Array, recipe: Recipe) -> dict[str, Array]:
    """Return the samples by every strip height, number of threads, and place to write to."""
    found = {}
    for strip, threads, in_place in itertools.product(STRIPS, THREADS, (False, True)):
        source = image.copy()
        plan = make_plan(
            recipe, sample_type(image.dtype.name), image.shape, has_alpha=recipe.alpha != "auto", strip=strip
        )
        assert plan.strip == strip
        if in_place and plan.output_shape != plan.shape:
            continue
        target = source if in_place else np.empty(plan.output_shape, image.dtype)
        filter_rows(plan, ArrayRows(source), ArrayRows(target), threads=threads, in_place=in_place)
        if not in_place:
            assert np.array_equal(source, image, equal_nan=image.dtype.kind == "f")
        found[f"strips of {strip}, {threads} threads, {'in place' if in_place else 'apart'}"] = target
    return found


def assert_all_equal(image: Array, recipe: Recipe) -> None:
    whole = make_plan(recipe, sample_type(image.dtype.name), image.shape, has_alpha=recipe.alpha != "auto", strip=10**6)
    expected = np.empty(whole.output_shape, image.dtype)
    filter_rows(whole, ArrayRows(image), ArrayRows(expected), threads=1)
    for way, result in results(image, recipe).items():
        assert result.shape == expected.shape, way
        assert np.array_equal(result, expected, equal_nan=image.dtype.kind == "f"), way


def recipe_of(kernel: Any, **settings: Any) -> Recipe:
    return Recipe(to_kernels(kernel, load_registry()), **settings)


def noise(height: int, width: int = 5, channels: int = 1, dtype: str = "uint8") -> Array:
    random = np.random.default_rng(height * 100 + width)
    return random.integers(0, int(np.iinfo(dtype).max) + 1, (height, width, channels), dtype)


@st.composite
def kernels(draw: st.DrawFn) -> imfilt.Kernel:
    size = draw(st.tuples(st.integers(1, 7), st.integers(1, 3)))
    weights = arrays(np.int64, size, elements=st.integers(-9, 9))
    anchor = draw(st.none() | st.tuples(st.integers(0, size[0] - 1), st.integers(0, size[1] - 1)))
    bias = draw(st.sampled_from([0, 40, Fraction(-5, 3)]))
    return imfilt.Kernel(draw(weights), divisor=draw(st.sampled_from([1, 3, 16, -8])), bias=bias, anchor=anchor)


@st.composite
def recipes(draw: st.DrawFn) -> Recipe:
    return Recipe(
        tuple(draw(st.lists(kernels(), min_size=1, max_size=3))),
        border=draw(st.sampled_from(BORDERS)),
        size=draw(st.sampled_from(["same", "same", "full", "valid"])),
        stride=draw(st.sampled_from([(1, 1), (1, 1), (2, 2), (3, 1)])),
        dilation=draw(st.sampled_from([(1, 1), (1, 1), (2, 1), (3, 2)])),
        correlate=draw(st.booleans()),
        normalize=draw(st.sampled_from(["clip", "abs", "peak", "minmax", "shift"])),
        alpha=draw(st.sampled_from(["auto", "weighted", "keep", "straight"])),
    )


@examples
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 34), st.integers(1, 4), st.sampled_from([2, 3, 4]))),
    recipes(),
)
def test_random_recipes_give_the_same_samples_in_every_way(image: Array, recipe: Recipe) -> None:
    assume(recipe.alpha != "weighted" or all(kernel.sum != 0 for kernel in recipe.kernels))
    is_early_bias = any(kernel.bias for kernel in recipe.kernels[:-1]) and recipe.border_rule.border.index is None
    assume(not is_early_bias or recipe.alpha in ("auto", "straight"))
    spans = [1 + sum(recipe.dilation[axis] * (kernel.size[axis] - 1) for kernel in recipe.kernels) for axis in range(2)]
    assume(recipe.size != "valid" or (spans[0] <= image.shape[0] and spans[1] <= image.shape[1]))
    assert_all_equal(image, recipe)


@examples
@given(st.data(), recipes(), st.integers(1, 3))
def test_workspaces_that_filtered_another_picture_give_the_same_samples(
    data: st.DataObject, recipe: Recipe, threads: int
) -> None:
    shape = data.draw(st.tuples(st.integers(9, 34), st.integers(1, 4), st.sampled_from([1, 3, 4])))
    images = [data.draw(arrays(np.uint8, shape)) for _ in range(3)]
    try:
        plan = make_plan(recipe, SAMPLE_TYPES["uint8"], shape, has_alpha=shape[2] == 4, strip=4)
    except RecipeError:  # weights that sum to 0 over alpha, or a window that leaves nothing
        assume(False)
    workspaces = Workspaces()
    for number, image in enumerate(images):
        expected, result = np.empty(plan.output_shape, np.uint8), np.empty(plan.output_shape, np.uint8)
        filter_rows(plan, ArrayRows(image), ArrayRows(expected), threads=1)
        filter_rows(plan, ArrayRows(image), ArrayRows(result), threads=threads, workspaces=workspaces)
        assert np.array_equal(result, expected), number
        if plan.keeps_layout:
            over = image.copy()
            filter_rows(plan, ArrayRows(over), ArrayRows(over), threads=threads, in_place=True, workspaces=workspaces)
            assert np.array_equal(over, expected), number


def test_workspaces_are_used_again_for_the_latest_plan_alone_and_hold_no_picture() -> None:
    plans = [make_plan(recipe_of("gaussian5"), SAMPLE_TYPES["uint8"], (30, size, 1)) for size in (8, 9)]
    workspaces = Workspaces()
    band, panels = range(30), [range(8)]
    first = workspaces.take(plans[0], band, panels, 7)
    first.walker.begin(ArrayRows(noise(30, 8)))
    second = workspaces.take(plans[0], band, panels, 7)
    assert second is not first
    workspaces.give_back(plans[0], first)
    assert workspaces.take(plans[0], band, panels, 7) is first
    first.walker.begin(ArrayRows(noise(30, 8)))
    workspaces.give_back(plans[0], first)
    assert workspaces.take(plans[0], range(20), panels, 7).walker.band == range(20)
    assert workspaces.take(plans[1], band, [range(9)], 7).walker.panels == (range(9),)
    assert workspaces.take(plans[0], band, panels, 7) is first
    with pytest.raises(AttributeError):
        next(iter(first.walker))


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("kernel", ["gaussian5", ["gaussian5", "edge3"], ["box3", "sharpen", "gaussian5"]])
def test_built_in_kernels(kernel: str | list[str], border: str) -> None:
    for height in (1, 3, 33):
        assert_all_equal(noise(height, channels=3), recipe_of(kernel, border=border))


@pytest.mark.parametrize("border", BORDERS)
@pytest.mark.parametrize("anchor", [(0, 0), (20, 0), (40, 0)])
def test_kernels_taller_than_a_strip_and_than_the_picture(border: str, anchor: tuple[int, int]) -> None:
    tall = imfilt.Kernel([[y % 7 - 3] for y in range(41)], divisor=5)
    for height in (1, 5, 40, 60):
        assert_all_equal(noise(height, 3), recipe_of(tall, border=border, anchor=anchor))


@pytest.mark.parametrize("border", BORDERS)
def test_tall_kernels_in_a_row_far_apart(border: str) -> None:
    tall = imfilt.Kernel([[1], [2], [0], [-4], [1]], divisor=3, anchor=(0, 0))
    low = imfilt.Kernel([[1], [2], [0], [-4], [1]], divisor=3, anchor=(4, 0))
    for height in (1, 4, 33):
        assert_all_equal(noise(height, 3), recipe_of([tall, low, tall], border=border, dilation=(4, 1)))


@pytest.mark.parametrize("mode", ["weighted", "keep", "straight"])
@pytest.mark.parametrize("normalize", ["clip", "peak"])
@pytest.mark.parametrize("border", ["edge", "wrap", "zero", "constant:200"])
def test_alpha(mode: str, normalize: str, border: str) -> None:
    image = noise(23, 6, 4)
    image[5:9, 1:3, 3] = 0
    assert_all_equal(image, recipe_of(["gaussian5", "sharpen"], border=border, alpha=mode, normalize=normalize))


@pytest.mark.parametrize("normalize", ["clip", "peak", "minmax"])
@pytest.mark.parametrize("kernel", ["edge3", [[0.123456789012, -0.3, 1.7]], ["gaussian3", "edge1"]])
def test_float_pictures_bit_for_bit(kernel: Any, normalize: str) -> None:
    image = np.random.default_rng(1).normal(size=(37, 5, 2)).astype(np.float32)
    assert_all_equal(image, recipe_of(kernel, border="wrap", normalize=normalize))
    image[20, 2, 0], image[3, 1, 1] = np.nan, np.inf
    assert_all_equal(image, recipe_of(kernel, border="wrap", normalize=normalize))


def test_float_weights_bit_for_bit() -> None:
    weights = np.random.default_rng(2).normal(size=(9, 4))
    assert_all_equal(noise(50, 7, 3), recipe_of(weights, border="reflect"))
    assert_all_equal(noise(50, 7, 1, "uint16"), recipe_of([weights, weights.T], border="wrap", normalize="minmax"))


def test_numbers_beyond_64_bits() -> None:
    large = imfilt.Kernel([[10**30, -1], [3, 2], [10**29, 5]], divisor=10**30)
    assert_all_equal(noise(19, 4, 2), recipe_of([large, large], border="wrap", normalize="abs"))


@pytest.mark.parametrize("size", ["valid", "full"])
@pytest.mark.parametrize("stride", [1, 2, (5, 1)])
def test_sizes_and_strides_that_change_the_shape(size: str, stride: int | tuple[int, int]) -> None:
    for border in ("edge", "wrap", "constant:7"):
        assert_all_equal(noise(21, 9, 2), recipe_of(["gaussian5", "edge3"], border=border, size=size, stride=stride))


def test_a_stride_that_keeps_the_shape_may_be_written_in_place() -> None:
    recipe = recipe_of([[[1], [2], [3], [4], [5]]], size="full", stride=(2, 1), correlate=True)
    image = noise(4, 3)
    assert len(results(image, recipe)) == len(STRIPS) * len(THREADS) * 2
    assert_all_equal(image, recipe)


@pytest.mark.parametrize("threads", [1, 2, 5, 64])
def test_more_threads_than_rows(threads: int) -> None:
    image = noise(3, 8, 3)
    expected = imfilt.apply(image, "gaussian5", threads=1)
    assert np.array_equal(imfilt.apply(image, "gaussian5", threads=threads), expected)


def test_the_strip_height_of_an_array_changes_no_sample() -> None:
    image, recipe = noise(40, 6, 3), recipe_of(["gaussian3", "edge2"], border="symmetric")
    expected = filter_array(image, recipe)
    for strip in STRIPS:
        assert np.array_equal(filter_array(image, recipe, strip=strip), expected)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "CMYK", "I;16", "F"])
@pytest.mark.parametrize("border", ["edge", "wrap"])
def test_pictures_written_in_place_by_several_threads(mode: str, border: str) -> None:
    random = np.random.default_rng(3)
    if mode == "I;16":
        image = Image.fromarray(random.integers(0, 65536, (700, 9), np.uint16))
    elif mode == "F":
        image = Image.fromarray(random.random((700, 9), np.float32))
    else:
        channels = len(mode)
        samples = random.integers(0, 256, (700, 9, channels) if channels > 1 else (700, 9), np.uint8)
        image = Image.frombytes(mode, (9, 700), samples.tobytes())
    assert image.mode == mode
    recipe = recipe_of(["gaussian5", "sharpen"], border=border)
    apart, _ = filter_picture(Picture(image), recipe, threads=1)
    for threads in THREADS:
        in_place, plan = filter_picture(Picture(image.copy()), recipe, threads=threads, in_place=True)
        assert plan.strip < 700
        assert isinstance(in_place, Picture)
        assert isinstance(apart, Picture)
        assert in_place.image.tobytes() == apart.image.tobytes()


@pytest.mark.parametrize("rows", [1, 2, 3, 10, 97])
def test_bands_cover_every_row_once_and_are_nearly_equal(rows: int) -> None:
    for parts in range(1, 20):
        bands = split(rows, parts)
        assert [row for band in bands for row in band] == list(range(rows))
        assert len(bands) == min(parts, rows)
        assert max(map(len, bands)) - min(map(len, bands)) <= 1


@pytest.mark.parametrize("border", ["edge", "reflect", "symmetric", "zero", "constant:9"])
@pytest.mark.parametrize("names", [("edge3",), ("gaussian5", "edge3"), ("unsharp5",)], ids="+".join)
@pytest.mark.parametrize("width", [1, 5, 63, 200])
def test_panels_of_columns_change_no_sample(border: str, names: tuple[str, ...], width: int) -> None:
    image = np.random.default_rng(width).integers(0, 256, (40, width, 3), np.uint8)
    registry = imfilt.load_registry()
    for options in ({}, {"size": "full"}, {"stride": (1, 3)}, {"dilation": (1, 5)}, {"normalize": "minmax"}):
        recipe = Recipe(tuple(registry[name] for name in names), border=border, **options)
        whole = make_plan(recipe, SAMPLE_TYPES["uint8"], image.shape)
        expected = np.empty(whole.output_shape, np.uint8)
        filter_rows(whole, ArrayRows(image), ArrayRows(expected))
        for panel in (40, 77):
            plan = make_plan(recipe, SAMPLE_TYPES["uint8"], image.shape, panel=panel, strip=7)
            result = np.empty_like(expected)
            filter_rows(plan, ArrayRows(image), ArrayRows(result), threads=2)
            assert np.array_equal(result, expected), (options, panel)
            if plan.output_shape == plan.shape:
                over = image.copy()
                filter_rows(plan, ArrayRows(over), ArrayRows(over), threads=3, in_place=True)
                assert np.array_equal(over, expected), (options, panel)


@pytest.mark.parametrize("border", ["edge", "reflect", "constant:9"])
@pytest.mark.parametrize(
    ("names", "settings"),
    [
        (("sharpen",), {}),
        (("sharpen",), {"size": "full"}),
        (("edge3",), {"size": "valid"}),
        (("edge3",), {"normalize": "minmax"}),
        (("gaussian5",), {"stride": (2, 3)}),
        (("unsharp5",), {"dilation": (3, 4)}),
        (("emboss",), {"alpha": "weighted"}),
        (("gaussian3",), {"alpha": "weighted", "background": (9, 90, 200)}),
        (("box3",), {"threshold": Fraction(9)}),
        (("sobel-x", "gaussian5"), {"combine": "magnitude"}),
    ],
)
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_patches_side_by_side_change_no_sample(
    border: str, names: tuple[str, ...], settings: dict[str, Any], dtype: str
) -> None:
    image = np.random.default_rng(5).integers(0, 256, (61, 131, 4)).astype(dtype)
    registry = imfilt.load_registry()
    recipe = Recipe(tuple(registry[name] for name in names), border=border, **settings)
    samples, has_alpha = SAMPLE_TYPES[dtype], "alpha" in settings
    for source in (image, np.ascontiguousarray(image[:, ::-1])):  # the second finds what the first left in the buffers
        whole = make_plan(recipe, samples, source.shape, has_alpha=has_alpha, strip=100)
        expected, counted = np.empty(whole.result_shape, dtype), ClippedCounter()
        filter_rows(whole, ArrayRows(source), ArrayRows(expected), threads=1, clipped=counted)
        workspaces = Workspaces()
        # In one direction or the other they fit, or do not; 131 columns are a prime.
        for patch, threads in ((Patch(3, 40), 1), (Patch(10, 66), 3), (Patch(7, 130), 2)):
            patch = Patch(patch.rows, min(patch.columns, whole.output_shape[1]))
            plan, counter = whole._replace(patch=patch), ClippedCounter()
            for clipped in (None, counter):
                result = np.zeros_like(expected)
                filter_rows(
                    plan, ArrayRows(source), ArrayRows(result), threads=threads, clipped=clipped, workspaces=workspaces
                )
                assert np.array_equal(result, expected), (patch, threads)
            assert counter.total == counted.total


@pytest.mark.parametrize("border", ["edge", "reflect", "zero"])
@examples
@given(
    arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(30, 60), st.sampled_from([1, 3]))),
    kernels(),
    st.tuples(st.integers(1, 9), st.integers(12, 30)),
)
def test_random_kernels_over_patches(border: str, image: Array, kernel: imfilt.Kernel, patch: tuple[int, int]) -> None:
    whole = make_plan(Recipe((kernel,), border=border), SAMPLE_TYPES["uint8"], image.shape, strip=100)
    expected, result = np.empty_like(image), np.zeros_like(image)
    filter_rows(whole, ArrayRows(image), ArrayRows(expected), threads=1)
    filter_rows(whole._replace(patch=Patch(*patch)), ArrayRows(image), ArrayRows(result), threads=2)
    assert np.array_equal(result, expected)


@pytest.mark.parametrize("border", ["edge", "reflect", "symmetric", "zero"])
@pytest.mark.parametrize("settings", [{}, {"size": "full"}, {"stride": (1, 2)}, {"normalize": "minmax"}], ids=str)
def test_patches_that_a_plan_asks_for_change_no_sample(
    border: str, settings: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    limits = ("_LARGE_CACHE", 0), ("_FEWEST_CACHED_COLUMNS", 4), ("_PANEL_REACHES", 2), ("_LEAST_SAVED", -9)
    for attribute, value in (*limits, ("second_level_cache", lambda: 20_000)):
        monkeypatch.setattr(sizes, attribute, value)
    tall = imfilt.Kernel([[1], [-2], [5], [7], [1]], divisor=12, anchor=(0, 0))
    flat = imfilt.Kernel([[3, -1, 4, -1, 5, -9, 2]], divisor="sum", anchor=(0, 6))
    huge = imfilt.Kernel([[10**25, 1], [-(10**25), 2]], divisor=3, bias=9)
    image = np.random.default_rng(8).integers(0, 256, (50, 300, 3), np.uint8)
    recipes = [Recipe((kernel,), border=border, **settings) for kernel in (tall, flat, huge)]
    for others in (tall, load_registry()["box3"]):
        recipes.append(Recipe((flat, others), border=border, combine="maxabs"))
    chosen = []
    for recipe in recipes:
        plan = make_plan(recipe, SAMPLE_TYPES["uint8"], image.shape)
        chosen.append(plan.patch is not None)
        expected, result = np.empty(plan.output_shape, np.uint8), np.empty(plan.output_shape, np.uint8)
        filter_rows(plan._replace(patch=None), ArrayRows(image), ArrayRows(expected), threads=1)
        for threads in THREADS:
            filter_rows(plan, ArrayRows(image), ArrayRows(result), threads=threads)
            assert np.array_equal(result, expected)
        if plan.keeps_layout:
            over = image.copy()
            filter_rows(plan, ArrayRows(over), ArrayRows(over), threads=2, in_place=True)
            assert np.array_equal(over, expected)
    assert any(chosen)


def test_threads_share_the_rows_evenly_though_patches_are_high() -> None:
    plan = make_plan(recipe_of("sharpen"), SAMPLE_TYPES["uint8"], (62, 40, 1), strip=5)._replace(patch=Patch(30, 24))
    workspaces, image = Workspaces(), noise(62, 40)
    filter_rows(plan, ArrayRows(image), ArrayRows(np.empty_like(image)), threads=3, workspaces=workspaces)
    bands = {band for band, *_ in workspaces._latest[1]}
    assert sorted(map(len, bands)) == [20, 20, 22]


def test_panels_that_take_turns_cannot_be_written_in_place() -> None:
    plan = make_plan(recipe_of("sharpen"), SAMPLE_TYPES["uint8"], (9, 20, 1))
    with pytest.raises(ValueError, match="one after the other"):
        Walker(plan, range(9), [range(12), range(8, 20)]).begin(ArrayRows(noise(9, 20)), in_place=True)


@pytest.mark.parametrize(("width", "columns"), [(10, 4), (6000, 1165), (131, 130), (7, 7), (12, 1)])
def test_equal_panels_cover_every_column_and_are_equally_wide(width: int, columns: int) -> None:
    panels = equal_panels(width, columns)
    assert {len(panel) for panel in panels} == {columns}
    assert len(panels) == -(-width // columns)
    assert sorted({column for panel in panels for column in panel}) == list(range(width))
    assert all(one.start < other.start <= one.stop for one, other in itertools.pairwise(panels))


def test_strips_of_few_rows_are_cut_into_patches(monkeypatch: pytest.MonkeyPatch) -> None:
    def plan(name: str, dtype: str, cache: int = 2 << 20, width: int = 6000, **settings: Any) -> Plan:
        monkeypatch.setattr(sizes, "second_level_cache", lambda: cache)
        return make_plan(recipe_of(name, **settings), SAMPLE_TYPES[dtype], (4000, width, 3))

    for name, dtype in (("sharpen", "uint16"), ("gaussian5", "uint8"), ("gaussian5", "uint16")):
        strips = plan(name, dtype)
        assert strips.patch is not None
        assert strips.patch.rows > 2 * strips.strip
        assert 256 <= strips.patch.columns < strips.panel
        # What has to stay in the cache is no more than for strips.
        item = np.dtype(strips.chains[0].dtype).itemsize
        assert strips.patch.rows * strips.patch.columns * 3 * item <= (2 << 20) / 5
    assert plan("sharpen", "uint8").patch is None  # whose strips have rows enough
    assert plan("sharpen", "uint8", width=24000).patch is not None
    assert plan("sharpen", "uint16", width=600).patch is None
    assert plan("sharpen", "uint16", cache=1 << 20).patch is None
    assert plan("sharpen", "uint16", border="wrap").patch is None
    assert plan("sharpen", "uint16", pool="max:2").patch is None
    assert plan("gaussian:sigma=5", "uint16").patch is None  # done in tiles
    assert make_plan(recipe_of(["sharpen", "box3"]), SAMPLE_TYPES["uint16"], (4000, 6000, 3)).patch is None


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kernel", ["edge3", "box", "dense", "large", "gaussian"])
def test_buffers_stay_small_for_the_widest_pictures_and_the_largest_kernels(channels: int, kernel: str) -> None:
    """Two threads, windows and strips of every stage: less than 64 MiB, whatever the shape of a gigapixel."""
    line = np.exp(-0.5 * np.linspace(-4, 4, 101) ** 2)
    kernels = {
        "edge3": imfilt.load_registry()["edge3"],
        "box": imfilt.Kernel([[1] * 101] * 101, divisor="sum"),
        "dense": imfilt.Kernel(np.random.default_rng(0).random((63, 63)), divisor="sum"),
        "large": imfilt.Kernel(np.random.default_rng(0).random((101, 101)), divisor="sum"),
        "gaussian": imfilt.Kernel(np.outer(line, line), divisor="sum"),
    }
    import scipy.fft  # noqa: F401 (what an import takes is not to be counted)

    for height, width in ((32768, 32768), (1000, 1_000_000), (250, 4_000_000)):
        plan = make_plan(Recipe((kernels[kernel],)), SAMPLE_TYPES["uint8"], (height, width, channels))
        sources = Untouched((height, width, channels))
        tracemalloc.start()
        walkers = [
            Walker(plan, band, [range(plan.panel)]).begin(sources, in_place=True)
            for band in split(height, 2, plan.strip)[:2]
        ]
        for walker in walkers:
            *_, parts = next(iter(walker))
            next(iter(parts))
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 64 << 20, (height, width, peak >> 20)


class Untouched:
    """A source of black rows that takes no memory of its own."""

    def __init__(self, shape: tuple[int, int, int]) -> None:
        self._channels = shape[2]

    def read_rows(self, first: int, last: int, columns: range) -> NDArray[np.uint8]:
        return np.broadcast_to(np.uint8(0), (last - first, len(columns), self._channels))


@pytest.mark.parametrize("border", ["edge", "reflect", "wrap"])
def test_nan_that_signals_is_filtered_without_a_warning(border: str) -> None:
    image = np.full((60, 50), 0x7F800001, np.uint32).view(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(imfilt.apply(image, "box3", border=border)).all()


@pytest.mark.parametrize(
    ("kernel", "is_over_window"),
    [("sharpen", True), ("edge1", True), ("sobel-x", True), ("identity", True), ("edge3", False)],
)
@pytest.mark.parametrize("border", ["edge", "reflect", "wrap", "constant:9"])
def test_sums_are_written_over_the_window_where_it_is_not_looked_at_any_more(
    kernel: str, is_over_window: bool, border: str
) -> None:
    picture = np.random.default_rng(3).integers(0, 256, (41, 23, 3), np.uint8)
    recipe = Recipe((load_registry()[kernel],), border=border)
    plan = make_plan(recipe, SAMPLE_TYPES["uint8"], picture.shape, strip=6)
    result, workspaces = np.empty_like(picture), Workspaces()
    for source in (picture, picture[::-1]):  # the second finds what the first left in the buffers
        filter_rows(plan, ArrayRows(source), ArrayRows(result), threads=1, workspaces=workspaces)
        assert np.array_equal(result, filter_array(source, recipe, strip=len(source)))
    walker = Walker(plan, range(41)).begin(ArrayRows(picture))
    for *_, parts in walker:
        for _, (numbers,) in parts:
            (window,) = (chain.middle(slice(0, 23), len(numbers)) for chain in walker._chains)
            assert np.may_share_memory(numbers, window) == is_over_window


@pytest.mark.parametrize("in_place", [False, True])
@pytest.mark.parametrize(
    ("names", "settings"),
    [
        (("sharpen",), {}),
        (("edge3",), {"border": "wrap"}),
        (("gaussian5", "edge1", "box3"), {}),
        (("sobel-x", "sobel-y"), {"combine": "magnitude"}),
        (("box:radius=9",), {"border": "reflect"}),
        (("gaussian3",), {"stride": (4, 1)}),
        (("gaussian3",), {"dilation": (7, 1), "bias": 3}),
    ],
)
def test_strips_by_the_same_calls_over_again_are_as_those_one_by_one(
    names: tuple[str, ...], settings: dict[str, Any], in_place: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = np.random.default_rng(7).integers(0, 256, (83, 40, 3), np.uint8)
    settings = dict(settings)
    bias = settings.pop("bias", 0)
    kernels = [kernel for name in names for kernel in to_kernels(name, load_registry())]
    kernels = [imfilt.Kernel(kernel.weights, divisor=kernel.divisor, bias=bias) for kernel in kernels]
    repeated: list[range] = []
    original = Walker._repeated

    def counting(walker: Walker, first: int) -> Any:
        for rows, columns, parts in original(walker, first):
            repeated.append(rows)
            yield rows, columns, parts

    def by(walk: Any, threads: int) -> Array:
        monkeypatch.setattr(Walker, "_repeated", walk)
        plan = make_plan(Recipe(tuple(kernels), **settings), SAMPLE_TYPES["uint8"], image.shape, strip=4)
        source, workspaces = image.copy(), Workspaces()
        is_over = in_place and plan.output_shape == plan.shape
        for _ in range(2):
            source[...] = image
            target = source if is_over else np.empty(plan.output_shape, np.uint8)
            sink = ArrayRows(target)
            filter_rows(plan, ArrayRows(source), sink, threads=threads, in_place=is_over, workspaces=workspaces)
        return target

    for threads in (1, 2):
        expected = by(lambda *_: iter(()), threads)
        assert not repeated
        assert np.array_equal(by(counting, threads), expected)
        assert len(repeated) >= 2 * threads
        repeated.clear()


@pytest.mark.parametrize("panels", [[range(20)], [range(8), range(8, 16), range(12, 20)]])
def test_a_walk_stops_while_strips_are_repeated(panels: list[range]) -> None:
    image = np.zeros((90, 20, 1), np.uint8)
    plan = make_plan(recipe_of("sharpen"), SAMPLE_TYPES["uint8"], image.shape)
    walker = Walker(plan, range(90), panels, strip=3).begin(ArrayRows(image))
    seen = 0
    for *_, parts in walker:
        list(parts)
        seen += 1
        if seen == 10:
            walker.stop()
    assert seen == 10


def _window_and_sums(top: int) -> tuple[Array, Array, Array]:
    """Return a window of rows, sums within it, and numbers beside it."""
    window = np.zeros((8, 6, 1), np.int16)
    return window, window[top : top + 6, 1:5], np.zeros((6, 4, 1), np.int16)


def test_calls_that_leave_the_window_alone_may_write_over_it() -> None:
    window, sums, beside = _window_and_sums(1)
    middle = window[1:7, 1:5]
    program: Program = [(np.multiply, (middle, 5, sums)), (np.subtract, (sums, beside, sums))]
    assert overwriting(program, window, sums) == program
    assert overwriting([(np.copyto, (sums, middle)), *program[1:]], window, sums) == program[1:]
    assert overwriting([(np.copyto, (sums, beside))], window, sums) == [(np.copyto, (sums, beside))]


def test_calls_that_still_look_at_the_window_may_not_write_over_it() -> None:
    window, sums, beside = _window_and_sums(0)
    middle = window[1:7, 1:5]
    begun: Program = [(np.add, (beside, beside, sums))]
    harmful: list[Program] = [
        [(np.multiply, (middle, 5, sums))],  # of which some are written before they are looked at
        [*begun, (np.add, (sums, middle, sums))],
        [*begun, (np.add, (sums, window[0:6, 1:5], sums))],  # the sums by now, and no more the window
        [(np.add, (beside, beside, middle))],
        [(lambda samples, _: samples, (window, sums))],
        [(np.matmul, (window[:, :, 0], beside[:, :, 0], sums[:, :, 0]))],
    ]
    for program in harmful:
        assert overwriting(program, window, sums) is None


def _buffers(columns: int, dtype: str = "int16") -> tuple[Array, Array, Array]:
    """Return three arrays of rows of as many columns of two planes, with two columns more between the rows."""
    rng = np.random.default_rng(0)
    one, two, three = (rng.integers(0, 99, (5, columns + 2, 2)).astype(dtype)[:, 1:-1] for _ in range(3))
    return one, two, three


def _carried_out(program: Program) -> None:
    for function, arguments in program:
        function(*arguments)


def test_rows_are_taken_in_one_piece_with_what_lies_between_them() -> None:
    one, two, sums = _buffers(20)
    expected = (one + two) * 3 - one
    program: Program = [(np.add, (one, two, sums)), (np.multiply, (sums, 3, sums)), (np.subtract, (sums, one, sums))]
    program = join_rows(program, sums)
    assert all(each.ndim < 2 for _, arguments in program for each in arguments)
    _carried_out(program)
    assert np.array_equal(sums, expected)


def test_rows_are_taken_one_by_one_where_that_would_do_harm() -> None:
    one, two, sums = _buffers(20)
    floats = _buffers(20, "float32")
    wide = sums[:, :-1], sums[:, 1:]
    short = _buffers(3)
    apart = np.zeros((5, 30, 2), np.int16)[:, :20]
    harmful: list[Program] = [
        [(np.add, (one[:, :-1], two[:, :-1], wide[0])), (np.copyto, (two, sums))],  # of which the last column stays
        [(np.add, (wide[0], wide[1], wide[0]))],  # which looks at more than it writes
        [(np.add, (one[:, :-1], two[:, :-1], wide[0]))],  # and leaves the last column of the sums as it is
        [(np.add, (one, two[:1], sums))],
        [(np.add, floats)],  # between them may lie what is no number
        [(np.add, short)],  # there is too much between them
        [(np.add, (one, apart, sums))],  # rows lie farther apart
        [(np.add, (one[::-1], two, sums))],
        [(np.add, (one[:, ::2], two[:, ::2], sums[:, ::2]))],
        [(lambda *_: None, (one, two, sums))],  # of which nothing is known
    ]
    for program in harmful:
        first = join_rows(program, sums)[0][1]
        assert all(each is other for each, other in zip(first, program[0][1], strict=True))
    assert all(each.ndim == 1 for each in join_rows([(np.add, (one, two, sums))], sums)[0][1])


@settings(max_examples=300, deadline=None)
@given(st.data(), st.lists(st.sampled_from(["+", "-", "*", "="]), min_size=1, max_size=8))
def test_joined_rows_change_no_sum(data: st.DataObject, signs: list[str]) -> None:
    operations = {"+": np.add, "-": np.subtract, "*": np.multiply}
    buffers = [np.arange(400, dtype=np.int16).reshape(5, 40, 2) * factor for factor in (1, 3, 5)]
    width = data.draw(st.integers(33, 38))

    def view() -> tuple[int, int]:
        return data.draw(st.integers(0, 2)), data.draw(st.integers(0, 40 - width))

    steps = [(sign, view(), view(), view()) for sign in signs]

    def carried_out(*, joined: bool) -> Array:
        """Return the first buffer that was written: all of it is wanted."""
        copies = [buffer.copy() for buffer in buffers]
        program: Program = []
        for sign, *views in steps:
            one, two, target = (copies[number][:, column : column + width] for number, column in views)
            program.append((np.copyto, (target, one)) if sign == "=" else (operations[sign], (one, two, target)))
        sums = copies[steps[0][-1][0]]
        _carried_out(join_rows(program, sums) if joined else program)
        return sums

    assert np.array_equal(carried_out(joined=True), carried_out(joined=False))


@pytest.mark.parametrize(
    ("text", "size"), [("2048K\n", 2 << 20), ("1M", 1 << 20), ("", 0), ("many", 0), ("-1K", 0), (None, 0)]
)
def test_the_second_level_cache_is_as_large_as_the_system_says(
    text: str | None, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, level in enumerate((1, 1, 3, 2)):
        cache = tmp_path / f"index{number}"
        cache.mkdir()
        (cache / "level").write_text(f"{level}\n")
        if level != 2:
            (cache / "size").write_text("48K\n")
        elif text is not None:
            (cache / "size").write_text(text)
    monkeypatch.setattr(machine, "_CACHES", tmp_path)
    assert machine.second_level_cache.__wrapped__() == size


def test_tall_kernels_are_cut_into_panels_that_stay_in_a_large_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = Recipe(to_kernels("box:radius=15", load_registry()))
    plans = {}
    for cache in (0, 1 << 20, 2 << 20, 4 << 20):
        monkeypatch.setattr(sizes, "second_level_cache", lambda cache=cache: cache)
        plans[cache] = make_plan(recipe, SAMPLE_TYPES["uint8"], (4000, 6000, 3))
    assert plans[0].panel == plans[1 << 20].panel == 6000
    for cache in (2 << 20, 4 << 20):
        assert plans[cache].panel < 6000
        assert plans[cache].strip >= 2 * 30
        assert plans[cache].strip * plans[cache].panel * 3 * 4 < cache / 4


@pytest.mark.parametrize("cache", [2_000, 8_000, 40_000])
@pytest.mark.parametrize("in_place", [False, True])
def test_the_size_of_the_cache_changes_no_sample(cache: int, in_place: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = np.random.default_rng(4).integers(0, 256, (90, 120, 3), np.uint8)
    for name in ("sharpen", "gaussian5", "box:radius=4", "edge3", "sobel-x"):
        recipe = Recipe(to_kernels(name, load_registry()))
        expected = filter_array(picture, recipe, strip=90)
        for attribute, value in (("_LARGE_CACHE", 0), ("_FEWEST_CACHED_COLUMNS", 4), ("_PANEL_REACHES", 2)):
            monkeypatch.setattr(sizes, attribute, value)
        monkeypatch.setattr(sizes, "second_level_cache", lambda: cache)
        plan = make_plan(recipe, SAMPLE_TYPES["uint8"], picture.shape)
        source = picture.copy()
        result = source if in_place else np.empty_like(source)
        filter_rows(plan, ArrayRows(source), ArrayRows(result), threads=2, in_place=in_place)
        assert np.array_equal(result, expected)

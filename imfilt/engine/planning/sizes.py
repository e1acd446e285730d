"""How many rows and columns are worked on at a time, as caches and memory have room; they change no sample."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence

from imfilt.engine.dtypes import ANY_INTEGER
from imfilt.engine.planning.chains import LEAST_REACHES
from imfilt.engine.planning.plan import Chain, Patch, Shape, are_in_tiles
from imfilt.engine.processors import second_level_cache
from imfilt.engine.strategies.stage import Stage

# A strip has so many bytes: with fewer, what Python does around each call counts, and what is done twice where strips
# meet; with more, the caches are left. A second-level cache that is large enough for strips of some rows, as many as
# the kernel reaches over, holds a window and what is made of it; otherwise the third level has to.
_STRIP_BYTES = 2_500_000
_LARGE_CACHE = 5 << 18
_STRIPS_IN_LARGE_CACHE = 5
_FEWEST_ROWS = 4
_MOST_ROWS = 96

# Strips of pictures that are too wide for that are cut into panels, in which they are this often as high as the kernel
# reaches over: what is done twice counts, above and below as well as on both sides.
_STRIP_REACHES = 2.5
_PANEL_REACHES = 8
_FEWEST_CACHED_COLUMNS = 256

# Where strips are cut into patches: of 12 to 60 rows over 24 megapixels of 16 bits, 30 of 1000 columns were the fastest
# for kernels of 3 × 3, as they are where to begin a row takes as long as so many columns. Of 8 bits, patches that save
# less than such a share of the samples were as fast as strips.
_COLUMNS_TO_BEGIN_A_ROW = 75
_LEAST_SAVED = 0.15

# What the buffers of one thread may take.
_BUFFER_BYTES = 26 << 20
_FEWEST_COLUMNS = 64


def strip_and_panel(chains: Sequence[Chain], shape: Shape, strip: int | None, panel: int | None) -> tuple[int, int]:
    """Return the rows of a strip and the columns of a panel of the output; `strip` and `panel` where they are given.

    What a strategy wants for its tiles comes before a strip that is given.
    """
    last = chains[0].stages[-1]
    pixel = shape[2] * _item_bytes(chains[0].dtype)
    columns = min(panel or last.across.output, last.across.output)
    rows = max((chain.strip for chain in chains if chain.strip), default=0) or strip
    if not rows:
        columns = columns if panel else _cached_columns(last, columns, pixel)
        rows = _strip_rows(last, columns, pixel)
    return rows, columns if panel else min(columns, _panel_columns(chains, shape, rows))


def _cached_columns(last: Stage, columns: int, pixel: int) -> int:
    """Return into how many columns to cut a tall kernel's strips, so that they stay in a large second-level cache."""
    rows = min(math.ceil(_STRIP_REACHES * last.down.reach / last.down.stride), _MOST_ROWS)
    fit = (_cached_bytes() // (max(rows, 1) * last.down.stride * pixel) - last.across.reach) // last.across.stride
    if fit >= columns or not _is_wide(fit, last.across.reach):
        return columns
    return _equal(columns, fit)


def _strip_rows(last: Stage, columns: int, pixel: int) -> int:
    """Return how many rows of output are worked on at a time, so that they stay in cache with what they look at."""
    row = (columns * last.across.stride + last.across.reach) * pixel * last.down.stride
    rows = _cached_bytes() // row
    if rows < last.down.reach:
        rows = max(_STRIP_BYTES // row, last.down.reach // 2)
    return min(max(rows, _FEWEST_ROWS), _MOST_ROWS)


def patch_for(chains: Sequence[Chain], shape: Shape, rows: int, columns: int) -> Patch | None:
    """Return a patch that is faster than a strip of so many rows and columns; None where none is, or can be.

    What the kernel reaches over is done over again for each: rows are read, or copied, and columns are summed as well.
    The height is that for which ``rows again / height + columns again / width`` is least, where the cache has room for
    height times width.
    """
    if any(len(chain.stages) > 1 or chain.strip for chain in chains):  # other stages would do far more over again
        return None
    stages = [chain.stages[0] for chain in chains]
    down, across = stages[0].down, stages[0].across
    reach = max(stage.across.reach for stage in stages)
    rows_again = max(stage.down.reach for stage in stages) / down.stride
    columns_again = reach / across.stride + _COLUMNS_TO_BEGIN_A_ROW
    pixels = _cached_bytes() // (shape[2] * _item_bytes(chains[0].dtype) * down.stride * across.stride)
    height = min(max(round(math.sqrt(pixels * rows_again / columns_again)), 1), _MOST_ROWS, down.output)
    if pixels // height < 1 or pixels // height >= across.output:
        return None
    width = _equal(across.output, pixels // height)
    saved = rows_again / min(rows, down.output) + columns_again / columns - rows_again / height - columns_again / width
    return Patch(height, width) if _is_wide(width, reach) and saved >= _LEAST_SAVED else None


def _equal(columns: int, most: int) -> int:
    """Return how wide panels are that are no wider than `most`, and no more than need be."""
    return -(-columns // -(-columns // most))


def _is_wide(columns: int, reach: int) -> bool:
    """Return whether so many columns are far more than what is done over again beside them."""
    return columns >= max(_PANEL_REACHES * reach, _FEWEST_CACHED_COLUMNS)


def _cached_bytes() -> int:
    """Return the bytes of a strip in the second-level cache, or 0 where that is too small for strips of some rows."""
    cache = second_level_cache()
    return cache // _STRIPS_IN_LARGE_CACHE if cache >= _LARGE_CACHE else 0


def _panel_columns(chains: Sequence[Chain], shape: Shape, rows: int) -> int:
    """Return how many columns may be worked on at a time, so that the buffers of one thread take little memory."""
    column = reach = tiles = 0
    in_tiles = are_in_tiles(chains)
    for chain in chains:
        for stage in chain.stages:
            window = (rows - 1) * stage.down.stride + stage.down.reach + 1
            held = _item_bytes(stage.window_dtype) + stage.held * _item_bytes(chain.dtype)
            sums = 0 if in_tiles and stage is chain.stages[-1] else _item_bytes(chain.dtype) * rows
            kept = _item_bytes(stage.window_dtype) * stage.down.reach  # of the bands above and below, in place
            column += (held * window + kept + sums) * shape[2]
            tiles += stage.tile_bytes
        reach = max(reach, sum(stage.across.reach for stage in chain.stages))
    return max((_BUFFER_BYTES - tiles) // column, LEAST_REACHES * reach, _FEWEST_COLUMNS)


def _item_bytes(dtype: str) -> int:
    return 8 if dtype == ANY_INTEGER else int(re.sub(r"\D", "", dtype)) // 8

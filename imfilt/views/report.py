"""A report in one page of HTML that needs no network: before and after, clipped pixels, histograms, kernels, times."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from html import escape
from pathlib import Path
from string import Template
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imfilt.batch.work import filter_picture
from imfilt.engine.recipe import Recipe
from imfilt.images.rows import rows_of
from imfilt.views.kernel_figure import kernel_figure
from imfilt.views.seen import as_seen

if TYPE_CHECKING:
    from imfilt.images.deep.picture import AnyPicture

_ROOM = 1200, 900
_THUMBNAIL = 480, 480
_CLIPPED_BELOW, _CLIPPED_ABOVE = (0, 120, 255, 255), (255, 60, 0, 255)
_LINES = {"red": "#d33", "green": "#2a2", "blue": "#36c"}


class Entry(NamedTuple):
    """A picture of a report: filtered, or the reason why it is not."""

    name: str
    seconds: float = 0
    """How long filtering took."""
    before: Image.Image | None = None
    after: Image.Image | None = None
    clipped: Image.Image | None = None
    """Transparent, but where a sample was clipped."""
    shares: tuple[float, float] = (0, 0)
    """Of the pixels that were clipped below black, and above white."""
    size: tuple[int, int] = (0, 0)
    plan: tuple[str, ...] = ()
    error: str = ""


def look_at(name: str, picture: AnyPicture, recipe: Recipe, *, alone: bool) -> Entry:
    """Return a picture before and after, in a size to be looked at: large where it stands `alone`."""
    room = _ROOM if alone else _THUMBNAIL
    start = perf_counter()
    filtered, plan = filter_picture(picture, recipe)
    seconds = perf_counter() - start
    below, above = _clipped(picture, recipe)
    after = as_seen(filtered, room)
    marks = Image.new("RGBA", (below.shape[1], below.shape[0]), (0, 0, 0, 0))
    for mask, colour in ((below, _CLIPPED_BELOW), (above, _CLIPPED_ABOVE)):
        marks.paste(colour, mask=Image.fromarray(mask.astype(np.uint8) * 255))
    return Entry(
        name,
        seconds,
        as_seen(picture, room),
        after,
        marks.resize(after.size, Image.Resampling.NEAREST),
        (float(below.mean()), float(above.mean())),
        (picture.shape[1], picture.shape[0]),
        tuple(plan.describe()),
    )


def _clipped(picture: AnyPicture, recipe: Recipe) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return where a result was clipped below black and above white: as floats, which are not clipped, lie outside."""
    if picture.mode.samples.is_float or recipe.threshold is not None:
        rows, columns = picture.shape[:2]
        nothing = np.zeros((rows, columns), bool)
        return nothing, nothing
    floats, _ = filter_picture(picture, replace(recipe, depth="float", pool=None))
    rows, columns, channels = floats.shape
    levels: NDArray[Any] = rows_of(floats).read_rows(0, rows, range(columns))[..., :channels]
    half = float(Fraction(1, 2 * picture.mode.samples.largest))
    below: NDArray[np.bool_] = np.any(levels < -half, axis=2)
    above: NDArray[np.bool_] = np.any(levels >= 1 + half, axis=2)
    return below, above


def report_page(entries: Sequence[Entry], recipe: Recipe, title: str) -> str:
    """Return the page: those that failed come first."""
    failed = [entry for entry in entries if entry.error]
    done = [entry for entry in entries if not entry.error]
    parts = [
        f'<section class="failed"><h2>{escape(entry.name)}</h2><p>{escape(entry.error)}</p></section>'
        for entry in failed
    ]
    if len(entries) == 1:
        parts += [_large(entry) for entry in done]
    elif done:
        parts.append(f'<section class="thumbnails">{"".join(map(_thumbnail, done))}</section>')
    parts.append(_kernels(recipe))
    names = ", then ".join(kernel.name for kernel in recipe.kernels)
    summary = f"{names}; border {recipe.border}, normalisation {recipe.normalize}"
    if len(entries) > 1:
        summary += (
            f"; {len(done)} pictures filtered in {sum(entry.seconds for entry in done):.2f} s, {len(failed)} failed"
        )
    page = Template(Path(__file__).with_name("report.html").read_text("utf-8"))
    return page.substitute(title=escape(title), summary=escape(summary), content="\n".join(parts))


def _large(entry: Entry) -> str:
    megapixels = entry.size[0] * entry.size[1] / 1e6
    facts = [
        ("size", f"{entry.size[0]} x {entry.size[1]}"),
        ("clipped", f"{entry.shares[0]:.2%} of the pixels below black, {entry.shares[1]:.2%} above white"),
        ("time", f"{entry.seconds * 1000:.1f} ms to filter {megapixels:.2f} megapixels"),
        *(("plan" if not number else "", line) for number, line in enumerate(entry.plan)),
    ]
    listed = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts)
    return (
        f"<section>{_slider(entry)}<h2>What was done</h2><dl>{listed}</dl>"
        "<h2>Histograms, of the pictures as they are shown</h2>"
        f'<div class="figures">{_histogram(entry.before, "before")}{_histogram(entry.after, "after")}</div></section>'
    )


def _thumbnail(entry: Entry) -> str:
    clipped = f"{sum(entry.shares):.1%} clipped"
    return (
        f"<article>{_slider(entry)}<p>{escape(entry.name)}: {entry.size[0]} x {entry.size[1]}, "
        f"{entry.seconds * 1000:.1f} ms, {clipped}</p></article>"
    )


def _slider(entry: Entry) -> str:
    if entry.before is None or entry.after is None or entry.clipped is None:
        return ""
    after = entry.after.resize(entry.before.size) if entry.after.size != entry.before.size else entry.after
    name = escape(entry.name, quote=True)
    return (
        f'<div class="slider"><img src="{_data(entry.before)}" alt="{name} before">'
        f'<img class="over after" src="{_data(after)}" alt="{name} after">'
        f'<img class="over clipped" src="{_data(entry.clipped)}" alt=""></div>'
        f'<div class="controls"><label>before and after <input type="range" min="0" max="100" value="50" '
        f'aria-label="{name}: how much is shown before filtering"></label>'
        '<label><input type="checkbox"> mark clipped pixels: blue below black, red above white</label></div>'
    )


def _histogram(image: Image.Image | None, name: str) -> str:
    """Return how often each level occurs in each channel, as a drawing; the highest peaks go beyond its top."""
    if image is None:
        return ""
    counts = np.array(image.histogram(), float).reshape(3, 256)
    top = max(float(np.quantile(counts, 0.995)), 1.0)
    paths = []
    for colour, line in zip(_LINES.values(), counts, strict=True):
        points = " ".join(f"{level},{100 - min(count / top, 1) * 98:.1f}" for level, count in enumerate(line))
        paths.append(f'<path stroke="{colour}" d="M {points}"/>')
    size = 'viewBox="0 0 256 102" width="384" height="153"'
    drawn = f'<svg {size} role="img" aria-label="histogram {name}">{"".join(paths)}</svg>'
    return f"<figure>{drawn}<figcaption>{name}</figcaption></figure>"


def _kernels(recipe: Recipe) -> str:
    drawn = [(escape(kernel.name, quote=True), kernel_figure(kernel, kernel.name)) for kernel in recipe.kernels]
    figures = "".join(f'<figure><img src="{_data(figure)}" alt="kernel {name}"></figure>' for name, figure in drawn)
    return f"<section><h2>Kernels</h2>{figures}</section>"


def _data(image: Image.Image) -> str:
    """Return an image as the address that holds it."""
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return f"data:image/png;base64,{base64.b64encode(stream.getvalue()).decode()}"

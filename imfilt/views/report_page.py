"""The page of a report: HTML that needs no network."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from string import Template

import numpy as np

from imfilt.batch.outcomes import Status
from imfilt.engine.recipes.recipe import Recipe
from imfilt.views.kernel_figure import kernel_figure
from imfilt.views.plain import printable
from imfilt.views.report import Entry, address_of

_LINES = {"red": "#d33", "green": "#2a2", "blue": "#36c"}


def report_page(entries: Sequence[Entry], title: str, *, recipe: Recipe | None = None, seconds: float | None) -> str:
    """Return the page, failures first.

    One picture that was filtered is shown large; several are small, with what was done in the heading where that is the
    same for all. The kernels of `recipe` are drawn, where it is known; `seconds` is how long all took, where that is.
    """
    failed = [entry for entry in entries if entry.status is Status.FAILED]
    rest = [entry for entry in entries if entry.status is not Status.FAILED]
    done = {entry.done for entry in entries if entry.done}
    parts = [_failures(failed)] if failed else []
    if recipe is not None and len(entries) == 1:
        parts += [_large(entry) for entry in rest]
    elif rest:
        cards = "".join(_card(entry, tells_what=len(done) > 1) for entry in rest)
        parts.append(f'<section class="thumbnails" aria-label="pictures">{cards}</section>')
    if recipe is not None:
        parts.append(_kernels(recipe))
    summary = [done.pop()] if len(done) == 1 else []
    if len(entries) > 1 or recipe is None:
        summary.append(_counts(entries, seconds, done="written" if recipe is None else "filtered"))
    page = Template(Path(__file__).with_name("report.html").read_text("utf-8"))
    return page.substitute(
        title=_text(title),
        summary="".join(f"<p>{_text(line)}</p>" for line in summary),
        content="\n".join(parts),
    )


def _text(value: object) -> str:
    """Return text for the page, in which nothing is markup and nothing turns lines round."""
    return escape(printable(value), quote=True)


def _counts(entries: Sequence[Entry], seconds: float | None, *, done: str) -> str:
    words = {status: status.value for status in Status} | {Status.WRITTEN: done}
    counts = ((sum(entry.status is status for entry in entries), word) for status, word in words.items())
    told = ", ".join(f"{count} {word}" for count, word in counts if count)
    return told if seconds is None else f"{told} in {seconds:.2f} s"


def _failures(failed: Sequence[Entry]) -> str:
    listed = "".join(f"<dt>{_text(entry.name)}</dt><dd>{_text(entry.error)}</dd>" for entry in failed)
    return f'<section class="failed"><h2>Failed: {len(failed)}</h2><dl>{listed}</dl></section>'


def _large(entry: Entry) -> str:
    facts = [
        ("size", _size(entry)),
        *([("clipped", _clipped(*entry.shares))] if entry.shares else []),
        ("time", _time(entry)),
        *(("plan" if not number else "", line) for number, line in enumerate(entry.plan)),
    ]
    listed = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in facts)
    before, after = entry.histograms or ((), ())
    return (
        f"<section>{_slider(entry)}<h2>What was done</h2><dl>{listed}</dl>"
        "<h2>Histograms, of the pictures as they are shown</h2>"
        f'<div class="figures">{_histogram(before, "before")}{_histogram(after, "after")}</div></section>'
    )


def _size(entry: Entry) -> str:
    return f"{entry.size[0]} x {entry.size[1]}" if entry.size else ""


def _clipped(below: float, above: float) -> str:
    return f"{below:.2%} of the pixels below black, {above:.2%} above white"


def _time(entry: Entry) -> str:
    megapixels = entry.size[0] * entry.size[1] / 1e6 if entry.size else 0
    return f"{1000 * (entry.seconds or 0):.1f} ms to filter {megapixels:.2f} megapixels"


def _card(entry: Entry, *, tells_what: bool) -> str:
    facts = [_size(entry)]
    if entry.status is Status.SKIPPED:
        facts.insert(0, "skipped")
    elif entry.seconds is not None:
        facts.append(f"{1000 * entry.seconds:.1f} ms")
    if entry.shares is not None and any(entry.shares):
        facts.append(f"{sum(entry.shares):.1%} of the {'pixels' if entry.clipped else 'samples'} clipped")
    lines = [
        f"to {entry.target}" if entry.target else "",
        entry.done if tells_what else "",
        ", ".join(filter(None, facts)),
    ]
    listed = "".join(f"<p>{_text(line)}</p>" for line in lines if line)
    return f"<article>{_slider(entry)}<h3>{_text(entry.name)}</h3>{listed}</article>"


def _slider(entry: Entry) -> str:
    """Return before and after, and what moves between them; where one of them is not there, the other alone."""
    name = _text(entry.name)
    if not (entry.before and entry.after):
        shown = entry.after or entry.before
        if not shown:
            return '<p class="none">no picture to show</p>'
        which = "after" if entry.after else "before"
        return f'<div class="slider"><img src="{shown}" alt="{name} {which}" loading="lazy"></div><p>{which} alone</p>'
    marks = f'<img class="over clipped" src="{entry.clipped}" alt="">' if entry.clipped else ""
    mark = (
        '<label><input type="checkbox"> mark clipped pixels (blue: below black, red: above white)</label>'
        if entry.clipped
        else ""
    )
    return (
        f'<div class="slider"><img src="{entry.before}" alt="{name} before">'
        f'<img class="over after" src="{entry.after}" alt="{name} after">{marks}</div>'
        f'<div class="controls"><label><span>before</span><input type="range" min="0" max="100" value="50" '
        f'aria-label="{name}: how much is shown before filtering"><span>after</span></label>{mark}</div>'
    )


def _histogram(levels: Sequence[int], name: str) -> str:
    """Return how often each level occurs in each channel, as a drawing; the highest peaks go beyond its top."""
    if not levels:
        return ""
    counts = np.array(levels, float).reshape(3, 256)
    top = max(float(np.quantile(counts, 0.995)), 1.0)
    paths = []
    for colour, line in zip(_LINES.values(), counts, strict=True):
        points = " ".join(f"{level},{100 - min(count / top, 1) * 98:.1f}" for level, count in enumerate(line))
        paths.append(f'<path stroke="{colour}" d="M {points}"/>')
    size = 'viewBox="0 0 256 102" width="384" height="153"'
    drawn = f'<svg {size} role="img" aria-label="histogram {name}">{"".join(paths)}</svg>'
    return f"<figure>{drawn}<figcaption>{name}</figcaption></figure>"


def _kernels(recipe: Recipe) -> str:
    drawn = [(_text(kernel.name), kernel_figure(kernel, kernel.name)) for kernel in recipe.kernels]
    figures = "".join(
        f'<figure><img src="{address_of(figure)}" alt="kernel {name}"></figure>' for name, figure in drawn
    )
    return f"<section><h2>Kernels</h2>{figures}</section>"

"""One output sample explained: what lies under the kernel, and what becomes of it, for each channel."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from PIL import ImageMode

from imfilt.analysis.account import Account, account_for, written_divisor
from imfilt.batch.filtering import filter_picture
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.recipes.roundings import ROUNDINGS
from imfilt.engine.running.run import measure_rows
from imfilt.images.rows import rows_of
from imfilt.images.samples import samples_of
from imfilt.kernels.numbers import plain_number
from imfilt.quick import NamedTuple
from imfilt.views.exact import decimal, precise_number, short_cells, short_number

if TYPE_CHECKING:
    from imfilt.images.deep.picture import AnyPicture

_GAP = "   "
_MOST_LISTED = 12
_WINDOW_OF = {
    "all": "samples",
    "alpha": "alpha",
    "colour": "colours, for nothing can be seen here",
    "premultiplied": "colour x alpha",
}


Reach = tuple[range, range]


class Channel(NamedTuple):
    """One channel of the sample that is explained."""

    name: str
    account: Account
    output: int | float
    """What the engine made, which is what `apply` writes."""


class Explanation(NamedTuple):
    """How one sample of the result came about."""

    x: int
    y: int
    recipe: Recipe
    channels: tuple[Channel, ...]
    reach: Reach
    """Rows and columns from the first to the last that the last kernel looks at, beyond the border too."""
    white: int
    """The level of white of what comes in."""


def explain(picture: AnyPicture, recipe: Recipe, x: int, y: int) -> Explanation:
    """Return how the sample in column `x` and row `y` of the result comes about.

    The account is in exact fractions, and the output beside it is that of the engine over the whole picture. Raises
    `RecipeError` where there is no such sample.
    """
    filtered, plan = filter_picture(picture, recipe)
    extremes = measure_rows(plan, rows_of(picture)) if recipe.normalisation.measures else None
    accounts = account_for(plan._replace(shape=picture.shape), samples_of(picture), (y, x), extremes)
    outputs = rows_of(filtered).read_rows(y, y + 1, range(x, x + 1))[0, 0].tolist()
    names = (*ImageMode.getmode(picture.mode.colour).bands, "A")
    last = plan.chains[0].stages[-1]
    reach = last.down.inputs(y, y + 1), last.across.inputs(x, x + 1)
    return Explanation(x, y, recipe, tuple(map(Channel, names, accounts, outputs)), reach, picture.mode.samples.largest)


def as_json(explanation: Explanation) -> dict[str, object]:
    """Return an explanation for JSON: numbers are exact, and text such as "1/9" where no float is."""
    return {
        "x": explanation.x,
        "y": explanation.y,
        "border": explanation.recipe.border,
        "channels": [
            {
                "name": channel.name,
                "of": channel.account.planes,
                "window": _plain_rows(channel.account.window),
                "beyond": channel.account.beyond,
                "weights": _plain_rows(channel.account.weights),
                "sum": plain_number(channel.account.sum),
                "divisor": plain_number(channel.account.divisor),
                "bias": plain_number(channel.account.bias),
                "exact": plain_number(channel.account.exact),
                "normalized": plain_number(channel.account.normalised),
                "output": channel.output,
                "clipped": channel.account.clipped,
            }
            for channel in explanation.channels
        ],
    }


def _plain_rows(rows: Sequence[Sequence[Fraction | float]]) -> list[list[int | float | str]]:
    return [[plain_number(cell) for cell in row] for row in rows]


def explanation_lines(explanation: Explanation, *, width: int) -> list[str]:
    """Return an explanation as lines of at most `width` columns, as far as the numbers allow."""
    recipe, channels = explanation.recipe, explanation.channels
    names = ", then ".join(kernel.name for kernel in recipe.kernels)
    turned = "laid as it is written" if recipe.correlate else "rotated by 180 degrees"
    lines = [f"column {explanation.x}, row {explanation.y}: {names}, {turned}"]
    for channel in channels:
        lines += ["", *_table(channel, recipe, explanation.reach, width), *_sum_lines(channel, recipe)]
    if any(any(row) for channel in channels for row in channel.account.beyond):
        lines += ["", f"* beyond the border, by the rule {recipe.border} ({recipe.border_rule.border.meaning})"]
    return lines


def _table(channel: Channel, recipe: Recipe, reach: Reach, width: int) -> list[str]:
    """Return window, weights and products side by side, or one below the other, or the largest products alone."""
    account = channel.account
    marks = [["*" if beyond else " " for beyond in row] for row in account.beyond]
    window = [
        [cell + mark for cell, mark in zip(*rows, strict=True)]
        for rows in zip(short_cells(account.window), marks, strict=True)
    ]
    what = window_name(account, recipe)
    blocks = [
        _block(what, window),
        _block("weights", short_cells(account.weights)),
        _block("products", short_cells(account.products)),
    ]
    name = f"{channel.name:<6}"
    indent = " " * len(name)
    if len(name) + sum(len(block[0]) for block in blocks) + 2 * len(_GAP) <= width:
        side_by_side = [_GAP.join(parts).rstrip() for parts in zip(*blocks, strict=True)]
        return [name + side_by_side[0], *(indent + line for line in side_by_side[1:])]
    if max(len(line) for block in blocks for line in block) + len(name) <= width:
        lines = [line for block in blocks for line in (*block, "")][:-1]
        return [(name + lines[0]).rstrip(), *((indent + line).rstrip() for line in lines[1:])]
    lines = _largest_products(account, what, reach, recipe)
    return [name + line if i == 0 else indent + line for i, line in enumerate(lines)]


def window_name(account: Account, recipe: Recipe) -> str:
    """Return what the numbers in the window are."""
    what = _WINDOW_OF[account.planes]
    if len(recipe.kernels) == 1:
        return what
    return f"what {recipe.kernels[-2].name} made" + (f" of {what}" if account.planes != "all" else "")


def _block(title: str, cells: list[list[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [title, *(" ".join(cell.rjust(w) for cell, w in zip(row, widths, strict=True)).rstrip() for row in cells)]
    return [line.ljust(max(map(len, lines))) for line in lines]


def _largest_products(account: Account, what: str, reach: Reach, recipe: Recipe) -> list[str]:
    """Return the products furthest from 0, for a window that is wider than the lines, with where their samples are."""
    products = account.products
    places = [(i, j) for i, row in enumerate(products) for j, product in enumerate(row) if product]
    places.sort(key=lambda place: -abs(products[place[0]][place[1]]))
    rows, columns = len(products), len(products[0])
    listed = places[:_MOST_LISTED]
    largest = f"the {len(listed)} largest" if len(listed) < len(places) else "the largest first"
    lines = [f"{what} under {rows} x {columns} weights", f"{len(places)} products are not 0; {largest}:"]
    for i, j in listed:
        y, x = reach[0].start + i * recipe.dilation[0], reach[1].start + j * recipe.dilation[1]
        mark = "*" if account.beyond[i][j] else ""
        number, weight, product = (short_number(each[i][j]) for each in (account.window, account.weights, products))
        lines.append(f"column {x:>3}, row {y:>3}:  {number}{mark} x {weight} = {product}")
    return lines


def _sum_lines(channel: Channel, recipe: Recipe) -> list[str]:
    steps = sums_of(channel, recipe)
    width = max(len(name) for name, _ in steps)
    return [f"      {name:<{width}}  {value}" for name, value in steps]


def sums_of(channel: Channel, recipe: Recipe) -> list[tuple[str, str]]:
    """Return the steps from the sum to the output, as names and values."""
    account = channel.account
    steps = [("sum", precise_number(account.sum))]
    if account.divisor != 1 or account.bias:
        steps.append(("exact", f"{_formula(channel.account, recipe)} = {decimal(account.exact)}"))
    if account.normalised != account.exact:
        steps.append((recipe.normalize, decimal(account.normalised)))
    steps.append(("output", f"{channel.output:.9g}{_how(channel, recipe.rounding)}"))
    return steps


def _formula(account: Account, recipe: Recipe) -> str:
    """Return what is done to the sum."""
    divisor = short_number(account.divisor)
    if account.planes == "premultiplied":
        own = written_divisor(recipe.kernels[-1])
        alpha = f"alpha {short_number(account.divisor / own)}"
        divisor = alpha if own == 1 else f"({short_number(own)} x {alpha})"
    divided = f" / {divisor}" if account.divisor != 1 else ""
    added = f" {'-' if account.bias < 0 else '+'} {short_number(abs(account.bias))}" if account.bias else ""
    return f"{short_number(account.sum)}{divided}{added}"


def _how(channel: Channel, rounding: str) -> str:
    """Return what was done last to make the output of the exact result."""
    account = channel.account
    if isinstance(channel.output, float):
        return ""
    if channel.output != account.output:
        return f" in floating point; exactly it is {account.output}"
    done = [ROUNDINGS[rounding].meaning] if account.normalised.denominator != 1 else []
    done += ["clipped"] if account.clipped else []
    return f" ({', '.join(done)})" if done else ""

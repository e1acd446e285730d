"""What a kernel may do to a picture that was not meant: one table of checks."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from fractions import Fraction

from imfilt.kernels.kernel import Kernel
from imfilt.kernels.naming import match_form
from imfilt.kernels.numbers import format_number, format_short, to_fraction
from imfilt.kernels.registry import Entry, Registry
from imfilt.kernels.separable import separate
from imfilt.quick import NamedTuple

_NEAR = Fraction(1, 100)
"""How far a sum may be from 0 or 1, in parts of the picture's brightness, and a centre from the anchor, in samples."""

_HAIR = 0.01
"""Which part of a matrix the rest may be that keeps it from being a column times a row (Frobenius norms)."""

_WHITE = 255
_STEPS = 12


class Check(NamedTuple):
    """A check of one kernel: what is wrong, and what would mend it; None where nothing is."""

    name: str
    finds: str
    find: Callable[[Kernel], str | None]


class Finding(NamedTuple):
    """What was found."""

    kernel: str
    check: str
    message: str


def lint_entry(entry: Entry) -> list[Finding]:
    """Return what is found in one kernel, but for what is `intended`."""
    findings = [
        Finding(entry.name, check.name, message)
        for check in CHECKS.values()
        if check.name not in entry.intended and (message := check.find(entry.kernel)) is not None
    ]
    unknown = [name for name in entry.intended if name not in CHECKS and name != HIDING]
    known = ", ".join((*CHECKS, HIDING))
    return findings + [Finding(entry.name, "intended", f"{name!r} is no check; known are {known}") for name in unknown]


def lint_registry(registry: Registry, earlier: Registry) -> list[Finding]:
    """Return what is found in the kernels of `registry`, and which kernels of `earlier` ones their names hide."""
    return [finding for entry in registry.entries for finding in (*lint_entry(entry), *_hiding(entry, earlier))]


def _hiding(entry: Entry, earlier: Registry) -> Iterator[Finding]:
    if HIDING in entry.intended:
        return
    for name in entry.names:
        if name in earlier and earlier[name] != entry.kernel:
            hidden = earlier.entry(name)
            what = "its name" if match_form(name) == match_form(entry.name) else f"its alias {name!r}"
            yield Finding(
                entry.name,
                HIDING,
                f"{what} hides the kernel {hidden.name!r} of {hidden.origin}; give it another name",
            )


def _sum(kernel: Kernel) -> str | None:
    total = kernel.sum
    if min(abs(total), abs(total - 1)) <= _NEAR:
        return None
    return f'the weights sum to {format_short(total)}, so a flat picture changes its level; divisor = "sum" keeps it'


def _range(kernel: Kernel) -> str | None:
    """Find results that are clipped, where that is not what edges (sum 0) and sharpening (sum 1) are known to do."""
    low, high = kernel.output_range(_WHITE)
    if (low >= 0 and high <= _WHITE) or (not kernel.bias and min(abs(kernel.sum), abs(kernel.sum - 1)) <= _NEAR):
        return None
    below, width = to_fraction(kernel.bias) - low, high - low
    stretch = max(Fraction(width) / _WHITE, Fraction(1))
    divisor, bias = to_fraction(kernel.divisor) * stretch, below / stretch
    clipped = f"results from {format_short(low)} to {format_short(high)} are clipped to 0 to {_WHITE} (8 bits); "
    if kernel.approximate:  # whose divisor is none that a person would write
        return (
            f"{clipped}a divisor {format_short(stretch)} times as large and bias = {format_short(bias)} hold them all"
        )
    return f"{clipped}divisor = {_toml(divisor)} and bias = {_toml(bias)} hold them all"


def _orientation(kernel: Kernel) -> str | None:
    if kernel.integer_form.is_symmetric:
        return None
    return (
        "rotated by 180 degrees it is another kernel, so that --correlate makes another picture; make sure which it is"
    )


def _even(kernel: Kernel) -> str | None:
    rows, columns = kernel.size
    if kernel.anchor or (rows % 2 and columns % 2):
        return None
    return (
        f"{rows} x {columns} has no middle, and tools differ in what they take for it; "
        f"write anchor = [{rows // 2}, {columns // 2}], or another"
    )


def _shift(kernel: Kernel) -> str | None:
    """Find a smoothing kernel whose centre of mass is not its anchor; negative weights have no centre of mass."""
    form = kernel.integer_form
    total = sum(map(sum, form.weights))
    if total == 0 or any(weight < 0 for row in form.weights for weight in row):
        return None
    mass = (
        Fraction(sum(y * sum(row) for y, row in enumerate(reversed(form.weights))), total),
        Fraction(
            sum(x * sum(column) for x, column in enumerate(reversed(list(zip(*form.weights, strict=True))))), total
        ),
    )
    anchor = kernel.anchor_cell
    down, right = (place - centre for place, centre in zip(anchor, mass, strict=True))
    if max(abs(down), abs(right)) <= _NEAR:
        return None
    nearest = [math.floor(centre + Fraction(1, 2)) for centre in mass]
    mend = (
        f"anchor = {nearest} is nearest to its centre" if tuple(nearest) != anchor else "add a row or column of zeros"
    )
    return f"it moves the picture by {format_short(down)} down and {format_short(right)} to the right; {mend}"


def _zeros(kernel: Kernel) -> str | None:
    rows = [any(row) for row in kernel.integer_form.weights]
    columns = [any(column) for column in zip(*kernel.integer_form.weights, strict=True)]
    if not any(rows):
        return "all weights are 0, and so is every result"
    if rows[0] and rows[-1] and columns[0] and columns[-1]:
        return None
    height, width = (len(side) - side.index(True) - side[::-1].index(True) for side in (rows, columns))
    return f"rows or columns at its sides are 0; without them it is {height} x {width} (mind the anchor)"


def _separable(kernel: Kernel) -> str | None:
    """Find a matrix that is nearly of rank 1: the largest singular value, by powers of K'K, holds nearly all of it."""
    weights = kernel.integer_form.weights
    if min(kernel.size) == 1 or separate(weights) is not None:
        return None
    largest = max(abs(weight) for row in weights for weight in row)
    if largest == 0:
        return None
    matrix = [[weight / largest for weight in row] for row in weights]
    row = max(matrix, key=lambda line: sum(map(abs, line)))
    column = [0.0]
    for _ in range(_STEPS):
        column = _unit([_dot(line, row) for line in matrix])
        row = [_dot(line, column) for line in zip(*matrix, strict=True)]
    whole, held = sum(weight * weight for line in matrix for weight in line), _dot(row, row)
    rest = math.sqrt(max(whole - held, 0.0) / whole)
    if rest > _HAIR:
        return None
    factors = f"column {_line(column)}, row {_line(row)}" if max(kernel.size) <= 9 else "a column and a row"
    return f"it is {factors} but for {rest:.2g} of it; a product of the two is computed much faster"


def _dot(one: list[float] | tuple[float, ...], other: list[float]) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))


def _unit(line: list[float]) -> list[float]:
    length = math.sqrt(_dot(line, line))
    return [number / length for number in line] if length else line


def _line(numbers: list[float]) -> str:
    most = max(numbers, key=abs)
    return " ".join(f"{number / most:.3g}" for number in numbers)


def _toml(number: Fraction) -> str:
    text = format_number(number)
    return text if number.denominator == 1 else f'"{text}"'


HIDING = "hiding"

CHECKS = {
    check.name: check
    for check in (
        Check("sum", "weights that sum neither to 0 nor to 1: the picture becomes brighter or darker", _sum),
        Check("range", "results outside 0 to 255, but for those of edges and sharpening without a bias", _range),
        Check("orientation", "a matrix that is not the same rotated by 180 degrees", _orientation),
        Check("even", "an even side without an anchor", _even),
        Check("shift", "a centre of mass off the anchor: the picture moves", _shift),
        Check("zeros", "rows or columns of zeros at the sides", _zeros),
        Check("separable", "a matrix a hair from a column times a row", _separable),
    )
}

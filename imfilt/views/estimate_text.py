"""An estimated kernel in plain text."""

from __future__ import annotations

from imfilt.analysis.estimate import Estimate
from imfilt.analysis.naming import Nearest

_UNSURE = 0.02
"""From which part of the largest weight on its standard error is too large to rely on."""

_ALIKE = 0.01, 0.05
"""How far weights may differ from those of a named kernel for it to be that one: when sure of them, and at most."""

_LEAST_EXPLAINED = 0.9


def estimate_lines(found: Estimate) -> list[str]:
    """Return the weights as a convolution has them, a line for each row."""
    cells = [[f"{round(weight, 4) + 0.0:.4f}" for weight in row] for row in found.laid[::-1, ::-1].tolist()]
    width = max(len(cell) for row in cells for cell in row)
    return ["  ".join(cell.rjust(width) for cell in row) for row in cells]


def estimate_facts(
    found: Estimate, nearest: Nearest | None, fractions: tuple[list[list[int]], int] | None, *, is_float: bool = False
) -> list[tuple[str, str]]:
    """Return what there is to know about an estimate, as names and values; floats are not rounded to levels."""
    worst = found.errors.max()
    is_unsure = worst > _UNSURE * abs(found.laid).max()
    poor = "; no kernel of this size does" if found.explained < _LEAST_EXPLAINED else ""
    sure = f"up to {worst:.2g} a weight{'; do not rely on the weights' if is_unsure else ''}"
    give_or_take = f" ± {found.bias_error:.2g}"
    if worst != worst:
        sure, give_or_take = "unknown, as the picture is too small to leave a part of it out", ""
    bias = f"{found.bias:.6g}" if is_float else f"{found.bias:.2f}"
    facts = [
        ("bias", f"{bias}{give_or_take} levels"),
        ("sum", f"{found.laid.sum():.4f}"),
        ("standard error", sure),
        ("residual", f"{found.residual:.3g} levels{'' if is_float else ' (rounding alone leaves 0.29)'}"),
        ("explained", f"{found.explained:.4%} of what the picture after varies{poor}"),
        ("condition", f"{found.condition:.3g}"),
        ("samples", f"{found.samples}"),
    ]
    if fractions:
        rows, divisor = fractions
        facts.insert(0, ("in fractions", f"{'; '.join(' '.join(map(str, row)) for row in rows)} over {divisor}"))
    if nearest:
        laid = " with --correlate" if nearest.correlate else ""
        near = "" if nearest.difference <= min(max(4 * worst, _ALIKE[0]), _ALIKE[1]) else ", which it is not"
        facts.insert(
            0, ("nearest", f"{nearest.name}{laid}, its weights differ by up to {nearest.difference:.2g}{near}")
        )
    return facts

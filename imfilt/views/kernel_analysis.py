"""What a kernel does, beyond its numbers: symmetry, rank, gain, response to waves, plan."""

from __future__ import annotations

from imfilt.analysis.response import DIRECTIONS, gain, numerical_rank, response_along
from imfilt.engine.planning.planner import make_plan
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.recipes.samples import SAMPLE_TYPES
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.numbers import plain_number
from imfilt.kernels.separable import separate
from imfilt.kernels.structure import LARGEST_FOR_RANK, rank, symmetries
from imfilt.views.exact import decimal

_PHOTOGRAPH = 4000, 6000, 3
_NOISE = 1e-12
"""What rounding leaves of a gain of 0, as a share of the largest."""
_BARS = " ▁▂▃▄▅▆▇█"
_ASCII_BARS = " .:-=+*#@"


def analysis_facts(kernel: Kernel) -> list[tuple[str, str]]:
    """Return rank, symmetry and gain, as names and values."""
    found = _rank(kernel)
    gains = gain(kernel)
    flat = decimal(gains.flat)
    is_nearly = found == 1 and separate(kernel.integer_form.weights) is None
    rank_text = "1, but for rounding: a column times a row, nearly" if is_nearly else str(found)
    return [
        ("rank", f"not looked for beyond {LARGEST_FOR_RANK} x {LARGEST_FOR_RANK}" if found is None else rank_text),
        ("symmetry", ", ".join(symmetries(kernel.integer_form.weights)) or "none"),
        ("gain", f"{flat} for flat areas, {gains.noise:.4g} for noise, at most {gains.largest:.4g} for any wave"),
    ]


def _rank(kernel: Kernel) -> int | None:
    """Return the rank: exactly of exact weights, and but for their rounding of others."""
    return rank(kernel.integer_form.weights) if kernel.is_exact else numerical_rank(kernel)


def response_lines(kernel: Kernel, *, in_ascii: bool = False) -> list[str]:
    """Return a small plot of the gain for waves, from 0 to half a cycle a sample, in each direction."""
    bars = _ASCII_BARS if in_ascii else _BARS
    responses = {name: response_along(kernel, name) for name in DIRECTIONS}
    largest = max(float(response.max()) for response in responses.values())
    width = max(map(len, responses))
    lines = []
    for name, response in responses.items():
        shares = response / largest if largest else response
        plot = "".join(bars[round(float(share) * (len(bars) - 1))] for share in shares)
        ends = (0.0 if end < _NOISE * largest else end for end in (response[0], response[-1]))
        lines.append(f"{name:<{width}}  {plot}|  {' to '.join(f'{end:.4g}' for end in ends)}")
    axis = f"0{'1/2 cycle a sample':>{len(plot) - 1}}"
    return [*lines, f"{'':<{width}}  {axis}"]


def plan_lines(kernel: Kernel, *, alternatives: bool = False) -> list[str]:
    """Return how the engine would compute it over a photograph of 24 megapixels, RGB of 8 bits."""
    return make_plan(Recipe((kernel,)), SAMPLE_TYPES["uint8"], _PHOTOGRAPH).describe(alternatives=alternatives)


def analysis_object(kernel: Kernel) -> dict[str, object]:
    """Return rank, symmetry, gain, range, responses and plan for JSON."""
    gains = gain(kernel)
    low, high = kernel.output_range(255)
    return {
        "rank": _rank(kernel),
        "symmetry": symmetries(kernel.integer_form.weights),
        "gain": {"flat": plain_number(gains.flat), "noise": gains.noise, "largest": gains.largest},
        "range": [plain_number(low), plain_number(high)],
        "response": {name: response_along(kernel, name).tolist() for name in DIRECTIONS},
        "plan": plan_lines(kernel),
    }

"""The sizes of a stack of layers, with the formulas filled in."""

from __future__ import annotations

from collections.abc import Sequence

from imfilt.analysis.stacks import Shape, Step
from imfilt.engine.recipes.geometry import Axis


def stack_lines(shape: Shape, steps: Sequence[Step]) -> list[str]:
    """Return a stack as lines for a person: each part, what comes out of it, and why."""
    lines = [f"{'':<22}{_by(shape)}"]
    for step in steps:
        name = "  its shortcut" if step.part.is_beside else step.layer if step.is_first else "  and then"
        field = "" if step.part.is_beside else f"sees {_by(step.field)}, every {_either(step.jump)}"
        lines.append(f"{name:<21} {_by(step.output):<17} {field}".rstrip())
        lines += [f"    {line}" for line in (*_lengths(step), *_weights(step))]
    weights, biases = (sum(getattr(step.part, what) for step in steps) for what in ("weights", "biases"))
    lines.append("")
    lines.append(f"{weights:,} weights and {biases:,} biases: {weights + biases:,}".replace(",", " "))
    lines.append(f"{sum(step.products for step in steps):,} multiplications for one picture".replace(",", " "))
    return lines


def as_json(shape: Shape, steps: Sequence[Step]) -> dict[str, object]:
    """Return a stack for JSON."""
    return {
        "input": shape,
        "steps": [
            {
                "layer": step.layer,
                "shortcut": step.part.is_beside,
                "output": step.output,
                "field": step.field,
                "jump": step.jump,
                "weights": step.part.weights,
                "biases": step.part.biases,
                "multiplications": step.products,
                "formula": _lengths(step),
            }
            for step in steps
        ],
        "weights": sum(step.part.weights for step in steps),
        "biases": sum(step.part.biases for step in steps),
        "multiplications": sum(step.products for step in steps),
    }


def _lengths(step: Step) -> list[str]:
    """Return how the lengths of the sides come about: once where both are alike."""
    if step.layer.startswith("full"):
        return []
    axes = step.part.window.axes(step.input)
    if axes[0] == axes[1]:
        return [_formula(axes[0])]
    return [f"{name}: {_formula(axis)}" for name, axis in zip(("rows", "columns"), axes, strict=True)]


def _formula(axis: Axis) -> str:
    spread = f"{axis.dilation}*({axis.taps} - 1)"
    return f"floor(({axis.length} + 2*{axis.before} - {spread} - 1) / {axis.stride}) + 1 = {axis.output}"


def _weights(step: Step) -> list[str]:
    part = step.part
    if not part.weights:
        return []
    rows, columns = part.window.taps
    biases = f" and {part.biases} biases" if part.biases else ""
    return [f"{rows}*{columns}*{part.group}*{part.channels} = {part.weights} weights{biases}"]


def _by(numbers: Sequence[int]) -> str:
    return " x ".join(map(str, numbers))


def _either(pair: tuple[int, int]) -> str:
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]} and {pair[1]}"

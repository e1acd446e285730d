"""What is known of a kernel, a family or a group, as an object of JSON."""

from __future__ import annotations

from imfilt.kernels.families.family import Parameter
from imfilt.kernels.lookup import FAMILY
from imfilt.kernels.numbers import plain_number
from imfilt.kernels.registry import Entry, Group


def written(entry: Entry) -> str:
    """Return how a kernel is written in a command: its name, or the family with parameters."""
    return entry.formula if entry.origin == FAMILY else entry.name


def kernel_object(entry: Entry) -> dict[str, object]:
    """Return all that is known of a kernel; for a family, the kernel of its defaults, and its parameters."""
    kernel = entry.kernel
    known: dict[str, object] = {
        "name": written(entry),
        "aliases": list(entry.aliases),
        "size": list(kernel.size),
        "matrix": [[plain_number(weight) for weight in row] for row in kernel.weights],
        "divisor": plain_number(kernel.divisor),
        "bias": plain_number(kernel.bias),
        "anchor": list(kernel.anchor) if kernel.anchor else None,
        "sum": plain_number(kernel.sum),
        "description": entry.description,
        "reference": entry.reference,
        "origin": entry.origin,
    }
    if entry.origin == FAMILY:
        from imfilt.kernels.families.table import find_family

        family = find_family(entry.formula.partition(":")[0])
        known["parameters"] = [_parameter_object(each) for each in family.parameters] if family else []
    return known


def group_object(group: Group) -> dict[str, object]:
    """Return all that is known of a group."""
    return {
        "name": group.name,
        "kernels": list(group.members),
        "description": group.description,
        "reference": group.reference,
        "origin": group.origin,
    }


def _parameter_object(parameter: Parameter) -> dict[str, object]:
    default = parameter.default
    return {
        "name": parameter.name,
        "default": default if default is None or isinstance(default, str) else plain_number(default),
        "range": parameter.range,
        "meaning": parameter.meaning,
    }

"""From what a person writes to a kernel: a name, a family with parameters, an expression, or a group."""

from __future__ import annotations

import math
import re
from dataclasses import replace

from imfilt.errors import KernelError, UsageError
from imfilt.kernels.kernel import LARGEST_SIDE, Kernel
from imfilt.kernels.naming import clipped
from imfilt.kernels.registry import Entry, Registry

FAMILY = "family"
EXPRESSION = "expression"

_ROWS = r"[-+0-9.,;/\s]+"
"""A matrix without its brackets."""
_MOST_IN_GROUP = 4 * LARGEST_SIDE**2
"""Weights."""


def find_entry(text: str, registry: Registry) -> Entry:
    """Return what `text` stands for; raise `UsageError` of one line, for an expression with the column.

    >>> from imfilt.kernels.registry import load_registry
    >>> entry = find_entry("identity - box:radius=2 / 2", load_registry())
    >>> entry.name, entry.kernel.size, entry.kernel.sum
    ('identity-minus-box-radius2-over-2', (5, 5), Fraction(1, 2))
    """
    if text in registry and not text.lstrip().startswith("-"):  # which has no meaning in a name, but one before it
        return registry.entry(text)
    # Imported where a name is not enough: most commands give names.
    from imfilt.kernels.expressions.evaluation import evaluate
    from imfilt.kernels.expressions.parser import parse
    from imfilt.kernels.expressions.tree import Name
    from imfilt.kernels.families.table import find_family
    from imfilt.kernels.naming import to_stem

    try:
        tree = parse(text)
        if isinstance(tree, Name) and not tree.parameters and find_family(tree.name) is None:
            kernel = None
        else:
            kernel = evaluate(tree, registry)
    except UsageError as error:
        advice = "; put a matrix in brackets, as in [1 0 -1]" if re.fullmatch(_ROWS, text) else ""
        raise type(error)(f"kernel {clipped(text, 60)!r}: {error}{advice}") from None
    if kernel is None:
        return registry.entry(text)  # which says that there is none of this name, and what is close to it
    formula = str(tree)
    kernel = replace(kernel, name=to_stem(formula))
    family = find_family(tree.name) if isinstance(tree, Name) else None
    if family is None:
        return Entry(kernel, origin=EXPRESSION, formula=formula)
    return Entry(kernel, family.aliases, family.meaning, family.source, FAMILY, formula=formula)


def find_kernels(text: str, registry: Registry, *, instead: str | None = None) -> tuple[Kernel, ...]:
    """Return the kernel that `text` stands for, or those of the group of that name.

    Where kernels are applied in a row, `instead` says how a group can be used, which makes no sense there.
    """
    group = registry.group(text)
    if group is None:
        return (find_entry(text, registry).kernel,)
    if instead is not None:
        raise UsageError(f"{text!r} is a group of kernels, to be laid side by side; {instead}{group.advice}")
    kernels: list[Kernel] = []
    weights = 0
    try:
        for member in group.members:
            kernels.append(find_entry(member, registry).kernel)
            weights += math.prod(kernels[-1].size)
            if weights > _MOST_IN_GROUP:
                raise KernelError("its kernels are too many, or too large; give some of them, by their names")
    except UsageError as error:
        raise type(error)(f"group {group.name!r} ({group.origin}): {error}") from None
    return tuple(kernels)


def family_entries() -> tuple[Entry, ...]:
    """Return an entry for each family, with the parameters at their defaults; its formula is how it is written."""
    from imfilt.kernels.families.table import FAMILIES

    return tuple(
        Entry(family(), family.aliases, family.meaning, family.source, FAMILY, formula=family.usage)
        for family in FAMILIES.values()
    )

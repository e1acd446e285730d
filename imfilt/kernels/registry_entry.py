"""One entry of a registry file: a table of TOML in, a named kernel out."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import replace
from typing import Any

from imfilt.errors import KernelError, RegistryError, UnknownKernelError, UsageError
from imfilt.kernels.kernel import LARGEST_SIDE, Kernel
from imfilt.kernels.naming import clipped, match_form
from imfilt.kernels.numbers import TYPE_NAMES
from imfilt.kernels.registry import Entry, Registry

_KERNEL_KEYS = ("matrix", "divisor", "bias", "anchor", "approximate", "aliases", "description", "reference", "intended")
_MADE_KEYS = ("bias", "aliases", "description", "reference", "intended")
"""What an entry may have beside a family and its parameters, or beside an expression."""

_MOST_STEPS = 4 * LARGEST_SIDE**2
"""As many as make the weights of four of the largest kernels."""


class Above:
    """The kernels that an expression may name, so that none can name itself, and the steps that a file has taken."""

    def __init__(self, before: Registry) -> None:
        self._before = before
        self._added: dict[str, Kernel] = {}
        self._steps = 0

    def add(self, entry: Entry) -> None:
        """Note a kernel of the file."""
        self._added |= dict.fromkeys(map(match_form, entry.names), entry.kernel)

    def spend(self, steps: int) -> None:
        """Count steps; raise `KernelError` where they are too many for one file."""
        self._steps += steps
        if self._steps > _MOST_STEPS:
            raise KernelError("the families and expressions of this file take too long to be worked out; split it")

    def __contains__(self, name: str) -> bool:
        return match_form(name) in self._added or name in self._before

    def __getitem__(self, name: str) -> Kernel:
        form = match_form(name)
        return self._added[form] if form in self._added else self._before[name]


def to_entry(name: str, table: object, origin: str, intended: tuple[str, ...], above: Above) -> Entry:
    """Return the entry of a table; raise `KernelError` or `RegistryError`, without the name of the kernel."""
    if not isinstance(table, dict):
        raise RegistryError(f"must be a table, headed [kernels.{name}]")
    if "expression" in table:
        kernel, formula = _read_expression(name, table, above)
    elif "family" in table:
        kernel, formula = _read_family(name, table, above)
    else:
        kernel, formula = _read_matrix(name, table), ""
    return Entry(
        kernel,
        to_texts("aliases", table.get("aliases", [])),
        to_text("description", table.get("description", "")),
        to_text("reference", table.get("reference", "")),
        origin,
        intended + to_texts("intended", table.get("intended", [])),
        formula,
    )


def _read_matrix(name: str, table: dict[str, Any]) -> Kernel:
    check_keys(table, _KERNEL_KEYS)
    if "matrix" not in table:
        raise RegistryError(
            'has no matrix; write matrix = [[0, 1, 0], …], or family = "gaussian" and its parameters, or '
            'expression = "identity - gaussian3"'
        )
    return Kernel(
        table["matrix"],
        divisor=table.get("divisor", 1),
        bias=table.get("bias", 0),
        anchor=table.get("anchor"),
        name=name,
        approximate=_flag("approximate", table.get("approximate", False)),
    )


def _read_family(name: str, table: dict[str, Any], above: Above) -> tuple[Kernel, str]:
    """Return the kernel of a family, and how it would be written in a command."""
    from imfilt.kernels.families.family import format_call
    from imfilt.kernels.families.table import FAMILIES, find_family

    called = to_text("family", table["family"])
    family = find_family(called)
    if family is None:
        raise RegistryError(f"there is no family {called!r}{_nearest(called, FAMILIES)}")
    check_keys(table, ("family", *(each.name for each in family.parameters), *_MADE_KEYS))
    given = {each.name: table[each.name] for each in family.parameters if each.name in table}
    made = replace(family(**given), name=name, bias=table.get("bias", 0))
    above.spend(math.prod(made.size))
    return made, format_call(family.name, family.read(given))


def _read_expression(name: str, table: dict[str, Any], above: Above) -> tuple[Kernel, str]:
    """Return the kernel of an expression, and the expression as it prints."""
    from imfilt.kernels.expressions.evaluation import evaluate
    from imfilt.kernels.expressions.parser import parse

    check_keys(table, ("expression", *_MADE_KEYS))
    written = to_text("expression", table["expression"])
    try:
        tree = parse(written)
        kernel = evaluate(tree, above, above.spend)
    except UnknownKernelError as error:
        raise RegistryError(f"expression: {error}; it may name built-in ones, and those above it here") from None
    except UsageError as error:
        raise RegistryError(f"expression: {error}") from None
    return replace(kernel, name=name, bias=table.get("bias", kernel.bias)), str(tree)


def check_keys(table: dict[str, object], known: Collection[str]) -> None:
    """Raise `RegistryError` for a key that is not known."""
    for key in table:
        if key not in known:
            raise RegistryError(f"unknown key {clipped(key, 60)!r}{_nearest(key, known)}; known are {', '.join(known)}")


def _nearest(key: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(key.casefold(), list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def to_texts(key: str, values: object) -> tuple[str, ...]:
    """Return a list of texts; raise `RegistryError` for anything else."""
    if not isinstance(values, list):
        raise RegistryError(f"{key} must be a list of names")
    return tuple(to_text(key, value) for value in values)


def _flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise RegistryError(f"{key} must be true or false")
    return value


def to_text(key: str, value: object) -> str:
    """Return a text; raise `RegistryError` for anything else."""
    if not isinstance(value, str):
        raise RegistryError(f"{key}: {TYPE_NAMES.get(type(value), 'a number')} where text must stand")
    return value

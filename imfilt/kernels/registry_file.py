"""Reading one registry file: TOML in, a registry out, and an error that names the place."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from imfilt.errors import KernelError, RegistryError
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.naming import match_form
from imfilt.kernels.numbers import TYPE_NAMES
from imfilt.kernels.registry import Entry, Group, Registry

SCHEMA = 1

_FILE_KEYS = ("schema", "intended", "kernels", "groups")
_GROUP_KEYS = ("kernels", "description", "reference")
_KERNEL_KEYS = ("matrix", "divisor", "bias", "anchor", "approximate", "aliases", "description", "reference", "intended")
_FAMILY_KEYS = ("bias", "aliases", "description", "reference", "intended")
_NAME = re.compile(r"[^\W\d_][\w-]*")


def read_registry_file(path: Path, origin: str) -> Registry:
    """Return what the TOML file `path` holds; `origin` is what its entries say of where they came from.

    Raises `RegistryError`: one line with the file, the kernel, and the row and column or the TOML line.
    """
    try:
        return read_registry_text(read_text(path), origin)
    except RegistryError as error:
        raise RegistryError(f"{path}: {error}") from None


def read_registry_text(text: str, origin: str) -> Registry:
    """Return what the text of a registry file holds; raise `RegistryError`, without the name of the file."""
    return _to_registry(_parse(text.removeprefix("\ufeff")), origin)


def read_text(path: Path) -> str:
    """Return the text of a registry file, with its line ends as they are."""
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise RegistryError(f"cannot read the registry: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise RegistryError(f"not UTF-8 text (byte {error.start}); save it as UTF-8") from None


def _parse(text: str) -> dict[str, object]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RegistryError(f"not valid TOML: {_one_line(error)}") from None
    except RecursionError:
        raise RegistryError("brackets are nested too deep; a matrix is a list of rows") from None
    except ValueError as error:  # a whole number of more digits than Python converts
        raise RegistryError(f"not valid TOML: {_one_line(error)}") from None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _to_registry(document: dict[str, object], origin: str) -> Registry:
    _check_keys(document, _FILE_KEYS)
    schema = document.get("schema", SCHEMA)
    if schema != SCHEMA or isinstance(schema, bool):
        raise RegistryError(f"it is written for another schema; this imfilt reads schema = {SCHEMA}")
    tables = document.get("kernels", {})
    if not isinstance(tables, dict):
        raise RegistryError("'kernels' must be tables, each headed [kernels.NAME]")
    intended = _texts("intended", document.get("intended", []))
    entries = []
    taken: dict[str, str] = {}
    for name, table in tables.items():
        try:
            entry = _to_entry(name, table, origin, intended)
            _check_names(entry.names, taken)
        except (KernelError, RegistryError) as error:
            raise RegistryError(f"kernel {name!r}: {error}") from None
        entries.append(entry)
    return Registry(tuple(entries), _to_groups(document.get("groups", {}), taken, origin))


def _to_groups(tables: object, taken: dict[str, str], origin: str) -> tuple[Group, ...]:
    if not isinstance(tables, dict):
        raise RegistryError("'groups' must be tables, each headed [groups.NAME]")
    groups = []
    for name, table in tables.items():
        try:
            groups.append(_to_group(name, table, origin))
            _check_names((name,), taken)
        except RegistryError as error:
            raise RegistryError(f"group {name!r}: {error}") from None
    return tuple(groups)


def _to_group(name: str, table: object, origin: str) -> Group:
    if not isinstance(table, dict):
        raise RegistryError(f"must be a table, headed [groups.{name}]")
    _check_keys(table, _GROUP_KEYS)
    members = table.get("kernels")
    if not isinstance(members, list) or not members:
        raise RegistryError('has no kernels; write kernels = ["sobel:x", "sobel:y"]')
    return Group(
        name,
        tuple(_text("kernels", member) for member in members),
        _text("description", table.get("description", "")),
        _text("reference", table.get("reference", "")),
        origin,
    )


def _to_entry(name: str, table: object, origin: str, intended: tuple[str, ...]) -> Entry:
    if not isinstance(table, dict):
        raise RegistryError(f"must be a table, headed [kernels.{name}]")
    kernel, formula = _read_family(name, table) if "family" in table else (_read_matrix(name, table), "")
    return Entry(
        kernel,
        _texts("aliases", table.get("aliases", [])),
        _text("description", table.get("description", "")),
        _text("reference", table.get("reference", "")),
        origin,
        intended + _texts("intended", table.get("intended", [])),
        formula,
    )


def _read_matrix(name: str, table: dict[str, Any]) -> Kernel:
    _check_keys(table, _KERNEL_KEYS)
    if "matrix" not in table:
        raise RegistryError('has no matrix; write matrix = [[0, 1, 0], …], or family = "gaussian" and its parameters')
    return Kernel(
        table["matrix"],
        divisor=table.get("divisor", 1),
        bias=table.get("bias", 0),
        anchor=table.get("anchor"),
        name=name,
        approximate=_flag("approximate", table.get("approximate", False)),
    )


def _read_family(name: str, table: dict[str, Any]) -> tuple[Kernel, str]:
    """Return the kernel of a family, and how it would be written in a command."""
    from imfilt.kernels.families.family import format_call
    from imfilt.kernels.families.table import FAMILIES, find_family

    called = _text("family", table["family"])
    family = find_family(called)
    if family is None:
        raise RegistryError(f"there is no family {called!r}{_nearest(called, FAMILIES)}")
    _check_keys(table, ("family", *(each.name for each in family.parameters), *_FAMILY_KEYS))
    given = {each.name: table[each.name] for each in family.parameters if each.name in table}
    made = replace(family(**given), name=name, bias=table.get("bias", 0))
    return made, format_call(family.name, family.read(given))


def _check_keys(table: dict[str, object], known: Collection[str]) -> None:
    for key in table:
        if key not in known:
            raise RegistryError(f"unknown key {key!r}{_nearest(key, known)}; known are {', '.join(known)}")


def _nearest(key: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(key.casefold(), list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _check_names(names: Sequence[str], taken: dict[str, str]) -> None:
    for name in names:
        if not _NAME.fullmatch(name):
            raise RegistryError(f"{name!r} cannot be a name; use letters, digits, - and _, a letter first")
        if match_form(name) in taken:
            raise RegistryError(f"the name {name!r} is used twice: kernel {taken[match_form(name)]!r} has it already")
        taken[match_form(name)] = names[0]


def _texts(key: str, values: object) -> tuple[str, ...]:
    if not isinstance(values, list):
        raise RegistryError(f"{key} must be a list of names")
    return tuple(_text(key, value) for value in values)


def _flag(key: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise RegistryError(f"{key} must be true or false")
    return value


def _text(key: str, value: object) -> str:
    if not isinstance(value, str):
        raise RegistryError(f"{key}: {TYPE_NAMES.get(type(value), 'a number')} where text must stand")
    return value

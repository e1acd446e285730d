"""Reading one registry file: TOML in, a registry out, and an error that names the place."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

from imfilt.errors import KernelError, RegistryError
from imfilt.kernels.files import read_bytes
from imfilt.kernels.naming import clipped, match_form
from imfilt.kernels.registry import Group, Registry
from imfilt.kernels.registry_entry import Above, check_keys, to_entry, to_text, to_texts

SCHEMA = 1

_FILE_KEYS = ("schema", "intended", "kernels", "groups")
_GROUP_KEYS = ("kernels", "description", "reference")
_LONGEST_KEY = 64
_LONG_KEY = rf"""(?<![\w.-])(?:(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')[ \t]*+\.[ \t]*+){{{_LONGEST_KEY}}}"""
"""Keys on which tomllib would spend a time that grows with the square of their length."""
_NAME = r"[^\W\d_][\w-]*"


def read_registry_file(path: Path, origin: str, known: Registry | None = None) -> Registry:
    """Return what the TOML file `path` holds; `origin` is what its entries say of where they came from.

    An expression in it may name the kernels of `known`, and those that stand above it. Raises `RegistryError`: one
    line with the file, the kernel, and the row and column or the TOML line.
    """
    try:
        return read_registry_text(read_text(path), origin, known)
    except RegistryError as error:
        raise RegistryError(f"{path}: {error}") from None


def read_registry_text(text: str, origin: str, known: Registry | None = None) -> Registry:
    """Return what the text of a registry file holds; raise `RegistryError`, without the name of the file."""
    return _to_registry(parse_toml(text.removeprefix("\ufeff")), origin, known or Registry(()))


def read_text(path: Path) -> str:
    """Return the text of a registry file, with its line ends as they are."""
    try:
        return read_bytes(path).decode("utf-8")
    except KernelError as error:
        raise RegistryError(str(error)) from None
    except OSError as error:
        raise RegistryError(f"cannot read the registry: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise RegistryError(f"not UTF-8 text (byte {error.start}); save it as UTF-8") from None


def parse_toml(text: str) -> dict[str, object]:
    """Return what the text holds; raise `RegistryError`, one line, where it is no TOML or would take too long."""
    if text.count(".") >= _LONGEST_KEY and re.search(_LONG_KEY, text):
        raise RegistryError(f"not valid: a key of more than {_LONGEST_KEY} parts; a kernel is headed [kernels.NAME]")
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


def _to_registry(document: dict[str, object], origin: str, known: Registry) -> Registry:
    check_keys(document, _FILE_KEYS)
    schema = document.get("schema", SCHEMA)
    if schema != SCHEMA or isinstance(schema, bool):
        raise RegistryError(f"it is written for another schema; this imfilt reads schema = {SCHEMA}")
    tables = document.get("kernels", {})
    if not isinstance(tables, dict):
        raise RegistryError("'kernels' must be tables, each headed [kernels.NAME]")
    intended = to_texts("intended", document.get("intended", []))
    entries = []
    taken: dict[str, str] = {}
    above = Above(known)
    for name, table in tables.items():
        try:
            entry = to_entry(name, table, origin, intended, above)
            _check_names(entry.names, taken)
        except (KernelError, RegistryError) as error:
            raise RegistryError(f"kernel {clipped(name, 60)!r}: {error}") from None
        entries.append(entry)
        above.add(entry)
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
            raise RegistryError(f"group {clipped(name, 60)!r}: {error}") from None
    return tuple(groups)


def _to_group(name: str, table: object, origin: str) -> Group:
    if not isinstance(table, dict):
        raise RegistryError(f"must be a table, headed [groups.{name}]")
    check_keys(table, _GROUP_KEYS)
    members = table.get("kernels")
    if not isinstance(members, list) or not members:
        raise RegistryError('has no kernels; write kernels = ["sobel:x", "sobel:y"]')
    return Group(
        name,
        tuple(to_text("kernels", member) for member in members),
        to_text("description", table.get("description", "")),
        to_text("reference", table.get("reference", "")),
        origin,
    )


def _check_names(names: Sequence[str], taken: dict[str, str]) -> None:
    for name in names:
        if not re.fullmatch(_NAME, name):
            raise RegistryError(f"{clipped(name, 60)!r} cannot be a name; use letters, digits, - and _, a letter first")
        if match_form(name) in taken:
            raise RegistryError(f"the name {name!r} is used twice: kernel {taken[match_form(name)]!r} has it already")
        taken[match_form(name)] = names[0]

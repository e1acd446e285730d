"""A registry file as text: an entry is put into it, and all else stays as it is written, comments too."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence

from imfilt.errors import RegistryError
from imfilt.kernels.expressions.parser import parse
from imfilt.kernels.expressions.tree import Name
from imfilt.kernels.families.table import find_family
from imfilt.kernels.lookup import EXPRESSION, FAMILY
from imfilt.kernels.naming import match_form
from imfilt.kernels.notations.tables import quoted_toml, write_toml
from imfilt.kernels.numbers import format_exact
from imfilt.kernels.registry import Entry, Registry, load_registry
from imfilt.kernels.registry_file import read_registry_text

_HEADER = re.compile(r"[ \t]*\[\[?[^\[\]]+\]\]?[ \t]*(#.*)?")
_BLANK = re.compile(r"[ \t]*(#.*)?")


def entry_text(entry: Entry) -> str:
    r"""Return the entry of a registry file for a kernel.

    >>> from imfilt.kernels.kernel import Kernel
    >>> print(entry_text(Entry(Kernel([[1, 2, 1]], divisor=4, name="soft"), description="a row")), end="")
    [kernels.soft]
    description = "a row"
    divisor = 4
    matrix = [
        [1, 2, 1],
    ]
    """
    header, rest = write_toml(entry.kernel).split("\n", 1)
    if entry.origin == FAMILY:
        rest = _family_text(entry.formula)
    elif entry.origin == EXPRESSION:
        rest = f"expression = {quoted_toml(entry.formula)}\n"
    texts = {"description": entry.description, "reference": entry.reference}
    lines = [f"{key} = {quoted_toml(text)}\n" for key, text in texts.items() if text]
    if entry.aliases:
        lines.append(f"aliases = [{', '.join(map(quoted_toml, entry.aliases))}]\n")
    return "".join([header, "\n", *lines, rest])


def _family_text(formula: str) -> str:
    """Return the keys of a family and its parameters; what is no decimal is a fraction in quotes."""
    call = parse(formula)
    family = find_family(call.name) if isinstance(call, Name) else None
    if not isinstance(call, Name) or family is None:
        raise RegistryError(f"{formula!r} is no family")
    lines = [f"family = {quoted_toml(family.name)}\n"]
    for key, value in call.parameters:
        shown = value if isinstance(value, str) else format_exact(value)
        is_number = not isinstance(value, str) and "/" not in shown
        lines.append(f"{key or family.parameters[0].name} = {shown if is_number else quoted_toml(shown)}\n")
    return "".join(lines)


def with_entry(text: str, entry: Entry, *, replace: bool = False) -> str:
    """Return the text of a registry file with `entry` at its end, or in the place of the one of that name.

    An expression stays one where the file alone, and the built-in kernels, give the same kernel for it; otherwise its
    matrix is written.

    Raises `RegistryError` where there is one of that name and it is not to be replaced, where the result is no
    registry, or where the file is laid out so that nothing can be put into it without touching the rest.
    """
    known = load_registry()
    there = read_registry_text(text, "", known)
    old = next((each.name for each in there.entries if match_form(each.name) == match_form(entry.name)), None)
    if old is not None and not replace:
        raise RegistryError(f"kernel {old!r} is there already; use --overwrite to replace it, or choose another name")
    if entry.origin == EXPRESSION:
        written = _written(text, entry, old)
        if _says(written, entry, known):
            return written
        entry = entry._replace(origin="")
    written = _written(text, entry, old)
    read_registry_text(written, "", known)
    return written


def _says(text: str, entry: Entry, known: Registry) -> bool:
    """Return whether a registry gives the kernel; not where an expression names what the file has not, or below it."""
    try:
        return read_registry_text(text, "", known)[entry.name] == entry.kernel
    except RegistryError:
        return False


def _written(text: str, entry: Entry, old: str | None) -> str:
    """Return the text with `entry` in the place of the kernel `old`, or at the end."""
    added = entry_text(entry)
    if "\r\n" in text:
        added = added.replace("\n", "\r\n")
    wanted = _document(text)
    kernels = wanted.setdefault("kernels", {})
    if old is not None:
        del kernels[old]
    kernels |= _document(added)["kernels"]
    for candidate in [_appended(text, added)] if old is None else _replaced(text, old, added):
        try:
            fits = _document(candidate) == wanted
        except tomllib.TOMLDecodeError:
            continue
        if fits:
            return candidate
    raise RegistryError(f"the file is laid out so that {entry.name!r} cannot be put into it; write it in by hand")


def _appended(text: str, added: str) -> str:
    end = "\r\n" if "\r\n" in text else "\n"
    kept = text.rstrip()
    return f"{kept}{end}{end}{added}" if kept else added


def _replaced(text: str, name: str, added: str) -> Iterator[str]:
    """Give the texts in which the table of `name` ends before a header that comes after it, or with the file.

    What looks like a header may be a row of a matrix, so that the one that fits is yet to be found.
    """
    lines = text.splitlines(keepends=True)
    header = re.compile(rf"[ \t]*\[[ \t]*kernels[ \t]*\.[ \t]*(['\"]?){re.escape(name)}\1[ \t]*\][ \t]*(#.*)?")
    starts = [number for number, line in enumerate(lines) if header.fullmatch(line.rstrip("\r\n"))]
    for start in starts:
        ends = [n for n in range(start + 1, len(lines)) if _HEADER.fullmatch(lines[n].rstrip("\r\n"))]
        for end in (*ends, len(lines)):
            last = _before_comments(lines, start, end)
            yield "".join([*lines[:start], added, *lines[last:]])


def _before_comments(lines: Sequence[str], start: int, end: int) -> int:
    """Return where the blank lines and comments begin that stand before line `end`."""
    while end > start + 1 and _BLANK.fullmatch(lines[end - 1].rstrip("\r\n")):
        end -= 1
    return end


def _document(text: str) -> dict[str, dict[str, object]]:
    return tomllib.loads(text.removeprefix("\ufeff"))

"""Patterns that no shell has expanded, as those of `glob`; but ``**`` leads through no link, of which some go round."""

from __future__ import annotations

import os
from collections.abc import Sequence
from glob import escape, glob
from pathlib import Path

_ANY_FOLDERS = "**"


def expand(pattern: str) -> list[str]:
    """Return the files and folders that a pattern matches, in order; hidden ones only where it names the dot."""
    return sorted(_expand(Path(pattern).parts))


def root_of(pattern: str) -> str:
    """Return the folder that a pattern begins with.

    >>> root_of("scans/2026/*/a*.png")
    'scans/2026'
    """
    parts = Path(pattern).parts
    first = next(number for number, part in enumerate(parts) if any(sign in part for sign in "*?["))
    return str(Path(*parts[:first]))


def _expand(parts: Sequence[str]) -> set[str]:
    if _ANY_FOLDERS not in parts:
        return set(glob(os.path.join(*parts)))
    place = parts.index(_ANY_FOLDERS)
    rest = parts[place + 1 :] or ["*"]
    if rest[0] == _ANY_FOLDERS:  # twice is as good as once
        return _expand([*parts[:place], *rest])
    tops = glob(os.path.join(*parts[:place])) if place else [os.curdir]
    found: set[str] = set()
    for top in tops:
        for folder, names, _ in os.walk(top):
            names[:] = [name for name in names if not name.startswith(".")]
            found |= _expand([*([escape(folder)] if folder != os.curdir else []), *rest])
    return found

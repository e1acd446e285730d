"""Which names are wanted: patterns of file names, as shells have them."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable
from fnmatch import translate

Matches = Callable[[str], bool]


def matcher(patterns: Iterable[str]) -> Matches:
    """Return what tells whether a path matches one of `patterns`.

    A pattern without a slash is for the name, whatever the folder; one with a slash for the whole path, from the folder
    that was asked for. ``*`` stands for slashes too. Upper and lower case are the same, as they are in ``.JPG``.

    >>> wanted = matcher(["*.jpg", "raw/*"])
    >>> wanted("x/A.JPG"), wanted("raw/x/b.png"), wanted("x/raw/b.png")
    (True, True, False)
    """
    given = [pattern.replace(os.sep, "/") for pattern in patterns]
    name = _any_of(pattern for pattern in given if "/" not in pattern)
    path = _any_of(pattern.strip("/") for pattern in given if "/" in pattern)

    def matches(below: str) -> bool:
        below = below.replace(os.sep, "/")
        return bool((name and name(below.rpartition("/")[2])) or (path and path(below)))

    return matches


def _any_of(patterns: Iterable[str]) -> Callable[[str], object] | None:
    expression = "|".join(map(translate, patterns))
    return re.compile(expression, re.IGNORECASE).match if expression else None

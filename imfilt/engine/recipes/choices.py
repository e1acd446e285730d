"""Finding a name in a table, with a helpful error."""

from __future__ import annotations

from collections.abc import Collection

from imfilt.errors import RecipeError


def choose(what: str, name: str, names: Collection[str]) -> str:
    """Return the one of `names` that `name` is, without regard to case; raise `RecipeError` that lists them.

    >>> choose("size", "SAME", {"same", "valid"})
    'same'
    """
    sought = str(name).strip().casefold()
    for known in names:
        if known.casefold() == sought:
            return known
    from difflib import get_close_matches

    close = get_close_matches(sought, list(names), n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise RecipeError(f"unknown {what} {name!r}; {hint}choose from {', '.join(names)}")

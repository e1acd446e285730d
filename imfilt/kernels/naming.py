"""Names: the form in which they are compared, those that are close to a misspelt one, and what files are called."""

from __future__ import annotations

import re
from collections.abc import Iterable

_LONGEST_STEM = 48

_WORDS = {" + ": "-plus-", " - ": "-minus-", " * ": "-times-", " / ": "-over-", " @ ": "-at-"}


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return "did you mean …? " with the names that are close to `name`, or nothing where there are none.

    >>> did_you_mean("sgima", ["sigma", "radius"])
    'did you mean sigma? '
    """
    from difflib import get_close_matches

    spelt = {match_form(each): each for each in known}
    close = [spelt[found] for found in get_close_matches(match_form(name), spelt, n=3, cutoff=0.6)]
    return f"did you mean {' or '.join(close)}? " if close else ""


def match_form(name: str) -> str:
    """Return the form in which names are compared: no case, no ``-``, no ``_``.

    >>> match_form("Gaussian_Blur") == match_form("gaussian-blur")
    True
    """
    return name.strip().casefold().replace("-", "").replace("_", "")


def to_stem(text: str) -> str:
    """Return the text of an expression as part of a file name: short, and of letters, digits, ``.`` and ``-`` alone.

    What is too long is cut, and a number is added that tells it from others that begin alike.

    >>> to_stem("identity + 0.5 * gaussian:sigma=2")
    'identity-plus-0.5-times-gaussian-sigma2'
    """
    spelt = re.sub(r"(?:^|(?<=\())-", "minus-", text.casefold())
    for sign, spoken in _WORDS.items():
        spelt = spelt.replace(sign, spoken)
    stem = re.sub(r"[^a-z0-9.]+", "-", spelt.replace("=", "")).strip("-.")
    return shortened(stem, _LONGEST_STEM, text) or "custom"


def clipped(text: str, most: int) -> str:
    """Return `text` in no more than `most` characters, for a message.

    >>> clipped("gaussian:sigma=2", 11)
    'gaussian...'
    """
    return text if len(text) <= most else f"{text[: most - 3]}..."


def shortened(name: str, most: int, meaning: str | None = None) -> str:
    """Return `name` in no more than `most` characters, with the number of what it means where it has to be cut.

    >>> shortened("gaussian5", 20), shortened("a-very-long-name-indeed", 20)
    ('gaussian5', 'a-very-long-7368ffba')
    """
    if len(name) <= most:
        return name
    from zlib import crc32

    number = crc32((meaning or name).encode("utf-8", "surrogatepass"))
    return f"{name[: most - 9].rstrip('-.')}-{number:08x}"

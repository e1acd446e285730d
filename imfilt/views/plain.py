"""Text that can be shown: in a terminal, in a figure, in a page."""

from __future__ import annotations


def printable(text: object) -> str:
    r"""Return `text` with everything that could steer a terminal, or turn a line round, as an escape.

    >>> print(printable("a\x1b[31mb\n"))
    a\x1b[31mb\n
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in str(text))

"""Working dtypes: the floats, and the narrowest of whole numbers that holds all that comes up."""

from __future__ import annotations

from fractions import Fraction

FLOATS = ("float32", "float64")
ANY_INTEGER = "object"  # Python's own integers: slow, and never too small


def integer_dtype(bound: Fraction | int, *, signed: bool = True) -> str:
    """Return the narrowest dtype of whole numbers that holds everything within `bound` of 0.

    >>> integer_dtype(32767), integer_dtype(32768), integer_dtype(32768, signed=False), integer_dtype(2**64)
    ('int16', 'int32', 'uint16', 'object')
    """
    if not signed and bound < 1 << 8:
        return "uint8"
    if not signed and 1 << 15 <= bound < 1 << 16:
        return "uint16"
    return next(
        (name for name, bits in (("int16", 15), ("int32", 31), ("int64", 63)) if bound < 1 << bits), ANY_INTEGER
    )


def dividing_floats(bound: Fraction | int) -> str | None:
    """Return the floats in which a quotient of whole numbers within `bound`, cut to a whole one, is exact; or None.

    A quotient ``a / b`` below a whole number k is ``1 / b`` below it at least, and is rounded up to k only if that is
    less than half a unit in the last place: of p bits, ``k · 2^-p``. So it is not where ``|a| + b < 2^p``.

    >>> dividing_floats(1 << 20), dividing_floats(1 << 40), dividing_floats(1 << 60)
    ('float32', 'float64', None)
    """
    return next((name for name, bits in (("float32", 24), ("float64", 53)) if 2 * bound < 1 << bits), None)

"""Numbers as people write them: whole, fraction, decimal or scientific."""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction
from numbers import Integral, Rational, Real

from imfilt.errors import KernelError
from imfilt.kernels.naming import clipped

TYPE_NAMES = {str: "text", bool: "true or false", list: "a list", dict: "a table", type(None): "nothing"}

Number = int | Fraction | float

# Floats end near 1e308; whole numbers and fractions are held to the same range, or "9e999999" would fill the memory.
_LARGEST_BITS = 1024
_LONGEST_TEXT = 800
_MOST_ZEROS = 308

_DECIMAL = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_NUMBER = rf"({_DECIMAL})(?:\s*/\s*({_DECIMAL}))?"


def to_number(value: object) -> Number:
    """Return `value` (a number or its text) as an exact `int` or `Fraction`, or as a `float`.

    A float that is whole becomes an `int`. Raises `KernelError` for anything that is not one finite number.

    >>> to_number("1/9"), to_number(2.0), to_number("-1e-3")
    (Fraction(1, 9), 2, -0.001)
    """
    if type(value) is int and value.bit_length() <= _LARGEST_BITS:
        return value
    if isinstance(value, str):
        return _parse(value)
    if isinstance(value, bool) or type(value).__name__ == "bool_" or not isinstance(value, Real):
        raise KernelError(f"{TYPE_NAMES.get(type(value), type(value).__name__)} is not a number")
    if isinstance(value, Integral):
        return _bounded(int(value))
    if isinstance(value, Rational):
        return _bounded(Fraction(int(value.numerator), int(value.denominator)))
    return _from_float(float(value))


def to_fraction(number: Number) -> Fraction:
    """Return the exact value of `number`; a float stands for the shortest decimal that reads back as it.

    >>> to_fraction(0.1)
    Fraction(1, 10)
    """
    return Fraction(repr(number)) if isinstance(number, float) else Fraction(number)


def format_number(number: Number | Fraction) -> str:
    """Return `number` as a person would write it, so that `to_number` reads the same value back.

    >>> format_number(Fraction(8, 2)), format_number(Fraction(-1, 9)), format_number(0.5)
    ('4', '-1/9', '0.5')
    """
    return repr(number) if isinstance(number, float) else str(number)


def plain_number(number: Fraction | float) -> int | float | str:
    """Return a number as JSON holds it without a loss: as a number, or as text such as "1/9".

    >>> plain_number(Fraction(8, 2)), plain_number(Fraction(1, 4)), plain_number(Fraction(1, 9))
    (4, 0.25, '1/9')
    """
    if isinstance(number, int | float):
        return number
    if number.denominator == 1:
        return int(number)
    return float(number) if _is_float(number) else str(number)


def format_short(number: Fraction) -> str:
    """Return `number` whole, or in six digits.

    >>> format_short(Fraction(12, 4)), format_short(Fraction(1, 3))
    ('3', '0.333333')
    """
    return str(number) if number.denominator == 1 else short_decimal(number)


def short_decimal(number: Fraction | float, digits: int = 6) -> str:
    """Return `number` in a few digits, also where no float is as large.

    >>> short_decimal(Fraction(1, 3)), short_decimal(Fraction(10**400, 3))
    ('0.333333', '3.33333e+399')
    """
    try:
        return f"{float(number):.{digits}g}"
    except OverflowError:
        exact = Fraction(number)
        return f"{(Decimal(exact.numerator) / exact.denominator).normalize():.{digits}g}"


def parse_exact(text: str) -> Fraction:
    """Return the exact value of a decimal, every digit of it; raise `KernelError` beyond 1e-308 to 1e308.

    >>> parse_exact("0.1e1")
    Fraction(1, 1)
    """
    if len(text) > _LONGEST_TEXT or not _MOST_ZEROS >= int(text.casefold().partition("e")[2] or 0) >= -_MOST_ZEROS:
        raise KernelError("a number outside 1e-308 to 1e308")
    return Fraction(_bounded(Fraction(text)))


def format_exact(value: int | Fraction) -> str:
    """Return the exact `value` as a decimal where it has an end, as a fraction where it has none.

    >>> format_exact(Fraction(-5, 4)), format_exact(Fraction(1, 3)), format_exact(7)
    ('-1.25', '1/3', '7')
    """
    places, rest = 0, value.denominator
    while rest > 1:
        common = math.gcd(rest, 10)
        if common == 1:
            return str(value)
        rest //= common
        places += 1
    digits = str(abs(value.numerator) * 10**places // value.denominator).rjust(places + 1, "0")
    sign = "-" if value < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def _parse(text: str) -> Number:
    text = text.strip()
    match = re.fullmatch(_NUMBER, text, re.ASCII) if len(text) <= _LONGEST_TEXT else None
    if match is None:
        raise KernelError(f"{clipped(text, 40)!r} is not a number")
    above, below = (_parse_decimal(part) for part in match.groups(default="1"))
    if match[2] is None:
        return above
    if below == 0:
        raise KernelError(f"{text!r} divides by zero")
    return _bounded(to_fraction(above) / to_fraction(below))


def _parse_decimal(text: str) -> Number:
    if text.lstrip("+-").isdigit():
        return _bounded(int(text))
    value = _from_float(float(text))  # which bounds the exponent before an exact power of ten is made
    if value == 0:  # but not below
        return 0
    exact = Fraction(text)
    return exact.numerator if exact.denominator == 1 else value


def _from_float(value: float) -> Number:
    if math.isnan(value) or math.isinf(value):
        raise KernelError(f"{value} is not a finite number")
    return int(to_fraction(value)) if value.is_integer() else value


def _bounded(value: int | Fraction) -> int | Fraction:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > _LARGEST_BITS:
        raise KernelError("a number outside 1e-308 to 1e308")
    return value.numerator if value.denominator == 1 else value


def _is_float(number: Fraction) -> bool:
    try:
        return Fraction(float(number)) == number
    except OverflowError:
        return False

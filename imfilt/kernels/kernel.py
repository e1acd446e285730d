"""A kernel: a matrix of weights over a divisor, with a bias and an anchor."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import field
from fractions import Fraction
from functools import cached_property, partial
from numbers import Integral
from typing import Any, Literal, TypeVar

from imfilt.errors import KernelError
from imfilt.kernels.numbers import TYPE_NAMES, Number, to_fraction, to_number
from imfilt.quick import NamedTuple, dataclass

Weight = TypeVar("Weight")

LARGEST_SIDE = 1001
_LARGEST_COMMON_DENOMINATOR_BITS = 4096
_FEW_BITS = 1 << 16


class IntegerForm(NamedTuple):
    """A kernel's weights as whole numbers over one positive whole divisor, in lowest terms.

    The kernel's value at row i, column j is exactly ``weights[i][j] / divisor``.
    """

    weights: tuple[tuple[int, ...], ...]
    divisor: int

    @property
    def is_symmetric(self) -> bool:
        """Whether the weights are the same rotated by 180 degrees, so that convolution is correlation."""
        return self.weights == half_turn(self.weights)

    def floats(self) -> list[list[float]]:
        """Return the values, each rounded once; raise `OverflowError` where one is too large for a float."""
        return [[weight / self.divisor for weight in row] for row in self.weights]


@dataclass(frozen=True, init=False)
class Kernel:
    """A matrix of weights, ``weights / divisor``, with a bias in output levels and an anchor.

    Parameters
    ----------
    weights : rows of numbers
        Any rectangle from 1 x 1 to 1001 x 1001: lists, a NumPy array; integers, floats, `Fraction`, or text such
        as ``"1/9"``. A float stands for the decimal it is printed as: 0.1 is one tenth.
    divisor : number or "sum"
        The weights are divided by it; ``"sum"`` is the sum of the weights, so that a flat picture stays as it is.
    bias : number
        Added to each result, in output levels.
    anchor : (row, column), optional
        The cell of the matrix, as it is laid over the picture, that lies on the output sample.
        ``(height // 2, width // 2)`` where it is not given.
    name : str
        What output files are called after.
    approximate : bool
        Whether the weights only come near to numbers that no fraction gives, as those of a Gaussian do. Then results
        may be computed in floating point where that is cheaper. Kernels of the same weights are equal all the same.

    Raises
    ------
    KernelError
        With the row and column (counted from 1) of what is wrong.

    Examples
    --------
    >>> kernel = Kernel([[1, 2, 1], [2, 4, 2], [1, 2, 1]], divisor="sum", name="soft")
    >>> kernel.size, kernel.divisor, kernel.sum
    ((3, 3), 16, Fraction(1, 1))
    """

    weights: tuple[tuple[Number, ...], ...]
    divisor: Number
    bias: Number
    anchor: tuple[int, int] | None
    name: str
    approximate: bool = field(compare=False)

    def __init__(
        self,
        weights: Iterable[Iterable[object]],
        *,
        divisor: object | Literal["sum"] = 1,
        bias: object = 0,
        anchor: Sequence[int] | None = None,
        name: str = "custom",
        approximate: bool = False,
    ) -> None:
        fill = partial(object.__setattr__, self)  # what a frozen dataclass has instead of assignment
        fill("weights", _to_weights(weights))
        fill("divisor", _to_divisor(divisor, self.weights))
        fill("bias", _located("bias", bias))
        fill("anchor", None if anchor is None else to_anchor(anchor, self.size))
        fill("name", name)
        fill("approximate", approximate)
        _check_fractions(self.weights)

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns of the matrix."""
        return len(self.weights), len(self.weights[0])

    @property
    def anchor_cell(self) -> tuple[int, int]:
        """The cell, as the matrix is laid over the picture, that lies on the output sample."""
        return self.anchor or (len(self.weights) // 2, len(self.weights[0]) // 2)

    @cached_property
    def integer_form(self) -> IntegerForm:
        """The exact value of the kernel, as whole weights over one divisor."""
        if isinstance(self.divisor, int) and not self.has_fractions:
            return _whole_form(self.weights, self.divisor)  # type: ignore[arg-type]
        scale = math.lcm(*{to_fraction(weight).denominator for row in self.weights for weight in set(row)})
        divisor = to_fraction(self.divisor) * scale
        factor = divisor.denominator if divisor > 0 else -divisor.denominator
        whole = {weight: int(to_fraction(weight) * scale) * factor for row in self.weights for weight in set(row)}
        common = math.gcd(divisor.numerator, *whole.values())
        weights = tuple(tuple(whole[weight] // common for weight in row) for row in self.weights)
        return IntegerForm(weights, abs(divisor.numerator) // common)

    @cached_property
    def is_exact(self) -> bool:
        """Whether every weight was given as a whole number or a fraction, so that results must be exact.

        A kernel with a float among its weights may be computed in floating point where that is cheaper.
        """
        return not self.approximate and not self.has_floats

    @cached_property
    def has_floats(self) -> bool:
        """Whether a weight is a float."""
        return any(isinstance(weight, float) for row in self.weights for weight in row)

    @cached_property
    def has_fractions(self) -> bool:
        """Whether a weight is not a whole number."""
        return not all(type(weight) is int for row in self.weights for weight in row)

    @property
    def is_whole(self) -> bool:
        """Whether weights and bias are whole numbers and the divisor is 1, so that whole samples give whole results."""
        return self.divisor == 1 and all(isinstance(n, int) for row in (*self.weights, (self.bias,)) for n in row)

    @cached_property
    def is_short(self) -> bool:
        """Whether no weight needs more than nine decimals or sixteen bits after the point, so that whole numbers do."""
        return not self.approximate and all(
            round(weight, 9) == weight or _is_of_few_bits(weight)
            for row in self.weights
            for weight in row
            if isinstance(weight, float)
        )

    @cached_property
    def sum(self) -> Fraction:
        """The sum of the weights over the divisor: what the kernel makes of a flat picture of ones."""
        form = self.integer_form
        return Fraction(sum(map(sum, form.weights)), form.divisor)

    def output_range(self, largest: int = 255) -> tuple[Fraction, Fraction]:
        """Return the smallest and largest result that samples from 0 to `largest` can give, bias included."""
        form = self.integer_form
        negative = sum(weight for row in form.weights for weight in row if weight < 0)
        positive = sum(weight for row in form.weights for weight in row if weight > 0)
        bias = to_fraction(self.bias)
        return Fraction(negative * largest, form.divisor) + bias, Fraction(positive * largest, form.divisor) + bias


def half_turn(rows: Iterable[Sequence[Weight]]) -> tuple[tuple[Weight, ...], ...]:
    """Return rows rotated by 180 degrees: from the matrix of a convolution to that of a correlation, and back.

    >>> half_turn([[1, 2], [3, 4]])
    ((4, 3), (2, 1))
    """
    return tuple(tuple(row[::-1]) for row in reversed(tuple(rows)))


def _is_of_few_bits(weight: float) -> bool:
    return (weight * _FEW_BITS).is_integer() and _FEW_BITS % to_fraction(weight).denominator == 0


def _whole_form(weights: tuple[tuple[int, ...], ...], divisor: int) -> IntegerForm:
    """Return the form of whole weights over a whole divisor, without a detour over fractions."""
    common = divisor
    for row in weights:
        common = math.gcd(common, *row)
        if common == 1:
            break
    if divisor < 0:
        common = -common
    if common != 1:
        weights = tuple(tuple(weight // common for weight in row) for row in weights)
    return IntegerForm(weights, divisor // common)


def _to_weights(rows: Iterable[Iterable[object]]) -> tuple[tuple[Number, ...], ...]:
    rows = _plain(rows)
    if not isinstance(rows, list | tuple):
        raise KernelError("the matrix must be a list of rows, each a list of numbers")
    if not rows:
        raise KernelError("the matrix has no rows")
    weights: list[tuple[Number, ...]] = []
    for y, row in enumerate(rows, 1):
        cells = _plain(row)
        if not isinstance(cells, list | tuple):
            raise KernelError(
                f"row {y}: {TYPE_NAMES.get(type(cells), 'one number')} where a list of numbers must stand"
            )
        if not cells:
            raise KernelError(f"row {y} is empty")
        if weights and len(cells) != len(weights[0]):
            raise KernelError(f"row {y} has {len(cells)} numbers where row 1 has {len(weights[0])}")
        weights.append(_to_row(y, cells))
        if max(len(weights), len(cells)) > LARGEST_SIDE:
            raise KernelError(f"the matrix is larger than {LARGEST_SIDE} x {LARGEST_SIDE}")
    return tuple(weights)


def _to_row(y: int, cells: Sequence[object]) -> tuple[Number, ...]:
    try:
        return tuple(map(to_number, cells))
    except KernelError:
        return tuple(_located(f"row {y}, column {x}", cell) for x, cell in enumerate(cells, 1))


def _plain(value: Any) -> Any:
    """Return an array as nested lists and any other iterable but text and tables as a list."""
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, str | dict | list | tuple) or not isinstance(value, Iterable):
        return value
    return list(value)


def _to_divisor(divisor: object, weights: tuple[tuple[Number, ...], ...]) -> Number:
    if isinstance(divisor, str) and divisor.strip().casefold() == "sum":
        total = sum((to_fraction(weight) for row in weights for weight in row), Fraction())
        if total == 0:
            raise KernelError('divisor "sum": the weights sum to 0, and nothing can be divided by 0; give a number')
        return to_number(total)
    number = _located("divisor", divisor)
    if number == 0:
        raise KernelError("divisor: nothing can be divided by 0; leave it out, or give another number")
    return number


def to_anchor(anchor: object, size: tuple[int, int]) -> tuple[int, int]:
    """Return `anchor` as (row, column); raise `KernelError` unless it lies in a matrix of `size` (rows, columns)."""
    cells = _plain(anchor)
    if (
        not isinstance(cells, list | tuple)
        or len(cells) != 2
        or any(isinstance(cell, bool) or not isinstance(cell, Integral) for cell in cells)
    ):
        raise KernelError("anchor: two whole numbers, row and column counted from 0, must stand here")
    y, x = map(int, cells)
    if not (0 <= y < size[0] and 0 <= x < size[1]):
        shown = f"{y},{x} " if max(abs(y), abs(x)) <= LARGEST_SIDE else ""
        raise KernelError(
            f"anchor: {shown}is outside the {size[0]} x {size[1]} matrix "
            f"(rows 0 to {size[0] - 1}, columns 0 to {size[1] - 1})"
        )
    return y, x


def _located(place: str, value: object) -> Number:
    try:
        return to_number(value)
    except KernelError as error:
        raise KernelError(f"{place}: {error}") from None


def _check_fractions(weights: tuple[tuple[Number, ...], ...]) -> None:
    denominator = 1
    for weight in {weight for row in weights for weight in row if isinstance(weight, Fraction)}:
        denominator = math.lcm(denominator, weight.denominator)
        if denominator.bit_length() > _LARGEST_COMMON_DENOMINATOR_BITS:
            raise KernelError("the fractions have no common denominator below 2^4096; write them as decimals")

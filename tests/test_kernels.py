"""Kernels: numbers and matrices as people write them, and the exact values they stand for."""

from __future__ import annotations

import itertools
import math
import pickle
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imfilt import Kernel, KernelError
from imfilt.kernels.kernel import LARGEST_SIDE
from imfilt.kernels.matrix_text import parse_matrix
from imfilt.kernels.numbers import Number, format_number, to_fraction, to_number
from imfilt.kernels.separable import separate

repeatable = settings(deadline=None, derandomize=True, max_examples=60)

whole = st.integers(-(10**6), 10**6)
fractions = st.fractions(min_value=-1000, max_value=1000, max_denominator=1000)
floats = st.floats(allow_nan=False, allow_infinity=False).filter(lambda x: abs(x) < 2**53 or not x.is_integer())
short_floats = st.integers(-(10**6), 10**6).map(lambda n: n / 1000)
numbers = st.one_of(whole, fractions, floats, short_floats)


@st.composite
def matrices(draw: st.DrawFn, cells: st.SearchStrategy[Any] = numbers, most: int = 4) -> list[list[Any]]:
    rows, columns = draw(st.integers(1, most)), draw(st.integers(1, most))
    return [[draw(cells) for _ in range(columns)] for _ in range(rows)]


def exact(number: Number) -> Fraction:
    """Return the value of a number: a float stands for the decimal that it is printed as."""
    return Fraction(str(number))


# Numbers as text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("7", 7),
        ("+7", 7),
        ("-7", -7),
        (" 12 ", 12),
        ("007", 7),
        ("1/9", Fraction(1, 9)),
        ("-1/9", Fraction(-1, 9)),
        ("1/-9", Fraction(-1, 9)),
        ("1 / 9", Fraction(1, 9)),
        ("8/2", 4),
        ("0/5", 0),
        ("0.1/0.3", Fraction(1, 3)),
        ("1e2/3", Fraction(100, 3)),
        ("2.0", 2),
        ("1e3", 1000),
        ("1E+3", 1000),
        ("-1e-3", -0.001),
        (".5", 0.5),
        ("5.", 5),
        ("0.1", 0.1),
        (str(2**1000), 2**1000),
    ],
)
def test_a_number_in_text_has_the_value_it_is_written_with(text: str, value: Number) -> None:
    number = to_number(text)
    assert number == value
    assert type(number) is type(value)


NO_NUMBERS = [
    "",
    " ",
    "x",
    "1x",
    "nan",
    "inf",
    "-infinity",
    "1/2/3",
    "/2",
    "1/",
    "1 2",
    "1_000",
    "0x10",
    "٣",
    "−1",
    "1e",
]


@pytest.mark.parametrize("text", NO_NUMBERS)
def test_text_that_is_no_number_is_refused_and_quoted(text: str) -> None:
    with pytest.raises(KernelError, match="is not a number") as error:
        to_number(text)
    assert repr(text.strip()) in str(error.value)


@pytest.mark.parametrize("text", ["1/0", "-3/0.0", "0/0"])
def test_a_fraction_over_zero_is_refused(text: str) -> None:
    with pytest.raises(KernelError, match="divides by zero"):
        to_number(text)


@pytest.mark.parametrize(
    "value",
    [1e308 * 10, "1e309", "9e999999999", 10**400, "1" + "0" * 390, "9" * 5000, Fraction(1, 10**400), "1e-308/1e308"],
)
def test_numbers_beyond_the_range_of_floats_are_refused_in_a_short_line(value: object) -> None:
    with pytest.raises(KernelError) as error:
        to_number(value)
    assert len(str(error.value)) < 100


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf"), np.float64("nan"), np.float32("inf")])
def test_nan_and_infinity_are_refused(value: object) -> None:
    with pytest.raises(KernelError, match="not a finite number"):
        to_number(value)


@pytest.mark.parametrize(
    ("value", "called"),
    [
        (True, "true or false"),
        (np.True_, "bool"),
        (None, "nothing"),
        ([1], "a list"),
        ({}, "a table"),
        (1j, "complex"),
        (b"1", "bytes"),
    ],
)
def test_what_is_not_a_number_is_refused_by_its_kind(value: object, called: str) -> None:
    with pytest.raises(KernelError, match="is not a number") as error:
        to_number(value)
    assert called in str(error.value)


@pytest.mark.parametrize("value", [np.int8(-3), np.uint16(7), np.float32(0.5), np.float64(0.1)])
def test_scalars_of_numpy_are_taken_by_value(value: Any) -> None:
    assert to_number(value) == value.item()


@repeatable
@given(numbers)
def test_a_printed_number_reads_back_as_the_same_number(number: Number) -> None:
    kept = to_number(number)
    again = to_number(format_number(kept))
    assert again == kept == number
    assert type(again) is type(kept)


def test_a_printed_fraction_of_many_digits_reads_back_as_the_same_number() -> None:
    number = to_number(Fraction(2**1000 + 1, 3**600))
    assert to_number(format_number(number)) == number


@pytest.mark.parametrize("value", [1e23, "1e23", "100000000000000000000000.0", 2.294014099657023e16])
def test_a_whole_float_stands_for_the_decimal_it_is_printed_as_however_large_it_is(value: float | str) -> None:
    assert to_number(value) == exact(float(value))


@repeatable
@given(st.integers(), st.integers(1, 10**12))
def test_a_fraction_in_text_is_exact(above: int, below: int) -> None:
    if abs(above) < 10**300:
        assert to_number(f"{above}/{below}") == Fraction(above, below)


@repeatable
@given(st.integers(-(10**15), 10**15), st.integers(0, 15))
def test_a_decimal_stands_for_exactly_what_is_written(digits: int, places: int) -> None:
    sign, text = "-" if digits < 0 else "", str(abs(digits)).rjust(places + 1, "0")
    written = f"{sign}{text[: len(text) - places]}.{text[len(text) - places :]}"
    assert to_fraction(to_number(written)) == Fraction(digits, 10**places)


# Matrices as text


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("1 2 1", [[1, 2, 1]]),
        ("1,2,1", [[1, 2, 1]]),
        ("1, 2 ,1", [[1, 2, 1]]),
        ("1\t2   1", [[1, 2, 1]]),
        ("1;2;3", [[1], [2], [3]]),
        ("0 -1 0; -1 5 -1; 0 -1 0", [[0, -1, 0], [-1, 5, -1], [0, -1, 0]]),
        ("-1 0;0 -1", [[-1, 0], [0, -1]]),
        ("1 2\n3 4", [[1, 2], [3, 4]]),
        ("1 2\r\n3 4\r\n", [[1, 2], [3, 4]]),
        ("1 2\r3 4", [[1, 2], [3, 4]]),
        ("1 2;\n3 4;\n", [[1, 2], [3, 4]]),
        ("\n\n 1 2 \n\n 3 4 \n", [[1, 2], [3, 4]]),
        ("1/9 1/9 1/9", [[Fraction(1, 9)] * 3]),
        ("1 / 9, -2/ 9", [[Fraction(1, 9), Fraction(-2, 9)]]),
        ("1e3 -1.5E-2 .5", [[1000, -0.015, 0.5]]),
        ("# a box\n1 1 # its first row\n1 1 # 9 9; 9 9\n# the end", [[1, 1], [1, 1]]),
        ("7", [[7]]),
    ],
)
def test_a_matrix_in_text_is_the_rows_and_cells_it_shows(text: str, rows: list[list[Number]]) -> None:
    assert Kernel(parse_matrix(text)) == Kernel(rows)


@pytest.mark.parametrize("text", ["", "  ", ";", "\n;\n", "# nothing but a comment"])
def test_a_matrix_without_numbers_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(KernelError, match="the matrix is empty; write rows"):
        parse_matrix(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [("1,,2", "row 1, column 2"), (",1", "row 1, column 1"), ("1 2; 3,", "row 2, column 2"), (",", "row 1, column 1")],
)
def test_a_comma_without_a_number_is_refused_with_its_place(text: str, place: str) -> None:
    with pytest.raises(KernelError, match=place):
        parse_matrix(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("1 x", "row 1, column 2: 'x'"),
        ("1 2; 3 1-1", "row 2, column 2: '1-1'"),
        ("[[1, 2], [3, 4]]", r"row 1, column 1: '\[\[1'"),
        ("1 1/0", "row 1, column 2: '1/0'"),
        ("1 nan", "row 1, column 2: 'nan'"),
        ("1 2; 3", "row 2 has 1 numbers where row 1 has 2"),
    ],
)
def test_a_matrix_in_text_that_makes_no_kernel_is_refused_with_its_place(text: str, place: str) -> None:
    with pytest.raises(KernelError, match=place):
        Kernel(parse_matrix(text))


@repeatable
@given(matrices(), st.sampled_from([" ", ",", ", ", "\t", " ,  "]), st.sampled_from([";", "\n", "; ", " ;\n", "\r\n"]))
def test_a_matrix_written_out_reads_back_whatever_parts_its_cells(rows: Any, cell: str, row: str) -> None:
    kernel = Kernel(rows)
    text = row.join(cell.join(map(format_number, line)) for line in kernel.weights)
    assert Kernel(parse_matrix(text)) == kernel


# Kernels


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (7, 1), (2, 2), (4, 3), (2, 9), (LARGEST_SIDE, LARGEST_SIDE)])
def test_every_size_up_to_the_largest_is_accepted(size: tuple[int, int]) -> None:
    kernel = Kernel([[1] * size[1]] * size[0], divisor=size[0] * size[1])
    assert kernel.size == size
    assert kernel.sum == 1


@pytest.mark.parametrize("size", [(1, LARGEST_SIDE + 1), (LARGEST_SIDE + 1, 1)])
def test_a_side_of_more_than_the_largest_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(KernelError, match="larger than 1001 x 1001"):
        Kernel([[1] * size[1]] * size[0])


@pytest.mark.parametrize(
    "rows",
    [
        [[1, 2], [3, 4]],
        ((1, 2), (3, 4)),
        np.array([[1, 2], [3, 4]], np.int8),
        np.array([[1, 2], [3, 4]], np.float64),
        [np.array([1, 2]), [3.0, "4"]],
        (iter(row) for row in ([1, 2], [3, 4])),
        [["1", " 2 "], [Fraction(6, 2), np.float32(4)]],
    ],
)
def test_the_rows_may_be_anything_that_holds_numbers(rows: Any) -> None:
    assert Kernel(rows).weights == ((1, 2), (3, 4))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "the matrix has no rows"),
        ("1 2 1", "the matrix must be a list of rows"),
        (3, "the matrix must be a list of rows"),
        ({"a": 1}, "the matrix must be a list of rows"),
        ([1, 2, 1], "row 1: one number where a list of numbers must stand"),
        ([[1], "2"], "row 2: text where a list of numbers must stand"),
        ([[]], "row 1 is empty"),
        ([[1], []], "row 2 is empty"),
        ([[1, 2], [3]], "row 2 has 1 numbers where row 1 has 2"),
        ([[1], [2, 3]], "row 2 has 2 numbers where row 1 has 1"),
        ([[1, True]], "row 1, column 2: true or false is not a number"),
        ([[1], [float("nan")]], "row 2, column 1: nan is not a finite number"),
        (np.array([[1.0, -np.inf]]), "row 1, column 2: -inf is not a finite number"),
        (np.array([[True]]), "row 1, column 1: true or false is not a number"),
        (np.zeros((2, 2, 2)), "row 1, column 1: a list is not a number"),
        (np.zeros(3), "row 1: one number where a list of numbers must stand"),
    ],
)
def test_rows_that_make_no_matrix_are_refused_with_their_place(rows: Any, message: str) -> None:
    with pytest.raises(KernelError) as error:
        Kernel(rows)
    assert str(error.value).startswith(message)


@pytest.mark.parametrize("divisor", [0, 0.0, -0.0, "0", "0/5", Fraction(0)])
def test_a_divisor_of_zero_is_refused(divisor: object) -> None:
    with pytest.raises(KernelError, match="divisor: nothing can be divided by 0"):
        Kernel([[1]], divisor=divisor)


@pytest.mark.parametrize("divisor", ["total", True, None, [1], float("nan"), float("inf"), "1/0"])
def test_a_divisor_that_is_no_number_is_refused_as_the_divisor(divisor: object) -> None:
    with pytest.raises(KernelError, match=r"^divisor: "):
        Kernel([[1]], divisor=divisor)


@pytest.mark.parametrize("divisor", ["sum", "Sum", " SUM "])
def test_the_divisor_sum_is_the_exact_sum_of_the_weights(divisor: str) -> None:
    kernel = Kernel([[1, "1/3"], [0.1, -2]], divisor=divisor)
    assert to_fraction(kernel.divisor) == 1 + Fraction(1, 3) + Fraction(1, 10) - 2
    assert kernel.sum == 1


def test_ten_tenths_sum_to_exactly_one() -> None:
    assert Kernel([[0.1] * 10], divisor="sum").divisor == 1


@pytest.mark.parametrize("rows", [[[1, -1]], [[0]], [[0.1, 0.2, -0.3]], [["1/3", "1/6", "-1/2"]]])
def test_the_divisor_sum_of_weights_that_sum_to_zero_is_refused(rows: Any) -> None:
    with pytest.raises(KernelError, match='divisor "sum": the weights sum to 0'):
        Kernel(rows, divisor="sum")


@pytest.mark.parametrize("bias", ["x", True, None, float("nan"), float("-inf")])
def test_a_bias_that_is_no_number_is_refused_as_the_bias(bias: object) -> None:
    with pytest.raises(KernelError, match=r"^bias: "):
        Kernel([[1]], bias=bias)


def test_the_bias_is_a_number_like_any_other() -> None:
    assert Kernel([[1]], bias="1/3").bias == Fraction(1, 3)
    assert Kernel([[1]], bias="-12.5").bias == -12.5


@pytest.mark.parametrize("anchor", [(0, 0), (1, 2), [0, 2], np.array([1, 0])])
def test_an_anchor_inside_the_matrix_is_kept(anchor: Any) -> None:
    kernel = Kernel([[1, 2, 3], [4, 5, 6]], anchor=anchor)
    assert kernel.anchor == tuple(anchor)


def test_no_anchor_is_given_unless_one_is_asked_for() -> None:
    assert Kernel([[1, 2, 3]]).anchor is None


@pytest.mark.parametrize("anchor", [(2, 0), (0, 3), (-1, 0), (0, -1), (10**30, 0), (0, 10**5000)])
def test_an_anchor_outside_the_matrix_is_refused_in_a_short_line(anchor: Any) -> None:
    with pytest.raises(KernelError, match="outside the 2 x 3 matrix") as error:
        Kernel([[1, 2, 3], [4, 5, 6]], anchor=anchor)
    assert len(str(error.value)) < 200


@pytest.mark.parametrize("anchor", [(), (0,), (0, 0, 0), (0.0, 0), (True, 0), ("0", 0), "0,0", 0, {}])
def test_an_anchor_that_is_not_two_whole_numbers_is_refused(anchor: Any) -> None:
    with pytest.raises(KernelError, match="anchor: two whole numbers"):
        Kernel([[1]], anchor=anchor)


def test_fractions_without_a_common_denominator_of_sensible_size_are_refused() -> None:
    primes = [n for n in range(2, 6000) if all(n % d for d in range(2, math.isqrt(n) + 1))]
    with pytest.raises(KernelError, match="common denominator"):
        Kernel([[Fraction(1, prime) for prime in primes]])


# The exact value of a kernel


@repeatable
@given(matrices(), numbers.filter(bool))
def test_the_integer_form_is_exactly_the_kernel_in_lowest_terms(rows: Any, divisor: Number) -> None:
    form = Kernel(rows, divisor=divisor).integer_form
    assert form.divisor > 0
    assert math.gcd(form.divisor, *(weight for row in form.weights for weight in row)) == 1
    for whole_row, row in zip(form.weights, rows, strict=True):
        for weight, given_weight in zip(whole_row, row, strict=True):
            assert type(weight) is int
            assert Fraction(weight, form.divisor) == exact(given_weight) / exact(divisor)


@repeatable
@given(matrices(st.one_of(whole, fractions)), numbers.filter(bool), fractions, st.sampled_from([1, 255, 65535]))
def test_the_output_range_is_what_black_and_white_samples_can_give(
    rows: Any, divisor: Number, bias: Fraction, white: int
) -> None:
    values = [exact(weight) / exact(divisor) for row in rows for weight in row]
    low, high = Kernel(rows, divisor=divisor, bias=bias).output_range(white)
    assert low == bias + sum(value * white for value in values if value < 0)
    assert high == bias + sum(value * white for value in values if value > 0)


@repeatable
@given(matrices(), numbers.filter(bool))
def test_the_sum_is_the_exact_sum_over_the_divisor(rows: Any, divisor: Number) -> None:
    total = sum((exact(weight) for row in rows for weight in row), Fraction())
    assert Kernel(rows, divisor=divisor).sum == total / exact(divisor)


@pytest.mark.parametrize(
    ("rows", "is_exact"),
    [([[1, 2]], True), ([["1/3", 2.0]], True), ([[0.5, 1]], False), ([["1e-3"]], False)],
)
def test_a_kernel_is_exact_where_no_weight_is_a_float(rows: Any, is_exact: bool) -> None:
    assert Kernel(rows).is_exact is is_exact


# Equality, hashing, pickling


@repeatable
@given(matrices(), numbers.filter(bool), numbers, st.booleans())
def test_a_kernel_survives_pickling_before_and_after_it_was_used(
    rows: Any, divisor: Number, bias: Number, anchored: bool
) -> None:
    kernel = Kernel(rows, divisor=divisor, bias=bias, anchor=(0, 0) if anchored else None, name="mine")
    fresh = pickle.loads(pickle.dumps(kernel))
    form = kernel.integer_form
    used = pickle.loads(pickle.dumps(kernel))
    assert fresh == used == kernel
    assert hash(fresh) == hash(used) == hash(kernel)
    assert fresh.integer_form == used.integer_form == form


def test_kernels_are_equal_where_all_that_was_given_is_equal() -> None:
    kernel = Kernel([[1, 2.0], ["3", np.int8(4)]], divisor=2.0)
    assert kernel == Kernel(((1, 2), (3, 4)), divisor="2")
    assert hash(kernel) == hash(Kernel([[1, 2], [3, 4]], divisor=2))
    for other in (
        Kernel([[1, 2], [3, 5]], divisor=2),
        Kernel([[1, 2, 3, 4]], divisor=2),
        Kernel([[1, 2], [3, 4]], divisor=4),
        Kernel([[1, 2], [3, 4]], divisor=2, bias=1),
        Kernel([[1, 2], [3, 4]], divisor=2, anchor=(0, 0)),
        Kernel([[1, 2], [3, 4]], divisor=2, name="other"),
    ):
        assert kernel != other


def test_a_kernel_cannot_be_changed() -> None:
    kernel = Kernel([[1]])
    with pytest.raises(AttributeError):
        kernel.divisor = 2  # type: ignore[misc]


def test_a_kernel_does_not_follow_later_changes_of_the_list_it_was_made_from() -> None:
    rows = [[1, 2], [3, 4]]
    kernel = Kernel(rows)
    rows[0][0] = 99
    assert kernel.weights[0][0] == 1


# Factors


def outer(column: Sequence[int], row: Sequence[int]) -> list[list[int]]:
    return [[above * across for across in row] for above in column]


@repeatable
@given(
    st.lists(st.integers(-(2**70), 2**70), min_size=1, max_size=7),
    st.lists(st.integers(-(2**70), 2**70), min_size=1, max_size=7),
)
def test_an_outer_product_is_separated_into_factors_that_multiply_to_it(column: list[int], row: list[int]) -> None:
    weights = outer(column, row)
    factors = separate(weights)
    if not any(map(any, weights)):
        assert factors is None
        return
    assert factors is not None
    assert outer(*factors) == weights
    assert math.gcd(*factors[1]) == 1
    assert next(filter(None, factors[1])) > 0


@repeatable
@given(matrices(st.integers(-3, 3)))
def test_a_matrix_is_separated_exactly_where_its_rank_is_one(weights: list[list[int]]) -> None:
    is_zero = not any(map(any, weights))
    minors = (
        above[j] * below[m] - above[m] * below[j]
        for above, below in itertools.combinations(weights, 2)
        for j, m in itertools.combinations(range(len(above)), 2)
    )
    assert (separate(weights) is None) == (is_zero or any(minors))


@pytest.mark.parametrize("weights", [[[1, 0], [0, 1]], [[1, 2], [2, 5]], [[0, 1, 0], [1, -4, 1], [0, 1, 0]]])
def test_a_matrix_of_higher_rank_has_no_factors(weights: list[list[int]]) -> None:
    assert separate(weights) is None

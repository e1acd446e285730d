"""Kernel expressions: the laws of their algebra, their grammar, and what they refuse."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from conftest import Run
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import signal

import imfilt
from imfilt import Kernel, KernelError, UnknownKernelError, UsageError, load_registry
from imfilt.kernels import algebra
from imfilt.kernels.expressions.evaluation import FUNCTIONS, MOST_STEPS
from imfilt.kernels.expressions.parser import parse
from imfilt.kernels.expressions.tree import Call, Matrix, Minus, Name, Node, Number, Product, Sum
from imfilt.kernels.families.table import FAMILIES
from imfilt.kernels.lookup import EXPRESSION, FAMILY, find_entry, find_kernels
from imfilt.kernels.naming import to_stem
from imfilt.kernels.rounding import rounded
from imfilt.kernels.separable import separate
from imfilt.kernels.structure import symmetries

REGISTRY = load_registry()
repeatable = settings(deadline=None, derandomize=True, max_examples=80)

fractions = st.fractions(-9, 9, max_denominator=12)
small = st.integers(1, 3)


@st.composite
def kernels(draw: st.DrawFn) -> Kernel:
    """Draw a rational kernel, of an even or odd size, with a bias and with any anchor."""
    height, width = draw(small), draw(small)
    rows = [[draw(fractions) for _ in range(width)] for _ in range(height)]
    anchor = draw(st.none() | st.tuples(st.integers(0, height - 1), st.integers(0, width - 1)))
    return Kernel(rows, divisor=draw(fractions.filter(bool)), bias=draw(fractions), anchor=anchor)


@st.composite
def unbiased(draw: st.DrawFn) -> Kernel:
    kernel = draw(kernels())
    return Kernel(kernel.weights, divisor=kernel.divisor, anchor=kernel.anchor)


def meaning(kernel: Kernel) -> tuple[dict[tuple[int, int], Fraction], Fraction]:
    """Return what a kernel does under convolution: the weight of each sample by where it lies, and the bias."""
    height, width = kernel.size
    y0, x0 = kernel.anchor or (height // 2, width // 2)
    taps = {}
    for y, row in enumerate(kernel.weights):
        for x, weight in enumerate(row):
            if weight:
                taps[height - 1 - y - y0, width - 1 - x - x0] = Fraction(weight) / Fraction(kernel.divisor)
    return taps, Fraction(kernel.bias)


def after(outer: Kernel, inner: Kernel) -> tuple[dict[tuple[int, int], Fraction], Fraction]:
    """Return the meaning of `inner` and then `outer`, by substitution."""
    taps: dict[tuple[int, int], Fraction] = {}
    (first, bias), (second, inner_bias) = meaning(outer), meaning(inner)
    for (y1, x1), w1 in first.items():
        for (y2, x2), w2 in second.items():
            taps[y1 + y2, x1 + x2] = taps.get((y1 + y2, x1 + x2), Fraction(0)) + w1 * w2
    return {place: tap for place, tap in taps.items() if tap}, bias + inner_bias * sum(first.values())


def kernel_of(text: str) -> Kernel:
    return find_entry(text, REGISTRY).kernel


def rows_of(kernel: Kernel) -> list[list[Fraction]]:
    return [[Fraction(weight) / Fraction(kernel.divisor) for weight in row] for row in kernel.weights]


# The laws


@repeatable
@given(kernels(), kernels(), kernels(), fractions, fractions)
def test_kernels_are_a_space(a: Kernel, b: Kernel, c: Kernel, n: Fraction, m: Fraction) -> None:
    add, scale = algebra.add, algebra.scale
    nothing: tuple[dict[tuple[int, int], Fraction], Fraction] = {}, Fraction(0)
    assert meaning(add(a, b)) == meaning(add(b, a))
    assert meaning(add(add(a, b), c)) == meaning(add(a, add(b, c)))
    assert meaning(scale(add(a, b), n)) == meaning(add(scale(a, n), scale(b, n)))
    assert meaning(scale(scale(a, m), n)) == meaning(scale(a, n * m))
    assert meaning(add(a, scale(a, Fraction(-1)))) == nothing


@repeatable
@given(kernels(), kernels(), kernels())
def test_composition_is_one_after_the_other_associative_and_distributive(a: Kernel, b: Kernel, c: Kernel) -> None:
    compose, add = algebra.compose, algebra.add
    assert meaning(compose(a, b)) == after(a, b)
    assert meaning(compose(compose(a, b), c)) == meaning(compose(a, compose(b, c)))
    assert meaning(compose(add(a, b), c))[0] == meaning(add(compose(a, c), compose(b, c)))[0]
    size = compose(a, b).size
    assert size == (a.size[0] + b.size[0] - 1, a.size[1] + b.size[1] - 1)


@repeatable
@given(unbiased(), unbiased(), unbiased(), fractions)
def test_composition_is_commutative_and_linear_without_biases(a: Kernel, b: Kernel, c: Kernel, n: Fraction) -> None:
    compose, add, scale = algebra.compose, algebra.add, algebra.scale
    assert meaning(compose(a, b)) == meaning(compose(b, a))
    assert meaning(compose(a, add(b, c))) == meaning(add(compose(a, b), compose(a, c)))
    assert meaning(compose(scale(a, n), b)) == meaning(scale(compose(a, b), n))
    assert meaning(compose(a, Kernel([[1]]))) == meaning(a)


@repeatable
@given(unbiased(), unbiased())
def test_turns_are_those_of_numpy_and_go_through_sums_and_compositions(a: Kernel, b: Kernel) -> None:
    turns: list[tuple[Callable[[Kernel], Kernel], Callable[..., np.ndarray]]] = [
        (algebra.quarter_turn, np.rot90),
        (algebra.flip, np.flip),
        (algebra.transpose, np.transpose),
    ]
    for turn, reference in turns:
        assert rows_of(turn(a)) == reference(np.array(rows_of(a), object)).tolist()
        assert meaning(turn(algebra.compose(a, b))) == meaning(algebra.compose(turn(a), turn(b)))
        assert meaning(turn(algebra.add(a, b))) == meaning(algebra.add(turn(a), turn(b)))
    four = algebra.quarter_turn(algebra.quarter_turn(algebra.quarter_turn(algebra.quarter_turn(a))))
    assert meaning(four) == meaning(a)
    assert meaning(algebra.flip(a)) == meaning(algebra.quarter_turn(algebra.quarter_turn(a)))


@repeatable
@given(kernels(), st.integers(1, 4))
def test_dilation_moves_every_weight_so_many_times_as_far(kernel: Kernel, distance: int) -> None:
    taps, bias = meaning(kernel)
    assert meaning(algebra.dilate(kernel, distance)) == (
        {(y * distance, x * distance): weight for (y, x), weight in taps.items()},
        bias,
    )


@repeatable
@given(kernels())
def test_a_normalised_kernel_sums_to_1(kernel: Kernel) -> None:
    if kernel.sum:
        assert algebra.normalize(kernel).sum == 1
    else:
        with pytest.raises(KernelError, match="sum to 0"):
            algebra.normalize(kernel)


def test_composition_is_the_convolution_of_scipy() -> None:
    rng = np.random.default_rng(1)
    for _ in range(5):
        a, b = (rng.integers(-9, 10, rng.integers(1, 7, 2)) for _ in range(2))
        assert rows_of(algebra.compose(Kernel(a), Kernel(b))) == signal.convolve2d(a, b).tolist()


# What becomes of pictures


def test_two_kernels_do_what_their_composition_does_but_near_borders_and_where_samples_are_clipped() -> None:
    picture = np.random.default_rng(2).integers(0, 256, (30, 40), np.uint8)
    two = imfilt.apply(picture, ["edge3", "gaussian3"])
    one = imfilt.apply(picture, "edge3 @ gaussian3")
    assert np.array_equal(two[2:-2, 2:-2], one[2:-2, 2:-2])
    assert not np.array_equal(two, one)  # the border of a picture is not that of what edge3 makes of it
    assert np.array_equal(
        imfilt.apply(picture, ["edge3", "gaussian3"], size="valid"),
        imfilt.apply(picture, "edge3@gaussian3", size="valid"),
    )
    clipped = imfilt.apply(imfilt.apply(picture, "edge3"), "gaussian3")  # rounded and clipped in between
    assert not np.array_equal(clipped[2:-2, 2:-2], one[2:-2, 2:-2])


def test_a_sum_does_what_the_sum_of_the_results_is() -> None:
    picture = np.random.default_rng(3).integers(0, 256, (20, 30))
    whole = imfilt.convolve(picture, kernel_of("2*edge3 - [1 2; 3 4] + sobel-x"))
    parts = 2 * imfilt.convolve(picture, REGISTRY["edge3"]) - imfilt.convolve(picture, [[1, 2], [3, 4]])
    assert np.array_equal(whole, parts + imfilt.convolve(picture, REGISTRY["sobel-x"]))


# Values


@pytest.mark.parametrize(
    ("text", "rows", "divisor"),
    [
        ("-sobel-x", [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], 1),
        ("rot90(sobel-x)", [[-1, -2, -1], [0, 0, 0], [1, 2, 1]], 1),
        ("flip(sobel-x)", [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], 1),
        ("transpose(sobel-x)", [[1, 2, 1], [0, 0, 0], [-1, -2, -1]], 1),
        ("dilate([1 2], 3)", [[1, 0, 0, 2]], 1),
        ("normalized([1 2 1])", [[1, 2, 1]], 4),
        ("[1 2 1] @ [1; 2; 1]", [[1, 2, 1], [2, 4, 2], [1, 2, 1]], 1),
        ("[1 2] / 2", [[1, 2]], 2),
        ("0.1 * [1 2]", [[1, 2]], 10),
        ("1/3 * [1 2]", [[1, 2]], 3),
        ("2 * (1 + 1/2) * [1]", [[3]], 1),
        ("[1] - [1 1 1]", [[-1, 0, -1]], 1),
        ("identity - box3", [[-1, -1, -1], [-1, 8, -1], [-1, -1, -1]], 9),
        ("[1/2 .5]", [[1, 1]], 2),
        ("--+[1]", [[1]], 1),
        ("binomial:3", [[1, 2, 1], [2, 4, 2], [1, 2, 1]], 16),
        ("Box-Blur*9", [[1, 1, 1], [1, 1, 1], [1, 1, 1]], 1),
        ("TENT", [[1, 2, 1], [2, 4, 2], [1, 2, 1]], 16),
    ],
)
def test_an_expression_has_this_value(text: str, rows: list[list[int]], divisor: int) -> None:
    kernel = kernel_of(text)
    assert rows_of(kernel) == rows_of(Kernel(rows, divisor=divisor))
    assert kernel.is_exact or kernel.is_short


def test_sharpening_by_an_expression_is_the_family_that_does_so() -> None:
    centre = find_entry("identity + 0.8*(identity - gaussian:sigma=2)", REGISTRY).kernel
    assert rows_of(centre) == rows_of(FAMILIES["unsharp"](sigma=2, amount="0.8"))
    assert centre.sum == 1
    assert not centre.is_exact  # for a Gaussian is not


def test_a_bias_goes_through_the_kernels_after_it() -> None:
    registry = REGISTRY.merged(type(REGISTRY)((imfilt.kernels.registry.Entry(Kernel([[1, 1]], bias=10, name="lit")),)))
    assert find_entry("2*lit + lit", registry).kernel.bias == 30
    assert find_entry("[3] @ lit", registry).kernel.bias == 30
    assert find_entry("lit @ [3]", registry).kernel.bias == 10


# Printing


values = st.one_of(st.decimals(0, 99, places=2).map(Fraction), fractions, st.sampled_from(["x", "ne"]))
names = (
    st.from_regex(r"[a-z]\w{0,3}(-\w{1,3})?", fullmatch=True).filter(str.isascii).filter(lambda n: n not in FUNCTIONS)
)
parameters = st.lists(st.tuples(names, values), max_size=3, unique_by=lambda pair: pair[0]).map(tuple)
leaves: st.SearchStrategy[Node] = st.one_of(
    st.decimals(0, 99, places=3).map(lambda value: Number(Fraction(value))),
    st.builds(Name, names, parameters | st.tuples(st.tuples(st.just(""), values))),
    st.lists(st.lists(fractions | st.floats(-9, 9), min_size=2, max_size=2), min_size=1, max_size=3).map(
        lambda rows: Matrix(Kernel(rows))
    ),
)


def larger(nodes: st.SearchStrategy[Node]) -> st.SearchStrategy[Node]:
    def chains(kind: type[Sum] | type[Product], signs: str) -> st.SearchStrategy[Node]:
        rest = st.lists(st.tuples(st.sampled_from(signs), nodes), min_size=1, max_size=3).map(tuple)
        return st.builds(kind, nodes, rest)

    functions = [name for name, function in FUNCTIONS.items() if not function.takes_number]
    return st.one_of(
        chains(Sum, "+-"),
        chains(Product, "*/@"),
        st.builds(Minus, nodes),
        st.builds(Call, st.sampled_from(functions), nodes),
        st.builds(Call, st.just("dilate"), nodes, st.integers(0, 99)),
    )


@settings(repeatable, max_examples=300)
@given(st.recursive(leaves, larger, max_leaves=12))
def test_parsing_what_a_tree_prints_gives_the_tree(tree: Node) -> None:
    assert parse(str(tree)) == tree
    assert parse(str(tree).replace(" ", "  ")) == tree


# What is refused


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "column 1: a kernel or a number is expected here, and not the end"),
        ("box3 +", "column 7: a kernel or a number is expected here, and not the end"),
        ("box3 gaussian3", "column 6: an operator such as + or @ is expected here, and not 'gaussian3'"),
        ("(box3", "column 6: ')' is expected here, and not the end"),
        ("box3)", "column 5: an operator such as + or @ is expected here, and not ')'"),
        ("2", "column 1: this is a number, and no kernel; multiply a kernel by it"),
        ("box3 + 2", "column 8: a number and a kernel cannot be added; write 2 * identity"),
        ("box3 - 1/2", "column 8: a number and a kernel cannot be added; write 0.5 * identity"),
        ("box3 * box3", "column 8: two kernels cannot be multiplied; write @ for one after the other"),
        ("1 / box3", "column 5: nothing can be divided by a kernel; divide by a number"),
        ("box3 / (1 - 1)", "column 9: nothing can be divided by 0"),
        ("2 @ box3", "column 5: @ stands between two kernels; write * for a multiple"),
        ("flip(2)", "column 1: flip is of a kernel, and this is a number"),
        ("dilate(box3)", "column 12: ',' and a whole number is expected here, and not ')'"),
        ("dilate(box3, 1.5)", "column 14: '1.5' is not a whole number"),
        ("dilate(box3, 0)", "column 1: the distance must be a whole number from 1 on"),
        ("dilate(box3, 1000000000)", "column 1: this makes a kernel larger than 1001 x 1001; "),
        ("normalized(edge3)", "column 1: the weights sum to 0, and nothing can be divided by 0"),
        ("2*identity-box3", "column 3: unknown kernel 'identity-box3'; a minus after a name needs a space before it; "),
        ("2*egde3", "column 3: unknown kernel 'egde3'; did you mean edge3"),
        ("gaussian:sigma=1e9", "column 1: gaussian: sigma: 1000000000 must be a number from 0.01 to 1000"),
        ("gaussian:sgima=1", "column 1: gaussian has no 'sgima'; did you mean sigma? its parameters are "),
        ("gaussian:2,sigma=3", "column 1: gaussian is given its sigma twice"),
        ("gaussian:sigma=2,sigma=3", "column 1: gaussian is given a parameter twice"),
        ("gaussian:sigma=", "column 16: a value is expected here, and not the end"),
        ("gaussian(2)", "column 1: the parameters of a family come after a colon, as in gaussian:sigma=1"),
        ("2 * box radius=2", "column 5: the parameters of a family come after a colon, as in box:radius=1"),
        ("normalize(box3)", "column 1: 'normalize' is no function; did you mean normalized? there are rot90, flip, "),
        ("unsharp:amount=1/3", "column 16: is 1/3 the value, or is the kernel divided? Write (1/3) or 1 / 3"),
        ("gaussian:2/3 + box3", "column 10: is 2/3 the value, or is the kernel divided? Write (2/3) or 2 / 3"),
        ("sobel-xy - box3", "column 1: 'sobel-xy' is a group of 2 kernels, and one is asked for; name one of them: "),
        ("box:radius=(1/0)", "column 15: nothing can be divided by 0"),
        ("box3:radius=1", "column 1: box3 has no parameters; leave out what follows ':'"),
        ("[1 2; 3]", "column 1: row 2 has 1 numbers where row 1 has 2"),
        ("[1 2", "column 1: '[' without a ']'"),
        ("3box", "column 1: '3box' is not a number"),
        ("1e999*box3", "column 1: a number outside 1e-308 to 1e308"),
        ("1e-99999999*box3", "column 1: a number outside 1e-308 to 1e308"),
        ("box3 + ü", "column 8: 'ü' has no meaning in an expression"),
        ("box3 & box3", "column 6: '&' has no meaning in an expression"),
        ("(" * 1000 + "box3" + ")" * 1000, "column 41: brackets and signs are nested more than 40 deep"),
        ("-" * 1000 + "box3", "column 41: brackets and signs are nested more than 40 deep"),
        ("box3" + " + box3" * 1000, "column 4000: an expression of at most 4000 characters can be read"),
    ],
)
def test_what_is_wrong_is_one_line_with_the_column(text: str, problem: str) -> None:
    with pytest.raises(UsageError) as error:
        kernel_of(text)
    assert f"': {problem}" in str(error.value)
    assert re.fullmatch(r"kernel '.*': column \d+: .+", str(error.value))
    assert len(str(error.value)) < 300


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("+".join(["gaussian:sigma=100"] * 200), "this takes too many steps to be worked out exactly; "),
        ("disk:100 @ disk:100", "this takes too many steps to be worked out exactly; "),
        ("@".join(["[" + "1 " * 400 + "]"] * 3), "this makes a kernel larger than 1001 x 1001; "),
        ("@".join(["gaussian:sigma=3"] * 60), "this takes too many steps to be worked out exactly; "),
        ("@".join(["[1/3 12345678901/7654321]"] * 40), "the exact weights of this have more than 308 digits; "),
        ("*".join(["0.123456789"] * 300) + "*box3", "a number outside 1e-308 to 1e308"),
    ],
)
def test_what_would_take_too_much_is_one_line_with_a_column(text: str, problem: str) -> None:
    with pytest.raises(UsageError, match=rf"^kernel '.*': column \d+: .*{problem}"):
        kernel_of(text)


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("gaussian:sigma=1", 20),
        ("farid:x", 15),
        ("disk:2", 16),
        ("sobel:angle=30", 25),
        ("binomial:30", 12),
        ("gaussian-derivative:sigma=1", 14),
        ("(1/3*disk:1)", 20),
        ("(gaussian:sigma=0.5 - 0.99999999*gaussian:sigma=0.6)", 9),
    ],
)
def test_chains_of_approximate_kernels_may_be_long(text: str, times: int) -> None:
    one, chain = kernel_of(text), kernel_of(" @ ".join([text] * times))
    assert chain.sum == one.sum**times
    assert chain.integer_form.divisor.bit_length() < 800
    once = np.array(rows_of(one), float)
    expected = once
    for _ in range(times - 1):
        expected = signal.convolve2d(expected, once)
    np.testing.assert_allclose(np.array(rows_of(chain), float), expected, rtol=0, atol=1e-12 * abs(expected).max())
    assert (separate(chain.integer_form.weights) is None) == (separate(one.integer_form.weights) is None)
    assert symmetries(chain.integer_form.weights) == symmetries(one.integer_form.weights) or times % 2 == 0


@repeatable
@given(st.lists(st.lists(st.integers(-(10**90), 10**90), min_size=3, max_size=3), min_size=1, max_size=3))
def test_rounding_keeps_the_sum_and_nearly_every_weight(rows: list[list[int]]) -> None:
    divisor = 10**90
    coarse, coarse_divisor = rounded(rows, divisor)
    total = Fraction(sum(map(sum, rows)), divisor)
    again = Fraction(sum(map(sum, coarse)), coarse_divisor)
    assert again == total if total.denominator.bit_length() <= 256 else abs(again - total) <= abs(total) / 2**120
    largest = max(abs(number) for row in rows for number in row)
    for row, coarse_row in zip(rows, coarse, strict=True):
        for number, other in zip(row, coarse_row, strict=True):
            assert (
                abs(Fraction(number, divisor) - Fraction(other, coarse_divisor)) <= Fraction(largest, divisor) / 2**110
            )


def test_a_long_sum_of_small_kernels_is_no_trouble() -> None:
    assert kernel_of("+".join(["box3"] * 500)).sum == 500


def test_a_single_unknown_name_is_answered_as_ever() -> None:
    with pytest.raises(UnknownKernelError, match=r"^unknown kernel 'gausian'; did you mean .*gaussian"):
        kernel_of("gausian")
    with pytest.raises(UnknownKernelError, match=r"^unknown kernel 'x{57}\.\.\.'; 'imfilt list-kernels'"):
        kernel_of("x" * 3000)


PIECES = (
    "gaussian box3 disk: sigma= radius= 1e9 2 .5 ( ) [ ] @ * / + - , : = ; dilate( rot90( normalized( 10**9 x é 1e-400"
)
pieces = st.sampled_from([*PIECES.split(), " ", "[1 2]", "\x00", "\n"])


@settings(deadline=None, derandomize=True, max_examples=400)
@given(st.lists(pieces, max_size=25).map("".join) | st.text(max_size=60))
def test_any_text_is_a_kernel_or_one_line(text: str) -> None:
    try:
        kernel = kernel_of(text)
    except UsageError as error:
        problem = str(error)
    else:
        problem = ""
        assert isinstance(kernel, Kernel)
        assert re.fullmatch(r"[A-Za-z0-9.-]{1,48}", kernel.name)
    if problem:
        assert "\n" not in problem
        assert re.match(r"unknown kernel |kernel .*column \d+: ", problem), problem


def test_the_steps_are_counted_so_that_no_text_takes_long() -> None:
    side = int(MOST_STEPS**0.5) // 2
    a = Kernel(np.eye(side // 4, dtype=int))
    taken: list[int] = []
    algebra.compose(a, a, taken.append)
    assert sum(taken) >= (side // 4) ** 3  # as many weights as the diagonal has, by all cells of the other


# Where expressions can be used


def test_what_is_found_says_where_it_came_from() -> None:
    family, expression = find_entry("Gaussian:sigma=2", REGISTRY), find_entry("box3 / 2", REGISTRY)
    assert (family.origin, family.formula) == (FAMILY, "Gaussian:sigma=2")
    assert family.reference == FAMILIES["gaussian"].source
    assert (expression.origin, expression.formula) == (EXPRESSION, "box3 / 2")
    assert find_entry("sharpen", REGISTRY) is REGISTRY.entry("sharpen")  # which comes before a family of that name
    assert find_entry("sharpen:amount=2", REGISTRY).origin == FAMILY


@pytest.mark.parametrize(
    ("text", "stem"),
    [
        ("gaussian:sigma=2.5", "gaussian-sigma2.5"),
        ("identity + 0.5 * box3", "identity-plus-0.5-times-box3"),
        ("-sobel-x", "minus-sobel-x"),
        ("rot90(sobel-x)", "rot90-sobel-x"),
        ("[1 2; 3 4]", "1-2-3-4"),
    ],
)
def test_files_are_called_after_an_expression(text: str, stem: str) -> None:
    assert to_stem(text) == stem


@given(st.text(max_size=200))
@repeatable
def test_what_files_are_called_is_short_and_safe(text: str) -> None:
    assert re.fullmatch(r"[a-z0-9]([a-z0-9.-]{0,46}[a-z0-9])?", to_stem(text))


def test_the_command_takes_expressions(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.effect_noise((40, 30), 60).save("a.png")
    result = run("apply", "a.png", "-k", "box:radius=2", "-k", "identity + 0.5*(identity - gaussian3)")
    assert (result.status, result.stderr) == (0, "")
    assert result.lines == ["a_box-radius2_identity-plus-0.5-times-identity-minus-gaussian3.png"]
    with Image.open(result.lines[0]) as written, Image.open("a.png") as source:
        expected = imfilt.apply(source, ["box:radius=2", "identity + 0.5*(identity - gaussian3)"])
        assert np.array_equal(np.asarray(written), np.asarray(expected))


def test_a_kernel_is_shown_for_an_expression(run: Run) -> None:
    result = run("show-kernel", "edge3@gaussian3*16")
    assert (result.status, result.stderr) == (0, "")
    assert result.lines[0] == "edge3 @ gaussian3 * 16"
    assert result.lines[2:7] == [
        "  -1  -3  -4  -3  -1",
        "  -3   0   6   0  -3",
        "  -4   6  20   6  -4",
        "  -3   0   6   0  -3",
        "  -1  -3  -4  -3  -1",
    ]
    assert "made by       edge3 @ gaussian3 * 16" in result.lines


def test_a_wrong_expression_is_one_line_and_exit_2(run: Run) -> None:
    result = run("apply", "none.png", "-k", "identity + (2")
    assert (result.status, result.stdout) == (2, b"")
    assert result.stderr == "imfilt: kernel 'identity + (2': column 14: ')' is expected here, and not the end\n"


# Groups


def test_every_group_gives_kernels_to_be_laid_side_by_side() -> None:
    compass = {"kirsch-compass", "prewitt-compass", "robinson-compass"}
    assert {group.name for group in REGISTRY.groups} >= compass
    for group in REGISTRY.groups:
        members = find_kernels(group.name.upper(), REGISTRY)
        assert len(members) == len(group.members) == len(set(members))
        assert all(kernel.sum == 0 for kernel in members)
        if group.name in compass:  # each is the one before, turned by an eighth
            rings = [[rows[y][x] for y, x in RING] for rows in map(rows_of, members)]
            assert rings == [rings[0][-turn:] + rings[0][:-turn] for turn in range(8)]


RING = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]


def test_a_group_in_a_row_is_an_error_that_says_what_to_do(run: Run, tmp_path: Path) -> None:
    Image.new("L", (9, 9)).save(image := tmp_path / "a.png")
    group = "imfilt: 'Sobel-XY' is a group of kernels, to be laid side by side; "
    members = "name one of them: sobel:x, sobel:y\n"
    for command, advice in {
        ("apply", image): "add --combine max or --each, or ",
        ("report", image, "-o", tmp_path / "a.html"): "add --combine max, or ",
        ("explain", image, "1", "1"): "",
        ("verify", image, image): "",
    }.items():
        result = run(*command, "-k", "Sobel-XY")
        assert (result.status, result.stderr) == (2, group + advice + members)
    shown = run("show-kernel", "sobel-xy")
    assert (shown.status, shown.stdout) == (2, b"")
    assert shown.stderr.endswith("is a group of 2 kernels, and one is asked for; " + members)
    with pytest.raises(UsageError, match=r"to be laid side by side; give combine='max', or name one of them: sobel:x"):
        imfilt.apply(np.zeros((5, 5), np.uint8), "sobel-xy")
    both = imfilt.apply(np.eye(9, dtype=np.uint8), "sobel-xy", combine="magnitude")
    assert np.array_equal(both, imfilt.apply(np.eye(9, dtype=np.uint8), ["sobel:x", "sobel:y"], combine="magnitude"))


def test_a_sheet_shows_each_kernel_of_a_group(run: Run, tmp_path: Path) -> None:
    Image.effect_noise((40, 30), 60).save(image := tmp_path / "a.png")
    each = [argument for member in ("sobel:x", "sobel:y") for argument in ("-k", member)]
    for name, kernels in (("group.png", ["-k", "sobel-xy"]), ("each.png", each)):
        result = run("sheet", image, *kernels, "-k", "box3", "-o", tmp_path / name)
        assert result.status == 0, result.stderr
    with Image.open(tmp_path / "group.png") as group, Image.open(tmp_path / "each.png") as alone:
        assert np.array_equal(np.asarray(group), np.asarray(alone))


def test_a_group_is_combined_or_makes_a_picture_for_each(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.effect_noise((40, 30), 60).save("a.png")
    assert run("apply", "a.png", "-k", "sobel-xy", "--combine", "magnitude", "-o", "b.png").status == 0
    assert run("apply", "a.png", "-k", "sobel-x", "-k", "sobel-y", "--combine", "magnitude", "-o", "c.png").status == 0
    with Image.open("b.png") as b, Image.open("c.png") as c:
        assert b.tobytes() == c.tobytes()
    (long,) = run("apply", "a.png", "-k", "robinson-compass", "--combine", "max").lines
    assert re.fullmatch(r"a_1-2-1-0-0-0-1-2-1_0-1-2.*-[0-9a-f]{8}\.png", long)
    assert len(long) <= 110
    assert run("apply", "a.png", "-k", "kirsch-compass", "--each").lines[:2] == ["a_kirsch-n.png", "a_kirsch-ne.png"]

"""Python source: a matrix as NumPy has it, and OpenCV's ``filter2D``, which correlates.

Nothing is executed: of the syntax tree, numbers, lists, ``array``, ``ones``, ``zeros``, ``sum`` and arithmetic between
a matrix and a number are understood.
"""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator
from fractions import Fraction

from imfilt.errors import KernelError
from imfilt.kernels.kernel import LARGEST_SIDE, Kernel, half_turn
from imfilt.kernels.notations.forms import Rows, decimal, over_divisor, refuse_anchor, refuse_bias
from imfilt.kernels.notations.notation import Reading
from imfilt.kernels.numbers import Number, to_fraction, to_number

Matrix = list[list[Fraction]]

_LONGEST_TEXT = 300_000
_MOST_NUMBERS = 4 * LARGEST_SIDE**2
"""That may be made on the way: the largest kernel, divided by its sum, has half as many."""
_MAKERS = ("array", "asarray", "float32", "float64", "matrix")
_FILTERS = ("filter2D",)
_ARGUMENTS = ("src", "ddepth", "kernel", "dst", "anchor", "delta", "borderType")


class _Values(dict[str, object]):
    """What names stand for, and how many numbers were made: a short source can ask for more than any memory holds."""

    made = 0

    def count(self, numbers: int) -> None:
        """Count numbers that are made; raise `KernelError` where they become too many."""
        self.made += numbers
        if self.made > _MOST_NUMBERS:
            raise KernelError("the source makes too many numbers on its way to a matrix; give the matrix alone")


def recognise_opencv(text: str) -> bool:
    """Return whether the source filters with OpenCV."""
    return re.search(r"\bfilter2D\s*\(", text) is not None


def recognise_numpy(text: str) -> bool:
    """Return whether the source makes an array."""
    return re.search(rf"\b({'|'.join(_MAKERS)}|ones)\s*\(", text) is not None


def read(text: str) -> Reading:
    """Return the kernel that the source filters with, or else the last matrix that it makes."""
    values = _Values()
    last: object = None
    for statement in _parse(text).body:
        call = next(_calls(statement, _FILTERS), None)
        if call is not None:
            return _of_filter(call, values)
        if isinstance(statement, ast.Assign | ast.Expr):
            value = _value(statement.value, values)
            last = value if isinstance(value, list) else last
            for target in statement.targets if isinstance(statement, ast.Assign) else []:
                if isinstance(target, ast.Name):
                    values[target.id] = value
    if last is None:
        raise KernelError("no matrix is in it; write it as in np.array([[1, 2, 1]]) / 4")
    return Reading(Kernel(_rows(last)))


def write_opencv(kernel: Kernel) -> str:
    """Return lines that filter `image` and keep its type."""
    weights, divisor = over_divisor(kernel)
    y, x = kernel.anchor_cell
    return (
        "import cv2\nimport numpy as np\n\n"
        f"kernel = {_array(half_turn(weights), divisor)}\n"
        f"filtered = cv2.filter2D(image, -1, kernel, anchor=({x}, {y}), delta={decimal(kernel.bias)}, "
        "borderType=cv2.BORDER_REPLICATE)\n"
    )


def write_numpy(kernel: Kernel) -> str:
    """Return an expression for the matrix, as it is written."""
    refuse_bias(kernel, "numpy")
    refuse_anchor(kernel, "numpy")
    return f"{_array(*over_divisor(kernel))}\n"


def _array(rows: Rows, divisor: Number) -> str:
    listed = ", ".join(f"[{', '.join(map(decimal, row))}]" for row in rows)
    return f"np.array([{listed}], np.float64)" + (f" / {decimal(divisor)}" if divisor != 1 else "")


def _parse(text: str) -> ast.Module:
    if len(text) > _LONGEST_TEXT:
        raise KernelError(f"the source is longer than {_LONGEST_TEXT} characters; give the matrix alone")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.strip())
    except SyntaxError as error:
        raise KernelError(f"not valid Python in line {error.lineno}: {error.msg}") from None
    except (ValueError, RecursionError, MemoryError):
        raise KernelError("not valid Python: brackets nested too deep, or characters that cannot be in it") from None


def _calls(node: ast.AST, names: tuple[str, ...]) -> Iterator[ast.Call]:
    for each in ast.walk(node):
        if isinstance(each, ast.Call) and _name_of(each) in names:
            yield each


def _name_of(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _of_filter(call: ast.Call, values: _Values) -> Reading:
    given = dict(zip(_ARGUMENTS, call.args, strict=False)) | {str(each.arg): each.value for each in call.keywords}
    if "kernel" not in given:
        raise KernelError("filter2D is called without a kernel")
    laid = _rows(_value(given["kernel"], values))
    x, y = _pair(_value(given["anchor"], values)) if "anchor" in given else (-1, -1)
    rows, columns = len(laid), len(laid[0])
    anchor = (rows // 2 if y < 0 else y, columns // 2 if x < 0 else x)
    delta = _value(given["delta"], values) if "delta" in given else Fraction(0)
    if not isinstance(delta, Fraction):
        raise KernelError("delta is no number")
    default = anchor == (rows // 2, columns // 2)
    return Reading(Kernel(half_turn(laid), bias=delta, anchor=None if default else anchor), is_oriented=True)


def _pair(value: object) -> tuple[int, int]:
    numbers = value if isinstance(value, list) else []
    if len(numbers) != 2 or not all(isinstance(n, Fraction) and n.denominator == 1 for n in numbers):
        raise KernelError("a pair of whole numbers must stand for a size or an anchor")
    return int(numbers[0]), int(numbers[1])


def _rows(value: object) -> Matrix:
    """Return a matrix; a list of numbers is one row."""
    if not isinstance(value, list) or not value:
        raise KernelError("the kernel is no matrix of numbers that can be read; write it as np.array([[1, 2, 1]]) / 4")
    rows = value if isinstance(value[0], list) else [value]
    if sum(len(row) for row in rows if isinstance(row, list)) > _MOST_NUMBERS:  # a row may stand there many times
        raise KernelError(f"the matrix is larger than {LARGEST_SIDE} x {LARGEST_SIDE}")
    if not all(isinstance(row, list) and row and all(isinstance(n, Fraction) for n in row) for row in rows):
        raise KernelError("the matrix holds something else than rows of numbers")
    return rows


def _value(node: ast.AST, values: _Values) -> object:
    """Return a number, a list or a matrix; None for whatever else it is."""
    try:
        return _known(node, values)
    except RecursionError:
        raise KernelError("brackets are nested too deep; a matrix is a list of rows") from None
    except (ArithmeticError, TypeError, IndexError):
        return None


def _known(node: ast.AST, values: _Values) -> object:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
        return to_fraction(to_number(node.value))
    if isinstance(node, ast.List | ast.Tuple):
        return [_known(each, values) for each in node.elts]
    if isinstance(node, ast.Name):
        return values.get(node.id)
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        sign = -1 if isinstance(node.op, ast.USub) else 1
        return _each(_known(node.operand, values), Fraction(sign), values)
    if isinstance(node, ast.BinOp):
        return _arithmetic(node.op, _known(node.left, values), _known(node.right, values), values)
    return _called(node, values) if isinstance(node, ast.Call) else None


def _arithmetic(operation: ast.operator, left: object, right: object, values: _Values) -> object:
    if isinstance(operation, ast.Div) and isinstance(right, Fraction):
        return _each(left, 1 / right, values)
    if isinstance(operation, ast.Mult) and isinstance(right, Fraction):
        return _each(left, right, values)
    if isinstance(operation, ast.Mult) and isinstance(left, Fraction):
        return _each(right, left, values)
    if isinstance(left, Fraction) and isinstance(right, Fraction):
        if isinstance(operation, ast.Add):
            return _within(left + right)
        if isinstance(operation, ast.Sub):
            return _within(left - right)
    return None


def _each(value: object, factor: Fraction, values: _Values) -> object:
    values.count(1)
    if isinstance(value, list):
        return [_each(each, factor, values) for each in value]
    return _within(value * factor) if isinstance(value, Fraction) else None


def _within(number: Fraction) -> Fraction:
    """Return a number; raise `KernelError` where none of a kernel is as long, for products may double in each line."""
    return to_fraction(to_number(number))


def _called(call: ast.Call, values: _Values) -> object:
    name = _name_of(call)
    if name == "sum":
        of = call.func.value if isinstance(call.func, ast.Attribute) and not call.args else next(iter(call.args), None)
        rows = _rows(_known(of, values)) if of is not None else []
        total = Fraction(0)
        for row in rows:
            values.count(len(row))
            for number in row:
                total = _within(total + number)
        return total
    if not call.args:
        return None
    if name in _MAKERS:
        return _known(call.args[0], values)
    if name in ("ones", "zeros"):
        height, width = _pair(_known(call.args[0], values))
        if not (0 < height <= LARGEST_SIDE and 0 < width <= LARGEST_SIDE):
            raise KernelError(f"{height} x {width} is no kernel; its sides are 1 to {LARGEST_SIDE}")
        values.count(height * width)
        return [[Fraction(name == "ones")] * width for _ in range(height)]
    return None

"""From tree to kernel, exactly, in a bounded number of steps."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Protocol, TypeVar

from imfilt.errors import KernelError, UsageError
from imfilt.kernels import algebra
from imfilt.kernels.expressions.tree import Call, Matrix, Minus, Name, Node, Number, Product, Sum
from imfilt.kernels.families.table import find_family
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.numbers import format_exact, to_number
from imfilt.quick import NamedTuple

MOST_STEPS = 1_200_000
"""Cells that are looked at and products of cells: less than a second."""


class Function(NamedTuple):
    """A function that an expression may call."""

    apply: Callable[..., Kernel]
    meaning: str
    takes_number: bool = False

    @property
    def arguments(self) -> str:
        """What stands in its brackets."""
        return "k, N" if self.takes_number else "k"


FUNCTIONS = {
    "rot90": Function(algebra.quarter_turn, "turned by 90 degrees against the clock"),
    "flip": Function(algebra.flip, "turned by 180 degrees"),
    "transpose": Function(algebra.transpose, "rows and columns exchanged"),
    "dilate": Function(algebra.dilate, "weights N samples apart, zeros between: dilate(k, 2)", takes_number=True),
    "normalized": Function(algebra.normalize, "over the sum of its weights"),
}

_Evaluated = Kernel | Fraction
Result = TypeVar("Result", bound=_Evaluated)


class Kernels(Protocol):
    """Kernels by name, as a registry has them."""

    def __contains__(self, name: str, /) -> bool: ...

    def __getitem__(self, name: str, /) -> Kernel: ...


def evaluate(tree: Node, registry: Kernels, spend: algebra.Spend = lambda _: None) -> Kernel:
    """Return the kernel that an expression stands for; raise `KernelError` with the column of what is wrong.

    `spend` is told of all steps, beside the limit that each expression has.
    """
    result = _Evaluation(registry, spend).of(tree)
    if isinstance(result, Fraction):
        raise KernelError(f"column {tree.column}: this is a number, and no kernel; multiply a kernel by it")
    return result


class _Evaluation:
    def __init__(self, registry: Kernels, spend: algebra.Spend) -> None:
        self._registry = registry
        self._spend_outside = spend
        self._steps = 0
        self._made: dict[Node, Kernel] = {}

    def of(self, node: Node) -> _Evaluated:
        """Return the value of a node; an error names the innermost that it comes from."""
        match node:
            case Number(value=value):
                return value
            case Matrix(kernel=kernel):
                return kernel
            case Sum() | Product():
                return self._chain(node)
            case Minus():
                positive = self.of(node.of)
                return self._located(node, lambda: _times(Fraction(-1), positive, self._spend))
            case Call():
                return self._call(node, self.of(node.kernel))
            case Name():
                if node not in self._made:
                    self._made[node] = self._located(node, lambda: self._named(node))
                return self._made[node]
        raise TypeError(f"{type(node).__name__} is no part of an expression")

    def _spend(self, steps: int) -> None:
        self._spend_outside(steps)
        self._steps += steps
        if self._steps > MOST_STEPS:
            raise KernelError(
                "this takes too many steps to be worked out exactly; use smaller kernels, or give those that come one "
                "after the other as several -k"
            )

    def _chain(self, node: Sum | Product) -> _Evaluated:
        result = self.of(node.first)
        for sign, part in node.rest:
            result = self._located(part, partial(_SIGNS[sign], result, self.of(part), self._spend))
        return result

    def _located(self, node: Node, make: Callable[[], Result]) -> Result:
        try:
            return make()
        except UsageError as error:
            raise type(error)(f"column {node.column}: {error}") from None

    def _call(self, call: Call, kernel: _Evaluated) -> Kernel:
        if isinstance(kernel, Fraction):
            raise KernelError(f"column {call.column}: {call.function} is of a kernel, and this is a number")
        numbers = () if call.number is None else (call.number,)
        return self._located(call, lambda: FUNCTIONS[call.function].apply(kernel, *numbers, self._spend))

    def _named(self, name: Name) -> Kernel:
        family = find_family(name.name)
        if family is not None and (name.parameters or name.name not in self._registry):
            first = family.parameters[0].name
            if dict(name.parameters).keys() >= {"", first}:
                raise KernelError(f"{family.name} is given its {first} twice")
            kernel = family(**{key or first: value for key, value in name.parameters})
        elif name.parameters and name.name in self._registry:
            raise KernelError(f"{name.name} has no parameters; leave out what follows ':'")
        else:
            kernel = self._registry[name.name]
        self._spend(kernel.size[0] * kernel.size[1])
        return kernel


def _plus(first: _Evaluated, second: _Evaluated, spend: algebra.Spend) -> _Evaluated:
    if isinstance(first, Fraction) and isinstance(second, Fraction):
        return _bounded(first + second)
    if isinstance(first, Fraction) or isinstance(second, Fraction):
        number = first if isinstance(first, Fraction) else second
        raise KernelError(
            f"a number and a kernel cannot be added; write {format_exact(number)} * identity"  # type: ignore[arg-type]
        )
    return algebra.add(first, second, spend)


def _minus(first: _Evaluated, second: _Evaluated, spend: algebra.Spend) -> _Evaluated:
    if isinstance(first, Kernel) and isinstance(second, Fraction):
        return _plus(first, second, spend)  # which says what is wrong
    return _plus(first, _times(Fraction(-1), second, spend), spend)


def _times(first: _Evaluated, second: _Evaluated, spend: algebra.Spend) -> _Evaluated:
    if isinstance(first, Fraction):
        return _bounded(first * second) if isinstance(second, Fraction) else algebra.scale(second, first, spend)
    if isinstance(second, Fraction):
        return algebra.scale(first, second, spend)
    raise KernelError("two kernels cannot be multiplied; write @ for one after the other")


def _over(first: _Evaluated, second: _Evaluated, spend: algebra.Spend) -> _Evaluated:
    if not isinstance(second, Fraction):
        raise KernelError("nothing can be divided by a kernel; divide by a number")
    if second == 0:
        raise KernelError("nothing can be divided by 0")
    return _times(first, 1 / second, spend)


def _at(first: _Evaluated, second: _Evaluated, spend: algebra.Spend) -> _Evaluated:
    if isinstance(first, Fraction) or isinstance(second, Fraction):
        raise KernelError("@ stands between two kernels; write * for a multiple")
    return algebra.compose(first, second, spend)


def _bounded(value: Fraction) -> Fraction:
    return Fraction(to_number(value))


_SIGNS: dict[str, Callable[[_Evaluated, _Evaluated, algebra.Spend], _Evaluated]] = {
    "+": _plus,
    "-": _minus,
    "*": _times,
    "/": _over,
    "@": _at,
}

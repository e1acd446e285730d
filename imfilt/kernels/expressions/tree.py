"""What an expression says, as a tree that prints back: parsing what a tree prints gives the same tree.

Sums and products are as long as they are written, not nested, so a tree is no deeper than its brackets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction

from imfilt.kernels.families.family import Value, format_value
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.numbers import format_exact, format_number


@dataclass(frozen=True)
class Node:
    """A part of an expression, and the column that it begins at, counted from 1."""

    column: int = field(default=1, compare=False, kw_only=True)


@dataclass(frozen=True)
class Number(Node):
    """A decimal, not below 0."""

    value: Fraction

    def __str__(self) -> str:
        return format_exact(self.value)


@dataclass(frozen=True)
class Name(Node):
    """A kernel of the registry, or a family with parameters; one without a name is the first of the family."""

    name: str
    parameters: tuple[tuple[str, Value], ...] = ()

    def __str__(self) -> str:
        given = ",".join((f"{key}=" if key else "") + format_value(value) for key, value in self.parameters)
        return f"{self.name}:{given}" if given else self.name


@dataclass(frozen=True)
class Matrix(Node):
    """A matrix, written in square brackets."""

    kernel: Kernel

    def __str__(self) -> str:
        return f"[{'; '.join(' '.join(map(format_number, row)) for row in self.kernel.weights)}]"


@dataclass(frozen=True)
class Call(Node):
    """A function of a kernel, and of a whole number where it takes one."""

    function: str
    kernel: Node
    number: int | None = None

    def __str__(self) -> str:
        return f"{self.function}({self.kernel}{'' if self.number is None else f', {self.number}'})"


@dataclass(frozen=True)
class Minus(Node):
    """The negative of something."""

    of: Node

    def __str__(self) -> str:
        return f"-{_bracketed(self.of, Product, Sum)}"


@dataclass(frozen=True)
class Product(Node):
    """Things with ``*``, ``/`` and ``@`` between them, from the left to the right."""

    first: Node
    rest: tuple[tuple[str, Node], ...]

    def __str__(self) -> str:
        return _bracketed(self.first, Product, Sum) + "".join(
            f" {sign} {_bracketed(part, Product, Sum)}" for sign, part in self.rest
        )


@dataclass(frozen=True)
class Sum(Node):
    """Things with ``+`` and ``-`` between them."""

    first: Node
    rest: tuple[tuple[str, Node], ...]

    def __str__(self) -> str:
        return _bracketed(self.first, Sum) + "".join(f" {sign} {_bracketed(part, Sum)}" for sign, part in self.rest)


def _bracketed(node: Node, *kinds: type[Node]) -> str:
    return f"({node})" if isinstance(node, kinds) else str(node)

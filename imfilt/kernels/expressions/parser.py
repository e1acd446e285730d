"""From text to tree, by recursive descent. Errors name the column, counted from 1.

::

    sum     = product (("+" | "-") product)*
    product = signed (("*" | "/" | "@") signed)*
    signed  = ("-" | "+") signed | atom
    atom    = number | matrix | function "(" sum ["," number] ")" | kernel | "(" sum ")"
    kernel  = name [":" (value | name "=" value) ("," name "=" value)*]
    value   = ["-"] number | word | "(" ["-"] number "/" number ")"
    matrix  = "[" rows of numbers, as for -m "]"

A name holds letters, digits, ``_`` and ``-``; so a minus after a name needs a space before it. A value of 1/2 without
spaces is refused: it could be meant as the fraction ``(1/2)``, or as half of the kernel.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction

from imfilt.errors import KernelError
from imfilt.kernels.expressions.evaluation import FUNCTIONS
from imfilt.kernels.expressions.tree import Call, Matrix, Minus, Name, Node, Number, Product, Sum
from imfilt.kernels.families.family import Value
from imfilt.kernels.families.table import find_family
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.matrix_text import parse_matrix
from imfilt.kernels.naming import clipped, did_you_mean
from imfilt.kernels.numbers import parse_exact
from imfilt.quick import NamedTuple

_LONGEST_TEXT = 4000
_DEEPEST = 40

_TOKEN = re.compile(
    r"\s*(?:"
    r"(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![^\W_]))"
    r"|(?P<name>[^\W\d_]\w*(?:-+\w+)*)"
    r"|(?P<matrix>\[[^\]]*\])"
    r"|(?P<sign>[-+*/@():=,])"
    r"|(?P<end>$)"
    r")",
    re.ASCII,
)


class _Token(NamedTuple):
    kind: str
    text: str
    column: int

    def __str__(self) -> str:
        return "the end" if self.kind == "end" else repr(clipped(self.text, 30))


def parse(text: str) -> Node:
    """Return the tree of an expression; raise `KernelError` with the column of what is wrong.

    >>> str(parse("identity+.8*(identity - gaussian:sigma=2)"))
    'identity + 0.8 * (identity - gaussian:sigma=2)'
    """
    if len(text) > _LONGEST_TEXT:
        raise KernelError(f"column {_LONGEST_TEXT}: an expression of at most {_LONGEST_TEXT} characters can be read")
    parser = _Parser(_tokens(text))
    tree = parser.sum()
    parser.expect("end", "an operator such as + or @")
    return tree


def _tokens(text: str) -> list[_Token]:
    tokens: list[_Token] = []
    place = 0
    while not tokens or tokens[-1].kind != "end":
        match = _TOKEN.match(text, place)
        if match is None:
            column = place + len(text[place:]) - len(text[place:].lstrip()) + 1
            raise KernelError(f"column {column}: {_what_is_no_token(text[column - 1 :])}")
        kind = str(match.lastgroup)
        tokens.append(_Token(kind, match[kind], match.start(kind) + 1))
        place = match.end()
    return tokens


def _what_is_no_token(rest: str) -> str:
    if rest[0] == "[":
        return "'[' without a ']'"
    if rest[0].isdigit():
        return f"{rest[:10]!r} is not a number"
    return f"{rest[0]!r} has no meaning in an expression"


class _Parser:
    """A place in a list of tokens; each method reads what it is called after."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._place = 0
        self._depth = 0

    @property
    def _next(self) -> _Token:
        return self._tokens[self._place]

    def _take(self) -> _Token:
        token = self._next
        self._place += token.kind != "end"
        return token

    def _take_if(self, *texts: str) -> _Token | None:
        return self._take() if self._next.kind == "sign" and self._next.text in texts else None

    def expect(self, what: str, expected: str) -> _Token:
        """Take a token of a kind, or a sign; raise where there is another."""
        if self._next.kind != what and self._next.text != what:
            raise KernelError(f"column {self._next.column}: {expected} is expected here, and not {self._next}")
        return self._take()

    def sum(self) -> Node:
        """Read a sum."""
        return self._chain(self._product, Sum, "+", "-")

    def _product(self) -> Node:
        return self._chain(self._signed, Product, "*", "/", "@")

    def _chain(self, part: Callable[[], Node], kind: type[Sum] | type[Product], *signs: str) -> Node:
        column = self._next.column
        first = part()
        rest = []
        while sign := self._take_if(*signs):
            rest.append((sign.text, part()))
        return kind(first, tuple(rest), column=column) if rest else first

    def _signed(self) -> Node:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise KernelError(f"column {self._next.column}: brackets and signs are nested more than {_DEEPEST} deep")
        sign = self._take_if("-", "+")
        node = self._atom() if sign is None else self._signed()
        self._depth -= 1
        return Minus(node, column=sign.column) if sign and sign.text == "-" else node

    def _atom(self) -> Node:
        token = self._take()
        if token.kind == "number":
            return Number(_exact(token), column=token.column)
        if token.kind == "matrix":
            return Matrix(_matrix(token), column=token.column)
        if token.kind == "name":
            is_call = token.text in FUNCTIONS and self._next.text == "("
            return self._call(token) if is_call else self._kernel(token)
        if token.text == "(":
            inner = self.sum()
            self.expect(")", "')'")
            return inner
        raise KernelError(f"column {token.column}: a kernel or a number is expected here, and not {token}")

    def _call(self, function: _Token) -> Node:
        self._take()
        kernel, number = self.sum(), None
        if FUNCTIONS[function.text].takes_number:
            self.expect(",", "',' and a whole number")
            token = self.expect("number", "a whole number")
            value = _exact(token)
            if value.denominator != 1:
                raise KernelError(f"column {token.column}: {token} is not a whole number")
            number = int(value)
        self.expect(")", "')'")
        return Call(function.text, kernel, number, column=function.column)

    def _kernel(self, name: _Token) -> Node:
        parameters: list[tuple[str, Value]] = []
        if self._next.text == "(" or self._is_key(self._place):
            raise KernelError(f"column {name.column}: {_what_is_no_call(name.text)}")
        if self._take_if(":"):
            parameters.append((self._key(), self._value()))
            while self._next.text == "," and self._is_key(self._place + 1):
                self._take()
                parameters.append((self._key(), self._value()))
            self._check_division()
        names = [key for key, _ in parameters]
        if len(set(names)) < len(names):
            raise KernelError(f"column {name.column}: {name.text} is given a parameter twice")
        return Name(name.text, tuple(parameters), column=name.column)

    def _check_division(self) -> None:
        above, sign, below = (
            self._tokens[self._place - 1],
            self._next,
            self._tokens[self._place + (self._next.kind != "end")],
        )
        is_dense = sign.column == above.column + len(above.text) and below.column == sign.column + 1
        if sign.text == "/" and is_dense and (above.kind, below.kind) == ("number", "number"):
            both = above.text, below.text
            raise KernelError(
                f"column {above.column}: is {'/'.join(both)} the value, or is the kernel divided? Write "
                f"({'/'.join(both)}) or {' / '.join(both)}"
            )

    def _is_key(self, place: int) -> bool:
        return self._tokens[place].kind == "name" and self._tokens[place + 1].text == "="

    def _key(self) -> str:
        if not self._is_key(self._place):
            return ""
        key = self._take().text
        self._take()
        return key

    def _value(self) -> Value:
        if self._next.kind == "name":
            return self._take().text
        if self._take_if("("):
            above = self._number()
            self.expect("/", "'/'")
            below = self.expect("number", "a number")
            if not _exact(below):
                raise KernelError(f"column {below.column}: nothing can be divided by 0")
            self.expect(")", "')'")
            return above / _exact(below)
        return self._number()

    def _number(self) -> Fraction:
        sign = -1 if self._take_if("-") else 1
        return sign * _exact(self.expect("number", "a value"))


def _what_is_no_call(name: str) -> str:
    family = find_family(name)
    if family:
        return f"the parameters of a family come after a colon, as in {family.usage}"
    return f"{name!r} is no function; {did_you_mean(name, FUNCTIONS)}there are {', '.join(FUNCTIONS)}"


def _exact(token: _Token) -> Fraction:
    try:
        return parse_exact(token.text)
    except KernelError as error:
        raise KernelError(f"column {token.column}: {error}") from None


def _matrix(token: _Token) -> Kernel:
    try:
        return Kernel(parse_matrix(token.text[1:-1]))
    except KernelError as error:
        raise KernelError(f"column {token.column}: {error}") from None

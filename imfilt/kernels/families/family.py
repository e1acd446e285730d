"""What a family of kernels is: a function from parameters to a kernel, and what is known about both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from imfilt.errors import KernelError
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.naming import clipped, did_you_mean
from imfilt.kernels.numbers import format_exact, to_fraction, to_number

Value = int | Fraction | str
"""A whole number, any number, or one of several words."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a family: a word out of `choices`, or a number from `least` to `most`."""

    name: str
    meaning: str
    default: Value | None
    """None where it follows from the others."""
    least: Fraction | int = 0
    most: Fraction | int = 0
    choices: tuple[str, ...] = ()
    is_whole: bool = False

    @property
    def range(self) -> str:
        """What it may be, in words."""
        if self.choices:
            return " or ".join(self.choices)
        kind = "a whole number" if self.is_whole else "a number"
        return f"{kind} from {format_exact(self.least)} to {format_exact(self.most)}"

    def read(self, given: object) -> Value:
        """Return the value of what was given as text or as a number; raise `KernelError` where it is out of range."""
        if self.choices:
            found = [choice for choice in self.choices if choice == str(given).strip().casefold()]
            if not found:
                raise KernelError(f"{self.name}: {clipped(str(given), 30)} must be {self.range}")
            return found[0]
        try:
            value = to_fraction(to_number(given))
        except KernelError as error:
            raise KernelError(f"{self.name}: {error}; it must be {self.range}") from None
        if not self.least <= value <= self.most or (self.is_whole and value.denominator != 1):
            raise KernelError(f"{self.name}: {clipped(str(given), 30)} must be {self.range}")
        return int(value) if self.is_whole else value


def word(name: str, choices: tuple[str, ...], meaning: str, *, default: str | None = None) -> Parameter:
    """Return a parameter that is one of several words; the first where no other default is given."""
    return Parameter(name, meaning, default or choices[0], choices=choices)


def whole(name: str, default: int | None, least: int, most: int, meaning: str) -> Parameter:
    """Return a parameter that is a whole number."""
    return Parameter(name, meaning, default, least, most, is_whole=True)


def number(name: str, default: str | None, least: str, most: str, meaning: str) -> Parameter:
    """Return a parameter that is any number."""
    return Parameter(name, meaning, None if default is None else Fraction(default), Fraction(least), Fraction(most))


@dataclass(frozen=True)
class Family:
    """Kernels with parameters.

    `make` takes every parameter by its name, checked, and returns the kernel.
    """

    name: str
    make: Callable[..., Kernel]
    parameters: tuple[Parameter, ...]
    example: str
    """Parameters as they are written, which give the same kernel as none."""
    meaning: str
    source: str
    aliases: tuple[str, ...] = ()

    @property
    def usage(self) -> str:
        """How it is written, with the parameters that matter most at their defaults."""
        return f"{self.name}:{self.example}"

    def read(self, given: Mapping[str, object]) -> dict[str, Value]:
        """Return the checked values of what is given; raise `KernelError` for what is unknown or out of range."""
        known = {parameter.name: parameter for parameter in self.parameters}
        for name in given:
            if name not in known:
                raise KernelError(
                    f"{self.name} has no {name!r}; {did_you_mean(name, known)}its parameters are {', '.join(known)}"
                )
        try:
            return {name: known[name].read(value) for name, value in given.items()}
        except KernelError as error:
            raise KernelError(f"{self.name}: {error}") from None

    def __call__(self, **given: object) -> Kernel:
        """Return the kernel of the parameters `given`, those that are left out at their defaults."""
        values: dict[str, Value | None] = {each.name: each.default for each in self.parameters}
        values |= self.read(given)
        try:
            return self.make(**values)
        except KernelError as error:
            raise KernelError(f"{self.name}: {error}") from None


def format_call(name: str, values: Mapping[str, Value]) -> str:
    """Return a family with parameters as it is written.

    >>> format_call("gaussian", {"sigma": Fraction(5, 2)})
    'gaussian:sigma=2.5'
    """
    given = ",".join(f"{key}={format_value(value)}" for key, value in values.items())
    return f"{name}:{given}" if given else name


def format_value(value: Value | None) -> str:
    """Return a value as it is written in a kernel's name: a word, a decimal, or a fraction in brackets.

    >>> format_value(Fraction(5, 2)), format_value(Fraction(1, 3)), format_value("x")
    ('2.5', '(1/3)', 'x')
    """
    if isinstance(value, str) or value is None:
        return str(value)
    text = format_exact(value)
    return f"({text})" if "/" in text else text

"""Named tuples and dataclasses that are defined quickly: they do what those of the standard library do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import typing
from collections.abc import Callable
from typing import Any

import pytest

from imfilt import quick


class QuickTuple(quick.NamedTuple):
    """Its own text."""

    x: int
    y: list[int] = [1]  # noqa: RUF012 (a field)

    @property
    def both(self) -> tuple[int, int]:
        return self.x, len(self.y)


class UsualTuple(typing.NamedTuple):
    """Its own text."""

    x: int
    y: list[int] = [1]  # noqa: RUF012 (a field)

    @property
    def both(self) -> tuple[int, int]:
        return self.x, len(self.y)


@quick.dataclass(frozen=True)
class QuickClass:
    x: int
    y: list[int] = dataclasses.field(default_factory=lambda: [1], repr=False)
    z: int = dataclasses.field(default=2, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "x", abs(self.x))


@dataclasses.dataclass(frozen=True)
class UsualClass:
    x: int
    y: list[int] = dataclasses.field(default_factory=lambda: [1], repr=False)
    z: int = dataclasses.field(default=2, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "x", abs(self.x))


TUPLES = [QuickTuple, UsualTuple]
CLASSES = [QuickClass, UsualClass]
TRIALS: list[Callable[[Any], object]] = [
    lambda cls: cls(-3),
    lambda cls: cls(3, [4]),
    lambda cls: cls(y=[], x=1),
    lambda cls: cls(x=1) == cls(1, [1]),
    lambda cls: cls(1) == cls(2),
    lambda cls: cls(1) != "1",
    lambda cls: copy.copy(cls(5)),
    lambda cls: pickle.loads(pickle.dumps(cls(5, [6]))),
    lambda cls: cls(),
    lambda cls: cls(1, [], 3, 4),
    lambda cls: cls(1, a=2),
    lambda cls: cls(1, x=2),
    lambda cls: hash(cls(1, ())) == hash(cls(1, ())),
    lambda cls: hash(cls(1)),
    lambda cls: setattr(cls(1), "x", 2),
    lambda cls: delattr(cls(1), "x"),
]


def _found(trial: Callable[[Any], object], cls: type) -> str:
    try:
        return repr(trial(cls)).replace("Quick", "Usual")
    except Exception as error:
        return type(error).__name__


@pytest.mark.parametrize("trial", TRIALS)
@pytest.mark.parametrize("classes", [TUPLES, CLASSES])
def test_they_do_what_those_of_the_standard_library_do(trial: Callable[[Any], object], classes: list[type]) -> None:
    quick_one, usual = classes
    assert _found(trial, quick_one) == _found(trial, usual)


def test_a_named_tuple_has_all_that_belongs_to_one() -> None:
    value = QuickTuple(1)
    assert (value._fields, value._field_defaults, value._asdict()) == (("x", "y"), {"y": [1]}, {"x": 1, "y": [1]})
    assert (value._replace(x=4), value.both, tuple(value)) == ((4, [1]), (1, 1), (1, [1]))
    assert (QuickTuple.__doc__, QuickTuple.__module__) == (UsualTuple.__doc__, UsualTuple.__module__)
    assert typing.get_type_hints(QuickTuple) == typing.get_type_hints(UsualTuple)


def test_a_dataclass_is_known_as_one() -> None:
    assert [field.name for field in dataclasses.fields(QuickClass)] == ["x", "y", "z"]
    assert dataclasses.replace(QuickClass(1), x=-7) == QuickClass(7)
    assert dataclasses.asdict(QuickClass(1)) == dataclasses.asdict(UsualClass(1))
    assert QuickClass(1, z=3) == QuickClass(1, z=4)


def test_what_would_not_be_what_it_says_is_refused() -> None:
    with pytest.raises(TypeError, match="cannot follow"):

        class Shifted(quick.NamedTuple):
            x: int = 1
            y: int  # type: ignore[misc]

    with pytest.raises(TypeError, match="never changes"):
        quick.dataclass(frozen=False)

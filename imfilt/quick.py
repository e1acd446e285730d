"""Named tuples and dataclasses that are defined quickly: for one command it took longer than to filter a small picture.

Type checkers see those of the standard library, which compile annotations, and methods of their own for each class.
Modules that define some have ``from __future__ import annotations``, so that their annotations are text.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from dataclasses import dataclass
    from typing import NamedTuple
else:
    import dataclasses
    from collections import namedtuple

    class _Definition(type):
        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = list(body["__annotations__"])
            with_defaults = [field for field in fields if field in body]
            if with_defaults != fields[len(fields) - len(with_defaults) :]:
                raise TypeError(f"{name}: a field without a default cannot follow one with a default")
            defaults = [body.pop(field) for field in with_defaults]
            made = namedtuple(name, fields, defaults=defaults, module=body.pop("__module__"))
            for attribute, value in body.items():
                setattr(made, attribute, value)
            return made

    class NamedTuple(metaclass=_Definition):
        """`typing.NamedTuple`, but that annotations are not looked at.

        >>> class Size(NamedTuple):
        ...     rows: int
        ...     columns: int = 1
        >>> Size(3)
        Size(rows=3, columns=1)
        """

    class _Frozen:
        """The methods of dataclasses whose instances never change, by what the fields are."""

        def __init__(self, *given: object, **named: object) -> None:
            fields = [field for field in dataclasses.fields(self) if field.init]
            values = {field.name: value for field, value in zip(fields, given, strict=False)}
            for field in fields[len(given) :]:
                if field.name in named:
                    values[field.name] = named.pop(field.name)
                elif field.default_factory is not dataclasses.MISSING:
                    values[field.name] = field.default_factory()
                elif field.default is not dataclasses.MISSING:
                    values[field.name] = field.default
                else:
                    raise TypeError(f"{type(self).__name__} needs {field.name!r}")
            if named or len(given) > len(fields):
                raise TypeError(f"{type(self).__name__} has no place for {[*given[len(fields) :], *named]}")
            self.__dict__.update(values)
            if hasattr(self, "__post_init__"):
                self.__post_init__()

        def __eq__(self, other: object) -> bool:
            return _compared(self) == _compared(other) if type(other) is type(self) else NotImplemented

        def __hash__(self) -> int:
            return hash(_compared(self))

        def __repr__(self) -> str:
            shown = (f"{field.name}={getattr(self, field.name)!r}" for field in dataclasses.fields(self) if field.repr)
            return f"{type(self).__qualname__}({', '.join(shown)})"

        def __setattr__(self, name: str, _value: object) -> None:
            raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")

        def __delattr__(self, name: str) -> None:
            raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")

    def _compared(value: Any) -> tuple[object, ...]:
        return tuple([getattr(value, field.name) for field in dataclasses.fields(value) if field.compare])

    def dataclass(*, frozen: Literal[True], init: bool = True) -> Any:
        """Return `dataclasses.dataclass` with ``frozen=True``, for classes of which no field is a keyword alone.

        >>> @dataclass(frozen=True)
        ... class Point:
        ...     x: int
        ...     y: int = 0
        >>> dataclasses.replace(Point(1), x=3), Point(3) == Point(3, 0)
        (Point(x=3, y=0), True)
        """
        if not frozen:
            raise TypeError("an instance of it never changes; take dataclasses.dataclass for others")

        def define(cls: type) -> type:
            for name, method in vars(_Frozen).items():
                if callable(method) and name not in cls.__dict__ and (init or name != "__init__"):
                    setattr(cls, name, method)
            return dataclasses.dataclass(init=False, repr=False, eq=False)(cls)

        return define


__all__ = ["NamedTuple", "dataclass"]

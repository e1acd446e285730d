"""Named tuples, defined in half the time: those of one command took longer to define than a small picture to filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from typing import NamedTuple
else:
    from collections import namedtuple

    class _Definition(type):
        def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> type:
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = body.get("__annotations__", {})
            defaults = [body.pop(field) for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults, module=body.pop("__module__"))
            for attribute, value in body.items():
                setattr(made, attribute, value)
            return made

    class NamedTuple(metaclass=_Definition):
        """`typing.NamedTuple`, but that it does not compile each annotation, which type checkers have looked at.

        >>> class Size(NamedTuple):
        ...     rows: int
        ...     columns: int = 1
        >>> Size(3)
        Size(rows=3, columns=1)
        """


__all__ = ["NamedTuple"]

"""Kernels as a program gives them: by name, as a matrix, or made already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from imfilt.errors import UsageError
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.lookup import find_kernels
from imfilt.kernels.registry import Registry


def to_kernels(given: Any, registry: Registry, *, side_by_side: bool = False) -> tuple[Kernel, ...]:
    """Return the kernels of a name or expression, a matrix or a `Kernel`, or of a sequence of these.

    A group, which is no name of one kernel, gives several, but only where they are laid `side_by_side`.

    >>> from imfilt.kernels.registry import load_registry
    >>> [kernel.name for kernel in to_kernels(["blur", [[1, 2, 1]]], load_registry())]
    ['box3', 'custom']
    """
    if isinstance(given, Iterator):
        given = list(given)
    if isinstance(given, list | tuple):  # rows that can be gone through once are looked at, and read after that
        given = [list(each) if isinstance(each, Iterator) else each for each in given]
    if isinstance(given, str | Kernel) or _is_matrix(given):
        given = [given]
    instead = None if side_by_side else "give combine='max', or "
    return tuple(kernel for each in given for kernel in _to_kernels(each, registry, instead))


def _to_kernels(given: Any, registry: Registry, instead: str | None) -> tuple[Kernel, ...]:
    if isinstance(given, str):
        return find_kernels(given, registry, instead=instead)
    return (given if isinstance(given, Kernel) else Kernel(given),)


def _is_matrix(given: Any) -> bool:
    """Whether `given` is one matrix, so that its rows hold numbers, and not a sequence of kernels."""
    if not isinstance(given, Iterable):
        raise UsageError(f"{given!r} is no kernel; give a name, a matrix, or a Kernel, or several of these")
    first = next(iter(given), None)
    if first is None or isinstance(first, str | Kernel):
        return False
    cell = next(iter(first), None) if isinstance(first, Iterable) else None
    return isinstance(cell, str) or not isinstance(cell, Iterable)

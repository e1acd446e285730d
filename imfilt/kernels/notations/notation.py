"""What a notation is, and what reading one gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from imfilt.kernels.kernel import Kernel
from imfilt.quick import NamedTuple


class Reading(NamedTuple):
    """A kernel that was read."""

    kernel: Kernel
    """As convolution, the default of imfilt, uses it."""
    is_oriented: bool = False
    """Whether the notation says how the matrix is laid over the picture; then ``--correlate`` must not change it."""
    notes: tuple[str, ...] = ()
    """What the notation says that a kernel does not hold, with what to do about it."""


class Notation(NamedTuple):
    """A way to write a kernel: text, or bytes where it `is_binary`.

    Reading and writing raise `KernelError`, in one line, for what is not understood or cannot be held.
    """

    name: str
    meaning: str
    recognise: Callable[[Any], bool]
    read: Callable[[Any], Reading]
    write: Callable[[Kernel], str | bytes]
    suffix: str = ""
    """How names of files end that hold it, whatever they look like."""
    is_binary: bool = False

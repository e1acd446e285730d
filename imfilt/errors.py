"""What can go wrong, as exceptions; each class carries the exit status of the command.

::

    ImfiltError                 1   an input failed
    ├── PictureError            1   a picture cannot be read, held or written
    └── UsageError (ValueError) 2   what was asked for cannot be done; nothing has been written
        ├── KernelError         2   a matrix, divisor, bias or anchor that makes no kernel
        ├── RegistryError       2   a registry file that cannot be used
        ├── UnknownKernelError  2   a name that no registry holds
        ├── RecipeError         2   arithmetic that does not fit the kernels or the picture
        └── TargetError         2   an output that is in the way, collides or cannot be written

The message is one line that says what is wrong, where, and what to do next.
"""

from __future__ import annotations


class ImfiltError(Exception):
    """The root of everything imfilt raises on purpose."""

    exit_code = 1


class PictureError(ImfiltError):
    """A picture that cannot be read, or that a format cannot hold, or that cannot be written."""


class UsageError(ImfiltError, ValueError):
    """What was asked for cannot be done; found before anything was written."""

    exit_code = 2


class KernelError(UsageError):
    """A matrix, divisor, bias or anchor that makes no kernel."""


class RegistryError(UsageError):
    """A registry file that cannot be used."""


class UnknownKernelError(UsageError):
    """A kernel name that is in no registry."""


class RecipeError(UsageError):
    """Arithmetic that does not fit the kernels or the samples it is asked for."""


class TargetError(UsageError):
    """An output path that is taken, collides with another, or cannot be written."""


def is_out_of_memory(error: BaseException | None) -> bool:
    """Return whether there was no memory left, not even for the modules that were to be imported."""
    while isinstance(error, ImportError) and "failed to map segment" not in str(error):
        error = error.__cause__ or error.__context__
    return isinstance(error, MemoryError | ImportError)

"""What goes to the terminal: results to standard output, everything else to standard error, nothing unescaped."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TextIO

from imfilt.errors import UsageError
from imfilt.views.plain import printable


def say(message: str) -> None:
    """Print one line for the person on standard error."""
    if sys.stderr is not None:
        print(f"imfilt: {printable(message)}", file=sys.stderr, flush=True)


def standard_output() -> TextIO:
    """Return standard output; raise `UsageError` where it is closed."""
    if sys.stdout is None:
        raise UsageError("standard output is closed; open it, or write to a file")
    return sys.stdout


def print_path(path: Path) -> None:
    """Print a path on standard output: byte for byte, so that scripts can use it; on a terminal, safely."""
    if sys.stdout is None:  # closed: nobody wants to know
        return
    if sys.stdout.isatty():
        print(printable(path), flush=True)
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(os.fsencode(path) + b"\n")
    sys.stdout.buffer.flush()

"""The command line; Click and Rich live here and nowhere else. A command parses, plans, runs, reports."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

_GARBAGE_THRESHOLD = 100_000
"""Objects made before garbage is looked for: an import makes many, and none of them is garbage."""


def run() -> NoReturn:
    """Do what the arguments of this process ask for, as `main`, and end the process at once.

    Taking the interpreter apart module by module would take longer than filtering a small picture.
    """
    status = 0
    try:
        main()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else bool(end.code)
    except KeyboardInterrupt:  # before anything is there that would explain it
        status = 130
    if "imfilt.images.temporary" in sys.modules:
        sys.modules["imfilt.images.temporary"].remove_own()
    with suppress(AttributeError, OSError, ValueError):  # it is closed or full, and there is nobody to tell
        sys.stderr.flush()
    os._exit(status)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit: see `imfilt.cli.program.main`."""
    gc.set_threshold(_GARBAGE_THRESHOLD, *gc.get_threshold()[1:])
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # NumPy would start a pool of threads that is never used
    from imfilt.cli.program import main

    main(arguments)

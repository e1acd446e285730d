"""Files that kernels are read from: none so large that reading it fills the memory."""

from __future__ import annotations

from pathlib import Path

from imfilt.errors import KernelError

LARGEST_FILE = 1 << 26
"""Bytes: more than a kernel of 1001 x 1001 takes in any notation."""
_PIECE = 1 << 20


def read_bytes(path: Path) -> bytes:
    """Return the content of a file; raise `KernelError` where it is too large, or an `OSError`."""
    data = b""
    with path.open("rb") as stream:
        while piece := stream.read(_PIECE):  # Python makes room for as much as is asked for
            data += piece
            if len(data) > LARGEST_FILE:
                raise KernelError(f"the file is larger than {LARGEST_FILE >> 20} MB; no kernel needs so much")
    return data

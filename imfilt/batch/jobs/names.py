"""When two names are one file: that is for the file system to say, which may not tell upper from lower case."""

from __future__ import annotations

import os


def fold(name: str) -> str:
    r"""Return what is the same for all names that any file system may take for one.

    >>> fold("A.PNG") == fold("a.png"), fold("caf\u00e9") == fold("CAFE\u0301"), fold("a") == fold("b")
    (True, True, False)
    """
    if name.isascii():
        return name.lower()
    from unicodedata import normalize

    return normalize("NFC", normalize("NFD", name).casefold())


def is_one_name(first: str, second: str) -> bool:
    """Whether two paths that need not be there yet would be one file, with the same folders or others.

    The file system is asked, where they part: in a folder that is made for the purpose and removed again.
    """
    parts = list(zip(first.split(os.sep), second.split(os.sep), strict=True))
    common = next((number for number, (one, other) in enumerate(parts) if one != other), len(parts))
    folder = os.sep.join(one for one, _ in parts[:common]) + os.sep
    while not os.path.isdir(folder):
        folder = os.path.dirname(folder.rstrip(os.sep))
    try:
        return all(_finds(folder, one, other) for one, other in parts[common:] if one != other)
    except OSError:  # it cannot be written to, which is told where that is checked
        return False


def _finds(folder: str, name: str, other: str) -> bool:
    """Whether a file in `folder` that is called `name` is found as `other`."""
    import shutil
    import tempfile

    place = tempfile.mkdtemp(prefix=".imfilt-", suffix=".tmp", dir=folder)
    try:
        with open(os.path.join(place, name), "xb"):
            return os.path.lexists(os.path.join(place, other))
    finally:
        shutil.rmtree(place, ignore_errors=True)

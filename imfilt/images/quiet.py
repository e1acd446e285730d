"""What Pillow and the extra `deep` warn of and log is not printed: a person gets one line of ours, or none."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Callable

from imfilt.images.meanwhile import Meanwhile

for _name in ("PIL", "imagecodecs", "tifffile"):  # or what they log would be printed where nobody listens
    logging.getLogger(_name).addHandler(logging.NullHandler())


def _silence() -> Callable[[], None]:
    silence = warnings.catch_warnings()
    silence.__enter__()
    warnings.simplefilter("ignore")
    return lambda: silence.__exit__(None, None, None)


SILENT = Meanwhile(_silence)
"""The context in which warnings are not printed, for reading and for writing: of two, each would undo the other."""

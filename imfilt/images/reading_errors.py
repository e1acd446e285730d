"""Whatever goes wrong while a file is read, in one line."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from PIL import Image, UnidentifiedImageError

from imfilt.errors import PictureError
from imfilt.images.formats import FORMATS
from imfilt.images.limits import MAX_TEXT, check_all_pixels
from imfilt.images.meanwhile import Meanwhile
from imfilt.images.quiet import SILENT
from imfilt.images.sources import Source


@contextmanager
def one_line_errors(source: Source, max_pixels: int) -> Iterator[None]:
    """Turn whatever Pillow raises into a `PictureError`, and keep its warnings off the terminal.

    Pillow checks our limits meanwhile, before it takes memory: on pixels it raises an error at twice its own.
    """
    try:
        with SILENT(), _LIMITS(max_pixels):
            yield
    except PictureError:
        raise
    except Image.DecompressionBombError as error:
        check_all_pixels(_pixels_in(error), max_pixels)
        raise PictureError(_first_line(error)) from None
    except MemoryError:
        raise PictureError("not enough memory for this picture") from None
    except UnidentifiedImageError:
        raise PictureError(_why_unidentified(source)) from None
    except FileNotFoundError:
        raise PictureError("no such file") from None
    except OSError as error:
        raise PictureError(f"cannot be read: {error.strerror or _first_line(error)}") from None
    except Exception as error:  # decoders raise nearly anything over broken files
        raise PictureError(f"cannot be read, it seems to be damaged: {_first_line(error)}") from None


def _set_limits(max_pixels: int) -> Callable[[], None]:
    limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, max_pixels / 2  # type: ignore[assignment]
    return partial(setattr, Image, "MAX_IMAGE_PIXELS", limit)


def _set_text_limit() -> Callable[[], None]:
    from PIL import PngImagePlugin  # which nothing but PNG needs, and what has PNG in it

    limit, PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_CHUNK, MAX_TEXT
    return partial(setattr, PngImagePlugin, "MAX_TEXT_CHUNK", limit)


_LIMITS = Meanwhile(_set_limits)
TEXT_LIMIT = Meanwhile(_set_text_limit)
"""That Pillow reads texts up to `MAX_TEXT`."""


def _pixels_in(error: Exception) -> int:
    match = re.search(r"\((\d+) pixels\)", str(error))
    return int(match[1]) if match else 0


def _why_unidentified(source: Source) -> str:
    size = source.stat().st_size if isinstance(source, Path) else source.seek(0, os.SEEK_END)
    if size == 0:
        return "the file is empty"
    return f"not a picture that imfilt reads, or a damaged one; it reads {', '.join(FORMATS)}"


def _first_line(error: Exception) -> str:
    lines: list[Any] = str(error).splitlines()
    return str(lines[0]) if lines else type(error).__name__

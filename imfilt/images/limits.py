"""Limits on what is read, for files that nobody vouches for."""

from __future__ import annotations

from imfilt.errors import PictureError

MAX_PIXELS = 500_000_000
"""The most pixels a picture may have unless more are asked for."""

MAX_TEXT = 1 << 24
"""The most bytes that a text or a colour profile of a PNG may unpack to; larger ones are made to fill the memory."""


def check_all_pixels(pixels: int, most: int) -> None:
    """Raise `PictureError` for a file that has more `pixels` than `most`, over all its frames."""
    if pixels > most:
        raise PictureError(
            f"it has {pixels} pixels, more than the {most} that are allowed; "
            f"if you trust the file, use --max-pixels {pixels}"
        )


def check_pixels(size: tuple[int, int], most: int) -> None:
    """Raise `PictureError` for a picture of columns and rows that has more pixels than `most`."""
    pixels = size[0] * size[1]
    if pixels > most:
        raise PictureError(
            f"{size[0]} x {size[1]} is {pixels} pixels, more than the {most} that are allowed; "
            f"if you trust the file, use --max-pixels {pixels}"
        )

"""NPY, the format of NumPy: an array of rows × columns, or of rows × columns × channels."""

from __future__ import annotations

from typing import Any, BinaryIO

import numpy as np

from imfilt.engine.recipes.samples import SAMPLE_TYPES
from imfilt.errors import PictureError
from imfilt.images.deep.picture import AnyPicture, DeepPicture
from imfilt.images.limits import check_pixels
from imfilt.images.modes import MODES, Mode
from imfilt.images.samples import samples_of
from imfilt.quick import NamedTuple

_BY_CHANNELS = {1: MODES["L"], 2: MODES["LA"], 3: MODES["RGB"], 4: MODES["RGBA"]}


class Layout(NamedTuple):
    """What the header of a file says."""

    shape: tuple[int, int, int]
    """Rows, columns, channels."""
    dtype: np.dtype[Any]
    is_by_columns: bool


def read_npy(stream: BinaryIO, *, max_pixels: int) -> DeepPicture:
    """Read an array of grey or RGB samples, with or without alpha, of a type in `SAMPLE_TYPES`.

    Raises `PictureError` for any other array, one with more pixels, and a file that ends too early.
    """
    (rows, columns, channels), dtype, is_by_columns = read_layout(stream, max_pixels)
    samples = np.frombuffer(stream.read(), np.uint8)
    expected = rows * columns * channels * dtype.itemsize
    if samples.size != expected:
        raise PictureError(f"its samples have {samples.size} bytes, not {expected}; it is cut off or damaged")
    array = samples.view(dtype).reshape((rows, columns, channels), order="F" if is_by_columns else "C")
    mode = _BY_CHANNELS[channels]
    return DeepPicture(
        np.ascontiguousarray(array, dtype.newbyteorder("=")),
        Mode(mode.colour, SAMPLE_TYPES[dtype.name], mode.has_alpha),
        format="NPY",
    )


def read_layout(stream: BinaryIO, max_pixels: int) -> Layout:
    """Read the header of an array that is a picture; raise `PictureError` for another, or one with more pixels."""
    version = np.lib.format.read_magic(stream)
    if version not in ((1, 0), (2, 0)):
        raise PictureError(f"NPY of version {version[0]}.{version[1]} cannot be read; save it with numpy.save")
    read_header = np.lib.format.read_array_header_1_0 if version[0] == 1 else np.lib.format.read_array_header_2_0
    shape, is_by_columns, dtype = read_header(stream)
    if dtype.name not in SAMPLE_TYPES or len(shape) not in (2, 3) or 0 in shape:
        raise PictureError(
            f"an array of shape {shape} and type {dtype.name} is no picture; give it as rows x columns, or rows x "
            f"columns x channels, of {', '.join(SAMPLE_TYPES)}"
        )
    rows, columns, channels = (*shape, 1)[:3]
    if channels not in _BY_CHANNELS:
        raise PictureError(
            f"an array of {channels} channels is no picture; give it 1 to 4, of 2 or 4 the last is alpha"
        )
    check_pixels((columns, rows), max_pixels)
    return Layout((rows, columns, channels), dtype, is_by_columns)


def write_npy(picture: AnyPicture, stream: BinaryIO, _settings: dict[str, Any], _threads: int | None) -> None:
    """Write the samples; grey ones without alpha have no axis of channels."""
    samples = samples_of(picture)
    array = samples[..., 0] if samples.shape[2] == 1 else samples
    np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)

"""Two pictures, before and after, as samples."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from imfilt.engine.samples import SampleType
from imfilt.errors import PictureError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Samples(NamedTuple):
    """What a picture holds."""

    array: NDArray[Any]
    """Rows × columns × channels, alpha last."""
    kind: SampleType
    has_alpha: bool


def read_samples(path: str) -> Samples:
    """Return the samples of a picture; raise `PictureError` that names the file."""
    from imfilt.images.reading import read_picture
    from imfilt.images.rows import rows_of

    try:
        picture = read_picture(Path(path))
        rows, columns, channels = picture.shape
        array = rows_of(picture).read_rows(0, rows, range(columns))[..., :channels]
    except PictureError as error:
        raise PictureError(f"{path}: {error}") from None
    return Samples(array, picture.mode.samples, picture.mode.has_alpha)

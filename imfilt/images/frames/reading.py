"""The frames of a file, decoded one at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass, replace
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from PIL.ImageFile import ImageFile

from imfilt.errors import PictureError
from imfilt.images.carried import Carried, read_carried
from imfilt.images.depth import check_depth, loss_of
from imfilt.images.formats import FORMATS
from imfilt.images.frames.frame import FOREVER, Frame, Show
from imfilt.images.importing import IMPORTING
from imfilt.images.limits import check_all_pixels
from imfilt.images.picture import Picture
from imfilt.images.reading import FORMAT_OF, opened, opened_stream, to_picture, upright
from imfilt.images.sources import Source
from imfilt.images.whole import check_strips

if TYPE_CHECKING:
    from imfilt.images.deep.picture import AnyPicture

_LARGEST_DENOMINATOR = 65535
"""Of a duration in seconds, as APNG writes it; the formats of whole milliseconds need less."""


@dataclass(frozen=True)
class Frames:
    """The frames or pages of a file; it is opened anew for each walk over them, and decoded frame by frame."""

    source: Source
    format: str
    """A key of `imfilt.images.formats.FORMATS`."""
    show: Show
    max_pixels: int
    is_unknown: bool = False
    """Whether they are pages of TIFF of which Pillow cannot open the first."""

    @property
    def count(self) -> int:
        """How many frames there are."""
        return self.show.count

    def __iter__(self) -> Iterator[Frame]:
        """Yield all frames; raise `PictureError` for one that is damaged, or that is not there."""
        if self.is_unknown:
            with IMPORTING:
                from imfilt.images.deep.unknown import read_page

            with opened_stream(self.source, self.max_pixels) as stream:
                yield from (Frame(read_page(stream, index)) for index in range(self.count))
            return
        with opened(self.source, self.max_pixels) as image:
            for index, frame in enumerate(_decode_all(image, self)):
                yield frame if index == 0 or FORMATS[self.format].has_pages else _as_later(frame)


def frames_in(image: ImageFile, source: Source, max_pixels: int) -> Frames:
    """Return the frames of an image that is open; raise `PictureError` where together they have too many pixels."""
    entry = FORMATS[FORMAT_OF[str(image.format)]]
    if entry.name == "AVIF":  # which tells it before it is decoded only
        check_depth(image)
    count = int(getattr(image, "n_frames", 1)) if _has_frames(image) else 1
    if entry.has_pages:
        pixels = 0
        for index in range(count):
            image.seek(index)
            pixels += image.width * image.height
            check_all_pixels(pixels, max_pixels)
        image.seek(0)
    else:
        check_all_pixels(image.width * image.height * count, max_pixels)
    has_default = count > 1 and bool(image.info.get("default_image", False))
    show = Show(count, _plays(image), has_default, mixes_alpha=image.format == "GIF")
    return Frames(source, entry.name, show, max_pixels)


def _has_frames(image: ImageFile) -> bool:
    return image.format in FORMATS and bool(FORMATS[str(image.format)].frames)


def read_frame(image: ImageFile, frames: Frames, index: int) -> AnyPicture:
    """Return one frame of an image that is open, counted from 0; raise `PictureError` where there is none such."""
    check_index(index, frames.count)
    if frames.format == "PNG" and frames.count > 1:
        return next(islice(_decode_apng(image, frames), index, None)).picture
    return _decode(image, frames, index, _carried_by(image)).picture


def check_index(index: int, count: int) -> None:
    """Raise `PictureError` where there is no frame of this index among so many."""
    if index >= count:
        there = f"{count} frames, 0 to {count - 1}" if count > 1 else "one frame, 0"
        raise PictureError(f"there is no frame {index}: it has {there}; choose one of these with --frame")


def _decode_all(image: ImageFile, frames: Frames) -> Iterator[Frame]:
    if frames.format == "PNG":
        return _decode_apng(image, frames)
    carried = _carried_by(image)
    return (_decode(image, frames, index, carried) for index in range(frames.count))


def _as_later(frame: Frame) -> Frame:
    """Return a frame as one after the first, with which the file as a whole carries nothing."""
    return replace(frame, picture=replace(frame.picture, carried=frame.picture.carried.needed()))


def _carried_by(image: ImageFile) -> Carried:
    """Return what a file carries of which nothing is decoded yet, for its decoder may leave no way back to it."""
    return read_carried(image, cast("BinaryIO | None", image.fp))


def _decode_apng(image: ImageFile, frames: Frames) -> Iterator[Frame]:
    from imfilt.images.frames.apng_reading import read_apng

    image.load()  # what comes after the first frame is carried too
    with frames.source.open("rb") if isinstance(frames.source, Path) else nullcontext(frames.source) as stream:
        carried = read_carried(image, stream)
        for frame in read_apng(stream, image.size, frames.count, frames.max_pixels):
            yield replace(frame, picture=upright(replace(frame.picture, carried=carried)))


def _decode(image: ImageFile, frames: Frames, index: int, carried: Carried) -> Frame:
    entry = FORMATS[frames.format]
    try:
        image.seek(index)
    except EOFError:
        raise PictureError(f"cannot be read: frame {index} of {frames.count} is missing, the file is cut off") from None
    if entry.has_pages:
        check_strips(image)
    try:
        picture = _read_page(image, index) if frames.format == "TIFF" else _read_frame(image)
    except EOFError:
        raise PictureError(f"cannot be read: frame {index} of {frames.count} is damaged") from None
    if entry.has_pages:
        return Frame(upright(_apart(picture, image)))
    picture = _apart(replace(picture, carried=carried), image)
    if (
        frames.format == "GIF" and isinstance(picture, Picture) and frames.count > 1 and picture.image.mode == "L"
    ):  # as those that follow
        picture = replace(picture, image=picture.image.convert("RGB"))
    return Frame(upright(picture), _duration(image.info))


def _apart(picture: AnyPicture, image: ImageFile) -> AnyPicture:
    """Return a picture that is not the image that the next frame is laid over."""
    return replace(picture, image=image.copy()) if isinstance(picture, Picture) and picture.image is image else picture


def _read_frame(image: ImageFile) -> AnyPicture:
    check_depth(image)
    return to_picture(image)


def _read_page(image: ImageFile, index: int) -> AnyPicture:
    """Return a page of a TIFF, in full where Pillow would cut it."""
    loss = loss_of(image)
    if loss is None or image.fp is None:
        return to_picture(image)
    with IMPORTING:
        from imfilt.images.deep.reading import read_deep

    stream = cast("BinaryIO", image.fp)
    return read_deep(stream, "TIFF", loss, read_carried(image, stream), page=index)


def _duration(info: dict[Any, Any]) -> Fraction:
    seconds = Fraction(info.get("duration") or 0) / 1000
    return 1000 * seconds.limit_denominator(_LARGEST_DENOMINATOR)


def _plays(image: ImageFile) -> int:
    loop = image.info.get("loop")
    if image.format != "GIF":
        return int(loop or FOREVER)
    if loop is None:
        return 1
    return FOREVER if loop == 0 else int(loop) + 1  # which says how often it is played again

"""Where things are read from, and where they are put."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.images.carried.ifd import Entry
    from imfilt.images.carried.jp2 import Box
    from imfilt.images.carried.jpeg_segments import Segment
    from imfilt.images.carried.png_chunks import Chunks
    from imfilt.images.carried.tiff_tags import Tags
    from imfilt.images.deep.picture import AnyPicture
    from imfilt.images.png_file import Chunk


class Source(NamedTuple):
    """A file that was decoded: where things are read from."""

    image: Any
    """An image of Pillow."""
    chunks: Chunks = ()
    """Of a PNG."""
    tags: Tags | None = None
    """Of a TIFF."""
    stream: BinaryIO | None = None
    """Where it was decoded from."""

    @property
    def segments(self) -> list[Segment]:
        """Of a JPEG."""
        return getattr(self.image, "applist", [])


class Target:
    """A file that is about to be written: where things are put."""

    def __init__(self, picture: AnyPicture, settings: dict[str, Any]) -> None:
        self.picture = picture
        self.settings = settings
        """Keyword arguments of Pillow's `Image.save`."""
        self.chunks: list[Chunk] = []
        self.entries: list[Entry] = []
        """For the directory of a TIFF, the lowest bytes first."""
        self.segments: list[Segment] = []
        self.boxes: list[Box] = []
        """For the header of a JPEG 2000."""
        self.jfif: bytes | None = None
        """The unit and the density of a JFIF marker."""

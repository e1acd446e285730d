"""What a file carries beside its samples: one table of how each thing is read, and of how formats hold it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

from imfilt.images.formats import Format
from imfilt.images.saving import Saving

if TYPE_CHECKING:
    from imfilt.images.deep.picture import AnyPicture
    from imfilt.images.ifd import Entry
    from imfilt.images.jp2 import Box
    from imfilt.images.jpeg_segments import Segment
    from imfilt.images.png_chunks import Chunks
    from imfilt.images.png_file import Chunk
    from imfilt.images.tiff_tags import Tags

Size = tuple[int, int]
"""Columns and rows."""


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


Put = Callable[[Any, Target], object]

_JPEG = ("JPEG", "MPO")
_AS_USUAL = Saving()
_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Thing(NamedTuple):
    """Something that a file carries."""

    what: str
    """What it is, for a person."""
    read: Callable[[Source], Any]
    """Returns what is false where there is none."""
    put: Mapping[str, Put]
    """From the name of a format that holds it to what puts it there."""
    is_told: Callable[[Any, Mapping[str, Any]], bool] = lambda _value, _things: True
    """Whether it is worth a line that a format does not hold it, among all the things that there are."""
    most_bytes: Mapping[str, int] = _NOTHING
    """The most bytes of it that a format holds, where there is such a limit."""
    upright: Callable[[Any, bool], Any] = lambda value, _swap_sides: value
    """What it becomes when the samples are turned upright, with rows for columns or not."""
    resized: Callable[[Any, Size, Size], Any] = lambda value, _old, _new: value
    """What it becomes when the columns and rows are others."""
    without_gps: Callable[[Any], Any] = lambda value: value
    """What it becomes when nobody is to know where the picture was taken."""
    found_in: tuple[str, ...] = ()
    """Pillow's names of the formats that may have it; any may where there is none."""
    is_needed: bool = False
    """Whether the picture is not shown as it should be without it, so that stripping keeps it."""


def _late(module: str, name: str) -> Callable[..., Any]:
    """Return a function of a module that is imported when it is called: most files carry little."""

    @cache  # for looking a module up takes as long as reading most files
    def function() -> Callable[..., Any]:
        found: Callable[..., Any] = getattr(import_module(f"imfilt.images.{module}"), name)
        return found

    return lambda *arguments: function()(*arguments)


def _setting(key: str) -> Put:
    """Return what leaves it to Pillow to put a thing into a file."""
    return lambda value, target: target.settings.update({key: value})


def _never(_value: object, _things: object) -> bool:
    return False


def read_exif(source: Source) -> bytes | None:
    """Return the EXIF data of a file."""
    if source.tags is None and source.image.format != "TIFF" and "exif" not in source.image.info:
        return None
    from imfilt.images.exif import read

    return read(source)


def read_profile(source: Source) -> bytes | None:
    """Return the colour profile of a file."""
    if source.image.format != "JPEG2000":
        profile: bytes | None = source.image.info.get("icc_profile")
        return profile
    from imfilt.images.jp2 import profile_of  # for Pillow passes over it

    return profile_of(source)


THINGS: dict[str, Thing] = {
    "exif": Thing(
        "EXIF data",
        read_exif,
        {
            "JPEG": _setting("exif"),
            "PNG": _setting("exif"),
            "TIFF": _late("exif", "put_tags"),
            "WEBP": _setting("exif"),
            "AVIF": _late("exif", "put_without_orientation"),
        },
        most_bytes={"JPEG": 65533},
        upright=_late("exif", "upright"),
        resized=_late("exif", "resized"),
        without_gps=_late("exif", "without_gps"),
    ),
    "icc_profile": Thing(
        "colour profile",
        read_profile,
        {name: _setting("icc_profile") for name in ("JPEG", "PNG", "TIFF", "WEBP", "AVIF")}
        | {"JPEG2000": _late("jp2", "put_profile")},
        is_needed=True,
    ),
    "xmp": Thing(
        "XMP data",
        _late("xmp", "read"),
        {
            "JPEG": _setting("xmp"),
            "PNG": _late("xmp", "put_chunk"),
            "TIFF": _late("tiff_tags", "put_xmp"),
            "WEBP": _setting("xmp"),
            "AVIF": _setting("xmp"),
        },
        most_bytes={"JPEG": 65504},
        upright=_late("xmp", "upright"),
        without_gps=_late("xmp", "without_gps"),
    ),
    "image_resources": Thing(
        "image resources (IPTC data)",
        _late("jpeg_segments", "image_resources_of"),
        {"JPEG": _late("jpeg_segments", "put_image_resources"), "TIFF": _late("tiff_tags", "put_image_resources")},
        without_gps=_late("jpeg_segments", "image_resources_without_gps"),
        found_in=(*_JPEG, "TIFF"),
    ),
    "iptc": Thing(
        "IPTC data", _late("tiff_tags", "iptc_of"), {"TIFF": _late("tiff_tags", "put_iptc")}, found_in=("TIFF",)
    ),
    "resolution": Thing(
        "resolution",
        _late("resolution", "read"),
        {
            "JPEG": _late("resolution", "put_jfif"),
            "PNG": _late("resolution", "put_chunk"),
            "TIFF": _late("resolution", "put_tags"),
            "BMP": _late("resolution", "put_bmp"),
            "JPEG2000": _late("jp2", "put_resolution"),
        },
        is_told=_late("resolution", "is_lost"),
        upright=_late("resolution", "turned"),
        is_needed=True,
    ),
    "comments": Thing(
        "comment",
        _late("comments", "read"),
        {
            "JPEG": _late("comments", "put_segments"),
            "PNG": _late("comments", "put_chunks"),
            "GIF": _late("comments", "put_joined"),
            "JPEG2000": _late("comments", "put_joined"),
        },
        found_in=(*_JPEG, "GIF", "JPEG2000"),
    ),
    "text": Thing(
        "text chunks",
        _late("png_chunks", "text_of"),
        {"PNG": _late("png_chunks", "put")},
        without_gps=_late("png_chunks", "text_without_gps"),
        found_in=("PNG",),
    ),
    "colour": Thing(
        "gamma and primaries",
        _late("png_chunks", "colour_of"),
        {"PNG": _late("png_chunks", "put")},
        is_told=_late("png_chunks", "says_more_than_srgb"),
        found_in=("PNG",),
        is_needed=True,
    ),
    "background": Thing(
        "background",
        _late("png_chunks", "background_of"),
        {"PNG": _late("png_chunks", "put_background")},
        is_told=_never,
        found_in=("PNG",),
    ),
    "other_chunks": Thing(
        "further chunks", _late("png_chunks", "others_of"), {"PNG": _late("png_chunks", "put")}, found_in=("PNG",)
    ),
    "other_segments": Thing(
        "further data of applications",
        _late("jpeg_segments", "others_of"),
        {"JPEG": _late("jpeg_segments", "put")},
        without_gps=_late("jpeg_segments", "others_without_gps"),
        found_in=_JPEG,
    ),
    "jpeg": Thing(
        "JPEG tables",
        _late("jpeg_settings", "read"),
        {"JPEG": _late("jpeg_settings", "put")},
        is_told=_never,
        found_in=_JPEG,
        is_needed=True,
    ),
    "lossless": Thing(
        "WebP without loss",
        _late("webp", "is_lossless"),
        {"WEBP": _setting("lossless")},
        is_told=_never,
        found_in=("WEBP",),
        is_needed=True,
    ),
    "compression": Thing(
        "compression",
        _late("tiff_tags", "compression_of"),
        {"TIFF": _late("tiff_tags", "put_compression")},
        is_told=_never,
        found_in=("TIFF",),
        is_needed=True,
    ),
}


class Carried(NamedTuple):
    """What a file carries beside its samples, and how the file that it goes into is to be written."""

    things: Mapping[str, Any] = _NOTHING
    """From a key of `THINGS` to the value."""
    saving: Saving = _AS_USUAL

    @property
    def exif(self) -> bytes | None:
        """The EXIF data, with the six bytes before them that JPEG has."""
        return self.things.get("exif")

    def upright(self, *, swap_sides: bool) -> Carried:
        """Return what is carried along with samples that were turned upright, with rows for columns or not."""
        return self._changed(lambda thing, value: thing.upright(value, swap_sides))

    def resized(self, old: Size, new: Size) -> Carried:
        """Return what is carried by a picture of other columns and rows."""
        return self if old == new else self._changed(lambda thing, value: thing.resized(value, old, new))

    def wished(self, saving: Saving) -> Carried:
        """Return it without what is to be stripped, to be written as is wished."""
        carried = self
        if saving.strip == "all":
            carried = self.needed()
        elif saving.strip == "gps":
            carried = self._changed(lambda thing, value: thing.without_gps(value))
        return carried._replace(saving=saving)

    def needed(self) -> Carried:
        """Return what samples are shown and written by: it is not stripped, and frames after the first have it too."""
        return self._replace(things={name: value for name, value in self.things.items() if THINGS[name].is_needed})

    def _changed(self, change: Callable[[Thing, Any], Any]) -> Carried:
        changed = {name: change(THINGS[name], value) for name, value in self.things.items()}
        return self._replace(things={name: value for name, value in changed.items() if value})


def read_carried(image: Any, stream: BinaryIO | None) -> Carried:
    """Return what an image of Pillow carries that was decoded from a stream; without it, only what Pillow kept."""
    chunks: Chunks = ()
    tags = None
    if stream is not None and image.format == "PNG":
        from imfilt.images.png_chunks import ancillary_chunks

        chunks = tuple(ancillary_chunks(stream))
    if stream is not None and image.format == "TIFF":
        from imfilt.images.ifd import DirectoryError
        from imfilt.images.tiff_tags import Tags

        with suppress(DirectoryError):  # a BigTIFF, of which Pillow keeps the most
            tags = Tags(stream, image.tell())
    source = Source(image, chunks, tags, stream)
    things = {
        name: thing.read(source)
        for name, thing in THINGS.items()
        if not thing.found_in or image.format in thing.found_in
    }
    carried = Carried({name: value for name, value in things.items() if value})
    if tags and tags.orientation != 1:  # Pillow has turned the samples
        swap_sides = tags.orientation >= 5
        old = image.size[::-1] if swap_sides else image.size
        return carried.upright(swap_sides=swap_sides).resized(old, image.size)
    return carried


def put_carried(picture: AnyPicture, entry: Format) -> Target:
    """Return how a picture is written with all that it carries and the format holds, and as is wished."""
    carried = picture.carried
    target = Target(picture, dict(entry.settings))
    for name, value in carried.things.items():
        put = THINGS[name].put.get(entry.name)
        if put and not _is_too_long(THINGS[name], value, entry):
            put(value, target)
    if carried.saving.quality is not None and entry.has_quality:
        for key in ("qtables", "lossless"):
            target.settings.pop(key, None)
        target.settings["quality"] = carried.saving.quality
    if carried.saving.compression is not None:
        target.settings |= entry.compressions.get(carried.saving.compression, {})
    return target


def losses(entry: Format, carried: Carried) -> list[str]:
    """Return a line for each thing of weight that a picture carries and the format cannot hold."""
    lines = []
    for name, value in carried.things.items():
        thing = THINGS[name]
        keepers = [each for each in thing.put if each != entry.name]
        kept_by = f"({' and '.join(keepers[:2])} keep{'s' * (len(keepers) == 1)} it)"
        if entry.name not in thing.put and thing.is_told(value, carried.things):
            lines.append(f"{entry.name} does not hold its {thing.what}; it is left out {kept_by}")
        elif entry.name in thing.put and _is_too_long(thing, value, entry):
            lines.append(f"{entry.name} does not hold so much {thing.what}; it is left out {kept_by}")
    return lines


def _is_too_long(thing: Thing, value: Any, entry: Format) -> bool:
    return entry.name in thing.most_bytes and len(value) > thing.most_bytes[entry.name]

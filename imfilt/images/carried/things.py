"""The things that a file carries: one table of how each is read, and of how formats hold it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from importlib import import_module
from types import MappingProxyType
from typing import Any

from imfilt.images.carried.places import Source, Target
from imfilt.quick import NamedTuple

Size = tuple[int, int]
"""Columns and rows."""
Put = Callable[[Any, Target], object]

_JPEG = ("JPEG", "MPO")
NOTHING: Mapping[str, Any] = MappingProxyType({})


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
    most_bytes: Mapping[str, int] = NOTHING
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
        found: Callable[..., Any] = getattr(import_module(f"imfilt.images.carried.{module}"), name)
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
    from imfilt.images.carried.exif import read

    return read(source)


def read_profile(source: Source) -> bytes | None:
    """Return the colour profile of a file."""
    if source.image.format != "JPEG2000":
        profile: bytes | None = source.image.info.get("icc_profile")
        return profile
    from imfilt.images.carried.jp2 import profile_of  # for Pillow passes over it

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

"""The formats that are read and written: one table. What is not here is never opened, whatever a file is called."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, NoReturn

from imfilt.engine.recipes.samples import SAMPLE_TYPES
from imfilt.errors import PictureError, TargetError, UsageError
from imfilt.images.modes import Mode, deep_modes
from imfilt.images.saving import Saving
from imfilt.quick import NamedTuple

Settings = dict[str, Any]
"""Keyword arguments of Pillow's `Image.save`."""


_NONE: Settings = {}


class Format(NamedTuple):
    """A format of picture files."""

    name: str
    """Pillow's name for it."""
    extensions: tuple[str, ...]
    """With the dot; the first is the usual one."""
    modes: frozenset[str]
    """The names of the modes that it can hold."""
    settings: Settings = _NONE
    """What a picture is written with that says nothing else."""
    grey_settings: Settings = _NONE
    """What takes the place of some of them where it is grey."""
    has_quality: bool = False
    """Whether it loses something, more or less of it as `Image.save` is told by ``quality``."""
    compressions: Mapping[str, Settings] = _NONE
    """From a key of `COMPRESSIONS` to the settings for it."""
    in_memory: bool = False
    """Whether its encoder writes to memory first: on a full disk it never ends, or it records the name of the file."""
    lends: bool = False
    """Whether its decoder and its encoder work in memory of ours: see `imfilt.images.memory`."""
    is_pillows: bool = True
    """Whether Pillow reads and writes it, if only what it has modes for."""
    variants: tuple[str, ...] = ()
    """Pillow's names for special kinds of it."""
    frames: str = ""
    """The module of `imfilt.images.frames` that writes several frames of it; none for a format of single pictures."""
    has_pages: bool = False
    """Whether its frames are pages, each with a size and data of its own."""
    indexed: bool = False
    """Whether it holds indices into a palette."""
    codec_bytes: int = 0
    """That its decoder or encoder takes for a pixel beside two copies, as `tests/benchmarks/memory.py` measures."""

    @property
    def is_written(self) -> bool:
        """Whether it can be written as well as read."""
        return bool(self.modes)


def _modes(names: str) -> frozenset[str]:
    return frozenset(names.split())


_DEEP_PNG = deep_modes("LA RGB RGBA", "uint16")
_DEEP_TIFF = deep_modes("L LA RGB RGBA CMYK", *SAMPLE_TYPES)
_DEEP_NPY = deep_modes("L LA RGB RGBA", *SAMPLE_TYPES)

# Those whose writers hold palettes or one bit alone, or change the size; and those without a writer.
_READ_ONLY = {
    "BLP": ".blp",
    "CUR": ".cur",
    "DCX": ".dcx",
    "FTEX": ".ftc",
    "GBR": ".gbr",
    "ICNS": ".icns",
    "ICO": ".ico",
    "MSP": ".msp",
    "PIXAR": ".pxr",
    "PSD": ".psd",
    "SUN": ".ras",
    "XBM": ".xbm",
    "XPM": ".xpm",
}

# Those that Pillow knows without importing all of its plugins come first, for it tries them in this order.
FORMATS = {
    entry.name: entry
    for entry in (
        Format(
            "PNG",
            (".png", ".apng"),
            _modes("L LA RGB RGBA I;16") | _DEEP_PNG,
            compressions={"fast": {"effort": "fast"}, "small": {"effort": "small"}},
            lends=True,
            frames="apng",
        ),
        Format(
            "JPEG",
            (".jpg", ".jpeg", ".jpe", ".jfif"),
            _modes("L RGB CMYK"),
            {"quality": 95, "subsampling": 0},
            has_quality=True,
            compressions={"fast": {"optimize": False}, "small": {"optimize": True}},
            variants=("MPO",),
            lends=True,
        ),
        Format("GIF", (".gif",), _modes("L LA RGB RGBA"), frames="gif", indexed=True, codec_bytes=55),
        Format("BMP", (".bmp", ".dib"), _modes("L RGB"), variants=("DIB",)),
        Format("PPM", (".ppm", ".pgm", ".pbm", ".pnm", ".pfm"), _modes("L RGB I;16 F") | deep_modes("RGB", "uint16")),
        Format(
            "TIFF",
            (".tif", ".tiff"),
            _modes("L LA RGB RGBA CMYK YCbCr LAB I;16 I F") | _DEEP_TIFF,
            {"compression": "tiff_adobe_deflate"},
            compressions={"fast": {"compression": "raw"}, "small": {"compression": "tiff_adobe_deflate"}},
            frames="pages",
            has_pages=True,
        ),
        Format(
            "WEBP",
            (".webp",),
            _modes("L RGB RGBA"),
            {"quality": 90, "exact": True},
            has_quality=True,
            compressions={"fast": {"method": 0}, "small": {"method": 6}},
            frames="webp",
            codec_bytes=11,
        ),
        Format(
            "AVIF",
            (".avif",),
            _modes("L RGB RGBA"),
            {"quality": 90, "subsampling": "4:4:4"},
            {"subsampling": "4:0:0"},
            has_quality=True,
            compressions={"fast": {"speed": 10}, "small": {"speed": 2}},
            frames="avif",
            codec_bytes=38,
        ),
        Format(
            "JPEG2000",
            (".jp2", ".j2k", ".jpx"),
            _modes("L LA RGB RGBA CMYK I;16") | _DEEP_PNG,
            in_memory=True,
            codec_bytes=39,
        ),
        Format("TGA", (".tga",), _modes("L LA RGB RGBA"), {"compression": "tga_rle"}),
        Format("PCX", (".pcx",), _modes("L RGB")),
        Format("SGI", (".sgi", ".rgb", ".bw"), _modes("L RGB RGBA"), in_memory=True, codec_bytes=9),
        Format("QOI", (".qoi",), _modes("RGB RGBA"), codec_bytes=4),
        Format("DDS", (".dds",), _modes("L LA RGB RGBA")),
        Format("SPIDER", (".spi",), _modes("F")),
        *(Format(name, (extension,), frozenset()) for name, extension in _READ_ONLY.items()),
        Format("XVTHUMB", (".p7",), frozenset(), variants=("XVThumb",)),
        Format("NPY", (".npy",), _modes("L LA RGB RGBA I;16 I F") | _DEEP_NPY, is_pillows=False, codec_bytes=2),
    )
}

EXTENSIONS = {extension: entry for entry in FORMATS.values() for extension in entry.extensions}

WRITTEN = {name: entry for name, entry in FORMATS.items() if entry.is_written}
"""The formats that can be written."""

_FIRST_CHOICES = ("PNG", "TIFF", "NPY")


def format_named(name: str) -> str:
    """Return the key of `FORMATS` for a name or an extension; raise `TargetError` for one that is not written.

    >>> format_named("png"), format_named("jpg"), format_named(".TIF")
    ('PNG', 'JPEG', 'TIFF')
    """
    sought = name.strip()
    extension = EXTENSIONS.get(f".{sought.casefold().removeprefix('.')}")
    entry = FORMATS.get(sought.upper(), extension)
    if entry is None or not entry.is_written:
        why = "is read only" if entry else "is no format that imfilt knows"
        raise TargetError(f"{name!r} {why}; choose from {', '.join(each.lower() for each in WRITTEN)}")
    return entry.name


def format_of_target(path: PurePath) -> Format:
    """Return the format that the extension of `path` stands for; raise `TargetError` where there is none."""
    entry = EXTENSIONS.get(path.suffix.casefold())
    if entry is not None and entry.is_written:
        return entry
    known = ", ".join(each.extensions[0] for each in WRITTEN.values())
    if path.suffix:
        raise TargetError(
            f"{path}: extension {path.suffix!r} stands for no format that imfilt writes; use one of {known}, "
            "or --format NAME"
        )
    raise TargetError(
        f"{path}: no extension names a format that imfilt writes; write {path}/ for a folder; for a file use one of "
        f"{known}, or --format NAME"
    )


def check_holds(entry: Format, mode: Mode) -> None:
    """Raise `PictureError`, naming formats that would do, unless the format can hold a picture of `mode`."""
    if not entry.is_written:
        raise PictureError(f"{entry.name} is read, and not written; name another format (--format png, -o NAME.png)")
    if mode.name not in entry.modes:
        others = [FORMATS[name] for name in _FIRST_CHOICES if mode.name in FORMATS[name].modes][:2]
        instead = "no other format that imfilt writes can; choose another depth (--depth 8)"
        if others:
            names, first = " or ".join(other.name for other in others), others[0]
            instead = f"write {names} instead (--format {first.name.lower()}, or -o NAME{first.extensions[0]})"
        if mode.has_alpha and mode._replace(has_alpha=False).name in entry.modes:
            instead += ", or lay it over a colour (--background white)"
        raise PictureError(f"{entry.name} cannot hold {describe_mode(mode)}; {instead}")


def check_saving(entry: Format, saving: Saving) -> None:
    """Raise `UsageError`, naming formats that would do, where the format cannot be written as is wished."""
    if saving.quality is not None and not entry.has_quality:
        _refuse("--quality", entry, [each.name for each in FORMATS.values() if each.has_quality])
    if saving.compression is not None and not entry.compressions:
        _refuse("--compression", entry, [each.name for each in FORMATS.values() if each.compressions])


def _refuse(option: str, entry: Format, others: list[str]) -> NoReturn:
    raise UsageError(f"{option} says nothing to {entry.name}; leave it out, or write {', '.join(others)}")


_COLOUR_WORDS = {"L": "grey", "RGB": "full colour (RGB)"}
_SAMPLE_WORDS = {"f": "in floating point of {} bits", "u": "of {} bits", "i": "of {} bits with a sign"}


def describe_mode(mode: Mode) -> str:
    """Return what a mode is, for a person.

    >>> from imfilt.images.modes import MODES
    >>> describe_mode(MODES["RGBA"]), describe_mode(MODES["F"])
    ('full colour (RGB) with alpha', 'grey in floating point of 32 bits')
    """
    words = [_COLOUR_WORDS.get(mode.colour, f"{mode.colour} colour")]
    words += ["with alpha"] * mode.has_alpha
    samples = mode.samples
    if samples.name != "uint8":
        bits = samples.name.lstrip("uintfloa")
        words.append(_SAMPLE_WORDS[samples.name[0]].format(bits))
    return " ".join(words)

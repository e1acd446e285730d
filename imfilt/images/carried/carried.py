"""All that a file carries: read when it is decoded, and put into the file that the result goes into."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, BinaryIO

from imfilt.images.carried.places import Source, Target
from imfilt.images.carried.things import NOTHING, THINGS, Size, Thing
from imfilt.images.formats import Format
from imfilt.images.saving import Saving
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.images.carried.png_chunks import Chunks
    from imfilt.images.deep.picture import AnyPicture

_AS_USUAL = Saving()


class Carried(NamedTuple):
    """What a file carries beside its samples, and how the file that it goes into is to be written."""

    things: Mapping[str, Any] = NOTHING
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
        from imfilt.images.carried.png_chunks import ancillary_chunks

        chunks = tuple(ancillary_chunks(stream))
    if stream is not None and image.format == "TIFF":
        from imfilt.images.carried.ifd import DirectoryError
        from imfilt.images.carried.tiff_tags import Tags

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
        from imfilt.images.carried.exif import SIDES_SWAPPED

        swap_sides = tags.orientation in SIDES_SWAPPED
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

"""The modes of pictures: which colours, in which type of sample, with alpha or without."""

from __future__ import annotations

from imfilt.engine.recipes.samples import SAMPLE_TYPES, SampleType
from imfilt.quick import NamedTuple

COLOURS = {"L": 1, "RGB": 3, "CMYK": 4, "YCbCr": 3, "LAB": 3}
"""Channels of each kind of colour, without alpha."""


class Mode(NamedTuple):
    """What the samples of a picture are."""

    colour: str
    """A key of `COLOURS`."""
    samples: SampleType
    has_alpha: bool = False

    @property
    def channels(self) -> int:
        """How many there are, alpha among them."""
        return COLOURS[self.colour] + self.has_alpha

    @property
    def name(self) -> str:
        """Pillow's name where it has one; such as ``RGBA;uint16`` where not."""
        return _NAMES.get(self) or f"{self.colour}{'A' * self.has_alpha};{self.samples.name}"

    def becoming(self, samples: SampleType, channels: int) -> Mode:
        """Return the mode of samples of another type, without alpha and with grey in colour if `channels` say so."""
        if channels == self.channels:
            return self._replace(samples=samples)
        colour = "RGB" if channels == COLOURS["RGB"] else self.colour
        return Mode(colour, samples)


_UINT8 = SAMPLE_TYPES["uint8"]

# Those that Pillow holds as they are, by its names.
MODES = {
    "L": Mode("L", _UINT8),
    "LA": Mode("L", _UINT8, has_alpha=True),
    "RGB": Mode("RGB", _UINT8),
    "RGBA": Mode("RGB", _UINT8, has_alpha=True),
    "CMYK": Mode("CMYK", _UINT8),
    "YCbCr": Mode("YCbCr", _UINT8),
    "LAB": Mode("LAB", _UINT8),
    "I;16": Mode("L", SAMPLE_TYPES["uint16"]),
    "I": Mode("L", SAMPLE_TYPES["int32"]),
    "F": Mode("L", SAMPLE_TYPES["float32"]),
}

_NAMES = {mode: name for name, mode in MODES.items()}


def deep_modes(colours: str, *samples: str) -> frozenset[str]:
    """Return the names of the modes of `colours` (such as ``"RGB RGBA"``) in types of samples, Pillow's left out.

    >>> sorted(deep_modes("L LA", "uint8", "uint16"))
    ['LA;uint16']
    """
    modes = (
        Mode(MODES[colour].colour, SAMPLE_TYPES[name], MODES[colour].has_alpha)
        for colour in colours.split()
        for name in samples
    )
    return frozenset(mode.name for mode in modes if mode not in _NAMES)

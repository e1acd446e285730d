"""What becomes of the exact result before it is rounded: one table.

A normalisation is ``scale · h + offset``, or the same of ``|h|``, with exact numbers that may depend on the smallest
and the largest result in the whole picture. So one function can round, clip and cast for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from imfilt.engine.recipes.samples import SampleType
from imfilt.quick import NamedTuple


class Extremes(NamedTuple):
    """The smallest and the largest exact result over a picture (of ``|h|`` where the normalisation is of ``|h|``)."""

    low: Fraction
    high: Fraction


class Scaling(NamedTuple):
    """``scale · h + offset``."""

    scale: Fraction
    offset: Fraction


class Normalisation(NamedTuple):
    """A way to bring results into the range of the output."""

    name: str
    meaning: str
    scaling: Callable[[SampleType, SampleType, Extremes], Scaling]
    """From the samples that come in, those that go out, and the extremes."""
    magnitude: bool = False
    """Whether the scaling is of ``|h|``."""
    measures: bool = False
    """Whether the scaling depends on the extremes, so that the picture is walked twice."""
    float_only: bool = False

    @property
    def only_adds(self) -> bool:
        """Whether it is ``h + offset``, the same for every picture."""
        return not (self.magnitude or self.measures)


def _as_it_is(source: SampleType, target: SampleType, _: Extremes) -> Scaling:
    return Scaling(Fraction(target.largest, source.largest), Fraction(0))


def _from_middle(source: SampleType, target: SampleType, extremes: Extremes) -> Scaling:
    return _as_it_is(source, target, extremes)._replace(offset=target.middle)


def _to_peak(source: SampleType, target: SampleType, extremes: Extremes) -> Scaling:
    return _stretch(source, target, Extremes(Fraction(0), extremes.high))


def _stretch(_: SampleType, target: SampleType, extremes: Extremes) -> Scaling:
    width = extremes.high - extremes.low
    if width == 0:
        return Scaling(Fraction(0), Fraction(0))
    scale = target.largest / width
    return Scaling(scale, -scale * extremes.low)


NORMALISATIONS = {
    entry.name: entry
    for entry in (
        Normalisation("clip", "results below 0 become 0, results above white become white", _as_it_is),
        Normalisation("abs", "the sign is dropped, then as clip", _as_it_is, magnitude=True),
        Normalisation("peak", "|h| scaled so that the largest is white", _to_peak, magnitude=True, measures=True),
        Normalisation("minmax", "stretched: the smallest result is black, the largest white", _stretch, measures=True),
        Normalisation("shift", "mid-grey is added, then as clip", _from_middle),
        Normalisation("none", "kept as it is (float output only)", _as_it_is, float_only=True),
    )
}

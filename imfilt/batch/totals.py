"""What became of a batch as a whole: counted here, and printed elsewhere."""

from __future__ import annotations

from collections.abc import Iterable

from imfilt.batch.outcomes import Outcome, Status

_SLOWEST = 3


class Totals:
    """Counts over outcomes; `add` takes one more."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys(Status, 0)
        self.pixels = 0
        """Of the results that were written."""
        self.samples = 0
        """Of those in which clipped results were counted."""
        self.below = 0
        self.above = 0
        self.slowest: list[Outcome] = []
        """The results that took longest, the slowest first."""

    def add(self, outcome: Outcome) -> None:
        """Count one outcome."""
        self.counts[outcome.status] += 1
        if outcome.size is not None:
            self.pixels += outcome.size[0] * outcome.size[1]
        if outcome.clipped is not None:
            self.samples += outcome.clipped.samples
            self.below += outcome.clipped.below
            self.above += outcome.clipped.above
        if outcome.status is Status.WRITTEN:
            self.slowest = sorted([*self.slowest, outcome], key=lambda each: -each.seconds)[:_SLOWEST]

    @property
    def below_share(self) -> float:
        """Of all results, those that were below 0."""
        return self.below / self.samples if self.samples else 0.0

    @property
    def above_share(self) -> float:
        """Of all results, those that were above white."""
        return self.above / self.samples if self.samples else 0.0


def total(outcomes: Iterable[Outcome]) -> Totals:
    """Return the totals of some outcomes."""
    totals = Totals()
    for outcome in outcomes:
        totals.add(outcome)
    return totals

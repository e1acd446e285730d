"""Workspaces: what threads filter with, kept from one picture to the next of the same plan.

To allocate buffers, to touch them for the first time and to write the programs down takes longer than to filter a small
picture, and for a large one still a third of the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from imfilt.engine.finishing.finisher import Finisher
from imfilt.engine.planning.plan import Plan
from imfilt.engine.running.strips import Walker
from imfilt.quick import NamedTuple

_Place = tuple[range, tuple[range, ...], int]
"""A band, its panels, and the rows of a strip."""


class Workspace(NamedTuple):
    """What one thread filters a band with."""

    walker: Walker
    finisher: Finisher


class Workspaces:
    """Workspaces for the latest plan that stand idle; several threads may ask for them at the same time."""

    def __init__(self) -> None:
        self._latest: tuple[Plan | None, dict[_Place, list[Workspace]]] = None, {}

    def take(self, plan: Plan, band: range, panels: Sequence[range], strip: int) -> Workspace:
        """Return a workspace for panels of a band, in strips of so many rows, that nobody else has."""
        latest, idle = self._latest
        if plan is latest:
            with suppress(LookupError):  # there is none, or another thread was quicker
                return idle[band, tuple(panels), strip].pop()
        return Workspace(Walker(plan, band, panels, strip=strip), Finisher(plan))

    def give_back(self, plan: Plan, workspace: Workspace) -> None:
        """Keep a workspace that has done its band, and forget those for other plans."""
        walker = workspace.walker
        walker.rest()
        if plan is not self._latest[0]:
            self._latest = plan, {}
        latest, idle = self._latest
        if plan is latest:
            idle.setdefault((walker.band, walker.panels, walker.strip), []).append(workspace)

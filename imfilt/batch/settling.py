"""Files that settle: one that is still being written to grows, or its time of change moves on."""

from __future__ import annotations

from collections.abc import Mapping

from imfilt.batch.fingerprints import State
from imfilt.quick import NamedTuple


class _Seen(NamedTuple):
    state: State
    since: float
    """When it was first seen in this state, in seconds."""
    is_told: bool


class Settling:
    """Tells which files have stayed as they are for `seconds`, each once for each state."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._seen: dict[str, _Seen] = {}

    @property
    def is_waiting(self) -> bool:
        """Whether there are files that have not settled yet."""
        return any(not seen.is_told for seen in self._seen.values())

    def settled(self, states: Mapping[str, State], now: float) -> list[str]:
        """Return the files that have settled since the last time, in the order of `states`.

        `states` are all files that are there, and `now` is the time in seconds, from any beginning.
        """
        seen = {path: self._look(path, state, now) for path, state in states.items()}
        told = [path for path, each in seen.items() if not each.is_told and now - each.since >= self._seconds]
        self._seen = seen | {path: seen[path]._replace(is_told=True) for path in told}
        return told

    def _look(self, path: str, state: State, now: float) -> _Seen:
        before = self._seen.get(path)
        return before if before is not None and before.state == state else _Seen(state, now, is_told=False)

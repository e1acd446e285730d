"""Resuming: what an earlier run has done is not done again, unless its source or the recipe changed since."""

from __future__ import annotations

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from imfilt.batch.fingerprints import Content, State, hash_of_file, hash_of_recipe, state_of
from imfilt.batch.manifest import Manifest, Record
from imfilt.batch.outcomes import Outcome, Status
from imfilt.errors import TargetError
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.batch.jobs.conflicts import Decision
    from imfilt.batch.jobs.request import Request
    from imfilt.batch.jobs.sources import Source


class _Planned(NamedTuple):
    source: str
    state: State
    recipe: str


class Resumption:
    """Goes by the manifest of the output folder of a request, and keeps it."""

    def __init__(self, request: Request) -> None:
        folder = str(request.output_folder)
        self._manifest = Manifest(folder, is_synced=request.care.sync)
        self._start = 0 if folder == os.curdir else len(os.path.join(folder, ""))
        written = (request.saving, request.frame, *([request.format] if request.format else []))
        self._hashes = [hash_of_recipe(recipe, *written) for _, recipe in request.recipes]
        self._planned: dict[str, _Planned] = {}

    def decide(self, source: Source | None, decisions: Sequence[Decision]) -> list[Decision]:
        """Return what is to be done about the targets of a source, in the light of what was done before.

        Raises `TargetError` for a target that is there where no earlier run kept a manifest.
        """
        if source is None:
            return list(decisions)
        state = state_of(source.path)
        return [self._decide(source.path, state, *each) for each in zip(decisions, self._hashes, strict=True)]

    def begin(self) -> None:
        """Make the manifest before anything is written, so that a run can go on even where nothing was recorded."""
        with suppress(OSError):  # which is said of each result that is not recorded
            self._manifest.begin()

    def record(self, outcome: Outcome) -> Outcome:
        """Record a result that was written, and return its outcome, with a note where that failed.

        Where the source changed while it was filtered, nobody knows what was done: the next run filters it again. Of a
        result that was gone at once nothing is recorded.
        """
        planned = self._planned.get(str(outcome.target))
        if outcome.status is not Status.WRITTEN or planned is None or outcome.content is None:
            return outcome
        try:
            sha256 = _hash_if_still(planned.source, planned.state)
            recipe = planned.recipe if sha256 else ""
            key = self._key(str(outcome.target))
            self._manifest.append(Record(key, recipe, planned.source, *planned.state, sha256, *outcome.content))
        except OSError as error:
            note = f"is not recorded in {self._manifest.path}, and will be done again: {error.strerror or error}"
            return outcome._replace(notes=(*outcome.notes, note))
        return outcome

    def _key(self, target: str) -> str:
        return target[self._start :]

    def _decide(self, source: str, state: State | None, decision: Decision, recipe: str) -> Decision:
        target = decision.target
        if state is not None:
            self._planned[target] = _Planned(source, state, recipe)
        if not decision.is_there:
            return decision._replace(confirm=True)  # another run may be at work on it as well
        record = self._manifest.records.get(self._key(target))
        if record is None:
            if not self._manifest.exists:
                raise TargetError(
                    f"{target}: is there already, and no earlier run recorded it; move it away, or use another folder"
                )
            return decision._replace(confirm=True)  # of a run that was killed before it recorded it, perhaps
        there = state_of(target)
        is_done = there is not None and there.size == record.target_size and record.recipe == recipe
        if is_done and state is not None and _is_unchanged(source, state, record):
            return decision._replace(skip=True)
        # Somebody may have changed it, or a run replaced it that was killed before it recorded that: who writes looks.
        return decision._replace(confirm=True, earlier=Content(record.target_size, record.target_sha256))


def _hash_if_still(source: str, state: State) -> str:
    """Return the SHA-256 of a source; nothing where it is gone, or no longer what it was."""
    try:
        sha256 = hash_of_file(source)
    except OSError:
        return ""
    return sha256 if state_of(source) == state else ""


def _is_unchanged(source: str, state: State, record: Record) -> bool:
    """Whether a source is what it was; it is read where only its time is another."""
    if state.size != record.size:
        return False
    try:
        return state.mtime_ns == record.mtime_ns or hash_of_file(Path(source)) == record.sha256
    except OSError:
        return False

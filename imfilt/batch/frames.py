"""Pictures of several frames: each is filtered as it is seen, and written before the next is decoded."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from imfilt.batch.filtering import filter_picture, plan_for
from imfilt.batch.jobs import Job
from imfilt.batch.plans import WORKSPACES
from imfilt.engine.finishing.clipped import ClippedCounter
from imfilt.engine.finishing.measuring import join
from imfilt.engine.planning.plan import Plan
from imfilt.engine.recipes.normalisations import Extremes
from imfilt.engine.recipes.recipe import Recipe
from imfilt.engine.running.run import measure_rows
from imfilt.images.carried import losses
from imfilt.images.formats import Format
from imfilt.images.frames.frame import Frame
from imfilt.images.frames.reading import Frames
from imfilt.images.frames.writing import encode_frames


class FilteredFrames:
    """The frames of a file, to be filtered while they are written."""

    plan: Plan
    """What was carried out for the first frame; there once they are written, as are the notes."""
    notes: tuple[str, ...] = ()
    """What a person should know of how frames were read, and a line for each thing that was lost."""

    def __init__(
        self, frames: Frames, job: Job, recipe: Recipe, target_format: Format, clipped: ClippedCounter | None
    ) -> None:
        self._frames, self._job, self._recipe = frames, job, recipe
        self._target_format, self._clipped = target_format, clipped

    def write(self, stream: BinaryIO) -> None:
        """Filter all frames and write them; raise `PictureError` for one that is damaged or cannot be held."""
        self.notes = ()
        lost = encode_frames(
            self._filtered(), self._frames.show, stream, self._target_format, threads=self._job.threads
        )
        self.notes += lost

    def _filtered(self) -> Iterator[Frame]:
        extremes = self._extremes() if self._recipe.normalisation.measures else None
        for index, frame in enumerate(self._frames):
            picture, plan = filter_picture(
                frame.picture,
                self._recipe,
                threads=self._job.threads,
                strategy=self._job.strategy,
                in_place=True,
                extremes=extremes,
                clipped=self._clipped,
            )
            picture = replace(picture, carried=picture.carried.wished(self._job.saving))
            self.notes += tuple(note for note in frame.picture.notes if note not in self.notes)
            if index == 0:
                self.plan = plan
                self.notes += tuple(losses(self._target_format, picture.carried))
            yield replace(frame, picture=picture)

    def _extremes(self) -> Extremes | None:
        """Return the extremes over all frames, which are decoded one by one for this."""
        measured = []
        for frame in self._frames:
            plan, rows = plan_for(frame.picture, self._recipe, strategy=self._job.strategy)
            measured.append(measure_rows(plan, rows, threads=self._job.threads, workspaces=WORKSPACES))
        return join(measured)

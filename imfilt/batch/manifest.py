"""The manifest: what was written into a folder, from what and how; one line of JSON for each result.

It is only ever appended to, one line at a time. A line that a crash tore is passed over, and the last line about a
target holds. Runs that go on at the same time wait for each other where there are locks (`fcntl`).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from imfilt.images.atomic import sync_folder
from imfilt.quick import NamedTuple

NAME = ".imfilt-manifest.jsonl"
SCHEMA = 1


class Record(NamedTuple):
    """One result. Sizes are in bytes, times in nanoseconds since 1970."""

    target: str
    """The path from the folder of the manifest."""
    recipe: str
    """The hash of what was done; empty where nobody knows: two runs wrote it at once, or the source changed then."""
    source: str
    """The path as it was given."""
    size: int
    mtime_ns: int
    sha256: str
    """Of the source; empty where it changed while it was filtered."""
    target_size: int
    target_sha256: str = ""
    """Empty in records of versions that did not know it."""


class Manifest:
    """The manifest of a folder, which need not be there yet; one that is synced is on the disk when a line is added."""

    def __init__(self, folder: str | Path, *, is_synced: bool = False) -> None:
        self.path = Path(folder, NAME)
        self._is_synced = is_synced
        self.records: dict[str, Record] = {}
        self.exists = self.path.exists()
        self._read_to = 0
        if self.exists:
            with self.path.open("rb") as stream:
                self._read_on(stream)

    def begin(self) -> None:
        """Make the folder and the manifest where they are not there yet; raise `OSError` where that cannot be."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.touch()
        if self._is_synced:
            sync_folder(self.path.parent)

    def append(self, record: Record) -> None:
        """Append a record; raise `OSError` where it cannot be written.

        Where another run recorded the same target meanwhile, after doing something else, the record says that nobody
        knows which of the two the target is.
        """
        known = self.records.get(record.target)
        with self.path.open("a+b", buffering=0) as stream, _locked(stream):
            torn = self._read_on(stream)
            other = self.records.get(record.target)
            if other is not known and other is not None and other.recipe != record.recipe:
                record = record._replace(recipe="")
            line = b"\n" * torn + json.dumps({"schema": SCHEMA, **record._asdict()}).encode() + b"\n"
            if stream.write(line) != len(line):
                raise OSError("the last line was not taken as a whole")
            if self._is_synced:
                os.fsync(stream.fileno())
            self.records[record.target] = record

    def _read_on(self, stream: BinaryIO) -> bool:
        """Read the lines that are new; return whether the last one is torn."""
        stream.seek(self._read_to)
        whole, end, rest = stream.read().rpartition(b"\n")
        for line in whole.split(b"\n"):
            record = _parse(line)
            if record is not None:
                self.records[record.target] = record
        self._read_to += len(whole) + len(end)
        return bool(rest)


def _parse(line: bytes) -> Record | None:
    """Return the record of a line; None for one that is torn, or not of this kind."""
    try:
        found = json.loads(line)
        if found["schema"] != SCHEMA:
            return None
        values = {name: kind(found[name]) for name, kind in _FIELDS.items()}
        return Record(**values, target_sha256=str(found.get("target_sha256", "")))
    except (ValueError, LookupError, TypeError, OverflowError, RecursionError):
        return None


_FIELDS = {"target": str, "recipe": str, "source": str, "size": int, "mtime_ns": int, "sha256": str, "target_size": int}


@contextmanager
def _locked(stream: BinaryIO) -> Iterator[None]:
    """Keep other runs from appending meanwhile, where the system knows locks."""
    if os.name != "posix":
        yield
        return
    from fcntl import LOCK_EX, LOCK_UN, flock

    try:
        flock(stream, LOCK_EX)
    except OSError:  # a file system without locks: lines are appended in one step all the same
        yield
        return
    try:
        yield
    finally:
        flock(stream, LOCK_UN)

"""What is in the way of the targets: found before anything is written."""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from imfilt.batch.jobs.names import fold, is_one_name
from imfilt.batch.jobs.request import Existing, Request
from imfilt.batch.jobs.sources import Source
from imfilt.errors import TargetError
from imfilt.quick import NamedTuple

if TYPE_CHECKING:
    from imfilt.batch.fingerprints import Content


class Decision(NamedTuple):
    """What is to be done about one target."""

    target: str
    skip: bool = False
    """It is there already, and stays as it is."""
    overwrite: bool = False
    """What is there may be replaced."""
    is_there: bool = False
    """There is a file, about which nothing is decided yet."""
    confirm: bool = False
    """What is there may be this very result, which is to be made sure."""
    earlier: Content | None = None
    """What an earlier run wrote there: as long as it is that, it may be replaced."""
    backup: str | None = None
    """Where what is there is kept."""


class _Folder:
    """A folder that sources or targets are in; it is read as a whole when many of its names are looked up."""

    __slots__ = ("_files", "_lookups", "exists", "folded", "path", "real")

    def __init__(self, given: str) -> None:
        self.path = given or os.curdir
        self.real = os.path.join(os.path.realpath(self.path), "")
        """Its path without links, with a slash at its end."""
        self.folded = fold(self.real)
        self.exists = os.path.exists(self.path)
        self._files: dict[str, int] | None = None
        """The numbers of the plain files in it, by their names."""
        self._lookups = 0

    def number_of_file(self, name: str) -> int | None:
        """Return the number of a plain file, if it has become known; None says nothing."""
        if self._files is not None:
            return self._files.get(name)
        self._lookups += 1
        if self._lookups > _FEW:
            with os.scandir(self.path) as entries:
                self._files = {each.name: each.inode() for each in entries if each.is_file(follow_symlinks=False)}
        return None


_Claim = tuple[str, str]
"""A target without links in its folders, and the source that it is made of."""
_FEW = 16
"""The most names that are looked up one by one."""


class Conflicts:
    """Decides about targets, one after another; after the last one, the folders are to be checked.

    Targets are files by the rules of the file system that they are in: a name in capitals may be the same one, and two
    names may be links to one file.
    """

    def __init__(self, sources: Sequence[Source], request: Request) -> None:
        self._existing = existing = request.existing
        self._if_there = Decision(
            "",
            skip=existing is Existing.SKIP,
            overwrite=existing is Existing.OVERWRITE,
            is_there=existing is Existing.RESUME,
        )
        self._makes_folders = request.output_folder is not None or request.name is not None
        self._folders: dict[str, _Folder] = {}
        self._claims: dict[str, tuple[_Claim, ...]] = {}
        self._given = sources
        self._files = {source.file: source.path for source in sources}
        self._source_folders = {self._folder(folder).real for folder in set(map(_folder_of, sources))}
        self._targets_in: dict[str, _Folder] = {}

    def decide(self, source: str, target: str) -> Decision:
        """Return what is to be done about a target, which is taken from now on.

        Raises `TargetError` where it was taken before, is a source, or is there and the request does not say what to
        do then.
        """
        folder, slash, name = target.rpartition(os.sep)
        folder = folder or slash
        place = self._targets_in.get(folder)
        if place is None:
            place = self._targets_in[folder] = self._folder(folder)
        real = place.real + name
        folded = name.lower() if name.isascii() else fold(name)
        key = real if folded == name and place.folded == place.real else place.folded + folded
        claims = self._claims.get(key, ())
        if claims:
            self._check_claims(claims, real, source, target)
        self._claims[key] = (*claims, (real, source))
        if place.real in self._source_folders and real in self._sources:
            raise TargetError(f"{target}: is itself an input; write somewhere else with -o")
        if not place.exists or not self._is_there(place, name, target):
            return Decision(target)
        if self._existing is Existing.REFUSE:
            raise TargetError(f"{target}: is there already; use --overwrite to replace it, or --skip-existing")
        return self._if_there._replace(target=target)

    def check_folders(self) -> None:
        """Raise `TargetError` unless all targets can be written into their folders."""
        for place in self._targets_in.values():
            above = place.folded.rstrip(os.sep)
            while above and not place.exists:
                if above in self._claims:
                    raise TargetError(f"{place.path}: would be a folder, and a file that is written as well")
                above = above.rpartition(os.sep)[0]
            check_folder(place.path, may_be_made=self._makes_folders)

    @cached_property
    def _sources(self) -> set[str]:
        """The paths of the sources, without links in their folders."""
        return {self._folder(_folder_of(source)).real + os.path.basename(source.path) for source in self._given}

    def _folder(self, given: str) -> _Folder:
        known = self._folders.get(given)
        if known is None:
            known = self._folders[given] = _Folder(given)
        return known

    def _check_claims(self, claims: Sequence[_Claim], real: str, source: str, target: str) -> None:
        for other, its_source in claims:
            if other != real and not is_one_name(other, real):
                continue
            if source == its_source:
                raise TargetError(f"two kernels would both be written to {target}; put {{kernel}} into --name")
            hint = "" if other == real else f", which is the same file as {os.path.basename(other)} there"
            raise TargetError(
                f"{its_source} and {source} would both be written to {target}{hint}; name them apart with --name"
            )

    def _is_there(self, place: _Folder, name: str, target: str) -> bool:
        number = place.number_of_file(name)
        if number is not None and number not in self._files:
            return True
        try:
            there = os.lstat(target)
        except (FileNotFoundError, NotADirectoryError):
            return False
        if there.st_ino in self._files or not stat.S_ISREG(there.st_mode):
            self._check_kind(target, there)
        return True

    def _check_kind(self, target: str, there: os.stat_result) -> None:
        """Raise `TargetError` where a target is a folder or a device, or another name of a source."""
        is_link = stat.S_ISLNK(there.st_mode)
        source = self._files.get(_number_of(target) if is_link else there.st_ino)
        if source is not None and os.path.exists(target) and os.path.samefile(source, target):
            raise TargetError(f"{target}: is the input {source} under another name; write somewhere else with -o")
        if os.path.isdir(target):
            raise TargetError(f"{target}: is a folder; choose another name")
        if os.path.exists(target) and not os.path.isfile(target):
            raise TargetError(f"{target}: is neither a file nor a folder; choose another name")


def _folder_of(source: Source) -> str:
    folder, slash, _ = source.path.rpartition(os.sep)
    return folder or slash


def _number_of(path: str) -> int:
    try:
        return os.stat(path).st_ino
    except OSError:
        return -1


def check_folder(folder: str, *, may_be_made: bool) -> None:
    """Raise `TargetError` unless files can be written into a folder, which `may_be_made` for them."""
    if not may_be_made and not os.path.exists(folder):
        raise TargetError(f"{folder}: there is no such folder; make it first")
    there = folder
    while not os.path.lexists(there):
        there = os.path.dirname(there) or os.curdir
    if not os.path.isdir(there):
        raise TargetError(f"{there}: is not a folder, so nothing can be written into it")
    if not os.access(there, os.W_OK | os.X_OK):
        raise TargetError(f"{there}: this folder cannot be written to; choose another with -o")

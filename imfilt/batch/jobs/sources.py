"""From inputs to sources: files as they are named, and what is found in folders and by globs, in a stable order."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path

from imfilt.batch.jobs.request import Existing, Request
from imfilt.batch.outcomes import Outcome, Status
from imfilt.errors import PictureError
from imfilt.images.formats import EXTENSIONS
from imfilt.quick import NamedTuple


class Source(NamedTuple):
    """A picture to be filtered. Plain text, for there may be very many."""

    path: str
    below: str
    """The path from the folder that was asked for, so that results can lie alike."""
    folder: str | None
    """The folder that was asked for, or that a glob begins with; None for a file that was named."""
    file: int
    """The number of the file on its disk: two names of one file have the same."""


def find_sources(request: Request) -> tuple[list[Source], list[Outcome]]:
    """Return the sources, each name once, and the outcomes of inputs that are none."""
    search = _Search(request)
    for given in request.inputs:
        search.add(given, globs=True)
    for given in request.listed:
        search.add(given)
    return search.sources, search.outcomes


class _Search:
    def __init__(self, request: Request) -> None:
        self.sources: list[Source] = []
        self.outcomes: list[Outcome] = []
        self._recursive = request.recursive
        self._listed_in = request.listed_in
        self._wanted, self._unwanted = _filters(request)
        self._extensions = {name for name, entry in EXTENSIONS.items() if entry.is_written or request.format}
        self._files: dict[int, str] = {}
        self._entries: set[str] = set()
        self._real: dict[str, str] = {}
        self._places: dict[int, dict[str, str]] = {}
        """Of files with several names: from where a result goes, if it replaces its source, to the first such name."""
        self._left_out = 0
        self._is_in_place = request.existing is Existing.IN_PLACE

    def add(self, given: str, *, globs: bool = False) -> None:
        """Add what an input stands for."""
        try:
            if not given:
                raise PictureError("an empty name: no such file or folder")
            if globs and _is_pattern(given):
                self._add_matches(given)
            else:
                self._add_named(given)
        except PictureError as error:
            self.outcomes.append(Outcome(Path(given), Status.FAILED, error=error))

    def _add_named(self, given: str) -> None:
        path, status = str(Path(given)), _status_of(given)
        if stat.S_ISDIR(status.st_mode):
            self._add_folder(path)
        elif stat.S_ISREG(status.st_mode):
            below = os.path.basename(path) if self._listed_in is None else os.path.relpath(path, self._listed_in)
            if self._is_chosen(below):
                self._take(Source(path, below, self._listed_in, status.st_ino))
        else:
            raise PictureError(f"neither a file nor a folder, but {_kind(status.st_mode)}; it is not opened")

    def _add_folder(self, folder: str) -> None:
        pictures, said, left_out = 0, len(self.outcomes), self._left_out
        waiting = [""]
        while waiting:
            below = waiting.pop()
            found, folders = self._scan(folder, below)
            pictures += found
            if self._recursive:
                waiting += [name for name in reversed(folders) if not (self._unwanted and self._unwanted(name[:-1]))]
        if not pictures and self._left_out > left_out:
            raise PictureError("--include and --exclude leave none of the pictures in this folder")
        if not pictures and len(self.outcomes) == said:
            hint = "" if self._recursive else " (use -r to look into its folders)"
            raise PictureError(f"no pictures in this folder{hint}")

    def _add_matches(self, pattern: str) -> None:
        from imfilt.batch.jobs.globs import expand, root_of

        root = root_of(pattern)
        matches = expand(pattern)
        if not matches:
            raise PictureError("no such file or folder, and nothing matches it as a pattern")
        for match in matches:
            path = str(Path(match))
            if os.path.isdir(path):
                if "**" not in pattern:
                    self._add_folder(path)
            elif self._is_picture(path):
                self._add_match(path, root)

    def _add_match(self, path: str, root: str) -> None:
        below = os.path.relpath(path, root)
        if not self._is_chosen(below):
            return
        try:
            status = _status_of(path)
        except PictureError as error:
            self.outcomes.append(Outcome(Path(path), Status.FAILED, error=error))
            return
        if stat.S_ISREG(status.st_mode):
            self._take(Source(path, below, root, status.st_ino))
        else:
            self._pass_over(path, f"passed over, it is {_kind(status.st_mode)}")

    def _scan(self, asked: str, below: str) -> tuple[int, list[str]]:
        """Take the pictures in one folder, in the order of their names; return how many, and its folders."""
        prefix = below if asked == os.curdir else os.path.join(asked, below)
        try:
            with os.scandir(prefix or asked) as entries:
                found = sorted(entries, key=_name_of)
        except OSError as error:
            problem = PictureError(f"cannot be looked into: {error.strerror or error}")
            self.outcomes.append(Outcome(Path(prefix or asked), Status.FAILED, error=problem))
            return 0, []
        folders, pictures = [], 0
        for entry in found:
            name = entry.name
            if name.startswith("."):
                continue
            is_chosen = self._is_picture(name) and self._is_chosen(below + name)
            if is_chosen and self._is_file(entry):
                number = entry.stat().st_ino if entry.is_symlink() else entry.inode()
                self._take(Source(prefix + name, below + name, asked, number))
                pictures += 1
            elif entry.is_dir(follow_symlinks=False):
                folders.append(below + name + os.sep)
            elif not is_chosen and self._is_picture(name):
                self._left_out += 1
        return pictures, folders

    def _is_file(self, entry: os.DirEntry[str]) -> bool:
        """Whether a picture can be in it; what is no file and no folder is passed over with a word, unopened."""
        try:
            if entry.is_file():
                return True
            mode = entry.stat().st_mode
        except OSError:  # a link that leads nowhere, or round in a circle
            return False
        if not stat.S_ISDIR(mode):
            self._pass_over(entry.path, f"passed over, it is {_kind(mode)}")
        return False

    def _is_picture(self, name: str) -> bool:
        """Whether it is called like a picture that can be filtered."""
        return f".{name.rpartition('.')[2]}".casefold() in self._extensions

    def _is_chosen(self, below: str) -> bool:
        return not (self._wanted and not self._wanted(below)) and not (self._unwanted and self._unwanted(below))

    def _take(self, source: Source) -> None:
        """Take a source, unless it was taken before; a file under several names once for each.

        In place, a symbolic link is what it leads to; hard links become files of their own.
        """
        path = source.path
        first = self._files.get(source.file)
        if first is None:
            self._files[source.file] = path
            self.sources.append(source)
            return
        self._entries.add(self._entry_of(first))
        entry = self._entry_of(path)
        if entry in self._entries:
            return
        self._entries.add(entry)
        if self._is_in_place and (same := self._replaced_with(source, first)):
            self._pass_over(path, f"passed over, it is the same file as {same}")
        else:
            self.sources.append(source)

    def _replaced_with(self, source: Source, first: str) -> str | None:
        """Return the source taken before whose result will lie in the place of this one's; None where there is none."""
        places = self._places.setdefault(source.file, {os.path.realpath(first): first})
        same = places.setdefault(os.path.realpath(source.path), source.path)
        if same != source.path:
            return same
        return first if _is_only_name_of(first, source.path) else None

    def _entry_of(self, path: str) -> str:
        """Return what is the same for all ways to write one name in one folder."""
        folder, name = os.path.split(path)
        if folder not in self._real:
            self._real[folder] = os.path.realpath(folder)
        return os.path.join(self._real[folder], name)

    def _pass_over(self, path: str, why: str) -> None:
        self.outcomes.append(Outcome(Path(path), Status.SKIPPED, notes=(why,)))


def _filters(request: Request) -> tuple[Callable[[str], bool] | None, Callable[[str], bool] | None]:
    if not (request.include or request.exclude):
        return None, None
    from imfilt.batch.jobs.patterns import matcher

    return (matcher(request.include) if request.include else None), matcher(request.exclude)


def _name_of(entry: os.DirEntry[str]) -> str:
    return entry.name


def _is_pattern(given: str) -> bool:
    """Whether it is a pattern that a shell did not expand: a file of that very name comes first."""
    return any(sign in given for sign in "*?[") and not os.path.lexists(given)


def _status_of(path: str) -> os.stat_result:
    try:
        return os.stat(path)
    except OSError as error:
        if os.path.islink(path):
            raise PictureError("neither a file nor a folder, but a link that leads nowhere") from None
        if isinstance(error, FileNotFoundError):
            raise PictureError("no such file or folder") from None
        raise PictureError(f"cannot be read: {error.strerror or error}") from None


def _kind(mode: int) -> str:
    if stat.S_ISFIFO(mode):
        return "a named pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def _is_only_name_of(first: str, second: str) -> bool:
    """Whether both are the one name of a file, which the file system has in several spellings."""
    try:
        return os.path.samefile(first, second) and os.stat(second).st_nlink == 1
    except OSError:
        return False

"""The registry: kernels by name, built in and from files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from pathlib import Path

from imfilt.errors import UnknownKernelError
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.naming import match_form
from imfilt.quick import NamedTuple, dataclass

BUILT_IN = "built-in"


class Entry(NamedTuple):
    """A named kernel of a registry, and what is known about it."""

    kernel: Kernel
    aliases: tuple[str, ...] = ()
    description: str = ""
    reference: str = ""
    origin: str = BUILT_IN
    """Where it came from: "built-in", "family", "expression", the path of a file, or "" where that is not known."""
    intended: tuple[str, ...] = ()
    """The checks of `imfilt.kernels.lint` whose findings are meant."""
    formula: str = ""
    """What it was made from where it was not a matrix, as in ``gaussian:sigma=2`` or ``edge3 @ gaussian3``."""

    @property
    def name(self) -> str:
        """The name it is listed under."""
        return self.kernel.name

    @property
    def names(self) -> tuple[str, ...]:
        """The name and the aliases."""
        return (self.name, *self.aliases)


class Group(NamedTuple):
    """Several kernels under one name, to be laid side by side."""

    name: str
    members: tuple[str, ...]
    """Names and expressions, looked up when the group is used."""
    description: str = ""
    reference: str = ""
    origin: str = BUILT_IN

    @property
    def advice(self) -> str:
        """What may be done where one kernel is asked for."""
        return f"name one of them: {', '.join(self.members)}"


@dataclass(frozen=True)
class Registry:
    """Kernels by name, and groups of them. Immutable: `merged` returns a new one.

    Names are matched without regard to case, ``-`` and ``_``.

    Examples
    --------
    >>> registry = load_registry()
    >>> registry["Box-Blur"].name
    'box3'
    >>> len(registry), "edge3" in registry
    (14, True)
    """

    entries: tuple[Entry, ...]
    groups: tuple[Group, ...] = ()
    _by_name: dict[str, Entry] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = {match_form(name): entry for entry in self.entries for name in entry.names}
        object.__setattr__(self, "_by_name", by_name)

    def __getitem__(self, name: str) -> Kernel:
        """Return the kernel called `name`; raise `UnknownKernelError`, with close matches, where there is none."""
        return self.entry(name).kernel

    def __contains__(self, name: str) -> bool:
        return match_form(name) in self._by_name

    def __iter__(self) -> Iterator[str]:
        return (entry.name for entry in self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def entry(self, name: str) -> Entry:
        """Return the entry called `name`; raise `UnknownKernelError`, with close matches, where there is none."""
        try:
            return self._by_name[match_form(name)]
        except KeyError:
            raise UnknownKernelError(self._unknown(name)) from None

    def merged(self, later: Registry) -> Registry:
        """Return a registry of both, in which what is in `later` replaces what has the same name or alias here."""
        kept = []
        for entry in self.entries:
            if match_form(entry.name) not in later._by_name:
                aliases = tuple(alias for alias in entry.aliases if match_form(alias) not in later._by_name)
                kept.append(entry._replace(aliases=aliases))
        theirs = {match_form(group.name) for group in later.groups}
        kept = [entry for entry in kept if match_form(entry.name) not in theirs]
        groups = [group for group in self.groups if group.name not in later and match_form(group.name) not in theirs]
        return Registry((*kept, *later.entries), (*groups, *later.groups))

    def group(self, name: str) -> Group | None:
        """Return the group called `name`, or None."""
        return next((group for group in self.groups if match_form(group.name) == match_form(name)), None)

    def _unknown(self, name: str) -> str:
        group = self.group(name)
        if group is not None:
            return f"{name!r} is a group of {len(group.members)} kernels, and one is asked for; {group.advice}"
        from imfilt.kernels.families.table import family_names
        from imfilt.kernels.naming import clipped, did_you_mean

        known = [*(known for entry in self.entries for known in entry.names), *family_names()]
        known += [group.name for group in self.groups]
        hint = did_you_mean(name, known)
        if name.partition("-")[0] in self:  # which is what a difference without spaces looks like
            hint = f"a minus after a name needs a space before it; {hint}"
        return f"unknown kernel {clipped(name, 60)!r}; {hint}'imfilt list-kernels' lists them all"


def load_registry(*files: str | Path) -> Registry:
    """Return the built-in kernels, and those of TOML `files`, each file over the ones before it.

    The command adds the user's own file and those that ``$IMFILT_REGISTRY`` names; a program says which it wants.
    Raises `RegistryError`, with the file and the place in it.

    >>> load_registry()["gaussian3"].divisor
    16
    """
    from imfilt.kernels.registry_file import read_registry_file

    registry = built_in = read_registry_file(_built_in_file(), BUILT_IN)
    for file in files:
        registry = registry.merged(read_registry_file(Path(file), str(file), built_in))
    return registry


def read_registry(file: Path) -> Registry:
    """Return the kernels of one TOML file alone, whose expressions may name built-in ones.

    Raises `RegistryError`, with the file and the place in it.
    """
    from imfilt.kernels.registry_file import read_registry_file

    return read_registry_file(file, str(file), load_registry())


def _built_in_file() -> Path:
    """Return kernels.toml: inside the package where it is installed, above it in a checkout."""
    package = Path(__file__).parent.parent
    installed = package / "kernels.toml"
    return installed if installed.exists() else package.parent / "kernels.toml"

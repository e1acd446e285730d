"""What the machine has to offer: memory, as the system and the limits of a container say."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

_PROC = Path("/proc")
_GROUPS = Path("/sys/fs/cgroup")


def available_memory(proc: Path = _PROC, groups: Path = _GROUPS) -> int | None:
    """Return the bytes that can be used without swapping; None where the system does not say.

    On Linux that is ``MemAvailable`` of proc(5), or what is left of the limit of a control group (cgroups(7), versions
    1 and 2) where that is less. The two folders are those of these files.
    """
    known = [each for each in (_system_memory(proc), *_group_memory(proc, groups)) if each is not None]
    return max(0, min(known)) if known else None


def _system_memory(proc: Path) -> int | None:
    for line in _lines(proc / "meminfo"):
        name, _, value = line.partition(":")
        if name == "MemAvailable":
            return int(value.split()[0]) * 1024
    return None


def _group_memory(proc: Path, groups: Path) -> Iterator[int | None]:
    """Yield what is left of each limit that holds for this process."""
    for line in _lines(proc / "self" / "cgroup"):
        _, controllers, path = line.split(":", 2)
        if not controllers:  # version 2
            root, limit, usage = groups, "memory.max", "memory.current"
        elif "memory" in controllers.split(","):
            root, limit, usage = groups / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes"
        else:
            continue
        group = root / path.lstrip("/")
        for place in (group, *group.parents):
            yield _left(place, limit, usage)
            if place == root:
                break


def _left(group: Path, limit: str, usage: str) -> int | None:
    most, used = _number(group / limit), _number(group / usage)
    if most is None or used is None:
        return None
    cached = [line.split()[1] for line in _lines(group / "memory.stat") if line.startswith("inactive_file ")]
    return most - used + sum(map(int, cached))


def _number(file: Path) -> int | None:
    text = "".join(_lines(file))
    return int(text) if text.isdecimal() else None  # "max" where there is no limit


def _lines(file: Path) -> list[str]:
    try:
        return file.read_text().splitlines()
    except OSError:
        return []

"""What the measurements were made on and with."""

from __future__ import annotations

import importlib.metadata
import platform
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from imfilt.engine.processors import processors

_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


def processor() -> str:
    """Return the name of the processor, and how many cores may be used."""
    information = Path("/proc/cpuinfo")
    lines = information.read_text().splitlines() if information.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    cores = processors()
    name = names[0] if names else platform.processor() or platform.machine()
    return f"{name} ({platform.machine()}), {cores} core{'s' if cores > 1 else ''}"


def setting(packages: Sequence[str], tools: Sequence[str] = ()) -> str:
    """Return a line about the machine, and what was measured: imfilt, `packages`, and versions that tools print."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in packages if is_installed(name)]
    system = f"{platform.system()}, Python {platform.python_version()}"
    day = datetime.now(UTC).date().isoformat()
    parts = f"{day}, {processor()}, {system}", f"imfilt {_revision()}", ", ".join((*versions, *tools))
    return f"{'; '.join(part for part in parts if part)}."


def is_installed(package: str) -> bool:
    """Return whether a distribution is there."""
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def first_line(command: Sequence[str]) -> str:
    """Return the first line that a command prints, nothing where it cannot be run."""
    return (output_of(command).strip().splitlines() or [""])[0]


def output_of(command: Sequence[str]) -> str:
    """Return what a command prints, without colours; nothing where it cannot be run."""
    try:
        result = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return _COLOURS.sub("", result.stdout)


def _revision() -> str:
    """Return the version, the commit, and whether the program is other than it was then."""
    import imfilt

    folder = str(Path(imfilt.__file__).parent)
    commit = first_line(["git", "-C", folder, "describe", "--always"])
    changed = first_line(["git", "-C", folder, "status", "--porcelain", "."])
    described = f" ({commit}{', changed since' if changed else ''})" if commit else ""
    return f"{imfilt.__version__}{described}"

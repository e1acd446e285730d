"""Memory for a pixel: what one more of them takes at its peak, by format, beside what a batch counts with.

Run it as a script. A format whose column "bytes a pixel" is far above "counted" needs another `codec_bytes`.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from commands import imfilt_command
from pictures import picture
from PIL import Image
from timing import timed_command

from imfilt.batch.admission import memory_needed
from imfilt.batch.jobs import Job, Result
from imfilt.engine.recipes.recipe import Recipe
from imfilt.images.formats import FORMATS, WRITTEN
from imfilt.kernels.registry import load_registry

_MEGAPIXELS = 1, 5


def main() -> None:
    """Print a line for each format that 8 bits of colour can be read from and written to."""
    print(f"{'format':10} {'written':>8} {'read':>8} {'counted':>8}   bytes a pixel")
    recipe = Recipe((load_registry()["sharpen"],))
    for name in (name for name, entry in WRITTEN.items() if "RGB" in entry.modes):
        with tempfile.TemporaryDirectory(prefix="imfilt-benchmark-") as folder:
            written, read, needed = [], [], []
            for megapixels in _MEGAPIXELS:
                source = Path(folder, "source.jpg")
                Image.fromarray(picture(megapixels)).save(source)
                target = source.with_name(f"{megapixels}{FORMATS[name].extensions[0]}")
                written.append(_peak(source, target))
                read.append(_peak(target, source.with_name("read.jpg")))
                needed.append(memory_needed(Job(source, (Result(target, recipe),), name)) - 2 * source.stat().st_size)
            more = (_MEGAPIXELS[1] - _MEGAPIXELS[0]) * 1e6
            columns = " ".join(f"{(large - small) / more:8.1f}" for small, large in (written, read, needed))
            print(f"{name:10} {columns}", flush=True)


def _peak(source: Path, target: Path) -> int:
    """Return the most bytes that a process had in memory that filtered a picture."""
    options = ["apply", "--quiet", "--overwrite", "--threads", "1", "-k", "sharpen"]
    return timed_command([*imfilt_command(None), *options, str(source), "-o", str(target)]).peak


if __name__ == "__main__":
    main()

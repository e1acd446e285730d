"""What samples of 16 bits take, which are twice the bytes, beside 8; one thread."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import partial

from arrays import as_dtype, filters, with_imfilt
from machine import setting
from pictures import picture
from report import Report, counted, milliseconds
from timing import Usage, interleave, middle, ratio, timed

import imfilt

_EIGHT, _SIXTEEN = "uint8", "uint16"


def measure(megapixels: float, runs: int, only: Sequence[str] = ()) -> Report:
    """Run everything; return the results."""
    report = Report("16 bits and 8")
    image = picture(megapixels)
    images = {dtype: as_dtype(image, dtype) for dtype in (_EIGHT, _SIXTEEN)}
    rows = []
    for each in filters(only):
        print(each.name, file=sys.stderr, flush=True)
        called = {
            dtype: partial(timed, partial(imfilt.apply, source, each.kernel, threads=1))
            for dtype, source in images.items()
        }
        over = {dtype: partial(timed, with_imfilt(each.kernel, source)) for dtype, source in images.items()}
        rows.append([each.name, *_cells(interleave(called, runs)), *_cells(interleave(over, runs))])
    report.text(setting(("numpy", "scipy")))
    report.text(
        f"{image.shape[1]} × {image.shape[0]} RGB in memory, one thread, both types in turn; medians of "
        f"{counted(runs)}. As it is called, the result is a new array every time; in a batch it goes into one that is "
        "there already."
    )
    header = ["uint8, ms", "uint16, ms", "ratio"]
    report.table(("kernel", *header, *(f"{each}, in a batch" for each in header)), rows)
    return report


def _cells(usages: dict[str, list[Usage]]) -> list[str]:
    medians = (milliseconds(middle(usages[dtype]).seconds) for dtype in (_EIGHT, _SIXTEEN))
    return [*medians, f"{ratio(usages[_SIXTEEN], usages[_EIGHT]):.2f}"]

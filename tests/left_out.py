"""The formats that Pillow knows and that are never opened, nor written."""

from __future__ import annotations

LEFT_OUT = {
    "BUFR": "Pillow knows its signature, and reads no samples",
    "EPS": "reading it would start a child process, Ghostscript, on whatever is in the file",
    "FITS": "Pillow ignores the zero and the scale of its samples, so that most would be wrong",
    "FLI": "an animation of changes to a palette, which nothing is at hand to test with",
    "GRIB": "Pillow knows its signature, and reads no samples",
    "HDF5": "Pillow knows its signature, and reads no samples",
    "IM": "Pillow announces the end of it",
    "IMT": "it has no signature, so that text could be taken for it",
    "IPTC": "Pillow opens whatever file lies in it, EPS among them",
    "MCIDAS": "measurements of satellites, whose calibration Pillow ignores",
    "MPEG": "Pillow knows its signature, and reads no samples",
    "PALM": "Pillow writes it and cannot read it",
    "PCD": "Pillow reads the third of its five sizes alone",
    "PDF": "Pillow writes it and cannot read it",
    "WMF": "drawing instructions, which Pillow carries out on Windows alone",
}
"""What Pillow knows and is left out, and why."""

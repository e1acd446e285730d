"""All notations: one table, in the order in which a text is asked for what it is."""

from __future__ import annotations

from pathlib import PurePath

from imfilt.errors import KernelError
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.notations import ffmpeg, gegl, gmic, imagemagick, npy, python_source, rows, svg, tables, vips
from imfilt.kernels.notations.forms import same_value
from imfilt.kernels.notations.notation import Notation, Reading

NOTATIONS: dict[str, Notation] = {
    entry.name: entry
    for entry in (
        Notation(
            "npy", "a file of NumPy: the weights, divided", npy.recognise, npy.read, npy.write, ".npy", is_binary=True
        ),
        Notation(
            "svg",
            "feConvolveMatrix: convolution, target, bias as a part of white",
            svg.recognise,
            svg.read,
            svg.write,
            ".svg",
        ),
        Notation(
            "json",
            "an object with matrix, divisor, bias, anchor",
            tables.recognise_json,
            tables.read_json,
            tables.write_json,
            ".json",
        ),
        Notation(
            "toml",
            "an entry for a registry",
            tables.recognise_toml,
            tables.read_toml,
            tables.write_toml,
            ".toml",
        ),
        Notation(
            "opencv",
            "Python with cv2.filter2D: correlation, anchor, delta",
            python_source.recognise_opencv,
            python_source.read,
            python_source.write_opencv,
        ),
        Notation(
            "numpy",
            "Python with np.array: the matrix as it is written",
            python_source.recognise_numpy,
            python_source.read,
            python_source.write_numpy,
        ),
        Notation(
            "ffmpeg",
            "the filter convolution=: correlation, whole weights, 3 x 3 to 7 x 7 or a line",
            ffmpeg.recognise,
            ffmpeg.read,
            ffmpeg.write,
        ),
        Notation(
            "gimp",
            "gegl:convolution-matrix: correlation, up to 5 x 5, offset as a part of white",
            gegl.recognise,
            gegl.read,
            gegl.write,
        ),
        Notation(
            "imagemagick",
            "-morphology Convolve '3x3: …': origin, nan, scale, bias",
            imagemagick.recognise,
            imagemagick.read,
            imagemagick.write,
        ),
        Notation("gmic", "G'MIC: (…) convolve", gmic.recognise, gmic.read, gmic.write),
        Notation("vips", "a .mat file: correlation, scale, offset", vips.recognise, vips.read, vips.write, ".mat"),
        Notation("csv", "rows of numbers, parted by commas or spaces", rows.recognise, rows.read, rows.write, ".csv"),
    )
}


def read_kernel(data: bytes, name: str = "") -> Reading:
    """Return the kernel in the content of a file called `name`, in whatever notation it is.

    Raises `KernelError` in one line that says which notation it was taken for.
    """
    if npy.recognise(data):
        return _read(NOTATIONS["npy"], data)
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise KernelError(f"not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    suffix = PurePath(name).suffix.casefold() or "none"
    texts = [entry for entry in NOTATIONS.values() if not entry.is_binary]
    named = [entry for entry in texts if entry.suffix == suffix]
    return _read(next(entry for entry in (*named, *texts) if entry in named or entry.recognise(text)), text)


def write_kernel(kernel: Kernel, notation: str) -> tuple[str | bytes, tuple[str, ...]]:
    """Return `kernel` in a notation of the table, and notes on what is not exactly the same there."""
    entry = NOTATIONS[notation]
    content = entry.write(kernel)
    if same_value(entry.read(content).kernel, kernel):
        return content, ()
    return content, (f"{notation} holds decimals; the numbers of this kernel that are none are rounded to 17 digits",)


def _read(entry: Notation, content: str | bytes) -> Reading:
    try:
        return entry.read(content)
    except KernelError as error:
        raise KernelError(str(error) if entry.name == "csv" else f"read as {entry.name}: {error}") from None

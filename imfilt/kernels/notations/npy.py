"""NumPy's ``.npy`` files, of two dimensions (or one: a row), read and written without NumPy.

The format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import array
import ast
import struct
import sys

from imfilt.errors import KernelError
from imfilt.kernels.kernel import LARGEST_SIDE, Kernel
from imfilt.kernels.notations.forms import refuse_anchor, refuse_bias
from imfilt.kernels.notations.notation import Reading
from imfilt.kernels.numbers import to_fraction

_MAGIC = b"\x93NUMPY"
_CODES = {
    "i1": "b",
    "i2": "h",
    "i4": "i",
    "i8": "q",
    "u1": "B",
    "u2": "H",
    "u4": "I",
    "u8": "Q",
    "f4": "f",
    "f8": "d",
    "b1": "B",
}
"""From the types of NumPy to those of the module `array`."""


def recognise(data: bytes) -> bool:
    """Return whether `data` begins as the format does."""
    return data.startswith(_MAGIC)


def read(data: bytes) -> Reading:
    """Return the kernel of an array."""
    header, body = _split(data)
    shape, order, code = header.get("shape"), header.get("fortran_order"), str(header.get("descr"))
    if not isinstance(shape, tuple) or len(shape) not in (1, 2) or not all(isinstance(side, int) for side in shape):
        raise KernelError(f"the array has the shape {shape}; a kernel has two dimensions")
    rows, columns = map(int, (1, *shape)[-2:])
    if not (0 < rows <= LARGEST_SIDE and 0 < columns <= LARGEST_SIDE):
        raise KernelError(f"{rows} x {columns} is no kernel; its sides are 1 to {LARGEST_SIDE}")
    if code[1:] not in _CODES:
        raise KernelError(f"an array of {code} is no kernel; save it as integers or floats of up to 64 bits")
    numbers = array.array(_CODES[code[1:]])
    if len(body) != rows * columns * numbers.itemsize:
        raise KernelError(f"it holds {len(body)} bytes where {rows} x {columns} numbers of {code} need others")
    numbers.frombytes(body)
    if code[0] == (">" if sys.byteorder == "little" else "<"):
        numbers.byteswap()
    values = [_shortest(number) for number in numbers] if code[1:] == "f4" else numbers.tolist()
    if order:
        return Reading(Kernel([values[y::rows] for y in range(rows)]))
    return Reading(Kernel([values[y * columns : (y + 1) * columns] for y in range(rows)]))


def _shortest(number: float) -> float:
    """Return the shortest decimal that is the same number in 32 bits, so that what was 0.1 is a tenth."""
    for digits in range(6, 10):
        text = f"{number:.{digits}g}"
        if struct.unpack("f", struct.pack("f", float(text)))[0] == number:
            return float(text)
    return number


def write(kernel: Kernel) -> bytes:
    """Return an array of the weights, divided: int64 where they are whole, else float64."""
    refuse_bias(kernel, "npy")
    refuse_anchor(kernel, "npy")
    divisor = to_fraction(kernel.divisor)
    values = [to_fraction(weight) / divisor for row in kernel.weights for weight in row]
    whole = all(value.denominator == 1 and abs(value) < 1 << 63 for value in values)
    try:
        numbers = array.array("q", map(int, values)) if whole else array.array("d", map(float, values))
    except OverflowError:
        raise KernelError("npy holds no number beyond 1e308; use json or toml") from None
    if sys.byteorder == "big":
        numbers.byteswap()
    text = f"{{'descr': '{'<i8' if whole else '<f8'}', 'fortran_order': False, 'shape': {kernel.size}, }}"
    header = text.ljust(-(-(len(text) + 11) // 64) * 64 - 11) + "\n"
    return _MAGIC + b"\x01\x00" + struct.pack("<H", len(header)) + header.encode("latin-1") + numbers.tobytes()


def _split(data: bytes) -> tuple[dict[str, object], bytes]:
    try:
        wide = data[6] > 1
        start = 12 if wide else 10
        (length,) = struct.unpack("<I" if wide else "<H", data[8:start])
        if length > 10_000:
            raise ValueError
        header = ast.literal_eval(data[start : start + length].decode("latin-1"))
    except (IndexError, struct.error, ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        raise KernelError("the header of the .npy file is damaged; save the array again") from None
    if not isinstance(header, dict):
        raise KernelError("the header of the .npy file is damaged; save the array again")
    return header, data[start + length :]

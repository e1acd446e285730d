"""Matrices as text: ``0 -1 0; -1 5 -1; 0 -1 0``."""

from __future__ import annotations

import re

from imfilt.errors import KernelError
from imfilt.kernels.kernel import LARGEST_SIDE

_BETWEEN_ROWS = r"[;\r\n]+"
_BETWEEN_CELLS = r" ?, ?| "


def parse_matrix(text: str) -> list[list[str]]:
    """Split the text of a matrix into rows of cells.

    Rows end with ``;`` or a line end; cells are parted by white space or a comma; ``#`` begins a comment that runs to
    the end of its line. The cells stay text: `Kernel` turns them into numbers and names the one that is not.

    >>> parse_matrix("1, 2, 1; 1/2 -1e3 0")
    [['1', '2', '1'], ['1/2', '-1e3', '0']]
    """
    text = re.sub(r"#[^\r\n]*", "", text)
    rows = [" ".join(_words(row)) for row in re.split(_BETWEEN_ROWS, text)]
    rows = [row.replace(" /", "/").replace("/ ", "/") for row in rows]
    matrix = [re.split(_BETWEEN_CELLS, row) for row in rows if row]
    if _is_table_with_semicolons(text, matrix):
        raise KernelError("rows end with ';' as well as with lines here; part the cells of a row by spaces or commas")
    if not matrix:
        raise KernelError('the matrix is empty; write rows of numbers, as in "0 -1 0; -1 5 -1; 0 -1 0"')
    for y, cells in enumerate(matrix, 1):
        if "" in cells:
            raise KernelError(f"row {y}, column {cells.index('') + 1}: a number is missing beside a comma")
    return matrix


def _is_table_with_semicolons(text: str, matrix: list[list[str]]) -> bool:
    """Whether each of several lines holds several cells, as spreadsheets write them where the comma is for decimals."""
    lines = [line.strip(" ;\t") for line in re.split(r"[\r\n]+", text) if line.strip(" ;\t")]
    return len(lines) > 1 and all(";" in line for line in lines) and all(len(row) == 1 for row in matrix)


def _words(row: str) -> list[str]:
    """Return what white space parts; a cell and a comma have four words at most, as in ``1 / 3 ,``."""
    words = row.split(None, 4 * LARGEST_SIDE)
    if len(words) > 4 * LARGEST_SIDE:
        raise KernelError(f"the matrix is larger than {LARGEST_SIDE} x {LARGEST_SIDE}")
    return words

"""JSON objects and TOML entries, with the keys of the registry: matrix, divisor, bias, anchor."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from imfilt.errors import KernelError, RegistryError
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.notations.notation import Reading
from imfilt.kernels.numbers import Number

_TOML = re.compile(r"^[ \t]*+(\[[ \t]*+kernels\b|matrix[ \t]*+=)", re.MULTILINE)
_BARE_KEY = re.compile(r"[\w-]+", re.ASCII)


def recognise_json(text: str) -> bool:
    """Return whether `text` begins like an object, or a list of lists or objects."""
    return re.match(r"\s*(\{|\[\s*[\[{])", text) is not None


def read_json(text: str) -> Reading:
    """Return the kernel of ``{"matrix": [[…], …], "divisor": …}``, or of the rows alone."""
    import json

    try:
        document = json.loads(text, parse_float=str)
    except RecursionError:
        raise KernelError("brackets are nested too deep; a matrix is a list of rows") from None
    except ValueError as error:
        raise KernelError(f"not valid JSON: {' '.join(str(error).split())}") from None
    if isinstance(document, list) and len(document) == 1 and isinstance(document[0], dict):
        document = document[0]
    return Reading(_to_kernel(document) if isinstance(document, dict) else Kernel(document))


def write_json(kernel: Kernel) -> str:
    """Return an object with all that a kernel is; fractions are text, as in the registry."""
    import json

    fields = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in _fields(kernel)]
    rows = ",\n    ".join(json.dumps([_plain(weight) for weight in row]) for row in kernel.weights)
    return "{\n  " + ",\n  ".join([f'"matrix": [\n    {rows}\n  ]', *fields]) + "\n}\n"


def recognise_toml(text: str) -> bool:
    """Return whether `text` has a table of kernels, or a matrix."""
    return _TOML.search(text) is not None


def read_toml(text: str) -> Reading:
    """Return the kernel of ``matrix = [[…], …]``, or of the one entry of a registry."""
    from imfilt.kernels.registry_file import parse_toml

    try:
        document = parse_toml(text)
    except RegistryError as error:
        raise KernelError(str(error)) from None
    entries = document.get("kernels", document)
    if entries is document:
        return Reading(_to_kernel(document))
    if not isinstance(entries, dict) or len(entries) != 1:
        number = len(entries) if isinstance(entries, dict) else "no"
        raise KernelError(f"it has {number} kernels; give the file with --registry, and name one with -k")
    entry = next(iter(entries.values()))
    if not isinstance(entry, dict):
        raise KernelError("'kernels' must be tables, each headed [kernels.NAME]")
    return Reading(_to_kernel(entry))


def write_toml(kernel: Kernel) -> str:
    """Return an entry for a registry."""
    import json

    name = kernel.name if _BARE_KEY.fullmatch(kernel.name) else quoted_toml(kernel.name)
    rows = "".join(f"    {json.dumps([_plain(weight) for weight in row])},\n" for row in kernel.weights)
    fields = "".join(f"{key} = {json.dumps(value)}\n" for key, value in _fields(kernel))
    return f"[kernels.{name}]\n{fields}matrix = [\n{rows}]\n"


def quoted_toml(text: str) -> str:
    """Return a text as TOML writes it, which has no halves of letters for escapes, and no bare delete."""
    import json

    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _fields(kernel: Kernel) -> list[tuple[str, Any]]:
    """Return what is not as it is where nothing is said."""
    fields: list[tuple[str, Any]] = []
    if kernel.divisor != 1:
        fields.append(("divisor", _plain(kernel.divisor)))
    if kernel.bias:
        fields.append(("bias", _plain(kernel.bias)))
    if kernel.anchor:
        fields.append(("anchor", list(kernel.anchor)))
    if kernel.approximate:
        fields.append(("approximate", True))
    return fields


def _to_kernel(table: Mapping[str, Any]) -> Kernel:
    if "matrix" not in table and table.keys() & {"family", "expression"}:
        raise KernelError("it has no matrix; give the file with --registry, and name the kernel with -k")
    if "matrix" not in table:
        raise KernelError('has no matrix; give it the key "matrix", with a list of rows')
    return Kernel(
        table["matrix"],
        divisor=table.get("divisor", 1),
        bias=table.get("bias", 0),
        anchor=table.get("anchor"),
        approximate=table.get("approximate") is True,
    )


def _plain(number: Number) -> int | float | str:
    return str(number) if isinstance(number, Fraction) else number

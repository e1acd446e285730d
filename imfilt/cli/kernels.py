"""The options that say which kernels are meant, shared by every command that takes kernels."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from imfilt.cli.command import Command, Function, Words, option
from imfilt.cli.printing import say
from imfilt.errors import ImfiltError, KernelError, UsageError
from imfilt.kernels.files import read_bytes
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.lookup import find_kernels
from imfilt.kernels.matrix_text import parse_matrix
from imfilt.kernels.registry import Registry, load_registry

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

Lay = Callable[[Kernel, bool, bool], Kernel]

_ORDER = "imfilt.order"
_PLAIN = r"[-+0-9.,;/\s]*"
"""A matrix that needs no module of notations to be understood."""
_BRACKETED = r"\s*\[[-+0-9.,;/\s]*\]\s*"
"""The same as it stands in an expression."""


class KernelCommand(Command):
    """A command that takes ``-k`` and ``-m`` in any order, and remembers it."""

    def make_parser(self, ctx: click.Context) -> Any:
        """Return a parser that notes the order of the options, which Click then sorts by name."""
        parser: Any = super().make_parser(ctx)
        parse = parser.parse_args

        def noting(args: list[str]) -> Any:
            values, rest, ctx.meta[_ORDER] = parse(args)
            return values, rest, ctx.meta[_ORDER]

        parser.parse_args = noting
        return parser


def user_registry() -> Path:
    """Return where the user's own kernels are kept, whether the file is there or not."""
    return Path(click.get_app_dir("imfilt")) / "kernels.toml"


def open_registry(files: Sequence[str] = ()) -> Registry:
    """Return all kernels: built in, the user's, those of ``$IMFILT_REGISTRY``, those of ``--registry``."""
    return load_registry(*registry_files(files))


def registry_files(files: Sequence[str] = ()) -> list[str]:
    """Return the files that are read beside the built-in kernels, in this order."""
    layers = [str(user_registry())] if user_registry().exists() else []
    layers += [file for file in os.environ.get("IMFILT_REGISTRY", "").split(os.pathsep) if file]
    return [*layers, *files]


def as_convolution(kernel: Kernel, _is_oriented: bool, _has_divisor: bool) -> Kernel:
    """Return a kernel as a recipe without `correlate` lays it: as it is."""
    return kernel


def check_matrix_options(matrices: Sequence[str], divisor: str | None, bias: str | None) -> None:
    """Raise `UsageError` for a divisor or a bias without a matrix that they could be for."""
    if not matrices and (divisor, bias) != (None, None):
        raise UsageError("--divisor and --bias belong to a matrix; give one with -m")


def chosen_kernels(
    context: click.Context,
    names: Sequence[str],
    matrices: Sequence[str],
    divisor: str | None,
    bias: str | None,
    registry: Registry,
    *,
    lay: Lay = as_convolution,
    side_by_side: bool = False,
) -> tuple[Kernel, ...]:
    """Return the kernels of ``-k`` and ``-m`` in the order they were given.

    Each is laid by `lay`, which is told whether its notation says how it lies, and whether it has a divisor.
    """
    check_matrix_options(matrices, divisor, bias)
    waiting = {"names": iter(names), "matrices": iter(matrices)}
    kernels: list[Kernel] = []
    for parameter in context.meta[_ORDER]:
        if parameter.name == "names":
            name = next(waiting["names"])
            if name.startswith("@"):
                raise UsageError(f"{name!r} is no name of a kernel; a matrix in a file is given with -m {name}")
            found = find_kernels(name, registry, instead=None if side_by_side else _instead(context))
            kernels += (lay(kernel, False, True) for kernel in found)
        elif parameter.name == "matrices":
            kernels.append(lay(*_read_any(next(waiting["matrices"]), divisor, bias, registry)))
    if not kernels:
        raise UsageError(
            "no kernel given; name one with -k ('imfilt list-kernels' lists them), or give a matrix with -m"
        )
    return tuple(kernels)


def _instead(context: click.Context) -> str:
    """Return the options of a command that lay kernels side by side, as advice."""
    options = {parameter.name for parameter in context.command.params}
    ways = [way for name, way in (("combine", "--combine max"), ("each", "--each")) if name in options]
    return f"add {' or '.join(ways)}, or " if ways else ""


def read_matrix(given: str, divisor: str | None = None, bias: str | None = None) -> Kernel:
    """Return the kernel of a matrix, or of ``@FILE``, in any notation; `divisor` and `bias` replace those in it."""
    return _read_any(given, divisor, bias)[0]


def _read_any(
    given: str, divisor: str | None, bias: str | None, registry: Registry | None = None
) -> tuple[Kernel, bool, bool]:
    """Return a kernel, whether its notation says how it lies, and whether a divisor was given."""
    place = given[1:] if given.startswith("@") else "-m"
    if re.fullmatch(_BRACKETED, given):
        given = given.strip()[1:-1]
    try:
        if place == "-":
            raise KernelError("a matrix is read from a file, for standard input may be the picture")
        if place == "-m" and re.fullmatch(_PLAIN, given):
            return Kernel(parse_matrix(given), divisor=divisor or "1", bias=bias or "0"), False, divisor is not None
        return _read_notation(given, place, divisor, bias)
    except KernelError as error:
        raise KernelError(f"{place}: {error}{_meant_otherwise(given, registry)}") from None


def _meant_otherwise(given: str, registry: Registry | None) -> str:
    """Return what to do about a matrix that is none, but the name of a kernel or a file."""
    if registry is not None and given in registry:
        return f"; for a kernel by its name use -k {given}"
    is_file = os.path.isfile(given)  # noqa: PTH113 (for pathlib raises what it thinks of long names)
    return f"; for a matrix in a file use -m @{given}" if is_file else ""


def _read_notation(given: str, place: str, divisor: str | None, bias: str | None) -> tuple[Kernel, bool, bool]:
    from imfilt.kernels.notations.table import read_kernel

    try:
        data = given.encode("utf-8", "surrogateescape") if place == "-m" else read_bytes(Path(place))
    except OSError as error:
        raise UsageError(f"{place}: the matrix cannot be read: {error.strerror or error}") from None
    kernel, is_oriented, notes = read_kernel(data, "" if place == "-m" else place)
    for note in notes:
        say(f"{place}: {note}")
    has_divisor = is_oriented or divisor is not None or kernel.divisor != 1
    if (divisor, bias) != (None, None):
        kernel = Kernel(
            kernel.weights,
            divisor=kernel.divisor if divisor is None else divisor,
            bias=kernel.bias if bias is None else bias,
            anchor=kernel.anchor,
        )
    return kernel, is_oriented, has_divisor


def complete_names(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the names of kernels that begin like `incomplete`."""
    from click.shell_completion import CompletionItem

    from imfilt.kernels.families.table import FAMILIES

    try:
        registry = open_registry(context.params.get("registries") or ())
    except ImfiltError:  # completion has nowhere to say what is wrong; the command will
        return []
    known = [(name, entry.description) for entry in registry.entries for name in entry.names]
    known += [(group.name, group.description) for group in registry.groups]
    taken = {name for name, _ in known}
    known += [
        (name, family.meaning)
        for family in FAMILIES.values()
        for name in (family.name, *family.aliases)
        if name not in taken
    ]
    wanted = incomplete.casefold()
    return [CompletionItem(name, help=meaning) for name, meaning in known if name.casefold().startswith(wanted)]


def kernel_words() -> Words:
    """Return what a kernel may be beside a name; only help needs to know."""
    from imfilt.kernels.expressions.evaluation import FUNCTIONS
    from imfilt.kernels.families.table import FAMILIES

    return {
        "Families of kernels, with defaults ('imfilt show-kernel gaussian' tells more)": [
            (family.usage, family.meaning) for family in FAMILIES.values()
        ],
        'Expressions, as in "identity + 0.8*(identity - gaussian:sigma=2)"': [
            ("+ - * /", "sums of kernels, multiples by numbers"),
            ("a @ b", "b, then a, as one kernel"),
            ("[1 2; 3 4]", "a matrix"),
            *((f"{name}({function.arguments})", function.meaning) for name, function in FUNCTIONS.items()),
        ],
    }


registry_option = option(
    "Kernel",
    "--registry",
    "registries",
    multiple=True,
    type=click.Path(readable=False),
    help="Take kernels from this TOML FILE too; they replace others of the same name.",
    metavar="FILE",
)

_KERNEL_OPTIONS = (
    option(
        "Kernel",
        "-k",
        "--kernel",
        "names",
        multiple=True,
        shell_complete=complete_names,
        help="A kernel by name or as an expression. Several -k and -m are applied in this order, as one exact "
        "computation.",
        metavar="KERNEL",
    ),
    option(
        "Kernel",
        "-m",
        "--matrix",
        "matrices",
        multiple=True,
        help='A matrix: "0 -1 0; -1 5 -1; 0 -1 0", or @FILE: the same, .npy, or as another tool writes it.',
        metavar="MATRIX",
    ),
    option(
        "Kernel",
        "--divisor",
        show_default="1",
        help='The weights of each -m are divided by it; "sum" is their sum.',
        metavar="N|sum",
    ),
    option(
        "Kernel", "--bias", show_default="0", help="Added to the results of each -m, in output levels.", metavar="N"
    ),
    registry_option,
)


def kernel_options(function: Function) -> Function:
    """Add ``-k``, ``-m``, ``--divisor``, ``--bias`` and ``--registry``."""
    for add in reversed(_KERNEL_OPTIONS):
        function = add(function)
    return function

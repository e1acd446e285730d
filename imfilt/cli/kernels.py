"""The options that say which kernels are meant, shared by every command that takes kernels."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from imfilt.cli.command import Command, Function, option
from imfilt.errors import ImfiltError, KernelError, UsageError
from imfilt.kernels.kernel import Kernel
from imfilt.kernels.matrix_text import parse_matrix
from imfilt.kernels.registry import Registry, load_registry

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

_ORDER = "imfilt.order"


class KernelCommand(Command):
    """A command that takes ``-k`` and ``-m`` in any order, and remembers it."""

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        """Note the order of the options, which are then sorted by name."""
        rest = super().parse_args(context, list(arguments))
        _, _, context.meta[_ORDER] = self.make_parser(context).parse_args(args=list(arguments))
        return rest


def user_registry() -> Path:
    """Return where the user's own kernels are kept, whether the file is there or not."""
    return Path(click.get_app_dir("imfilt")) / "kernels.toml"


def open_registry(files: Sequence[str] = ()) -> Registry:
    """Return all kernels: built in, the user's, those of ``$IMFILT_REGISTRY``, those of ``--registry``."""
    layers = [str(user_registry())] if user_registry().exists() else []
    layers += [file for file in os.environ.get("IMFILT_REGISTRY", "").split(os.pathsep) if file]
    return load_registry(*layers, *files)


def chosen_kernels(
    context: click.Context,
    names: Sequence[str],
    matrices: Sequence[str],
    divisor: str | None,
    bias: str | None,
    registry: Registry,
) -> tuple[Kernel, ...]:
    """Return the kernels of ``-k`` and ``-m`` in the order they were given."""
    if not matrices and (divisor, bias) != (None, None):
        raise UsageError("--divisor and --bias belong to a matrix; give one with -m")
    waiting = {"names": iter(names), "matrices": iter(matrices)}
    kernels = []
    for parameter in context.meta[_ORDER]:
        if parameter.name == "names":
            kernels.append(registry[next(waiting["names"])])
        elif parameter.name == "matrices":
            kernels.append(_read_matrix(next(waiting["matrices"]), divisor or "1", bias or "0"))
    if not kernels:
        raise UsageError(
            "no kernel given; name one with -k ('imfilt list-kernels' lists them), or give a matrix with -m"
        )
    return tuple(kernels)


def _read_matrix(given: str, divisor: str, bias: str) -> Kernel:
    text, place = given, "-m"
    if given.startswith("@"):
        place = given[1:]
        try:
            text = Path(place).read_bytes().decode("utf-8-sig")
        except OSError as error:
            raise UsageError(f"{place}: the matrix cannot be read: {error.strerror or error}") from None
        except UnicodeDecodeError as error:
            raise UsageError(f"{place}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    try:
        return Kernel(parse_matrix(text), divisor=divisor, bias=bias)
    except KernelError as error:
        raise KernelError(f"{place}: {error}") from None


def complete_names(context: click.Context, _parameter: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the names of kernels that begin like `incomplete`."""
    from click.shell_completion import CompletionItem

    try:
        entries = open_registry(context.params.get("registries") or ()).entries
    except ImfiltError:  # completion has nowhere to say what is wrong; the command will
        return []
    wanted = incomplete.casefold()
    return [
        CompletionItem(name, help=entry.description)
        for entry in entries
        for name in entry.names
        if name.casefold().startswith(wanted)
    ]


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
        help="A kernel by name. Several -k and -m are applied in this order, as one exact computation.",
        metavar="NAME",
    ),
    option(
        "Kernel",
        "-m",
        "--matrix",
        "matrices",
        multiple=True,
        help='A matrix: "0 -1 0; -1 5 -1; 0 -1 0", or @FILE with the same text. Fractions such as 1/9 are exact.',
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

"""``imfilt add-kernel``: a kernel under a name of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from imfilt.cli.command import option
from imfilt.cli.kernels import KernelCommand, chosen_kernels, kernel_options, open_registry, user_registry
from imfilt.cli.printing import print_path, say
from imfilt.errors import PictureError, RegistryError, TargetError, UsageError
from imfilt.kernels.lookup import FAMILY, find_entry
from imfilt.kernels.registry import Entry

EXAMPLES = """
imfilt add-kernel soft -k gaussian:sigma=2.5
imfilt add-kernel crisp -k "2*identity - soft"  stays an expression
imfilt add-kernel ridge -m "-1 -1 -1; -1 8 -1; -1 -1 -1" --alias relief
imfilt add-kernel blur -m @blur.mat --to mine.toml --overwrite
"""


@click.command("add-kernel", cls=KernelCommand, examples=EXAMPLES)
@click.argument("name")
@kernel_options
@option("Output", "--to", metavar="FILE", show_default="your own registry", help="The registry file to put it into.")
@option("Output", "--alias", "aliases", multiple=True, metavar="NAME", help="Another name for it.")
@option("Output", "--description", default="", show_default=False, metavar="TEXT", help="What it does.")
@option("Output", "--reference", default="", show_default=False, metavar="TEXT", help="Where it is from.")
@option("Output", "--overwrite", is_flag=True, help="Replace the kernel of that name in the file.")
@click.pass_context
def add_kernel(
    context: click.Context,
    name: str,
    names: Sequence[str],
    matrices: Sequence[str],
    divisor: str | None,
    bias: str | None,
    registries: Sequence[str],
    to: str | None,
    aliases: Sequence[str],
    description: str,
    reference: str,
    overwrite: bool,
) -> None:
    """Put a kernel into your own registry, under NAME; all else in the file stays as it is, comments too.

    A family stays a family. An expression stays one where it names only built-in kernels and those of the file;
    otherwise its matrix is written. The path of the file is printed.
    """
    registry = open_registry(registries)
    kernels = chosen_kernels(context, names, matrices, divisor, bias, registry, side_by_side=True)
    if len(kernels) != 1:
        raise UsageError(f"{len(kernels)} kernels are given, and one has to be put under {name!r}; give one -k or -m")
    made = find_entry(names[0], registry) if names else Entry(kernels[0])
    entry = Entry(
        replace(kernels[0], name=name),
        tuple(aliases),
        description or (made.description if made.origin != FAMILY else ""),
        reference or (made.reference if made.origin != FAMILY else ""),
        made.origin,
        formula=made.formula,
    )
    file = Path(to) if to is not None else user_registry()
    if name in registry and registry.entry(name).origin != str(file):
        say(f"note: from now on {name!r} is this kernel, and no longer the one from {registry.entry(name).origin}")
    _put(entry, file, overwrite=overwrite, may_make_folder=to is None)
    print_path(file)


def _put(entry: Entry, file: Path, *, overwrite: bool, may_make_folder: bool) -> None:
    from imfilt.images.atomic import Manner, write_bytes
    from imfilt.kernels.registry_file import read_text
    from imfilt.kernels.registry_text import with_entry

    file = file.resolve()  # so that a link stays one
    is_there = file.exists()
    try:
        data = with_entry(read_text(file) if is_there else "", entry, replace=overwrite).encode()
    except UnicodeEncodeError:
        raise RegistryError("a name or text has bytes that are no letters; leave them out") from None
    except RegistryError as error:
        raise RegistryError(f"{file}: {error}") from None
    mode = file.stat().st_mode & 0o7777 if is_there else None
    try:
        if may_make_folder:
            file.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(data, file, Manner(is_there, mode))
    except OSError as error:
        raise TargetError(f"{file}: cannot be written: {error.strerror or error}") from None
    except PictureError as error:
        raise TargetError(str(error)) from None

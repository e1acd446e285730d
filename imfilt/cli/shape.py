"""``imfilt shape``: the sizes of a stack of layers."""

from __future__ import annotations

import json
from collections.abc import Sequence

import click

from imfilt.analysis.stacks import LAYERS, STACKS, follow, parse_input
from imfilt.cli.command import Command, option
from imfilt.cli.printing import standard_output
from imfilt.errors import UsageError
from imfilt.views.shape import as_json, stack_lines

EXAMPLES = """
imfilt shape 227x227x3 conv:96,k11,s4 pool:3,s2   the beginning of AlexNet
imfilt shape alexnet                              all of it
imfilt shape 28x28 conv:8,k3x5,p1,d2 --json       everything, for a program
"""

WORDS = {
    "Layers": [(kind.form, kind.meaning) for kind in LAYERS.values()],
    "Stacks that papers describe": [(name, stack) for name, stack in STACKS.items()],
}


@click.command("shape", cls=Command, examples=EXAMPLES, words=WORDS)
@click.argument("size", metavar="SIZE|NAME")
@click.argument("layers", nargs=-1, metavar="[LAYER]...")
@option("Other", "--json", "as_json_", is_flag=True, help="Print a JSON object.")
def shape(size: str, layers: Sequence[str], as_json_: bool) -> None:
    """Follow a picture through LAYERs: output sizes, receptive fields and weights, with the formulas filled in.

    SIZE is ROWSxCOLUMNSxCHANNELS. NAME is that of a stack that a paper describes.
    """
    standard_output()
    if size.casefold() in STACKS:
        if layers:
            raise UsageError(f"{size} brings its layers along; give a size such as 227x227x3 to add your own")
        size, *layers = STACKS[size.casefold()].split()
    start = parse_input(size)
    if not layers:
        raise UsageError("no layer given; add one, such as conv:96,k11,s4")
    steps = follow(start, layers)
    print(json.dumps(as_json(start, steps)) if as_json_ else "\n".join(stack_lines(start, steps)))

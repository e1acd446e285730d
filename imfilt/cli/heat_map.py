"""A heat map in the terminal."""

from __future__ import annotations

import os

from imfilt.kernels.kernel import Kernel

_MARGIN = 2


def print_heat_map(kernel: Kernel) -> None:
    """Print a matrix as a heat map: red adds, blue takes away, and what is 0 has no colour."""
    from rich.color import Color
    from rich.console import Console
    from rich.style import Style
    from rich.text import Text

    from imfilt.views.colours import ink_on, signed_colour
    from imfilt.views.heat_map import heat_map

    console = Console(color_system=None if os.environ.get("NO_COLOR") else "auto", highlight=False)
    drawn = heat_map(kernel, console.width - 2 * _MARGIN)
    for row in drawn.rows:
        text = Text(" " * _MARGIN, no_wrap=True)
        for cell in row:
            colour = signed_colour(cell.share)
            style = Style(color=Color.from_rgb(*ink_on(colour)), bgcolor=Color.from_rgb(*colour))
            text.append(cell.label, style if cell.share else Style())
        if console.color_system is None:
            text.rstrip()
        console.print(text)
    if drawn.note:
        console.print(f"{'':{_MARGIN}}{drawn.note}", markup=False)

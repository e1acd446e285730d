"""How every command looks: examples first in the help, options in named groups, defaults shown."""

from __future__ import annotations

from typing import Any

import click

CONTEXT = {"help_option_names": ["-h", "--help"], "show_default": True, "max_content_width": 100}

GROUPS = ("Kernel", "Arithmetic", "Colour", "Output", "Batch", "Other")


class Option(click.Option):
    """An option that is listed in one of `GROUPS`."""

    def __init__(self, *arguments: Any, group: str = "Other", **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.group = group


class Command(click.Command):
    """A command with examples before its options, and its options in groups."""

    def __init__(self, *arguments: Any, examples: str = "", **settings: Any) -> None:
        super().__init__(*arguments, **{"context_settings": CONTEXT, **settings})
        self.examples = examples

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples, then the options group by group."""
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples.strip().splitlines():
                    formatter.write(f"{'':{formatter.current_indent}}{line.strip()}\n")
        grouped: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(context):
            record = parameter.get_help_record(context)
            if record is not None and isinstance(parameter, click.Option):
                grouped.setdefault(getattr(parameter, "group", GROUPS[-1]), []).append(record)
        for group in GROUPS:
            if group in grouped:
                with formatter.section(f"{group} options" if len(grouped) > 1 else "Options"):
                    formatter.write_dl(grouped[group])

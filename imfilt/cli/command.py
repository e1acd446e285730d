"""How every command looks: examples first in the help, options in named groups, defaults shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from typing import Any, TypeVar

import click

CONTEXT = {"help_option_names": ["-h", "--help"], "show_default": True, "max_content_width": 100}

Function = TypeVar("Function", bound=Callable[..., Any])

Words = Mapping[str, Sequence[tuple[str, str]]]
"""Titles, and below each words and what they mean."""

GROUPS = ("Input", "Kernel", "Arithmetic", "Colour", "Output", "Batch", "Other")


class Settings:
    """What holds for every command, and for what becomes of its errors."""

    debug = False


class _Option(click.Option):
    """An option that is listed in one of `GROUPS`."""

    def __init__(self, *arguments: Any, group: str, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.group = group


def option(group: str, *names: str, **settings: Any) -> Callable[[Function], Function]:
    """Return the decorator that adds an option to a command, in one of `GROUPS` of its help."""
    return click.option(*names, cls=_Option, group=group, **settings)


class _WithExamples(click.Command):
    """Examples come first in the help."""

    def __init__(self, *arguments: Any, examples: str = "", **settings: Any) -> None:
        super().__init__(*arguments, **{"context_settings": CONTEXT, **settings})
        self.examples = examples

    def format_help_text(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write what the command does, then the examples."""
        super().format_help_text(context, formatter)
        if self.examples:
            with formatter.section("Examples"):
                for line in self.examples.strip().splitlines():
                    formatter.write(f"{'':{formatter.current_indent}}{line.strip()}\n")


class _Commands(Mapping[str, click.Command]):
    """Commands by name, each imported when it is asked for."""

    def __init__(self, places: Mapping[str, tuple[str, str]]) -> None:
        self._places = places

    def __getitem__(self, name: str) -> click.Command:
        module, _, attribute = self._places[name][0].partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class Group(_WithExamples, click.Group):
    """A group of commands imported when they are called; `lazy` is ``{name: ("module:attribute", "help")}``."""

    def __init__(self, *arguments: Any, lazy: Mapping[str, tuple[str, str]], **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.commands = _Commands(lazy)  # type: ignore[assignment]  # Click changes it only where commands are added
        self.lazy = lazy

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the names of the commands and what they do, without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, help_text) for name, (_, help_text) in self.lazy.items()])


class Command(_WithExamples):
    """A command whose options are listed in groups, and whose words are explained after them."""

    def __init__(self, *arguments: Any, words: Words | Callable[[], Words] = dict, **settings: Any):
        super().__init__(*arguments, **settings)
        self.words = words

    def parse_args(self, context: click.Context, arguments: list[str]) -> list[str]:
        """Parse as Click does, and let every error know of which command it is."""
        try:
            return super().parse_args(context, arguments)
        except click.UsageError as error:
            error.ctx = error.ctx or context
            raise

    def format_options(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the options, group by group."""
        grouped: dict[str, list[tuple[str, str]]] = {}
        for parameter in self.get_params(context):
            record = parameter.get_help_record(context)
            if record is not None and isinstance(parameter, click.Option):
                grouped.setdefault(getattr(parameter, "group", GROUPS[-1]), []).append(record)
        for group in GROUPS:
            if group in grouped:
                with formatter.section(f"{group} options" if len(grouped) > 1 else "Options"):
                    formatter.write_dl(grouped[group])
        for title, words in (self.words() if callable(self.words) else self.words).items():
            with formatter.section(title):
                formatter.write_dl(words)

"""``imfilt``: the group of commands, and what becomes of errors and signals."""

from __future__ import annotations

import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import click

from imfilt import __version__
from imfilt.cli.apply import apply
from imfilt.cli.command import CONTEXT
from imfilt.cli.completion import completion
from imfilt.cli.list_kernels import list_kernels
from imfilt.cli.printing import say
from imfilt.cli.show_kernel import show_kernel
from imfilt.errors import ImfiltError

INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM


@click.group(context_settings=CONTEXT)
@click.version_option(__version__, prog_name="imfilt", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show where an error came from.")
def program(debug: bool) -> None:
    r"""Filter images with convolution kernels: exactly, of any size.

    \b
    Examples:
      imfilt apply car.jpg --kernel edge3     writes car_edge3.jpg
      imfilt list-kernels                     what kernels there are
      imfilt apply a.png -m "1 2 1" --divisor sum
    """


for command in (apply, list_kernels, show_kernel, completion):
    program.add_command(command)


class _Terminated(BaseException):
    """SIGTERM, as an exception, so that temporary files are removed on the way out."""


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise _Terminated


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit: 0 done, 1 an input failed, 2 usage, 130 interrupted, 143 terminated."""
    signal.signal(signal.SIGTERM, _terminate)
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        sys.exit(program.main(given, prog_name="imfilt", standalone_mode=False))
    except click.ClickException as error:
        say(_usage_message(error))
        sys.exit(error.exit_code)
    except ImfiltError as error:
        if "--debug" in given:
            raise
        say(str(error))
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        say("interrupted")
        sys.exit(INTERRUPTED)
    except _Terminated:
        say("terminated")
        sys.exit(TERMINATED)


def _usage_message(error: click.ClickException) -> str:
    """Return Click's message as one line that says where help is."""
    message = " ".join(error.format_message().split())
    context = getattr(error, "ctx", None)
    path = context.command_path if context else "imfilt"
    return f"{message.rstrip('.')}; see '{path} --help'"

"""``imfilt``: the group of commands, and what becomes of errors and signals."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

import click

from imfilt import __version__
from imfilt.cli.command import Group, Settings
from imfilt.cli.printing import say
from imfilt.errors import ImfiltError, is_out_of_memory

_STOPPING = {signal.SIGINT: "interrupted", signal.SIGTERM: "terminated"}
if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) == signal.SIG_DFL:  # under nohup it is ignored
    _STOPPING[signal.SIGHUP] = "the terminal was closed"

EXAMPLES = """
imfilt apply car.jpg --kernel edge3           writes car_edge3.jpg
imfilt apply photos/ -k sharpen -o out/       every picture in a folder
imfilt apply a.png -m "1 2 1" --divisor sum   your own matrix
imfilt list-kernels                           what kernels there are
"""

COMMANDS = {
    "add-kernel": ("imfilt.cli.add_kernel:add_kernel", "Put a kernel into your own registry."),
    "apply": ("imfilt.cli.apply:apply", "Filter pictures with a kernel."),
    "compare": ("imfilt.cli.compare:compare", "Compare two pictures, sample by sample."),
    "completion": ("imfilt.cli.completion:completion", "Print a completion script for a shell."),
    "estimate": ("imfilt.cli.estimate:estimate", "Find the kernel that turned one picture into another."),
    "explain": ("imfilt.cli.explain:explain", "Show how one sample of a result comes about."),
    "lint": ("imfilt.cli.lint:lint", "Say what kernels may do that was not meant."),
    "list-kernels": ("imfilt.cli.list_kernels:list_kernels", "List the kernels there are."),
    "preview": ("imfilt.cli.preview:preview", "Show a picture before and after, in the terminal."),
    "report": ("imfilt.cli.report:report", "Write a page about what is done to pictures."),
    "shape": ("imfilt.cli.shape:shape", "Follow a picture through the layers of a neural network."),
    "sheet": ("imfilt.cli.sheet:sheet", "Draw what kernels make of a picture, side by side."),
    "show-kernel": ("imfilt.cli.show_kernel:show_kernel", "Show one kernel and what it does."),
    "verify": ("imfilt.cli.verify:verify", "Say which convention turned one picture into another."),
    "watch": ("imfilt.cli.watch:watch", "Filter the pictures that come into a folder."),
}


@click.group(cls=Group, examples=EXAMPLES, lazy=COMMANDS)
@click.version_option(__version__, prog_name="imfilt", message="%(prog)s %(version)s")
@click.option("--debug", is_flag=True, help="Show where an error came from.")
@click.pass_obj
def program(settings: Settings, debug: bool) -> None:
    """Filter images with convolution kernels: exactly, of any size."""
    settings.debug = debug


class _Stopped(BaseException):
    """A signal to stop, as an exception, so that temporary files are removed on the way out."""

    def __init__(self, number: int) -> None:
        self.number = signal.Signals(number)


_received: list[int] = []


def _stop(number: int, _frame: FrameType | None) -> NoReturn:
    _received.append(number)
    raise _Stopped(number)


def stopped() -> BaseException:
    """Return what to raise where a library has made a `KeyboardInterrupt` of a signal, whichever it was."""
    return _Stopped(_received[0] if _received else signal.SIGINT)


def _stop_again(unraisable: sys.UnraisableHookArgs) -> None:
    """Send a signal once more that came where no exception can be raised: in the middle of an import there are such."""
    if not isinstance(unraisable.exc_value, _Stopped):
        sys.__unraisablehook__(unraisable)
        return
    from threading import Timer

    Timer(0.01, os.kill, (os.getpid(), unraisable.exc_value.number)).start()


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run the command and exit: 0 done, 1 an input failed, 2 usage, 128 and its number for a signal."""
    for number in _STOPPING:
        signal.signal(number, _stop)
    sys.unraisablehook = _stop_again
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # None where it is closed
            stream.reconfigure(errors="backslashreplace")
    settings = Settings()
    try:
        status = program.main(arguments, prog_name="imfilt", standalone_mode=False, obj=settings)
        if sys.stdout is not None:
            sys.stdout.flush()  # here, where it is explained if it fails
        sys.exit(status)
    except _Stopped as stopped:
        _leave_stopped(stopped.number)
    except BrokenPipeError:
        _leave_the_pipe()
        sys.exit(1)
    except (click.ClickException, ImfiltError, OSError) as error:
        if settings.debug:
            traceback.print_exc()
        sys.exit(_explain(error))
    except Exception as error:
        if is_out_of_memory(error):
            say("not enough memory")
            sys.exit(1)
        if _received:  # what modules written in C make of an exception that they do not expect
            _leave_stopped(signal.Signals(_received[0]))
        raise


def _leave_stopped(number: signal.Signals) -> NoReturn:
    say(_STOPPING[number])
    sys.exit(128 + number)


def _explain(error: click.ClickException | ImfiltError | OSError) -> int:
    """Print what is wrong, and return the exit status."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return error.exit_code
    if isinstance(error, click.ClickException):
        say(_usage_message(error))
        return error.exit_code
    if isinstance(error, ImfiltError):
        say(str(error))
        return error.exit_code
    place = f"{os.fsdecode(error.filename)}: " if error.filename else "standard output cannot be written: "
    say(f"{place}{error.strerror or error}")
    return 1


def _leave_the_pipe() -> None:
    """Let nothing be written to a pipe that nobody reads any more, not even when Python closes it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _usage_message(error: click.ClickException) -> str:
    """Return Click's message as one line that says where help is."""
    message = " ".join(error.format_message().split()).rstrip(".")
    context = getattr(error, "ctx", None)
    end = "" if message.endswith("?") else ";"
    return f"{message}{end} see '{context.command_path if context else 'imfilt'} --help'"

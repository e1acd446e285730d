"""A worker process: it makes one call after another for the process that started it, and stops when that is gone."""

from __future__ import annotations

import gc
import os
import pickle
import signal
import sys
import threading
import traceback
from collections.abc import Iterable
from queue import SimpleQueue
from types import FrameType
from typing import Any, NoReturn

# What calls are made of, with NumPy and Pillow.
import imfilt.batch.filtering
import imfilt.batch.work  # noqa: F401
from imfilt.batch.heap import keep_freed_memory
from imfilt.batch.runners.channel import BROKEN, Channel
from imfilt.images.reading import import_readers

import_readers()

_GARBAGE_THRESHOLD = 100_000


class _Stopped(BaseException):
    """A signal to stop, as an exception, so that temporary files are removed on the way out."""


def main() -> NoReturn:
    """Make the calls that come in on standard input, and send their results to where standard output leads."""
    results = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    errors = os.open(os.devnull, os.O_WRONLY) if sys.stderr is None else sys.stderr.fileno()  # None where it is closed
    os.dup2(errors, sys.stdout.fileno())  # so that no library can print between the results
    keep_freed_memory()
    serve(Channel(sys.stdin.buffer, results))


def serve(channel: Channel, signals: Iterable[int] | None = None) -> NoReturn:
    """Make the calls that come in, and send their results, until there are no more.

    Where `signals` are given, all are blocked until now, and these alone from now on.
    """
    try:
        for name in ("SIGINT", "SIGHUP"):  # which a terminal sends to all; whoever started this decides
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_IGN)
        signal.signal(signal.SIGTERM, _stop)
        if signals is not None:
            signal.pthread_sigmask(signal.SIG_SETMASK, signals)
        gc.freeze()
        gc.set_threshold(_GARBAGE_THRESHOLD)
        calls: SimpleQueue[Any] = SimpleQueue()
        threading.Thread(target=_listen, args=(channel, calls), daemon=True).start()
        channel.send(None)  # all is imported
        while (call := calls.get()) is not None:
            channel.send(_answer(*call))
    except BROKEN:
        os._exit(1)
    except _Stopped:
        os._exit(1)
    os._exit(0)


def _listen(channel: Channel, calls: SimpleQueue[Any]) -> None:
    """Receive calls, while one is made; when no more can be received, stop the call in hand too."""
    try:
        while (call := channel.receive()) is not None:
            calls.put(call)
        calls.put(None)
    except Exception:  # nobody is there to send any, or what was sent cannot be unpickled
        os.kill(os.getpid(), signal.SIGTERM)


def _answer(function: Any, arguments: tuple[Any, ...]) -> tuple[Any, Exception | None]:
    """Return the result of a call, or the exception that it raised."""
    try:
        return function(*arguments), None
    except Exception as error:
        error.add_note(traceback.format_exc())
        try:
            pickle.dumps(error)
        except Exception:
            error = RuntimeError(f"{type(error).__name__}: {error}")
        return None, error


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise _Stopped

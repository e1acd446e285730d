"""Messages between a process and its workers: pickles, in which a recipe is sent once and then called by its number."""

from __future__ import annotations

import pickle
from contextlib import suppress
from typing import IO, Any

from imfilt.engine.recipes.recipe import Recipe

BROKEN: tuple[type[Exception], ...] = (OSError, EOFError, pickle.UnpicklingError)
"""What is raised where nobody is at the other end, or its last message is not whole."""


class Channel:
    """One end of two pipes. A kernel may have a million weights, and every job and every outcome has its recipe."""

    def __init__(self, incoming: IO[bytes], outgoing: IO[bytes]) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self.recipes: dict[int, Recipe] = {}
        """By number; each is kept alive, so that its id stays its own."""
        self.numbers: dict[int, int] = {}
        """From ids of recipes to their numbers."""

    def send(self, message: object) -> None:
        """Send anything that can be pickled; raise one of `BROKEN` where nobody is there."""
        _Pickler(self._outgoing, self).dump(message)
        self._outgoing.flush()

    def receive(self) -> Any:
        """Wait for a message; raise one of `BROKEN` where none will come."""
        return _Unpickler(self._incoming, self).load()

    def close(self) -> None:
        """Close both pipes."""
        for stream in (self._outgoing, self._incoming):
            with suppress(OSError):  # what could not be sent any more
                stream.close()

    def keep(self, number: int, recipe: Recipe) -> None:
        """Call a recipe by this number from now on."""
        self.recipes[number] = recipe
        self.numbers[id(recipe)] = number


class _Pickler(pickle.Pickler):
    def __init__(self, stream: IO[bytes], channel: Channel) -> None:
        super().__init__(stream, pickle.HIGHEST_PROTOCOL)
        self._channel = channel

    def persistent_id(self, value: Any) -> tuple[int, bytes | None] | None:
        """Return the number of a recipe, and the recipe itself where it is new."""
        if type(value) is not Recipe:
            return None
        number = self._channel.numbers.get(id(value))
        if number is not None:
            return number, None
        number = len(self._channel.recipes)
        self._channel.keep(number, value)
        return number, pickle.dumps(value)


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: IO[bytes], channel: Channel) -> None:
        super().__init__(stream)
        self._channel = channel

    def persistent_load(self, reference: tuple[int, bytes | None]) -> Recipe:
        """Return the recipe that `persistent_id` sent this for."""
        number, recipe = reference
        if recipe is not None:
            self._channel.keep(number, pickle.loads(recipe))
        return self._channel.recipes[number]

"""A task for workers: squares of whole numbers, some of which go wrong in a way of their own."""

import os
from pathlib import Path

from core.errors import TooLittleError

GATE, DISK, MODULE, ENDED, MISTAKE = -1, -2, -3, -4, -5


def square(number):
    """The square, where it was made: process and folder."""
    if number == GATE:
        raise TooLittleError("Nobody is left: ask for less.", {"customers": (0, 5)})
    if number == DISK:
        raise OSError(28, "No space left on device", "data/cards")
    if number == MODULE:
        import a_module_of_nobody  # noqa: F401
    if number == ENDED:
        os._exit(3)
    if number == MISTAKE:
        raise KeyError("a mistake in our code")
    return number**2, os.getpid(), Path.cwd()

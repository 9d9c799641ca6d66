"""Keeps what a library writes past Python to the standard output out of it."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

OUTPUT = 1  # the file descriptor


@contextmanager
def without_output() -> Iterator[None]:
    """Nothing is written to the standard output meanwhile, by code in C either.

    HiGHS prints a line of its own debugging now and then, whatever it is told of output
    (`HighsMipSolverData::transformNewIntegerFeasibleSolution`), between the lines of a run.
    """
    library = ctypes.CDLL(None)
    sys.stdout.flush()
    library.fflush(None)
    kept = os.dup(OUTPUT)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, OUTPUT)
    os.close(nowhere)
    try:
        yield
    finally:
        library.fflush(None)
        os.dup2(kept, OUTPUT)
        os.close(kept)

"""Processes that are killed with SIGKILL at random moments while they write.

A parent that has imported everything forks a child for each kill; the child tells on a pipe when it
begins to write, when it is done, and which writes were acknowledged. What the child itself believes
counts for nothing: another process reads the store afterwards.
"""

import os
import random
import select
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from core.errors import RegularsError

BEGUN, DONE = b"b", b"e"
LONGEST = 120.0  # seconds that one child may take


@dataclass(frozen=True)
class Killed:
    """What became of one child: `inside` says that the signal fell between BEGUN and DONE."""

    inside: bool
    was_killed: bool
    told: bytes


Work = Callable[[Callable[[bytes], None]], None]


def lived(work: Work) -> float:
    """Seconds that the work takes where nobody kills it, from BEGUN to DONE."""
    with _child(work) as (pid, reading):
        begun, told = _wait_for_begun(reading), b""
        while piece := os.read(reading, 65_536):  # ends with the child
            told += piece
        took = time.monotonic() - begun
        os.waitpid(pid, 0)
        if not told.endswith(DONE):
            raise RuntimeError("a child ended by itself before it was done")
        return took


def killed(work: Work, seconds: float, draw: random.Random) -> Killed:
    """Kill a child within `seconds` after it began to write."""
    with _child(work) as (pid, reading):
        begun = _wait_for_begun(reading)
        moment = begun + draw.random() * seconds
        told = b""
        while (left := moment - time.monotonic()) > 0 and not told.endswith(DONE):
            if select.select([reading], [], [], left)[0]:
                piece = os.read(reading, 65_536)
                if not piece:
                    break
                told += piece
        os.kill(pid, signal.SIGKILL)
        status = os.waitpid(pid, 0)[1]
        # What was written to the pipe before the signal was told, whether or not it was read.
        while piece := os.read(reading, 65_536):
            told += piece
        if not os.WIFSIGNALED(status) and DONE not in told:
            raise RuntimeError("a child ended by itself before it was done")
        return Killed(DONE not in told, os.WIFSIGNALED(status), told.replace(DONE, b""))


def ended_with(work: Callable[[], str]) -> str:
    """What the work returns in a child; how it ended where it returned nothing.

    `refused`: with an error of ours, `crashed`: with another, or by a signal.
    """

    def tried(say: Callable[[bytes], None]) -> None:
        try:
            say(work().encode())
        except RegularsError:
            say(b"refused")
        except Exception as error:  # noqa: BLE001 (what it may be is what is measured)
            os.write(2, f"{type(error).__name__}: {error}\n".encode())

    with _child(tried) as (pid, reading):
        told = b""
        while piece := os.read(reading, 65_536):
            told += piece
        os.waitpid(pid, 0)
        return told.decode() or "crashed"


@contextmanager
def _child(work: Work) -> Iterator[tuple[int, int]]:
    """A child that does the work; its id and the end of the pipe on which it tells."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(reading)
            work(lambda told: _write(writing, told))
            os._exit(0)
        except BaseException as error:  # noqa: BLE001 (it must never return into the parent's code)
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
            os._exit(1)
    os.close(writing)
    try:
        yield pid, reading
    finally:
        os.close(reading)


def _write(pipe: int, told: bytes) -> None:
    os.write(pipe, told)  # under 4 KB: whole or not at all


def _wait_for_begun(reading: int) -> float:
    if not select.select([reading], [], [], LONGEST)[0]:
        raise TimeoutError(f"a child told nothing within {LONGEST:.0f} seconds")
    told = os.read(reading, 1)
    if told != BEGUN:
        raise RuntimeError("a child ended by itself before it began to write")
    return time.monotonic()

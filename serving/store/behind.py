"""Work that goes on behind the caller: written in a thread while the next part is being made."""

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager


class Behind:
    """Does one thing after another in a thread of its own, at most one ahead of the caller."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool
        self._last: Future[None] | None = None

    def run(self, work: Callable[[], None]) -> None:
        """Begin this when the last one has ended; raises what the last one raised."""
        self.wait()
        self._last = self._pool.submit(work)

    def wait(self) -> None:
        """Wait for the end of the last one; raises what it raised."""
        if self._last is not None:
            self._last.result()


@contextmanager
def behind() -> Iterator[Behind]:
    """A thread to write in; the block ends when all is written."""
    with ThreadPoolExecutor(1) as pool:
        writer = Behind(pool)
        yield writer
        writer.wait()


@contextmanager
def without_garbage_collection() -> Iterator[None]:
    """Python does not look for circles among values while millions of them are made and dropped.

    That took a third of the time. What is made here has no circles worth looking for.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()

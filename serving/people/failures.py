"""Log-ins and keys that failed, in the audit log: by address and reason, with how many there were.

They are written a minute's worth at a time, so that nobody can fill the log. Neither passwords nor
names that nobody has stand in it: what is typed there may be a password.
"""

import asyncio
import logging
from collections import Counter

from anyio import to_thread
from sqlalchemy import Engine

from core.errors import StoreError
from serving.people.audit import note
from serving.store.database import writing
from serving.store.read_only import is_to_read_only

EVERY = 60.0  # seconds from one batch of entries to the next
MOST = 10  # entries of a batch; others are counted in one more
REMEMBERED = 1_000  # addresses with reasons between two batches
OTHERS = ("other addresses", "several reasons")
log = logging.getLogger("uvicorn.error")


class Failures:
    """Counts failures of this process, and writes them down. To be used in the event loop."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._counts: Counter[tuple[str, str]] = Counter()
        self._last = float("-inf")
        self._timer: asyncio.TimerHandle | None = None
        self._writing: asyncio.Task[None] | None = None

    def failed(self, address: str, why: str) -> None:
        """Count a failure; the first one after a quiet minute is written at once."""
        if is_to_read_only(self.engine):
            return
        key = (f"address {address}" if address else "an unknown address", why)
        self._counts[key if key in self._counts or len(self._counts) < REMEMBERED else OTHERS] += 1
        if self._timer is None:
            loop = asyncio.get_running_loop()
            wait = max(0.0, self._last + EVERY - loop.time())
            self._timer = loop.call_later(wait, self._begin)

    def _begin(self) -> None:
        self._timer, self._last = None, asyncio.get_running_loop().time()
        counts, self._counts = self._counts, Counter()
        self._writing = asyncio.ensure_future(self._write(counts))

    async def _write(self, counts: Counter[tuple[str, str]]) -> None:
        try:
            await to_thread.run_sync(write_failures, self.engine, counts)
        except StoreError as error:
            log.warning("%s log-ins failed, and could not be noted: %s", counts.total(), error)


def write_failures(engine: Engine, counts: Counter[tuple[str, str]]) -> None:
    """An entry for each of the MOST most frequent, and one for the others."""
    told = Counter(dict(counts.most_common(MOST)))
    told[OTHERS] += counts.total() - told.total()
    with writing(engine) as connection:
        for (address, why), times in told.items():
            if times:
                said = "once" if times == 1 else f"{times} times"
                note(connection, address, "was refused", f"{why}, {said}")

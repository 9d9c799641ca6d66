"""Logs that nobody can fill: the same message is written a few times a minute, then counted."""

import logging
import time
from collections import Counter
from collections.abc import Callable

SAME = 5  # times a minute that one message is written
MINUTE = 60.0


class Quiet(logging.Filter):
    """Lets SAME records of one message through in a minute; the next minute says how many came."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self.clock, self._minute = clock, 0
        self._seen, self._before = Counter[str](), Counter[str]()

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether to write the record; its first one of a minute tells of those left out before."""
        minute = int(self.clock() // MINUTE)
        if minute != self._minute:
            self._minute, self._before, self._seen = minute, self._seen, Counter()
        message = str(record.msg)  # the words without their values
        self._seen[message] += 1
        left_out = self._before.pop(message, 0) - SAME
        if left_out > 0:
            record.msg = f"{record.getMessage()} ({left_out} more of these before)"
            record.args = None
        return self._seen[message] <= SAME


def quieten() -> None:
    """Apply this to what clients can make the server say."""
    for name in ("uvicorn.error", "asyncio"):
        logger = logging.getLogger(name)
        if not any(isinstance(kept, Quiet) for kept in logger.filters):
            logger.addFilter(Quiet())

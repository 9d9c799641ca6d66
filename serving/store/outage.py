"""When the store does not answer: one line in the log at the beginning, and one at the end."""

import logging
import time
from collections.abc import Callable

log = logging.getLogger("uvicorn.error")


class Outage:
    """Counts the requests that the store left unanswered, instead of a line for each of them."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._since, self._requests = clock, 0.0, 0

    def note(self, error: Exception) -> None:
        """A request could not be answered, since the store did not answer."""
        if not self._requests:
            self._since = self._clock()
            log.error("The store: %s", error)
        self._requests += 1

    def over(self) -> None:
        """The store has answered."""
        if self._requests:
            seconds, requests = self._clock() - self._since, self._requests
            self._requests = 0
            log.warning(
                "The store answers again: it did not for %.0f s, and %d requests got 503.",
                seconds,
                requests,
            )

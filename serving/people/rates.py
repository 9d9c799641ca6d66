"""How many requests each may make in a minute: counted by whoever knows the one who asks."""

import math
import time
from collections import Counter
from collections.abc import Callable

from serving.people.errors import TooManyError

MINUTE = 60.0


class Rate:
    """So many requests in a minute for each; 0: any number."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit, self.clock = limit, clock
        self._minute, self._asked = 0, Counter[str]()

    def counted(self, who: str) -> dict[str, str]:
        """Count a request; the headers that say what may still be asked in this minute.

        Raises TooManyError, with these headers, where nothing may.
        """
        if not self.limit:
            return {}
        now = self.clock()
        if int(now // MINUTE) != self._minute:
            self._minute = int(now // MINUTE)
            self._asked.clear()
        self._asked[who] += 1
        rest = self.limit - self._asked[who]
        headers = {
            "RateLimit-Limit": str(self.limit),
            "RateLimit-Remaining": str(max(rest, 0)),
            "RateLimit-Reset": str(math.ceil(MINUTE - now % MINUTE)),
        }
        if rest < 0:
            raise TooManyError(self.limit, headers)
        return headers


def stricter(one: dict[str, str], other: dict[str, str]) -> dict[str, str]:
    """Of two limits that hold for a request, the headers of the one that ends it sooner."""
    if not (one and other):
        return one or other
    return min(one, other, key=lambda headers: int(headers["RateLimit-Remaining"]))

"""Log-ins that fail are slowed down: by name and by address, so that nobody can try them all."""

import time
from collections import OrderedDict
from collections.abc import Callable

FREE = 5  # failures of a name before the first wait
FREE_OF_AN_ADDRESS = 50  # a proxy's address is that of everybody behind it
FIRST_WAIT, LONGEST_WAIT = 2.0, 900.0  # seconds; each failure doubles the wait
MOST = 10_000  # names and addresses remembered


class Throttle:
    """Counts failures of this process. A name that is being tried is slow for its owner too."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, free: int = FREE) -> None:
        self.clock, self.free = clock, free
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, who: str) -> float:
        """Seconds until they may try again; 0 where they may now."""
        _, until = self._failures.get(who, (0, 0.0))
        return max(0.0, until - self.clock())

    def failed(self, who: str) -> None:
        """Note a failure."""
        count = self._failures.pop(who, (0, 0.0))[0] + 1
        beyond = count - self.free
        wait = min(FIRST_WAIT * 2.0 ** min(beyond, 30), LONGEST_WAIT) if beyond >= 0 else 0.0
        self._failures[who] = count, self.clock() + wait
        while len(self._failures) > MOST:
            self._failures.popitem(last=False)

    def succeeded(self, who: str) -> None:
        """Forget the failures."""
        self._failures.pop(who, None)

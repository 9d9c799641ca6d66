"""Log-ins that fail are slowed down: by name and by address, so that nobody can try them all."""

import time
from collections import OrderedDict
from collections.abc import Callable

FREE = 5  # failures before the first wait
FIRST_WAIT, LONGEST_WAIT = 2.0, 900.0  # seconds; each failure doubles the wait
MOST = 10_000  # names and addresses remembered


class Throttle:
    """Counts failures of this process. A name that is being tried is slow for its owner too."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._failures: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def wait(self, *who: str) -> float:
        """Seconds until any of these may try again; 0 where they may now."""
        untils = [self._failures[one][1] for one in who if one in self._failures]
        return max([0.0, *(until - self.clock() for until in untils)])

    def failed(self, *who: str) -> None:
        """Note a failure of each."""
        for one in who:
            count = self._failures.pop(one, (0, 0.0))[0] + 1
            beyond = count - FREE
            wait = min(FIRST_WAIT * 2**beyond, LONGEST_WAIT) if 0 <= beyond < 30 else 0.0
            wait = LONGEST_WAIT if beyond >= 30 else wait
            self._failures[one] = count, self.clock() + wait
        while len(self._failures) > MOST:
            self._failures.popitem(last=False)

    def succeeded(self, *who: str) -> None:
        """Forget the failures of each."""
        for one in who:
            self._failures.pop(one, None)

"""What a process keeps of the store: only what is named by a hash of its content, so never old."""

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """What was made for the keys that were asked for last, at most `size` of them."""

    def __init__(self, size: int) -> None:
        self._size, self._made = size, OrderedDict[Any, T]()
        self._lock, self._making = Lock(), Lock()

    def get(self, key: Any, make: Callable[[], T]) -> T:
        """What was made for this key; made now if it is not there, by one thread for all."""
        found = self._found(key)
        if found is not None:
            return found
        with self._making:
            found = self._found(key)
            if found is None:
                found = make()
                with self._lock:
                    self._made[key] = found
                    while len(self._made) > self._size:
                        self._made.popitem(last=False)
            return found

    def _found(self, key: Any) -> T | None:
        with self._lock:
            if key in self._made:
                self._made.move_to_end(key)
            return self._made.get(key)

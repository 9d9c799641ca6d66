"""The same work for each of many items: one after the other here, or by others elsewhere."""

from collections.abc import Callable, Iterable, Iterator
from typing import Protocol, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


class Each(Protocol):
    """Who does the work: `in_turn`, or features/engines/spark_tasks.py."""

    def __call__(
        self, task: Callable[[Item], Result], items: Iterable[Item], /
    ) -> Iterator[Result]:
        """What the task says of each item, in their order.

        Who calls this expects neither that the task runs in this process nor that it runs once: it
        can be pickled, as items and results can, and what it writes has its name at once
        (`written_whole`).
        """


def in_turn(task: Callable[[Item], Result], items: Iterable[Item], /) -> Iterator[Result]:
    """One item after the other, in this process."""
    return map(task, items)

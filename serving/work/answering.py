"""Who answers for a customer: the owner of the plan where it names one, else that of the card."""

from collections import defaultdict
from collections.abc import Mapping

from core.arrays import BoolArray
from serving.store.list_index import ListIndex


def owner_of(planned: str | None, of_card: str | None) -> str | None:
    """Who answers for one customer; None: nobody."""
    return planned or of_card


class Owners:
    """Who answers for the customers of a list, by row; `planned`: the owners of plans."""

    def __init__(self, index: ListIndex, planned: Mapping[str, str | None]) -> None:
        self._index = index
        self._customers: dict[str, list[str]] = defaultdict(list)  # of plans, by owner
        for who, owner in planned.items():
            if owner:
                self._customers[owner].append(who)
        self._is_planned = index.rows_of([who for who, owner in planned.items() if owner])

    def names(self) -> list[str]:
        """Everybody who answers for somebody, whether or not in this list."""
        return sorted({*self._index.words("owner"), *self._customers})

    def rows(self, owner: str | None) -> BoolArray:
        """The rows for which this one answers (None: nobody does), as a mask (n,)."""
        index = self._index
        found: BoolArray
        if owner is None:
            found = ~index.has("owner", index.words("owner")) & ~self._is_planned
        else:
            of_card = index.has("owner", [owner]) & ~self._is_planned
            found = of_card | index.rows_of(self._customers.get(owner, []))
        return found

"""Texts made of cards, such as their JSON: made once, and kept while there is room for them.

Reading a card, wording its reasons and writing it out takes longer than everything else about a
list. What is made depends on nothing but the card as it is kept, what its release says of itself,
and the form, so that it is kept under these. Only texts of published cards of the current release
are kept, and none from before what it says of itself was changed: an erasure changes that, so that
nothing of a person who was erased stays here.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock

from serving.cards.stored import Card
from serving.store.reading import KeptCard

SIZE = 32_000_000  # bytes that are kept: some 5,000 cards as JSON
OVERHEAD = 300  # bytes that an entry takes besides its content and its text


class Texts:
    """The texts that were asked for last, at most `size` bytes with what they were made of."""

    def __init__(self, size: int = SIZE) -> None:
        self.size, self.bytes = size, 0
        self._release: str | None = None  # whose texts are kept: the sha256 of what it says
        self._made: OrderedDict[Hashable, tuple[bytes, int]] = OrderedDict()  # and its size
        self._lock = Lock()

    def of(self, card: KeptCard, form: Hashable, make: Callable[[Card], bytes]) -> bytes:
        """What `make` makes of the card; `form` names everything else that it depends on."""
        name = card.found.info_sha256
        if name is None or not card.found.release.is_current or card.is_live:
            return make(card.read())
        key = (form, card.customer_id, card.content)
        with self._lock:
            if name != self._release:
                self._made.clear()
                self._release, self.bytes = name, 0
            found = self._made.get(key)
            if found is not None:
                self._made.move_to_end(key)
                return found[0]
        made = make(card.read())
        with self._lock:
            if name == self._release and key not in self._made:
                size = OVERHEAD + len(card.content) + len(made)
                self._made[key] = made, size
                self.bytes += size
                while self.bytes > self.size:
                    self.bytes -= self._made.popitem(last=False)[1][1]
        return made

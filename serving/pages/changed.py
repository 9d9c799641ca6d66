"""What changed since the release before, for the first line of the home page."""

from dataclasses import dataclass
from typing import Any

from fastapi import Request

from models.words import ALREADY_CHURNED
from serving.cards.changes import Changes, MovedGroup
from serving.people.access import store_of
from serving.web.convertors import id_in_path
from serving.web.page import suffix
from serving.work.changes import changes

# Which part of the list a group is found in, together with what has changed since.
FILTERS: dict[str, dict[str, list[str]]] = {
    "new_in_high": {"risk_band": ["high"]},
    "back": {},
    "left": {"status": [ALREADY_CHURNED, "insufficient_data"]},
    "lost": {},
}


@dataclass(frozen=True)
class ChangedLine:
    """What the template changed.html shows."""

    found: Changes
    groups: list[tuple[MovedGroup, str]]  # those with customers, and where the list shows them
    customers: dict[str, str]  # the addresses of those who have a card
    everything: str


def changed_line(request: Request, release: str | None, language: list[str]) -> ChangedLine:
    """The changes of a release; `language`: as it stands in the address of the page."""
    _, found = changes(store_of(request), release)
    kept = {"language": language} if language else {}
    if release is not None:
        kept["release"] = [release]

    def address(filters: dict[str, list[str]]) -> str:
        since: dict[str, list[Any]] = {"changed_since": [found.compared_with]}
        return "/" + suffix({**kept, **since, **filters})

    return ChangedLine(
        found,
        [(group, address(FILTERS[group.move])) for group in found.groups if group.customers],
        {
            one.customer_id: f"/customers/{id_in_path(one.customer_id)}{suffix(kept)}"
            for group in found.groups
            for one in group.first
            if one.has_card
        },
        address({}),
    )

"""The overview of a release: read from its folder, and as a reader of the store sees it."""

from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from core.files import read_json
from serving.cards.overview import (
    AtStakeBy,
    KeptMove,
    KeptMovers,
    KeptOverview,
    MovedCustomer,
    Movers,
    Overview,
    RelationshipOverview,
)
from serving.cards.release import Release
from serving.store.errors import NoOverviewError
from serving.store.many import cards_of
from serving.store.reading import with_part
from serving.store.tables import OVERVIEW
from serving.store.visible import visible_owners

SHOWN, ASKED = 10, 30  # customers each way that are shown, and whose cards are read for that
WAYS = ("growing", "shrinking")
Owners = frozenset[str] | None


def read_overview(folder: Path) -> KeptOverview | None:
    """The overview in a release folder; None in one of older code.

    Raises ValueError for one that breaks the schema.
    """
    path = folder / "reports" / "overview.json"
    return KeptOverview.model_validate(read_json(path)) if path.exists() else None


def overview_of(
    engine: Engine, release: str | None = None, with_customers: bool = True
) -> tuple[Release, Overview]:
    """The overview of a release, as this reader sees it. Raises NoOverviewError without one.

    Sums are those of the whole company; rows of owners, and customers, are those that the reader
    sees. Raises NoReleaseError and ReleaseNotFoundError as `current`.
    """
    its, found = with_part(engine, OVERVIEW, release)
    if found is None:
        raise NoOverviewError(
            f"Release {its.release_id} has no overview: it was made before there were any. Run "
            "`make run`."
        )
    kept, owners = KeptOverview.model_validate(found), visible_owners(engine)
    movers = None
    if with_customers and kept.movers is not None:
        movers = _named(engine, kept.movers, owners, its.release_id)
    told: dict[str, Any] = dict(kept)
    told["value_at_risk"] = _of_owners(kept.value_at_risk, owners)
    told["relationship"] = _with_owners(kept.relationship, owners)
    return its, Overview.model_construct(**{**told, **its.stamp(), "movers": movers})


def _named(engine: Engine, kept: KeptMovers, owners: Owners, release_id: str) -> Movers:
    """The customers whom the reader sees; who has no card in the release is not told either."""
    seen = [one for one in kept.customers if owners is None or one.owner in owners]
    seen.sort(key=lambda one: (-_changed(one), one.customer_id))
    by_way = {way: [one for one in seen if one.way == way][:ASKED] for way in WAYS}
    ids = [one.customer_id for some in by_way.values() for one in some]
    _, cards = cards_of(engine, ids, ["name", "owner"], release_id)
    told = {
        way: [_with_name(one, cards[one.customer_id]) for one in some if one.customer_id in cards]
        for way, some in by_way.items()
    }
    return Movers(days=kept.days, **{way: some[:SHOWN] for way, some in told.items()})


def _changed(one: KeptMove) -> float:
    return abs(one.spent - one.before)


def _with_name(one: KeptMove, card: dict[str, Any]) -> MovedCustomer:
    named = {"name": card["name"], "owner": card["owner"]}
    return MovedCustomer.model_validate({**one.model_dump(), **named})


def _of_owners(groups: AtStakeBy, owners: Owners) -> AtStakeBy:
    if owners is None:
        return groups
    theirs = [row for row in groups.owner if row.name in owners]
    return groups.model_copy(update={"owner": theirs})


def _with_owners(found: RelationshipOverview | None, owners: Owners) -> RelationshipOverview | None:
    if found is None or owners is None:
        return found
    theirs = [row for row in found.by_owner if row.owner in owners]
    return found.model_copy(update={"by_owner": theirs})

"""The risk of one customer over the releases that are kept, by their versions of the card."""

from bisect import bisect_right
from typing import Any

from sqlalchemy import Connection, bindparam, select

from models.words import LISTED
from serving.cards.timeline import PastRisk
from serving.store.coding import read_row
from serving.store.tables import card_versions, releases

COLUMNS = frozenset({"churn_risk", "risk_rank"})
_RELEASES = (
    select(
        releases.c.number,
        releases.c.release_id,
        releases.c.as_of_date,
        releases.c.model_version,
        releases.c.info["customers"].label("customers"),
    )
    .where(releases.c.published_at.is_not(None), releases.c.number <= bindparam("number"))
    .order_by(releases.c.number)
)
_VERSIONS = (
    select(card_versions.c.number, card_versions.c.content)
    .where(card_versions.c.customer_id == bindparam("customer"))
    .order_by(card_versions.c.number)
)


def risk_history_of(connection: Connection, customer_id: str, number: int) -> list[PastRisk]:
    """The risk in each kept release up to this number that has a card of the customer.

    In the order of their as-of dates; two statements, however many releases there are. Whether the
    reader sees the customer is for the caller to have asked.
    """
    versions = connection.execute(_VERSIONS, {"customer": customer_id}).all()
    numbers = [version.number for version in versions]
    read: dict[int, dict[str, Any]] = {}
    found: list[PastRisk] = []
    kept = connection.execute(_RELEASES, {"number": number}).all()
    model = None
    for release in sorted(kept, key=lambda row: (row.as_of_date, row.number)):
        place = bisect_right(numbers, release.number) - 1
        if place < 0 or versions[place].content is None:
            continue
        if place not in read:
            _, row = read_row(connection, versions[place].content, COLUMNS)
            read[place] = {name: row.get(name) for name in COLUMNS}
        counts = release.customers or {}
        found.append(
            PastRisk(
                release_id=release.release_id,
                as_of_date=release.as_of_date,
                model_version=release.model_version,
                is_new_model=model not in (None, release.model_version),
                churn_risk=read[place]["churn_risk"],
                risk_rank=read[place]["risk_rank"],
                ranked=sum(counts.get(status, 0) for status in LISTED),
            )
        )
        model = release.model_version
    return found

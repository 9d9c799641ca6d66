"""Who turned out otherwise than told, as the API and the page tell it."""

from typing import Any

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from serving.cards.missed import KeptMissed, Missed, MissedCustomer, MissedCustomers, MissedQuery
from serving.cards.release import Release
from serving.store.errors import NoReportError
from serving.store.listing import seen_among
from serving.store.many import cards_of
from serving.store.missed import missed_rows
from serving.store.reading import explained, with_part
from serving.store.tables import MISSED
from serving.store.visible import visible_owners

TEST_DATES = "test_dates"  # the list that is no release
FILTERS = ("reason", "rfm_segment", "abc_class")


def missed(engine: Engine, release: str | None = None) -> tuple[Release, Missed]:
    """The lists whose outcomes are known, the newest release first and the test dates last.

    Raises NoReportError where none is kept, and as `current`.
    """
    its, found = with_part(engine, MISSED, release)
    lists = KeptMissed.model_validate(found).lists if found else []
    if not lists:
        raise NoReportError(
            f"Of release {its.release_id} nobody knows yet who left though told safe: a rule ranks "
            "in it, or no outcome has closed that its models have not seen. Run `make run` with "
            "more data."
        )
    dated = sorted(lists, key=lambda one: one.as_of_dates, reverse=True)
    ordered = sorted(dated, key=lambda one: one.list_id == TEST_DATES)
    return its, Missed(**its.stamp(), lists=ordered)


def missed_customers(
    engine: Engine, query: MissedQuery, limit: int | None
) -> tuple[Release, MissedCustomers]:
    """The customers of one list whom this reader sees, dearest first; `limit` None: all of them.

    Raises as `missed`.
    """
    its, told = missed(engine, query.release)
    name = told.lists[0].list_id if query.list_id is None else query.list_id
    wanted = {"list_id": name, "kind": query.kind}
    wanted |= {one: value for one in FILTERS if (value := getattr(query, one)) is not None}
    try:
        with engine.connect() as connection:
            rows: list[dict[str, Any]] = missed_rows(connection, query.release, wanted).to_pylist()
            if visible_owners(connection) is not None:
                seen = seen_among(connection, {row["customer_id"] for row in rows})
                rows = [row for row in rows if row["customer_id"] in seen]
    except DBAPIError as error:
        raise explained(engine, error) from None
    shown = rows if limit is None else rows[query.offset : query.offset + limit]
    _, cards = cards_of(engine, [row["customer_id"] for row in shown], ("name",), query.release)
    customers = [
        MissedCustomer(
            **row,
            name=cards.get(row["customer_id"], {}).get("name"),
            has_card=row["customer_id"] in cards,
        )
        for row in shown
    ]
    return its, MissedCustomers(
        **its.stamp(), list_id=name, kind=query.kind, total=len(rows), customers=customers
    )

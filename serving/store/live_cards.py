"""Cards computed anew for the current release, from its histories and what was told since.

They lie over the cards of the release: whoever names no release reads them, and lists take them in
up to the one that was newest when the list began.
"""

import datetime as dt
import json
import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from sqlalchemy import ColumnElement, Connection, Select, func, insert, select

from serving.cards.sorting import DESCENDING, RANKED
from serving.cards.stored import Card, fitted
from serving.store.coding import as_served, read_row
from serving.store.kept_out import out_among
from serving.store.list_index import CODES, DAYS, LAST, NEVER, SCHEMA, ListIndex
from serving.store.memory import Kept
from serving.store.own_secrets import CURSORS, secret
from serving.store.tables import live_cards

FROM_DATE = {"next_purchase_date": "median"}  # of a date with an interval
_INDEXES: Kept[ListIndex] = Kept(4)
_Listed = dict[str, Any]


@dataclass(frozen=True)
class LiveCard:
    """A card, with its purchases, and the newest request of which it knows."""

    card: Card
    request: int


def newest_live(connection: Connection, number: int) -> int:
    """The number of the newest live card of a release; 0 where there is none."""
    its = select(func.max(live_cards.c.number)).where(live_cards.c.release_number == number)
    return connection.scalar(its) or 0


def newest_content(
    number: int | ColumnElement[int], customer_id: str | ColumnElement[str]
) -> Select[tuple[bytes]]:
    """Asks for what `read_live` reads, of a customer's newest live card in a release."""
    its = (live_cards.c.customer_id == customer_id, live_cards.c.release_number == number)
    newest = select(live_cards.c.content).where(*its).order_by(live_cards.c.number.desc())
    return newest.limit(1)


def live_cards_of(
    connection: Connection, number: int, customers: Collection[str], until: int
) -> dict[str, Card]:
    """The live cards of these customers in a release up to a live card's number, by id."""
    contents = live_contents(connection, number, customers, until)
    return {who: read_live(connection, content) for who, content in contents.items()}


def live_contents(
    connection: Connection, number: int, customers: Collection[str], until: int
) -> dict[str, bytes]:
    """The same as `read_live` reads it."""
    if not until:
        return {}
    its = (live_cards.c.release_number == number, live_cards.c.number <= until)
    query = select(live_cards.c.customer_id, live_cards.c.content)
    wanted = query.where(*its, live_cards.c.customer_id.in_(customers))
    rows = connection.execute(wanted.order_by(live_cards.c.number))
    return {row.customer_id: row.content for row in rows}


def requests_of(connection: Connection, number: int) -> dict[str, int]:
    """The newest request that the live cards of a release know of, by customer."""
    newest = func.max(live_cards.c.request).label("newest")
    query = select(live_cards.c.customer_id, newest)
    its = live_cards.c.release_number == number
    rows = connection.execute(query.where(its).group_by(live_cards.c.customer_id))
    return {row.customer_id: row.newest for row in rows}


def keep_live(connection: Connection, number: int, cards: Iterable[LiveCard]) -> int:
    """Keep cards of a release; how many. Within a transaction of `writing`.

    Left out is who was erased or objects meanwhile, and a card that knows of less than one that is
    there.
    """
    cards, known = list(cards), requests_of(connection, number)
    out = out_among(connection, [one.card["customer_id"] for one in cards])
    rows = [
        {
            "release_number": number,
            "customer_id": one.card["customer_id"],
            "request": one.request,
            "content": as_served(one.card),
            "listed": json.dumps(_listed(one.card)),
        }
        for one in cards
        if one.request >= known.get(one.card["customer_id"], 0)
        and one.card["customer_id"] not in out
    ]
    if rows:
        connection.execute(insert(live_cards), rows)
    return len(rows)


def live_index(connection: Connection, number: int, until: int) -> ListIndex | None:
    """What the live cards of a release are filtered and sorted by; None where there are none."""
    if not until:
        return None
    its = (live_cards.c.release_number == number, live_cards.c.number <= until)
    count = connection.scalar(select(func.count()).select_from(live_cards).where(*its))
    # Cards are added and erased, and never changed; the secret tells one store from another.
    name = f"{secret(connection, CURSORS)!r} {number} {until} {count}"

    def read() -> ListIndex:
        query = select(live_cards.c.listed).where(*its).order_by(live_cards.c.number)
        newest: dict[str, _Listed] = {}
        for text in connection.scalars(query):
            row = json.loads(text)
            newest[row["customer_id"]] = row
        rows = [_with_dates(newest[who]) for who in sorted(newest)]
        return ListIndex([pa.Table.from_pylist(rows, SCHEMA)], name)

    return _INDEXES.get(name, read) if count else None


def read_live(connection: Connection, content: bytes, with_purchases: bool = False) -> Card:
    """The card that a content holds."""
    _, card = read_row(connection, content)
    if not with_purchases:
        card["purchases"] = None
    return fitted(card)


def _listed(card: Card) -> _Listed:
    """The columns of `list_index.SCHEMA` of a card; dates as text, NEVER as null."""
    action = card["intended_action"] or {}
    own = {**card, "intended_action": action.get("action_id")}
    for name in ("expected_gain", "due_date"):
        own[name] = action.get(name)
    for name, end in FROM_DATE.items():
        own[name] = (card[name] or {}).get(end)
    if card["churn_risk"] is None and card["risk_rank"]:
        own["churn_risk"] = 1 / card["risk_rank"]  # of a rule, as of published cards
    numbers: _Listed = {name: _number(own[name]) for name in DESCENDING}
    coded = {name: own[name] for name in (*CODES, *DAYS)}
    ranks: _Listed = {name: LAST if own[name] is None else own[name] for name in RANKED}
    search = f"{card['name'] or ''}\n{card['customer_id']}".casefold()
    return {
        "customer_id": card["customer_id"],
        "search": search,
        "relationship_declined": bool(card["relationship_declined"]),
        "content_hash": 0,
        "risk_change": _number(card["risk_change"]),
        "days_since_contact": _days_since_contact(card),
        **ranks,
        **numbers,
        **coded,
    }


def _number(value: float | None) -> float:
    return 0.0 if value is None or math.isnan(value) else value


def _with_dates(row: _Listed) -> _Listed:
    # A row that older code wrote has no values of some names.
    days = {n: row.get(n) and dt.date.fromisoformat(row[n]) for n in DAYS}
    older: _Listed = dict.fromkeys((*RANKED, "days_since_contact"), LAST)
    older |= dict.fromkeys(DESCENDING, 0.0) | dict.fromkeys(CODES)
    return older | row | {name: day or NEVER for name, day in days.items()}


def _days_since_contact(card: Card) -> int:
    """Days from the last contact to the date of the card; LAST without one."""
    if card["last_contact_date"] is None:
        return LAST
    contact = dt.date.fromisoformat(card["last_contact_date"])
    return (dt.date.fromisoformat(card["as_of_date"]) - contact).days

"""The timeline of one customer: what was bought, done, asked and answered, as the page has it."""

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from statistics import fmean
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from features.engines.few_rows import asked_of
from features.history.complaints import judged
from features.history.consent import standing
from serving.cards.action_words import action_name
from serving.cards.release import Release, dated_as
from serving.cards.stored import Card
from serving.cards.timeline import (
    AnswerOf,
    ConsentOf,
    ContactOf,
    CustomerTimeline,
    EventsOfMonth,
    Month,
    RiskHistory,
    TicketOf,
)
from serving.store.contact_details import contact_details_of
from serving.store.published import find_release
from serving.store.reading import explained, one_card
from serving.store.risk_history import risk_history_of
from serving.wording.languages import Language
from serving.work.contact_pressure import pressure_of
from serving.work.customer_rows import IS_NEW, CustomerRows, customer_rows
from serving.work.kinds import Row
from serving.work.overrides import all_overrides
from sources.contract import CONSENTS, CONTACTS, EVENTS, ORDERS, SURVEYS, TICKETS

MONTHS, FEWEST_GAPS = 24, 3  # that are told, and that are a rhythm
CENTS = 4  # decimals of a sum: what lies beyond is the rounding of floats


def customer_timeline(
    engine: Engine, customer_id: str, language: Language, release: str | None = None
) -> tuple[Release, Card, CustomerTimeline]:
    """The release, the card with its purchases as it is stored, and the timeline.

    Raises as `one_card`: nothing is told of a customer whom the reader does not see.
    """
    its, card = one_card(engine, customer_id, True, release)
    try:
        with engine.connect() as connection:
            return its, card, _timeline(connection, its, card, language)
    except DBAPIError as error:
        raise explained(engine, error) from None


def risk_history(
    engine: Engine, customer_id: str, release: str | None = None
) -> tuple[Release, RiskHistory]:
    """The risk over the releases up to this one; raises as `customer_timeline`."""
    its, card = one_card(engine, customer_id, False, release)
    try:
        with engine.connect() as connection:
            number = find_release(connection, its.release_id).number
            found = risk_history_of(connection, customer_id, number)
    except DBAPIError as error:
        raise explained(engine, error) from None
    stamp = dated_as(its, card).stamp()
    return its, RiskHistory(**stamp, customer_id=customer_id, risk_history=found)


def _timeline(
    connection: Connection, release: Release, card: Card, language: Language
) -> CustomerTimeline:
    customer_id = card["customer_id"]
    found = find_release(connection, release.release_id)
    known = customer_rows(connection, found, customer_id)
    orders = known.rows.get(ORDERS.name, [])
    bought = card["purchases"] or []
    months = _months_of_orders(orders) if known.history.rows.get(ORDERS.name) else _months(bought)
    details: Mapping[str, Any] = {}
    if release.is_current:
        details = contact_details_of(connection, found.number, customer_id)
    pressure = pressure_of(connection, found, known.rows.get(CONTACTS.name, []))
    return CustomerTimeline(
        **dated_as(release, card).stamp(),
        customer_id=customer_id,
        has_history=known.history.is_known,
        phone=details.get("phone"),
        email=details.get("email"),
        overrides=all_overrides(connection, customer_id),
        purchases=bought,
        usual_gap_days=card.get("usual_gap_days") or _usual_gap(bought),
        months=_filled(months, dt.date.fromisoformat(card["data_until"])),
        has_refunds=bool(known.history.rows.get(ORDERS.name)),
        events=_events(known.rows.get(EVENTS.name, [])) if known.has(EVENTS.name) else None,
        tickets=_tickets(known) if known.has(TICKETS.name) else None,
        answers=_answers(known) if known.has(SURVEYS.name) else None,
        contacts=_contacts(known, release, language) if known.has(CONTACTS.name) else None,
        contact_pressure=pressure,
        consents=_consents(known) if known.has(CONSENTS.name) else None,
        risk_history=risk_history_of(connection, customer_id, found.number),
    )


def _usual_gap(purchases: Sequence[Card]) -> float | None:
    days = [dt.date.fromisoformat(day["day"]) for day in purchases]
    gaps = [(after - before).days for before, after in pairwise(days)]
    return fmean(gaps) if len(gaps) >= FEWEST_GAPS else None


def _months_of_orders(orders: Iterable[Row]) -> dict[dt.date, Month]:
    """Sums of all lines, refunds among them; an order with nothing left of it is no purchase."""
    sums: dict[dt.date, float] = defaultdict(float)
    nets: dict[tuple[dt.date, str], float] = defaultdict(float)
    has_money = False
    for line in orders:
        month = _month(line["event_time"])
        amount = line.get("amount")
        has_money = has_money or "amount" in line
        sums[month] += amount or 0.0
        # Of an order without an amount nobody knows how much it was: it is a purchase all the same.
        nets[month, line["order_id"]] += 1.0 if amount is None else amount
    bought = Counter(month for (month, _), net in nets.items() if net > 0)
    return {
        month: Month(
            month=month, orders=bought[month], amount=round(total, CENTS) if has_money else None
        )
        for month, total in sums.items()
    }


def _months(purchases: Iterable[Card]) -> dict[dt.date, Month]:
    """The same of days with purchases, where there is no history: without refunds."""
    found: dict[dt.date, Month] = {}
    for day in purchases:
        month = dt.date.fromisoformat(day["day"]).replace(day=1)
        before = found.get(month, Month(month=month, orders=0, amount=None))
        amounts = [one for one in (before.amount, day["amount"]) if one is not None]
        total = round(sum(amounts), CENTS) if amounts else None
        found[month] = Month(month=month, orders=before.orders + day["orders"], amount=total)
    return found


def _filled(months: Mapping[dt.date, Month], until: dt.date) -> list[Month]:
    """The last months up to `until`, and up to the last there is; empty ones between them too."""
    if not months:
        return []
    last = max(until.replace(day=1), *months)
    first = max(min(months), _before(last, MONTHS - 1))
    has_money = any(month.amount is not None for month in months.values())
    filled, month = [], first
    while month <= last:
        empty = Month(month=month, orders=0, amount=0.0 if has_money else None)
        filled.append(months.get(month, empty))
        month = _before(month, -1)
    return filled


def _events(events: Iterable[Row]) -> list[EventsOfMonth]:
    counts = Counter((_month(row["event_time"]), row["kind"]) for row in events)
    return [
        EventsOfMonth(month=month, kind=kind, events=count)
        for (month, kind), count in sorted(counts.items())
    ]


def _tickets(known: CustomerRows) -> list[TicketOf]:
    rows = known.rows.get(TICKETS.name, [])
    columns = [*known.columns(TICKETS.name)]
    told = {row["ticket_id"]: row for row in _asked(rows, TICKETS.name, columns, judged)}
    tickets = [
        TicketOf(
            **_utc({"closed_at": None, "kind": None, "priority": None, "csat": None, **row}),
            is_open=told[row["ticket_id"]]["is_open"],
            is_complaint=told[row["ticket_id"]]["is_complaint"],
        )
        for row in rows
    ]
    newest_first = sorted(tickets, key=lambda ticket: ticket.opened_at, reverse=True)
    return sorted(newest_first, key=lambda ticket: not ticket.is_open)


def _answers(known: CustomerRows) -> list[AnswerOf]:
    return [AnswerOf(**_utc(row)) for row in reversed(known.rows.get(SURVEYS.name, []))]


def _contacts(known: CustomerRows, release: Release, language: Language) -> list[ContactOf]:
    empty = {"responded": None, "responded_at": None}
    return [
        ContactOf(
            **_utc({**empty, **row}),
            action=action_name(row["action_id"], release.actions, language),
        )
        for row in reversed(known.rows.get(CONTACTS.name, []))
    ]


def _consents(known: CustomerRows) -> list[ConsentOf]:
    rows = known.rows.get(CONSENTS.name, [])
    is_new = {(row["channel"], row.get("purpose"), row["event_time"]): row[IS_NEW] for row in rows}
    found = _asked(rows, CONSENTS.name, known.columns(CONSENTS.name), standing)
    return [
        ConsentOf(
            **_utc({"purpose": None, **row}),
            is_new=is_new[row["channel"], row.get("purpose"), row["event_time"]],
        )
        for row in found
    ]


def _asked(rows: Sequence[Row], table: str, columns: Sequence[str], asked: Any) -> list[Row]:
    return asked_of(rows, table, columns, asked) if rows else []


def _utc(row: Mapping[str, Any]) -> Row:
    """The row with its times as of UTC."""
    return {
        name: cell.replace(tzinfo=dt.UTC) if isinstance(cell, dt.datetime) else cell
        for name, cell in row.items()
    }


def _month(time: dt.datetime) -> dt.date:
    return time.date().replace(day=1)


def _before(month: dt.date, months: int) -> dt.date:
    """The first of the month so many months before; after it for a number below 0."""
    number = month.year * 12 + month.month - 1 - months
    return dt.date(number // 12, number % 12 + 1, 1)

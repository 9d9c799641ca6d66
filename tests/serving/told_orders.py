"""Orders, visits and objections that are told, and a scorer that counts the orders."""

import datetime as dt

import ibis
import pyarrow.compute as pc

from serving.live.anew import bring_up_to_date
from serving.store.publishing import publish
from serving.store.reading import current, one_card
from serving.work.events import Event
from serving.work.kinds import Consent
from serving.work.outcomes import tell
from tests.serving.releases import card_row
from tests.serving.test_live_cards import with_histories

SCHEMA = {
    "customer_id": "string",
    "order_id": "string",
    "line_id": "string",
    "event_time": "timestamp(6)",
    "amount": "float64",
}


class Scorer:
    """Counts the orders of each customer who paid anything: so many are expected."""

    def __init__(self, engine):
        self.release_id = current(engine).release_id
        _, self.card = one_card(engine, "b", False, self.release_id)
        self.schemas = {"orders": ibis.schema(SCHEMA), "events": ibis.schema(VISITS)}
        self.days = []

    def score_tables(self, customers, tables, newest):
        self.days.append(newest)
        orders = tables["orders"].filter(pc.greater(tables["orders"]["amount"], 0))
        counts = orders["customer_id"].value_counts().to_pylist()
        as_of = (newest + dt.timedelta(days=1)).isoformat()
        return {
            one["values"]: (
                self.card
                | {"customer_id": one["values"], "expected_orders": float(one["counts"])}
                | {"as_of_date": as_of, "data_until": newest.isoformat()},
                [],
            )
            for one in counts
            if one["values"] in customers
        }


VISITS = {"customer_id": "string", "kind": "string", "event_time": "timestamp(6)"}
TOLD = iter(range(1_000_000))


def bought(who, day=dt.date(2024, 11, 2), amount=5.0, order_id=None):
    time = dt.datetime.combine(day, dt.time(9), dt.UTC)
    number = order_id or f"told-{next(TOLD)}"
    return Event("orders", who, {"order_id": number, "event_time": time, "amount": amount})


def visited(who, day):
    time = dt.datetime.combine(day, dt.time(9), dt.UTC)
    return Event("events", who, {"kind": "visit", "event_time": time})


def answer(who, granted, day):
    time = dt.datetime(2024, 5, day, 9, tzinfo=dt.UTC)
    return Consent(
        kind="consent",
        customer_id=who,
        channel="all",
        purpose="profiling",
        granted=granted,
        event_time=time,
    )


def told(engine, *news):
    return tell(engine, list(news), f"key-{next(TOLD)}", "shop")


def made(engine, *customers):
    return bring_up_to_date(engine, Scorer(engine), customers or None)


def expected_orders(engine, who):
    return one_card(engine, who, False)[1]["expected_orders"]


def publisher(engine, tmp_path):
    """Publishes a release with cards of these customers, and of who objects in the source."""

    def one(name, customers, objected=None, without_cards=(), **changes):
        rows = [card_row(who, **changes) for who in customers]
        folder = tmp_path / name
        if not folder.exists():
            with_histories(folder, rows, objected, without_cards)
        publish(folder, engine, 5)

    return one

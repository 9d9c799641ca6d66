"""Who is new, who only seems to be, and who is not to be scored at all, when events are told."""

import datetime as dt
import json
from threading import Event as Event_
from threading import Thread

import ibis
import pyarrow.compute as pc
import pytest

from serving.cards.query import AtRiskQuery
from serving.live.anew import AGREED_SINCE, NOT_OF_ALL, LiveCards, bring_up_to_date
from serving.store import publishing
from serving.store.database import writing
from serving.store.errors import CustomerNotFoundError
from serving.store.histories import histories_of
from serving.store.kept_out import keep_out, who_is_out
from serving.store.listing import at_risk
from serving.store.published import find_release
from serving.store.publishing import publish
from serving.store.reading import current, one_card
from serving.work.erasure import erase
from serving.work.events import Event
from serving.work.kinds import Consent
from serving.work.outcomes import tell
from tests.serving.conftest import Running
from tests.serving.releases import card_row
from tests.serving.test_live_cards import ranked, with_histories

OBJECTED = dt.datetime(2024, 5, 2)  # noqa: DTZ001
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


@pytest.fixture
def publish_one(engine, tmp_path):
    """Publishes a release with cards of these customers, and of who objects in the source."""

    def one(name, customers, objected=None, without_cards=(), **changes):
        rows = [card_row(who, **changes) for who in customers]
        folder = tmp_path / name
        if not folder.exists():
            with_histories(folder, rows, objected, without_cards)
        publish(folder, engine, 5)

    return one


@pytest.mark.slow
def test_who_objects_in_the_source_is_not_scored_by_what_is_told(engine, publish_one):
    publish_one("r0", "abs", {}, churn_risk=0.3)
    told(engine, bought("s"))
    assert made(engine).made == 1
    publish_one("r", "ab", {"s": OBJECTED})
    for release in (None, "r0-id", "r-id"):  # out of the older one too
        with pytest.raises(CustomerNotFoundError):
            one_card(engine, "s", False, release)
        assert at_risk(engine, AtRiskQuery(), release).total == 2
    with pytest.raises(CustomerNotFoundError, match="object to profiling"):
        told(engine, bought("s"))
    assert made(engine).made == 0  # what was told before the objection was known
    assert [who for who, _ in ranked(engine)] == ["a", "b"]
    publish_one("r0", "abs")  # brought back: it did not know of the objection
    with pytest.raises(CustomerNotFoundError, match="object to profiling"):
        told(engine, bought("s"))
    assert made(engine).made == 0
    assert [who for who, _ in ranked(engine)] == ["a", "b"]


@pytest.mark.slow
def test_who_agrees_after_objecting_in_the_source_has_a_card_with_the_next_history(
    engine, publish_one
):
    publish_one("r", "ab", {"s": OBJECTED})
    told(engine, answer("s", True, 1))  # older than the objection
    with pytest.raises(CustomerNotFoundError, match="object to profiling"):
        told(engine, bought("s"))
    told(engine, answer("s", True, 3))
    told(engine, bought("s"), bought("new"))
    done = made(engine)
    assert done.made == 1
    assert done.told() == f"'s': {AGREED_SINCE}"
    assert expected_orders(engine, "new") == 1
    publish_one("same", "ab", {"s": OBJECTED}, churn_risk=0.2)  # of data that ends earlier
    assert made(engine).why_not == {"s": AGREED_SINCE}
    publish_one("next", "abs", {}, churn_risk=0.1)
    assert made(engine).why_not == {}
    assert expected_orders(engine, "s") == 3


@pytest.mark.slow
def test_who_no_longer_objects_in_newer_data_is_let_in_and_in_no_older(engine, publish_one):
    late = dt.datetime(2024, 11, 5)  # noqa: DTZ001
    publish_one("r", "ab", {"s": OBJECTED, "t": late})
    publish_one("next", "abst", {}, churn_risk=0.1)
    with engine.connect() as connection:
        is_out = who_is_out(connection)
    assert [who for who in "abst" if is_out(who)] == ["t"]
    told(engine, bought("s"))
    assert made(engine).made == 1
    assert expected_orders(engine, "s") == 3


@pytest.mark.slow
def test_who_objected_here_and_agreed_again_is_not_taken_for_new(engine, publish_one):
    publish_one("r", "ab", {})
    told(engine, answer("a", False, 4))
    told(engine, answer("a", True, 5))
    told(engine, bought("a"))
    done = made(engine)
    assert (done.made, done.why_not) == (0, {"a": AGREED_SINCE})
    publish_one("next", "ab", {}, churn_risk=0.1)
    assert made(engine).made == 1
    assert expected_orders(engine, "a") == 3


@pytest.mark.slow
def test_an_objection_while_a_release_is_loaded_leaves_no_history(engine, publish_one, monkeypatch):
    publish_one("r", "ab", {})
    loaded = publishing.load_histories

    def then_objects(engine, number, folder):
        found = loaded(engine, number, folder)
        with writing(engine) as connection:
            keep_out(connection, "v", "objects")
        return found

    monkeypatch.setattr(publishing, "load_histories", then_objects)
    publish_one("next", "ab", {}, without_cards="v", churn_risk=0.1)
    told(engine, answer("v", True, 30))
    with engine.connect() as connection:
        assert histories_of(connection, find_release(connection).number, ["v"]) == {}


@pytest.mark.slow
def test_a_release_of_older_code_does_not_say_who_is_new(engine, publish_one):
    publish_one("r", "ab")
    told(engine, bought("new"), bought("a"))
    done = made(engine)
    assert (done.made, done.why_not) == (1, {"new": NOT_OF_ALL})


@pytest.mark.slow
def test_an_erasure_counts_the_card_of_a_customer_known_by_events_alone(engine, publish_one):
    publish_one("r", "ab", {"s": OBJECTED})
    told(engine, bought("new"))
    assert made(engine).made == 1
    receipt = erase(engine, "new", "somebody")
    assert (receipt.cards, receipt.releases, receipt.other_rows) == (1, 1, 1)
    told(engine, bought("a"))
    assert made(engine).made == 1
    assert erase(engine, "a", "somebody").cards == 1  # one, published and made anew
    assert erase(engine, "s", "somebody").cards == 0
    with pytest.raises(CustomerNotFoundError, match="erased"):
        told(engine, bought("s"))


@pytest.mark.slow
def test_all_cards_are_as_of_the_newest_order_of_anybody_and_other_rows_wait_for_it(
    engine, publish_one
):
    publish_one("r", "ab", {})
    days = [dt.date(2024, 10, 28) + dt.timedelta(days) for days in range(4)]
    told(engine, visited("a", days[1]))
    done = made(engine)
    assert done.made == 0
    assert done.told() == (
        "'a': what was told waits for the orders, of which the newest is of 2024-10-26."
    )
    assert one_card(engine, "a", False)[1]["is_live"] is False
    scorer = Scorer(engine)
    told(engine, visited("a", days[1]), *(bought("b", day) for day in days[:3]), bought("c"))
    assert bring_up_to_date(engine, scorer).made == 3
    assert scorer.days == [dt.date(2024, 11, 2)]  # one pass, whatever the days
    told(engine, visited("a", dt.date(2024, 11, 3)))
    assert bring_up_to_date(engine, scorer).made == 1
    assert {one_card(engine, who, False)[1]["as_of_date"] for who in "abc"} == {"2024-11-03"}


def test_why_there_is_no_card_is_told_of_everybody_who_has_none(engine, publish_one):
    publish_one("r", "ab", {})
    told(engine, bought("a"), *(bought(f"n{number}", amount=0.0) for number in range(5)))
    done = made(engine)
    assert done.made == 1
    assert done.told().startswith("'n0', 'n1', 'n2' and 2 more: who has no purchase")


@pytest.mark.slow
def test_an_order_that_the_release_knows_of_somebody_else_counts_for_nobody_again(
    engine, publish_one
):
    publish_one("r", "ab", {})
    told(
        engine,
        bought("a", order_id="b-1"),  # of b, by the release
        bought("a", order_id="mine"),
        bought("new", order_id="a-3"),
    )
    done = made(engine)
    assert (done.made, set(done.why_not)) == (1, {"new"})
    assert expected_orders(engine, "a") == 3
    publish_one("next", "bc", {}, churn_risk=0.1)  # which does not know of a
    assert made(engine).made == 2
    assert expected_orders(engine, "new") == 1


@pytest.mark.slow
def test_an_order_of_two_customers_is_refused_and_nothing_is_kept(engine, publish_one):
    publish_one("r", "ab", {})
    order = {"order_id": "1", "event_time": "2024-11-02T09:00:00Z", "amount": 5.0}
    body = {"customers": [{"customer_id": who, "orders": [order, order]} for who in "ab"]}
    with Running(engine) as service:
        sent = {"Content_Type": "application/json", "Idempotency_Key": "1"}
        refused = service.get("/v1/events", "POST", json.dumps(body), **sent)
    assert refused.status == 422
    assert "'1' is there for 'a' and for 'b'" in refused.json()["detail"]
    assert made(engine).made == 0


class Models:
    """One scorer, which for customer `slow` waits until it may go on."""

    def __init__(self, engine):
        self.begun, self.may_end, scorer = Event_(), Event_(), Scorer(engine)
        self._scorer, score = scorer, scorer.score_tables

        def waiting(customers, tables, newest):
            if "slow" in customers:
                self.begun.set()
                assert self.may_end.wait(30)
            return score(customers, tables, newest)

        scorer.score_tables = waiting

    def scorer(self):
        return self._scorer


@pytest.mark.slow
def test_nobody_waits_for_the_cards_of_others_and_the_first_brings_everybody_up_to_date(
    engine, publish_one
):
    publish_one("r", "ab", {})
    models = Models(engine)
    live = LiveCards(engine, models)
    told(engine, bought("a"), bought("slow"))
    first = Thread(target=live.after, args=(["a"],))
    first.start()
    try:
        assert models.begun.wait(30)
        assert expected_orders(engine, "a") == 3  # its own first, then those of the others
        told(engine, bought("b"))
        assert live.after(["b"]) is None
        assert expected_orders(engine, "b") == 3
    finally:
        models.may_end.set()
        first.join()
    assert expected_orders(engine, "slow") == 1

"""What is told of orders: as of which day cards are made, whose an order is, who waits for whom."""

import datetime as dt
import json
from threading import Event as Event_
from threading import Thread

import pytest

from serving.live.anew import LiveCards, bring_up_to_date
from serving.store.reading import one_card
from tests.serving.conftest import Running
from tests.serving.told_orders import (
    Scorer,
    bought,
    expected_orders,
    made,
    publisher,
    told,
    visited,
)


@pytest.fixture
def publish_one(engine, tmp_path):
    return publisher(engine, tmp_path)


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

"""Who is new, who only seems to be, and who is not to be scored at all, when events are told."""

import datetime as dt

import pytest

from serving.cards.query import AtRiskQuery
from serving.live.anew import AGREED_SINCE, NOT_OF_ALL
from serving.store import publishing
from serving.store.database import writing
from serving.store.errors import CustomerNotFoundError
from serving.store.histories import histories_of
from serving.store.kept_out import keep_out, who_is_out
from serving.store.listing import at_risk
from serving.store.published import find_release
from serving.store.reading import one_card
from serving.work.erasure import erase
from tests.serving.test_live_cards import ranked
from tests.serving.told_orders import (
    answer,
    bought,
    expected_orders,
    made,
    publisher,
    told,
)

OBJECTED = dt.datetime(2024, 5, 2)  # noqa: DTZ001


@pytest.fixture
def publish_one(engine, tmp_path):
    return publisher(engine, tmp_path)


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

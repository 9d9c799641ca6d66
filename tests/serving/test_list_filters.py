"""Filters of the list by the release before, by contacts and by tasks; on each database."""

import datetime as dt

import pytest
from sqlalchemy import delete, select

from serving.cards.query import AtRiskQuery
from serving.store.listing import formed_list
from serving.store.published import find_release, write_info
from serving.store.publishing import publish
from serving.store.reading import KeptCard
from serving.store.tables import CARDS, INDEX, release_parts, releases
from serving.store.versions import each_part, hash_of_parts, write_part
from serving.work.kinds import Contact
from serving.work.outcomes import tell
from serving.work.task_reading import task_states
from tests.serving.releases import AS_OF, card_row, day, write_release
from tests.serving.working import ANNA, BORIS, NOW, clock, do, publish_cards, suggested  # noqa: F401

WEEK = dt.timedelta(days=7)


def found(engine, **asked):
    """The customers whom the filters leave, in order, page by page."""
    query = AtRiskQuery(limit=2, sort=asked.pop("sort", "churn_risk"), **asked)
    page = formed_list(engine, query, KeptCard.read, None, task_states)
    cards = [*page.cards]
    while page.next_cursor:
        further = query.model_copy(update={"cursor": page.next_cursor})
        page = formed_list(engine, further, KeptCard.read, None, task_states)
        cards += page.cards
    assert page.total == len(cards)
    return [card["customer_id"] for card in cards]


@pytest.fixture
def shop(engine, tmp_path):
    earlier = [card_row(who, churn_risk=0.4) for who in "abcd"]
    later = [
        card_row("a", churn_risk=0.46, rank_in_stage=2, last_contact_date=day(-10)),
        card_row("b", churn_risk=0.44, rank_in_stage=1, last_contact_date=day(-11)),
        card_row("c", churn_risk=0.30, rank_in_stage=1, lifecycle_stage="fading"),
        card_row("new", churn_risk=0.9, rank_in_stage=None, last_contact_date=None),
    ]
    publish(write_release(tmp_path / "earlier", earlier), engine, keep=3)
    publish(write_release(tmp_path / "later", later, AS_OF + WEEK), engine, keep=3)
    return engine


@pytest.mark.slow
def test_a_risk_has_risen_from_five_points_on_and_not_of_who_is_new(shop):
    assert found(shop, risk_rose=True) == ["a"]


@pytest.mark.slow
def test_not_contacted_counts_from_the_releases_date_and_takes_in_who_never_was(shop):
    assert found(shop, not_contacted_days=10) == ["new", "a", "b", "c"]
    assert found(shop, not_contacted_days=11) == ["new", "b", "c"]
    assert found(shop, not_contacted_days=21) == ["new"]


@pytest.mark.slow
def test_not_contacted_counts_what_was_told_since_but_no_contact_that_was_withheld(shop):
    def made(who, days, **changes):
        time = dt.datetime.combine(AS_OF + WEEK, dt.time(12), dt.UTC) + dt.timedelta(days=days)
        its = {"contact_id": f"{who}{days}", "action_id": "x", "channel": "phone"}
        return Contact(kind="contact", customer_id=who, event_time=time, **its, **changes)

    told = [made("b", 3), made("c", -12), made("new", 1, arm="holdout", propensity=0.7)]
    tell(shop, told, "k", "crm")
    assert found(shop, not_contacted_days=10) == ["new", "a", "c"]
    assert found(shop, not_contacted_days=13) == ["new"]


@pytest.mark.slow
def test_ranked_inside_the_stage_the_first_of_each_stage_come_first(shop):
    assert found(shop, sort="rank_in_stage") == ["b", "c", "a", "new"]
    assert found(shop, sort="rank_in_stage", order="desc") == ["new", "a", "b", "c"]


@pytest.mark.slow
def test_a_release_of_older_code_can_be_read_though_its_columns_are_fewer(shop):
    added = ("rank_in_stage", "risk_change", "days_since_contact", "due_date")
    with shop.begin() as connection:
        number = find_release(connection).number
        parts = [part.drop_columns([*added]) for part in each_part(connection, number, CARDS)]
        its = (release_parts.c.number == number, release_parts.c.kind == CARDS)
        connection.execute(delete(release_parts).where(*its))
        for place, part in enumerate(parts):
            write_part(connection, number, CARDS, place, part)
        info = connection.scalar(select(releases.c.info).where(releases.c.number == number))
        write_info(connection, number, {**info, INDEX: hash_of_parts(connection, number)})
    assert found(shop) == ["new", "a", "b", "c"]
    assert found(shop, risk_rose=True) == []
    assert found(shop, not_contacted_days=3_660) == ["new", "a", "b", "c"]
    assert found(shop, sort="rank_in_stage") == ["a", "b", "c", "new"]


def test_filters_by_task_follow_what_people_do(engine, tmp_path, clock):  # noqa: F811
    cards = [suggested(who) for who in "123456"]
    publish_cards(engine, tmp_path / "r", *cards, suggested("7", "do_nothing"))
    do(engine, ANNA, "take", "1")
    do(engine, BORIS, "done", "2")
    do(engine, ANNA, "not_relevant", "3", why_not="other")
    do(engine, ANNA, "snooze", "4", until=NOW.date() + WEEK)
    assert found(engine, task_state="to_do") == ["1", "5", "6", "7"]
    assert found(engine, task_state="open") == ["5", "6"]
    assert found(engine, task_state="taken", assignee="anna") == ["1"]
    assert found(engine, assignee="boris") == []
    for who, state in (("2", "done"), ("3", "not_relevant"), ("4", "snoozed")):
        assert found(engine, task_state=state) == [who]
    assert found(engine, task_state="all") == found(engine) == [*"1234567"]
    do(engine, BORIS, "undo", "2")
    assert found(engine, task_state="to_do") == ["1", "2", "5", "6", "7"]

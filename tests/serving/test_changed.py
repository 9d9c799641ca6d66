"""Only those whose card has changed since an older release."""

import datetime as dt
import json

import pytest

from serving.store.database import open_store
from serving.store.publishing import publish
from tests.plugin_databases import DATABASES
from tests.serving.asking import listed, problem
from tests.serving.conftest import Running
from tests.serving.release_reports import AS_OF
from tests.serving.releases import card_row, gone_row, write_release

CHANGES = {  # what is different in the newer release, and whether that is told
    "same": ({}, False),
    "money": ({"value_at_risk": 77.0}, False),
    "risk a little": ({"churn_risk": 0.44}, False),
    "risk": ({"churn_risk": 0.46}, True),
    "band": ({"risk_band": "high"}, True),
    "action": ({"intended_action": "owner_phone_call"}, True),
    "no action": ({"intended_action": None, "arm": None}, True),
    "arm": ({"arm": "holdout"}, True),
}
TOLD = {who for who, (_, is_told) in CHANGES.items() if is_told} | {"new", "left", "back"}


@pytest.fixture(scope="module", params=DATABASES)
def two(request, new_store_url, tmp_path_factory):
    """A service on two releases, and their ids, the older first."""
    folder = tmp_path_factory.mktemp("two")
    older = [card_row(who) for who in (*CHANGES, "left", "erased")] + [gone_row("back")]
    newer = [card_row(who, **changes) for who, (changes, _) in CHANGES.items()]
    newer += [card_row("new"), gone_row("left"), card_row("back")]
    engine = open_store(new_store_url(request.param))
    week = dt.timedelta(days=7)
    ids = [
        publish(write_release(folder / str(day), rows, as_of=day), engine, keep=5).release_id
        for rows, day in ((older, AS_OF - week), (newer, AS_OF))
    ]
    with Running(engine) as service:
        yield service, ids
    engine.dispose()


@pytest.mark.slow
def test_those_are_listed_whose_card_a_crm_has_to_touch(two):
    service, (older, newer) = two
    page = listed(service, changed_since=older)
    assert {card.customer_id for card in page.customers} == TOLD
    assert (page.total, page.release_id, page.compared_with) == (len(TOLD), newer, older)
    lines = service.get(f"/v1/at-risk/export?format=ndjson&changed_since={older}").text
    assert {json.loads(line)["customer_id"] for line in lines.splitlines()} == TOLD
    assert service.get(f"/?changed_since={older}").text.count("data-customer=") == len(TOLD)


@pytest.mark.slow
@pytest.mark.parametrize(("days", "is_older"), [(-7, True), (-1, True), (0, False), (400, False)])
def test_a_date_means_the_newest_release_of_that_day_or_before(two, days, is_older):
    service, (older, newer) = two
    page = listed(service, changed_since=(AS_OF + dt.timedelta(days=days)).isoformat())
    assert page.compared_with == (older if is_older else newer)
    assert {card.customer_id for card in page.customers} == (TOLD if is_older else set())


def test_it_goes_with_other_filters_and_pages(two):
    service, (older, _) = two
    found = listed(service, changed_since=older, status="already_churned").customers
    assert [card.customer_id for card in found] == ["left"]
    page = listed(service, changed_since=older, limit=4)
    seen = [card.customer_id for card in page.customers]
    while page.next:
        page = type(page).model_validate_json(service.get(page.next).body)
        seen += [card.customer_id for card in page.customers]
    assert sorted(seen) == sorted(TOLD)


def test_what_is_no_kept_release_is_said(two):
    service, _ = two
    for since in ("none", "2024-02-30"):
        problem(service.get(f"/v1/at-risk?changed_since={since}"), "release-not-found")
    content = problem(service.get("/v1/at-risk?changed_since=2020-01-01"), "release-not-found")
    assert str(AS_OF - dt.timedelta(days=7)) in content["detail"]

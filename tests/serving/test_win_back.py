"""Who has lapsed and is worth asking: on the list, its page, the cards and in files."""

import datetime as dt
import json

import pytest

from core.clock import utc_now
from serving.store.publishing import publish
from tests.serving.asking import problem
from tests.serving.conftest import Running
from tests.serving.reading_pages import page, text_of
from tests.serving.releases import card_row, gone_row, write_release

ROWS = [
    card_row("here"),
    gone_row("dear", owner="anna", name="Dear Ltd", one_return_pays_for=226.8),
    gone_row("cheap", owner="boris", one_return_pays_for=10.0, return_probability=0.4),
    gone_row("silent", one_return_pays_for=50.0, win_back_blocked="no_consent"),
    gone_row("never", one_return_pays_for=None),
]


@pytest.fixture
def asked(engine, tmp_path):
    publish(write_release(tmp_path / "r", ROWS), engine, keep=2)
    with Running(engine) as running:
        yield running


def ids(asked, target="/v1/win-back"):
    return [one["customer_id"] for one in asked.get(target).json()["customers"]]


def test_who_is_worth_asking_is_listed_by_what_one_return_pays_for(asked):
    found = asked.get("/v1/win-back").json()
    assert ids(asked) == ["dear", "cheap"] and found["total"] == 2
    first = found["customers"][0]
    assert first["break_even_uplift"] == pytest.approx(1 / 226.8)
    assert (first["return_probability"], first["value_if_returns"]) == (0.12, 60.0)
    everybody = asked.get("/v1/win-back?everybody=true").json()["customers"]
    assert [one["customer_id"] for one in everybody] == ["dear", "silent", "cheap", "never"]
    assert everybody[1]["win_back_blocked"] == "no_consent"
    assert everybody[3]["break_even_uplift"] is None
    assert ids(asked, "/v1/win-back?owner=boris") == ids(asked, "/v1/win-back?q=CHEA")
    assert ids(asked, "/v1/at-risk?to_win_back=true&sort=one_return_pays_for") == ids(asked)
    assert ids(asked, "/v1/at-risk") == ["here"]
    assert problem(asked.get("/v1/win-back?owner=nobody"), "invalid-parameters")


def test_pages_follow_each_other_and_whom_a_colleague_protects_is_left_out(asked):
    one = asked.get("/v1/win-back?limit=1").json()
    assert [one["customers"][0]["customer_id"], *ids(asked, one["next"])] == ["dear", "cheap"]
    until = (utc_now().date() + dt.timedelta(days=9)).isoformat()
    told = {"kind": "no_contact", "reason": "in talks", "expires_on": until}
    path, body = "/v1/customers/dear/overrides", json.dumps(told).encode()
    assert asked.get(path, "POST", body, Content_Type="application/json").status in (200, 201)
    assert ids(asked) == ["cheap"] and asked.get("/v1/win-back").json()["total"] == 1
    assert "dear" in ids(asked, "/v1/win-back?everybody=true")


def test_the_page_says_how_little_asking_has_to_do_and_nothing_of_what_it_does(asked):
    tree = page(asked, "/win-back?language=en")
    english = text_of(tree.one("main"))
    assert "one of 226" in english and "0.4% of those asked" in english and "Dear Ltd" in english
    assert "is not known until it is measured" in english and "silent" not in english
    everybody = text_of(page(asked, "/win-back?language=en&everybody=true").one("main"))
    assert "No consent to be contacted this way" in everybody and "It cannot pay" in everybody
    russian = text_of(page(asked, "/win-back?language=ru").one("main"))
    assert "одного из 226" in russian and "неизвестно, пока это не измерено" in russian
    nobody = text_of(page(asked, "/win-back?language=en&q=zzz").one("main"))
    assert "Nobody is listed." in nobody
    links = {e.get("href") for e in page(asked, "/?language=en").all("a")}
    assert "/win-back?language=en" in links


def test_the_card_of_who_has_lapsed_tells_it_and_others_do_not(asked):
    card = text_of(page(asked, "/customers/dear?language=en").one("main"))
    assert "12% to return unasked within" in card
    assert "at least one of 226 such customers" in card
    # What is told is no forecast of leaving, and nothing of it is called unknown or shown empty.
    assert "no risk of leaving is told" in card and "no forecast" not in card
    assert "next purchase: " not in card
    here = asked.get("/v1/customers/here").json()
    assert here["return_probability"] is here["one_return_pays_for"] is None
    assert "unasked" not in text_of(page(asked, "/customers/here?language=en").one("main"))
    lines = asked.get("/v1/at-risk?status=already_churned&format=csv&q=dear").text.splitlines()
    row = dict(zip(lines[0].split(","), lines[1].split(","), strict=True))
    assert (row["return_probability"], row["one_return_pays_for"]) == ("0.12", "226.8")

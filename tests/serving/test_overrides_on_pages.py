"""What people know better is told and ended by forms, and marked in the list."""

import datetime as dt

import pytest

from serving.people.keys import create_key
from tests.serving.conftest import Running
from tests.serving.customer_pages import items, sent, shown, shown_at
from tests.serving.customer_tables import (
    KNOWN,
)
from tests.serving.guarded import bearer
from tests.serving.reading_pages import Tree, page, text_of, written
from tests.serving.working import NOW, clock  # noqa: F401

pytestmark = pytest.mark.usefixtures("clock")

IN_A_MONTH = NOW.date() + dt.timedelta(days=30)
FORM = {"kind": "not_leaving", "reason": "On holiday", "expires_on": IN_A_MONTH.isoformat()}


@pytest.mark.slow
def test_an_override_is_told_by_a_form_shown_above_everything_and_ended_by_a_button(asked):
    answer = sent(asked, f"/customers/{KNOWN}/overrides?language=en", FORM)
    assert (answer.status, answer.headers["location"]) == (
        303,
        f"/customers/{KNOWN}?language=en#overrides",
    )
    tree = shown(asked)
    (held,) = [one for one in tree.all("div") if one.get("class") == "held-override"]
    assert "Stays, whatever the risk says. On holiday" in text_of(held)
    form = next(one for one in tree.all("form") if held in one["inside"])
    assert sent(asked, form["action"]).status == 303
    tree = shown(asked)
    assert not [one for one in tree.all("div") if one.get("class") == "held-override"]
    (past,) = items(tree, "What you know better")
    assert past.startswith("Stays, whatever the risk says. On holiday this computer")
    assert f"ended by this computer on {written(NOW.date(), 'day', 'en')}" in past


@pytest.mark.slow
def test_a_form_that_is_not_complete_comes_back_as_it_was_with_what_is_wrong(asked):
    answer = sent(asked, f"/customers/{KNOWN}/overrides?language=en", {**FORM, "expires_on": "x"})
    assert answer.status == 422
    tree = Tree(answer.text)
    (wrong,) = [one for one in tree.all("span") if one.get("class") == "wrong"]
    assert text_of(wrong) == "Choose a day from today on, at most a year ahead."
    field = tree.one("input", name="expires_on")
    assert (field["aria-invalid"], field["aria-describedby"]) == ("true", wrong["id"])
    assert text_of(tree.one("textarea", name="reason")) == "On holiday"
    assert asked.get(f"/v1/customers/{KNOWN}/overrides").json()["overrides"] == []
    # Its link to the other language leads to the page.
    ru = tree.one("a", hreflang="ru")["href"]
    assert text_of(shown_at(asked, ru).one("h1")).startswith(f"Name of {KNOWN}")


def test_a_level_belongs_to_the_kind_level_alone(asked, store):
    for kind in ("level", "leaving"):
        form = {**FORM, "kind": kind, "level": "partnership"}
        assert sent(asked, f"/customers/{KNOWN}/overrides", form).status == 303
    told = asked.get(f"/v1/customers/{KNOWN}/overrides").json()["overrides"]
    assert {one["kind"]: one["level"] for one in told} == {"level": "partnership", "leaving": None}
    assert "Wanted relationship level: Partnership." in text_of(shown(asked).one("main"))


@pytest.mark.slow
def test_while_nobody_is_to_contact_a_customer_the_task_has_no_button_for_it(asked):
    def buttons():
        return [one.get("value") for one in shown(asked).all("button")]

    assert "done" in buttons()
    form = {**FORM, "kind": "no_contact", "reason": "In mourning"}
    assert sent(asked, f"/customers/{KNOWN}/overrides", form).status == 303
    assert "done" not in buttons() and "take" in buttons()


@pytest.mark.slow
def test_the_list_marks_what_colleagues_know_better_and_offers_no_contact_against_it(asked):
    def row():
        tree = page(asked, "/?language=en")
        its = next(one for one in tree.all("tr") if one.get("data-customer") == KNOWN)
        marks = [one for one in tree.all("span", title="In mourning") if its in one["inside"]]
        moves = [one["value"] for one in tree.all("button", name="do") if its in one["inside"]]
        return [text_of(one) for one in marks], [move.partition(":")[0] for move in moves]

    assert row()[0] == [] and "done" in row()[1]
    form = {**FORM, "kind": "no_contact", "reason": "In mourning"}
    sent(asked, f"/customers/{KNOWN}/overrides", form)
    marks, moves = row()
    assert marks == ["this computer: do not contact"]
    assert "done" not in moves and "take" in moves


@pytest.mark.slow
def test_who_may_only_read_sees_no_form(store):
    key = create_key(store, "r", ["cards:read"])[1]
    with Running(store) as service:
        tree = shown(service, **bearer(key))
        assert [one for one in tree.all("form") if "overrides" in one["action"]] == []
        assert sent(service, f"/customers/{KNOWN}/overrides", FORM, **bearer(key)).status == 403

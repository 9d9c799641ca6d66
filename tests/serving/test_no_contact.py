"""Whoever is not to be contacted has no day and nothing to say, but why not, and until when."""

import datetime as dt

import pytest

from serving.store.publishing import publish
from tests.serving.conftest import Running
from tests.serving.customer_pages import sent, shown
from tests.serving.customer_tables import KNOWN, at, consent, contact, release_of, tables, ticket
from tests.serving.reading_pages import text_of
from tests.serving.release_reports import AS_OF
from tests.serving.releases import card_row
from tests.serving.working import NOW, clock  # noqa: F401


def plain():
    """Histories of somebody who agrees, has no complaint and was not contacted lately."""
    found = tables()
    found["tickets"] = [one for one in found["tickets"] if one["closed_at"]]
    found["contacts"] = found["contacts"][:1]
    found["consents"] = [consent("email", at(-9), True, None)]
    return found


@pytest.fixture
def told(engine, tmp_path, clock, monkeypatch):  # noqa: F811
    monkeypatch.setattr("serving.pages.customer.utc_now", lambda: NOW)
    running = []

    def asked(histories, **card):
        made = release_of(tmp_path / "r", [card_row(KNOWN, **card)], histories)
        publish(made, engine, keep=2)
        running.append(Running(engine))
        return running[-1].__enter__()

    yield asked
    for one in running:
        one.__exit__()


def action(service, language="en"):
    """The section of the action: its terms, and what warns there."""
    tree = shown(service, language=language)
    section = next(e for e in tree.all("section") if text_of(e).startswith(("Suggest", "Предл")))
    terms = [text_of(e).lower() for e in tree.all("dt") if section in e["inside"]]
    warned = [text_of(e) for e in tree.all("p", class_="warning") if section in e["inside"]]
    task = text_of(tree.one("section", id="task"))
    return terms, warned, task


@pytest.mark.slow
def test_whoever_may_be_contacted_has_a_day_and_a_channel(told):
    terms, warned, task = action(told(plain()))
    assert {"to be done by", "channel"} <= set(terms) and warned == [] and "Oct 30, 2024" in task


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"consents": [consent("email", at(-9), False, "marketing")]}, "since Oct 18, 2024"),
        ({"consents": [consent("all", at(-9), False, None)]}, "until they agree"),
        ({"tickets": [ticket("t", at(-3), None, "complaint", None)]}, "open since Oct 24, 2024"),
        ({"contacts": [contact("c", at(-2), "x", "email", "treated", None)]}, "Nov 1, 2024"),
    ],
)
def test_a_refusal_a_complaint_or_a_rest_takes_the_place_of_day_and_words(told, change, why):
    terms, warned, task = action(told(plain() | change))
    assert not {"to be done by", "channel"} & set(terms)
    assert len(warned) == 1 and why in warned[0] and "Oct 30, 2024" not in task


@pytest.mark.slow
@pytest.mark.parametrize(
    ("by", "why"),
    [
        ("draw", "next plan, which is due by Nov 10, 2024"),
        ("budget", "next plan, which is due by Nov 10, 2024"),
        ("persistent_control", "in every plan"),
    ],
)
def test_what_is_held_back_says_until_when_and_has_no_day_in_the_list(told, by, why):
    service = told(plain(), arm="holdout", withheld=True, withheld_by=by)
    terms, warned, _ = action(service)
    assert not {"to be done by", "channel"} & set(terms) and why in warned[0]
    row = service.get("/?language=en").text
    assert "Oct 30" not in row
    assert "Не обращаться" in action(service, "ru")[1][0]


@pytest.mark.slow
def test_a_colleagues_word_holds_until_its_day(told):
    service = told(plain())
    until = AS_OF + dt.timedelta(days=20)
    form = {"kind": "no_contact", "reason": "In mourning", "expires_on": until.isoformat()}
    assert sent(service, f"/customers/{KNOWN}/overrides", form).status == 303
    terms, warned, _ = action(service)
    assert "to be done by" not in terms and "until Nov 16, 2024: this computer" in warned[0]
    # In the list the style sheet leaves out the day after such a mark.
    text = service.get("/?language=en").text
    assert text.index(" no-contact") < text.index("small due")

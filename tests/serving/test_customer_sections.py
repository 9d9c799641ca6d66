"""The customer's page tells what the timeline does, in its order, and takes overrides by forms."""

import datetime as dt

import pytest

from serving.pages.customer_sections import reach_of
from serving.store.publishing import publish
from serving.work.kinds import Contact
from serving.work.outcomes import tell
from tests.each import check_each
from tests.serving.conftest import Running
from tests.serving.customer_pages import card, items, shown, table
from tests.serving.customer_tables import (
    BARE,
    EMAIL,
    KNOWN,
    PHONE,
    at,
    people,
    release_of,
    tables,
)
from tests.serving.reading_pages import page, text_of, written
from tests.serving.release_reports import AS_OF
from tests.serving.releases import card_row, write_release


@pytest.mark.slow
def test_the_head_says_who_it_is_and_how_to_reach_them(asked):
    tree = shown(asked)
    assert text_of(tree.all("title")[0]) == f"Name of {KNOWN} ({KNOWN}), customer · Regulars"
    assert text_of(tree.all("bdi")[0]) == f"Name of {KNOWN}"
    links = {one["href"]: text_of(one) for one in tree.all("a")}
    assert links["tel:+79123456789"] == PHONE
    assert links[f"mailto:{EMAIL}"] == EMAIL
    assert not [one for one in shown(asked, BARE).all("a") if one["href"].startswith("tel:")]


def test_only_a_number_can_be_called_and_only_an_address_written_to():
    check_each(
        [
            ("8 (912) 345-67-89", "tel:89123456789"),
            ("+44 20 7946 0018", "tel:+442079460018"),
            ("ask the wife", None),
            ("", None),
        ],
        lambda given, link: _is(reach_of(given, None).call, link),
    )
    check_each(
        [
            ("anna@example.com", "mailto:anna@example.com"),
            ("a?bcc=b@example.com", "mailto:a%3Fbcc%3Db@example.com"),
            ("a@b.c, d@e.f", None),
            ("javascript:alert(1)", None),
        ],
        lambda given, link: _is(reach_of(None, given).write, link),
    )


def _is(found, expected):
    assert found == expected


@pytest.mark.slow
def test_sections_come_in_the_order_of_a_call_and_of_the_json(asked):
    headings = [text_of(one) for one in shown(asked).all("h2")]
    found = [one.partition(":")[0] for one in headings]
    assert found[:5] == [
        "Suggested action",
        "What to look at",
        "Task",
        "Relationship",
        "What you know better",
    ]
    assert [one for one in found[5:] if not one.startswith(("Probability", "Likely"))] == [
        "Purchases",
        "Main categories, and the risk of losing each",
        "Spend by month",
        "Engagement",
        "Complaints and questions",
        "Answers to surveys",
        "Contacts",
        "Consents",
        "How the risk has moved",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "ru"])
def test_the_page_and_the_json_tell_the_same_of_every_month(asked, language):
    told = asked.get(f"/v1/customers/{KNOWN}/timeline?language={language}").json()
    spend, engagement = {"en": ("Spend by month", "Engagement")}.get(
        language, ("Сумма покупок по месяцам", "Активность")
    )
    tree = shown(asked, language=language)
    assert table(tree, spend) == [
        [
            written(dt.date.fromisoformat(one["month"]), "month", language),
            str(one["orders"]),
            written(one["amount"], "money", language),
        ]
        for one in reversed(told["months"])
    ]
    counts = {(one["month"], one["kind"]): one["events"] for one in told["events"]}
    assert [row[1:] for row in table(tree, engagement)] == [
        [str(counts.get((one["month"], kind), 0)) for kind in ("visit", "email_open")]
        for one in reversed(told["months"])
    ]


@pytest.mark.slow
def test_a_month_with_more_given_back_than_bought_is_a_bar_below_the_line(asked):
    tree = shown(asked)
    section = card(tree, "Spend by month")
    bars = [one for one in tree.all("rect") if section in one["inside"]]
    floor = next(one for one in tree.all("line", class_="floor") if section in one["inside"])
    below = [one for one in bars if "below" in one["class"]]
    assert len(bars) == 3 and len(below) == 1
    assert float(below[0]["y"]) == float(floor["y1"])
    assert all(float(b["y"]) < float(floor["y1"]) for b in bars if b not in below)
    assert "A bar below the line" in text_of(section)
    assert "The last month goes up to Oct 26, 2024." in text_of(section)
    # The highest bar tells its figure, so that the others can be read against it.
    assert next(text_of(one) for one in tree.all("text") if section in one["inside"]) == "$60.00"


@pytest.mark.slow
def test_tickets_answers_contacts_and_consents_are_told_in_words(asked):
    tree = shown(asked)
    assert items(tree, "Complaints and questions") == [
        "Complaint, Jul 19, 2024: open",
        "Complaint, Oct 17, 2024: closed on Oct 18, 2024; rated 1",
        "Question, Jul 29, 2024: closed on Aug 8, 2024; rated 4",
    ]
    assert items(tree, "Answers to surveys") == [
        "Oct 12, 2024, satisfaction: 2",
        "Oct 7, 2024, would recommend us: 3 of 10, would advise against you",
        "Apr 10, 2024, would recommend us: 9 of 10, would recommend you",
    ]
    assert items(tree, "Contacts") == [
        "Oct 22, 2024: Check-in e-mail, e-mail; held back to measure the effect",
        "Sep 17, 2024: Call by the store manager, phone; contacted, answered on Sep 17, 2024",
    ]
    assert items(tree, "Consents") == [
        "E-mail: does not agree since Jul 19, 2024",
        "Phone (offers): agrees since Jan 1, 2024",
    ]


@pytest.mark.slow
def test_the_limit_of_contacts_and_the_rest_are_told_and_what_was_told_since_is_marked(
    asked, store
):
    text = text_of(card(shown(asked), "Contacts"))
    assert "1 contact within 30 days up to Oct 27, 2024; 2 are allowed." in text
    assert "Left in peace until Oct 29, 2024: 7 days after each contact." in text
    assert "not yet in the data" not in text
    made = {"event_time": at(0).replace(tzinfo=dt.UTC), "action_id": "x", "channel": "phone"}
    tell(store, [Contact(kind="contact", customer_id=KNOWN, contact_id="n", **made)], "k", "crm")
    section = card(shown(asked), "Contacts")
    assert "2 contacts within 30 days up to Oct 28, 2024" in text_of(section)
    assert "No further contact is allowed in this time." in text_of(section)
    assert text_of(section).count("not yet in the data") == 1


@pytest.mark.slow
def test_what_is_not_there_is_said_with_what_to_do_about_it(engine, tmp_path):
    few = {"orders": tables()["orders"], "contacts": tables()["contacts"]}
    publish(release_of(tmp_path / "few", histories=few), engine, keep=2)
    with Running(engine) as service:
        tree = shown(service, BARE)
        text = text_of(tree.one("main"))
        assert "No tickets are known: add a table tickets, see docs/your-data.md." in text
        assert "Visits and e-mails are not known: add a table events, see" in text
        assert "This customer has not been contacted." in text
        publish(write_release(tmp_path / "older", people()), engine, keep=2)
        text = text_of(shown(service, BARE).one("main"))
        assert "Only purchases by day are known here." in text
        its = page(service, f"/customers/{KNOWN}?language=en&release=few-id")
        assert "This is an earlier state" in text_of(its.one("main"))


@pytest.mark.slow
def test_the_risk_is_drawn_with_a_break_where_another_model_began(engine, tmp_path):
    for number, (risk, model) in enumerate(((0.2, "a"), (0.3, "a"), (0.5, "b"), (0.6, "b"))):
        made = write_release(
            tmp_path / str(number),
            [card_row("1", churn_risk=risk, model_version=model)],
            as_of=AS_OF + dt.timedelta(days=14 * number),
            release_id=f"r{number}",
        )
        publish(made, engine, keep=9)
    with Running(engine) as service:
        tree = shown(service, "1")
        section = card(tree, "How the risk has moved")
        lines = [one for one in tree.all("polyline") if section in one["inside"]]
        assert [len(one["points"].split()) for one in lines] == [2, 2]
        breaks = [one for one in tree.all("line", class_="break") if section in one["inside"]]
        ends = [float(one["points"].split()[0].split(",")[0]) for one in lines]
        assert len(breaks) == 1 and ends[0] < float(breaks[0]["x1"]) < ends[1]
        assert [row[1] for row in table(tree, "How the risk has moved")] == [
            "60%",
            "50%",
            "30%",
            "20%",
        ]
        models = [row[3] for row in table(tree, "How the risk has moved")]
        assert models == ["the same", "another model", "the same", "–"]

"""A release below the data gates: ranked by rule, told how far a model is, and no probability."""

import re

import pandas as pd
import pytest

from core.errors import ArtifactError
from serving.cards.query import AtRiskQuery
from serving.store.database import open_store
from serving.store.listing import at_risk
from serving.store.publishing import publish
from serving.store.reading import current
from tests.serving.asking import card_of
from tests.serving.conftest import Running
from tests.serving.releases import card_row, gone_row, write_release

GATE = {
    "why": "The history is too short.",
    "distance": [
        {"what": "history_days", "have": 55, "need": 120},
        {"what": "customers", "have": 61, "need": 200},
    ],
}
TOLD = (
    "purchase_probability",
    "next_",
    "expected_",
    "value_at",
    "value_if",
    "second_",
    "relation",
    "category_risks",
)
WIN_BACK = [name for name in card_row("a") if "return" in name or "win_back" in name]
PLANNED = ("intended_action", "channel", "why", "arm", "withheld", "blocked", "effect", "reasons")


def rule_row(customer, rank, band="low", silence=0.5, **changes):
    empty = [n for n in card_row(customer) if n.startswith((*TOLD, *PLANNED)) or "cost" in n]
    blank = dict.fromkeys([*empty, "churn_risk", "suggested_level", "held_by"])
    ruled = {"status": "rule", "risk_rank": rank, "risk_band": band, "silence_over_usual": silence}
    return card_row(customer) | blank | ruled | changes


ROWS = [
    rule_row("b", 1, "high", 5.25),
    rule_row("a", 2, "medium", 2.5),
    rule_row("c", 3),
    rule_row("few", None, None, None, status="insufficient_data", rank_in_stage=None),
    gone_row("gone", silence_over_usual=None, **dict.fromkeys(WIN_BACK)),
]


@pytest.fixture
def folder(tmp_path):
    return write_release(tmp_path / "release", ROWS, money=False, gate=GATE)


@pytest.mark.slow
def test_the_list_is_ranked_by_the_rule_on_each_database(engine, folder):
    publish(folder, engine, keep=2)
    listed = at_risk(engine, AtRiskQuery(limit=2))
    assert [card["customer_id"] for card in listed.cards] == ["b", "a"]
    assert listed.total == 3
    rest = at_risk(engine, AtRiskQuery(limit=2, cursor=listed.next_cursor))
    assert [card["customer_id"] for card in rest.cards] == ["c"]
    assert {card["churn_risk"] for card in (*listed.cards, *rest.cards)} == {None}
    assert listed.total_value_at_risk is None


@pytest.mark.slow
def test_no_filter_takes_the_rank_for_a_probability(engine, folder):
    publish(folder, engine, keep=2)
    assert at_risk(engine, AtRiskQuery(min_churn_risk=0.01)).total == 0
    assert at_risk(engine, AtRiskQuery(risk_band=["high"])).total == 1


@pytest.mark.slow
def test_a_change_of_risk_is_never_one_of_ranks(engine, folder, tmp_path):
    publish(folder, engine, keep=3)
    later = pd.Timestamp("2024-11-03").date()
    publish(
        write_release(tmp_path / "later", ROWS, as_of=later, money=False, gate=GATE), engine, keep=3
    )
    card = card_of(engine, "b")
    assert card.risk_change is None


@pytest.mark.slow
def test_the_release_says_how_far_a_model_is_and_nothing_of_quality(engine, folder):
    publish(folder, engine, keep=2)
    release = current(engine)
    assert release.quality is None
    assert release.model_dump(mode="json")["gate"] == GATE
    assert release.customers == {"rule": 3, "insufficient_data": 1, "already_churned": 1}


@pytest.mark.slow_after(3)
@pytest.mark.parametrize(
    "wrong",
    [
        rule_row("a", 1, churn_risk=0.7),
        rule_row("a", 1, silence=None),
        rule_row("a", 1, band=None),
        rule_row("a", None),
    ],
    ids=["a probability", "no silence", "no band", "no rank"],
)
def test_a_card_of_a_rule_that_is_not_whole_or_tells_a_probability_is_refused(
    engine, tmp_path, wrong
):
    folder = write_release(tmp_path / "wrong", [wrong, *ROWS[2:]], money=False, gate=GATE)
    with pytest.raises(ArtifactError, match="customer 'a' cannot be published"):
        publish(folder, engine, keep=2)


@pytest.fixture
def rule_service(folder, new_store_url):
    engine = open_store(new_store_url("sqlite"))
    publish(folder, engine, keep=2)
    with Running(engine) as running:
        yield running
    engine.dispose()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", ["Ranked by a rule", "55 of 120 days of history", "61 of 200 customers", "5.2 ×"]),
        (
            "ru",
            [
                "Порядок по правилу",
                "Дней истории: 55 из 120",
                "клиентов на одну дату: 61 из 200",
                "5,2 ×",
            ],
        ),
    ],
)
def test_the_pages_say_rule_and_distance_and_show_no_per_cent(rule_service, language, said):
    page = rule_service.get(f"/?language={language}")
    assert page.status == 200
    text = page.text.replace("\u00a0", " ").replace("\u202f", " ")
    for words in said:
        assert words in text
    body = text[text.index("<tbody") : text.index("</tbody>")]
    assert "%" not in re.sub(r'data-title="[^"]*"', "", body)  # a heading names an interval
    for customer in ("a", "few", "gone"):
        shown = rule_service.get(f"/customers/{customer}?language={language}")
        assert shown.status == 200
        assert " %" not in shown.text.replace("\u00a0", " ")
    csv = rule_service.get(f"/v1/at-risk?format=excel&language={language}")
    assert csv.status == 200


@pytest.mark.slow
def test_what_a_rule_does_not_tell_is_neither_asked_for_nor_shown_empty(rule_service):
    page = rule_service.get("/?language=en").text
    heads = re.findall(r'<th scope="col" class="(\w+)"', page)
    assert heads == ["customer", "risk", "reason"]
    assert page.count("<td") == 3 * 2
    assert "Plan:" not in page and "contacts," not in page
    asked = set(re.findall(r'<(?:select|input)[^>]* name="(\w+)"', page))
    assert asked == {
        *("language", "risk_band", "lifecycle_stage", "rfm_segment", "abc_class"),
        *("task_state", "not_contacted_days", "q", "sort", "order"),
    }
    # What an old address still asks for is seen, and can be taken back.
    kept = rule_service.get(
        "/?language=en&to_contact=true&held_by=habit&sort=next_purchase_date"
    ).text
    assert re.search(r'name="to_contact" value="true" checked', kept)
    assert re.search(r'<option value="habit" selected', kept)
    assert re.search(r'<option value="next_purchase_date" selected', kept)
    detail = rule_service.get("/v1/at-risk?sort=value_at_risk").json()["detail"]
    assert "A rule ranks in this release" in detail


@pytest.mark.slow
def test_who_cannot_be_judged_is_told_so(rule_service):
    assert "Not enough purchases to judge" in rule_service.get("/customers/few?language=en").text
    assert "Already gone" in rule_service.get("/customers/gone?language=en").text

"""The worklist as HTML: its strip, and what a row says beside the card."""

from datetime import timedelta
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from models.customers.segments import RISK_BANDS
from serving.cards.card import ScoreCard
from serving.cards.category_risks import likely_left
from serving.pages.list_tasks import ROWS
from serving.store.publishing import publish
from serving.wording.sentences import written
from tests.serving.asking import whole_list
from tests.serving.conftest import Running
from tests.serving.reading_pages import page, rows, text_of
from tests.serving.releases import AS_OF, card_row, write_release
from tests.serving.working import publish_cards, suggested

ABC = "/?abc_class=A&sort=churn_risk&language=en"


def counts(tree):
    """By band: the figure of its link, and where that leads."""
    links = [e for e in tree.all("a") if e.get("class", "").startswith("band ")]
    return {e["class"].split()[1]: (int(text_of(e).split()[0]), e["href"]) for e in links}


@pytest.mark.slow
def test_the_strip_counts_each_band_of_the_list_and_leads_to_it(service):
    everybody = whole_list(service, abc_class="A")
    tree = page(service, ABC)
    shown = counts(tree)
    assert list(shown) == list(RISK_BANDS)
    for band, (n, url) in shown.items():
        assert n == sum(card.risk_band == band for card in everybody) > 0
        asked = parse_qs(urlsplit(url).query)
        assert asked.pop("risk_band") == [band]
        assert asked == {"abc_class": ["A"], "sort": ["churn_risk"], "language": ["en"]}
        assert len(rows(page(service, f"{url}&limit=1000"))) == n
    json = service.get("/v1/at-risk?abc_class=A&risk_band=low").json()
    assert json["by_band"] == {band: n for band, (n, _) in shown.items()}
    assert json["total"] == json["by_band"]["low"]


def test_the_band_that_is_chosen_leads_back_to_all_and_the_others_keep_their_counts(service):
    tree = page(service, f"{ABC}&risk_band=high")
    assert {band: n for band, (n, _) in counts(tree).items()} == {
        band: n for band, (n, _) in counts(page(service, ABC)).items()
    }
    links = [e for e in tree.all("a") if e.get("class", "").startswith("band ")]
    (chosen,) = [e for e in links if e.get("aria-current") == "true"]
    assert chosen["class"] == "band high"
    assert "risk_band" not in parse_qs(urlsplit(chosen["href"]).query)


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_row_tells_the_change_of_the_risk_since_the_last_release(tmp_path, engine, language):
    earlier = [card_row(who, churn_risk=0.4) for who in ("1", "2", "3", "4")]
    later = [
        card_row("1", churn_risk=0.52),
        card_row("2", churn_risk=0.39),
        card_row("3", churn_risk=0.402),
        card_row("new", churn_risk=0.9),
    ]
    publish(write_release(tmp_path / "earlier", earlier), engine, keep=2)
    folder = write_release(tmp_path / "later", later, AS_OF + timedelta(days=7))
    publish(folder, engine, keep=2)
    with Running(engine) as service:
        tree = page(service, f"/?language={language}")
        risk = {who: cells["risk"] for who, cells in rows(tree).items()}
        marks = [e["class"] for e in tree.all("span") if "change" in e.get("class", "")]
    assert "+12" in risk["1"]
    assert "1" in risk["2"].split("%")[1].replace("\u2212", "-")
    assert risk["3"].endswith("%") and risk["new"].endswith("%")
    assert sorted(marks) == ["small change down", "small change up"]


def test_a_row_tells_the_category_that_is_likely_to_be_left_and_no_other(service):
    query = "sort=churn_risk&limit=1&order="
    [stays], [leaves] = (
        service.get(f"/v1/at-risk?{query}{order}").json()["customers"] for order in ("asc", "desc")
    )
    for language, words in (
        ("en", "may buy elsewhere: bread & rolls, 62%"),
        ("ru", "bread & rolls, 62 %"),
    ):
        kept, gone = (
            rows(page(service, f"/?q={one['customer_id']}&language={language}"))
            for one in (stays, leaves)
        )
        shown = kept[stays["customer_id"]]["reason"].replace("\u00a0", " ")
        assert words in shown and "=milk" not in shown
        assert "bread & rolls" not in gone[leaves["customer_id"]]["reason"]
    card = ScoreCard.model_validate_json(service.get(f"/v1/customers/{stays['customer_id']}").body)
    seldom = card.model_copy(update={"category_risks": card.category_risks[1:]})
    none = card.model_copy(update={"category_risks": None})
    assert likely_left(card).category == "bread & rolls"
    assert likely_left(seldom) is None and likely_left(none) is None
    assert stays["churn_risk"] < 0.5 <= leaves["churn_risk"]
    assert likely_left(card.model_copy(update={"churn_risk": 0.5})) is None


def test_filters_behind_a_word_are_open_only_where_one_of_them_is_set(service):
    for asked, is_open in (("", False), ("risk_band=high", False), ("rfm_segment=loyal", True)):
        assert ("open" in page(service, f"/?{asked}").one("details", class_="more")) == is_open


def test_a_row_tells_what_the_action_costs_and_brings_after_costs(service):
    asked = "intended_action=check_in_email&language=en"
    currency = service.get("/v1/releases/current").json()["currency"]
    shown = rows(page(service, f"/?{asked}"))
    cards = service.get(f"/v1/at-risk?{asked}&limit={ROWS}").json()["customers"]
    treated = [card for card in cards if not card["withheld"]]
    assert 0 < len(treated) < len(cards)
    for card in treated:
        cost, gain = (
            written(card["intended_action"][name], "money", "en", currency=currency)
            for name in ("expected_cost", "expected_gain")
        )
        assert f"cost {cost}, net gain {gain}" in shown[card["customer_id"]]["action"]


def test_an_empty_list_says_what_to_do(service):
    tree = page(service, "/?q=nobody-at-all&language=en")
    (said,) = tree.all("p", class_="nobody")
    assert "Take some filters away" in text_of(said)
    (link,) = [e for e in tree.all("a") if said in e["inside"]]
    assert link["href"] == "/?language=en"


def buttons(tree, who):
    """What the row of a customer offers to do, and with which values."""
    (row,) = [e for e in tree.all("tr") if e.get("data-customer") == who]
    return [e["value"] for e in tree.all("button") if row in e["inside"]]


def send(service, **fields):
    body = urlencode(fields, doseq=True)
    kind = {"Content-Type": "application/x-www-form-urlencoded", "Origin": service.url}
    return service.get("/tasks", "POST", body, **kind)


@pytest.fixture
def shop(engine, tmp_path):
    cards = [suggested(who) for who in ("1", "2", "3", "4")]
    held = suggested("5", withheld=True, arm="holdout", withheld_by="draw")
    publish_cards(engine, tmp_path / "r", *cards, held, suggested("6", "do_nothing"))
    with Running(engine) as service:
        yield service


@pytest.mark.slow
def test_one_click_in_a_row_takes_a_task_and_the_list_says_who_has_it(shop):
    tree = page(shop, "/?language=en")
    assert buttons(tree, "1") == ["take:0:1", "done:0:1", "snooze:0:1", "dismiss:1", "note:1"]
    assert "done:0:5" not in buttons(tree, "5") and buttons(tree, "6") == []
    answer = send(shop, do="take:0:1", back="/?language=en")
    assert answer.status == 303
    tree = page(shop, answer.headers["location"])
    assert "In hand" in rows(tree)["1"]["work"]
    assert "take" not in " ".join(buttons(tree, "1"))
    version = buttons(tree, "1")[0].split(":")[1]
    answer = send(shop, do=f"done:{version}:1", back="/?language=en")
    assert "1" not in rows(page(shop, answer.headers["location"]))
    done = page(shop, "/?language=en&task_state=done")
    assert list(rows(done)) == ["1"] and buttons(done, "1")[0].startswith("reopen:")


@pytest.mark.slow
def test_several_who_are_marked_are_moved_at_once_and_so_is_the_whole_list(shop):
    marked = ["0:2", "0:3"]
    answer = send(shop, move="snooze", task=marked, back="/?language=en")
    assert set(rows(page(shop, answer.headers["location"]))) == {"1", "4", "5", "6"}
    answer = send(shop, move="take", task="0:1", everyone="yes", back="/?language=en")
    tree = page(shop, answer.headers["location"])
    assert {who for who, cells in rows(tree).items() if "In hand" in cells["work"]} == {*"145"}


@pytest.mark.slow
def test_who_may_only_read_sees_states_and_no_buttons(engine, tmp_path):
    publish_cards(engine, tmp_path / "r", suggested("1"))
    with Running(engine, read_only=True) as service:
        tree = page(service)
        assert buttons(tree, "1") == [] and not tree.all("input", name="task")
        assert "work" in rows(tree)["1"]

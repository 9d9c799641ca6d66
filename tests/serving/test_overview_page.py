"""The page on the company: every figure with its definition, table and picture; links to people."""

import re

import pytest

from models.customers.segments import RFM_SEGMENTS
from serving.cards.forecast import PublishedForecast
from serving.pages.overview_tiles import FIGURES, SCORES
from serving.pages.simple_rules import compared_with_rules
from serving.people.keys import create_key
from serving.store.database import open_store
from serving.store.publishing import publish
from serving.wording.sentences import sentence
from tests.serving.conftest import Running
from tests.serving.guarded import bearer, guarded_release
from tests.serving.overviews import overview_report
from tests.serving.reading_pages import Tree, page, text_of, written
from tests.serving.release_reports import forecast_report
from tests.serving.releases import company, gone_row, write_release
from tests.serving.test_overview import changed
from tests.serving.test_rule_release import GATE, rule_row

LANGUAGES = ("en", "ru")


def inside(tree, element, tag):
    return [one for one in tree.all(tag) if element in one["inside"]]


def known(name):
    return any(month[name] is not None for month in overview_report(company())["months"])


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_known_figure_has_its_newest_value_definition_table_and_picture(service, language):
    tree = page(service, f"/overview?language={language}")
    months = overview_report(company())["months"]
    shown = [one["id"] for one in figures(tree)]
    assert shown == [*(name for name in FIGURES if known(name)), "expected_value"]
    for name in shown[:-1]:
        (section,) = (one for one in tree.all("section") if one.get("id") == name)
        kind, _ = FIGURES[name]
        newest = next(m[name] for m in reversed(months) if m[name] is not None)
        assert written(newest, kind, language) in text_of(section)
        assert sentence(f"overview.figure.{name}", language) in text_of(section)
        assert len(inside(tree, section, "details")) == 1
        rows = [row for row in inside(tree, section, "tr") if inside(tree, row, "td")]
        known_months = [m for m in months if m[name] is not None]
        assert len(rows) == len(known_months if name in SCORES else months)
        pictures = inside(tree, section, "svg")
        assert len(pictures) == (len(known_months) > 1)
        for picture in pictures:
            assert picture["role"] == "img" and text_of(inside(tree, picture, "title")[0])


def figures(tree):
    return [one for one in tree.all("section") if one.get("class") == "figure"]


def test_the_change_is_against_the_month_before_in_points_or_percent(service):
    tree = page(service, "/overview?language=en")
    by_name = {one["id"]: text_of(one) for one in figures(tree)}
    assert "+1 pp on the month before" in by_name["churn_rate"]
    assert "−1 pp on the month before" in by_name["retention_rate"]
    assert "+2% on the month before" in by_name["revenue"]  # 5,200 after 5,100
    assert "No change on the month before" in by_name["csat_tickets"]
    assert "before" not in by_name["nps"].split("Definition")[0]  # asked once


@pytest.mark.slow
@pytest.mark.parametrize("language", LANGUAGES)
def test_segments_classes_and_owners_lead_to_their_customers(service, language):
    tree = page(service, f"/overview?language={language}")
    links = {one["href"] for one in tree.all("a")}
    for one in ("rfm_segment=loyal", "abc_class=A", "owner=Anna", "relationship_declined=true"):
        assert f"/?{one}&language={language}" in links
    told = service.get("/v1/overview").json()
    for way in ("growing", "shrinking"):
        for one in told["movers"][way]:
            assert f"/customers/{one['customer_id']}?language={language}" in links
    assert service.get(f"/?abc_class=A&language={language}").status == 200


def test_the_page_has_the_customers_of_the_api_in_its_order(service):
    tree = page(service, "/overview?language=en")
    told = service.get("/v1/overview").json()["movers"]
    wanted = [one["customer_id"] for way in ("shrinking", "growing") for one in told[way]]
    found = re.findall(r"/customers/(\w+)\?", " ".join(one["href"] for one in tree.all("a")))
    assert found == wanted


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_column_has_its_name_on_a_phone_too(service, language):
    for path in ("/overview", "/forecast"):
        tree = page(service, f"{path}?language={language}")
        tables = [one for one in tree.all("table") if "stacked" in one.get("class", "")]
        assert len(tables) >= 3
        for table in tables:
            cells = [one for one in inside(tree, table, "td") if one.get("class") is None]
            assert cells and all(cell.get("data-title") for cell in cells)


def test_the_menu_leads_here_and_marks_it(service):
    tree = page(service, "/overview?language=en")
    (here,) = [one for one in tree.all("a") if one.get("aria-current") == "page"]
    assert (text_of(here), here["href"]) == ("Overview", "/overview?language=en")


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["cancellation", "label"])
def test_what_leaving_means_is_told_of_subscriptions_and_of_a_table(engine, tmp_path, kind):
    rows = [row for row in company(churn_definition=kind) if row["status"] == "scored"]
    publish(write_release(tmp_path / "release", rows), engine, keep=1)
    with Running(engine) as service:
        for language in LANGUAGES:
            said = text_of(page(service, f"/overview?language={language}").one("main"))
            assert plain(sentence(f"overview.leaving.{kind}", language, horizon_days=30)) in said
            of_subscriptions = sentence(
                "overview.about_cancellation.churn_rate", language, horizon_days=30
            )
            assert (plain(of_subscriptions) in said) == (kind == "cancellation")


def plain(text):
    return " ".join(text.split())


@pytest.mark.slow
def test_an_owner_sees_no_others_names_and_is_told_so(tmp_path):
    engine = open_store(f"sqlite:///{tmp_path}/store.sqlite3")
    publish(guarded_release(tmp_path / "release"), engine, keep=1)
    key = create_key(engine, "anna", ("cards:read", "figures:read"), ["anna"])[1]
    with Running(engine) as service:
        said = service.get("/overview?language=en", **bearer(key)).text
    engine.dispose()
    assert "of-anna" in said and "of-boris" not in said and "boris" not in said
    assert sentence("overview.limited", "en") in said


@pytest.mark.slow
def test_a_release_ranked_by_a_rule_and_without_money_is_shown_with_reasons(engine, tmp_path):
    rows = [
        rule_row("b", 1, "high", 5.25),
        rule_row("a", 2),
        gone_row("g", silence_over_usual=None),
    ]
    folder = write_release(tmp_path / "release", rows, money=False, gate=GATE)
    bare = {"relationship": None, "rfm": None, "cohorts": None, "months": []}
    absent = {"months": "short_history", "cohorts": "short_history", "rfm": "no_purchases"}
    folder = changed(folder, tmp_path / "bare", lambda c: c | bare | {"absent": absent})
    publish(folder, engine, keep=1)
    with Running(engine) as service:
        for language in LANGUAGES:
            said = text_of(page(service, f"/overview?language={language}").one("main"))
            for reason in set(absent.values()):
                assert sentence(f"overview.absent.{reason}", language) in said


@pytest.mark.slow
def test_without_an_overview_the_page_says_what_to_run(engine, release, tmp_path):
    publish(changed(release, tmp_path / "old", lambda _: None), engine, keep=1)
    with Running(engine) as service:
        answer = service.get("/overview?language=en")
    assert answer.status == 404 and "make run" in text_of(Tree(answer.text).one("main"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_segment_change_and_reason_has_its_words(language):
    for name in RFM_SEGMENTS:
        assert sentence(f"rfm_segment.{name}", language)
    for key in ("points", "score", "percent"):
        for way in ("up", "down", "same"):
            assert sentence(f"overview.change.{key}.{way}", language, size=0.012)


def judged(pairs):
    """A forecast whose past dates were off by so much: (ours, as many days before)."""
    report = forecast_report()
    whole = report["backtest"][0]
    backtests = [
        whole
        | {
            "errors": {
                "orders": {
                    "ours": {"total_error": {"value": ours}},
                    "last_period": {"total_error": {"value": theirs}},
                }
            }
        }
        for ours, theirs in pairs
    ]
    stamp = {
        "release_id": "r",
        "data_until": "2024-10-26",
        "expires_at": "2024-11-10",
        "horizon_days": 30,
        "churn_definition": "lapse",
        "model_version": "m",
    }
    return PublishedForecast.model_validate({**report, **stamp, "backtest": backtests})


@pytest.mark.parametrize(
    ("pairs", "said", "is_closer"),
    [
        ([(0.05, -0.02), (0.05, 0.01)], "came closer than the forecast on all 2 past dates", True),
        ([(-0.05, 0.02), (0.01, 0.05)], "on 1 of 2 past dates (off by 3.5% on average", True),
        ([(0.02, 0.02), (0.01, -0.3)], "the forecast came closer than", False),
        ([(0.05, 0.01)], "on the one past date, “the same as the period before” came", True),
        ([(0.01, 0.05)], "on the one past date, the forecast came closer", False),
    ],
)
def test_where_a_simple_rule_beats_the_forecast_it_is_said_in_words(pairs, said, is_closer):
    ((text, found),) = compared_with_rules(judged(pairs), "en")
    assert said in text and text.startswith("Purchases in total: ")
    assert found == is_closer
    for language in LANGUAGES:
        assert compared_with_rules(judged(pairs), language)[0][1] == is_closer


def test_the_forecast_page_tells_it_above_the_past_dates(service):
    said = text_of(page(service, "/forecast?language=en").one("main"))
    assert "the forecast came closer than “the same as the period before”" in said

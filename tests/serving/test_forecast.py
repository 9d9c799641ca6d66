"""The sales forecast, as the API and the page tell it."""

import json
import shutil

import pytest

from core.errors import ArtifactError
from core.files import hashes, read_json, write_json
from serving.store.publishing import publish
from tests.serving.asking import problem
from tests.serving.conftest import Running
from tests.serving.reading_pages import Tree, text_of
from tests.serving.release_reports import forecast_report
from tests.serving.releases import company, write_release


def without_forecast(release, folder):
    """The same release as it was written before there were forecasts."""
    shutil.copytree(release, folder)
    (folder / "reports" / "forecast.json").unlink()
    manifest = read_json(folder / "manifest.json")
    write_json(folder / "manifest.json", manifest | {"files": hashes(folder)})
    return folder


def test_the_api_gives_the_forecast_of_the_release(service, release):
    told = service.get("/v1/forecast").json()
    assert told.pop("release_id") == read_json(release / "manifest.json")["release_id"]
    report = forecast_report()
    assert told["periods"] == report["periods"]
    assert told["total"] == report["total"]
    assert told["segments"] == report["segments"]
    assert told["backtest"][0]["total"] == report["backtest"][0]["total"]
    assert told["backtest"][0]["not_in_it"] == report["backtest"][0]["not_in_it"]


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("en", ("Sales forecast", "Oct 27 – Nov 25, 2024", "Champions", "2,000", "+25.0%")),
        ("ru", ("Прогноз продаж", "Лучшие", "2 000", "+25,0 %")),
    ],
)
def test_the_page_shows_it_in_both_languages(service, language, words):
    answer = service.get(f"/forecast?language={language}")
    assert answer.status == 200
    text = text_of(Tree(answer.text).one("main"))
    for word in words:
        assert word in text
    # An interval that the history is too short for is a dash; those who are not in it are told.
    assert "90 … 110" in text
    assert ("11%" if language == "en" else "11 %") in text


def test_the_list_leads_to_the_page(service):
    assert 'href="/forecast?language=ru"' in service.get("/?language=ru").text


@pytest.mark.slow
def test_without_amounts_there_is_no_money_in_it(engine, tmp_path):
    publish(write_release(tmp_path / "release", company(), money=False), engine, keep=5)
    with Running(engine) as service:
        told = service.get("/v1/forecast").json()
        assert told["periods"][0]["spend"] is None
        assert told["segments"][0]["spend"] is None
        tree = Tree(service.get("/forecast?language=en").text)
        assert [one["data-figures"] for one in tree.elements if "data-figures" in one] == ["orders"]
        said = text_of(tree.one("main"))
        assert "Purchases" in said and "2,000" not in said


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "ru"])
def test_past_dates_may_disagree_on_what_can_be_judged(engine, release, tmp_path, language):
    """One sold nothing, one had no amounts, one is whole: a dash stands for what is not there."""
    report = forecast_report()
    whole = report["backtest"][0]
    unsold = {**whole, "errors": {"orders": {}, "spend": {}}}
    bare = {
        **whole,
        "periods": [{**one, "spend": None} for one in whole["periods"]],
        "total": {**whole["total"], "spend": None},
        "errors": {"orders": {"ours": {"total_error": {"value": 0.1}}}},
        "not_in_it": {"orders": whole["not_in_it"]["orders"]},
    }
    folder = tmp_path / "release"
    shutil.copytree(release, folder)
    even = {"is_told": False, "days_seen": 1_460, "days_needed": 365}
    changed = report | {"backtest": [unsold, bare, whole], "season": even}
    write_json(folder / "reports" / "forecast.json", changed)
    manifest = read_json(folder / "manifest.json")
    write_json(folder / "manifest.json", manifest | {"files": hashes(folder)})
    publish(folder, engine, keep=5)
    with Running(engine) as service:
        page = service.get(f"/forecast?language={language}")
        assert page.status == 200
        # All past dates say the same share: it is told once, and not as "11% to 11%".
        said = " ".join(text_of(Tree(page.text).one("main")).split())
        assert {"en": "they brought 11% of the", "ru": "приходилось 11 % покупок"}[language] in said
        no_season = {"en": "1,460 days of history show no season", "ru": "сезонности не видно"}
        assert no_season[language] in said
        assert service.get("/v1/forecast").json()["backtest"][1]["total"]["spend"] is None


@pytest.mark.slow
def test_a_release_from_before_there_were_forecasts_says_so(engine, release, tmp_path):
    publish(without_forecast(release, tmp_path / "old"), engine, keep=5)
    with Running(engine) as service:
        answer = service.get("/v1/forecast")
        assert answer.status == 404
        assert "make run" in problem(answer, "no-forecast")["detail"]
        page = service.get("/forecast?language=en")
        assert page.status == 404 and "too little data for a model" in page.text
        assert service.get("/?language=en").status == 200


@pytest.mark.slow
def test_a_forecast_that_breaks_the_schema_is_not_published(engine, release, tmp_path):
    folder = tmp_path / "bad"
    shutil.copytree(release, folder)
    report = forecast_report()
    report["periods"][0]["orders"]["expected"] = None
    (folder / "reports" / "forecast.json").write_text(json.dumps(report), encoding="utf-8")
    manifest = read_json(folder / "manifest.json")
    write_json(folder / "manifest.json", manifest | {"files": hashes(folder)})
    with pytest.raises(ArtifactError, match="expected"):
        publish(folder, engine, keep=5)

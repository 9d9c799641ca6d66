"""The monitor: what the store keeps of past releases, and the report as API and pages tell it."""

import datetime as dt

import pytest
from pydantic import ValidationError

from core.errors import StoreError
from core.files import hashes, read_json, write_json
from serving.pages.monitor_report import report_page
from serving.store.database import open_store
from serving.store.past import past_releases, scores_of
from serving.store.publishing import publish
from serving.store.reports import keep_report
from tests.serving.asking import problem
from tests.serving.conftest import Running
from tests.serving.reading_pages import Tree, text_of
from tests.serving.release_reports import EVALUATION
from tests.serving.releases import AS_OF, company, write_release

SOURCE = {"description": "files mydata", "files": {"orders.csv": "a" * 64}}
NEWER = {"description": "files mydata", "files": {"orders.csv": "b" * 64}}


def figure(value):
    return {"value": value, "low": value - 0.03, "high": value + 0.03}


def monitor_report(**changes):
    """A report with one closed release that left more customers than it said."""
    became = {
        "customers": 120,
        "left": 60,
        "expected_to_leave": 40.0,
        "auc": figure(0.81),
        "capture_at_10": figure(0.25),
        "observed_over_expected": figure(1.5),
        "calibration_error": figure(0.06),
    }
    shift = {"psi": 0.31, "psi_by_chance": 0.05, "level": "drifted"}
    return {
        "as_of_date": AS_OF.isoformat(),
        "data_until": (AS_OF - dt.timedelta(days=1)).isoformat(),
        "model_version": "model-a",
        "customers": 130,
        "learned_from": {
            "first": "2024-01-01", "last": "2024-08-28", "dates": 12, "customers": 140,
        },
        "score": {**shift, "mean_then": 0.2, "mean_now": 0.35},
        "features": [
            {
                "feature": name, "gain_share": 0.3, **shift, "typical_then": then,
                "typical_now": now, "missing_then": 0.0, "missing_now": 0.125,
            }
            for name, then, now in (
                ("days_since_last_purchase", 12.0, 31.0),
                ("subscription_plan", "<b>basic", "plus"),
            )
        ],
        "drifted": {"features": 2, "gain_share": 0.6},
        "releases": [
            {
                "release_id": "abc",
                "model_version": "model-a",
                "as_of_date": "2024-08-01",
                "horizon_days": 30,
                "churn_definition": "lapse",
                "closes": "2024-08-31",
                "closed": True,
                "promised": {"auc": figure(0.86)},
                "unknown": 2,
                "holdout": 11,
                "untreated_by": "plan",
                "groups": {"all": became, "untreated": {**became, "customers": 70}},
            }
        ],
        "next_closes": "2024-11-26",
        "advice": {
            "retrain": True,
            "reasons": [
                {
                    "message_key": "monitor.reason.features",
                    "values": {
                        "n": 2, "gain_share": 0.6, "limit": 0.2,
                        "names": ["days_since_last_purchase"],
                    },
                },
                {
                    "message_key": "monitor.reason.calibration",
                    "values": {
                        **figure(1.5), "as_of_date": "2024-08-01", "limit_low": 0.85,
                        "limit_high": 1.15,
                    },
                },
            ],
        },
        **changes,
    }  # fmt: skip


def steady_report():
    """Before any release has closed, and without a reason."""
    calm = {"psi": 0.02, "psi_by_chance": 0.05, "level": "steady"}
    report = monitor_report()
    return report | {
        "score": report["score"] | calm,
        "features": [one | calm for one in report["features"]],
        "drifted": {"features": 0, "gain_share": 0.0},
        "releases": [],
        "advice": {"retrain": False, "reasons": []},
    }


@pytest.fixture
def monitored(engine, release):
    release_id = publish(release, engine, keep=5).release_id
    with Running(engine) as service:
        yield engine, release_id, service


def test_a_store_that_does_not_work_is_said_so_when_the_report_is_kept(engine):
    with pytest.raises(StoreError, match="does not work"):
        keep_report(engine, "none", monitor_report())


@pytest.mark.slow
def test_the_api_gives_the_report_with_its_sentences(monitored):
    engine, release_id, service = monitored
    assert "make run" in problem(service.get("/v1/monitor"), "no-report")["detail"]
    page = service.get("/monitor?language=ru")
    assert page.status == 404 and "порядок клиентов задаёт правило" in page.text
    keep_report(engine, release_id, monitor_report())
    told = service.get("/v1/monitor?language=en").json()
    assert told["release_id"] == release_id
    assert told["advice"]["retrain"] is True
    first, second = (one["sentence"] for one in told["advice"]["reasons"])
    assert "60%" in first and "the limit is 20%" in first
    assert "Aug 1, 2024" in second and "150%" in second and "85% to 115%" in second
    russian = service.get("/v1/monitor?language=ru").json()["advice"]["reasons"]
    assert "граница" in russian[0]["sentence"]
    # A newer report takes the place of the old one, and the release itself stays as it is.
    keep_report(engine, release_id, steady_report())
    calm = {"retrain": False, "reasons": [], "newly_closed": True}  # an older report lacks the last
    assert service.get("/v1/monitor").json()["advice"] == calm
    # What has drifted is told also where training anew would change nothing, and that it would not.
    drifted = monitor_report()["advice"]["reasons"][:1]
    idle = {"retrain": False, "reasons": drifted, "newly_closed": False}
    keep_report(engine, release_id, steady_report() | {"advice": idle})
    shown = service.get("/monitor?language=en").text
    assert "No need to retrain" in shown and "the limit is 20%" in shown
    assert "there is nothing to learn from anew" in shown
    assert service.get("/v1/forecast").status == service.get("/v1/releases/current").status == 200


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "retrain", "keep"),
    [
        ("en", "Retrain", "No need to retrain"),
        ("ru", "Модель нужно переобучить", "Переобучать модель не нужно"),
    ],
)
def test_the_page_says_what_to_do_and_why(monitored, language, retrain, keep):
    engine, release_id, service = monitored
    keep_report(engine, release_id, monitor_report())
    main = Tree(service.get(f"/monitor?language={language}").text).one("main")
    assert retrain in text_of(main) and "<b>basic" in text_of(main)
    keep_report(engine, release_id, steady_report())
    text = text_of(Tree(service.get(f"/monitor?language={language}").text).one("main"))
    assert keep in text and "2024" in text and "26" in text  # the day the first release closes
    assert f'href="/model?language={language}"' in service.get(f"/?language={language}").text


def test_the_report_that_stands_alone_is_one_page_in_both_languages():
    text = report_page(monitor_report())
    tree = Tree(text)
    assert [one["lang"] for one in tree.all("section") if "lang" in one] == ["en", "ru"]
    assert "Retrain" in text and "Модель нужно переобучить" in text
    assert "<b>basic" not in text
    assert not [one for one in tree.elements if one["tag"] in ("script", "link", "img")]


@pytest.mark.slow
def test_a_history_without_closed_outcomes_is_told_and_its_drift_is_not(monitored):
    engine, release_id, service = monitored
    alone = {"learned_from": None, "score": None, "features": [], "drifted": None}
    report = steady_report() | alone
    keep_report(engine, release_id, report)
    assert service.get("/v1/monitor").json()["score"] is None
    for language, why in (
        ("en", "how far the data has moved"),
        ("ru", "насколько данные изменились"),
    ):
        text = text_of(Tree(service.get(f"/monitor?language={language}").text).one("main"))
        assert why in text and "PSI" not in text
    assert "PSI" not in report_page(report)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("learned", "english", "russian"),
    [
        (
            {"first": "2017-06-05", "last": "2017-06-05", "dates": 1, "customers": 40},
            "compared with the one date that the model learned from, June 5, 2017.",
            "в сравнении с единственной датой, на которой модель обучалась: 5 июня 2017",
        ),
        (
            {"first": None, "last": None, "dates": 0, "customers": 1_200},
            "the 1,200 customers that the model learned from; the table has no dates.",
            "на ком модель обучалась (1 200 клиентов); дат в таблице нет.",
        ),
    ],
)
def test_one_date_learned_from_and_none_are_told_as_they_are(monitored, learned, english, russian):
    engine, release_id, service = monitored
    keep_report(engine, release_id, steady_report() | {"learned_from": learned})
    for language, words in (("en", english), ("ru", russian)):
        text = text_of(Tree(service.get(f"/monitor?language={language}").text).one("main"))
        assert words in " ".join(text.split())


@pytest.mark.slow
def test_a_report_that_breaks_the_schema_is_not_kept(monitored):
    engine, release_id, service = monitored
    with pytest.raises(ValidationError):
        keep_report(engine, release_id, monitor_report(score={"psi": 1}))
    reasons = {"retrain": True, "reasons": [{"message_key": "no.such", "values": {}}]}
    with pytest.raises(ValidationError):
        keep_report(engine, release_id, monitor_report(advice=reasons))
    assert service.get("/v1/monitor").status == 404


@pytest.mark.slow
def test_past_releases_are_those_of_which_something_may_have_become(engine, tmp_path):
    rows = company(customers=20)
    before = AS_OF - dt.timedelta(days=60)
    publish(write_release(tmp_path / "a", rows, as_of=before, source=SOURCE), engine, keep=5)
    publish(write_release(tmp_path / "b", rows, source=NEWER), engine, keep=5)
    first, second = past_releases(engine, {"files": {}})
    assert (first["as_of_date"], second["as_of_date"]) == (before.isoformat(), AS_OF.isoformat())
    assert first["promised"] == EVALUATION["churn"]["models"]["ours"]
    assert past_releases(engine, {"company": "cdnow"}) == [first, second]  # they do not say
    # Of the newest, made of the very data there is now, nothing can have become.
    assert past_releases(engine, NEWER) == [first]
    scores = scores_of(engine, first["number"])
    listed = [row for row in rows if row["status"] == "scored"]
    assert scores["customer_id"].tolist() == [row["customer_id"] for row in listed]
    assert scores["churn_risk"].tolist() == [row["churn_risk"] for row in listed]
    assert scores["arm"].tolist() == [row["arm"] for row in listed]


@pytest.mark.slow
def test_a_release_whose_test_rows_had_one_outcome_is_published_and_promised_no_ranking(
    engine, tmp_path
):
    folder = write_release(tmp_path / "one", company())
    churn = EVALUATION["churn"] | {"models": {"ours": {"auc": None}}, "grade": "C"}
    write_json(folder / "reports" / "evaluation.json", EVALUATION | {"churn": churn})
    manifest = read_json(folder / "manifest.json")
    write_json(folder / "manifest.json", manifest | {"files": hashes(folder)})
    publish(folder, engine, keep=5)
    (found,) = past_releases(engine, NEWER)
    assert found["promised"] == {}
    with Running(engine) as service:
        quality = service.get("/v1/releases/current").json()["quality"]
        assert (quality["grade"], quality["auc"]) == ("C", None)
        for language in ("en", "ru"):
            page = service.get(f"/?language={language}")
            assert page.status == 200 and "None" not in page.text


@pytest.mark.slow
def test_a_release_scored_before_the_end_of_the_same_data_is_a_past_one(engine, tmp_path):
    early = {"data_until": AS_OF.isoformat(), "source": SOURCE}
    publish(write_release(tmp_path / "a", company(customers=20), **early), engine, keep=5)
    (found,) = past_releases(engine, SOURCE)
    assert found["as_of_date"] == AS_OF.isoformat()


@pytest.mark.slow
def test_releases_of_another_company_are_left_out(engine, tmp_path):
    one = write_release(
        tmp_path / "a", company(customers=20), source={**SOURCE, "company": "files mydata"}
    )
    publish(one, engine, keep=5)
    assert len(past_releases(engine, {**NEWER, "company": "files mydata"})) == 1
    assert past_releases(engine, {**NEWER, "company": "cdnow"}) == []


@pytest.mark.slow
def test_of_one_day_and_model_the_newest_release_counts(engine, tmp_path):
    for name, held in (("a", "treated"), ("b", "holdout")):
        rows = company(customers=20, arm=held)
        publish(write_release(tmp_path / name, rows, source=SOURCE), engine, keep=5)
    (found,) = past_releases(engine, NEWER)
    assert set(scores_of(engine, found["number"])["arm"]) == {"holdout"}


def test_before_the_first_release_there_is_nothing_past(engine, tmp_path):
    assert past_releases(engine, SOURCE) == []
    missing = open_store(f"sqlite:///{tmp_path / 'none.sqlite3'}", create=False)
    assert past_releases(missing, SOURCE) == []
    assert not (tmp_path / "none.sqlite3").exists()

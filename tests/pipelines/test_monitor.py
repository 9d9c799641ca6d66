"""The monitor over whole runs: a release is judged once its horizon has closed in the data."""

import datetime as dt
import json

import pandas as pd
import pytest

from actions.effects.closed_releases import Judge
from features.reading import ALL_CUSTOMERS
from models.params import MonitorParams
from models.watching.advice import latest_judged
from pipelines import stage
from tests.pipelines.test_end_to_end import stages_run
from tests.snapshots import model_params, timeline

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("other_runs")]


def report_of(project):
    return json.loads((project.folder / "reports" / "monitor.json").read_text(encoding="utf-8"))


def test_before_any_release_has_closed_it_says_when_the_first_will(finished):
    report = report_of(finished)
    assert report["releases"] == []
    closes = dt.date.fromisoformat(finished.manifest()["as_of_date"]) + dt.timedelta(days=30)
    assert report["next_closes"] == closes.isoformat()
    page = (finished.folder / "reports" / "monitor.html").read_text(encoding="utf-8")
    assert "the first time once the data reaches" in page


def test_a_release_is_judged_when_its_horizon_has_closed(copied):
    end = dt.date.fromisoformat(copied.manifest()["data_until"])
    early = end - dt.timedelta(days=31)  # the contacts of three days ago fall in its horizon
    copied.change(timeline={"score_as_of": early.isoformat()}, monitor={"min_outcomes": 5})
    done = copied.reach("release")
    assert done.code == 0, done.text
    assert copied.python("-m", "pipelines.publish").code == 0
    cards = pd.read_parquet(copied.release / "cards.parquet")
    copied.change(timeline={"score_as_of": "auto"})
    done = copied.dvc("repro", "monitor")
    assert done.code == 0, done.text
    assert "monitor" in stages_run(done.text)
    (release,) = report_of(copied)["releases"]
    assert release["as_of_date"] == early.isoformat()
    # The same, counted from the table of orders.
    scored = cards[cards["status"] == "scored"]
    purchases = pd.read_parquet(copied.folder / "data" / "purchases.parquet")
    days = (purchases["event_day"] - pd.Timestamp(early)).dt.days
    bought = set(purchases["customer_id"][(days >= 0) & (days < 30)])
    everybody = release["groups"]["all"]
    assert everybody["customers"] == len(scored)
    assert everybody["left"] == (~scored["customer_id"].isin(bought)).sum()
    assert everybody["expected_to_leave"] == pytest.approx(scored["churn_risk"].sum())
    assert release["untreated_by"] == "contacts"
    assert 0 < release["groups"]["untreated"]["customers"] < everybody["customers"]
    assert 0 < release["promised"]["auc"]["value"] < 1
    # Who left though told safe, each once, with the reason on the card.
    told = json.loads((copied.folder / "reports" / "missed.json").read_text(encoding="utf-8"))
    listed = {one["list_id"]: one["missed_leavers"] for one in told["lists"]}
    assert set(listed) == {"test_dates", release["release_id"]}
    safe = scored[scored["risk_band"] == "low"]
    missed = pd.read_parquet(copied.folder / "data" / "missed.parquet")
    missed = missed[(missed["kind"] == "missed_leavers") & (missed["list_id"] != "test_dates")]
    left = safe[~safe["customer_id"].isin(bought)].set_index("customer_id")
    assert set(missed["customer_id"]) == set(left.index)
    assert listed[release["release_id"]]["told"] == len(safe)
    groups = {who: cell[0]["group"] if len(cell) else None for who, cell in left["reasons"].items()}
    told_why = missed.set_index("customer_id")["reason"]
    assert told_why.dropna().to_dict() == {who: why for who, why in groups.items() if why}
    # Nothing new has closed since: nothing runs.
    assert stages_run(copied.dvc("repro", "monitor").text) == ["source"]


def test_a_release_of_cancellations_is_not_judged_on_data_without_subscriptions(
    tmp_path,
):
    stage.write_parquet(pd.DataFrame({"customer_id": ["1", "2"]}), tmp_path / "old.parquet")
    purchases = pd.DataFrame({"customer_id": ["1"], "event_day": [pd.Timestamp("2024-01-05")]})
    monitor = MonitorParams(
        bins=10, psi_moved=0.1, psi_drifted=0.25, gain_share=0.3, min_outcomes=5
    )
    judge = Judge(
        ([ALL_CUSTOMERS], lambda _: purchases),
        {},
        timeline(churn="cancellation"),
        (model_params(), monitor),
    )
    facts = {
        "release_id": "old",
        "as_of_date": "2024-01-10",
        "horizon_days": 28,
        "churn_definition": "cancellation",
    }
    told, scores = judge.release(facts, tmp_path / "old.parquet")
    assert scores is None
    assert (told["closed"], told["unknown"], told["groups"]) == (True, 2, {})
    assert latest_judged([told]) is None

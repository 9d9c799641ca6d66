"""Where all leave on one day of the year: trained, judged and scored at the same phase."""

import io
import json

import pandas as pd
import pytest

from tests.pipelines.roads import through
from tests.season_tickets import season_tickets

TASK = {"churn": "cancellation", "active_within_days": "auto"}


def tables(**changes):
    return {
        name: pd.read_csv(io.StringIO(text)) for name, text in season_tickets(**changes).items()
    }


@pytest.mark.slow
@pytest.mark.parametrize("horizon", [120, "auto"])
def test_season_tickets_run_to_a_release_judged_on_the_score_date_of_other_years(tmp_path, horizon):
    last = None if horizon == "auto" else "score"  # what the plan does hangs on no horizon
    end = through(tmp_path, tables(), {"task": TASK | {"horizon_days": horizon}}, last)
    assert end.through, (end.printed, end.error, end.crash)
    plan = json.loads((tmp_path / "data" / "timeline.json").read_text(encoding="utf-8"))
    days = {day[5:] for name in ("train", "validation", "test") for day in plan[name]}
    assert days == {plan["score"][5:]} == {"06-01"}
    assert plan["horizon_days"] >= 93  # up to 1 September, from which nothing is covered
    (why,) = [one["why"] for one in plan["choices"] if one["key"] == "timeline.step_days"]
    assert "1 September" in why
    snapshots = pd.concat(
        map(pd.read_parquet, sorted((tmp_path / "data/snapshots").glob("*.parquet")))
    )
    shares = (
        snapshots[snapshots["split"].isin(["train", "test"])]
        .groupby("as_of_date")["churned"]
        .mean()
    )
    assert shares.between(0.05, 0.6).all()
    scores = pd.read_parquet(tmp_path / "data" / "scores.parquet")
    told = scores.loc[scores["status"] == "scored", "churn_risk"]
    assert 0.05 < told.mean() < 0.6 and told.std() > 0.03


@pytest.mark.slow
def test_where_all_test_dates_are_one_sided_the_message_names_dates_that_are_not(tmp_path):
    given = tables(customers=900)
    february = {"test_as_of_dates": ["2023-02-02"], "step_days": 30, "validation_snapshots": 8}
    changes = {"task": TASK | {"horizon_days": 60}, "timeline": february}
    end = through(tmp_path / "first", given, changes)
    assert not end.through and end.error
    assert (
        "There are no churners at all" in end.error and "dates of this run have both" in end.error
    )
    cure = end.error[end.error.index("test_as_of_dates to [") + len("test_as_of_dates to ") :]
    judged = json.loads(cure[: cure.index("]") + 1])
    changes["timeline"] = {"test_as_of_dates": judged, "step_days": 30, "validation_snapshots": 1}
    again = through(tmp_path / "second", given, changes, "evaluate")
    assert again.through, (again.printed, again.error, again.crash)

"""Dates of a ready table on the ladder: later ones judge, and the newest is scored."""

import numpy as np
import pandas as pd
import pytest

from core.errors import TimelineError
from features.params import TaskParams, TimelineParams
from features.planning.timeplan import Label, Timeline
from features.reading import read_snapshots
from features.ready.building import build_table_snapshots
from features.ready.plan import MAX_DATES, plan_table
from features.timeline import as_known_on, date_of

TASK = {"churn": "lapse", "active_within_days": 90, "value_horizon_days": "auto"}
DATED = Label("left", "month", None, has_unknown=True)
UNDATED = Label("left", None, None, has_unknown=False)


def rows_of(dates, customers=20, unknown=()):
    """A row per customer and date, every fourth customer left; labels are empty on `unknown`."""
    parts = [
        pd.DataFrame(
            {
                "customer_id": [f"c{number:02d}" for number in range(customers)],
                "as_of_date": pd.Timestamp(date) if date else pd.NaT,
                "churned": np.nan if date in unknown else np.arange(customers) % 4 == 0,
                "column_x": np.arange(customers) + place,
            }
        )
        for place, date in enumerate(dates)
    ]
    whole = pd.concat(parts, ignore_index=True)
    days = whole["as_of_date"].astype("datetime64[us]")
    return whole.assign(churned=whole["churned"].astype("float64"), as_of_date=days)


def planned(rows, label=DATED, horizon="auto", **dates):
    task = TaskParams(**TASK, horizon_days=horizon)
    timeline = TimelineParams(**{"step_days": 14, "snapshots": "auto", **dates})
    return plan_table(rows, label, "2024-09-01", task, timeline)


def dates(days):
    return [date_of(day).isoformat() for day in days]


MONTHS = [f"2024-{month:02d}-01" for month in range(1, 8)]


def test_six_labelled_months_are_trained_validated_and_tested_one_after_the_other():
    timeline, dated = planned(rows_of(MONTHS, unknown=MONTHS[-1:]), horizon=28)
    assert timeline.rung == 1
    assert dates(timeline.train) == MONTHS[:3]
    assert dates(timeline.validation) == MONTHS[3:5]
    assert dates(timeline.test) == MONTHS[5:6]
    assert dates([timeline.score]) == MONTHS[-1:]
    assert set(dated.rows.loc[dated.is_scored, "as_of_date"].astype("str")) == {MONTHS[-1]}


def test_where_all_are_labelled_the_newest_date_is_scored_once_its_labels_have_closed():
    timeline, dated = planned(rows_of(MONTHS[:2]))
    choices = {choice.key: choice.value for choice in timeline.choices}
    assert timeline.horizon_days == choices["task.horizon_days"] == 31
    assert dates([timeline.score]) == ["2024-03-03"]
    assert dates(timeline.test) == MONTHS[1:2]
    assert timeline.rung == 3
    assert dated.is_scored.sum() == 20


def test_without_dates_other_customers_judge_and_those_without_a_label_are_scored():
    rows = rows_of([None])
    rows.loc[:4, "churned"] = np.nan
    timeline, dated = planned(rows, UNDATED)
    assert (timeline.rung, timeline.horizon_days) == (4, 30)
    assert timeline.train == timeline.test
    assert dates([timeline.score]) == ["2024-09-02"]
    assert dated.is_scored.tolist() == [True] * 5 + [False] * 15
    assert planned(rows_of([None]), UNDATED)[1].is_scored.all()
    assert dates([planned(rows, UNDATED, score_as_of="2024-05-05")[0].score]) == ["2024-05-05"]


def test_dates_of_params_that_the_table_does_not_have_are_refused():
    with pytest.raises(TimelineError, match="2024-03-09, of which the table has no labels"):
        planned(rows_of(MONTHS), test_as_of_dates=["2024-03-09"])
    with pytest.raises(TimelineError, match="scored at its newest one"):
        planned(rows_of(MONTHS), score_as_of="2024-03-01")
    asked, _ = planned(rows_of(MONTHS), horizon=28, test_as_of_dates=MONTHS[5:6])
    assert dates(asked.test) == MONTHS[5:6]


def test_a_table_of_too_many_dates_counts_each_row_on_the_next_day_of_a_grid():
    days = pd.date_range("2024-01-01", periods=MAX_DATES + 40).strftime("%Y-%m-%d")
    timeline, dated = planned(rows_of(days, customers=3), horizon=14)
    own = (dated.rows["as_of_date"] - pd.Timestamp("1970-01-01")).dt.days
    assert ((dated.day >= own) & (dated.day - own < 14)).all()
    assert dated.day.nunique() <= MAX_DATES
    assert not pd.DataFrame({"who": dated.rows["customer_id"], "day": dated.day}).duplicated().any()
    assert "timeline.step_days" in {choice.key for choice in timeline.choices}


@pytest.mark.parametrize("unknown", [MONTHS[-1:], ()])
def test_snapshots_hold_labels_of_the_past_and_none_of_those_scored(tmp_path, unknown):
    timeline, dated = planned(rows_of(MONTHS, unknown=unknown), horizon=28)
    build_table_snapshots(dated, timeline, tmp_path / "snapshots")
    found = read_snapshots(tmp_path / "snapshots")
    scored = found[found["split"] == "score"]
    assert len(scored) == 20
    assert scored["churned"].isna().all()
    assert not scored["outcome_known"].any()
    past = found[found["split"] != "score"]
    assert past["outcome_known"].all()
    assert len(past) == (len(MONTHS) - len(unknown)) * 20
    # On the day of a test date nothing is known of outcomes that had not closed by then.
    known = as_known_on(found, pd.Timestamp(MONTHS[5]), timeline.windows)
    closed = known[known["outcome_known"]]["as_of_date"]
    assert closed.max() == pd.Timestamp(MONTHS[4])


def test_the_plan_of_a_table_is_read_as_it_was_written():
    timeline, _ = planned(rows_of(MONTHS, unknown=MONTHS[-1:]))
    assert Timeline.from_json(timeline.to_json()) == timeline
    assert timeline.told_task["label"] == "left"

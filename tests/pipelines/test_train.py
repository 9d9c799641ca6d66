"""What stage `train` says before anything is trained."""

import pandas as pd
import pytest

from features.timeline import date_of
from models.training.until import Until
from pipelines.train import _without_cohort
from tests.snapshots import simulate, timeline


@pytest.mark.parametrize("empty", [[], [0], [0, 1]])
def test_test_dates_on_which_nobody_was_a_customer_are_named(empty):
    plan, rows = timeline(), simulate(customers=100)
    days = [pd.Timestamp(date_of(day)) for day in plan.test]
    assert len(days) == 2
    gone = [days[number] for number in empty]
    told = _without_cohort(Until(rows[~rows["as_of_date"].isin(gone)], plan))
    if not empty:
        assert told == ""
        return
    assert f"nobody had bought in the {plan.active_within_days} days before" in told
    for day in days:
        assert (f"{day:%Y-%m-%d}" in told.split(", so nothing")[0]) == (day in gone)
    assert "dates with customers run from" in told

"""The cases of ../shared/cases about contracts and words: what is right for each."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from features.history.outcomes import cancelled
from features.timeline import day_of
from sources.params import SourceParams
from sources.registry import load
from sources.subscriptions.billing import contracted
from sources.tables.check_tables import check_tables

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"
pytestmark = pytest.mark.skipif(
    not CASES.is_dir(), reason="../shared/cases is not beside this repository"
)


def tables_of(case):
    said = yaml.safe_load((CASES / case / "params.yaml").read_text(encoding="utf-8"))["source"]
    params = SourceParams(**(said | {"path": str(CASES / case / "data")}))
    return contracted(check_tables(load(params), params), params)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("case", ["03-inclusive-ends", "03b-exclusive-ends"])
def test_a_row_by_calendar_month_is_one_payment_and_who_renews_has_not_left(case):
    tables = tables_of(case)
    assert len(tables["orders"].rows) == 7806
    rows = tables["subscriptions"].rows
    as_of = day_of(pd.Timestamp("2023-10-02").date())
    starts = rows.groupby("customer_id")["started_at"].min()
    there = [*starts[starts < pd.Timestamp("2023-10-02")].index]
    running = [
        c for c, gone in zip(there, cancelled(rows, there, as_of, 0), strict=True) if not gone
    ]
    left = cancelled(rows, running, as_of, 31)  # by 2023-11-01, that day included
    assert 0.043 < float(left.mean()) < 0.044


def test_null_in_ended_at_is_a_subscription_that_runs():
    raw = pd.read_csv(
        CASES / "26-null-in-ended-at" / "data" / "subscriptions.csv", keep_default_na=False
    )
    tables = tables_of("26-null-in-ended-at")
    table = tables["subscriptions"]
    assert table.counts["kept"] == len(raw)
    assert table.rows["ended_at"].isna().sum() == (raw["ended_at"].isin(["NULL", ""])).sum() > 0

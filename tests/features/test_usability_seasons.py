"""A shop that is visited once a year is told so."""

import numpy as np
import pandas as pd
import pytest

from tests.features.usable import checked, orders, report_of


def yearly(months, years=4, each=60):
    """Sixty customers who order every year in one of these months."""
    number = np.arange(years * each)
    month = np.array(months)[number % len(months)]
    times = pd.to_datetime({"year": 2020 + number // each, "month": month, "day": 1 + number % 24})
    return pd.DataFrame(
        {
            "customer_id": [f"c{one % each}" for one in number],
            "order_id": [f"o{one}" for one in number],
            "line_id": "1",
            "event_time": times + pd.Timedelta(hours=12),
            "amount": 10.0 + number % 7,
        }
    )


def findings(rows, **settings):
    report = report_of(checked(orders=rows), **settings)
    return report, {one["check"]: one for one in report["findings"]}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("months", "told"),
    [
        ([12], "1 months of the year (December)"),
        ([11, 12], "2 months of the year (November to December)"),
        ([12, 1], "2 months of the year (December to January)"),
        ([6, 7, 8, 9], "4 months of the year (June to September)"),
    ],
)
def test_a_season_is_told_with_its_months_and_the_horizon_it_needs(months, told):
    report, found = findings(yearly(months), horizon_days="auto")
    assert told in found["yearly_rhythm"]["meaning"]
    assert found["yearly_rhythm"]["severity"] == "warning"
    assert "stays away for the whole next season" in found["yearly_rhythm"]["what_to_do"]
    assert report["horizon_days"] == report["suggested_horizon_days"] == 365
    _, found = findings(yearly(months), horizon_days=180)
    assert "Set task.horizon_days to 365" in found["yearly_rhythm"]["what_to_do"]


@pytest.mark.slow
def test_orders_all_year_or_of_one_season_only_are_no_yearly_rhythm():
    assert "yearly_rhythm" not in findings(yearly(range(1, 13)))[1]
    assert "yearly_rhythm" not in findings(yearly([5, 6, 7, 8, 9]))[1]
    assert "yearly_rhythm" not in findings(orders(days=60))[1]


def test_where_gaps_outlast_every_horizon_auto_offers_the_horizon_is_called_short():
    rows = orders(customers=20, days=3_000, each=5)
    report, found = findings(rows, horizon_days="auto")
    assert report["suggested_horizon_days"] == 365
    gap = report["long_gap_days"]
    assert gap > 365
    assert (
        f"Set task.horizon_days to {int(np.ceil(gap))}, or" in found["short_horizon"]["what_to_do"]
    )

"""Methods are chosen on other dates than they are judged on."""

import pandas as pd

from benchmarks.cases import cases, development


def test_outcomes_of_every_development_date_close_before_the_first_test_date():
    early = development()
    assert set(early) == {
        f"{name}_development" for name in cases() if name != "online_retail_90_days"
    }
    for name, here in early.items():
        judged = cases()[name.removesuffix("_development")]
        days = here.told_days or here.horizon_days
        for date in here.dates:
            closes = pd.Timestamp(date) + pd.Timedelta(days=days)
            assert closes <= pd.Timestamp(min(judged.dates)), (name, date)

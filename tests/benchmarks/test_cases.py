"""Methods are chosen on other dates than they are judged on."""

import pandas as pd

from benchmarks.cases import cases, development


def test_outcomes_of_every_development_date_close_before_the_first_test_date():
    early = development()
    assert {f"{name}_development" for name in cases()} == set(early)
    for name, case in cases().items():
        here = early[f"{name}_development"]
        closes = pd.Timestamp(max(here.dates)) + pd.Timedelta(here.horizon_days, "D")
        assert closes <= pd.Timestamp(min(case.dates))
        assert here.value_horizon_days == here.horizon_days

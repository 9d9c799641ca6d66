"""The benchmark of what leavers bring."""

import datetime as dt

import numpy as np
import pytest
from sklearn.metrics import mean_tweedie_deviance

from benchmarks.leavers import POWER, asked, deviance


def test_the_deviance_is_that_of_the_books():
    seen, told = np.array([0.0, 3.0, 12.0, -1.0]), np.array([0.5, 2.0, 9.0, 1.0])
    unit = seen.mean()
    by_hand = mean_tweedie_deviance(np.maximum(seen, 0) / unit, told / unit, power=POWER)
    assert deviance(told, seen).mean() == pytest.approx(by_hand)


def test_development_closes_before_the_first_date_of_the_test():
    tests = {one.case.name: one for one in asked("test")}
    for one in asked("development"):
        closes = [
            dt.date.fromisoformat(date) + dt.timedelta(days=one.value_days)
            for date in one.case.dates
        ]
        if one.case.name in tests:  # else another company
            first = dt.date.fromisoformat(tests[one.case.name].case.dates[0])
            assert max(closes) <= first, one.case.name

"""Figures of the documentation on a simulated shop, from what a run reports."""

import pandas as pd

from benchmarks.simulated_shop import forecast_rows, shares
from models.words import SCORED


def backtest(last_year):
    def around(value):
        return {"value": value, "low": value - 0.02, "high": value + 0.03}

    def error(total, segment):
        return {"total_error": around(total), "segment_error": around(segment)}

    both = {"ours": error(-0.027, 0.055), "last_period": error(0.08, 0.148)}
    total = {"sold": 1000.0, "last_year": last_year}
    period = {"covers": True}
    return {
        "as_of_date": "2024-07-02",
        "days": 180,
        "errors": {"orders": both, "spend": both},
        "not_in_it": {"orders": {"new": 0.1, "back": 0.068}, "spend": {"new": 0.1, "back": 0.0}},
        "total": {"orders": total, "spend": total},
        "periods": [{"orders": period, "spend": {"covers": False}}],
    }


def test_the_rows_are_those_of_the_page_on_forecasts():
    first, second, intervals = forecast_rows([backtest(1086.0)])
    assert first == (
        "| simulated shop 2024-07-02, 180 | orders | -2.7% (-4.7% to +0.3%) | 5.5% | +8.0% "
        "| 14.8% | +8.6% | 16.8% |"
    )
    assert second.startswith("|  | revenue |")
    assert intervals == "Monthly intervals contained the sales in 1 of 2 cases."
    assert "| – |" in next(forecast_rows([backtest(None)]))


def test_shares_are_those_of_scored_customers():
    cards = pd.DataFrame(
        {"status": [SCORED] * 4 + ["already_churned"], "held_by": ["habit"] * 3 + ["service"] * 2}
    )
    assert shares(cards, "held_by") == "held_by: habit 75.0%, service 25.0%"

"""The table of intervals: its rows, and the drawn companies of slow rhythms."""

import numpy as np

from benchmarks.coverage import COLUMNS, line
from benchmarks.slow_road import DAYS, LAST, Rhythm, orders


def test_a_row_tells_every_column_and_what_could_not_be_judged():
    row = dict.fromkeys(COLUMNS, 0.8) | {"dataset": "yearly", "rows": 1_500, "late": None}
    cells = [cell.strip() for cell in line(row).strip("|").split("|")]
    assert len(cells) == len(COLUMNS)
    told = dict(zip(COLUMNS, cells, strict=True))
    assert (told["dataset"], told["rows"], told["late"]) == ("yearly", "1,500", "–")
    assert (told["coverage"], told["observed_over_expected"]) == ("80.0%", "0.80")


def test_a_slow_company_has_the_rhythm_it_is_drawn_with():
    rhythm = Rhythm(1_000, 100.0, 0.2, 0.1, 0.9)
    made = orders(rhythm, seed=3)
    assert made.equals(orders(rhythm, seed=3))
    assert made["event_time"].between(LAST - np.timedelta64(DAYS, "D"), LAST).all()
    by_time = made.sort_values("event_time", kind="stable")
    gaps = by_time.groupby("customer_id")["event_time"].diff().dropna().dt.days
    assert abs(gaps.median() - 100) < 5
    assert made["customer_id"].nunique() == rhythm.customers

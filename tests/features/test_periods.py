import numpy as np
import pandas as pd

from features.history.periods import PurchaseDays, active_at, bought_by, bought_in
from features.timeline import day_of, period_of

AS_OF = day_of(pd.Timestamp("2024-03-01").date())


def purchases(*rows):
    """Rows of (customer, days from the as-of date, orders, amount)."""
    start = pd.Timestamp("2024-03-01")
    return pd.DataFrame(
        {
            "customer_id": pd.array([row[0] for row in rows], "str"),
            "event_day": [start + pd.Timedelta(days=row[1]) for row in rows],
            "orders": [row[2] for row in rows],
            "amount": [row[3] for row in rows],
        }
    )


def test_a_period_begins_at_its_own_midnight_and_ends_before_the_next():
    start = pd.Timestamp("2024-03-01")
    minute = pd.Timedelta(minutes=1)
    times = [start + pd.Timedelta(days=days) for days in (-1, 0, 29, 30, 59, 60)]
    found = period_of(pd.Series([start - minute, *times]), start, (30, 60))
    assert found.tolist() == [-1, -1, 0, 0, 1, 1, -1]


def test_purchases_are_summed_by_customer_and_period():
    rows = purchases(
        ("a", -1, 9, 900.0), ("a", 0, 1, 10.0), ("a", 9, 2, 5.0), ("a", 10, 1, 3.0),
        ("b", 19, 4, 7.0), ("b", 20, 9, 900.0), ("c", 5, 9, 900.0),
    )  # fmt: skip
    found = bought_in(rows, AS_OF, (10, 20), ["b", "a", "silent"])
    np.testing.assert_array_equal(found["orders"], [[0, 4], [3, 1], [0, 0]])
    np.testing.assert_array_equal(found["spend"], [[0, 7], [15, 3], [0, 0]])
    assert set(bought_in(rows.drop(columns="amount"), AS_OF, (10,), ["a"])) == {"orders"}


def test_a_period_is_the_same_whether_its_purchases_are_found_by_day_or_searched_for():
    rng = np.random.default_rng(1)
    days = rng.integers(-400, 400, 600)
    rows = purchases(*[(f"c{n % 60}", int(day), 1 + n % 3, n / 8) for n, day in enumerate(days)])
    ordered, asked = PurchaseDays.of(rows), [f"c{n}" for n in range(59, 20, -1)] + ["silent"]
    for start, ends in ((-400, (30,)), (-90, (90,)), (0, (1, 30, 31, 360)), (395, (30, 60))):
        found = ordered.bought_in(AS_OF + start, ends, ordered.codes_of(asked))
        for what, column in (("orders", "orders"), ("spend", "amount")):
            expected = [
                [
                    rows[column][
                        (rows["customer_id"] == who) & (days >= begins) & (days < over)
                    ].sum()
                    for begins, over in zip(
                        [start, *(start + end for end in ends[:-1])],
                        [start + end for end in ends],
                        strict=True,
                    )
                ]
                for who in asked
            ]
            np.testing.assert_array_equal(found[what], expected)


def test_who_bought_is_the_cohort_the_new_or_those_who_came_back():
    rows = purchases(
        ("in", -5, 1, 1.0), ("in", 3, 2, 20.0), ("new", 0, 1, 5.0), ("new", 9, 1, 6.0),
        ("new", 10, 8, 800.0), ("back", -200, 1, 1.0), ("back", 4, 3, 7.0),
        ("later", 10, 8, 800.0),
    )  # fmt: skip
    found = bought_by(rows, AS_OF, 10, {"in"})
    assert found["orders"] == {"cohort": 2, "new": 2, "back": 3}
    assert found["spend"] == {"cohort": 20, "new": 11, "back": 7}


def test_active_are_those_who_bought_in_the_days_before():
    rows = purchases(("at", 0, 1, 1.0), ("day", -1, 1, 1.0), ("edge", -9, 1, 1.0), ("x", -10, 1, 1))
    assert active_at(rows, AS_OF, 9) == ["day", "edge"]

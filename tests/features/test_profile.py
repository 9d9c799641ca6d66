"""The rhythm of the data: gaps, long silences, and whether the silent come back."""

import random
import statistics
from collections import defaultdict
from itertools import pairwise

import pandas as pd
import pytest
from scipy.stats import binomtest

from core.errors import DataGateError
from features.planning.profile import USUAL_GAPS, profile, purchase_days
from features.planning.returns import FEWEST_SURE, SILENCES, return_curve, wilson_95
from tests.features.world import AS_OF, DAY, day, frame, moment, on_duckdb


def engine_of(rows):
    return on_duckdb({"orders": frame("orders", rows)})


def order(customer, days, amount=5.0, shift=0):
    return {
        "customer_id": customer,
        "order_id": f"{customer}-{days}-{shift}",
        "event_time": moment(days * DAY + shift),
        "amount": amount,
    }


def random_orders(seed):
    rng = random.Random(seed)
    return [
        order(f"{customer:03d}", rng.randrange(-300, 0), rng.choice((5.0, 5.0, -5.0, 0.0)), shift)
        for customer in range(80)
        for shift in range(rng.randrange(1, 12))
    ]


def days_by_customer(rows):
    """Purchase days by customer, ascending: every row here is an order of its own."""
    days = defaultdict(set)
    for row in rows:
        if row["amount"] > 0:
            days[row["customer_id"]].add(day(row["event_time"]))
    return {customer: sorted(own) for customer, own in days.items()}


def gaps_of(days):
    return [later - earlier for earlier, later in pairwise(days)]


def quantile(values, share):
    """Linear interpolation between the two nearest of the sorted values."""
    values = sorted(values)
    place = share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (place - low) * (values[high] - values[low])


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_profile_agrees_with_a_second_statement_of_it(seed):
    rows = random_orders(seed)
    measured = profile(engine_of(rows))
    days = days_by_customer(rows)
    gaps = [gaps_of(own) for own in days.values()]
    long = [quantile(own, 0.9) for own in gaps if len(own) >= USUAL_GAPS]
    assert measured.long_gap == pytest.approx(statistics.median(long), rel=1e-12)
    assert measured.customers == len(days) < 80
    assert measured.one_time_share == sum(not own for own in gaps) / len(gaps)
    # The span is that of all rows, refunds included.
    assert measured.data_from == min(day(row["event_time"]) for row in rows)
    assert measured.data_until == max(day(row["event_time"]) for row in rows)


def test_purchase_days_are_days_of_purchases_with_the_gap_before_each():
    rows = [
        order("b", -9),
        order("a", -9),
        order("a", -5, shift=1),
        order("a", -5, shift=2),
        order("a", -3, -5.0),
        order("a", -1),
    ]
    (days,) = purchase_days(engine_of(rows))
    base = day(AS_OF)
    assert days["customer_id"].tolist() == ["a", "a", "a", "b"]
    assert (days["day"] - base).tolist() == [-9, -5, -1, -9]
    assert days["gap"].fillna(0).tolist() == [0, 4, 4, 0]


def test_the_return_curve_agrees_with_a_second_statement_of_it():
    rows = random_orders(4)
    until = day(AS_OF)
    curve = return_curve(purchase_days(engine_of(rows)), until)
    expected = {}
    for reached in SILENCES:
        ended = []
        for days in days_by_customer(rows).values():
            for this, following in zip(days, [*days[1:], None], strict=True):
                silence = None if following is None else following - this
                if this + 2 * reached <= until - 1 and (silence is None or silence > reached):
                    ended.append(silence is not None and silence <= 2 * reached)
        if ended:
            expected[reached] = (len(ended), statistics.fmean(ended))
    assert curve["silence_days"].tolist() == list(expected)
    assert curve["silences"].tolist() == [silences for silences, _ in expected.values()]
    assert curve["returned"].tolist() == pytest.approx([back for _, back in expected.values()])
    assert 0 < curve["returned"].max() < 1


@pytest.mark.parametrize("part_rows", [20, 90])
def test_the_return_curve_of_parts_of_the_customers_is_that_of_all(part_rows):
    tables = {"orders": frame("orders", random_orders(4))}
    parts = list(purchase_days(on_duckdb(tables, part_rows=part_rows)))
    (whole,) = purchase_days(on_duckdb(tables))
    assert len(parts) > 1
    pd.testing.assert_frame_equal(
        return_curve(parts, day(AS_OF)), return_curve([whole], day(AS_OF))
    )


def test_the_return_curve_leaves_out_silences_that_the_data_cannot_judge():
    days = list(purchase_days(engine_of([order("a", -15), order("a", -1), order("b", -1)])))
    until = day(AS_OF)
    # A silence of 7 days since -15 was over 14 days later, on the last full day of the data.
    seven = return_curve(days, until).set_index("silence_days").loc[7]
    assert (seven["silences"], seven["returned"]) == (1, 1.0)
    # The last day may be incomplete: who seems silent then may have come back.
    assert return_curve(days, until - 1).empty


@pytest.mark.slow
def test_a_share_of_few_customers_is_marked_and_its_interval_is_wide():
    until = day(AS_OF)
    few = [order("a", -30 * n) for n in range(3, 8)]  # five silences of one customer
    row = return_curve(purchase_days(engine_of(few)), until).set_index("silence_days").loc[28]
    assert (row["silences"], row["customers"], row["few"]) == (5, 1, True)
    assert row["returned"] == 0.8 and row["low"] < 0.3 and row["high"] > 0.95
    many = [order(f"c{n}", -100) for n in range(FEWEST_SURE)]
    row = return_curve(purchase_days(engine_of(many)), until).set_index("silence_days").loc[28]
    assert not row["few"] and row["low"] == 0 and 0.05 < row["high"] < 0.15
    below = return_curve(purchase_days(engine_of(many[1:])), until)
    assert below["few"].all()


@pytest.mark.parametrize(("returned", "customers"), [(0, 3), (3, 3), (17, 40), (400, 1000)])
def test_the_interval_of_a_share_is_wilsons(returned, customers):
    expected = binomtest(returned, customers).proportion_ci(method="wilson")
    assert wilson_95(returned / customers, customers) == pytest.approx(expected, abs=1e-6)


def test_without_repeat_customers_there_is_no_long_gap():
    made = profile(engine_of([order("a", -9), order("b", -8), order("b", -2)]))
    assert made.long_gap is None
    assert made.one_time_share == 0.5


@pytest.mark.slow
def test_data_without_a_purchase_or_with_one_customer_is_refused():
    with pytest.raises(DataGateError, match=r"no purchase .* in the data"):
        profile(engine_of([order("a", -9, -5.0), order("b", -8, 0.0)]))
    with pytest.raises(DataGateError, match="All purchases belong to one customer"):
        profile(engine_of([order("a", -9), order("a", -2)]))

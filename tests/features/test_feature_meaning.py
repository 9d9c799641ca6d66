"""What single features mean, case by case; the oracle agrees with each."""

import math

import pandas as pd
import pytest

from features.snapshot import all_features
from tests.features.stated import OF_THE_DATE, compare, line, of
from tests.features.world import (
    DAY,
    moment,
)

HOUR = DAY // 24


@pytest.mark.slow
def test_a_purchase_belongs_to_the_part_of_the_day_in_which_it_began():
    hours = [(hour, shift) for hour in (6, 12, 18, 23) for shift in (-1, 0)]
    orders = []
    for number, (hour, shift) in enumerate(hours):
        began = -5 * DAY + hour * HOUR + shift
        orders += [line(f"{number}", 1, began), line(f"{number}", 1, began + HOUR // 2)]
    parts = compare({"orders": orders})[["morning_share", "afternoon_share", "evening_share"]]
    assert parts.to_numpy().tolist() == [
        [0, 0, 0],
        [1, 0, 0],
        [1, 0, 0],
        [0, 1, 0],
        [0, 1, 0],
        [0, 0, 1],
        [0, 0, 1],
        [0, 0, 0],
    ]


@pytest.mark.slow
def test_the_season_turns_with_the_as_of_date():
    orders = [line("a", 1, -400 * DAY)]
    seen = {}
    for text in ("2017-01-01", "2017-04-02", "2017-07-02", "2017-10-01"):
        features = compare({"orders": orders}, as_of=pd.Timestamp(text))
        seen[text] = features.loc["a", list(OF_THE_DATE)].tolist()
    expected = [[0, 1], [1, 0], [0, -1], [-1, 0]]
    assert list(seen.values()) == [pytest.approx(pair, abs=0.02) for pair in expected]


def test_a_feature_named_by_a_window_asks_for_that_much_history():
    for feature in all_features():
        if feature.name.endswith("d") and feature.name.rsplit("_", 1)[1][:-1].isdigit():
            assert feature.history_days >= int(feature.name.rsplit("_", 1)[1][:-1]), feature.name
    by_name = {feature.name: feature.history_days for feature in all_features()}
    assert by_name["orders_year_ago_30d"] == by_name["season_sine"] == 365
    assert by_name["orders_change_45d"] == 90


@pytest.mark.slow
def test_a_refund_is_a_later_row_that_moves_money_and_nothing_else():
    refunded = [line("a", 1, -40 * DAY, 20.0), line("a", 1, -10 * DAY, -20.0)]
    features = compare({"orders": refunded}).loc["a"]
    assert features["orders_total"] == 1
    assert features["days_since_last_purchase"] == 40
    assert features["days_since_refund"] == 10
    assert features["amount_total"] == 0
    assert features["amount_30d"] == -20
    assert features["amount_mean"] == features["monetary_value"] + 20 == 20


@pytest.mark.slow
def test_only_an_order_with_positive_or_unknown_net_on_its_first_day_is_a_purchase():
    orders = [
        line("refund only", 1, -5 * DAY, -3.0),
        line("nothing paid", 1, -5 * DAY, 0.0),
        line("amount unknown", 1, -5 * DAY, None),
        line("same day", 1, -5 * DAY, 3.0),
        line("same day", 1, -5 * DAY + 1, -3.0),
        # 0.1 + 0.2 - 0.3 is above zero in floats.
        *(line("in cents", 1, -5 * DAY, amount) for amount in (0.1, 0.2, -0.3)),
        line("refund first", 1, -9 * DAY, -3.0),
        line("refund first", 1, -5 * DAY, 9.0),
        line("bought", 1, -5 * DAY, 3.0),
    ]
    assert compare({"orders": orders}).index.tolist() == ["amount unknown", "bought"]


@pytest.mark.slow
def test_two_orders_of_a_day_are_two_orders_and_one_purchase_day():
    orders = [line("a", n, -5 * DAY + n, 4.0) for n in (1, 2)] + [line("a", 3, -8 * DAY, 1.0)]
    features = compare({"orders": orders}).loc["a"]
    assert features["orders_total"] == 3
    assert features["orders_per_purchase_day"] == 1.5
    assert features["frequency"] == 1
    assert features["gap_last"] == 3
    assert features["amount_last"] == features["amount_max"] == 8


@pytest.mark.slow
def test_without_a_row_counts_are_zero_and_what_cannot_be_measured_is_unknown():
    other = [of("z", {"event_time": -1}, kind="visit")]
    features = compare({"orders": [line("a", 1, -5 * DAY)], "events": other}).loc["a"]
    zero = ["campaigns_exposed_total", "coupons_redeemed_30d", "categories_90d", "stores_90d"]
    zero += ["visits_total", "contacts_30d", "tickets_open", "loyalty_points_balance"]
    assert (features[zero] == 0).all()
    unknown = ["days_since_campaign", "coupons_per_campaign", "category_entropy", "gap_mean"]
    unknown += ["channels_granted", "csat_mean", "nps_last", "subscriptions_running"]
    assert features[unknown].isna().all()


@pytest.mark.slow
def test_of_one_category_the_entropy_is_exactly_zero():
    """The last bits of logarithms are no difference between customers, and trees would find one."""
    lines = [
        {**line(f"c{days:02d}", number, -(number + 1) * DAY), "category": "bread"}
        for days in range(1, 40)
        for number in range(days)
    ]
    found = compare({"orders": lines})["category_entropy"]
    assert len(found) == 39
    assert (found == 0.0).all()


@pytest.mark.slow
def test_points_earned_do_not_depend_on_what_was_spent_or_known_the_same_day():
    points = {"kind": "loyalty_points"}
    events = [
        of("a", {"event_time": -9 * DAY}, value=5.0, **points),
        of("a", {"event_time": -9 * DAY}, value=-3.0, known_at=moment(-8 * DAY), **points),
        of("a", {"event_time": -9 * DAY}, value=2.0, known_at=moment(-8 * DAY), **points),
    ]
    features = compare({"orders": [line("a", 1, -5 * DAY)], "events": events}).loc["a"]
    assert features["loyalty_points_earned_90d"] == 7
    assert features["loyalty_points_balance"] == 4


@pytest.mark.slow
def test_days_to_close_are_of_whole_seconds():
    tickets = [
        of("a", {"opened_at": -9 * DAY + 999_999}, ticket_id="1", closed_at=moment(-8 * DAY))
    ]
    features = compare({"orders": [line("a", 1, -5 * DAY)], "tickets": tickets}).loc["a"]
    assert features["days_to_close_mean"] == 1.0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("period", "renewals", "days_left"),
    [(30.4375, 3, 20), (6.5, 14, 5), (0.3, math.nan, math.nan), (0.0, math.nan, math.nan)],
)
def test_a_period_is_rounded_to_whole_days_and_none_is_left_without_one(
    period, renewals, days_left
):
    subscription = of("a", {"started_at": -100 * DAY}, subscription_id="1", period_days=period)
    tables = {"orders": [line("a", 1, -5 * DAY)], "subscriptions": [subscription]}
    found = compare(tables).loc["a", ["subscription_renewals", "days_to_renewal"]].tolist()
    assert found == pytest.approx([renewals, days_left], nan_ok=True)

"""Every feature agrees with a second statement of its definition, at the edges above all."""

import math
import random
from collections import defaultdict

import pandas as pd
import pytest

from tests.features.oracle import Customer, in_cohort, oracles
from tests.features.world import AS_OF, DAY, feature_names, features_at, frame, moment

EDGES = (1, 7, 14, 28, 30, 45, 60, 90, 180, 365)
EVER = 400  # days active: everybody who ever bought
ORACLES = oracles()


def test_every_feature_has_an_oracle_and_every_oracle_a_feature():
    assert sorted(ORACLES) == sorted(feature_names())


def edge(rng):
    """A time on, or a microsecond or a day beside, the edge of a window; or anywhere."""
    if rng.random() < 0.3:
        return -rng.randrange(0, 370 * DAY)
    return -rng.choice(EDGES) * DAY + rng.choice((-DAY, -1, 0, 1, DAY - 1, DAY))


def line(customer, order, offset, amount=5.0, **cells):
    """An order line; what is not given is not known."""
    empty = {"known_at": None, "category": None, "store": None, "discount": None}
    row = {"customer_id": customer, "order_id": f"{customer}-{order}", "amount": amount}
    return empty | row | {"event_time": moment(offset)} | cells


def random_orders(rng, customers):
    rows = []
    for number in range(customers):
        for order in range(rng.randrange(1, 7)):
            offset = edge(rng)
            for _ in range(rng.choice((1, 1, 2, 3))):
                later = rng.choice((0, 0, 0, 1, 3 * DAY, 40 * DAY))  # a refund, or an odd late line
                late = rng.choice((None, None, None, 0, DAY, 20 * DAY))
                happened = moment(offset + later)
                rows.append(
                    line(f"{number:05d}", order, offset + later)
                    | {
                        "known_at": None if late is None else happened + pd.Timedelta(late, "us"),
                        "amount": rng.choice((0.1, 0.2, -0.3, 7.35, 19.99, -7.35, 0.0, None)),
                        "category": rng.choice(("bread", "milk", "wine", None)),
                        "store": rng.choice(("north", "south", None)),
                        "discount": rng.choice((0.0, 0.35, 1.05, None)),
                    }
                )
    return rows


def random_events(rng, customers):
    return [
        {
            "customer_id": f"{rng.randrange(customers):05d}",
            "event_time": moment(edge(rng)),
            "kind": rng.choice(("campaign_exposed", "coupon_redeemed", "visit")),
            "known_at": rng.choice((None, None, moment(-1), moment(0))),
        }
        for _ in range(2 * customers)
    ]


def compare(orders, events, active_within_days=EVER):
    """Compare the engine with the oracle on every feature of every customer; return the cohort."""
    frames = {"orders": frame("orders", orders), "events": frame("events", events)}
    features = features_at(frames, active_within_days=active_within_days)
    of_customer = defaultdict(lambda: ([], []))
    for row in orders:
        of_customer[row["customer_id"]][0].append(row)
    for row in events:
        of_customer[row["customer_id"]][1].append(row)
    known = {name: Customer(*rows, AS_OF) for name, rows in of_customer.items()}
    cohort = sorted(name for name, c in known.items() if in_cohort(c, active_within_days))
    assert features["customer_id"].tolist() == cohort
    for row in features.to_dict("records"):
        for name, oracle in ORACLES.items():
            check(row, name, oracle(known[row["customer_id"]]))
    return features.set_index("customer_id")


def check(row, name, expected):
    where = f"{name} of {row['customer_id']}: {row[name]} instead of {expected}"
    if expected is None:
        assert math.isnan(row[name]), where
    elif isinstance(expected, int):
        assert row[name] == expected, where
    else:
        assert row[name] == pytest.approx(expected, rel=1e-9, abs=1e-9), where


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_features_agree_with_the_oracle_on_random_customers(seed):
    rng = random.Random(seed)
    features = compare(random_orders(rng, 120), random_events(rng, 140))
    assert len(features) > 80
    assert (features.nunique() > 1).all()  # no column agrees by being always the same


def test_features_agree_with_the_oracle_on_both_sides_of_every_window_edge():
    orders, events = [], []
    for number, days in enumerate(EDGES):
        for side, shift in (("before", -1), ("on", 0), ("after", 1)):
            customer = f"{number}-{side}"
            orders += [
                line(customer, 0, -370 * DAY, category="bread", store="north"),
                line(customer, 1, -days * DAY + shift, category="milk", store="south"),
                line(customer, 0, -days * DAY + shift, -1.5),
            ]
            events += [
                {"customer_id": customer, "event_time": moment(-days * DAY + shift)}
                | {"kind": kind, "known_at": None}
                for kind in ("campaign_exposed", "coupon_redeemed")
            ]
    compare(orders, events)
    compare(orders, events, active_within_days=90)


def test_a_refund_is_a_later_row_that_moves_money_and_nothing_else():
    refunded = [line("a", 1, -40 * DAY, 20.0), line("a", 1, -10 * DAY, -20.0)]
    features = compare(refunded, []).loc["a"]
    assert features["orders_total"] == 1
    assert features["days_since_last_purchase"] == 40
    assert features["amount_total"] == 0
    assert features["amount_30d"] == -20
    assert features["amount_mean"] == features["monetary_value"] + 20 == 20


def test_only_an_order_with_positive_net_on_its_first_day_is_a_purchase():
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
    assert compare(orders, []).index.tolist() == ["bought"]


def test_two_orders_of_a_day_are_two_orders_and_one_purchase_day():
    orders = [line("a", n, -5 * DAY + n, 4.0) for n in (1, 2)] + [line("a", 3, -8 * DAY, 1.0)]
    features = compare(orders, []).loc["a"]
    assert features["orders_total"] == 3
    assert features["frequency"] == 1
    assert features["gap_last"] == 3
    assert features["amount_last"] == features["amount_max"] == 8


def test_without_a_row_counts_are_zero_and_what_cannot_be_measured_is_unknown():
    other = [{"customer_id": "z", "event_time": moment(-1), "kind": "visit", "known_at": None}]
    features = compare([line("a", 1, -5 * DAY)], other).loc["a"]
    zero = ["campaigns_exposed_total", "coupons_redeemed_30d", "categories_90d", "stores_90d"]
    assert (features[zero] == 0).all()
    unknown = ["days_since_campaign", "coupons_per_campaign", "category_entropy", "gap_mean"]
    assert features[unknown].isna().all()

"""Every feature agrees with a second statement of its definition, at the edges above all."""

import random
from collections import defaultdict

import pandas as pd
import pytest

from features.checking.company import company
from sources.contract import TABLES
from tests.features.stated import EVER, OF_THE_DATE, ORACLES, compare, line, of
from tests.features.world import (
    AS_OF,
    DAY,
    day,
    feature_names,
)

WINDOW_EDGES = (1, 7, 14, 28, 30, 45, 60, 90, 120, 150, 180)
EDGES = (*WINDOW_EDGES, 228, 275, 335, 365)  # censoring of tenure; a year ago


def test_every_feature_has_an_oracle_and_every_oracle_a_feature():
    assert sorted(ORACLES) == sorted(feature_names())


def random_company(seed):
    return company(random.Random(seed), 120, ahead=0.15)


def assert_all_vary(features):
    """No column agrees by being always the same; unknown does not count as a value."""
    seen = features.drop(columns=[name for name in OF_THE_DATE if name in features])
    same = seen.columns[seen.nunique() < 2]
    assert same.empty, f"always the same: {', '.join(same)}"


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_features_agree_with_the_oracle_on_random_companies(seed):
    features = compare(random_company(seed))
    assert len(features) > 60
    assert_all_vary(features)


@pytest.mark.slow
def test_features_agree_with_the_oracle_at_an_earlier_date_of_the_same_rows():
    features = compare(random_company(4), as_of=AS_OF - pd.Timedelta(days=100))
    assert len(features) > 50


@pytest.mark.slow
@pytest.mark.parametrize("seed", [5, 6])
def test_other_dates_of_the_same_run_change_nothing(seed):
    # Rows that were late at one of the dates make several editions of a customer's history.
    others = [day(AS_OF) - days for days in (1, 7, 15, 29, 90, 200)] + [day(AS_OF) + 3]
    compare(random_company(seed), other_dates=others)


@pytest.mark.slow
def test_customers_who_only_subscribe_have_no_purchases_to_speak_of():
    tables = random_company(7)
    tables["orders"] = [row for row in tables["orders"] if not row["customer_id"].endswith("0")]
    features = compare(tables, churn="cancellation")
    assert features["orders_total"].isna().any()
    assert features["amount_total"].isna().any()
    assert features["orders_total"].notna().any()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("without", "absent"),
    [
        ({name: ["known_at"] for name in TABLES if name != "customers"}, set()),
        (
            {"orders": ["amount"]},
            {"amount_total", "refund_days_90d", "discount_last", "monetary_value", "amount_slope"},
        ),
        (
            {"orders": ["amount", "quantity"]},
            {"amount_total", "units_per_order", "discount_share_90d"},
        ),
        (
            {"subscriptions": ["period_days"]},
            {"subscription_renewals", "days_to_renewal", "payment_overdue_days"},
        ),
        ({"tickets": ["closed_at"]}, {"days_to_close_mean"}),
    ],
    ids=["known_at", "amount", "amount and quantity", "period_days", "closed_at"],
)
def test_features_agree_with_the_oracle_without_a_column(without, absent):
    features = compare(random_company(8), without=without)
    lost = set(ORACLES) - set(features.columns)
    assert absent <= lost
    of_money = ("amount", "discount", "refund", "monetary", "units", "days_since_refund")
    of_money += ("days_since_full_price",)
    assert all(name in absent or name.startswith(of_money) for name in lost)


def everything_at(customer, offset):
    """A row of every table at one time, and every kind of event."""
    kinds = ("visit", "email_open", "email_click", "campaign_exposed", "coupon_redeemed")
    kinds += ("loyalty_points", "referral", "share")
    return {
        "orders": [
            line(customer, 1, offset, category="milk", store="south", discount=1.0),
            line(customer, 0, offset, -1.5),
        ],
        "events": [of(customer, {"event_time": offset}, kind=kind, value=2.0) for kind in kinds],
        "tickets": [of(customer, {"opened_at": offset}, kind="complaint", ticket_id=customer)],
        "contacts": [
            of(
                customer,
                {"event_time": offset},
                contact_id=customer,
                action_id="mail",
                channel="email",
                arm="treated",
            ),
        ],
        "consents": [of(customer, {"event_time": offset}, channel="email", granted=False)],
        "surveys": [of(customer, {"event_time": offset}, kind="nps", score=9.0)],
        "subscriptions": [of(customer, {"started_at": offset}, amount=9.0, period_days=30.0)],
        "customers": [of(customer, {"created_at": offset})],
    }


@pytest.mark.slow
@pytest.mark.parametrize("active_within_days", [EVER, 90])
def test_features_agree_with_the_oracle_on_both_sides_of_every_window_edge(active_within_days):
    tables = defaultdict(list)
    for number, days in enumerate(EDGES):
        for side, shift in (("before", -1), ("on", 0), ("after", 1)):
            # One customer with nothing but that time, and one who bought long before it.
            for who in ("new", "old"):
                customer = f"{number}-{side}-{who}"
                for name, rows in everything_at(customer, -days * DAY + shift).items():
                    tables[name] += rows
                if who == "old":
                    old = line(customer, 0, -450 * DAY, 5.0, category="bread", store="north")
                    tables["orders"].append(old)
    compare(tables, active_within_days=active_within_days)

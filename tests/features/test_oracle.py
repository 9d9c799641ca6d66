"""Every feature agrees with a second statement of its definition, at the edges above all."""

import math
import random
from collections import defaultdict

import pandas as pd
import pytest

from features.snapshot import all_features
from sources.tables import TABLES
from tests.features.company import company
from tests.features.oracle import Customer, in_cohort, oracles
from tests.features.world import (
    AS_OF,
    DAY,
    columns_of,
    day,
    feature_names,
    features_at,
    frame,
    moment,
)

WINDOW_EDGES = (1, 7, 14, 28, 30, 45, 60, 90, 120, 150, 180)
EDGES = (*WINDOW_EDGES, 228, 275, 335, 365)  # censoring of tenure; a year ago
EVER = 500  # days active: everybody who ever bought
HOUR = DAY // 24
ORACLES = oracles()
OF_THE_DATE = ("season_sine", "season_cosine")  # the same for all customers


def test_every_feature_has_an_oracle_and_every_oracle_a_feature():
    assert sorted(ORACLES) == sorted(feature_names())


def compare(
    tables, as_of=AS_OF, active_within_days=EVER, churn="lapse", without=None, other_dates=()
):
    """Compare the engine with the oracle on every feature of every customer; return the cohort.

    `tables` are rows by table, `without` the columns that the data does not have, by table.
    """
    without = without or {}
    rows = {name: complete(name, tables.get(name, ()), without.get(name, ())) for name in TABLES}
    frames = {
        name: frame(name, of_table, [c for c in columns_of(name) if c not in without.get(name, ())])
        for name, of_table in rows.items()
    }
    features = features_at(frames, as_of, active_within_days, churn, other_dates)
    of_customer = defaultdict(lambda: defaultdict(list))
    for name, of_table in rows.items():
        for row in of_table:
            of_customer[row["customer_id"]][name].append(row)
    has_amount = "amount" not in without.get("orders", ())
    known = {who: Customer(own, as_of, has_amount) for who, own in of_customer.items()}
    cohort = sorted(who for who, c in known.items() if in_cohort(c, active_within_days, churn))
    assert features["customer_id"].tolist() == cohort
    for row in features.to_dict("records"):
        for name in features.columns.drop("customer_id"):
            check(row, name, ORACLES[name](known[row["customer_id"]]))
    return features.set_index("customer_id")


def complete(table, rows, without):
    """Rows with every column of the contract; what the data does not have is not known."""
    empty = dict.fromkeys(columns_of(table))
    return [empty | row | dict.fromkeys(without) for row in rows]


def check(row, name, expected):
    where = f"{name} of {row['customer_id']}: {row[name]} instead of {expected}"
    if expected is None:
        assert pd.isna(row[name]), where
    elif isinstance(expected, float):
        assert row[name] == pytest.approx(expected, rel=1e-9, abs=1e-9), where
    else:
        assert row[name] == expected, where


def line(customer, order, offset, amount=5.0, **cells):
    """An order line; what is not given is not known."""
    row = {"customer_id": customer, "order_id": f"{customer}-{order}", "amount": amount}
    return row | {"event_time": moment(offset)} | cells


def of(customer, time, **cells):
    """A row of any other table; `time` is its offset and named by the table."""
    (column, offset), *_ = time.items()
    return {"customer_id": customer, column: moment(offset)} | cells


def random_company(seed):
    return company(random.Random(seed), 120, ahead=0.15)


def assert_all_vary(features):
    """No column agrees by being always the same; unknown does not count as a value."""
    seen = features.drop(columns=[name for name in OF_THE_DATE if name in features])
    same = seen.columns[seen.nunique() < 2]
    assert same.empty, f"always the same: {', '.join(same)}"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_features_agree_with_the_oracle_on_random_companies(seed):
    features = compare(random_company(seed))
    assert len(features) > 60
    assert_all_vary(features)


def test_features_agree_with_the_oracle_at_an_earlier_date_of_the_same_rows():
    features = compare(random_company(4), as_of=AS_OF - pd.Timedelta(days=100))
    assert len(features) > 50


@pytest.mark.parametrize("seed", [5, 6])
def test_other_dates_of_the_same_run_change_nothing(seed):
    # Rows that were late at one of the dates make several editions of a customer's history.
    others = [day(AS_OF) - days for days in (1, 7, 15, 29, 90, 200)] + [day(AS_OF) + 3]
    compare(random_company(seed), other_dates=others)


def test_customers_who_only_subscribe_have_no_purchases_to_speak_of():
    tables = random_company(7)
    tables["orders"] = [row for row in tables["orders"] if not row["customer_id"].endswith("0")]
    features = compare(tables, churn="cancellation")
    assert features["orders_total"].isna().any()
    assert features["amount_total"].isna().any()
    assert features["orders_total"].notna().any()


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
            of(customer, {"event_time": offset}, contact_id=customer, arm="treated"),
        ],
        "consents": [of(customer, {"event_time": offset}, channel="email", granted=False)],
        "surveys": [of(customer, {"event_time": offset}, kind="nps", score=9.0)],
        "subscriptions": [of(customer, {"started_at": offset}, amount=9.0, period_days=30.0)],
        "customers": [of(customer, {"created_at": offset})],
    }


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


def test_a_refund_is_a_later_row_that_moves_money_and_nothing_else():
    refunded = [line("a", 1, -40 * DAY, 20.0), line("a", 1, -10 * DAY, -20.0)]
    features = compare({"orders": refunded}).loc["a"]
    assert features["orders_total"] == 1
    assert features["days_since_last_purchase"] == 40
    assert features["days_since_refund"] == 10
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
    assert compare({"orders": orders}).index.tolist() == ["bought"]


def test_two_orders_of_a_day_are_two_orders_and_one_purchase_day():
    orders = [line("a", n, -5 * DAY + n, 4.0) for n in (1, 2)] + [line("a", 3, -8 * DAY, 1.0)]
    features = compare({"orders": orders}).loc["a"]
    assert features["orders_total"] == 3
    assert features["orders_per_purchase_day"] == 1.5
    assert features["frequency"] == 1
    assert features["gap_last"] == 3
    assert features["amount_last"] == features["amount_max"] == 8


def test_without_a_row_counts_are_zero_and_what_cannot_be_measured_is_unknown():
    other = [of("z", {"event_time": -1}, kind="visit")]
    features = compare({"orders": [line("a", 1, -5 * DAY)], "events": other}).loc["a"]
    zero = ["campaigns_exposed_total", "coupons_redeemed_30d", "categories_90d", "stores_90d"]
    zero += ["visits_total", "contacts_30d", "tickets_open", "loyalty_points_balance"]
    assert (features[zero] == 0).all()
    unknown = ["days_since_campaign", "coupons_per_campaign", "category_entropy", "gap_mean"]
    unknown += ["channels_granted", "csat_mean", "nps_last", "subscriptions_running"]
    assert features[unknown].isna().all()


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


def test_days_to_close_are_of_whole_seconds():
    tickets = [
        of("a", {"opened_at": -9 * DAY + 999_999}, ticket_id="1", closed_at=moment(-8 * DAY))
    ]
    features = compare({"orders": [line("a", 1, -5 * DAY)], "tickets": tickets}).loc["a"]
    assert features["days_to_close_mean"] == 1.0


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

"""Labels: what happened in the outcome window, unknown where the window is not closed."""

import math
import random
from collections import defaultdict
from decimal import Decimal

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from features.history.labels import LABELS
from features.timeline import as_known_on, date_of, is_closed, last_closed
from tests.features.labelled import CLOSED, HORIZON, VALUE_HORIZON, labels_at, order
from tests.features.world import (
    AS_OF,
    DAY,
    day,
    frame,
    moment,
    on_duckdb,
    snapshot_at,
    timeline_at,
)

MONEY = ("spend_in_horizon", "value")


def test_the_outcome_window_begins_at_the_as_of_midnight_and_ends_before_its_end():
    end = HORIZON * DAY
    rows = [
        order("1 too early", -1),
        order("2 first", 0),
        order("3 second", 1),
        order("4 last", end - 1),
        order("5 too late", end),
        order("6 later", end + 1),
    ]
    table = labels_at(rows)
    assert table["outcome_known"].all()
    assert table["churned"].tolist() == [1, 0, 0, 0, 1, 1]
    assert table["orders_in_horizon"].tolist() == [0, 1, 1, 1, 0, 0]
    assert table["spend_in_horizon"].tolist() == [0, 5, 5, 5, 0, 0]
    assert table["days_to_next_purchase"].tolist()[1:] == [0, 0, 27, 28, 28]
    assert math.isnan(table["days_to_next_purchase"].iloc[0])


def test_the_value_window_has_an_end_of_its_own():
    end = VALUE_HORIZON * DAY
    rows = [order("1", -1), order("2", 0), order("3", end - 1), order("4", end)]
    table = labels_at(rows)
    assert table["value"].tolist() == [0, 5, 5, 0]
    assert table["orders_in_value_horizon"].tolist() == [0, 1, 1, 0]
    assert table["spend_in_horizon"].tolist() == [0, 5, 0, 0]


@pytest.mark.slow
@pytest.mark.parametrize(("shift", "closed"), [(-1, False), (0, True), (1, True)])
def test_a_window_that_ends_after_the_last_full_day_is_unknown(shift, closed):
    rows = [order("a", -1), order("b", DAY)]
    table = labels_at(rows, data_until=day(AS_OF) + HORIZON + shift)
    assert (table["outcome_known"] == closed).all()
    assert not table["value_known"].any()
    assert table[["value", "orders_in_value_horizon"]].isna().all(axis=None)
    for column in ("churned", "orders_in_horizon", "spend_in_horizon"):
        assert (table[column].notna() == closed).all(), column
    table = labels_at(rows, data_until=CLOSED + shift)
    assert (table["value_known"] == closed).all()
    for column in ("value", "orders_in_value_horizon"):
        assert (table[column].notna() == closed).all(), column
    assert table["outcome_known"].all()


def test_the_last_closed_as_of_date_is_the_last_whose_window_is_closed():
    for horizon in (1, 28, 365):
        assert is_closed(last_closed(horizon, CLOSED), horizon, CLOSED)
        assert not is_closed(last_closed(horizon, CLOSED) + 1, horizon, CLOSED)


def test_a_closed_window_without_a_row_is_a_true_zero():
    table = labels_at([order("a", -5 * DAY)]).loc["a"]
    assert table["churned"] == 1
    assert table["orders_in_horizon"] == table["spend_in_horizon"] == table["value"] == 0


def test_a_refund_lowers_money_and_does_not_keep_a_customer():
    rows = [
        order("only refunds", DAY, -3.0),
        order("of an old order", -DAY, 9.0, "x"),
        order("of an old order", DAY, -9.0, "x"),
        order("late line of an old order", -DAY, 9.0, "y"),
        order("late line of an old order", DAY, 1.0, "y"),
        order("taken back", DAY, 4.0, "z"),
        order("taken back", DAY + 1, -4.0, "z"),
        order("bought and returned later", DAY, 4.0, "q"),
        order("bought and returned later", 3 * DAY, -4.0, "q"),
    ]
    table = labels_at(rows)
    stayed = table.index[table["churned"] == 0].tolist()
    assert stayed == ["bought and returned later"]
    assert table["orders_in_horizon"].sum() == 1
    assert table["spend_in_horizon"].to_dict() == {
        "only refunds": -3,
        "of an old order": -9,
        "late line of an old order": 1,
        "taken back": 0,
        "bought and returned later": 0,
    }


@pytest.mark.slow
def test_follow_up_ends_before_the_last_day_of_the_data():
    until = day(AS_OF) + 10
    rows = [order("seen", 10 * DAY - 1), order("on the last day", 10 * DAY)]
    table = labels_at(rows, data_until=until)
    assert (table["followup_days"] == 10).all()
    assert table.loc["seen", "days_to_next_purchase"] == 9
    assert math.isnan(table.loc["on the last day", "days_to_next_purchase"])
    scored = labels_at(rows, as_of=pd.Timestamp(date_of(until + 1)), data_until=until)
    assert (scored["followup_days"] == 0).all()
    assert scored["days_to_next_purchase"].isna().all()


def test_an_order_of_unknown_money_is_a_purchase_and_counts_as_others_of_its_window():
    rows = [order("a", 1, 5.0), order("a", 2, 7.0), order("a", 3, None, "unknown")]
    rows += [order("b", -3 * DAY, 4.0), order("b", 1, None)]  # as the one before
    rows += [order("c", 1, None)]  # nobody knows
    rows += [order("d", 1, -5.0), order("d", 1, None, f"d-{1}")]  # a return
    table = labels_at([*rows, order("z", (VALUE_HORIZON + 1) * DAY)])
    assert table["churned"].to_dict() == {"a": 0, "b": 0, "c": 0, "d": 1, "z": 1}
    assert table["orders_in_horizon"].to_dict() == {"a": 3, "b": 1, "c": 1, "d": 0, "z": 0}
    for money in MONEY:
        known = table[money].dropna().to_dict()
        assert known == {"a": 18.0, "b": 4.0, "d": -5.0, "z": 0.0}


def test_without_amounts_money_labels_are_absent_and_a_return_keeps_nobody():
    rows = [
        {"customer_id": name, "order_id": name, "event_time": moment(DAY), "quantity": quantity}
        for name, quantity in (("bought", 2.0), ("returned", -1.0), ("unknown", None))
    ]
    table = labels_at(rows)
    assert set(table.columns) == set(LABELS) - set(MONEY)
    assert table["churned"].to_dict() == {"bought": 0, "returned": 1, "unknown": 0}


def random_orders(seed, customers=60):
    rng = random.Random(seed)
    edges = (-1, 0, 1, HORIZON, VALUE_HORIZON, 20, 90)
    rows = []
    for customer in range(customers):
        for number in range(rng.randrange(1, 6)):
            offset = rng.choice(edges) * DAY + rng.choice((-DAY, -1, 0, 1, 5 * DAY))
            for _ in range(rng.choice((1, 2))):
                amount = rng.choice((0.1, 0.2, -0.3, 9.99, -9.99, 0.0))
                rows.append(order(f"{customer:03d}", offset, amount, f"{customer}-{number}"))
                offset += rng.choice((0, 1, DAY, 7 * DAY))
    return rows


def stated_again(rows, as_of, data_until):
    """The labels in plain Python: dates, decimals and lists."""
    by_customer = defaultdict(lambda: defaultdict(list))
    for row in rows:
        by_customer[row["customer_id"]][row["order_id"]].append(row)
    return {
        customer: one(orders, as_of.date(), date_of(data_until))
        for customer, orders in by_customer.items()
    }


def one(orders, as_of, until):
    bought, paid = [], []
    for lines in orders.values():
        first = min(line["event_time"] for line in lines).date()
        paid += [(line["event_time"].date(), Decimal(str(line["amount"]))) for line in lines]
        if sum(amount for date, amount in paid[-len(lines) :] if date == first) > 0:
            bought.append(first)

    def spent(window):
        known = (until - as_of).days >= window
        inside = [amount for date, amount in paid if 0 <= (date - as_of).days < window]
        return float(sum(inside)) if known else None

    ahead = [(date - as_of).days for date in bought if as_of <= date < until]
    near, far = ([days for days in ahead if days < end] for end in (HORIZON, VALUE_HORIZON))
    known = (until - as_of).days >= HORIZON
    return {
        "orders_in_horizon": len(near) if known else None,
        "churned": int(not near) if known else None,
        "spend_in_horizon": spent(HORIZON),
        "orders_in_value_horizon": len(far) if (until - as_of).days >= VALUE_HORIZON else None,
        "value": spent(VALUE_HORIZON),
        "days_to_next_purchase": min(ahead, default=None),
    }


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("until", [10, HORIZON - 1, HORIZON, VALUE_HORIZON, 100])
def test_labels_agree_with_a_second_statement_of_them(until):
    rows = random_orders(until)
    data_until = day(AS_OF) + until
    table = labels_at(rows, data_until=data_until)
    again = pd.DataFrame.from_dict(stated_again(rows, AS_OF, data_until), orient="index")
    assert table["churned"].nunique() == (2 if until >= HORIZON else 0)
    for column in again.columns:
        expected = again[column].astype("float64").sort_index()
        pd.testing.assert_series_equal(
            table[column], expected, check_names=False, rtol=0, atol=1e-9
        )


@pytest.mark.slow
@pytest.mark.parametrize("split_day", [0, 1, HORIZON - 1, HORIZON, HORIZON + 1, VALUE_HORIZON])
def test_labels_at_a_split_date_are_those_of_data_that_ended_there(split_day):
    rows = random_orders(5)
    split = moment(split_day * DAY)
    dates = [moment(days * DAY) for days in (-VALUE_HORIZON, -HORIZON, -HORIZON + 1, 0, 3)]
    everything, ended = [], []
    for as_of in dates:
        whole = labels_at(rows, as_of)
        everything.append(whole.assign(as_of_date=as_of).reset_index())
        # The second statement: rows from the split on are not there at all.
        past = [row for row in rows if row["event_time"] < split]
        cut = labels_at(past, as_of, day(split)).assign(as_of_date=as_of)
        ended.append(cut.reindex(whole.index))
    known = as_known_on(pd.concat(everything), split, (HORIZON, VALUE_HORIZON))
    known = known.set_index("customer_id")
    ended = pd.concat(ended)
    there = ended["as_of_date"].notna().to_numpy()  # customers with a row before the split
    assert there.sum() > 50
    assert_frame_equal(
        known[there][list(LABELS)], ended[there][list(LABELS)], check_dtype=False, check_exact=True
    )
    rest = known[~there]
    assert rest["days_to_next_purchase"].isna().all()
    assert not (rest["orders_in_horizon"] > 0).any()


def test_labels_at_a_split_date_hold_nothing_from_the_split_on():
    snapshots = pd.DataFrame(
        {
            "as_of_date": [moment(0)] * 3,
            "outcome_known": True,
            "value_known": True,
            "churned": 0.0,
            "orders_in_horizon": 1.0,
            "orders_in_value_horizon": 1.0,
            "days_to_next_purchase": [9.0, 10.0, 11.0],
            "followup_days": 50.0,
        }
    )
    known = as_known_on(snapshots, moment(10 * DAY), (HORIZON, VALUE_HORIZON))
    assert not known["outcome_known"].any()
    assert not known["value_known"].any()
    labels = ["churned", "orders_in_horizon", "orders_in_value_horizon"]
    assert known[labels].isna().all(axis=None)
    assert known["followup_days"].tolist() == [10, 10, 10]
    assert known["days_to_next_purchase"].fillna(-1).tolist() == [9, -1, -1]
    assert "value" not in known
    after = as_known_on(snapshots, moment(-DAY), (HORIZON, VALUE_HORIZON))
    assert (after["followup_days"] == 0).all()
    assert after["days_to_next_purchase"].isna().all()


@pytest.mark.slow
def test_rows_that_came_late_count_once_in_what_came_after():
    """With several as-of dates a customer with late rows has several editions of the history."""
    bought = [
        order("a", -DAY),
        order("a", 3 * DAY, 7.0),
        order("b", -40 * DAY),
        order("b", -DAY),
        order("b", 9 * DAY, 4.0),
    ]
    late = [row | {"known_at": row["event_time"] + pd.Timedelta(days=20)} for row in bought]
    late[0]["known_at"] = None  # or a is in no cohort yet
    columns = [*bought[0], "known_at"]
    found = []
    for rows in (late, [row | {"known_at": None} for row in bought]):
        engine = on_duckdb({"orders": frame("orders", rows, columns)})
        others = [day(AS_OF) + days for days in (-30, -10, 5, 15, 25)]
        table, _ = snapshot_at(engine, timeline_at(data_until=CLOSED), others)
        found.append(table.set_index("customer_id")[list(LABELS)])
    assert found[0].index.tolist() == ["a", "b"]
    assert_frame_equal(*found, check_exact=True)
    assert found[0]["spend_in_horizon"].tolist() == [7, 4]
    assert found[0]["orders_in_horizon"].tolist() == [1, 1]

"""Features and what a second statement of their definitions says of the same rows."""

from collections import defaultdict

import pandas as pd
import pytest

from sources.contract import TABLES
from tests.features.oracle import Customer, in_cohort, oracles
from tests.features.world import (
    AS_OF,
    columns_of,
    features_at,
    frame,
    moment,
)

EVER = 500  # days active: everybody who ever bought
ORACLES = oracles()
OF_THE_DATE = ("season_sine", "season_cosine")  # the same for all customers


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

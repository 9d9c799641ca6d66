"""Cells that the check reads, sets aside or leaves empty, and columns that it keeps or ignores."""

import numpy as np
import pandas as pd
import pytest

from core.errors import TableError
from sources.contract import (
    CONSENTS,
    CONTACTS,
    CUSTOMERS,
    SURVEYS,
    TICKETS,
)
from tests.sources.raw_tables import check, good, orders, reasons


def test_a_date_alone_is_the_same_date_in_any_zone_and_a_time_is_not():
    dates = [("a", "1", "2017-05-01", 5.0), ("a", "2", "2017-12-01", 5.0)]
    result = check(orders(*dates), timezone="Europe/Moscow")
    assert result.rows["event_time"].tolist() == [pd.Timestamp(one[2]) for one in dates]
    timed = check(orders(*dates, ("a", "3", "2017-05-01 12:00", 5.0)), timezone="Europe/Moscow")
    assert timed.rows["event_time"].tolist() == [
        pd.Timestamp(t) for t in ("2017-05-01", "2017-12-01", "2017-05-01 09:00")
    ]


def test_amounts_beyond_what_is_summed_exactly_are_set_aside():
    raw = orders(("a", "1", "2017-05-01", 8.9e12), ("a", "2", "2017-05-01", 9.1e12))
    result = check(raw, max_quarantined=0.9)
    assert result.rows["amount"].tolist() == [8.9e12]
    assert reasons(result) == ["amount is too large to be true"]


def test_columns_that_differ_in_capitals_alone_are_refused():
    raw = orders(("a", "1", "2017-05-01", 5.0)).assign(region="x", Region="y")
    with pytest.raises(TableError, match="region and Region, which differ in capital letters"):
        check(raw)


def test_an_nps_answer_lies_between_0_and_10():
    answer = {"customer_id": "a", "event_time": "2017-05-01"}
    told = [("nps", 10), ("nps", 11), ("NPS", -1), ("csat", 90), ("nps", 0)]
    rows = [answer | {"kind": kind, "score": score} for kind, score in told]
    result = check(pd.DataFrame(rows), SURVEYS, max_quarantined=0.9)
    assert result.rows["score"].tolist() == [10, 90, 0]
    assert reasons(result) == ["score is not an NPS score (0 to 10)"] * 2


CHANCE = "is not a probability (0 to 1)"
COST = "is not what a contact costs (0 or more)"


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("column", "right", "wrong", "why"),
    [
        ("propensity", ["0", "0,7", "70%", "1", None], ["70", "-0,1", "1,01", "inf"], CHANCE),
        ("action_propensity", [0.5], [2], CHANCE),
        ("contact_propensity", [0.5], [-1], CHANCE),
        ("cost", ["0", "2,50", None], ["-5", "-0,01"], COST),
    ],
)
def test_a_contact_has_chances_from_0_to_1_and_costs_nothing_less_than_0(column, right, wrong, why):
    """Else it would count as certain, or stop the stage that measures what contacts did."""
    told = [*right, *wrong]
    row = {"customer_id": "a", "event_time": "2017-05-01", "action_id": "call", "channel": "phone"}
    rows = [
        row | {"arm": "treated", "contact_id": str(number), column: value}
        for number, value in enumerate(told)
    ]
    result = check(pd.DataFrame(rows), CONTACTS, max_quarantined=0.9)
    assert result.counts["kept"] == len(right)
    assert reasons(result) == [f"{column} {why}"] * len(wrong)


def test_negative_amounts_are_refunds_and_stay():
    result = check(orders(("a", "1", "2017-05-01", 5.0), ("a", "1", "2017-05-09", -5.0)))
    assert result.rows["amount"].tolist() == [5.0, -5.0]
    assert result.counts["quarantined"] == 0


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("cell", "value", "reason"),
    [
        ("amount", "inf", "amount is too large to be true"),
        ("amount", "twelve", "amount is not a number"),
        ("order_id", None, "order_id is missing"),
        ("order_id", " ", "order_id is missing"),
        ("event_time", None, "event_time is missing"),
        ("event_time", "430541", "event_time is not a date"),
        ("event_time", "2017-02-30", "event_time is not a date"),
    ],
)
def test_a_bad_cell_sets_its_row_aside_with_the_reason(cell, value, reason):
    raw = orders(*good(2))
    raw.loc[1, cell] = value
    result = check(raw)
    assert reasons(result) == [reason]
    assert result.counts["kept"] == 1


def test_the_example_of_an_empty_cell_shows_nothing():
    raw = orders(*good(3))
    raw.loc[1, "order_id"] = None
    assert check(raw, max_quarantined=0.5).findings == (
        "1 rows: order_id is missing (first: row 3).",
    )


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("table", [CONTACTS, TICKETS])
def test_cells_that_fill_in_later_may_be_empty(table):
    usual = {"text": "a", "time": "2017-05-01", "number": 1.0, "yesno": "yes"}
    row = {column: usual[kind] for column, kind in table.columns.items()}
    row |= {"arm": "treated"} if "arm" in row else {}
    for time, cells in table.later.items():
        row |= dict.fromkeys((time, *cells))
    assert check(pd.DataFrame([row]), table).counts["kept"] == 1


def test_yes_and_no_in_many_spellings():
    words = ["true", "T", "Yes", " y", "1", 1, True, "false", "F", "No", "n ", "0", 0, False]
    table = pd.DataFrame(
        {
            "customer_id": [str(n) for n in range(len(words))],
            "channel": "email",
            "event_time": "2017-05-01",
            "granted": pd.Series(words, dtype="object"),
        }
    )
    assert check(table, CONSENTS).rows["granted"].tolist() == [True] * 7 + [False] * 7


def test_unknown_columns_are_ignored_by_name_and_attributes_of_customers_kept():
    result = check(orders(*good(1)).assign(Colour="red"))
    assert result.ignored_columns == ("Colour",)
    assert "Colour" not in result.rows
    people = pd.DataFrame({"customer_id": ["1"], "income": ["35-49K"], "rooms": [3]})
    attributes = check(people, CUSTOMERS)
    assert attributes.ignored_columns == ()
    assert attributes.rows.loc[0].tolist() == ["1", "35-49K", 3]


def test_an_attribute_of_yes_and_no_is_text_and_an_infinite_one_is_unknown():
    people = pd.DataFrame({"customer_id": ["1", "2"], "vip": [True, False], "x": [np.inf, 2.0]})
    rows = check(people, CUSTOMERS).rows
    assert rows["vip"].tolist() == ["True", "False"]
    assert rows["x"].isna().tolist() == [True, False]

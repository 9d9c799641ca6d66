"""Repeated rows: what counts twice, what counts once, and what nobody can tell."""

import pandas as pd
import pytest

from sources.contract import CONSENTS
from tests.sources.raw_tables import check, orders, reasons


def test_two_scans_of_one_product_are_two_lines():
    same = ("a", "1", "2017-05-01", 5.0)
    result = check(orders(same, ("a", "2", "2017-05-01", 5.0), same))
    assert result.rows["line_id"].tolist() == ["1", "1", "2"]
    assert result.counts["duplicates"] == 0


def test_repeated_rows_are_dropped_where_the_source_has_unique_rows():
    same = ("a", "1", "2017-05-01", 5.0)
    raw = orders(same, same, ("a", "1", "2017-05-01", 6.0), same)
    result = check(raw, drop_repeated_rows=("orders",))
    assert result.counts == {
        "rows_in": 4,
        "kept": 2,
        "quarantined": 0,
        "duplicates": 2,
        "guests": 0,
    }
    assert check(raw, drop_repeated_rows=("events",)).counts["kept"] == 4


def test_one_key_with_two_contents_is_set_aside_with_all_its_rows():
    raw = orders(*[("a", "1", "2017-05-01", amount) for amount in (5.0, 6.0, 5.0, 1.0, 1.0)])
    result = check(raw.assign(line_id=["1", "1", "1", "2", "2"]))
    assert result.rows["amount"].tolist() == [1.0]
    assert result.counts["duplicates"] == 1
    assert result.quarantine["amount"].tolist() == [5.0, 6.0, 5.0]
    assert set(reasons(result)) == {
        "another row has the same order_id + line_id and different content"
    }


def test_a_yes_and_a_no_at_the_same_time_are_both_kept_and_repeats_counted_once():
    said = {"customer_id": "a", "channel": "email", "event_time": "2017-05-01", "purpose": None}
    rows = [said | {"granted": word} for word in (" Yes", "yes ", "NO")]
    other = said | {"customer_id": "b", "granted": "0"}
    result = check(pd.DataFrame([*rows, other, other]), CONSENTS)
    assert result.counts["quarantined"] == 0
    assert result.counts["duplicates"] == 2
    assert result.rows["granted"].tolist() == [True, False, False]


def test_a_key_with_an_empty_part_is_a_key():
    said = {"customer_id": "a", "channel": "email", "event_time": "2017-05-01", "granted": "no"}
    times = ["2017-05-02", "2017-05-03", "2017-05-02"]
    rows = [said | {"purpose": None, "known_at": time} for time in times]
    result = check(pd.DataFrame([*rows, said | {"customer_id": "b"}]), CONSENTS)
    # The row known first stays, once; what repeats it is as doubtful as the later word.
    assert result.counts["quarantined"] == 2
    assert result.rows["customer_id"].tolist() == ["a", "b"]
    assert result.rows["known_at"][0] == pd.Timestamp("2017-05-02")


@pytest.mark.slow
def test_a_correction_does_not_take_away_what_was_known_before_it_came():
    raw = orders(*[("a", "1", "2017-05-01", amount) for amount in (6.0, 4.0, 5.0)])
    told = raw.assign(line_id="1", known_at=["2017-05-09", "2017-05-02", "2017-05-03"])
    result = check(told)
    assert result.rows["amount"].tolist() == [4.0]
    assert result.quarantine["amount"].tolist() == [6.0, 5.0]
    assert set(reasons(result)) == {
        "a row known earlier has the same order_id + line_id and different content"
    }
    tied = check(told.assign(known_at="2017-05-02", line_id=["1", "1", "2"]))
    assert tied.rows["amount"].tolist() == [5.0]
    silent = check(
        told.assign(known_at=["2017-05-09", None, "2017-05-03"], order_id=["1", "1", "2"])
    )
    assert silent.rows["amount"].tolist() == [5.0]


def test_a_position_is_never_taken_for_the_line_id_of_another_row():
    raw = orders(*[("a", "1", "2017-05-01", 5.0)] * 3).assign(line_id=[None, "1", "2"])
    result = check(raw)
    assert result.counts["kept"] == 3
    assert result.rows["line_id"].is_unique

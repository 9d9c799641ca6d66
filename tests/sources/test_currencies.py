"""Several currencies in one column of sums are an error, however they are written."""

import pytest

from sources.contract import SUBSCRIPTIONS
from tests.sources.raw_tables import check, orders


def found(*cells, table=None):
    rows = orders(*[(f"c{n}", str(n), "2017-05-01", cell) for n, cell in enumerate(cells)])
    if table is SUBSCRIPTIONS:
        rows = rows.rename(columns={"order_id": "subscription_id", "event_time": "started_at"})
    result = check(rows, table) if table else check(rows)
    assert result.counts["quarantined"] == 0
    return [note for note in result.notes if note.check == "currencies"]


@pytest.mark.slow_after(2)
@pytest.mark.parametrize(
    ("cells", "named"),
    [
        (["8.26 USD", "12.40 EUR", "5.00 EUR"], "EUR (2), USD (1)"),
        (["$8.26", "€12.40", "€5.00"], "EUR (2), $ (1)"),
        (["8,26 руб.", "12,40 ₽", "€5,00"], "RUB (2), EUR (1)"),
        (["(8.26 CHF)", "-€12.40", "CHF 1'000.—", "7.00"], "CHF (2), EUR (1)"),
        (["8 kr", "9 kr", "10 SEK", "11 NOK"], "KR (2), SEK (1), NOK (1)"),
    ],
)
@pytest.mark.parametrize("table", [None, SUBSCRIPTIONS])
def test_several_currencies_in_the_cells_are_an_error_with_how_many_there_are(cells, named, table):
    (note,) = found(*cells, table=table)
    assert (note.severity, note.column) == ("error", "amount")
    assert f"added up as if they were one: {named}. No sum" in note.meaning


@pytest.mark.slow_after(2)
@pytest.mark.parametrize(
    "cells",
    [
        ["8,26 руб.", "12,40 ₽", "5 RUB", "7 р", "9"],
        ["$5.00", "6.00 USD", "7.00"],
        ["5 kr", "6 SEK", "7 kr."],
        ["5%", "6 €"],
        [5.0, 6.5],
    ],
)
def test_one_currency_written_in_several_ways_is_one(cells):
    assert found(*cells) == []

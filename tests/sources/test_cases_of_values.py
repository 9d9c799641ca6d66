"""The cases of ../shared/cases about numbers, times and files: what is right for each."""

from pathlib import Path

import pandas as pd
import pytest
import yaml

from core.errors import TableError
from sources.params import SourceParams
from sources.registry import load
from sources.tables.check_tables import check_tables

CASES = Path(__file__).resolve().parents[3] / "shared" / "cases"
pytestmark = pytest.mark.skipif(
    not CASES.is_dir(), reason="../shared/cases is not beside this repository"
)
PURCHASES = 8063


def tables_of(case, data="data", **changes):
    file = CASES / case / "params.yaml"
    said = yaml.safe_load(file.read_text(encoding="utf-8"))["source"] if file.exists() else {}
    params = SourceParams(
        **({"kind": "files"} | said | {"path": str(CASES / case / data)} | changes)
    )
    return check_tables(load(params), params)


def told(table):
    return " ".join((*(note.meaning for note in table.notes), *table.findings))


def test_empty_amounts_lose_no_purchase_and_no_customer():
    rows = tables_of("04-missing-amounts")["orders"].rows
    assert len(rows) == PURCHASES
    assert rows["customer_id"].nunique() == 800
    assert rows["amount"].isna().sum() == 2437


@pytest.mark.slow
def test_sums_of_1c_are_read_and_shown():
    table = tables_of("05-1c-thousands")["orders"]
    assert table.counts["kept"] == PURCHASES
    assert table.rows["amount"].sum() == pytest.approx(20_079_034.80)
    assert "→" in told(table)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("case", ["07-epoch-zero", "07c-old-year-typo"])
def test_a_row_far_from_all_others_is_named_and_stretches_nothing(case):
    table = tables_of(case)["orders"]
    assert table.counts["quarantined"] == 1
    assert "(first: row 102, " in told(table)
    assert table.rows["event_time"].min() == pd.Timestamp("2022-01-01 10:13:55")


def test_dates_among_times_of_moscow_stay_their_day():
    table = tables_of("09-dates-and-times")["orders"]
    assert table.counts["kept"] == PURCHASES
    assert (table.rows["event_time"] == pd.Timestamp("2022-01-01")).sum() == 2
    assert "dates alone and stay those days" in told(table)


def test_an_end_in_the_year_9999_is_open():
    table = tables_of("20b-datetime2-9999")["subscriptions"]
    assert table.counts["kept"] == 318
    assert table.rows["ended_at"].isna().sum() == 84


def test_days_made_of_seconds_are_days_of_utc():
    rows = tables_of("21-epoch-to-date")["orders"].rows
    assert rows["event_time"].min() == pd.Timestamp("2022-01-01")
    assert (rows["event_time"] == rows["event_time"].dt.normalize()).all()


def test_mixed_line_ends_are_read():
    assert tables_of("22-mixed-line-ends")["orders"].counts["kept"] == PURCHASES


@pytest.mark.slow
def test_times_that_clocks_skipped_are_said_to_be_such_and_a_repeated_hour_loses_nothing():
    table = tables_of("23-clock-change-at-midnight")["orders"]
    assert table.counts["quarantined"] == 2
    assert "the clocks of America/Sao_Paulo skipped" in told(table)
    assert "the clocks of America/Sao_Paulo showed twice" in told(table)


def test_the_export_of_1c_is_read_in_its_encoding_dates_and_sums():
    own = {"customer_id": "Код контрагента", "order_id": "Номер документа"}
    own |= {"event_time": "Дата", "amount": "Сумма", "quantity": "Количество"}
    table = tables_of("exports", "onec", columns={"orders": own})["orders"]
    assert table.counts["quarantined"] == 0
    first = table.rows.iloc[0]
    assert first["event_time"] == pd.Timestamp("2023-06-02 00:55:33")
    assert (first["customer_id"], first["amount"], first["quantity"]) == ("000000302", 1053.0, 3.0)


def test_epoch_milliseconds_are_named_with_their_function():
    with pytest.raises(TableError, match="milliseconds since 1970") as error:
        tables_of("exports", "epoch")
    assert "epoch_ms(" in str(error.value)


def test_a_file_of_utf_16_is_read():
    assert tables_of("exports", "utf16")["orders"].counts["kept"] > 100

"""Every cure that a message prints is pasted into params.yaml, on the data that caused it."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import yaml

from core.errors import SourceError, TableError
from tests.sources.folders import checked, params, write

FIRST = pd.Timestamp("2023-06-02 00:55:33")


def refusal(folder, header, cells, **mapping):
    """What the check says of a column written so, and the parameters that it read."""
    lines = [f"k{n};{n};{cell};5" for n, cell in enumerate(cells)]
    write(folder, orders="\n".join([header, *lines]))
    source = params(folder, **mapping)
    with pytest.raises(TableError) as error:
        checked(source)
    return str(error.value)


def pasted(folder, text, number=0, **mapping):
    """The orders once a line that the message prints stands in params.yaml."""
    lines = re.findall(r"(?:derive|numbers|timezone): (?:\{.*?\}\}|\w+)", text)
    return checked(params(folder, **{**mapping, **yaml.safe_load(lines[number])}))["orders"].rows


@pytest.mark.slow
@pytest.mark.parametrize("name", ["ts", "event_time", "Дата оплаты"])
@pytest.mark.parametrize(
    ("cells", "named"),
    [
        (["1685667333", "1685678666"], "seconds since 1970"),
        (["1685667333000", "1685678666000"], "milliseconds since 1970"),
        (["1685667333000000", "1685678666000000"], "microseconds since 1970"),
        (["1685667333000000000", "1685678666000000000"], "nanoseconds since 1970"),
        (["45079.0385763889", "45079.1697453704"], "a day of Excel"),
        (["1685667333.0", "1685678666.0"], "seconds since 1970"),
    ],
)
def test_numbers_for_times_are_named_and_the_cure_reads_them(tmp_path, name, cells, named):
    mapping = {} if name == "event_time" else {"columns": {"orders": {"event_time": name}}}
    text = refusal(tmp_path, f"customer_id;order_id;{name};amount", cells, **mapping)
    assert f"is not a date but a number, by its size {named}" in text
    times = pasted(tmp_path, text, **mapping)["event_time"]
    assert abs(times.iloc[0] - FIRST) < pd.Timedelta(seconds=1)
    assert times.iloc[1].date() == FIRST.date()


def test_days_written_as_whole_numbers_are_cured_too(tmp_path):
    frame = pd.DataFrame({"customer_id": ["a"], "order_id": ["1"], "event_time": [20230602]})
    source = write(tmp_path, orders=frame)
    with pytest.raises(TableError, match="by its digits year, month and day") as error:
        checked(source)
    assert pasted(tmp_path, str(error.value))["event_time"].tolist() == [FIRST.normalize()]


@pytest.mark.slow
@pytest.mark.parametrize(
    "cells",
    [
        ["02/06/2023", "03/06/2023"],
        ["02/06/2023 00:55", "03/06/2023 10:05:11"],
        ["02/06/23 00:55", "03/06/23 00:56"],
        ["02-06-2023", "03-06-2023 10:00"],
        ["02/06/2023 12:55 AM", "03/06/2023 1:10 PM"],
    ],
)
def test_both_answers_to_which_is_the_day_read_the_dates(tmp_path, cells):
    mapping = {"columns": {"orders": {"event_time": "Paid at"}}}
    text = refusal(tmp_path, "customer_id;order_id;Paid at;amount", cells, **mapping)
    assert "which is the day and which the month" in text
    day_first, month_first = (pasted(tmp_path, text, n, **mapping)["event_time"] for n in (0, 1))
    assert day_first.iloc[0].date() == pd.Timestamp("2023-06-02").date()
    assert month_first.iloc[0].date() == pd.Timestamp("2023-02-06").date()
    assert day_first.notna().all()


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("mark", ["-", "/", "."])
@pytest.mark.parametrize("clock", ["", " 09:30", " 09:30:15"])
@pytest.mark.parametrize("last", [31, 26])
def test_years_of_two_digits_that_stand_first_are_asked_for_and_the_answer_reads_them(
    tmp_path, mark, clock, last
):
    days = [day for day in pd.date_range("2022-01-01", "2023-12-31", freq="5D") if day.day <= last]
    cells = [f"{day:%y{mark}%m{mark}%d}{clock}" for day in days]
    text = refusal(tmp_path, "customer_id;order_id;event_time;amount", cells)
    assert "which is the day and which the month" in text
    assert "where the month stands first" not in text
    assert ("where the day stands first" in text) == (last == 26)  # else some would be to come
    number = [m[1] for m in re.finditer("where the ([a-z]+) stands first", text)].index("year")
    times = pasted(tmp_path, text, number)["event_time"]
    assert times.dt.normalize().tolist() == days


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("cells", [["22-01-30", "23-02-28"], ["21-12-31"] * 3])
def test_two_dates_with_the_year_first_are_enough(tmp_path, cells):
    text = refusal(tmp_path, "customer_id;order_id;event_time;amount", cells)
    assert "where the year stands first" in text


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("form", ["%d-%m-%y", "%m/%d/%y", "%d.%m.%y"])
def test_years_of_two_digits_that_stand_last_are_read_as_before(tmp_path, form):
    days = pd.date_range("2012-01-01", "2023-12-31", freq="30D")
    lines = "\n".join(f"k{n};{n};{day:{form}};5" for n, day in enumerate(days))
    write(tmp_path, orders=f"customer_id;order_id;event_time;amount\n{lines}")
    assert checked(params(tmp_path))["orders"].rows["event_time"].tolist() == list(days)


@pytest.mark.slow
def test_both_answers_to_what_the_comma_means_read_the_numbers(tmp_path):
    lines = "\n".join(f"k{n};{n};2023-06-02;{n + 1},500" for n in range(5))
    write(tmp_path, orders=f"customer_id;order_id;event_time;Сумма\n{lines}")
    mapping = {"columns": {"orders": {"amount": "Сумма"}}}
    with pytest.raises(TableError, match="whether the comma stands before decimals") as error:
        checked(params(tmp_path, **mapping))
    for number, amount in ((0, 1500), (1, 1.5)):
        rows = pasted(tmp_path, str(error.value), number, **mapping)
        assert rows["amount"].iloc[0] == amount


@pytest.mark.slow
def test_both_answers_to_what_the_point_means_read_the_numbers_with_a_derived_column_too(tmp_path):
    lines = "\n".join(f"k{n};{n};2023-06-02;{n + 1}.500;{n}" for n in range(5))
    text = f"customer_id;number;event_time;Сумма;x\n{lines}\nk9;9;2023-06-02;495;2"
    write(tmp_path, orders=text)
    mapping = {
        "columns": {"orders": {"amount": "Сумма"}},
        "derive": {"orders": {"order_id": "concat_ws(' ', number, x)"}},
    }
    with pytest.raises(TableError, match="whether the point stands before decimals") as error:
        checked(params(tmp_path, **mapping))
    for number, amount in ((0, 1500), (1, 1.5)):
        rows = pasted(tmp_path, str(error.value), number, **mapping)
        assert rows["amount"].iloc[0] == amount


@pytest.mark.slow
def test_the_cures_for_odd_numbers_and_dates_read_them(tmp_path):
    lines = "\n".join(f"k{n};{n};2023_06_{n + 2:02};about {n}.5 units" for n in range(5))
    write(tmp_path, orders=f"customer_id;order_id;day;price\n{lines}")
    mapping = {"columns": {"orders": {"amount": "price", "event_time": "day"}}}
    with pytest.raises(TableError) as error:
        checked(params(tmp_path, **mapping))
    first = yaml.safe_load(re.findall(r"derive: \{.*?\}\}", str(error.value))[0])
    with pytest.raises(TableError) as again:
        checked(params(tmp_path, **mapping, **first))
    rows = pasted(tmp_path, str(again.value), **mapping)
    assert rows["event_time"].iloc[0] == FIRST.normalize()
    assert rows["amount"].tolist() == [0.5, 1.5, 2.5, 3.5, 4.5]


def test_times_that_clocks_skipped_are_right_in_the_zone_that_the_cure_names(tmp_path):
    cells = [f"2021-03-28 02:{minute:02}" for minute in range(60)]
    text = refusal(
        tmp_path, "customer_id;order_id;event_time;amount", cells, timezone="Europe/Berlin"
    )
    assert "the clocks of Europe/Berlin skipped" in text
    assert len(pasted(tmp_path, text.replace("source.timezone (UTC", "(timezone: UTC"))) == 60


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    "expression", ["try_cast(price AS DOUBLE)", "TRY_CAST(NULLIF(price, '') AS DOUBLE)"]
)
def test_a_cell_that_held_text_and_derives_to_nothing_is_set_aside_with_its_text(
    tmp_path, expression
):
    cells = ["5.50"] * 30 + ["twelve", ""]
    lines = "\n".join(f"k{n};{n};2023-06-02;{cell}" for n, cell in enumerate(cells))
    write(tmp_path, orders=f"customer_id;order_id;event_time;price\n{lines}")
    table = checked(params(tmp_path, derive={"orders": {"amount": expression}}))["orders"]
    assert table.quarantine["amount"].tolist() == ["twelve"]
    assert table.counts["kept"] == 31  # an empty cell is an amount that nobody knows
    assert table.rows["amount"].isna().sum() == 1


def test_a_cell_that_an_expression_empties_by_its_own_word_stays_empty(tmp_path):
    lines = "\n".join(f"k{n};{n};2023-06-02;{n};paid" for n in range(9))
    write(
        tmp_path,
        orders=f"customer_id;order_id;event_time;price;status\n{lines}\nx;99;2023-06-02;7;new",
    )
    table = checked(
        params(tmp_path, derive={"orders": {"amount": "CASE WHEN status = 'paid' THEN price END"}})
    )["orders"]
    assert table.counts["quarantined"] == 0
    assert table.rows["amount"].isna().sum() == 1


def test_what_a_derive_could_not_read_is_read_in_the_notation_that_it_has(tmp_path):
    lines = "\n".join(f"k{n};{n};2023-06-02;1 {n:03},50" for n in range(9))
    write(tmp_path, orders=f"customer_id;order_id;event_time;price\n{lines}")
    rows = checked(params(tmp_path, derive={"orders": {"amount": "try_cast(price AS DOUBLE)"}}))
    assert rows["orders"].rows["amount"].iloc[1] == 1001.5


@pytest.mark.slow
@pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Los_Angeles"])
def test_days_made_of_seconds_are_the_same_whatever_the_zone_of_the_machine(tmp_path, zone):
    write(tmp_path, orders="customer_id,order_id,ts,amount\na,1,1641032035,5\nb,2,1641078000,6")
    program = (
        "from tests.sources.folders import checked, params\n"
        "day = \"date_trunc('day', to_timestamp(ts))\"\n"
        f"source = params({str(tmp_path)!r}, derive={{'orders': {{'event_time': day}}}})\n"
        "print(checked(source)['orders'].rows['event_time'].tolist())"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "TZ": zone},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert printed.count("Timestamp('2022-01-01 00:00:00')") == 2


def test_texts_that_an_expression_calculates_with_are_cured_by_the_line_it_prints(tmp_path):
    lines = "\n".join(f"k{n};{n};2023-06-02;1 {n:03},50;2" for n in range(9))
    write(tmp_path, orders=f"customer_id;order_id;event_time;Unit Price;Quantity\n{lines}")
    mapping = {"derive": {"orders": {"amount": 'Quantity * "Unit Price"'}}}
    with pytest.raises(SourceError, match="calculates with text that looks like numbers") as error:
        checked(params(tmp_path, **mapping))
    rows = pasted(tmp_path, str(error.value), **mapping)
    assert rows["amount"].tolist() == [2 * (1000.5 + n) for n in range(9)]


def test_whole_numbers_that_run_over_are_cured_by_the_line_it_prints(tmp_path):
    lines = "\n".join(f"k{n},{n},2023-06-02,{n + 1}" for n in range(9))
    write(tmp_path, orders=f"customer_id,order_id,event_time,Cents\n{lines}")
    large = {"derive": {"orders": {"amount": "Cents * 9000000000000000000 / 9e18"}}}
    with pytest.raises(SourceError, match="with fractions there is room") as error:
        checked(params(tmp_path, **large))
    rows = pasted(tmp_path, str(error.value), **large)
    assert rows["amount"].tolist() == [float(n) for n in range(1, 10)]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("column", "cells", "becomes"),
    [("propensity", ["70", "30"], [0.7, 0.3]), ("cost", ["-5", "-2.5"], [5.0, 2.5])],
)
def test_chances_in_percent_and_costs_booked_as_expenses_are_cured(
    tmp_path, column, cells, becomes
):
    mapping = {"columns": {"contacts": {column: "Mine"}}}
    head = "customer_id;contact_id;event_time;action_id;channel;arm;Mine"
    rows = [f"a;{n};2023-06-02;call;phone;treated;{cell}" for n, cell in enumerate(cells)]
    orders = "customer_id;order_id;event_time;amount\na;1;2023-06-01;5"
    write(tmp_path, contacts="\n".join([head, *rows]), orders=orders)
    with pytest.raises(TableError) as error:
        checked(params(tmp_path, **mapping))
    (line,) = re.findall(r"derive: \{.*?\}\}", str(error.value))
    cured = checked(params(tmp_path, **mapping, **yaml.safe_load(line)))["contacts"].rows
    assert cured[column].tolist() == becomes

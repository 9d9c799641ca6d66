"""Times become UTC without saying so; what is no time is never guessed to be one."""

import pandas as pd
import pytest

from core.errors import TableError
from sources.contract import SUBSCRIPTIONS
from sources.written.times import UNORDERED
from tests.sources.raw_tables import check, good, orders, reasons


def test_numbers_are_never_taken_for_dates():
    raw = orders(*good(2)).assign(event_time=[20170501, 1493596800])
    with pytest.raises(TableError, match="event_time is not a date"):
        check(raw)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2017-07-15 09:30", "2017-07-15 07:30"),
        ("2017-07-15T09:30:15.250001", "2017-07-15 07:30:15.250001"),
        ("2017-07-15", "2017-07-15"),
        ("20170715", "2017-07-15"),
        (" 2017-01-15 09:30 ", "2017-01-15 08:30"),
        ("2017-07-15T09:30Z", "2017-07-15 09:30"),
        ("2017-07-15T09:30:00+05:30", "2017-07-15 04:00"),
        ("2017-07-15 09:30-0300", "2017-07-15 12:30"),
        ("2017-07-15 09:30-03", "2017-07-15 12:30"),
    ],
)
def test_a_time_without_an_offset_is_one_of_the_source_and_one_with_keeps_it(written, utc):
    alone = check(orders(("a", "1", written, 5.0)), timezone="Europe/Berlin")
    assert alone.rows["event_time"].tolist() == [pd.Timestamp(utc)]
    beside = orders(
        ("a", "1", written, 5.0),
        ("a", "2", "2017-01-01T00:00Z", 5.0),
        ("a", "3", "2017-01-01", 5.0),
        ("a", "4", "2017-01-01T00:00+09:00", 5.0),
    )
    mixed = check(beside, timezone="Europe/Berlin").rows["event_time"].tolist()
    assert mixed == [pd.Timestamp(t) for t in (utc, "2017-01-01", "2017-01-01", "2016-12-31 15:00")]


@pytest.mark.slow
def test_typed_times_are_read_like_written_ones():
    naive = pd.to_datetime(["2017-07-15 09:30", "2017-07-15 10:30"])
    for times in (naive, naive.tz_localize("Europe/Berlin"), naive.as_unit("ns")):
        rows = check(orders(*good(2)).assign(event_time=times), timezone="Europe/Berlin").rows
        assert rows["event_time"].dtype == "datetime64[us]"
        assert rows["event_time"].tolist() == list(naive - pd.Timedelta(hours=2))
    days = [t.date() for t in naive]
    assert (
        check(orders(*good(2)).assign(event_time=days)).rows["event_time"].tolist()
        == [pd.Timestamp("2017-07-15")] * 2
    )


def test_an_hour_that_the_clock_skips_is_named_and_of_one_shown_twice_the_first_is_taken():
    raw = orders(
        ("a", "skipped", "2017-03-26 02:30", 5.0),
        ("a", "before", "2017-03-26 01:59", 5.0),
        ("a", "twice", "2017-10-29 02:30", 5.0),
        ("a", "after", "2017-10-29 03:00", 5.0),
        ("a", "plain", "2017-10-29 02:30+02:00", 5.0),
    )
    result = check(raw, timezone="Europe/Berlin")
    assert result.quarantine["order_id"].tolist() == ["skipped"]
    assert reasons(result) == ["event_time is a time that the clocks of Europe/Berlin skipped"]
    assert result.rows["event_time"].tolist() == [
        pd.Timestamp(t)
        for t in ("2017-03-26 00:59", "2017-10-29 00:30", "2017-10-29 02:00", "2017-10-29 00:30")
    ]
    assert any("1 cells lie in an hour that the clocks of Europe/Berlin" in t for t in told(result))
    assert check(raw).counts["quarantined"] == 0  # in UTC no hour is special


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("timezone", "skipped"),
    [
        ("America/Sao_Paulo", "2017-10-15 00:00:00"),
        ("Africa/Cairo", "2023-04-28 00:00:00"),
        ("Asia/Beirut", "2021-03-28 00:00:00"),
        ("America/Havana", "2022-03-13 00:00:00"),
        ("Asia/Tehran", "2021-03-22 00:00:00"),
        ("America/Asuncion", "2022-10-02 00:00:00"),
        ("America/Santiago", "2022-09-11 00:00:00"),
    ],
)
def test_a_midnight_that_the_clocks_skipped_is_named_among_times_and_a_day_among_dates(
    timezone, skipped
):
    timed = [("a", f"t{n}", f"2021-06-{n:02} 10:{n:02}", 5.0) for n in range(1, 29)]
    result = check(orders(*timed, ("a", "gone", skipped, 5.0)), timezone=timezone)
    assert reasons(result) == [f"event_time is a time that the clocks of {timezone} skipped"]
    dates = check(
        orders(("a", "1", skipped, 5.0), ("a", "2", "2021-06-01", 5.0)), timezone=timezone
    )
    assert dates.rows["event_time"].iloc[0] == pd.Timestamp(skipped)


def test_dates_among_times_stay_their_day_in_any_zone():
    dates = [("a", f"d{n}", f"2022-01-{n:02}", 5.0) for n in range(1, 10)]
    times = [("a", f"t{n}", f"2022-01-{n:02} 01:30", 5.0) for n in range(1, 10)]
    result = check(orders(*dates, *times), timezone="Europe/Moscow")
    assert result.rows["event_time"].tolist() == [
        *(pd.Timestamp(row[2]) for row in dates),
        *(pd.Timestamp(row[2]) - pd.Timedelta(hours=3) for row in times),
    ]
    assert told(result) == [
        "9 cells are dates alone and stay those days; the others are times of Europe/Moscow"
    ]


def test_midnights_too_many_for_chance_are_dates_and_a_single_one_is_a_time():
    times = pd.date_range("2022-01-01 10:00", periods=100, freq="25h").tolist()
    raw = orders(*good(130)).assign(event_time=[pd.Timestamp("2022-02-02")] * 30 + times)
    rows = check(raw, timezone="Europe/Moscow").rows["event_time"]
    assert rows.iloc[0] == pd.Timestamp("2022-02-02")
    few = raw.iloc[29:].reset_index(drop=True)
    rows = check(few, timezone="Europe/Moscow").rows["event_time"]
    assert rows.iloc[0] == pd.Timestamp("2022-02-01 21:00")


@pytest.mark.slow_after(2)
@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("15.11.2017 9:30", "2017-11-15 09:30"),
        ("15.11.17", "2017-11-15"),
        ("2017/11/15 09:30:05", "2017-11-15 09:30:05"),
        ("2017-11-15 24:00", "2017-11-16"),
        ("2017-11-15 09:30:00.123456789", "2017-11-15 09:30:00.123456"),
        ("Nov 15, 2017 9:30 PM", "2017-11-15 21:30"),
        ("15-Nov-2017", "2017-11-15"),
        ("11/15/2017 12:05 AM", "2017-11-15 00:05"),
        ("2017-11-15 09:30:00 -0400", "2017-11-15 13:30"),
        ("2017-11-15T09:30:00.1234567+03:00", "2017-11-15 06:30:00.123456"),
    ],
)
def test_times_are_read_as_people_and_machines_write_them(written, read):
    result = check(orders(("a", "1", written, 5.0)))
    assert result.rows["event_time"].tolist() == [pd.Timestamp(read)]
    stands = written.startswith(read[:10])  # as ISO has it: nothing to tell
    assert (f'"{written}" → ' in " ".join(told(result))) == (not stands)


@pytest.mark.slow_after(2)
@pytest.mark.parametrize(
    ("telling", "month"), [("13/02/2024", 3), ("02/13/2024", 2), ("31/12/2023 10:00", 3)]
)
def test_day_and_month_are_told_apart_by_the_cells_of_the_column(telling, month):
    result = check(orders(("a", "1", "02/03/2024", 5.0), ("a", "2", telling, 5.0)))
    assert result.rows["event_time"].iloc[0].month == month
    order = "day first" if month == 3 else "month first"
    assert order in told(result)[0]


def test_where_no_cell_tells_day_and_month_apart_none_is_a_date():
    raw = orders(("a", "1", "02/03/2024", 5.0), ("a", "2", "04/05/2024", 5.0), *good(1))
    result = check(raw)
    assert reasons(result) == [f"event_time {UNORDERED}"] * 2


@pytest.mark.slow_after(2)
@pytest.mark.parametrize("zone", ["UTC", "Europe/Moscow", "America/Sao_Paulo", "Pacific/Auckland"])
@pytest.mark.parametrize(
    "end",
    [
        "9999-12-31 23:59:59.9999999",
        "9999-12-31",
        "9999-12-31T00:00:00+14:00",
        "9999-12-31T23:59:59-05:00",
        "31.12.9999",
        "2999-01-01 00:00",
        "2099-12-31",
        "infinity",
        "1970-01-01",
        "1970-01-01T00:00:00Z",
        "1900-01-01 00:00:00",
        "0001-01-01",
    ],
)
def test_an_end_in_the_far_future_or_at_the_zero_of_a_calendar_is_an_open_end(zone, end):
    row = {"customer_id": "a", "subscription_id": "1", "started_at": "2023-05-18 00:00:00.1234567"}
    other = row | {"subscription_id": "2", "ended_at": "2023-08-11 10:00"}
    result = check(pd.DataFrame([row | {"ended_at": end}, other]), SUBSCRIPTIONS, timezone=zone)
    assert result.counts["kept"] == 2
    assert result.rows["ended_at"].isna().tolist() == [True, False]


def told(result):
    return [note.meaning for note in result.notes]

"""Times become UTC without saying so; what is no time is never guessed to be one."""

import pandas as pd
import pytest

from sources.errors import TableError
from tests.sources.raw_tables import check, good, orders, reasons


def test_numbers_are_never_taken_for_dates():
    raw = orders(*good(2)).assign(event_time=[20170501, 1493596800])
    with pytest.raises(TableError, match="event_time is not a date"):
        check(raw)


@pytest.mark.parametrize(
    ("written", "utc"),
    [
        ("2017-07-15 09:30", "2017-07-15 07:30"),
        ("2017-07-15T09:30:15.250001", "2017-07-15 07:30:15.250001"),
        ("2017-07-15", "2017-07-14 22:00"),
        ("20170715", "2017-07-14 22:00"),
        (" 2017-01-15 09:30 ", "2017-01-15 08:30"),
        ("2017-07-15T09:30Z", "2017-07-15 09:30"),
        ("2017-07-15T09:30:00+05:30", "2017-07-15 04:00"),
        ("2017-07-15 09:30-0300", "2017-07-15 12:30"),
        ("2017-07-15 09:30-03", "2017-07-15 12:30"),
    ],
)
def test_a_time_without_an_offset_is_one_of_the_source_and_one_with_keeps_it(written, utc):
    alone = check(orders(("a", "1", written, 5.0)), timezone="Europe/Berlin")
    is_date = written in ("2017-07-15", "20170715")  # and stays that date
    assert alone.rows["event_time"].tolist() == [pd.Timestamp(written if is_date else utc)]
    beside = orders(
        ("a", "1", written, 5.0),
        ("a", "2", "2017-01-01T00:00Z", 5.0),
        ("a", "3", "2017-01-01", 5.0),
        ("a", "4", "2017-01-01T00:00+09:00", 5.0),
    )
    mixed = check(beside, timezone="Europe/Berlin").rows["event_time"].tolist()
    assert mixed == [
        pd.Timestamp(t) for t in (utc, "2017-01-01", "2016-12-31 23:00", "2016-12-31 15:00")
    ]


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


def test_an_hour_that_the_clock_skips_or_repeats_is_not_guessed():
    raw = orders(
        ("a", "skipped", "2017-03-26 02:30", 5.0),
        ("a", "before", "2017-03-26 01:59", 5.0),
        ("a", "repeated", "2017-10-29 02:30", 5.0),
        ("a", "after", "2017-10-29 03:00", 5.0),
        ("a", "plain", "2017-10-29 02:30+02:00", 5.0),
    )
    result = check(raw, timezone="Europe/Berlin")
    assert result.quarantine["order_id"].tolist() == ["skipped", "repeated"]
    assert set(reasons(result)) == {"event_time is not a date"}
    assert result.rows["event_time"].tolist() == [
        pd.Timestamp(t) for t in ("2017-03-26 00:59", "2017-10-29 02:00", "2017-10-29 00:30")
    ]
    assert check(raw).counts["quarantined"] == 0  # in UTC no hour is special

"""One payment for a period: of days, or of calendar months, however long they are."""

from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

from features.usability.feed import feeds, judge
from sources.subscriptions.billing import billed, contracted
from tests.features.usable import kept
from tests.season_tickets import season_tickets
from tests.sources.contract_rows import chains, read
from tests.sources.folders import checked, params, write

DAY = pd.Timedelta(days=1)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("period", [None, 28, 29, 30, 31])
@pytest.mark.parametrize("first", ["2022-01-01", "2023-12-31", "2022-06-15"])
@pytest.mark.parametrize("ends", ["inclusive", "exclusive"])
def test_a_row_by_calendar_month_is_one_payment(period, first, ends):
    shift = DAY if ends == "inclusive" else 0 * DAY
    raw = chains(rows=12, first=first, last=lambda end: f"{end - shift:%Y-%m-%d}")
    raw = raw if period is None else raw.assign(period_days=period)
    orders = read(raw)["orders"].rows
    assert len(orders) == len(raw)
    assert orders["event_time"].tolist() == pd.to_datetime(raw["started_at"]).tolist()


@pytest.mark.slow_after(1)
@pytest.mark.parametrize(
    ("months", "period"), [(3, 91), (3, None), (12, 365), (12, None), (6, None)]
)
def test_a_quarter_half_a_year_and_a_year_are_one_payment_each(months, period):
    raw = chains(customers=30, rows=4, months=months, last=lambda end: f"{end:%Y-%m-%d}")
    raw = raw.assign(started_at=raw["started_at"].str.replace("2026", "2022"))
    raw = raw if period is None else raw.assign(period_days=period)
    raw = raw[raw["ended_at"] < "2026-01-01"]
    assert len(read(raw)["orders"].rows) == len(raw)


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("ends", ["inclusive", "exclusive"])
def test_school_years_of_nine_months_are_one_payment_each(ends):
    """300 families pay once from September to May, and are back in September or not."""
    shift = DAY if ends == "inclusive" else 0 * DAY
    raw = pd.DataFrame(
        [
            (
                f"c{n}",
                f"c{n}-{year}",
                f"{year}-09-01",
                f"{pd.Timestamp(year + 1, 6, 1) - shift}"[:10],
            )
            for n in range(300)
            for year in range(2019, 2023)
            if year < 2020 + n % 4
        ],
        columns=["customer_id", "subscription_id", "started_at", "ended_at"],
    ).assign(amount=900.0)
    orders = read(raw)["orders"].rows
    assert len(orders) == len(raw)
    assert orders["amount"].sum() == 900.0 * len(raw)


@pytest.mark.slow
@pytest.mark.parametrize("days", [7, 28, 30, 31, 45, 90])
def test_contracts_of_so_many_days_are_one_payment_each_too(days):
    raw = chains(customers=30, rows=4, first="2022-03-01")
    start = pd.to_datetime(raw["customer_id"].map(lambda c: pd.Timestamp("2022-03-01")))
    start += pd.to_timedelta(raw.groupby("customer_id").cumcount() * days, unit="D")
    raw["started_at"] = start.dt.strftime("%Y-%m-%d")
    raw["ended_at"] = (start + days * DAY).dt.strftime("%Y-%m-%d")
    assert len(read(raw)["orders"].rows) == len(raw)
    assert len(read(raw.assign(period_days=days))["orders"].rows) == len(raw)
    raw["started_at"] += " 00:00:00"
    raw["ended_at"] += " 00:00:00"
    raw.loc[len(raw)] = ["x", "x-1", "2022-03-01 10:30:00", "2022-03-01 11:30:00", 25]
    assert len(read(raw, timezone="Europe/Berlin")["orders"].rows) == len(raw)


def test_a_long_contract_by_calendar_months_pays_on_its_day_or_the_last_of_the_month():
    rows = read(chains(rows=2, first="2023-01-31", last=lambda end: f"{end:%Y-%m-%d}"))
    raw = rows["subscriptions"].rows
    long = raw.head(1).assign(
        started_at=pd.Timestamp("2023-01-31"), ended_at=pd.Timestamp("2023-06-30")
    )
    both = pd.concat([long, raw], ignore_index=True)
    paid = billed(both, pd.Timestamp("2023-12-31"))["event_time"].head(5)
    assert [f"{day:%m-%d}" for day in paid] == ["01-31", "02-28", "03-31", "04-30", "05-31"]


@pytest.mark.slow_after(1)
@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York"])
def test_a_month_in_which_the_clock_changes_is_one_payment(zone):
    raw = chains(rows=14, last=lambda end: f"{end:%Y-%m-%d} 00:00:00")
    raw["started_at"] += " 00:00:00"
    raw.loc[len(raw)] = ["x", "x-1", "2022-02-01 10:30:00", "2022-03-01 10:30:00", 25]
    assert len(read(raw, timezone=zone)["orders"].rows) == len(raw)


def test_what_still_runs_pays_each_month_up_to_the_last_start_that_was_seen():
    raw = chains(last=lambda end: f"{end:%Y-%m-%d}")
    raw.loc[len(raw)] = ["x", "x-1", "2022-01-31", None, 25]
    tables = read(raw)
    paid = tables["orders"].rows.query("customer_id == 'x'")["event_time"]
    assert [f"{day:%m-%d}" for day in paid] == [
        "01-31",
        "02-28",
        "03-31",
        "04-30",
        "05-31",
        "06-30",
    ]
    assert "one payment for every calendar month" in tables["orders"].made_of


@pytest.mark.slow
def test_ends_of_who_may_leave_at_the_end_of_any_month_were_seen():
    """Whole months, and those who stay have no end: nothing was agreed on beforehand."""
    starts = pd.date_range("2023-01-05", periods=240, freq="2D")
    lasted = [1 + n % 9 for n in range(240)]
    ends = [
        start + pd.Timedelta(days=30 * months) for start, months in zip(starts, lasted, strict=True)
    ]
    seen = pd.Timestamp("2024-05-20")
    raw = pd.DataFrame(
        {
            "customer_id": [f"c{n}" for n in range(240)],
            "subscription_id": [f"s{n}" for n in range(240)],
            "started_at": [f"{start:%F}" for start in starts],
            "ended_at": [
                f"{end:%F}" if end <= seen and n % 3 else None for n, end in enumerate(ends)
            ],
            "amount": 10,
        }
    )
    tables = read(raw)
    assert tables["subscriptions"].planned == ()
    assert "planned_ends" not in {note.check for note in tables["subscriptions"].notes}
    every = read(raw.assign(ended_at=[f"{end:%F}" for end in ends]))["subscriptions"]
    assert every.planned == ("ended_at",)
    (note,) = (note for note in every.notes if note.check == "planned_ends")
    assert note.rows == sum(end > starts[-1] for end in ends)


def test_ends_agreed_on_beforehand_do_not_tell_how_long_the_company_was_watched():
    raw = chains(
        customers=60, rows=2, months=12, first="2022-09-01", last=lambda e: f"{e:%Y-%m-%d}"
    )
    made_of = read(raw)["orders"].made_of
    assert "up to 2023-09-02, the last day of subscriptions" in made_of


@pytest.mark.slow
def test_a_feed_of_orders_is_not_dead_because_contracts_end_later(tmp_path):
    seasons = season_tickets(customers=60, until=date(2021, 6, 1))
    write(tmp_path, **seasons)
    tables = contracted(checked(params(tmp_path)), params(tmp_path))
    (orders,) = (judge(feed, frozenset()) for feed in feeds(kept(tables)) if feed.table == "orders")
    assert orders.dead is None
    told = tables | {"subscriptions": replace(tables["subscriptions"], planned=())}
    (orders,) = (judge(feed, frozenset()) for feed in feeds(kept(told)) if feed.table == "orders")
    assert orders.dead is not None

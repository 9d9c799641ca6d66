"""The report of tables that are read part by part is that of the whole, and holds one part."""

import weakref
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

from core.parts import write_parts
from core.rows import Rows
from features.engines.duckdb import DuckEngine
from features.timeline import day_of
from features.usability.adding_up import added_up
from features.usability.feed import feeds
from features.usability.feed_days import MOST_LATE_DAYS, late_days
from features.usability.times import lateness
from sources.contract import TABLES
from sources.notes import Note
from tests.features.usable import START, checked, report_of

PARTS = 3
DAY, HOUR = pd.Timedelta(days=1), pd.Timedelta(hours=1)
KNOWN = (date(2023, 8, 5), date(2023, 8, 6))
MOST_COLUMNS = 4  # of orders, in a pass over all parts
EVERY_KIND = {
    *("dead_feed", "gap", "known_gap", "short_history", "other_period"),
    *("known_too_early", "reversed_times", "late_rows", "bought_once", "guests", "house_account"),
    *("lone_customer", "id_forms", "not_in_orders", "equal_lines", "midnights", "outliers"),
    *("currency_unknown", "unknown_amounts", "refunds", "flat_amounts", "constant_column"),
    *("own_kinds", "own_kinds_not_used", "quarantined", "strange", "duplicates", "unknown_column"),
    *("empty_cells", "missing_table"),
}


def part_of(name, rows):
    """In which part each row lies, by its key."""
    key = ["order_id"] if name == "orders" else [c for c in TABLES[name].key if c in rows]
    return pd.util.hash_pandas_object(rows[key], index=False) % PARTS


def order_lines():
    """300 days of a shop: two lines an order, and something wrong with many of them."""
    rng = np.random.default_rng(4)
    day = np.repeat(np.arange(300), 14)
    day = day[~np.isin(day, [90, 91, 92, 93, 94, 152, 153, 201])]
    number = np.arange(len(day))
    who = np.where(number % 4 == 0, 1 + number // 4 % 30, 31 + number % 4000)
    customers = pd.Series([f"c{one}" for one in who])
    customers[number % 40 < 16] = [f"c{one % 30 + 1}" for one in number[number % 40 < 16]]
    customers[number % 150 == 1] = [f"C{one // 150 + 1}" for one in number[number % 150 == 1]]
    customers[number % 11 == 5] = "till"
    customers[number % 100 == 7] = "whale"
    first = pd.DataFrame(
        {
            "customer_id": customers,
            "order_id": [f"o{one}" for one in number],
            "line_id": "1",
            "event_time": START + pd.to_timedelta(day, "D") + pd.to_timedelta(number % 9 + 9, "h"),
            "amount": np.round(rng.gamma(2.0, 15.0, len(day)), 2) + 0.01,
            "product": [f"p{one}" for one in rng.integers(0, 50, len(day))],
            "store": "main",
        }
    )
    second = first.assign(line_id="2")
    is_other = number % 6 != 0  # else the same line once more, under another number
    second.loc[is_other, "amount"] = np.round(rng.gamma(2.0, 15.0, is_other.sum()), 2) + 0.01
    rows = pd.concat([first, second], ignore_index=True)
    rows.loc[rows["customer_id"] == "whale", "amount"] *= 900
    part = part_of("orders", rows)
    rows["category"] = "one in each part: " + part.astype("str")
    # Of the largest lines the first one lies in the last part.
    rows.loc[[rows.index[part == 2][90], rows.index[part == 0][100]], "amount"] = 500_000.0
    rows.loc[(rng.random(len(rows)) < 0.15) & (rows.index > 200), "amount"] *= -1
    rows.loc[(rng.random(len(rows)) < 0.02) & (rows.index > 200), "amount"] = np.nan
    rows["known_at"] = rows["event_time"] + pd.to_timedelta(
        rows["order_id"].str[1:].astype(int) % 30, "h"
    )
    rows.loc[3, "known_at"] -= 2 * DAY
    return rows.sort_values("event_time", kind="stable", ignore_index=True)


def beside():
    """Tables beside the orders: visits that stop, ids of another form, strangers, tickets."""
    number = np.arange(30 * 280)
    kinds = np.where(number % 9 == 0, "login", np.where(number % 4000 == 1, "seldom", "visit"))
    times = pd.Series(START + pd.to_timedelta(number // 30, "D") + 10 * HOUR)
    times += pd.to_timedelta(number % 2, "h")
    people = [f"c{one % 400 - one % 2 + 1}" for one in number]  # two visits on a day
    tickets = pd.DataFrame(
        {
            "customer_id": [f"c{one + 1}" for one in range(40)],
            "ticket_id": [f"t{one}" for one in range(40)],
            "opened_at": [START + 60 * DAY + one * 4 * DAY for one in range(40)],
            "kind": "complaint",
        }
    )
    opened = tickets["opened_at"]
    return {
        "events": pd.DataFrame({"customer_id": people, "event_time": times, "kind": kinds}),
        "tickets": tickets.assign(closed_at=opened.where(opened.index % 2 == 0, opened - HOUR)),
        "customers": pd.DataFrame({"customer_id": [f"c00{one + 1}" for one in range(300)]}),
        "surveys": pd.DataFrame(
            {
                "customer_id": [f"x-{one % 37}" for one in range(100)],
                "event_time": [START + one * DAY for one in range(100)],
                "kind": "csat",
                "score": 4.0,
            }
        ),
    }


def spoilt():
    """Nearly every finding, and what the check has to say."""
    tables = checked(orders=order_lines(), guests=4000, **beside())
    orders = tables["orders"]
    note = Note("strange", "advice", "amount", 7, "odd", "look")
    orders.counts.update(quarantined=2, duplicates=3)
    orders = replace(
        orders, currency=None, ignored_columns=("X",), findings=("2 rows",), notes=(note,)
    )
    return tables | {"orders": orders}


def dead():
    """A shop of flat amounts and dates alone whose orders stopped, unlike its contracts."""
    rows = order_lines().assign(amount=9.5)
    rows["event_time"] = rows["event_time"].dt.normalize()
    rows = rows[rows["event_time"] < START + 280 * DAY]
    starts = [START + one % 300 * DAY for one in range(3000)]
    contracts = pd.DataFrame(
        {
            "customer_id": [f"c{one % 300 + 1}" for one in range(3000)],
            "subscription_id": [f"s{one}" for one in range(3000)],
            "started_at": starts,
            "ended_at": [t + 40 * DAY if one % 3 == 0 else pd.NaT for one, t in enumerate(starts)],
        }
    )
    return checked(orders=rows, subscriptions=contracts)


COMPANIES = {"spoilt": spoilt, "dead": dead}


def cut(tables, folder, kind=Rows):
    """The tables in files of PARTS parts each, in which the rows of one key lie together."""
    folder.mkdir(exist_ok=True)
    for name, table in tables.items():
        rows = pd.concat(table.rows.parts(), ignore_index=True)
        number = part_of(name, rows)
        write_parts([rows[number == part] for part in range(PARTS)], folder / f"{name}.parquet")
    return {
        name: replace(table, rows=kind.in_file(folder / f"{name}.parquet", is_in_parts=True))
        for name, table in tables.items()
    }


def report(tables, engine=None):
    return report_of(tables, engine=engine, horizon_days=60, known_gaps=[KNOWN])


def flat(value, at=""):
    """The leaves of JSON by their place."""
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
        return {k: v for key, one in inner for k, v in flat(one, f"{at}/{key}").items()}
    return {at: value}


@pytest.mark.slow
@pytest.mark.parametrize("company", COMPANIES)
def test_the_report_of_parts_is_that_of_the_whole(company, tmp_path):
    tables = COMPANIES[company]()
    whole, parts = flat(report(tables)), flat(report(cut(tables, tmp_path)))
    numbers = {at for at, value in whole.items() if isinstance(value, float)}
    assert {at: parts.get(at) for at in numbers} == pytest.approx(
        {at: whole[at] for at in numbers}, rel=1e-9
    )
    assert {at: v for at, v in parts.items() if at not in numbers} == {
        at: v for at, v in whole.items() if at not in numbers
    }


@pytest.mark.slow
def test_the_companies_have_findings_of_every_kind():
    found = [one for make in COMPANIES.values() for one in report(make())["findings"]]
    assert {one["check"] for one in found} == EVERY_KIND
    dead_feeds = {one["table"] for one in found if one["check"] == "dead_feed"}
    assert dead_feeds == {"events", "orders", "surveys"}
    assert {one["table"] for one in found if one["check"] == "id_forms"} >= {"orders", "customers"}
    assert {one["meaning"].split(" ")[0] for one in found if one["check"] == "gap"} == {
        "Days",
        "Single",
    }


@pytest.mark.parametrize("name", ["orders", "events"])
def test_customers_of_a_day_are_counted_once_though_their_orders_lie_in_several_parts(
    name, tmp_path
):
    tables = cut(spoilt(), tmp_path)
    (feed,) = (feed for feed in feeds(tables) if feed.table == name)
    rows = pd.concat(tables[name].rows.parts(["customer_id", "event_time"]))
    expected = rows.groupby(rows["event_time"].dt.floor("D"))["customer_id"].nunique()
    volume = feed.people()
    assert volume.first == day_of(expected.index[0].date())
    expected = expected.asfreq("D", fill_value=0)
    assert volume.counts.tolist() == expected.tolist()
    assert 0 < volume.counts.sum() < feed.volume.counts.sum()


@pytest.mark.parametrize("latest", [9, 40])
def test_how_late_rows_are_is_told_of_all_parts_together(latest, tmp_path):
    rows, rng = order_lines(), np.random.default_rng(2)
    late = pd.Series(rng.integers(0, latest, len(rows))) + 9 * (part_of("orders", rows) == 0)
    rows["known_at"] = (rows["event_time"] + late * DAY).where(late % 3 > 0)
    table = cut(checked(orders=rows), tmp_path)["orders"]
    known = late[late % 3 > 0]
    assert late_days("orders", table.rows) == min(int(known.quantile(0.95)), MOST_LATE_DAYS)
    assert lateness("orders", table) == {
        "rows": len(known),
        "share": round(len(known) / len(rows), 4),
        "median_days": known.median(),
        "days_of_95_percent": known.quantile(0.95),
    }
    assert late_days("orders", Rows.of(rows.assign(known_at=pd.NaT))) == 0


def test_the_95_per_cent_quantile_of_days_lies_between_two_of_them():
    rows = order_lines().head(12)
    for days in ([0] * 11 + [20], [0] * 6 + [7] * 6, list(range(12))):
        late = pd.Series(days)
        table = Rows.of(rows.assign(known_at=rows["event_time"] + late * DAY))
        assert late_days("orders", table) == int(late.quantile(0.95))


@pytest.mark.parametrize("each", [1, 3, 40])
def test_sums_by_label_are_those_of_all_parts_together(each):
    rng = np.random.default_rng(each)
    rows = pd.DataFrame({"lines": rng.integers(0, 9, 120), "amount": rng.random(120)})
    rows.index = pd.Index([f"c{one}" for one in rng.integers(0, 50, 120)], name="customer_id")
    parts = [rows.head(0), *(rows.iloc[at : at + each] for at in range(0, 120, each))]
    found = added_up(part.groupby(level=0).sum() for part in parts)
    pd.testing.assert_frame_equal(found, rows.groupby(level=0).sum())
    assert added_up([rows.head(0)]).empty


class Watched(Rows):
    """Rows that note which columns are asked for, and how many parts are there at a time."""

    asked: list = []  # noqa: RUF012
    there: list = []  # noqa: RUF012
    whole: list = []  # noqa: RUF012

    def parts(self, columns=None):
        self.asked.append((self, tuple(self.columns if columns is None else columns)))
        frames = []
        for part in super().parts(columns):
            frames.append(weakref.ref(part))
            self.there.append(sum(frame() is not None for frame in frames))
            yield part

    def read(self, columns):
        self.whole.append(tuple(columns))
        return super().read(columns)


@pytest.mark.slow
def test_no_more_than_a_few_columns_of_all_lines_are_read_at_a_time(tmp_path, monkeypatch):
    for noted in ("asked", "there", "whole"):
        monkeypatch.setattr(Watched, noted, [])
    tables = cut(spoilt(), tmp_path, Watched)
    orders = tables["orders"].rows
    report(tables, DuckEngine({name: tmp_path / f"{name}.parquet" for name in tables}))
    wide = [columns for rows, columns in Watched.asked if rows is orders]
    wide = [columns for columns in wide if len(columns) > MOST_COLUMNS]
    # Lines are equal if all they hold is: of one part all columns are there.
    assert wide == [tuple(column for column in orders.columns if column != "line_id")]
    assert Watched.whole == []
    # A part and the one before it, which its reader lets go of when it has the next.
    assert max(Watched.there) == 2

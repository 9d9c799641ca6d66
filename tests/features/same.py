"""What an engine has to say the same as DuckDB: every feature and label, none exempt."""

import random
from dataclasses import replace

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
from pandas.testing import assert_frame_equal

from features.building import build_snapshots, purchase_timelines, tables_at
from features.checking.company import company
from features.engines.duckdb import DuckEngine
from features.families.own_events import own_kinds
from features.history.category_history import read_categories
from features.planning.profile import profile, purchase_days
from features.reading import read_snapshots
from features.snapshot import all_features, supported
from features.timeline import date_of, day_of
from sources.kinds.simulator.writing import simulate
from tests.features.world import (
    AS_OF,
    LONG,
    arrow,
    day,
    feature_names,
    frame,
    snapshot_at,
    timeline_at,
)

OTHER_DATES = (day(AS_OF) - 60, day(AS_OF) - 20)
# Tables and columns that a simulated shop does not have: company() has them all, and subscriptions.
LACKING = {
    *("reopened_at", "responded", "value"),
    *("subscriptions", "subscription_plan", "subscription_amount", "period_days"),
}
CUSTOMERS, DAYS, ORDERS = 18_000, 400, 200_000


def made_up():
    """Rows of every table, many late, many beside the edge of a window."""
    rows = company(random.Random(3), 120, ahead=0.05)
    return {name: arrow(frame(name, found)) for name, found in rows.items()}


def assert_same(on_duckdb, on_other):
    """Text, times and whole numbers equal; other numbers to 1e-9 of themselves."""
    assert list(on_duckdb.columns) == list(on_other.columns)
    assert list(on_duckdb.dtypes) == list(on_other.dtypes)
    assert len(on_duckdb) == len(on_other)
    wrong = []
    for name in on_duckdb.columns:
        ours, theirs = on_duckdb[name], on_other[name]
        same = (ours == theirs) | (ours.isna() & theirs.isna())
        whole = ours.dtype.kind != "f" or ours.dropna().mod(1).eq(0).all()
        if not whole:
            same |= np.isclose(ours, theirs, rtol=1e-9, atol=1e-12)
        if not same.all():
            pair = (ours[~same].iloc[0], theirs[~same].iloc[0])
            wrong.append(f"{name}: {int((~same).sum())} of {len(same)} differ, first {pair}")
    assert not wrong, "\n".join(wrong)


def assert_edges_are_same(engine, churn):
    """`engine` makes one of the tables it is given."""
    tables = made_up()
    plan = timeline_at(churn=churn, data_until=day(AS_OF) + 100)
    duck, other = DuckEngine(tables), engine(tables)
    assert other.schemas == duck.schemas
    ours, names = snapshot_at(duck, plan, OTHER_DATES)
    theirs, _ = snapshot_at(other, plan, OTHER_DATES)
    assert sorted(names) == sorted(feature_names())
    assert len(ours) > 50 and ours["outcome_known"].all()
    assert ours[list(names)].notna().any().all()
    assert_same(ours, theirs)


def assert_all_else_is_same(engine):
    """What a run asks beside features: rhythms, own kinds, purchases, tables as they stood."""
    tables = made_up()
    duck, other = DuckEngine(tables), engine(tables)
    plan, names = timeline_at(), ["contacts", "consents", "tickets", "events"]
    assert profile(duck) == profile(other)
    assert own_kinds(duck) == own_kinds(other) != ()
    days, theirs = (pd.concat(purchase_days(one), ignore_index=True) for one in (duck, other))
    assert_frame_equal(days, theirs)
    ours, theirs = (pd.concat(purchase_timelines(one, plan)) for one in (duck, other))
    assert_frame_equal(ours, theirs)
    stood, theirs = tables_at(duck, plan, names), tables_at(other, plan, names)
    for name in names:
        keys = list(stood[name].columns)
        assert_same(
            stood[name].sort_values(keys, ignore_index=True),
            theirs[name].sort_values(keys, ignore_index=True),
        )


def assert_categories_are_same(engine, folder):
    """Who bought which category, before and after each date."""
    tables = made_up()
    plan = replace(timeline_at(data_until=day(AS_OF) + 100), train=OTHER_DATES)
    found = []
    for name, made in (("ours", DuckEngine(tables)), ("theirs", engine(tables))):
        build_snapshots(made, plan, (), folder / name / "s", categories=folder / name / "c")
        found.append(read_categories(folder / name / "c"))
    for ours, theirs in (
        (found[0].history, found[1].history),
        (found[0].outcomes, found[1].outcomes),
    ):
        texts = dict.fromkeys(("customer_id", "category"), "str")
        assert_frame_equal(ours.astype(texts), theirs.astype(texts), check_exact=True)
        assert set(ours["as_of_date"]) == {pd.Timestamp(date_of(at)) for at in plan.as_of_days()}


def assert_empty_is_same(engine, folder):
    """An empty cohort is an empty file with every column."""
    tables, plan = made_up(), timeline_at(pd.Timestamp("2030-01-01"))
    found = []
    for name, made in (("ours", DuckEngine(tables)), ("theirs", engine(tables))):
        features, _ = supported(made.schemas, LONG)
        build_snapshots(made, plan, features, folder / name)
        [path] = (folder / name).iterdir()
        found.append(pq.read_table(path))
    assert [len(table) for table in found] == [0, 0]
    assert found[0].schema.names == found[1].schema.names


def shop(folder, customers=CUSTOMERS, days=DAYS):
    """The tables of a simulated shop, and `plan_of` them."""
    simulate(folder, "shop", customers, days)
    paths = {path.stem: path for path in sorted((folder / "tables").glob("*.parquet"))}
    return paths, plan_of(paths)


def plan_of(paths):
    """A plan of one date for the tables of a shop."""
    times = pq.read_table(paths["orders"], columns=["event_time"])["event_time"].to_pandas()
    first, last = (day_of(time.date()) for time in (times.min(), times.max()))
    at = {"data_from": first, "data_until": last, "train": (last - 100,), "score": last - 100}
    return replace(timeline_at(AS_OF), **at)


def assert_shops_are_same(engine, folder, files=1):
    """Whole snapshots of a simulated company, in so many files a date."""
    paths, plan = shop(folder)
    orders = pq.read_table(paths["orders"], columns=["order_id"])
    assert len(orders["order_id"].unique()) >= ORDERS
    found = {}
    for name, made in (("ours", DuckEngine(paths)), ("theirs", engine(paths))):
        features, absent = supported(made.schemas, LONG)
        build_snapshots(made, plan, features, folder / name)
        found[name] = read_snapshots(folder / name)
    written = sorted(path.name for path in (folder / "theirs").iterdir())
    numbers = [""] if files == 1 else [f"-{number:04d}" for number in range(files)]
    dates = [date_of(at) for at in plan.as_of_days()]
    assert written == [f"{date}-0000{number}.parquet" for date in dates for number in numbers]
    assert_same(found["ours"], found["theirs"])
    compared = set(found["theirs"].columns)
    every = {feature.name for feature in all_features()}
    assert every - compared == set(absent)
    reasons = " and no ".join(why.removeprefix("the data has no ") for why in absent.values())
    assert set(reasons.split(" and no ")) == LACKING
    assert len(found["theirs"]) > CUSTOMERS / 8
    assert set(found["theirs"]["outcome_known"]) == {True}

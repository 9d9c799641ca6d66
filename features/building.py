"""Builds snapshots: features and labels at every date of the time plan, written to Parquet."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from features.engines.duckdb import Engine
from features.families.definition import Feature
from features.history.consent import without_objectors
from features.history.facts import Facts, collect
from features.history.moment import moment_table
from features.planning.timeplan import Timeline
from features.snapshot import program
from features.timeline import ALL_KNOWN, date_of, emptied, known, visible, with_days
from sources.contract import TABLES


def moment_row(timeline: Timeline, as_of: int) -> pa.Table:
    """The one-row table `moment` of an as-of day."""
    day = pd.Timestamp(date_of(as_of))
    columns = {
        "as_of": as_of,
        "active_within_days": timeline.active_within_days,
        "censored_before": timeline.data_from + timeline.active_within_days,
        "horizon_days": timeline.horizon_days,
        "value_horizon_days": timeline.learned_value_days,
        "data_until": timeline.data_until,
        "as_of_date": day.to_pydatetime(),
        "split": timeline.split_of(as_of),
    }
    rows = {name: [value] for name, value in columns.items()}
    return pa.table(rows, schema=moment_table().schema().to_pyarrow())


def build_snapshots(
    engine: Engine,
    timeline: Timeline,
    features: Sequence[Feature],
    folder: Path,
    progress: Callable[[], object] = lambda: None,
    categories: Path | None = None,
) -> None:
    """Write features and labels of the cohort at every date of the time plan below `folder`.

    One file a date and part of the customers, `2017-11-15-0000.parquet`: in the order of their
    names the rows are sorted by as_of_date and customer_id. Numbers are float64, unknown is empty.
    `progress` is called after each date and part. With a folder `categories` the tables of
    features/history/category_history.py are written to folders of their names in it; where the
    data has no categories it holds a line that says so, since DVC warns of an empty folder.
    """
    plan_of_steps = program(engine.schemas, features, timeline.churn)
    shutil.rmtree(folder, ignore_errors=True)
    if categories is not None:
        shutil.rmtree(categories, ignore_errors=True)
        categories.mkdir(parents=True)
        if not plan_of_steps.categories:
            (categories / "none.txt").write_text("The data has no categories.\n", encoding="utf-8")
    days = timeline.as_of_days()
    for part in engine.parts(plan_of_steps.steps, (*days, ALL_KNOWN)):
        for as_of in days:
            engine.put("moment", moment_row(timeline, as_of))
            for step in plan_of_steps.at_date:
                engine.create(step)
            name = f"{date_of(as_of)}-{part:04d}.parquet"
            engine.write(plan_of_steps.snapshot, folder / name)
            if categories is not None:
                for table, rows in plan_of_steps.categories.items():
                    engine.write(rows, categories / table / name)
            progress()


def purchase_timelines(engine: Engine, timeline: Timeline) -> Iterator[pd.DataFrame]:
    """Every purchase known at the score date: customer_id, event_day, orders, [amount], [category].

    One part of the customers after another, a row per customer and day (a date) with purchases,
    sorted: what a page draws as a timeline. An amount is empty where it is unknown, and the
    category where nothing of that day has one. Who objected to profiling is left out.
    """
    facts = collect(engine.schemas)
    bought = with_category(purchase_days(facts), facts)
    for _ in engine.parts(facts.steps, (timeline.score,)):
        engine.put("moment", moment_row(timeline, timeline.score))
        yield from map(with_event_day, engine.frames(bought))


def purchase_days(facts: Facts) -> ir.Table:
    """The days with purchases, in days since 1970, of who did not object to profiling; sorted."""
    days = without_objectors(visible(facts.tables["purchase_days"], moment_table()), facts)
    columns = {"orders": days.orders}
    if "amount" in facts.has:
        columns["amount"] = days.paid.cast("float64")
    return days.select("customer_id", "day", **columns).order_by("customer_id", "day")


def with_category(bought: ir.Table, facts: Facts) -> ir.Table:
    """Rows of `purchase_days` with the category of each day, as in the feature `category_last`."""
    if "categories" not in facts.has:
        return bought
    sold = visible(facts.tables["category_days"], moment_table())
    sold = sold.group_by(["customer_id", "day"]).aggregate(category=sold.category.min())
    rows = bought.left_join(sold, ["customer_id", "day"])
    return rows.select(*bought.columns, "category").order_by("customer_id", "day")


def with_event_day(purchases: pd.DataFrame) -> pd.DataFrame:
    """Rows of `purchase_days` with the day as a date, `event_day`."""
    event_day = pd.to_datetime(purchases.pop("day"), unit="D").astype("datetime64[us]")
    purchases.insert(1, "event_day", event_day)
    return purchases


def tables_at(engine: Engine, timeline: Timeline, names: Sequence[str]) -> dict[str, pd.DataFrame]:
    """Named tables as they stood at the score date, for the gates: the columns of the contract."""
    return {name: engine.frame(rows) for name, rows in _stood_at(engine, timeline, names).items()}


def write_tables_at(
    engine: Engine, timeline: Timeline, columns: Mapping[str, Sequence[str]], folder: Path
) -> None:
    """Write some columns of tables as they stood at the score date, as far as there are such.

    `columns` go by the name of the table, and so do the files of `folder`. Each is sorted by
    customer_id, so that a range of customers is read without the rest.
    """
    for name, rows in _stood_at(engine, timeline, list(columns)).items():
        there = [column for column in columns[name] if column in rows.columns]
        engine.write(rows.select(*there).order_by("customer_id"), folder / f"{name}.parquet")


def _stood_at(engine: Engine, timeline: Timeline, names: Sequence[str]) -> dict[str, ir.Table]:
    stood = {}
    engine.put("moment", moment_row(timeline, timeline.score))
    for name in names:
        contract = TABLES[name]
        raw = ibis.table(engine.schemas[name], name=name)
        rows = emptied(known(with_days(raw, contract), moment_table()), contract)
        stood[name] = rows.select(*raw.columns)
    return stood

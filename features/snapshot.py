"""The snapshot: one row per customer and as-of date, features and labels side by side."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd

from features import breadth, btyd, engagement, rfm, rhythm, trend
from features.cohort import cohort
from features.definition import Feature, columns
from features.history import Facts, History, cut_history
from features.labels import all_purchases, labels
from features.timeline import date_of
from features.timeplan import Timeline

FAMILIES = (rfm, rhythm, trend, breadth, engagement, btyd)


def all_features() -> tuple[Feature, ...]:
    """Every feature that exists, whatever the data supports."""
    return tuple(feature for module in FAMILIES for feature in columns(module.FEATURES))


def supported(facts: Facts, history_days: int) -> tuple[tuple[Feature, ...], dict[str, str]]:
    """The features this data supports, and the others by name with the reason they are absent.

    `history_days` is the history at the first training date: a window longer than that would mean
    something else for early dates than for late ones.
    """
    there = {
        "amount": facts.has_amount,
        "discount": facts.has_discount,
        "categories": facts.category_days is not None,
        "stores": facts.store_days is not None,
        "events": facts.events is not None,
    }
    kept, absent = [], {}
    for feature in all_features():
        lacking = [name for name in (feature.base, *feature.needs) if not there.get(name, True)]
        if lacking:
            absent[feature.name] = f"the data has no {' and no '.join(lacking)}"
        elif (feature.history_days or 0) > history_days:
            absent[feature.name] = (
                f"looks back {feature.history_days} days; "
                f"the first training date has {history_days} days of history"
            )
        else:
            kept.append(feature)
    return tuple(kept), absent


def feature_table(history: History, customers: ir.Table, features: Sequence[Feature]) -> ir.Table:
    """One row per given customer: `customer_id` and every feature, as float64."""
    table = customers
    for base in dict.fromkeys(feature.base for feature in features):
        rows = history.bases[base]
        wanted = [feature for feature in features if feature.base == base]
        aggregated = rows.group_by("customer_id").aggregate(
            **{f.name: f.build(rows, history.as_of).cast("float64") for f in wanted}
        )
        table = table.left_join(aggregated, "customer_id").drop("customer_id_right")
        # A customer without a row in the base did nothing there: the feature says what that means.
        empty = {
            f.name: table[f.name].fill_null(f.when_none) for f in wanted if f.when_none is not None
        }
        if empty:
            table = table.mutate(**empty)
    return table.select("customer_id", *(feature.name for feature in features))


def build_snapshots(
    facts: Facts,
    timeline: Timeline,
    features: Sequence[Feature],
    progress: Callable[[Iterable[int]], Iterable[int]] = iter,
) -> pd.DataFrame:
    """Features and labels of the cohort at every date of the time plan.

    Rows are sorted by as_of_date and customer_id; features are float64 with NaN for unknown.
    """
    rows = all_purchases(facts)
    horizons = (timeline.horizon_days, timeline.value_horizon_days)
    frames: list[pd.DataFrame] = []
    for as_of in progress(timeline.as_of_days()):
        history = cut_history(facts, as_of, timeline.data_from, timeline.active_within_days)
        customers = cohort(history, timeline.active_within_days).cache()
        known = feature_table(history, customers, features)
        later = labels(rows, customers, as_of, horizons, timeline.data_until)
        joined = known.left_join(later, "customer_id").drop("customer_id_right")
        frame: pd.DataFrame = joined.order_by("customer_id").to_pandas()
        frame.insert(1, "as_of_date", pd.Timestamp(date_of(as_of)).as_unit("us"))
        frame.insert(2, "split", timeline.split_of(as_of))
        frames.append(frame)
    return pd.concat(frames, ignore_index=True)


def model_features(snapshots: pd.DataFrame) -> list[str]:
    """The columns of a snapshot that models learn from: all features but the BTYD quadruple."""
    return [f.name for f in all_features() if f.group is not None and f.name in snapshots.columns]


def group_of(features: Iterable[str]) -> dict[str, str]:
    """The reason group of each named feature."""
    wanted = set(features)
    return {f.name: f.group for f in all_features() if f.name in wanted and f.group is not None}


def dictionary(features: Iterable[Feature], absent: dict[str, str]) -> dict[str, Any]:
    """The data dictionary of this run: every feature it has, and why others are absent."""
    return {
        "features": [
            {
                "name": f.name,
                "family": f.family,
                "group": f.group,
                "unit": f.unit,
                "description": f.description,
                "source": f.base,
                "when_none": f.when_none,
            }
            for f in features
        ],
        "absent": absent,
    }


def open_tables(folder: Path, names: Iterable[str]) -> dict[str, ir.Table]:
    """The checked tables as Ibis tables on an in-memory DuckDB."""
    backend = ibis.duckdb.connect()
    return {
        name: backend.read_parquet(folder / f"{name}.parquet", table_name=name) for name in names
    }

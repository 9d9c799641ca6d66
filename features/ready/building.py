"""Snapshots of a ready table, in the form of all others: one row per customer and as-of date."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from features.planning.timeplan import Timeline
from features.ready.plan import Dated
from features.timeline import date_of
from sources.contract import AT_STAKE, COLUMN

ABSENT = {  # why a column is not learned from
    "empty": "the column is empty",
    "constant": "the column has one value for everybody",
    "dates": "the column holds dates",
    "id": "the column has a value of its own for everybody, which only tells people apart",
    "too_large": "the column holds numbers too large to be true",
}


def build_table_snapshots(dated: Dated, timeline: Timeline, folder: Path) -> None:
    """Write the rows of every date of the time plan below `folder`, a file a date.

    Labelled rows are those of the past, with their outcome; those scored are rows of the score
    date, whose outcome is not known.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    is_labelled = dated.rows["churned"].notna()
    for day in timeline.as_of_days():
        taken = dated.is_scored if day == timeline.score else is_labelled & (dated.day == day)
        rows = _snapshot(dated.rows[taken], day, timeline)
        rows.to_parquet(folder / f"{date_of(day)}-0000.parquet", index=False, compression="zstd")


def _snapshot(rows: pd.DataFrame, day: int, timeline: Timeline) -> pd.DataFrame:
    rows = rows.sort_values("customer_id", kind="stable", ignore_index=True)
    known = day != timeline.score
    features = [name for name in rows.columns if name.startswith(COLUMN)]
    money = [AT_STAKE] if AT_STAKE in rows else []
    first = {
        "customer_id": rows["customer_id"],
        "as_of_date": pd.Series(pd.Timestamp(date_of(day)), rows.index).astype("datetime64[us]"),
        "split": pd.Series(timeline.split_of(day), rows.index, dtype="str"),
    }
    nothing = pd.Series(float("nan"), rows.index, dtype="float64")
    labels = {
        "outcome_known": pd.Series(known, rows.index, dtype="bool"),
        "churned": rows["churned"] if known else nothing,
        "value_known": pd.Series(False, rows.index, dtype="bool"),
        "days_to_next_purchase": nothing,
        "followup_days": nothing,
    }
    return pd.concat([pd.DataFrame(first), rows[features + money], pd.DataFrame(labels)], axis=1)


def no_purchases() -> pd.DataFrame:
    """The purchase timelines of a table that holds no purchases: no rows."""
    return pd.DataFrame(
        {
            "customer_id": pd.Series(dtype="str"),
            "event_day": pd.Series(dtype="datetime64[us]"),
            "orders": pd.Series(dtype="int64"),
        }
    )


def table_dictionary(rows: pd.DataFrame, left_out: Mapping[str, str]) -> dict[str, Any]:
    """The data dictionary: every column that is a feature, and why others are none."""
    return {
        "features": [
            _described(str(name), rows[name]) for name in rows if str(name).startswith(COLUMN)
        ],
        "absent": {f"{COLUMN}{name}": ABSENT[why] for name, why in left_out.items()},
    }


def _described(name: str, column: "pd.Series[Any]") -> dict[str, Any]:
    known = column.dropna()
    missing = int(column.isna().sum())
    is_number = pd.api.types.is_numeric_dtype(column)
    if is_number:
        what = f"numbers from {known.min():,.6g} to {known.max():,.6g}"
    else:
        what = f"texts, {known.nunique():,} different ones"
    empty = f", {missing:,} cells without a value" if missing else ""
    return {
        "name": name,
        "family": "columns",
        "group": "columns",
        "unit": "as in the data" if is_number else "text",
        "description": f"The column {name.removeprefix(COLUMN)} of the table: {what}{empty}.",
        "source": "table",
        "when_none": None,
    }

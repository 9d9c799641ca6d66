"""Small made-up tables around one as-of date, and the snapshot that an engine makes of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import pandas as pd
import pyarrow as pa

from features.building import moment_row
from features.engines.duckdb import DuckEngine, Engine
from features.planning.timeplan import Timeline
from features.snapshot import Program
from features.timeline import ALL_KNOWN, day_of
from sources.contract import NUMBER, TABLES, TIME, YESNO

Row = dict[str, Any]

AS_OF = pd.Timestamp("2017-11-15")
DATA_FROM = date(2017, 1, 1)
ACTIVE = 90
DAY = 86_400_000_000  # microseconds
LONG = 10_000  # days of history that support every window
DTYPES = {TIME: "datetime64[us]", NUMBER: "float64", YESNO: "boolean"}
ATTRIBUTES = ("region", "household_size")
OWN_KIND = "of another kind"  # of events


def columns_of(name: str) -> dict[str, str]:
    """Every column of the contract and its kind; customers have two attributes beside."""
    extra = {"region": "text", "household_size": NUMBER} if name == "customers" else {}
    return {**TABLES[name].columns, **extra}


def moment(offset: int | None, as_of: pd.Timestamp = AS_OF) -> pd.Timestamp | None:
    """The time that lies `offset` microseconds after the as-of date."""
    return None if offset is None else as_of + pd.Timedelta(microseconds=offset)


def frame(name: str, rows: Sequence[Row], columns: Iterable[str] | None = None) -> pd.DataFrame:
    """Rows of a table of the contract, typed as the check hands them on."""
    kinds = columns_of(name)
    columns = list(columns or kinds)
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({column: DTYPES.get(kinds[column], "str") for column in columns})


def arrow(table: pd.DataFrame) -> pa.Table:
    """A frame as the engine reads it from Parquet: text is text even where all is empty."""
    fields = []
    for name, dtype in table.dtypes.items():
        if str(dtype).startswith("datetime64"):
            kind = pa.timestamp("us")
        else:
            kind = {"float64": pa.float64(), "boolean": pa.bool_(), "int64": pa.int64()}.get(
                str(dtype), pa.string()
            )
        fields.append((name, kind))
    return pa.Table.from_pandas(table, schema=pa.schema(fields), preserve_index=False)


def on_duckdb(
    frames: Mapping[str, pd.DataFrame], part_rows: int = 1_000_000, threads: int = 1
) -> DuckEngine:
    """Frames by name on an engine of their own."""
    tables = {name: arrow(table) for name, table in frames.items()}
    return DuckEngine(tables, part_rows=part_rows, threads=threads)


def day(when: Any) -> int:
    """The day number of a date or timestamp."""
    return day_of(pd.Timestamp(when).date())


def timeline_at(
    as_of: pd.Timestamp = AS_OF,
    active_within_days: int = ACTIVE,
    churn: Any = "lapse",
    data_until: int | None = None,
) -> Timeline:
    """A time plan whose score date is the as-of date."""
    return Timeline(
        horizon_days=28,
        active_within_days=active_within_days,
        value_horizon_days=90,
        data_from=day(DATA_FROM),
        data_until=day(as_of) - 1 if data_until is None else data_until,
        train=(),
        validation=(),
        test=(),
        unused=(),
        score=day(as_of),
        value_train=(),
        value_test=(),
        choices=(),
        churn=churn,
    )


def snapshot_of(
    engine: Engine, made: Program, timeline: Timeline, other_dates: Sequence[int] = ()
) -> pd.DataFrame:
    """The snapshot at the score date of a time plan, over all parts; `other_dates` are days."""
    found = []
    row = moment_row(timeline, timeline.score)
    # The start of the data is DATA_FROM, however many days active.
    at = row.schema.get_field_index("censored_before")
    row = row.set_column(at, row.schema.field(at), pa.array([day(DATA_FROM) + ACTIVE], pa.int64()))
    for _ in engine.parts(made.steps, (*other_dates, timeline.score, ALL_KNOWN)):
        engine.put("moment", row)
        for step in made.at_date:
            engine.create(step)
        found.append(engine.frame(made.snapshot))
    return pd.concat(found, ignore_index=True)

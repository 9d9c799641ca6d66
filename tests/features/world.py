"""Small made-up tables, and what the feature engine says about them at an as-of date."""

from datetime import date
from functools import lru_cache

import pandas as pd
import pyarrow as pa

from features.building import moment_row
from features.engines.duckdb import DuckEngine
from features.families.own_events import OwnKind, event_features
from features.planning.timeplan import Timeline
from features.snapshot import FAMILIES, all_features, program, supported
from features.timeline import ALL_KNOWN, day_of
from sources.contract import NUMBER, TABLES, TIME, YESNO

AS_OF = pd.Timestamp("2017-11-15")
DATA_FROM = date(2017, 1, 1)
ACTIVE = 90
DAY = 86_400_000_000  # microseconds
LONG = 10_000  # days of history that support every window
DTYPES = {TIME: "datetime64[us]", NUMBER: "float64", YESNO: "boolean"}
ATTRIBUTES = ("region", "household_size")
OWN_KIND = "of another kind"
OWN = event_features([OwnKind(OWN_KIND, 100, 100, has_value=True)])


def columns_of(name):
    """Every column of the contract; customers have two attributes beside."""
    extra = {"region": "text", "household_size": NUMBER} if name == "customers" else {}
    return TABLES[name].columns | extra


def moment(offset, as_of=AS_OF):
    """The time that lies `offset` microseconds after the as-of date."""
    return None if offset is None else as_of + pd.Timedelta(microseconds=offset)


def frame(name, rows, columns=None):
    """Rows (dicts) of a table of the contract, typed as the check hands them on."""
    kinds = columns_of(name)
    columns = list(columns or kinds)
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({column: DTYPES.get(kinds[column], "str") for column in columns})


def arrow(table):
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


def on_duckdb(frames, part_rows=1_000_000, threads=1):
    """Frames by name on an engine of their own."""
    tables = {name: arrow(table) for name, table in frames.items()}
    return DuckEngine(tables, part_rows=part_rows, threads=threads)


def day(when):
    """The day number of a date or timestamp."""
    return day_of(pd.Timestamp(when).date())


def timeline_at(as_of=AS_OF, active_within_days=ACTIVE, churn="lapse", data_until=None):
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


@lru_cache(maxsize=64)
def _program(schemas, churn, families):
    attributes = ATTRIBUTES if "customers" in dict(schemas) else ()
    features, _ = supported(dict(schemas), LONG, attributes, OWN)
    return program(dict(schemas), features, churn), tuple(f.name for f in features)


def snapshot_at(engine, timeline, other_dates=()):
    """The snapshot at the score date of a time plan, over all parts; `other_dates` are days."""
    schemas = tuple((name, schema) for name, schema in engine.schemas.items())
    made, names = _program(schemas, timeline.churn, tuple(family.FEATURES for family in FAMILIES))
    found = []
    row = moment_row(timeline, timeline.score)
    # The start of the data is that of the test, however many days active.
    censored = day(DATA_FROM) + ACTIVE
    at = row.schema.get_field_index("censored_before")
    row = row.set_column(at, row.schema.field(at), pa.array([censored], pa.int64()))
    for _ in engine.parts(made.steps, (*other_dates, timeline.score, ALL_KNOWN)):
        engine.put("moment", row)
        for step in made.at_date:
            engine.create(step)
        found.append(engine.frame(made.snapshot))
    return pd.concat(found, ignore_index=True), names


def features_at(
    frames, as_of=AS_OF, active_within_days=ACTIVE, churn="lapse", other_dates=(), **how
):
    """Every supported feature of the cohort at the as-of date, sorted by customer."""
    engine = on_duckdb(frames, **how)
    table, names = snapshot_at(engine, timeline_at(as_of, active_within_days, churn), other_dates)
    return table[["customer_id", *names]]


def feature_names():
    """The columns of every feature that exists, and of those that only the made-up company has."""
    attributes = [f"attribute_{name}" for name in ATTRIBUTES]
    return [f.name for f in all_features()] + attributes + [f.name for f in OWN]

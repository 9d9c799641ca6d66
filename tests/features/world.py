"""Small made-up tables and what the feature engine says about them at an as-of date."""

from datetime import date

import ibis
import pandas as pd

from features.cohort import cohort
from features.history import collect, cut_history
from features.snapshot import all_features, feature_table, supported
from features.timeline import day_of
from sources.tables import NUMBER, TABLES, TIME, YESNO

AS_OF = pd.Timestamp("2017-11-15")
ACTIVE = 90
DATA_FROM = day_of(date(2017, 1, 1))
DTYPES = {TIME: "datetime64[us]", NUMBER: "float64", YESNO: "boolean"}
LONG = 10_000


def frame(name, rows, columns):
    """Rows (dicts) of a table of the contract as the check would hand them on."""
    kinds = TABLES[name].columns
    table = pd.DataFrame(rows, columns=list(columns))
    return table.astype({column: DTYPES.get(kinds[column], "str") for column in columns})


def on_duckdb(frames):
    """Frames by name as Ibis tables on a DuckDB of their own."""
    backend = ibis.duckdb.connect(threads=1)
    return {name: backend.create_table(name, table) for name, table in frames.items()}


def day(timestamp):
    """The day number of an as-of date."""
    return day_of(pd.Timestamp(timestamp).date())


def features_at(frames, as_of=AS_OF, active_within_days=ACTIVE):
    """Every supported feature of the cohort at the as-of date, sorted by customer."""
    facts = collect(on_duckdb(frames))
    history = cut_history(facts, day(as_of), DATA_FROM, active_within_days)
    features, _ = supported(facts, LONG)
    table = feature_table(history, cohort(history, active_within_days), features)
    return table.order_by("customer_id").to_pandas()


def feature_names():
    """The columns of every feature that exists."""
    return [feature.name for feature in all_features()]

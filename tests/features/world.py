"""Small made-up tables, and what the feature engine says about them at an as-of date."""

from datetime import date

import ibis
import pandas as pd
import pyarrow as pa

from features.cohort import cohort
from features.history import collect, cut_history
from features.snapshot import all_features, feature_table, supported
from features.timeline import day_of
from sources.tables import NUMBER, TABLES, TIME, YESNO

AS_OF = pd.Timestamp("2017-11-15")
DATA_FROM = date(2017, 1, 1)
ACTIVE = 90
DAY = 86_400_000_000  # microseconds
LONG = 10_000  # days of history that support every window
DTYPES = {TIME: "datetime64[us]", NUMBER: "float64", YESNO: "boolean"}
COLUMNS = {
    "orders": (
        "customer_id",
        "order_id",
        "event_time",
        "known_at",
        "amount",
        "category",
        "store",
        "discount",
    ),
    "events": ("customer_id", "event_time", "kind", "known_at"),
    "consents": ("customer_id", "channel", "event_time", "granted", "purpose", "known_at"),
    "contacts": ("contact_id", "event_time", "responded", "responded_at", "known_at"),
    "tickets": ("ticket_id", "opened_at", "closed_at", "csat", "known_at"),
}


def moment(offset, as_of=AS_OF):
    """The time that lies `offset` microseconds after the as-of date."""
    return None if offset is None else as_of + pd.Timedelta(microseconds=offset)


def frame(name, rows, columns=None):
    """Rows (dicts) of a table of the contract, typed as the check hands them on."""
    columns = list(columns or COLUMNS[name])
    kinds = TABLES[name].columns
    table = pd.DataFrame(rows, columns=columns)
    return table.astype({column: DTYPES.get(kinds[column], "str") for column in columns})


def on_duckdb(frames):
    """Frames by name as Ibis tables on a DuckDB of their own."""
    backend = ibis.duckdb.connect(threads=1)
    return {
        name: backend.create_table(name, pa.Table.from_pandas(table, preserve_index=False))
        for name, table in frames.items()
    }


def day(when):
    """The day number of a date or timestamp."""
    return day_of(pd.Timestamp(when).date())


def features_at(frames, as_of=AS_OF, active_within_days=ACTIVE):
    """Every supported feature of the cohort at the as-of date, sorted by customer."""
    facts = collect(on_duckdb(frames))
    history = cut_history(facts, day(as_of), day(DATA_FROM), ACTIVE)
    features, _ = supported(facts, LONG)
    table = feature_table(history, cohort(history, active_within_days), features)
    return table.order_by("customer_id").to_pandas()


def feature_names():
    """The columns of every feature that exists."""
    return [feature.name for feature in all_features()]

"""Live features: the same features for a few customers at once, such as after a purchase just now.

The steps of the same program become one SQL statement, which is planned once when the object is
made; a call only replaces the rows. The statement has no parameters: DuckDB would plan it anew for
each of their values, and planning takes most of the time of a small query.
"""

from collections.abc import Mapping, Sequence
from threading import Lock

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from features.building import moment_row
from features.engines.duckdb import compiled, compiled_step
from features.families.definition import Feature
from features.history.facts import Schemas
from features.history.moment import moment_table
from features.planning.timeplan import Timeline
from features.snapshot import program
from features.timeline import known, with_days
from sources.contract import TABLES
from sources.duck import connect

# A plan outlives the rows it was made for, so that nothing may be concluded from them.
CONCLUDES_FROM_ROWS = "statistics_propagation,compressed_materialization"


class LiveFeatures:
    """Features of given histories at an as-of day; `schemas` are those of the checked tables.

    Calls run one after another, as an object holds one set of tables.
    """

    def __init__(self, schemas: Schemas, features: Sequence[Feature], timeline: Timeline):
        self._schemas, self._timeline, self._lock = dict(schemas), timeline, Lock()
        self._duck = connect(threads=1)
        self._duck.execute(f"SET disabled_optimizers = '{CONCLUDES_FROM_ROWS}'")
        given = {f"given_{name}": schema for name, schema in self._schemas.items()}
        for name, schema in (given | {"moment": moment_table().schema()}).items():
            self._duck.register("_incoming", schema.to_pyarrow().empty_table())
            self._duck.execute(f'CREATE TABLE "{name}" AS FROM _incoming')
            self._duck.unregister("_incoming")
        self._duck.execute(f"PREPARE snapshot AS {_statement(schemas, features, timeline.churn)}")

    def snapshot(self, tables: Mapping[str, pa.Table], as_of: int) -> pd.DataFrame:
        """One row for each customer of the cohort among the given ones, as in the snapshot.

        There are no labels, as these customers have no outcome yet. `tables` hold every row of
        these customers, typed as the checked tables; a table left out has no row. `as_of` is days
        since 1970-01-01. Raises KeyError for a table or a column that is not in the schemas, or a
        column that is missing.
        """
        known = {name: rows.select(self._schemas[name].names) for name, rows in tables.items()}
        with self._lock:
            try:
                self._duck.execute("TRUNCATE moment")
                self._insert("moment", moment_row(self._timeline, as_of))
                for name, rows in known.items():
                    self._insert(f"given_{name}", rows)
                found = self._duck.execute("EXECUTE snapshot").to_arrow_table()
                snapshot: pd.DataFrame = found.to_pandas()
                return snapshot
            finally:  # whatever failed: the next caller must not meet these customers
                for name in known:
                    self._duck.execute(f'TRUNCATE "given_{name}"')

    def _insert(self, name: str, rows: pa.Table) -> None:
        self._duck.register("_incoming", rows)
        try:
            self._duck.execute(f'INSERT INTO "{name}" FROM _incoming')
        finally:
            self._duck.unregister("_incoming")


def _statement(schemas: Schemas, features: Sequence[Feature], churn: str) -> str:
    """The whole program as one statement, over rows that were known already.

    There is one as-of date, so what became known later is left out before anything else is looked
    at, and no customer needs another edition of the history.
    """
    known_rows = {
        name: _known_rows(ibis.table(schema, name=f"given_{name}"), name)
        for name, schema in schemas.items()
    }
    whole = program(
        {name: rows.schema() for name, rows in known_rows.items()}, features, churn, False
    )
    parts = [f"{name} AS NOT MATERIALIZED ({compiled(rows)})" for name, rows in known_rows.items()]
    for step in (*whole.steps, *whole.at_date):
        kind = "MATERIALIZED" if step.keep else "NOT MATERIALIZED"
        parts.append(f"{step.name} AS {kind} ({compiled_step(step)})")
    return f"WITH {', '.join(parts)} {compiled(whole.snapshot)}"


def _known_rows(rows: ir.Table, name: str) -> ir.Table:
    """The given rows of a table that were known, without when that was."""
    if "known_at" not in TABLES[name].columns or "known_at" not in rows.columns:
        return rows
    there = [column for column in rows.columns if column != "known_at"]
    return known(with_days(rows, TABLES[name]), moment_table()).select(there)

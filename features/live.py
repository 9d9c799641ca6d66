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

from features.building import moment_row, purchase_days, with_event_day
from features.engines.duckdb import compiled, compiled_step
from features.families.definition import Feature
from features.history.category_history import HISTORY
from features.history.facts import Schemas, Step, collect
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
        self._as_of: int | None = None  # that of the row in `moment`
        self._duck = connect(threads=1)
        self._duck.execute(f"SET disabled_optimizers = '{CONCLUDES_FROM_ROWS}'")
        given = {f"given_{name}": schema for name, schema in self._schemas.items()}
        for name, schema in (given | {"moment": moment_table().schema()}).items():
            self._duck.register("_incoming", schema.to_pyarrow().empty_table())
            self._duck.execute(f'CREATE TABLE "{name}" AS FROM _incoming')
            self._duck.unregister("_incoming")
        snapshot, categories = _statements(schemas, features, timeline.churn)
        self._duck.execute(f"PREPARE snapshot AS {snapshot}")
        self.has_categories = categories is not None
        if categories is not None:
            self._duck.execute(f"PREPARE categories AS {categories}")
        self._duck.execute(f"PREPARE timelines AS {_timelines(schemas)}")

    def snapshot(self, tables: Mapping[str, pa.Table], as_of: int) -> pd.DataFrame:
        """One row for each customer of the cohort among the given ones, as in the snapshot.

        There are no labels, as these customers have no outcome yet. `tables` hold every row of
        these customers, typed as the checked tables; a table left out has no row. `as_of` is days
        since 1970-01-01. Raises KeyError for a table or a column that is not in the schemas, or a
        column that is missing.
        """
        return self._executed(("snapshot",), tables, as_of)[0]

    def with_categories(
        self, tables: Mapping[str, pa.Table], as_of: int
    ) -> tuple[pd.DataFrame, pd.DataFrame | None]:
        """The snapshot, and the categories that its customers had bought by then.

        The latter as in features/history/category_history.py; None where the data has none.
        """
        if not self.has_categories:
            return self.snapshot(tables, as_of), None
        snapshot, categories = self._executed(("snapshot", "categories"), tables, as_of)
        return snapshot, categories

    def timelines(self, tables: Mapping[str, pa.Table], as_of: int) -> pd.DataFrame:
        """The days with purchases before the as-of day, as features/building.py tells them.

        Also of customers who are in no cohort any more; who objected to profiling is left out.
        """
        return with_event_day(self._executed(("timelines",), tables, as_of)[0])

    def _executed(
        self, statements: Sequence[str], tables: Mapping[str, pa.Table], as_of: int
    ) -> list[pd.DataFrame]:
        known = {name: rows.select(self._schemas[name].names) for name, rows in tables.items()}
        with self._lock:
            try:
                if as_of != self._as_of:  # most calls are as of the same day
                    self._as_of = None
                    self._duck.execute("TRUNCATE moment")
                    self._insert("moment", moment_row(self._timeline, as_of))
                    self._as_of = as_of
                for name, rows in known.items():
                    self._insert(f"given_{name}", rows)
                return [
                    self._duck.execute(f"EXECUTE {name}").to_arrow_table().to_pandas()
                    for name in statements
                ]
            finally:  # whatever failed: the next caller must not meet these customers
                for name in known:
                    self._duck.execute(f'TRUNCATE "given_{name}"')

    def _insert(self, name: str, rows: pa.Table) -> None:
        self._duck.register("_incoming", rows)
        try:
            self._duck.execute(f'INSERT INTO "{name}" FROM _incoming')
        finally:
            self._duck.unregister("_incoming")


def _statements(
    schemas: Schemas, features: Sequence[Feature], churn: str
) -> tuple[str, str | None]:
    """The whole program as one statement, over rows that were known already; beside it categories.

    There is one as-of date, so what became known later is left out before anything else is looked
    at, and no customer needs another edition of the history.
    """
    known_rows = _given(schemas)
    whole = program(
        {name: rows.schema() for name, rows in known_rows.items()}, features, churn, False
    )
    steps = (*whole.steps, *whole.at_date)
    bought = whole.categories.get(HISTORY)
    return (
        _with_steps(known_rows, steps, whole.snapshot),
        None if bought is None else _with_steps(known_rows, steps, bought),
    )


def _timelines(schemas: Schemas) -> str:
    """The days with purchases of each customer, by the same definition of a purchase."""
    known_rows = _given(schemas)
    facts = collect({name: rows.schema() for name, rows in known_rows.items()})
    return _with_steps(known_rows, facts.steps, purchase_days(facts))


def _given(schemas: Schemas) -> dict[str, ir.Table]:
    """The rows that were sent, by table, as far as they were known."""
    return {
        name: _known_rows(ibis.table(schema, name=f"given_{name}"), name)
        for name, schema in schemas.items()
    }


def _with_steps(given: Mapping[str, ir.Table], steps: Sequence[Step], result: ir.Table) -> str:
    parts = [f"{name} AS NOT MATERIALIZED ({compiled(rows)})" for name, rows in given.items()]
    for step in steps:
        kind = "MATERIALIZED" if step.keep else "NOT MATERIALIZED"
        parts.append(f"{step.name} AS {kind} ({compiled_step(step)})")
    return f"WITH {', '.join(parts)} {compiled(result)}"


def _known_rows(rows: ir.Table, name: str) -> ir.Table:
    """The given rows of a table that were known, without when that was."""
    if "known_at" not in TABLES[name].columns or "known_at" not in rows.columns:
        return rows
    there = [column for column in rows.columns if column != "known_at"]
    return known(with_days(rows, TABLES[name]), moment_table()).select(there)

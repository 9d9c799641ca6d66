"""Statements on DuckDB that are planned once; a call only replaces the rows.

They have no parameters: DuckDB would plan a statement anew for each of their values, and planning
takes most of the time of a small query.
"""

from collections.abc import Mapping, Sequence
from threading import Lock

import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from features.engines.compiling import compiled, compiled_step
from features.engines.duckdb import frame_of
from features.history.facts import Schemas, Step
from sources.duck import connect

# A plan outlives the rows it was made for, so that nothing may be concluded from them.
CONCLUDES_FROM_ROWS = "statistics_propagation,compressed_materialization"


class Prepared:
    """Expressions over tables of these schemas and over the steps, on one thread.

    Calls run one after another, as an object holds one set of tables.
    """

    def __init__(
        self, schemas: Schemas, steps: Sequence[Step], expressions: Mapping[str, ir.Table]
    ) -> None:
        self._expressions, self._lock = dict(expressions), Lock()
        self._duck = connect(threads=1)
        self._duck.execute(f"SET disabled_optimizers = '{CONCLUDES_FROM_ROWS}'")
        for name, schema in schemas.items():
            self._duck.register("_incoming", schema.to_pyarrow().empty_table())
            self._duck.execute(f'CREATE TABLE "{name}" AS FROM _incoming')
            self._duck.unregister("_incoming")
        views = [f"{step.name} AS {_kind(step)} ({compiled_step(step)})" for step in steps]
        for name, expression in expressions.items():
            statement = f"WITH {', '.join(views)} {compiled(expression)}"
            self._duck.execute(f"PREPARE {name} AS {statement}")

    def run(self, names: Sequence[str], tables: Mapping[str, pa.Table]) -> list[pd.DataFrame]:
        """The rows of the named expressions over these tables; one left out has no row."""
        with self._lock:
            try:
                for name, rows in tables.items():
                    self._insert(name, rows)
                return [
                    frame_of(
                        self._duck.execute(f"EXECUTE {name}").to_arrow_table(),
                        self._expressions[name],
                    )
                    for name in names
                ]
            finally:  # whatever failed: the next caller must not meet these rows
                for name in tables:
                    self._duck.execute(f'TRUNCATE "{name}"')

    def _insert(self, name: str, rows: pa.Table) -> None:
        self._duck.register("_incoming", rows)
        try:
            self._duck.execute(f'INSERT INTO "{name}" FROM _incoming')
        finally:
            self._duck.unregister("_incoming")


def _kind(step: Step) -> str:
    return "MATERIALIZED" if step.keep else "NOT MATERIALIZED"

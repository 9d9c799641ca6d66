"""The same features for a handful of customers: what a purchase just now changes at once.

The steps of the very same program become one statement, planned once when the object is made;
a call only exchanges the rows. Planning is most of the time that a small query takes.
"""

from collections.abc import Mapping, Sequence
from threading import Lock

import duckdb
import pandas as pd
import pyarrow as pa

from features.building import moment_row
from features.definition import Feature
from features.engine import compiled, compiled_step
from features.facts import Schemas
from features.snapshot import Program, program
from features.timeline import ALL_KNOWN, SECONDS_PER_DAY
from features.timeplan import Timeline

# A plan outlives the rows it was made for, so that nothing may be concluded from them.
CONCLUDES_FROM_ROWS = "statistics_propagation,compressed_materialization"


class LiveFeatures:
    """Features of given histories at an as-of day; `schemas` are those of the checked tables.

    Calls wait for one another: an object holds one set of tables.
    """

    def __init__(self, schemas: Schemas, features: Sequence[Feature], timeline: Timeline):
        self._schemas, self._lock = dict(schemas), Lock()
        self._duck = duckdb.connect(config={"threads": 1})
        self._duck.execute(f"SET disabled_optimizers = '{CONCLUDES_FROM_ROWS}'")
        for name, schema in self._schemas.items():
            self._duck.register("_incoming", schema.to_pyarrow().empty_table())
            self._duck.execute(f'CREATE TABLE "{name}" AS FROM _incoming')
            self._duck.unregister("_incoming")
        made = program(schemas, features, timeline.churn)
        self._duck.execute(f"PREPARE snapshot AS {_statement(made, timeline)}")

    def snapshot(self, tables: Mapping[str, pa.Table], as_of: int) -> pd.DataFrame:
        """One row for each customer of the cohort among the given ones, as in the snapshot.

        `tables` hold every row of these customers, typed as the checked tables; a table left out
        has no row. `as_of` is days since 1970-01-01. Raises KeyError for a table or a column that
        is not in the schemas, or a column that is missing.
        """
        known = {name: rows.select(self._schemas[name].names) for name, rows in tables.items()}
        with self._lock:
            for name, rows in known.items():
                self._duck.register("_incoming", rows)
                self._duck.execute(f'INSERT INTO "{name}" FROM _incoming')
                self._duck.unregister("_incoming")
            try:
                found = self._duck.execute(f"EXECUTE snapshot(as_of := {int(as_of)})")
                snapshot: pd.DataFrame = found.to_arrow_table().to_pandas()
                return snapshot
            finally:
                for name in tables:
                    self._duck.execute(f'TRUNCATE "{name}"')


def _statement(made: Program, timeline: Timeline) -> str:
    """The whole program as one statement with the parameter `as_of`."""
    moment = moment_row(timeline, timeline.score).to_pylist()[0]
    as_of = "$as_of::BIGINT"
    own = {"as_of": as_of, "as_of_date": f"make_timestamp({as_of} * {SECONDS_PER_DAY} * 1000000)"}
    values = {
        name: own.get(name, f"'{value}'" if isinstance(value, str) else f"{value}::BIGINT")
        for name, value in moment.items()
    }
    columns = ", ".join(f"{value} AS {name}" for name, value in values.items())
    parts = [
        f"moment AS MATERIALIZED (SELECT {columns})",
        f"dates AS (SELECT {as_of} AS as_of UNION ALL SELECT {ALL_KNOWN})",
    ]
    for step in (*made.steps, *made.at_date):
        kind = "MATERIALIZED" if step.keep else "NOT MATERIALIZED"
        parts.append(f"{step.name} AS {kind} ({compiled_step(step)})")
    return f"WITH {', '.join(parts)} {compiled(made.snapshot)}"

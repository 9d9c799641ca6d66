"""Live features: the same features for a few customers at once, such as after a purchase just now.

The expressions are those of the snapshot. They are put together once, as calls on NumPy arrays
(features/arrays), which answer for one customer in a tenth of the time that a database
needs; DuckDB answers what the arrays refuse: very many rows, or what they do not know.
"""

from collections.abc import Mapping, Sequence
from functools import cached_property

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from features.arrays.columns import UnusualError
from features.arrays.operations import UnknownOperationError
from features.arrays.program import Program
from features.arrays.relations import Arrays
from features.building import moment_row, purchase_days, with_event_day
from features.engines.prepared import Prepared
from features.families.definition import Feature
from features.history.category_history import HISTORY
from features.history.facts import Schemas, Step, collect
from features.history.moment import moment_table
from features.planning.timeplan import Timeline
from features.snapshot import program
from features.timeline import known, with_days
from sources.contract import TABLES

MANY_ROWS = 100_000  # from here on DuckDB is as fast
MOMENT = "moment"
ASKED = (("snapshot",), ("snapshot", "categories"), ("timelines",))  # together


class LiveFeatures:
    """Features of given histories at an as-of day; `schemas` are those of the checked tables.

    From `many_rows` on, DuckDB answers: with 0 always.
    """

    def __init__(
        self,
        schemas: Schemas,
        features: Sequence[Feature],
        timeline: Timeline,
        many_rows: int = MANY_ROWS,
    ):
        self._timeline, self._many_rows = timeline, many_rows
        self._schemas = {name: schema.to_pyarrow() for name, schema in schemas.items()}
        self._given = {f"given_{name}": schema for name, schema in schemas.items()}
        self._steps, self._expressions = _expressions(schemas, features, timeline.churn)
        self.has_categories = "categories" in self._expressions
        self._arrays = self._programs()
        self._moment: tuple[int, pa.Table] | None = None  # most calls are as of the same day

    def snapshot(self, tables: Mapping[str, pa.Table], as_of: int) -> pd.DataFrame:
        """One row for each customer of the cohort among the given ones, as in the snapshot.

        There are no labels, as these customers have no outcome yet. `tables` hold every row of
        these customers, typed as the checked tables; a table left out has no row. `as_of` is days
        since 1970-01-01. Raises KeyError for a table or a column that is not in the schemas, or a
        column that is missing.
        """
        return self._run(("snapshot",), tables, as_of)[0]

    def with_categories(
        self, tables: Mapping[str, pa.Table], as_of: int
    ) -> tuple[pd.DataFrame, pd.DataFrame | None]:
        """The snapshot, and the categories that its customers had bought by then.

        The latter as in features/history/category_history.py; None where the data has none.
        """
        if not self.has_categories:
            return self.snapshot(tables, as_of), None
        snapshot, categories = self._run(("snapshot", "categories"), tables, as_of)
        return snapshot, categories

    def timelines(self, tables: Mapping[str, pa.Table], as_of: int) -> pd.DataFrame:
        """The days with purchases before the as-of day, as features/building.py tells them.

        Also of customers who are in no cohort any more; who objected to profiling is left out.
        """
        return with_event_day(self._run(("timelines",), tables, as_of)[0])

    def _run(
        self, names: tuple[str, ...], tables: Mapping[str, pa.Table], as_of: int
    ) -> list[pd.DataFrame]:
        given = {name: rows.select(self._schemas[name].names) for name, rows in tables.items()}
        found = {f"given_{name}": rows for name, rows in given.items()} | {
            MOMENT: self._moment_of(as_of)
        }
        arrays = self._arrays[names]
        is_typed = all(
            self._schemas[name].types == rows.schema.types for name, rows in given.items()
        )
        if arrays is not None and is_typed and sum(map(len, given.values())) < self._many_rows:
            try:
                return arrays.run(found)
            except UnusualError:
                pass  # DuckDB answers, or says in its own words what is wrong
        return self._database.run(names, found)

    def _moment_of(self, as_of: int) -> pa.Table:
        kept = self._moment
        if kept is None or kept[0] != as_of:
            kept = self._moment = (as_of, moment_row(self._timeline, as_of))
        return kept[1]

    def _programs(self) -> dict[tuple[str, ...], Program | None]:
        arrays = Arrays({step.name: step.table for step in self._steps})
        found: dict[tuple[str, ...], Program | None] = {}
        for names in ASKED:
            asked = [self._expressions[name] for name in names if name in self._expressions]
            try:
                found[names] = Program(arrays, asked, single=frozenset({MOMENT}))
            except UnknownOperationError:
                found[names] = None
        return found

    @cached_property
    def _database(self) -> Prepared:
        """Planned when it is first needed: that takes a second or more, and most never need it."""
        schemas = self._given | {MOMENT: moment_table().schema()}
        return Prepared(schemas, self._steps, self._expressions)


def _expressions(
    schemas: Schemas, features: Sequence[Feature], churn: str
) -> tuple[tuple[Step, ...], dict[str, ir.Table]]:
    """The steps of the whole program over rows that were known already, and what is asked of them.

    There is one as-of date, so what became known later is left out before anything else is looked
    at, and no customer needs another edition of the history.
    """
    given = [
        Step(name, _known_rows(ibis.table(schema, name=f"given_{name}"), name), keep=False)
        for name, schema in schemas.items()
    ]
    known_schemas = {step.name: step.table.schema() for step in given}
    whole = program(known_schemas, features, churn, False)
    asked = {"snapshot": whole.snapshot, "timelines": purchase_days(collect(known_schemas))}
    if HISTORY in whole.categories:
        asked["categories"] = whole.categories[HISTORY]
    return (*given, *whole.steps, *whole.at_date), asked


def _known_rows(rows: ir.Table, name: str) -> ir.Table:
    """The given rows of a table that were known, without when that was."""
    if "known_at" not in TABLES[name].columns or "known_at" not in rows.columns:
        return rows
    there = [column for column in rows.columns if column != "known_at"]
    return known(with_days(rows, TABLES[name]), moment_table()).select(there)

"""The engine on one machine: DuckDB, one part of the customers after another.

Everything about a customer is computed from that customer's rows alone, so customers are cut into
parts by ranges of their ids. A part fits into the processor's caches and into little memory:
that is faster than all at once, and time grows linearly. The number of parts changes no result.
"""

import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa

from core.room import check_room
from features.engines.compiling import compiled, compiled_step
from features.engines.known import with_full
from features.engines.numbers import ID, NUMBERS, numbered, numbers_of, with_ids
from features.history.facts import Schemas, Step
from sources.duck import connect

PART_ROWS = 1_500_000  # order lines or events in one part, about
LOOSER = 2  # cut into parts and packed for speed, large tables take 1.2 to 1.6 times their files
SAMPLED = 50_000  # ids that the ranges are laid by

Tables = Mapping[str, Path | pa.Table]


class Engine(Protocol):
    """What features need of an engine; DuckDB here, Spark in features/engines/spark.py."""

    schemas: Schemas

    def parts(self, steps: Sequence[Step], dates: Sequence[int]) -> Iterator[int]:
        """Run the steps for one part of the customers after another; yields its number."""

    def put(self, name: str, rows: pa.Table) -> None:
        """Make a small table known under a name, in place of the one before."""

    def create(self, step: Step) -> None:
        """Compute a step's table, in place of the one before."""

    def frame(self, table: ir.Table) -> pd.DataFrame:
        """The rows of an expression."""

    def frames(self, table: ir.Table) -> Iterator[pd.DataFrame]:
        """The rows of an expression, where they are many: one range of customers after another."""

    def write(self, table: ir.Table, path: Path) -> None:
        """Write the rows of an expression to a Parquet file."""


class DuckEngine:
    """DuckDB in this process. `tables` are Parquet files or Arrow tables, by name."""

    def __init__(self, tables: Tables, part_rows: int = PART_ROWS, threads: int | None = None):
        self._duck = connect(**({} if threads is None else {"threads": threads}))
        self._tables, self._part_rows = dict(tables), part_rows
        self._sources: dict[str, str] = {}
        self._sql: Callable[[ir.Table], str] = compiled
        for name, table in tables.items():
            self._open(name, table)
        backend = ibis.duckdb.from_connection(self._duck)
        self.schemas: Schemas = {
            name: with_full(name, backend.table(name).schema(), table)
            for name, table in tables.items()
        }

    def parts(self, steps: Sequence[Step], dates: Sequence[int]) -> Iterator[int]:
        """Run the steps for one part of the customers after another; yields its number."""
        self.put("dates", dates_rows(dates))
        cuts = self._cuts()
        try:
            if not cuts:
                yield from self._part(0, self._sources, steps)
                return
            check_room("engine: duckdb", room_for(self._tables))
            with tempfile.TemporaryDirectory(prefix="regulars-") as folder:
                for name in self._tables:
                    self._split(name, cuts, Path(folder) / name)
                for part in range(len(cuts) + 1):
                    here = {name: self._here(name, Path(folder), part) for name in self._tables}
                    yield from self._part(part, here, steps)
        finally:
            self._sql = compiled
            for name, rows in self._sources.items():
                self._see(name, f"FROM {rows}")

    def _part(self, part: int, here: Mapping[str, str], steps: Sequence[Step]) -> Iterator[int]:
        """Run the steps for customers whose rows are `here`, by table; yields the number."""
        known = {name: rows for name, rows in here.items() if ID in self.schemas[name]}
        if known:
            self._duck.execute(f"CREATE OR REPLACE TABLE {NUMBERS} AS {numbers_of(known)}")
            self._sql = with_ids
        for name, rows in here.items():
            self._see(name, numbered(rows) if name in known else f"FROM {rows}")
        self._run(steps)
        yield part
        self._free(steps)

    def put(self, name: str, rows: pa.Table) -> None:
        """Make a small table known under a name, in place of the one before."""
        self._duck.register("_incoming", rows)
        self._duck.execute(f'CREATE OR REPLACE TABLE "{name}" AS FROM _incoming')
        self._duck.unregister("_incoming")

    def create(self, step: Step) -> None:
        """Compute a step's table, in place of the one before."""
        self._create(step, compiled_step(step))

    def frame(self, table: ir.Table) -> pd.DataFrame:
        """The rows of an expression."""
        return frame_of(self._duck.execute(self._sql(table)).to_arrow_table(), table)

    def frames(self, table: ir.Table) -> Iterator[pd.DataFrame]:
        """The rows of an expression: those of the present part of the customers."""
        yield self.frame(table)

    def write(self, table: ir.Table, path: Path) -> None:
        """Write the rows of an expression to a Parquet file."""
        path.parent.mkdir(parents=True, exist_ok=True)
        self._duck.execute(
            f"COPY ({self._sql(table)}) TO '{quoted(path)}' (FORMAT parquet, COMPRESSION zstd)"
        )

    def _run(self, steps: Sequence[Step]) -> None:
        for step in steps:
            # A customer's rows lie together, so each date finds what it adds up at hand.
            order = " ORDER BY customer_id" if step.keep else ""
            self._create(step, compiled_step(step) + order)

    def _create(self, step: Step, statement: str) -> None:
        kind = "TABLE" if step.keep else "VIEW"
        self._duck.execute(f'CREATE OR REPLACE {kind} "{step.name}" AS {statement}')

    def _free(self, steps: Sequence[Step]) -> None:
        """Drop the tables of the last part, so that memory never holds two parts at a time."""
        for step in steps:
            if step.keep:
                self._duck.execute(f'DROP TABLE "{step.name}"')

    def _open(self, name: str, table: Path | pa.Table) -> None:
        if isinstance(table, Path):
            rows = f"read_parquet('{quoted(table)}')"
        else:
            # Under another name: what is registered hides a view of the same name.
            rows = f'"given_{name}"'
            self._duck.register(f"given_{name}", table)
        self._sources[name] = rows
        self._see(name, f"FROM {rows}")

    def _see(self, name: str, rows: str) -> None:
        self._duck.execute(f'CREATE OR REPLACE VIEW "{name}" AS {rows}')

    def _cuts(self) -> list[str]:
        """The ids at which parts begin, apart from the first; none where all fits into one."""
        rows = {name: self._count(name) for name in self._tables}
        parts = -(-max(rows.values(), default=0) // self._part_rows)
        if parts <= 1:
            return []
        share = min(1.0, SAMPLED / sum(rows.values()))
        sampled = " UNION ALL ".join(
            f'(SELECT customer_id FROM "{name}" USING SAMPLE reservoir({size} ROWS) REPEATABLE (1))'
            for name, count in rows.items()
            if (size := round(count * share))
        )
        found = self._duck.execute(f"{sampled} ORDER BY 1").fetchall()
        ids = [row[0] for row in found if "\0" not in row[0]]  # SQL text ends at such a character
        return sorted({ids[len(ids) * part // parts] for part in range(1, parts)})

    def _count(self, name: str) -> int:
        found = self._duck.execute(f'SELECT count(*) FROM "{name}"').fetchone()
        return int(found[0]) if found else 0

    def _split(self, name: str, cuts: Sequence[str], folder: Path) -> None:
        """Write a table once more, one folder for each part: each then reads only its own rows."""
        folder.mkdir(parents=True)
        part = self._part_column(name)
        self._duck.execute(
            f'COPY (SELECT *, {_part_of(cuts, 0)} AS {part} FROM "{name}") '
            f"TO '{quoted(folder)}' (FORMAT parquet, PARTITION_BY ({part}), COMPRESSION snappy)"
        )

    def _part_column(self, name: str) -> str:
        """A name for the number of the part that the table has no column of."""
        taken, part = {column.lower() for column in self.schemas[name].names}, "part"
        while part in taken:
            part += "_"
        return part

    def _here(self, name: str, folder: Path, part: int) -> str:
        """The rows of a table that belong to a part, as they follow FROM."""
        here = folder / name / f"{self._part_column(name)}={part}"
        if here.exists():
            return f"read_parquet('{quoted(here)}/*.parquet', hive_partitioning = false)"
        # nobody of this part has a row in the table
        return f"(FROM {self._sources[name]} WHERE false)"


def room_for(tables: Tables) -> float:
    """Bytes that the tables take when they are written once more, in parts."""
    return LOOSER * sum(
        t.stat().st_size if isinstance(t, Path) else t.nbytes for t in tables.values()
    )


def frame_of(rows: pa.Table, table: ir.Table) -> pd.DataFrame:
    """Rows with the types their expression states: engines sum whole numbers into wider ones.

    Raises TypeError where numbers stand in place of a text, as those of customers would.
    """
    wanted = table.schema().to_pyarrow()
    for said, field in zip(wanted, rows.schema, strict=True):
        if pa.types.is_string(said.type) and pa.types.is_integer(field.type):
            raise TypeError(f"{said.name}: numbers of customers may not leave the engine as text")
    found: pd.DataFrame = rows.cast(wanted).to_pandas()
    return found


def dates_rows(dates: Sequence[int]) -> pa.Table:
    """The table `dates`: one column, `as_of`."""
    return pa.table({"as_of": pa.array(list(dates), pa.int64())})


def _part_of(cuts: Sequence[str], first: int) -> str:
    """The number of a customer's part in SQL, by binary search over the ranges."""
    if not cuts:
        return str(first)
    middle = len(cuts) // 2
    below, above = _part_of(cuts[:middle], first), _part_of(cuts[middle + 1 :], first + middle + 1)
    quoted = cuts[middle].replace("'", "''")
    return f"CASE WHEN customer_id < '{quoted}' THEN {below} ELSE {above} END"


def quoted(path: Path) -> str:
    return str(path).replace("'", "''")

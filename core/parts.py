"""A table that is written part by part, so that only one part is in memory at a time."""

import json
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import feather

from core.each import Each, Item, in_turn
from core.files import written_whole

PART_ROWS = 100_000
PANDAS = b"pandas"  # of the metadata of a schema: how pandas reads each column back


def write_parts(parts: Iterable[pd.DataFrame], path: Path) -> int:
    """Write a table to a Parquet file, each part a group of rows; returns the number of rows.

    A column whose cells are all empty in one part has no type there: it gets that of the others. So
    the parts are first written one by one, beside the file. The same rows in the same parts give
    the same bytes. Raises ValueError without any part.
    """
    return write_each(in_turn, _as_it_is, parts, path)


def write_each(
    each: Each, part_of: Callable[[Item], pd.DataFrame], items: Iterable[Item], path: Path
) -> int:
    """Write a table as `write_parts` does, of the parts that `part_of` makes of each item."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".parts-") as folder:
        spilled = Spilled(Path(folder))
        for _ in each(_Spill(part_of, spilled), enumerate(items)):
            pass
        return spilled.together(path)


def _as_it_is(part: pd.DataFrame) -> pd.DataFrame:
    return part


def in_parts(rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """The rows of a table, PART_ROWS at a time; at least one part, which may be empty."""
    for start in range(0, max(len(rows), 1), PART_ROWS):
        yield rows.iloc[start : start + PART_ROWS].reset_index(drop=True)


class Spilled:
    """Parts of a table, each in a file of its own in a folder, until all are known."""

    def __init__(self, folder: Path):
        self._folder = folder

    @classmethod
    def below(cls, folder: Path) -> "Spilled":
        """Parts in a new folder below another, without any so far."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls(Path(tempfile.mkdtemp(dir=folder)))

    def add(self, part: pd.DataFrame) -> None:
        """Keep one more part."""
        self.put(len(self._files), part)

    def put(self, number: int, part: pd.DataFrame) -> None:
        """Keep the part of a number, in the order of which parts are read."""
        # Arrow's own format: Parquet does not give back lists of records of which a field is empty.
        with written_whole(self._file(number)) as file:
            feather.write_feather(pa.Table.from_pandas(part, preserve_index=False), file, "zstd")

    def read(self, number: int) -> pd.DataFrame:
        """The part of a number."""
        part: pd.DataFrame = feather.read_table(self._file(number)).to_pandas()
        return part

    def __iter__(self) -> Iterator[pd.DataFrame]:
        """The parts, one after the other."""
        return (feather.read_table(file).to_pandas() for file in self._files)

    def together(self, path: Path) -> int:
        """Write all parts to one file; returns the number of rows."""
        files = self._files
        schema, rows = _common([_schema(file) for file in files]), 0
        with pq.ParquetWriter(path, schema, compression="zstd") as writer:
            for number, file in enumerate(files):
                table = _in_types(feather.read_table(file), schema)
                if table.num_rows or (number + 1 == len(files) and not rows):
                    writer.write_table(table, row_group_size=max(table.num_rows, 1))
                rows += table.num_rows
        return rows

    @property
    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.arrow"))

    def _file(self, number: int) -> Path:
        return self._folder / f"{number:06d}.arrow"


@dataclass(frozen=True)
class _Spill(Generic[Item]):
    """A task that keeps the part it makes of an item, under the item's number."""

    part_of: Callable[[Item], pd.DataFrame]
    spilled: Spilled

    def __call__(self, numbered: tuple[int, Item]) -> None:
        number, item = numbered
        self.spilled.put(number, self.part_of(item))


def _schema(file: Path) -> pa.Schema:
    with pa.ipc.open_file(file) as opened:
        return opened.schema


def _in_types(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """The rows in the types of a schema, all of whose columns they have."""
    columns = [_in_type(table[field.name], field.type) for field in schema]
    return pa.table(columns, schema=schema)


def _in_type(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    if column.type == kind:
        return column
    if pa.types.is_nested(kind):  # Arrow fails to cast lists of records with an empty field
        return pa.chunked_array([pa.array(column.to_pylist(), kind)])
    return column.cast(kind)


def _common(schemas: Sequence[pa.Schema]) -> pa.Schema:
    """The schema that holds the rows of all, and how pandas reads it back."""
    if not schemas:
        raise ValueError("a table of no parts has no columns")
    together = pa.unify_schemas(
        [schema.remove_metadata() for schema in schemas], promote_options="permissive"
    )
    content = json.loads(schemas[0].metadata[PANDAS])
    content["columns"] = [_as_read(field, schemas) for field in together]
    return together.with_metadata({PANDAS: json.dumps(content).encode()})


def _as_read(field: pa.Field, schemas: Sequence[pa.Schema]) -> dict[str, Any]:
    """How pandas reads a column back: as in the first part that has it in the common type."""
    known = [schema for schema in schemas if field.name in schema.names]
    of_type = [schema for schema in known if schema.field(field.name).type == field.type]
    columns = json.loads((of_type or known)[0].metadata[PANDAS])["columns"]
    found: dict[str, Any] = next(one for one in columns if one["field_name"] == field.name)
    return found

"""Cards as Parquet: the columns of the CSV, each of one type, written batch by batch."""

import datetime as dt
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, get_args

import pyarrow as pa
import pyarrow.parquet as pq

from serving.cards.card import (
    ScoreCard,
)
from serving.cards.csv import Column, columns_in, value_of
from serving.cards.stored import Card

WORDED = ("reason", "action", "talking_points")  # made when a card is read, in a language
TYPES: dict[Any, pa.DataType] = {
    bool: pa.bool_(),
    int: pa.int64(),
    float: pa.float64(),
    dt.date: pa.date32(),
}


class _Sink(io.RawIOBase):
    """A file that is only ever written on at its end, and forgets what was taken."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []
        self._size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._parts.append(bytes(data))
        self._size += len(data)
        return len(data)

    def tell(self) -> int:
        return self._size

    def taken(self) -> bytes:
        """What was written since the last call."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


def parquet_parts(batches: Iterable[list[Card]], fields: Sequence[str]) -> Iterator[bytes]:
    """The bytes of one Parquet file, a row group for each batch; `fields`: empty means all."""
    columns = [one for name, one in columns_in(fields).items() if name not in WORDED]
    schema = pa.schema([(column.name, type_of(column)) for column in columns])
    sink = _Sink()
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_table(_table(batch, columns, schema))
            yield sink.taken()
    yield sink.taken()


def type_of(column: Column) -> pa.DataType:
    """The type of a column, by the annotation of its field."""
    schema: Any = ScoreCard
    for part in column.path[:-1]:
        schema = next(one for one in get_args(schema.model_fields[part].annotation) if one)
    kinds = _kinds(schema.model_fields[column.path[-1]].annotation)
    return next((TYPES[kind] for kind in kinds if kind in TYPES), pa.string())


def _kinds(annotation: Any) -> list[Any]:
    inner = [kind for part in get_args(annotation) for kind in _kinds(part)]
    return inner or [annotation]


def _table(batch: list[Card], columns: list[Column], schema: pa.Schema) -> pa.Table:
    arrays = []
    for column, field in zip(columns, schema, strict=True):
        values = [value_of(card, column) for card in batch]
        is_date = field.type == pa.date32()
        array = pa.array(values, pa.string() if is_date else field.type)
        arrays.append(array.cast(field.type))
    return pa.Table.from_arrays(arrays, schema=schema)

"""Runs expressions on rows of Arrow, and gives them as frames of pandas."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from features.arrays.columns import Column, UnusualError, full, some
from features.arrays.operations import (
    FLOAT,
    TEXT,
    TIME,
    WHOLE,
    YESNO,
    Kind,
    Slot,
    UnknownOperationError,
    kind_of,
)
from features.arrays.relations import Arrays

EMPTY: dict[Kind, Any] = {
    WHOLE: np.int64,
    FLOAT: np.float64,
    YESNO: np.bool_,
    TEXT: object,
    TIME: np.int64,
}
NO_TIME = np.iinfo(np.int64).min  # as NumPy holds a time that is empty


class Program:
    """Expressions that are run together, on the calls that they need.

    Raises UnknownOperationError where one holds what arrays do not know. Of tables in `single`,
    which always have one row, a value stands for every row of others.
    """

    def __init__(
        self, arrays: Arrays, tables: Sequence[ir.Table], single: frozenset[str] = frozenset()
    ):
        self._single, self._results = single, [_Result.of(arrays, table) for table in tables]
        wanted = {slot for result in self._results for slot in result.slots}
        self._calls = []
        for call in reversed(arrays.calls):
            if call[0] in wanted:
                wanted |= {*call[2]}
                self._calls.append(call)
        self._calls.reverse()
        self._inputs = {key: one for key, one in arrays.inputs.items() if one[0] in wanted}
        self._start: list[Any] = [arrays.constants.get(slot) for slot in range(arrays.slots)]

    def run(self, tables: Mapping[str, pa.Table]) -> list[pd.DataFrame]:
        """The rows of every expression. A table that is left out has no row.

        Raises UnusualError where a value is one that these functions are not meant for.
        """
        slots = self._start.copy()
        for (table, name), (slot, kind) in self._inputs.items():
            rows = tables.get(table)
            if name is None or kind is None:
                slots[slot] = 0 if rows is None else rows.num_rows
            elif rows is None:
                slots[slot] = np.empty(0, EMPTY[kind]), None
            else:
                slots[slot] = read(rows[name], kind)
                if table in self._single:
                    slots[slot] = single(slots[slot])
        with np.errstate(all="ignore"):  # what stands in empty rows means nothing
            for slot, function, arguments in self._calls:
                slots[slot] = function(*[slots[argument] for argument in arguments])
        return [result.frame(slots) for result in self._results]


@dataclass(frozen=True)
class _Result:
    size: Slot
    columns: Mapping[str, tuple[Slot, Kind, Any]]

    @classmethod
    def of(cls, arrays: Arrays, table: ir.Table) -> "_Result":
        rows, columns = arrays.rows(table.op()), {}
        for name, dtype in table.schema().items():
            kind = kind_of(dtype)
            if kind not in EMPTY:
                raise UnknownOperationError(f"a result of {dtype}")
            columns[name] = (rows.column(name), kind, dtype.to_numpy())
        return cls(rows.size, columns)

    @property
    def slots(self) -> set[Slot]:
        return {self.size, *(slot for slot, _, _ in self.columns.values())}

    def frame(self, slots: Sequence[Any]) -> pd.DataFrame:
        """The columns; floats beside each other are one block, which pandas is quick with."""
        size, blocks = slots[self.size], []
        for is_float, run in groupby(self.columns.items(), lambda item: item[1][1] == FLOAT):
            columns = dict(run)
            if not is_float:
                shown = {
                    name: _shown(kind, dtype, full(size, slots[slot]))
                    for name, (slot, kind, dtype) in columns.items()
                }
                blocks.append(pd.DataFrame(shown, copy=False))
                continue
            block = np.empty((len(columns), size))
            for row, (slot, _, _) in zip(block, columns.values(), strict=True):
                values, empty = slots[slot]
                row[:] = values
                if empty is not None:
                    row[empty] = np.nan
            blocks.append(pd.DataFrame(block.T, columns=list(columns), copy=False))
        return pd.concat(blocks, axis="columns")


def read(column: pa.ChunkedArray, kind: Kind) -> Column:
    """A column of Arrow. Raises UnusualError for floats that are no numbers."""
    missing = column.null_count
    if kind == FLOAT:
        values = column.to_numpy().astype(np.float64, copy=False)
        is_number = np.isfinite(values)
        if np.count_nonzero(is_number) + missing < len(values):
            raise UnusualError("a float that is no number")
        return values, ~is_number if missing else None
    if kind == TIME:
        values = column.to_numpy().view(np.int64)
        return values, values == NO_TIME if missing else None
    empty = column.is_null().to_numpy() if missing else None
    if kind == TEXT:
        return column.to_numpy(), empty
    if missing:
        column = column.fill_null(False if kind == YESNO else 0)
    return column.to_numpy().astype(EMPTY[kind], copy=False), empty


def single(one: Column) -> Column:
    """The value of the only row."""
    values, empty = one
    return values[0], None if empty is None else bool(empty[0])


def _shown(kind: Kind, dtype: Any, one: Column) -> Any:
    """A column as pandas holds what Arrow gives it."""
    values, empty = one[0], some(one[1])
    if kind == TIME:
        values = values.astype("datetime64[us]")
        return values if empty is None else np.where(empty, np.datetime64("NaT"), values)
    if kind == TEXT:
        texts: Any = values if empty is None else np.where(empty, None, values)
        return pd.array(texts, "str")
    if empty is None:
        return values.astype(dtype, copy=False)
    return np.where(empty, None if kind == YESNO else np.nan, values)

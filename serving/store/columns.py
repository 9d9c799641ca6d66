"""Columns of a release in memory: its parts joined, in as little room as they take."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


@dataclass(frozen=True)
class Columns:
    """Columns by name, each with a value for every row."""

    texts: dict[str, pa.StringArray]
    codes: dict[str, tuple[np.ndarray, list[str]]]  # -1: no word; the words that codes stand for
    values: dict[str, np.ndarray]  # numbers, days since 1970, yes or no; unknown: 0 or no

    def ascending(self, name: str) -> "Columns":
        """The same rows in the order of this text column."""
        texts = self.texts[name]
        if len(texts) < 2 or pc.all(pc.less(texts[:-1], texts[1:])).as_py():
            return self
        order = pc.sort_indices(texts)
        rows = order.to_numpy()
        return Columns(
            texts={name: column.take(order) for name, column in self.texts.items()},
            codes={name: (column[rows], words) for name, (column, words) in self.codes.items()},
            values={name: column[rows] for name, column in self.values.items()},
        )


def joined(parts: Iterable[pa.Table], schema: pa.Schema) -> Columns:
    """The columns of all parts; a part is let go before the next one is read."""
    pieces: dict[str, list[Any]] = {name: [] for name in schema.names}
    codes_of: dict[str, dict[str, int]] = {name: {} for name in schema.names}
    for part in parts:
        for field in schema:
            column = part[field.name].combine_chunks()
            pieces[field.name].append(_piece(column, codes_of[field.name]))
    found = Columns({}, {}, {})
    for field in schema:
        own = pieces.pop(field.name)
        if pa.types.is_string(field.type):
            found.texts[field.name] = pa.concat_arrays(own or [pa.array([], field.type)])
        elif pa.types.is_dictionary(field.type):
            words = list(codes_of[field.name])
            small = np.int8 if len(words) < 2**7 else np.int16 if len(words) < 2**15 else np.int32
            found.codes[field.name] = (_concatenated(own, small), words)
        else:
            found.values[field.name] = _concatenated(own, _plain(field.type).to_pandas_dtype())
    return found


def _piece(column: pa.Array, codes: dict[str, int]) -> Any:
    """A column of one part: text as it is, numbers as an array, words by what `codes` has."""
    if pa.types.is_string(column.type):
        return column
    if pa.types.is_dictionary(column.type):
        written = [codes.setdefault(word, len(codes)) for word in column.dictionary.to_pylist()]
        none = len(written)
        return np.array([*written, -1], np.int32)[pc.fill_null(column.indices, none).to_numpy()]
    plain = column.cast(_plain(column.type))
    unknown = False if pa.types.is_boolean(plain.type) else 0
    return pc.fill_null(plain, unknown).to_numpy(zero_copy_only=False)


def _plain(kind: pa.DataType) -> pa.DataType:
    return pa.int32() if pa.types.is_date(kind) else kind


def _concatenated(pieces: list[np.ndarray], kind: Any) -> np.ndarray:
    return np.concatenate([np.empty(0, kind), *pieces], dtype=kind, casting="unsafe")

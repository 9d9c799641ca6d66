"""Layouts: of which column each value of a written row is: names are not written with rows."""

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any

import pyarrow as pa

Layout = list[list[Any]]  # [[column, None or ["row" or "rows", Layout or None]], …]
Naming = Callable[[Sequence[Any]], dict[str, Any]]


def layout_of(schema: pa.Schema) -> Layout:
    """The columns of a table, and those of the rows within its cells."""
    return [[field.name, _inner(field.type)] for field in schema]


def naming(layout: Layout, columns: frozenset[str] | None = None) -> Naming:
    """What makes of the values of a row a dict by column, at any depth; of these columns only.

    Made once for a layout: to look at it again for each row took longer than all else.
    """
    names = [name for name, _ in layout]
    places = [place for place, name in enumerate(names) if columns is None or name in columns]
    within = [
        (names[place], _naming_within(layout[place][1])) for place in places if layout[place][1]
    ]
    taken = itemgetter(*places) if len(places) > 1 else None
    some = [names[place] for place in places]

    def whole(values: Sequence[Any]) -> dict[str, Any]:
        return dict(zip(names, values, strict=True))

    def named(values: Sequence[Any]) -> dict[str, Any]:
        if len(places) == len(names):
            row = whole(values)
        else:
            found = taken(values) if taken else [values[place] for place in places]
            row = dict(zip(some, found, strict=True))
        for name, name_inner in within:
            if row[name] is not None:
                row[name] = name_inner(row[name])
        return row

    return named if within or len(places) < len(names) else whole


def _naming_within(inner: Any) -> Callable[[Any], Any]:
    kind, layout = inner
    if layout is None:
        return list
    named = naming(layout)
    if kind == "row":
        return named
    return lambda rows: [row and named(row) for row in rows]


def _inner(kind: pa.DataType) -> Any:
    if pa.types.is_struct(kind):
        return ["row", layout_of(list(kind.fields))]
    if pa.types.is_list(kind) or pa.types.is_large_list(kind):
        inner = _inner(kind.value_type)
        return ["rows", inner and inner[1]]
    return None

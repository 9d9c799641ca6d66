"""Lines for params.yaml that a message offers to paste, in the names of the user's own columns.

order_id is the column `subscription`, the day is in `paid_at`:
derive: {orders: {order_id: "concat_ws(' ', subscription, paid_at)"}}
"""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, Literal

import pandas as pd

from sources.contract import Table
from sources.duck import connect
from sources.params import SourceParams

PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
ISO_DAY = 10  # characters of 2017-11-15


def quoted(column: str) -> str:
    """A column's name as DuckDB reads it, whatever is in it."""
    return '"' + column.replace('"', '""') + '"'


def literal(text: object) -> str:
    """A text as DuckDB reads it."""
    return "'" + str(text).replace("'", "''") + "'"


def named(column: str) -> str:
    """A column of the source as SQL names it: in quotes only where it needs them."""
    is_plain = PLAIN_NAME.fullmatch(column) and column.lower() not in _reserved()
    return column if is_plain else quoted(column)


def own(column: str, table: Table, params: SourceParams) -> str:
    """A column of the contract as SQL over the source's own columns."""
    derived = params.derive.get(table.name, {}).get(column)
    if derived is not None:
        return f"({derived})"
    return named(params.columns.get(table.name, {}).get(column, column))


def own_day(raw: pd.DataFrame, table: Table, params: SourceParams) -> str:
    """The day of a row as SQL over the source's own columns, whatever form its time has."""
    name = own(table.time, table, params)
    times = raw[table.time]
    if pd.api.types.is_datetime64_any_dtype(times):
        return f"CAST({name} AS DATE)"
    if (times.dropna().astype("str").str.strip().str.len() <= ISO_DAY).all():
        return name
    if is_sortable(times):
        return f"left({name}, {ISO_DAY})"
    # The clock and all behind it go, whatever stands before it: Aug 02, 2022 11:18 AM.
    return f"regexp_replace(CAST({name} AS VARCHAR), '[^0-9]+[0-9]+:.*$', '')"


def is_sortable(times: pd.Series) -> bool:
    """Whether the earliest of these times is the smallest: true times, or texts in ISO form."""
    if pd.api.types.is_datetime64_any_dtype(times):
        return True
    return bool(times.dropna().astype("str").str.match(r"\s*\d{4}-\d{2}-\d{2}").all())


def pasted(
    section: Literal["files", "columns", "derive", "filter"],
    entries: Mapping[str, Mapping[str, str] | str | list[str]],
    params: SourceParams,
) -> str:
    """The whole line of params.yaml below `source:`, with what already stands there.

    `entries` holds per table the new columns and their expressions, or the table's filter or file.
    """
    held: Mapping[str, Any] = getattr(params, section)
    tables = []
    for name in dict.fromkeys([*held, *entries]):
        new, old = entries.get(name, {}), held.get(name, {})
        if not isinstance(new, Mapping) or not isinstance(old, Mapping):
            tables.append(f"{name}: {_place(new or old)}")
        else:
            cells = ", ".join(f"{yaml_key(c)}: {_scalar(e)}" for c, e in {**old, **new}.items())
            tables.append(f"{name}: {{{cells}}}")
    return f"{section}: {{{', '.join(tables)}}}"


def filtered(conditions: Iterable[str], table: Table, params: SourceParams) -> str:
    """The line of `source.filter` with these conditions beside the one that is there."""
    before = params.filter.get(table.name)
    every = [*([f"({before})"] if before else []), *conditions]
    return pasted("filter", {table.name: " AND ".join(every)}, params)


def _place(value: object) -> str:
    """What `source.files` or `source.filter` holds for a table."""
    if isinstance(value, str) and re.fullmatch(r"[A-Za-z_][\w./-]*", value):
        return value
    return json.dumps(value, ensure_ascii=False)


@cache
def _reserved() -> frozenset[str]:
    with connect() as connection:
        words = connection.execute(
            "SELECT keyword_name FROM duckdb_keywords() WHERE keyword_category <> 'unreserved'"
        ).fetchall()
    return frozenset(str(word) for (word,) in words)


def yaml_key(text: str) -> str:
    """A name as a key of YAML, in quotes only where it needs them."""
    return text if PLAIN_NAME.fullmatch(text) else _scalar(text)


def _scalar(text: str) -> str:
    """A text in double quotes, which YAML reads as JSON does."""
    return json.dumps(text, ensure_ascii=False)

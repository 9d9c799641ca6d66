"""Refuses a table whose required columns are missing, or whose column names clash.

What to write into params.yaml is said in the user's own column names: the likeliest by what their
names mean, then by their letters; the parts of a column of JSON; or that this is no such table.
"""

import json
from typing import Any

import pandas as pd

from core.errors import TableError, nearest, suggestion
from sources.contract import PLACE, Table
from sources.cures import literal, named, pasted
from sources.formats.trimming import VALUE
from sources.meanings.column_names import meant_columns, plain_name
from sources.meanings.ready_tables import ready_table
from sources.params import SourceParams
from sources.tables.keys import no_order_number
from sources.written.reading import filled

ALIKE = 0.7  # similarity of spelling: customer_id may be CustomerID, event_time no payment_method
OF_DATA = 0.5  # share of the names that are numbers or dates where a file has no header
MAX_NAMED = 40  # columns that a message lists


def refuse_header(raw: pd.DataFrame, table: Table, params: SourceParams) -> None:
    """Raises TableError where a required column is missing, there are no rows, or names clash."""
    _refuse_incomplete(raw, table, params)
    if raw.empty:
        raise TableError(f"{table.name} has a header but no rows. Export it again.")
    _refuse_names_alike(raw, table)


def _refuse_incomplete(raw: pd.DataFrame, table: Table, params: SourceParams) -> None:
    # The order's number last: what is said about it needs the other two.
    required = sorted(table.required, key=lambda column: column == "order_id")
    missing = [column for column in required if column not in raw.columns]
    if not missing:
        return
    # A column that already has a meaning of its own is not the one that is missing.
    free = [str(c) for c in raw.columns if c not in table.columns and not _fields(raw[c])]
    meant = _meant(missing, table, free)
    have = f"{table.name} has no column {', '.join(missing)}. It has: {_listed(raw)}."
    if is_ready := ready_table(raw, str(raw.attrs.get(PLACE, ""))):
        raise TableError(f"{have} {is_ready}")
    values = [name for name in free if VALUE.fullmatch(name)]
    if len(values) >= OF_DATA * len(raw.columns):
        raise TableError(
            f"{have} The first row seems to be data and not names ({', '.join(values[:3])}): put a "
            "row with the names of the columns above it."
        )
    if missing == ["order_id"]:
        likely = _cure(missing, meant, raw, table, params) if meant else ""
        raise TableError(f"{have}{likely} {no_order_number(raw, params)}")
    raise TableError(f"{have}{_cure(missing, meant, raw, table, params)}")


def _meant(missing: list[str], table: Table, free: list[str]) -> dict[str, str]:
    """The columns that are likely meant, each for one: by what a name means, or by its letters."""
    found: dict[str, str] = {}
    for column in missing:
        left = [name for name in free if name not in found.values()]
        by_meaning = meant_columns(column, table.name, left)
        likely = by_meaning[0] if by_meaning else nearest(column, left, ALIKE)
        if likely:
            found[column] = likely
    return found


def _cure(
    missing: list[str], meant: dict[str, str], raw: pd.DataFrame, table: Table, params: SourceParams
) -> str:
    """What to write, beginning with a space: a line for what is found, words for what is not."""
    free = [str(c) for c in raw.columns if c not in table.columns and c not in meant.values()]
    of_json = {
        column: expression
        for column in missing
        if column not in meant and (expression := _in_json(column, raw, free, table))
    }
    parts = []
    if meant:
        line = pasted("columns", {table.name: meant}, params)
        parts.append(
            f"{suggestion(', '.join(meant.values()))} Write below source in params.yaml: {line}."
        )
    if of_json:
        line = pasted("derive", {table.name: of_json}, params)
        parts.append(f" It may be inside a column of JSON: {line}.")
    unknown = [column for column in missing if column not in meant and column not in of_json]
    if unknown:
        what = " and ".join(f"{WHAT.get(column, column)} ({column})" for column in unknown)
        parts.append(
            f" No name shows which column is {what}. Name it below source in params.yaml, as "
            f"columns: {{{table.name}: {{{unknown[0]}: …}}}} with your column in place of the "
            "dots; without such a column the table cannot be read."
        )
    return "".join(parts)


WHAT = {
    "customer_id": "who bought",
    "order_id": "the number of the order",
    "event_time": "the date and time",
    "subscription_id": "the number of the subscription",
    "started_at": "the start",
}


def _in_json(column: str, raw: pd.DataFrame, free: list[str], table: Table) -> str | None:
    """SQL for a part of a column of JSON that means a column of the contract."""
    for name in free:
        for path, field in _fields(raw[name]):
            alone = meant_columns(column, table.name, [field], by_words=False)
            if alone or meant_columns(column, table.name, [f"{name} {field}"], by_words=False):
                return f"json_extract_string(try_cast({named(name)} AS JSON), {literal(path)})"
    return None


def _fields(cells: pd.Series) -> list[tuple[str, str]]:
    """The paths and names of the fields of the first object in a column of JSON; else none."""
    if not pd.api.types.is_string_dtype(cells) and not pd.api.types.is_object_dtype(cells):
        return []
    there = cells[filled(cells)]
    text = str(there.iloc[0]).strip() if len(there) else ""
    if not text.startswith(("{", "[")):
        return []
    try:
        found: Any = json.loads(text)
    except ValueError:
        return []
    root = "$"
    if isinstance(found, list) and found:
        found, root = found[0], "$[0]"
    if not isinstance(found, dict):
        return []
    return [(f'{root}."{field}"', str(field)) for field in found if plain_name(str(field))]


def _listed(raw: pd.DataFrame) -> str:
    names = [str(column) for column in raw.columns]
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _refuse_names_alike(raw: pd.DataFrame, table: Table) -> None:
    """Names that differ in capitals alone are one name to some engines."""
    by_name: dict[str, str] = {}
    for column in map(str, raw.columns):
        other = by_name.setdefault(column.lower(), column)
        if other != column:
            raise TableError(
                f"{table.name} has columns {other} and {column}, which differ in capital letters "
                "alone: rename or leave out one of them."
            )

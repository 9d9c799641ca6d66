"""Refuses a table whose required columns are missing, or whose column names clash."""

import pandas as pd

from core.errors import TableError, nearest, suggestion
from sources.contract import Table
from sources.meanings.column_names import meant_columns
from sources.params import SourceParams
from sources.tables.keys import no_order_number


def refuse_header(raw: pd.DataFrame, table: Table, params: SourceParams) -> None:
    """Raises TableError where a required column is missing, there are no rows, or names clash."""
    _refuse_incomplete(raw, table, params)
    if raw.empty:
        raise TableError(f"{table.name} has a header but no rows. Export it again.")
    _refuse_names_alike(raw, table)


def _refuse_incomplete(raw: pd.DataFrame, table: Table, params: SourceParams) -> None:
    # The order's number last: what is said about it needs the other two.
    for column in sorted(table.required, key=lambda column: column == "order_id"):
        if column in raw.columns:
            continue
        # A column that already has a meaning of its own is not the one that is missing.
        free = [str(c) for c in raw.columns if c not in table.columns]
        cure = f"Rename it with source.columns.{table.name}.{column} in params.yaml."
        if column == "order_id":
            cure = no_order_number(raw, params)
        raise TableError(
            f"{table.name} has no column {column}. It has: "
            f"{', '.join(str(c) for c in raw.columns)}."
            f"{suggestion(_meant(column, table, free))} {cure}"
        )


def _meant(column: str, table: Table, free: list[str]) -> str | None:
    """The column that is likely meant: by what its name means, or by its letters."""
    by_meaning = meant_columns(column, table.name, free)
    return by_meaning[0] if by_meaning else nearest(column, free)


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

"""Renames and computes the user's columns into those of the contract, by DuckDB.

`source.filter` says which rows count; `source.columns` renames; `source.derive` computes columns by
DuckDB SQL expressions over the source's own column names. What lies in files and what comes out of
a database go through here.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import duckdb
import pandas as pd
from pandas.api.types import is_float_dtype

from core.errors import SourceError, did_you_mean
from sources.contract import ABOVE, BLANK, LEFT_OUT, NUMBER, PLACE, TEXT, TIME, YESNO, Table
from sources.cures import quoted
from sources.notes import NOTES
from sources.params import SourceParams
from sources.tables.cells import texts
from sources.tables.expressions import Raw, expression_cure
from sources.tables.lost import lost_text

HOLDS, ROW = "_regulars_row_counts", "_regulars_row"  # columns that no export has
BEYOND_THE_ROW = re.compile(r"\bOVER\b", re.IGNORECASE)  # DuckDB then gives rows in another order


@dataclass(frozen=True)
class Selected:
    """The SELECT of a table's rows in the contract's columns, and how many rows are left out.

    `raw` is what it reads; `is_plain` tells that each row is made of itself alone. `lost` are the
    texts, as SQL, that expressions may not be able to read.
    """

    sql: str
    raw: Raw
    left_out: int
    is_plain: bool
    lost: Mapping[str, str]

    def loses_none(self, connection: duckdb.DuckDBPyConnection) -> bool:
        """Whether there is no such text in any row."""
        for text in self.lost.values():
            try:
                select = f"SELECT 1 FROM {self.raw.relation} WHERE ({text}) IS NOT NULL LIMIT 1"
                if connection.execute(select).fetchone():
                    return False
            except duckdb.Error:  # what is written anew of an expression may not be what it was
                continue
        return True


def selected(
    connection: duckdb.DuckDBPyConnection, raw: Raw, table: Table, params: SourceParams
) -> Selected:
    """All rows, with the contract's columns and those that were not renamed.

    Raises SourceError for a rename from a column that is not there or to one the contract does not
    have.
    """
    condition = params.filter.get(table.name)
    raw, left_out = _filtered(connection, raw, condition)
    renames = params.columns.get(table.name, {})
    derive = params.derive.get(table.name, {})
    _refuse_unknown_targets({**renames, **derive}, table)
    _refuse_missing_columns(renames, raw, table)
    computed = [f"({expression}) AS {quoted(target)}" for target, expression in derive.items()]
    # DuckDB's names know no case: `quantity: Quantity` leaves no second column behind.
    used = {column.lower() for column in (*renames, *renames.values(), *derive)}
    rest = [column for column in raw.columns if column.lower() not in used]
    # A column both renamed and computed is the computed one: so a cure can be pasted as it is.
    renamed = [
        f"{quoted(source)} AS {quoted(target)}"
        for target, source in renames.items()
        if target not in derive
    ]
    select = ", ".join([*renamed, *computed, *(quoted(column) for column in rest)])
    relation, in_order = _in_order(raw.relation, derive.values())
    is_alone = not in_order and not _in_order("", [condition or ""])[1]
    lost = {
        target: text
        for target, expression in derive.items()
        if table.columns.get(target) in (NUMBER, TIME, YESNO) and (text := lost_text(expression))
    }
    return Selected(f"SELECT {select} FROM {relation}{in_order}", raw, left_out, is_alone, lost)


def mapped(
    connection: duckdb.DuckDBPyConnection, raw: Raw, table: Table, params: SourceParams
) -> pd.DataFrame:
    """The rows that are selected, in memory.

    Raises SourceError as `selected` does, and for an expression that fails.
    """
    chosen, derive = selected(connection, raw, table, params), params.derive.get(table.name, {})
    raw = chosen.raw
    try:
        frame = frame_of(connection, chosen.sql)
    except duckdb.Error as error:
        _refuse_header_only(connection, raw)
        where, hint = f"{raw.name} could not be read: ", ""
        if derive:
            where = f"{raw.name} could not be read with source.derive.{table.name}: "
            hint = expression_cure(connection, raw, table, params, error)
        raise SourceError(
            f"{where}{str(error).splitlines()[0]} Columns: {', '.join(raw.columns)}.{hint}"
        ) from None
    _keep_lost(frame, connection, chosen, derive)
    frame, blank = _without_blank_rows(
        ids_as_text(frame, table), [c for c in frame.columns if c not in derive]
    )
    frame.attrs[LEFT_OUT], frame.attrs[BLANK] = chosen.left_out, blank
    return frame


def ids_as_text(frame: pd.DataFrame, table: Table) -> pd.DataFrame:
    """The rows with numbers in columns of text as that: 17850.0 in a part with gaps is 17850."""
    for column in frame.columns:
        if table.columns.get(column) == TEXT and is_float_dtype(frame[column]):
            frame[column] = texts(frame[column])
    return frame


def _without_blank_rows(frame: pd.DataFrame, given: list[str]) -> tuple[pd.DataFrame, int]:
    """Without rows of which none of the given cells holds anything, and how many those are."""
    blank = pd.Series(data=bool(given), index=frame.index)
    for column in given:
        if not blank.any():
            return frame, 0
        blank &= frame[column].isna()
    return frame[~blank].reset_index(drop=True), int(blank.sum())


def frame_of(connection: duckdb.DuckDBPyConnection, select: str) -> pd.DataFrame:
    """The rows of a SELECT; times with a zone go through UTC: DuckDB's own way makes warnings."""
    found = connection.sql(select)
    zoned = [
        column
        for column, kind in zip(found.columns, found.types, strict=True)
        if kind == "TIMESTAMP WITH TIME ZONE"
    ]
    plain = ", ".join(f"timezone('UTC', {quoted(c)}) AS {quoted(c)}" for c in zoned)
    frame: pd.DataFrame = (found.project(f"* REPLACE ({plain})") if zoned else found).df()
    return frame.assign(**{column: frame[column].dt.tz_localize("UTC") for column in zoned})


def kinds_of(connection: duckdb.DuckDBPyConnection, select: str) -> dict[str, str]:
    """The columns of a SELECT, and DuckDB's type of each."""
    described = connection.execute(f"DESCRIBE {select}").fetchall()
    return {str(name): str(kind) for name, kind, *_ in described}


def _keep_lost(
    frame: pd.DataFrame,
    connection: duckdb.DuckDBPyConnection,
    chosen: Selected,
    derive: Mapping[str, str],
) -> None:
    """Put the texts that expressions could not read where their values would be."""
    raw = chosen.raw
    for target, lost in chosen.lost.items():
        expression = derive[target]
        try:
            texts_lost = connection.sql(f"SELECT {lost} AS lost FROM {raw.relation}").df()["lost"]
            if texts_lost.notna().any():
                cells = f"coalesce({lost}, CAST(({expression}) AS VARCHAR))"
                relation, in_order = _in_order(raw.relation, [cells])
                read = connection.sql(f"SELECT {cells} AS cells FROM {relation}{in_order}").df()
                frame[target] = read["cells"]
        except duckdb.Error:  # what is written anew of an expression may not be what it was
            continue


def joined(parts: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The parts of one table, one after the other."""
    frame = pd.concat(parts, ignore_index=True)
    for counted in (LEFT_OUT, BLANK):
        frame.attrs[counted] = sum(part.attrs[counted] for part in parts)
    frame.attrs[ABOVE] = parts[0].attrs.get(ABOVE, 0) if len(parts) == 1 else 0
    frame.attrs[PLACE] = parts[0].attrs.get(PLACE, "")
    frame.attrs[NOTES] = tuple(note for part in parts for note in part.attrs.get(NOTES, ()))
    return frame


def _filtered(
    connection: duckdb.DuckDBPyConnection, raw: Raw, condition: str | None
) -> tuple[Raw, int]:
    """The rows for which the condition holds, and how many others there are.

    They are left out before any expression is computed: a line of totals needs no date. The
    condition may look at other rows: max(status) OVER (PARTITION BY order_no) = 'paid'.
    """
    if condition is None:
        return raw, 0
    relation, in_order = _in_order(raw.relation, [condition])
    judged = f"(SELECT *, coalesce(({condition}), false) AS {HOLDS} FROM {relation})"
    try:
        counts = connection.execute(
            f"SELECT count(*), count(*) FILTER (WHERE NOT {HOLDS}) FROM {judged}"
        ).fetchone()
    except duckdb.Error as error:
        _refuse_header_only(connection, raw)
        raise SourceError(
            f"{raw.name} could not be read with source.filter: {str(error).splitlines()[0]} "
            f"Columns: {', '.join(raw.columns)}."
        ) from None
    rows, left_out = counts or (0, 0)
    if rows and left_out == rows:
        raise SourceError(
            f"{raw.name}: source.filter leaves none of the {rows:,} rows. It keeps those for which "
            f"this holds: {condition}"
        )
    inner = f"{HOLDS}, {ROW}" if in_order else HOLDS
    relation = f"(SELECT * EXCLUDE ({inner}) FROM {judged} WHERE {HOLDS}{in_order})"
    return Raw(relation, raw.columns, raw.name), left_out


def _in_order(relation: str, expressions: Iterable[str]) -> tuple[str, str]:
    """A relation, and the end of a query that keeps the order of its rows whatever is computed."""
    if not any(BEYOND_THE_ROW.search(expression) for expression in expressions):
        return relation, ""
    placed = f"(SELECT *, row_number() OVER () AS {ROW} FROM {relation})"
    return placed, f" ORDER BY {ROW}"


def columns_of(
    types: Iterable[str], seen: Iterable[str], table: Table, params: SourceParams
) -> list[str]:
    """Those of the columns that end up, renamed or not, as one of these types of the contract."""
    wanted, renames = set(types), params.columns.get(table.name, {})
    return [
        column
        for column in seen
        if any(
            table.columns.get(target) in wanted
            for target in [t for t, source in renames.items() if source == column] or [column]
        )
    ]


def uncalculated(columns: Iterable[str], table: Table, params: SourceParams) -> list[str]:
    """Those of the columns that no expression names, or whose notation params.yaml declares."""
    names = params.columns.get(table.name, {})
    declared = {names.get(target, target) for target in params.numbers.get(table.name, {})}
    expressions = " ".join(params.derive.get(table.name, {}).values()).lower()
    return [column for column in columns if column in declared or column.lower() not in expressions]


def _refuse_header_only(connection: duckdb.DuckDBPyConnection, raw: Raw) -> None:
    if connection.sql(f"SELECT * FROM {raw.relation} LIMIT 1").fetchone() is None:
        raise SourceError(f"{raw.name} has a header but no rows. Export it again.") from None


def _refuse_unknown_targets(targets: Mapping[str, str], table: Table) -> None:
    for target in targets:
        if target not in table.columns and not table.open_ended:
            raise SourceError(
                f"params.yaml maps a column to {table.name}.{target}, which the contract does not "
                f"have.{did_you_mean(target, table.columns)} It has: {', '.join(table.columns)}."
            )


def _refuse_missing_columns(renames: Mapping[str, str], raw: Raw, table: Table) -> None:
    for target, source in renames.items():
        if source not in raw.columns:
            raise SourceError(
                f"{raw.name}: source.columns.{table.name}.{target} names the column {source}, "
                f"which is not there.{did_you_mean(source, raw.columns)} "
                f"Columns: {', '.join(raw.columns)}."
            )

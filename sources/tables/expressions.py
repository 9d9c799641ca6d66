"""How to mend an expression of source.derive that fails.

Price * Quantity      Price is text ("1 356,60"): the line that takes the number out of it
Cents * 1000000000    too large for whole numbers: the line that calculates with fractions
"""

from dataclasses import dataclass

import duckdb
import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sources.contract import Table
from sources.cures import named, pasted, quoted
from sources.params import SourceParams
from sources.written.numbers import decimal_mark, read_numbers

UNREADABLE = (duckdb.ConversionException, duckdb.InvalidInputException)
LOOKED_AT = 1_000  # distinct cells of a column, to see how it writes numbers
KEPT = {  # how a text becomes a number, by the mark before its decimals
    ".": "try_cast(regexp_replace({}, '[^0-9.-]', '', 'g') AS DOUBLE)",
    ",": "try_cast(replace(regexp_replace({}, '[^0-9,-]', '', 'g'), ',', '.') AS DOUBLE)",
}


@dataclass(frozen=True)
class Raw:
    """What DuckDB reads FROM, the columns it has, and what messages call it."""

    relation: str
    columns: list[str]
    name: str


def expression_cure(
    connection: duckdb.DuckDBPyConnection,
    raw: Raw,
    table: Table,
    params: SourceParams,
    error: duckdb.Error,
) -> str:
    """A hint that begins with a space, or nothing."""
    derive, rewritten_sql = params.derive.get(table.name, {}), {}
    for target, expression in derive.items():
        if isinstance(error, duckdb.OutOfRangeException):
            numbers = {
                column: f"CAST({named(column)} AS DOUBLE)"
                for column, kind in _kinds(connection, raw).items()
                if kind in ("BIGINT", "HUGEINT", "INTEGER")
            }
        else:
            numbers = _numbers_in_texts(connection, raw)
        rewritten = _rewritten(expression, numbers)
        if rewritten:
            rewritten_sql[target] = rewritten
    if isinstance(error, duckdb.OutOfRangeException) and rewritten_sql:
        why = " Whole numbers end at 9,223,372,036,854,775,807; with fractions there is room."
    elif isinstance(error, duckdb.BinderException) and rewritten_sql:
        why = " An expression calculates with text that looks like numbers."
    elif isinstance(error, UNREADABLE):
        return " Functions that start with try_ set aside the rows they cannot read."
    else:
        return ""
    line = pasted("derive", {table.name: rewritten_sql}, params)
    return f"{why} Write below source: in params.yaml: {line}."


def _kinds(connection: duckdb.DuckDBPyConnection, raw: Raw) -> dict[str, str]:
    found = connection.sql(f"SELECT * FROM {raw.relation} LIMIT 0")
    return dict(zip(found.columns, map(str, found.types), strict=True))


def _numbers_in_texts(connection: duckdb.DuckDBPyConnection, raw: Raw) -> dict[str, str]:
    """SQL for the number in every column of texts that all look like one."""
    numbers = {}
    for column, kind in _kinds(connection, raw).items():
        if kind != "VARCHAR":
            continue
        cells = connection.sql(
            f"SELECT DISTINCT {quoted(column)} AS cell FROM {raw.relation} "
            f"WHERE {quoted(column)} IS NOT NULL LIMIT {LOOKED_AT}"
        ).df()["cell"]
        mark = decimal_mark((str(cell), 1) for cell in cells)
        if mark and len(cells) and (read_numbers(cells).reasons == "").all():
            numbers[column] = KEPT[mark].format(named(column))
    return numbers


def _rewritten(expression: str, columns: dict[str, str]) -> str | None:
    """The expression with others in place of some columns; None where it has none of them."""
    try:
        tree = sqlglot.parse_one(expression, dialect="duckdb")
    except SqlglotError:
        return None
    by_name = {column.lower(): sql for column, sql in columns.items()}
    found = [c for c in tree.find_all(exp.Column) if c.name.lower() in by_name]
    for column in found:
        other = sqlglot.parse_one(by_name[column.name.lower()], dialect="duckdb")
        tree = other if column is tree else tree
        column.replace(other)
    return tree.sql("duckdb") if found else None

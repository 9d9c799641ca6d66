"""Keeps the text of cells that a derived column could not read.

    derive: {orders: {amount: "try_cast(price AS DOUBLE)"}}     price "12,50 руб."

gives no amount, and the row would look like one whose amount is unknown. But the amount is there,
only written differently: the text takes the amount's place, and the check reads it or sets the row
aside with it. A cell that an expression empties on purpose (CASE, NULLIF) stays empty.
"""

from collections.abc import Iterable

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from sources.cures import quoted

EXPLICIT = (exp.Case, exp.If, exp.Nullif, exp.Null)  # what makes a cell empty on purpose


def lost_text(expression: str) -> str | None:
    """SQL for the text that an expression could not read, NULL where it lost nothing.

    None where the expression can lose nothing.
    """
    try:
        tree = sqlglot.parse_one(expression, dialect="duckdb")
    except SqlglotError:  # DuckDB knows more SQL than sqlglot does
        return None
    cases = [case for node in tree.walk() if (case := _case(node))]
    if not any(tree.find_all(*EXPLICIT)) and (columns := _columns(tree)):
        # A text of no characters where there were some: nothing matched a pattern.
        cases.append(f"WHEN CAST(({expression}) AS VARCHAR) = '' THEN {_held(columns)}")
        found = f"CASE {' '.join(cases)} END"
    elif cases:
        found = f"CASE WHEN ({expression}) IS NULL THEN CASE {' '.join(cases)} END END"
    else:
        return None
    return f"nullif({found}, '')"


def _case(node: exp.Expr) -> str | None:
    """`WHEN nothing came of something THEN that text`, of one function that tries."""
    if isinstance(node, exp.TryCast | exp.Try):
        tried = node.this
    elif isinstance(node, exp.Anonymous) and node.name.lower().startswith("try_"):
        tried = node.expressions[0]
    else:
        return None
    columns = _columns(tried)
    if not columns:
        return None
    emptied = any(tried.find_all(*EXPLICIT))
    there = f"CAST({tried.sql('duckdb')} AS VARCHAR)" if emptied else _held(columns)
    return f"WHEN ({node.sql('duckdb')}) IS NULL AND trim({there}) <> '' THEN {_held(columns)}"


def _columns(node: exp.Expr) -> list[str]:
    return list(dict.fromkeys(column.name for column in node.find_all(exp.Column)))


def _held(columns: Iterable[str]) -> str:
    """The text of the columns, in one."""
    return f"concat_ws(' ', {', '.join(f'trim(CAST({quoted(c)} AS VARCHAR))' for c in columns)})"

"""Customers go by numbers while a part of them is computed: joins and sums are faster than by text.

Nothing of it is seen outside: expressions say `customer_id` and mean text, and where their rows
leave the engine the ids stand in them again. Numbers are in the order of ids, so that what is
sorted by one is sorted by the other.
"""

from collections.abc import Mapping

import ibis.expr.operations as ops
import ibis.expr.types as ir

from features.engines.compiling import compiled

ID = "customer_id"
NUMBERS = "numbers_of_customers"


def numbers_of(sources: Mapping[str, str]) -> str:
    """SQL of the table NUMBERS: the customers of these rows (by table: what follows FROM)."""
    ids = " UNION ".join(f"SELECT {ID} FROM {rows}" for rows in sources.values())
    return (
        f"SELECT {ID}, CAST(row_number() OVER (ORDER BY {ID}) AS INTEGER) AS number "
        f"FROM (SELECT DISTINCT {ID} FROM ({ids})) ORDER BY number"
    )


def numbered(rows: str) -> str:
    """SQL of rows with numbers in place of ids."""
    return (
        f"SELECT given.* REPLACE (known.number AS {ID}) FROM {rows} AS given "
        f"JOIN {NUMBERS} AS known ON given.{ID} = known.{ID}"
    )


def with_ids(table: ir.Table) -> str:
    """SQL of the rows of an expression over numbered tables, with ids in place of numbers.

    In the order that the expression asks for; that must be one of its own columns.
    """
    if ID not in table.columns:
        return compiled(table)
    node = table.op()
    keys = node.keys if isinstance(node, ops.Sort) else ()
    rows = node.parent.to_expr() if isinstance(node, ops.Sort) else table
    order = ", ".join(map(_key, keys))
    return (
        f"SELECT found.* REPLACE (known.{ID} AS {ID}) FROM ({compiled(rows)}) AS found "
        f"LEFT JOIN {NUMBERS} AS known ON found.{ID} = known.number"
    ) + (f" ORDER BY {order}" if order else "")


def _key(key: ops.SortKey) -> str:
    direction = "ASC" if key.ascending else "DESC"
    return f'found."{key.arg.name}" {direction} NULLS {"FIRST" if key.nulls_first else "LAST"}'

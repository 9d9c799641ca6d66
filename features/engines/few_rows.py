"""An expression over a few rows of one table: put together once, asked of many customers.

To put an expression together and to open a database takes ten times as long as DuckDB takes to
answer it for one customer. Both are kept: the SQL by the columns there are, the database by thread.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from threading import local
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from sources.contract import NUMBER, TABLES, TIME, YESNO
from sources.duck import connect

IBIS = {TIME: "timestamp(6)", NUMBER: "float64", YESNO: "boolean"}
ARROW = {TIME: pa.timestamp("us"), NUMBER: pa.float64(), YESNO: pa.bool_()}
_OF_THREAD = local()
Expression = Callable[[ir.Table], ir.Table]


def asked_of(
    rows: Sequence[Mapping[str, Any]], table: str, columns: Sequence[str], asked: Expression
) -> list[dict[str, Any]]:
    """What `asked` gives for these rows of a table of the contract, with these of its columns.

    Times are naive and UTC. `asked` is a function with a name: what it gives is kept under it.
    """
    kinds = TABLES[table].columns
    there = tuple(name for name in kinds if name in columns)
    schema = pa.schema([(name, ARROW.get(kinds[name], pa.string())) for name in there])
    given = pa.Table.from_pylist([{n: row.get(n) for n in there} for row in rows], schema)
    duck = _duck()
    duck.register(table, given)
    try:
        answer = duck.sql(_sql(table, there, asked))
        found: list[dict[str, Any]] = answer.arrow().read_all().to_pylist()
        return found
    finally:
        duck.unregister(table)


@lru_cache(maxsize=64)
def _sql(table: str, columns: tuple[str, ...], asked: Expression) -> str:
    kinds = TABLES[table].columns
    schema = ibis.schema({name: IBIS.get(kinds[name], "string") for name in columns})
    return str(ibis.to_sql(asked(ibis.table(schema, name=table)), dialect="duckdb"))


def _duck() -> Any:
    if "duck" not in _OF_THREAD.__dict__:
        _OF_THREAD.duck = connect(threads=1)
    return _OF_THREAD.duck

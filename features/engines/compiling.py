"""Expressions as SQL of DuckDB, each compiled once."""

from functools import lru_cache

import ibis.expr.operations as ops
import ibis.expr.types as ir
from ibis.backends.sql.compilers.duckdb import compiler
from sqlglot import exp

from features.history.facts import Step

IGNORE_NULL = (exp.Sum, exp.Min, exp.Max, exp.Avg, exp.Count)


def compiled(table: ir.Table) -> str:
    """An expression as DuckDB SQL, compiled once."""
    return _compiled(table.op())


def compiled_step(step: Step) -> str:
    """A step as DuckDB SQL, with its whole numbers narrow.

    Sums of them are 128 bits wide in DuckDB; none that is stored (days, and counts of one day or
    customer) needs more than 32, and aggregates of those are faster.
    """
    whole = [name for name, kind in step.table.schema().items() if kind.is_int64()]
    if not (step.keep and whole):
        return compiled(step.table)
    narrow = ", ".join(f'CAST("{name}" AS INTEGER) AS "{name}"' for name in whole)
    return f"SELECT * REPLACE ({narrow}) FROM ({compiled(step.table)})"


@lru_cache(maxsize=512)
def _compiled(node: ops.Relation) -> str:
    # As a tree: to write the statement and to parse it again took as long as all of the rest.
    statement: exp.Expression = compiler.to_sqlglot(node.to_expr())
    return statement.transform(_cased, copy=False).sql(dialect="duckdb")


def _cased(node: exp.Expression) -> exp.Expression:
    """SUM(x) FILTER (c) as SUM(CASE WHEN c THEN x END): among many aggregates that is faster."""
    if not isinstance(node, exp.Filter) or not isinstance(node.this, IGNORE_NULL):
        return node
    aggregate, condition = node.this, node.expression.this
    value = aggregate.this
    if isinstance(value, exp.Distinct):
        return node
    counted = exp.Literal.number(1) if isinstance(value, exp.Star) else value
    aggregate.set("this", exp.Case(ifs=[exp.If(this=condition, true=counted)]))
    return aggregate

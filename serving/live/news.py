"""Histories with what was told since: rows that count once, as in the next run."""

import datetime as dt
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from serving.live.histories import KEYS, typed_rows
from serving.work.kinds import Row
from serving.work.pending import Pending
from sources.contract import ORDERS, TABLES, TIME, Table
from sources.tables.told import as_own, standing

if TYPE_CHECKING:
    from features.history.facts import Schemas


def with_news(
    known: Mapping[str, pa.Table],
    told: Sequence[Pending],
    until: dt.date,
    schemas: "Schemas",
) -> dict[str, pa.Table]:
    """Histories of some customers with what was told of them, in the schemas of the release.

    An order, or a row, that a history holds already counts once, as in the next run
    (sources/tables/told.py). Tables and columns that the release does not have are left out.
    """
    whole = {
        name: _in_schema(table, schemas[name]) for name, table in known.items() if name in schemas
    }
    for name, schema in schemas.items():
        contract = TABLES[name]
        rows = [row for its in told for row in as_own(standing(its.rows.get(name, ()), contract))]
        if not rows:
            continue
        before = whole.get(name, schema.to_pyarrow().empty_table())
        rows, before = _not_known(rows, before, contract, until)
        counts = Counter(before["order_id"].to_pylist()) if contract is ORDERS else None
        told_rows = [(row["customer_id"], _timed(row, contract)) for row in rows]
        new = typed_rows(name, told_rows, schema, counts)
        whole[name] = pa.concat_tables([before, new])
    return whole


def without_orders(told: Pending, order_ids: Collection[str]) -> Pending:
    """What was told of one customer, without the orders of these numbers."""
    if not order_ids:
        return told
    kept = [row for row in told.rows[ORDERS.name] if row["order_id"] not in order_ids]
    return replace(told, rows={**told.rows, ORDERS.name: kept})


def _not_known(
    rows: list[Row], before: pa.Table, contract: Table, until: dt.date
) -> tuple[list[Row], pa.Table]:
    """The rows that are new, and the history with what they tell of rows that it leaves open."""
    key = [
        column for column in contract.key if column != "line_id" and column in before.schema.names
    ]
    have = before.select(key).to_pylist() if len(before) else []
    place = {_key(_typed(row), key): number for number, row in enumerate(have)}
    if contract is ORDERS:  # what comes later under the number of an order is a line of its own
        end = (until + dt.timedelta(days=1)).isoformat()
        new = [row for row in rows if row[contract.time] >= end or _key(row, key) not in place]
        return _once(new, contract), before
    new, later = [], {}
    for row in rows:
        number = place.get(_key(_typed(_timed(row, contract)), key))
        if number is None:
            new.append(row)
        else:
            later[number] = _timed(row, contract)
    return _once(new, contract), _completed(before, later, contract)


def _completed(before: pa.Table, later: Mapping[int, Row], contract: Table) -> pa.Table:
    """The rows of a history; cells whose time they leave open as `later` tells them, by place."""
    if not later or not contract.later:
        return before
    rows = before.to_pylist()
    for number, news in later.items():
        for time, cells in contract.later.items():
            if time in rows[number] and rows[number][time] is None and time in news:
                rows[number] |= {c: news[c] for c in cells if c in news and c in rows[number]}
                rows[number][time] = _naive(news[time])
    return pa.Table.from_pylist(rows, before.schema)


def _once(rows: list[Row], contract: Table) -> list[Row]:
    """The rows; of those that were told under one key of their own the first."""
    key = KEYS.get(contract.name)
    if key is None:
        return rows
    seen, kept = set(), []
    for row in rows:
        its = tuple(row.get(column) for column in key)
        if None in its or its not in seen:
            kept.append(row)
        seen.add(its)
    return kept


def _timed(row: Row, contract: Table) -> Row:
    """The row as read back, with its times as times."""
    times = [c for c, kind in contract.columns.items() if kind == TIME and row.get(c) is not None]
    return {**row, **{c: dt.datetime.fromisoformat(row[c]) for c in times}}


def _typed(row: Mapping[str, Any]) -> Row:
    """The row with its times as the tables have them."""
    return {c: _naive(v) if isinstance(v, dt.datetime) else v for c, v in row.items()}


def _naive(time: dt.datetime) -> dt.datetime:
    return time if time.tzinfo is None else time.astimezone(dt.UTC).replace(tzinfo=None)


def _key(row: Mapping[str, Any], key: Sequence[str]) -> tuple[Any, ...]:
    return tuple(row.get(column) for column in key)


def _in_schema(table: pa.Table, schema: Any) -> pa.Table:
    """A table of the store in the release's schema; columns that were not kept have no value."""
    wanted = schema.to_pyarrow()
    columns = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(len(table), field.type)
        for field in wanted
    ]
    return pa.table(columns, schema=wanted)

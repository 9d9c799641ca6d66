"""What is known of one customer now: the rows of the release, and what was told since.

A row that was told counts once, as in the next run: one that the release holds already only fills
in what that leaves open (when a ticket was closed, how a contact was answered).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from serving.store.customer_history import CustomerHistory, customer_history
from serving.store.published import Found
from serving.work.kinds import RESPONSES, Row
from serving.work.outcomes import KNOWN_AT
from serving.work.pending import told_since
from sources.contract import CONTACTS, ORDERS, TABLES, TIME, Table
from sources.tables.told import standing

LONG_AGO = dt.datetime(1, 1, 1)  # noqa: DTZ001  (naive, as all times in the store)
IS_NEW = "is_new"  # of a row: it was told, and the release does not know it


@dataclass(frozen=True)
class CustomerRows:
    """Rows by table, oldest first, with IS_NEW; `history` says which tables there are."""

    history: CustomerHistory
    rows: Mapping[str, list[Row]]

    def has(self, table: str) -> bool:
        """Whether anything is known of this table, of anybody or of this customer."""
        return table in self.history.tables or bool(self.rows.get(table))

    def columns(self, table: str) -> list[str]:
        """The columns of a table that any of its rows has."""
        told = {name for row in self.rows.get(table, ()) for name in row}
        return [name for name in TABLES[table].columns if name in told]


def customer_rows(connection: Connection, found: Found, customer_id: str) -> CustomerRows:
    """Everything that is known of this customer, whether or not the release has histories."""
    history = customer_history(connection, found, customer_id)
    told = told_since(connection, found, customer_id) if found.release.is_current else {}
    rows: dict[str, list[Row]] = {}
    for name, table in TABLES.items():
        known = [{**row, IS_NEW: False} for row in history.rows.get(name, ())]
        news = [_timed(row, table) for row in standing(told.get(name, ()), table)]
        merged = _merged(known, news, table)
        if name == CONTACTS.name:
            _answer(merged, [_timed(row, table) for row in told.get(RESPONSES, ())])
        if merged:
            time = table.time
            rows[name] = sorted(merged, key=lambda row: row.get(time) or LONG_AGO)
    return CustomerRows(history, rows)


def _merged(known: list[Row], news: Sequence[Row], table: Table) -> list[Row]:
    key = [name for name in table.key if name != "line_id" or table is ORDERS]
    by_key = {tuple(row.get(name) for name in key): row for row in known}
    orders = {row["order_id"] for row in known} if table is ORDERS else set()
    for row in news:
        same = by_key.get(tuple(row.get(name) for name in key))
        if same is not None:
            _fill_in(same, row, table)
        elif row.get("order_id") not in orders:  # an order that the export holds is whole
            known.append({**row, IS_NEW: True})
    return known


def _answer(contacts: Sequence[Row], answers: Sequence[Row]) -> None:
    by_id = {row["contact_id"]: row for row in contacts}
    for answer in answers:
        if answer["contact_id"] in by_id:
            _fill_in(by_id[answer["contact_id"]], answer, CONTACTS)


def _fill_in(row: Row, news: Row, table: Table) -> None:
    for time, cells in table.later.items():
        if row.get(time) is None and news.get(time) is not None:
            row |= {name: news.get(name) for name in (time, *cells) if name in news}


def _timed(row: Row, table: Table) -> Row:
    """The row as read back, with its times naive and UTC, without when it was told."""
    return {
        name: _naive(cell) if table.columns.get(name) == TIME and cell is not None else cell
        for name, cell in row.items()
        if name != KNOWN_AT
    }


def _naive(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).astimezone(dt.UTC).replace(tzinfo=None)

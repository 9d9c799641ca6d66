"""What a release knows that one customer did: the rows of its histories, table by table."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from serving.store.histories import UNTIL, histories_of, tables_of
from serving.store.published import Found

Row = dict[str, Any]


@dataclass(frozen=True)
class CustomerHistory:
    """Rows by table, as the release holds them; times are naive and UTC.

    `tables` are those that the release has of anybody, with the columns of those in which the
    customer has rows. None of it where `is_known` is false: of releases that are not the current
    one, of older code, or of data whose histories are not kept.
    """

    is_known: bool
    tables: frozenset[str] = frozenset()
    columns: dict[str, tuple[str, ...]] = field(default_factory=dict)
    rows: dict[str, list[Row]] = field(default_factory=dict)


def customer_history(connection: Connection, found: Found, customer_id: str) -> CustomerHistory:
    """What the release knows of this customer, in the order in which it was delivered."""
    if not found.release.is_current or found.part(connection, UNTIL) is None:
        return CustomerHistory(is_known=False)
    known = histories_of(connection, found.number, [customer_id])
    return CustomerHistory(
        is_known=True,
        tables=tables_of(connection, found.number),
        columns={name: tuple(rows.column_names) for name, rows in known.items()},
        rows={name: rows.to_pylist() for name, rows in known.items()},
    )

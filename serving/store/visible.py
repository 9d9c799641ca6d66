"""Whose customers a reader of the store sees: everybody's, or those of some owners only."""

from collections.abc import Collection

from sqlalchemy import Connection, Engine

OWNERS = "visible_owners"


def only_of(engine: Engine, owners: Collection[str]) -> Engine:
    """The same store, in which every reader sees the customers of these owners and nobody else."""
    return engine.execution_options(**{OWNERS: frozenset(owners)})


def visible_owners(reader: Engine | Connection) -> frozenset[str] | None:
    """The owners whose customers are seen; None where everybody is."""
    found: frozenset[str] | None = reader.get_execution_options().get(OWNERS)
    return found


def sees(connection: Connection, owner: str | None) -> bool:
    """Whether this reader sees the customers of this owner."""
    owners = visible_owners(connection)
    return owners is None or owner in owners

"""Random values of this store's own: they sign and hash what nobody else may forge or guess.

They stand in the store, as every server of it has to know them, and stage `ingest` too.
"""

import hashlib
import hmac
import secrets as random

from sqlalchemy import Connection, delete, insert, select

from serving.store.people_tables import secrets

SESSIONS = "sessions"  # signs the cookies of users
CUSTOMERS = "customers"  # hashes ids of customers where the id itself may not stand
CURSORS = "cursors"  # seals the cursors of lists; made with the tables, as replicas only read
BYTES = 32


def secret(connection: Connection, name: str) -> bytes | None:
    """The value of this name; None before it was made."""
    found: bytes | None = connection.scalar(select(secrets.c.value).where(secrets.c.name == name))
    return found


def made_secret(connection: Connection, name: str) -> bytes:
    """The value of this name, made now where there is none; within a transaction of `writing`."""
    found = secret(connection, name)
    if found is None:
        found = random.token_bytes(BYTES)
        connection.execute(insert(secrets).values(name=name, value=found))
    return found


def remade_secret(connection: Connection, name: str) -> bytes:
    """A new value under this name: what the old one signed counts no more."""
    connection.execute(delete(secrets).where(secrets.c.name == name))
    return made_secret(connection, name)


def hashed_id(key: bytes, customer_id: str) -> str:
    """The keyed hash of a customer's id, as hex: nobody without the key can test a guess."""
    return hmac.new(key, customer_id.encode("utf-8", "surrogatepass"), hashlib.sha256).hexdigest()

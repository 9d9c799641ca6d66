"""The store's tables of people's access: no publication touches them.

Times are UTC. Nothing here can be used to get in: of a key only its sha256 is kept, of a password
its argon2 hash.
"""

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    DateTime,
    Integer,
    LargeBinary,
    String,
    Table,
)

from serving.store.tables import metadata

# Random values of this store's own, made once: they sign and hash what must not be guessed.
secrets = Table(
    "secrets",
    metadata,
    Column("name", String, primary_key=True),
    Column("value", LargeBinary, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("key_id", String, primary_key=True),  # the part of the key that may be shown
    Column("name", String, nullable=False),
    Column("sha256", String, nullable=False),  # of the whole key, as hex
    Column("scopes", JSON, nullable=False),
    Column("owners", JSON(none_as_null=True)),  # whose customers it sees; null: everybody's
    Column("created_at", DateTime, nullable=False),
    Column("expires_at", DateTime),
    Column("revoked_at", DateTime),
)

users = Table(
    "users",
    metadata,
    Column("name", String, primary_key=True),
    Column("password_hash", String, nullable=False),  # argon2id
    Column("role", String, nullable=False),
    Column("owners", JSON(none_as_null=True)),  # whose customers they see; null: everybody's
    Column("created_at", DateTime, nullable=False),
    Column("password_number", Integer, nullable=False),  # sessions of an earlier one have ended
)

# Sessions that were ended by hand; the others end by their own times.
ended_sessions = Table(
    "ended_sessions",
    metadata,
    Column("session_id", String, primary_key=True),
    Column("until", DateTime, nullable=False),  # when the session would have ended at the latest
)

# Who did what: each entry's hash covers that of the one before it.
audit_log = Table(
    "audit_log",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=False),  # 1, 2, 3 … without a gap
    Column("at", String, nullable=False),  # UTC, as it was hashed
    Column("who", String, nullable=False),
    Column("what", String, nullable=False),
    Column("about", String),  # the object; of a customer a keyed hash of the id
    Column("sha256", String, nullable=False),
)

# Where the log ends, so that a missing end is seen too.
audit_end = Table(
    "audit_end",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("sha256", String, nullable=False),
)

# Customers who are in no release: erased for good, or objecting to profiling for now.
kept_out = Table(
    "kept_out",
    metadata,
    Column("id_hash", String, primary_key=True),  # keyed hash of the customer's id
    Column("why", String, primary_key=True),
    Column("since", DateTime, nullable=False),
)

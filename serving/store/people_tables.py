"""The store's tables of people's access: no publication touches them.

Times are UTC. Nothing here can be used to get in: of a key only its sha256 is kept, of a password
its argon2 hash.
"""

from sqlalchemy import JSON, Column, DateTime, Integer, LargeBinary, String, Table

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

"""The store's tables of people's access: no publication touches them.

Times are UTC. Nothing here can be used to get in: of a key only its sha256 is kept.
"""

from sqlalchemy import JSON, Column, DateTime, LargeBinary, String, Table

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

"""Tables of what people and the CRM told: no release is written into them, and none takes them."""

from sqlalchemy import JSON, Column, Date, DateTime, ForeignKey, Index, Integer, String, Table, Text

from serving.store.tables import BYTES, metadata

# One row per accepted request; `number` only grows, in the order in which requests were accepted.
outcome_requests = Table(
    "outcome_requests",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("caller", String, nullable=False),  # whose key it is: others may choose the same
    Column("idempotency_key", BYTES, nullable=False),
    Column("body_sha256", String, nullable=False),  # of what was told, however it was written
    Column("received_at", DateTime, nullable=False),  # UTC
    Column("company", String, nullable=True),  # whose customers they are; null of older releases
    Column("answer", JSON, nullable=False),  # as it was given, for a request that is repeated
    sqlite_autoincrement=True,
)

Index(
    "ix_outcome_requests_key",
    outcome_requests.c.caller,
    outcome_requests.c.idempotency_key,
    unique=True,
)

outcomes = Table(
    "outcomes",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("request", ForeignKey("outcome_requests.number"), nullable=False),
    Column("customer_id", BYTES, nullable=False),
    Column("table_name", String, nullable=False),  # where it is read back
    Column("row", Text, nullable=False),  # JSON: the cells of the contract's columns
    # The day (UTC) of what enters the live history (`POST /v1/events`); null of outcomes.
    Column("event_day", Date, nullable=True),
    sqlite_autoincrement=True,
)
Index("ix_outcomes_customer_id", outcomes.c.customer_id)
Index("ix_outcomes_request", outcomes.c.request)
Index("ix_outcomes_event_day", outcomes.c.event_day)

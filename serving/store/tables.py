"""The store's tables. A change here needs a migration: a test compares the two.

A release is written under a number that nobody reads yet; `current_release` says which one is
served. What lists filter and sort by has a column of its own; the card itself is kept as JSON,
exactly as the API returns it.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

from serving.cards.sorting import ASCENDING, DESCENDING

# Texts are sorted by their bytes, the same on every database.
BYTES = String().with_variant(String(collation="C"), "postgresql")

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
    }
)

releases = Table(
    "releases",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("release_id", String, nullable=False, index=True),
    Column("model_version", String, nullable=False),
    Column("as_of_date", Date, nullable=False),
    Column("published_at", DateTime, nullable=True),  # UTC; null while it is being loaded
    Column("info", JSON, nullable=False),  # what the release says of itself
    Column("info_sha256", String, nullable=True),  # readers keep it parsed under this name
    sqlite_autoincrement=True,  # numbers are never reused: cursors name them
)

FORECAST, MONITOR = "forecast", "monitor"  # further parts of `info`

current_release = Table(
    "current_release",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("number", ForeignKey("releases.number"), nullable=False),
    Column("since", DateTime, nullable=False),  # UTC
)

# Narrow, so that filters and sums read little: the card itself is in card_texts. What lists sort by
# is never null, as databases disagree on where nulls come: 0 and 9999-12-31 stand for unknown
# values, and the card says null. With status `rule` churn_risk holds 1 / risk_rank, to sort by: it
# is no probability, and only `scored` rows are filtered by it.
cards = Table(
    "cards",
    metadata,
    Column("number", ForeignKey("releases.number"), primary_key=True),
    Column("customer_id", BYTES, primary_key=True),
    Column("search", Text, nullable=False),  # name and id, case-folded
    Column("status", String, nullable=False),
    Column("owner", String),
    Column("risk_band", String),
    Column("rfm_segment", String),
    Column("abc_class", String),
    Column("lifecycle_stage", String),
    Column("relationship_level", String),
    Column("suggested_level", String),
    Column("held_by", String),
    Column("relationship_declined", Boolean),
    Column("intended_action", String),
    Column("arm", String),
    Column("churn_risk", Double, nullable=False),
    Column("value_at_risk", Double, nullable=False),
    Column("expected_value", Double, nullable=False),
    Column("expected_gain", Double, nullable=False),
    Column("next_purchase_date", Date, nullable=False),
    Column("last_purchase_date", Date, nullable=False),
)
for _name in (*DESCENDING, *ASCENDING):
    _sorted = cards.c[_name].desc() if _name in DESCENDING else cards.c[_name]
    Index(f"ix_cards_{_name}", cards.c.number, _sorted, cards.c.customer_id)

card_texts = Table(
    "card_texts",
    metadata,
    Column("number", ForeignKey("releases.number"), primary_key=True),
    Column("customer_id", BYTES, primary_key=True),
    Column("card", Text, nullable=False),  # JSON
)

timelines = Table(
    "timelines",
    metadata,
    Column("number", ForeignKey("releases.number"), primary_key=True),
    Column("customer_id", BYTES, primary_key=True),
    Column("purchases", Text, nullable=False),  # JSON: [[day, orders, amount], …], oldest first
)

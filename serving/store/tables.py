"""The store's tables. A change here needs a migration: a test compares the two.

A release is written under a number that nobody reads yet; `current_release` says which one is
served. Releases share what does not differ between them: a card, and a timeline, counts from the
release of its `number` on, until a newer row of the same customer. What lists filter and sort by is
kept in columns, part by part (list_index.py).
"""

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)

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

# further parts of `info`; INDEX names what lists are filtered and sorted by
FORECAST, MONITOR, INDEX = "forecast", "monitor", "index_sha256"
PLAN_CURVES, OVERVIEW, CONTACT_LIMITS = "plan_curves", "overview", "contact_limits"
PLAN_CONTENTS, EFFECTS, MODEL = "plan_contents", "effects", "model"
MISSED = "missed"  # also the kind of the parts that hold its customers

current_release = Table(
    "current_release",
    metadata,
    Column("id", Integer, CheckConstraint("id = 1", name="one_row"), primary_key=True),
    Column("number", ForeignKey("releases.number"), nullable=False),
    Column("since", DateTime, nullable=False),  # UTC
)

# Rows of these two are never changed: the newest row of a customer whose number is not above that
# of a release is the one that counts in it, and a null says that the release has none.
card_versions = Table(
    "card_versions",
    metadata,
    Column("customer_id", BYTES, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=True),  # coding.py says how a card is written
)
timeline_versions = Table(
    "timeline_versions",
    metadata,
    Column("customer_id", BYTES, primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("content", LargeBinary, nullable=True),
)
VERSIONS = (card_versions, timeline_versions)
for _table in VERSIONS:
    Index(f"ix_{_table.name}_number", _table.c.number, _table.c.customer_id)

release_parts = Table(
    "release_parts",
    metadata,
    Column("number", ForeignKey("releases.number"), primary_key=True),
    # CARDS, TIMELINES, ORDER_IDS, CONTACT_DETAILS, MISSED or a table of histories
    Column("kind", String, primary_key=True),
    Column("part", Integer, primary_key=True, autoincrement=False),
    Column("first_id", BYTES, nullable=False),  # the least and the greatest customer id in it
    Column("last_id", BYTES, nullable=False),
    Column("content", LargeBinary, nullable=False),  # Arrow IPC: one row per customer
)
CARDS, TIMELINES, HISTORY = "cards", "timelines", "history:"  # HISTORY begins a table's kind
ORDER_IDS = "order ids"
CONTACT_DETAILS = "contact details"  # phone and e-mail, of the current release alone

# Cards computed anew for a release from what was told since; of a customer the newest counts.
live_cards = Table(
    "live_cards",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("release_number", ForeignKey("releases.number"), nullable=False),
    Column("customer_id", BYTES, nullable=False),
    Column("request", Integer, nullable=False),  # the newest request whose events are in it
    Column("content", LargeBinary, nullable=False),  # as in card_versions, with `purchases`
    Column("listed", Text, nullable=False),  # JSON: what lists filter and sort by
    sqlite_autoincrement=True,
)
Index("ix_live_cards_customer", live_cards.c.customer_id, live_cards.c.release_number)
Index("ix_live_cards_release", live_cards.c.release_number, live_cards.c.number)

# How cards are written: the columns of a row, and what compressed texts have in common.
codings = Table(
    "codings",
    metadata,
    Column("name", String, primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

"""Cards and timelines are shared between releases, and lists are read by columns.

Releases that are kept are carried over; the cards stay as they were served.
"""

import datetime as dt
import hashlib
import json
from typing import Any

import numpy as np
import pyarrow as pa
import sqlalchemy as sa
from alembic import op

from serving.store.coding import as_served, hash_of, packed_timelines, timelines_of
from serving.store.list_index import CODES, SCHEMA
from serving.store.versions import HASHES, packed

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BYTES = sa.String().with_variant(sa.String(collation="C"), "postgresql")
BATCH = 5_000
OLD = ("timelines", "card_texts", "cards")
# Lists know of these since later; whoever reads a release without them takes them as unknown.
LATER = (
    "rank_in_stage",
    "risk_change",
    "days_since_contact",
    "due_date",
    "win_back_blocked",
    "one_return_pays_for",
    "return_probability",
)
THEN = pa.schema([field for field in SCHEMA if field.name not in LATER])


def upgrade() -> None:
    for name in ("card_versions", "timeline_versions"):
        op.create_table(
            name,
            sa.Column("customer_id", BYTES, nullable=False),
            sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
            sa.Column("content", sa.LargeBinary),
            sa.PrimaryKeyConstraint("customer_id", "number", name=f"pk_{name}"),
        )
        op.create_index(f"ix_{name}_number", name, ["number", "customer_id"])
    op.create_table(
        "release_parts",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("part", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("first_id", BYTES, nullable=False),
        sa.Column("last_id", BYTES, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.ForeignKeyConstraint(["number"], ["releases.number"], name="fk_release_parts_number"),
        sa.PrimaryKeyConstraint("number", "kind", "part", name="pk_release_parts"),
    )
    op.create_table(
        "codings",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_codings"),
    )
    _carry_over(op.get_bind())
    for name in OLD:
        op.drop_table(name)


def downgrade() -> None:
    """The old tables are made anew; releases have to be published again."""
    op.execute("DELETE FROM current_release")
    op.execute("DELETE FROM release_parts")
    op.execute("DELETE FROM releases")
    for name in ("codings", "release_parts", "timeline_versions", "card_versions"):
        op.drop_table(name)
    texts: list[sa.Column[Any]] = [sa.Column(name, sa.String) for name in CODES if name != "status"]
    texts += [sa.Column("relationship_declined", sa.Boolean)]
    floats = ("churn_risk", "value_at_risk", "expected_value", "expected_gain")
    dates = ("next_purchase_date", "last_purchase_date")
    _old_table(
        "cards",
        sa.Column("search", sa.Text, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        *texts,
        *(sa.Column(name, sa.Double, nullable=False) for name in floats),
        *(sa.Column(name, sa.Date, nullable=False) for name in dates),
    )
    for name in (*floats, *dates):
        order = " DESC" if name in floats else ""
        columns: list[str | sa.TextClause] = ["number", sa.text(f"{name}{order}"), "customer_id"]
        op.create_index(f"ix_cards_{name}", "cards", columns)
    _old_table("card_texts", sa.Column("card", sa.Text, nullable=False))
    _old_table("timelines", sa.Column("purchases", sa.Text, nullable=False))


def _old_table(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(
        name,
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("customer_id", BYTES, nullable=False),
        *columns,
        sa.ForeignKeyConstraint(["number"], ["releases.number"], name=f"fk_{name}_number"),
        sa.PrimaryKeyConstraint("number", "customer_id", name=f"pk_{name}"),
    )


def _carry_over(connection: sa.Connection) -> None:
    tables = sa.MetaData()
    tables.reflect(connection, only=[*OLD, "releases", "release_parts", "card_versions"])
    tables.reflect(connection, only=["timeline_versions"])
    numbers = connection.scalars(sa.select(tables.tables["releases"].c.number)).all()
    before = None
    for number in sorted(numbers):
        _carry(connection, tables.tables, number, "cards", _card_rows)
        _carry(connection, tables.tables, number, "timelines", _timeline_rows)
        for kind in ("cards", "timelines"):
            _say_gone(connection, tables.tables, kind, number, before)
        _name_index(connection, tables.tables, number)
        before = number


def _say_gone(
    connection: sa.Connection, tables: Any, kind: str, number: int, before: int | None
) -> None:
    """Whoever the release before had, and this one has not, is gone from here on."""
    old = tables["card_texts" if kind == "cards" else "timelines"]
    new = old.alias("new")
    is_there = sa.select(new.c.number).where(
        new.c.number == number, new.c.customer_id == old.c.customer_id
    )
    gone = sa.select(old.c.customer_id, sa.literal(number)).where(
        old.c.number == before, ~is_there.exists()
    )
    into = tables["card_versions" if kind == "cards" else "timeline_versions"]
    connection.execute(sa.insert(into).from_select(["customer_id", "number"], gone))


def _carry(connection: sa.Connection, tables: Any, number: int, kind: str, read: Any) -> None:
    into = tables["card_versions" if kind == "cards" else "timeline_versions"]
    last, part = "", 0
    while rows := read(connection, tables, number, last):
        contents = [(row["customer_id"], content) for row, content in rows]
        connection.execute(
            sa.insert(into),
            [{"customer_id": w, "number": number, "content": c} for w, c in contents],
        )
        found = [row for row, _ in rows]
        table = pa.Table.from_pylist(found, schema=THEN if kind == "cards" else HASHES)
        connection.execute(
            sa.insert(tables["release_parts"]).values(
                number=number,
                kind=kind,
                part=part,
                first_id=found[0]["customer_id"],
                last_id=found[-1]["customer_id"],
                content=packed(table),
            )
        )
        last, part = found[-1]["customer_id"], part + 1


def _card_rows(connection: sa.Connection, tables: Any, number: int, last: str) -> list[Any]:
    cards, texts = tables["cards"], tables["card_texts"]
    both = (texts.c.number == cards.c.number) & (texts.c.customer_id == cards.c.customer_id)
    query = (
        sa.select(cards, texts.c.card)
        .join_from(cards, texts, both)
        .where(cards.c.number == number, cards.c.customer_id > last)
        .order_by(cards.c.customer_id)
        .limit(BATCH)
    )
    found = []
    for row in connection.execute(query).mappings():
        content = as_served(json.loads(row["card"]))
        index = {name: row[name] for name in THEN.names if name != "content_hash"}
        found.append((index | {"content_hash": hash_of(content)}, content))
    return found


def _timeline_rows(connection: sa.Connection, tables: Any, number: int, last: str) -> list[Any]:
    timelines = tables["timelines"]
    query = (
        sa.select(timelines)
        .where(timelines.c.number == number, timelines.c.customer_id > last)
        .order_by(timelines.c.customer_id)
        .limit(BATCH)
    )
    found = []
    for row in connection.execute(query).mappings():
        days = json.loads(row["purchases"])
        plain = _timeline(days) if days else None
        if plain is not None:
            hashed = {"customer_id": row["customer_id"], "content_hash": hash_of(plain)}
            found.append((hashed, packed_timelines([plain])[0]))
    return found


def _timeline(days: list[Any]) -> bytes:
    start = dt.date(1970, 1, 1)
    when = np.array([(dt.date.fromisoformat(day) - start).days for day, _, _ in days])
    orders = np.array([orders for _, orders, _ in days])
    amounts = [amount for _, _, amount in days]
    known = any(amount is not None for amount in amounts)
    sums = np.array([np.nan if a is None else a for a in amounts]) if known else None
    return next(timelines_of(np.array([0]), when, orders, sums))


def _name_index(connection: sa.Connection, tables: Any, number: int) -> None:
    parts, releases = tables["release_parts"], tables["releases"]
    query = sa.select(parts.c.content).where(parts.c.number == number, parts.c.kind == "cards")
    sha256 = hashlib.sha256()
    for content in connection.scalars(query.order_by(parts.c.part)):
        sha256.update(content)
    typed = sa.table("releases", sa.column("number"), sa.column("info", sa.JSON))
    info = connection.scalar(sa.select(typed.c.info).where(typed.c.number == number))
    info = {**(info or {}), "index_sha256": sha256.hexdigest()}
    text = json.dumps(info, sort_keys=True)
    connection.execute(sa.update(typed).where(typed.c.number == number).values(info=info))
    connection.execute(
        sa.update(releases)
        .where(releases.c.number == number)
        .values(info_sha256=hashlib.sha256(text.encode()).hexdigest())
    )

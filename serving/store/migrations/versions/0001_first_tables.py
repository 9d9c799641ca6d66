"""The first tables: releases, the pointer to the current one, cards, purchase timelines."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BYTES = sa.String().with_variant(sa.String(collation="C"), "postgresql")
DESCENDING = ("churn_risk", "value_at_risk", "expected_value", "expected_gain")
ASCENDING = ("next_purchase_date", "last_purchase_date")


def upgrade() -> None:
    op.create_table(
        "releases",
        sa.Column("number", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("release_id", sa.String, nullable=False),
        sa.Column("model_version", sa.String, nullable=False),
        sa.Column("as_of_date", sa.Date, nullable=False),
        sa.Column("published_at", sa.DateTime),
        sa.Column("info", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_releases"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_releases_release_id", "releases", ["release_id"])
    op.create_table(
        "current_release",
        sa.Column("id", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("since", sa.DateTime, nullable=False),
        sa.CheckConstraint("id = 1", name="one_row"),
        sa.ForeignKeyConstraint(["number"], ["releases.number"], name="fk_current_release_number"),
        sa.PrimaryKeyConstraint("id", name="pk_current_release"),
    )
    op.create_table(
        "cards",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("customer_id", BYTES, nullable=False),
        sa.Column("search", sa.Text, nullable=False),
        sa.Column("status", sa.String, nullable=False),
        sa.Column("owner", sa.String),
        sa.Column("risk_band", sa.String),
        sa.Column("rfm_segment", sa.String),
        sa.Column("abc_class", sa.String),
        sa.Column("lifecycle_stage", sa.String),
        sa.Column("intended_action", sa.String),
        sa.Column("arm", sa.String),
        *(sa.Column(name, sa.Double, nullable=False) for name in DESCENDING),
        *(sa.Column(name, sa.Date, nullable=False) for name in ASCENDING),
        sa.ForeignKeyConstraint(["number"], ["releases.number"], name="fk_cards_number"),
        sa.PrimaryKeyConstraint("number", "customer_id", name="pk_cards"),
    )
    for name in (*DESCENDING, *ASCENDING):
        order = " DESC" if name in DESCENDING else ""
        columns: list[str | sa.TextClause] = ["number", sa.text(f"{name}{order}"), "customer_id"]
        op.create_index(f"ix_cards_{name}", "cards", columns)
    op.create_table(
        "card_texts",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("customer_id", BYTES, nullable=False),
        sa.Column("card", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["number"], ["releases.number"], name="fk_card_texts_number"),
        sa.PrimaryKeyConstraint("number", "customer_id", name="pk_card_texts"),
    )
    op.create_table(
        "timelines",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("customer_id", BYTES, nullable=False),
        sa.Column("purchases", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["number"], ["releases.number"], name="fk_timelines_number"),
        sa.PrimaryKeyConstraint("number", "customer_id", name="pk_timelines"),
    )


def downgrade() -> None:
    for name in ("timelines", "card_texts", "cards", "current_release", "releases"):
        op.drop_table(name)

"""The first tables: releases, the pointer to the current one, cards, purchase timelines."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BYTES = sa.String().with_variant(sa.String(collation="C"), "postgresql")


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
        sa.Column("churn_risk", sa.Double),
        sa.Column("risk_band", sa.String),
        sa.Column("value_at_risk", sa.Double),
        sa.Column("expected_value", sa.Double),
        sa.Column("expected_gain", sa.Double),
        sa.Column("next_purchase_date", sa.Date),
        sa.Column("last_purchase_date", sa.Date),
        sa.Column("rfm_segment", sa.String),
        sa.Column("abc_class", sa.String),
        sa.Column("lifecycle_stage", sa.String),
        sa.Column("intended_action", sa.String),
        sa.Column("arm", sa.String),
        sa.Column("card", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["number"], ["releases.number"], name="fk_cards_number"),
        sa.PrimaryKeyConstraint("number", "customer_id", name="pk_cards"),
    )
    for name, column in (
        ("ix_cards_by_risk", "churn_risk"),
        ("ix_cards_by_value", "value_at_risk"),
    ):
        op.create_index(name, "cards", ["number", sa.text(f"{column} DESC"), "customer_id"])
    op.create_table(
        "timelines",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("customer_id", BYTES, nullable=False),
        sa.Column("purchases", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(["number"], ["releases.number"], name="fk_timelines_number"),
        sa.PrimaryKeyConstraint("number", "customer_id", name="pk_timelines"),
    )


def downgrade() -> None:
    for name in ("timelines", "cards", "current_release", "releases"):
        op.drop_table(name)

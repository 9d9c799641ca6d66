"""What the CRM told: outcomes, and the requests in which they came."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BYTES = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "outcome_requests",
        sa.Column("number", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("caller", sa.String, nullable=False),
        sa.Column("idempotency_key", BYTES, nullable=False),
        sa.Column("body_sha256", sa.String, nullable=False),
        sa.Column("received_at", sa.DateTime, nullable=False),
        sa.Column("company", sa.String),
        sa.Column("answer", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_outcome_requests"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_outcome_requests_key",
        "outcome_requests",
        ["caller", "idempotency_key"],
        unique=True,
    )
    op.create_table(
        "outcomes",
        sa.Column("number", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("request", sa.Integer, nullable=False),
        sa.Column("customer_id", BYTES, nullable=False),
        sa.Column("table_name", sa.String, nullable=False),
        sa.Column("row", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["request"], ["outcome_requests.number"], name="fk_outcomes_request"
        ),
        sa.PrimaryKeyConstraint("number", name="pk_outcomes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_outcomes_customer_id", "outcomes", ["customer_id"])
    op.create_index("ix_outcomes_request", "outcomes", ["request"])


def downgrade() -> None:
    for name in ("outcomes", "outcome_requests"):
        op.drop_table(name)

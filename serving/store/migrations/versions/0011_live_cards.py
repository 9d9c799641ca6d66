"""Cards computed anew from what was told since the release."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

BYTES = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "live_cards",
        sa.Column("number", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("release_number", sa.Integer, nullable=False),
        sa.Column("customer_id", BYTES, nullable=False),
        sa.Column("request", sa.Integer, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.Column("listed", sa.Text, nullable=False),
        sa.ForeignKeyConstraint(
            ["release_number"], ["releases.number"], name="fk_live_cards_release_number"
        ),
        sa.PrimaryKeyConstraint("number", name="pk_live_cards"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_live_cards_customer", "live_cards", ["customer_id", "release_number"])
    op.create_index("ix_live_cards_release", "live_cards", ["release_number", "number"])


def downgrade() -> None:
    op.drop_table("live_cards")

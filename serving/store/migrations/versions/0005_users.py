"""Users, and sessions that were ended by hand."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("name", sa.String, nullable=False),
        sa.Column("password_hash", sa.String, nullable=False),
        sa.Column("role", sa.String, nullable=False),
        sa.Column("owners", sa.JSON),
        sa.Column("created_at", sa.DateTime, nullable=False),
        sa.Column("password_number", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_users"),
    )
    op.create_table(
        "ended_sessions",
        sa.Column("session_id", sa.String, nullable=False),
        sa.Column("until", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("session_id", name="pk_ended_sessions"),
    )


def downgrade() -> None:
    for name in ("ended_sessions", "users"):
        op.drop_table(name)

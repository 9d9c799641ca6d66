"""The audit log, and who is kept out of every release."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("number", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("at", sa.String, nullable=False),
        sa.Column("who", sa.String, nullable=False),
        sa.Column("what", sa.String, nullable=False),
        sa.Column("about", sa.String),
        sa.Column("sha256", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_audit_log"),
    )
    op.create_table(
        "audit_end",
        sa.Column("id", sa.Integer, nullable=False),
        sa.Column("number", sa.Integer, nullable=False),
        sa.Column("sha256", sa.String, nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_end_one_row")),
        sa.PrimaryKeyConstraint("id", name="pk_audit_end"),
    )
    op.create_table(
        "kept_out",
        sa.Column("id_hash", sa.String, nullable=False),
        sa.Column("why", sa.String, nullable=False),
        sa.Column("since", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("id_hash", "why", name="pk_kept_out"),
    )


def downgrade() -> None:
    for name in ("kept_out", "audit_end", "audit_log"):
        op.drop_table(name)

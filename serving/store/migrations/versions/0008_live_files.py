"""The models of kept releases, with which each process of the service scores histories."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "live_files",
        sa.Column("sha256", sa.String, nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_live_files"),
    )
    op.create_table(
        "live_manifests",
        sa.Column("release_id", sa.String, nullable=False),
        sa.Column("files", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("release_id", name="pk_live_manifests"),
    )


def downgrade() -> None:
    for name in ("live_manifests", "live_files"):
        op.drop_table(name)

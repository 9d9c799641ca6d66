"""What lists filter by of the relationship; empty for cards published before."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

NAMES = ("relationship_level", "suggested_level", "held_by")


def upgrade() -> None:
    for name in NAMES:
        op.add_column("cards", sa.Column(name, sa.String))
    op.add_column("cards", sa.Column("relationship_declined", sa.Boolean))


def downgrade() -> None:
    for name in (*NAMES, "relationship_declined"):
        op.drop_column("cards", name)

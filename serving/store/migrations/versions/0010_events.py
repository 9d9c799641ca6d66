"""The day of what is told as it happens, beside outcomes."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("outcomes", sa.Column("event_day", sa.Date))
    op.create_index("ix_outcomes_event_day", "outcomes", ["event_day"])


def downgrade() -> None:
    op.drop_index("ix_outcomes_event_day", "outcomes")
    op.drop_column("outcomes", "event_day")

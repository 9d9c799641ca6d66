"""The sha256 of what each release says of itself, under which readers keep it parsed."""

import hashlib
import json

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

releases = sa.table(
    "releases",
    sa.column("number", sa.Integer),
    sa.column("info", sa.JSON),
    sa.column("info_sha256", sa.String),
)


def upgrade() -> None:
    op.add_column("releases", sa.Column("info_sha256", sa.String))
    connection = op.get_bind()
    for number, info in connection.execute(sa.select(releases.c.number, releases.c.info)).all():
        text = json.dumps(info, sort_keys=True)
        connection.execute(
            sa.update(releases)
            .where(releases.c.number == number)
            .values(info_sha256=hashlib.sha256(text.encode()).hexdigest())
        )


def downgrade() -> None:
    op.drop_column("releases", "info_sha256")

"""What people do on the page: tasks, what they know better, key customers, views, approvals."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

BYTES = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table(
        "tasks",
        sa.Column("number", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("company", sa.String, nullable=False),
        sa.Column("customer_id", BYTES, nullable=False),
        sa.Column("action_id", sa.String, nullable=False),
        sa.Column("reason", sa.String, nullable=False),
        sa.Column("state", sa.String, nullable=False),
        sa.Column("assignee", sa.String),
        sa.Column("due_on", sa.Date),
        sa.Column("snoozed_until", sa.Date),
        sa.Column("why_not", sa.String),
        sa.Column("note", sa.Text),
        sa.Column("release_id", sa.String, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.DateTime, nullable=False),
        sa.Column("changed_by", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_tasks"),
        sa.UniqueConstraint(
            "company", "customer_id", "action_id", "reason", name="uq_tasks_company"
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tasks_customer_id", "tasks", ["customer_id"])
    op.create_table(
        "task_changes",
        sa.Column("number", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("task", sa.Integer, nullable=False),
        sa.Column("customer_id", BYTES, nullable=False),
        sa.Column("at", sa.DateTime, nullable=False),
        sa.Column("who", sa.String, nullable=False),
        sa.Column("what", sa.String, nullable=False),
        sa.Column("before", sa.JSON),
        sa.Column("after", sa.JSON),
        sa.Column("outcome_request", sa.Integer),
        sa.PrimaryKeyConstraint("number", name="pk_task_changes"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_task_changes_task", "task_changes", ["task"])
    op.create_index("ix_task_changes_customer_id", "task_changes", ["customer_id"])
    op.create_table(
        "overrides",
        sa.Column("number", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("company", sa.String, nullable=False),
        sa.Column("customer_id", BYTES, nullable=False),
        sa.Column("kind", sa.String, nullable=False),
        sa.Column("value", sa.String),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("expires_on", sa.Date, nullable=False),
        sa.Column("made_at", sa.DateTime, nullable=False),
        sa.Column("made_by", sa.String, nullable=False),
        sa.Column("ended_at", sa.DateTime),
        sa.Column("ended_by", sa.String),
        sa.PrimaryKeyConstraint("number", name="pk_overrides"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_overrides_customer_id", "overrides", ["customer_id"])
    op.create_table(
        "relationship_plans",
        sa.Column("company", sa.String, nullable=False),
        sa.Column("customer_id", BYTES, nullable=False),
        sa.Column("owner", sa.String),
        sa.Column("goal", sa.Text),
        sa.Column("level", sa.String),
        sa.Column("duties", sa.Text),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("changed_at", sa.DateTime, nullable=False),
        sa.Column("changed_by", sa.String, nullable=False),
        sa.PrimaryKeyConstraint("company", "customer_id", name="pk_relationship_plans"),
    )
    op.create_table(
        "relationship_steps",
        sa.Column("number", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("company", sa.String, nullable=False),
        sa.Column("customer_id", BYTES, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("due_on", sa.Date, nullable=False),
        sa.Column("responsible", sa.String),
        sa.Column("repeat_days", sa.Integer),
        sa.Column("added_at", sa.DateTime, nullable=False),
        sa.Column("added_by", sa.String, nullable=False),
        sa.Column("done_at", sa.DateTime),
        sa.Column("done_by", sa.String),
        sa.Column("dropped_at", sa.DateTime),
        sa.Column("dropped_by", sa.String),
        sa.PrimaryKeyConstraint("number", name="pk_relationship_steps"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_relationship_steps_customer_id", "relationship_steps", ["customer_id"])
    op.create_table(
        "saved_views",
        sa.Column("number", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("name", sa.String, nullable=False),
        sa.Column("who", sa.String, nullable=False),
        sa.Column("is_shared", sa.Boolean, nullable=False),
        sa.Column("query", sa.Text, nullable=False),
        sa.Column("saved_at", sa.DateTime, nullable=False),
        sa.PrimaryKeyConstraint("number", name="pk_saved_views"),
        sa.UniqueConstraint("who", "name", name="uq_saved_views_who"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "plan_approvals",
        sa.Column("number", sa.Integer, autoincrement=True, nullable=False),
        sa.Column("release_id", sa.String, nullable=False),
        sa.Column("approved_at", sa.DateTime, nullable=False),
        sa.Column("approved_by", sa.String, nullable=False),
        sa.Column("note", sa.Text),
        sa.Column("withdrawn_at", sa.DateTime),
        sa.Column("withdrawn_by", sa.String),
        sa.PrimaryKeyConstraint("number", name="pk_plan_approvals"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_plan_approvals_release_id", "plan_approvals", ["release_id"])


def downgrade() -> None:
    for name in (
        "plan_approvals",
        "saved_views",
        "relationship_steps",
        "relationship_plans",
        "overrides",
        "task_changes",
        "tasks",
    ):
        op.drop_table(name)

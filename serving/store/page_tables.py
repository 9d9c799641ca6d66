"""Tables of the work that people do on the page; an erasure removes a customer's rows of each.

Times are UTC. Who does something is written as the audit log writes it: `user anna`. What people
write in their own words is marked: an erasure takes the customer out of what was written about
others too.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Date,
    DateTime,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from serving.store.tables import BYTES, metadata

FREE_TEXT = "free_text"  # in the `info` of a column: people's own words, or rows that hold them
WRITTEN = {FREE_TEXT: True}

# What somebody began to do for a customer; a customer nobody has touched has no row.
tasks = Table(
    "tasks",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("company", String, nullable=False),  # whose customer; empty in releases of older code
    Column("customer_id", BYTES, nullable=False),
    Column("action_id", String, nullable=False),
    Column("reason", String, nullable=False),  # the group of the strongest reason; empty: none
    Column("state", String, nullable=False),
    Column("assignee", String),  # who has taken it, or was given it
    Column("due_on", Date),
    Column("snoozed_until", Date),
    Column("why_not", String),  # why it is not relevant
    Column("note", Text, info=WRITTEN),
    Column("release_id", String, nullable=False),  # in which it was last touched
    Column("version", Integer, nullable=False),  # grows with each change: of two at once one counts
    Column("changed_at", DateTime, nullable=False),
    Column("changed_by", String, nullable=False),
    UniqueConstraint("company", "customer_id", "action_id", "reason", name="uq_tasks_company"),
    sqlite_autoincrement=True,
)
Index("ix_tasks_customer_id", tasks.c.customer_id)

# Every change of a task, so that each can be read and the last one undone.
task_changes = Table(
    "task_changes",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("task", Integer, nullable=False),  # of a task that was undone altogether there is no row
    Column("customer_id", BYTES, nullable=False),
    Column("at", DateTime, nullable=False),
    Column("who", String, nullable=False),
    Column("what", String, nullable=False),
    # The row as it was; null: there was none.
    Column("before", JSON(none_as_null=True), info=WRITTEN),
    Column("after", JSON(none_as_null=True), info=WRITTEN),
    Column("outcome_request", Integer),  # what it told the next run; null: nothing
    sqlite_autoincrement=True,
)
Index("ix_task_changes_task", task_changes.c.task)
Index("ix_task_changes_customer_id", task_changes.c.customer_id)

# What a person knows better than the model, until a day; it stands beside, and replaces nothing.
overrides = Table(
    "overrides",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("company", String, nullable=False),
    Column("customer_id", BYTES, nullable=False),
    Column("kind", String, nullable=False),
    Column("value", String),
    Column("reason", Text, nullable=False, info=WRITTEN),
    Column("expires_on", Date, nullable=False),
    Column("made_at", DateTime, nullable=False),
    Column("made_by", String, nullable=False),
    Column("ended_at", DateTime),  # by hand, before its day
    Column("ended_by", String),
    sqlite_autoincrement=True,
)
Index("ix_overrides_customer_id", overrides.c.customer_id)

# Key customers: what the company wants with them, who answers for it, and the steps on the way.
relationship_plans = Table(
    "relationship_plans",
    metadata,
    Column("company", String, primary_key=True),
    Column("customer_id", BYTES, primary_key=True),
    Column("owner", String),  # who answers for the customer; null: the owner of the data
    Column("goal", Text, info=WRITTEN),
    Column("level", String),  # of the relationship that is aimed at
    Column("duties", Text, info=WRITTEN),  # what is owed to the customer regularly, a line each
    Column("version", Integer, nullable=False),
    Column("changed_at", DateTime, nullable=False),
    Column("changed_by", String, nullable=False),
)
relationship_steps = Table(
    "relationship_steps",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("company", String, nullable=False),
    Column("customer_id", BYTES, nullable=False),
    Column("what", Text, nullable=False, info=WRITTEN),
    Column("due_on", Date, nullable=False),
    Column("responsible", String, info=WRITTEN),
    Column("repeat_days", Integer),  # of a duty: it comes again so many days after it was done
    Column("added_at", DateTime, nullable=False),
    Column("added_by", String, nullable=False),
    Column("done_at", DateTime),
    Column("done_by", String),
    Column("dropped_at", DateTime),
    Column("dropped_by", String),
    sqlite_autoincrement=True,
)
Index("ix_relationship_steps_customer_id", relationship_steps.c.customer_id)

saved_views = Table(
    "saved_views",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("name", String, nullable=False),
    Column("who", String, nullable=False),  # who keeps it
    Column("is_shared", Boolean, nullable=False),
    Column("query", Text, nullable=False),  # the query part of the list's address
    Column("saved_at", DateTime, nullable=False),
    UniqueConstraint("who", "name", name="uq_saved_views_who"),
    sqlite_autoincrement=True,
)

# A lead's yes to the plan of a release, and its withdrawal.
plan_approvals = Table(
    "plan_approvals",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("release_id", String, nullable=False),
    Column("approved_at", DateTime, nullable=False),
    Column("approved_by", String, nullable=False),
    Column("note", Text, info=WRITTEN),
    Column("withdrawn_at", DateTime),
    Column("withdrawn_by", String),
    sqlite_autoincrement=True,
)
Index("ix_plan_approvals_release_id", plan_approvals.c.release_id)

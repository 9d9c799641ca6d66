"""How Alembic reaches the store: through the connection that serving.store hands over."""

from alembic import context

# All of the same metadata.
from serving.store import live_files, page_tables, people_tables, work_tables  # noqa: F401
from serving.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()

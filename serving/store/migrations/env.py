"""How Alembic reaches the store: through the connection that serving.store hands over."""

from alembic import context

from serving.store import live_files, people_tables, work_tables  # noqa: F401  (in the same metadata)
from serving.store.tables import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()

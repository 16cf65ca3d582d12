"""How alembic reaches the database: by the connection that ``database.upgrade`` holds the lock on."""

from alembic import context

from edgefold_sync_api.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, render_as_batch=True)
with context.begin_transaction():
    context.run_migrations()

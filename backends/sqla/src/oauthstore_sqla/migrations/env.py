"""What Alembic runs around the migrations: on the connection that the store hands over."""

from __future__ import annotations

from alembic import context

from oauthstore_sqla.schema import VERSION_TABLE, metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    # The store's own transaction is around it, with the lock that others wait for.
    transactional_ddl=False,
)
context.run_migrations()

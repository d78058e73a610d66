"""What alembic runs: the steps that are missing, in one transaction, one process at a time."""

from alembic import context
from sqlalchemy import text

LOCK = 7_366_012
"""Key of the advisory lock; any number that nobody else uses."""

connection = context.config.attributes["connection"]
context.configure(connection=connection, transactional_ddl=True)
with context.begin_transaction():
    connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
    context.run_migrations()

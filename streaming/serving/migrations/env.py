"""What alembic runs: the steps that are missing, in one transaction, one process at a time."""

from alembic import context
from sqlalchemy import text

from contracts.serving import SCHEMA_TABLE

LOCK = 7_366_012
"""Key of the advisory lock; any number that nobody else uses."""


def run() -> None:
    """Run the steps on the connection that `migrate.py` brings."""
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, transactional_ddl=True, version_table=SCHEMA_TABLE)
    with context.begin_transaction():
        connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": LOCK})
        context.run_migrations()


if hasattr(context, "config"):  # alembic has it there while it runs this file, and only then
    run()

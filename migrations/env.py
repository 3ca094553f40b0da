"""Runs the migrations on the engine the service hands over."""

from typing import Any

from alembic import context
from sqlalchemy import Connection
from sqlalchemy.types import TypeDecorator

from app.tables import metadata


def plain_type(kind: str, thing: Any, _context: Any) -> Any:
    """Write our own column types as what they are in the database: a migration stands alone."""
    if kind == "type" and isinstance(thing, TypeDecorator):
        return f"sa.{thing.impl!r}"
    return False


def keep_references(connection: Any, on: bool) -> None:
    """SQLite changes a table by copying and dropping it, which its own references would forbid."""
    raw = connection.connection.driver_connection  # outside of any transaction, or it has no effect
    raw.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")


engine = context.config.attributes["engine"]
embedded = engine.dialect.name == "sqlite"


def run(connection: Connection) -> None:
    """Every step and its check in one transaction."""
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=embedded,
        render_item=plain_type,
    )
    with context.begin_transaction():
        if not embedded:
            # two starting web nodes take turns
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7404)")
        context.run_migrations()
        if embedded and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
            raise RuntimeError(f"the migration broke {len(broken)} references: {broken[:5]}")
    connection.commit()


with engine.connect() as connection:
    if embedded:
        keep_references(connection, False)
    try:
        run(connection)
    finally:
        connection.rollback()
        if embedded:
            keep_references(connection, True)

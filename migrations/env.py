"""Runs the migrations on the engine the service hands over."""

from typing import Any

from alembic import context
from sqlalchemy.types import TypeDecorator

from app.tables import metadata


def plain_type(kind: str, thing: Any, _context: Any) -> Any:
    """Write our own column types as what they are in the database: a migration stands alone."""
    if kind == "type" and isinstance(thing, TypeDecorator):
        return f"sa.{thing.impl!r}"
    return False


engine = context.config.attributes["engine"]

with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=connection.dialect.name == "sqlite",
        render_item=plain_type,
    )
    with context.begin_transaction():
        if connection.dialect.name == "postgresql":
            # two starting web nodes take turns
            connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7404)")
        context.run_migrations()
    connection.commit()

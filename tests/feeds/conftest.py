"""The same database as the notification room's tests."""

from tests.notification.conftest import database, scratch_postgres

__all__ = ["database", "scratch_postgres"]

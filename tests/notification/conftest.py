"""A database with the schema and nothing in it, on both engines, and a mail server."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from app.db import Database
from app.tables import metadata
from tests.notification.making import MailServer

POSTGRES = os.environ.get(
    "TOCSIN_TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/"
)


@pytest.fixture(scope="session")
def scratch_postgres() -> Iterator[str]:
    """The URL of a database of our own; the test is skipped when there is no server."""
    name = f"tocsin_notification_{uuid.uuid4().hex[:8]}"
    server = create_engine(f"{POSTGRES}postgres", isolation_level="AUTOCOMMIT")
    try:
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {name}"))
    except OperationalError:
        pytest.skip("there is no PostgreSQL server")
    database = Database(f"{POSTGRES}{name}")
    metadata.create_all(database.engine)
    database.engine.dispose()
    yield f"{POSTGRES}{name}"
    with server.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'tocsin.sqlite'}")
        metadata.create_all(database.engine)
    else:
        database = Database(request.getfixturevalue("scratch_postgres"))
        tables = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
        with database.engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {tables} RESTART IDENTITY CASCADE"))
    yield database
    database.engine.dispose()


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    with MailServer() as server:
        yield server

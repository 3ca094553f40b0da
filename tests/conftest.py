"""Real parts for every test: both databases, migrated as a user's would be, and the app on top.

PostgreSQL is found at TOCSIN_TEST_POSTGRES_URL, else on 127.0.0.1:5432. Without one its tests are
skipped, saying so; with CI=true that is a failure.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError

from app import create_app
from app.db import Database
from app.registry.knowledge import load_knowledge
from app.settings import Settings
from app.tables import metadata
from tests.reporting import NOW

LOCAL_POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
BACKENDS = ("sqlite", "postgresql")
SHARED = Path(os.environ.get("TOCSIN_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))


def shared_data(name: str) -> Path:
    """A file of real data that is not part of the project; without it the test is skipped."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"real data is not here: {name} (set TOCSIN_SHARED_DATA)")
    return path


class Sqlite:
    """Embedded databases: one file is migrated once, and copied for every test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.templates: dict[str, Path] = {}

    def make(self, template: str, fill: Callable[[Database], None]) -> Database:
        if template not in self.templates:
            path = self.folder / f"{template}.sqlite"
            original = Database(f"sqlite:///{path}")
            fill(original)
            with original.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            original.engine.dispose()
            self.templates[template] = path
        copy = self.folder / f"{uuid4().hex}.sqlite"
        shutil.copyfile(self.templates[template], copy)
        return Database(f"sqlite:///{copy}")

    def drop(self, database: Database) -> None:
        database.engine.dispose()
        for path in self.folder.glob(f"{Path(make_url(database.url).database or '').name}*"):
            path.unlink()

    def close(self) -> None:
        """The folder is pytest's to remove."""


class Postgres:
    """Databases on a server: one is migrated once, and used as the template of every test's.

    Making and dropping a database costs the server a checkpoint, so an emptied one is used again.
    """

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.server = create_engine(self.url, isolation_level="AUTOCOMMIT")
        self.mark = f"tocsin_test_{uuid4().hex[:8]}"
        self.made: list[str] = []
        self.free: list[Database] = []

    def make(self, template: str, fill: Callable[[Database], None]) -> Database:
        if template == "empty" and self.free:
            return self.free.pop()
        source = f"{self.mark}_{template}"
        if source not in self.made:
            original = self._create(source)
            fill(original)
            original.engine.dispose()
        return self._create(f"{source}_{uuid4().hex[:8]}", template=source)

    def drop(self, database: Database) -> None:
        if "_empty_" in str(make_url(database.url).database):
            _empty(database)
            self.free.append(database)
        else:
            database.engine.dispose()

    def close(self) -> None:
        for database in self.free:
            database.engine.dispose()
        for name in reversed(self.made):
            self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        self.server.dispose()

    def _create(self, name: str, template: str = "template1") -> Database:
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        self.made.append(name)
        return Database(self.url.set(database=name).render_as_string(hide_password=False))

    def _run(self, statement: str) -> None:
        with self.server.connect() as connection:
            connection.execute(text(statement))


def _empty(database: Database) -> None:
    """Take out what a test put in; most tables are empty, and asking is quicker than emptying."""
    tables = [f'"{table.name}"' for table in metadata.sorted_tables]
    asked = " UNION ALL ".join(
        f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {table})" for table in tables
    )
    with database.engine.begin() as connection:
        filled = [name for (name,) in connection.execute(text(asked))]
        if filled:
            names = ", ".join(filled)
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


def _postgres_url() -> str | None:
    """Where a PostgreSQL server answers, or None."""
    url = os.environ.get("TOCSIN_TEST_POSTGRES_URL", LOCAL_POSTGRES)
    url = url.replace("postgresql://", "postgresql+psycopg://")
    try:
        with create_engine(url, connect_args={"connect_timeout": 3}).connect():
            return url
    except OperationalError:
        return None


@pytest.fixture(scope="session")
def backends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Sqlite | Postgres]]:
    found: dict[str, Sqlite | Postgres] = {"sqlite": Sqlite(tmp_path_factory.mktemp("sqlite"))}
    if url := _postgres_url():
        found["postgresql"] = Postgres(url)
    yield found
    for backend in found.values():
        backend.close()


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest, backends: dict[str, Sqlite | Postgres]):
    """One of the two kinds of database; a test that uses it runs on both."""
    if request.param not in backends:
        missing = "no PostgreSQL server answers; set TOCSIN_TEST_POSTGRES_URL"
        if os.environ.get("CI") == "true":
            pytest.fail(missing)
        pytest.skip(missing)
    return backends[request.param]


def _migrate(database: Database) -> None:
    database.migrate()


def _migrate_and_load(database: Database) -> None:
    database.migrate()
    with database.transaction() as session:
        load_knowledge(session, now=NOW)


@pytest.fixture
def nothing(backend) -> Iterator[Database]:
    """A database without any table."""
    database = backend.make("nothing", lambda _: None)
    yield database
    backend.drop(database)


@pytest.fixture
def database(backend) -> Iterator[Database]:
    """A migrated, empty database of each kind."""
    database = backend.make("empty", _migrate)
    yield database
    backend.drop(database)


@pytest.fixture
def known(backend) -> Iterator[Database]:
    """A migrated database of each kind with the knowledge base in it, as after `tocsin init`."""
    database = backend.make("known", _migrate_and_load)
    yield database
    backend.drop(database)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """The settings of a newcomer, with a data folder of the test's own."""
    return Settings.from_env(
        {"TOCSIN_DATA_DIR": str(tmp_path / "data"), "TOCSIN_BASE_URL": "http://tocsin.test"}
    )


@pytest.fixture
def app(known: Database, settings: Settings) -> Flask:
    """The web application on a database with the knowledge base."""
    return create_app(settings, database=known, clock=lambda: NOW)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A browser or machine outside, with no key and no login."""
    return app.test_client()

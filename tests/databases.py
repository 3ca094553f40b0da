"""Databases of both kinds for tests: filled once as a template, handed out as copies, used again.

A copy goes back to what its template was when its test is over. An embedded database is a file and
is copied anew. On a server, making and dropping a database costs a checkpoint, so what the test
wrote is taken out of it instead, row by row: a row that was inserted or changed since carries the
number of a later transaction, and what is missing then stands in the schema `kept`.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import make_url

from app.db import Database
from app.registry.knowledge import load_knowledge
from app.tables import metadata
from tests.reporting import NOW


@dataclass(frozen=True, slots=True)
class Template:
    """What a database holds when a test gets it: `fill` is asked once, of a copy of `upon`."""

    name: str
    fill: Callable[[Database], None]
    upon: Template | None = None


def _load(database: Database) -> None:
    with database.transaction() as session:
        load_knowledge(session, now=NOW)


NOTHING = Template("nothing", lambda _: None)
EMPTY = Template("empty", Database.migrate)
KNOWN = Template("known", _load, upon=EMPTY)


class Sqlite:
    """Embedded databases: a template is a file, and so is every copy."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def make(self, template: Template) -> Database:
        """A database that holds what the template does."""
        copy = self.folder / f"{uuid4().hex}.sqlite"
        if (original := self._original(template)).exists():
            shutil.copyfile(original, copy)
        return Database(f"sqlite:///{copy}")

    def drop(self, database: Database) -> None:
        """Take it back."""
        database.engine.dispose()
        for path in self.folder.glob(f"{Path(make_url(database.url).database or '').name}*"):
            path.unlink()

    def close(self) -> None:
        """The folder is pytest's to remove."""

    def _original(self, template: Template) -> Path:
        path = self.folder / f"{template.name}.sqlite"
        if not path.exists() and template is not NOTHING:
            database = self.make(template.upon or NOTHING)
            template.fill(database)
            with database.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
            database.engine.dispose()
            Path(make_url(database.url).database or "").rename(path)
        return path


@dataclass(slots=True)
class _Kept:
    """What a template holds: rows of each table, and where each series of numbers stands."""

    rows: dict[str, int] = field(default_factory=dict)
    series: dict[str, int | None] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Copy:
    """A database that is handed out again and again, and the last transaction that prepared it."""

    database: Database
    template: Template
    mark: int


class Postgres:
    """Databases on a server; `url` is a superuser's, whom foreign keys do not hold up."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.server = create_engine(self.url, isolation_level="AUTOCOMMIT")
        self.mark = f"tocsin_test_{uuid4().hex[:8]}"
        self.made: list[str] = []
        self.kept: dict[str, _Kept] = {}
        self.free: defaultdict[str, list[_Copy]] = defaultdict(list)
        self.used: dict[str, _Copy] = {}

    def make(self, template: Template) -> Database:
        """A database that holds what the template does."""
        free = self.free[template.name]
        copy = free.pop() if free else self._copy(template)
        self.used[copy.database.url] = copy
        return copy.database

    def drop(self, database: Database) -> None:
        """Take it back; one of nothing has no tables that could be emptied."""
        copy = self.used.pop(database.url)
        if copy.template is NOTHING:
            database.engine.dispose()
            return
        with database.engine.begin() as connection:
            mark = _put_back(connection, self.kept[copy.template.name], copy.mark)
        self.free[copy.template.name].append(_Copy(database, copy.template, mark))

    def close(self) -> None:
        """Leave nothing behind on the server."""
        for copy in (*self.used.values(), *(one for free in self.free.values() for one in free)):
            copy.database.engine.dispose()
        # each waits for a checkpoint, and those that wait together for the same one
        with ThreadPoolExecutor(8) as together:
            list(together.map(self._drop, self.made))
        self.server.dispose()

    def _copy(self, template: Template) -> _Copy:
        database = self._create(uuid4().hex[:8], self._original(template))
        with database.engine.begin() as connection:
            return _Copy(database, template, _transaction(connection))

    def _original(self, template: Template) -> str:
        name = f"{self.mark}_{template.name}"
        if template is NOTHING:
            return "template1"
        if template.name not in self.kept:
            upon = self._original(template.upon) if template.upon else "template1"
            database = self._create(template.name, upon)
            template.fill(database)
            with database.engine.begin() as connection:
                self.kept[template.name] = _keep(connection)
            database.engine.dispose()
        return name

    def _create(self, name: str, template: str) -> Database:
        name = f"{self.mark}_{name}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        self.made.append(name)
        # what a test wrote need not outlive a crash of the machine
        self._run(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        return Database(self.url.set(database=name).render_as_string(hide_password=False))

    def _drop(self, name: str) -> None:
        self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _run(self, statement: str) -> None:
        with self.server.connect() as connection:
            connection.execute(text(statement))


_SERIES = text("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'")
_TRANSACTION = text("SELECT CAST(CAST(pg_current_xact_id() AS xid) AS text)")


def _transaction(connection: Connection) -> int:
    return int(connection.scalar(_TRANSACTION) or 0)


def _keep(connection: Connection) -> _Kept:
    """Put every row aside; how many there are."""
    connection.execute(text("DROP SCHEMA IF EXISTS kept CASCADE"))
    connection.execute(text("CREATE SCHEMA kept"))
    rows = {}
    for table in metadata.tables:
        rows[table] = connection.scalar(text(f'SELECT count(*) FROM "{table}"')) or 0
        if rows[table]:
            connection.execute(text(f'CREATE TABLE kept."{table}" AS TABLE "{table}"'))
    series = {name: last for name, last in connection.execute(_SERIES)}
    return _Kept(rows, series)


def _put_back(connection: Connection, kept: _Kept, mark: int) -> int:
    """Make every table hold what was kept of it; the number of the transaction that did."""
    connection.execute(text("SET LOCAL session_replication_role = replica"))
    for table in _changed(connection, kept, mark):
        connection.execute(text(f'DELETE FROM "{table}" WHERE {_number()} > {mark}'))
        if kept.rows[table]:
            connection.execute(text(_missing(table)))
    stands = (
        f"""setval('"{name}"', {last or 1}, {"false" if last is None else "true"})"""
        for name, last in kept.series.items()
    )
    connection.execute(text(f"SELECT {', '.join(stands)}"))
    return _transaction(connection)


def _changed(connection: Connection, kept: _Kept, mark: int) -> list[str]:
    asked = " UNION ALL ".join(
        f"SELECT '{table}' FROM (SELECT count(*) AS rows, max({_number()}) AS newest "
        f'FROM "{table}") AS now WHERE rows <> {rows} OR newest > {mark}'
        for table, rows in kept.rows.items()
    )
    return list(connection.scalars(text(asked)))


def _number() -> str:
    """The transaction that wrote a row."""
    return "CAST(CAST(xmin AS text) AS bigint)"


def _missing(table: str) -> str:
    columns = metadata.tables[table].columns
    names = ", ".join(f'"{column.name}"' for column in columns)
    same = " AND ".join(
        f'held."{column.name}" = kept."{column.name}"' for column in columns if column.primary_key
    )
    return (
        f'INSERT INTO "{table}" ({names}) SELECT {names} FROM kept."{table}" AS kept '
        f'WHERE NOT EXISTS (SELECT 1 FROM "{table}" AS held WHERE {same})'
    )

"""The database: engine, transactions, column types, migrations; alike on SQLite and PostgreSQL.

Rooms take a Session and never commit; a door opens `Database.transaction()` and so decides what
happens together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar

from sqlalchemy import (
    ColumnElement,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    String,
    any_,
    bindparam,
    create_engine,
    event,
    func,
    inspect,
    literal,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import ExceptionContext, make_url
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement
from sqlalchemy.types import JSON, TypeDecorator

from app.errors import Misconfigured, Refused
from app.stamps import Stamp
from app.turns import PATIENCE, Turn, begun_writing

T = TypeVar("T")
W = TypeVar("W", bound=StrEnum)

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Moment(TypeDecorator[datetime]):
    """An aware UTC time; SQLite, which has no time zones, holds it as naive UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone says nothing; pass an aware datetime")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Word(TypeDecorator[W]):
    """One of a closed list of words, stored as the word itself."""

    impl = String(40)
    cache_ok = True

    def __init__(self, words: type[W]) -> None:
        super().__init__()
        self.words = words

    def process_bind_param(self, value: W | str | None, dialect: Dialect) -> str | None:
        if type(value) is self.words:
            return str(value._value_)  # what `.value` looks up
        return None if value is None else self.words(value).value

    def process_result_value(self, value: str | None, dialect: Dialect) -> W | None:
        return None if value is None else self.words(value)


class Base(DeclarativeBase):
    """The common base of all tables; `datetime`, `dict` and `list` columns get portable types."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: Moment,
        dict[str, Any]: JSON,
        list[Any]: JSON,
        list[str]: JSON,
    }


class Database:
    """An engine and the two ways to use it: `transaction` to change, `reading` to look."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._turn = Turn()
        self.engine = _engine(url, self._turn)
        self._writing = self.engine.execution_options(tocsin_writes=True)
        self._stamp = Stamp(self.engine)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end, or rolls back when anything is raised.

        On SQLite it takes the write lock at the start, so that it waits its turn instead of
        failing half-way.
        """
        with (
            self._turn.over_at_the_end(),
            Session(self._writing, expire_on_commit=False) as session,
            session.begin(),
        ):
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session for looking only; what it changes is rolled back."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A session for looking only that sees one moment of the database from first to last.

        On SQLite every transaction does; PostgreSQL is asked to.
        """
        engine = self.engine
        if engine.dialect.name == "postgresql":
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with Session(engine, expire_on_commit=False) as session:
            yield session

    def stamp(self) -> object:
        """A value equal to an earlier one only if nobody has committed anything in between."""
        return self._stamp.read()

    def migrate(self, revision: str = "head") -> None:
        """Bring the schema to `revision`."""
        from alembic import command

        command.upgrade(self.alembic_config(), revision)

    def alembic_config(self) -> Any:
        """Alembic's configuration for this database."""
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS))
        config.attributes["engine"] = self.engine
        return config

    def revision(self) -> str | None:
        """The revision the schema stands at, or None for an empty database."""
        from alembic.migration import MigrationContext

        with self.engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()

    def newest_revision(self) -> str | None:
        """The revision the code expects."""
        from alembic.script import ScriptDirectory

        return ScriptDirectory.from_config(self.alembic_config()).get_current_head()


def _engine(url: str, turn: Turn) -> Engine:
    """The engine. Parameters stay out of errors and logs: they are what countries reported."""
    if make_url(url).get_backend_name() != "sqlite":
        try:
            server = create_engine(
                url,
                pool_pre_ping=True,
                max_overflow=-1,  # as many as there are threads; none waits for another's
                hide_parameters=True,
                # statements are planned for what they ask now: a plan kept from when a table was
                # empty reads all of it when it is not
                connect_args={"prepare_threshold": None},
            )
        except ModuleNotFoundError as missing:
            needed = "PostgreSQL needs its driver: pip install 'tocsin[postgres]'"
            raise Misconfigured(needed) from missing
        event.listen(server, "handle_error", _explain)
        return server
    path, pool = make_url(url).database, {}
    if path and path != ":memory:":
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        pool = {"max_overflow": -1}
    engine = create_engine(
        url,
        connect_args={"timeout": PATIENCE, "check_same_thread": False},
        hide_parameters=True,
        **pool,
    )
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", partial(_begin_sqlite, turn))
    return engine


def _explain(context: ExceptionContext) -> None:
    """PostgreSQL holds no NUL, so a search for one is the asker's mistake and not ours."""
    if "(0x00)" in str(context.original_exception):
        raise Refused("the text holds a NUL character; send plain text")


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    """WAL lets readers read while one writes; we say BEGIN ourselves, below."""
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "cache_size=-65536",
        # pages that an import fills again and again are written to the file once in a while
        "wal_autocheckpoint=8000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(turn: Turn, connection: Any) -> None:
    if connection.get_execution_options().get("tocsin_writes"):
        turn.take()
        if not begun_writing(connection.connection.dbapi_connection):
            connection.exec_driver_sql("BEGIN IMMEDIATE")  # says that the database is locked
    else:
        connection.exec_driver_sql("BEGIN")


def insert_new(session: Session, table: type[Base], **values: Any) -> bool:
    """Insert a row unless its unique key is taken; True when it was inserted.

    The one statement that two processes may run at once without either failing.
    """
    return insert_all_new(session, table, [values]) == 1


def insert_all_new(
    session: Session, table: type[Base], rows: Sequence[Mapping[str, Any]], at_once: int = 500
) -> int:
    """Insert those rows whose unique key is not taken; how many that were."""
    dialect = session.get_bind().dialect.name
    insert = postgresql.insert if dialect == "postgresql" else sqlite.insert
    held, inserted = table.metadata.tables[table.__tablename__], 0
    # the rows go beside the statement and not into it, so it is compiled once and for all
    statement = insert(held).on_conflict_do_nothing().returning(*inspect(table).primary_key)
    session.flush()  # rows may point to what waits in the session
    for start in range(0, len(rows), at_once):
        # what comes back was inserted; a row count is not to be had on PostgreSQL
        done = session.execute(statement, list(rows[start : start + at_once]))
        inserted += len(done.all())
    return inserted


def one_of(
    session: Session, column: InstrumentedAttribute[str], values: Iterable[str]
) -> ColumnElement[bool]:
    """Whether a text column has one of these values, however many.

    PostgreSQL gets them as one array: of a thousand separate ones, in a table that it has not yet
    analysed, it makes a plan that looks at every row for each.
    """
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(literal(list(values), postgresql.ARRAY(String)))
    return column.in_(list(values))


def one_of_ids(
    session: Session,
    column: ColumnElement[int] | InstrumentedAttribute[int] | InstrumentedAttribute[int | None],
    ids: Iterable[int],
) -> ColumnElement[bool]:
    """Whether a column of numbers has one of these values, however many: they go as one value."""
    if session.get_bind().dialect.name == "postgresql":
        return column == any_(literal(list(ids), postgresql.ARRAY(Integer)))
    each = func.json_each(json.dumps(list(ids))).table_valued("value")
    return column.in_(select(each.c.value))


def one_of_those(dialect: Dialect, column: ColumnElement[str], bound: str) -> ColumnElement[bool]:
    """The same in a statement that is built once for each dialect: a list is bound under a name."""
    if dialect.name == "postgresql":
        return column == any_(bindparam(bound, type_=postgresql.ARRAY(String)))
    return column.in_(bindparam(bound, expanding=True))


class each_of(FunctionElement[Any]):
    """The elements of a list inside a JSON column, one a row; none where there is no list."""

    name = "each_of"
    inherit_cache = True


@compiles(each_of)
def _each_on_sqlite(element: each_of, compiler: SQLCompiler, **how: Any) -> str:
    return f"json_each({compiler.process(element.clauses, **how)})"


@compiles(each_of, "postgresql")
def _each_on_postgresql(element: each_of, compiler: SQLCompiler, **how: Any) -> str:
    return f"json_array_elements({compiler.process(element.clauses, **how)})"


def take_turns(session: Session, what: str) -> None:
    """Wait until no other transaction is doing this. On SQLite every writer does so already."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(select(func.pg_advisory_xact_lock(func.hashtext(what))))


LARGEST_ID = 2**31 - 1
_ID = re.compile(r"[0-9]{1,10}")


def id_of(text: str | None) -> int | None:
    """The id that a cursor or a number quoted by a person holds; None when it holds none."""
    if not text or not _ID.fullmatch(text):
        return None
    return min(int(text), LARGEST_ID)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """A slice of a list, and the cursor that continues it (None at the end)."""

    items: list[T]
    next: str | None = None

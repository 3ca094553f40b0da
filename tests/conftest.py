"""Real parts for every test: both databases, migrated as a user's would be, and the app on top.

PostgreSQL is found at TOCSIN_TEST_POSTGRES_URL, else on 127.0.0.1:5432. Without one its tests are
skipped, saying so; with CI=true that is a failure.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType
from typing import Any

import hypothesis
import pytest
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from jinja2.bccache import Bucket, BytecodeCache
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError
from werkzeug.routing import Rule

from app import create_app
from app.access import service as access
from app.db import Database
from app.registry import knowledge
from app.settings import Settings
from tests.databases import EMPTY, KNOWN, NOTHING, Postgres, Sqlite
from tests.reporting import NOW

# how quick a machine is decides no property
hypothesis.settings.register_profile(
    "tocsin", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("tocsin")

LOCAL_POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
BACKENDS = ("sqlite", "postgresql")
# the longest first: whichever of them came last would keep one worker busy while the others idle
LONGEST = (
    "tests/test_path.py",
    "tests/test_confidentiality_of_doors.py",
    "tests/web/test_pages.py",
    "tests/api/test_schemathesis.py",
    "tests/chem/test_figures.py",
    "tests/notification/test_from_report_to_mail.py",
    "tests/surveillance/test_signal_properties.py",
    "tests/web/test_browser.py",
    "tests/intake/test_resuming.py",
    "tests/migrations/test_migrations.py",
    "tests/test_routes.py",
    "tests/surveillance/test_curved_rules.py",
    "tests/surveillance/test_leakage.py",
    "tests/surveillance/test_replay.py",
    "tests/notification/test_killing.py",
    "tests/web/test_languages_of_pages.py",
    "tests/cli/test_commands.py",
    "tests/web/test_reporting_browser.py",
    "tests/demonstration/test_loading.py",
    "tests/intake/test_moves_property.py",
    "tests/intake/test_naming.py",
    "tests/access/test_handling.py",
)
SHARED = Path(os.environ.get("TOCSIN_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest modules come first."""
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.nodeid.partition("::")[0], len(places)))


def pytest_collection_finish() -> None:
    """What was imported stays to the end; it is not looked through for garbage each time."""
    gc.collect()
    gc.freeze()


def shared_data(name: str) -> Path:
    """A file of real data that is not part of the project; without it the test is skipped."""
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"real data is not here: {name} (set TOCSIN_SHARED_DATA)")
    return path


def _postgres_url() -> str | None:
    """Where a PostgreSQL server answers, or None."""
    url = os.environ.get("TOCSIN_TEST_POSTGRES_URL", LOCAL_POSTGRES)
    url = url.replace("postgresql://", "postgresql+psycopg://")
    try:
        with create_engine(url, connect_args={"connect_timeout": 3}).connect():
            return url
    except OperationalError:
        return None


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[PasswordHasher]:
    """Argon2 at its least cost, since every login of a test pays it; the hasher of the service."""
    quick = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    with pytest.MonkeyPatch.context() as patch:
        real = access._hasher
        patch.setattr(access, "_hasher", quick)
        patch.setattr(access, "_nobody", quick.hash("nobody's"))
        yield real


class _Compiled(BytecodeCache):
    """Templates that were compiled before; a changed one has another checksum."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self.held.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket: Bucket) -> None:
        self.held[bucket.key, bucket.checksum] = bucket.code


def _addresses_once(compiled: Callable[[Rule, bool], Any]) -> Callable[[Rule, bool], Any]:
    """How an address is written out follows from its rule, which every application has alike."""
    held: dict[Any, Any] = {}

    def once(rule: Rule, append_unknown: bool = True) -> Any:
        key = (rule.rule, tuple(rule._trace), repr(rule.defaults), append_unknown)
        if key not in held:
            held[key] = compiled(rule, append_unknown)
        return held[key]

    return once


@pytest.fixture(scope="session", autouse=True)
def made_once() -> Iterator[None]:
    """What each process of the service makes once, and a thousand applications here make once too:
    templates and addresses are compiled and shipped structures examined the first time only.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Flask, "jinja_options", {"bytecode_cache": _Compiled()})
        patch.setattr(Rule, "_compile_builder", _addresses_once(Rule._compile_builder))
        patch.setattr(knowledge, "_examined", cache(knowledge._examined))
        yield


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


@pytest.fixture
def nothing(backend) -> Iterator[Database]:
    """A database without any table."""
    database = backend.make(NOTHING)
    yield database
    backend.drop(database)


@pytest.fixture
def database(backend) -> Iterator[Database]:
    """A migrated, empty database of each kind."""
    database = backend.make(EMPTY)
    yield database
    backend.drop(database)


@pytest.fixture
def known(backend) -> Iterator[Database]:
    """A migrated database of each kind with the knowledge base in it, as after `tocsin init`."""
    database = backend.make(KNOWN)
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

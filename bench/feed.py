"""The JSON Feed, whole and conditional, against a bare Flask endpoint in the same process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask

from app import create_app
from app.clock import utc_now
from app.db import Database
from app.demonstration import load_demonstration
from app.registry.knowledge import load_knowledge
from app.settings import Settings
from bench.figure import Figure, seconds

REQUESTS = 100


def measure() -> list[Figure]:
    """Requests a second through the WSGI application, without a network between."""
    with TemporaryDirectory() as folder:
        settings = Settings.from_env({"TOCSIN_DATA_DIR": str(Path(folder))})
        database = Database(settings.database_url)
        database.migrate()
        with database.transaction() as session:
            load_knowledge(session, now=utc_now())
        load_demonstration(settings, only_real=False)
        client = create_app(settings, database=database).test_client()
        bare = _bare().test_client()
        etag = client.get("/feed.json").headers["ETag"]

        def many(ask: Callable[[], object]) -> float:
            return seconds(lambda: [ask() for _ in range(REQUESTS)])

        floor = many(lambda: bare.get("/"))
        whole = many(lambda: client.get("/feed.json"))
        fresh = many(lambda: client.get("/feed.json", headers={"If-None-Match": etag}))
    return [_figure("GET /feed.json", whole, floor), _figure("… unchanged (304)", fresh, floor)]


def _bare() -> Flask:
    app = Flask("bare")
    app.add_url_rule("/", view_func=lambda: {"a": 1})
    return app


def _figure(what: str, taken: float, floor: float) -> Figure:
    return Figure(
        what,
        f"{REQUESTS / taken:,.0f}/s",
        f"{REQUESTS / floor:,.0f}/s",
        taken / floor,
        "a bare Flask endpoint",
    )

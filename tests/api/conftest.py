"""The API on a migrated, empty register of each kind, and somebody to speak for Germany."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import create_app
from app.db import Database
from app.settings import Settings
from tests.reporting import NOW, key_for

Post = Callable[..., TestResponse]


@pytest.fixture
def app(database: Database, settings: Settings) -> Flask:
    return create_app(settings, database=database, clock=lambda: NOW)


@pytest.fixture
def key(database: Database) -> dict[str, str]:
    """The headers of a laboratory of Germany."""
    return key_for(database, "DE")


@pytest.fixture
def post(client: FlaskClient, key: dict[str, str]) -> Post:
    """Send something as the laboratory of Germany; JSON unless told otherwise."""

    def send(
        body: Any, path: str = "/api/v1/reports", headers: dict[str, str] | None = None, **more: Any
    ) -> TestResponse:
        sent = {"data": body} if isinstance(body, (bytes, str)) else {"json": body}
        kind = {} if "json" in sent else {"content_type": "application/json"}
        return client.post(path, headers={**key, **(headers or {})}, **(sent | kind | more))

    return send

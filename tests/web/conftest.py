"""The web application on a small full register and on an empty one."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.access.roles import Role
from app.db import Database
from app.settings import Settings
from tests.web.browsing import chromium, site  # noqa: F401 - fixtures
from tests.web.making import FULL, NOW, PASSWORD

Visit = Callable[[Role], FlaskClient]


@pytest.fixture
def full(backend) -> Iterator[Database]:
    """A register with reports, signals, an alert and a case, on each kind of database."""
    database = backend.make(FULL)
    yield database
    backend.drop(database)


@pytest.fixture
def full_app(full: Database, settings: Settings) -> Flask:
    return create_app(settings, database=full, clock=lambda: NOW)


@pytest.fixture
def empty_app(database: Database, settings: Settings) -> Flask:
    return create_app(settings, database=database, clock=lambda: NOW)


@pytest.fixture
def visit(full_app: Flask) -> Visit:
    """A browser of somebody with that role."""

    def sign_in(role: Role) -> FlaskClient:
        client = full_app.test_client()
        if role is not Role.PUBLIC:
            form = {"email": f"{role.value}@tocsin.test", "password": PASSWORD}
            answer = client.post("/login", data=form, headers={"Sec-Fetch-Site": "same-origin"})
            assert answer.status_code == 302, answer.text
        return client

    return sign_in

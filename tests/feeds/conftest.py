"""The service on an empty register, for the feeds of what a test tells."""

from __future__ import annotations

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.db import Database
from app.settings import Settings
from tests.notification.making import NOW


@pytest.fixture
def house(database: Database, settings: Settings) -> Flask:
    return create_app(settings, database=database, clock=lambda: NOW)


@pytest.fixture
def client(house: Flask) -> FlaskClient:
    return house.test_client()

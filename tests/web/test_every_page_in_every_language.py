"""Every page answers in every language, with something to show on it.

What is said depends on no database, so these are read from one of them alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from app import create_app
from app.access.roles import Role
from app.access.service import add_person, authority_by_code
from app.db import Database
from app.languages import LANGUAGES
from app.settings import Settings
from tests.reporting import NOW
from tests.test_confidentiality_of_doors import GUARDED, addresses, codes
from tests.web.making import PASSWORD

MACHINES = ("/api/", "/static/", "/feed", "/cap/", "/metrics", "/healthz", "/readyz")
SOME = 2  # things of each kind that are looked at
READERS = {"ews": ("EWS", Role.ADMIN), "focal": ("LAB-DE", Role.FOCAL_POINT)}


@pytest.fixture
def house(backends, settings: Settings) -> Iterator[Flask]:
    backend = backends["sqlite"]
    database: Database = backend.make(GUARDED)
    with database.transaction() as session:
        for name, (code, role) in READERS.items():
            add_person(
                session, f"{name}@tocsin.test", authority=authority_by_code(session, code),
                role=role, password=PASSWORD, now=NOW,
            )  # fmt: skip
    yield create_app(settings, database=database, clock=lambda: NOW)
    backend.drop(database)


def pages(house: Flask) -> list[str]:
    held = {of: some[-SOME:] for of, some in codes(house.extensions["tocsin.database"]).items()}
    return [path for path in addresses(house, held) if not path.startswith(MACHINES)]


@pytest.mark.parametrize("language", [code for code in LANGUAGES if code != "en"])
def test_every_page_is_shown_in_the_language(house: Flask, language: str) -> None:
    failed, shown = [], 0
    for name in (None, *READERS):
        client = house.test_client()
        if name:
            form = {"email": f"{name}@tocsin.test", "password": PASSWORD}
            client.post("/login", data=form, headers={"Sec-Fetch-Site": "same-origin"})
        for path in pages(house):
            answer = client.get(path, query_string={"lang": language})
            failed += [(name, path)] if answer.status_code >= 500 else []
            shown += answer.status_code == 200
            if answer.mimetype == "text/html" and answer.status_code < 300:
                assert f'<html lang="{language}"' in answer.text, path
    assert failed == []
    assert shown > 100

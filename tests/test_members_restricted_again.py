"""Every door, walked: a member of a family that is restricted again is named behind none of them.

The family's signal was assessed, told of and perhaps closed while every report was open.
"""

from __future__ import annotations

from html import unescape

import pytest
from sqlalchemy import select

from app import create_app
from app.access.roles import Actor, Role
from app.access.service import add_authority, authority_by_code, issue_key
from app.intake import release
from app.intake.models import Finding, Report
from app.notification.telling import tell
from app.registry.models import Substance
from app.surveillance.models import Episode, Rule
from app.surveillance.service import assess
from app.surveillance.triage import close
from tests.databases import EMPTY, Template
from tests.surveillance.making import ANALYST, RED, an_authority, morning
from tests.surveillance.test_grounds import AS_OF, a_family, background
from tests.test_confidentiality_of_doors import addresses, codes

NOW = morning(AS_OF)
SECRET = "Secretzene"
READERS = {"public": None, "peer": ("LAB-FR", Role.SUBSCRIBER), "analyst": ("EWS", Role.ANALYST)}


def fill(database) -> None:
    with database.transaction() as session:
        add_authority(session, "EWS", "Secretariat", country=None, now=NOW)
        background(session)
        a_family(session)
        last = session.scalars(select(Substance).order_by(Substance.id.desc()).limit(1)).one()
        last.name, last.found_by = SECRET, an_authority(session, "PL").id
        session.flush()
        tell(session, assess(session, as_of=AS_OF, now=NOW).changes, now=NOW, host="tocsin.test")


ASSESSED = Template("assessed family", fill, upon=EMPTY)


@pytest.fixture
def assessed(backend):
    database = backend.make(ASSESSED)
    yield database
    backend.drop(database)


@pytest.fixture
def ask(assessed, settings):
    """The answer of an address to a reader."""
    headers = {}
    with assessed.transaction() as session:
        for reader, holder in READERS.items():
            headers[reader] = {}
            if holder:
                authority = authority_by_code(session, holder[0])
                key = issue_key(session, authority, role=holder[1], now=NOW)
                headers[reader] = {"Authorization": f"Bearer {key}"}
    house = create_app(settings, database=assessed, clock=lambda: NOW)
    client = house.test_client()

    def asked(reader: str, path: str):
        answer = client.get(path, headers=headers[reader])
        assert answer.status_code < 500, (reader, path)
        return answer

    held = codes(assessed)
    few = {name: held[name][-8:] for name in ("reports", "submissions")}  # the family's own
    asked.paths = list(addresses(house, held | few))
    return asked


def restrict(session) -> None:
    """Whoever found it restricts every report of it."""
    reports = session.scalars(
        select(Report).join(Finding).join(Substance).where(Substance.name == SECRET)
    ).all()
    home = authority_by_code(session, "LAB-PL")
    focal = Actor(Role.FOCAL_POINT, "focal", home.id, home.code, ("PL",))
    wish = release.Wish(RED)
    release.rehandle(session, reports, wish, by=focal, reason="an inquiry", now=NOW)


def said(answer) -> str:
    return unescape(answer.data.decode(errors="replace"))


def naming(ask, reader: str, paths) -> set[str]:
    """The addresses that name it to a reader."""
    return {path for path in paths if SECRET in said(ask(reader, path))}


def test_no_door_names_it_of_an_open_signal_or_a_closed_one(assessed, ask):
    with assessed.reading() as session:
        family = session.scalars(select(Episode).where(Episode.rule == Rule.FAMILY)).all()
        behind = {f"/signals/{one.code}" for one in family}
        behind |= {f"/api/v1/episodes/{one.code}" for one in family}
        own = {one.code for one in session.scalars(select(Substance)) if one.name == SECRET}
    behind |= {"/signals", "/api/v1/signals", "/api/v1/episodes", "/"}
    assert family and naming(ask, "public", behind) == behind
    with assessed.transaction() as session:
        restrict(session)
    for state, reader in (("open", "public"), ("closed", "public"), ("closed", "peer")):
        paths = behind if state == "open" else ask.paths  # all of them: they take their time
        assert naming(ask, reader, paths) == set(), (state, reader)
        shown = [ask(reader, path).status_code for path in behind if "/E-" in path]
        assert set(shown) == {404}, (state, reader)
        assert not [path for path in behind for code in own if code in said(ask(reader, path))]
        with assessed.transaction() as session:
            for one in family if state == "open" else ():
                close(session, one.code, outcome="confirmed", by=ANALYST, now=NOW)
    kept = behind - {"/signals", "/api/v1/signals", "/"}
    assert naming(ask, "analyst", kept) == kept

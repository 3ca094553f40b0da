"""Every door, walked for what people write: drafts, products, why they ended, digests and feeds.

A draft is the secretariat's. What was issued reaches its audience and nobody else, whatever the
door, the format or the language, and at a personal address no more than its clearance.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import unescape
from itertools import product
from urllib.parse import unquote

import pytest
from flask import Flask
from sqlalchemy import select

from app import create_app
from app.access.handling import Handling
from app.access.roles import Actor, Role
from app.access.service import add_person, authority_by_code
from app.db import Database
from app.feeds.personal import CLEARANCES, make_feed
from app.notification import drafts, ending
from app.notification.digests import gather
from app.notification.models import Alert, Message, Purpose, Rhythm
from app.notification.subscriptions import subscribe
from app.notification.wishes import Wish
from app.registry.models import Substance
from app.settings import Settings
from chem import examine
from tests.databases import Template
from tests.notification.written import ANNA, a_content, issued
from tests.reporting import NOW
from tests.test_confidentiality_of_doors import (
    GUARDED,
    OWN,
    PEERS,
    SECRETARIAT,
    Secret,
    addresses,
    ask,  # noqa: F401 - a fixture
    codes,
    written,
)

LEVELS = ("clear", "green", "amber")
SIGNED_IN = PEERS | OWN | SECRETARIAT
EVERYBODY = SIGNED_IN | {"public"}
PLACES = {"clear": "SL", "green": "NE", "amber": "TG"}
ENDS = ("standing", "closed", "retracted")
LANGUAGES = ("", "fr", "es")
READERS = ("public", "subscriber", "own focal point", "analyst")
WORD = "a password that is long enough"


def write(database: Database) -> None:
    """At each level an alert that stands, one that is closed and one that is to be retracted, each
    of a substance known from there on; a draft; and a digest of them."""
    with database.transaction() as session:
        french, rhythm = authority_by_code(session, "LAB-FR"), Wish(rhythm=Rhythm.DAILY)
        subscribe(session, "daily@example.org", authority=french, now=NOW, wish=rhythm)
        by_key = {one.connectivity: one.code for one in session.scalars(select(Substance))}
        for level, end in product(LEVELS, ENDS):
            known = written("green" if level == "clear" else level)
            key = examine(known).components[0].identity.connectivity
            named = () if level == "clear" else (by_key[key],)
            word = f"{end} {level}"
            alert = issued(
                session,
                now=NOW,
                handling=Handling.of(level),
                headline=f"Headline {word}",
                happened=f"Happening {word}",
                advice=f"Advising {word}",
                subject="" if named else "family:nitazene",
                substances=named,
                countries=(PLACES[level],),
            )
            if end == "closed":
                ending.close(session, alert.code, f"Served {word}", by=ANNA, now=NOW)
            if end == "retracted":
                ending.ask_retraction(session, alert.code, f"Mistaken {word}", by=ANNA, now=NOW)
        for level in LEVELS:
            content = a_content(
                handling=Handling.of(level), headline=f"Drafted {level}", known=f"Knowing {level}"
            )
            draft = drafts.start(session, content, by=ANNA, now=NOW)
            drafts.submit(session, draft.code, version=1, by=ANNA, now=NOW)
        gather(session, now=NOW.replace(day=23), host="tocsin.test")


def secrets() -> list[Secret]:
    """What may be met by whom."""
    found = [Secret("anna@example.org", SECRETARIAT), Secret("bela@example.org", SECRETARIAT)]
    for level in LEVELS:
        readers = EVERYBODY if level == "clear" else SIGNED_IN
        for end in ENDS:
            for word in ("Headline", "Happening", "Advising"):
                found.append(Secret(f"{word} {end} {level}", readers))
        found.append(Secret(f"Served closed {level}", readers))
        found.append(Secret(f"Mistaken retracted {level}", SECRETARIAT))
        found += [Secret(f"{word} {level}", SECRETARIAT) for word in ("Drafted", "Knowing")]
    return found


ALERTS = Template("alerts", write, upon=GUARDED)


@pytest.fixture
def guarded(backend) -> Iterator[Database]:
    database = backend.make(ALERTS)
    yield database
    backend.drop(database)


@pytest.fixture
def app(guarded: Database, settings: Settings) -> Flask:
    return create_app(settings, database=guarded, clock=lambda: NOW)


def paths_of(app: Flask, held: dict[str, list[str]]) -> Iterator[str]:
    """Every address, in each language where it is a feed, and in each length of an alert."""
    for path in addresses(app, held):
        yield path
        if path.endswith((".json", ".atom", ".xml")):
            yield from (f"{path}?lang={language}" for language in LANGUAGES if language)
        if path.startswith("/alerts/A-"):
            yield from (f"{path}?as={length}" for length in ("short", "page"))


def test_what_people_wrote_reaches_its_audience_and_nobody_else(guarded, app, ask):  # noqa: F811
    held = codes(guarded) | {"countries": list(PLACES.values())}
    with guarded.reading() as session:
        editions = {
            f"/alerts/{alert.code}?edition={edition.id}"
            for alert in session.scalars(select(Alert))
            for edition in alert.editions
        }
        assert session.scalars(select(Message).where(Message.purpose == Purpose.DIGEST)).first()
    assert len(held["drafts"]) == len(LEVELS) * (len(ENDS) + 2)
    paths = [*paths_of(app, held), *sorted(editions)]
    hidden, leaks, met = secrets(), [], set()
    for reader in READERS:
        for path in paths:
            answer = ask(reader, path)
            assert answer.status_code < 500, (reader, path)
            said = unescape(answer.data.decode(errors="replace"))
            echoed = "" if answer.status_code == 200 else unquote(path)
            for secret in hidden:
                if secret.words not in said or secret.words in echoed:
                    continue
                if reader in secret.readers:
                    met.add((reader, secret.words))
                else:
                    leaks.append(f"{reader} reads {secret.words} at {path}")
    assert not leaks, "\n".join(leaks)
    unmet = {(who, one.words) for one in hidden for who in one.readers if who in READERS} - met
    assert not {who for who in unmet if "@" not in who[1]}, sorted(unmet)


def test_a_feed_for_everybody_holds_what_is_clear_whoever_asks(app, guarded, ask):  # noqa: F811
    """Under every scope that a restricted alert would be found under, in every language."""
    with guarded.reading() as session:
        substances = [one.code for one in session.scalars(select(Substance))]
    scopes = ["", *(f"country={place}" for place in PLACES.values()), "group=nitazenes"]
    scopes += ["family=nitazene", *(f"substance={code}" for code in substances)]
    for scope, language, file in product(scopes, LANGUAGES, ("feed.json", "feed.atom")):
        for reader in ("public", "analyst"):
            answer = ask(reader, f"/{file}?{scope}&lang={language}")
            assert answer.status_code in {200, 404}, (scope, reader)
            for level, end in product(("green", "amber"), ENDS):
                assert f"{end} {level}" not in answer.text, (reader, scope, language)
    assert "standing clear" in ask("public", f"/feed.json?country={PLACES['clear']}").text


@pytest.mark.parametrize("clearance", CLEARANCES)
def test_a_personal_address_tells_up_to_its_clearance_whoever_made_it(guarded, app, clearance):
    makers = {"laboratory": Role.LABORATORY, "analyst": Role.ANALYST, "admin": Role.ADMIN}
    own = {}
    with guarded.transaction() as session:
        for name, role in makers.items():
            home = authority_by_code(session, "LAB-DE" if name == "laboratory" else "EWS")
            email = f"{name}@feeds.test"
            add_person(session, email, authority=home, role=role, password=WORD, now=NOW)
            by = Actor(role, email, home.id, home.code, figures_up_to=int(Handling.RED))
            own[name] = make_feed(session, "board", clearance, by=by, now=NOW).secret
    client = app.test_client()
    scopes = ["", *(f"country={place}" for place in PLACES.values()), "group=nitazenes"]
    met = set()
    for secret, scope, language in product(own.values(), scopes, LANGUAGES):
        for kind in ("json", "atom"):
            text = client.get(f"/feed/{secret}.{kind}?{scope}&lang={language}").text
            for level, end in product(LEVELS, ENDS):
                if f"Headline {end} {level}" in text:
                    assert Handling.of(level) <= clearance, (scope, level)
                    met.add(level)
            assert "Drafted" not in text and "Mistaken" not in text
        for item in json.loads(client.get(f"/feed/{secret}.json?{scope}").text)["items"]:
            assert Handling.of(item["_nps"]["handling"]) <= clearance
    assert met == {level for level in LEVELS if Handling.of(level) <= clearance}

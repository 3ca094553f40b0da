"""Every door, walked: what a report says under restriction leaves through none of them.

The map of addresses itself is walked, so a new page or list is covered on the day it is made; one
with an argument nobody has thought of fails until `ARGUMENTS` says what to put there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from urllib.parse import quote, quote_plus, unquote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from app import create_app
from app.access.handling import Handling
from app.access.roles import Actor, Role
from app.access.service import add_authority, authority_by_code, issue_key
from app.db import Database
from app.intake import merging, release
from app.intake.attachments.models import Attachment
from app.intake.curation import decide as decide_name
from app.intake.duplicates.models import DuplicatePair
from app.intake.duplicates.run import find_duplicates
from app.intake.duplicates.service import Decision
from app.intake.duplicates.service import decide as decide_pair
from app.intake.models import Finding, Report, Submission
from app.intake.profiles.keeping import save_profile
from app.intake.saying import this_substance
from app.notification.acknowledging import token
from app.notification.links import CONFIRM, UNSUBSCRIBE, link_token
from app.notification.models import Alert, Draft, Message, Subscription, Webhook
from app.notification.subscriptions import subscribe
from app.registry.models import Cluster, Substance
from app.registry.names import name_key
from app.review.models import ReviewCase
from app.review.service import open_case
from app.settings import DEMO_SECRET, Settings
from app.surveillance import previews
from app.surveillance.models import Episode, RulesetPreview
from app.worker import Work, assess_and_tell
from chem import examine
from tests.databases import EMPTY, Template
from tests.intake.attachments.making import msp, put
from tests.intake.duplicates.making import seizure
from tests.intake.taking import take_reports
from tests.intake.test_profiles import ZOLL
from tests.reporting import NOW, laboratory, report

LEVELS = ("green", "amber", "red", "held")  # held: for everybody, after an embargo
CORE = "{}c1ccc(Cc2nc3cc([N+](=O)[O-])ccc3n2CCN2CCSCC2)cc1"
NEW = {"green": "CCS", "amber": "CCCS", "red": "CCCCS", "held": "CCCCCS"}
GONE = CORE.format("CCCCCCS")  # known from a red report alone, then merged into a public substance
PLACES = {"green": "DE-HH", "amber": "DE-SN", "red": "DE-TH", "held": "DE-SL"}
READERS = ("public", "subscriber", "other focal point", "analyst", "admin", "own focal point")
# a subscriber is cleared as a focal point of elsewhere and an administrator as an analyst; what a
# level is cleared for is asked of each kind of database, what a role is cleared for of one
READERS_AGAIN = ("public", "other focal point", "analyst", "own focal point")
SECRETARIAT, PEERS = {"analyst", "admin"}, {"subscriber", "other focal point"}
OWN = {"own focal point"}
ROWS = {"green": PEERS | SECRETARIAT | OWN, "amber": SECRETARIAT | OWN, "red": OWN, "held": OWN}
NAMES = ROWS | {"red": SECRETARIAT | OWN, "held": SECRETARIAT | OWN}  # a figure has a name
DECIDED = ROWS | {"amber": PEERS | SECRETARIAT | OWN}
FIGURES = NAMES | {"amber": PEERS | SECRETARIAT | OWN}


def written(level: str) -> str:
    """The structure of a level's new substance."""
    return CORE.format(NEW[level])


def fields(level: str) -> dict[str, object]:
    """A report of a death with words of its own in every field that takes words."""
    return report(
        reference=f"Reference/{level}",
        event_kind="death",
        outcome="death",
        causal_role="sole",
        handling="clear" if level == "held" else level,
        embargo_until="2027-03-01" if level == "held" else None,
        subdivision=PLACES[level],
        sold_as=f"Soldas {level}",
        matrix=f"Matrix {level}",
        concentration=f"Concentration {level}",
        findings=[
            {
                "structure": written(level),
                "substance_name": f"Secretine {level}",
                "techniques": ["GC-MS", "NMR"],
                "confirmation": "reference_standard",
            },
            {"substance_name": f"Waiting {level}"},
            {"substance_name": f"Decided {level}"},
            {"substance_name": f"House {level}"},
        ],
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Secret:
    """Words that only these readers may meet."""

    words: str
    readers: set[str] = field(hash=False)


def fill(database: Database) -> None:
    with database.transaction() as session:
        add_authority(session, "EWS", "Secretariat", country=None, now=NOW)
    home, abroad = laboratory(database, "DE"), laboratory(database, "FR")
    analyst = Actor(Role.ANALYST, "analyst of the test")
    focal = Actor(Role.FOCAL_POINT, "focal", home.authority_id, home.authority_code, ("DE",))
    take_reports(database, [seizure("Open/1", "FR")], by=abroad)
    for level in LEVELS:
        take_reports(database, [fields(level)], by=home)
    take_reports(
        database,
        [
            seizure("Reference/pair", handling="amber", destination="FR"),
            report(
                reference="Reference/gone",
                handling="red",
                findings=[{"structure": GONE, "substance_name": "Secretine gone"}],
            ),
        ],
        by=home,
    )
    find_duplicates(database, clock=lambda: NOW)
    _attach(database, home)
    with database.transaction() as session:
        save_profile(
            session, "secretprofile", ZOLL.replace("Zoll", "Secrettitle"), by=home, now=NOW
        )
        known = session.scalars(
            select(Substance).join(Finding).join(Report).where(Report.reference == "Open/1")
        ).one()
        for level in ("green", "amber"):
            said = this_substance(known)
            decide_name(session, name_key(f"Decided {level}"), said, by=analyst, now=NOW)
            decide_name(
                session, name_key(f"House {level}"), said, by=analyst, now=NOW,
                authority_id=home.authority_id,
            )  # fmt: skip
        gone = session.scalars(select(Substance).order_by(Substance.id.desc()).limit(1)).one()
        merging.merge(session, gone, known, by=analyst, reason="Mergereason", now=NOW)
        pair = session.scalars(select(DuplicatePair)).one()
        decide_pair(
            session, pair.code, Decision.DIFFERENT, by=analyst, reason="Pairreason", now=NOW
        )
        open_case(session, known, "Is it about?", by=analyst, now=NOW)
        subscribe(
            session, "told@example.org", authority=authority_by_code(session, "LAB-FR"), now=NOW
        )
        text = previews.with_changes({"first.fresh_months": "1", "spread.countries": "1"})
        previews.ask_for(session, text, months=2, by=analyst, now=NOW)
        for row in session.scalars(select(Report).where(Report.reference == "Reference/red")):
            wish = release.Wish(Handling.AMBER)
            reason = "Handlingreason"
            release.rehandle(session, [row], wish, by=focal, reason=reason, now=NOW)
            wish = release.Wish(Handling.RED)
            release.rehandle(session, [row], wish, by=focal, reason=reason, now=NOW)
    work = Work(database, Settings.from_env({}), clock=lambda: NOW)
    assess_and_tell(work, as_of=(NOW - timedelta(days=60)).date())
    assess_and_tell(work)


def _attach(database: Database, home: Actor) -> None:
    with database.reading() as session:
        query = select(Report.reference, Report.id).where(Report.reference.like("Reference/%"))
        numbers = {reference: number for reference, number in session.execute(query)}
    for level in LEVELS:
        code = f"RP-{numbers[f'Reference/{level}']:06d}"
        content = msp(name=f"Spectrum {level}")
        put(database, code, content, f"filename-{level}.msp", by=home, finding=0)


def secrets(database: Database) -> list[Secret]:
    """What may be met by whom."""
    found = [
        Secret("secretprofile", OWN | {"admin"}), Secret("Secrettitle", OWN | {"admin"}),
        Secret("Reference/gone", OWN), Secret("Secretine gone", SECRETARIAT | OWN),
        Secret("Reference/pair", SECRETARIAT | OWN), Secret("Pairreason", SECRETARIAT),
        Secret("Mergereason", SECRETARIAT), Secret("analyst of the test", SECRETARIAT),
        Secret("Handlingreason", OWN | {"admin"}),  # an administrator reads the audit trail
    ]  # fmt: skip
    for level in LEVELS:
        rows, names = ROWS[level], NAMES[level]
        for word in (
            "Reference/",
            "Soldas ",
            "Matrix ",
            "Concentration ",
            "filename-",
            "Spectrum ",
        ):
            found.append(Secret(f"{word}{level}", rows))
        found.append(Secret(PLACES[level], rows - PEERS))
        found.append(Secret(f"Waiting {level}", rows))
        found.append(Secret(f"Secretine {level}", names))
        # what a curator said it means is as open as a figure; a house name is the house's
        found += [Secret(f"House {level}", rows), Secret(f"Decided {level}", DECIDED[level])]
    with database.reading() as session:
        by_key = {s.connectivity: s for s in session.scalars(select(Substance))}
        for level in LEVELS:
            key = examine(written(level)).components[0].identity.connectivity
            found.append(Secret(key, FIGURES[level]))
            found.append(Secret(by_key[key].code, FIGURES[level]))
        key = examine(GONE).components[0].identity.connectivity
        found += [Secret(key, SECRETARIAT | OWN), Secret(by_key[key].code, SECRETARIAT | OWN)]
    return found


def codes(database: Database) -> dict[str, list[str]]:
    """The numbers of everything there is, by the word of the address that they follow."""
    with database.reading() as session:

        def of(model: type, attribute: str = "code") -> list[str]:
            return [getattr(one, attribute) for one in session.scalars(select(model))]

        reports, substances, files = of(Report), of(Substance), of(Attachment)
        return {
            "reports": reports,
            "substances": [*substances, of(Substance, "connectivity")[-1]],
            "attachments": files,
            "spectra": substances,
            "submissions": of(Submission),
            "duplicates": of(DuplicatePair),
            "alerts": of(Alert),
            "drafts": of(Draft),
            "cap": of(Alert),
            "episodes": of(Episode),
            "signals": of(Episode),
            "preview": of(RulesetPreview),
            "priority": substances,
            "clusters": of(Cluster, "key"),
            "review": of(ReviewCase),
            "subscriptions": [str(one) for one in of(Subscription, "id")],
            "unsubscribe": [link_token(DEMO_SECRET, UNSUBSCRIBE, 1)],
            "acknowledge": [token(DEMO_SECRET, one) for one in of(Message, "id")],
            "messages": [str(one) for one in of(Message, "id")],
            "confirm": [link_token(DEMO_SECRET, CONFIRM, 1)],
            "profiles": ["secretprofile", "nflis"],
            "results": ["csv", "ndjson"],
            "static": ["tocsin.css"],
            "webhooks": [str(number) for number in of(Webhook, "id")],
            "groups": ["nitazenes", "other"],
            "families": ["nitazene"],
            "countries": ["DE", "FR"],
            "feed": ["none"],  # whose secret opens it, tests/feeds/test_personal.py asks
        }


FORMATS = ("", "?format=csv", "?format=sdf")
FIXED = {"/api/v1/openapi.json", "/docs/codes.json"}  # say nothing of what is held


def addresses(app: Flask, held: dict[str, list[str]]) -> Iterator[str]:
    """Every address that answers a GET, once for each thing it may be asked of."""
    for rule in app.url_map.iter_rules():
        if "GET" not in (rule.methods or ()):
            continue
        if not rule.arguments:
            listed = rule.rule.startswith("/api/v1/") and rule.rule not in FIXED
            yield from (rule.rule + form for form in (FORMATS if listed else FORMATS[:1]))
            continue
        (of,) = re.findall(r"/([a-z.]+)[/.]<", rule.rule)[:1] or [None]
        assert of in held, f"say in `codes` what to put into {rule.rule}"
        rest = {"kind": ["csv", "ndjson"]}
        for code in held[of]:
            filled = re.sub(r"<(?!any)[^>]+>", quote(code), rule.rule, count=1)
            if "<any" in filled:
                yield from (re.sub("<any.*>", kind, filled) for kind in rest["kind"])
            else:
                yield filled


GUARDED = Template("guarded", fill, upon=EMPTY)


@pytest.fixture
def guarded(backend) -> Iterator[Database]:
    database = backend.make(GUARDED)
    yield database
    backend.drop(database)


@pytest.fixture
def app(guarded: Database, settings: Settings) -> Flask:
    return create_app(settings, database=guarded, clock=lambda: NOW)


@pytest.fixture
def ask(guarded: Database, app: Flask):
    """Ask as each reader: the answer of an address."""
    holders = {
        "subscriber": ("LAB-FR", Role.SUBSCRIBER),
        "other focal point": ("LAB-FR", Role.FOCAL_POINT),
        "analyst": ("EWS", Role.ANALYST),
        "admin": ("EWS", Role.ADMIN),
        "own focal point": ("LAB-DE", Role.FOCAL_POINT),
    }
    headers: dict[str, dict[str, str]] = {"public": {}}
    with guarded.transaction() as session:
        for reader, (code, role) in holders.items():
            key = issue_key(session, authority_by_code(session, code), role=role, now=NOW)
            headers[reader] = {"Authorization": f"Bearer {key}"}
    client: FlaskClient = app.test_client()

    def asked(reader: str, path: str, **like):
        return client.open(path, headers=headers[reader], **like)

    return asked


def test_no_word_of_a_restricted_report_leaves_by_any_door(guarded, app, ask):
    embedded = guarded.url.startswith("sqlite")
    paths = list(addresses(app, codes(guarded)))
    hidden, leaks, met = secrets(guarded), [], set()
    for reader in READERS if embedded else READERS_AGAIN:
        for path in paths:
            answer = ask(reader, path)
            assert answer.status_code < 500, (reader, path)
            said = unescape(answer.data.decode(errors="replace"))
            echoed = "" if answer.status_code == 200 else unquote(path)
            for secret in hidden:
                if secret.words not in said or secret.words in echoed:
                    continue
                if reader in secret.readers:
                    met.add(secret.words)
                else:
                    leaks.append(f"{reader} reads {secret.words} at {path}")
    assert not leaks, "\n".join(leaks)
    unmet = {secret.words for secret in hidden} - met
    assert not unmet, f"nobody met {unmet}, so nothing is said of them"


ABSENT = CORE.format("CCCCCCCCS")  # nobody ever reported it


def connectivity(structure: str) -> str:
    return examine(structure).components[0].identity.connectivity


def _without(words: str, page: str) -> str:
    """A page without the words that were asked for, however they are written there."""
    for echoed in (words, quote(words), quote_plus(words), quote(quote(words))):
        page = page.replace(echoed, "")
    return page


QUESTIONS = (
    ("/api/v1/substances?q=", "Secretine gone", "Secretine none"),
    ("/substances?q=", "Secretine red", "Secretine rud"),
    ("/substances?q=", "House amber", "House umber"),
    ("/api/v1/substances?q=", connectivity(GONE), connectivity(ABSENT)),
    ("/api/v1/substances?q=", connectivity(written("red")), connectivity(ABSENT)),
    ("/api/v1/names?q=", "Secretine red", "Secretine rud"),
    ("/api/v1/search?name=", "Secretine red", "Secretine rud"),
    ("/api/v1/search?name=", "House amber", "House umber"),
    ("/api/v1/search?mode=exact&structure=", GONE, ABSENT),
    ("/api/v1/search?mode=exact&structure=", written("red"), ABSENT),
    ("/api/v1/reports?substance=", "TS-00004", "TS-00099"),
    ("/api/v1/figures?substance=", "TS-00004", "TS-00099"),
    ("/api/v1/forms?substance=", "TS-00004", "TS-00099"),
    ("/api/v1/names?substance=", "TS-00004", "TS-00099"),
)


@pytest.mark.parametrize("reader", ["public", "other focal point"])
def test_what_is_hidden_answers_as_what_never_was(guarded, ask, reader):
    """A guess that is right must not show: not by a hit, an error, or a place in a list."""
    assert connectivity(written("red")) in ask("analyst", "/api/v1/substances/TS-00004").text
    for path, hidden, absent in QUESTIONS:
        right, wrong = ask(reader, path + quote(hidden)), ask(reader, path + quote(absent))
        assert right.status_code == wrong.status_code, (path, hidden)
        blank = [
            _without(words, answer.text) for words, answer in ((hidden, right), (absent, wrong))
        ]
        assert blank[0] == blank[1], (path, hidden)
    similar = f"/api/v1/search?mode=similarity&structure={quote(written('red'))}&after="
    assert ask(reader, similar + "TS-00004").status_code == 422  # no cursor of this reader's


def test_the_form_answers_a_hidden_name_as_one_that_nobody_holds(guarded, ask):
    told = [
        ask(
            "other focal point", "/reports/new/answer", method="POST", data={"substance_name": name}
        )
        for name in ("Secretine gone", "House amber", "Secretine none")
    ]
    assert [answer.status_code for answer in told] == [200] * 3
    assert all("not a name we hold" in answer.text for answer in told)

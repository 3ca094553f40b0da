"""A small register for the pages: a few laboratories, what they reported, and what came of it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

from app.access.models import Authority
from app.access.roles import SIGNED_IN, Actor, Role
from app.access.service import add_authority, add_person, issue_key
from app.db import Database
from app.intake.readers import read_json
from app.intake.taking import take
from app.intake.words import Channel
from app.jobs import declare
from app.notification.subscriptions import subscribe
from app.notification.telling import tell
from app.registry.queries import substances
from app.review.service import open_case
from app.surveillance.service import assess
from tests.databases import KNOWN, Template

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PASSWORD = "a long enough password"

PYRROLIDINO_PROTONITAZENE = "CCCOc1ccc(Cc2nc3cc([N+](=O)[O-])ccc3n2CCN2CCCC2)cc1"
ISOTONITAZENE = "CCN(CC)CCn1c(Cc2ccc(OC(C)C)cc2)nc2cc([N+](=O)[O-])ccc12"
NEW_CATHINONE = "CCCCC(NC(C)C)C(=O)c1ccc(Cl)cc1C"
NEW_TRYPTAMINE = "CCCN(CCC)CCc1c[nH]c2c(F)cc(OC)cc12"
HIDDEN = "CCOc1ccc(Cc2nc3cc([N+](=O)[O-])ccc3n2CCN2CCOCC2)cc1"

HOSTILE = '<script>alert("name")</script>'
FORMULA = "=HYPERLINK(1)"
HIDDEN_NAME = "Morpholino hidden nitazene"
HIDDEN_REFERENCE = "AMBER-REFERENCE-77"
HIDDEN_COUNTRY = ("IS", "Iceland")


def seizure(reference: str, country: str, day: str, structure: str, **more: Any) -> dict[str, Any]:
    """A public report of one confirmed finding."""
    finding = {
        "structure": structure,
        "substance_name": more.pop("name", None),
        "techniques": ["GC-MS", "NMR"],
        "confirmation": "reference_standard",
    }
    fields = {
        "reference": reference,
        "event_kind": "seizure",
        "event_date": day,
        "country": country,
        "handling": "clear",
        "findings": [{k: v for k, v in finding.items() if v is not None}],
    }
    return fields | more


REPORTS: dict[str, list[dict[str, Any]]] = {
    "DE": [
        seizure("DE-1", "DE", "2026-07-02", PYRROLIDINO_PROTONITAZENE),
        seizure("DE-2", "DE", "2026-10-02", f"{PYRROLIDINO_PROTONITAZENE}.Cl"),
        seizure("DE-3", "DE", "2026-09-12", NEW_CATHINONE, name=HOSTILE, sold_as=HOSTILE),
        seizure("DE-4", "DE", "2026-09", NEW_TRYPTAMINE, name=FORMULA),
    ],
    "FR": [
        seizure("FR-1", "FR", "2026-09-05", PYRROLIDINO_PROTONITAZENE),
        seizure(
            "FR-2", "FR", "2026-11-01", PYRROLIDINO_PROTONITAZENE,
            event_kind="death", outcome="death", causal_role="sole",
        ),
    ],
    "SG": [seizure("SG-1", "SG", "2026-10-20", PYRROLIDINO_PROTONITAZENE)],
    "US": [
        seizure("US-22", "US", "2022", ISOTONITAZENE, type="aggregate", count=120),
        seizure("US-23", "US", "2023", ISOTONITAZENE, type="aggregate", count=95),
    ],
    "IS": [
        seizure(HIDDEN_REFERENCE, "IS", "2026-10-11", HIDDEN, name=HIDDEN_NAME, handling="amber"),
        {
            "reference": "IS-2", "event_kind": "collected_sample", "event_date": "2026-10-12",
            "country": "IS", "handling": "amber",
            "findings": [{"substance_name": "Isomer 7 <b>unresolved</b>"}],
        },
        {"reference": "IS-3", "event_kind": "seizure", "event_date": "2026-10-12", "country": "UK"},
    ],
}  # fmt: skip


def fill(database: Database) -> None:
    """Let everybody report, assess, tell, and open a case."""
    with database.transaction() as session:
        home = add_authority(session, "EWS", "Secretariat", country=None, now=NOW)
        for role in sorted(SIGNED_IN):
            where = home
            if role in (Role.LABORATORY, Role.FOCAL_POINT, Role.SUBSCRIBER):
                where = add_authority(
                    session, f"{role.value.upper()}-SE", "Sweden", country="SE", now=NOW
                )
            add_person(
                session,
                f"{role.value}@tocsin.test",
                authority=where,
                role=role,
                password=PASSWORD,
                now=NOW,
            )
        issue_key(session, home, role=Role.ANALYST, now=NOW)
        subscribe(session, "people@tocsin.test", authority=home, now=NOW)
        declare(session, "assess", 900)
    for country, sent in REPORTS.items():
        _report(database, country, sent)
    for day in (date(2026, 10, 31), NOW.date()):
        with database.transaction() as session:
            outcome = assess(session, as_of=day, now=NOW)
            tell(session, outcome.changes, now=NOW, host="tocsin.test")
    with database.transaction() as session:
        analyst = Actor(Role.ANALYST, "analyst@tocsin.test")
        found = substances(session, analyst, text="isotonitazene").items[0]
        open_case(session, found, f"Is it still about? {HOSTILE}", by=analyst, now=NOW)


FULL = Template("web_full", fill, upon=KNOWN)


def _report(database: Database, country: str, sent: list[dict[str, Any]]) -> None:
    with database.transaction() as session:
        home: Authority = add_authority(
            session, f"LAB-{country}", f"Laboratory {country}", country=country, now=NOW
        )
        by = Actor(Role.LABORATORY, "key", home.id, home.code, home.countries)
    content = json.dumps(sent).encode()
    take(
        database,
        [content],
        lambda: read_json(content),
        by=by,
        channel=Channel.API,
        clock=lambda: NOW,
        simulated=country == "SG",
    )

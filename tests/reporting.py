"""Laboratories, keys and reports for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from app.access.roles import Actor, Role
from app.access.service import add_authority, issue_key
from app.db import Database

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)

PROTONITAZENE = "CCN(CC)CCn1c(Cc2ccc(OCCC)cc2)nc2cc([N+](=O)[O-])ccc12"
PROTONITAZENE_HCL = (
    f"{PROTONITAZENE}.Cl",
    "[Cl-].CC[NH+](CC)CCn1c2ccc([N+]([O-])=O)cc2nc1Cc1ccc(OCCC)cc1",
    "C1(=CC=C(C=C1)CC2=NC3=C(N2CCN(CC)CC)C=CC(=C3)N(=O)=O)OCCC",
)


def laboratory(database: Database, country: str, **more: Any) -> Actor:
    """A laboratory of a country, as one who asks."""
    with database.transaction() as session:
        home = add_authority(
            session, f"LAB-{country}", f"Laboratory {country}", country=country, now=NOW, **more
        )
        return Actor(Role.LABORATORY, f"key of LAB-{country}", home.id, home.code, home.countries)


def key_for(database: Database, country: str, role: Role = Role.LABORATORY) -> dict[str, str]:
    """The headers of a new laboratory's key."""
    code = f"{role.value.upper()}-{country}"
    with database.transaction() as session:
        home = add_authority(session, code, f"{role.value} {country}", country=country, now=NOW)
        return {"Authorization": f"Bearer {issue_key(session, home, role=role, now=NOW)}"}


def report(country: str = "DE", **changed: Any) -> dict[str, Any]:
    """A report that is right in every field; `changed` replaces or, with None, removes fields."""
    fields: dict[str, Any] = {
        "reference": "R-1",
        "event_kind": "seizure",
        "event_date": "2026-11-02",
        "country": country,
        "handling": "clear",
        "findings": [
            {
                "structure": PROTONITAZENE,
                "techniques": ["GC-MS", "NMR"],
                "confirmation": "reference_standard",
            }
        ],
    }
    fields |= changed
    return {name: value for name, value in fields.items() if value is not None}

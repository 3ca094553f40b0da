"""Substances for tests, enrolled as a report would."""

from __future__ import annotations

import chem
from app.access.handling import Handling
from app.db import Database
from app.registry.service import enrol, held_substances
from tests.reporting import NOW

ISOTONITAZENE = "CCN(CC)CCn1c(Cc2ccc(OC(C)C)cc2)nc2cc([N+](=O)[O-])ccc12"


def enrolled(
    database: Database,
    structure: str,
    *,
    name: str | None = None,
    handling: Handling = Handling.CLEAR,
    found_by: int | None = None,
) -> int:
    """The id of the substance, known to the registry from now on."""
    (part,) = chem.examine(structure).components
    with database.transaction() as session:
        held = held_substances(session, [part.identity.key])
        return enrol(session, part, held, name=name, handling=handling, found_by=found_by, now=NOW)

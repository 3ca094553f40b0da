"""Asking PubChem what a name is: only when a curator asks, only for a name that is public.

What comes back is external and unreviewed. It is read by `chem` like any structure, kept for a
while, and shown as a suggestion; it never resolves a name and no report waits for it. The address
is fixed and https; time, size and redirects are bounded, since the answer is a stranger's.
Source: PUG REST, pubchem.ncbi.nlm.nih.gov/docs/pug-rest.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.errors import Refused, TocsinError
from app.outgoing import Limits, Unanswered, posted
from app.registry.models import OutsideAnswer, Substance
from app.registry.queries import known_to
from chem import StructureError, examine

HOST = "https://pubchem.ncbi.nlm.nih.gov"
ASKED = f"{HOST}/rest/pug/compound/name/property/SMILES,InChIKey/JSON"
CONNECT_SECONDS, READ_SECONDS, ALL_SECONDS = 3.05, 8.0, 12.0
MOST_BYTES = 256 * 1024
MOST_COMPOUNDS = 5
KEPT, KEPT_WITHOUT = timedelta(days=30), timedelta(days=7)  # with an answer, and without


class NotAnswered(TocsinError):
    """PubChem was not reached, or what it said is none of what it promises."""


@dataclass(frozen=True, slots=True)
class Compound:
    """A compound that PubChem holds under a name, and what it is to us.

    `substance` is that of the register with the same structure; `problem` says why a structure
    could not be read.
    """

    cid: int
    inchikey: str
    smiles: str
    substance: Substance | None
    problem: str

    @property
    def url(self) -> str:
        """Its page at PubChem."""
        return f"{HOST}/compound/{self.cid}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What PubChem said to a name, and when; no compounds when it knows none."""

    asked: str
    asked_at: datetime
    compounds: tuple[Compound, ...]


def ask(name: str) -> list[dict[str, Any]]:
    """What PubChem holds under a name, as it is kept: "cid", "inchikey", "smiles", and the "key" of
    the structure or the "problem" with it; [] when it holds nothing. Raises NotAnswered.
    """
    return _compounds(_fetched(name))


def _fetched(name: str) -> dict[str, Any]:
    """The JSON object of the answer; {} for a name that is not known there."""
    limits = Limits(CONNECT_SECONDS, READ_SECONDS, ALL_SECONDS)
    try:
        with posted(ASKED, {"name": name}, limits=limits, environment=True) as answer:
            if answer.status == 404:
                return {}
            if answer.status != 200:
                raise NotAnswered(f"PubChem answered with status {answer.status}")
            body = answer.read(MOST_BYTES + 1)
    except Unanswered as error:
        raise NotAnswered(f"PubChem was not reached: {error}") from None
    if len(body) > MOST_BYTES:
        raise NotAnswered(f"PubChem's answer is longer than {MOST_BYTES // 1024} kB")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise NotAnswered("PubChem answered with something that is no JSON object")
    return found


def _compounds(found: dict[str, Any]) -> list[dict[str, Any]]:
    table = found.get("PropertyTable")
    rows = table.get("Properties") if isinstance(table, dict) else None
    return [
        _examined(row["CID"], str(row.get("InChIKey", ""))[:27], row["SMILES"])
        for row in (rows if isinstance(rows, list) else [])[:MOST_COMPOUNDS]
        if isinstance(row, dict)
        and isinstance(row.get("CID"), int)
        and isinstance(row.get("SMILES"), str)
    ]


def _examined(cid: int, inchikey: str, smiles: str) -> dict[str, Any]:
    """A compound as it is kept, its structure read as one that a laboratory had sent."""
    kept: dict[str, Any] = {"cid": cid, "inchikey": inchikey, "smiles": smiles[:2000]}
    try:
        parts = examine(smiles, "smiles").components
    except StructureError as error:
        return kept | {"problem": error.message[:300]}
    if len(parts) != 1:
        return kept | {"problem": "a mixture of several components"}
    return kept | {"key": parts[0].identity.key}


def keep(
    session: Session, key: str, name: str, compounds: Sequence[dict[str, Any]], *, now: datetime
) -> None:
    """Keep an answer for a while, in the place of an older one; what has expired goes."""
    expires = now + (KEPT if compounds else KEPT_WITHOUT)
    expired = OutsideAnswer.expires_at <= now
    session.execute(delete(OutsideAnswer).where((OutsideAnswer.key == key) | expired))
    session.add(
        OutsideAnswer(
            key=key, asked=name, asked_at=now, expires_at=expires, compounds=list(compounds)
        )
    )
    session.flush()


def answers(
    session: Session, actor: Actor, keys: Iterable[str], *, now: datetime
) -> dict[str, Answer]:
    """The answers that are kept for these name keys, with the substances they equal."""
    query = select(OutsideAnswer).where(
        OutsideAnswer.key.in_(list(keys)), OutsideAnswer.expires_at > now
    )
    kept = list(session.scalars(query))
    wanted = {one["key"] for answer in kept for one in answer.compounds if "key" in one}
    held = {
        substance.key: substance
        for substance in session.scalars(
            select(Substance).where(Substance.key.in_(wanted), known_to(actor))
        )
    }
    return {
        answer.key: Answer(
            answer.asked,
            answer.asked_at,
            tuple(
                Compound(
                    cid=one["cid"],
                    inchikey=one["inchikey"],
                    smiles=one["smiles"],
                    substance=held.get(one.get("key", "")),
                    problem=one.get("problem", ""),
                )
                for one in answer.compounds
            ),
        )
        for answer in kept
    }


def may_be_asked(name: str | None) -> str:
    """The name, if it may leave the house. Raises Refused for one that no clear report bears."""
    if not name:
        raise Refused(
            "no report for everybody (handling clear) bears this name, so it is sent nowhere"
        )
    return name

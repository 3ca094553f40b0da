"""After a change of the knowledge base: findings whose substance is another one by now.

A shipped name may have come to mean a variant that regulators treat apart, and a structure to be
one. What a curator decided stays.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import exists, insert, not_, select, update
from sqlalchemy.orm import Session, aliased

from app.access.roles import SYSTEM
from app.access.service import record
from app.intake.identification import Part, parts_of, variant_told
from app.intake.models import Finding, FindingMove, Report
from app.intake.moves import moved_by_hand
from app.intake.openness import settle_openness
from app.intake.words import Resolution
from app.registry.acts import begin
from app.registry.knowledge import knowledge_version
from app.registry.models import ActKind, Substance, SubstanceName
from app.registry.service import counted_as, held_substances, meanings
from chem import StructureError
from chem.variants import variants


def follow_knowledge(session: Session, *, now: datetime) -> int:
    """Let findings follow the registry; how many moved to another substance."""
    moved = [*_by_name(session), *_by_structure(session)]
    if moved:
        version = knowledge_version()
        act = begin(session, ActKind.FOLLOW, by=SYSTEM, reason=f"knowledge base {version}", now=now)
        act.findings = len(moved)
        moves = [
            {
                "finding_id": row["id"],
                "act_id": act.id,
                "at": now,
                "from_substance_id": row["was"],
                "to_substance_id": row["substance_id"],
            }
            for row in moved
        ]
        session.execute(insert(FindingMove), moves)
        session.execute(
            update(Finding),
            [{"id": row["id"], "substance_id": row["substance_id"]} for row in moved],
        )
        settle_openness(session, now=now)
        record(session, SYSTEM, "findings.follow", version, now, moved=len(moved), act=act.code)
    return len(moved)


def _by_name(session: Session) -> list[dict[str, Any]]:
    own = aliased(SubstanceName)  # an authority's own name goes first
    query = (
        select(Finding.id, Finding.substance_id, SubstanceName.substance_id)
        .join(Finding.report)
        .join(SubstanceName, SubstanceName.key == Finding.name_key)
        .where(
            SubstanceName.authority_id.is_(None),
            ~exists().where(own.key == Finding.name_key, own.authority_id == Report.authority_id),
            Finding.resolution == Resolution.NAME,
            SubstanceName.substance_id.is_not(None),
            SubstanceName.substance_id != Finding.substance_id,
            not_(moved_by_hand()),
        )
    )
    return [
        {"id": finding, "was": was, "substance_id": meant}
        for finding, was, meant in session.execute(query)
    ]


def _by_structure(session: Session) -> list[dict[str, Any]]:
    """Only structures of a connectivity that has variants are looked at again."""
    shared = {variant.connectivity for variant in variants()}
    query = (
        select(Finding)
        .join(Finding.substance)
        .where(
            Finding.resolution == Resolution.STRUCTURE,
            Substance.connectivity.in_(shared),
            not_(moved_by_hand()),
        )
    )
    held = held_substances(session, shared | {variant.key for variant in variants()})
    findings = session.scalars(query).all()
    meant = meanings(session, {finding.name_key for finding in findings if finding.name_key})
    moved = []
    for finding in findings:
        part = _part(finding)
        if part is None:
            continue
        variant = variant_told(part, meant.get(finding.name_key or ""))
        found = held.get(counted_as(part.key, part.variant, held))
        target = variant or (found.id if found else finding.substance_id)
        if target != finding.substance_id:
            moved.append({"id": finding.id, "was": finding.substance_id, "substance_id": target})
    return moved


def _part(finding: Finding) -> Part | None:
    """The finding's component as it is read today; None where it would not be read any more."""
    try:
        found = parts_of(finding.structure or "", finding.structure_format or "auto")
    except StructureError:
        return None
    return found[finding.component] if finding.component < len(found) else None

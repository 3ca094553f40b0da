"""The register of what was done to substances: who, when, why, and what undoing it needs.

The verbs live where the things they change live: merging and splitting in app.intake.merging, for
they move findings; names in app.intake.naming; identifiers in app.registry.identifying.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.access.roles import SECRETARIAT, Actor
from app.access.service import record
from app.errors import Forbidden, NotFound, Refused
from app.registry.models import ActKind, RegistryAct, Substance

LONGEST_REASON = 1000
_CODE = re.compile(r"RA-(\d{1,9})", re.IGNORECASE)


def only_curators(by: Actor) -> None:
    """Raises Forbidden for anybody but the secretariat."""
    if by.role not in SECRETARIAT:
        raise Forbidden("the register of substances is kept by the secretariat")


def given(reason: str) -> str:
    """The reason somebody gave. Raises Refused without one."""
    tidy = reason.strip()
    if not tidy or len(tidy) > LONGEST_REASON or "\x00" in tidy:
        raise Refused(f"say why, in 1 to {LONGEST_REASON} characters of plain text")
    return tidy


def begin(
    session: Session,
    kind: ActKind,
    *,
    by: Actor,
    reason: str,
    now: datetime,
    substance_id: int | None = None,
    other_id: int | None = None,
    undoes: RegistryAct | None = None,
) -> RegistryAct:
    """Open an act; what it changes is added to its `detail` before the transaction ends."""
    act = RegistryAct(
        kind=kind,
        at=now,
        done_by=by.label,
        reason=reason,
        substance_id=substance_id,
        other_id=other_id,
        undoes_id=undoes.id if undoes else None,
        findings=0,
        detail={},
    )
    session.add(act)
    session.flush()
    return act


def audit(session: Session, act: RegistryAct, by: Actor, now: datetime, **detail: Any) -> None:
    """Put an act on the audit trail."""
    record(session, by, f"substance.{act.kind.value}", act.code, now, reason=act.reason, **detail)


def act_by_code(session: Session, code: str) -> RegistryAct:
    """The act of that number. Raises NotFound."""
    number = _CODE.fullmatch(code)
    act = session.get(RegistryAct, int(number[1])) if number else None
    if act is None:
        raise NotFound(f"there is no act {code}; they look like RA-00042")
    return act


def acts_on(session: Session, substance_ids: Iterable[int]) -> list[RegistryAct]:
    """What was done to any of these substances, the newest first."""
    ids = list(substance_ids)
    query = (
        select(RegistryAct)
        .where(or_(RegistryAct.substance_id.in_(ids), RegistryAct.other_id.in_(ids)))
        .order_by(RegistryAct.id.desc())
    )
    return list(session.scalars(query))


def merged_on(session: Session, substance_ids: Iterable[int]) -> dict[int, datetime]:
    """When each of these was merged into another; those that are not are missing."""
    query = select(RegistryAct.substance_id, RegistryAct.at).where(
        RegistryAct.substance_id.in_(list(substance_ids)),
        RegistryAct.kind == ActKind.MERGE,
        RegistryAct.undone_at.is_(None),
    )
    return {number: at for number, at in session.execute(query) if number is not None}


def merged_into(session: Session, substance_id: int) -> list[Substance]:
    """The substances that were merged into this one, by number."""
    query = select(Substance).where(Substance.merged_into_id == substance_id)
    return list(session.scalars(query.order_by(Substance.id)))

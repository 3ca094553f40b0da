"""Substances that may be one and the same: tautomers of each other, or two with one CAS number.

A proposal is a question to a curator, and nothing is merged by itself; what a curator says is two
is not proposed again. The grouping key costs about
a millisecond a substance, so it is not computed while reports come in but by a job, some at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations, groupby

from sqlalchemy import Select, distinct, func, select, update
from sqlalchemy.orm import Session, selectinload

from app.access.roles import Actor
from app.errors import Refused
from app.registry.acts import audit, begin, given, only_curators
from app.registry.models import ActKind, ExternalIdentifier, RegistryAct, Scheme, Substance
from app.registry.queries import listed_to
from chem.errors import StructureError
from chem.parse import parse
from chem.tautomer import tautomer_key

AT_ONCE = 500
MOST_GROUPS = 100
MOST_APART = 20
NONE = "-"  # in the place of the key of a structure that today's rules would not read


@dataclass(frozen=True, slots=True)
class Proposal:
    """Substances that may be one, and what suggests it."""

    reason: str  # tautomers, or cas
    shared: str  # the grouping key, or the CAS number
    substances: tuple[Substance, ...]


def fill_tautomer_keys(session: Session, limit: int = AT_ONCE) -> int:
    """Compute the grouping key of some substances that have none; how many."""
    missing = (
        select(Substance.id, Substance.smiles)
        .where(Substance.tautomer_key.is_(None))
        .order_by(Substance.id)
        .limit(limit)
    )
    keys = [
        {"id": number, "tautomer_key": _key(smiles)} for number, smiles in session.execute(missing)
    ]
    if keys:
        session.execute(update(Substance), keys)
    return len(keys)


def proposals(session: Session, actor: Actor) -> list[Proposal]:
    """What may be one substance, of all that `actor` may know of; tautomers first.

    Variants that are counted apart on purpose share a connectivity and are not proposed for it.
    """
    alike = (
        select(Substance.tautomer_key)
        .where(Substance.tautomer_key != NONE, listed_to(actor))
        .group_by(Substance.tautomer_key)
        .having(func.count(distinct(Substance.connectivity)) > 1)
        .order_by(Substance.tautomer_key)
        .limit(MOST_GROUPS)
    )
    same_number = (
        select(ExternalIdentifier.value)
        .join(Substance, Substance.id == ExternalIdentifier.substance_id)
        .where(ExternalIdentifier.scheme == Scheme.CAS, listed_to(actor))
        .group_by(ExternalIdentifier.value)
        .having(func.count(distinct(ExternalIdentifier.substance_id)) > 1)
        .order_by(ExternalIdentifier.value)
        .limit(MOST_GROUPS)
    )
    by_key = (
        select(Substance.tautomer_key, Substance)
        .where(Substance.tautomer_key.in_(alike), listed_to(actor))
        .order_by(Substance.tautomer_key, Substance.id)
    )
    by_number = (
        select(ExternalIdentifier.value, Substance)
        .join(Substance, Substance.id == ExternalIdentifier.substance_id)
        .where(
            ExternalIdentifier.scheme == Scheme.CAS,
            ExternalIdentifier.value.in_(same_number),
            listed_to(actor),
        )
        .order_by(ExternalIdentifier.value, Substance.id)
    )
    apart = _kept_apart(session)
    found = [*_grouped(session, by_key, "tautomers"), *_grouped(session, by_number, "cas")]
    return [one for one in found if not apart.issuperset(_pairs(one.substances))]


def keep_apart(
    session: Session, substances: Sequence[Substance], *, by: Actor, reason: str, now: datetime
) -> list[RegistryAct]:
    """Note that no two of these are one substance. Raises Forbidden, Refused without a reason."""
    only_curators(by)
    why = given(reason)
    if not 1 < len(substances) <= MOST_APART:
        raise Refused(f"name 2 to {MOST_APART} substances to be kept apart")
    acts = [
        begin(session, ActKind.APART, by=by, reason=why, now=now, substance_id=one, other_id=other)
        for one, other in sorted(_pairs(substances) - _kept_apart(session))
    ]
    for act in acts:
        audit(session, act, by, now, substances=[act.substance_id, act.other_id])
    return acts


def _kept_apart(session: Session) -> set[tuple[int, int]]:
    """The pairs that curators said are two, each by number."""
    query = select(RegistryAct.substance_id, RegistryAct.other_id).where(
        RegistryAct.kind == ActKind.APART
    )
    return {(one, other) for one, other in session.execute(query) if one and other}


def _pairs(substances: Sequence[Substance]) -> set[tuple[int, int]]:
    return set(combinations(sorted({one.id for one in substances}), 2))


def uncompared(session: Session) -> int:
    """How many substances have no grouping key yet, and so are missing from the proposals."""
    count = select(func.count()).select_from(Substance)
    return session.scalar(count.where(Substance.tautomer_key.is_(None))) or 0


def _grouped(session: Session, query: Select[str | None, Substance], reason: str) -> list[Proposal]:
    rows: Sequence[tuple[str | None, Substance]] = [
        (shared, substance)
        for shared, substance in session.execute(query.options(selectinload(Substance.controls)))
    ]
    return [
        Proposal(reason, shared or "", tuple(dict.fromkeys(one for _, one in group)))
        for shared, group in groupby(rows, key=lambda row: row[0])
    ]


def _key(smiles: str) -> str:
    try:
        return tautomer_key(parse(smiles, "smiles").mol)
    except StructureError:
        return NONE

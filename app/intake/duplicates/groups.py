"""Groups as they stand: made anew from the linked pairs wherever a link came or went.

Nothing is overwritten. A member that leaves has an end, one that joins a beginning, so that a day
in the past counts as it counted then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.access.service import record
from app.intake.duplicates.cases import Case, CaseKey
from app.intake.duplicates.grouping import complete_link, in_order
from app.intake.duplicates.models import (
    LINKED,
    DuplicateGroup,
    DuplicateMember,
    DuplicatePair,
    PairStatus,
)
from app.intake.duplicates.reading import among, cases_of, portions

TURNS = "duplicates"  # whoever changes links or groups takes turns
A_PERSON_SAYS = 1000.0  # more than any weight: what a person confirmed is followed first


def settle(session: Session, touched: Iterable[CaseKey], *, by: Actor, now: datetime) -> int:
    """Let the groups round these reports be what the links say; how many groups changed."""
    standing = _standing(session, set(touched))
    around = set(touched) | {member.case for members in standing.values() for member in members}
    links = _links(session, around)
    reached = {case for pair in links for case in pair} | around
    standing |= _standing(session, reached - around)
    cases = cases_of(session, reached)
    wanted = complete_link(
        {pair: weight for pair, weight in links.items() if cases.keys() >= set(pair)}
    )
    kept, changed = _matched(wanted, standing), 0
    for group_id, members in standing.items():
        if group_id not in kept.values():
            _dissolve(session, group_id, members, by=by, now=now)
            changed += 1
    session.flush()  # whoever changes groups leaves one before joining another
    for group in wanted:
        held = standing.get(kept.get(group, 0), [])
        if {member.case for member in held} != group:
            _renew(session, kept.get(group), held, [cases[key] for key in group], by=by, now=now)
            changed += 1
    session.flush()
    return changed


def _standing(session: Session, cases: set[CaseKey]) -> dict[int, list[DuplicateMember]]:
    """The groups that stand with any of these reports in them, with all members."""
    found: dict[int, list[DuplicateMember]] = {}
    for some in portions(sorted(cases)):
        mine = among(DuplicateMember.authority_id, DuplicateMember.reference, some)
        groups = select(DuplicateMember.group_id).where(mine, DuplicateMember.until.is_(None))
        members = (
            select(DuplicateMember)
            .where(DuplicateMember.group_id.in_(groups), DuplicateMember.until.is_(None))
            .order_by(DuplicateMember.group_id, DuplicateMember.place)
        )
        grouped: dict[int, list[DuplicateMember]] = {}
        for member in session.scalars(members):
            grouped.setdefault(member.group_id, []).append(member)
        found |= grouped
    return found


def _links(session: Session, cases: set[CaseKey]) -> dict[tuple[CaseKey, CaseKey], float]:
    """Every link that leads to one of these reports, over however many others."""
    links: dict[tuple[CaseKey, CaseKey], float] = {}
    seen: set[CaseKey] = set()
    ring = set(cases)
    while ring:
        seen |= ring
        for some in portions(sorted(ring)):
            for pair in session.scalars(touching(some).where(DuplicatePair.status.in_(LINKED))):
                said = A_PERSON_SAYS if pair.status is PairStatus.CONFIRMED else 0.0
                links[pair.cases] = said + pair.weight
        ring = {case for pair in links for case in pair} - seen
    return links


def touching(cases: Iterable[CaseKey]) -> Select[DuplicatePair]:
    """Pairs with one of these reports in them."""
    keys = list(cases)
    return select(DuplicatePair).where(
        or_(
            among(DuplicatePair.first_authority_id, DuplicatePair.first_reference, keys),
            among(DuplicatePair.second_authority_id, DuplicatePair.second_reference, keys),
        )
    )


def _matched(
    wanted: list[frozenset[CaseKey]], standing: Mapping[int, list[DuplicateMember]]
) -> dict[frozenset[CaseKey], int]:
    """Which group goes on as which: the one that shares most members keeps its number."""
    shares = [
        (-len(group & {member.case for member in members}), number, sorted(group))
        for group in wanted
        for number, members in standing.items()
    ]
    kept: dict[frozenset[CaseKey], int] = {}
    for shared, number, group in sorted(shares):
        if shared < 0 and frozenset(group) not in kept and number not in kept.values():
            kept[frozenset(group)] = number
    return kept


def _dissolve(
    session: Session, group_id: int, members: list[DuplicateMember], *, by: Actor, now: datetime
) -> None:
    group = session.get_one(DuplicateGroup, group_id)
    group.until = now
    for member in members:
        member.until = now
    record(session, by, "duplicates.part", group.code, now)


def _renew(
    session: Session,
    number: int | None,
    held: list[DuplicateMember],
    cases: list[Case],
    *,
    by: Actor,
    now: datetime,
) -> None:
    """Close the time of members whose place has changed, and open the new ones'."""
    if number is None:
        group = DuplicateGroup(since=now)
        session.add(group)
        session.flush()
    else:
        group = session.get_one(DuplicateGroup, number)
    places = {case.key: place for place, case in enumerate(in_order(cases))}
    for member in held:
        if places.get(member.case) == member.place:
            del places[member.case]
        else:
            member.until = now
    session.flush()
    session.add_all(
        DuplicateMember(
            group_id=group.id,
            authority_id=key.authority_id,
            reference=key.reference,
            place=place,
            since=now,
        )
        for key, place in places.items()
    )
    reports = sorted(f"RP-{case.report_id:06d}" for case in cases)
    record(session, by, "duplicates.join", group.code, now, reports=reports)

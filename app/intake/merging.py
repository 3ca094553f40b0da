"""Merging two substances into one, splitting one into two, and undoing either.

Only what findings mean is changed, never what was reported; and what they meant before stays known
(app.intake.moves), so that a merge today changes nothing of yesterday. A merged substance keeps its
row and its number and points to the other; so pointers never form a chain or a ring.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.db import take_turns
from app.errors import Conflict, Refused
from app.intake.models import Finding
from app.intake.moves import astray, move, move_back, moved_again
from app.intake.naming import choose_back, restore_name, settle_name
from app.intake.openness import settle_openness
from app.intake.parting import Choice, found_substance, which
from app.registry.acts import audit, begin, given, only_curators
from app.registry.models import (
    ActKind,
    ControlListing,
    ExternalIdentifier,
    RegistryAct,
    Substance,
    SubstanceName,
)

UNDOABLE = (ActKind.MERGE, ActKind.SPLIT, ActKind.PREFER)


def merge(
    session: Session,
    source: Substance,
    target: Substance,
    *,
    by: Actor,
    reason: str,
    now: datetime,
) -> RegistryAct:
    """Let all that `source` is be `target`: findings, names, listings, identifiers.

    Raises Forbidden for anybody but the secretariat, Refused without a reason, Conflict where one
    of the two is merged already or the way is the wrong one.
    """
    only_curators(by)
    why = given(reason)
    source, target = _held_still(session, source, target)
    _may_merge(source, target)
    act = begin(
        session, ActKind.MERGE, by=by, reason=why, now=now,
        substance_id=source.id, other_id=target.id,
    )  # fmt: skip
    names = list(
        session.scalars(select(SubstanceName.id).where(SubstanceName.substance_id == source.id))
    )
    pointers = list(
        session.scalars(select(Substance.id).where(Substance.merged_into_id == source.id))
    )
    _give_names(session, names, target.id)
    _point(session, [source.id, *pointers], target.id)
    _give_belongings(session, [source.id, *pointers], target.id)
    moved = move(session, act, Finding.substance_id == source.id, target.id)
    _settle(session, act, [target.id], now, names=names, pointers=pointers)
    audit(
        session, act, by, now,
        merged=source.code, into=target.code, findings=moved, names=len(names),
    )  # fmt: skip
    return act


def split(
    session: Session,
    source: Substance,
    choice: Choice,
    *,
    target: Substance | None = None,
    structure: str = "",
    names: Collection[int] = (),
    by: Actor,
    reason: str,
    now: datetime,
) -> RegistryAct:
    """Take some findings out of `source`: into `target`, or into a substance of that structure.

    `names` are the ids of names that go with them. Raises Forbidden, Conflict, and Refused for a
    choice that takes nothing or everything or for a structure that is no other substance.
    """
    only_curators(by)
    why = given(reason)
    take_turns(session, "enrol")  # before the register, as whoever enrols does
    chosen = which(session, source, choice)
    founded = None
    if target is None:
        target, founded = found_substance(session, source, structure, chosen, now=now)
    source, target = _held_still(session, source, target)
    _may_split(session, source, target, chosen)
    act = begin(
        session, ActKind.SPLIT, by=by, reason=why, now=now,
        substance_id=source.id, other_id=target.id,
    )  # fmt: skip
    going = select(SubstanceName.id).where(
        SubstanceName.id.in_(names), SubstanceName.substance_id == source.id
    )
    ids = list(session.scalars(going))
    _give_names(session, ids, target.id)
    moved = move(session, act, chosen, target.id)
    _settle(session, act, [source.id, target.id], now, names=ids, founded=founded)
    audit(
        session, act, by, now,
        of=source.code, to=target.code, findings=moved, choice=choice.told(), names=len(ids),
    )  # fmt: skip
    return act


def undo(
    session: Session, act: RegistryAct, *, by: Actor, reason: str, now: datetime
) -> RegistryAct:
    """Put back exactly what an act changed.

    Raises Conflict when it is undone already, or when what it moved has been moved again since.
    What was reported since the act stays where it came in.
    """
    only_curators(by)
    why = given(reason)
    if act.kind not in UNDOABLE or act.substance_id is None:
        raise Refused(f"{act.code} cannot be undone: only merges, splits and choices of a name can")
    take_turns(session, "registry")
    session.refresh(act)
    if act.undone_at is not None:
        raise Conflict(f"{act.code} was undone on {act.undone_at:%d %b %Y} already")
    ids = [number for number in (act.substance_id, act.other_id) if number is not None]
    held = {one.id: one for one in _locked(session, ids)}
    _may_undo(session, act, held)
    back = begin(
        session, ActKind.UNDO, by=by, reason=why, now=now,
        substance_id=act.substance_id, other_id=act.other_id, undoes=act,
    )  # fmt: skip
    if act.kind is ActKind.PREFER:
        choose_back(session, act, held[act.substance_id])
    else:
        _put_back(session, act, back, held, now)
    act.undone_at, act.undone_by = now, by.label
    session.flush()
    audit(session, back, by, now, undoes=act.code, findings=back.findings)
    return back


def _put_back(
    session: Session,
    act: RegistryAct,
    back: RegistryAct,
    held: dict[int, Substance],
    now: datetime,
) -> None:
    source, target = _ends(act)
    _give_names(session, act.detail["names"], source)
    if act.kind is ActKind.MERGE:
        _point(session, act.detail["pointers"], source)
        _point(session, [source], None)
        _give_belongings(session, [source, *act.detail["pointers"]], source)
    move_back(session, act, back)
    for number, (before, after) in act.detail["renamed"].items():
        restore_name(session, held[int(number)], before=before, after=after, now=now)
    settle_openness(session, now=now, among=[source, target])
    if act.detail["founded"] and _bare(session, target):
        _point(session, [target], source)


def _may_merge(source: Substance, target: Substance) -> None:
    if source.id == target.id:
        raise Refused(f"{source.code} is the same substance already")
    for one in (source, target):
        if one.merged_into_id is not None:
            raise Conflict(f"{one.code} was merged into another substance already")
    if source.found_by is None and target.found_by is not None:
        raise Conflict(
            f"{source.code} comes with the knowledge base and is public; merge {target.code} into "
            "it, not it into the other"
        )


def _may_split(
    session: Session, source: Substance, target: Substance, chosen: ColumnElement[bool]
) -> None:
    if source.id == target.id:
        raise Refused(f"they are {source.code} already; name another substance or structure")
    for one in (source, target):
        if one.merged_into_id is not None:
            raise Conflict(f"{one.code} was merged into another substance already")
    count = select(func.count(Finding.id)).where(Finding.substance_id == source.id)
    going = session.scalar(count.where(chosen)) or 0
    if not going:
        raise Refused(f"no finding of {source.code} is like that")
    if going == session.scalar(count):
        raise Refused(
            f"those are all findings of {source.code}: nothing would be left; merge it instead"
        )


def _may_undo(session: Session, act: RegistryAct, held: dict[int, Substance]) -> None:
    """Raises Conflict, saying what stands in the way."""
    if later := moved_again(session, act):
        raise Conflict(
            f"{later.code} ({later.kind.value}, {later.at:%d %b %Y}) moved some of the same "
            "findings since; undo that first"
        )
    if stray := astray(session, act):
        raise Conflict(f"{stray} of its findings were resolved anew since; they cannot be put back")
    if act.kind is ActKind.PREFER:
        return
    source, target = _ends(act)
    for number in (target,) if act.kind is ActKind.MERGE else (source, target):
        if held[number].merged_into_id is not None:
            raise Conflict(
                f"{held[number].code} was merged into another substance since; undo that first"
            )
    names = act.detail["names"]
    strayed = session.scalars(
        select(SubstanceName).where(
            SubstanceName.id.in_(names), SubstanceName.substance_id.is_distinct_from(target)
        )
    ).first()
    if strayed is not None:
        raise Conflict(f'"{strayed.name}" has come to mean something else since')
    bearer = held[target]
    borne = select(SubstanceName.id).where(
        SubstanceName.id.in_(names), SubstanceName.name == bearer.name
    )
    if bearer.name_chosen and session.scalar(borne.limit(1)) is not None:
        raise Conflict(
            f"{bearer.code} was since given the name {bearer.name}, which would go back; choose "
            "another for it first"
        )


def _ends(act: RegistryAct) -> tuple[int, int]:
    """From where to where an act moved things."""
    if act.substance_id is None or act.other_id is None:
        raise Refused(f"{act.code} moved nothing")
    return act.substance_id, act.other_id


def _held_still(
    session: Session, source: Substance, target: Substance
) -> tuple[Substance, Substance]:
    """Both as they are now, until the end: whoever changes the register takes turns."""
    take_turns(session, "registry")
    held = {one.id: one for one in _locked(session, [source.id, target.id])}
    return held[source.id], held[target.id]


def _locked(session: Session, ids: Iterable[int]) -> list[Substance]:
    session.flush()
    query = (
        select(Substance)
        .where(Substance.id.in_(list(ids)))
        .order_by(Substance.id)
        .with_for_update(of=Substance)
        .execution_options(populate_existing=True)
    )
    return list(session.scalars(query))


def _settle(
    session: Session,
    act: RegistryAct,
    ids: Collection[int],
    now: datetime,
    *,
    names: list[int],
    pointers: Collection[int] = (),
    founded: bool | None = None,
) -> None:
    """Let openness and names follow, and write down what the act changed besides findings."""
    settle_openness(session, now=now, among=ids)
    renamed = {}
    for one in _locked(session, ids):
        if changed := settle_name(session, one, now=now):
            renamed[str(one.id)] = changed
    act.detail = {
        "names": names,
        "pointers": list(pointers),
        "renamed": renamed,
        "founded": bool(founded),
    }
    session.flush()


def _give_names(session: Session, names: Collection[int], to: int) -> None:
    if names:
        session.execute(
            update(SubstanceName).where(SubstanceName.id.in_(names)).values(substance_id=to)
        )


def _point(session: Session, ids: Collection[int], to: int | None) -> None:
    if ids:
        session.execute(update(Substance).where(Substance.id.in_(ids)).values(merged_into_id=to))


def _give_belongings(session: Session, of: Collection[int], to: int) -> None:
    """Listings and identifiers stand with `to`, and still say of which substance they are."""
    for table in (ControlListing, ExternalIdentifier):
        session.execute(update(table).where(table.of_substance_id.in_(of)).values(substance_id=to))


def _bare(session: Session, number: int) -> bool:
    """Whether nothing means the substance: no finding, no name, nothing merged into it."""
    held = (
        select(Finding.id).where(Finding.substance_id == number),
        select(SubstanceName.id).where(SubstanceName.substance_id == number),
        select(Substance.id).where(Substance.merged_into_id == number),
    )
    return all(session.scalar(query.limit(1)) is None for query in held)

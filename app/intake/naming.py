"""The name a substance bears: by the rules of app.registry.preferred, or as a curator chose."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session

from app.access.handling import Handling, effective_handling
from app.access.roles import Actor
from app.db import take_turns
from app.errors import Conflict, NotFound
from app.intake.models import Finding, Report
from app.intake.sight import current
from app.registry.acts import audit, begin, given, only_curators
from app.registry.identifiers import is_cas
from app.registry.models import ActKind, RegistryAct, Substance, SubstanceName
from app.registry.names import name_key
from app.registry.preferred import Basis, Candidate, basis_of, preferred
from app.registry.service import UNNAMED, meanings, tidy_name, unnamed
from chem.anatomy import described
from chem.anatomy.codename import code_name
from chem.errors import StructureError
from chem.families import classify
from chem.known import by_connectivity
from chem.parse import parse

MOST_SPELLINGS = 500


def by_the_rules(session: Session, substance: Substance, now: datetime) -> Candidate:
    """The name that a substance should bear, and why, whatever a curator chose."""
    return preferred(_candidates(session, substance, now), substance.name)


def settle_name(session: Session, substance: Substance, *, now: datetime) -> list[str] | None:
    """Let a substance bear the name that the rules give; the name before and after, if it changed.

    What a curator chose stays, and so does what the shipped files say.
    """
    if substance.name_chosen or substance.found_by is None:
        return None
    before, after = substance.name, by_the_rules(session, substance, now).name
    if before == after:
        return None
    substance.name = after
    session.flush()
    return [before, after]


def restore_name(
    session: Session, substance: Substance, *, before: str, after: str, now: datetime
) -> None:
    """Give back the name that a substance bore before an act named it `after`.

    Where it has been renamed since, or nothing bears the old name out any more, the rules decide.
    """
    if substance.name_chosen:
        return
    borne_out = {candidate.name for candidate in _candidates(session, substance, now)}
    if substance.name == after and (before in borne_out or before.startswith(UNNAMED)):
        substance.name = before
        session.flush()
    else:
        settle_name(session, substance, now=now)


def choose_name(
    session: Session, substance: Substance, name: str, *, by: Actor, reason: str, now: datetime
) -> RegistryAct:
    """Let a substance bear one of the names held for it; with an empty `name`, follow the rules.

    Raises Forbidden, Refused without a reason, NotFound for a name that is not held, Conflict when
    it is as wished already.
    """
    only_curators(by)
    why = given(reason)
    take_turns(session, "registry")
    if name:
        key = name_key(name)
        held = session.scalar(
            select(SubstanceName).where(
                SubstanceName.key == key,
                SubstanceName.substance_id == substance.id,
                _for_everybody(),
            )
        )
        if held is None:
            raise NotFound(
                f'"{name}" is not held as a name of {substance.code} that is for everybody; '
                "resolve it first, from a report that is clear"
            )
        after, chosen = held.name, True
    else:
        after, chosen = by_the_rules(session, substance, now).name, False
        if substance.found_by is None:
            after = _shipped_name(session, substance) or after
    if (substance.name, substance.name_chosen) == (after, chosen):
        raise Conflict(f"{substance.code} goes by that name already")
    act = begin(session, ActKind.PREFER, by=by, reason=why, now=now, substance_id=substance.id)
    act.detail = {
        "before": substance.name,
        "before_chosen": substance.name_chosen,
        "after": after,
        "after_chosen": chosen,
    }
    substance.name, substance.name_chosen = after, chosen
    session.flush()
    audit(session, act, by, now, substance=substance.code, before=act.detail["before"], after=after)
    return act


def choose_back(session: Session, act: RegistryAct, substance: Substance) -> None:
    """Take a choice back. Raises Conflict when the name has changed again since."""
    detail = act.detail
    if (substance.name, substance.name_chosen) != (detail["after"], detail["after_chosen"]):
        raise Conflict(f"the name of {substance.code} has changed since; undo that first")
    substance.name, substance.name_chosen = detail["before"], detail["before_chosen"]


def _shipped_name(session: Session, substance: Substance) -> str | None:
    known = by_connectivity().get(substance.key)
    return known.name if known else None


def _candidates(session: Session, substance: Substance, now: datetime) -> Iterator[Candidate]:
    held = select(SubstanceName.name, SubstanceName.source).where(
        SubstanceName.substance_id == substance.id, _for_everybody()
    )
    for name, source in session.execute(held):
        if tidy_name(name) and not is_cas(name):
            yield Candidate(name, basis_of(source))
    yield from _reported(session, substance, now)
    if systematic := _systematic(substance.smiles):
        yield Candidate(systematic, Basis.SYSTEMATIC)
    yield Candidate(unnamed(substance.family, substance.formula), Basis.UNNAMED)


def _for_everybody() -> ColumnElement[bool]:
    """Names that all may read: whoever knows of a substance reads the name it goes by."""
    return and_(SubstanceName.handling == Handling.CLEAR, SubstanceName.authority_id.is_(None))


def _reported(session: Session, substance: Substance, now: datetime) -> Iterator[Candidate]:
    """What clear reports call it; a name that means something else speaks for nothing here."""
    number = func.count(Finding.id)
    query = (
        select(Finding.substance_name, number)
        .join(Report)
        .where(
            Finding.substance_id == substance.id,
            Finding.substance_name.is_not(None),
            effective_handling(Report.handling, Report.embargo_until, now.date())
            == int(Handling.CLEAR),
            current(),
        )
        .group_by(Finding.substance_name)
        .order_by(number.desc(), Finding.substance_name)
        .limit(MOST_SPELLINGS)
    )
    spellings: dict[str, str] = {}
    uses: Counter[str] = Counter()
    for written, count in session.execute(query):
        if (name := tidy_name(written)) and not is_cas(name):
            key = name_key(name)
            spellings.setdefault(key, name)  # the most frequent spelling comes first
            uses[key] += count
    means = meanings(session, spellings)
    for key, name in spellings.items():
        if key not in means or means[key].substance_id == substance.id:
            yield Candidate(name, Basis.REPORTED, uses[key])


def _systematic(smiles: str) -> str | None:
    """A name from the building blocks; None where they have none."""
    try:
        mol = parse(smiles, "smiles").mol
    except StructureError:
        return None
    kind = classify(mol)
    return tidy_name(code_name(mol, kind) or described(mol, kind))

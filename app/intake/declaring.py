"""Taking in what is declared of substances: measures, uses, surveillance lists, standards.

As with reports nothing is overwritten. An authority's reference stands for one fact; a higher
version of it corrects, a withdrawal puts a tombstone, and what was said stays.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.roles import SECRETARIAT, Actor
from app.bulk import reserve_ids
from app.db import take_turns
from app.errors import Problem, shown
from app.intake.declared import SHAPES, DeclaredIn
from app.intake.models import Submission, SubmissionRow
from app.intake.rows import Row
from app.intake.schema import problems_of
from app.intake.words import Fate
from app.registry.facts import Fact, Topic
from app.registry.pointing import point_out

MOST_ROWS = 5_000  # of one submission: it is settled in one transaction
_AT_ONCE = 500  # references in one statement

Held = dict[str, dict[int, Fact]]  # by reference and version


@dataclass(slots=True)
class _One:
    """One row on its way: what was sent, what is wrong with it, and what it is of."""

    row: Row
    sent: DeclaredIn | None = None
    problems: tuple[Problem, ...] = ()
    country: str | None = None
    substance_id: int | None = None
    fate: Fate = Fate.REJECTED
    fact: Fact | None = None

    def refuse(self, field: str, message: str, code: str) -> None:
        """It cannot be taken, for this reason."""
        self.problems += (Problem(field, message, self.row.number, code),)


def declare(
    session: Session,
    submission: Submission,
    rows: Sequence[Row],
    *,
    topic: Topic,
    by: Actor,
    now: datetime,
) -> Counter[Fate]:
    """Take rows of one topic into the register; the fate of each is on the receipt.

    A country speaks for itself alone; the secretariat for any, and for the world.
    """
    take_turns(session, f"facts of {submission.authority_id}")
    found = [_read(row, SHAPES[topic], by) for row in rows]
    _find_substances(session, found, by)
    held = _held(session, submission.authority_id, topic, found)
    for one in found:
        if one.sent and not one.problems:
            _compare(one, one.sent, held, topic, now)
    _number(session, [one for one in found if one.fact], submission)
    for one in found:
        session.add(_receipt_line(submission, one))
    return Counter(one.fate for one in found)


def _read(row: Row, shape: type[DeclaredIn], by: Actor) -> _One:
    if row.fields is None or row.problems:
        return _One(row, problems=row.problems)
    try:
        one = _One(row, shape.model_validate(row.fields))
    except ValidationError as error:
        return _One(row, problems=problems_of(error, row.number))
    one.country = getattr(one.sent, "country", None)
    if by.role in SECRETARIAT:
        return one
    if one.country is None and len(by.countries) == 1:
        one.country = by.countries[0]
    if one.country is None:
        one.refuse("country", "is required; what holds everywhere the secretariat says", "missing")
    elif one.country not in by.countries:
        text = f"{by.authority_code} does not report for {one.country}"
        one.refuse("country", text, "foreign_country")
    return one


def _find_substances(session: Session, found: list[_One], by: Actor) -> None:
    texts = {one.sent.substance for one in found if one.sent and one.sent.substance}
    meant = point_out(session, by, texts)
    for one in found:
        if one.sent and one.sent.substance:
            answer = meant[one.sent.substance]
            if isinstance(answer, str):
                one.refuse("substance", answer, "unknown_substance")
            else:
                one.substance_id = answer


def _held(session: Session, authority_id: int, topic: Topic, found: list[_One]) -> Held:
    """What is held under the references that were sent."""
    wanted = sorted({one.sent.reference for one in found if one.sent})
    held: Held = {}
    for start in range(0, len(wanted), _AT_ONCE):
        query = select(Fact).where(
            Fact.authority_id == authority_id,
            Fact.topic == topic,
            Fact.reference.in_(wanted[start : start + _AT_ONCE]),
        )
        for fact in session.scalars(query):
            held.setdefault(fact.reference, {})[fact.version] = fact
    return held


def _compare(one: _One, sent: DeclaredIn, held: Held, topic: Topic, now: datetime) -> None:
    """Its fate, and the fact it becomes, against what is held and what came before it."""
    versions = held.setdefault(sent.reference, {})
    newest = versions[max(versions)] if versions else None
    values = _values(one, sent)
    digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
    if same := versions.get(sent.version):
        if same.content_hash == digest:
            one.fate, one.fact = Fate.UNCHANGED, same
        else:
            later = max(versions) + 1
            text = f"{sent.version} is held with other content; send a correction as {later}"
            one.refuse("version", text, "conflict")
        return
    if newest and sent.version < newest.version:
        text = f"is older than version {newest.version}, which is held"
        one.refuse("version", text, "conflict")
        return
    if sent.withdrawn and newest is None:
        one.refuse("reference", "there is nothing of that reference to withdraw", "unknown")
        return
    one.fact = versions[sent.version] = Fact(
        **values,
        number=newest.number if newest else 0,
        topic=topic,
        reference=sent.reference,
        version=sent.version,
        content_hash=digest,
        received_at=now,
    )
    if newest:
        newest.superseded_at = now
    corrected = Fate.AMENDED if newest else Fate.ACCEPTED
    one.fate = Fate.WITHDRAWN if sent.withdrawn else corrected


def _values(one: _One, sent: DeclaredIn) -> dict[str, Any]:
    return {
        "withdrawn": sent.withdrawn,
        "substance_id": one.substance_id,
        "country": one.country,
        "source": sent.source,
        "handling": sent.handling,
        **sent.values(),
    }


def _number(session: Session, taken: list[_One], submission: Submission) -> None:
    """Numbers for what is new; all versions of a fact share one."""
    new = [one.fact for one in taken if one.fact and one.fate is not Fate.UNCHANGED]
    if not new:
        return
    first: dict[str, int] = {}
    for fact, number in zip(new, reserve_ids(session, Fact, len(new)), strict=True):
        fact.id = number
        fact.number = fact.number or first.setdefault(fact.reference, number)
        fact.authority_id, fact.submission_id = submission.authority_id, submission.id
    session.add_all(new)
    session.flush()


def _receipt_line(submission: Submission, one: _One) -> SubmissionRow:
    reference = one.row.fields.get("reference") if one.row.fields else None
    notes = [problem.as_dict() for problem in one.problems]
    if one.fact:
        notes.append(Problem("id", one.fact.code, one.row.number, "held_as").as_dict())
    return SubmissionRow(
        submission_id=submission.id,
        row=one.row.number,
        fate=one.fate,
        reference=None if reference is None else shown(reference, 200),
        notes=notes,
    )

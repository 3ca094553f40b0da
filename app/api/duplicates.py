"""Possible duplicates: what waits for a curator, and the decision."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from flask import Response
from pydantic import BaseModel, Field

from app.access.roles import SECRETARIAT
from app.api import api
from app.api.asking import Paged, SubstanceCode, Text, ask
from app.api.contract import USUAL_PAGE, answer, body, listing, promise
from app.api.shapes import link
from app.entrance import actor, allow, database, now, today
from app.intake.duplicates import queries
from app.intake.duplicates.models import DuplicatePair, PairStatus
from app.intake.duplicates.service import LONGEST_REASON, Decision, decide
from app.intake.duplicates.weights import weights
from app.registry import queries as registry


class DuplicatesAsked(Paged):
    """What may be asked of the pairs."""

    status: PairStatus = PairStatus.PROPOSED
    authority: Annotated[Text, Field(description="of one of the two")] | None = None
    substance: SubstanceCode | None = None


class DuplicateOut(BaseModel):
    """Two reports that may be one event, and what each field weighs, in bits that add up."""

    id: str
    url: str
    status: str
    reports: list[str]
    weight: float
    probability: float
    fatal: bool
    fields: list[dict[str, Any]]
    method: str
    compared_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    reason: str | None
    undone_at: datetime | None


class DecisionIn(BaseModel, extra="forbid"):
    """What a curator says of a pair; `different` needs a reason."""

    decision: Decision
    reason: str = Field(default="", max_length=LONGEST_REASON)


@api.get("/duplicates")
@allow(*SECRETARIAT)
@promise(
    "Possible duplicates",
    answers=DuplicateOut,
    listed=True,
    asks=DuplicatesAsked,
)
def list_duplicates() -> Response:
    """Pairs of reports that may be one event, the heaviest first; undecided ones unless asked."""
    asked = ask(DuplicatesAsked)
    with database().reading() as session:
        substance = (
            registry.substance_by_code(session, actor(), asked.substance)
            if asked.substance
            else None
        )
        page = queries.pairs(
            session,
            actor(),
            today(),
            status=asked.status,
            authority=asked.authority,
            substance_id=substance.id if substance else None,
            after=asked.after,
            limit=asked.limit or USUAL_PAGE,
        )
        return listing(page, _duplicate_out)


@api.post("/duplicates/<code>")
@allow(*SECRETARIAT)
@promise("Decide on a pair", takes=DecisionIn, answers=DuplicateOut)
def decide_on_duplicate(code: str) -> Response:
    """Say that two reports are the same event or different ones, or undo what was decided."""
    said = body(DecisionIn)
    with database().transaction() as session:
        pair = decide(session, code, said.decision, by=actor(), now=now(), reason=said.reason)
        return answer(_duplicate_out(pair))


def _duplicate_out(pair: DuplicatePair) -> DuplicateOut:
    return DuplicateOut(
        id=pair.code,
        url=link(f"/curation/duplicates/{pair.code}"),
        status=pair.status.value,
        reports=[pair.first.code, pair.second.code],
        weight=pair.weight,
        probability=weights().posterior(pair.weight),
        fatal=pair.evidence["fatal"],
        fields=pair.evidence["fields"],
        method=pair.method,
        compared_at=pair.compared_at,
        decided_by=pair.decided_by,
        decided_at=pair.decided_at,
        reason=pair.reason,
        undone_at=pair.undone_at,
    )

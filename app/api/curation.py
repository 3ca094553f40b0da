"""Names that wait for a curator: the queue with suggestions, deciding, taking a decision back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from urllib.parse import quote

from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.access.models import Authority
from app.access.roles import SECRETARIAT
from app.access.service import authority_by_code
from app.api import api
from app.api.asking import Paged, Text, YesNo, ask
from app.api.contract import USUAL_PAGE, answer, body, listing, promise
from app.entrance import actor, allow, database, now, settings, today
from app.intake import waiting as intake
from app.intake.curation import decide, undo
from app.intake.saying import like, read_said
from app.intake.waiting import Order, QueuedName
from app.intake.words import EventKind
from app.registry.models import Meant, NameDecision
from app.registry.offers import Offer, offers


class WaitingAsked(Paged):
    """What may be asked of the names that wait."""

    q: Annotated[Text, Field(description="a part of the name")] | None = None
    kind: EventKind | None = None
    widespread: Annotated[YesNo, Field(description="only those of several countries")] | None = None
    order: Order = Order.WIDEST


class SuggestionOut(BaseModel):
    """What a waiting name may mean. For a person to judge, never accepted by itself."""

    substance: str | None  # its number; None for the same as a name of several
    name: str
    means: str
    why: str


class QueuedNameOut(BaseModel):
    """A name nobody has resolved, as far as the reports that you may see tell."""

    key: str
    url: str
    written: list[str]
    findings: int
    reports: int
    countries: int
    new_unknown: bool  # two or more countries report it: it may be the new substance
    kinds: dict[str, int]
    authorities: list[str]
    first_received: datetime
    suggestions: list[SuggestionOut]


class NameDecisionIn(BaseModel, extra="forbid"):
    """What a waiting name means. Substances go by number, InChIKey or exact name."""

    means: Meant
    substance: str = Field(default="", max_length=300)
    members: list[str] = Field(default=[], max_length=30)
    family: str = Field(default="", max_length=60)
    group: str = Field(default="", max_length=60)
    authority: str | None = Field(default=None, max_length=40)
    language: str | None = Field(default=None, pattern="^[a-z]{2,3}$")


class NameDecisionOut(BaseModel):
    """A decision on a name: from when, and until when if it was taken back."""

    id: int
    key: str
    written: str
    means: str
    substance: str | None
    members: list[str]
    family: str | None
    group: str | None
    authority: str | None
    findings: int
    decided_at: datetime
    undone_at: datetime | None


@api.get("/curation/names")
@allow(*SECRETARIAT)
@promise(
    "Names that wait",
    answers=QueuedNameOut,
    listed=True,
    asks=WaitingAsked,
)
def list_waiting_names() -> Response:
    """Names that wait for a curator, those that several countries report first, with suggestions.

    `widespread=true` keeps to those; `order` is widest, most, oldest or newest.
    """
    asked, who = ask(WaitingAsked), actor()
    with database().reading() as session:
        page = intake.queued_names(
            session,
            who,
            today(),
            text=asked.q,
            kind=asked.kind,
            widespread=bool(YesNo.asked(asked.widespread)),
            order=asked.order,
            after=asked.after,
            limit=asked.limit or USUAL_PAGE,
        )
        suggested = offers(session, who, {name.key: name.written for name in page.items})
        return listing(page, lambda name: _queued_name_out(name, suggested[name.key]))


# a key may hold slashes, several in a row too
@api.post("/curation/names/<path:key>", merge_slashes=False)
@allow(*SECRETARIAT)
@promise("Say what a name means", takes=NameDecisionIn, answers=NameDecisionOut, status=201)
def decide_name(key: str) -> Response:
    """Say what a waiting name means: a substance, one of several, a family, a group, or nothing.

    All waiting findings follow, from now on. With `authority` it counts for its reports only.
    """
    said = body(NameDecisionIn)
    with database().transaction() as session:
        meaning = read_said(
            session,
            actor(),
            said.means,
            substance=said.substance,
            members=said.members,
            family=said.family,
            group=said.group,
        )
        home = authority_by_code(session, said.authority) if said.authority else None
        made = decide(
            session,
            key,
            meaning,
            by=actor(),
            now=now(),
            authority_id=home.id if home else None,
            language=said.language,
        )
        return answer(_decision_out(made, home.code if home else None), 201)


@api.get("/curation/decisions")
@allow(*SECRETARIAT)
@promise("Decisions on names", answers=NameDecisionOut, listed=True, asks=Paged)
def list_name_decisions() -> Response:
    """What was decided about names, newest first; those taken back too."""
    asked = ask(Paged)
    with database().reading() as session:
        page = intake.decisions(
            session, actor(), after=asked.after, limit=asked.limit or USUAL_PAGE
        )
        return listing(page, lambda pair: _decision_out(*pair))


@api.post("/curation/decisions/<int:number>/undo")
@allow(*SECRETARIAT)
@promise("Take a decision on a name back", answers=NameDecisionOut)
def undo_name_decision(number: int) -> Response:
    """Take a decision back: its findings wait again. A replay of the days between sees them as
    they were taken then."""
    with database().transaction() as session:
        undone = undo(session, number, by=actor(), now=now())
        return answer(_decision_out(undone, _code(session, undone)))


def _code(session: Session, decision: NameDecision) -> str | None:
    home = session.get(Authority, decision.authority_id) if decision.authority_id else None
    return home.code if home else None


def _queued_name_out(name: QueuedName, suggested: list[Offer]) -> QueuedNameOut:
    return QueuedNameOut(
        key=name.key,
        url=f"{settings().base_url}/api/v1/curation/names/{quote(name.key, safe='')}",
        written=list(name.forms),
        findings=name.findings,
        reports=name.reports,
        countries=name.countries,
        new_unknown=name.widespread,
        kinds={kind.value: number for kind, number in name.kinds.items()},
        authorities=[code for code, _ in name.authorities],
        first_received=name.first_received,
        suggestions=[_suggestion_out(offer) for offer in suggested],
    )


def _suggestion_out(offer: Offer) -> SuggestionOut:
    if offer.substance:
        return SuggestionOut(
            substance=offer.substance.code,
            name=offer.substance.name,
            means=f"{offer.substance.name} ({offer.substance.code})",
            why=offer.why,
        )
    means = like(offer.name).words if offer.name else ""
    name = offer.name.name if offer.name else ""
    return SuggestionOut(substance=None, name=name, means=means, why=offer.why)


def _decision_out(one: NameDecision, authority: str | None) -> NameDecisionOut:
    return NameDecisionOut(
        id=one.id,
        key=one.key,
        written=one.written,
        means=one.meant.value,
        substance=one.substance.code if one.substance else None,
        members=[f"TS-{number:05d}" for number in one.members],
        family=one.family,
        group=one.group,
        authority=authority,
        findings=one.findings,
        decided_at=one.decided_at,
        undone_at=one.undone_at,
    )

"""Drafts of what people tell: written, submitted, checked by a second person, sent back, discarded.

    draft ──submit──▶ submitted ──check (somebody else)──▶ checked ──issue (`issuing`)──▶ issued
      ▲                   │ send back                         │
      └───────────────────┴──────────── any edit ─────────────┘        discard ──▶ discarded

Every save is a version that stays. A step names the version it is meant for, so that nobody
submits, checks or issues what they have not read; it is refused when a newer one was saved.
"""

from __future__ import annotations

import re
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session, selectinload

from app.access.roles import SECRETARIAT, Actor
from app.access.service import record
from app.db import Page, id_of
from app.errors import Conflict, Forbidden, NotFound, Refused
from app.notification.audience import kept_from
from app.notification.models import Alert, Draft, DraftState, DraftVersion, Purport
from app.notification.products import Content, read_reason, unfinished
from app.paging import beyond, page_of, parts_of

OPEN = (DraftState.DRAFT, DraftState.SUBMITTED, DraftState.CHECKED)
PLACES = ("open", "ended")  # the two parts of the list of drafts

_CODE = re.compile(r"D-(\d{1,9})", re.IGNORECASE)


def start(
    session: Session, content: Content, *, by: Actor, now: datetime, alert: Alert | None = None
) -> Draft:
    """A new draft; with `alert`, an update of what was issued. Raises Forbidden, Conflict."""
    only_writers(by)
    purport = Purport.UPDATE if alert else Purport.NEW
    draft = begin(session, purport, content.as_dict(), alert=alert, by=by, now=now)
    record(session, by, "draft.start", draft.code, now, alert=alert.code if alert else None)
    return draft


def begin(
    session: Session,
    purport: Purport,
    content: dict[str, object],
    *,
    alert: Alert | None,
    by: Actor,
    now: datetime,
) -> Draft:
    """A row with its first version; at most one open of its kind for each alert (uq_draft_open).

    The alert must be locked by whoever calls. Raises Conflict.
    """
    if alert is not None:
        open_already = select(Draft).where(
            Draft.alert_id == alert.id, Draft.purport == purport, Draft.state.in_(OPEN)
        )
        if held := session.scalar(open_already):
            raise Conflict(f"{held.code} is the {purport} of {alert.code} already; go on with that")
    draft = Draft(
        purport=purport, state=DraftState.DRAFT, alert=alert, created_by=by.label, created_at=now
    )
    draft.versions = [DraftVersion(number=1, content=content, saved_by=by.label, saved_at=now)]
    session.add(draft)
    session.flush()
    return draft


def save(
    session: Session, code: str, content: Content, *, based_on: int, by: Actor, now: datetime
) -> Draft:
    """A new version, which nobody has checked. What changes nothing is no version.

    Raises NotFound, Forbidden, Conflict when it has ended or somebody saved another version
    meanwhile, and Refused when an update would narrow who may read it.
    """
    draft = at_version(session, code, based_on, by)
    if draft.purport is Purport.RETRACTION:
        raise Conflict(f"{draft.code} is a retraction; discard it and ask for another")
    refuse_other_shape(draft, content)
    if content.as_dict() == draft.newest.content:
        return draft
    draft.versions.append(
        DraftVersion(
            number=based_on + 1, content=content.as_dict(), saved_by=by.label, saved_at=now
        )
    )
    draft.state = DraftState.DRAFT
    record(session, by, "draft.save", draft.code, now, version=based_on + 1)
    return draft


def submit(session: Session, code: str, *, version: int, by: Actor, now: datetime) -> Draft:
    """Ask for the check. Raises Refused when something is missing or may not be told."""
    draft = at_version(session, code, version, by)
    only_from(draft, DraftState.DRAFT, "submitted")
    refuse_unready(session, Content.of(draft.newest.content), now)
    draft.state, draft.remark = DraftState.SUBMITTED, None
    draft.submitted_by, draft.submitted_at = by.label, now
    record(session, by, "draft.submit", draft.code, now, version=version)
    return draft


def check(session: Session, code: str, *, version: int, by: Actor, now: datetime) -> Draft:
    """Vouch for it as a second person: nobody who wrote or submitted any of it, whatever the role.

    Raises Forbidden for an author, Conflict when it was not submitted, Refused when it may not be
    told (any more).
    """
    draft = at_version(session, code, version, by)
    if draft.purport is Purport.RETRACTION:
        raise Conflict(f"{draft.code} is a retraction; confirm it instead")
    only_from(draft, DraftState.SUBMITTED, "checked")
    refuse_authors(draft, by)
    refuse_unready(session, Content.of(draft.newest.content), now)
    draft.state = DraftState.CHECKED
    draft.newest.checked_by, draft.newest.checked_at = by.label, now
    record(session, by, "draft.check", draft.code, now, version=version)
    return draft


def send_back(
    session: Session, code: str, remark: str, *, version: int, by: Actor, now: datetime
) -> Draft:
    """Ask for changes before it is checked, or after. Raises Refused without a remark."""
    draft = at_version(session, code, version, by)
    if draft.state is DraftState.DRAFT:
        raise Conflict(f"{draft.code} is a draft already; save what should be different")
    if draft.purport is Purport.RETRACTION:
        raise Conflict(f"{draft.code} is a retraction; confirm or discard it")
    draft.remark = read_reason(remark)
    draft.state = DraftState.DRAFT
    record(session, by, "draft.send_back", draft.code, now, version=version, remark=draft.remark)
    return draft


def discard(session: Session, code: str, *, version: int, by: Actor, now: datetime) -> Draft:
    """Give it up; all its versions stay."""
    draft = at_version(session, code, version, by)
    draft.state = DraftState.DISCARDED
    record(session, by, "draft.discard", draft.code, now, version=version)
    return draft


def draft_by_code(session: Session, actor: Actor, code: str, *, lock: bool = False) -> Draft:
    """The draft of that number, for the secretariat. Raises NotFound, Forbidden."""
    _only_secretariat(actor)
    number = _CODE.fullmatch(code)
    if number is None:
        raise NotFound(f"{code} is no number of a draft; they look like D-00042")
    query = select(Draft).where(Draft.id == int(number[1])).options(selectinload(Draft.versions))
    if lock:
        query = query.with_for_update(of=Draft).execution_options(populate_existing=True)
    draft = session.scalar(query)
    if draft is None:
        raise NotFound(f"there is no draft {code.upper()}")
    return draft


def drafts(
    session: Session, actor: Actor, *, after: str | None = None, limit: int = 50
) -> Page[Draft]:
    """Those under way, then those that ended; the newest first, a page at a time.

    Raises Forbidden, and Refused for a cursor that is none of this list's.
    """
    _only_secretariat(actor)
    ended = case((Draft.state.in_(OPEN), 0), else_=1)
    query = select(Draft).options(selectinload(Draft.versions))
    if after:
        query = query.where(beyond((ended, -Draft.id), parts_of(after, (PLACES.index, _minus))))
    found = session.scalars(query.order_by(ended, Draft.id.desc()).limit(limit + 1))
    return page_of(((draft, _cursor(draft)) for draft in found), limit)


def submitted(session: Session) -> int:
    """How many wait for a second person (ix_draft_state)."""
    query = select(func.count()).select_from(Draft).where(Draft.state == DraftState.SUBMITTED)
    return session.scalar(query) or 0


def _cursor(draft: Draft) -> str:
    return f"{PLACES[draft.state not in OPEN]}~{draft.id}"


def _minus(text: str) -> int:
    """The id in a cursor, as the list counts: downwards. Raises ValueError for none."""
    number = id_of(text)
    if number is None:
        raise ValueError(text)
    return -number


def last_checked(draft: Draft) -> DraftVersion | None:
    """The newest version before the one that stands that somebody has checked."""
    earlier = [version for version in draft.versions[:-1] if version.checked_by]
    return earlier[-1] if earlier else None


def refuse_unready(session: Session, content: Content, now: datetime) -> None:
    """Raises Refused, naming what is missing and what the audience may not be told."""
    today = now.date()
    found = (*unfinished(content, today), *kept_from(session, content, today=today))
    if found:
        raise Refused("; ".join(str(problem) for problem in found[:5]), found)


def refuse_other_shape(draft: Draft, content: Content) -> None:
    """An update stays the product it is, and is for no fewer than have read it."""
    if draft.alert is None:
        return
    if content.product is not draft.alert.product:
        raise Refused(f"{draft.alert.code} is of the kind {draft.alert.product}; that stays")
    told = draft.alert.editions[-1].handling
    if content.handling > told:
        raise Refused(
            f"{draft.alert.code} was told as TLP:{told.word.upper()}; an update cannot be for "
            "fewer. Retract it, and write another"
        )


def refuse_authors(draft: Draft, by: Actor) -> None:
    """A check is another person's. Raises Forbidden."""
    if by.label in draft.authors:
        raise Forbidden(f"you wrote some of {draft.code}; somebody else has to check it")


def only_writers(by: Actor) -> None:
    """Raises Forbidden for all but people of the secretariat.

    A key or the command line is nobody in particular: with one, somebody could check what they
    wrote themselves.
    """
    _only_secretariat(by)
    if "@" not in by.label:
        raise Forbidden("alerts are written and checked by people who sign in, not with a key")


def _only_secretariat(by: Actor) -> None:
    if by.role not in SECRETARIAT:
        raise Forbidden("alerts are written by the secretariat")


def at_version(session: Session, code: str, version: int, by: Actor) -> Draft:
    """The open draft, locked, if that is its newest version.

    Raises NotFound, Forbidden, Conflict.
    """
    only_writers(by)
    draft = draft_by_code(session, by, code, lock=True)
    if draft.state not in OPEN:
        raise Conflict(f"{draft.code} was {draft.state} already")
    if draft.newest.number != version:
        saved = draft.newest
        raise Conflict(
            f"{saved.saved_by} saved version {saved.number} of {draft.code} meanwhile; "
            "read it first"
        )
    return draft


def only_from(draft: Draft, state: DraftState, done: str) -> None:
    if draft.state is not state:
        raise Conflict(f"{draft.code} is {draft.state}; only what is {state} can be {done}")

"""How what people wrote ends: closed when it has served, retracted when it was wrong.

Why it ended is told to whoever read it, so it is held to what they may know, as the text was.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.access.roles import SYSTEM, Actor
from app.access.service import record
from app.errors import Conflict, Refused
from app.notification.audience import kept_from
from app.notification.drafts import (
    OPEN,
    at_version,
    begin,
    only_from,
    only_writers,
    refuse_authors,
)
from app.notification.issuing import only_issued, told_of, written_alert
from app.notification.models import (
    Alert,
    AlertState,
    Draft,
    DraftState,
    Edition,
    Message,
    MessageState,
    Product,
    Purport,
)
from app.notification.products import Reason, read_reason
from app.notification.telling import message_row, queue, recall

CLOSED, RETRACTED = "closed", "retracted"


def close(session: Session, alert_code: str, reason: str, *, by: Actor, now: datetime) -> Alert:
    """It has served: shown as closed, not mailed. Raises NotFound, Forbidden, Conflict, Refused."""
    only_writers(by)
    alert = written_alert(session, alert_code)
    only_issued(alert, "closed")
    why = read_reason(reason)
    _refuse_untellable(session, alert, why, now)
    _close(session, alert, why, by, now)
    return alert


def close_expired(session: Session, *, now: datetime) -> int:
    """Close what was valid until a day that has passed; how many. For the worker, each day."""
    query = select(Alert).where(
        Alert.state == AlertState.ISSUED,
        Alert.product != Product.NOTICE,
        Alert.valid_until < now.date(),
    )
    expired = list(session.scalars(query.with_for_update(of=Alert)))
    for alert in expired:
        _close(session, alert, f"It was valid until {alert.valid_until}.", SYSTEM, now)
    return len(expired)


def ask_retraction(
    session: Session, alert_code: str, reason: str, *, by: Actor, now: datetime
) -> Draft:
    """Say that it was wrong, and why; a second person confirms it.

    Raises NotFound, Forbidden, Conflict when it is retracted or somebody asked already, Refused
    without a reason that may be told.
    """
    only_writers(by)
    alert = written_alert(session, alert_code)
    if alert.state is AlertState.RETRACTED:
        raise Conflict(f"{alert.code} is retracted already")
    why = read_reason(reason)
    _refuse_untellable(session, alert, why, now)
    content: dict[str, object] = {"reason": why}
    draft = begin(session, Purport.RETRACTION, content, alert=alert, by=by, now=now)
    draft.state, draft.submitted_by, draft.submitted_at = DraftState.SUBMITTED, by.label, now
    record(session, by, "alert.ask_retraction", alert.code, now, draft=draft.code, **content)
    return draft


def confirm_retraction(
    session: Session, code: str, *, version: int, by: Actor, now: datetime, host: str
) -> Alert:
    """Retract it as a second person, and tell everybody who was told.

    What still waits is not sent; an update under way is discarded. Raises NotFound, Forbidden,
    Conflict, Refused when its reason may not be told any more.
    """
    draft = at_version(session, code, version, by)
    if draft.purport is not Purport.RETRACTION or draft.alert is None:
        raise Conflict(f"{draft.code} is no retraction; it is checked and issued")
    only_from(draft, DraftState.SUBMITTED, "confirmed")
    refuse_authors(draft, by)
    alert = written_alert(session, draft.alert.code)
    reason = str(draft.newest.content["reason"])
    _refuse_untellable(session, alert, reason, now)
    recall(session, alert)
    _give_up_parked(session, alert)
    edition = _last_words(session, alert, RETRACTED, reason, now)
    alert.state, alert.closed_at = AlertState.RETRACTED, now
    draft.state = DraftState.ISSUED
    draft.newest.checked_by, draft.newest.checked_at = by.label, now
    draft.newest.edition_id = edition.id
    _discard_updates(session, alert, by, now)
    told = told_of(session, alert, edition)
    rows = [
        message_row(who, subscription, edition, now, host) for who, subscription in told.items()
    ]
    queue(session, (), host, rows)
    record(
        session, by, "alert.retract", alert.code, now,
        draft=draft.code, reason=reason, messages=len(told),
    )  # fmt: skip
    return alert


def _refuse_untellable(session: Session, alert: Alert, reason: str, now: datetime) -> None:
    """Raises Refused for a reason that names what readers of the alert may not know."""
    told = Reason(reason, alert.editions[-1].handling)
    if found := kept_from(session, told, today=now.date()):
        raise Refused("; ".join(str(problem) for problem in found[:5]), found)


def _last_words(session: Session, alert: Alert, reason: str, note: str, now: datetime) -> Edition:
    """The edition that ends it. What was retracted is not said again."""
    last = alert.editions[-1]
    said = dict(last.detail) | {"note": note}
    if reason == RETRACTED:
        said |= {"text": {}, "response": []}
        sentences = [f"Retracted; what it said no longer stands. {note}"]
    else:
        sentences = [f"Closed. {note}", *last.sentences]
    edition = Edition(
        alert=alert, handling=last.handling, tier=last.tier, reason=reason, headline=last.headline,
        sentences=sentences, countries=last.countries, detail=said, issued_at=now,
    )  # fmt: skip
    session.add(edition)
    session.flush()
    return edition


def _close(session: Session, alert: Alert, reason: str, by: Actor, now: datetime) -> None:
    recall(session, alert)
    _last_words(session, alert, CLOSED, reason, now)
    alert.state, alert.closed_at = AlertState.CLOSED, now
    _discard_updates(session, alert, by, now)
    record(session, by, "alert.close", alert.code, now, reason=reason)


def _give_up_parked(session: Session, alert: Alert) -> None:
    """What could not be delivered is not tried again: it would be news of what no longer stands."""
    editions = select(Edition.id).where(Edition.alert_id == alert.id)
    session.execute(
        delete(Message).where(
            Message.edition_id.in_(editions), Message.state == MessageState.PARKED
        )
    )


def _discard_updates(session: Session, alert: Alert, by: Actor, now: datetime) -> None:
    query = select(Draft).where(
        Draft.alert_id == alert.id, Draft.purport == Purport.UPDATE, Draft.state.in_(OPEN)
    )
    for draft in session.scalars(query.with_for_update(of=Draft)):
        draft.state = DraftState.DISCARDED
        record(session, by, "draft.discard", draft.code, now, alert=alert.code)

"""What was checked is told: a new alert that people wrote, or an update of one.

Each makes an edition that is never changed. An update is never for fewer than have read the one
before, so whoever may read an alert that people wrote sees its newest edition.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import or_, select, union
from sqlalchemy.orm import Session, selectinload

from app.access.handling import Handling
from app.access.roles import Actor
from app.access.service import record
from app.errors import Conflict, NotFound
from app.intake.models import Report
from app.notification.drafts import (
    at_version,
    begin,
    draft_by_code,
    only_from,
    only_writers,
    refuse_other_shape,
    refuse_unready,
)
from app.notification.filters import NOTHING
from app.notification.models import (
    Alert,
    AlertState,
    DigestEntry,
    Draft,
    DraftState,
    Edition,
    Message,
    MessageState,
    Product,
    Purport,
    Subscription,
)
from app.notification.products import Content
from app.notification.queries import alert_number
from app.notification.subjects import subjects
from app.notification.telling import Subscriber, active_subscribers, choose, message_row, queue
from app.notification.worded import Worded, worded
from app.surveillance.models import Episode, of_substance

ISSUED, UPDATED = "issued", "updated"


def issue(
    session: Session, code: str, *, version: int, by: Actor, now: datetime, host: str
) -> Alert:
    """Tell what was checked: a new alert, or an update of one, and a message to all concerned.

    Raises NotFound, Forbidden, Conflict when this version was not checked or the alert has ended,
    Refused when it may not be told any more, because a day has passed or a report was held back.
    """
    found = draft_by_code(session, by, code)
    if found.alert is not None:  # locked before the draft, as whatever ends an alert does
        written_alert(session, found.alert.code)
    draft = at_version(session, code, version, by)
    if draft.purport is Purport.RETRACTION:
        raise Conflict(f"{draft.code} is a retraction; confirm it instead")
    only_from(draft, DraftState.CHECKED, "issued")
    content = Content.of(draft.newest.content)
    refuse_unready(session, content, now)
    said = worded(session, content)
    simulated = content.exercise or _of_an_exercise(session, content)
    if draft.alert is None:
        reason = ISSUED
        alert = Alert(
            product=content.product, state=AlertState.ISSUED, simulated=simulated, issued_at=now
        )
        session.add(alert)
    else:
        reason, alert = UPDATED, draft.alert
        only_issued(alert, "updated")
        refuse_other_shape(draft, content)
        alert.simulated = alert.simulated or simulated
    _point(alert, said)
    edition = _edition(session, alert, said, reason, now)
    draft.alert, draft.state = alert, DraftState.ISSUED
    draft.newest.edition_id = edition.id
    messages = _tell(session, edition, now, host)
    record(
        session, by, f"alert.{'issue' if reason == ISSUED else 'update'}", alert.code, now,
        draft=draft.code, version=version, handling=edition.handling.word, messages=messages,
    )  # fmt: skip
    return alert


def revise(session: Session, alert_code: str, *, by: Actor, now: datetime) -> Draft:
    """A draft that starts from what an alert says now. Raises NotFound, Forbidden, Conflict."""
    only_writers(by)
    alert = written_alert(session, alert_code)
    only_issued(alert, "updated")
    content = content_of(session, alert)
    draft = begin(session, Purport.UPDATE, content.as_dict(), alert=alert, by=by, now=now)
    record(session, by, "draft.start", draft.code, now, alert=alert.code)
    return draft


def content_of(session: Session, alert: Alert) -> Content:
    """The content of the draft that the alert's newest words come from."""
    query = (
        select(Draft)
        .where(
            Draft.alert_id == alert.id,
            Draft.state == DraftState.ISSUED,
            Draft.purport != Purport.RETRACTION,
        )
        .options(selectinload(Draft.versions))
        .order_by(Draft.id)
    )
    drafts = list(session.scalars(query))
    newest = max(drafts, key=lambda draft: draft.newest.edition_id or 0)
    return Content.of(newest.newest.content)


def written_alert(session: Session, code: str) -> Alert:
    """An alert that people wrote, locked until the end. Raises NotFound, Conflict for a notice."""
    number = alert_number(code)
    query = select(Alert).where(Alert.id == number).options(selectinload(Alert.editions))
    query = query.with_for_update(of=Alert).execution_options(populate_existing=True)
    alert = None if number is None else session.scalar(query)
    if alert is None:
        raise NotFound(f"there is no alert {code.upper()}")
    if alert.product is Product.NOTICE:
        raise Conflict(f"{alert.code} is a notice; it changes and closes with its signals")
    return alert


def told_of(session: Session, alert: Alert, edition: Edition) -> dict[str, Subscription]:
    """Who was sent any edition of the alert, alone or in a digest, or is being sent it just now;
    by address, with the subscription through which they may be told again.

    Not those who have ended their subscription since, whose address bounced, or who are cleared for
    less by now. Uses ix_message_edition and the indexes of subscription.
    """
    editions = select(Edition.id).where(Edition.alert_id == alert.id)
    gone = or_(Message.state == MessageState.SENT, Message.leased_until.is_not(None))
    alone = select(Message.recipient, Message.subscription_id).where(
        Message.edition_id.in_(editions), gone
    )
    gathered = (
        select(Message.recipient, Message.subscription_id)
        .join(DigestEntry, DigestEntry.message_id == Message.id)
        .where(DigestEntry.edition_id.in_(editions), gone)
    )
    heard = union(alone, gathered).subquery()
    query = (
        select(heard.c.recipient, Subscription)
        .join(
            Subscription,
            or_(
                Subscription.id == heard.c.subscription_id,
                Subscription.email == heard.c.recipient,
            ),
        )
        .where(
            Subscription.ended_at.is_(None),
            Subscription.bounced_at.is_(None),
            Subscription.clearance >= edition.handling,
        )
        .order_by(Subscription.clearance, Subscription.id)
    )
    return {recipient: subscription for recipient, subscription in session.execute(query)}


def _tell(session: Session, edition: Edition, now: datetime, host: str) -> int:
    """Queue it for those whose filters it passes, and an update for those who know the older.

    No rule found it, and people wrote it: filters on rules, and what keeps notices of substances
    that nobody has looked at from being mailed, do not hold it back.
    """

    def news_for(clearance: Handling) -> Edition | None:
        return edition if clearance >= edition.handling else None

    subscribers = [
        Subscriber(one.subscription, replace(one.filters, rules=NOTHING))
        for one in active_subscribers(session, now)
    ]
    about = {
        number: replace(subject, unclassified=False)
        for number, subject in subjects(session, [edition], today=now.date()).items()
    }
    chosen = choose(subscribers, news_for, about, now)
    again = told_of(session, edition.alert, edition)
    rows = [
        message_row(recipient, subscription, edition, now, host)
        for recipient, subscription in again.items()
        if recipient not in chosen
    ]
    return sum(queue(session, chosen.values(), host, rows))


def _point(alert: Alert, said: Worded) -> None:
    """Say what the alert is about: its first substance, else the family or group."""
    first, node = next(iter(said.substances), None), said.content.node
    about = of_substance(first.id) if first else node
    alert.substance = first
    alert.node_kind, alert.node_key = about or (None, None)
    alert.node_name = said.detail["name"] if first is None else None
    alert.valid_until = said.content.valid_until


def _edition(session: Session, alert: Alert, said: Worded, reason: str, now: datetime) -> Edition:
    edition = Edition(
        alert=alert,
        handling=said.content.handling,
        tier=said.content.tier,
        reason=reason,
        headline=said.content.headline,
        sentences=said.sentences,
        countries=list(said.content.countries),
        detail=said.detail,
        issued_at=now,
    )
    session.add(edition)
    session.flush()
    return edition


def only_issued(alert: Alert, done: str) -> None:
    """Raises Conflict for an alert that has ended."""
    if alert.state is not AlertState.ISSUED:
        raise Conflict(f"{alert.code} is {alert.state}; only what is issued can be {done}")


def _of_an_exercise(session: Session, content: Content) -> bool:
    """Whether anything that it rests on is simulated."""
    signals = [int(code[2:]) for code in content.sources if code.startswith("E-")]
    reports = [int(code[3:]) for code in content.sources if code.startswith("RP-")]
    of_signals = select(Episode.id).where(Episode.id.in_(signals), Episode.simulated)
    of_reports = select(Report.id).where(Report.id.in_(reports), Report.simulated)
    return any(session.scalar(query.limit(1)) is not None for query in (of_signals, of_reports))

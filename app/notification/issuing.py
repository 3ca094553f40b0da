"""What was checked is told: issued, updated, closed, retracted; and what has run out is closed.

Each makes an edition that is never changed. An update is never for fewer than have read the one
before, so whoever may read an alert that people wrote sees its newest edition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select, union
from sqlalchemy.orm import Session, selectinload

from app.access.roles import SYSTEM, Actor
from app.access.service import record
from app.errors import Conflict, NotFound
from app.intake.models import Report
from app.notification.drafts import (
    OPEN,
    at_version,
    begin,
    only_from,
    only_writers,
    refuse_authors,
    refuse_other_shape,
    refuse_unready,
)
from app.notification.filters import passes
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
from app.notification.products import Content, read_reason, response_sentences
from app.notification.queries import alert_number
from app.notification.telling import active_subscriptions, message_to, queue_messages
from app.notification.wording import detail as substance_detail
from app.registry.models import Substance
from app.surveillance.models import Episode, NodeKind, of_substance
from chem.families import family_named

ISSUED, UPDATED, CLOSED, RETRACTED = "issued", "updated", "closed", "retracted"

_NO_SUBSTANCE: dict[str, Any] = {
    **dict.fromkeys(("substance", "name", "inchikey", "connectivity", "smiles")),
    **dict.fromkeys(("group", "family", "effect", "ruleset")),
    "controlled": [],
    "episodes": [],
}


@dataclass(frozen=True, slots=True)
class Worded:
    """What an edition says, before it has a number and a time."""

    content: Content
    substances: tuple[Substance, ...]
    sentences: list[str]
    detail: dict[str, Any]

    @property
    def groups(self) -> set[str]:
        """UNODC's groups that it is about."""
        found = {substance.group for substance in self.substances}
        node = self.content.node
        if node and node.kind is NodeKind.GROUP:
            found.add(node.key)
        elif node and (family := family_named(node.key)):
            found.add(family.group)
        return found - {""}


def worded(session: Session, content: Content) -> Worded:
    """A content as an edition would say it; also for a preview."""
    substances = tuple(_substances(session, content.substances))
    base = substance_detail(substances[0], [], []) if substances else dict(_NO_SUBSTANCE)
    node = content.node
    if node and not substances:
        family = family_named(node.key) if node.kind is NodeKind.FAMILY else None
        base |= {"family": family.id, "group": family.group} if family else {"group": node.key}
    detail = base | {
        "product": content.product.value,
        "text": {name: text for name, text in content.texts.items() if name != "headline"},
        "response": list(content.response),
        "substances": [{"code": one.code, "name": one.name} for one in substances],
        "sources": list(content.sources),
        "valid_until": content.valid_until.isoformat() if content.valid_until else None,
        "about_name": node.key.replace("-", " ") if node else None,
    }
    return Worded(content, substances, _sentences(content), detail)


def issue(
    session: Session, code: str, *, version: int, by: Actor, now: datetime, host: str
) -> Alert:
    """Tell what was checked: a new alert, or an update of one, and a message to all concerned.

    Raises NotFound, Forbidden, Conflict when this version was not checked or the alert has ended,
    Refused when it may not be told any more, because a day has passed or a report was held back.
    """
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
        reason = UPDATED
        alert = written_alert(session, draft.alert.code)
        _only_issued(alert, "updated")
        refuse_other_shape(draft, content)
        alert.simulated = alert.simulated or simulated
    _point(alert, said)
    edition = _edition(session, alert, said, reason, now)
    draft.alert, draft.state = alert, DraftState.ISSUED
    draft.newest.edition_id = edition.id
    messages = _tell(session, said, edition, now, host)
    record(
        session, by, f"alert.{'issue' if reason == ISSUED else 'update'}", alert.code, now,
        draft=draft.code, version=version, handling=edition.handling.word, messages=messages,
    )  # fmt: skip
    return alert


def revise(session: Session, alert_code: str, *, by: Actor, now: datetime) -> Draft:
    """A draft that starts from what an alert says now. Raises NotFound, Forbidden, Conflict."""
    only_writers(by)
    alert = written_alert(session, alert_code)
    _only_issued(alert, "updated")
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


def close(session: Session, alert_code: str, reason: str, *, by: Actor, now: datetime) -> Alert:
    """It has served: shown as closed, not mailed. Raises NotFound, Forbidden, Conflict, Refused."""
    only_writers(by)
    alert = written_alert(session, alert_code)
    _only_issued(alert, "closed")
    _close(session, alert, read_reason(reason), by, now)
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
    without a reason.
    """
    only_writers(by)
    alert = written_alert(session, alert_code)
    if alert.state is AlertState.RETRACTED:
        raise Conflict(f"{alert.code} is retracted already")
    content: dict[str, object] = {"reason": read_reason(reason)}
    draft = begin(session, Purport.RETRACTION, content, alert=alert, by=by, now=now)
    draft.state, draft.submitted_by, draft.submitted_at = DraftState.SUBMITTED, by.label, now
    record(session, by, "alert.ask_retraction", alert.code, now, draft=draft.code, **content)
    return draft


def confirm_retraction(
    session: Session, code: str, *, version: int, by: Actor, now: datetime, host: str
) -> Alert:
    """Retract it as a second person, and tell everybody who was told.

    What still waits is not sent; an update under way is discarded. Raises NotFound, Forbidden,
    Conflict.
    """
    draft = at_version(session, code, version, by)
    if draft.purport is not Purport.RETRACTION or draft.alert is None:
        raise Conflict(f"{draft.code} is no retraction; it is checked and issued")
    only_from(draft, DraftState.SUBMITTED, "confirmed")
    refuse_authors(draft, by)
    alert = written_alert(session, draft.alert.code)
    reason = str(draft.newest.content["reason"])
    _recall(session, alert, parked=True)
    edition = _last_words(session, alert, RETRACTED, reason, now)
    alert.state, alert.closed_at = AlertState.RETRACTED, now
    draft.state = DraftState.ISSUED
    draft.newest.checked_by, draft.newest.checked_at = by.label, now
    draft.newest.edition_id = edition.id
    _discard_updates(session, alert, by, now)
    told = told_of(session, alert, edition)
    for recipient, subscription in told.items():
        session.add(message_to(recipient, subscription, edition, now=now, host=host))
    record(
        session, by, "alert.retract", alert.code, now,
        draft=draft.code, reason=reason, messages=len(told),
    )  # fmt: skip
    return alert


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


def _tell(session: Session, said: Worded, edition: Edition, now: datetime, host: str) -> int:
    """Queue it for those whose filters it passes, and an update for those who know the older."""

    def edition_for(clearance: Any) -> Edition | None:
        return edition if clearance >= edition.handling else None

    def wanted(subscription: Subscription, edition: Edition) -> bool:
        return edition.tier >= subscription.min_tier and _passes(subscription.filters, said)

    queued = queue_messages(
        session, active_subscriptions(session, now), edition_for, wanted, now=now, host=host
    )
    reached = {message.recipient for message in queued}
    again = told_of(session, edition.alert, edition)
    missed = {who: how for who, how in again.items() if who not in reached}
    for recipient, subscription in missed.items():
        session.add(message_to(recipient, subscription, edition, now=now, host=host))
    return len(queued) + len(missed)


def _passes(filters: Mapping[str, Any], said: Worded) -> bool:
    """Whether any substance that it is about passes; or else its group."""
    countries = said.content.countries
    if said.substances:
        return any(passes(filters, substance, countries) for substance in said.substances)
    groups, wanted = filters.get("groups"), filters.get("countries")
    return (not groups or bool(said.groups & set(groups))) and (
        not wanted or bool(set(countries) & set(wanted))
    )


def _point(alert: Alert, said: Worded) -> None:
    """Say what the alert is about: its first substance, else the family or group."""
    first, node = next(iter(said.substances), None), said.content.node
    about = of_substance(first.id) if first else node
    alert.substance = first
    alert.node_kind, alert.node_key = about or (None, None)
    alert.node_name = said.detail["about_name"] if first is None else None
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
    _recall(session, alert, parked=False)
    _last_words(session, alert, CLOSED, reason, now)
    alert.state, alert.closed_at = AlertState.CLOSED, now
    _discard_updates(session, alert, by, now)
    record(session, by, "alert.close", alert.code, now, reason=reason)


def _recall(session: Session, alert: Alert, *, parked: bool) -> None:
    """What has ended is not sent any more, unless a worker has it in hand."""
    editions = select(Edition.id).where(Edition.alert_id == alert.id)
    states = (MessageState.WAITING, *((MessageState.PARKED,) if parked else ()))
    session.execute(
        delete(Message).where(
            Message.edition_id.in_(editions),
            Message.state.in_(states),
            Message.leased_until.is_(None),
        )
    )
    session.execute(
        delete(DigestEntry).where(
            DigestEntry.edition_id.in_(editions), DigestEntry.message_id.is_(None)
        )
    )


def _discard_updates(session: Session, alert: Alert, by: Actor, now: datetime) -> None:
    query = select(Draft).where(
        Draft.alert_id == alert.id, Draft.purport == Purport.UPDATE, Draft.state.in_(OPEN)
    )
    for draft in session.scalars(query.with_for_update(of=Draft)):
        draft.state = DraftState.DISCARDED
        record(session, by, "draft.discard", draft.code, now, alert=alert.code)


def _only_issued(alert: Alert, done: str) -> None:
    if alert.state is not AlertState.ISSUED:
        raise Conflict(f"{alert.code} is {alert.state}; only what is issued can be {done}")


def _of_an_exercise(session: Session, content: Content) -> bool:
    """Whether anything that it rests on is simulated."""
    signals = [int(code[2:]) for code in content.sources if code.startswith("E-")]
    reports = [int(code[3:]) for code in content.sources if code.startswith("RP-")]
    of_signals = select(Episode.id).where(Episode.id.in_(signals), Episode.simulated)
    of_reports = select(Report.id).where(Report.id.in_(reports), Report.simulated)
    return any(session.scalar(query.limit(1)) is not None for query in (of_signals, of_reports))


def _substances(session: Session, codes: tuple[str, ...]) -> list[Substance]:
    """In the order named."""
    ids = [int(code[3:]) for code in codes]
    query = select(Substance).where(Substance.id.in_(ids)).options(selectinload(Substance.controls))
    found = {substance.id: substance for substance in session.scalars(query)}
    return [found[number] for number in ids if number in found]


def _sentences(content: Content) -> list[str]:
    """For feeds and lists: the same, a sentence or paragraph each."""
    named = (
        ("", content.happened),
        ("What is known: ", content.known),
        ("What is not known: ", content.unknown),
    )
    told = [f"{title}{' '.join(text.split())}" for title, text in named if text]
    told += [words for name, words in response_sentences().items() if name in content.response]
    return [*told, " ".join(content.advice.split())] if content.advice else told

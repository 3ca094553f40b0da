"""Webhooks: an authority's own machines are told, by a signed post.

Adding, rotating the secret, ending, the log of tries. What is posted is as open as what the
authority's people read when they sign in, so focal points and the secretariat answer for it. The
verbs here look nothing up and post nothing; that is `posts`, outside of any transaction.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.access.models import Authority
from app.access.roles import SECRETARIAT, SYSTEM, Actor, Role
from app.access.service import record
from app.db import LARGEST_ID, Page, id_of
from app.errors import Conflict, Forbidden, NotFound, Refused
from app.notification.models import (
    Event,
    Message,
    MessageState,
    Subscription,
    Trouble,
    Webhook,
    WebhookAttempt,
)
from app.notification.posting import Outcome
from app.notification.switched_off import tell_keepers
from app.notification.targets import Allowed, target_of

KEEPERS = SECRETARIAT | {Role.FOCAL_POINT}
MOST_WEBHOOKS = 10  # of one authority
ATTEMPTS_KEPT = 200
TESTS_AN_HOUR = 10  # of one webhook: the button is for trying, not for knocking
OVERLAP = timedelta(days=7)  # in which both secrets sign: time for somebody to change the other end
FAILS_FOR = timedelta(days=3)  # over a weekend
FAILURES = 10  # more tries than one message gets, so that one bad message ends no webhook
ENDED_SHOWN = timedelta(days=30)
SECRET_PREFIX = "tocsin_hook_"  # noqa: S105 - so that it is recognised where it should not be


def add(
    session: Session,
    url: str,
    *,
    authority: Authority,
    allowed: Allowed,
    by: Actor,
    now: datetime,
) -> Webhook:
    """A webhook with a secret of its own, which is told nothing before it is subscribed.

    Raises Refused for an address that may not be posted to, Conflict when it is there already or
    there are MOST_WEBHOOKS, Forbidden when `by` may not speak for the authority.
    """
    _may_keep(by, authority.id)
    url = url.strip()
    target_of(url, allowed)
    # authorities add one at a time: two at once would both see room for the last
    session.execute(select(Authority.id).where(Authority.id == authority.id).with_for_update())
    active = session.scalars(
        select(Webhook.url).where(Webhook.authority_id == authority.id, Webhook.ended_at.is_(None))
    ).all()
    if url in active:
        raise Conflict("this webhook is there already; end it first, or rotate its secret")
    if len(active) >= MOST_WEBHOOKS:
        raise Conflict(f"{authority.code} has {MOST_WEBHOOKS} webhooks; end one first")
    webhook = Webhook(
        authority=authority, url=url, secret=_secret(), created_by=by.label, created_at=now
    )
    session.add(webhook)
    session.flush()
    record(session, by, "webhook.add", f"webhook {webhook.id}", now, authority=authority.code)
    return webhook


def rotate(session: Session, webhook: Webhook, *, by: Actor, now: datetime) -> str:
    """A new secret, in the clear for the only time; the one before signs as well for OVERLAP.

    Rotating again within that time ends the oldest of the three at once. Raises Forbidden, and
    Conflict when the webhook has ended.
    """
    _may_keep(by, webhook.authority_id)
    _still(webhook)
    webhook.old_secret, webhook.old_secret_until = webhook.secret, now + OVERLAP
    webhook.secret = _secret()
    record(session, by, "webhook.rotate", f"webhook {webhook.id}", now)
    return webhook.secret


def signing(webhook: Webhook, now: datetime) -> tuple[str, ...]:
    """The secrets that sign now, the newest first."""
    if webhook.old_secret and webhook.old_secret_until and now < webhook.old_secret_until:
        return webhook.secret, webhook.old_secret
    return (webhook.secret,)


def end(session: Session, webhook: Webhook, *, by: Actor, now: datetime) -> None:
    """Post nothing more; what waits is not sent. Ending twice is ending once. Raises Forbidden."""
    _may_keep(by, webhook.authority_id)
    if webhook.ended_at is None:
        _end(session, webhook, f"ended by {by.label}", by=by, now=now)
        session.execute(
            delete(Message).where(
                Message.webhook_id == webhook.id, Message.state == MessageState.WAITING
            )
        )


def switch_off(session: Session, webhook: Webhook, why: str, *, now: datetime, host: str) -> None:
    """End a webhook that nobody ended: those who keep it are told by mail, and what waits for it is
    parked, so that somebody sees it. `host` ends the Message-IDs."""
    _end(session, webhook, why, by=SYSTEM, now=now)
    session.execute(
        update(Message)
        .where(Message.webhook_id == webhook.id, Message.state == MessageState.WAITING)
        .values(
            state=MessageState.PARKED,
            trouble=Trouble.SWITCHED_OFF,
            last_error=f"the webhook was switched off: {why}",
            lease_owner=None,
            leased_until=None,
        )
    )
    tell_keepers(session, webhook, now=now, host=host)


def webhook_of(session: Session, number: int, by: Actor) -> Webhook:
    """The webhook of that number. Raises NotFound, also when it is another authority's."""
    webhook = session.get(Webhook, number) if 0 < number <= LARGEST_ID else None
    if webhook is None or not _keeps(by, webhook.authority_id):
        raise NotFound(f"there is no webhook {number}")
    return webhook


def webhooks(session: Session, by: Actor, now: datetime) -> list[Webhook]:
    """The webhooks of the actor's authority, all of them for the secretariat; the active first,
    then those that ended lately."""
    query = select(Webhook).where(
        Webhook.ended_at.is_(None) | (Webhook.ended_at > now - ENDED_SHOWN)
    )
    if by.role not in SECRETARIAT:
        query = query.where(Webhook.authority_id == by.authority_id)
    return list(session.scalars(query.order_by(Webhook.ended_at.is_not(None), Webhook.id)))


def subscriptions_of(session: Session, hooks: Sequence[Webhook]) -> dict[int, list[Subscription]]:
    """What is posted to each, by its number."""
    found: dict[int, list[Subscription]] = {}
    query = (
        select(Subscription)
        .where(
            Subscription.webhook_id.in_([webhook.id for webhook in hooks]),
            Subscription.ended_at.is_(None),
        )
        .order_by(Subscription.id)
    )
    for one in session.scalars(query):
        found.setdefault(one.webhook_id or 0, []).append(one)
    return found


def undelivered(session: Session, hooks: Sequence[Webhook]) -> dict[int, int]:
    """How many messages for each are parked, by its number (ix_message_due)."""
    rows = session.execute(
        select(Message.webhook_id, func.count())
        .where(
            Message.state == MessageState.PARKED,
            Message.webhook_id.in_([webhook.id for webhook in hooks]),
        )
        .group_by(Message.webhook_id)
    )
    return {number or 0: count for number, count in rows}


def attempts(
    session: Session, webhook: Webhook, *, after: str | None = None, limit: int = 50
) -> Page[WebhookAttempt]:
    """The log of a webhook, the newest first, a page at a time.

    Uses ix_webhook_attempt_webhook_id_id.
    """
    query = select(WebhookAttempt).where(WebhookAttempt.webhook_id == webhook.id)
    if (last := id_of(after)) is not None:
        query = query.where(WebhookAttempt.id < last)
    found = list(session.scalars(query.order_by(WebhookAttempt.id.desc()).limit(limit + 1)))
    if len(found) <= limit:
        return Page(found)
    return Page(found[:limit], str(found[limit - 1].id))


def may_test(session: Session, webhook: Webhook, *, by: Actor, now: datetime) -> None:
    """Raise Forbidden, Conflict for one that has ended, and Refused after TESTS_AN_HOUR tests."""
    _may_keep(by, webhook.authority_id)
    _still(webhook)
    lately = session.scalar(
        select(func.count()).where(
            WebhookAttempt.webhook_id == webhook.id,
            WebhookAttempt.event == Event.TEST,
            WebhookAttempt.at > now - timedelta(hours=1),
        )
    )
    if (lately or 0) >= TESTS_AN_HOUR:
        raise Refused(f"a webhook may be tested {TESTS_AN_HOUR} times an hour; try again later")


def log(
    session: Session,
    webhook: Webhook,
    outcome: Outcome,
    *,
    event: Event,
    delivery: str,
    now: datetime,
    message_id: int | None = None,
) -> None:
    """Add a line to the log, and forget those before the last ATTEMPTS_KEPT."""
    session.add(
        WebhookAttempt(
            webhook_id=webhook.id,
            message_id=message_id,
            event=event,
            delivery=delivery,
            at=now,
            status=outcome.status,
            milliseconds=outcome.milliseconds,
            error=outcome.error or None,
        )
    )
    session.flush()
    oldest = (
        select(WebhookAttempt.id)
        .where(WebhookAttempt.webhook_id == webhook.id)
        .order_by(WebhookAttempt.id.desc())
        .offset(ATTEMPTS_KEPT)
        .limit(1)
        .scalar_subquery()
    )
    session.execute(
        delete(WebhookAttempt).where(
            WebhookAttempt.webhook_id == webhook.id, WebhookAttempt.id <= oldest
        )
    )


def worked(webhook: Webhook) -> None:
    """What was wrong before is over."""
    webhook.failing_since, webhook.failures = None, 0


def failed(
    session: Session, webhook: Webhook, outcome: Outcome, *, now: datetime, host: str
) -> None:
    """Count a failure; a webhook that wants nothing more, or has failed for long, is switched
    off."""
    webhook.failing_since = webhook.failing_since or now
    webhook.failures += 1
    if outcome.gone:
        why = "its server answered 410: it wants nothing more"
        switch_off(session, webhook, why, now=now, host=host)
    elif webhook.failures >= FAILURES and now - webhook.failing_since >= FAILS_FOR:
        why = f"every delivery failed for {FAILS_FOR.days} days; the last: {outcome.error}"
        switch_off(session, webhook, why, now=now, host=host)


def _end(session: Session, webhook: Webhook, why: str, *, by: Actor, now: datetime) -> None:
    webhook.ended_at, webhook.ended_why = now, why[:300]
    webhook.secret, webhook.old_secret, webhook.old_secret_until = "", None, None
    session.execute(
        update(Subscription)
        .where(Subscription.webhook_id == webhook.id, Subscription.ended_at.is_(None))
        .values(ended_at=now)
    )
    record(session, by, "webhook.end", f"webhook {webhook.id}", now, why=webhook.ended_why)


def _keeps(by: Actor, authority_id: int) -> bool:
    own = by.authority_id is not None and by.authority_id == authority_id
    return by.role in SECRETARIAT or (by.role is Role.FOCAL_POINT and own)


def _may_keep(by: Actor, authority_id: int) -> None:
    if not _keeps(by, authority_id):
        raise Forbidden("webhooks are kept by an authority's focal points and the secretariat")


def _still(webhook: Webhook) -> None:
    if webhook.ended_at is not None:
        raise Conflict(f"webhook {webhook.id} has ended; add it anew")


def _secret() -> str:
    return SECRET_PREFIX + secrets.token_urlsafe(32)

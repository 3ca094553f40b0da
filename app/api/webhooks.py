"""Webhooks: an authority's own machines are told."""

from __future__ import annotations

from datetime import datetime

from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.access.models import Authority
from app.access.roles import SECRETARIAT
from app.access.service import authority_by_code
from app.api import api
from app.api.asking import NumberedAsked, ask
from app.api.contract import USUAL_PAGE, answer, body, listing, promise
from app.db import Page
from app.entrance import actor, allow, database, now, settings
from app.errors import Forbidden
from app.notification import webhooks
from app.notification.models import Webhook, WebhookAttempt
from app.notification.posts import post_test
from app.notification.subscriptions import subscribe
from app.notification.targets import Allowed
from app.surveillance.models import Tier


class WebhookIn(BaseModel, extra="forbid"):
    """Where alerts are posted, and which; the secretariat may name another authority."""

    url: str = Field(max_length=2_000)
    authority: str | None = Field(default=None, max_length=40)
    group: str | None = Field(default=None, max_length=60)
    country: str | None = Field(default=None, max_length=2)
    min_tier: str = Field(default="watch", pattern="^(watch|alert|urgent)$")


class WebhookOut(BaseModel):
    """One webhook; `failing_since` is null while its server takes what is posted, `undelivered` is
    how many alerts every try failed for, and `ended_why` says who or what ended it."""

    id: int
    url: str
    authority: str
    created_at: datetime
    failing_since: datetime | None
    undelivered: int
    ended_at: datetime | None
    ended_why: str | None


class SecretOut(BaseModel):
    """The secret that signs from now on, shown this once; until `both_until` the one before signs
    as well."""

    id: int
    secret: str
    both_until: datetime | None


class WebhookMadeOut(WebhookOut):
    """A new webhook, and the secret that signs, shown this once."""

    secret: str


class AttemptOut(BaseModel):
    """One try: `status` is null when nothing was answered, `error` when it was taken."""

    id: int
    event: str
    delivery: str
    at: datetime
    status: int | None
    milliseconds: int
    error: str | None


class TestOut(BaseModel):
    """What came of a test."""

    taken: bool
    status: int | None
    milliseconds: int
    error: str | None


@api.get("/webhooks")
@allow(*webhooks.KEEPERS)
@promise("Webhooks", answers=WebhookOut, listed=True)
def list_webhooks() -> Response:
    """The webhooks of your authority; those that ended stay for a month."""
    with database().reading() as session:
        found = webhooks.webhooks(session, actor(), now())
        lost = webhooks.undelivered(session, found)
        return listing(Page(found), lambda one: _webhook_out(one, lost.get(one.id, 0)))


@api.post("/webhooks")
@allow(*webhooks.KEEPERS)
@promise("Add a webhook", takes=WebhookIn, answers=WebhookMadeOut, status=201)
def add_webhook() -> Response:
    """Let alerts be posted to a machine of your authority; the answer has the secret."""
    wanted, who = body(WebhookIn), actor()
    with database().transaction() as session:
        made = webhooks.add(
            session,
            wanted.url,
            authority=_home(session, wanted.authority),
            allowed=Allowed.of(settings().webhook_allow),
            by=who,
            now=now(),
        )
        subscribe(
            session,
            None,
            authority=made.authority,
            webhook_id=made.id,
            group=wanted.group,
            country=wanted.country,
            min_tier=Tier[wanted.min_tier.upper()],
            by=who,
            now=now(),
        )
        shown = _webhook_out(made).model_dump()
        return answer(WebhookMadeOut(**shown, secret=made.secret), 201)


@api.delete("/webhooks/<int:number>")
@allow(*webhooks.KEEPERS)
@promise("End a webhook", status=204)
def end_webhook(number: int) -> Response:
    """Post nothing more to it; what waits is not sent."""
    with database().transaction() as session:
        held = webhooks.webhook_of(session, number, actor())
        webhooks.end(session, held, by=actor(), now=now())
    return Response(status=204)


@api.post("/webhooks/<int:number>/secret")
@allow(*webhooks.KEEPERS)
@promise("Rotate the secret of a webhook", answers=SecretOut)
def rotate_webhook(number: int) -> Response:
    """A new secret; for a week the one before signs as well."""
    with database().transaction() as session:
        held = webhooks.webhook_of(session, number, actor())
        secret = webhooks.rotate(session, held, by=actor(), now=now())
        return answer(SecretOut(id=held.id, secret=secret, both_until=held.old_secret_until))


@api.post("/webhooks/<int:number>/test")
@allow(*webhooks.KEEPERS)
@promise("Test a webhook", answers=TestOut)
def test_webhook(number: int) -> Response:
    """Post a signed test now, ten times an hour at most, and say what came of it."""
    outcome = post_test(
        database(), number, allowed=Allowed.of(settings().webhook_allow), by=actor(), clock=now
    )
    return answer(
        TestOut(
            taken=outcome.taken,
            status=outcome.status,
            milliseconds=outcome.milliseconds,
            error=outcome.error or None,
        )
    )


@api.get("/webhooks/<int:number>/attempts")
@allow(*webhooks.KEEPERS)
@promise("Tries of a webhook", answers=AttemptOut, listed=True, asks=NumberedAsked)
def list_attempts(number: int) -> Response:
    """What was tried and what came of it, the newest first; the last 200 are kept."""
    asked = ask(NumberedAsked)
    with database().reading() as session:
        held = webhooks.webhook_of(session, number, actor())
        page = webhooks.attempts(session, held, after=asked.after, limit=asked.limit or USUAL_PAGE)
        return listing(page, _attempt_out)


def _home(session: Session, code: str | None) -> Authority:
    own = actor().authority_code
    if code and code != own and actor().role not in SECRETARIAT:
        raise Forbidden("a focal point adds webhooks for the own authority; leave `authority` out")
    if not (code or own):
        raise Forbidden("webhooks belong to an authority")
    return authority_by_code(session, code or own or "")


def _webhook_out(one: Webhook, undelivered: int = 0) -> WebhookOut:
    return WebhookOut(
        id=one.id,
        url=one.url,
        authority=one.authority.code,
        created_at=one.created_at,
        failing_since=one.failing_since,
        undelivered=undelivered,
        ended_at=one.ended_at,
        ended_why=one.ended_why,
    )


def _attempt_out(one: WebhookAttempt) -> AttemptOut:
    return AttemptOut(
        id=one.id,
        event=one.event.value,
        delivery=one.delivery,
        at=one.at,
        status=one.status,
        milliseconds=one.milliseconds,
        error=one.error,
    )

"""Webhooks of an authority: its own machines are told, and every try is on record."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.models import Authority
from app.access.roles import SECRETARIAT
from app.access.service import authority_by_code
from app.entrance import actor, allow, database, id_cursor, now, settings
from app.errors import Conflict, Forbidden, NotFound, Refused
from app.notification import webhooks as notification
from app.notification.models import Webhook
from app.notification.posts import post_test
from app.notification.subscriptions import subscribe
from app.notification.targets import Allowed
from app.surveillance.models import Tier
from app.web import web
from app.web.wording import country_options
from chem.families import GROUPS

PAGE = 50
FIELDS = ("url", "authority", "group", "country", "min_tier")


@web.get("/subscriptions/webhooks")
@allow(*notification.KEEPERS)
def webhooks() -> Any:
    """The webhooks of the reader's authority, and a form for one more."""
    with database().reading() as session:
        return _list(session)


@web.post("/subscriptions/webhooks")
@allow(*notification.KEEPERS)
def add_webhook() -> Any:
    """Add a webhook, and show its secret for the only time."""
    form = request.form
    try:
        with database().transaction() as session:
            made = notification.add(
                session,
                form.get("url", ""),
                authority=_home(session, form.get("authority", "")),
                allowed=Allowed.of(settings().webhook_allow),
                by=actor(),
                now=now(),
            )
            subscribe(
                session,
                None,
                authority=made.authority,
                webhook_id=made.id,
                group=form.get("group"),
                country=form.get("country"),
                min_tier=_tier(form.get("min_tier", "")),
                by=actor(),
                now=now(),
            )
    except (Conflict, Forbidden, NotFound, Refused) as refusal:
        flash(f"Not added: {refusal}.", "problem")
        with database().reading() as session:
            return _list(session, {name: form.get(name, "") for name in FIELDS}), 422
    with database().reading() as session:
        return _one(session, made, secret=made.secret)


@web.get("/subscriptions/webhooks/<int:number>")
@allow(*notification.KEEPERS)
def webhook(number: int) -> Any:
    """One webhook: what it is told, how it fares, and the log of tries."""
    with database().reading() as session:
        return _one(session, notification.webhook_of(session, number, actor()))


@web.post("/subscriptions/webhooks/<int:number>/test")
@allow(*notification.KEEPERS)
def test_webhook(number: int) -> Any:
    """Post a signed test now, and say what came of it."""
    try:
        outcome = post_test(
            database(),
            number,
            allowed=Allowed.of(settings().webhook_allow),
            by=actor(),
            clock=now,
        )
    except (Conflict, Refused) as refusal:
        flash(f"Not tested: {refusal}.", "problem")
    else:
        if outcome.taken:
            flash(f"The test was taken: {outcome.status}, {outcome.milliseconds:,} ms.")
        else:
            flash(f"The test was not taken: {outcome.error}.", "problem")
    return redirect(url_for("web.webhook", number=number))


@web.post("/subscriptions/webhooks/<int:number>/secret")
@allow(*notification.KEEPERS)
def rotate_webhook(number: int) -> Any:
    """Give a webhook a new secret, and show it for the only time."""
    try:
        with database().transaction() as session:
            held = notification.webhook_of(session, number, actor())
            secret = notification.rotate(session, held, by=actor(), now=now())
    except Conflict as conflict:
        flash(f"Not changed: {conflict}.", "problem")
        return redirect(url_for("web.webhook", number=number))
    with database().reading() as session:
        return _one(session, held, secret=secret)


@web.post("/subscriptions/webhooks/<int:number>/end")
@allow(*notification.KEEPERS)
def end_webhook(number: int) -> Any:
    """Post nothing more to it."""
    with database().transaction() as session:
        held = notification.webhook_of(session, number, actor())
        notification.end(session, held, by=actor(), now=now())
    flash("Nothing more is posted there.")
    return redirect(url_for("web.webhooks"))


def _list(session: Session, typed: dict[str, str] | None = None) -> str:
    found = notification.webhooks(session, actor(), now())
    chooses = actor().role in SECRETARIAT
    codes = select(Authority.code).order_by(Authority.code)
    return render_template(
        "webhooks.html",
        webhooks=found,
        told=notification.subscriptions_of(session, found),
        typed=typed or {},
        authorities=list(session.scalars(codes)) if chooses else [],
        groups=GROUPS,
        country_options=country_options(),
        tiers=Tier,
    )


def _one(session: Session, held: Webhook, secret: str = "") -> str:
    page = notification.attempts(session, held, after=id_cursor(), limit=PAGE)
    return render_template(
        "webhook.html",
        webhook=held,
        told=notification.subscriptions_of(session, [held]),
        page=page,
        undelivered=notification.undelivered(session, [held]).get(held.id, 0),
        secret=secret,
        both_sign=len(notification.signing(held, now())) > 1,
        days=notification.OVERLAP.days,
        failing_days=notification.FAILS_FOR.days,
        kept=notification.ATTEMPTS_KEPT,
    )


def _home(session: Session, code: str) -> Authority:
    """The authority it is for: one's own; the secretariat may name another."""
    own = actor().authority_code or ""
    wanted = code.strip() if code and actor().role in SECRETARIAT else own
    return authority_by_code(session, wanted)


def _tier(text: str) -> Tier:
    return next((tier for tier in Tier if tier.word == text), Tier.WATCH)

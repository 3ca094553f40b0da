"""Subscriptions: who is told, and of what."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for

from app.access.roles import SIGNED_IN
from app.access.service import authority_by_code
from app.entrance import actor, allow, database, now
from app.errors import Forbidden, NotFound, Refused
from app.notification import subscriptions as notification
from app.surveillance.models import Tier
from app.web import web
from app.web.wording import country_options


@web.get("/subscriptions")
@allow(*SIGNED_IN)
def subscriptions() -> Any:
    """The subscriptions of the reader's authority, and a form for one more."""
    with database().reading() as session:
        return render_template(
            "subscriptions.html",
            subscriptions=notification.subscriptions(session, actor()),
            groups=notification.GROUPS,
            country_options=country_options(),
            tiers=Tier,
        )


@web.post("/subscriptions")
@allow(*SIGNED_IN)
def subscribe() -> Any:
    """Add a subscription for the reader's own authority."""
    form = request.form
    try:
        with database().transaction() as session:
            authority = authority_by_code(session, actor().authority_code or "")
            subscription = notification.subscribe(
                session,
                form.get("email", ""),
                authority=authority,
                group=form.get("group") or None,
                country=form.get("country") or None,
                min_tier=_tier(form.get("min_tier", "")),
                now=now(),
                by=actor(),
            )
            flash(f"{subscription.email} will be told.")
    except (Forbidden, NotFound, Refused) as refusal:
        flash(f"Not subscribed: {refusal}.", "problem")
    return redirect(url_for("web.subscriptions"))


@web.post("/subscriptions/<int:number>/end")
@allow(*SIGNED_IN)
def end_subscription(number: int) -> Any:
    """End a subscription."""
    with database().transaction() as session:
        ended = notification.end(session, number, now=now(), by=actor())
        flash(f"{ended.recipient} will not be told any more.")
    return redirect(url_for("web.subscriptions"))


def _tier(text: str) -> Tier:
    return next((tier for tier in Tier if tier.word == text), Tier.WATCH)

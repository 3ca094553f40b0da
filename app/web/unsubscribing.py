"""Links in mail: confirming an address, and ending or pausing what comes to it, without a login.

A GET only shows a page with a button, because programs that look for harm follow every link of a
mail. What such a page says names no address: whoever passed the mail on passed on the link.
"""

from __future__ import annotations

from typing import Any

from flask import Response, make_response, render_template, request
from sqlalchemy.orm import Session

from app.access.roles import Role
from app.entrance import allow, by_link, database, now, settings
from app.errors import Problem, Refused
from app.notification import standing
from app.notification.links import CONFIRM, UNSUBSCRIBE, subscription_of
from app.notification.models import Subscription
from app.notification.standing import HOLDER, State, state_of
from app.web import web
from app.web.subscribing import what_words, when_words
from app.web.subscriptions import PAUSES


@web.get("/unsubscribe/<token>")
@allow(Role.PUBLIC)
def unsubscribe(token: str) -> Any:
    """A page with a button that ends the mail, and two that pause it."""
    number = subscription_of(settings().secret_key, UNSUBSCRIBE, token, now=now())
    with database().reading() as session:
        return _page(standing.editable(session, number, HOLDER), token)


@web.post("/unsubscribe/<token>")
@allow(Role.PUBLIC)
@by_link
def end_by_link(token: str) -> Any:
    """End or pause. Mail programs send `List-Unsubscribe=One-Click` by themselves (RFC 8058)."""
    number = subscription_of(settings().secret_key, UNSUBSCRIBE, token, now=now())
    pause = PAUSES.get(request.form.get("pause", ""))
    with database().transaction() as session:
        if request.form.get("List-Unsubscribe") == "One-Click":
            held = standing.end(session, number, now=now(), by=HOLDER)
        elif pause is not None:
            held = standing.pause(session, number, now() + pause, now=now(), by=HOLDER)
        elif "resume" in request.form:
            held = standing.resume(session, number, now=now(), by=HOLDER)
        else:
            what = "send List-Unsubscribe=One-Click, or pause=week or pause=month"
            raise Refused(what, (Problem("List-Unsubscribe", what),))
        return _page(held, token)


@web.get("/confirm/<token>")
@allow(Role.PUBLIC)
def confirmation(token: str) -> Any:
    """A page with a button that confirms an address."""
    with database().reading() as session:
        return _question(session, token, confirm=False)


@web.post("/confirm/<token>")
@allow(Role.PUBLIC)
@by_link
def confirm(token: str) -> Any:
    """Its holder wants to be told."""
    with database().transaction() as session:
        return _question(session, token, confirm=True)


def _page(held: Subscription, token: str) -> Response:
    return _kept_by_nobody(
        "unsubscribe.html",
        one=held,
        token=token,
        state=state_of(held, now()),
        paused=state_of(held, now()) is State.PAUSED,
        ended=held.ended_at is not None,
    )


def _question(session: Session, token: str, *, confirm: bool) -> Response:
    number = subscription_of(settings().secret_key, CONFIRM, token, now=now())
    if confirm:
        held = standing.confirm(session, number, now=now(), by=HOLDER)
    else:
        held = standing.editable(session, number, HOLDER)
    return _kept_by_nobody(
        "confirm.html",
        one=held,
        token=token,
        ended=held.ended_at is not None,
        confirmed=held.confirmed_at is not None,
    )


def _kept_by_nobody(template: str, **words: Any) -> Response:
    """A page that no cache keeps, and that names its own address to nobody."""
    answer = make_response(
        render_template(template, what_words=what_words, when_words=when_words, **words)
    )
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["Referrer-Policy"] = "no-referrer"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer

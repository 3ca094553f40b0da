"""Saying that an urgent alert was seen: by the link in a mail, or signed in.

The link shows a page with a button, and only the button acknowledges: mail scanners follow links.
"""

from __future__ import annotations

from typing import Any

from flask import Response, flash, make_response, redirect, render_template, url_for

from app.access.roles import SIGNED_IN, Role
from app.entrance import actor, allow, database, now, settings
from app.languages import N_, _
from app.notification import acknowledging
from app.notification.models import Message
from app.notification.queries import alert_by_code
from app.web import web


@web.get("/acknowledge/<token>")
@allow(Role.PUBLIC)
def acknowledge_link(token: str) -> Response:
    """What the link is for, and the button. It changes nothing."""
    with database().reading() as session:
        message = acknowledging.message_of(session, settings().secret_key, token)
        return _page(message, token)


@web.post("/acknowledge/<token>")
@allow(Role.PUBLIC)
def acknowledge_by_link(token: str) -> Response:
    """Whoever got the mail has seen it."""
    with database().transaction() as session:
        message = acknowledging.message_of(session, settings().secret_key, token)
        acknowledging.by_link(session, message, now=now())
        session.refresh(message)
        return _page(message, token)


@web.post("/alerts/<code>/acknowledge")
@allow(*SIGNED_IN)
def acknowledge_alert(code: str) -> Any:
    """Somebody who signed in has seen it; it counts for their authority."""
    with database().transaction() as session:
        alert = alert_by_code(session, actor(), code).alert
        answered = acknowledging.acknowledge(session, [alert.id], by=actor(), now=now())
    if answered:
        done = N_("%(code)s is acknowledged for your authority; nobody there is reminded of it.")
    else:
        done = N_("Nothing changed: your authority has nothing open to acknowledge of %(code)s.")
    flash(_(done, code=alert.code))
    return redirect(url_for("web.alert", code=alert.code))


def _page(message: Message, token: str) -> Response:
    """A page that says nothing of the alert but its number: the link may have been forwarded."""
    answer = make_response(render_template("acknowledge.html", message=message, token=token))
    answer.headers["Cache-Control"] = "no-store"
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer

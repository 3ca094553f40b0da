"""How what people wrote ends: closed, or its retraction asked for. What is refused is said on the
page of the alert, with the reason still in its field."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request, url_for
from sqlalchemy.orm import Session

from app.access.roles import SECRETARIAT
from app.entrance import actor, allow, database, now
from app.errors import Conflict, Forbidden, Refused
from app.notification import ending
from app.web import web
from app.web.alerts import alert_page
from app.web.drafts import confirmed


@web.post("/alerts/<code>/close")
@allow(*SECRETARIAT)
def close_alert(code: str) -> Any:
    """Close it, for it has served."""

    def close(session: Session, reason: str) -> None:
        ending.close(session, code, reason, by=actor(), now=now())

    return _end(code, "close", close, f"{code} is closed. Nobody is mailed.")


@web.post("/alerts/<code>/retract")
@allow(*SECRETARIAT)
def retract_alert(code: str) -> Any:
    """Ask for its retraction; a second person confirms it."""

    def ask(session: Session, reason: str) -> None:
        ending.ask_retraction(session, code, reason, by=actor(), now=now())

    return _end(code, "retract", ask, "The retraction waits under Drafts for a second person.")


def _end(code: str, how: str, act: Callable[[Session, str], None], done: str) -> Any:
    reason = request.form.get("reason", "")
    try:
        confirmed()
        with database().transaction() as session:
            act(session, reason)
            flash(done)
    except Refused as refusal:
        flash(f"Nothing changed: {refusal}.", "problem")
        return alert_page(code, typed={how: reason}), 422
    except (Conflict, Forbidden) as refusal:
        flash(f"Nothing changed: {refusal}.", "problem")
    return redirect(url_for("web.alert", code=code))

"""Alerts: what was told to people."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from app.access.roles import Role
from app.entrance import actor, allow, database
from app.notification import queries as notification
from app.notification.wording import about_of, kind_of
from app.web import web


@web.get("/alerts")
@allow(Role.PUBLIC)
def alerts() -> Any:
    """Alerts, the last changed first."""
    with database().reading() as session:
        page = notification.alerts(session, actor(), after=request.args.get("after"))
        return render_template("alerts.html", page=page)


@web.get("/alerts/<code>")
@allow(Role.PUBLIC)
def alert(code: str) -> Any:
    """One alert in its newest wording, and what it said before."""
    with database().reading() as session:
        seen = notification.alert_by_code(session, actor(), code)
        editions = notification.history(session, actor(), seen.alert)
        return render_template(
            "alert.html",
            seen=seen,
            editions=editions[::-1],
            about=about_of(seen.edition.detail),
            kind=kind_of(seen.edition.detail),
        )

"""Alerts: what was told to people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template, request

from app.access.roles import SECRETARIAT, Role
from app.db import id_of
from app.entrance import actor, allow, database, settings, today
from app.notification import queries as notification
from app.notification import renderings
from app.notification.acknowledging import acknowledgements
from app.notification.models import Product
from app.notification.wording import about_of, kind_of
from app.web import web
from app.web.drafts import characters

LENGTHS = ("short", "page", "full")


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
    """One alert in its newest wording, and what it said before.

    What people wrote has three lengths (`?as=short`, `page`, `full`), and each edition that the
    reader could read stays (`?edition=7`).
    """
    return alert_page(code)


def alert_page(code: str, typed: Mapping[str, str] | None = None) -> str:
    """The page of an alert. `typed` are reasons to close or retract it that were refused, by which
    of the two."""
    with database().reading() as session:
        seen = notification.alert_by_code(session, actor(), code)
        editions = notification.history(session, actor(), seen.alert)[::-1]
        told = acknowledgements(session, seen.alert) if actor().role in SECRETARIAT else []
        if seen.alert.product is Product.NOTICE:
            detail = seen.edition.detail
            return render_template(
                "alert.html",
                seen=seen,
                editions=editions,
                about=about_of(detail),
                kind=kind_of(detail),
                told=told,
            )
        wanted = id_of(request.args.get("edition"))
        edition = next((one for one in editions if one.id == wanted), seen.edition)
        source = renderings.source_of(seen.alert, edition, settings().base_url)
        length = request.args.get("as")
        short = renderings.short(source)
        return render_template(
            "written_alert.html",
            seen=seen,
            editions=editions,
            edition=edition,
            source=source,
            length=length if length in LENGTHS else "full",
            short=short,
            characters=characters(short),
            blocks=renderings,
            expired=seen.expired(today()),
            may_decide=actor().role in SECRETARIAT,
            typed=typed or {},
            told=told,
        )

"""Curation: names nobody has resolved yet, and saying what one of them means."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for

from app.access.roles import SECRETARIAT
from app.entrance import actor, allow, database, now, today
from app.errors import Conflict, NotFound, Refused
from app.intake import queries as intake
from app.intake.curation import resolve_name
from app.registry import queries as registry
from app.web import web


@web.get("/curation")
@allow(*SECRETARIAT)
def curation() -> Any:
    """The queue, the most widely reported name first."""
    with database().reading() as session:
        queue = intake.queued_names(session, actor(), today())
        return render_template("curation.html", queue=queue)


@web.post("/curation")
@allow(*SECRETARIAT)
def resolve() -> Any:
    """Resolve a name to a substance."""
    key, code = request.form.get("key", ""), request.form.get("substance", "").strip()
    try:
        with database().transaction() as session:
            substance = registry.substance_by_code(session, actor(), code)
            resolve_name(session, key, substance, by=actor(), now=now())
            flash(f"“{key}” now means {substance.name} ({substance.code}).")
    except (Conflict, NotFound, Refused) as refusal:
        flash(f"“{key}” stays in the queue: {refusal}.", "problem")
    return redirect(url_for("web.curation"))

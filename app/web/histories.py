"""The history of a substance: what happened to it, and taking back what was done."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from flask import flash, redirect, render_template, request, url_for

from app.access.roles import SECRETARIAT, Role
from app.entrance import actor, allow, database, now, today
from app.errors import Conflict, Refused
from app.intake.history import Happening
from app.intake.merging import UNDOABLE, undo
from app.intake.words import Precision
from app.languages import SOURCE, speaking
from app.registry import queries as registry
from app.registry.acts import act_by_code, acts_on
from app.registry.models import code_of
from app.surveillance.biography import biography
from app.web import web
from app.web.dates import day, month


@web.get("/substances/<code>/history")
@allow(Role.PUBLIC)
def history(code: str) -> Any:
    """What happened to a substance, by year, the newest first."""
    with database().reading() as session:
        found = registry.substance_by_code(session, actor(), code)
        with speaking(SOURCE):  # as it is kept
            told = biography(session, actor(), today(), found)
        curates = actor().role in SECRETARIAT
        acts = acts_on(session, [found.id]) if curates else []
        return render_template(
            "history.html",
            substance=found,
            years=[(year, list(some)) for year, some in groupby(told, key=lambda h: h.day.year)],
            dated=_dated,
            count=len(told),
            undoable={a.code for a in acts if a.kind in UNDOABLE and a.undone_at is None},
        )


@web.post("/curation/acts/<code>/undo")
@allow(*SECRETARIAT)
def undo_act(code: str) -> Any:
    """Take back a merge, a split or the choice of a name."""
    with database().reading() as session:
        subject = act_by_code(session, code).substance_id
    back = url_for("web.history", code=code_of(subject)) if subject else url_for("web.curation")
    try:
        with database().transaction() as session:
            reason = request.form.get("reason", "")
            done = undo(session, act_by_code(session, code), by=actor(), reason=reason, now=now())
            flash(f"{code} is undone ({done.code}); everything it moved is back.")
    except (Conflict, Refused) as refusal:
        flash(f"{code} stands: {refusal}.", "problem")
    return redirect(back)


def _dated(one: Happening) -> str:
    """The date of a happening, no more exact than it is known."""
    if one.precision is Precision.YEAR:
        return str(one.day.year)
    return month(one.day) if one.precision is Precision.MONTH else day(one.day)

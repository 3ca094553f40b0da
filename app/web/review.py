"""Review: cases put forward for consideration."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.roles import SECRETARIAT, SIGNED_IN
from app.entrance import actor, allow, database, now, today
from app.errors import Conflict, NotFound, Refused
from app.registry import queries as registry
from app.registry.models import Substance
from app.registry.queries import known_to
from app.review import service
from app.review.dossier import dossier
from app.review.models import ReviewCase
from app.web import web


@web.get("/review")
@allow(*SIGNED_IN)
def review() -> Any:
    """All cases, open ones first."""
    with database().reading() as session:
        return render_template(
            "review.html",
            cases=_known(session, service.cases(session)),
            may_decide=actor().role in SECRETARIAT,
            substance=request.args.get("substance", ""),
        )


@web.post("/review")
@allow(*SECRETARIAT)
def open_case() -> Any:
    """Put a substance forward."""
    code, question = request.form.get("substance", "").strip(), request.form.get("question", "")
    try:
        with database().transaction() as session:
            substance = registry.substance_by_code(session, actor(), code)
            case = service.open_case(session, substance, question, by=actor(), now=now())
            flash(f"Case {case.code} is open.")
            return redirect(url_for("web.case", code=case.code))
    except (Conflict, NotFound, Refused) as refusal:
        flash(f"No case was opened: {refusal}.", "problem")
    return redirect(url_for("web.review", substance=code))


@web.get("/review/<code>")
@allow(*SIGNED_IN)
def case(code: str) -> Any:
    """One case."""
    with database().reading() as session:
        found = service.case_by_code(session, code)
        if not _known(session, [found]):
            raise NotFound(f"there is no case {code}")
        return render_template(
            "case.html",
            case=found,
            sections=dossier(session, actor(), today(), found.substance),
            may_decide=actor().role in SECRETARIAT,
        )


@web.post("/review/<code>/close")
@allow(*SECRETARIAT)
def close_case(code: str) -> Any:
    """Close a case with what came of it."""
    try:
        with database().transaction() as session:
            outcome = request.form.get("outcome", "")
            service.close_case(session, code, outcome, by=actor(), now=now())
            flash(f"Case {code} is closed.")
    except (Conflict, Refused) as refusal:
        flash(f"The case stays open: {refusal}.", "problem")
    return redirect(url_for("web.case", code=code))


def _known(session: Session, cases: list[ReviewCase]) -> list[ReviewCase]:
    """The cases of substances whose existence the reader may know of."""
    ids = [case.substance_id for case in cases]
    query = select(Substance.id).where(Substance.id.in_(ids), known_to(actor()))
    known = set(session.scalars(query))
    return [case for case in cases if case.substance_id in known]

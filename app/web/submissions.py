"""Submissions: receipts, with the fate of each row."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.access.roles import REPORTERS, Role
from app.db import id_of
from app.entrance import actor, allow, database
from app.intake import queries as intake
from app.intake.models import Finding, Report
from app.web import web


@web.get("/submissions")
@allow(*REPORTERS, Role.ADMIN)
def submissions() -> Any:
    """What the reader's authority sent, newest first."""
    with database().reading() as session:
        page = intake.submissions(session, actor(), after=request.args.get("after"))
        return render_template("submissions.html", page=page)


@web.get("/submissions/<code>")
@allow(*REPORTERS, Role.ADMIN)
def submission(code: str) -> Any:
    """One receipt."""
    after = id_of(request.args.get("after")) or 0
    with database().reading() as session:
        found = intake.submission_by_code(session, actor(), code)
        rows = intake.submission_rows(session, found, after=after, limit=201)
        more = str(rows[199][0].row) if len(rows) > 200 else None
        _with_findings(session, [report.id for _, report in rows if report])
        return render_template("submission.html", submission=found, rows=rows[:200], more=more)


def _with_findings(session: Session, report_ids: list[int]) -> None:
    """Read what was found in these reports at once, so that the page need not ask row by row."""
    found = selectinload(Report.findings).selectinload(Finding.substance)
    query = select(Report).where(Report.id.in_(report_ids)).options(found)
    session.scalars(query.execution_options(populate_existing=True)).all()

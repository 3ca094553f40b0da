"""Submissions: receipts, with the fate of each row, and the file to mend and send back."""

from __future__ import annotations

from typing import Any

from flask import Response, render_template, request, stream_with_context
from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.access.roles import REPORTERS, Role
from app.db import id_of
from app.entrance import actor, allow, database, today
from app.errors import NotFound
from app.intake import queries as intake
from app.intake.models import Finding, Report, Submission
from app.intake.receipts import receipt_page
from app.intake.results import has_own_columns, is_table, results
from app.intake.words import Fate, SubmissionState
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
    """One receipt, its rows of one fate when asked."""
    after, fate = id_of(request.args.get("after")) or 0, _fate("fate")
    with database().reading() as session:
        found = intake.submission_by_code(session, actor(), code)
        page = receipt_page(session, actor(), today(), found, fate=fate, after=after)
        _with_findings(session, [row.report.id for row in page.rows if row.report])
        waits = found.state is SubmissionState.RECEIVED
        return render_template(
            "submission.html",
            submission=found,
            rows=page.rows,
            more=str(page.next) if page.next else None,
            fate=fate,
            repeats=intake.repeated_by(session, found),
            waits=waits,
            refresh=waits and bool(found.reading),  # somebody will read it
            results=_results_of(found) if page.rows or fate else None,
            own_columns=has_own_columns(found),
        )


@web.get("/submissions/<code>/results.<any(csv, ndjson):kind>")
@allow(*REPORTERS)
def submission_results(code: str, kind: str) -> Response:
    """What was sent with what became of each row; `only=rejected` leaves out what is well."""
    only = _fate("only")
    with database().reading() as session:
        found = intake.submission_by_code(session, actor(), code)
    if found.state is SubmissionState.REFUSED:
        raise NotFound(f"no row of {code} was read, so there are no results")
    if kind != _kind(found):
        raise NotFound(f"the results of {code} are at /submissions/{code}/results.{_kind(found)}")
    name = f"{code}-{only.value if only else 'results'}.{kind}"
    return Response(
        stream_with_context(results(database(), found, only=only)),
        content_type="text/csv; charset=utf-8" if kind == "csv" else "application/x-ndjson",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _results_of(found: Submission) -> str | None:
    """The kind of results that the reader may have: those of their own authority, in any case."""
    mine = found.authority_id == actor().authority_id and actor().role in REPORTERS
    return _kind(found) if mine else None


def _kind(found: Submission) -> str:
    return "csv" if is_table(found) else "ndjson"


def _fate(argument: str) -> Fate | None:
    return next((fate for fate in Fate if fate == request.args.get(argument)), None)


def _with_findings(session: Session, report_ids: list[int]) -> None:
    """Read what was found in these reports at once, so that the page need not ask row by row."""
    found = selectinload(Report.findings).selectinload(Finding.substance)
    query = select(Report).where(Report.id.in_(report_ids)).options(found)
    session.scalars(query.execution_options(populate_existing=True)).all()

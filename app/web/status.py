"""Whether the service works: jobs, outbox, database, and the addresses of the feeds."""

from __future__ import annotations

from typing import Any

from flask import render_template
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.roles import SECRETARIAT, Role
from app.entrance import actor, allow, database, now, today
from app.intake.models import Report
from app.intake.sight import figures_for
from app.intake.words import ReportType
from app.jobs import Job
from app.notification.queries import outbox_state
from app.registry import queries as registry
from app.surveillance import queries as surveillance
from app.web import web


@web.get("/status")
@allow(Role.PUBLIC)
def status() -> Any:
    """The state of the house. Errors of jobs are worded for those who can mend them."""
    with database().reading() as session:
        jobs = list(session.scalars(select(Job).order_by(Job.name)))
        return render_template(
            "status.html",
            jobs=jobs,
            overdue={job.name for job in jobs if job.overdue(now())},
            outbox=outbox_state(session),
            kind=database().engine.dialect.name,
            revision=database().revision(),
            newest=database().newest_revision(),
            assessment=surveillance.last_assessment(session),
            counts=_counts(session),
            standings=registry.standing_sizes(session, actor()),
            may_read_errors=actor().role in SECRETARIAT,
        )


def _counts(session: Session) -> dict[ReportType, int]:
    """Reports that may enter figures shown to the reader, by type."""
    query = (
        select(Report.type, func.count()).where(figures_for(actor(), today())).group_by(Report.type)
    )
    return dict(session.execute(query).all())

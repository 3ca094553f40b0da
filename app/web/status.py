"""Whether the service works: jobs, outbox, database, and the addresses of the feeds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import flash, redirect, render_template, url_for
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.roles import SECRETARIAT, Role
from app.access.service import record
from app.entrance import actor, allow, database, now, today
from app.intake.models import Report
from app.intake.sight import figures_for
from app.intake.waiting import waiting
from app.intake.words import ReportType
from app.jobs import Job
from app.notification.models import Message, MessageState
from app.notification.outbox import try_again
from app.notification.queries import OutboxState, outbox_state
from app.registry import queries as registry
from app.surveillance import queries as surveillance
from app.web import web

WAITS_LONG = timedelta(hours=1)
SHOWN_PARKED = 50


@web.get("/status")
@allow(Role.PUBLIC)
def status() -> Any:
    """The state of the house. Errors of jobs are worded for those who can mend them."""
    with database().reading() as session:
        jobs = list(session.scalars(select(Job).order_by(Job.name)))
        outbox = outbox_state(session)
        secretariat = actor().role in SECRETARIAT
        return render_template(
            "status.html",
            jobs=jobs,
            overdue={job.name for job in jobs if job.overdue(now())},
            troubles=_troubles(jobs, outbox),
            outbox=outbox,
            parked=_parked(session) if secretariat else [],
            kind=database().engine.dialect.name,
            revision=database().revision(),
            newest=database().newest_revision(),
            assessment=surveillance.last_assessment(session),
            counts=_counts(session),
            standings=registry.standing_sizes(session, actor()),
            may_read_errors=secretariat,
            unknown=waiting(session, actor(), today()) if secretariat else None,
        )


@web.post("/status/parked/<int:number>")
@allow(*SECRETARIAT)
def send_again(number: int) -> Any:
    """Put a parked message back into the outbox."""
    with database().transaction() as session:
        message = try_again(session, number, now=now())
        record(session, actor(), "message.try_again", message.message_id, now=now())
        flash(f"The message to {message.recipient} will be tried again.")
    return redirect(url_for("web.status"))


def _troubles(jobs: list[Job], outbox: OutboxState) -> list[str]:
    """What somebody should look at, the most urgent first; the template says what to do."""
    oldest = outbox.oldest_waiting
    found = {
        "schema": database().revision() != database().newest_revision(),
        "worker": not jobs,
        "overdue": any(job.overdue(now()) for job in jobs),
        "failed": any(job.last_error for job in jobs),
        "parked": outbox.parked > 0,
        "waiting": oldest is not None and now() - oldest > WAITS_LONG,
    }
    return [name for name, here in found.items() if here]


def _parked(session: Session) -> list[Message]:
    """Messages that every try failed for, the newest first."""
    query = (
        select(Message)
        .where(Message.state == MessageState.PARKED)
        .order_by(Message.id.desc())
        .limit(SHOWN_PARKED)
    )
    return list(session.scalars(query))


def _counts(session: Session) -> dict[ReportType, int]:
    """Reports that may enter figures shown to the reader, by type."""
    query = (
        select(Report.type, func.count()).where(figures_for(actor(), today())).group_by(Report.type)
    )
    return dict(session.execute(query).all())

"""Whether the service works: jobs, outbox, database, and the addresses of the feeds."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import render_template, request
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.roles import SECRETARIAT, Role
from app.entrance import actor, allow, database, id_cursor, now, today
from app.intake.models import Report
from app.intake.sight import figures_for
from app.intake.waiting import waiting
from app.intake.words import ReportType
from app.jobs import Job
from app.notification import parked
from app.notification.models import MessageState
from app.notification.queries import (
    OutboxReason,
    OutboxState,
    outbox_reasons,
    outbox_state,
    refused_settings,
)
from app.registry import queries as registry
from app.surveillance import queries as surveillance
from app.web import web
from app.web.outbox import TROUBLE_WORDS, chosen

WAITS_LONG = timedelta(hours=1)


@web.get("/status")
@allow(Role.PUBLIC)
def status() -> Any:
    """The state of the house. Errors of jobs are worded for those who can mend them."""
    with database().reading() as session:
        jobs = list(session.scalars(select(Job).order_by(Job.name)))
        outbox = outbox_state(session, now())
        secretariat = actor().role in SECRETARIAT
        refused = refused_settings(session)
        waits = outbox_reasons(session) if secretariat else []
        return render_template(
            "status.html",
            jobs=jobs,
            overdue={job.name for job in jobs if job.overdue(now())},
            troubles=_troubles(jobs, outbox, refused),
            refused=refused,
            outbox=outbox,
            waits=waits,
            trouble_words=TROUBLE_WORDS,
            **(_parked(session, waits) if secretariat and outbox.parked else {}),
            kind=database().engine.dialect.name,
            revision=database().revision(),
            newest=database().newest_revision(),
            assessment=surveillance.last_assessment(session),
            counts=_counts(session),
            standings=registry.standing_sizes(session, actor()),
            may_read_errors=secretariat,
            unknown=waiting(session, actor(), today()) if secretariat else None,
        )


def _parked(session: Session, waits: Sequence[OutboxReason]) -> dict[str, Any]:
    """Parked messages, those that were asked for, and what may be asked for."""
    which = chosen(request.args)
    reasons = [one.trouble for one in waits if one.state is MessageState.PARKED and one.trouble]
    return {
        "chosen": which,
        "reasons": list(dict.fromkeys(reasons)),
        "parked": parked.parked(session, which, after=id_cursor()),
        "matching": parked.how_many(session, which),
    }


def _troubles(jobs: list[Job], outbox: OutboxState, refused: str | None) -> list[str]:
    """What somebody should look at, the most urgent first; the template says what to do."""
    oldest = outbox.oldest_waiting
    found = {
        "schema": database().revision() != database().newest_revision(),
        "worker": not jobs,
        "overdue": any(job.overdue(now()) for job in jobs),
        "failed": any(job.last_error for job in jobs),
        "settings": refused is not None,
        "parked": outbox.parked > 0,
        "waiting": oldest is not None and now() - oldest > WAITS_LONG,
    }
    return [name for name, here in found.items() if here]


def _counts(session: Session) -> dict[ReportType, int]:
    """Reports that may enter figures shown to the reader, by type."""
    query = (
        select(Report.type, func.count()).where(figures_for(actor(), today())).group_by(Report.type)
    )
    return dict(session.execute(query).all())

"""Reports: single events and totals, as far as the reader may see them one by one."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from app.access.roles import REPORTERS, Role
from app.entrance import actor, allow, database, today
from app.intake import queries as intake
from app.intake.duplicates.queries import counted_with
from app.intake.models import Report
from app.intake.words import EventKind, ReportType
from app.registry import queries as registry
from app.web import web
from app.web.attachments import on_report
from app.web.wording import country_options


@web.get("/reports")
@allow(Role.PUBLIC)
def reports() -> Any:
    """Reports, newest first, filtered by the address."""
    args = request.args
    kind = next((k for k in EventKind if k == args.get("kind")), None)
    country = args.get("country", "").upper() or None
    with database().reading() as session:
        code = args.get("substance", "")
        substance = registry.substance_by_code(session, actor(), code) if code else None
        page = intake.reports(
            session,
            actor(),
            today(),
            substance_id=substance.id if substance else None,
            country=country,
            kind=kind,
            authority=args.get("authority") or None,
            after=args.get("after"),
        )
        return render_template(
            "reports.html",
            page=page,
            substance=substance,
            kinds=EventKind,
            kind=kind,
            country=country,
            country_options=country_options(),
            filtered=bool(substance or kind or country or args.get("authority")),
        )


@web.get("/reports/<code>")
@allow(Role.PUBLIC)
def report(code: str) -> Any:
    """One report, what was found in it, and its other versions."""
    with database().reading() as session:
        found = intake.report_by_code(session, actor(), today(), code)
        versions = intake.versions(session, actor(), today(), found)
        return render_template(
            "report.html",
            report=found,
            versions=versions,
            may_change=_may_change(found),
            counted=counted_with(session, actor(), today(), found),
            **on_report(session, found),
        )


def _may_change(report: Report) -> bool:
    """Whether the reader may correct or withdraw it: their own, and as it stands."""
    own = actor().role in REPORTERS and report.authority_id == actor().authority_id
    return own and report.superseded_at is None and report.type is not ReportType.WITHDRAWAL

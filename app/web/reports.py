"""Reports: single events and totals, as far as the reader may see them one by one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import render_template, request

from app.access.handling import Handling
from app.access.roles import REPORTERS, Role
from app.access.service import authority_id_of
from app.entrance import actor, allow, database, now, today
from app.intake import lists
from app.intake import queries as intake
from app.intake.duplicates.queries import counted_with
from app.intake.lists import Wanted
from app.intake.models import Report
from app.intake.release import changes_of, may_rehandle
from app.intake.sight import own_or_secretariat
from app.intake.words import EventKind, ReportType
from app.paging import page_of
from app.registry import queries as registry
from app.web import web
from app.web.attachments import on_report
from app.web.wording import country_options

PAGE = 50


@web.get("/reports")
@allow(Role.PUBLIC)
def reports() -> Any:
    """Reports, newest first, filtered by the address."""
    args = request.args
    kind = next((k for k in EventKind if k == args.get("kind")), None)
    country = args.get("country", "").upper() or None
    with database().reading() as session:
        code, authority = args.get("substance", ""), args.get("authority") or None
        substance = registry.substance_by_code(session, actor(), code) if code else None
        wanted = Wanted(
            substance_id=substance.id if substance else None,
            country=country,
            event_kind=kind,
            authority_id=(authority_id_of(session, authority) or 0) if authority else None,
        )
        rows = lists.reports(session, actor(), now(), wanted, after=args.get("after"), limit=PAGE)
        filters = {
            "substance": substance.code if substance else None,
            "event_kind": kind,
            "country": country,
            "authority": authority,
        }
        return render_template(
            "reports.html",
            page=page_of(rows, PAGE),
            substance=substance,
            kinds=EventKind,
            kind=kind,
            country=country,
            country_options=country_options(),
            filtered=any(filters.values()),
            filters={name: value for name, value in filters.items() if value},
        )


@web.get("/reports/<code>")
@allow(Role.PUBLIC)
def report(code: str) -> Any:
    """One report, what was found in it, and its other versions."""
    return report_page(code, {})


def report_page(code: str, filled: Mapping[str, str]) -> str:
    """The page of a report, with what was `filled` in to handle it anew. Raises NotFound."""
    with database().reading() as session:
        found = intake.report_by_code(session, actor(), today(), code)
        own = found.authority_id == actor().authority_id
        return render_template(
            "report.html",
            report=found,
            may_change=_may_change(found),
            versions=intake.versions(session, actor(), today(), found),
            place_shown=own_or_secretariat(actor(), found),
            changes=changes_of(session, found) if own else [],
            may_rehandle=may_rehandle(actor(), found) and not found.superseded_at,
            levels=tuple(Handling),
            filled=filled,
            counted=counted_with(session, actor(), today(), found),
            **on_report(session, found),
        )


def _may_change(report: Report) -> bool:
    """Whether the reader may correct or withdraw it: their own, and as it stands."""
    own = actor().role in REPORTERS and report.authority_id == actor().authority_id
    return own and report.superseded_at is None and report.type is not ReportType.WITHDRAWAL

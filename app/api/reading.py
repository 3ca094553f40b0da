"""Reading reports and findings: listed, filtered, taken away as files, and sent again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

from flask import Response
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.access.roles import REPORTERS, SECRETARIAT, SIGNED_IN, Actor
from app.access.service import authority_id_of
from app.api import api
from app.api.asking import (
    Asked,
    Country,
    Day,
    Drawn,
    FamilyId,
    Filed,
    Group,
    Level,
    Listed,
    SubstanceCode,
    Text,
    YesNo,
    ask,
)
from app.api.contract import answer, promise
from app.api.exports import List, deliver
from app.api.shapes import FindingRowOut, ReportOut, finding_row_out, report_out
from app.entrance import actor, allow, database, now, today
from app.errors import NotFound
from app.intake import lists, queries
from app.intake.lists import Wanted
from app.intake.models import Finding, Report
from app.intake.resending import as_sent, table_rows
from app.intake.schema import FINDING_FIELDS, REPORT_FIELDS, ReportIn
from app.intake.words import Confirmation, EventKind, FindingRole, Grade, ReportType, Resolution
from app.registry import queries as registry

Standing = Literal[ReportType.EVENT, ReportType.AGGREGATE]
ReportCursor = Annotated[
    str, Field(pattern=r"^RP-[0-9]{6,10}~[0-9]{1,16}$", description="the cursor of `next`")
]
FindingCursor = Annotated[
    str,
    Field(
        pattern=r"^RP-[0-9]{6,10}~[0-9]{1,9}~[0-9]{1,9}~[0-9]{1,16}$",
        description="the cursor of `next`",
    ),
]


class AboutSubstances(Asked):
    """Which substance, or what kind of one, is asked for."""

    substance: SubstanceCode | None = None
    group: Group | None = None
    family: FamilyId | None = None
    cluster: Annotated[Text, Field(description="id of a cluster")] | None = None


class AboutEvents(AboutSubstances):
    """What happened, where and when."""

    event_kind: EventKind | None = None
    country: Country | None = None
    type: Annotated[Standing, Field(description="single events, or totals of a period")] | None = (
        None
    )
    event_from: (
        Annotated[Day, Field(description="the first day of the event is this one or later")] | None
    ) = None
    event_to: (
        Annotated[Day, Field(description="the first day of the event is this one or before")] | None
    ) = None
    simulated: (
        Annotated[YesNo, Field(description="only simulated reports, or none of them")] | None
    ) = None


class AboutReports(AboutEvents):
    """Which reports are asked for."""

    handling: Level | None = None
    received_from: Annotated[Day, Field(description="received on this day or later")] | None = None
    received_to: Annotated[Day, Field(description="received on this day or before")] | None = None
    reference: Annotated[Text, Field(description="the reporter's own reference")] | None = None


class ReportsAsked(Listed, AboutReports):
    """What may be asked of the list of reports."""

    authority: Annotated[Text, Field(description="code of the reporting authority")] | None = None
    after: ReportCursor | None = None


class SentAsked(Filed, AboutReports):
    """What may be asked of one's own reports as they can be sent again."""

    format: Drawn | None = None
    after: ReportCursor | None = None


class FindingsAsked(Listed, AboutReports):
    """What may be asked of the list of findings."""

    authority: Annotated[Text, Field(description="code of the reporting authority")] | None = None
    name: Annotated[Text, Field(description="the name as written, in any spelling")] | None = None
    resolution: Resolution | None = None
    grade: Grade | None = None
    role: FindingRole | None = None
    confirmation: Confirmation | None = None
    format: Drawn | None = None
    after: FindingCursor | None = None


@api.get("/reports")
@allow(*SIGNED_IN)
@promise("Reports you may see", answers=ReportOut, listed=True, asks=ReportsAsked)
def list_reports() -> Response:
    """Reports in their newest version, newest first, as far as their handling lets you see rows."""
    asked, who, moment = ask(ReportsAsked), actor(), now()
    wanted = wanted_of(asked, who)
    reports: List[Report] = List(
        "reports",
        ReportOut,
        lambda session, after, limit: lists.reports(
            session, who, moment, wanted, after=after, limit=limit
        ),
        report_out,
        guarded=_guarded_from(who),
        guarded_rows=lambda session: lists.restricted_reports(session, who, moment, wanted),
    )
    return deliver(reports, asked)


@api.get("/reports/sent")
@allow(*REPORTERS)
@promise("Your reports, to be sent again", answers=ReportIn, listed=True, asks=SentAsked)
def list_sent() -> Response:
    """Your authority's reports in the fields they were sent in; sent again they change nothing.

    In CSV and SDF one row is one finding; handling is what was sent, whatever a focal point made
    of it since.
    """
    asked, who, moment = ask(SentAsked), actor(), now()
    wanted = replace(wanted_of(asked, who), authority_id=who.authority_id)
    sent: List[Report] = List(
        "reports sent",
        ReportIn,
        lambda session, after, limit: lists.reports(
            session, who, moment, wanted, after=after, limit=limit, changes=True
        ),
        as_sent,
        drawn=lambda _, row: row.get("structure"),
        plain=_what_was_said,
        columns=(*REPORT_FIELDS, *FINDING_FIELDS),
        tabled=table_rows,
    )
    return deliver(sent, asked)


@api.get("/reports/<code>")
@allow(*SIGNED_IN)
@promise("One report", answers=ReportOut)
def show_report(code: str) -> Response:
    """One report in the version of that number."""
    with database().reading() as session:
        return answer(report_out(queries.report_by_code(session, actor(), today(), code)))


@api.get("/findings")
@allow(*SIGNED_IN)
@promise("Findings you may see", answers=FindingRowOut, listed=True, asks=FindingsAsked)
def list_findings() -> Response:
    """Findings with what their reports say of when, where and how, the newest reports first.

    In an SD file each record is the structure as sent, else that of the substance.
    """
    asked, who, moment = ask(FindingsAsked), actor(), now()
    wanted, guarded = wanted_of(asked, who), _guarded_from(who)
    findings: List[Finding] = List(
        "findings",
        FindingRowOut,
        lambda session, after, limit: lists.findings(
            session, who, moment, wanted, after=after, limit=limit
        ),
        finding_row_out,
        drawn=lambda finding, _: _structure(finding),
        guarded=lambda finding: guarded(finding.report),
        guarded_rows=lambda session: lists.restricted_findings(session, who, moment, wanted),
    )
    return deliver(findings, asked)


def _what_was_said(report: BaseModel) -> dict[str, Any]:
    return report.model_dump(mode="json", exclude_none=True)


def _structure(finding: Finding) -> str | None:
    return finding.structure or (finding.substance.smiles if finding.substance else None)


def _guarded_from(who: Actor) -> Callable[[Report], bool]:
    """Whether a report is another authority's, shown to the secretariat and not to peers."""
    return lambda report: (
        who.role in SECRETARIAT
        and report.authority_id != who.authority_id
        and report.handling > Handling.GREEN
    )


def wanted_of(asked: AboutSubstances, who: Actor) -> Wanted:
    """The question in the words of the intake room. Raises NotFound for what there is not."""
    given = {
        name: value
        for name in type(asked).model_fields
        if name in Wanted.__dataclass_fields__ and (value := getattr(asked, name)) is not None
    }
    if "simulated" in given:
        given["simulated"] = YesNo.asked(given["simulated"])
    code = getattr(asked, "authority", None)
    with database().reading() as session:
        substance_id, cluster_id = about(session, asked, who)
        authority_id = authority_id_of(session, code) if code else None
    if code and authority_id is None:
        raise NotFound(f"there is no authority {code}")
    return Wanted(
        **given, substance_id=substance_id, cluster_id=cluster_id, authority_id=authority_id
    )


def about(session: Session, asked: AboutSubstances, who: Actor) -> tuple[int | None, int | None]:
    """Ids of the substance and the cluster asked for. Raises NotFound."""
    substance_id = cluster_id = None
    if asked.substance:
        substance_id = registry.substance_by_code(session, who, asked.substance).id
    if asked.cluster:
        cluster_id = registry.cluster_by_key(session, who, asked.cluster)[0].id
    return substance_id, cluster_id

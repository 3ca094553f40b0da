"""Cells and rows for the tests of surveillance: each says only what the test is about."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.access.models import Authority
from app.access.roles import Actor, Role
from app.intake.models import Activity, Finding, Report, Submission
from app.intake.words import (
    CausalRole,
    Channel,
    EventKind,
    FindingRole,
    Grade,
    Precision,
    ReportType,
    Resolution,
    SubmissionState,
)
from app.registry.models import Cluster, Standing, Substance
from app.surveillance.sightings import CAUSAL, Cell

AS_OF = date(2026, 11, 20)
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
CLEAR, GREEN, AMBER, RED = Handling.CLEAR, Handling.GREEN, Handling.AMBER, Handling.RED
ANALYST = Actor(Role.ANALYST, "analyst@who.example")
PEER = Actor(Role.FOCAL_POINT, "focal@xx.example")

_serial = count(1)


def days_ago(days: int, as_of: date = AS_OF) -> date:
    return as_of - timedelta(days=days)


def morning(day: date) -> datetime:
    return datetime.combine(day, time(8), UTC)


def cell(
    country: str = "DE",
    day: date = AS_OF,
    *,
    end: date | None = None,
    grade: str = "B",
    reports: int = 1,
    handling: Handling = CLEAR,
    kind: EventKind = EventKind.SEIZURE,
    type: ReportType = ReportType.EVENT,
    causal_role: CausalRole | None = None,
    cases: int | None = None,
    authority_id: int = 1,
    substance_id: int = 1,
    simulated: bool = False,
    received_at: datetime | None = None,
) -> Cell:
    cases = reports if cases is None else cases
    caused = kind is EventKind.DEATH and causal_role in CAUSAL
    return Cell(
        substance_id=substance_id,
        country=country,
        authority_id=authority_id,
        type=type,
        kind=kind,
        causal_role=causal_role,
        handling=handling,
        simulated=simulated,
        reports=reports,
        confirmed=reports if grade in "AB" else 0,
        cases=cases,
        deaths=cases if caused and type is ReportType.EVENT else 0,
        first=day,
        first_end=end or day,
        last=day,
        until=end or day,
        received_at=received_at or morning(day),
    )


def death(country: str = "DE", day: date = AS_OF, **values: Any) -> Cell:
    values.setdefault("causal_role", CausalRole.SOLE)
    return cell(country, day, kind=EventKind.DEATH, **values)


def an_authority(session: Session, country: str) -> Authority:
    found = session.scalar(select(Authority).where(Authority.code == f"LAB-{country}"))
    if found is not None:
        return found
    authority = Authority(
        code=f"LAB-{country}", name=country, country=country, reports_for=[], created_at=NOW
    )
    session.add(authority)
    session.flush()
    return authority


def a_substance(
    session: Session,
    name: str = "Protonitazene",
    *,
    effect: str = "stimulant",
    standing: Standing = Standing.NPS,
    family: str = "nitazene",
    group: str = "nitazenes",
) -> Substance:
    number = next(_serial)
    cluster = session.scalar(select(Cluster).where(Cluster.key == family)) or Cluster(
        key=family, family=family, group=group, framework="", reason="", founded_at=NOW
    )
    substance = Substance(
        key=f"{number:014d}",
        connectivity=f"{number:014d}",
        inchikey=f"{number:014d}-UHFFFAOYSA-N",
        smiles="C",
        formula="CH4",
        mass=16.0,
        name=name,
        standing=standing,
        group=group,
        family=family,
        families=[family],
        effect=effect,
        fingerprint=b"",
        ruleset="2026.11.2",
        rdkit_version="2026.09.1",
        enrolled_at=NOW,
        handling=CLEAR,
        cluster=cluster,
    )
    session.add(substance)
    session.flush()
    return substance


def a_report(
    session: Session,
    substance: Substance,
    country: str = "DE",
    day: date = AS_OF,
    *,
    end: date | None = None,
    grade: Grade | tuple[Grade, ...] = Grade.B,
    role: FindingRole = FindingRole.MAIN,
    kind: EventKind = EventKind.SEIZURE,
    type: ReportType = ReportType.EVENT,
    count: int = 1,
    handling: Handling = CLEAR,
    embargo_until: date | None = None,
    causal_role: CausalRole | None = None,
    simulated: bool = False,
    received_at: datetime | None = None,
    superseded_at: datetime | None = None,
    resolved_at: datetime | None = None,
    at_once: bool = True,
) -> Report:
    """A report of one substance; written at once, or with others by the caller's flush."""
    authority = an_authority(session, country)
    received_at = received_at or morning(day)
    report = Report(
        authority=authority,
        submission=_a_submission(authority, received_at),
        reference=f"R-{next(_serial)}",
        version=1,
        type=type,
        content_hash="0" * 64,
        received_at=received_at,
        superseded_at=superseded_at,
        simulated=simulated,
        event_kind=kind,
        event_date=day,
        event_end=end or day,
        precision=Precision.DAY,
        country=country,
        count=count,
        handling=handling,
        embargo_until=embargo_until,
        causal_role=causal_role,
    )
    grades = grade if isinstance(grade, tuple) else (grade,)
    report.findings = [
        Finding(
            position=position,
            substance_id=substance.id,
            resolution=Resolution.STRUCTURE,
            resolved_at=resolved_at or received_at,
            role=role,
            techniques=[],
            grade=each,
        )
        for position, each in enumerate(grades)
    ]
    session.add(report)
    if at_once:
        session.flush()
    return report


def an_activity(
    session: Session,
    country: str,
    month: date,
    samples: int,
    *,
    scope: tuple[str, ...] = (),
    handling: Handling = CLEAR,
) -> Activity:
    authority = an_authority(session, country)
    submission = _a_submission(authority, NOW)
    session.add(submission)
    session.flush()
    activity = Activity(
        authority_id=authority.id,
        submission_id=submission.id,
        country=country,
        month=month,
        samples=samples,
        scope=list(scope),
        handling=handling,
        received_at=morning(month),
    )
    session.add(activity)
    session.flush()
    return activity


def _a_submission(authority: Authority, received_at: datetime) -> Submission:
    return Submission(
        code=f"S-{next(_serial)}",
        authority=authority,
        submitted_by="lab",
        channel=Channel.API,
        content_hash="0" * 64,
        content_bytes=0,
        received_at=received_at,
        state=SubmissionState.PROCESSED,
        fates={},
        tally={},
    )

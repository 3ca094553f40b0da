"""Everything that can happen to reports, as steps that hypothesis strings together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.intake.duplicates.models import DuplicateGroup, DuplicateMember
from app.intake.models import (
    Finding,
    FindingMove,
    FormerResolution,
    HandlingChange,
    Report,
)
from app.intake.words import (
    CausalRole,
    EventKind,
    PhysicalForm,
    Precision,
    ReportType,
    Resolution,
    Unit,
)
from app.registry.acts import begin
from app.registry.models import ActKind, Substance
from tests.surveillance.making import (
    ANALYST,
    a_report,
    a_substance,
    an_activity,
)
from tests.surveillance.test_counts import also

COUNTRIES = ("DE", "FR")


@dataclass
class World:
    """A register, and the substances and reports in it."""

    session: Session
    substances: list[int] = field(default_factory=list)
    reports: list[int] = field(default_factory=list)

    def found(self) -> None:
        """Three nitazenes and a cathinone."""
        for name, family, group in (
            ("One", "nitazene", "nitazenes"),
            ("Two", "nitazene", "nitazenes"),
            ("Three", "nitazene", "nitazenes"),
            ("Four", "cathinone", "cathinones"),
        ):
            made = a_substance(self.session, name, family=family, group=group)
            self.substances.append(made.id)

    def report(self, number: int) -> Report | None:
        """One of the reports there are, if there is any."""
        ids = self.reports
        return self.session.get_one(Report, ids[number % len(ids)]) if ids else None


Step = Callable[[World, datetime], None]


def arrives(
    country: str, ago: int, which: int, others: int, kind: EventKind, handling: int, more: int
) -> Step:
    """A report comes in: of one substance or of several, dated exactly or not."""

    def step(world: World, now: datetime) -> None:
        day = now.date() - timedelta(days=ago)
        some = [world.session.get_one(Substance, number) for number in world.substances]
        report = a_report(
            world.session,
            some[which % 4],
            country,
            day,
            kind=kind,
            count=1 + more % 3,
            handling=Handling(handling),
            embargo_until=now.date() + timedelta(days=more % 9) if more % 4 == 1 else None,
            causal_role=(None, *CausalRole)[more % 5] if kind is EventKind.DEATH else None,
            type=ReportType.AGGREGATE if more % 11 == 7 else ReportType.EVENT,
            received_at=now,
        )
        if kind is EventKind.SEIZURE and more % 3:
            report.quantity, report.unit = (
                0.5 * (1 + more),
                (Unit.G, Unit.KG, Unit.TABLET)[more % 3],
            )
            report.physical_form = (None, PhysicalForm.POWDER)[more % 2]
        report.precision = (Precision.DAY, Precision.DAY, Precision.MONTH, Precision.YEAR)[more % 4]
        for n in range(others):
            also(report, some[(which + n) % 4])
        if more % 5 == 2:  # a name that nobody knows yet
            for finding in report.findings:
                finding.substance_id, finding.resolved_at = None, None
                finding.resolution = Resolution.QUEUED
        world.session.flush()
        world.reports.append(report.id)

    return step


def amended(which: int, handling: int, withdrawn: bool) -> Step:
    """A newer version, or a withdrawal."""

    def step(world: World, now: datetime) -> None:
        old = world.report(which)
        if old is None or old.superseded_at is not None:
            return
        substance = world.session.get_one(Substance, world.substances[which % 4])
        new = a_report(
            world.session,
            substance,
            old.country,
            old.event_date,
            kind=old.event_kind,
            handling=Handling(handling),
            type=ReportType.WITHDRAWAL if withdrawn else ReportType.EVENT,
            received_at=now,
        )
        new.reference, new.version = old.reference, old.version + 1
        new.authority_id = old.authority_id
        old.superseded_at = now
        world.session.flush()
        if not withdrawn:
            world.reports.append(new.id)

    return step


def resolved(which: int, to: int) -> Step:
    """A curator says what the names of a report mean, or takes that back."""

    def step(world: World, now: datetime) -> None:
        report = world.report(which)
        for finding in report.findings if report else ():
            if finding.substance_id is None:
                finding.substance_id = world.substances[to % 4]
                finding.resolution, finding.resolved_at = Resolution.CURATOR, now
            elif finding.resolution is Resolution.CURATOR:
                world.session.add(
                    FormerResolution(
                        finding_id=finding.id,
                        substance_id=finding.substance_id,
                        resolution=finding.resolution,
                        since=finding.resolved_at or report.received_at,
                        until=now,
                    )
                )
                finding.substance_id, finding.resolved_at = None, None
                finding.resolution = Resolution.QUEUED
        world.session.flush()

    return step


def moved(source: int, to: int) -> Step:
    """Everything that means one substance comes to mean another."""

    def step(world: World, now: datetime) -> None:
        was, will_be = world.substances[source % 4], world.substances[to % 4]
        if was == will_be:
            return
        act = begin(world.session, ActKind.MERGE, by=ANALYST, reason="why", now=now)
        query = select(Finding).where(Finding.substance_id == was)
        for finding in world.session.scalars(query):
            world.session.add(
                FindingMove(
                    finding_id=finding.id,
                    act_id=act.id,
                    at=now,
                    from_substance_id=was,
                    to_substance_id=will_be,
                )
            )
            finding.substance_id = will_be
        world.session.flush()

    return step


def grouped(first: int, second: int) -> Step:
    """Two reports are held to be one event; or, where one is in a group, that group is over."""

    def step(world: World, now: datetime) -> None:
        pair = [world.report(first), world.report(second)]
        if pair[0] is None or pair[1] is None or pair[0].reference == pair[1].reference:
            return
        keys = [(one.authority_id, one.reference) for one in pair if one]
        standing = world.session.scalars(
            select(DuplicateMember).where(DuplicateMember.until.is_(None))
        ).all()
        groups = {m.group_id for m in standing if (m.authority_id, m.reference) in keys}
        for member in standing:
            if member.group_id in groups:
                member.until = now
        if not groups:
            group = DuplicateGroup(since=now)
            world.session.add(group)
            world.session.flush()
            for place, (authority, reference) in enumerate(keys):
                world.session.add(
                    DuplicateMember(
                        group_id=group.id,
                        authority_id=authority,
                        reference=reference,
                        place=place,
                        since=now,
                    )
                )
        world.session.flush()

    return step


def declared(country: str, samples: int, ago: int) -> Step:
    """A laboratory declares the samples of a month."""

    def step(world: World, now: datetime) -> None:
        month = date(now.year, 1 + ago % now.month, 1)
        scope = ((), ("nitazenes",), ("cathinones",))[ago % 3]
        activity = an_activity(world.session, country, month, samples, scope=scope)
        activity.received_at = now
        world.session.flush()

    return step


def rehandled(which: int, to: int, embargo: bool) -> Step:
    """A focal point handles a report anew."""

    def step(world: World, now: datetime) -> None:
        report = world.report(which)
        if report is None or report.superseded_at is not None:
            return
        until = now.date() + timedelta(days=3) if embargo else None
        world.session.add(
            HandlingChange(
                report_id=report.id,
                handling_before=report.handling,
                handling_after=Handling(to),
                embargo_before=report.embargo_until,
                embargo_after=until,
                changed_by="focal",
                changed_at=now,
                reason="why",
            )
        )
        report.handling, report.embargo_until = Handling(to), until
        world.session.flush()

    return step


number = st.integers(0, 9)
level = st.integers(0, 3)
country = st.sampled_from(COUNTRIES)
kind = st.sampled_from([EventKind.SEIZURE, EventKind.DEATH])
arriving = st.builds(
    arrives, country, st.integers(0, 90), number, st.integers(0, 2), kind, level, st.integers(0, 99)
)
KNOWN_LATER: st.SearchStrategy[Any] = st.one_of(
    arriving,
    st.builds(amended, number, level, st.booleans()),
    st.builds(resolved, number, number),
    st.builds(moved, number, number),
    st.builds(grouped, number, number),
    st.builds(declared, country, st.integers(0, 50), number),
)
ANYTHING: st.SearchStrategy[Any] = st.one_of(
    KNOWN_LATER, st.builds(rehandled, number, level, st.booleans())
)

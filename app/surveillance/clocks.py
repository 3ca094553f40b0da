"""The trivial clocks beside the rules, and the official table they are all held against."""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path

from sqlalchemy import case, func, select, type_coerce
from sqlalchemy.orm import Session, aliased

from app.access.roles import SYSTEM
from app.errors import Problem, Refused
from app.intake.models import Finding, Report
from app.intake.words import ReportType
from app.registry.models import ControlListing, Substance
from app.registry.search import by_name
from app.surveillance.scoring import Clocks, Official
from app.surveillance.sightings import COUNTED_ROLES

TENTH = 10
THIRD = 3


def clocks(session: Session, *, last: date) -> Clocks:
    """First report, third country and tenth report of each substance, as they were received.

    Of a report in several versions the newest says what it is about, and the first when it came in.
    An event is one report, and of a count for a span each of its reports is one.
    """
    version = aliased(Report)
    came_in = type_coerce(
        select(func.min(version.received_at))
        .where(version.authority_id == Report.authority_id, version.reference == Report.reference)
        .scalar_subquery(),
        Report.received_at.type,
    )
    received = case((Report.version > 1, came_in), else_=Report.received_at)
    query = (
        select(
            Finding.substance_id,
            type_coerce(received, Report.received_at.type).label("received"),
            Report.country,
            case((Report.type == ReportType.AGGREGATE, Report.count), else_=1),
            Report.id,
        )
        .join(Report, Report.id == Finding.report_id)
        .where(
            Finding.substance_id.is_not(None),
            Finding.role.in_(COUNTED_ROLES),
            Report.superseded_at.is_(None),
            Report.type != ReportType.WITHDRAWAL,
            Report.event_date <= last,
        )
        .distinct()
        .order_by("received", Report.id)
    )
    first: dict[int, date] = {}
    third: dict[int, date] = {}
    tenth: dict[int, date] = {}
    countries: defaultdict[int, set[str]] = defaultdict(set)
    reports: defaultdict[int, int] = defaultdict(int)
    for number, received_at, country, count, _ in session.execute(query):
        if number is None:
            continue
        day = received_at.date()
        countries[number].add(country)
        reports[number] += count
        first.setdefault(number, day)
        if len(countries[number]) >= THIRD:
            third.setdefault(number, day)
        if reports[number] >= TENTH:
            tenth.setdefault(number, day)
    return Clocks(first, third, tenth)


def families_of(session: Session) -> dict[int, str]:
    """The family of every substance, failing one its group, failing that its name."""
    rows = session.execute(select(Substance.id, Substance.family, Substance.group, Substance.name))
    return {number: family or group or name for number, family, group, name in rows}


def controlled_since(session: Session) -> dict[int, int]:
    """The year since which a substance is under international control; 0 where nobody knows."""
    listed = select(ControlListing.substance_id, ControlListing.year)
    found: dict[int, int] = {}
    for number, year in session.execute(listed):
        found[number] = min(year or 0, found.get(number, 9999))
    return found


def official_table(session: Session, path: Path) -> tuple[list[Official], list[str]]:
    """The substances of a CSV file with the year of the official act, and the names not found.

    Columns: `substance`, and `year` or `date`; rows whose `outcome`, when there is one, is no
    control are passed over. Of a substance that is named several times the earliest year counts.
    Raises Refused for a file without these columns or with a year that is none.
    """
    found: dict[int, Official] = {}
    unknown: list[str] = []
    for name, year in _rows(path):
        substance = _resolved(session, name)
        if substance is None:
            unknown.append(name)
            continue
        held = found.get(substance.id)
        if held is None or year < held.year:
            family = substance.family or substance.group or substance.name
            found[substance.id] = Official(substance.id, substance.name, family, year)
    return sorted(found.values(), key=lambda one: (one.year, one.name)), unknown


def recommends_control(outcome: str) -> bool:
    """Whether an outcome puts a substance under control for the first time.

    >>> [recommends_control(said) for said in ("II-71", "surveillance", "delete from I-61")]
    [True, False, False]
    """
    controls = re.search(r"-61|-71|\bcontrol\b", outcome)
    other = re.search(r"no control|delete|remain|move|critical review", outcome)
    return bool(controls) and not other


def _rows(path: Path) -> Iterator[tuple[str, int]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        columns = set(rows.fieldnames or ())
        if "substance" not in columns or not columns & {"year", "date"}:
            raise Refused(f"{path.name}: needs the columns substance, and year or date")
        for number, row in enumerate(rows, 2):
            if row.get("outcome") and not recommends_control(row["outcome"]):
                continue
            text = (row.get("year") or row.get("date") or "").strip()
            if not re.fullmatch(r"(19|20)\d\d(-\d\d-\d\d)?", text):
                wrong = f'"{text}" is no year or date; write YYYY or YYYY-MM-DD'
                raise Refused(f"{path.name}, line {number}: {wrong}", (Problem("year", wrong),))
            yield row["substance"].strip(), int(text[:4])


def _resolved(session: Session, name: str) -> Substance | None:
    """A substance by an official name; "A (B)" is looked for whole, as A and as B."""
    hits = (hit for part in _spellings(name) for hit in by_name(session, SYSTEM, part))
    return next((hit.substance for hit in hits), None)


def _spellings(name: str) -> Iterable[str]:
    yield name
    aside = re.fullmatch(r"(.+?)\s*\((.+)\)", name)
    if aside:
        yield from aside.groups()

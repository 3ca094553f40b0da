"""A register as large as one likes, filled without going through the front door.

3,000 substances, 150 countries with two authorities each and ten years, all unevenly: a few
substances and countries make up most reports, as they do. Seeded, so that two runs measure the
same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.access.models import Authority
from app.countries import countries
from app.db import Base, Database
from app.intake.duplicates.models import DuplicateGroup, DuplicateMember
from app.intake.models import Finding, Report, Submission
from app.intake.words import (
    CausalRole,
    Channel,
    EventKind,
    FindingRole,
    PhysicalForm,
    Precision,
    ReportType,
    Resolution,
    SubmissionState,
    Unit,
)
from app.registry.models import Cluster, Standing, Substance
from app.surveillance.months import first_day, month_of

SUBSTANCES, FAMILIES, COUNTRIES, MONTHS = 3_000, 60, 150, 120
LAST = date(2026, 11, 20)
DAY = 86_400  # seconds
BEGINS, ENDS = (
    datetime.combine(day, datetime.min.time(), UTC).timestamp()
    for day in (first_day(month_of(LAST) - MONTHS + 1), LAST)
)
AT_ONCE = 50_000
KINDS = (
    (EventKind.SEIZURE, 0.70),
    (EventKind.COLLECTED_SAMPLE, 0.12),
    (EventKind.BIOLOGICAL_SAMPLE, 0.10),
    (EventKind.ACUTE_TOXICITY, 0.05),
    (EventKind.DEATH, 0.03),
)
HANDLING = (0.2, 0.2, 0.55, 0.05)
DELAY = 2.0  # months, the mean; exponential
SECOND = 0.10  # of reports: another substance that is watched
CUTTING = 0.15  # of reports: an agent that is not
TWICE = 0.002  # of reports: the event came in twice
WEIGHED = 0.6  # of seizures: a weight is given
FORMS = (
    (PhysicalForm.POWDER, 0.5),
    (PhysicalForm.CRYSTAL, 0.2),
    (PhysicalForm.HERBAL, 0.2),
    (PhysicalForm.OTHER, 0.1),
)

_REPORT = """
    id authority_id submission_id reference version type content_hash received_at simulated
    event_kind event_date event_end precision country count handling embargo_until causal_role
    quantity unit physical_form
""".split()  # noqa: SIM905 - read as a list of words
_FINDING = """
    id report_id position component substance_id resolution resolved_at role techniques grade
""".split()  # noqa: SIM905 - read as a list of words


def found(session: Session) -> None:
    """Substances, clusters and authorities, by number from 1; the last substance is not watched."""
    now = datetime(2016, 1, 1, tzinfo=UTC)
    clusters = SUBSTANCES // 5
    session.execute(
        insert(Cluster),
        [
            {
                "id": n, "key": f"f{n % FAMILIES}:{n}", "family": f"f{n % FAMILIES}",
                "group": f"g{n % FAMILIES % 15}", "framework": "", "reason": "", "founded_at": now,
            }
            for n in range(1, clusters + 1)
        ],
    )  # fmt: skip
    session.execute(
        insert(Substance),
        [_substance(n, 1 + n % clusters, now) for n in range(1, SUBSTANCES + 2)],
    )
    codes = sorted(countries())[:COUNTRIES]
    session.execute(
        insert(Authority),
        [
            {
                "id": n, "code": f"A{n}", "name": f"A{n}", "country": codes[(n - 1) % COUNTRIES],
                "reports_for": [], "created_at": now,
            }
            for n in range(1, 2 * COUNTRIES + 1)
        ],
    )  # fmt: skip
    session.execute(
        insert(Submission),
        [
            {
                "id": n, "code": f"S{n}", "authority_id": n, "submitted_by": "bench",
                "channel": Channel.API, "content_hash": "", "content_bytes": 0, "received_at": now,
                "state": SubmissionState.PROCESSED, "fates": {}, "tally": {},
            }
            for n in range(1, 2 * COUNTRIES + 1)
        ],
    )  # fmt: skip


def _substance(n: int, cluster: int, now: datetime) -> dict[str, Any]:
    family = f"f{cluster % FAMILIES}"
    watched = n <= SUBSTANCES
    return {
        "id": n, "key": f"{n:014d}", "connectivity": f"{n:014d}", "inchikey": f"{n:014d}",
        "smiles": "C", "formula": "CH4", "mass": 16.0, "name": f"Substance {n}",
        "standing": Standing.NPS if watched else Standing.ADULTERANT,
        "group": f"g{cluster % FAMILIES % 15}", "family": family, "families": [family],
        "effect": "stimulant", "fingerprint": b"", "ruleset": "bench", "rdkit_version": "bench",
        "enrolled_at": now, "handling": Handling.CLEAR, "cluster_id": cluster,
    }  # fmt: skip


def fill(database: Database, reports: int, *, seed: int = 1) -> None:
    """A register with that many reports, in the order in which they came in."""
    with database.transaction() as session:
        found(session)
    random = np.random.default_rng(seed)
    finding = 1
    for start in range(1, reports + 1, AT_ONCE):
        size = min(AT_ONCE, reports + 1 - start)
        # receipts grow over the years, and the portions follow each other in time
        until, width = (start + size) / reports, size / reports
        at = np.sqrt(np.sort(until - width * random.random(size)).clip(0, 1))
        received = BEGINS + at * (ENDS - BEGINS)
        finding = _portion(database, start, received, finding, random)
    with database.transaction() as session:
        _twice(session, reports, random)
    settle_statistics(database)


def add(database: Database, start: int, reports: int, *, first_finding: int, seed: int) -> None:
    """More reports, all received in the morning after the last day."""
    random = np.random.default_rng(seed)
    received = ENDS + DAY * (1 + np.sort(random.random(reports)) / 2)
    _portion(database, start, received, first_finding, random)


def settle_statistics(database: Database) -> None:
    """What the database knows of its tables, as it would after a night."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("VACUUM report")
            connection.exec_driver_sql("VACUUM finding")


def _portion(
    database: Database,
    start: int,
    received: np.ndarray,
    finding: int,
    random: np.random.Generator,
) -> int:
    """One portion of reports with their findings; the number of the next finding."""
    size = len(received)
    happened = np.maximum(received - random.exponential(DELAY * 30.4 * DAY, size), BEGINS)
    authority = 1 + _uneven(2 * COUNTRIES, 0.8, size, random)
    substance = 1 + _uneven(SUBSTANCES, 1.0, size, random)
    kind = random.choice(len(KINDS), size, p=[share for _, share in KINDS])
    handling = random.choice(4, size, p=HANDLING)
    country = sorted(countries())[:COUNTRIES]
    roles = [role.value for role in CausalRole]
    grade = random.choice(3, size)
    held = random.random(size) < 0.01
    second, cutting = random.random(size) < SECOND, random.random(size) < CUTTING
    other = np.where(
        random.random(size) < 0.5,  # a relative, or any other
        1 + (substance + 600 * random.integers(0, 5, size) - 1) % SUBSTANCES,
        1 + _uneven(SUBSTANCES, 1.0, size, random),
    )
    weighed = (kind == 0) & (random.random(size) < WEIGHED)
    grams = np.where(weighed, np.round(random.lognormal(1.5, 2.0, size) + 0.01, 2), 0)
    form = random.choice(len(FORMS), size, p=[share for _, share in FORMS])
    zone = "+00:00" if database.engine.dialect.name == "postgresql" else ""
    came = [f"{when.replace('T', ' ')}{zone}" for when in _written(received, "us")]
    received_on, day = _written(received, "D"), _written(happened, "D")
    numbers, who = range(start, start + size), authority.tolist()
    words = [word.value for word, _ in KINDS]
    of = [words[place] for place in kind.tolist()]
    forms = [named.value for named, _ in FORMS]
    reports = [
        (number, whose, whose, f"R{number}", 1, ReportType.EVENT.value, "", then, 0, word, on, on,
         Precision.DAY.value, country[(whose - 1) % COUNTRIES], 1, level,
         f"{int(back[:4]) + 1}{back[4:8]}01" if late else None,
         roles[number % 4] if word == EventKind.DEATH.value else None,
         weight or None, Unit.G.value if weight else None, forms[looks] if weight else None)
        for number, whose, then, word, on, level, back, late, weight, looks in zip(
            numbers, who, came, of, day, handling.tolist(), received_on, held.tolist(),
            grams.tolist(), form.tolist(), strict=True,
        )
    ]  # fmt: skip
    findings = []
    for number, then, letter, *found_in in zip(
        numbers,
        came,
        (np.array(list("ABC"))[grade]).tolist(),
        substance.tolist(),
        np.where(second & (other != substance), other, 0).tolist(),
        np.where(cutting, SUBSTANCES + 1, 0).tolist(),
        strict=True,
    ):
        for position, what in enumerate(filter(None, found_in)):
            findings.append(
                (finding, number, position, 0, what, Resolution.STRUCTURE.value, then,
                 FindingRole.MAIN.value, "[]", letter)
            )  # fmt: skip
            finding += 1
    with database.transaction() as session:
        _put(session, Report, _REPORT, reports)
        _put(session, Finding, _FINDING, findings)
    return finding


def _written(seconds: Any, unit: str) -> list[str]:
    """Moments as text, to the microsecond or the day."""
    moments = (seconds * 1e6).astype("datetime64[us]").astype(f"datetime64[{unit}]")
    return np.datetime_as_string(moments).tolist()


def _uneven(many: int, slope: float, size: int, random: np.random.Generator) -> Any:
    share = 1 / np.arange(1, many + 1) ** slope
    return random.choice(many, size, p=share / share.sum())


def _twice(session: Session, reports: int, random: np.random.Generator) -> None:
    """Some events came in twice: neighbouring reports are taken for one."""
    now = datetime(2026, 11, 1, tzinfo=UTC)
    chosen = 2 * random.choice(reports // 2, int(reports * TWICE), replace=False) + 1
    session.execute(
        insert(DuplicateGroup),
        [{"id": n, "since": now} for n in range(1, len(chosen) + 1)],
    )
    pairs = [(n, int(one), place) for n, one in enumerate(chosen, 1) for place in (0, 1)]
    for some in _portions(pairs, 500):
        ids = [one + place for _, one, place in some]
        held = select(Report.id, Report.authority_id).where(Report.id.in_(ids))
        who = dict(session.execute(held).all())
        session.execute(
            insert(DuplicateMember),
            [
                {"group_id": n, "authority_id": who[one + place], "reference": f"R{one + place}",
                 "place": place, "since": now}
                for n, one, place in some
            ],
        )  # fmt: skip


def _portions(rows: list[Any], size: int) -> Iterator[list[Any]]:
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _put(
    session: Session, table: type[Base], columns: list[str], rows: Iterable[tuple[Any, ...]]
) -> None:
    connection = session.connection()
    names = ", ".join(columns)
    if connection.dialect.name == "postgresql":
        raw: Any = connection.connection.cursor()
        with raw, raw.copy(f"COPY {table.__tablename__} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        return
    marks = ", ".join("?" for _ in columns)
    into = f"INSERT INTO {table.__tablename__} ({names}) VALUES ({marks})"
    connection.exec_driver_sql(into, list(rows))

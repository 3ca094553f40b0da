"""Seen before? Spectra like one at hand, and how many laboratories and countries they come from.

Rows (a spectrum, its report, what was found) go to those who may see the report's rows. Figures
count what may enter the reader's figures, so a spectrum shared under amber is counted for its peers
and shown to none of them; one under red is neither, but for its own laboratory (and the
secretariat, whose figures hold it). The bar for figures is fixed: a bar that could be moved would
let a patient reader measure a spectrum that is not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    case,
    distinct,
    func,
    literal,
    or_,
    select,
)
from sqlalchemy.orm import Session, aliased, joinedload, selectinload

from app.access.handling import effective_handling, figure_clearance, visible_rows
from app.access.roles import Actor
from app.errors import Refused
from app.intake.attachments.detection import Kind, format_of, read, text_of
from app.intake.attachments.index import Found, SpectrumIndex
from app.intake.attachments.lines import read_bare
from app.intake.attachments.models import Attachment, StoredSpectrum
from app.intake.attachments.similarity import Essence, essence
from app.intake.attachments.spectrum import MOST_BYTES, Spectrum, Technique, within_bounds
from app.intake.models import Finding, Report
from app.intake.sight import current, figures_for, rows_for
from app.registry.indexes import Kept
from app.registry.models import Substance
from app.registry.queries import known_to

LIKE_PEAKS = 0.7  # from here two mass spectra count as alike
LIKE_CURVES = 0.9  # and two infrared or Raman curves, which have more in common from the start
LEAST = 0.5  # no row is shown below
MOST_ROWS = 50

SPECTRA = Kept(SpectrumIndex, StoredSpectrum.essence, id=StoredSpectrum.id, key=StoredSpectrum.key)
S = TypeVar("S", bound=Select[*tuple[Any, ...]])
_sent = aliased(Report, name="sent")  # the version a file was sent with; Report is the one standing


@dataclass(frozen=True, slots=True)
class Hit:
    """A spectrum that is alike, with its report as it stands and what was found there."""

    score: float
    matched: int
    spectrum: StoredSpectrum
    report: Report
    substances: tuple[Substance, ...]


@dataclass(frozen=True, slots=True)
class SeenAs:
    """What spectra alike were taken for: figures only."""

    substance: Substance
    spectra: int
    laboratories: int
    countries: int


@dataclass(frozen=True, slots=True)
class Seen:
    """The answer. `others` are laboratories beside the reader's own."""

    bar: float
    spectra: int = 0
    others: int = 0
    countries: int = 0
    own: int = 0  # spectra of the reader's own laboratory
    hits: list[Hit] = field(default_factory=list)
    substances: list[SeenAs] = field(default_factory=list)


def question(content: bytes, technique: Technique | None = None) -> Spectrum:
    """The spectrum to look for: the first of a file, or lines of m/z and intensity.

    `technique` is for those lines, which do not say. Raises Refused, Unreadable with the line.
    """
    if len(content) > MOST_BYTES:
        raise Refused(f"too much; the limit is {MOST_BYTES // 1024**2} MB")
    if not content.strip():
        raise Refused("send a spectrum: a file, or lines of m/z and intensity")
    text = text_of(content)
    if text is not None and text.lstrip()[:1].isdecimal():
        bare = within_bounds(read_bare(text))[0]
        return with_technique(bare, technique)
    form = format_of(content)
    if form.kind is not Kind.SPECTRUM:
        raise Refused(f"this is a {form.name}; there is no spectrum in it to look for")
    return read(content, form)[0]


def with_technique(spectrum: Spectrum, technique: Technique | None) -> Spectrum:
    """The mass spectrum as one of that technique."""
    if technique is None or technique is spectrum.technique:
        return spectrum
    if not technique.mass:
        raise Refused(f"a list of peaks is no {technique.value} curve; send it as JCAMP-DX")
    return Spectrum(technique, spectrum.x, spectrum.y, spectrum.x_unit, spectrum.y_unit, True,
                    exact=spectrum.exact)  # fmt: skip


def seen_before(
    session: Session,
    actor: Actor,
    today: date,
    asked: Spectrum,
    *,
    least: float | None = None,
    beside: Attachment | None = None,
) -> Seen:
    """Spectra like `asked`; those of the report that `beside` is on are left out.

    `least` (0.5 to 1) bounds the rows that are shown. Raises Refused for a spectrum that is not
    compared.
    """
    wanted = essence(asked)
    if wanted is None:
        raise Refused(why_not_compared(asked))
    bar = LIKE_PEAKS if asked.technique.mass else LIKE_CURVES
    floor = bar if least is None else max(least, LEAST)
    found = _like(session, wanted, min(floor, bar))
    if not found:
        return Seen(bar)
    rows = session.execute(_countable(actor, today, found, beside)).all()
    shown = {row.id for row in rows if row.shown}
    counted = [row for row in rows if found[row.id].score >= bar]
    others = [row for row in counted if row.authority_id != actor.authority_id]
    hits = [one for one in found.values() if one.id in shown and one.score >= floor]
    return Seen(
        bar,
        spectra=len(counted),
        others=len({row.authority_id for row in others}),
        countries=len({row.country for row in others}),
        own=len(counted) - len(others),
        hits=_hits(session, actor, hits[:MOST_ROWS]),
        substances=_taken_for(session, actor, [row.id for row in counted]),
    )


def why_not_compared(spectrum: Spectrum) -> str:
    """Why a spectrum has nothing to compare, in words."""
    if spectrum.technique in {Technique.NMR, Technique.UV}:
        return f"{spectrum.technique.value} spectra are kept and drawn, but not compared"
    return "only infrared and Raman curves that span 700 to 1800 1/cm are compared"


def _like(session: Session, wanted: Essence, least: float) -> dict[int, Found]:
    return {one.id: one for one in SPECTRA.up_to_date(session).like(wanted, least)}


def _joined(query: S) -> S:
    """A query of spectra with their files, the versions those were sent with, and what stands."""
    return (
        query.join(Attachment, Attachment.id == StoredSpectrum.attachment_id)
        .join(_sent, _sent.id == Attachment.report_id)
        .join(
            Report,
            and_(
                Report.authority_id == Attachment.authority_id,
                Report.reference == Attachment.reference,
            ),
        )
        .where(Attachment.removed_at.is_(None), current())
    )


def _countable(
    actor: Actor, today: date, found: dict[int, Found], beside: Attachment | None
) -> Select[int, int, str, bool]:
    """Those that may enter the reader's figures, each with whether its row may be shown."""
    row = and_(
        rows_for(actor, today),
        visible_rows(
            actor,
            authority_id=_sent.authority_id,
            handling=_sent.handling,
            embargo_until=_sent.embargo_until,
            today=today,
        ),
    )
    query = _joined(
        select(
            StoredSpectrum.id,
            Attachment.authority_id,
            Report.country,
            case((row, literal(True)), else_=literal(False)).label("shown"),
        )
    ).where(
        StoredSpectrum.id.in_(list(found)), figures_for(actor, today), _figure_then(actor, today)
    )
    if beside is not None:
        own_report = and_(
            Attachment.authority_id == beside.authority_id,
            Attachment.reference == beside.reference,
        )
        query = query.where(~own_report)
    return query


def _figure_then(actor: Actor, today: date) -> ColumnElement[bool]:
    """The version a file was sent with may enter the reader's figures, too."""
    allowed = effective_handling(_sent.handling, _sent.embargo_until, today) <= int(
        figure_clearance(actor)
    )
    if actor.authority_id is None:
        return allowed
    return or_(allowed, _sent.authority_id == actor.authority_id)


def _hits(session: Session, actor: Actor, found: Sequence[Found]) -> list[Hit]:
    """The rows of spectra that may be shown, in the order they were found."""
    query = (
        _joined(select(StoredSpectrum, Report))
        .where(StoredSpectrum.id.in_([one.id for one in found]))
        .options(
            joinedload(StoredSpectrum.attachment),
            selectinload(Report.findings).joinedload(Finding.substance),
        )
    )
    rows = {spectrum.id: (spectrum, report) for spectrum, report in session.execute(query)}
    known = _known(session, actor, [report for _, report in rows.values()])
    return [
        Hit(one.score, one.matched, spectrum, report, _found_in(spectrum, report, known))
        for one in found
        for spectrum, report in [rows[one.id]]
    ]


def _known(session: Session, actor: Actor, reports: Sequence[Report]) -> set[int]:
    """Of the substances found in these reports, those the reader may know of."""
    ids = {one.substance_id for report in reports for one in report.findings}
    return set(session.scalars(select(Substance.id).where(Substance.id.in_(ids), known_to(actor))))


def _found_in(spectrum: StoredSpectrum, report: Report, known: set[int]) -> tuple[Substance, ...]:
    at = spectrum.attachment.finding
    return tuple(
        one.substance
        for one in report.findings
        if one.substance and one.substance_id in known and at in (None, one.position)
    )


def _taken_for(session: Session, actor: Actor, ids: Sequence[int]) -> list[SeenAs]:
    """What was found where these spectra come from, the most widely reported first."""
    laboratories = func.count(distinct(Attachment.authority_id))
    spectra = func.count(distinct(StoredSpectrum.id))
    query = (
        _joined(
            select(
                Finding.substance_id, spectra, laboratories, func.count(distinct(Report.country))
            )
        )
        .join(
            Finding,
            and_(
                Finding.report_id == Report.id,
                or_(Attachment.finding.is_(None), Finding.position == Attachment.finding),
            ),
        )
        .where(StoredSpectrum.id.in_(ids), Finding.substance_id.is_not(None))
        .group_by(Finding.substance_id)
        .order_by(laboratories.desc(), spectra.desc(), Finding.substance_id)
        .limit(10)
    )
    rows = session.execute(query).all()
    allowed = select(Substance).where(Substance.id.in_([row[0] for row in rows]), known_to(actor))
    substances = {one.id: one for one in session.scalars(allowed)}
    return [SeenAs(substances[id], *rest) for id, *rest in rows if id in substances]

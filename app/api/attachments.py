"""Spectra and documents on reports, and looking for spectra seen before."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import numpy as np
from flask import Response, request
from pydantic import BaseModel, Field, FiniteFloat, model_validator

from app.access.roles import REPORTERS, SIGNED_IN
from app.api import api
from app.api.contract import answer, body, listing, promise
from app.api.shapes import link
from app.db import Page
from app.entrance import actor, allow, database, now, today
from app.errors import Problem, Refused
from app.intake.attachments import queries
from app.intake.attachments.models import Attachment, StoredSpectrum
from app.intake.attachments.seen import Hit, Seen, question, seen_before, with_technique
from app.intake.attachments.service import attach, opened, remove
from app.intake.attachments.similarity import strongest
from app.intake.attachments.spectrum import (
    MOST_BYTES,
    Spectrum,
    Technique,
    is_exact,
    peaks,
    within_bounds,
)
from app.intake.queries import report_by_code
from app.registry.models import Substance
from app.uploads import uploaded

PEAKS_SHOWN = 20


class SpectrumOut(BaseModel):
    """One spectrum of an attached file; `peaks` are its strongest, relative to the highest."""

    position: int
    technique: str
    name: str
    instrument: str
    ion_mode: str | None
    precursor_mz: float | None
    x_unit: str
    y_unit: str
    points: int
    peaks: list[tuple[float, float]] | None = None


class AttachmentOut(BaseModel):
    """A file on a report; `report` is the version it was sent with, whose handling it shares."""

    id: str
    url: str
    report: str
    finding: int | None
    filename: str
    format: str
    kind: str
    media_type: str
    size: int
    sha256: str
    note: str | None
    handling: str
    authority: str
    added_at: datetime
    spectra: list[SpectrumOut]


class SpectrumSearchIn(BaseModel, extra="forbid"):
    """What is looked for: a stored spectrum, a file as text, or peaks of m/z and intensity."""

    attachment: str | None = Field(default=None, max_length=20)
    position: int = Field(default=0, ge=0, le=1000)
    text: str | None = Field(default=None, max_length=MOST_BYTES)
    peaks: list[tuple[FiniteFloat, FiniteFloat]] | None = Field(
        default=None, min_length=1, max_length=10_000
    )
    technique: Technique | None = None
    least: Annotated[float, Field(ge=0.5, le=1)] | None = None

    @model_validator(mode="after")
    def one_of_three(self) -> SpectrumSearchIn:
        """Exactly one of attachment, text and peaks."""
        if sum(given is not None for given in (self.attachment, self.text, self.peaks)) != 1:
            raise ValueError("give one of attachment, text and peaks")
        return self


class FoundSubstanceOut(BaseModel):
    """A substance that was found where a spectrum comes from."""

    id: str
    url: str
    name: str


class SpectrumHitOut(BaseModel):
    """A spectrum that is alike, and whose report you may see."""

    score: float
    matched: int
    attachment: str
    position: int
    technique: str
    name: str
    precursor_mz: float | None
    report: str
    authority: str
    country: str
    substances: list[FoundSubstanceOut]


class SeenAsOut(BaseModel):
    """What spectra that are alike were taken for: figures."""

    substance: FoundSubstanceOut
    spectra: int
    laboratories: int
    countries: int


class SeenOut(BaseModel):
    """Whether a spectrum was seen before. Figures count spectra at least as alike as `bar`;
    `laboratories` and `countries` are those beside your own."""

    bar: float
    spectra: int
    laboratories: int
    countries: int
    own: int
    substances: list[SeenAsOut]
    hits: list[SpectrumHitOut]


@api.post("/reports/<code>/attachments")
@allow(*REPORTERS)
@promise(
    "Attach a file to a report",
    answers=AttachmentOut,
    status=201,
    queries=("filename", "finding", "note"),
    upload=True,
)
def add_attachment(code: str) -> Response:
    """Put a spectrum or document on a report of yours; 200 when it is there already.

    JCAMP-DX, MSP, MassBank records, mzML, PDF, PNG, JPEG, TIFF and WebP up to 10 MB, known by
    content. `finding` is the position of the finding it belongs to, counted from 0.
    """
    file = opened(*uploaded(MOST_BYTES))
    with database().transaction() as session:
        made, new = attach(
            session,
            code,
            file,
            finding=finding_asked(request.args.get("finding")),
            note=request.args.get("note", ""),
            by=actor(),
            now=now(),
        )
        number = made.code
    response = _one(number, 201 if new else 200)
    response.headers["Location"] = link(f"/api/v1/attachments/{number}")
    return response


@api.get("/reports/<code>/attachments")
@allow(*SIGNED_IN)
@promise("Files on a report", answers=AttachmentOut, listed=True)
def list_attachments(code: str) -> Response:
    """The files on a report, in all its versions, that you may see."""
    with database().reading() as session:
        report = report_by_code(session, actor(), today(), code)
        found = queries.attachments_of(session, actor(), today(), report)
        return listing(Page(found), attachment_out)


@api.get("/attachments/<code>")
@allow(*SIGNED_IN)
@promise("One file on a report", answers=AttachmentOut)
def show_attachment(code: str) -> Response:
    """What a file is and the spectra in it; the file itself is at /attachments/<code>."""
    return _one(code)


@api.delete("/attachments/<code>")
@allow(*REPORTERS)
@promise("Take a file off its report", answers=AttachmentOut)
def remove_attachment(code: str) -> Response:
    """Take a file off a report of yours. Its bytes are kept, out of everybody's sight."""
    with database().transaction() as session:
        return answer(attachment_out(remove(session, code, by=actor(), now=now())))


@api.post("/spectra/search")
@allow(*SIGNED_IN)
@promise("Was a spectrum seen before?", takes=SpectrumSearchIn, answers=SeenOut)
def search_spectra() -> Response:
    """Spectra like one at hand, by weighted cosine of peaks or correlation of curves.

    Rows are those of reports you may see; figures count all that may enter yours.
    """
    wanted = body(SpectrumSearchIn)
    with database().reading() as session:
        beside = None
        if wanted.attachment is not None:
            stored = queries.spectrum_at(
                session, actor(), today(), wanted.attachment, wanted.position
            )
            asked, beside = queries.drawn(session, [stored.id])[stored.id], stored.attachment
        elif wanted.text is not None:
            asked = question(wanted.text.encode(errors="replace"), wanted.technique)
        else:
            asked = _from_peaks(wanted.peaks or [], wanted.technique)
        seen = seen_before(session, actor(), today(), asked, least=wanted.least, beside=beside)
        return answer(_seen_out(seen))


def finding_asked(text: str | None) -> int | None:
    """The position of a finding as asked for; None for the report as a whole."""
    if not text:
        return None
    if not text.isdecimal() or len(text) > 4:
        sentence = "a finding is named by its position in the report, counted from 0"
        raise Refused(sentence, (Problem("finding", sentence),))
    return int(text)


def attachment_out(attachment: Attachment) -> AttachmentOut:
    """A file as the API shows it, to those who may see the row of its report."""
    return AttachmentOut(
        id=attachment.code,
        url=link(f"/attachments/{attachment.code}"),
        report=attachment.report.code,
        finding=attachment.finding,
        filename=attachment.filename,
        format=attachment.format,
        kind=attachment.kind.value,
        media_type=attachment.file.media_type,
        size=attachment.file.size,
        sha256=attachment.sha256,
        note=attachment.note,
        handling=attachment.report.handling.word,
        authority=attachment.authority.code,
        added_at=attachment.added_at,
        spectra=[_spectrum_out(one) for one in attachment.spectra],
    )


def _one(code: str, status: int = 200) -> Response:
    with database().reading() as session:
        attachment = queries.attachment_by_code(session, actor(), today(), code)
        shown = attachment_out(attachment)
        points = queries.drawn(session, [one.id for one in attachment.spectra])
        for out, stored in zip(shown.spectra, attachment.spectra, strict=True):
            out.peaks = _main_peaks(points[stored.id])
        return answer(shown, status)


def _main_peaks(spectrum: Spectrum) -> list[tuple[float, float]] | None:
    if not spectrum.technique.mass:
        return None
    x, y = strongest(spectrum.x, spectrum.y, PEAKS_SHOWN)
    return [(round(a, 5), round(b, 4)) for a, b in zip(x.tolist(), y.tolist(), strict=True)]


def _spectrum_out(stored: StoredSpectrum) -> SpectrumOut:
    return SpectrumOut(
        position=stored.position,
        technique=stored.technique.value,
        name=stored.name,
        instrument=stored.instrument,
        ion_mode=stored.ion_mode.value if stored.ion_mode else None,
        precursor_mz=stored.precursor_mz,
        x_unit=stored.x_unit,
        y_unit=stored.y_unit,
        points=stored.points,
    )


def _from_peaks(pairs: list[tuple[float, float]], technique: Technique | None) -> Spectrum:
    flat = np.array(pairs, dtype=np.float64)
    x, y = peaks(flat[:, 0], flat[:, 1])
    plain = Spectrum(
        Technique.MS, x, y, "m/z", "relative abundance", sticks=True, exact=is_exact(x)
    )
    return with_technique(within_bounds([plain])[0], technique)


def _seen_out(seen: Seen) -> SeenOut:
    return SeenOut(
        bar=seen.bar,
        spectra=seen.spectra,
        laboratories=seen.others,
        countries=seen.countries,
        own=seen.own,
        substances=[
            SeenAsOut(
                substance=_substance(one.substance),
                spectra=one.spectra,
                laboratories=one.laboratories,
                countries=one.countries,
            )
            for one in seen.substances
        ],
        hits=[_hit_out(hit) for hit in seen.hits],
    )


def _hit_out(hit: Hit) -> SpectrumHitOut:
    return SpectrumHitOut(
        score=round(hit.score, 4),
        matched=hit.matched,
        attachment=hit.spectrum.attachment.code,
        position=hit.spectrum.position,
        technique=hit.spectrum.technique.value,
        name=hit.spectrum.name,
        precursor_mz=hit.spectrum.precursor_mz,
        report=hit.report.code,
        authority=hit.report.authority.code,
        country=hit.report.country,
        substances=[_substance(one) for one in hit.substances],
    )


def _substance(substance: Substance) -> FoundSubstanceOut:
    return FoundSubstanceOut(
        id=substance.code, url=link(f"/substances/{substance.code}"), name=substance.name
    )

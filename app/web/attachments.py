"""Files on reports: giving them out, putting them on, taking them off; spectra seen before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from flask import flash, redirect, render_template, request, send_file, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access.roles import REPORTERS, SIGNED_IN, Role
from app.db import id_of
from app.entrance import actor, allow, database, now, today
from app.errors import Conflict, Forbidden, Refused
from app.intake.attachments import queries
from app.intake.attachments import service as attaching
from app.intake.attachments.detection import ACCEPTED
from app.intake.attachments.models import Attachment, StoredSpectrum
from app.intake.attachments.seen import Seen, question, seen_before
from app.intake.attachments.similarity import essence
from app.intake.attachments.spectrum import MOST_BYTES, Spectrum, Technique
from app.intake.models import Report
from app.uploads import uploaded
from app.web import web
from app.web.spectra import Drawing, both_widths, mirrored, said, table

DRAWN_OF_A_FILE = 3  # on the page of a report; the page of the file has them all
SEALED = "default-src 'none'; sandbox; frame-ancestors 'none'"
PASTED = (Technique.MS, Technique.EI_MS, Technique.ESI_MSN)


@dataclass(frozen=True, slots=True)
class Drawn:
    """A spectrum of a file, drawn, with its sentence and its table."""

    stored: StoredSpectrum
    charts: dict[str, Drawing]
    said: str
    heads: tuple[str, str]
    rows: list[tuple[str, str]]
    compared: bool


@web.get("/attachments/<code>")
@allow(Role.PUBLIC)
def attachment_file(code: str) -> Response:
    """A file as it was sent: for saving, never for showing inside a page."""
    with database().reading() as session:
        attachment = queries.attachment_by_code(session, actor(), today(), code)
        content = attaching.content_of(session, attachment)
    response = send_file(
        BytesIO(content),
        mimetype=attachment.file.media_type,
        as_attachment=True,
        download_name=attachment.filename,
        etag=False,
        max_age=0,
    )
    response.headers["Content-Security-Policy"] = SEALED
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "private, no-store"
    return response


@web.post("/reports/<code>/attachments")
@allow(*REPORTERS)
def attach_file(code: str) -> Response:
    """Put a file on a report of the reader's own."""
    try:
        content, name = uploaded(MOST_BYTES)
        file = attaching.opened(content, name)
        with database().transaction() as session:
            made, new = attaching.attach(
                session,
                code,
                file,
                finding=id_of(request.form.get("finding")),
                note=request.form.get("note", ""),
                by=actor(),
                now=now(),
            )
            flash(f"{made.filename} is {'attached' if new else 'there already'}, as {made.code}.")
    except (Conflict, Forbidden, Refused) as refusal:
        flash(f"Nothing was attached: {refusal}.", "problem")
    return redirect(url_for("web.report", code=code, _anchor="files"))


@web.post("/attachments/<code>/remove")
@allow(*REPORTERS)
def remove_file(code: str) -> Response:
    """Take a file off a report of the reader's own."""
    with database().transaction() as session:
        gone = attaching.remove(session, code, by=actor(), now=now())
        flash(f"{gone.filename} ({gone.code}) is taken off.")
        return redirect(url_for("web.report", code=gone.report.code, _anchor="files"))


@web.post("/attachments/<code>/carry")
@allow(*REPORTERS)
def carry_file(code: str) -> Response:
    """Let a file be seen by whoever may see the version that stands."""
    try:
        with database().transaction() as session:
            file = attaching.carry(session, code, by=actor(), now=now())
            flash(f"{file.filename} ({file.code}) is now {file.report.handling.word}.")
            target = file.report.code
    except Conflict as refusal:
        raise Refused(str(refusal)) from None
    return redirect(url_for("web.report", code=target, _anchor="files"))


@web.get("/spectra")
@allow(*SIGNED_IN)
def spectra() -> Any:
    """Looking for a spectrum seen before: a form, or the answer for one that is stored."""
    code = request.args.get("attachment", "").strip()
    if not code:
        return render_template("spectra.html", **_form())
    position = id_of(request.args.get("position")) or 0
    with database().reading() as session:
        stored = queries.spectrum_at(session, actor(), today(), code, position)
        asked = queries.drawn(session, [stored.id])[stored.id]
        return _answer(session, asked, f"{stored.attachment.code}, {stored.name}", stored)


@web.post("/spectra")
@allow(*SIGNED_IN)
def search_spectra() -> Any:
    """The answer for a spectrum that was pasted or sent as a file; it is not kept."""
    text, chosen = request.form.get("text", ""), request.form.get("technique")
    technique = next((one for one in PASTED[1:] if one == chosen), None)
    name = "what you pasted"
    try:
        content = text.encode(errors="replace")
        if request.files.get("file") and request.files["file"].filename:
            content, name = uploaded(MOST_BYTES)
        with database().reading() as session:
            return _answer(session, question(content, technique), name, text=text)
    except Refused as refusal:
        page = render_template("spectra.html", **_form(text), problem=str(refusal))
        return page, 422


@web.get("/spectra/<code>")
@allow(Role.PUBLIC)
def spectra_of(code: str) -> Any:
    """Every spectrum of one file, drawn."""
    with database().reading() as session:
        attachment = queries.attachment_by_code(session, actor(), today(), code)
        return render_template(
            "spectra_of.html",
            attachment=attachment,
            drawn=draw(session, attachment.spectra),
        )


def on_report(session: Session, report: Report) -> dict[str, Any]:
    """What the page of a report shows of its files."""
    who = actor()
    files = queries.attachments_of(session, who, today(), report)
    shown = [one for file in files for one in file.spectra[:DRAWN_OF_A_FILE]]
    drawn = {one.stored.id: one for one in draw(session, shown)}
    return {
        "files": files,
        "drawings": {
            file.id: [drawn[one.id] for one in file.spectra[:DRAWN_OF_A_FILE]] for file in files
        },
        "own": who.role in REPORTERS and who.authority_id == report.authority_id,
        "accepted": ACCEPTED,
        "most_megabytes": MOST_BYTES // 1024**2,
        "most_files": attaching.MOST_FILES,
    }


def draw(session: Session, stored: Iterable[StoredSpectrum]) -> list[Drawn]:
    """Stored spectra with all that their drawing needs."""
    listed = list(stored)
    points = queries.drawn(session, [one.id for one in listed])
    return [_drawn(one, points[one.id]) for one in listed]


def _drawn(stored: StoredSpectrum, spectrum: Spectrum) -> Drawn:
    heads, rows = table(spectrum)
    charts = both_widths(f"s{stored.id}", spectrum)
    return Drawn(stored, charts, said(spectrum), heads, rows, essence(spectrum) is not None)


def _form(text: str = "") -> dict[str, Any]:
    return {"text": text, "techniques": PASTED, "accepted": ACCEPTED}


def _answer(
    session: Session,
    asked: Spectrum,
    name: str,
    stored: StoredSpectrum | None = None,
    *,
    text: str = "",
) -> Any:
    beside: Attachment | None = stored.attachment if stored else None
    try:
        seen = seen_before(session, actor(), today(), asked, beside=beside)
    except Refused as refusal:
        return render_template("spectra.html", **_form(text), problem=str(refusal)), 422
    return render_template(
        "spectra.html",
        **_form(text),
        seen=seen,
        name=name,
        stored=stored,
        said=said(asked),
        charts=both_widths("asked", asked),
        pairs=_pairs(session, asked, seen),
        sticks=asked.sticks,
    )


def _pairs(session: Session, asked: Spectrum, seen: Seen) -> list[dict[str, Drawing]]:
    """Each hit drawn against the spectrum that was asked for."""
    points = queries.drawn(session, [hit.spectrum.id for hit in seen.hits])
    return [mirrored(f"pair{n}", asked, points[hit.spectrum.id]) for n, hit in enumerate(seen.hits)]

"""Reporting by form: a new report, a correction, a withdrawal, and what is known while typing."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from flask import flash, jsonify, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from app.access.roles import REPORTERS
from app.countries import country_name
from app.entrance import actor, allow, database, now, today, wants_json
from app.errors import Conflict, Forbidden, Refused
from app.intake import queries as intake
from app.intake.answering import Answer, answer
from app.intake.judging import content_hash
from app.intake.keeping import sliced
from app.intake.models import Report
from app.intake.readers.jsontext import read_json
from app.intake.resending import correction_of, withdrawal_of
from app.intake.schema import ReportIn
from app.intake.taking import Receipt, take
from app.intake.words import Channel, EventKind, Fate, ReportType
from app.web import web
from app.web.formfields import finding_fields, sections
from app.web.typed import Typed, Values, Wrong, beside_fields, canonical, fresh, typed, typed_from
from app.web.typed import read as read_form
from chem.depict import svg

LARGEST_QUESTION = 120_000  # bytes; a molfile of the longest structure that is read
PICTURE = (260, 180)
REFUSED = 422
HARM = frozenset({EventKind.ACUTE_TOXICITY, EventKind.DEATH})
QUESTION = ("substance_name", "structure", "structure_format", "isomer_resolved")
SAID = {
    Fate.ACCEPTED: "Taken",
    Fate.QUEUED: "Taken; a name waits for a curator",
    Fate.AMENDED: "Corrected",
    Fate.WITHDRAWN: "Withdrawn",
    Fate.UNCHANGED: "It was held already; nothing changed",
}


@dataclass(frozen=True, slots=True)
class Told:
    """The answer about one finding, and a picture (SVG, its title escaped) of each component."""

    answer: Answer
    pictures: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the one report that a form sends."""

    fate: Fate
    report: str | None
    notes: list[dict[str, Any]]


@web.url_value_preprocessor
def _bound_questions(endpoint: str | None, _values: dict[str, Any] | None) -> None:
    """Refuse a question that is too long for a structure before it is read."""
    if endpoint == "web.answer_finding":
        request.max_content_length = LARGEST_QUESTION


@web.get("/reports/new")
@allow(*REPORTERS)
def new_report() -> Any:
    """An empty form; with `?amend=RP-000042` that report, to be corrected."""
    code = request.args.get("amend", "")
    if not code:
        return _form(fresh())
    with database().reading() as session:
        found, newest = _own(session, code)
        if newest != found:
            return redirect(url_for("web.new_report", amend=newest.code))
        return _form(typed_from(correction_of(found)), amending=found.code)


@web.post("/reports/new")
@allow(*REPORTERS)
def send_report() -> Any:
    """Send what was typed, or do what a button of the form asks for without sending."""
    form = typed(request.form.items(multi=True))
    wanted, _, number = request.form.get("do", "send").partition("-")
    amending = request.form.get("amending", "")
    told: dict[int, Told] = {}
    if wanted == "add":
        form.add()
    elif wanted == "remove" and number.isdecimal():
        form.remove(int(number[:4]))
    elif wanted == "answer" and number.isdecimal():
        told = {n: _told(block) for n, block in enumerate(form.findings) if n == int(number[:4])}
    elif wanted == "send":
        return _send(form, amending)
    return _form(form, amending=amending, key=request.form.get("key", ""), told=told)


@web.post("/reports/new/answer")
@allow(*REPORTERS)
def answer_finding() -> Any:
    """What is known of the name and structure of one finding, as a piece of the page."""
    asked: Values = {name: (value,) for name, value in request.form.items()}
    return render_template("partials/answer.html", told=_told(asked))


@web.get("/reports/<code>/withdraw")
@allow(*REPORTERS)
def ask_withdrawal(code: str) -> Any:
    """Ask once more before a report is withdrawn."""
    with database().reading() as session:
        report = _to_withdraw(session, code)
        return render_template("withdraw.html", report=report, key=_new_key(), problem="")


@web.post("/reports/<code>/withdraw")
@allow(*REPORTERS)
def withdraw_report(code: str) -> Any:
    """Put a tombstone over a report of the reader's own authority."""
    with database().reading() as session:
        report = _to_withdraw(session, code)
        tombstone = ReportIn.model_validate(withdrawal_of(report))
    try:
        receipt = _take(tombstone)
    except (Refused, Conflict) as error:
        return _unwithdrawn(report, str(error))
    outcome = _outcome(receipt)
    if outcome.fate is Fate.REJECTED:
        return _unwithdrawn(report, "; ".join(note["message"] for note in outcome.notes))
    return _onward(receipt, outcome)


def _unwithdrawn(report: Report, problem: str) -> Any:
    page = render_template("withdraw.html", report=report, key=_new_key(), problem=problem)
    return page, REFUSED


def _own(session: Session, code: str) -> tuple[Report, Report]:
    """A report of the reader's own authority and its newest version. Raises NotFound, Forbidden."""
    found = intake.report_by_code(session, actor(), today(), code)
    if found.authority_id != actor().authority_id:
        raise Forbidden(f"{found.code} is {found.authority.code}'s; only they may change it")
    return found, intake.versions(session, actor(), today(), found)[-1]


def _to_withdraw(session: Session, code: str) -> Report:
    """The newest version of a report of the reader's own. Raises Refused for a withdrawn one."""
    found, newest = _own(session, code)
    if newest.type is ReportType.WITHDRAWAL:
        raise Refused(f"{found.reference} is withdrawn already, as {newest.code}")
    return intake.report_by_code(session, actor(), today(), newest.code)  # with its findings


def _send(form: Typed, amending: str) -> Any:
    """Take the report, or show the form again with what is to be mended."""
    report, problems = read_form(form)
    if report is None:
        return _form(form, amending=amending, wrong=beside_fields(problems)), REFUSED
    if amending and (unchanged := _changes_nothing(report, amending)):
        return _form(form, amending=amending, wrong=[Wrong("", "", unchanged)]), REFUSED
    try:
        receipt = _take(report)
    except Conflict as error:  # an answer was lost, and something was changed since
        before = f"an earlier sending of this form has arrived ({error})"
        text = f"{before}; correct that report, or send this as another"
        return _form(form, amending=amending, wrong=[Wrong("", "", text)]), REFUSED
    except Refused as error:
        return _form(form, amending=amending, wrong=[Wrong("", "", str(error))]), REFUSED
    outcome = _outcome(receipt)
    if outcome.fate is Fate.REJECTED:
        return _form(form, amending=amending, wrong=beside_fields(outcome.notes)), REFUSED
    return _onward(receipt, outcome)


def _changes_nothing(report: ReportIn, amending: str) -> str:
    """Why a correction is none: it says what the form offered to be corrected; else "".

    Only of what would be a next version: one that is sent again, its answer lost, is held by now.
    """
    with database().reading() as session:
        _, newest = _own(session, amending)
        if report.version <= newest.version:
            return ""
        held = intake.report_by_code(session, actor(), today(), newest.code)  # with its findings
        offered = ReportIn.model_validate(correction_of(held))
    same = content_hash(report) == content_hash(
        offered.model_copy(update={"version": report.version})
    )
    return f"nothing has changed since version {newest.version}" if same else ""


def _take(report: ReportIn) -> Receipt:
    content = canonical(report)
    return take(
        database(),
        sliced(content),
        lambda: read_json(content),
        by=actor(),
        channel=Channel.FORM,
        clock=now,
        idempotency_key=request.form.get("key") or None,
    )


def _outcome(receipt: Receipt) -> Outcome:
    with database().reading() as session:
        submission = intake.submission_by_code(session, actor(), receipt.submission.code)
        ((row, report),) = intake.submission_rows(session, submission)
        return Outcome(row.fate, report.code if report else None, row.notes)


def _onward(receipt: Receipt, outcome: Outcome) -> Any:
    """To the report; to the receipt where there is something to know. A script is told where."""
    flash(f"{SAID[outcome.fate]}: {outcome.report}.")
    code = receipt.submission.code
    target = url_for("web.submission", code=code)
    if outcome.report and not outcome.notes:
        target = url_for("web.report", code=outcome.report)
    return jsonify(location=target) if wants_json() else redirect(target)


def _form(
    form: Typed,
    *,
    amending: str = "",
    key: str = "",
    wrong: Sequence[Wrong] = (),
    told: Mapping[int, Told] = MappingProxyType({}),
) -> str:
    """The page; after something went wrong with a new key, since what is sent next is other."""
    own = [(code, country_name(code)) for code in actor().countries]
    if len(own) == 1:
        form.report.setdefault("country", (own[0][0],))
    asked_first, others = finding_fields()
    return render_template(
        "new_report.html",
        form=form,
        sections=sections(),
        blank=fresh().findings[0],
        asked_first=asked_first,
        others=others,
        own_countries=own,
        amending=amending,
        key=key or _new_key(),
        wrong=wrong,
        told=told,
        harm=_harm(form),
        as_sent=request.method == "POST",
    )


def _harm(form: Typed) -> bool:
    """Whether the report speaks of harm, so that its fields are shown open."""
    harm = next(section for section in sections() if section.key == "harm")
    kind = form.report.get("event_kind", ("",))[0]
    return kind in HARM or any(any(form.report.get(f.name, ())) for f in harm.fields)


def _told(asked: Values) -> Told:
    """What is known of the name and the structure of a finding."""
    given = {name: (asked.get(name) or ("",))[0] for name in QUESTION}
    with database().reading() as session:
        found = answer(
            session,
            actor(),
            today(),
            name=given["substance_name"],
            structure=given["structure"],
            structure_format=given["structure_format"] or "auto",
            isomer_resolved={"true": True, "false": False}.get(given["isomer_resolved"]),
        )
        named = (p.substance.name if p.substance else p.formula for p in found.parts)
        pictures = [
            svg(part.parent, *PICTURE, title=f"Structure of {name}")
            for part, name in zip(found.parts, named, strict=True)
        ]
        return Told(found, tuple(pictures))


def _new_key() -> str:
    """An Idempotency-Key: a report that is sent twice under it is filed once."""
    return f"form-{secrets.token_urlsafe(18)}"

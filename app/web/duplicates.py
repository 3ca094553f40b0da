"""Possible duplicates: what waits for a curator, two reports side by side, and the decision."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from sqlalchemy import select

from app.access.models import Authority
from app.access.roles import SECRETARIAT
from app.countries import country_name
from app.entrance import actor, allow, database, now, today
from app.errors import Conflict, Refused
from app.intake.duplicates import queries
from app.intake.duplicates.models import DuplicatePair, PairStatus
from app.intake.duplicates.service import Decision, decide
from app.intake.duplicates.weights import Field, weights
from app.intake.models import Report
from app.registry import queries as registry
from app.web import web
from app.web.dates import dated, moment
from app.web.wording import label, listing, number

STATUS_WORDS = {
    PairStatus.PROPOSED: "to decide",
    PairStatus.AUTO: "linked automatically",
    PairStatus.CONFIRMED: "the same event",
    PairStatus.REJECTED: "different events",
    PairStatus.LAPSED: "lapsed",
}
DECIDED = {
    Decision.SAME: "counts as one event from now on",
    Decision.DIFFERENT: "counts as two events",
    Decision.UNDO: "waits for a decision again",
}


@dataclass(frozen=True, slots=True)
class Weighed:
    """One line of the table of weights."""

    field: Field
    said: str
    mark: str  # agree, differ or silent
    m: float | None
    u: float | None
    bits: float


@dataclass(frozen=True, slots=True)
class Beside:
    """One line of two or more reports side by side."""

    label: str
    values: tuple[str, ...]
    mark: str  # how the first two compare, where that is weighed and both say something
    said: str


@web.get("/curation/duplicates")
@allow(*SECRETARIAT)
def duplicates() -> Any:
    """Pairs by weight, filtered by the address."""
    args = request.args
    status = next((s for s in PairStatus if s == args.get("status")), PairStatus.PROPOSED)
    with database().reading() as session:
        code = args.get("substance", "")
        substance = registry.substance_by_code(session, actor(), code) if code else None
        page = queries.pairs(
            session,
            actor(),
            today(),
            status=status,
            authority=args.get("authority") or None,
            substance_id=substance.id if substance else None,
            after=args.get("after"),
            limit=40,
        )
        return render_template(
            "duplicates.html",
            page=page,
            status=status,
            status_words=STATUS_WORDS,
            waiting=queries.waiting(session, actor(), today()),
            substance=substance,
            authorities=session.scalars(select(Authority.code).order_by(Authority.code)).all(),
            filtered=bool(substance or args.get("authority")),
            posterior=weights().posterior,
            shared=_shared,
        )


@web.get("/curation/duplicates/<code>")
@allow(*SECRETARIAT)
def duplicate(code: str) -> Any:
    """Two reports side by side, what each field weighs, and what may be decided."""
    with database().reading() as session:
        pair = queries.pair_by_code(session, actor(), today(), code)
        counted = queries.counted_with(session, actor(), today(), pair.first)
        members = counted.reports if counted else ()
        others = [r for r in members if (r.authority_id, r.reference) not in pair.cases]
        reports = (pair.first, pair.second, *others)
        table = weights()
        return render_template(
            "duplicate.html",
            pair=pair,
            counted=counted,
            reports=reports,
            rows=_beside(pair, reports),
            weighed=_weighed(pair),
            table=table,
            posterior=table.posterior(pair.weight),
            odds=round(1 / table.prior_odds),
            status_words=STATUS_WORDS,
            corrected=pair.first.superseded_at or pair.second.superseded_at,
        )


@web.post("/curation/duplicates/<code>")
@allow(*SECRETARIAT)
def decide_duplicate(code: str) -> Any:
    """Say that two reports are one event, or not; or take that back."""
    said = request.form.get("decision", "")
    try:
        decision = _decision(said)
        with database().transaction() as session:
            reason = request.form.get("reason", "")
            pair = decide(session, code, decision, by=actor(), now=now(), reason=reason)
            flash(f"{pair.code} {DECIDED[decision]}.")
            if decision is Decision.SAME and len(_counted(session, pair)) == 1:
                flash("It is counted once when the other pairs of these reports are decided too.")
    except (Conflict, Refused) as refusal:
        flash(f"Nothing changed: {refusal}.", "problem")
    return redirect(url_for("web.duplicate", code=code))


def _decision(said: str) -> Decision:
    if said not in set(Decision):
        raise Refused(f'"{said}" is no decision; use one of {", ".join(Decision)}')
    return Decision(said)


def _counted(session: Any, pair: DuplicatePair) -> set[int]:
    """Which of the two stand in one group, as their numbers; one alone when they do not."""
    found = queries.counted_with(session, actor(), today(), pair.first)
    members = {report.id for report in found.reports} if found else set()
    return ({pair.first_id, pair.second_id} & members) or {pair.first_id}


def _shared(pair: DuplicatePair) -> list[str]:
    """The names of what both reports found."""
    mine, theirs = ({_found(f): _name(f) for f in r.findings} for r in (pair.first, pair.second))
    return sorted({name for key, name in mine.items() if key in theirs})


def _found(finding: Any) -> Any:
    return finding.substance_id or finding.name_key


def _name(finding: Any) -> str:
    return finding.substance.name if finding.substance else finding.substance_name or "unnamed"


def _weighed(pair: DuplicatePair) -> list[Weighed]:
    """The stored evidence, field by field; shares are those of the table in force."""
    fields, lines = weights().fields, []
    for told in pair.evidence["fields"]:
        field = fields.get(told["field"])
        if field is None:
            continue
        level = field.levels.get(told["level"]) if told["level"] else None
        lines.append(
            Weighed(
                field,
                said=label(told["level"]) if told["level"] else "says nothing",
                mark=_mark(told["level"], told["weight"]),
                m=level.m if level else None,
                u=level.u if level else None,
                bits=told["weight"],
            )
        )
    return lines


def _mark(level: str | None, bits: float) -> str:
    if level is None:
        return "silent"
    return "agree" if bits > 0 else "differ"


def _route(report: Report) -> str:
    places = (report.origin, report.transit, report.destination)
    return (
        " → ".join(country_name(place) if place else "…" for place in places) if any(places) else ""
    )


def _quantity(report: Report) -> str:
    if report.quantity is None:
        return ""
    places = 0 if report.quantity == int(report.quantity) else 2
    return f"{number(report.quantity, places)}\u00a0{label(report.unit)}"


def _person(report: Report) -> str:
    return ", ".join(label(word) for word in (report.age_band, report.sex) if word)


Reading = Callable[[Report], str]

# what is set side by side: its word, how it is read, and the field of the table that compared it
LINES: tuple[tuple[str, Reading, str | None], ...] = (
    ("Authority", lambda r: r.authority.code, None),
    ("Case reference", lambda r: r.reference, "reference"),
    ("What", lambda r: label(r.event_kind), None),
    ("Date", dated, "date"),
    ("Country", lambda r: country_name(r.country), None),
    ("Subdivision", lambda r: r.subdivision or "", "place"),
    ("Origin, transit, destination", _route, None),
    ("Quantity", _quantity, "quantity"),
    ("Physical form", lambda r: label(r.physical_form) if r.physical_form else "", "form"),
    ("Matrix", lambda r: r.matrix or "", "form"),
    ("Found", lambda r: listing([_name(f) for f in r.findings]), "found_with"),
    ("Age band and sex", _person, "person"),
    ("Outcome", lambda r: label(r.outcome) if r.outcome else "", None),
    ("Sold as", lambda r: r.sold_as or "", None),
    ("Agency", lambda r: label(r.agency) if r.agency else "", None),
    ("Handling", lambda r: r.handling.word, None),
    ("Version", lambda r: str(r.version), None),
    ("Received", lambda r: moment(r.received_at), None),
)


def _beside(pair: DuplicatePair, reports: tuple[Report, ...]) -> list[Beside]:
    """What the reports say, and how the first two compare; lines that nobody fills are left out."""
    told = {line.field.name: line for line in _weighed(pair)}
    rows = []
    for word, read, field in LINES:
        values = tuple(read(report) for report in reports)
        if not any(values):
            continue
        line = told.get(field or "")
        mark, said = (line.mark, line.said) if line and all(values[:2]) else ("", "")
        rows.append(Beside(word, values, mark, said))
    return rows

"""National measures: who controls what, since when; declaring one; and what a substance's page says
of its measures, uses, surveillance lists and reference standards."""

from __future__ import annotations

import csv
import io
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from flask import Response, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from app.access.roles import REPORTERS, Role
from app.entrance import actor, allow, database, now, today
from app.errors import TocsinError
from app.intake import queries as intake
from app.intake.declaring import MOST_ROWS, declare
from app.intake.keeping import Sent
from app.intake.readers import read_json
from app.intake.whole import take_whole
from app.intake.words import Channel
from app.notification import queries as notification
from app.registry import fact_queries as facts
from app.registry.fact_queries import Wanted
from app.registry.facts import Fact, MeasureKind, Topic
from app.registry.models import Substance
from app.registry.pointing import point_out
from app.registry.queries import substance_by_code
from app.spreadsheets import plain_cell
from app.web import web
from app.web.dates import after_alert
from app.web.wording import country_options, measure_kind
from chem.generics import IN
from chem.law import Answer

PAGE = 50
FIELDS = ("reference", "substance", "country", "kind", "since", "until", "title", "source")
COLUMNS = (
    "id", "country", "kind", "substance", "name", "inchikey", "covers", "since", "until", "title",
    "source", "declared_by", "received_at",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Known:
    """What else is known of a substance; `laboratories` hold a reference standard of it."""

    measures: list[tuple[Fact, str]]  # and how long after the first alert it came
    uses: list[Fact]
    lists: list[Fact]
    standards: list[Fact]
    laboratories: int


@web.get("/measures")
@allow(Role.PUBLIC)
def measures() -> Any:
    """Measures, those received last first, filtered by the address."""
    with database().reading() as session:
        wanted, unknown = _wanted(session)
        countries, substances, classes = facts.controlling(session, actor(), today())
        page = facts.facts(
            session, actor(), Topic.MEASURE, wanted, after=request.args.get("after"), limit=PAGE
        )
        reporting = set(facts.countries_with_measures(session, actor()))
        return render_template(
            "measures.html",
            items=[] if unknown else page.items,
            next=None if unknown else page.next,
            unknown=unknown,
            wanted=wanted,
            text=request.args.get("substance", ""),
            countries=countries,
            substances=substances,
            classes=classes,
            kinds=_kind_options(),
            country_options=[pair for pair in country_options() if pair[0] in reporting],
            filtered=bool(request.args.get("substance") or wanted.country or wanted.kind),
            may_declare=actor().role in REPORTERS,
        )


@web.get("/measures.csv")
@allow(Role.PUBLIC)
def measures_csv() -> Response:
    """The same list as a file."""
    with database().reading() as session:
        wanted, unknown = _wanted(session)
        found = [] if unknown else facts.all_facts(session, actor(), Topic.MEASURE, wanted)
        text = _csv(found)
    headers = {"Content-Disposition": f'attachment; filename="tocsin-measures-{today()}.csv"'}
    return Response(text, mimetype="text/csv", headers=headers)


@web.get("/measures/new")
@allow(*REPORTERS)
def new_measure() -> Any:
    """A form for one measure."""
    return _form({"substance": request.args.get("substance", "")}, [])


@web.post("/measures/new")
@allow(*REPORTERS)
def declare_measure() -> Any:
    """Take the measure as if it had come through the API; what is wrong is said beside the form."""
    sent = {name: text for name in FIELDS if (text := request.form.get(name, "").strip())}
    sent.setdefault("reference", f"FORM-{secrets.token_hex(5)}")
    content = json.dumps(sent).encode()
    try:
        submission, _ = take_whole(
            database(),
            [content],
            lambda: read_json(content),
            Sent(Channel.FORM),
            partial(declare, topic=Topic.MEASURE, by=actor(), now=now()),
            by=actor(),
            now=now(),
            most=MOST_ROWS,
        )
    except TocsinError as error:
        return _form(sent, [{"field": "", "message": str(error)}]), 422
    with database().reading() as session:
        ((row, _),) = intake.submission_rows(session, submission)
    if row.fate == "rejected":
        return _form(sent, row.notes), 422
    flash(f"Taken as {row.notes[-1]['message']}; the receipt is {submission.code}.")
    return redirect(url_for("web.measures", country=sent.get("country")))


def known_of(session: Session, substance: Substance, law: Answer | None) -> Known:
    """What else is known of a substance, for whoever asks."""
    covering = [r.definition for r in law.generic if r.named or r.outcome == IN] if law else []
    found = facts.facts_of(session, actor(), substance, covering)
    by_topic = {topic: [fact for fact in found if fact.topic is topic] for topic in Topic}
    alert = _first_alert(session, substance)
    return Known(
        measures=[
            (fact, "" if fact.kind == MeasureKind.NONE else after_alert(fact.since, alert))
            for fact in by_topic[Topic.MEASURE]
        ],
        uses=by_topic[Topic.USE],
        lists=by_topic[Topic.SURVEILLANCE],
        standards=by_topic[Topic.STANDARD],
        laboratories=facts.laboratories_holding(session, actor(), substance.id),
    )


def _first_alert(session: Session, substance: Substance) -> date | None:
    """The day of the first alert on it that the reader may know of."""
    seen = notification.alerts(session, actor(), substance_id=substance.id, limit=200).items
    return min((one.first_issued.date() for one in seen), default=None)


def _wanted(session: Session) -> tuple[Wanted, str]:
    """The filter of the address, and what is wrong with the substance it names."""
    args, text = request.args, request.args.get("substance", "").strip()
    substance = None
    if text:
        meant = point_out(session, actor(), [text])[text]
        if isinstance(meant, str):
            return Wanted(), meant
        substance = substance_by_code(session, actor(), f"TS-{meant}")
    kind = args.get("kind") if args.get("kind") in set(MeasureKind) else None
    return Wanted(substance, args.get("country", "").upper() or None, kind), ""


def _form(values: dict[str, str], problems: Iterable[dict[str, Any]]) -> str:
    return render_template(
        "measure_new.html",
        values=values,
        problems=list(problems),
        kinds=_kind_options(),
        country_options=[pair for pair in country_options() if pair[0] in actor().countries],
    )


def _kind_options() -> list[tuple[str, str]]:
    return [(kind.value, measure_kind(kind)) for kind in MeasureKind]


def _csv(found: list[Fact]) -> str:
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(COLUMNS)
    for fact in found:
        of = fact.substance
        row = (
            fact.code, fact.country, fact.kind, of.code if of else "", of.name if of else "",
            of.inchikey if of else "", fact.covers or "", fact.since or "", fact.until or "",
            fact.says, fact.source, fact.authority.code if fact.authority else "",
            fact.received_at.isoformat(),
        )  # fmt: skip
        table.writerow([plain_cell(cell) for cell in row])
    return file.getvalue()

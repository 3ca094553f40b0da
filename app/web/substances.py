"""Substances: the list, one of them, and their pictures."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Any

from flask import Response, redirect, render_template, request, url_for
from sqlalchemy.orm import Session

from app.access.handling import Handling
from app.access.roles import SECRETARIAT, SIGNED_IN, Role
from app.db import Page
from app.entrance import actor, allow, database, today
from app.errors import NotFound, Refused
from app.intake import figures as intake
from app.intake.figures import ClassRow, MonthCount, YearCount
from app.intake.history import life_of
from app.intake.words import EventKind
from app.notification import queries as notification
from app.registry import queries as registry
from app.registry import search
from app.registry.acts import merged_on
from app.registry.identifiers import SCHEME_NAMES
from app.registry.models import Standing, Substance
from app.review import service as review
from app.review.models import ReviewCase
from app.surveillance import queries as surveillance
from app.surveillance.models import EpisodeState
from app.surveillance.queries import SeenEpisode
from app.web import charts, web
from app.web.charts import BarChart, Column
from app.web.measures import known_of
from app.web.structure import marked, molecule, told
from chem.depict import png, svg
from chem.known import marketed
from chem.molfile import MEDIA_TYPE as MOLFILE
from chem.molfile import molfile
from chem.similarity import tanimoto
from chem.variants import variant_of

PICTURE_AGE = 7 * 24 * 3600
LONGEST_SERIES = 36  # months drawn; the table has all
SHORTEST_SERIES = 12
MOST_SIMILAR = 20
MOST_SIGNALS = 200
HARM = (EventKind.ACUTE_TOXICITY, EventKind.DEATH)


@web.get("/substances")
@allow(Role.PUBLIC)
def substances() -> Any:
    """Substances by name, filtered by the address."""
    args = request.args
    text, group = args.get("q", "").strip(), args.get("group") or None
    standing = next((s for s in Standing if s == args.get("standing")), None)
    family = args.get("family") or None
    with database().reading() as session:
        page = registry.substances(
            session,
            actor(),
            text=text or None,
            group=group,
            family=family,
            standing=standing,
            after=args.get("after"),
            limit=40,
        )
        similar: dict[int, float] = {}
        if text and not page.items and not group and not family and not standing:
            page, similar = _by_structure(session, text)
        return render_template(
            "substances.html",
            page=page,
            seen=intake.occurrences(session, actor(), today(), [s.id for s in page.items]),
            text=text,
            group=group,
            family=family,
            standing=standing,
            groups=sorted(registry.group_sizes(session, actor())),
            standings=registry.standing_sizes(session, actor()),
            classes=_classes(session),
            similar=similar,
            filters={
                name: value
                for name, value in (
                    ("q", text),
                    ("group", group),
                    ("family", family),
                    ("standing", standing),
                )
                if value
            },
        )


@web.get("/substances/<code>")
@allow(Role.PUBLIC)
def substance(code: str) -> Any:
    """Everything known about one substance."""
    who, day = actor(), today()
    with database().reading() as session:
        found = registry.substance_by_code(session, who, code)
        if not found.answers_to(code):
            return redirect(url_for("web.substance", code=found.code, was=code[:30]))
        life = life_of(session, who, found)
        months = intake.months(session, who, day, found.id)
        years = intake.years(session, who, day, found.id)
        seen = intake.occurrences(session, who, day, [found.id]).get(found.id)
        return render_template(
            "substance.html",
            substance=found,
            seen=seen,
            first_is_event=seen and (not years or seen.first.year < years[0].year),
            told=(says := told(found.smiles, found.name)),
            known=known_of(session, found, says.law if says else None),
            variant=variant_of(found.key),
            marketed=marketed(found.key),
            beside=registry.counted_beside(session, who, found),
            months=_month_table(months),
            dated_events=sum(row.events for row in months),
            event_kinds=sorted({row.kind for row in months}),
            harm=any(row.kind in HARM for row in months),
            years=years,
            month_charts=_month_charts(months, day),
            year_charts=_year_charts(years),
            where=intake.where_seen(session, who, day, found.id),
            signals=_signals(session, found),
            alerts=notification.alerts(session, who, substance_id=found.id, limit=1).items,
            cases=_cases(session, life.ids),
            forms=intake.forms(session, who, day, found.id),
            relatives=_relatives(session, found),
            merged=life.merged,
            merged_on=merged_on(session, life.ids),
            was=next((o for o in life.merged if o.answers_to(request.args.get("was", ""))), None),
            schemes=SCHEME_NAMES,
            may_curate=who.role in SECRETARIAT,
        )


@web.get("/substances/<code>.svg")
@allow(Role.PUBLIC)
def structure_svg(code: str) -> Response:
    """The structure as a picture that scales; `?mark=family` marks what makes its family."""
    found = _substance(code)
    drawing = marked(found.smiles) if request.args.get("mark") == "family" else None
    return _picture(found, drawing or _drawing(found.smiles), "image/svg+xml")


@web.get("/substances/<code>.png")
@allow(Role.PUBLIC)
def structure_png(code: str) -> Response:
    """The structure as a picture for documents."""
    found = _substance(code)
    mol = molecule(found.smiles)
    if mol is None:
        raise NotFound(f"{found.code} cannot be drawn")
    return _picture(found, png(mol), "image/png")


@web.get("/substances/<code>.mol")
@allow(Role.PUBLIC)
def structure_mol(code: str) -> Response:
    """The structure as a molfile, for programs."""
    found = _substance(code)
    mol = molecule(found.smiles)
    if mol is None:
        raise NotFound(f"{found.code} cannot be written as a molfile")
    return _picture(found, molfile(mol, found.code), MOLFILE)


NO_PICTURE = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 220 150" width="220" height="150">'
    '<text x="110" y="78" text-anchor="middle" font-family="sans-serif" font-size="12">'
    "no drawing</text></svg>"
)


def _substance(code: str) -> Substance:
    with database().reading() as session:
        return registry.substance_by_code(session, actor(), code)


def _classes(session: Session) -> dict[Standing, ClassRow] | None:
    """What was reported of each class; only at the head of the whole list."""
    asked = any(request.args.get(name) for name in ("q", "group", "standing", "after"))
    return None if asked else intake.by_class(session, actor(), today())


@lru_cache(maxsize=4096)
def _drawing(smiles: str) -> str:
    """Drawn once in the life of a process: a list asks for forty at a time."""
    mol = molecule(smiles)
    return svg(mol) if mol else NO_PICTURE


def _picture(substance: Substance, body: str | bytes, mimetype: str) -> Response:
    """A picture with a long life: the structure of a number never changes, its drawing rarely.

    One of a substance that is not public is kept by nobody (see app.entrance).
    """
    response = Response(body, mimetype=mimetype)
    response.add_etag()
    if substance.handling is Handling.CLEAR:
        response.headers["Cache-Control"] = f"public, max-age={PICTURE_AGE}"
    response.make_conditional(request)
    return response


def _by_structure(session: Session, text: str) -> tuple[Page[Substance], dict[int, float]]:
    """What resembles a structure typed into the search box, if it is one."""
    try:
        hits = search.by_structure(session, actor(), text, "similarity")[:MOST_SIMILAR]
    except Refused:
        hits = []
    return Page([h.substance for h in hits]), {h.substance.id: h.similarity for h in hits}


def _signals(session: Session, substance: Substance) -> list[SeenEpisode]:
    """Its signals: open ones before closed ones, the gravest and then the newest first."""
    page = surveillance.episodes(session, actor(), substance_id=substance.id, limit=MOST_SIGNALS)
    return sorted(
        page.items,
        key=lambda s: (
            s.episode.state is EpisodeState.CLOSED,
            -s.view.tier,
            -s.view.since.toordinal(),
        ),
    )


def _cases(session: Session, ids: list[int]) -> list[ReviewCase]:
    """Its review cases and those of what was merged into it, for those who are signed in."""
    if actor().role not in SIGNED_IN:
        return []
    return [case for case in review.cases(session) if case.substance_id in ids]


def _relatives(session: Session, substance: Substance) -> list[tuple[Substance, float]]:
    """Members of the same cluster, the most similar first."""
    near = [
        (other, tanimoto(substance.fingerprint, other.fingerprint))
        for other in registry.relatives(session, actor(), substance, limit=60)
    ]
    return sorted(near, key=lambda pair: (-pair[1], pair[0].name))[:8]


def _month_table(months: list[MonthCount]) -> list[tuple[date, dict[EventKind, int]]]:
    """Months with events, the newest first, each by kind."""
    table: dict[date, dict[EventKind, int]] = {}
    for row in months:
        table.setdefault(row.month, {})[row.kind] = row.events
    return sorted(table.items(), reverse=True)


def _month_charts(months: list[MonthCount], today: date) -> dict[str, BarChart]:
    """Events by month, drawn once for wide and once for narrow screens."""
    if not months:
        return {}
    counts: dict[date, tuple[int, int]] = {}
    for row in months:
        total, harm = counts.get(row.month, (0, 0))
        worse = row.events if row.kind in HARM else 0
        counts[row.month] = (total + row.events, harm + worse)
    first = min(*counts, charts.months_back(today, SHORTEST_SERIES - 1))
    first = max(first, charts.months_back(today, LONGEST_SERIES - 1))
    columns = charts.month_columns(counts, first, today)
    return charts.both_widths("months", columns)


def _year_charts(years: list[YearCount]) -> dict[str, BarChart]:
    """Reports inside totals by year; years without a total stay empty, and say so."""
    if not years:
        return {}
    totals: dict[int, int] = {}
    for row in years:
        totals[row.year] = totals.get(row.year, 0) + row.reports
    columns = [
        Column(
            f"{year}: {totals[year]} reports" if year in totals else f"{year}: no total received",
            str(year),
            totals.get(year, 0),
        )
        for year in range(min(totals), max(totals) + 1)
    ]
    return charts.both_widths("years", columns)

"""The priority list: which substances to consider for review, in what order, and why."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.roles import Role
from app.entrance import actor, allow, database, now, today
from app.registry.models import Substance
from app.registry.queries import known_to, substance_by_code
from app.spreadsheets import plain_cell
from app.surveillance.counterfactuals import boards, counterfactuals, depends_on
from app.surveillance.explanation import explain
from app.surveillance.priority import SIMULATED, Entry
from app.surveillance.ranking import PriorityList, priority_list
from app.surveillance.ruleset import USUAL_PRESET, ruleset
from app.surveillance.standing import Standing
from app.web import charts, web

PAGE = 40
COLUMNS = (
    "rank", "rank_low", "rank_high", "expected_rank", "top_10", "top_20", "tier", "substance",
    "name", "group", "controlled", "preset", "score", "ceiling", "geometric", "pillar", "weight",
    "pillar_value", "contribution", "criterion", "raw", "low", "high", "unit", "value",
    "criterion_contribution", "flags", "as_of", "ruleset",
)  # fmt: skip


@web.get("/priority")
@allow(Role.PUBLIC)
def priority() -> Any:
    """A page of the list, with what each pillar contributes; `list=controlled` for those apart."""
    args = request.args
    apart = args.get("list") == "controlled"
    start = int(args["after"]) if args.get("after", "").isdecimal() else 0
    with database().reading() as session:
        ranking = _list(session)
        chosen = ranking.controlled if apart else ranking.ranked
        standing = {} if apart else ranking.standings()
        entries = chosen[start : start + PAGE]
        board = boards(ranking)
        return render_template(
            "priority.html",
            ranking=ranking,
            presets=ruleset().presets,
            apart=apart,
            entries=entries,
            first=chosen[0] if chosen else None,
            shared_flags=_shared_flags(entries),
            simulated_flag=SIMULATED,
            next=str(start + PAGE) if len(chosen) > start + PAGE else None,
            substances=_substances(session, [e.substance_id for e in (*chosen[:1], *entries)]),
            bars={e.substance_id: _bar(e) for e in entries},
            standing=standing,
            spans={
                e.substance_id: charts.rank_span(
                    standing[e.substance_id].low, e.rank, standing[e.substance_id].high, len(chosen)
                )
                for e in entries
                if e.substance_id in standing
            },
            rests={e.substance_id: depends_on(counterfactuals(ranking, e, board)) for e in entries},
        )


@web.get("/priority/<code>")
@allow(Role.PUBLIC)
def priority_of(code: str) -> Any:
    """Why one substance stands where it stands, down to the reports."""
    with database().reading() as session:
        substance = substance_by_code(session, actor(), code)
        found = explain(session, actor(), substance, preset=_preset(), as_of=today(), now=now())
        standing = found.standing
        return render_template(
            "priority_of.html",
            substance=substance,
            found=found,
            entry=found.entry,
            ranking=found.of,
            presets=ruleset().presets,
            bar=_bar(found.entry),
            span=charts.rank_span(standing.low, found.entry.rank, standing.high, found.among)
            if standing
            else None,
            simulated_flag=SIMULATED,
            places=ruleset().standing.places,
        )


@web.get("/priority.csv")
@allow(Role.PUBLIC)
def priority_csv() -> Response:
    """The same list as a file, criterion by criterion."""
    with database().reading() as session:
        ranking = _list(session)
        entries = [*ranking.ranked, *ranking.controlled]
        substances = _substances(session, [e.substance_id for e in entries])
        text = _csv(ranking, ranking.standings(), substances)
    name = f"tocsin-priority-{ranking.preset}-{today()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, mimetype="text/csv", headers=headers)


def _list(session: Session) -> PriorityList:
    return priority_list(session, actor(), as_of=today(), now=now(), preset=_preset())


def _preset() -> str:
    """The weights that the address asks for; the usual ones when it names none of ours."""
    asked = request.args.get("preset", USUAL_PRESET)
    return asked if asked in ruleset().presets else USUAL_PRESET


def _bar(entry: Entry) -> tuple[charts.Segment, ...]:
    """The points of each pillar side by side, and what harm unknown leaves open."""
    open_ = ("open", entry.ceiling - entry.score)
    return charts.stacked([*((p.name, p.contribution) for p in entry.pillars), open_])


def _substances(session: Session, ids: list[int]) -> dict[int, Substance]:
    query = select(Substance).where(Substance.id.in_(ids), known_to(actor()))
    return {substance.id: substance for substance in session.scalars(query)}


def _shared_flags(entries: Sequence[Entry]) -> tuple[str, ...]:
    """What is true of all entries shown, to be said once above them; not "simulated"."""
    if len(entries) < 2:
        return ()
    shared = [flag for flag in entries[0].flags if all(flag in e.flags for e in entries)]
    return tuple(flag for flag in shared if flag != SIMULATED)


def _csv(
    ranking: PriorityList, standing: Mapping[int, Standing], substances: Mapping[int, Substance]
) -> str:
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(COLUMNS)
    for entry in [*ranking.ranked, *ranking.controlled]:
        substance = substances.get(entry.substance_id)
        if substance is None:
            continue
        for pillar in entry.pillars:
            for criterion in pillar.criteria:
                row = [
                    entry.rank, *_standing_cells(standing.get(entry.substance_id)),
                    substance.code, substance.name, substance.group,
                    "yes" if entry.controlled else "no", ranking.preset, round(entry.score, 2),
                    round(entry.ceiling, 2),
                    None if entry.geometric is None else round(entry.geometric, 2), pillar.name,
                    round(pillar.weight, 4), pillar.value, pillar.contribution, criterion.id,
                    criterion.raw, criterion.low, criterion.high, criterion.unit, criterion.value,
                    criterion.contribution, "; ".join(entry.flags), ranking.as_of.isoformat(),
                    ranking.ruleset,
                ]  # fmt: skip
                table.writerow([plain_cell(cell) for cell in row])
    return file.getvalue()


def _standing_cells(standing: Standing | None) -> list[Any]:
    if standing is None:
        return [None] * 6
    return [
        standing.low, standing.high, round(standing.expected, 1),
        *(round(share, 4) for share in standing.within), standing.firmness.value,
    ]  # fmt: skip

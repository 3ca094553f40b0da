"""The priority list: which substances to consider for review, in what order, and why."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import Any

from flask import Response, render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.roles import Role
from app.entrance import actor, allow, database, now, today
from app.registry.models import Substance
from app.registry.queries import known_to
from app.spreadsheets import plain_cell
from app.surveillance.priority import SIMULATED, Entry
from app.surveillance.ranking import PriorityList, priority_list
from app.web import charts, web

PAGE = 40


@web.get("/priority")
@allow(Role.PUBLIC)
def priority() -> Any:
    """A page of the list, with what each pillar contributes; `list=controlled` for those apart."""
    args = request.args
    apart = args.get("list") == "controlled"
    start = int(args["after"]) if args.get("after", "").isdecimal() else 0
    with database().reading() as session:
        ranking = priority_list(session, actor(), as_of=today(), now=now())
        chosen = ranking.controlled if apart else ranking.ranked
        entries = chosen[start : start + PAGE]
        return render_template(
            "priority.html",
            ranking=ranking,
            apart=apart,
            entries=entries,
            first=chosen[0] if chosen else None,
            shared_flags=_shared_flags(entries),
            simulated_flag=SIMULATED,
            next=str(start + PAGE) if len(chosen) > start + PAGE else None,
            substances=_substances(session, [e.substance_id for e in (*chosen[:1], *entries)]),
            bars={
                e.substance_id: charts.stacked(
                    [*((p.name, p.contribution) for p in e.pillars), ("open", e.ceiling - e.score)]
                )
                for e in entries
            },
        )


@web.get("/priority.csv")
@allow(Role.PUBLIC)
def priority_csv() -> Response:
    """The same list as a file, criterion by criterion."""
    with database().reading() as session:
        ranking = priority_list(session, actor(), as_of=today(), now=now())
        entries = [*ranking.ranked, *ranking.controlled]
        substances = _substances(session, [e.substance_id for e in entries])
        text = _csv(ranking, substances)
    name = f"tocsin-priority-{today()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text, mimetype="text/csv", headers=headers)


def _substances(session: Session, ids: list[int]) -> dict[int, Substance]:
    query = select(Substance).where(Substance.id.in_(ids), known_to(actor()))
    return {substance.id: substance for substance in session.scalars(query)}


def _shared_flags(entries: Sequence[Entry]) -> tuple[str, ...]:
    """What is true of all entries shown, to be said once above them; not "simulated"."""
    if len(entries) < 2:
        return ()
    shared = [flag for flag in entries[0].flags if all(flag in e.flags for e in entries)]
    return tuple(flag for flag in shared if flag != SIMULATED)


def _csv(ranking: PriorityList, substances: dict[int, Substance]) -> str:
    file = io.StringIO()
    table = csv.writer(file)
    table.writerow(
        ["rank", "substance", "name", "group", "controlled", "score", "pillar", "weight",
         "pillar_value", "contribution", "criterion", "raw", "unit", "value", "flags"]
    )  # fmt: skip
    for entry in [*ranking.ranked, *ranking.controlled]:
        substance = substances.get(entry.substance_id)
        if substance is None:
            continue
        for pillar in entry.pillars:
            for criterion in pillar.criteria:
                row = [
                    entry.rank, substance.code, substance.name, substance.group,
                    "yes" if entry.controlled else "no", round(entry.score, 2), pillar.name,
                    round(pillar.weight, 4), pillar.value, pillar.contribution, criterion.id,
                    criterion.raw, criterion.unit, criterion.value, "; ".join(entry.flags),
                ]  # fmt: skip
                table.writerow([plain_cell(cell) for cell in row])
    return file.getvalue()

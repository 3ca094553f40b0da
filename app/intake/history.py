"""The life of a substance in the register, as one reader may know it.

Who reported is never told: a country is named only where the figures this reader may see name it.
Who did what in the register, and why, is told to the secretariat.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.roles import SECRETARIAT, Actor
from app.countries import in_a_sentence
from app.intake.figures import where_seen
from app.intake.models import Finding, FindingMove, Report
from app.intake.sight import figures_for, reports_of
from app.intake.words import EventKind, Precision
from app.registry.acts import acts_on
from app.registry.identifiers import SCHEME_NAMES
from app.registry.models import ActKind, RegistryAct, Scheme, Substance
from app.registry.names import CURATOR
from app.registry.queries import known_to, names_of

MOST_NAMES = 12


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that happened to a substance; `day` is as exact as `precision` says."""

    day: date
    precision: Precision
    kind: str
    told: str
    code: str | None = None  # of an act or a signal
    by: str | None = None  # told to the secretariat
    reason: str | None = None  # likewise


@dataclass(frozen=True, slots=True)
class Life:
    """A substance, those merged into it that the reader may know of, and who asks."""

    substance: Substance
    merged: tuple[Substance, ...]

    @property
    def ids(self) -> list[int]:
        """Their ids."""
        return [self.substance.id, *(one.id for one in self.merged)]


def life_of(session: Session, actor: Actor, substance: Substance) -> Life:
    """The substance with those merged into it, as far as `actor` may know of them."""
    merged = select(Substance).where(Substance.merged_into_id == substance.id, known_to(actor))
    return Life(substance, tuple(session.scalars(merged.order_by(Substance.id))))


def happenings(session: Session, actor: Actor, today: date, life: Life) -> list[Happening]:
    """What happened to it, in no order."""
    return [
        *_enrolled(session, actor, today, life),
        *_named(session, actor, life),
        *_listed(life),
        *_seen(session, actor, today, life.substance),
        *_acts(session, actor, life),
    ]


def _on(moment: datetime, kind: str, told: str) -> Happening:
    return Happening(moment.date(), Precision.DAY, kind, told)


def _enrolled(session: Session, actor: Actor, today: date, life: Life) -> Iterator[Happening]:
    for one in (life.substance, *life.merged):
        who = "" if one is life.substance else f" {one.code}"
        if one.found_by is None:
            told = f"Enrolled{who} with the knowledge base"
        elif kind := _first_kind(session, actor, today, one):
            told = f"Enrolled{who} by a report of {_spoken(kind)}"
        else:
            told = f"Enrolled{who} by a report"
        yield _on(one.enrolled_at, "enrolled", told)


def _first_kind(session: Session, actor: Actor, today: date, one: Substance) -> EventKind | None:
    """The kind of the report that brought it, where this reader's figures hold that report."""
    taken = (
        select(Finding.report_id)
        .join(FindingMove, FindingMove.finding_id == Finding.id)
        .where(FindingMove.from_substance_id == one.id)
    )
    near = timedelta(days=1)
    query = (
        select(Report.event_kind)
        .where(
            Report.id.in_(reports_of(one.id)) | Report.id.in_(taken),
            Report.received_at.between(one.enrolled_at - near, one.enrolled_at + near),
            figures_for(actor, today),
        )
        .order_by(Report.received_at, Report.id)
        .limit(1)
    )
    return session.scalar(query)


def _spoken(kind: EventKind) -> str:
    word = kind.value.replace("_", " ")
    return f"an {word}" if word[0] in "aeiou" else f"a {word}"


def _named(session: Session, actor: Actor, life: Life) -> Iterator[Happening]:
    rows = [
        (one.since, _source(actor, one.source), one.name)
        for one in names_of(session, actor, life.substance.id)
        if one.name != life.substance.cas
    ]
    for (since, source), group in groupby(sorted(rows), key=lambda row: row[:2]):
        names = [name for _, _, name in group]
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        noun = "Name" if len(names) == 1 else "Names"
        yield _on(since, "named", f"{noun} {'; '.join(names[:MOST_NAMES])}{more} ({source})")


def _source(actor: Actor, source: str) -> str:
    """Who vouches for a name; which curator it was is told to the secretariat."""
    if source.startswith(CURATOR) and actor.role not in SECRETARIAT:
        return "a curator"
    return source


def _listed(life: Life) -> Iterator[Happening]:
    for listing in life.substance.controls:
        if listing.year is None:
            continue
        of = f" (as {listing.of})" if listing.of else ""
        yield Happening(
            date(listing.year, 1, 1),
            Precision.YEAR,
            "listed",
            f"Schedule {listing.schedule} of the {listing.convention} Convention{of}",
        )


def _seen(session: Session, actor: Actor, today: date, one: Substance) -> Iterator[Happening]:
    for row in where_seen(session, actor, today, one.id):
        precision = Precision.MONTH if row.events else Precision.YEAR
        how = "" if row.events else ", in totals alone"
        yield Happening(row.first, precision, "seen", f"First in {in_a_sentence(row.country)}{how}")


def _acts(session: Session, actor: Actor, life: Life) -> Iterator[Happening]:
    acts = acts_on(session, life.ids)
    named = _known(session, actor, acts)
    for act in acts:
        told = _told(act, named)
        if told is None:
            continue
        kind, sentence = told
        inside = actor.role in SECRETARIAT
        if inside and act.findings:
            sentence += f"; {act.findings} finding{'' if act.findings == 1 else 's'} moved"
        yield Happening(
            act.at.date(),
            Precision.DAY,
            kind,
            sentence + (", undone since" if act.undone_at else ""),
            code=act.code if inside else None,
            by=act.done_by if inside else None,
            reason=act.reason if inside else None,
        )


def _known(session: Session, actor: Actor, acts: Iterable[RegistryAct]) -> dict[int, str]:
    """What the substances in these acts are called, of those the reader may know of."""
    ids = {n for act in acts for n in (act.substance_id, act.other_id) if n is not None}
    query = select(Substance).where(Substance.id.in_(ids), known_to(actor))
    return {one.id: f"{one.code} ({one.name})" for one in session.scalars(query)}


def _told(act: RegistryAct, named: dict[int, str]) -> tuple[str, str] | None:
    """Kind and sentence of an act; None where it speaks of what the reader may not know of."""
    if act.substance_id is None:
        return None
    if act.other_id is None:
        return _told_of_one(act)
    source, target = named.get(act.substance_id), named.get(act.other_id)
    if source is None or target is None:
        return None
    return {
        ActKind.MERGE: ("merged", f"{source} merged into {target}"),
        ActKind.SPLIT: ("split", f"Split from {source}: {target} is counted apart"),
        ActKind.APART: ("apart", f"Not one substance: {source} and {target}"),
        ActKind.UNDO: ("undone", f"Put back as it was: {source} and {target}"),
    }.get(act.kind)


def _told_of_one(act: RegistryAct) -> tuple[str, str] | None:
    detail = act.detail
    if act.kind is ActKind.UNDO:
        return "undone", "The choice of a name taken back"
    if act.kind is ActKind.PREFER:
        how = "chosen by a curator" if detail["after_chosen"] else "by the rules again"
        return "preferred", f"Goes by {detail['after']} ({how}); before by {detail['before']}"
    if act.kind is ActKind.CLASSIFY:
        return "classified", _reclassified(detail["before"], detail["after"])
    if act.kind not in (ActKind.IDENTIFY, ActKind.UNIDENTIFY):
        return None
    of = f" of the {detail['of_form']}" if detail["of_form"] else ""
    gone = " taken away" if act.kind is ActKind.UNIDENTIFY else ""
    return "identified", f"{SCHEME_NAMES[Scheme(detail['scheme'])]} {detail['value']}{of}{gone}"


def _reclassified(before: dict[str, str], after: dict[str, str]) -> str:
    changes = [
        f"{field} {_word(before[field])} → {_word(after[field])}"
        for field in ("standing", "group", "family", "effect")
        if before[field] != after[field]
    ]
    return f"Classified anew by ruleset {after['ruleset']}: {', '.join(changes)}"


def _word(value: str) -> str:
    return value.replace("_", " ") or "none"

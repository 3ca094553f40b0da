"""Priority for review: how prevalent, persistent and harmful, from fixed anchors, fully decomposed.

The three pillars are the words of GA resolution 72/198; a preset weighs them, equally unless asked
otherwise. Criteria count equally inside a pillar, but for the severity of the class, which counts
little and fades (app.surveillance.harmful); the share of one without data goes to the others.
Without any report on harm it is "harm unknown": that part of the pillar contributes nothing, and
the entry says so and what it could reach. Nothing is ever left out: a weak pillar is a mark. The
order is advisory: for consideration, and no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import prod

from app.surveillance.criteria import EVENTS, Criterion, Setting, Subject, persistent, prevalent
from app.surveillance.harmful import CLASS_PRIOR, harm_events, harmful, prior_share
from app.surveillance.ruleset import USUAL_PRESET, Anchors, Weights, ruleset
from app.surveillance.sightings import HARMS, Cell
from app.surveillance.spans import Period

PILLARS = ("prevalent", "persistent", "harmful")

HARM_UNKNOWN = "harm unknown"
HARM_IN_AGGREGATES = "harm known from aggregates only"
AGGREGATES_ONLY = "known from aggregates only"
NO_EXPOSURE = "no exposure declared: counts, not rates"
UNCONFIRMED = "no identification of grade A or B"
SIMULATED = "simulated"


@dataclass(frozen=True, slots=True)
class Pillar:
    """Prevalent, persistent or harmful: the mean of its criteria, and its points of the score."""

    name: str
    value: float | None  # with what is unknown of it as nought; None when nothing is known
    weight: float
    contribution: float
    unknown: float  # points of the score that what is unknown of it could add
    criteria: tuple[Criterion, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """A substance in the list; the contributions of its pillars, added in order, are its score."""

    substance_id: int
    rank: int
    score: float  # 0 to 100
    ceiling: float  # the score if what is unknown about harm were the worst
    geometric: float | None  # where no pillar makes up for another; None while harm is unknown
    pillars: tuple[Pillar, ...]
    flags: tuple[str, ...]
    controlled: bool


def entry(
    subject: Subject,
    cells: Sequence[Cell],
    periods: Sequence[Period],
    among: Setting,
    anchors: Anchors,
    *,
    weights: Weights | None = None,
) -> Entry:
    """The score of one substance, not yet ranked; the usual weights if none are given."""
    prior = prior_share(harm_events(cells), anchors)
    measured = (
        prevalent(subject, cells, periods, among, anchors),
        persistent(subject, cells, among, anchors),
        harmful(subject, cells, among, anchors),
    )
    shares = (_shares(measured[0]), _shares(measured[1]), _shares(measured[2], prior))
    asked = weights or ruleset().presets[USUAL_PRESET]
    pillars = tuple(map(_pillar, PILLARS, measured, shares, asked))
    flags = (*_flags(cells, measured[0]), *_gate(pillars, anchors))
    return _entry(subject.substance_id, pillars, flags, subject.controlled)


def reweighed(item: Entry, weights: Weights) -> Entry:
    """The same substance under other weights of the pillars, not yet ranked."""
    pillars = tuple(
        _pillar(p.name, p.criteria, [c.share for c in p.criteria], weight)
        for p, weight in zip(item.pillars, weights, strict=True)
    )
    return _entry(item.substance_id, pillars, item.flags, item.controlled)


def ranked(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The highest score first; equal scores share a rank."""
    ordered = sorted(entries, key=lambda e: (-round(e.score, 9), e.substance_id))
    placed: list[Entry] = []
    for position, item in enumerate(ordered, start=1):
        tied = placed and round(placed[-1].score, 9) == round(item.score, 9)
        placed.append(replace(item, rank=placed[-1].rank if tied else position))
    return tuple(placed)


def weak_pillar(name: str) -> str:
    """The mark of a substance with a pillar so low that the resolution's "and" is in doubt."""
    return f"hardly {name}"


def _entry(
    substance_id: int, pillars: tuple[Pillar, ...], flags: tuple[str, ...], controlled: bool
) -> Entry:
    score = sum(pillar.contribution for pillar in pillars)
    unknown = sum(pillar.unknown for pillar in pillars)
    known = [(p.value, p.weight) for p in pillars if p.value is not None and not p.unknown]
    whole = len(known) == len(pillars)
    return Entry(
        substance_id=substance_id,
        rank=0,
        score=score,
        ceiling=min(100.0, score + unknown),
        geometric=prod(value**weight for value, weight in known) if whole else None,
        pillars=pillars,
        flags=flags,
        controlled=controlled,
    )


def _shares(criteria: Sequence[Criterion], prior: float = 0.0) -> list[float]:
    """The share of each criterion in its pillar: `prior` of the class, the others alike."""
    has_prior = any(c.id == CLASS_PRIOR and c.value is not None for c in criteria)
    of_class = prior if has_prior else 0.0
    others = sum(c.value is not None and c.id != CLASS_PRIOR for c in criteria)
    return [
        0.0 if c.value is None else of_class if c.id == CLASS_PRIOR else (1 - of_class) / others
        for c in criteria
    ]


def _pillar(
    name: str, criteria: Sequence[Criterion], shares: Sequence[float], weight: float
) -> Pillar:
    weighed = tuple(_weighed(c, s, weight) for c, s in zip(criteria, shares, strict=True))
    values = [c.share * c.value for c in weighed if c.value is not None]
    prior = sum(c.share for c in weighed if c.id == CLASS_PRIOR)
    unknown = not any(c.share for c in weighed if c.id != CLASS_PRIOR)
    return Pillar(
        name=name,
        value=min(100.0, sum(values)) if values else None,
        weight=weight,
        contribution=sum(c.contribution for c in weighed),
        unknown=100 * weight * (1 - prior) if unknown else 0.0,
        criteria=weighed,
    )


def _weighed(c: Criterion, share: float, weight: float) -> Criterion:
    """Made anew and not by `replace`, which is slow for the many there are."""
    points = weight * share * (c.value or 0.0)
    return Criterion(
        c.id, c.label, c.raw, c.unit, c.value, c.low, c.high, share, weight * share, points,
        c.posterior, c.scale,
    )  # fmt: skip


def _gate(pillars: Sequence[Pillar], anchors: Anchors) -> Iterable[str]:
    for pillar in pillars:
        if pillar.value is not None and not pillar.unknown and pillar.value < anchors.least_pillar:
            yield weak_pillar(pillar.name)


def _flags(cells: Sequence[Cell], prevalence: Sequence[Criterion]) -> Iterable[str]:
    informative = [c for c in cells if c.kind in HARMS]
    if not informative:
        yield HARM_UNKNOWN
    elif not any(c.events for c in informative):
        yield HARM_IN_AGGREGATES
    if not any(c.events for c in cells):
        yield AGGREGATES_ONLY
    elif prevalence[0].label == EVENTS:
        yield NO_EXPOSURE
    if not any(c.confirmed for c in cells):
        yield UNCONFIRMED
    if any(c.simulated for c in cells):
        yield SIMULATED

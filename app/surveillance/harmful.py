"""Harmful: deaths, the share of events that did harm, acute toxicity, deaths beside its class.

From single events only. Without any report that could tell of harm, harm is unknown and not low:
then only the severity of the class says something, a little, and that fades as own reports arrive.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from math import exp, log

from app.intake.words import CausalRole, EventKind
from app.surveillance.criteria import (
    Criterion,
    Setting,
    Stratum,
    Subject,
    estimated,
    fatal_events,
    stratum,
)
from app.surveillance.posteriors import (
    LinearScale,
    Posterior,
    SaturatingScale,
    Shape,
    information_component,
    weighted_posterior,
    worth,
)
from app.surveillance.ruleset import Anchors
from app.surveillance.severity import WORST
from app.surveillance.sightings import HARMS, Cell
from app.surveillance.windows import months_between

CLASS_PRIOR = "H5"
NO_CLASS = frozenset({"", "other"})  # no class whose members could be compared


def harmful(
    subject: Subject, cells: Sequence[Cell], among: Setting, anchors: Anchors
) -> list[Criterion]:
    """What harm was reported; H1 to H4 have no value when nothing could be."""
    events = [c for c in cells if c.events]
    deaths = _weighed(events, EventKind.DEATH, among.as_of, anchors)
    toxic = _weighed(events, EventKind.ACUTE_TOXICITY, among.as_of, anchors)
    measured = [
        estimated(
            "H1", "Deaths", deaths[0], "deaths, weighted by cause and age",
            of=deaths[1], by=SaturatingScale(anchors.death_constant),
        ),
        _fraction(events, anchors),
        estimated(
            "H3", "Acute toxicity", toxic[0], "cases, weighted by cause and age",
            of=toxic[1], by=SaturatingScale(anchors.toxicity_constant),
        ),
        _beside_class(subject, events, among, anchors),
    ]  # fmt: skip
    if not any(c.kind in HARMS for c in cells):
        measured = [Criterion(c.id, c.label, None, c.unit, None) for c in measured]
    return [*measured, _class_prior(subject)]


def harm_events(cells: Iterable[Cell]) -> int:
    """Events that told of a death or of acute toxicity."""
    return sum(c.events for c in cells if c.kind in HARMS)


def prior_share(events: int, anchors: Anchors) -> float:
    """How much of the pillar the severity of the class makes, after so many own events of harm."""
    return anchors.prior_share * max(0.0, 1 - events / anchors.prior_events)


def _fraction(events: Sequence[Cell], anchors: Anchors) -> Criterion:
    """Shrunken towards what is expected of any substance: one death of two is not a half."""
    total, harms = sum(c.events for c in events), harm_events(events)
    prior = anchors.harm_prior_events
    expected = anchors.harm_prior * prior
    return estimated(
        "H2", "Harm fraction", (harms + expected) / (total + prior),
        f"of {total} events, shrunken",
        of=Posterior(Shape.BETA, harms + expected, total - harms + prior - expected),
        by=LinearScale(anchors.harm_anchor),
    )  # fmt: skip


def _beside_class(
    subject: Subject, events: Sequence[Cell], among: Setting, anchors: Anchors
) -> Criterion:
    """Fatal events beside what its class would have had: the information component.

    Expected are the deaths if, in each country and year, its events had been as often fatal as
    those of the whole class (Mantel-Haenszel). The value is of the lower limit, which holds the
    uncertainty already. It is the share of reports that are fatal, and not a risk.
    """
    id, label = "H4", "Deaths beside its class"
    own: defaultdict[Stratum, int] = defaultdict(int)
    for cell in events:
        own[stratum(subject.group, cell, among.as_of)] += cell.events
    others = among.class_events.get(subject.group, 0) - sum(own.values())
    if subject.group in NO_CLASS or others <= 0:
        return Criterion(id, label, None, "information component", None)
    expected = 0.0
    for at, count in own.items():
        total, fatal = among.harms[at]
        expected += count * fatal / total
    observed = sum(fatal_events(c) for c in events)
    component, low, high = information_component(observed, expected)
    value = worth(low, LinearScale(anchors.component_anchor))
    unit = f"information component: {observed} fatal, {expected:.1f} expected of {subject.group}"
    return Criterion(id, label, component, unit, value, low, high)


def _class_prior(subject: Subject) -> Criterion:
    label, known = "Severity of its class", subject.severity
    if known is None:
        return Criterion(CLASS_PRIOR, label, None, f"0 to {WORST}, judged", None)
    unit = f"of {WORST}, judged for {known.name}"
    return Criterion(CLASS_PRIOR, label, float(known.degree), unit, 100 * known.degree / WORST)


def _weighed(
    cells: Iterable[Cell], kind: EventKind, as_of: date, anchors: Anchors
) -> tuple[float, Posterior]:
    """Cases of a kind, each by the substance's part in it, halved with every half-life of age.

    Cells are put in an order first, so that the order they came in changes nothing.
    """
    weights = sorted(
        (
            _part(cell.causal_role, anchors)
            * exp(-log(2) * months_between(cell.last, as_of) / anchors.half_life_months),
            cell.cases,
        )
        for cell in cells
        if cell.kind is kind
    )
    return sum(w * n for w, n in weights), weighted_posterior(weights)


def _part(role: CausalRole | None, anchors: Anchors) -> float:
    return {
        CausalRole.SOLE: anchors.role_sole,
        CausalRole.CONTRIBUTORY: anchors.role_contributory,
        CausalRole.PRESENT: anchors.role_present,
    }.get(role or CausalRole.UNKNOWN, anchors.role_unknown)

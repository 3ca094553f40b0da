"""The dossier: what is held on a substance, in the order of an ECDD critical review.

The nineteen headings are those of WHO's guidance on the review of psychoactive substances. Under a
heading on which nothing is held it says so: an empty heading is not a finding. Figures come through
the same queries as the pages, so they are what this reader may see.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.countries import country_name
from app.intake.figures import CountryRow, where_seen, years
from app.intake.words import EventKind
from app.registry.fact_queries import facts_of
from app.registry.facts import Fact, MeasureKind, Topic, UseKind
from app.registry.models import Standing, Substance
from app.registry.queries import names_of
from chem.families import family_named
from chem.generics import IN, NOTICE, OUT
from chem.known import marketed
from chem.law import Answer, answer_for


@dataclass(frozen=True, slots=True)
class Section:
    """One heading and what is held under it, a sentence each; none when nothing is held."""

    number: int
    heading: str
    facts: tuple[str, ...] = ()


HEADINGS = (
    "Substance identification",
    "Chemistry",
    "Ease of convertibility into controlled substances",
    "General pharmacology",
    "Toxicology",
    "Adverse reactions in humans",
    "Dependence potential",
    "Abuse potential",
    "Therapeutic applications and extent of therapeutic use",
    "Listing on the WHO Model List of Essential Medicines",
    "Marketing authorizations",
    "Industrial use",
    "Non-medical use, abuse and dependence",
    "Nature and magnitude of public health problems",
    "Licit production, consumption and international trade",
    "Illicit manufacture and traffic",
    "Current international controls and their impact",
    "Current and past national controls",
    "Other medical and scientific matters",
)


def dossier(
    session: Session, actor: Actor, today: date, substance: Substance
) -> tuple[Section, ...]:
    """The nineteen sections for a substance, from what `actor` may see as of `today`."""
    seen = where_seen(session, actor, today, substance.id)
    totals = years(session, actor, today, substance.id)
    law = answer_for(substance.smiles)
    known = facts_of(session, actor, substance, _covering(law))
    held = {
        1: _identification(session, actor, substance),
        2: _chemistry(substance),
        6: _adverse(seen),
        9: _therapeutic(substance) + _uses(known, UseKind.THERAPEUTIC, UseKind.VETERINARY),
        12: _uses(known, UseKind.INDUSTRIAL),
        13: _use(seen, [(total.year, total.country, total.reports) for total in totals]),
        14: _magnitude(seen),
        16: _traffic(seen),
        17: _controls(substance),
        18: _classes(law) + _measures(known),
        19: _uses(known, UseKind.SCIENTIFIC) + _lists(known),
    }
    return tuple(
        Section(number, heading, tuple(held.get(number, ())))
        for number, heading in enumerate(HEADINGS, start=1)
    )


def _identification(session: Session, actor: Actor, substance: Substance) -> list[str]:
    known = {substance.name, substance.cas}
    held = names_of(session, actor, substance.id)
    names = list(dict.fromkeys(name.name for name in held if name.name not in known))
    facts = [f"{substance.name}, {substance.code}.", f"InChIKey {substance.inchikey}."]
    if names:
        facts.append(f"Also called {', '.join(names)}.")
    if substance.cas:
        facts.append(f"CAS number {substance.cas}.")
    return facts


def _chemistry(substance: Substance) -> list[str]:
    found = family_named(substance.family)
    family = found.label if found else "no family known"
    return [
        f"{substance.formula}, monoisotopic mass {substance.mass:.4f} Da.",
        f"SMILES {substance.smiles}.",
        f"Family: {family}; UNODC group: {substance.group or 'none'}. {substance.cluster.reason}",
    ]


def _therapeutic(substance: Substance) -> list[str]:
    if substance.standing is Standing.MEDICINE:
        return ["Held here as a marketed medicine."]
    used = marketed(substance.key)
    return [f"A medicine in {used.where}: {used.use}."] if used else []


def _adverse(seen: list[CountryRow]) -> list[str]:
    deaths = [row for row in seen if row.deaths]
    facts = [
        f"{country_name(row.country)}: {_number(row.deaths, 'death')} to which it contributed."
        for row in deaths
    ]
    toxic = [country_name(r.country) for r in seen if EventKind.ACUTE_TOXICITY in r.kinds]
    if toxic:
        facts.append(f"Acute toxicity was reported by {', '.join(sorted(toxic))}.")
    return facts


def _use(seen: list[CountryRow], totals: list[tuple[int, str, int]]) -> list[str]:
    facts = [
        f"{country_name(row.country)}: {_number(row.events, 'event')} from {row.first:%b %Y} "
        f"to {row.last:%b %Y}."
        for row in seen
        if row.events
    ]
    facts += [
        f"{country_name(country)}, {year}: {_number(number, 'report')} inside a yearly total."
        for year, country, number in totals
    ]
    return facts


def _magnitude(seen: list[CountryRow]) -> list[str]:
    if not seen:
        return []
    events, recent = sum(r.events for r in seen), sum(r.events_recent for r in seen)
    linked = sum(r.deaths for r in seen)
    lands = _number(len(seen), "country", "countries")
    return [
        f"{_number(events, 'event')} from {lands}, {recent:,} of them in the last 12 months.",
        f"{_number(linked, 'death')} to which it contributed."
        if linked
        else "No death to which it contributed was reported; missing harm data are not low harm.",
    ]


def _traffic(seen: list[CountryRow]) -> list[str]:
    seized = sorted(country_name(row.country) for row in seen if EventKind.SEIZURE in row.kinds)
    return [f"Seizures were reported by {', '.join(seized)}."] if seized else []


def _controls(substance: Substance) -> list[str]:
    return [
        f"{listing.convention} Convention, Schedule {listing.schedule}"
        + (f", decided {listing.year}." if listing.year else ".")
        for listing in substance.controls
    ]


def _covering(law: Answer | None) -> list[str]:
    """Definitions whose wording or list of names covers it for certain."""
    return [one.definition for one in law.generic if one.named or one.outcome == IN] if law else []


def _measures(known: list[Fact]) -> list[str]:
    """National measures that were declared, past ones too."""
    return [
        f"{_place(fact)}: {_word(fact)}{_span(fact)}: {fact.says} ({fact.source}); {NOTICE}."
        for fact in known
        if fact.topic is Topic.MEASURE
    ]


def _uses(known: list[Fact], *kinds: UseKind) -> list[str]:
    return [
        f"{_place(fact)}, {_word(fact)} use{_span(fact)}: {fact.says} ({fact.source})."
        for fact in known
        if fact.topic is Topic.USE and fact.kind in kinds
    ]


def _lists(known: list[Fact]) -> list[str]:
    return [
        f"Surveillance list: {fact.says}{_span(fact)} ({fact.source})."
        for fact in known
        if fact.topic is Topic.SURVEILLANCE
    ]


def _place(fact: Fact) -> str:
    return country_name(fact.country) if fact.country else "Internationally"


def _word(fact: Fact) -> str:
    word = "not controlled" if fact.kind == MeasureKind.NONE else fact.kind.replace("_", " ")
    return f"{word} ({fact.covers.partition(':')[2]})" if fact.covers else word


def _span(fact: Fact) -> str:
    """From when to when, as exactly as it was given."""
    begun = f", since {fact.since}" if fact.since else ""
    return begun + (f", until {fact.until}" if fact.until else "")


def _classes(law: Answer | None) -> list[str]:
    """National definitions of classes whose wording covers it, or may."""
    facts = []
    for ruling in law.applying if law else ():
        ways = ["named in the lists"] if ruling.named else []
        if ruling.outcome != OUT:
            clauses = ", ".join(clause.id for clause in ruling.clauses)
            perhaps = "" if ruling.outcome == IN else "perhaps "
            ways.append(f"{perhaps}within the wording{f' ({clauses})' if clauses else ''}")
        facts.append(
            f"{country_name(ruling.jurisdiction)}: {' and '.join(ways)} of "
            f"\u201c{ruling.title}\u201d, since {ruling.valid_from:%d %b %Y}; {NOTICE}."
        )
    return facts


def _number(number: int, one: str, many: str | None = None) -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"

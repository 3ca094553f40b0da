"""The simulated part: event reports of other countries, made from `data/scenario.toml` with a seed.

The same day gives the same reports. Each is received some weeks after its event, as in life; what
would only arrive in the future is left out.
"""

from __future__ import annotations

import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from sqlalchemy import select

from app.countries import country_name
from app.db import Database
from app.demonstration.logins import authority
from app.demonstration.sending import send
from app.registry.models import Substance, SubstanceName
from app.registry.names import name_key

SCENARIO = Path(__file__).parent / "data" / "scenario.toml"
SEED = 20261121
MONTH = 30.44  # days
HANDLING = (("clear", 0.74), ("green", 0.12), ("amber", 0.12), ("red", 0.02))
FORMS = (("powder", "g"), ("tablet", "tablet"), ("herbal", "g"), ("liquid", "mL"))
SALT = ".Cl"


@dataclass(frozen=True, slots=True)
class Simulated:
    """One report, when it happened and when it arrived."""

    event: date
    received: date
    fields: dict[str, Any] = field(hash=False)

    @property
    def country(self) -> str:
        """Where it was reported."""
        return str(self.fields["country"])


def load_simulated(database: Database, now: datetime) -> int:
    """Take the scenario in, month by month of arrival; how many reports there are."""
    scenario = tomllib.loads(SCENARIO.read_text(encoding="utf-8"))
    made = list(simulate(scenario, structures(database, scenario), now.date()))
    batches: dict[tuple[date, str], list[Simulated]] = defaultdict(list)
    for report in made:
        batches[report.received, report.country].append(report)
    with database.transaction() as session:
        homes = {
            country: authority(
                session, f"SIM-{country}", f"Simulated laboratory, {country_name(country)}",
                country, now,
            )
            for country in sorted({report.country for report in made})
        }  # fmt: skip
    taken = 0
    for (received, country), reports in sorted(batches.items()):
        noon = datetime(received.year, received.month, received.day, 12, tzinfo=now.tzinfo)
        sent = [report.fields for report in reports]
        taken += send(database, homes[country], sent, received=min(now, noon), simulated=True)
    return taken


def structures(database: Database, scenario: dict[str, Any]) -> dict[str, str]:
    """The structure of every substance the scenario names, from the registry."""
    names = {story["name"] for part in ("spread", "steady", "once") for story in scenario[part]}
    keys = {name_key(name): name for name in names}
    query = (
        select(SubstanceName.key, Substance.smiles)
        .join(Substance)
        .where(SubstanceName.key.in_(keys))
    )
    with database.reading() as session:
        return {keys[key]: smiles for key, smiles in session.execute(query)}


def simulate(scenario: dict[str, Any], smiles: dict[str, str], today: date) -> Iterator[Simulated]:
    """The scenario's reports that have arrived by `today`. Raises KeyError for an unknown name."""
    random = Random(SEED)  # noqa: S311 - a story, not a secret
    number = 0
    for event, country, name, more in _events(scenario, today, random):
        received = event + timedelta(days=3 + round(random.lognormvariate(3.2, 0.7)))
        number += 1
        if event > today or received > today:
            continue
        finding: dict[str, Any] = {"substance_name": name}
        if name in smiles:
            finding |= _identified(smiles[name], random)
        fields = {
            "reference": f"SIM-{country}-{number:05d}",
            "event_date": event.isoformat(),
            "country": country,
            "findings": [finding],
            **more,
        }
        yield Simulated(event, received, fields)


def _events(
    scenario: dict[str, Any], today: date, random: Random
) -> Iterator[tuple[date, str, str, dict[str, Any]]]:
    for story in scenario["spread"]:
        for place, country in enumerate(story["countries"]):
            begins = story["start"] - place * story["step"]
            for months_ago in _moments(begins, story["rate"], story["growth"], random):
                day = today - timedelta(days=round(months_ago * MONTH))
                yield day, country, story["name"], _kind(random, story["deaths"])
    for story in scenario["steady"]:
        for country in story["countries"]:
            for months_ago in _moments(18, story["rate"], 1.0, random):
                day = today - timedelta(days=round(months_ago * MONTH))
                yield day, country, story["name"], _kind(random, 0.02)
    for story in scenario["once"]:
        day = today - timedelta(days=round((story["months_ago"] + random.random()) * MONTH))
        more = _kind(random, 0.0) | {"handling": story["handling"]}
        yield day, story["country"], story["name"], more
    for story in scenario["unknown"]:
        for country in story["countries"]:
            day = today - timedelta(days=round((story["months_ago"] + random.random()) * MONTH))
            yield day, country, story["name"], _kind(random, 0.0) | {"handling": "clear"}


def _moments(begins: float, rate: float, growth: float, random: Random) -> Iterator[float]:
    """Months ago at which something happens: a Poisson process whose rate grows."""
    ago = begins
    while ago > 0:
        ago -= random.expovariate(rate * growth ** (begins - ago))
        if ago > 0:
            yield ago


def _kind(random: Random, deaths: float) -> dict[str, Any]:
    handling = random.choices([w for w, _ in HANDLING], [p for _, p in HANDLING])[0]
    chance = random.random()
    if chance < deaths:
        role = random.choice(["sole", "contributory", "contributory", "present"])
        harm = {"event_kind": "death", "causal_role": role, "outcome": "death"}
        return harm | {"handling": handling, "agency": "health", "matrix": "femoral blood"}
    if chance < deaths * 1.6 + 0.03:
        harm = {"event_kind": "acute_toxicity", "causal_role": "unknown", "outcome": "recovered"}
        return harm | {"handling": handling, "agency": "health"}
    if chance > 0.85:
        return {"event_kind": "collected_sample", "agency": "drug_checking", "handling": handling}
    form, unit = random.choice(FORMS)
    return {
        "event_kind": "seizure",
        "agency": random.choice(["police", "customs", "post"]),
        "physical_form": form,
        "quantity": round(random.lognormvariate(2.2, 1.4), 1),
        "unit": unit,
        "handling": handling,
    }


def _identified(smiles: str, random: Random) -> dict[str, Any]:
    """How sure the laboratory is; amines often come as the hydrochloride."""
    salted = "N" in smiles and random.random() < 0.3
    return {
        "structure": smiles + (SALT if salted else ""),
        "techniques": random.choice([["GC-MS"], ["GC-MS", "FTIR"], ["LC-HRMS"], ["GC-MS", "NMR"]]),
        "confirmation": random.choice(["reference_standard", "library_match", "library_match"]),
    }

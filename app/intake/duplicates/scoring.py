"""How much two reports speak for one event: field by field, in bits that add up.

What one of the two does not say weighs nothing, for or against.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.intake.duplicates.cases import Case, distinctive, holds, is_round, reference_parts
from app.intake.duplicates.weights import Weights, weights
from app.intake.words import AgeBand, Sex

Levels = dict[str, str | None]

ALIKE = 0.8  # Jaccard index from which two sets of substances are the same
LEAST_OTHERS = 2
SHARED_REFERENCE, SAME_PERSON_AND_DAY = "shared reference", "same age band, sex and day"


class Verdict(StrEnum):
    """What follows from comparing a pair."""

    LINK = "link"  # one event, by one reporter: linked automatically, and said
    PROPOSE = "propose"  # one event, by two reporters: for a curator to confirm
    LOOK = "look"  # may be one event: for a curator to look at
    DISTINCT = "distinct"


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one field adds; `level` is None where one of the two does not say."""

    field: str
    level: str | None
    weight: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """A pair compared: the contributions, in the order of the table, add up to `weight`."""

    contributions: tuple[Contribution, ...]
    weight: float
    posterior: float
    verdict: Verdict
    fatal: bool
    strong: tuple[str, ...]
    method: str

    def as_dict(self) -> dict[str, Any]:
        """The plain form that is stored: levels and weights, nothing of the reports themselves."""
        return {
            "fields": [
                {"field": c.field, "level": c.level, "weight": c.weight} for c in self.contributions
            ],
            "weight": self.weight,
            "posterior": self.posterior,
            "verdict": self.verdict.value,
            "fatal": self.fatal,
            "strong": list(self.strong),
        }


def compare(one: Case, other: Case, table: Weights | None = None) -> Comparison:
    """Compare two reports. The order of the two changes nothing."""
    table = table or weights()
    return _comparison(one, other, agreements(one, other), table)


def compare_likely(one: Case, other: Case, table: Weights | None = None) -> Comparison | None:
    """The same, or None for two that are distinct: nearly all, so they are passed over quickly."""
    table = table or weights()
    levels = agreements(one, other)
    if _weight(levels, table) < table.look:
        return None
    return _comparison(one, other, levels, table)


def _weight(levels: Levels, table: Weights) -> float:
    return sum(field.bits[levels[name]] for name, field in table.fields.items())


def _comparison(one: Case, other: Case, levels: Levels, table: Weights) -> Comparison:
    weight = _weight(levels, table)
    fatal = one.fatal or other.fatal
    strong = _strong(levels)
    certain = not fatal or len(strong) >= table.fatal_needs
    return Comparison(
        contributions=tuple(
            Contribution(name, levels[name], field.bits[levels[name]])
            for name, field in table.fields.items()
        ),
        weight=weight,
        posterior=table.posterior(weight),
        verdict=_verdict(one, other, weight, certain, table),
        fatal=fatal,
        strong=strong,
        method=table.version,
    )


def agreements(one: Case, other: Case) -> Levels:
    """The level of each field."""
    return {
        "reference": _reference(one, other),
        "date": _date(one, other),
        "quantity": _quantity(one, other),
        "place": _place(one, other),
        "form": _form(one, other),
        "found_with": _found_with(one, other),
        "person": _person(one, other),
    }


def _strong(levels: Levels) -> tuple[str, ...]:
    """What a chain of like deaths in one outbreak does not share by chance."""
    found = []
    if levels["reference"] == "same":
        found.append(SHARED_REFERENCE)
    if levels["person"] == "same" and levels["date"] == "same_day":
        found.append(SAME_PERSON_AND_DAY)
    return tuple(found)


def _verdict(one: Case, other: Case, weight: float, certain: bool, table: Weights) -> Verdict:
    if weight < table.look:
        return Verdict.DISTINCT
    if weight < table.link or not certain:
        return Verdict.LOOK
    if one.key.authority_id != other.key.authority_id or one.kind is not other.kind:
        return Verdict.PROPOSE
    return Verdict.LINK


def _reference(one: Case, other: Case) -> str | None:
    mine, theirs = reference_parts(one.key.reference), reference_parts(other.key.reference)
    shorter, longer = sorted((mine, theirs), key=len)
    shared = distinctive(shorter) and holds(longer, shorter)
    if one.key.authority_id == other.key.authority_id:
        return "same" if shared or mine == theirs else "different"
    return "same" if shared else None


def _date(one: Case, other: Case) -> str | None:
    if one.day is None or other.day is None:
        return None
    apart = abs((one.day - other.day).days)
    if apart == 0:
        return "same_day"
    if apart <= 3:
        return "within_3_days"
    return "within_14_days" if apart <= 14 else "more_than_14_days"


def _quantity(one: Case, other: Case) -> str | None:
    """Quantities in units that cannot be turned into one another say nothing."""
    mine, theirs = one.amount, other.amount
    if mine is None or theirs is None or mine[1] is not theirs[1]:
        return None
    less, more = sorted((mine[0], theirs[0]))
    apart = (more - less) / more
    if apart <= 0.02:
        both_round = is_round(less) and is_round(more)
        return "within_2_percent_round" if both_round else "within_2_percent"
    return "within_10_percent" if apart <= 0.10 else "different"


def _place(one: Case, other: Case) -> str | None:
    if not one.subdivision or not other.subdivision or one.country != other.country:
        return None
    return "same" if one.subdivision == other.subdivision else "different"


def _form(one: Case, other: Case) -> str | None:
    if one.form and other.form:
        return "same" if one.form is other.form else "different"
    if one.matrix and other.matrix:
        alike = one.matrix.strip().casefold() == other.matrix.strip().casefold()
        return "same" if alike else "different"
    return None


def _found_with(one: Case, other: Case) -> str | None:
    """The Jaccard index of the substances besides one that both have."""
    shared, either = one.substances & other.substances, one.substances | other.substances
    fewest = min(len(one.substances), len(other.substances)) - 1
    if not shared or fewest < LEAST_OTHERS:
        return None
    return "same" if (len(shared) - 1) / (len(either) - 1) >= ALIKE else "different"


def _person(one: Case, other: Case) -> str | None:
    if not (one.fatal and other.fatal):
        return None
    pairs = ((_told(one.age), _told(other.age)), (_told(one.sex), _told(other.sex)))
    known = [mine == theirs for mine, theirs in pairs if mine and theirs]
    if False in known:
        return "different"
    return "same" if len(known) == len(pairs) else None


def _told(word: AgeBand | Sex | None) -> AgeBand | Sex | None:
    return None if word in (AgeBand.UNKNOWN, Sex.UNKNOWN) else word

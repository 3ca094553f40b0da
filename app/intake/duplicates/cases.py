"""What is compared of a report, as plain data."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from math import floor, log10
from typing import NamedTuple

from app.intake.words import AgeBand, EventKind, Outcome, PhysicalForm, Sex, Unit

# kilograms are grams, litres are millilitres: the same amount however it is written
IN_ONE_UNIT = {
    Unit.KG: (Unit.G, 1000.0),
    Unit.MG: (Unit.G, 0.001),
    Unit.L: (Unit.ML, 1000.0),
}
MATERIAL = frozenset({EventKind.SEIZURE, EventKind.COLLECTED_SAMPLE, EventKind.OPEN_SOURCE})
PERSONAL = frozenset(
    {
        EventKind.BIOLOGICAL_SAMPLE,
        EventKind.ACUTE_TOXICITY,
        EventKind.DEATH,
        EventKind.OPEN_SOURCE,
    }
)
REMEMBERED = 100_000  # references: each is compared with many others
LEAST_LETTERS, LEAST_DIGITS = 5, 3  # of a number that only one case in the world may bear

_RUN = re.compile(r"[^\W\d_]+|\d+")
_YEAR = re.compile(r"(?:19|20)\d\d")


class CaseKey(NamedTuple):
    """A report through all its versions: whose it is, and their number for it."""

    authority_id: int
    reference: str


@dataclass(frozen=True, slots=True)
class Case:
    """A report of a single event, as far as it is compared; None where it does not say."""

    report_id: int
    key: CaseKey
    kind: EventKind
    country: str
    day: date | None  # None unless the day is known exactly
    substances: frozenset[str]  # "s42" once resolved, "n" and the name's key before
    received_at: datetime
    filled: int = 0  # how much the report says: fields that are not empty
    subdivision: str | None = None
    quantity: float | None = None
    unit: Unit | None = None
    form: PhysicalForm | None = None
    matrix: str | None = None
    age: AgeBand | None = None
    sex: Sex | None = None
    outcome: Outcome | None = None

    @property
    def fatal(self) -> bool:
        """Whether somebody died."""
        return self.kind is EventKind.DEATH or self.outcome is Outcome.DEATH

    @property
    def amount(self) -> tuple[float, Unit] | None:
        """The quantity in g, mL or a unit of number; nothing of a quantity of zero."""
        if not self.quantity or self.unit is None:
            return None
        unit, factor = IN_ONE_UNIT.get(self.unit, (self.unit, 1.0))
        return self.quantity * factor, unit


def comparable(one: Case, other: Case) -> bool:
    """Whether the two may be one event at all: a death is not the powder found beside it."""
    kinds = {one.kind, other.kind}
    return one.key != other.key and (kinds <= MATERIAL or kinds <= PERSONAL)


@lru_cache(maxsize=REMEMBERED)
def reference_parts(reference: str) -> tuple[str, ...]:
    """A case reference without what is only typography.

    >>> reference_parts("BKA/2026-00123")
    ('bka', '2026', '123')
    """
    plain = unicodedata.normalize("NFKC", reference).casefold()
    return tuple(run.lstrip("0") or "0" for run in _RUN.findall(plain))


@lru_cache(maxsize=REMEMBERED)
def distinctive(parts: tuple[str, ...]) -> bool:
    """Whether a number is long enough to be one case's in the world, a year in it not counted.

    >>> distinctive(reference_parts("2026/17")), distinctive(reference_parts("BKA 2026/1723"))
    (False, True)
    """
    telling = "".join(part for part in parts if not _YEAR.fullmatch(part))
    return len(telling) >= LEAST_LETTERS and sum(map(str.isdigit, telling)) >= LEAST_DIGITS


def holds(longer: tuple[str, ...], shorter: tuple[str, ...]) -> bool:
    """Whether one reference stands whole inside the other, as a police number in a laboratory's."""
    size = len(shorter)
    return any(longer[at : at + size] == shorter for at in range(len(longer) - size + 1))


def is_round(amount: float) -> bool:
    """Whether an amount has a single leading digit of 1, 2 or 5: 1 g, 20 tablets, 0.5 kg.

    >>> [is_round(amount) for amount in (1, 500, 0.2, 12, 7)]
    [True, True, True, False, False]
    """
    leading = amount / 10 ** floor(log10(amount))
    return any(abs(leading - digit) < 1e-6 for digit in (1, 2, 5, 10))

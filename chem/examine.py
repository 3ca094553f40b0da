"""Everything that a submitted structure tells, in one call: the hot path of intake.

parse, normalise, identify, classify, cluster, fingerprint, look up. What is asked only of a new
substance (tautomer key, anatomy, law, relatives) is left out; `jsonline` adds it.

Many structures go through each step together, a few dozen at a time: a step's code and tables then
stay in the processor's cache, which saves a fifth of the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

from .control import Listing, international
from .errors import StructureError, shortened
from .families import PRECURSOR_OR_METABOLITE, Classification, classify
from .identity import Identity, identify, inchikey_of
from .known import marketed, standing_of
from .normalise import Component, Normalised, normalise
from .parse import Parsed, parse
from .scaffold import Scaffold, cluster_key, scaffold
from .similarity import fingerprint
from .types import Mol

TOGETHER = 32  # structures; measured: 8 save most of what can be saved, 256 less again


@dataclass(frozen=True, slots=True)
class Examined:
    """One component: which substance it is, as what form it came, and what is known of it."""

    parent: Mol
    identity: Identity
    salt: tuple[str, ...]
    solvents: tuple[str, ...]
    isotopes: bool
    form_inchikey: str  # of what was submitted when it is one substance, else of the parent
    classification: Classification
    scaffold: Scaffold
    cluster_key: str
    fingerprint: bytes
    standing: str | None  # None: not in the list of known substances
    listings: tuple[Listing, ...]

    @property
    def medicine(self) -> bool:
        """Whether it is a medicine somewhere, also where another standing counts."""
        return self.standing == "medicine" or marketed(self.identity.key) is not None

    @property
    def precursor_or_metabolite(self) -> bool:
        """Whether others of its group are made from it or turn into it."""
        return self.standing == "precursor" or (
            self.standing is None and self.classification.role == PRECURSOR_OR_METABOLITE
        )


@dataclass(frozen=True, slots=True)
class Examination:
    """A submitted structure, understood."""

    format: str
    components: tuple[Examined, ...]
    mixture: bool
    steps: tuple[str, ...]


def examine(text: str, format: str = "auto") -> Examination:
    """Read `text` and say what it is. Raises StructureError, and nothing else."""
    (outcome,) = examine_all([text], format)
    if isinstance(outcome, StructureError):
        raise outcome
    return outcome


def examine_all(texts: Sequence[str], format: str = "auto") -> list[Examination | StructureError]:
    """What `examine` says of each text, in order; an error stands in the place of its text."""
    outcomes: list[Examination | StructureError] = []
    for start in range(0, len(texts), TOGETHER):
        whole = [_Whole(text, format) for text in texts[start : start + TOGETHER]]
        take(_read, whole)
        take(_normalise, whole)
        parts = [part for one in whole for part in one.parts]
        for step in (_identify, _classify, _frame, _print):
            take(step, parts)
        outcomes += [one.error or _outcome(one) for one in whole]
    return outcomes


class Traveller(Protocol):
    """Something on its way through steps that each add to it, until one fails."""

    text: str
    error: StructureError | None


T = TypeVar("T", bound=Traveller)


def take(step: Callable[[T], None], travellers: Iterable[T]) -> None:
    """Take each traveller through a step; one that fails keeps the error and goes no further."""
    for one in travellers:
        if one.error is not None:
            continue
        try:
            step(one)
        except StructureError as problem:
            one.error = problem.about(one.text if isinstance(one.text, str) else repr(one.text))
        except Exception as problem:  # RDKit's own failures on structures no chemist would draw
            reason = f"the structure could not be processed: {shortened(str(problem), 120)}"
            one.error = StructureError("unreadable", reason, str(one.text))


@dataclass(slots=True)
class _Part:
    """A component on its way."""

    text: str
    component: Component
    drawn: Mol | None  # as submitted, where it is the only component and was changed
    identity: Identity = field(init=False)
    form_inchikey: str = field(init=False)
    classification: Classification = field(init=False)
    scaffold: Scaffold = field(init=False)
    fingerprint: bytes = field(init=False)
    error: StructureError | None = None


@dataclass(slots=True)
class _Whole:
    """A text on its way."""

    text: str
    format: str
    parsed: Parsed = field(init=False)
    normalised: Normalised = field(init=False)
    parts: list[_Part] = field(default_factory=list)
    error: StructureError | None = None


def _read(one: _Whole) -> None:
    one.parsed = parse(one.text, one.format)


def _normalise(one: _Whole) -> None:
    one.normalised = normalise(one.parsed.mol)
    changed = bool(one.normalised.steps) and not one.normalised.mixture
    drawn = one.parsed.mol if changed else None
    one.parts = [_Part(one.text, component, drawn) for component in one.normalised.components]


def _identify(part: _Part) -> None:
    part.identity = identify(part.component.parent)
    drawn = inchikey_of(part.drawn) if part.drawn is not None else ""
    part.form_inchikey = drawn or part.identity.inchikey


def _classify(part: _Part) -> None:
    part.classification = classify(part.component.parent)


def _frame(part: _Part) -> None:
    part.scaffold = scaffold(part.component.parent)


def _print(part: _Part) -> None:
    part.fingerprint = fingerprint(part.component.parent)


def _outcome(one: _Whole) -> Examination | StructureError:
    """What is wrong with a component is wrong with the whole."""
    for part in one.parts:
        if part.error is not None:
            return part.error
    components = tuple(map(_examined, one.parts))
    return Examination(one.parsed.format, components, one.normalised.mixture, one.normalised.steps)


def _examined(part: _Part) -> Examined:
    parent, key = part.component.parent, part.identity.key
    return Examined(
        parent=parent,
        identity=part.identity,
        salt=part.component.salt,
        solvents=part.component.solvents,
        isotopes=part.component.isotopes,
        form_inchikey=part.form_inchikey,
        classification=part.classification,
        scaffold=part.scaffold,
        cluster_key=cluster_key(parent, part.classification, part.scaffold),
        fingerprint=part.fingerprint,
        standing=standing_of(key),
        listings=international(key),
    )

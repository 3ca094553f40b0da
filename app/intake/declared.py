"""What is declared of a substance, as it is sent: the single source for the API, form and OpenAPI.

Measures, uses, surveillance lists and reference standards (app.registry.facts). They are public
facts, so their handling is clear unless the sender says otherwise.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from functools import cache
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from app.access.handling import Handling
from app.errors import shown
from app.intake.schema import (
    CountryCode,
    HandlingWord,
    Name,
    Number,
    Reference,
    SomeDate,
    Strict,
)
from app.registry.facts import ListKind, MeasureKind, SupplierKind, Topic, UseKind
from chem.families import GROUPS, families
from chem.generics.definitions import definitions

_DOSE = re.compile(r"\d\s*(?:mg|µg|μg|ug|mcg|g|ml|iu)\b", re.IGNORECASE)
_ADDRESS = re.compile(r"\s*[a-z][a-z0-9+.-]*://", re.IGNORECASE)


def _without_doses(text: str) -> str:
    if _DOSE.search(text):
        raise ValueError("names an amount; doses are not kept here, say what it is used for")
    return text


def _https(text: str) -> str:
    if _ADDRESS.match(text) and not text.startswith("https://"):
        raise ValueError("an address begins with https://; or name the source in words")
    return text


@cache
def _classes() -> dict[str, frozenset[str]]:
    """What a measure may cover, by the kind of class."""
    return {
        "group": frozenset(GROUPS),
        "family": frozenset(family.id for family in families()),
        "definition": frozenset(definition.id for definition in definitions()),
    }


def _class(text: str) -> str:
    """A class that the house knows: "group:nitazenes", "family:nitazene", "definition:…"."""
    kind, _, name = text.partition(":")
    if name not in _classes().get(kind, ()):
        raise ValueError(
            f'"{shown(text)}" is no class here; write group:nitazenes, family:nitazene or '
            "definition: and the id of a generic definition"
        )
    return text


Plain = Annotated[Name, AfterValidator(_without_doses)]
Source = Annotated[Name, AfterValidator(_https)]
ClassOf = Annotated[str, StringConstraints(max_length=80), AfterValidator(_class)]
Pointer = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000)]


class DeclaredIn(Strict, ABC):
    """What every declaration says; `substance` is a number, InChIKey, exact name or structure.

    The same reference again with a higher version corrects it, with `withdrawn` takes it back.
    """

    topic: ClassVar[Topic]

    reference: Reference
    version: Annotated[int, Field(ge=1, le=10_000), Number] = 1
    withdrawn: bool = False
    substance: Pointer | None = None
    source: Source
    handling: HandlingWord = Handling.CLEAR

    @abstractmethod
    def values(self) -> dict[str, Any]:
        """Its own columns of the register; `kind` is one of its topic's words."""

    @model_validator(mode="after")
    def hangs_together(self) -> DeclaredIn:
        """Of something, and not ended before it began."""
        covers = getattr(self, "covers", None)
        if (self.substance is None) == (covers is None):
            either = "substance or covers" if hasattr(self, "covers") else "substance"
            raise ValueError(f"substance: give {either}, and only one")
        since, until = getattr(self, "since", None), getattr(self, "until", None)
        if since and until and until.last < since.first:
            raise ValueError("until: lies before since")
        return self


class MeasureIn(DeclaredIn):
    """A national measure on a substance or on a class of substances, or that there is none."""

    topic = Topic.MEASURE

    covers: ClassOf | None = None
    country: CountryCode
    kind: MeasureKind
    since: SomeDate | None = None
    until: SomeDate | None = None
    title: Name

    def values(self) -> dict[str, Any]:
        """`says` is the title of the instrument."""
        return {"kind": self.kind.value, "covers": self.covers, "says": self.title, **_span(self)}


class UseIn(DeclaredIn):
    """What a substance is lawfully used for, in a country or (without one) anywhere."""

    topic = Topic.USE

    country: CountryCode | None = None
    kind: UseKind
    since: SomeDate | None = None
    until: SomeDate | None = None
    description: Plain

    def values(self) -> dict[str, Any]:
        """`says` describes the use."""
        return {"kind": self.kind.value, "says": self.description, **_span(self)}


class SurveillanceIn(DeclaredIn):
    """An entry in a surveillance list: when it was put there, and when it was taken off."""

    topic = Topic.SURVEILLANCE

    country: CountryCode | None = None
    kind: ListKind
    since: SomeDate | None = None
    until: SomeDate | None = None
    list_name: Name

    def values(self) -> dict[str, Any]:
        """`says` is the name of the list."""
        return {"kind": self.kind.value, "says": self.list_name, **_span(self)}


class StandardIn(DeclaredIn):
    """Reference material: from what kind of supplier, and whether the sender holds it."""

    topic = Topic.STANDARD

    country: CountryCode | None = None
    kind: SupplierKind = SupplierKind.UNKNOWN
    held: bool = False
    since: SomeDate | None = None
    form: Plain = "the substance itself"

    def values(self) -> dict[str, Any]:
        """`says` is the form: a salt, a solution, a labelled variant."""
        return {
            "kind": self.kind.value,
            "says": self.form,
            "held": self.held,
            "since": str(self.since) if self.since else None,
        }


def _span(sent: MeasureIn | UseIn | SurveillanceIn) -> dict[str, str | None]:
    return {
        "since": str(sent.since) if sent.since else None,
        "until": str(sent.until) if sent.until else None,
    }


SHAPES: dict[Topic, type[DeclaredIn]] = {
    shape.topic: shape for shape in (MeasureIn, UseIn, SurveillanceIn, StandardIn)
}

"""Substances and clusters, and finding them by name or structure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from flask import Response
from pydantic import BaseModel, Field, model_validator
from sqlalchemy.orm import Session

from app.access.roles import Role
from app.api import api
from app.api.asking import (
    Day,
    Drawn,
    Effect,
    FamilyId,
    Group,
    Listed,
    Paged,
    SubstanceCode,
    Text,
    YesNo,
    ask,
)
from app.api.contract import USUAL_PAGE, answer, body, listing, promise
from app.api.exports import List, deliver
from app.api.shapes import (
    ClusterOut,
    HitOut,
    SubstanceOut,
    cluster_out,
    hit_out,
    substance_out,
)
from app.db import Page, id_of
from app.entrance import actor, allow, database
from app.intake.history import life_of
from app.paging import parts_of
from app.registry import queries, search
from app.registry.models import Cluster, Standing, Substance, SubstanceName
from app.registry.names import CURATOR

NamedCursor = Annotated[
    str,
    Field(pattern=r"^[^\x00-\x1f\x7f]{0,300}~[0-9]{1,9}$", description="the cursor of `next`"),
]


class Mode(StrEnum):
    """How a structure is looked for."""

    EXACT = "exact"
    SIMILARITY = "similarity"
    SUBSTRUCTURE = "substructure"


class SearchIn(BaseModel, extra="forbid"):
    """What is looked for: a structure or a name."""

    structure: str | None = Field(default=None, max_length=100_000)
    name: str | None = Field(default=None, max_length=300)
    mode: Mode = Mode.EXACT

    @model_validator(mode="after")
    def one_of_both(self) -> SearchIn:
        """Exactly one of structure and name."""
        if bool(self.structure) == bool(self.name):
            raise ValueError("give either structure or name")
        return self


class SearchPaged(Paged):
    """Which page of the hits."""

    after: SubstanceCode | None = None


class SearchAsked(SearchPaged):
    """What is looked for, in the address."""

    structure: Annotated[str, Field(min_length=1, max_length=2000)] | None = None
    name: Annotated[str, Field(min_length=1, max_length=300)] | None = None
    mode: Mode = Mode.EXACT

    @model_validator(mode="after")
    def one_of_both(self) -> SearchAsked:
        """Exactly one of structure and name."""
        if bool(self.structure) == bool(self.name):
            raise ValueError("structure: give either structure or name")
        return self


class SubstancesAsked(Listed):
    """What may be asked of the list of substances."""

    q: (
        Annotated[Text, Field(description="part of a name; a number, CAS number or InChIKey")]
        | None
    ) = None
    group: Group | None = None
    family: FamilyId | None = None
    cluster: Annotated[Text, Field(description="id of a cluster")] | None = None
    effect: Effect | None = None
    standing: Standing | None = None
    controlled: (
        Annotated[YesNo, Field(description="listed in the schedules of 1961 or 1971, or not")]
        | None
    ) = None
    enrolled_from: (
        Annotated[Day, Field(description="in the register since this day or later")] | None
    ) = None
    format: Drawn | None = None
    after: NamedCursor | None = None


class NamesAsked(Listed):
    """What may be asked of the list of names."""

    q: Annotated[Text, Field(description="part of the name, in any spelling")] | None = None
    substance: SubstanceCode | None = None
    group: Group | None = None
    ambiguous: (
        Annotated[YesNo, Field(description="only names that mean a group, or none of them")] | None
    ) = None
    after: NamedCursor | None = None


class ClustersAsked(Listed):
    """What may be asked of the list of clusters."""

    group: Group | None = None
    family: FamilyId | None = None


class NameOut(BaseModel):
    """A name and what it means: one substance, or (ambiguous) only a group of them."""

    name: str
    key: str  # the same for all spellings of it
    meaning: str
    substance: str | None
    substance_name: str | None
    group: str | None
    source: str
    since: datetime


@api.get("/substances")
@allow(Role.PUBLIC)
@promise("Substances", answers=SubstanceOut, listed=True, asks=SubstancesAsked)
def list_substances() -> Response:
    """Substances by name; `q` finds names, numbers, CAS numbers and InChIKeys."""
    asked, who = ask(SubstancesAsked), actor()
    cluster_id = None
    if asked.cluster:
        with database().reading() as session:
            cluster_id = queries.cluster_by_key(session, who, asked.cluster)[0].id
    wanted = queries.Wanted(
        text=asked.q,
        group=asked.group,
        family=asked.family,
        cluster_id=cluster_id,
        effect=asked.effect,
        standing=asked.standing,
        controlled=YesNo.asked(asked.controlled),
        enrolled_from=asked.enrolled_from,
    )
    substances: List[Substance] = List(
        "substances",
        SubstanceOut,
        lambda session, after, limit: queries.listed(
            session, who, wanted, after=after, limit=limit
        ),
        substance_out,
        drawn=lambda substance, _: substance.smiles,
    )
    return deliver(substances, asked)


@api.get("/names")
@allow(Role.PUBLIC)
@promise("Names", answers=NameOut, listed=True, asks=NamesAsked)
def list_names() -> Response:
    """Names and what they mean; one that means several substances stands for their group."""
    asked, who = ask(NamesAsked), actor()
    substance_id = None
    if asked.substance:
        with database().reading() as session:
            substance_id = queries.substance_by_code(session, who, asked.substance).id

    def rows(
        session: Session, after: str | None, limit: int | None
    ) -> Iterator[tuple[SubstanceName, str]]:
        found = queries.names_listed(
            session,
            who,
            substance_id=substance_id,
            group=asked.group,
            text=asked.q,
            ambiguous=YesNo.asked(asked.ambiguous),
            after=parts_of(after, (str, int)) if after else None,
            limit=limit,
        )
        return ((name, f"{name.key}~{name.id}") for name in found)

    return deliver(List("names", NameOut, rows, _name_out), asked)


@api.get("/substances/<code>")
@allow(Role.PUBLIC)
@promise("One substance", answers=SubstanceOut)
def show_substance(code: str) -> Response:
    """One substance by its number, InChIKey or connectivity block, with all that it is called.

    The number of one that was merged into another leads to that other.
    """
    with database().reading() as session:
        substance = queries.substance_by_code(session, actor(), code)
        merged = life_of(session, actor(), substance).merged
        return answer(substance_out(substance, names=True, merged=merged))


@api.get("/clusters")
@allow(Role.PUBLIC)
@promise("Clusters", answers=ClusterOut, listed=True, asks=ClustersAsked)
def list_clusters() -> Response:
    """Clusters: substances of one family on one ring framework."""
    asked, who = ask(ClustersAsked), actor()

    def rows(
        session: Session, after: str | None, limit: int | None
    ) -> Iterator[tuple[tuple[Cluster, int], str]]:
        found = queries.clusters_listed(
            session, who, group=asked.group, family=asked.family, after=after, limit=limit
        )
        return ((row, row[0].key) for row in found)

    return deliver(List("clusters", ClusterOut, rows, lambda row: cluster_out(*row)), asked)


@api.get("/clusters/<key>")
@allow(Role.PUBLIC)
@promise("One cluster", answers=ClusterOut)
def show_cluster(key: str) -> Response:
    """One cluster with its members."""
    with database().reading() as session:
        cluster, members = queries.cluster_by_key(session, actor(), key)
        return answer(cluster_out(cluster, len(members), members))


@api.get("/search")
@allow(Role.PUBLIC)
@promise("Find substances", answers=HitOut, listed=True, asks=SearchAsked)
def find_by_address() -> Response:
    """The same as POST, for structures short enough for an address."""
    asked = ask(SearchAsked)
    wanted = SearchIn(structure=asked.structure, name=asked.name, mode=asked.mode)
    return _found(wanted, asked)


@api.post("/search")
@allow(Role.PUBLIC)
@promise("Find substances", takes=SearchIn, answers=HitOut, listed=True, asks=SearchPaged)
def find() -> Response:
    """Substances by exact name, or by structure: the same, similar ones, those containing it.

    To be contained a part may be given as SMARTS, within limits of size and time. The most similar
    come first, those that contain it by number; send the same body to `next` for more.
    """
    return _found(body(SearchIn), ask(SearchPaged))


def _found(wanted: SearchIn, asked: SearchPaged) -> Response:
    after = id_of(asked.after.removeprefix("TS-")) if asked.after else None
    with database().reading() as session:
        if wanted.name:
            hits = search.by_name(session, actor(), wanted.name)
            return listing(Page([h for h in hits if h.substance.id > (after or 0)]), hit_out)
        found = search.matches(
            session,
            actor(),
            wanted.structure or "",
            wanted.mode,
            after=after,
            limit=asked.limit or USUAL_PAGE,
        )
        return listing(found, hit_out)


def _name_out(name: SubstanceName) -> NameOut:
    substance = name.substance
    return NameOut(
        name=name.name,
        key=name.key,
        meaning="substance" if substance else "group",
        substance=substance.code if substance else None,
        substance_name=substance.name if substance else None,
        group=substance.group if substance else name.group,
        source=CURATOR if name.source.startswith(CURATOR) else name.source,  # not which person
        since=name.since,
    )

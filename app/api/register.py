"""Substances and clusters, and finding them by name or structure."""

from __future__ import annotations

from enum import StrEnum

from flask import Response, request
from pydantic import BaseModel, Field, model_validator

from app.access.roles import Role
from app.api import api
from app.api.contract import answer, body, listing, page_size, promise
from app.api.shapes import (
    ClusterOut,
    HitOut,
    SubstanceOut,
    cluster_out,
    hit_out,
    substance_out,
)
from app.db import Page
from app.entrance import actor, allow, database
from app.errors import Refused
from app.intake.history import life_of
from app.registry import queries, search
from app.registry.models import Standing


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


@api.get("/substances")
@allow(Role.PUBLIC)
@promise(
    "Substances",
    answers=SubstanceOut,
    listed=True,
    queries=("q", "group", "standing", "after", "limit"),
)
def list_substances() -> Response:
    """Substances by name; `q` finds names, numbers, CAS numbers and InChIKeys."""
    standing = request.args.get("standing")
    if standing and standing not in set(Standing):
        raise Refused(f'"{standing}" is no standing; use one of {", ".join(Standing)}')
    with database().reading() as session:
        page = queries.substances(
            session,
            actor(),
            text=request.args.get("q"),
            group=request.args.get("group"),
            standing=Standing(standing) if standing else None,
            after=request.args.get("after"),
            limit=page_size(),
        )
        return listing(page, substance_out)


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
@promise("Clusters", answers=ClusterOut, listed=True, queries=("group", "after", "limit"))
def list_clusters() -> Response:
    """Clusters: substances of one family on one ring framework."""
    with database().reading() as session:
        page = queries.clusters(
            session,
            actor(),
            group=request.args.get("group"),
            after=request.args.get("after"),
            limit=page_size(),
        )
        return listing(page, lambda pair: cluster_out(*pair))


@api.get("/clusters/<key>")
@allow(Role.PUBLIC)
@promise("One cluster", answers=ClusterOut)
def show_cluster(key: str) -> Response:
    """One cluster with its members."""
    with database().reading() as session:
        cluster, members = queries.cluster_by_key(session, actor(), key)
        return answer(cluster_out(cluster, len(members), members))


@api.post("/search")
@allow(Role.PUBLIC)
@promise("Find substances", takes=SearchIn, answers=HitOut, listed=True)
def find() -> Response:
    """Substances by exact name, or by structure: the same, similar ones, those containing it.

    To be contained a part may be given as SMARTS, within limits of size and time.
    """
    wanted = body(SearchIn)
    with database().reading() as session:
        if wanted.name:
            hits = search.by_name(session, actor(), wanted.name)
        else:
            hits = search.by_structure(session, actor(), wanted.structure or "", wanted.mode)
        return listing(Page(hits), hit_out)

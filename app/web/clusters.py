"""Clusters: substances of one family on one ring framework."""

from __future__ import annotations

from typing import Any

from flask import render_template, request
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.roles import Role
from app.entrance import actor, allow, database, today
from app.intake import figures as intake
from app.registry import queries as registry
from app.registry.models import Substance
from app.registry.queries import listed_to
from app.web import web


@web.get("/clusters")
@allow(Role.PUBLIC)
def clusters() -> Any:
    """All clusters, by key."""
    group = request.args.get("group") or None
    with database().reading() as session:
        page = registry.clusters(
            session, actor(), group=group, after=request.args.get("after"), limit=60
        )
        groups = sorted(registry.group_sizes(session, actor()))
        members = _members(session, [found.id for found, _ in page.items])
        return render_template(
            "clusters.html", page=page, members=members, group=group, groups=groups
        )


def _members(session: Session, cluster_ids: list[int]) -> dict[int, list[Substance]]:
    """The members of each cluster that the reader may know of, by name."""
    query = (
        select(Substance)
        .where(Substance.cluster_id.in_(cluster_ids), listed_to(actor()))
        .order_by(Substance.name)
    )
    found: dict[int, list[Substance]] = {}
    for member in session.scalars(query):
        found.setdefault(member.cluster_id, []).append(member)
    return found


@web.get("/clusters/<key>")
@allow(Role.PUBLIC)
def cluster(key: str) -> Any:
    """One cluster and its members."""
    with database().reading() as session:
        found, members = registry.cluster_by_key(session, actor(), key)
        seen = intake.occurrences(session, actor(), today(), [m.id for m in members])
        return render_template("cluster.html", cluster=found, members=members, seen=seen)

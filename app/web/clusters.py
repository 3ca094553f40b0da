"""Clusters: substances of one family on one ring framework."""

from __future__ import annotations

from typing import Any

from flask import render_template, request

from app.access.roles import Role
from app.entrance import actor, allow, database, today
from app.intake import queries as intake
from app.registry import queries as registry
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
        return render_template("clusters.html", page=page, group=group, groups=groups)


@web.get("/clusters/<key>")
@allow(Role.PUBLIC)
def cluster(key: str) -> Any:
    """One cluster and its members."""
    with database().reading() as session:
        found, members = registry.cluster_by_key(session, actor(), key)
        seen = intake.occurrences(session, actor(), today(), [m.id for m in members])
        return render_template("cluster.html", cluster=found, members=members, seen=seen)

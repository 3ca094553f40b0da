"""What alerts are about, as filters look at it: read for many editions in a handful of statements.

An edition says what its audience may know, so what it names is taken from it; the register adds
where that belongs (families, clusters, building blocks), which is the same for everybody.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.access.handling import Handling, effective_handling
from app.countries import REGIONS
from app.db import one_of_ids
from app.intake.models import Finding, Report
from app.intake.words import ReportType
from app.notification.filters import NOTHING, Subject, region_of
from app.notification.models import Edition
from app.registry.blocks import SubstanceBlocks
from app.registry.models import Cluster, Standing, Substance, code_of
from app.surveillance.evidence import WORLD
from app.surveillance.models import NodeKind, of_substance
from chem.families import family_named


@dataclass(frozen=True, slots=True)
class Place:
    """Where a substance belongs, and how it is drawn."""

    codes: frozenset[str]  # its own number, and those of what was merged into it
    group: str
    families: frozenset[str]
    cluster: str
    blocks: frozenset[str]
    smiles: str
    unclassified: bool


def subjects(
    session: Session, editions: Sequence[Edition], *, today: date, event_kinds: bool = True
) -> dict[int, Subject]:
    """The subject of each edition, by its id.

    `event_kinds` says whether anybody asks for the kinds of events: they cost the most to read.
    """
    named = {edition.id: set(named_by(edition)) for edition in editions}
    everything = sorted(set().union(*named.values()))
    places = _places(session, everything)
    clusters = _clusters(session, editions)
    kinds = _event_kinds(session, everything, today) if event_kinds else {}
    return {
        edition.id: _subject(
            edition,
            [places[number] for number in sorted(named[edition.id]) if number in places],
            clusters,
            frozenset(
                kind
                for number in named[edition.id]
                for kind, level in kinds.get(number, ())
                if level <= edition.handling
            ),
        )
        for edition in editions
    }


def named_by(edition: Edition) -> Iterator[int]:
    """The substances that an edition names: its own, the members it lists, or all it is about."""
    if edition.alert.substance_id is not None:
        yield edition.alert.substance_id
    detail = edition.detail
    for member in (*(detail.get("members") or ()), *(detail.get("substances") or ())):
        code = str(member.get("code") or member.get("id") or "")
        if code.startswith("TS-"):
            yield int(code.removeprefix("TS-"))


def _subject(
    edition: Edition,
    named: list[Place],
    clusters: dict[str, tuple[str, str]],
    event_kinds: frozenset[str],
) -> Subject:
    episodes = edition.detail.get("episodes", ())
    scopes = {episode["scope"] for episode in episodes}
    known = {region for country in edition.countries if (region := region_of(country))}
    plain = Subject(
        tier=edition.tier,
        substances=NOTHING.union(*(one.codes for one in named)),
        structures=tuple(one.smiles for one in named),
        countries=frozenset(edition.countries),
        regions=frozenset(known | (scopes & set(REGIONS))),
        rules=frozenset(episode["rule"] for episode in episodes),
        event_kinds=event_kinds,
        worldwide=WORLD in scopes,
    )
    node = edition.alert.node
    if edition.alert.substance_id is not None:
        node = of_substance(edition.alert.substance_id)
    if node is None:
        return replace(plain, **_of_all(named))
    return replace(
        plain, kind=node.kind, key=node.key, **_belongs(node.kind, node.key, named, clusters)
    )


def _belongs(
    kind: NodeKind, key: str, named: list[Place], clusters: dict[str, tuple[str, str]]
) -> dict[str, Any]:
    """What a node lies inside of, itself among it."""
    if kind is NodeKind.SUBSTANCE:
        return _of_all(named) | {"unclassified": any(one.unclassified for one in named)}
    if kind is NodeKind.GROUP:
        return {"groups": frozenset({key})}
    if kind is NodeKind.FAMILY:
        family = family_named(key)
        inside = {key, family.within} - {""} if family else {key}
        groups = {family.group} if family else set()
        return {"groups": frozenset(groups), "families": frozenset(inside)}
    if kind is NodeKind.CLUSTER:
        group, family_id = clusters.get(key, ("", ""))
        return {
            "groups": frozenset({group} - {""}),
            "families": frozenset({family_id} - {""}),
            "clusters": frozenset({key}),
        }
    if kind is NodeKind.BLOCK:  # several families may share it
        wider = _of_all(named)
        return {name: wider[name] for name in ("groups", "families")} | {"blocks": frozenset({key})}
    return {}


def _of_all(named: list[Place]) -> dict[str, Any]:
    return {
        "groups": frozenset(one.group for one in named if one.group),
        "families": NOTHING.union(*(one.families for one in named)),
        "clusters": frozenset(one.cluster for one in named if one.cluster),
        "blocks": NOTHING.union(*(one.blocks for one in named)),
    }


def _places(session: Session, numbers: Iterable[int]) -> dict[int, Place]:
    """Where these substances belong, by id (primary keys, and ix_substance_merged_into_id)."""
    query = (
        select(
            *(Substance.id, Substance.group, Substance.family, Substance.families),
            *(Substance.smiles, Substance.standing, Cluster.key, SubstanceBlocks.blocks),
        )
        .join(Cluster, Cluster.id == Substance.cluster_id)
        .outerjoin(SubstanceBlocks, SubstanceBlocks.substance_id == Substance.id)
        .where(one_of_ids(session, Substance.id, numbers))
    )
    merged: dict[int, set[str]] = defaultdict(set)
    former = select(Substance.merged_into_id, Substance.id).where(
        one_of_ids(session, Substance.merged_into_id, numbers)
    )
    for into, number in session.execute(former):
        merged[into or 0].add(code_of(number))
    return {
        number: Place(
            codes=frozenset({code_of(number)} | merged[number]),
            group=group,
            families=frozenset({family, *families} - {""}),
            cluster=cluster,
            blocks=frozenset(f"{slot}:{fragment}" for slot, fragment, _ in blocks or ()),
            smiles=smiles,
            unclassified=standing is Standing.UNCLASSIFIED,
        )
        for number, group, family, families, smiles, standing, cluster, blocks in session.execute(
            query
        )
    }


def _clusters(session: Session, editions: Sequence[Edition]) -> dict[str, tuple[str, str]]:
    """Group and family of the clusters that editions are about, by key (uq_cluster_key)."""
    keys = {e.alert.node_key for e in editions if e.alert.node_kind is NodeKind.CLUSTER}
    if not keys:
        return {}
    query = select(Cluster.key, Cluster.group, Cluster.family).where(Cluster.key.in_(keys))
    return {key: (group, family) for key, group, family in session.execute(query)}


def _event_kinds(
    session: Session, numbers: Iterable[int], today: date
) -> dict[int, list[tuple[str, Handling]]]:
    """The kinds of events in which substances were reported, each with the lowest handling of a
    report that says so (ix_finding_substance_id)."""
    level = func.min(effective_handling(Report.handling, Report.embargo_until, today))
    query = (
        select(Finding.substance_id, Report.event_kind, level)
        .join(Report, Report.id == Finding.report_id)
        .where(
            one_of_ids(session, Finding.substance_id, numbers),
            Report.superseded_at.is_(None),
            Report.type != ReportType.WITHDRAWAL,
        )
        .group_by(Finding.substance_id, Report.event_kind)
    )
    found: dict[int, list[tuple[str, Handling]]] = defaultdict(list)
    for number, kind, lowest in session.execute(query):
        found[number or 0].append((kind.value, Handling(lowest)))
    return found

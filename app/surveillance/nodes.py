"""What is counted: substances, and what they have in common.

A node is a substance, a building block, a cluster, a family or one of UNODC's groups, with the
watched substances that belong to it. A substance may belong to several families; the tree is a
DAG, and whoever counts a node counts each event once (app.surveillance.membership).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.registry.blocks import blocks_of
from app.registry.models import WATCHED, Cluster, Substance, code_of
from app.surveillance.models import NodeId, NodeKind


@dataclass(frozen=True, slots=True)
class Node:
    """Something that is counted.

    `key` is stable and unique among its kind: the number of a substance (TS-00042), slot and
    fragment of a block, the key of a cluster, the id of a family, the name of a group.
    """

    kind: NodeKind
    key: str
    name: str
    members: tuple[int, ...]  # substance ids, ascending
    # families and groups that hold every member: words by which a laboratory tells its scope
    classes: frozenset[str] = frozenset()

    @property
    def id(self) -> NodeId:
        """Its kind and key, by which a signal names it."""
        return NodeId(self.kind, self.key)


@dataclass(frozen=True, slots=True)
class Kin:
    """A watched substance and what it belongs to."""

    substance_id: int
    name: str
    group: str
    families: tuple[str, ...]
    cluster: str
    blocks: tuple[tuple[str, str, str], ...] = ()

    @property
    def classes(self) -> frozenset[str]:
        """The words by which a laboratory may say that it can find this."""
        return frozenset({self.group, *self.families} - {""})


def kin(session: Session) -> list[Kin]:
    """Every watched substance, by number."""
    cut = blocks_of(session)
    rows = (
        select(
            Substance.id,
            Substance.name,
            Substance.group,
            Substance.family,
            Substance.families,
            Cluster.key,
        )
        .join(Cluster, Cluster.id == Substance.cluster_id)
        .where(Substance.standing.in_(WATCHED))
        .order_by(Substance.id)
    )
    return [
        Kin(number, name, group, _all(family, families), cluster, cut.get(number, ()))
        for number, name, group, family, families, cluster in session.execute(rows)
    ]


def _all(family: str, families: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({family, *families} - {""}))


def nodes(substances: Iterable[Kin]) -> tuple[Node, ...]:
    """The nodes of these substances: by kind, and inside a kind by key.

    >>> one = Kin(7, "Isotonitazene", "nitazenes", ("nitazene",), "nitazene:a")
    >>> [(node.kind.value, node.key) for node in nodes([one])]
    [('substance', 'TS-00007'), ('cluster', 'nitazene:a'), ('family', 'nitazene'), \
('group', 'nitazenes')]
    """
    members: dict[tuple[NodeKind, str], list[Kin]] = {}
    names: dict[tuple[NodeKind, str], str] = {}
    for one in substances:
        for kind, key, name in _places(one):
            members.setdefault((kind, key), []).append(one)
            names[kind, key] = name
    order = list(NodeKind)
    places = sorted(members, key=lambda place: (order.index(place[0]), place[1]))
    return tuple(_node(*place, names[place], members[place]) for place in places)


def _node(kind: NodeKind, key: str, name: str, held: list[Kin]) -> Node:
    shared = frozenset.intersection(*(one.classes for one in held))
    own = {key} if kind in (NodeKind.FAMILY, NodeKind.GROUP) else set()
    return Node(kind, key, name, tuple(sorted(one.substance_id for one in held)), shared | own)


def _places(one: Kin) -> Iterable[tuple[NodeKind, str, str]]:
    yield NodeKind.SUBSTANCE, code_of(one.substance_id), one.name
    for slot, fragment, name in one.blocks:
        yield NodeKind.BLOCK, f"{slot}:{fragment}", name or fragment
    if one.cluster:
        yield NodeKind.CLUSTER, one.cluster, one.cluster
    for family in one.families:
        yield NodeKind.FAMILY, family, family.replace("-", " ")
    if one.group:
        yield NodeKind.GROUP, one.group, one.group

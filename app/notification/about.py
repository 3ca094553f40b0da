"""What an alert is about: a substance, what several have in common, or a name nobody has resolved.

Readers are told of the members that the evidence for their level names and that they may know of,
and of no others: which members a restricted report speaks of is as restricted as the report.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.access.handling import Handling
from app.db import one_of_ids
from app.registry.blocks import Cut, blocks_of
from app.registry.models import Substance
from app.surveillance.models import Episode, EpisodeView, NodeId, NodeKind, of_substance
from chem.families import family_named


@dataclass(frozen=True, slots=True)
class About:
    """What an alert is about, as readers of one level may know it.

    A substance is its own only member. `groups`, `families`, `clusters` and `blocks` (slot and
    fragment, as `tail:*CCCC=C`) are what it is and what its members belong to: by these a
    subscriber asks for it.
    """

    node: NodeId
    name: str
    substance: Substance | None
    members: tuple[Substance, ...]
    groups: frozenset[str]
    families: frozenset[str]
    clusters: frozenset[str]
    blocks: frozenset[str]


@dataclass(frozen=True, slots=True)
class Kin:
    """The substances that the stories of a run speak of, and what each was cut into."""

    substances: Mapping[int, Substance]
    blocks: Mapping[int, tuple[Cut, ...]]

    def members(self, views: Iterable[EpisodeView], level: Handling) -> list[Substance]:
        """Whom these views name, as far as readers of a level may know of them."""
        ids = dict.fromkeys(number for view in views for number in named(view))
        found = [self.substances[number] for number in ids if number in self.substances]
        return [one for one in found if one.handling <= level and one.merged_into_id is None]


def kin(session: Session, episodes: Iterable[Episode]) -> Kin:
    """Every substance that the episodes are about or name, in a statement for each table."""
    wanted = {
        number
        for e in episodes
        for number in (e.substance_id, *(n for view in e.views for n in named(view)))
        if number is not None
    }
    rows = session.scalars(
        select(Substance)
        .where(one_of_ids(session, Substance.id, sorted(wanted)))
        .options(selectinload(Substance.controls))
    )
    return Kin({one.id: one for one in rows}, blocks_of(session, among=wanted))


def named(view: EpisodeView) -> list[int]:
    """The ids of the members that the evidence of a view names, those with most events first."""
    members: Sequence[Mapping[str, Any]] = view.evidence.get("details", {}).get("members", ())
    ids = [NodeId(NodeKind.SUBSTANCE, member["id"]).substance_id for member in members]
    return [number for number in ids if number is not None]


def about(node: NodeId, name: str, members: Sequence[Substance], of: Kin) -> About:
    """A node by what it is and by what its members belong to."""
    family = family_named(node.key) if node.kind is NodeKind.FAMILY else None
    blocks = {f"{slot}:{part}" for m in members for slot, part, _ in of.blocks.get(m.id, ())}
    return About(
        node=node,
        name=name,
        substance=next((m for m in members if of_substance(m.id) == node), None),
        members=tuple(members),
        groups=_all(
            (m.group for m in members), node, NodeKind.GROUP, family.group if family else ""
        ),
        families=_all((f for m in members for f in (m.family, *m.families)), node, NodeKind.FAMILY),
        clusters=_all((m.cluster.key for m in members), node, NodeKind.CLUSTER),
        blocks=_all(blocks, node, NodeKind.BLOCK),
    )


def _all(words: Iterable[str], node: NodeId, kind: NodeKind, *more: str) -> frozenset[str]:
    own = {node.key} if node.kind is kind else set()
    return frozenset({*words, *more, *own} - {""})

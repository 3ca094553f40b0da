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
from app.registry.models import Substance
from app.surveillance.models import Episode, EpisodeView, NodeId, NodeKind
from chem.families import family_named


@dataclass(frozen=True, slots=True)
class About:
    """What an alert is about, as readers of one level may know it; a substance has no members."""

    node: NodeId
    name: str
    substance: Substance | None
    members: tuple[Substance, ...] = ()

    @property
    def groups(self) -> frozenset[str]:
        """The UNODC groups that it or its members belong to."""
        if self.substance is not None:
            return frozenset({self.substance.group} - {""})
        if self.node.kind is NodeKind.GROUP:
            return frozenset({self.node.key})
        family = family_named(self.node.key) if self.node.kind is NodeKind.FAMILY else None
        return frozenset({family.group} if family else {m.group for m in self.members} - {""})

    @property
    def family(self) -> str:
        """The family that it is or lies in, by its id; "" where there is no one."""
        if self.substance is not None:
            return self.substance.family
        if self.node.kind is NodeKind.FAMILY:
            return self.node.key
        families = {member.family for member in self.members}
        return families.pop() if len(families) == 1 else ""


def substances_of(session: Session, episodes: Iterable[Episode]) -> dict[int, Substance]:
    """Every substance that the episodes are about or name, by id."""
    wanted = {
        number
        for e in episodes
        for number in (e.substance_id, *(n for view in e.views for n in _named(view)))
        if number is not None
    }
    rows = session.scalars(
        select(Substance)
        .where(one_of_ids(session, Substance.id, sorted(wanted)))
        .options(selectinload(Substance.controls))
    )
    return {one.id: one for one in rows}


def members(
    views: Iterable[EpisodeView], level: Handling, known: Mapping[int, Substance]
) -> tuple[Substance, ...]:
    """Whom these views name, as far as readers of a level may know of them."""
    ids = dict.fromkeys(number for view in views for number in _named(view))
    found = (known[number] for number in ids if number in known)
    return tuple(one for one in found if one.handling <= level and one.merged_into_id is None)


def may_be_told(view: EpisodeView, level: Handling, known: Mapping[int, Substance]) -> bool:
    """Whether readers of a level may know of every member that a view names."""
    return all(known[number].handling <= level for number in _named(view) if number in known)


def _named(view: EpisodeView) -> list[int]:
    """The ids of the members that the evidence of a view names, those with most events first."""
    told: Sequence[Mapping[str, Any]] = view.evidence.get("details", {}).get("members", ())
    ids = [NodeId(NodeKind.SUBSTANCE, member["id"]).substance_id for member in told]
    return [number for number in ids if number is not None]

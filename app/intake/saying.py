"""What a name can be said to mean, and reading it from what a curator wrote."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from app.access.roles import Actor
from app.errors import NotFound, Refused, shown
from app.registry import search
from app.registry.models import Meant, Substance, SubstanceName
from app.registry.queries import substance_by_code
from app.registry.service import held_name
from chem.families import GROUPS, family_named

MOST_MEMBERS = 30


@dataclass(frozen=True, slots=True)
class Said:
    """What a name is said to mean: one substance, one of several, a family, a group, or nothing."""

    meant: Meant
    substance: Substance | None = None
    members: tuple[Substance, ...] = ()
    family: str | None = None
    group: str | None = None

    def same(self, other: Said) -> bool:
        """Whether both mean the same, in whatever order their members stand."""
        one, two = ({member.id for member in said.members} for said in (self, other))
        return one == two and replace(self, members=()) == replace(other, members=())

    @property
    def words(self) -> str:
        """In words, to go after "means"."""
        if self.substance:
            return f"{self.substance.name} ({self.substance.code})"
        if self.members:
            return "one of " + ", ".join(one.name for one in self.members)
        if self.family:
            return f"one of the family {self.family}"
        return f"one of the {self.group}" if self.group else "no substance"


NOTHING = Said(Meant.NOTHING)


def this_substance(substance: Substance) -> Said:
    """The name means this substance."""
    return Said(Meant.SUBSTANCE, substance=substance)


def one_of(members: Sequence[Substance]) -> Said:
    """The name means one of these, and does not say which. Raises Refused for fewer than two."""
    several = tuple({one.id: one for one in members}.values())
    if len(several) < 2:
        raise Refused("a set has at least two substances; for one, say that the name means it")
    groups, families = {one.group for one in several}, {one.family for one in several}
    return Said(
        Meant.ISOMER_SET,
        members=several,
        family=families.pop() or None if len(families) == 1 else None,
        group=(groups.pop() or "other") if len(groups) == 1 else "other",
    )


def of_family(family: str) -> Said:
    """The name means some substance of this family. Raises Refused for one that is not known."""
    known = family_named(family)
    if known is None:
        raise Refused(f'there is no family "{family}"')
    return Said(Meant.FAMILY, family=known.id, group=known.group or "other")


def of_group(group: str) -> Said:
    """The name means some substance of this UNODC group. Raises Refused for an unknown one."""
    if group not in GROUPS:
        raise Refused(f'there is no group "{group}"; there are: {", ".join(GROUPS)}')
    return Said(Meant.GROUP, group=group)


def like(name: SubstanceName) -> Said:
    """The name means the same as one that is held."""
    if name.no_substance:
        return NOTHING
    if name.substance:
        return this_substance(name.substance)
    if name.members:
        return Said(Meant.ISOMER_SET, None, tuple(name.members), name.family, name.group)
    return Said(Meant.FAMILY if name.family else Meant.GROUP, None, (), name.family, name.group)


def read_said(
    session: Session,
    actor: Actor,
    meant: Meant,
    *,
    substance: str = "",
    members: Sequence[str] = (),
    family: str = "",
    group: str = "",
) -> Said:
    """What a curator wrote. Substances go by number, InChIKey or exact name.

    Raises Refused for what is missing or unknown, NotFound for a substance that is not there.
    """
    if meant is Meant.SUBSTANCE:
        return this_substance(substance_of(session, actor, substance))
    if meant is Meant.ISOMER_SET:
        if len(members) > MOST_MEMBERS:
            raise Refused(f"a set has at most {MOST_MEMBERS} substances; take the family or group")
        return one_of([substance_of(session, actor, text) for text in members if text.strip()])
    if meant is Meant.FAMILY:
        return of_family(family.strip())
    return of_group(group.strip()) if meant is Meant.GROUP else NOTHING


def same_as(session: Session, key: str) -> Said:
    """The same as a name that is held for everybody. Raises NotFound."""
    held = held_name(session, key, None)
    if held is None:
        raise NotFound("that name is not held any more")
    return like(held)


def substance_of(session: Session, actor: Actor, text: str) -> Substance:
    """The substance of that number, InChIKey or exact name. Raises Refused, NotFound."""
    if not text.strip():
        raise Refused("say which substance: its number (TS-00042), InChIKey or exact name")
    try:
        return substance_by_code(session, actor, text.strip())
    except NotFound:
        found = search.by_name(session, actor, text.strip())
    if len(found) == 1:
        return found[0].substance
    raise NotFound(f"there is no substance “{shown(text.strip())}”")

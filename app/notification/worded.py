"""A content as an edition would say it: its sentences, and the detail that machines read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.errors import Conflict
from app.notification.products import AUDIENCES, LENGTHS, Content, response_sentences
from app.notification.wording import detail as substance_detail
from app.notification.wording import shortened, signal_name
from app.registry.models import Substance
from app.surveillance.models import NodeKind
from app.surveillance.queries import SeenEpisode
from chem.families import family_named

_NO_SUBSTANCE: dict[str, Any] = {
    **dict.fromkeys(("substance", "name", "inchikey", "connectivity", "smiles")),
    **dict.fromkeys(("group", "family", "effect", "ruleset")),
    "controlled": [],
    "episodes": [],
}


@dataclass(frozen=True, slots=True)
class Worded:
    """What an edition says, before it has a number and a time."""

    content: Content
    substances: tuple[Substance, ...]
    sentences: list[str]
    detail: dict[str, Any]

    @property
    def groups(self) -> set[str]:
        """UNODC's groups that it is about."""
        found = {substance.group for substance in self.substances}
        node = self.content.node
        if node and node.kind is NodeKind.GROUP:
            found.add(node.key)
        elif node and (family := family_named(node.key)):
            found.add(family.group)
        return found - {""}


def worded(session: Session, content: Content) -> Worded:
    """A content as an edition would say it; also for a preview."""
    substances = tuple(_substances(session, content.substances))
    base = substance_detail(substances[0], [], []) if substances else dict(_NO_SUBSTANCE)
    node = content.node
    if node and not substances:
        family = family_named(node.key) if node.kind is NodeKind.FAMILY else None
        base |= {"family": family.id, "group": family.group} if family else {"group": node.key}
    detail = base | {
        "product": content.product.value,
        "text": {name: text for name, text in content.texts.items() if name != "headline"},
        "response": list(content.response),
        "substances": [{"code": one.code, "name": one.name} for one in substances],
        "sources": list(content.sources),
        "valid_until": content.valid_until.isoformat() if content.valid_until else None,
        "about_name": node.key.replace("-", " ") if node else None,
    }
    return Worded(content, substances, _sentences(content), detail)


def from_signal(seen: SeenEpisode) -> Content:
    """What a signal gives to begin with, as its widest audience sees it.

    Raises Conflict when that is the secretariat alone: nobody may be told of it.
    """
    episode = seen.episode
    view = min(episode.views, key=lambda view: view.handling)
    if view.handling not in AUDIENCES:
        raise Conflict(f"{episode.code} rests on red reports alone; nothing of it may be told")
    node = episode.node
    of_class = node.kind in (NodeKind.FAMILY, NodeKind.GROUP)
    headline = f"{shortened(episode.name)}: {signal_name(episode.rule, episode.scope)}"
    listed = view.evidence.get("countries")
    return Content(
        headline=headline[: LENGTHS["headline"]],
        happened=view.sentence,
        subject=f"{node.kind.value}:{node.key}" if of_class else "",
        substances=(episode.substance.code,) if episode.substance else (),
        countries=tuple(listed) if isinstance(listed, list) else (),
        sources=(episode.code,),
        tier=view.tier,
        handling=view.handling,
    )


def _substances(session: Session, codes: tuple[str, ...]) -> list[Substance]:
    """In the order named."""
    ids = [int(code[3:]) for code in codes]
    query = select(Substance).where(Substance.id.in_(ids)).options(selectinload(Substance.controls))
    found = {substance.id: substance for substance in session.scalars(query)}
    return [found[number] for number in ids if number in found]


def _sentences(content: Content) -> list[str]:
    """For feeds and lists: the same, a sentence or paragraph each."""
    named = (
        ("", content.happened),
        ("What is known: ", content.known),
        ("What is not known: ", content.unknown),
    )
    told = [f"{title}{' '.join(text.split())}" for title, text in named if text]
    told += [words for name, words in response_sentences().items() if name in content.response]
    return [*told, " ".join(content.advice.split())] if content.advice else told

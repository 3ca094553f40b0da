"""A content as an edition would say it: its sentences, and the detail that machines read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.errors import Conflict
from app.languages import SOURCE, speaking
from app.notification.products import AUDIENCES, LENGTHS, Content, response_sentences
from app.notification.wording import shortened, signal_name
from app.registry.models import Substance
from app.surveillance.models import NodeId, NodeKind
from app.surveillance.queries import SeenEpisode
from chem.families import family_named


@dataclass(frozen=True, slots=True)
class Worded:
    """What an edition says, before it has a number and a time."""

    content: Content
    substances: tuple[Substance, ...]
    sentences: list[str]
    detail: dict[str, Any]


def worded(session: Session, content: Content) -> Worded:
    """A content as an edition would say it; also for a preview."""
    substances = tuple(_substances(session, content.substances))
    node = content.node
    first, of_class = next(iter(substances), None), _of_class(node)
    detail = (_of_substance(first) if first else of_class) | {
        "ruleset": None,
        "episodes": [],
        "product": content.product.value,
        "text": {name: text for name, text in content.texts.items() if name != "headline"},
        "response": list(content.response),
        "substances": [{"code": one.code} | _of_substance(one) for one in substances],
        "groups": _all([*(one.group for one in substances), of_class["group"]]),
        "families": _all([*(one.family for one in substances), of_class["family"]]),
        "sources": list(content.sources),
        "valid_until": content.valid_until.isoformat() if content.valid_until else None,
    }
    return Worded(content, substances, _sentences(content), detail)


def _all(words: Iterable[str | None]) -> list[str]:
    """Each word once, in their order."""
    return [word for word in dict.fromkeys(words) if word]


def _of_substance(one: Substance) -> dict[str, Any]:
    """What machines read of a substance that an alert is about."""
    return {
        "substance": one.code,
        "name": one.name,
        "inchikey": one.inchikey,
        "connectivity": one.connectivity,
        "smiles": one.smiles,
        "group": one.group,
        "family": one.family,
        "effect": one.effect,
        "controlled": [
            {"convention": c.convention, "schedule": c.schedule, "year": c.year}
            for c in one.controls
        ],
    }


def _of_class(node: NodeId | None) -> dict[str, Any]:
    """The same of a family or a group; of nothing in particular all is None."""
    family = family_named(node.key) if node and node.kind is NodeKind.FAMILY else None
    name = family.name if family else node.key if node else None
    about = (
        {"kind": node.kind.value, "key": node.key, "name": name, "path": _path(node)}
        if node
        else None
    )
    return {
        **dict.fromkeys(("substance", "inchikey", "connectivity", "smiles", "effect")),
        "name": name,
        "group": family.group if family else node.key if node else None,
        "family": family.id if family else None,
        "controlled": [],
        "about": about,
    }


def _path(node: NodeId) -> str:
    """Where its substances are listed."""
    return f"/substances?{node.kind.value}={quote(node.key)}"


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
    with speaking(SOURCE):  # as its sentence is
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

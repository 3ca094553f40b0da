"""What a notice says, said anew in the language of its reader.

An edition keeps its words in English. Whoever reads another language gets the same from what the
edition was made of: the episodes in its detail, each with the evidence of the view that its readers
may see. What people wrote stays as they wrote it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.languages import SOURCE, spoken
from app.notification.models import Edition, Product
from app.notification.wording import Shown, about_of, headline, nothing_left, with_news
from app.surveillance.models import NodeKind
from app.surveillance.wording import said_again


def language_of(edition: Edition) -> str:
    """What an edition is told in: the language spoken, but English where its words are kept."""
    return SOURCE if _as_stored(edition) else spoken()


def headline_of(edition: Edition) -> str:
    """The headline in the language spoken; of what people wrote, as they wrote it."""
    if _as_stored(edition):
        return edition.headline
    shown = [Shown.from_dict(episode) for episode in edition.detail["episodes"]]
    return headline(edition.detail["name"], shown, _kind(edition))


def sentences_of(edition: Edition) -> list[str]:
    """Its sentences in the language spoken, as far as there is evidence to say them from."""
    return [said for said, _language in sentences_in(edition)]


def sentences_in(edition: Edition) -> list[tuple[str, str]]:
    """The same, each with the language that it is in."""
    if _as_stored(edition):
        return [(sentence, SOURCE) for sentence in edition.sentences]
    name, episodes = edition.detail["name"], edition.detail["episodes"]
    if not episodes:
        return [(nothing_left(name, _kind(edition)), spoken())]
    return [sentence_in(episode, name) for episode in episodes]


def sentence_of(episode: Mapping[str, Any], name: str) -> str:
    """The sentence of an episode in an edition's detail, as `sentence_in` says it."""
    return sentence_in(episode, name)[0]


def sentence_in(episode: Mapping[str, Any], name: str) -> tuple[str, str]:
    """The sentence of an episode in an edition's detail, and the language that it is in.

    In English where there is no evidence, or it lacks something that the sentence needs by now:
    better told in English than not at all.
    """
    evidence = episode.get("evidence")
    said = said_again(evidence, name) if spoken() != SOURCE and evidence else None
    if said is None:
        return str(episode["sentence"]), SOURCE
    return with_news(said, episode["news"]), spoken()


def _as_stored(edition: Edition) -> bool:
    by_people = edition.alert.product is not Product.NOTICE or edition.reason == "retracted"
    return spoken() == SOURCE or by_people


def _kind(edition: Edition) -> NodeKind:
    about = about_of(edition.detail)
    return NodeKind(about["kind"]) if about else NodeKind.SUBSTANCE

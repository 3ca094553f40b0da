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
    if _as_stored(edition):
        return list(edition.sentences)
    episodes = edition.detail["episodes"]
    if not episodes:
        return [nothing_left(edition.detail["name"], _kind(edition))]
    return [sentence_of(episode, edition.detail["name"]) for episode in episodes]


def sentence_of(episode: Mapping[str, Any], name: str) -> str:
    """The sentence of an episode in an edition's detail.

    In English where there is no evidence, or it lacks something that the sentence needs by now:
    better told in English than not at all.
    """
    evidence = episode.get("evidence")
    if spoken() == SOURCE or not evidence:
        return str(episode["sentence"])
    said = said_again(evidence, name)
    return str(episode["sentence"]) if said is None else with_news(said, episode["news"])


def _as_stored(edition: Edition) -> bool:
    by_people = edition.alert.product is not Product.NOTICE or edition.reason == "retracted"
    return spoken() == SOURCE or by_people


def _kind(edition: Edition) -> NodeKind:
    about = about_of(edition.detail)
    return NodeKind(about["kind"]) if about else NodeKind.SUBSTANCE

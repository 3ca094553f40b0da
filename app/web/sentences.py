"""What a page says of signals: their sentences, in the language spoken, and what they count."""

from __future__ import annotations

from collections.abc import Iterable

from app.access.handling import Handling
from app.languages import SOURCE, spoken
from app.surveillance.evidence import Evidence
from app.surveillance.models import EpisodeView
from app.surveillance.wording import basis as basis_of
from app.surveillance.wording import sentence
from app.web.wording import listing

SHARED_WITH = {Handling.GREEN: "the community", Handling.AMBER: "authorities"}


def news(view: EpisodeView) -> str:
    """What a view says, without the remark on what it counts (`basis` says that once a page)."""
    return said(view).removesuffix(basis_of(view.handling)).rstrip()


def said(view: EpisodeView) -> str:
    """The sentence of a view in the language spoken, from the evidence it was made of."""
    if spoken() == SOURCE:
        return view.sentence
    return sentence(Evidence.from_dict(view.evidence), view.episode.name)


def basis(views: Iterable[EpisodeView]) -> str:
    """What the views of a page count, said once."""
    levels = {view.handling for view in views}
    if len(levels) < 2:
        return "".join(basis_of(level) for level in levels)
    circles = listing(f"with {who}" for level, who in SHARED_WITH.items() if level in levels)
    return (
        f"Counts public reports and, where there are any, those shared {circles}."
        if circles
        else ""
    )

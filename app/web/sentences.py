"""What a page says of signals: their sentences, in the language spoken, and what they count."""

from __future__ import annotations

from collections.abc import Iterable

from markupsafe import Markup

from app.access.handling import Handling
from app.languages import N_, SOURCE, _, plain, speaking, spoken
from app.notification.anew import headline_of, language_of, sentences_in
from app.notification.models import Edition
from app.surveillance.models import EpisodeView
from app.surveillance.wording import basis as basis_of
from app.surveillance.wording import said_again
from app.web.wording import listing

SHARED_WITH = {
    Handling.GREEN: N_("with the community"),
    Handling.AMBER: N_("with authorities"),
}


def news(view: EpisodeView) -> str:
    """What a view says, without the remark on what it counts (`basis` says that once a page)."""
    again = _again(view)
    if again is None:
        with speaking(SOURCE):
            remark = basis_of(view.handling)
        return _as_kept(view.sentence.removesuffix(remark).rstrip())
    return again.removesuffix(basis_of(view.handling)).rstrip()


def said(view: EpisodeView) -> str:
    """The sentence of a view in the language spoken, from the evidence it was made of."""
    again = _again(view)
    return _as_kept(view.sentence) if again is None else again


def headline(edition: Edition) -> str:
    """The headline of an edition, in the language spoken unless people wrote it."""
    return headline_of(edition)


def told_language(edition: Edition) -> str:
    """The language that its headline is in."""
    return language_of(edition)


def sentences(edition: Edition) -> list[str]:
    """What an edition says, sentence by sentence; what is not in the language spoken marked so."""
    return [
        said if language == spoken() else _as_kept(said) for said, language in sentences_in(edition)
    ]


def _again(view: EpisodeView) -> str | None:
    """In English as it was told; in another language None where the evidence does not suffice."""
    if spoken() == SOURCE:
        return view.sentence
    return said_again(view.evidence, view.episode.name)


def _as_kept(sentence: str) -> Markup:
    """A sentence that there is in English alone, marked so."""
    return Markup('<span lang="{}">{}</span>').format(SOURCE, sentence)


def basis(views: Iterable[EpisodeView]) -> str:
    """What the views of a page count, said once."""
    levels = {view.handling for view in views}
    if len(levels) < 2:
        return "".join(basis_of(level) for level in levels)
    circles = [plain(who) for level, who in SHARED_WITH.items() if level in levels]
    if not circles:
        return ""
    return _(
        "Counts public reports and, where there are any, those shared %(with_whom)s.",
        with_whom=listing(circles),
    )

"""What is different between two versions of a draft, in words."""

from __future__ import annotations

from dataclasses import fields, replace
from difflib import SequenceMatcher

from app.access.handling import Handling
from app.notification.products import Content, response_sentences
from app.surveillance.models import Tier


def changed_fields(before: Content | None, after: Content) -> list[str]:
    """The fields in which a version differs from the one before; all that say something, if none.

    >>> changed_fields(Content(headline="a"), Content(headline="b", known="c"))
    ['headline', 'known']
    """
    past = before or replace(Content(), product=after.product)
    return [f.name for f in fields(Content) if getattr(past, f.name) != getattr(after, f.name)]


def in_words(content: Content, field: str) -> str:
    """A field as people read it: "yes", "DE, FR", the sentences of the options chosen."""
    value = getattr(content, field)
    match value:
        case bool():
            return "yes" if value else "no"
        case tuple() if field == "response":
            sentences = response_sentences()
            return " ".join(str(sentences.get(name, name)) for name in value)
        case tuple():
            return ", ".join(value)
        case Tier() | Handling():
            return value.word
        case None:
            return ""
        case _:
            return str(value)


def word_changes(before: str, after: str) -> list[tuple[str, str]]:
    """What became of a text, word by word: pairs of "same", "gone" or "new" and the words.

    >>> word_changes("two blue tablets", "three blue tablets")
    [('gone', 'two'), ('new', 'three'), ('same', 'blue tablets')]
    """
    old, new = before.split(), after.split()
    found: list[tuple[str, str]] = []
    for what, i, j, k, m in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if what == "equal":
            found.append(("same", " ".join(old[i:j])))
            continue
        found += [
            (kind, " ".join(words))
            for kind, words in (("gone", old[i:j]), ("new", new[k:m]))
            if words
        ]
    return found

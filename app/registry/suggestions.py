"""What an unresolved name may have been meant to be. A suggestion is for a person, never accepted.

A name is suggested when everything that tells drugs apart is the same in both (`spelling`) and few
letters differ. Two names with other digits, locants, halogens, positions, alkyl words or short
codes never suggest each other, however alike they look.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from rapidfuzz.distance import OSA

from app.registry.names import name_key
from app.registry.spelling import LETTERS, Part, Spelling, digits, spelling

MOST_SUGGESTIONS = 3
LONGEST_NAME = 120  # characters; a longer name is no slip of one that people use
LONG_LETTERS = 12  # from here on two slips are forgiven, below it one


@dataclass(frozen=True, slots=True)
class KnownName:
    """A name the registry holds; `means` is alike for names of one meaning."""

    key: str
    name: str
    means: str


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A known name that an unresolved one may be, and why; a smaller distance is more alike."""

    known: KnownName
    why: str
    distance: int


class NameIndex:
    """Known names by what tells them apart, so that a name is compared with few of them."""

    def __init__(self, names: Iterable[KnownName]) -> None:
        self._by_parts: dict[tuple[tuple[Part, ...], str], list[tuple[Spelling, KnownName]]] = {}
        for known in names:
            if len(known.name) <= LONGEST_NAME:
                form = spelling(known.name)
                place = form.parts, form.letters[:1]
                self._by_parts.setdefault(place, []).append((form, known))

    def suggest(self, name: str, most: int = MOST_SUGGESTIONS) -> list[Suggestion]:
        """The known names that `name` may be a slip of, the most alike first, one for a meaning.

        >>> index = NameIndex([KnownName("etizolam", "Etizolam", "1")])
        >>> [suggestion.known.name for suggestion in index.suggest("Etizolame")]
        ['Etizolam']
        """
        if len(name) > LONGEST_NAME:
            return []
        key = name_key(name)
        found: dict[str, Suggestion] = {}
        for form in dict.fromkeys((spelling(name), spelling(name, forgiving=True))):
            for suggestion in self._alike(name, key, form):
                best = found.get(suggestion.known.means)
                if best is None or _order(suggestion) < _order(best):
                    found[suggestion.known.means] = suggestion
        return sorted(found.values(), key=_order)[:most]

    def _alike(self, name: str, key: str, form: Spelling) -> Iterator[Suggestion]:
        wanted = digits(name)
        for first in sorted({form.letters[:1], form.letters[1:2]} if form.letters else {""}):
            for known_form, known in self._by_parts.get((form.parts, first), ()):
                distance = letters_apart(form, known_form)
                if distance is not None and known.key != key and digits(known.name) == wanted:
                    whole = OSA.distance(key, known.key)
                    yield Suggestion(known, _why(known, distance, whole, form), whole)


def letters_apart(one: Spelling, other: Spelling) -> int | None:
    """The slips between the letters of two names of the same parts; None when there are too many.

    A slip is a letter dropped, added, replaced, or swapped with the next.
    """
    if one.stems and other.stems and one.stems != other.stems:
        return None
    if _ends_apart(one, other):
        return None
    if one.letters[:1] != other.letters[:1] and one.letters[:2][::-1] != other.letters[:2]:
        return None
    shorter = min(len(one.letters), len(other.letters))
    most = 2 if shorter >= LONG_LETTERS else 1
    distance = int(OSA.distance(one.letters, other.letters, score_cutoff=most))
    return distance if distance <= most else None


def _ends_apart(one: Spelling, other: Spelling) -> bool:
    """Whether the endings say different things, and not the same with two letters swapped."""
    if not one.ending or not other.ending or one.ending == other.ending:
        return False
    return sorted(one.letters[-3:]) != sorted(other.letters[-3:])


def _order(suggestion: Suggestion) -> tuple[int, int, str]:
    return suggestion.distance, len(suggestion.known.name), suggestion.known.key


def _why(known: KnownName, distance: int, whole: int, form: Spelling) -> str:
    """Why a known name is suggested, in a sentence for the one who decides."""
    if distance == 0 and whole > 2:
        return f"the same parts as “{known.name}”, written in another way"
    slips = "one letter" if whole == 1 else f"{whole} letters" if whole else "no letter"
    same = "locants, halogens and prefixes are the same" if _told(form.parts) else ""
    said = f"{slips} apart from “{known.name}”"
    return f"{said}; {same}" if same else said


def _told(parts: Sequence[Part]) -> bool:
    return any(part != (LETTERS, "") for part in parts)

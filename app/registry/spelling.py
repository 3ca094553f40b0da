"""What in a written name tells one drug from another, and what is only letters.

A name is taken apart into *parts* that must be the same in two names before one may be a slip of
the other (locants, halogens, Greek letters, positions, alkyl words, short codes), and the letters
that remain, in which a slip may be forgiven. The parts are `data/name_marks.toml`.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from app.registry.names import spelled

MARKS = Path(__file__).parent / "data" / "name_marks.toml"
MULTIPLIERS = ("di", "tri", "tetra", "penta", "hexa", "octa")
SHORTEST_LETTERS = 7  # a shorter run of letters is a code: MMC and MEC are two drugs
SHORTEST_REST = 5  # the same beside a part: the word as a whole is longer
SHORTEST_CODE = 5  # in a shorter code a swapped letter is another drug: MDA and DMA
SHORTEST_SLIP = 5  # a shorter part is looked for as it is, never as a slip

_PIECE = re.compile(r"\d+'*(?:,\d+'*)*|[^\W\d_]+|['/+&]")
_CODE_WORD = re.compile(r"\w*(?:ica|aca|yca|caca|gaclone|aata|ata)")
LETTERS = "~"  # stands in the parts where letters stand in the name

Part = tuple[str, str]  # the locants before it, and what it is


@dataclass(frozen=True, slots=True)
class Spelling:
    """A name taken apart. Names whose `parts` differ are names of different drugs.

    >>> spelling("4-Fluoro-α-PVP HCl").parts == spelling("4F alpha PVP").parts
    True
    >>> spelling("Isotonitazen").letters
    'nitazen'
    """

    parts: tuple[Part, ...]  # in alphabetical order, each as often as it occurs
    letters: str
    stems: frozenset[str]
    ending: str


def spelling(name: str, *, forgiving: bool = False) -> Spelling:
    """The parts of a name and its letters; `forgiving` also reads parts with one slip in them."""
    found: list[Part] = []
    letters: list[str] = []
    locants = ""
    for word in _words(name):
        if word[0].isdigit():
            if locants:
                found.append((locants, ""))
            locants = word
            continue
        for part in _parts_of(word, forgiving):
            is_letters = part.startswith(LETTERS)
            if is_letters:
                letters.append(part[1:])
            if locants or not is_letters:
                found.append((locants, LETTERS if is_letters else part))
            locants = ""
    if locants:
        found.append((locants, ""))
    text = "".join(letters)
    stems = frozenset(stem for stem, word in _stems() if word in text)
    ending = next((ending for ending, word in _endings() if text.endswith(word)), "")
    return Spelling(tuple(sorted(found)), text, stems, ending)


def _words(name: str) -> list[str]:
    """Runs of letters, locants and the signs of a mixture, without what says nothing."""
    plain = unicodedata.normalize("NFD", spelled(name))
    text = "".join(letter for letter in plain if not unicodedata.combining(letter))
    words = _PIECE.findall(text)
    kept = [word for word in words if word not in _noise()]
    return kept if any(word[0].isalpha() for word in kept) else words


def _parts_of(word: str, forgiving: bool) -> Iterator[str]:
    """The parts of one run of letters; letters in between begin with `LETTERS`."""
    if word in _short():
        yield _short()[word]
        return
    between = 0
    for start, end, part in _marked(word, forgiving):
        if start > between:
            yield _rest(word[between:start], SHORTEST_REST)
        yield part
        between = end
    if between < len(word):
        yield _rest(word[between:], SHORTEST_REST if between else SHORTEST_LETTERS)


def _rest(letters: str, shortest: int) -> str:
    """Letters between parts; a short run of them is a code, and so are AB, PINACA and the like."""
    if _CODE_WORD.fullmatch(letters):
        return f"={_shuffled(letters)}"
    if len(letters) < shortest or not set(letters) & set("aeiouy"):
        return f"={letters}"
    return f"{LETTERS}{letters}"


def _shuffled(code: str) -> str:
    """A long code word whichever way its letters were swapped or doubled: PINACA, PIANCA."""
    if len(code) < SHORTEST_CODE:
        return code
    single = (b for a, b in zip(f"\0{code}", code, strict=False) if a != b)
    return "".join(sorted(single))


def _marked(word: str, forgiving: bool) -> Iterator[tuple[int, int, str]]:
    """Where the parts stand in a word, from the left, the longest first."""
    table, longest = _table(forgiving)
    at = after = 0
    while at < len(word):
        for end in range(min(len(word), at + longest), at + 2, -1):
            part = table.get(word[at:end]) or (_prefixes().get(word[at:end]) if at == after else "")
            if part:
                yield at, end, part
                at = after = end
                break
        else:
            at += 1


@cache
def _table(forgiving: bool) -> tuple[dict[str, str], int]:
    table = _slips() | _marks() if forgiving else _marks()
    return table, max(map(len, table))


@cache
def _marks() -> dict[str, str]:
    """Every spelling of every part, and the part."""
    data = _data()
    table = {word: part for part, words in data["parts"].items() for word in words}
    for part, words in data["substituents"].items():
        for word in words:
            table.setdefault(word, part)
            for times in MULTIPLIERS:
                table.setdefault(times + word, times + part)
    return table


@cache
def _slips() -> dict[str, str]:
    """The parts with one letter dropped, doubled or swapped with the next, where that is still
    nothing else: "metyhl" is methyl, but "penyl" may be pentyl or phenyl."""
    marks = {word: part for word, part in _marks().items() if len(word) >= SHORTEST_SLIP}
    meant: dict[str, set[str]] = {}
    for word, part in marks.items():
        for slip in slips(word):
            if len(slip) >= SHORTEST_SLIP:
                meant.setdefault(slip, set()).update((part, *_inside(slip, word, marks)))
    return {slip: next(iter(parts)) for slip, parts in meant.items() if len(parts) == 1}


def _inside(slip: str, word: str, marks: dict[str, str]) -> Iterator[str]:
    """The parts that a slip of `word` would hide in itself."""
    for start in range(len(slip) - SHORTEST_SLIP + 1):
        for end in range(start + SHORTEST_SLIP, len(slip) + 1):
            part = marks.get(slip[start:end])
            if part and slip[start:end] not in word:
                yield part


def slips(word: str) -> set[str]:
    """`word` with one letter dropped, doubled, or swapped with the next; its first letter stays."""
    found = {word[:at] + word[at + 1 :] for at in range(1, len(word))}
    found |= {word[:at] + word[at] + word[at:] for at in range(len(word))}
    found |= {
        word[:at] + word[at + 1] + word[at] + word[at + 2 :] for at in range(1, len(word) - 1)
    }
    return found - {word}


def digits(name: str) -> Counter[str]:
    """The digits of a name, each as often as it occurs."""
    return Counter(letter for letter in unicodedata.normalize("NFKC", name) if letter.isdecimal())


@cache
def _prefixes() -> dict[str, str]:
    return {word: part for part, words in _data()["prefixes"].items() for word in words}


@cache
def _short() -> dict[str, str]:
    return {word: part for part, words in _data()["short"].items() for word in words}


@cache
def _stems() -> tuple[tuple[str, str], ...]:
    return tuple((stem, word) for stem, words in _data()["stems"].items() for word in words)


@cache
def _endings() -> tuple[tuple[str, str], ...]:
    return tuple((ending, word) for ending, words in _data()["endings"].items() for word in words)


@cache
def _noise() -> frozenset[str]:
    return frozenset(_data()["noise"]["words"])


@cache
def _data() -> dict[str, Any]:
    return tomllib.loads(MARKS.read_text(encoding="utf-8"))

"""Reading the code name of a synthetic cannabinoid into its four blocks.

A name is read as substituents, linked group, substituents, tail, core and linker, whatever its
case, hyphens, spaces and primes. That is ambiguous by nature: A-BINACA has a butyl, AB-INACA no
tail, and ABINACA may be either, so there may be several readings. Hyphens inside a block speak
against a reading. Only a structure can tell which one was meant.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from typing import Any, NamedTuple

from ..known import by_name
from . import systematic
from .blocknames import dictionary, entries, groups, joined, named
from .tails import lengths

LONGEST_NAME = 80  # characters; a code name has fewer than thirty
MOST_MARKS = 3  # substituents in one place; each may be read in several ways
_PRIMES = dict.fromkeys(map(ord, "'`´ʹʼ‘’′"), "'")
_DASHES = dict.fromkeys(map(ord, " -‐‑‒–—−_"), "-")
_SPELLED = {"FLUORO": "F", "CHLORO": "CL", "BROMO": "BR", "IODO": "I", "CYANO": "CN"}
_MARK = re.compile(
    r"(\d(?:,\d)*)(')?-?(DI|TRI)?"
    r"(FLUORO|CHLORO|BROMO|IODO|CYANO|CL|BR|CN|OH|EN|YN|MEO|ME|NO2|F|I)"
)
_BONDS = {"EN": "en", "YN": "yn"}
_ISOMER = re.compile(r"(3,5|5,3)")
_AROMATIC_HEADS = ("CUMYL", "APP", "MPP", "BZO")  # whose ring may carry a substituent
_FOUR_CHAIN, _FIVE_CHAIN = "B", "P"


class CodeName(NamedTuple):
    """Four blocks by their codes ("4en-P"), or by their words where they have none."""

    linked_group: str
    linker: str
    core: str
    tail: str


@dataclass(frozen=True, slots=True)
class Stem:
    """A name that stands for four blocks without spelling them."""

    name: str
    spelled: str  # the name as `tidy` writes it
    meaning: str  # a code name, "" where `blocks` are given
    blocks: CodeName | None
    prefixed: bool  # only with a tail written before it
    written: bool


@dataclass(frozen=True, slots=True)
class _Mark:
    text: str  # as in a code: "5F", "4en", "4,4,4-triF"
    group: str  # "F", "en"
    locant: int  # the highest
    primed: bool


class _Spelling(NamedTuple):
    """A name in its parts; which block a substituent stands on is still open."""

    first: tuple[_Mark, ...]
    isomer: str
    head: str
    inside: tuple[_Mark, ...]
    tail: str
    before_core: tuple[_Mark, ...]
    ending: tuple[str, str]  # core and linker


@dataclass(frozen=True, slots=True)
class _Parse:
    """How far a name is read, and what was found; `ends` are the borders of the blocks."""

    at: int
    found: tuple[Any, ...]
    ends: tuple[int, ...]


def readings(name: str) -> tuple[CodeName, ...]:
    """The ways to read a reported name, () when it is neither a code nor a systematic name.

    >>> readings("mdmb 4en-pinaca")
    (CodeName(linked_group='MDMB', linker='CA', core='IN', tail='4en-P'),)
    """
    text = tidy(name) if len(name) <= systematic.LONGEST_NAME else ""
    found = _readings(text) if 0 < len(text) <= LONGEST_NAME else ()
    if not found and (blocks := systematic.read(name)):
        return (CodeName(*blocks),)
    return found


def same_name(a: str, b: str) -> bool:
    """Whether two names may mean one substance: read alike, spelled alike, or known as one."""
    one, two = readings(a), readings(b)
    if set(one) & set(two) or tidy(a).replace("-", "") == tidy(b).replace("-", ""):
        return True
    known_one, known_two = (by_name().get(name.strip().casefold()) for name in (a, b))
    return bool(known_one and known_two and known_one.connectivity == known_two.connectivity)


def in_words_of(slot: str, key: str) -> str:
    """A block of a reading in words: "4F-B" is a 4-fluorobutyl.

    >>> in_words_of("tail", "4F-B"), in_words_of("core", "5Br-IN")
    ('4-fluorobutyl', '5-bromoindazole')
    """
    marks, _, base = key.rpartition("-")
    words = _spelled_out(slot).get(base if marks else key)
    if words is None:
        return _spelled_out(slot).get(key, key)
    for mark in reversed([_mark(match) for match in _MARK.finditer(marks.upper())]):
        if mark.group in _BONDS.values():
            words = f"{words.removesuffix('yl')}-{mark.locant}-{mark.group}yl"
        else:
            name = next(group.words for group in groups().values() if group.code == mark.group)
            words = joined(f"{mark.text.removesuffix(mark.group)}-{name}".replace("--", "-"), words)
    return words


@cache
def _spelled_out(slot: str) -> dict[str, str]:
    """The words of a slot's keys."""
    if slot in ("core", "linker"):
        rows = dictionary()["cannabinoid"][slot]
        names = [named(row) for row in rows if "code" in row]
        names += entries("cannabinoid", "whole_core").values() if slot == "core" else []
    else:
        names = list(entries("cannabinoid", slot).values())
    table = {name.key: name.words for name in names}
    if slot == "tail":
        for length in lengths().values():
            table |= {code: length.name.words for code in (length.name.code, length.bare) if code}
    return table


def tidy(name: str) -> str:
    """Upper case, one kind of prime and of hyphen, spaces as hyphens.

    >>> tidy(" ADB–5’Br butinaca ")
    "ADB-5'BR-BUTINACA"
    """
    text = unicodedata.normalize("NFKC", name.strip().translate(_PRIMES)).translate(_PRIMES)
    return re.sub(r"-+", "-", text.upper().translate(_DASHES)).strip("-")


@cache
def stems() -> tuple[Stem, ...]:
    """The stems of the dictionary, in its order."""
    return tuple(
        Stem(
            name=name,
            spelled=tidy(name),
            meaning=str(row.get("is", "")),
            blocks=CodeName(*row["blocks"]) if "blocks" in row else None,
            prefixed=bool(row.get("prefixed", False)),
            written=bool(row.get("write", False)),
        )
        for name, row in dictionary()["cannabinoid"]["stem"].items()
    )


@lru_cache(maxsize=4096)
def _readings(text: str) -> tuple[CodeName, ...]:
    found = _stem_readings(text)
    return tuple(dict.fromkeys(found or _grammar(text)))


def _stem_readings(text: str) -> list[CodeName]:
    """A stem alone, after a substituent of its pentyl, or after FUB in place of its tail."""
    for stem in stems():
        for prefix in ("", *_prefixes(text)):
            rest = text[len(prefix) :].lstrip("-")
            if _spelled_so(rest, stem.spelled) and (prefix or not stem.prefixed):
                return [_with_tail(blocks, prefix) for blocks in _stem_blocks(stem)]
    return []


def _spelled_so(text: str, stem: str) -> bool:
    """Whether a text is a stem. AKB-48 is AKB48, but ADB-ICA is a code name and not ADBICA."""
    alike = text.replace("-", "") == stem.replace("-", "")
    return alike and ("-" not in text or "-" in stem or stem[-1].isdigit())


def _prefixes(text: str) -> list[str]:
    """What may stand before a stem: the marks of its tail, or another tail."""
    found = []
    if match := _MARK.match(text):
        found.append(match.group(0))
    return [*found, "FUB"] if text.startswith("FUB") else found


def _stem_blocks(stem: Stem) -> tuple[CodeName, ...]:
    return (stem.blocks,) if stem.blocks else tuple(_grammar(tidy(stem.meaning)))


def _with_tail(blocks: CodeName, prefix: str) -> CodeName:
    if not prefix:
        return blocks
    if prefix == "FUB":
        return blocks._replace(tail="FUB")
    mark = next(_mark(match) for match in _MARK.finditer(prefix))
    ends_at_four = mark.locant == 4 and mark.group not in _BONDS.values()
    chain = _FOUR_CHAIN if ends_at_four else _FIVE_CHAIN  # 4F-ADB has a butyl
    return blocks._replace(tail=f"{mark.text}-{chain}")


def _grammar(text: str) -> list[CodeName]:
    """All readings by the framework's syntax that cut through the fewest hyphens."""
    compact = text.replace("-", "")
    borders = {at - text[:at].count("-") for at, sign in enumerate(text) if sign == "-"}
    found = []
    for parse in _parses(compact):
        for reading in _meanings(_Spelling(*parse.found)):
            found.append((len(borders - set(parse.ends)), reading))
    least = min((cost for cost, _ in found), default=0)
    return [reading for cost, reading in found if cost == least]


def _parses(text: str) -> Iterator[_Parse]:
    """Marks, isomer, linked group, marks, tail, marks, ending: every way to spell the text so."""
    steps = (_marks, _isomer, _heads, _marks, _tails, _marks, _endings)
    parses = [_Parse(0, (), ())]
    for step in steps:
        parses = [
            _Parse(end, (*parse.found, value), (*parse.ends, *_between(step, text, parse.at, end)))
            for parse in parses
            for value, end in step(text, parse.at)
        ]
    return (parse for parse in parses if parse.at == len(text))


def _between(step: Any, text: str, start: int, end: int) -> Iterator[int]:
    """The places where a hyphen may stand: around a block and within a substituent.

    Tail and core are one word, so between them it may not.
    """
    if step is _marks:
        return iter(range(start, end + 1) if end > start else ())
    return iter(() if step is _endings else (start,) if step is _tails else (start, end))


def _marks(text: str, at: int) -> Iterator[tuple[tuple[_Mark, ...], int]]:
    found: tuple[_Mark, ...] = ()
    yield found, at
    while len(found) < MOST_MARKS and (match := _MARK.match(text, at)):
        found, at = (*found, _mark(match)), match.end()
        yield found, at


def _mark(match: re.Match[str]) -> _Mark:
    locants, prime, times, spelled = match.groups()
    group = _codes()[_SPELLED.get(spelled, spelled)]
    text = f"{locants}-{times.lower()}{group}" if times else locants + group
    return _Mark(text, group, int(max(locants.split(","))), bool(prime))


@cache
def _codes() -> dict[str, str]:
    """The substituents' codes by their capitals."""
    return _BONDS | {group.code.upper(): group.code for group in groups().values() if group.code}


def _isomer(text: str, at: int) -> Iterator[tuple[str, int]]:
    yield "", at
    if match := _ISOMER.match(text, at):
        yield match.group(0), match.end()


def _heads(text: str, at: int) -> Iterator[tuple[str, int]]:
    return _tokens(_vocabulary("linked_group"), text, at)


def _tails(text: str, at: int) -> Iterator[tuple[str, int]]:
    yield "none", at
    yield from _tokens(_vocabulary("tail") | _chains(), text, at)


def _endings(text: str, at: int) -> Iterator[tuple[tuple[str, str], int]]:
    return ((value, len(text)) for value in _ends().get(text[at:], ()))


def _tokens(words: dict[str, str], text: str, at: int) -> Iterator[tuple[str, int]]:
    return ((key, at + len(word)) for word, key in words.items() if text.startswith(word, at))


@cache
def _vocabulary(slot: str) -> dict[str, str]:
    """All codes of a slot and the key of the block they mean."""
    return {
        code.upper().replace("-", ""): entry.key
        for entry in entries("cannabinoid", slot).values()
        if entry.code
        for code in (entry.code, *entry.also, entry.gaclone)
        if code
    }


@cache
def _chains() -> dict[str, str]:
    """All codes of chains and the code by which they are known without substituents."""
    return {
        code: length.bare
        for length in lengths().values()
        if length.name.code
        for code in (length.name.code, length.bare, *length.name.also, length.name.gaclone)
        if code
    }


@cache
def _ends() -> dict[str, tuple[tuple[str, str], ...]]:
    """Core and linker in one word, and the blocks they may mean."""
    table: dict[str, list[tuple[str, str]]] = {}
    linkers = [named(row) for row in dictionary()["cannabinoid"]["linker"] if "code" in row]
    cores = [row["code"] for row in dictionary()["cannabinoid"]["core"] if "code" in row]
    spellings = [(linker, linker.code) for linker in linkers]
    spellings += [(linker, code) for linker in linkers for code in linker.also]
    for (linker, code), core in product(spellings, [*cores, "FUPPY"]):
        joint = f"{core}A" if core.endswith("N") and code.startswith("C") else core
        if code == linker.code or joint + code not in table:
            table.setdefault(joint + code, []).append((core, linker.code))
    table["GACLONE"] = [("GACLONE", "lactam of the core")]
    return {word: tuple(values) for word, values in table.items()}


def _meanings(text: _Spelling) -> Iterator[CodeName]:
    """The readings of one spelling: a substituent may belong to the tail, core or linked group."""
    core, linker = text.ending
    if text.isomer and core != "FUPPY":
        return
    isomers = ("3,5", "5,3") if core == "FUPPY" and not text.isomer else (text.isomer,)
    marks = [(mark, True) for mark in text.first] + [(mark, False) for mark in text.inside]
    choices = [_owners(mark, text.head, text.tail, first=first) for mark, first in marks]
    for slots in product(*choices):
        owners = [(mark, slot) for (mark, _), slot in zip(marks, slots, strict=True)]
        owners += [(mark, "core") for mark in text.before_core]
        for isomer in isomers:
            yield CodeName(
                linked_group=_marked(text.head, _of(owners, "head")),
                linker=linker,
                core=f"{isomer}-{core}" if isomer else _marked(core, _of(owners, "core")),
                tail=_marked_tail(text.tail, _of(owners, "tail")),
            )


def _of(owners: list[tuple[_Mark, str]], slot: str) -> list[_Mark]:
    return [mark for mark, owner in owners if owner == slot]


def _owners(mark: _Mark, head: str, tail: str, *, first: bool) -> list[str]:
    """The blocks on which a substituent may stand."""
    if mark.primed:
        return ["core"]
    owners = []
    if _fits(mark, tail):
        owners.append("tail")
    if not first and mark.group not in _BONDS.values():
        owners.append("core")
    if first and head in _AROMATIC_HEADS:
        owners.append("head")
    return owners


def _fits(mark: _Mark, tail: str) -> bool:
    """Whether a tail has such a place: a chain long enough, or the ring of a benzyl."""
    if tail == "BENZ":
        return 2 <= mark.locant <= 6
    length = next((n for n, length in lengths().items() if length.bare == tail), 0)
    return mark.locant < length + (mark.group not in _BONDS.values())


def _marked(code: str, marks: list[_Mark]) -> str:
    texts = sorted(marks, key=lambda mark: (mark.group, mark.locant))
    return "-".join([*(mark.text for mark in texts), code])


def _marked_tail(tail: str, marks: list[_Mark]) -> str:
    """A tail's key; the code of a chain differs when something is on it."""
    base = next((one.name.code for one in lengths().values() if one.bare == tail), tail)
    ordered = sorted(marks, key=lambda mark: (mark.group in _BONDS.values(), mark.group))
    return "-".join([*(mark.text for mark in ordered), base]) if marks else tail

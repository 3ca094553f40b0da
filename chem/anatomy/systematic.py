"""Reading the systematic (IUPAC) name of a synthetic cannabinoid into its four blocks.

Catalogues and laboratories write these in many ways: brackets, hyphens, spaces, the order of the
parts, with or without stereodescriptors. Only the letters and digits are compared, and only a name
that is understood to its end is read.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from .blocknames import dictionary, entries, groups
from .tails import lengths

LONGEST_NAME = 200  # characters
_STEREO = re.compile(r"\((?:\d*[rs],?)+\)-?|\brac-|\(±\)-?")
_BARE = re.compile(r"[\s\-‐‑–—()\[\]{},']+")
_CORE_MARK = r"(?:(?P<locant>[2-7])(?P<group>fluoro|chloro|bromo|iodo|methyl))?"
_HEADS = ("linked_group", "acyl", "arylethanone")


def read(name: str) -> tuple[str, str, str, str] | None:
    """Linked group, linker, core and tail by their keys; None when the name is not understood.

    >>> read("N-(1-Adamantyl)-1-(5-fluoropentyl)-1H-indazole-3-carboxamide")
    ('A', 'CA', 'IN', '5F-P')
    """
    if len(name) > LONGEST_NAME:
        return None
    text = _BARE.sub("", _STEREO.sub("", name.casefold()))
    for pattern, linker in _patterns():
        if match := pattern.fullmatch(text):
            return _blocks(match, linker)
    return None


def _blocks(match: re.Match[str], linker: str) -> tuple[str, str, str, str] | None:
    found = match.groupdict()
    words = dictionary()["cannabinoid"]["systematic"]
    head = next((words[slot][found[slot]] for slot in _HEADS if found.get(slot)), None)
    if ester := found.get("alkyl"):
        head = words["ester"].get(f"{ester}+{found['acid']}")
    core = words["core"][found["core"]]
    if mark := found.get("group"):
        code = next(group.code for group in groups().values() if group.words == mark)
        core = f"{found['locant']}{code}-{core}"
    tail = _tails()[found["tail"]] if found.get("tail") else "none"
    return (head, linker, core, tail) if head else None


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The orders in which the parts are written, and the linker each means."""
    words: dict[str, Any] = dictionary()["cannabinoid"]["systematic"]
    head, acyl, arylethanone, core = (_any(slot, words[slot]) for slot in (*_HEADS, "core"))
    tail = f"1{_any('tail', _tails())}"
    alkyl, acid = (
        _any(name, {pair.split("+")[number] for pair in words["ester"]})
        for number, name in enumerate(("alkyl", "acid"))
    )
    ring = f"{_CORE_MARK}(?:{tail})?(?:1h)?{core}"
    shapes = (
        (f"n{head}{ring}3carboxamide", "CA"),
        (f"{_CORE_MARK}{tail}n{head}(?:1h)?{core}3carboxamide", "CA"),
        (
            f"{alkyl}(?:n|2){ring}3(?:carbonylamino|carboxamido|ylformamido|ylcarbonylamino){acid}",
            "CA",
        ),
        (f"{alkyl}n{ring}3(?:carbonyl|ylcarbonyl){acid}", "CA"),
        (f"{head}{ring}3carboxylate", "C"),
        (f"{ring}3yl{head}methanone", "methanone"),
        (f"{head}{ring}3ylmethanone", "methanone"),
        (f"{_CORE_MARK}{tail}3{acyl}(?:1h)?{core}", "methanone"),
        (f"2{arylethanone}1{ring}3ylethan(?:1)?one", "methanone"),
        (f"n{head}2{ring}3ylacetamide", "ATA"),
        (f"2{ring}3yln{head}acetamide", "ATA"),
    )
    return tuple((re.compile(shape), linker) for shape, linker in shapes)


def _any(name: str, words: Any) -> str:
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return f"(?P<{name}>{'|'.join(map(re.escape, longest_first))})"


@cache
def _tails() -> dict[str, str]:
    """The bare letters of tails and the keys of the blocks they mean."""
    table = dict(dictionary()["cannabinoid"]["systematic"]["tail"])
    for entry in entries("cannabinoid", "tail").values():
        if entry.words != "none":
            table.setdefault(_BARE.sub("", entry.words), entry.key)
    for number, length in lengths().items():
        words, code = length.name.words, length.name.code
        table[words] = length.bare or words
        for group in ("fluoro", "chloro", "bromo", "cyano"):
            mark = next(one.code for one in groups().values() if one.words == group)
            for locant in range(1, number + 1):
                if code:
                    table[f"{locant}{group}{words}"] = f"{locant}{mark}-{code}"
        for locant in range(2, number):
            if code:
                stem = words.removesuffix("yl")
                for spelling in (
                    f"{stem}{locant}enyl",
                    f"{stem}{locant}en1yl",
                    f"{locant}{stem}enyl",
                ):
                    table[spelling] = f"{locant}en-{code}"
    return table

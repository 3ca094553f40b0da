"""Whether a reported name and a structure speak of the same blocks.

A name is read only where its words are firm; what cannot be read is no disagreement. Of several
readings the structure may agree with any. The answer is a sentence for the person who can mend it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from rdkit import Chem

from ..families import Classification
from ..types import Mol
from . import cannabinoid, fentanyl, nitazene
from .blocknames import dictionary
from .cannabinoid import SLOTS
from .codename import keys_of
from .codereading import CodeName, in_words_of, readings, tidy
from .fragments import NOTHING, branches, canonical, components

_BENZENE = Chem.MolFromSmarts("c1ccccc1")
_NAMED_LOCANT = re.compile(r"([2-6])-?([A-Z]+(?:-[A-Z]+)?)")
LONGEST_NAME = 100  # characters; what is longer is cut and then not read
CANNABINOID, FENTANYL, NITAZENE = "synthetic cannabinoid", "fentanyl", "nitazene"
_GROUPS_OF = {
    CANNABINOID: "synthetic cannabinoids",
    FENTANYL: "fentanyl analogues",
    NITAZENE: "nitazenes",
}
_GREEK = {"α": "alpha", "β": "beta"}
_GROUPS = "fluoro|chloro|bromo|methyl|methoxy"


def disagreement(name: str, mol: Mol, classification: Classification) -> str | None:
    """What a reported name and a structure contradict each other in; None when in nothing.

    The blocks are looked for whatever the structure was classified as, since a new core is not in
    the family table yet; a structure of the very family that cannot be cut contradicts nothing.

    >>> from chem import examine
    >>> one = examine("COC(=O)C(NC(=O)c1cn(CCCCC)c2ccccc12)C(C)(C)C").components[0]
    >>> disagreement("4F-MDMB-BICA", one.parent, one.classification)
    'the name says tail 4-fluorobutyl; the structure has tail pentyl'
    """
    if codes := readings(name):
        four = cannabinoid.cut(mol)
        return (
            _cannabinoid(codes, keys_of(four)) if four else _stranger(CANNABINOID, classification)
        )
    if regions := fentanyl_regions(name):
        five = fentanyl.cut(mol)
        return _fentanyl(regions, five) if five else _stranger(FENTANYL, classification)
    if parts := nitazene_parts(name):
        three = nitazene.cut(mol)
        return _nitazene(parts, three) if three else _stranger(NITAZENE, classification)
    return _locant(name, mol)


def _stranger(kind: str, classification: Classification) -> str | None:
    """What to say of a structure that has not the blocks of the name's kind."""
    if _GROUPS_OF[kind] == classification.group:
        return None
    return f"the name is that of a {kind}; the structure has no such blocks"


def _cannabinoid(codes: tuple[CodeName, ...], blocks: CodeName) -> str | None:
    closest = max(codes, key=lambda code: sum(a == b for a, b in zip(code, blocks, strict=True)))
    said = {slot: in_words_of(slot, code) for slot, code in zip(SLOTS, closest, strict=True)}
    has = {slot: in_words_of(slot, code) for slot, code in zip(SLOTS, blocks, strict=True)}
    return _sentence(said, has) if blocks not in codes else None


def _fentanyl(regions: Mapping[str, str], cut: fentanyl.Cut) -> str | None:
    has = fentanyl.in_words_of(cut)
    return _sentence(regions, {slot: has.get(slot, "none") for slot in regions})


def _nitazene(parts: Mapping[str, str], cut: nitazene.Cut) -> str | None:
    has = nitazene_fragments(cut)
    differing = {slot for slot in has if has[slot] != parts.get(slot, NOTHING)}
    words = nitazene.names(cut)
    return _sentence(
        {slot: nitazene.words(slot, parts.get(slot, NOTHING)) for slot in has if slot in differing},
        {slot: words[slot].words.split(" (")[0] or cut.fragments[slot] for slot in differing},
    )


def nitazene_fragments(cut: nitazene.Cut) -> dict[str, str]:
    """The blocks of a nitazene as a name speaks of them: a group beside para says where it is."""
    has = dict(cut.fragments)
    placed = cut.on_benzyl
    elsewhere = len(placed) == 1 and placed[0][0] != 4 and has["benzyl_substituent"].count("*") == 1
    if elsewhere:
        has["benzyl_substituent"] = f"{placed[0][0]}:{has['benzyl_substituent']}"
    return has


def _sentence(said: Mapping[str, str], has: Mapping[str, str]) -> str | None:
    """The slots in which two sets of blocks differ, in words; None when in none."""
    differing = [slot for slot in said if said[slot] != has[slot]]
    if not differing:
        return None

    def listed(words: Mapping[str, str]) -> str:
        return ", ".join(f"{_title(slot)} {words[slot]}" for slot in differing)

    return f"the name says {listed(said)}; the structure has {listed(has)}"


def _title(slot: str) -> str:
    return slot.replace("_", " ")


@lru_cache(maxsize=4096)
def fentanyl_regions(name: str) -> dict[str, str] | None:
    """The regions of which a fentanyl's common name speaks, in words; None when it is not read.

    >>> fentanyl_regions("para-fluorofuranyl fentanyl")["aniline_ring"]
    '4-fluorophenyl'
    """
    text = tidy(name[:LONGEST_NAME]).casefold()
    for letter, word in _GREEK.items():
        text = text.replace(letter, word)
    body = text.removesuffix("fentanyl")
    if body == text:
        return None
    rest, regions = _modifiers(body)
    for stem, acyl in sorted(_stems().items(), key=lambda pair: -len(pair[0])):
        if rest.startswith(stem):
            after, more = _modifiers(rest[len(stem) :].lstrip("-"))
            if not after and not set(more) & set(regions) and _firm(regions | more):
                return fentanyl.USUAL | {"acyl": acyl} | regions | more
    return None


def _firm(regions: dict[str, str]) -> bool:
    """Whether each group's place is clear: a halogen before "benzyl" may be on either ring."""
    return not (regions.get("linker") == "methyl" and "aniline_ring" in regions)


def _modifiers(text: str) -> tuple[str, dict[str, str]]:
    """What remains of a name when the groups before it are read, and the regions they change."""
    regions: dict[str, str] = {}
    while True:
        for pattern, region, words in _patterns():
            if (match := pattern.match(text)) and region not in regions:
                group = match.groupdict().get("group")
                regions[region] = words.format(group=group)
                text = text[match.end() :].lstrip("-")
                break
        else:
            return text, regions


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], str, str], ...]:
    rows: list[dict[str, str]] = dictionary()["fentanyl"]["modifier"]
    return tuple(
        (
            re.compile(rf"{row['pattern']}(?P<group>{_GROUPS})"),
            row["region"],
            f"{row['ring']}-{{group}}phenyl",
        )
        if "ring" in row
        else (re.compile(row["pattern"]), row["region"], row["is"])
        for row in rows
    )


def _stems() -> dict[str, str]:
    stems: dict[str, str] = dictionary()["fentanyl"]["stem"]
    return stems


@lru_cache(maxsize=4096)
def nitazene_parts(name: str) -> dict[str, str] | None:
    """The fragments of which a nitazene's common name speaks; None when it is not read.

    >>> nitazene_parts("Metonitazepyne") == nitazene_parts("N-pyrrolidino metonitazene")
    True
    """
    text = tidy(name[:LONGEST_NAME]).casefold()
    aliases: dict[str, str] = dictionary()["nitazene"]["alias"]
    return _nitazene_names().get(re.sub(r"[-,]", "", tidy(aliases.get(text, text)).casefold()))


@cache
def _nitazene_names() -> dict[str, dict[str, str]]:
    """Every common name that the dictionary can put together, without hyphens."""
    table: dict[str, dict[str, str]] = {}
    for benzyl, root in nitazene.roots().items():
        for amine, prefix in nitazene.prefixes().items():
            for five, core in ((nitazene.NITRO, "nitaz"), (NOTHING, "desnitaz")):
                parts = {"five_position": five, "benzyl_substituent": benzyl, "amine": amine}
                for word in _spellings(root, prefix, core):
                    table[word] = parts
    table.pop("nitazene", None)  # the family's name
    return table


def _spellings(root: dict[str, Any], prefix: dict[str, Any], core: str) -> list[str]:
    starts = [root["root"], *root.get("also", ())]
    before = [prefix["prefix"], *prefix.get("also", ())]
    suffix = prefix.get("suffix", "")
    words = [f"{first}{start}{core}ene{suffix}" for first in before for start in starts]
    if "ending" in prefix:
        words += [f"{start}{core}e{prefix['ending']}" for start in starts]
    return [re.sub(r"[-, ]", "", word).casefold() for word in words]


def _locant(name: str, mol: Mol) -> str | None:
    """For names such as 3-MMC and 4F-MPH: the group stands elsewhere on the ring."""
    match = _NAMED_LOCANT.fullmatch(tidy(name[:LONGEST_NAME]))
    group = _locants().get(match.group(2)) if match else None
    if match is None or group is None:
        return None
    places = _places(mol, group)
    said = int(match.group(1))
    if len(places) != 1 or places[0] in (said, 8 - said):
        return None
    words = dictionary()["group"][group]["name"]
    return f"the name says {said}-{words}; the structure has {places[0]}-{words}"


@cache
def _locants() -> dict[str, str]:
    return {acronym: canonical(group) for acronym, group in dictionary()["locant"].items()}


def _places(mol: Mol, group: str) -> list[int]:
    """Where such a group stands on the benzene rings that carry just it and one thing more."""
    found = []
    for ring in mol.GetSubstructMatches(_BENZENE):
        hung = branches(mol, ring, ring)
        others = [atom for atom, smiles in hung if smiles != group]
        same = [atom for atom, smiles in hung if smiles == group]
        if len(components(mol, ring)) == 2 and len(others) == 1 and len(same) == 1:
            apart = abs(ring.index(others[0]) - ring.index(same[0]))
            found.append(min(apart, 6 - apart) + 1)
    return found

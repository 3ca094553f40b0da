"""Code names of synthetic cannabinoids: written from a structure, read from a report.

The syntax is that of the EMCDDA framework (Pulver et al. 2023, doi:10.1002/dta.3403): linked group,
tail, core, linker, a substituent right before the block it stands on (ADB-4en-PINACA). Halogens on
a chain come first, as regulators write them (5F-MDMB-PINACA), and a prime marks the core
(ADB-5'Br-BUTINACA). Reading is in `codereading`.
"""

from __future__ import annotations

import re

from ..families import Classification
from ..types import Mol
from . import cannabinoid
from .blocknames import Named, dictionary
from .cannabinoid import Cut
from .codereading import CodeName, readings, same_name, stems

__all__ = ["CodeName", "blocks_of", "code_name", "readings", "same_name", "written"]

# A structure of no known family may be a cannabinoid on a new core; its code name then says so.
GROUPS = ("synthetic cannabinoids", "")
_HALOGEN = r"[\d,]+(?:-(?:di|tri|tetra|penta))?(?:F|Cl|Br|I)"
_HALOGENS = re.compile(rf"{_HALOGEN}(?:-{_HALOGEN})*")
_ISOMER = re.compile(r"\d,\d")
_LOCANT = re.compile(r"(?<![\d,])(\d+)")


def blocks_of(mol: Mol, classification: Classification) -> CodeName | None:
    """The four blocks of a structure as a name would give them; None when it has no such blocks.

    A block without a code stands with its words, one without a name with its SMILES.
    """
    cut = _cut(mol, classification)
    return keys_of(cut) if cut else None


def keys_of(cut: Cut) -> CodeName:
    """The blocks of a cut as a name would give them."""
    names = cannabinoid.names(cut)
    return CodeName(*(names[slot].key or cut.fragments[slot] for slot in cannabinoid.SLOTS))


def code_name(mol: Mol, classification: Classification) -> str:
    """The code name rebuilt from a structure, "" where a block has no code.

    >>> from chem import examine
    >>> one = examine("COC(=O)C(NC(=O)c1nn(CCCC=C)c2ccccc12)C(C)(C)C").components[0]
    >>> code_name(one.parent, one.classification)
    'MDMB-4en-PINACA'
    """
    cut = _cut(mol, classification)
    if cut is None:
        return ""
    names = cannabinoid.names(cut)
    head, linker, core, tail = (names[slot] for slot in cannabinoid.SLOTS)
    coded = head.code and core.code and (linker.code or cut.core.head)
    if not coded or not (tail.code or tail.words == "none"):
        return _from_stem(CodeName(head.key, linker.key, core.key, tail.key))
    return written(head, linker, core, tail)


def _cut(mol: Mol, classification: Classification) -> Cut | None:
    return cannabinoid.cut(mol) if classification.group in GROUPS else None


def written(head: Named, linker: Named, core: Named, tail: Named) -> str:
    """The code name of four blocks that all have codes."""
    core_marks, _, ring = core.code.rpartition("-")
    tail_marks, _, letters = tail.code.rpartition("-")
    if tail.gaclone and ring == "GACLONE":
        letters = tail.gaclone
    if letters in ("B", "BUT"):
        letters = _butyl(head, ring, linker, bare=not tail_marks)
    chain_first = (
        bool(_HALOGENS.fullmatch(tail_marks)) and letters != "BENZ" and "-" not in head.code
    )
    isomer = bool(_ISOMER.fullmatch(core_marks))
    before = [tail_marks if chain_first else "", core_marks if isomer else ""]
    inside = [
        "" if isomer else _LOCANT.sub(r"\1'", core_marks) if tail.code else core_marks,
        "" if chain_first else tail_marks,
    ]
    word = letters + _ending(ring, linker.code)
    if head.joined and not any(inside) and word.isalpha():
        inside, word = [], head.code + word
    else:
        inside = [head.code, *inside]
    text = "-".join(filter(None, [*before, *inside, word]))
    return str(dictionary()["cannabinoid"]["established"].get(text, text))


def _butyl(head: Named, ring: str, linker: Named, *, bare: bool) -> str:
    """BUT or B, as reports write it: ADB-BUTINACA, 4F-MDMB-BINACA, CUMYL-BICA, 4F-ABUTINACA.

    A joined head takes BUT, since ABINACA could be AB-INACA.
    """
    if head.joined:
        return "BUT"
    indole_amide = linker.code == "CA" and not ring.endswith("N")
    return "BUT" if bare and not indole_amide else "B"


def _ending(ring: str, linker: str) -> str:
    """Core and linker in one: indazole carboxamide is INACA, indole carboxamide ICA.

    >>> _ending("IN", "CA"), _ending("I", "ATA"), _ending("GACLONE", "")
    ('INACA', 'IATA', 'GACLONE')
    """
    return f"{ring}A{linker}" if ring.endswith("N") and linker.startswith("C") else ring + linker


def _from_stem(blocks: CodeName) -> str:
    """The name by which reports call blocks that have no code: NNEI, 5F-MN-18; "" without one."""
    for stem in stems():
        if not stem.written or stem.blocks is None:
            continue
        marks, _, letters = blocks.tail.rpartition("-")
        same = stem.blocks[:3] == (blocks.linked_group, blocks.linker, blocks.core)
        if same and blocks.tail == stem.blocks[3]:
            return stem.name
        if same and letters == stem.blocks[3] and _HALOGENS.fullmatch(marks):
            return f"{marks}-{stem.name}"
    return ""

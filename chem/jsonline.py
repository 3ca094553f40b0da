"""The line of JSON that `tocsin structures` prints for one structure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field

from rdkit import Chem

from .anatomy import Block, blocks, described
from .anatomy.codename import code_name
from .control import Ruling, international
from .errors import StructureError
from .examine import Examination, Examined, examine_all, take
from .generics import GenericRuling
from .identity import RDKIT_VERSION, RULESET
from .kinship import Relative, nearest_of_each
from .law import Answer, answer
from .tautomer import tautomer_key
from .variants import base_key, variant_of

_RULES = {"ruleset": RULESET, "rdkit": RDKIT_VERSION}
_ORDINARY = "CNC(C)C(=O)c1ccc(C)cc1"  # goes through every table
_ENCODER = json.JSONEncoder(ensure_ascii=False)


def read_knowledge() -> None:
    """Read the tables that are otherwise read at first use: about half a second, once a process.

    For whoever is about to answer, or to part into several processes.
    """
    lines(examine_all([_ORDINARY]), [0], [_ORDINARY])


def to_json(examination: Examination | StructureError, row: int, input: str) -> str:
    """The line for one input row, without its newline; the names of its fields are a promise."""
    return lines([examination], [row], [input])[0]


def lines(
    examinations: Sequence[Examination | StructureError], rows: Sequence[int], inputs: Sequence[str]
) -> list[str]:
    """The lines of several rows; together they take less time than one by one (see `examine`)."""
    wholes = [_Whole(text, one) for one, text in zip(examinations, inputs, strict=True)]
    parts = [part for whole in wholes for part in whole.parts]
    for step in (_key, _take_apart, _rule, _relate):
        take(step, parts)
    return [
        _ENCODER.encode({"row": row, "input": whole.text} | _answer(whole) | _RULES)
        for row, whole in zip(rows, wholes, strict=True)
    ]


@dataclass(slots=True)
class _Part:
    """A component, and what is asked of it only here."""

    text: str
    one: Examined
    tautomer_key: str = field(init=False)
    blocks: tuple[Block, ...] = field(init=False)
    code_name: str = field(init=False)
    described: str = field(init=False)
    law: Answer = field(init=False)
    controlled: Relative | None = field(init=False)
    medicine: Relative | None = field(init=False)
    error: StructureError | None = None


class _Whole:
    """A row: its text, and what was found or what is wrong."""

    def __init__(self, text: str, examination: Examination | StructureError) -> None:
        self.text = text
        self.examination = examination
        components = () if isinstance(examination, StructureError) else examination.components
        self.parts = [_Part(text, one) for one in components]


def _key(part: _Part) -> None:
    part.tautomer_key = tautomer_key(part.one.parent)


def _take_apart(part: _Part) -> None:
    kind = part.one.classification
    part.blocks = blocks(part.one.parent, kind)
    # a structure of no group may be named by its blocks too, but every row would pay for the search
    part.code_name = code_name(part.one.parent, kind) if kind.group else ""
    part.described = described(part.one.parent, kind)


def _rule(part: _Part) -> None:
    part.law = answer(part.one.parent, part.one.identity)


def _relate(part: _Part) -> None:
    part.controlled, part.medicine = nearest_of_each(part.one.fingerprint)


def _answer(whole: _Whole) -> dict[str, object]:
    found = whole.examination
    if isinstance(found, StructureError):
        return _wrong(found)
    for part in whole.parts:
        if part.error is not None:
            return _wrong(part.error)
    return {
        "ok": True,
        "error": None,
        "components": [_component(part) for part in whole.parts],
        "mixture": found.mixture,
        "steps": list(found.steps),
    }


def _wrong(error: StructureError) -> dict[str, object]:
    told = {"code": error.code, "message": error.message}
    return {"ok": False, "error": told, "components": [], "mixture": False, "steps": []}


def _component(part: _Part) -> dict[str, object]:
    one, law = part.one, part.law
    kind = one.classification
    variant = variant_of(one.identity.key)
    return {
        "smiles": one.identity.smiles,
        "inchikey": one.identity.inchikey,
        "connectivity": one.identity.connectivity,
        "substance_key": one.identity.key,
        "variant": {"name": variant.name, "reason": variant.reason} if variant else None,
        "tautomer_key": part.tautomer_key,
        "formula": one.identity.formula,
        "mass": one.identity.mass,
        "salt_of": list(one.salt),
        "solvents": list(one.solvents),
        "isotopes": one.isotopes,
        "form_inchikey": one.form_inchikey,
        "group": kind.group,
        "family": kind.family,
        "subfamily": kind.subfamily,
        "families": [match.family for match in kind.families],
        "matches": _matches(one),
        "effect": kind.effect,
        "medicine": one.medicine,
        "precursor_or_metabolite": one.precursor_or_metabolite,
        "standing": one.standing,
        "scaffold": one.scaffold.framework,
        "scaffold_degenerate": one.scaffold.degenerate,
        "cluster_key": one.cluster_key,
        "code_name": part.code_name,
        "described": part.described,
        "anatomy": [
            {"slot": block.slot, "smiles": block.smiles, "name": block.name}
            for block in part.blocks
        ],
        "control_status": law.status,
        "control": [*map(_ruling, law.international), *map(_generic, law.applying)],
        "nearest_controlled": _controlled(part.controlled),
        "nearest_medicine": _relative(part.medicine),
    }


def _matches(one: Examined) -> list[dict[str, object]]:
    """The families, with their atoms by place in the SMILES of the line."""
    if not one.classification.families:
        return []
    Chem.MolToSmiles(one.parent)
    written = one.parent.GetPropsAsDict(True, True)["_smilesAtomOutputOrder"]
    place = {atom: number for number, atom in enumerate(written)}
    return [
        {
            "family": match.family,
            "within": match.within or None,
            "atoms": [place[atom] for atom in match.atoms],
        }
        for match in one.classification.families
    ]


def _ruling(ruling: Ruling) -> dict[str, object]:
    return {
        "basis": ruling.basis,
        "convention": ruling.convention,
        "schedule": ruling.schedule,
        "year": ruling.year,
        "entry": ruling.entry,
        "certain": ruling.certain,
        "explanation": ruling.explanation,
    }


def _generic(ruling: GenericRuling) -> dict[str, object]:
    return {
        "basis": "national list of names" if ruling.named else "generic clause",
        "jurisdiction": ruling.jurisdiction,
        "law": ruling.law,
        "title": ruling.title,
        "definition": ruling.definition,
        "outcome": ruling.outcome,
        "clauses": [{"id": clause.id, "text": clause.text} for clause in ruling.clauses],
        "reasons": list(ruling.reasons),
        "valid_from": ruling.valid_from.isoformat(),
        "notice": ruling.notice,
    }


def _controlled(relative: Relative | None) -> dict[str, object] | None:
    found = _relative(relative)
    if relative is None or found is None:
        return None
    listing = international(relative.substance.connectivity)[0]
    return found | {"convention": listing.convention, "schedule": listing.schedule}


def _relative(relative: Relative | None) -> dict[str, object] | None:
    if relative is None:
        return None
    return {
        "name": relative.substance.name,
        "connectivity": base_key(relative.substance.connectivity),
        "similarity": round(relative.similarity, 3),
        "closeness": relative.closeness,
    }

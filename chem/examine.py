"""Everything that one submitted structure tells, in one call: the hot path of intake.

parse, normalise, identify, classify, cluster, fingerprint, look up. The tautomer key is left out of
`examine`; it is computed when a substance is new, and in the JSON line.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache

from .control import Listing, controlled, international
from .errors import StructureError, shortened
from .families import Classification, classify
from .identity import Identity, identify, inchikey_of
from .known import Known, standing_of
from .normalise import Component, normalise
from .parse import Parsed, parse
from .scaffold import Scaffold, cluster_key, scaffold
from .similarity import Index, fingerprint
from .tautomer import tautomer_key
from .types import Mol

_ENCODER = json.JSONEncoder(ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class Examined:
    """One component: which substance it is, as what form it came, and what is known of it."""

    parent: Mol
    identity: Identity
    salt: tuple[str, ...]
    solvents: tuple[str, ...]
    isotopes: bool
    form_inchikey: str  # of what was submitted when it is one substance, else of the parent
    classification: Classification
    scaffold: Scaffold
    cluster_key: str
    fingerprint: bytes
    standing: str | None  # None: not in the list of known substances
    listings: tuple[Listing, ...]


@dataclass(frozen=True, slots=True)
class Examination:
    """A submitted structure, understood."""

    format: str
    components: tuple[Examined, ...]
    mixture: bool
    steps: tuple[str, ...]


def examine(text: str, format: str = "auto") -> Examination:
    """Read `text` and say what it is. Raises StructureError, and nothing else."""
    parsed = parse(text, format)
    try:
        normalised = normalise(parsed.mol)
        components = tuple(
            _examined(
                component, parsed, alone=not normalised.mixture, changed=bool(normalised.steps)
            )
            for component in normalised.components
        )
    except StructureError as problem:
        raise StructureError(problem.code, problem.message, text) from problem
    except Exception as problem:  # RDKit's own failures on structures no chemist would draw
        raise StructureError(
            "unreadable",
            f"the structure could not be processed: {shortened(str(problem), 120)}",
            text,
        ) from problem
    return Examination(parsed.format, components, normalised.mixture, normalised.steps)


def _examined(component: Component, parsed: Parsed, *, alone: bool, changed: bool) -> Examined:
    parent = component.parent
    identity = identify(parent)
    classification = classify(parent)
    ring = scaffold(parent)
    form = inchikey_of(parsed.mol) if alone and changed else ""
    return Examined(
        parent=parent,
        identity=identity,
        salt=component.salt,
        solvents=component.solvents,
        isotopes=component.isotopes,
        form_inchikey=form or identity.inchikey,
        classification=classification,
        scaffold=ring,
        cluster_key=cluster_key(parent, classification, ring),
        fingerprint=fingerprint(parent),
        standing=standing_of(identity.connectivity),
        listings=international(identity.connectivity),
    )


def nearest_controlled(fingerprint: bytes) -> tuple[Known, float] | None:
    """The internationally controlled substance most similar to a fingerprint, and how similar."""
    index, substances = _controlled_index()
    found = index.nearest(fingerprint, 1)
    return (substances[found[0].id], found[0].similarity) if found else None


def to_json(examination: Examination | StructureError, row: int, input: str) -> str:
    """The line that `tocsin structures` prints for one input row, without its newline."""
    line: dict[str, object] = {"row": row, "input": input}
    if isinstance(examination, StructureError):
        error = {"code": examination.code, "message": examination.message}
        line |= {"ok": False, "error": error, "components": [], "mixture": False, "steps": []}
    else:
        line |= {
            "ok": True,
            "error": None,
            "components": [_component_json(component) for component in examination.components],
            "mixture": examination.mixture,
            "steps": list(examination.steps),
        }
    return _ENCODER.encode(line)


def _component_json(one: Examined) -> dict[str, object]:
    return {
        "smiles": one.identity.smiles,
        "inchikey": one.identity.inchikey,
        "connectivity": one.identity.connectivity,
        "tautomer_key": tautomer_key(one.parent),
        "formula": one.identity.formula,
        "mass": one.identity.mass,
        "salt_of": list(one.salt),
        "solvents": list(one.solvents),
        "isotopes": one.isotopes,
        "form_inchikey": one.form_inchikey,
        "group": one.classification.group,
        "family": one.classification.family,
        "families": [match.family for match in one.classification.families],
        "effect": one.classification.effect,
        "medicine": one.standing == "medicine",
        "standing": one.standing,
        "scaffold": one.scaffold.framework,
        "cluster_key": one.cluster_key,
        "control": [
            {"convention": listing.convention, "schedule": listing.schedule, "year": listing.year}
            for listing in one.listings
        ],
        "nearest_controlled": _nearest_json(one.fingerprint),
    }


def _nearest_json(fingerprint: bytes) -> dict[str, object] | None:
    found = nearest_controlled(fingerprint)
    if found is None:
        return None
    substance, similarity = found
    listing = international(substance.connectivity)[0]
    return {
        "name": substance.name,
        "connectivity": substance.connectivity,
        "convention": listing.convention,
        "schedule": listing.schedule,
        "similarity": round(similarity, 3),
    }


@cache
def _controlled_index() -> tuple[Index, dict[str, Known]]:
    """Fingerprints of the controlled substances, by connectivity; built at first use."""
    substances: dict[str, Known] = {}
    rows: dict[str, bytes] = {}
    for substance in controlled():
        key = substance.connectivity
        if key and key not in rows:
            parent = normalise(parse(substance.smiles, "smiles").mol).components[0].parent
            substances[key] = substance
            rows[key] = fingerprint(parent)
    return Index(list(rows), list(rows.values())), substances

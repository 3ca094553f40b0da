"""Asking the generic definitions of law about a substance that a test names."""

from __future__ import annotations

from chem.generics import GenericRuling, rulings
from chem.known import by_name
from chem.normalise import normalise
from chem.parse import parse
from chem.types import Mol


def parent(text: str) -> Mol:
    """The normalised parent of "name", "name: SMILES" or SMILES."""
    smiles = text.rpartition(": ")[2]
    substance = by_name().get(smiles.casefold())
    return normalise(parse(substance.smiles if substance else smiles).mol).components[0].parent


def ruling(definition_id: str, text: str) -> GenericRuling | None:
    """What one definition says of it, None where it is not touched."""
    found = [one for one in rulings(parent(text)) if one.definition == definition_id]
    return found[0] if found else None


def outcome(definition_id: str, text: str) -> str | None:
    """In, out or undetermined; None where the definition is not touched."""
    found = ruling(definition_id, text)
    return found.outcome if found else None


def answer(definition_id: str, text: str) -> tuple[str | None, str]:
    """Outcome and clauses, (None, "") where the definition is not touched."""
    found = ruling(definition_id, text)
    return (found.outcome, " + ".join(c.id for c in found.clauses)) if found else (None, "")

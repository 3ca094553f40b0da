"""What is known of a structure or a name before it is reported: nothing here writes.

An analyst who types sees what intake would make of it: which substance it is, how far it was
reported, what law says, and what to look at again before sending. Everything is told as far as the
reader may know it: a substance that is not for them is as one that nobody holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import lru_cache

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, selectinload

from app.access.roles import Actor
from app.intake.figures import Occurrence, occurrences
from app.intake.identification import Part, contradiction, examined, parts_of, variant_told
from app.registry.models import Substance, SubstanceName
from app.registry.names import name_key
from app.registry.queries import known_to, listed_to, names_known_to
from app.registry.search import Hit, resembling
from app.registry.service import Meaning, meanings
from chem import StructureError, law
from chem.examine import Examination, Examined
from chem.families import Classification
from chem.positions import without_positions
from chem.types import Mol
from chem.variants import is_flat, variant_of, variants_beside

MOST_RELATIVES = 3
LONGEST_NAME = 300  # characters, as of a report
MOST_ISOMERS = 12  # named in one sentence


class Weight(StrEnum):
    """How much a caution weighs: good to know, to be looked at, or in the way of the report."""

    NOTE = "note"
    CHECK = "check"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Caution:
    """Something to know of one field before sending."""

    weight: Weight
    code: str
    field: str
    message: str


@dataclass(frozen=True, slots=True)
class Component:
    """One component: what it is, and what the reader may know of it."""

    parent: Mol
    connectivity: str
    smiles: str
    formula: str
    mass: float
    classification: Classification
    law: law.Answer | None
    substance: Substance | None  # None: new, as far as the reader may know
    seen: Occurrence | None  # None: never reported, as far as the reader may know
    relatives: tuple[Hit, ...]  # of a new one, the most similar that are held


@dataclass(frozen=True, slots=True)
class Answer:
    """What intake would make of a name, a structure, or both; empty when nothing was asked."""

    parts: tuple[Component, ...] = ()
    cautions: tuple[Caution, ...] = ()


def answer(
    session: Session,
    actor: Actor,
    today: date,
    *,
    name: str = "",
    structure: str = "",
    structure_format: str = "auto",
    isomer_resolved: bool | None = None,
) -> Answer:
    """What `actor` should know of a finding before it is sent.

    A structure decides, as in intake; a name alone is looked up exactly and never guessed.
    """
    name, structure = name.strip(), structure.strip("\ufeff")
    if not name and not structure.strip():
        return Answer()
    if len(name) > LONGEST_NAME:
        text = f"a name has at most {LONGEST_NAME} characters"
        return Answer(cautions=(Caution(Weight.REFUSED, "too_long", "substance_name", text),))
    meaning, meant = _meaning(session, actor, name)
    if structure.strip():
        text, form = structure, structure_format
    elif meant is not None:
        text, form = meant.smiles, "smiles"
    else:
        return Answer(cautions=(_unresolved(name, meaning),))
    try:
        parts = parts_of(text, form)  # first, since it remembers both
        examination = examined(text, form)
    except StructureError as error:
        wrong = Caution(Weight.REFUSED, error.code, "structure", error.message)
        return Answer(cautions=(wrong,))
    held = _held(session, actor, parts, meaning)
    found = _components(session, actor, today, examination.components, held)
    cautions = _of_the_isomers(session, actor, found, told=isomer_resolved is not None)
    if structure.strip():
        cautions = _of_the_structure(examination, held) + cautions
        cautions += _of_the_name(name, meant, found, structure, structure_format)
    return Answer(found, tuple(cautions))


def _meaning(session: Session, actor: Actor, name: str) -> tuple[Meaning | None, Substance | None]:
    """What a name means in the reader's reports, and the substance.

    A name that the reader may not know, and one of what they may not know, is unknown.
    """
    key = name_key(name) if name else ""
    meaning = meanings(session, [key], actor.authority_id).get(key) if key else None
    if meaning is None or not _readable(session, actor, key):
        return None, None
    if meaning.substance_id is None:
        return meaning, None
    wanted = select(Substance).where(Substance.id == meaning.substance_id, known_to(actor))
    meant = session.scalar(wanted.options(selectinload(Substance.controls)))
    return (meaning, meant) if meant is not None else (None, None)


def _readable(session: Session, actor: Actor, key: str) -> bool:
    """Whether the reader may know of a name that counts for all or for them."""
    query = select(SubstanceName.id).where(
        SubstanceName.key == key,
        SubstanceName.authority_id.is_(None) | (SubstanceName.authority_id == actor.authority_id),
        names_known_to(actor),
    )
    return session.scalar(query.limit(1)) is not None


def _held(
    session: Session, actor: Actor, parts: Sequence[Part], meaning: Meaning | None
) -> dict[int, Substance]:
    """The substances held of these parts, by their number; of a merged one, what it is now."""
    told = [variant_told(part, meaning) or 0 for part in parts]
    query = select(Substance).where(
        or_(Substance.key.in_([part.key for part in parts]), Substance.id.in_(told)),
        known_to(actor),
    )
    found = list(session.scalars(query.options(selectinload(Substance.controls))))
    by_id = {s.id: s for s in found if s.merged_into_id is None}
    if gone := {s.merged_into_id for s in found} - {None, *by_id}:
        others = select(Substance).where(Substance.id.in_(gone), known_to(actor))
        whole = session.scalars(others.options(selectinload(Substance.controls)))
        by_id |= {s.id: s for s in whole}
    by_key = {s.key: by_id.get(s.merged_into_id or s.id) for s in found}
    held = {n: by_id.get(told[n]) or by_key.get(part.key) for n, part in enumerate(parts)}
    return {number: substance for number, substance in held.items() if substance is not None}


def _components(
    session: Session,
    actor: Actor,
    today: date,
    read: Sequence[Examined],
    held: dict[int, Substance],
) -> tuple[Component, ...]:
    seen = occurrences(session, actor, today, [substance.id for substance in held.values()])
    return tuple(
        Component(
            parent=one.parent,
            connectivity=one.identity.connectivity,
            smiles=one.identity.smiles,
            formula=one.identity.formula,
            mass=one.identity.mass,
            classification=one.classification,
            law=_law(one.identity.smiles),
            substance=held.get(number),
            seen=seen.get(held[number].id) if number in held else None,
            relatives=_relatives(session, actor, read) if number not in held else (),
        )
        for number, one in enumerate(read)
    )


def _relatives(session: Session, actor: Actor, read: Sequence[Examined]) -> tuple[Hit, ...]:
    """The nearest substances held; for a mixture none, one search an answer is enough."""
    if len(read) != 1:
        return ()
    return tuple(resembling(session, actor, read[0].fingerprint, MOST_RELATIVES))


@lru_cache(maxsize=1024)
def _law(smiles: str) -> law.Answer | None:
    """Kept: an analyst who types asks of the same structure again and again."""
    return law.answer_for(smiles)


def _unresolved(name: str, meaning: Meaning | None) -> Caution:
    """What becomes of a name alone that means no substance."""
    if meaning is not None and meaning.no_substance:
        text = f'"{name}" names no substance, says a curator, and is counted for none'
        return Caution(Weight.CHECK, "name_means_nothing", "substance_name", text)
    if meaning is not None:
        group = f" ({meaning.group})" if meaning.group else ""
        text = f'"{name}" means a group of substances{group} and counts for the group only'
        return Caution(
            Weight.CHECK, "name_means_group", "substance_name", f"{text}; give the structure"
        )
    text = f'"{name}" is not a name we hold; a curator will resolve it'
    remedy = "with a structure it counts at once"
    return Caution(Weight.CHECK, "name_queued", "substance_name", f"{text}; {remedy}")


def _of_the_structure(examination: Examination, held: dict[int, Substance]) -> list[Caution]:
    """What was taken off a structure, and what it leaves open."""
    parts = examination.components
    found = []
    if examination.mixture:
        text = f"a mixture: {len(parts)} components, each counted as a finding of its own"
        found.append(Caution(Weight.NOTE, "mixture", "structure", text))
    if salt := sorted({name for part in parts for name in part.salt}):
        text = f"salt taken off: {', '.join(salt)}; it is kept as the form"
        found.append(Caution(Weight.NOTE, "salt", "structure", text))
    if solvents := sorted({name for part in parts for name in part.solvents}):
        text = f"solvent taken off: {', '.join(solvents)}"
        found.append(Caution(Weight.NOTE, "solvent", "structure", text))
    if any(part.isotopes for part in parts):
        text = "isotope labels are kept as the form; it counts as the unlabelled substance"
        found.append(Caution(Weight.NOTE, "isotopes", "structure", text))
    stereo = (_of_the_stereo(part, held.get(number)) for number, part in enumerate(parts))
    return found + [caution for caution in stereo if caution]


def _of_the_stereo(part: Examined, substance: Substance | None) -> Caution | None:
    """What the stereo drawn, or left open, means for what is counted."""
    inchikey = part.identity.inchikey
    if variant := variant_of(part.identity.key):
        text = f"counted apart as {variant.name}: {variant.reason}"
        return Caution(Weight.NOTE, "variant", "structure", text)
    if not is_flat(inchikey):
        text = "the stereo drawn is kept as the form; all stereoisomers count as one substance"
        return Caution(Weight.NOTE, "stereo", "structure", text)
    named = substance is not None and substance.key != part.identity.key
    if not named and (apart := variants_beside(part.identity.connectivity)):
        names = " and ".join(variant.name for variant in apart)
        text = f"no stereo is drawn, and {names} count apart; draw it, or give that name"
        return Caution(Weight.CHECK, "stereo_open", "structure", text)
    return None


def _of_the_isomers(
    session: Session, actor: Actor, parts: Sequence[Component], *, told: bool
) -> list[Caution]:
    """Positional isomers that are held, unless the analyst said whether they were told apart."""
    if told:
        return []
    query = select(Substance).where(  # by ix_substance_family, then formula
        Substance.family.in_({part.classification.family for part in parts} - {""}),
        Substance.formula.in_({part.formula for part in parts}),
        listed_to(actor),
    )
    beside: dict[str, list[Substance]] = {}
    for substance in session.scalars(query.order_by(Substance.name)):
        beside.setdefault(_position_free(substance.smiles), []).append(substance)
    found = []
    for part in parts:
        family, own = part.classification.family, part.connectivity
        same = beside.get(without_positions(part.parent), ()) if beside else ()
        if names := [s.name for s in same if s.family == family and s.connectivity != own]:
            said = ", ".join(names[:MOST_ISOMERS])
            differ = "differs" if len(names) == 1 else "differ"
            text = f"{said} {differ} only in where a group sits; say whether the isomer is resolved"
            found.append(Caution(Weight.CHECK, "isomer", "isomer_resolved", text))
    return found


@lru_cache(maxsize=4096)
def _position_free(smiles: str) -> str:
    """The pieces of a parent; of one that today's rules would not read, nothing's."""
    try:
        return without_positions(examined(smiles, "smiles").components[0].parent)
    except StructureError:
        return ""


def _of_the_name(
    name: str, meant: Substance | None, parts: Sequence[Component], structure: str, format: str
) -> list[Caution]:
    """How a name contradicts the structure; a name of what was drawn is not looked at further."""
    if not name:
        return []
    ids = {part.substance.id for part in parts if part.substance}
    if meant is not None and meant.id in ids:
        return []
    blocks = contradiction(name, structure, format)
    if meant is not None:
        text = f'"{name}" is a name of {meant.name}, which is another substance'
    elif blocks:
        text = f'"{name}" does not fit the structure'
    else:
        return []
    why = f": {blocks}" if blocks else ""
    message = f"{text}{why}; the structure counts, so mend whichever is wrong"
    return [Caution(Weight.CHECK, "name_disagrees", "substance_name", message)]

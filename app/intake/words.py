"""The code lists of a report (DESIGN, the report), as the words that are stored.

What a laboratory sends is a `Code`: each word has its meaning beside it, and pages, templates and
documentation read it there. The words after them are ours.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any


class Code(StrEnum):
    """A word that may be sent, with what it means in half a sentence."""

    meaning: str

    def __new__(cls, word: str, meaning: str = "") -> Code:
        code = str.__new__(cls, word)
        code._value_ = word
        code.meaning = meaning
        return code

    @classmethod
    def __get_pydantic_json_schema__(cls, core: Any, handler: Any) -> dict[str, Any]:
        """The list in a JSON schema, with the meanings beside the codes."""
        schema: dict[str, Any] = handler(core)
        handler.resolve_ref_schema(schema)["x-meanings"] = {c.value: c.meaning for c in cls}
        return schema


class ReportType(Code):
    """What one report is."""

    EVENT = "event", "one thing that happened: a seizure, a sample, a case"
    AGGREGATE = "aggregate", "a count of reports for a period, without the events behind it"
    WITHDRAWAL = (
        "withdrawal",
        "takes back a report that was sent before; what it said stays on record",
    )


class EventKind(Code):
    """What happened."""

    SEIZURE = "seizure", "material taken by police, customs or another authority"
    COLLECTED_SAMPLE = (
        "collected_sample",
        "material bought, handed in or found, such as a test purchase or drug checking",
    )
    BIOLOGICAL_SAMPLE = (
        "biological_sample",
        "blood, urine or another sample of a person, without a known acute harm",
    )
    ACUTE_TOXICITY = (
        "acute_toxicity",
        "a person who fell ill, with the substance found or strongly suspected",
    )
    DEATH = "death", "a person who died, with the substance found"
    OPEN_SOURCE = (
        "open_source",
        "seen in literature, media or on the market; nothing was analysed by the reporter",
    )


class Precision(StrEnum):
    """How exactly a date was given."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"


class Agency(Code):
    """Who made the detection."""

    POLICE = "police", "police"
    CUSTOMS = "customs", "customs"
    BORDER = "border", "border guard"
    POST = "post", "postal service or carrier"
    PRISON = "prison", "prison or other custody"
    HEALTH = "health", "hospital, poison centre or other health service"
    LABORATORY = "laboratory", "forensic or other laboratory"
    DRUG_CHECKING = "drug_checking", "service where people have drugs checked"
    OTHER = "other", "somebody else"


class Unit(Code):
    """Unit of a quantity; weights and dosage units are never added up together."""

    G = "g", "gram"
    KG = "kg", "kilogram"
    MG = "mg", "milligram"
    ML = "mL", "millilitre"
    L = "L", "litre"
    TABLET = "tablet", "tablets, counted"
    CAPSULE = "capsule", "capsules, counted"
    BLOTTER = "blotter", "blotters, counted"
    PLANT = "plant", "plants, counted"
    UNIT = "unit", "other items, counted"


class PhysicalForm(Code):
    """What the material looked like."""

    POWDER = "powder", "powder"
    CRYSTAL = "crystal", "crystals"
    TABLET = "tablet", "pressed tablets"
    CAPSULE = "capsule", "capsules"
    LIQUID = "liquid", "liquid, other than for a vaping device"
    E_LIQUID = "e_liquid", "liquid for a vaping device"
    HERBAL = "herbal", "herbal or other plant material that something was put on"
    RESIN = "resin", "resin"
    BLOTTER = "blotter", "blotters"
    IMPREGNATED_PAPER = (
        "impregnated_paper",
        "paper or card soaked with the substance, such as a letter",
    )
    EDIBLE = "edible", "food, sweets or drinks"
    NASAL_SPRAY = "nasal_spray", "nasal spray"
    PLANT = "plant", "the plant itself, fresh or dried"
    RESIDUE = "residue", "a residue, on paraphernalia for instance"
    BIOLOGICAL = "biological", "a sample of a person"
    OTHER = "other", "something else"


class StructureFormat(Code):
    """How a structure is written."""

    AUTO = "auto", "told by its looks"
    SMILES = "smiles", "SMILES, one line"
    INCHI = "inchi", "InChI, one line"
    MOLFILE = "molfile", "molfile V2000 or V3000"


class FindingRole(Code):
    """What the substance was in the material."""

    MAIN = "main", "the substance, or one of the substances, the material is about"
    MINOR = "minor", "present beside the main substance, in a smaller amount"
    ADULTERANT = "adulterant", "added to stretch the material or change how it acts"
    PRECURSOR = "precursor", "a starting material or intermediate"
    METABOLITE = "metabolite", "a product of the body; it stands for the substance taken"
    UNKNOWN = "unknown", "not known"


class Technique(Code):
    """How it was analysed."""

    GC_MS = "GC-MS", "gas chromatography with mass spectrometry"
    LC_MS = "LC-MS", "liquid chromatography with mass spectrometry"
    LC_HRMS = "LC-HRMS", "liquid chromatography with high-resolution mass spectrometry"
    NMR = "NMR", "nuclear magnetic resonance"
    FTIR = "FTIR", "infrared spectroscopy"
    RAMAN = "Raman", "Raman spectroscopy"
    GC_FID = "GC-FID", "gas chromatography with flame ionisation detection"
    UV = "UV", "ultraviolet spectroscopy or detection"
    TLC = "TLC", "thin-layer chromatography"
    IMMUNOASSAY = "immunoassay", "immunoassay"
    COLOUR_TEST = "colour_test", "colour test"
    OTHER = "other", "another technique"


class Confirmation(Code):
    """How sure the identification is."""

    REFERENCE_STANDARD = "reference_standard", "compared with a reference standard"
    STRUCTURE_ELUCIDATED = "structure_elucidated", "the structure was worked out, usually by NMR"
    LIBRARY_MATCH = "library_match", "matched to a library spectrum"
    PRESUMPTIVE = "presumptive", "a screening result that nothing has confirmed"


class Outcome(Code):
    """How a person fared."""

    RECOVERED = "recovered", "recovered, without a stay in hospital"
    HOSPITALISED = "hospitalised", "admitted to hospital"
    INTENSIVE_CARE = "intensive_care", "admitted to intensive care"
    DEATH = "death", "died"
    UNKNOWN = "unknown", "not known"


class CausalRole(Code):
    """What part the substance had in the harm."""

    SOLE = "sole", "the substance alone caused the harm"
    CONTRIBUTORY = "contributory", "it contributed, beside other substances or causes"
    PRESENT = "present", "it was present; what part it had was not established or is excluded"
    UNKNOWN = "unknown", "not known"


class Route(Code):
    """How it was taken."""

    ORAL = "oral", "swallowed"
    NASAL = "nasal", "through the nose"
    SMOKED = "smoked", "smoked or vaped"
    INTRAVENOUS = "intravenous", "injected into a vein"
    INTRAMUSCULAR = "intramuscular", "injected into a muscle"
    SUBLINGUAL = "sublingual", "under the tongue or through the cheek"
    RECTAL = "rectal", "rectally"
    OTHER = "other", "another route"
    UNKNOWN = "unknown", "not known"


class AgeBand(Code):
    """Age as a band; an exact age could name a person."""

    UNDER_15 = "<15", "under 15 years"
    FROM_15 = "15-19", "15 to 19 years"
    FROM_20 = "20-24", "20 to 24 years"
    FROM_25 = "25-34", "25 to 34 years"
    FROM_35 = "35-44", "35 to 44 years"
    FROM_45 = "45-54", "45 to 54 years"
    FROM_55 = "55-64", "55 to 64 years"
    FROM_65 = "65+", "65 years and over"
    UNKNOWN = "unknown", "not known"


class Sex(Code):
    """Sex as recorded."""

    FEMALE = "female", "female"
    MALE = "male", "male"
    OTHER = "other", "another entry"
    UNKNOWN = "unknown", "not known"


class Channel(StrEnum):
    """The door a submission came through."""

    API = "api"
    FILE = "file"
    FORM = "form"
    DEMONSTRATION = "demonstration"


class SubmissionState(StrEnum):
    """What became of a submission."""

    RECEIVED = "received"
    PROCESSED = "processed"
    REFUSED = "refused"


class Fate(StrEnum):
    """What became of one row of a submission."""

    ACCEPTED = "accepted"
    QUEUED = "queued"
    UNCHANGED = "unchanged"
    AMENDED = "amended"
    WITHDRAWN = "withdrawn"
    REJECTED = "rejected"


class Resolution(StrEnum):
    """How a finding found its substance, or that it has not."""

    STRUCTURE = "structure"
    NAME = "name"
    CURATOR = "curator"
    GROUP_NAME = "group_name"
    QUEUED = "queued"
    NOT_A_SUBSTANCE = "not_a_substance"


class Grade(StrEnum):
    """How far an identification carries; `grading` says what makes which."""

    A = "A"
    B = "B"
    C = "C"

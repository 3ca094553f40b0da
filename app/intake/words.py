"""The code lists of a report (DESIGN, the report), as the words that are stored."""

from __future__ import annotations

from enum import StrEnum


class ReportType(StrEnum):
    """What one report is."""

    EVENT = "event"
    AGGREGATE = "aggregate"
    WITHDRAWAL = "withdrawal"


class EventKind(StrEnum):
    """What happened."""

    SEIZURE = "seizure"
    COLLECTED_SAMPLE = "collected_sample"
    BIOLOGICAL_SAMPLE = "biological_sample"
    ACUTE_TOXICITY = "acute_toxicity"
    DEATH = "death"
    OPEN_SOURCE = "open_source"


class Precision(StrEnum):
    """How exactly a date was given."""

    YEAR = "year"
    MONTH = "month"
    DAY = "day"


class Agency(StrEnum):
    """Who made the detection."""

    POLICE = "police"
    CUSTOMS = "customs"
    BORDER = "border"
    POST = "post"
    PRISON = "prison"
    HEALTH = "health"
    LABORATORY = "laboratory"
    DRUG_CHECKING = "drug_checking"
    OTHER = "other"


class Unit(StrEnum):
    """Unit of a quantity; weights and dosage units are never added up together."""

    G = "g"
    KG = "kg"
    MG = "mg"
    ML = "mL"
    L = "L"
    TABLET = "tablet"
    CAPSULE = "capsule"
    BLOTTER = "blotter"
    PLANT = "plant"
    UNIT = "unit"


class PhysicalForm(StrEnum):
    """What the material looked like."""

    POWDER = "powder"
    CRYSTAL = "crystal"
    TABLET = "tablet"
    CAPSULE = "capsule"
    LIQUID = "liquid"
    E_LIQUID = "e_liquid"
    HERBAL = "herbal"
    RESIN = "resin"
    BLOTTER = "blotter"
    IMPREGNATED_PAPER = "impregnated_paper"
    EDIBLE = "edible"
    NASAL_SPRAY = "nasal_spray"
    PLANT = "plant"
    RESIDUE = "residue"
    BIOLOGICAL = "biological"
    OTHER = "other"


class FindingRole(StrEnum):
    """What the substance was in the material."""

    MAIN = "main"
    MINOR = "minor"
    ADULTERANT = "adulterant"
    PRECURSOR = "precursor"
    METABOLITE = "metabolite"
    UNKNOWN = "unknown"


class Technique(StrEnum):
    """How it was analysed."""

    GC_MS = "GC-MS"
    LC_MS = "LC-MS"
    LC_HRMS = "LC-HRMS"
    NMR = "NMR"
    FTIR = "FTIR"
    RAMAN = "Raman"
    GC_FID = "GC-FID"
    UV = "UV"
    TLC = "TLC"
    IMMUNOASSAY = "immunoassay"
    COLOUR_TEST = "colour_test"
    OTHER = "other"


class Confirmation(StrEnum):
    """How sure the identification is."""

    REFERENCE_STANDARD = "reference_standard"
    STRUCTURE_ELUCIDATED = "structure_elucidated"
    LIBRARY_MATCH = "library_match"
    PRESUMPTIVE = "presumptive"


class Outcome(StrEnum):
    """How a person fared."""

    RECOVERED = "recovered"
    HOSPITALISED = "hospitalised"
    INTENSIVE_CARE = "intensive_care"
    DEATH = "death"
    UNKNOWN = "unknown"


class CausalRole(StrEnum):
    """What part the substance had in the harm."""

    SOLE = "sole"
    CONTRIBUTORY = "contributory"
    PRESENT = "present"
    UNKNOWN = "unknown"


class Route(StrEnum):
    """How it was taken."""

    ORAL = "oral"
    NASAL = "nasal"
    SMOKED = "smoked"
    INTRAVENOUS = "intravenous"
    INTRAMUSCULAR = "intramuscular"
    SUBLINGUAL = "sublingual"
    RECTAL = "rectal"
    OTHER = "other"
    UNKNOWN = "unknown"


class AgeBand(StrEnum):
    """Age as a band; an exact age could name a person."""

    UNDER_15 = "<15"
    FROM_15 = "15-19"
    FROM_20 = "20-24"
    FROM_25 = "25-34"
    FROM_35 = "35-44"
    FROM_45 = "45-54"
    FROM_55 = "55-64"
    FROM_65 = "65+"
    UNKNOWN = "unknown"


class Sex(StrEnum):
    """Sex as recorded."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"
    UNKNOWN = "unknown"


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

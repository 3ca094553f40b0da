"""How far an identification carries, from what the laboratory says it did.

A: reference standard or structure elucidated. B: library match, or a category A technique of
SWGDRUG (mass spectrometry, infrared, Raman, NMR) without a word on confirmation. C: presumptive,
or nothing said. Source: SWGDRUG recommendations, category A; research/signals 2.1.
"""

from __future__ import annotations

from collections.abc import Collection

from app.intake.words import Confirmation, Grade, Technique

CATEGORY_A = frozenset(
    {
        Technique.GC_MS,
        Technique.LC_MS,
        Technique.LC_HRMS,
        Technique.NMR,
        Technique.FTIR,
        Technique.RAMAN,
    }
)


def grade(confirmation: Confirmation | None, techniques: Collection[Technique]) -> Grade:
    """The grade of one finding."""
    if confirmation in {Confirmation.REFERENCE_STANDARD, Confirmation.STRUCTURE_ELUCIDATED}:
        return Grade.A
    if confirmation is Confirmation.PRESUMPTIVE:
        return Grade.C
    if confirmation is Confirmation.LIBRARY_MATCH or not CATEGORY_A.isdisjoint(techniques):
        return Grade.B
    return Grade.C

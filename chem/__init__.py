"""Structures: pure functions of text and molecules.

`examine` says everything that one submitted structure tells; the modules beside it each hold one
step:

    parse, bounds, diagnose             text to a molecule, or why not
    normalise, counterions, redraw      a molecule to its parents
    identity, variants, tautomer        under which key a parent is counted
    families, scaffold                  what it belongs to
    anatomy                             its building blocks and the names made of them
    control, generics, law              whether and how law reaches it
    similarity, substructure, kinship   what it resembles and contains
    positions                           what its positional isomers share
    layout, depict                      how it is drawn
    known                               what is known beforehand
    jsonline                            all of that in a line of JSON

Knowledge lies in `data/`, each file naming its source. Nothing here knows of reports, databases or
the network; imports are the standard library, numpy and rdkit.
"""

from rdkit import rdBase

# RDKit reports to stderr what StructureError already says; errors are still captured where needed.
rdBase.DisableLog("rdApp.*")

from .errors import StructureError  # noqa: E402
from .examine import Examination, examine  # noqa: E402

__all__ = ["Examination", "StructureError", "examine"]

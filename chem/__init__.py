"""Structures: pure functions of text and molecules.

`examine` says everything that one submitted structure tells; the modules beside it each hold one
step: parse, normalise, identity, families, scaffold, similarity, control, anatomy, depict.
Knowledge lies in `data/`, each file naming its source. Nothing here knows of reports, databases or
the network; imports are the standard library, numpy and rdkit.
"""

from rdkit import rdBase

# RDKit reports to stderr what StructureError already says; errors are still captured where needed.
rdBase.DisableLog("rdApp.*")

from .errors import StructureError  # noqa: E402
from .examine import Examination, examine  # noqa: E402

__all__ = ["Examination", "StructureError", "examine"]

"""SD files: one record for each structure, with data fields behind it.

Format: BIOVIA CTfile formats, SDfile. RDKit writes the molfile; every structure lies flat, so that
double bonds and wedges are read back as they were.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from rdkit import Chem

from .errors import StructureError
from .layout import laid_out
from .parse import parse

END = "$$$$"
_NOTHING = "\n  Tocsin\n\n  0  0  0  0  0  0  0  0  0  0999 V2000\nM  END\n"
_HELD = 4096  # drawings kept: a file names few substances many times


def sd_record(structure: str | None, fields: Mapping[str, object]) -> str:
    """One record: the structure, or one without atoms where it cannot be read, and its fields.

    Text stays within its line and cannot end a field or the record.
    """
    lines = [molfile(structure) if structure else _NOTHING]
    for name, value in fields.items():
        if value is not None and value != "":
            lines.append(f">  <{_inside(name)}>\n{_inside(str(value))}\n\n")
    return "".join(lines) + f"{END}\n"


@lru_cache(maxsize=_HELD)
def molfile(structure: str) -> str:
    """The molfile of a structure in any format that is read; one without atoms where none is."""
    try:
        mol = laid_out(parse(structure).mol)
        return str(Chem.MolToMolBlock(mol))
    except (StructureError, ValueError, RuntimeError):
        return _NOTHING


def _inside(text: str) -> str:
    """Text for one line of a data field."""
    line = " ".join(text.split())
    return f" {line}" if line.startswith((">", END)) else line

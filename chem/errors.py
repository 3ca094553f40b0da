"""What can be wrong with a submitted structure.

One class and a code, so that a door can translate it without knowing chemistry:

    StructureError
      what was sent          empty, not_text, too_long, unsupported_format
      how it is written      unreadable, trailing_text, reaction
      what it describes      no_atoms, no_organic_part
      how much it is         too_many_atoms, too_many_fragments, too_many_rings, too_intricate
      what it leaves open    query_atoms, r_group, polymer, bond_kind
      what cannot exist      bad_valence, bad_charge, bad_isotope, not_aromatic
      what cannot be keyed   no_identity, timeout

`timeout` is raised by callers that limit the time a structure may take; chem itself keeps no clock.
"""

from __future__ import annotations

SHOWN_CHARACTERS = 200

CODES = frozenset(
    {
        "empty", "not_text", "too_long", "unsupported_format",
        "unreadable", "trailing_text", "reaction",
        "no_atoms", "no_organic_part",
        "too_many_atoms", "too_many_fragments", "too_many_rings", "too_intricate",
        "query_atoms", "r_group", "polymer", "bond_kind",
        "bad_valence", "bad_charge", "bad_isotope", "not_aromatic",
        "no_identity", "timeout",
    }
)  # fmt: skip


def shortened(text: str, limit: int = SHOWN_CHARACTERS) -> str:
    """`text` on one printable line, at most `limit` characters, the cut marked by an ellipsis."""
    head = text[: limit * 2].replace("\r", " ").replace("\n", " ")
    line = "".join(letter if letter.isprintable() else "\ufffd" for letter in head)
    return line if len(line) <= limit else line[: limit - 1] + "\u2026"


class StructureError(Exception):
    """A structure that cannot be accepted.

    `code` is one of the module's list, `message` says to a chemist what is wrong and what would be
    right, `offending` is the input, shortened.
    """

    def __init__(self, code: str, message: str, offending: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.offending = shortened(offending)

    def about(self, text: str) -> StructureError:
        """The same error, naming `text` as the input it is about."""
        return StructureError(self.code, self.message, text)

    def __reduce__(self) -> tuple[type[StructureError], tuple[str, str, str]]:
        """Survive the trip between processes, which rebuilds an exception from its arguments."""
        return (StructureError, (self.code, self.message, self.offending))

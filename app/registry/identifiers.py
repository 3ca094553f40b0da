"""What others call a substance: CAS, UNII, PubChem and ChEBI numbers, verified as far as possible.

Each function takes what was typed and answers with the one way the identifier is written, or
raises Refused in a chemist's words. A right check digit does not prove that a number is this
substance's.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from app.errors import Problem, Refused, shown
from app.registry.models import Scheme
from app.registry.names import DASHES

SCHEME_NAMES = {
    Scheme.CAS: "CAS",
    Scheme.UNII: "UNII",
    Scheme.PUBCHEM_CID: "PubChem CID",
    Scheme.CHEBI: "ChEBI",
}
LARGEST_CID = 2**31 - 1
_CAS = re.compile(r"([1-9][0-9]{1,6})-([0-9]{2})-([0-9])")
_UNII = re.compile(r"[0-9A-Z]{10}")
_CHEBI = re.compile(r"(?:CHEBI:)?([1-9][0-9]{0,8})")


def cas(text: str) -> str:
    """A CAS Registry Number with its check digit verified.

    The last digit is the sum of the others, each times its place from the right, modulo 10. It
    finds every swap of neighbours and most wrong digits (not one that is five off in an even
    place, say), and cannot tell which digit is wrong.

    >>> cas(" 50-00-0 ")
    '50-00-0'
    """
    typed = _tidy(text)
    parts = _CAS.fullmatch(typed)
    if parts is None:
        raise _refused(f'"{shown(text, 20)}" is no CAS number; they look like 50-00-0')
    digits = parts[1] + parts[2]
    right = sum(place * int(digit) for place, digit in enumerate(reversed(digits), start=1)) % 10
    if right != int(parts[3]):
        raise _refused(
            f"{typed} fails the CAS check digit: with the digits before it, it would be "
            f"{parts[1]}-{parts[2]}-{right}; any one of them may be the slip, so look it up again"
        )
    return typed


def unii(text: str) -> str:
    """A UNII of the FDA's substance register with its check character verified.

    The tenth character is the sum of the nine before it modulo 36, with 0–9 and A–Z standing for 0
    to 35. FDA does not print the rule; it holds for published ones (water 059QF0KO0R, caffeine
    3G6A5W338E, methadone UC6VBE7V1Z), and for seven of them by chance once in 10¹¹.

    >>> unii("uc6vbe7v1z")
    'UC6VBE7V1Z'
    """
    typed = _tidy(text)
    if not _UNII.fullmatch(typed):
        raise _refused(
            f'"{shown(text, 20)}" is no UNII; they are ten letters and digits, as UC6VBE7V1Z'
        )
    if sum(int(letter, 36) for letter in typed[:9]) % 36 != int(typed[9], 36):
        raise _refused(
            f"{typed} fails the UNII check character; look it up again: often 0 and O, or 1 and I, "
            "are mixed up"
        )
    return typed


def pubchem_cid(text: str) -> str:
    """A PubChem compound number: a positive whole number, without a check digit.

    >>> pubchem_cid("CID 2519")
    '2519'
    """
    typed = _tidy(text).removeprefix("CID").lstrip(": ")
    if not re.fullmatch(r"[0-9]{1,10}", typed) or not 0 < int(typed) <= LARGEST_CID:
        raise _refused(f'"{shown(text, 20)}" is no PubChem CID; it is a whole number, as 2519')
    return str(int(typed))


def chebi(text: str) -> str:
    """A ChEBI number; it has no check digit.

    >>> chebi("27732")
    'CHEBI:27732'
    """
    number = _CHEBI.fullmatch(_tidy(text))
    if number is None:
        raise _refused(f'"{shown(text, 20)}" is no ChEBI number; they look like CHEBI:27732')
    return f"CHEBI:{number[1]}"


VERIFIED: dict[Scheme, Callable[[str], str]] = {
    Scheme.CAS: cas,
    Scheme.UNII: unii,
    Scheme.PUBCHEM_CID: pubchem_cid,
    Scheme.CHEBI: chebi,
}


def verified(scheme: Scheme, text: str) -> str:
    """The identifier as it is written. Raises Refused."""
    return VERIFIED[scheme](text)


def is_cas(text: str) -> bool:
    """Whether a text is a CAS number: what identifies a substance, and names none."""
    try:
        return bool(cas(text))
    except Refused:
        return False


def possible(text: str) -> list[str]:
    """Every identifier that `text` may be, as each would be written; for searching.

    >>> possible("chebi:27732")
    ['CHEBI:27732']
    """
    found = []
    for scheme in Scheme:
        if scheme in (Scheme.PUBCHEM_CID, Scheme.CHEBI) and text.strip().isdecimal():
            continue  # a bare number is too little to go by
        try:
            found.append(verified(scheme, text))
        except Refused:
            continue
    return found


def _tidy(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).translate(DASHES)
    return " ".join(folded.split()).upper()


def _refused(message: str) -> Refused:
    return Refused(message, (Problem("value", message),))

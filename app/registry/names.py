"""When two written names are the same name (research: signals 6.3).

The key folds case, width, Greek letters, dashes, primes and spaces, and drops the words for a
salt. It never folds digits, locants or halogens: 3-MMC and 4-MMC are two drugs.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from hashlib import sha256

GREEK = {
    "α": "alpha", "β": "beta", "γ": "gamma", "δ": "delta", "ε": "epsilon", "κ": "kappa",
    "λ": "lambda", "μ": "mu", "π": "pi", "ω": "omega",
}  # fmt: skip
DASHES = dict.fromkeys(map(ord, "‐‑‒–—−﹣－_"), "-")
PRIMES = dict.fromkeys(map(ord, "′’‘`´ʹ"), "'")
SALT_WORDS = (
    "hydrochloride", "dihydrochloride", "hydrobromide", "hcl", "hbr", "sulfate", "sulphate",
    "hemisulfate", "fumarate", "hemifumarate", "maleate", "citrate", "tartrate", "oxalate",
    "acetate salt", "phosphate", "mesylate", "tosylate", "succinate", "freebase", "free base",
)  # fmt: skip

_BEFORE_SALT = " -("
_LOCANT_DASH = re.compile(r"(?<=\d)-(?=\d)")


LONGEST_KEY = 300
_LONGEST_KEPT = 1000  # characters of a name whose key is remembered; no report bears a longer one
CURATOR = "curator"  # begins the source of a name that a person gave


def name_key(name: str) -> str:
    """The key under which a name is held and looked for; empty for a name that says nothing.

    The key of a key is the key itself. One that grows beyond what is held ends in its digest.

    >>> name_key("α-PVP HCl") == name_key("Alpha PVP")
    True
    >>> name_key("3-MMC") == name_key("4-MMC")
    False
    """
    return _remembered(name) if len(name) <= _LONGEST_KEPT else _key_of(name)


def _key_of(name: str) -> str:
    key, before = _key(name), name
    while key != before:
        key, before = _key(key), key
    if len(key) <= LONGEST_KEY:
        return key
    return f"{key[: LONGEST_KEY - 33]}~{sha256(key.encode('utf-8', 'replace')).hexdigest()[:32]}"


_remembered = lru_cache(maxsize=50_000)(_key_of)  # names are reported over and over


def spelled(name: str) -> str:
    """The name with one case and width, Greek letters as words, one dash, one prime, one space.

    >>> spelled("Δ9‐THC")
    'delta9-thc'
    """
    text = unicodedata.normalize("NFKC", name).casefold().translate(DASHES).translate(PRIMES)
    text = "".join(GREEK.get(letter, letter) for letter in text)
    return " ".join(text.split())


def _key(name: str) -> str:
    text = spelled(name)
    stripped = _without_salt(text)
    return _folded(stripped) or _folded(text)


def _without_salt(text: str) -> str:
    """A spelled name without the words for a salt at its end, each behind a space, dash or bracket.

    Read from the end, once: a search for where such words begin takes time that grows with the
    square of the length, and names come from strangers.

    >>> _without_salt("3-mmc (hydrochloride) hcl")
    '3-mmc'
    """
    end, more = len(text), True
    while more:
        more = False
        close = end - 1 if text.endswith(")", 0, end) else end
        for word in SALT_WORDS:
            start = close - len(word)
            if start > 0 and text.endswith(word, 0, close) and text[start - 1] in _BEFORE_SALT:
                while start and text[start - 1] in _BEFORE_SALT:
                    start -= 1
                end, more = start, True
                break
    return text[:end]


def _folded(text: str) -> str:
    kept = _LOCANT_DASH.sub("\x00", text)
    return kept.replace("-", "").replace(" ", "").replace("\x00", "-").strip(",;.")

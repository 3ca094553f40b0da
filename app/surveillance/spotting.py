"""Which harms may be a cluster: found in columns, so that few are looked at one by one.

`spots` says what stands out; here is left out what cannot. Ten million reports hold some hundred
thousand recent harms, of which a hundred stand out.
"""

from __future__ import annotations

from datetime import date

import numpy as np

from app.intake.words import CausalRole
from app.surveillance.arrays import ROLES, Integers, Records, codes
from app.surveillance.ruleset import Ruleset
from app.surveillance.spots import LONGEST_DATE, harms_since
from app.surveillance.statistics.growth import predictive


def maybe_clustered(harms: Records, *, as_of: date, rules: Ruleset) -> Records:
    """The harms of those substances and countries in which a run of fresh ones is unusual.

    By the full knowledge, which decides whether there is a cluster at all.
    """
    limits = rules.cluster
    since = harms_since(as_of, rules).toordinal()
    told = (harms["end"] >= since) & (harms["role"] != ROLES.index(CausalRole.PRESENT))
    told &= harms["end"] - harms["first"] <= LONGEST_DATE.days
    rows: Records = harms[told]
    if not len(rows):
        return rows
    place = codes([rows["substance"], rows["country"]])
    _, place = np.unique(place, return_inverse=True)
    day = rows["first"].astype(np.int64)
    order = np.lexsort([day, place])
    place, day = place[order], day[order]
    at = place * 2**32 + day
    persons = np.concatenate(([0], np.cumsum(np.maximum(rows["cases"][order], 1))))

    def before(places: Integers, days: Integers) -> Integers:
        """The place of the first harm there on that day or later."""
        return np.searchsorted(at, places * 2**32 + days)

    fresh = np.flatnonzero(day >= as_of.toordinal() - limits.fresh_days)
    there, last = place[fresh], day[fresh]
    begins, ends = before(there, last - limits.days), before(there, last + 1)
    harmed = persons[ends] - persons[begins]
    enough = harmed >= limits.harms
    there, begins, harmed = there[enough], begins[enough], harmed[enough]
    usual = persons[begins] - persons[before(there, day[begins] - limits.history_days)]
    p = predictive(harmed, limits.days, usual, limits.history_days).p
    unusual = np.zeros(int(place[-1]) + 1, bool)
    unusual[there[p <= limits.p]] = True
    found: Records = rows[order][unusual[place]]
    return found

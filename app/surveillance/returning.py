"""RE_EMERGENCE: a substance is back after a silence that was none of chance.

The silence is the longest gap that ended in the last months. It was real when the rate before it
made it surprising, given how much was looked for meanwhile (signals 2.1).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import numpy as np

from app.surveillance.curves import Curves, evidence_of
from app.surveillance.evidence import WORLD, Evidence, Signal
from app.surveillance.models import NodeKind, Rule
from app.surveillance.ruleset import Ruleset
from app.surveillance.statistics.silence import chance_of_silence


def returning(seen: Curves, rules: Ruleset) -> Iterator[tuple[Signal, Evidence, bool]]:
    """Every substance that is back, with the evidence; each suffices to open an episode."""
    limits = rules.silence
    months = seen.tally.months
    newest = months - limits.within_months
    # what is back: seen in the last months, before them, and not in the months next to them
    there = seen.events > 0
    gone = max(newest - limits.gap_months + limits.within_months, 0)
    back = there[:, newest:].any(1) & there[:, :gone].any(1) & ~there[:, gone:newest].any(1)
    for place in np.flatnonzero(back).tolist():
        node = seen.nodes[place]
        if node.kind is not NodeKind.SUBSTANCE:
            continue
        with_events = np.flatnonzero(seen.events[place])
        before, after = with_events[with_events < newest], with_events[with_events >= newest]
        if not len(before):
            continue
        begins, ends = int(before[-1]) + 1, int(after[0])
        if ends - begins < limits.gap_months:
            continue
        exposure = seen.discounted[place]
        chance = chance_of_silence(
            float(seen.events[place, :begins].sum()),
            float(exposure[:begins].sum()),
            float(exposure[begins:ends].sum()),
        )
        span = seen.since(place, ends)
        enough = span.events >= limits.events or span.deaths >= 1
        if chance is None or chance > limits.chance or not enough:
            continue
        evidence = evidence_of(
            seen,
            Rule.RE_EMERGENCE,
            span,
            since=span.first,
            rules=rules,
            thresholds=asdict(limits),
            details={
                "silent_months": ends - begins,
                "silent_from": seen.label(begins),
                "chance": round(chance, 6),
                "events_before": int(seen.events[place, :begins].sum()),
                "exposure": seen.basis(place),
                "months": seen.months,
                "events": [int(n) for n in seen.events[place]],
            },
        )
        yield Signal(node.id, Rule.RE_EMERGENCE, WORLD), evidence, True

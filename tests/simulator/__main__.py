"""Print the table of signals 1.3, measured here, with the service's rule beside it, and variants.

python -m tests.simulator [FIRST_SEED] [LAST_SEED]      seeds 11 to 20 unless said otherwise
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from tests.simulator.detectors import compared, new_spread, service, supported, tuned, union
from tests.simulator.scoring import Detector, Score, measure
from tests.simulator.world import VARIANTS, make


def main(arguments: Sequence[str]) -> None:
    """Print one table for the world of 1.3 and one for each variant."""
    first, last = (int(a) for a in arguments) if arguments else (11, 20)
    seeds = range(first, last + 1)
    print(f"Seeds {first} to {last}, {len(seeds)} worlds. Synthetic: see docs/simulator.md.\n")
    for name, setting in VARIANTS.items():
        rows = compared() | tuned() | services() if name == "as in 1.3" else varied()
        print(table(name, measure([make(seed, setting) for seed in seeds], rows)))


def services() -> dict[str, Detector]:
    """What the service runs."""
    return {
        "GROWTH of the service": service(),
        "NEW_SPREAD or GROWTH of the service": union(new_spread(), service()),
    }


def varied() -> dict[str, Detector]:
    """The rows that are worth their time in a variant."""
    return {
        "NEW_SPREAD": new_spread(),
        "NEW_SPREAD or GLR h 4, 3 events, 2 laboratories": union(new_spread(), supported(4)),
        **services(),
    }


def table(name: str, scores: dict[str, Score]) -> str:
    """Markdown, one row for each detector."""
    rows = [
        f"| {name} | false episodes a month | flagged in 12 months | median delay, months |",
        "|---|---|---|---|",
        *(
            f"| {detector} | {score.false:.2f} | {score.sensitivity:.2f} | {score.delay:.1f} |"
            for detector, score in scores.items()
        ),
    ]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    main(sys.argv[1:])

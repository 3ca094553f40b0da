"""Ten thousand subscriptions, each with filters of its own, against one alert."""

from __future__ import annotations

from collections.abc import Callable
from itertools import cycle

from app.notification import filters
from app.notification.filters import Filters, Similar, Subject, matches
from app.surveillance.models import NodeKind, Tier
from bench.figure import Figure, seconds
from bench.molecules import drug_like

SUBSCRIPTIONS = 10_000
STRUCTURES = 500  # watched structures that differ: an authority watches a few
PARTS = ("[N+](=O)[O-]", "c1ccc2[nX3]cnc2c1", "C(=O)c1c[nX3]c2ccccc12", "[CX4][NX3]([CX4])[CX4]")


def measure() -> list[Figure]:
    """As the first alert after a start, when no structure was read yet; and as the next."""
    drawn = drug_like(STRUCTURES + 1)
    wanted = _wanted(drawn[1:])
    about = Subject(
        kind=NodeKind.SUBSTANCE,
        key="TS-00001",
        tier=Tier.ALERT,
        groups=frozenset({"nitazenes"}),
        families=frozenset({"nitazene"}),
        substances=frozenset({"TS-00001"}),
        structures=(drawn[0],),
        countries=frozenset({"DE", "FR"}),
        regions=frozenset({"Europe"}),
        rules=frozenset({"NEW_SPREAD"}),
    )

    def first() -> None:
        filters.forget_structures()
        again()

    def again() -> None:
        for one in wanted:
            matches(Filters.from_json(one), about, home="DE")

    return [_figure("matching, first alert", first), _figure("… next alert", again)]


def _wanted(structures: list[str]) -> list[dict[str, object]]:
    """Filters as subscriptions hold them: half by words, half by structure."""
    kinds = zip(cycle(structures), cycle(PARTS), range(SUBSCRIPTIONS // 4), strict=False)
    return [
        held
        for structure, part, _ in kinds
        for held in (
            Filters(groups=frozenset({"nitazenes", "other"}), near_me=True).as_json(),
            Filters(countries=frozenset({"FR"}), rules=frozenset({"NEW_SPREAD"})).as_json(),
            Filters(similar_to=Similar(structure, 0.7)).as_json(),
            Filters(containing=part).as_json(),
        )
    ]


def _figure(what: str, run: Callable[[], None]) -> Figure:
    taken = seconds(run, times=3)
    return Figure(
        f"{what}, {SUBSCRIPTIONS:,} subscriptions",
        f"{SUBSCRIPTIONS / taken:,.0f}/s",
        f"{SUBSCRIPTIONS:,}/s",
        1 / taken,
        "ten thousand in a second",
    )

"""A substance known only from restricted reports does not exist for those who are not cleared."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.access.roles import ANYBODY, Actor, Role
from app.db import Database
from app.errors import NotFound
from app.intake.openness import settle_openness
from app.registry import search
from app.registry.models import Substance
from app.registry.queries import cluster_by_key, clusters, relatives, substance_by_code, substances
from tests.intake.taking import take_reports
from tests.naming import add_name
from tests.registry.making import ISOTONITAZENE, enrolled
from tests.reporting import NOW, PROTONITAZENE, laboratory, report

ANALYST = Actor(Role.ANALYST, "analyst")
CORE = "Cn1c(Cc2ccccc2)nc2ccccc12"


@pytest.fixture
def sibling(database: Database) -> Database:
    """A registry in which everybody knows isotonitazene."""
    enrolled(database, ISOTONITAZENE, name="Isotonitazene")
    return database


def hide(database: Database, **how) -> Actor:
    """France reports protonitazene, not for everybody; France as one who asks."""
    france = laboratory(database, "FR")
    finding = {"structure": PROTONITAZENE, "substance_name": "Secret nitazene"}
    take_reports(database, [report("FR", **how, findings=[finding])], by=france)
    return france


def doors(database: Database, actor: Actor) -> dict[str, bool]:
    """Through which of the registry's doors `actor` meets the second substance."""
    with database.reading() as session:
        first = session.get(Substance, 1)
        assert first is not None
        second = session.get(Substance, 2)
        assert second is not None

        def hit(hits: list[search.Hit]) -> bool:
            return 2 in {h.substance.id for h in hits}

        def exists(look) -> bool:
            try:
                return look() is not None
            except NotFound:
                return False

        return {
            "list": 2 in {s.id for s in substances(session, actor).items},
            "text": bool(substances(session, actor, text="secret").items),
            "key": bool(substances(session, actor, text=second.connectivity).items),
            "number": exists(lambda: substance_by_code(session, actor, second.code)),
            "inchikey": exists(lambda: substance_by_code(session, actor, second.inchikey)),
            "clusters": [n for _, n in clusters(session, actor).items] == [2],
            "cluster": len(cluster_by_key(session, actor, first.cluster.key)[1]) == 2,
            "relatives": 2 in {s.id for s in relatives(session, actor, first)},
            "neighbours": hit(search.neighbours(session, actor, first)),
            "name": hit(search.by_name(session, actor, "SECRET NITAZENE")),
            **{
                mode: hit(search.by_structure(session, actor, structure, mode))
                for mode, structure in (
                    ("exact", PROTONITAZENE),
                    ("similarity", PROTONITAZENE),
                    ("substructure", CORE),
                )
            },
        }


@pytest.mark.parametrize(
    ("how", "hidden_from", "shown_to"),
    [
        ({"handling": "red"}, ["anybody", "peer"], ["finder", "analyst"]),
        ({"handling": "amber"}, ["anybody"], ["finder", "analyst", "peer"]),
        (
            {"handling": "clear", "embargo_until": "2026-12-01"},
            ["anybody", "peer"],
            ["finder", "analyst"],
        ),
    ],
    ids=["red", "amber", "embargo"],
)
def test_every_door_of_the_registry_keeps_it(sibling: Database, how, hidden_from, shown_to) -> None:
    finder, peer = hide(sibling, **how), laboratory(sibling, "DE")
    with sibling.transaction() as session:
        add_name(session, 2, "Secret nitazene", source="curator", now=NOW)
    actors = {"anybody": ANYBODY, "peer": peer, "finder": finder, "analyst": ANALYST}
    for who in hidden_from:
        assert {d for d, open_ in doors(sibling, actors[who]).items() if open_} == set(), who
    for who in shown_to:
        assert {d for d, open_ in doors(sibling, actors[who]).items() if not open_} == set(), who


def test_it_becomes_known_when_a_clear_report_names_it(sibling: Database) -> None:
    hide(sibling, handling="red")
    germany = laboratory(sibling, "DE")
    take_reports(sibling, [report("DE", handling="clear")], by=germany)
    with sibling.reading() as session:
        assert len(substances(session, ANYBODY).items) == 2


def test_it_becomes_known_when_its_embargo_ends_and_not_before(sibling: Database) -> None:
    hide(sibling, handling="clear", embargo_until="2026-12-01")
    seen = []
    for day in (9, 10):  # the last day of the embargo, and the day it is over
        with sibling.transaction() as session:
            settle_openness(session, now=NOW + timedelta(days=day))
            seen.append(len(substances(session, ANYBODY).items))
    assert seen == [1, 2]


def test_an_embargo_that_ends_opens_no_further_than_the_handling(sibling: Database) -> None:
    hide(sibling, handling="amber", embargo_until="2026-12-01")
    with sibling.transaction() as session:
        settle_openness(session, now=NOW + timedelta(days=30))
        assert len(substances(session, ANYBODY).items) == 1
        peer = Actor(Role.SUBSCRIBER, "peer")
        assert len(substances(session, peer).items) == 2


def test_opening_up_never_hides_what_the_knowledge_base_knows(sibling: Database) -> None:
    france = laboratory(sibling, "FR")
    finding = {"structure": ISOTONITAZENE}
    take_reports(sibling, [report("FR", handling="red", findings=[finding])], by=france)
    with sibling.transaction() as session:
        settle_openness(session, now=NOW)
        assert [s.name for s in substances(session, ANYBODY).items] == ["Isotonitazene"]


@pytest.mark.parametrize("change", [{"handling": "red"}, {"type": "withdrawal"}])
def test_what_was_open_closes_again_with_its_only_open_report(
    sibling: Database, change: dict[str, str]
) -> None:
    france = hide(sibling, handling="clear")
    assert doors(sibling, ANYBODY)["list"]
    finding = {"structure": PROTONITAZENE, "substance_name": "Secret nitazene"}
    again = report("FR", handling="clear", version=2, findings=[finding]) | change
    take_reports(sibling, [again], by=france)
    assert not any(doors(sibling, ANYBODY).values())


def test_what_the_knowledge_base_holds_stays_open_whatever_is_reported(sibling: Database) -> None:
    france = laboratory(sibling, "FR")
    finding = {"structure": ISOTONITAZENE}
    for version, handling in ((1, "clear"), (2, "red")):
        sent = report("FR", version=version, handling=handling, findings=[finding])
        take_reports(sibling, [sent], by=france)
    with sibling.reading() as session:
        assert substance_by_code(session, ANYBODY, "TS-00001").name == "Isotonitazene"


def test_what_was_written_and_drawn_under_restriction_is_not_for_others(database: Database) -> None:
    drawn = "C[C@@H](NC)C(=O)c1ccc(N2CCOCC2)cc1"
    secret = {"structure": drawn, "substance_name": "Operation Kestrel, sample 7"}
    germany, france = laboratory(database, "DE"), laboratory(database, "FR")
    take_reports(database, [report("DE", handling="red", findings=[secret])], by=germany)
    flat = {"structure": drawn.replace("@@H", "H").replace("[CH]", "C")}
    take_reports(database, [report("FR", handling="clear", findings=[flat])], by=france)
    with database.reading() as session:
        shown = substance_by_code(session, ANYBODY, "TS-00001")
        assert shown.name.startswith("Unnamed ")
        assert "@" not in shown.smiles
    named = flat | {"substance_name": "4-Morpholinomethcathinone"}
    sent = report("FR", reference="R-2", handling="clear", findings=[named])
    take_reports(database, [sent], by=france)
    with database.reading() as session:
        assert substance_by_code(session, ANYBODY, "TS-00001").name == named["substance_name"]

"""A search by structure finds what the registry holds now; keeping up costs what is new."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, update

from app.access.handling import Handling
from app.access.roles import ANYBODY, SYSTEM
from app.db import Database
from app.errors import Refused
from app.registry import search
from app.registry.indexes import Kept
from app.registry.models import Substance
from app.registry.search import by_structure, neighbours
from chem import substructure
from tests.registry.making import ISOTONITAZENE, enrolled

METONITAZENE = "CCN(CC)CCn1c(Cc2ccc(OC)cc2)nc2cc([N+](=O)[O-])ccc12"
MEPHEDRONE = "CNC(C)C(=O)c1ccc(C)cc1"
CORE = "Cn1c(Cc2ccccc2)nc2ccccc12"


class Noting:
    """An index that notes what it was given, batch by batch."""

    made = 0

    def __init__(self) -> None:
        Noting.made += 1
        self.batches: list[list[str]] = []

    def add_all(self, pairs) -> None:
        if batch := [id for id, _ in pairs]:
            self.batches.append(batch)


@pytest.fixture
def kept() -> Kept[Noting]:
    Noting.made = 0
    return Kept(Noting, Substance.smiles)


def asked(kept: Kept[Noting], database: Database) -> list[list[str]]:
    """What the index was given so far, now that it has been asked."""
    with database.reading() as session:
        return kept.up_to_date(session).batches


def names(database: Database, structure: str, mode: str, actor=ANYBODY) -> list[str]:
    with database.reading() as session:
        return [hit.substance.name for hit in by_structure(session, actor, structure, mode)]


def test_an_index_takes_in_what_is_new_and_only_that(database: Database, kept) -> None:
    assert asked(kept, database) == []
    for structure in (ISOTONITAZENE, METONITAZENE):
        enrolled(database, structure)
    assert asked(kept, database) == [["1", "2"]]
    assert asked(kept, database) == [["1", "2"]]
    enrolled(database, MEPHEDRONE)
    assert asked(kept, database) == [["1", "2"], ["3"]]
    assert Noting.made == 1


def test_an_index_is_made_anew_when_a_lower_number_comes_last(database: Database, kept) -> None:
    def renumber(before: int, after: int) -> None:
        with database.transaction() as session:
            session.execute(update(Substance).where(Substance.id == before).values(id=after))

    renumber(enrolled(database, ISOTONITAZENE), 9)
    assert asked(kept, database) == [["9"]]
    renumber(enrolled(database, METONITAZENE), 5)
    assert asked(kept, database) == [["5", "9"]]
    assert asked(kept, database) == [["5", "9"]]


def test_an_index_is_made_anew_when_another_registry_lies_at_the_same_address(
    database: Database, kept
) -> None:
    for structure in (ISOTONITAZENE, METONITAZENE):
        enrolled(database, structure)
    asked(kept, database)
    with database.transaction() as session:
        session.execute(delete(Substance))
    assert asked(kept, database) == []
    with database.transaction() as session:
        session.execute(delete(Substance))
    for structure in (METONITAZENE, MEPHEDRONE, "CCCN"):
        enrolled(database, structure)
    assert len(asked(kept, database)) == 1
    assert len(asked(kept, database)[0]) == 3


@pytest.mark.parametrize("mode", ["exact", "similarity", "substructure"])
def test_what_was_enrolled_a_moment_ago_is_found(database: Database, mode: str) -> None:
    enrolled(database, METONITAZENE, name="Metonitazene")
    assert "Isotonitazene" not in names(database, ISOTONITAZENE, mode)
    enrolled(database, ISOTONITAZENE, name="Isotonitazene")
    assert "Isotonitazene" in names(database, ISOTONITAZENE, mode)
    enrolled(database, MEPHEDRONE, name="Mephedrone")
    assert "Mephedrone" not in names(database, ISOTONITAZENE, mode)


def test_the_indexes_find_what_was_found_one_by_one(known: Database) -> None:
    found = names(known, CORE, "substructure")
    assert len(found) >= 10
    assert found == sorted(found)
    assert "Isotonitazene" in found
    with known.reading() as session:
        isotonitazene = by_structure(session, ANYBODY, ISOTONITAZENE, "exact")[0].substance
        near = neighbours(session, ANYBODY, isotonitazene, limit=5)
    assert len(near) == 5
    assert isotonitazene.id not in {hit.substance.id for hit in near}
    assert all(hit.substance.family == "nitazene" for hit in near)


def test_a_pattern_is_looked_for_where_text_is_no_structure(known: Database) -> None:
    drawn = set(names(known, "Clc1ccccc1", "substructure"))
    listed = set(names(known, "[Cl,Br]c1ccccc1", "substructure"))
    assert len(listed) == search.MOST_HITS >= len(drawn) > 10
    assert names(known, "[Xe,U]", "substructure") == []
    with pytest.raises(Refused, match="not a SMILES"):
        names(known, "[Cl,Br]c1ccccc1", "similarity")


def test_a_part_is_looked_for_as_drawn_and_as_smarts(known: Database) -> None:
    """Drawn alone, a nitro group is nitrous acid's and no part of a nitazene."""
    with known.reading() as session:
        parts = search.parts_to_find("[N+](=O)[O-]")
        found = search.matches(session, ANYBODY, "[N+](=O)[O-]", "substructure", limit=1_000)
    assert len(parts) == 2
    named = {hit.substance.name for hit in found.items}
    assert {"Isotonitazene", "Metonitazene", "Clonazepam"} <= named
    assert "Mephedrone" not in named


def test_what_is_drawn_in_another_form_is_found_as_drawn(known: Database) -> None:
    kekule = names(known, "CN1C(CC2=CC=CC=C2)=NC2=CC=CC=C12", "substructure")
    assert kekule == names(known, CORE, "substructure")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("c1ccccc", "unreadable"),  # broken as a structure and as a pattern
        ("CC(C)(C)(C)(C)C", "bad_valence"),
        ("Cc1cccc1", "not_aromatic"),
        ("*.*.*.*", "too_many_fragments"),
        ("", "empty"),
    ],
)
def test_what_is_neither_is_refused_for_its_own_reason(known: Database, text, code) -> None:
    with pytest.raises(Refused) as caught:
        names(known, text, "substructure")
    assert [(p.field, p.code) for p in caught.value.problems] == [("structure", code)]


def test_the_hidden_take_nobodys_place_among_the_first_hundred(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "MOST_HITS", 3)
    for length in range(3, 11):
        handling = Handling.RED if length < 7 else Handling.CLEAR
        enrolled(database, "C" * length + "N", name=f"open {length}", handling=handling)
    assert names(database, "CCN", "substructure") == ["open 7", "open 8", "open 9"]
    assert len(names(database, "CCN", "substructure", SYSTEM)) == 3


def test_a_search_given_up_is_no_answer(known: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(substructure, "MAX_TRIED", 3)
    with pytest.raises(Refused, match="takes too long"):
        names(known, CORE, "substructure")

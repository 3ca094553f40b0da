"""Lists: every substance once, page by page, whatever its name; and text means what it says."""

from __future__ import annotations

import pytest

from app.access.roles import ANYBODY, SYSTEM
from app.db import Database
from app.errors import NotFound
from app.registry.queries import cluster_by_key, clusters, substance_by_code, substances
from tests.registry.making import enrolled

NAMES = [
    "Δ9-something", "δ8-something", "İstanbul blue", "ÄTHER", "äther", "same", "same", "SAME",
    "100% pure", "100 pure", "a_b", "a-b", "acb", "back\\slash", "ß-thing", "Zeta", "'; DROP--",
]  # fmt: skip


@pytest.fixture
def named(database: Database) -> Database:
    for number, name in enumerate(NAMES):
        enrolled(database, f"{'C' * (number + 3)}N", name=name)
    return database


@pytest.mark.parametrize("limit", [1, 2, 5, len(NAMES), 50])
def test_pages_cover_everything_exactly_once_in_one_order(named: Database, limit: int) -> None:
    with named.reading() as session:
        at_once = [s.id for s in substances(session, ANYBODY, limit=100).items]
        paged, after = [], None
        while True:
            page = substances(session, ANYBODY, after=after, limit=limit)
            assert len(page.items) <= limit
            paged += [s.id for s in page.items]
            if page.next is None:
                break
            after = page.next
    assert paged == at_once
    assert len(paged) == len(set(paged)) == len(NAMES)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("%", {"100% pure"}),
        ("0% p", {"100% pure"}),
        ("a_b", {"a_b"}),
        ("back\\", {"back\\slash"}),
        ("DROP", {"'; DROP--"}),
        ("same", {"same", "SAME"}),
        ("nowhere", set()),
    ],
)
def test_what_is_typed_is_looked_for_as_it_is(named: Database, text: str, found: set) -> None:
    with named.reading() as session:
        assert {s.name for s in substances(session, ANYBODY, text=text).items} == found


@pytest.mark.parametrize("cursor", ["", "x", "\x1f", "zzz\x1f²", "zzz\x1f99999999999", "\x1f-1"])
def test_a_cursor_of_somebody_elses_making_gives_a_page_and_no_crash(
    named: Database, cursor: str
) -> None:
    with named.reading() as session:
        assert len(substances(session, ANYBODY, after=cursor).items) <= len(NAMES)


def test_clusters_come_page_by_page_each_once_with_all_their_members(named: Database) -> None:
    enrolled(named, "CNC(C)C(=O)c1cccc(I)c1")
    with named.reading() as session:
        paged, after = [], None
        while not paged or after:
            page = clusters(session, ANYBODY, limit=1, after=after)
            paged += [(cluster.key, size) for cluster, size in page.items]
            after = page.next
        assert len(dict(paged)) == len(paged) >= 2
        assert sum(size for _, size in paged) == len(NAMES) + 1
        for key, size in paged:
            assert len(cluster_by_key(session, ANYBODY, key)[1]) == size
        groups = clusters(session, ANYBODY, group="synthetic cathinones").items
        assert [c.group for c, _ in groups] == ["synthetic cathinones"]


@pytest.mark.parametrize("code", ["", "TS-", "TS-999999999", "TS-9999999999", "A" * 14, "42", "é"])
def test_a_number_that_is_none_is_not_found(database: Database, code: str) -> None:
    with database.reading() as session:
        with pytest.raises(NotFound):
            substance_by_code(session, SYSTEM, code)
        with pytest.raises(NotFound):
            cluster_by_key(session, SYSTEM, code)

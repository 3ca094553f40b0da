"""The shipped facts are in the register, each with its source, and follow their file."""

from __future__ import annotations

import csv
from datetime import timedelta
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import select

from app.access.roles import ANYBODY
from app.countries import countries
from app.db import Database
from app.intake.dates import PartialDate
from app.registry import known_facts
from app.registry.fact_queries import Wanted, all_facts, controlling, facts_of
from app.registry.facts import KINDS, Fact, MeasureKind, Topic
from app.registry.knowledge import load_knowledge
from app.registry.known_facts import FACTS, load_facts
from app.registry.models import Substance
from chem.known import by_connectivity
from tests.reporting import NOW

ROWS = list(csv.DictReader(FACTS.open(encoding="utf-8", newline="")))
DAY = timedelta(days=1)


def test_every_row_is_of_a_known_substance_and_says_where_it_is_from() -> None:
    assert len(ROWS) > 250
    for row in ROWS:
        assert by_connectivity()[row["key"]].name == row["name"]
        assert row["kind"] in set(KINDS[Topic(row["topic"])]) and row["says"] and row["source"]
        assert row["country"] in countries() or row["topic"] == "surveillance"
        assert all(PartialDate.read(row[name]) for name in ("since", "until") if row[name])
    assert len({(r["topic"], r["country"], r["key"], r["since"]) for r in ROWS}) == len(ROWS)


def test_all_of_them_are_there_once(known: Database) -> None:
    with known.reading() as session:
        assert len(session.scalars(select(Fact)).all()) == len(ROWS)
    with known.transaction() as session:
        assert load_facts(session, now=NOW) == len(ROWS)
        assert len(session.scalars(select(Fact)).all()) == len(ROWS)


def test_after_a_migration_down_and_up_they_come_back(known: Database) -> None:
    command.downgrade(known.alembic_config(), "0009")
    known.migrate()
    with known.transaction() as session:
        assert load_knowledge(session, now=NOW) == 0
        assert len(session.scalars(select(Fact)).all()) == len(ROWS)


def test_a_substance_shows_when_a_country_began_to_control_it(known: Database) -> None:
    with known.reading() as session:
        brorphine = session.scalars(select(Substance).where(Substance.name == "Brorphine")).one()
        told = [(f.country, f.kind, f.since) for f in facts_of(session, ANYBODY, brorphine)]
        assert ("US", MeasureKind.TEMPORARY, "2021-03-01") in told
        assert ("CN", MeasureKind.INDIVIDUAL_LISTING, "2024-07-01") in told
        countries_, substances, classes = controlling(session, ANYBODY, NOW.date())
        assert (countries_, classes) == (2, 0) and substances > 230


def test_a_row_that_changes_is_a_new_version_and_one_that_goes_a_tombstone(
    known: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = FACTS.read_text(encoding="utf-8").splitlines(keepends=True)
    changed = tmp_path / "facts.csv"
    changed.write_text(lines[0] + lines[1].replace("individual_listing", "emergency"), "utf-8")
    monkeypatch.setattr(known_facts, "FACTS", changed)
    known_facts._rows.cache_clear()
    try:
        with known.transaction() as session:
            assert load_facts(session, now=NOW + DAY) == 1
    finally:
        known_facts._rows.cache_clear()
    with known.reading() as session:
        (left,) = all_facts(session, ANYBODY, Topic.MEASURE, Wanted())
        assert (left.kind, left.version) == ("emergency", 2)
        before = all_facts(session, ANYBODY, Topic.MEASURE, Wanted(as_of=NOW.date()))
        assert len(before) > 250  # a past day stays as it was known
        assert before[-1].kind == "individual_listing"

"""The shipped knowledge, loaded: all that the files say is there once, and curators' work stays."""

from __future__ import annotations

import csv
from pathlib import Path

from sqlalchemy import func, select, update

import chem
from app.access.models import AuditEvent
from app.access.roles import ANYBODY
from app.db import Database
from app.registry.knowledge import AMBIGUOUS, LOADED, load_knowledge
from app.registry.models import Cluster, ControlListing, Substance, SubstanceName
from app.registry.names import name_key
from app.registry.queries import substances
from app.registry.service import meanings
from chem.known import everything as shipped
from tests.naming import add_name
from tests.reporting import NOW


def counted(database: Database) -> list[int | None]:
    tables = (Cluster, Substance, SubstanceName, ControlListing)
    with database.reading() as session:
        return [session.scalar(select(func.count()).select_from(table)) for table in tables]


def forget_that_it_was_loaded(session) -> None:
    """As if the shipped files had been of another version."""
    session.execute(
        update(AuditEvent).where(AuditEvent.action == LOADED).values(subject="another version")
    )


def test_every_shipped_substance_name_and_schedule_is_there_once(known: Database) -> None:
    schedules = Path(chem.__file__).parent / "data" / "schedules.csv"
    with schedules.open(encoding="utf-8", newline="") as lines:
        listed = {
            (name_key(row["name"]), int(row["convention"]), row["schedule"])
            for row in csv.DictReader(lines)
            if row["name"]
        }
    with known.reading() as session:
        held = session.scalar(select(func.count()).select_from(Substance))
        assert held == len(shipped())
        found = meanings(session, {name_key(row.name) for row in shipped()})
        assert {i for m in found.values() if (i := m.substance_id)} == set(
            session.scalars(select(Substance.id))
        )
        query = select(Substance.name, ControlListing.convention, ControlListing.schedule)
        controls = {
            (name_key(name), convention, schedule)
            for name, convention, schedule in session.execute(query.join(ControlListing.substance))
        }
        assert controls == listed
        assert len(substances(session, ANYBODY, limit=5000).items) == held
        assert substances(session, ANYBODY, text="100%").items == []


def test_protonitazene_is_known_under_its_names_and_as_scheduled(known: Database) -> None:
    names = ("Protonitazene", "PRONITAZENE hydrochloride", "propoxynitazene", "95958-84-2")
    with known.reading() as session:
        found = meanings(session, map(name_key, names))
        (number,) = {m.substance_id for m in found.values()}
        assert len(found) == len(names)
        (substance,) = substances(session, ANYBODY, text="95958-84-2").items
        assert (substance.id, substance.group) == (number, "nitazenes")
        assert [(c.convention, c.schedule, c.year) for c in substance.controls] == [
            (1961, "I", 2023)
        ]


def test_an_ambiguous_name_means_its_group_and_no_substance(known: Database) -> None:
    with AMBIGUOUS.open(encoding="utf-8", newline="") as lines:
        groups = {name_key(row["name"]): row["group"] or "other" for row in csv.DictReader(lines)}
    with known.reading() as session:
        found = meanings(session, groups)
    assert {key: m.group for key, m in found.items()} == groups
    assert {m.substance_id for m in found.values()} == {None}


def test_loading_again_changes_nothing(known: Database) -> None:
    before = counted(known)
    with known.transaction() as session:
        assert load_knowledge(session, now=NOW) == 0
    assert counted(known) == before


def test_a_new_version_corrects_the_registry_and_leaves_curators_their_names(
    known: Database,
) -> None:
    before = counted(known)
    with known.transaction() as session:
        (substance,) = substances(session, ANYBODY, text="95958-84-2").items
        right = {c.name: getattr(substance, c.name, None) for c in Substance.__table__.columns}
        add_name(session, substance.id, "Pro-Nita", source="curator ana", now=NOW)
        substance.name, substance.family, substance.effect = "Wrong", "wrong", "wrong"
        substance.cas, substance.ruleset, substance.fingerprint = None, "old", b"\x00" * 256
        substance.cluster = session.scalars(select(Cluster).limit(1)).one()
        forget_that_it_was_loaded(session)
    with known.transaction() as session:
        assert load_knowledge(session, now=NOW) == len(shipped())
    with known.reading() as session:
        again = session.get_one(Substance, substance.id)
        assert {name: getattr(again, name, None) for name in right} == right
        assert meanings(session, ["pronita"])["pronita"].substance_id == again.id
    assert counted(known) == [before[0], before[1], (before[2] or 0) + 1, before[3]]

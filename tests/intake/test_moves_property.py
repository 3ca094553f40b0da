"""Whatever is merged and split: undone in reverse it was never done, and the past never changes."""

from __future__ import annotations

import shutil
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.engine import make_url

from app.db import Database
from app.errors import Conflict, Refused
from app.intake.figures import forms, occurrences
from app.intake.merging import merge, split, undo
from app.intake.models import Finding
from app.intake.parting import Choice
from app.registry import queries
from app.registry.models import RegistryAct, Substance, SubstanceName
from app.surveillance import sightings
from tests.intake.care import ANALYST, CARED, ENOL, LEFT, PUBLIC, RIGHT, at, days
from tests.naming import add_name

SUBSTANCES = 4
CHOICES = (
    Choice(structure=LEFT),
    Choice(structure=RIGHT),
    Choice(name="Enoldione"),
    Choice(authority="LAB-DE"),
    Choice(reports=("RP-000002", "RP-000006")),
)
number = st.integers(0, SUBSTANCES)
merging = st.tuples(st.just("merge"), number, number)
into = st.one_of(number, st.sampled_from([LEFT, RIGHT, ENOL]))
splitting = st.tuples(st.just("split"), number, into, st.sampled_from(CHOICES), st.booleans())


@pytest.fixture(scope="module")
def template(backends) -> Path:
    database = backends["sqlite"].make(CARED)
    with database.transaction() as session:
        for name, called in (("Enoldione", "ED"), ("Ketodione", "KD"), ("Clophedrone", "CP")):
            add_name(session, at(session, name).id, called, source="files", now=days(0))
    with database.engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    database.engine.dispose()
    return Path(make_url(database.url).database or "")


def present(session):
    """All that pages are made of: findings, names, what is listed and how often it was seen."""
    today = days(0).date()
    listed = {}
    for who in (ANALYST, PUBLIC):
        page = queries.substances(session, who, limit=100).items
        listed[who.label] = [
            (one.id, one.name, one.handling, forms(session, who, today, one.id)) for one in page
        ]
    return (
        dict(session.execute(select(Finding.id, Finding.substance_id)).all()),
        dict(session.execute(select(SubstanceName.name, SubstanceName.substance_id)).all()),
        listed,
        occurrences(session, ANALYST, today),
        occurrences(session, PUBLIC, today),
    )


def known(session, day):
    """What surveillance sees of a day."""
    cells = sightings.cells(session, as_of=day, edges=(), harms_apart=True)
    return sorted(map(repr, cells))


def carry_out(session, step, now):
    """Do it, where it can be done."""
    ids = sorted(session.scalars(select(Substance.id)))
    source = session.get(Substance, ids[step[1] % len(ids)])
    if step[0] == "merge":
        other = session.get(Substance, ids[step[2] % len(ids)])
        return merge(session, source, other, by=ANALYST, reason="why", now=now)
    _, _, to, choice, names = step
    held = select(SubstanceName.id).where(SubstanceName.substance_id == source.id)
    return split(
        session,
        source,
        choice,
        target=session.get(Substance, ids[to % len(ids)]) if isinstance(to, int) else None,
        structure=to if isinstance(to, str) else "",
        names=list(session.scalars(held)) if names else [],
        by=ANALYST,
        reason="why",
        now=now,
    )


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=st.lists(st.one_of(merging, splitting), min_size=1, max_size=7))
def test_undone_in_reverse_it_was_never_done_and_no_past_day_changes(template, steps):
    path = template.with_name(f"{uuid4().hex}.sqlite")
    shutil.copyfile(template, path)
    database = Database(f"sqlite:///{path}")
    done: list[int] = []
    past = {}
    with database.reading() as session:
        before = present(session)
    for day, step in enumerate(steps, start=1):
        try:
            with database.transaction() as session:
                done.append(carry_out(session, step, days(day)).id)
        except (Conflict, Refused):
            pass
        with database.reading() as session:
            for moment in (days(day), days(day) - timedelta(days=1), days(-3)):
                seen = known(session, moment.date())
                assert past.setdefault(moment.date(), seen) == seen
    for day, act in enumerate(reversed(done), start=len(steps) + 1):
        with database.transaction() as session:
            undo(session, session.get(RegistryAct, act), by=ANALYST, reason="no", now=days(day))
    with database.reading() as session:
        assert present(session) == before
        for day, seen in past.items():
            assert known(session, day) == seen
        ends = select(Substance.id, Substance.merged_into_id)
        pointers = dict(session.execute(ends).all())
        assert all(pointers[to] is None for to in pointers.values() if to is not None)
    database.engine.dispose()
    for left in path.parent.glob(f"{path.name}*"):
        left.unlink()

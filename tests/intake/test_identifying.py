"""From a finding to its substance: by structure, else by exact name, else queued; never guessed."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from app.access.models import AuditEvent
from app.access.roles import ANYBODY, SYSTEM, Actor, Role
from app.db import Database
from app.errors import Conflict, Forbidden, NotFound
from app.intake.figures import forms, occurrences
from app.intake.models import Finding
from app.intake.queries import submission_rows
from app.intake.reidentification import follow_knowledge
from app.intake.waiting import queued_names
from app.intake.words import Grade, Resolution
from app.registry.knowledge import load_knowledge
from app.registry.models import Substance, SubstanceName
from app.registry.names import name_key
from app.registry.queries import substances
from app.registry.service import meanings
from tests.intake.taking import take_reports
from tests.naming import add_name, resolve_name
from tests.registry.making import ISOTONITAZENE, enrolled
from tests.reporting import NOW, PROTONITAZENE, PROTONITAZENE_HCL, laboratory, report

ANALYST = Actor(Role.ANALYST, "ana")
LATER = NOW.replace(month=12)


def findings(database: Database) -> list[Finding]:
    with database.reading() as session:
        return list(session.scalars(select(Finding).order_by(Finding.id)))


def named(name: str, country: str = "DE", **more):
    return report(country, findings=[{"substance_name": name}], **more)


def test_however_it_is_written_protonitazene_is_one_substance_with_its_forms_on_record(
    database: Database,
) -> None:
    sent = [
        report(reference=f"R-{n}", findings=[{"structure": written}])
        for n, written in enumerate(PROTONITAZENE_HCL)
    ]
    take_reports(database, sent, by=laboratory(database, "DE"))
    held = findings(database)
    assert len({f.substance_id for f in held}) == 1
    assert [f.structure for f in held] == list(PROTONITAZENE_HCL)
    assert [bool(f.form_label) for f in held] == [True, True, False]
    with database.reading() as session:
        known_forms = forms(session, ANYBODY, NOW.date(), 1)
        assert [(f.label, f.reports) for f in known_forms] == [("hydrochloride", 2), ("", 1)]
        assert occurrences(session, ANYBODY, NOW.date())[1].events == 3


def test_a_mixture_is_each_of_its_components(database: Database) -> None:
    etizolam = "CCc1cc2c(s1)-n1c(C)nnc1CN=C2c1ccccc1Cl"
    mixed = [{"structure": f"{PROTONITAZENE}.{etizolam}", "substance_name": "Blue"}]
    receipt = take_reports(database, [report(findings=mixed)], by=laboratory(database, "DE"))
    assert [(f.position, f.component) for f in findings(database)] == [(0, 0), (0, 1)]
    assert len({f.substance_id for f in findings(database)}) == 2
    assert receipt.reasons == {"mixture": 1}
    with database.reading() as session:
        seen = occurrences(session, ANYBODY, NOW.date())
        assert [o.events for o in seen.values()] == [1, 1]
        assert "Blue" not in {s.name for s in substances(session, ANYBODY).items}


def test_a_name_is_resolved_exactly_or_queued(database: Database) -> None:
    number = enrolled(database, PROTONITAZENE, name="Protonitazene")
    with database.transaction() as session:
        add_name(session, number, "Protonitazene", source="test", now=NOW)
    names = ["PROTONITAZENE hydrochloride", "Protonitazen", "Metonitazene", "protonitazene?"]
    sent = [named(name, reference=name) for name in names]
    receipt = take_reports(database, sent, by=laboratory(database, "DE"))
    assert receipt.resolutions == {Resolution.NAME: 1, Resolution.QUEUED: 3}
    assert [f.substance_id for f in findings(database)] == [number, None, None, None]
    with database.reading() as session:
        lines = submission_rows(session, receipt.submission)
    assert [[n["code"] for n in line.notes] for line, _ in lines] == [[], *[["name_queued"]] * 3]


def test_the_knowledge_base_gives_names_their_substance_or_their_group(known: Database) -> None:
    sent = [named(n, reference=n) for n in ("Protonitazene HCl", "APB", "Bath salts", "Zzyzx")]
    receipt = take_reports(known, sent, by=laboratory(known, "DE"))
    assert [f.resolution for f in findings(known)] == [
        Resolution.NAME, Resolution.GROUP_NAME, Resolution.GROUP_NAME, Resolution.QUEUED,
    ]  # fmt: skip
    assert receipt.reasons == {"name_means_group": 2, "name_queued": 1}
    with known.reading() as session:
        assert [q.written for q in queued_names(session, SYSTEM, NOW.date()).items] == ["Zzyzx"]


def test_where_name_and_structure_disagree_the_structure_counts_and_it_is_said(
    database: Database,
) -> None:
    one, other = enrolled(database, PROTONITAZENE), enrolled(database, ISOTONITAZENE)
    with database.transaction() as session:
        add_name(session, other, "Isotonitazene", source="test", now=NOW)
    both = [{"structure": PROTONITAZENE, "substance_name": "Isotonitazene"}]
    receipt = take_reports(database, [report(findings=both)], by=laboratory(database, "DE"))
    assert receipt.reasons == {"name_disagrees": 1}
    assert [f.substance_id for f in findings(database)] == [one]


@pytest.mark.parametrize("name", ["α" * 300, "ﷺ" * 300, "x" * 300, "-", "'", "💊"])
def test_a_strange_name_is_queued_like_any_other(database: Database, name: str) -> None:
    receipt = take_reports(database, [named(name)], by=laboratory(database, "DE"))
    assert receipt.resolutions == {Resolution.QUEUED: 1}
    assert [f.substance_name for f in findings(database)] == [name]


@pytest.mark.parametrize(
    ("said", "grade"),
    [
        ({"confirmation": "reference_standard", "techniques": ["UV"]}, Grade.A),
        ({"confirmation": "structure_elucidated"}, Grade.A),
        ({"confirmation": "library_match"}, Grade.B),
        ({"techniques": "TLC; GC-MS"}, Grade.B),
        ({"techniques": ["TLC", "colour_test"]}, Grade.C),
        ({"techniques": ["NMR"], "confirmation": "presumptive"}, Grade.C),
        ({}, Grade.C),
    ],
)
def test_the_grade_follows_from_what_the_laboratory_did(database: Database, said, grade) -> None:
    sent = report(findings=[{"structure": PROTONITAZENE, **said}])
    take_reports(database, [sent], by=laboratory(database, "DE"))
    assert [f.grade for f in findings(database)] == [grade]


@pytest.fixture
def waiting(database: Database) -> Database:
    """Three reports from two countries wait for the name Pro-Nita; one waits for another."""
    enrolled(database, PROTONITAZENE, name="Protonitazene")
    germany, france = laboratory(database, "DE"), laboratory(database, "FR")
    written = ["Pro-Nita", "PRO NITA hcl", "Pro-Nitb"]
    sent = [named(name, reference=name) for name in written]
    take_reports(database, sent, by=germany)
    take_reports(database, [named("pro-nita", "FR")], by=france)
    return database


def test_a_curator_decides_once_and_every_report_follows_from_that_day(waiting: Database) -> None:
    with waiting.reading() as session:
        assert [
            (q.key, q.findings, q.countries)
            for q in queued_names(session, SYSTEM, NOW.date()).items
        ] == [
            ("pronita", 3, 2),
            ("pronitb", 1, 1),
        ]
    with waiting.transaction() as session:
        substance = session.get_one(Substance, 1)
        assert resolve_name(session, "pronita", substance, by=ANALYST, now=LATER) == 3
    held = [f for f in findings(waiting) if f.name_key == "pronita"]
    assert {(f.substance_id, f.resolution, f.resolved_at) for f in held} == {
        (1, Resolution.CURATOR, LATER)
    }
    with waiting.reading() as session:
        assert [q.key for q in queued_names(session, SYSTEM, NOW.date()).items] == ["pronitb"]
        assert occurrences(session, ANYBODY, LATER.date())[1].countries == 2
        events = session.scalars(select(AuditEvent).where(AuditEvent.action == "name.resolve"))
        assert [(e.actor, e.at) for e in events] == [("ana", LATER)]
    sent = [named("Pro-Nita HCl", reference="R-9")]
    receipt = take_reports(waiting, sent, by=laboratory(waiting, "AT", reports_for=("DE",)))
    assert receipt.resolutions == {Resolution.NAME: 1}


@pytest.mark.parametrize("role", [Role.PUBLIC, Role.SUBSCRIBER, Role.LABORATORY, Role.FOCAL_POINT])
def test_a_name_is_not_for_a_laboratory_to_resolve(waiting: Database, role: Role) -> None:
    with waiting.transaction() as session, pytest.raises(Forbidden):
        substance = session.get_one(Substance, 1)
        resolve_name(session, "pronita", substance, by=Actor(role, "lab"), now=LATER)


def test_a_name_that_nobody_waits_for_or_that_is_taken_is_not_resolved(waiting: Database) -> None:
    other = enrolled(waiting, ISOTONITAZENE)
    with waiting.transaction() as session:
        substance = session.get_one(Substance, 1)
        with pytest.raises(NotFound):
            resolve_name(session, "unheard", substance, by=ANALYST, now=LATER)
        add_name(session, other, "Pro-Nita", source="test", now=NOW)
        with pytest.raises(Conflict):
            resolve_name(session, "pronita", substance, by=ANALYST, now=LATER)
    assert {f.substance_id for f in findings(waiting)} == {None}


def test_a_name_that_only_a_red_report_bears_is_neither_seen_nor_resolved(known: Database) -> None:
    germany = laboratory(known, "DE")
    secret = named("Kestrel-7 (Operation Falcon)", handling="red")
    take_reports(known, [secret], by=germany)
    key = name_key("Kestrel-7 (Operation Falcon)")
    with known.transaction() as session:
        assert queued_names(session, ANALYST, NOW.date()).items == []
        with pytest.raises(NotFound):
            resolve_name(session, key, session.get_one(Substance, 1), by=ANALYST, now=LATER)
        names = session.scalars(select(SubstanceName.name).where(SubstanceName.key == key))
        assert names.all() == []


MDMB_PICA = "COC(=O)C(NC(=O)c1cn(CCCCC)c2ccccc12)C(C)(C)C"
FLAT_METHORPHAN = "COc1ccc2c(c1)C13CCCCC1C(C2)N(C)CC3"
DEXTROMETHORPHAN = "COc1ccc2c(c1)[C@]13CCCC[C@@H]1[C@H](C2)N(C)CC3"


@pytest.mark.parametrize(
    ("name", "structure", "meant"),
    [
        (None, DEXTROMETHORPHAN, "Dextromethorphan"),
        (None, f"{DEXTROMETHORPHAN}.Br", "Dextromethorphan"),
        (None, FLAT_METHORPHAN, "Racemethorphan"),
        ("dextromethorphan", FLAT_METHORPHAN, "Dextromethorphan"),
        ("levomethorphan", DEXTROMETHORPHAN, "Dextromethorphan"),
        ("DXM hydrobromide", None, "Dextromethorphan"),
    ],
)
def test_a_variant_that_regulators_treat_apart_is_a_substance_of_its_own(
    known: Database, name: str | None, structure: str | None, meant: str
) -> None:
    """A name tells which variant a flat drawing is; against a full drawing it does not count."""
    sent = {"substance_name": name, "structure": structure}
    finding = {key: value for key, value in sent.items() if value}
    take_reports(known, [report(findings=[finding])], by=laboratory(known, "DE"))
    with known.reading() as session:
        assert session.scalar(select(Substance.name).join(Finding)) == meant


def test_a_name_whose_blocks_are_not_those_of_the_structure_is_told_to_the_laboratory(
    known: Database,
) -> None:
    """Also for a name that nobody has registered: what its parts say is enough."""
    sent = [
        {"substance_name": "4F-MDMB-BICA", "structure": MDMB_PICA},
        {"substance_name": "MDMB-PICA", "structure": MDMB_PICA},
        {"substance_name": "sample 17", "structure": MDMB_PICA},
    ]
    receipt = take_reports(known, [report(findings=sent)], by=laboratory(known, "DE"))
    with known.reading() as session:
        ((line, _),) = submission_rows(session, receipt.submission)
    (note,) = line.notes
    assert (note["code"], note["field"]) == ("name_disagrees", "findings[0].substance_name")
    assert "the name says tail 4-fluorobutyl; the structure has tail pentyl" in note["message"]


def test_when_a_name_comes_to_mean_a_variant_its_findings_follow(known: Database) -> None:
    """As on a register from before the variants, where dextromethorphan was the base substance."""
    sent = [
        {"substance_name": "dextromethorphan"},
        {"structure": DEXTROMETHORPHAN},
        {"substance_name": "dextromethorphan", "structure": FLAT_METHORPHAN},
        {"structure": FLAT_METHORPHAN},
    ]
    take_reports(known, [report(findings=sent)], by=laboratory(known, "DE"))
    with known.transaction() as session:
        base = session.scalars(select(Substance).where(Substance.name == "Racemethorphan")).one()
        session.execute(update(Finding).values(substance_id=base.id))
        key = name_key("dextromethorphan")
        session.execute(
            update(SubstanceName).where(SubstanceName.key == key).values(substance_id=base.id)
        )
        add_name(session, base.id, "robo", source="curator ana", now=NOW)
        session.execute(update(AuditEvent).values(subject="another version"))
    with known.transaction() as session:
        load_knowledge(session, now=LATER)
        assert follow_knowledge(session, now=LATER) == 3
    with known.reading() as session:
        names = select(Substance.name).join(Finding).order_by(Finding.position)
        assert list(session.scalars(names)) == [*["Dextromethorphan"] * 3, "Racemethorphan"]
        assert meanings(session, ["robo"])["robo"].substance_key == "MKXZASYAUGDDCJ"

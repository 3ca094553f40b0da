"""Merging, splitting and undoing: what moves, what stays, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import func, select

from app.access.handling import Handling
from app.access.models import AuditEvent
from app.access.roles import Actor, Role
from app.db import Database
from app.errors import Conflict, Forbidden, NotFound, Refused
from app.intake.figures import occurrences
from app.intake.merging import merge, split, undo
from app.intake.models import Finding, FindingMove
from app.intake.moves import gather_stragglers
from app.intake.parting import Choice
from app.intake.preview import merge_preview, split_preview
from app.registry import queries, search
from app.registry.models import RegistryAct, Substance, SubstanceName
from app.registry.service import meanings
from chem.errors import StructureError
from tests.intake.care import (
    ANALYST,
    CARED,
    ENOL,
    FLAT,
    KETO,
    LEFT,
    PUBLIC,
    at,
    days,
    fill,
    found,
    means,
)
from tests.intake.taking import take_reports
from tests.naming import add_name
from tests.reporting import laboratory, report

WHY = "they are one"
TODAY = days(0).date()


@pytest.fixture
def cared(backend) -> Iterator[Database]:
    """Two tautomers and a cathinone in three drawings, on each kind of database."""
    database = backend.make(CARED)
    yield database
    backend.drop(database)


def merged(session, source="Enoldione", target="Ketodione", day=1) -> RegistryAct:
    return merge(
        session, at(session, source), at(session, target), by=ANALYST, reason=WHY, now=days(day)
    )


def test_after_a_merge_all_that_was_one_is_the_other(cared: Database) -> None:
    with cared.transaction() as session:
        enol = at(session, "Enoldione")
        add_name(session, enol.id, "enol-D", source="curator x", now=days(0))
        act = merged(session)
    with cared.reading() as session:
        keto = session.get(Substance, act.other_id)
        assert act.findings == 3
        assert {code for codes in means(session).values() for code in codes}.isdisjoint({enol.code})
        assert meanings(session, ["enold"])["enold"].substance_id == keto.id
        # by number, key, name, structure: every way leads to the other
        for asked in (enol.code, enol.inchikey, enol.connectivity):
            assert queries.substance_by_code(session, ANALYST, asked).id == keto.id
        for text in (enol.code, enol.inchikey, "enol-D", "Enoldione"):
            assert [s.id for s in queries.substances(session, ANALYST, text=text).items] == [
                keto.id
            ]
        assert [h.substance.id for h in search.by_structure(session, ANALYST, ENOL, "exact")] == [
            keto.id
        ]
        for mode in ("similarity", "substructure"):
            hits = search.by_structure(session, ANALYST, KETO, mode)
            assert enol.id not in {hit.substance.id for hit in hits}
        assert enol.id not in {s.id for s in queries.substances(session, ANALYST).items}
        assert occurrences(session, ANALYST, TODAY, [keto.id])[keto.id].events == 5


def test_a_merged_substance_is_in_no_list_of_its_cluster_or_group(cared: Database) -> None:
    with cared.transaction() as session:
        act = merged(session)
        source = session.get(Substance, act.substance_id)
        try:
            _, members = queries.cluster_by_key(session, ANALYST, source.cluster.key)
        except NotFound:
            members = []
        assert source.id not in {one.id for one in members}
        assert sum(queries.standing_sizes(session, ANALYST).values()) == 3


def test_a_new_report_of_the_merged_structure_counts_for_the_other(cared: Database) -> None:
    with cared.transaction() as session:
        act = merged(session)
    swede = laboratory(cared, "SE")
    take_reports(
        cared, [report("SE", reference="S-1", findings=[found(ENOL, "Enoldione")])], by=swede,
        now=days(2),
    )  # fmt: skip
    with cared.reading() as session:
        (finding,) = session.scalars(
            select(Finding).where(Finding.report.has(reference="S-1"))
        ).all()
        assert finding.substance_id == act.other_id


def test_pointers_never_form_a_chain_or_a_ring(cared: Database) -> None:
    with cared.transaction() as session:
        other = at(session, "Othernitazene")
        first = merged(session)
        second = merged(session, "Ketodione", "Othernitazene", day=2)
        enol, keto = (session.get(Substance, n) for n in (first.substance_id, first.other_id))
        assert enol.merged_into_id == keto.merged_into_id == second.other_id
        with pytest.raises(Conflict, match="merged into another"):
            merge(session, other, keto, by=ANALYST, reason=WHY, now=days(3))
        with pytest.raises(Conflict, match="merged into another"):
            merge(session, enol, at(session, "Clophedrone"), by=ANALYST, reason=WHY, now=days(3))
        with pytest.raises(Refused, match="same substance already"):
            merge(session, other, other, by=ANALYST, reason=WHY, now=days(3))
        undo(session, second, by=ANALYST, reason="no", now=days(4))
        assert session.get(Substance, enol.id).merged_into_id == keto.id
        assert session.get(Substance, keto.id).merged_into_id is None


def test_only_the_secretariat_merges_and_it_says_why(cared: Database) -> None:
    with cared.transaction() as session:
        enol, keto = at(session, "Enoldione"), at(session, "Ketodione")
        for role in set(Role) - {Role.ANALYST, Role.REVIEWER, Role.ADMIN}:
            with pytest.raises(Forbidden):
                merge(session, enol, keto, by=Actor(role, "x"), reason=WHY, now=days(1))
        for reason in ("", "  ", "x" * 1001, "a\x00b"):
            with pytest.raises(Refused, match="say why"):
                merge(session, enol, keto, by=ANALYST, reason=reason, now=days(1))


def test_what_the_knowledge_base_ships_is_never_hidden_in_what_reports_brought(known) -> None:
    fill(known)
    with known.transaction() as session:
        shipped, keto = at(session, "Isotonitazene"), at(session, "Ketodione")
        with pytest.raises(Conflict, match="knowledge base"):
            merge(session, shipped, keto, by=ANALYST, reason=WHY, now=days(1))
        merge(session, keto, shipped, by=ANALYST, reason=WHY, now=days(1))
        assert at(session, "Isotonitazene").handling is Handling.CLEAR


def test_listings_and_identifiers_stand_with_the_other_and_say_of_which_they_are(known) -> None:
    with known.transaction() as session:
        source, target = at(session, "Metonitazene"), at(session, "Isotonitazene")
        listed = len(source.controls) + len(target.controls)
        act = merge(session, source, target, by=ANALYST, reason=WHY, now=days(1))
        session.expire_all()
        assert len(target.controls) == listed and source.controls == []
        assert {one.of for one in target.controls} == {None, source.code}
        assert {one.of for one in target.identifiers} == {None, source.code}
        undo(session, act, by=ANALYST, reason="no", now=days(2))
        session.expire_all()
        assert source.controls and {one.of for one in source.controls} == {None}
        assert {one.of for one in source.identifiers} == {None}


def test_openness_follows_what_moves(cared: Database) -> None:
    """The enol is public by two reports; without them the amber one alone speaks of it."""
    with cared.transaction() as session:
        enol = at(session, "Enoldione")
        public = Choice(reports=("RP-000003", "RP-000006"))
        act = split(
            session, enol, public, target=at(session, "Ketodione"), by=ANALYST, reason=WHY,
            now=days(1),
        )  # fmt: skip
        assert act.findings == 2
        assert session.get(Substance, enol.id).handling is Handling.AMBER
        with pytest.raises(NotFound):
            queries.substance_by_code(session, PUBLIC, enol.code)
        undo(session, act, by=ANALYST, reason="no", now=days(2))
        assert queries.substance_by_code(session, PUBLIC, enol.code).id == enol.id


def test_a_variant_drawn_apart_founds_a_substance_that_later_reports_join(cared: Database) -> None:
    with cared.transaction() as session:
        whole = at(session, "Clophedrone")
        act = split(
            session, whole, Choice(structure=LEFT), structure=f"{LEFT}.Cl", by=ANALYST,
            reason="scheduled by itself", now=days(1),
        )  # fmt: skip
        apart = session.get(Substance, act.other_id)
        assert act.findings == 2  # the hydrochloride too: the salt is set aside
        assert apart.key == apart.inchikey[:25] and apart.connectivity == whole.connectivity
        assert apart.name == "Levoclophedrone"
    swede = laboratory(cared, "SE")
    drawn = {"S-1": LEFT, "S-2": f"{LEFT}.Br", "S-3": FLAT}
    take_reports(
        cared, [report("SE", reference=r, findings=[found(s)]) for r, s in drawn.items()],
        by=swede, now=days(2),
    )  # fmt: skip
    with cared.reading() as session:
        told = means(session)
        assert told["S-1"] == told["S-2"] == told["L-1"] == [apart.code]
        assert told["S-3"] == told["R-1"] == [whole.code]


def test_undoing_a_split_leaves_what_it_founded_empty_and_makes_it_again(cared: Database) -> None:
    def again(session, day):
        return split(
            session, session.get(Substance, whole), Choice(structure=LEFT), structure=LEFT,
            by=ANALYST, reason=WHY, now=days(day),
        )  # fmt: skip

    with cared.transaction() as session:
        whole = at(session, "Clophedrone").id
        before = means(session)
        first = again(session, 1)
        undo(session, first, by=ANALYST, reason="no", now=days(2))
        assert means(session) == before
        assert session.get(Substance, first.other_id).merged_into_id == whole
        second = again(session, 3)
        assert second.other_id == first.other_id
        assert session.get(Substance, first.other_id).merged_into_id is None


def test_names_go_with_a_split_where_a_curator_says_so(cared: Database) -> None:
    with cared.transaction() as session:
        whole = at(session, "Clophedrone")
        name = add_name(session, whole.id, "Levoclophedrone", source="curator x", now=days(0))
        act = split(
            session, whole, Choice(name="levoclophedrone"), structure=LEFT, names=[name.id],
            by=ANALYST, reason=WHY, now=days(1),
        )  # fmt: skip
        held = meanings(session, ["levoclophedrone"])["levoclophedrone"]
        assert held.substance_id == act.other_id
        undo(session, act, by=ANALYST, reason="no", now=days(2))
        assert meanings(session, ["levoclophedrone"])["levoclophedrone"].substance_id == whole.id


@pytest.mark.parametrize(
    ("choice", "moved"),
    [
        (Choice(authority="LAB-DE"), {"K-2", "F-1", "L-1"}),
        (Choice(authority="LAB-DE", name="clophedrone"), {"K-2", "F-1"}),
        (Choice(reports=("RP-000004", "rp-9")), {"F-1", "R-1"}),
        (Choice(form="WKVSFMYYUYASHN-XFULWGLBSA-N"), {"L-1"}),
    ],
)
def test_what_fits_everything_that_is_said_moves(cared: Database, choice, moved) -> None:
    with cared.transaction() as session:
        whole, other = at(session, "Clophedrone"), at(session, "Othernitazene")
        preview = split_preview(session, ANALYST, TODAY, whole, choice=choice, target=other)
        split(session, whole, choice, target=other, by=ANALYST, reason=WHY, now=days(1))
        told = {ref for ref, codes in means(session).items() if other.code in codes} - {"O-1"}
    assert told == moved
    assert preview.findings == preview.moving.events == len(moved)
    assert preview.target[1].events == len(moved) + 1
    assert preview.source[0].events - preview.source[1].events == len(moved)


@pytest.mark.parametrize(
    ("choice", "structure", "problem"),
    [
        (Choice(), LEFT, "say which findings"),
        (Choice(name="nobody calls it that"), LEFT, "no finding .* is like that"),
        (Choice(authority="LAB-XX"), LEFT, "no authority"),
        (Choice(reports=("R-1",)), LEFT, "no report number"),
        (Choice(structure="CC(("), LEFT, ""),
        (Choice(structure=f"{LEFT}.{KETO}"), LEFT, "mixture"),
        (Choice(name="Clophedrone"), FLAT, "draw the stereochemistry"),
        (Choice(name="Clophedrone"), "no structure", ""),
    ],
)
def test_a_split_that_says_too_little_is_refused(cared, choice, structure, problem) -> None:
    with (
        cared.transaction() as session,
        pytest.raises((Refused, StructureError), match=problem or None),
    ):
        whole = at(session, "Clophedrone")
        split(session, whole, choice, structure=structure, by=ANALYST, reason=WHY, now=days(1))


def test_a_split_of_everything_is_a_merge_and_is_refused(cared: Database) -> None:
    with cared.transaction() as session, pytest.raises(Refused, match="nothing would be left"):
        everything = Choice(name="Othernitazene")
        other = at(session, "Othernitazene")
        keto = at(session, "Ketodione")
        split(session, other, everything, target=keto, by=ANALYST, reason=WHY, now=days(1))


def test_an_act_under_later_acts_is_not_undone_before_them(cared: Database) -> None:
    with cared.transaction() as session:
        first = merged(session)
        second = merged(session, "Ketodione", "Othernitazene", day=2)
        with pytest.raises(Conflict, match=f"{second.code}.*undo that first"):
            undo(session, first, by=ANALYST, reason="no", now=days(3))
        undo(session, second, by=ANALYST, reason="no", now=days(4))
        undo(session, first, by=ANALYST, reason="no", now=days(5))
        with pytest.raises(Conflict, match="was undone"):
            undo(session, first, by=ANALYST, reason="no", now=days(6))
        assert at(session, "Enoldione").merged_into_id is None


def test_an_undo_is_refused_where_a_finding_was_resolved_anew(cared: Database) -> None:
    with cared.transaction() as session:
        act = merged(session)
        moved = select(FindingMove.finding_id).where(FindingMove.act_id == act.id)
        finding = session.get(Finding, session.scalars(moved).first())
        finding.substance_id = at(session, "Othernitazene").id
        session.flush()
        with pytest.raises(Conflict, match="1 of its findings were resolved anew"):
            undo(session, act, by=ANALYST, reason="no", now=days(2))


def test_a_name_that_was_chosen_from_a_merge_keeps_the_merge(cared: Database) -> None:
    from app.intake.naming import choose_name

    with cared.transaction() as session:
        add_name(session, at(session, "Enoldione").id, "ED-1", source="curator x", now=days(0))
        act = merged(session)
        keto = session.get(Substance, act.other_id)
        chosen = choose_name(session, keto, "ED-1", by=ANALYST, reason=WHY, now=days(2))
        with pytest.raises(Conflict, match="given the name ED-1"):
            undo(session, act, by=ANALYST, reason="no", now=days(3))
        undo(session, chosen, by=ANALYST, reason="no", now=days(4))
        undo(session, act, by=ANALYST, reason="no", now=days(5))


def test_a_finding_that_came_while_two_were_merged_is_gathered(cared: Database) -> None:
    with cared.transaction() as session:
        act = merged(session)
        late = session.scalars(select(Finding).limit(1)).one()
        late.substance_id = act.substance_id
        session.flush()
        assert gather_stragglers(session, now=days(2)) == 1
        assert session.get(Finding, late.id).substance_id == act.other_id
        assert gather_stragglers(session, now=days(2)) == 0


def test_the_preview_says_what_a_merge_moves_and_changes_nothing(cared: Database) -> None:
    with cared.reading() as session:
        enol, keto = at(session, "Enoldione"), at(session, "Ketodione")
        before = means(session)
        preview = merge_preview(session, ANALYST, TODAY, enol, keto)
        assert means(session) == before
    assert (preview.findings, preview.older) == (3, 0)
    assert (preview.moving.events, preview.moving.countries) == (3, 2)
    assert (preview.target[0].events, preview.target[1].events) == (2, 5)
    assert preview.target[1].authorities == 2
    assert [form.reports for form in preview.forms] == [3]


def test_acts_are_audited_with_who_and_why(cared: Database) -> None:
    with cared.transaction() as session:
        act = merged(session)
        undo(session, act, by=ANALYST, reason="they are two", now=days(2))
        actions = select(AuditEvent.action, AuditEvent.actor, AuditEvent.detail).order_by(
            AuditEvent.id.desc()
        )
        last, first = session.execute(actions.limit(2)).all()
    assert first.action == "substance.merge" and first.detail["reason"] == WHY
    assert last.action == "substance.undo" and last.detail["undoes"] == act.code
    assert {first.actor, last.actor} == {ANALYST.label}


def test_a_merge_takes_as_many_statements_for_many_findings_as_for_few(cared: Database) -> None:
    from sqlalchemy import event

    german = laboratory(cared, "AT")
    more = [report("AT", reference=f"M-{n}", findings=[found(ENOL)]) for n in range(300)]
    counted = []

    def merging() -> int:
        statements = []
        with cared.transaction() as session:
            bind = session.get_bind()
            heard = lambda *a: statements.append(a[2])  # noqa: E731
            event.listen(bind, "before_cursor_execute", heard)
            act = merged(session)
            event.remove(bind, "before_cursor_execute", heard)
        with cared.transaction() as session:
            act = session.get(RegistryAct, act.id)
            undo(session, act, by=ANALYST, reason="no", now=days(2))
        return len(statements)

    counted.append(merging())
    take_reports(cared, more, by=german)
    counted.append(merging())
    assert counted[0] == counted[1] < 40
    with cared.reading() as session:
        assert session.scalar(select(func.count()).select_from(SubstanceName)) == 0

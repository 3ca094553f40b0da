"""What an alert may not tell its audience: what it cites, and names it writes."""

from __future__ import annotations

from datetime import date

import pytest

from app.access.handling import Handling
from app.intake.models import Report
from app.notification.audience import cautions, kept_from
from app.registry.models import SubstanceName
from app.registry.names import name_key
from app.surveillance.models import NodeId, NodeKind, Rule, Tier
from tests.intake.taking import take_reports
from tests.notification.making import AMBER, CLEAR, GREEN, NOW, RED, a_substance, an_episode
from tests.notification.written import a_content
from tests.reporting import laboratory, report

TODAY = NOW.date()
LEVELS = (CLEAR, GREEN, AMBER)


def problems(session, **said):
    return [str(one) for one in kept_from(session, a_content(**said), today=TODAY)]


@pytest.mark.parametrize("lowest", [CLEAR, GREEN, AMBER, RED])
def test_a_signal_is_cited_to_those_who_have_a_view_of_it(database, lowest):
    with database.transaction() as session:
        episode = an_episode(session, a_substance(session), views={lowest: Tier.ALERT})
        for level in LEVELS:
            for said in (
                {"sources": (episode.code,)},
                {"known": f"See {episode.code.lower()}."},
            ):
                found = problems(session, handling=level, **said)
                assert bool(found) == (lowest > level), (level, said)
        assert problems(session, sources=("E-99999",)) == ["sources: there is no E-99999"]


def test_a_signal_that_names_what_was_restricted_since_is_cited_to_those_who_may_know(database):
    with database.transaction() as session:
        member = a_substance(session)
        family = NodeId(NodeKind.FAMILY, "nitazene")
        episode = an_episode(
            session, family, Rule.FAMILY, members=[member], views={CLEAR: Tier.ALERT}
        )
        assert problems(session, handling=CLEAR, sources=(episode.code,)) == []
        member.handling = AMBER
        session.flush()
        for level in LEVELS:
            found = problems(session, handling=level, sources=(episode.code,))
            assert bool(found) == (level < AMBER), level


@pytest.mark.parametrize("known_at", [CLEAR, GREEN, AMBER, RED])
def test_a_substance_is_named_to_those_who_may_know_of_it(database, known_at):
    with database.transaction() as session:
        substance = a_substance(session, "Hiddenitazene")
        substance.handling = known_at
        session.flush()
        for level in LEVELS:
            for said in (
                {"substances": (substance.code,)},
                {"unknown": f"Whether {substance.code} is in it."},
                {"headline": "Beware of hiddenitazene"},
            ):
                found = problems(session, handling=level, **said)
                assert bool(found) == (known_at > level), (level, said)


def reports(database, **more):
    home = laboratory(database, "DE")
    for level in ("clear", "green", "amber", "red"):
        sent = report(
            reference=f"R/{level}", handling=level, findings=[{"substance_name": f"Odd-{level} 7"}]
        )
        take_reports(database, [sent | more], by=home)
    with database.reading() as session:
        return {r.handling: r.code for r in session.query(Report)}


def test_a_report_is_cited_to_those_who_may_look_it_up(database):
    """Peers read rows up to green; amber rows enter their figures only."""
    codes = reports(database)
    with database.reading() as session:
        for level in LEVELS:
            for of, code in codes.items():
                readable = of <= min(level, GREEN)
                for said in ({"sources": (code,)}, {"happened": f"In {code} it says so."}):
                    assert bool(problems(session, handling=level, **said)) != readable, (level, of)


def test_a_red_report_answers_as_one_that_never_was(database):
    codes = reports(database)
    with database.reading() as session:
        (hidden,), (absent,) = (
            problems(session, sources=(code,)) for code in (codes[RED], "RP-999999")
        )
    assert hidden.replace(codes[RED], "") == absent.replace("RP-999999", "")


def test_a_name_under_embargo_or_unresolved_in_restricted_reports_is_not_written(database):
    reports(database)
    with database.reading() as session:
        for level in LEVELS:
            for of in (CLEAR, GREEN, AMBER):
                text = f"Some call it ODD-{of.word}  7.".replace("  ", " ")
                assert bool(problems(session, handling=level, known=text)) == (of > level)
        # whoever writes may not know of it, so a refusal would tell them
        assert problems(session, known="Some call it odd-red 7.") == []


def test_a_name_that_stands_inside_another_word_is_not_that_name(database):
    reports(database)
    with database.reading() as session:
        assert problems(session, known="The odd-amber 70 of them.") == []


def test_a_laboratorys_own_name_is_not_written_but_one_that_all_may_read_is(database):
    home = laboratory(database, "DE")
    with database.transaction() as session:
        substance = a_substance(session)
        for name, authority in (("House nine", home.authority_id), ("Street eight", None)):
            session.add(
                SubstanceName(
                    key=name_key(name), name=name, source="test", since=NOW,
                    handling=Handling.CLEAR, authority_id=authority, substance=substance,
                )
            )  # fmt: skip
        session.flush()
        assert problems(session, known="Known as house nine.")
        assert problems(session, known="Known as street eight.") == []


def test_a_country_that_no_open_report_names_is_pointed_out(database):
    home = laboratory(database, "DE")
    smiles = "CCCOc1ccc(Cc2nc3cc([N+](=O)[O-])ccc3n2CCN2CCCC2)cc1"
    finding = {"structure": smiles, "confirmation": "reference_standard", "techniques": ["NMR"]}
    take_reports(
        database,
        [report(reference="A", handling="amber", event_date="2026-05-01", findings=[finding])],
        by=home,
    )
    with database.reading() as session:
        substance = session.query(Report).one().findings[0].substance.code
        said = {"substances": (substance,), "countries": ("DE",)}
        (caution,) = cautions(session, a_content(**said), today=date(2026, 11, 20))
        assert caution.startswith("Germany: named here")
        assert cautions(session, a_content(**said, handling=AMBER), today=TODAY) == []
        assert cautions(session, a_content(countries=("DE",)), today=TODAY) == []

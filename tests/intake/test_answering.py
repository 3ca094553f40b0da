"""What a laboratory is told of a structure or a name before it reports it."""

from __future__ import annotations

import json
import re

import pytest
from sqlalchemy import func, select

from app.access.roles import SIGNED_IN, Actor, Role
from app.db import Database
from app.intake.answering import Answer, Weight, answer
from app.intake.merging import merge
from app.intake.models import Finding, Submission
from app.intake.readers.jsontext import read_json
from app.intake.taking import take
from app.intake.words import Channel
from app.registry.models import Substance, SubstanceName
from app.registry.names import name_key
from chem.law import BY_NAME
from chem.variants import variants
from tests.intake.care import ANALYST, ENOL, KETO, at
from tests.naming import add_name
from tests.reporting import NOW, laboratory, report

ISOTONITAZENE = "CCN(CC)CCn1c(Cc2ccc(OC(C)C)cc2)nc2cc([N+](=O)[O-])ccc12"
ETODESNITAZENE = "CCN(CC)CCn1c(Cc2ccc(OCC)cc2)nc2ccccc12"
ETIZOLAM = "CCc1cc2C(=NCc3nnc(C)n3-c2s1)c1ccccc1Cl"
THREE_MMC = "CNC(C)C(=O)c1cccc(C)c1"
FOUR_MMC = "CNC(C)C(=O)c1ccc(C)cc1"
DEXTROMETHORPHAN = next(v.smiles for v in variants() if v.name == "Dextromethorphan")
NEW_NITAZENE = "CCN(CC)CCn1c(Cc2ccc(OC3CCCC3)cc2)nc2cc([N+](=O)[O-])cc(F)c12"


@pytest.fixture
def lab(known: Database) -> Actor:
    return laboratory(known, "DE")


def ask(known: Database, who: Actor, **asked: object) -> Answer:
    with known.reading() as session:
        return answer(session, who, NOW.date(), **asked)  # type: ignore[arg-type]


def codes(told: Answer) -> list[str]:
    return [caution.code for caution in told.cautions]


def send(known: Database, who: Actor, **fields: object) -> None:
    content = json.dumps(report(**fields)).encode()
    take(
        known,
        [content],
        lambda: read_json(content),
        by=who,
        channel=Channel.API,
        clock=lambda: NOW,
    )


def finding(structure: str, **more: object) -> list[dict[str, object]]:
    return [{"structure": structure, "confirmation": "reference_standard"} | more]


def test_isotonitazene_is_recognised_in_its_salt_with_what_is_known_of_it(known, lab):
    send(known, laboratory(known, "FR"), country="FR", findings=finding(ISOTONITAZENE))
    send(known, lab, findings=finding(ISOTONITAZENE))
    told = ask(known, lab, structure=f"{ISOTONITAZENE}.Cl")
    (part,) = told.parts
    assert part.substance.name == "Isotonitazene"
    assert (part.seen.countries, part.seen.events) == (2, 2)
    assert part.law.status == BY_NAME
    assert [(c.convention, c.schedule) for c in part.substance.controls] == [(1961, "I")]
    assert part.classification.family == "nitazene"
    assert codes(told) == ["salt"] and "hydrochloride" in told.cautions[0].message
    assert not part.relatives


@pytest.mark.parametrize(
    "written",
    ["isotonitazene", "Isotonitazene HCl", "  ISOTONITAZENE "],
)
def test_a_name_is_answered_as_its_structure_is(known, lab, written):
    told = ask(known, lab, name=written)
    assert [part.substance.name for part in told.parts] == ["Isotonitazene"]
    assert codes(told) == []


def test_every_component_of_a_mixture_is_answered(known, lab):
    told = ask(known, lab, structure=f"{ISOTONITAZENE}.{ETIZOLAM}")
    assert {part.substance.name for part in told.parts} == {"Isotonitazene", "Etizolam"}
    assert "mixture" in codes(told)


def test_3_mmc_is_told_apart_from_4_mmc_only_when_the_analyst_says_so(known, lab):
    three, four = ask(known, lab, structure=THREE_MMC), ask(known, lab, structure=FOUR_MMC)
    assert [t.parts[0].substance.name for t in (three, four)] == ["3-MMC", "Mephedrone"]
    (said,) = [c.message for c in three.cautions if c.code == "isomer"]
    assert said.startswith("2-MMC, Mephedrone differ only in where a group sits")
    assert "3-MMC" not in said and "thcathinone," not in said.removeprefix("2-MMC, ")
    assert "isomer" in codes(ask(known, lab, name="3-MMC"))
    for resolved in (True, False):
        told = ask(known, lab, structure=THREE_MMC, isomer_resolved=resolved)
        assert "isomer" not in codes(told)


def test_the_name_of_another_substance_is_pointed_out(known, lab):
    told = ask(known, lab, name="4-MMC", structure=THREE_MMC)
    (said,) = [c.message for c in told.cautions if c.code == "name_disagrees"]
    assert '"4-MMC" is a name of Mephedrone' in said
    assert told.parts[0].substance.name == "3-MMC"  # the structure counts
    unheld = ask(known, lab, name="5F-MDMB-PINACA-like thing", structure=THREE_MMC)
    assert "name_disagrees" not in codes(unheld)


def test_a_name_whose_blocks_the_structure_has_not_is_pointed_out(known, lab):
    told = ask(known, lab, name="4-cyano-CUMYL-BUTINACA", structure=ETODESNITAZENE)
    (said,) = [c.message for c in told.cautions if c.code == "name_disagrees"]
    assert "does not fit the structure: the name says" in said


def test_a_name_that_nobody_holds_will_be_queued(known, lab):
    told = ask(known, lab, name="Blue mystery 7")
    assert codes(told) == ["name_queued"] and not told.parts
    assert ask(known, lab) == Answer()


def test_a_structure_that_cannot_be_read_says_what_is_wrong(known, lab):
    told = ask(known, lab, structure="c1ccccc", name="phenyl")
    assert told.cautions[0].weight is Weight.REFUSED and told.cautions[0].field == "structure"
    assert "ring" in told.cautions[0].message


def test_a_new_structure_is_new_and_has_relatives(known, lab):
    told = ask(known, lab, structure=NEW_NITAZENE)
    (part,) = told.parts
    assert part.substance is None and part.seen is None
    assert part.classification.family == "nitazene"
    assert len(part.relatives) == 3
    assert all("nitazen" in hit.substance.name.lower() for hit in part.relatives)
    assert part.relatives[0].similarity < 1


def test_what_a_variant_leaves_open_is_said(known, lab):
    drawn = ask(known, lab, structure=DEXTROMETHORPHAN)
    assert drawn.parts[0].substance.name == "Dextromethorphan" and "variant" in codes(drawn)
    flat = re.sub(r"\[C@*H?\]", "C", DEXTROMETHORPHAN)
    assert "stereo_open" in codes(ask(known, lab, structure=flat))
    named = ask(known, lab, structure=flat, name="dextromethorphan")
    assert named.parts[0].substance.name == "Dextromethorphan"
    assert not {"name_disagrees", "stereo_open"} & set(codes(named))


def test_isotopes_are_a_form(known, lab):
    told = ask(known, lab, structure=FOUR_MMC.replace("CNC", "[2H]C([2H])([2H])NC", 1))
    assert told.parts[0].substance.name == "Mephedrone" and "isotopes" in codes(told)


@pytest.mark.parametrize("role", sorted(SIGNED_IN))
def test_a_red_substance_is_for_its_finder_and_the_secretariat(known, lab, role):
    finder = laboratory(known, "FR")
    red = {"country": "FR", "handling": "red", "reference": "FR-RED"}
    send(known, finder, **red, findings=finding(NEW_NITAZENE, substance_name="Red nitazene"))
    told = ask(known, finder, structure=NEW_NITAZENE)
    assert told.parts[0].substance and told.parts[0].seen.events == 1
    peer = Actor(role, "somebody", lab.authority_id, lab.authority_code, lab.countries)
    part = ask(known, peer, structure=NEW_NITAZENE).parts[0]
    trusted = role in {Role.ANALYST, Role.REVIEWER, Role.ADMIN}
    assert bool(part.substance) == bool(part.seen) == trusted
    if not trusted:
        before = ask(known, peer, structure=NEW_NITAZENE.replace("F", "Cl")).parts[0]
        assert part.relatives and (before.substance, before.seen) == (part.substance, part.seen)


def test_a_red_isomer_and_a_red_name_are_not_told(known, lab):
    finder = laboratory(known, "FR")
    red = {"country": "FR", "handling": "red", "reference": "FR-RED"}
    send(known, finder, **red, findings=finding(NEW_NITAZENE))
    with known.transaction() as session:
        hidden = session.scalars(select(Substance).order_by(Substance.id.desc()).limit(1)).one()
        hidden.name = "Hidden isomer"
        add_name(session, hidden.id, "Secret name", source="curator", now=NOW)
    moved = NEW_NITAZENE.replace("cc(F)c12", "c(F)cc12")
    assert "Hidden isomer" not in str(ask(known, lab, structure=moved).cautions)
    assert "Hidden isomer" in str(ask(known, finder, structure=moved).cautions)
    assert codes(ask(known, lab, name="Secret name")) == ["name_queued"]
    assert ask(known, finder, name="Secret name").parts
    assert "Secret" not in str(ask(known, lab, name="Secret name", structure=FOUR_MMC).cautions)


def test_what_was_merged_is_answered_as_what_it_is_now(known, lab):
    for reference, structure, name in (("K", KETO, "Ketodione"), ("E", ENOL, "Enoldione")):
        named = finding(structure, substance_name=name)
        send(known, lab, reference=reference, findings=named)
    with known.transaction() as session:
        merge(session, at(session, "Ketodione"), at(session, "Enoldione"), by=ANALYST,
              reason="tautomers", now=NOW)  # fmt: skip
    told = ask(known, lab, structure=KETO, name="Enoldione", isomer_resolved=True)
    (part,) = told.parts
    assert part.substance.name == "Enoldione" and part.seen.events == 2
    assert "name_disagrees" not in codes(told)
    assert "Ketodione" not in str(ask(known, lab, structure=f"{ENOL}").cautions)


def test_a_house_name_is_answered_to_its_house_alone(known, lab):
    stranger = laboratory(known, "FR")
    with known.transaction() as session:
        one = session.scalars(select(Substance).where(Substance.name == "Etizolam")).one()
        session.add(
            SubstanceName(key=name_key("House 12"), name="House 12", source="curator", since=NOW,
                          substance=one, authority_id=lab.authority_id)
        )  # fmt: skip
    assert ask(known, lab, name="House 12").parts[0].substance.name == "Etizolam"
    assert codes(ask(known, stranger, name="House 12")) == ["name_queued"]


def test_asking_writes_nothing(known, lab):
    for asked in ({"structure": NEW_NITAZENE}, {"name": "Blue mystery 7"}):
        ask(known, lab, **asked)
    with known.reading() as session:
        tables = (Submission, Finding)
        assert [session.scalar(select(func.count()).select_from(t)) for t in tables] == [0, 0]
        new = select(func.count()).where(Substance.found_by.is_not(None))
        assert session.scalar(new) == 0

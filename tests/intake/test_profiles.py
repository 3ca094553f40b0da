"""A source's own columns and codes become our fields; a mistake in a profile is told its line."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.db import Database
from app.errors import NotFound, Refused, Unreadable
from app.intake.files import take_file
from app.intake.profiles import load_profile, parse_profile, profile_names
from app.intake.profiles.parsing import lines_of
from app.intake.readers import read_delimited
from app.intake.words import Fate
from tests.reporting import NOW, laboratory

ZOLL = """title = "Zoll, Jahrestabelle"
reference = "{Jahr}/{Nr.}"
date_format = ["%d.%m.%Y", "%m/%Y"]
decimal = ","
separator = "/"
ignore = ["Bemerkung"]

[columns]
event_date = "Datum"
event_kind = "Art"
substance_name = "Stoff"
quantity = "Menge"
unit = "Einheit"
techniques = "Verfahren"
isomer_resolved = "Isomer"

[constants]
country = "DE"
handling = "clear"

[codes.event_kind]
"Beschlagnahme" = "seizure"

[codes.unit]
"Gramm" = "g"
"k. A." = ""

[codes.techniques]
"GCMS" = "GC-MS"

[codes.isomer_resolved]
"ja" = true
"""
HEAD = "Jahr;Nr.;Datum;Art;Stoff;Menge;Einheit;Verfahren;Isomer;Bemerkung"
LINE = "2026;17;3.11.2026;BESCHLAGNAHME;2,5-DMA;1.234,5;gramm;GCMS / NMR;ja;=x"


def zoll():
    return parse_profile("zoll", ZOLL)


def read(tmp_path: Path, text: str, profile=None):
    path = tmp_path / "zoll.csv"
    path.write_text(text, encoding="utf-8")
    return list(read_delimited(path, profile or zoll()))


def test_a_row_of_theirs_is_read_in_our_words(tmp_path: Path) -> None:
    (row,) = read(tmp_path, f"{HEAD}\n{LINE}\n")
    assert row.fields == {
        "reference": "2026/17", "event_date": "2026-11-03", "event_kind": "seizure",
        "country": "DE", "handling": "clear", "quantity": "1234.5", "unit": "g",
        "findings": [{
            "substance_name": "2,5-DMA", "techniques": ["GC-MS", "NMR"], "isomer_resolved": True,
        }],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("column", "written", "field", "read_as"),
    [
        ("Datum", "11/2026", "event_date", "2026-11"),
        ("Datum", "2026-11-03", "event_date", "2026-11-03"),
        ("Datum", "31.02.2026", "event_date", "31.02.2026"),
        ("Menge", "0,5", "quantity", "0.5"),
        ("Menge", "12", "quantity", "12"),
        ("Menge", "1 234", "quantity", "1234"),
        ("Menge", "12 g", "quantity", "12 g"),
        ("Einheit", "k. A.", "unit", None),
        ("Einheit", "Stück", "unit", "Stück"),
        ("Art", "Fund", "event_kind", "Fund"),
    ],
)
def test_what_a_profile_does_not_know_stays_to_be_judged(
    column: str, written: str, field: str, read_as: str | None
) -> None:
    assert zoll().translate({column: written}).get(field) == read_as


def test_a_row_without_the_columns_of_its_reference_has_none() -> None:
    assert "reference" not in zoll().translate({"Stoff": "x"})
    assert zoll().translate({"Nr.": "17"})["reference"] == "/17"


def test_a_reference_that_is_too_long_is_cut_and_stays_apart() -> None:
    one, other = ({"Jahr": "2026", "Nr.": "x" * 300 + end} for end in "ab")
    references = {zoll().translate(row)["reference"] for row in (one, other, one)}
    assert len(references) == 2 and {len(r) for r in references} == {200}


def test_a_template_is_only_ever_filled_in() -> None:
    """No format string of Python: nothing of a cell's insides, no width that fills the memory."""
    text = ZOLL.replace("{Jahr}/{Nr.}", "{Jahr.__class__}{Nr.:>999999999}{Jahr!r}")
    assert parse_profile("zoll", text).wanted[-3:] == (
        "Jahr.__class__", "Nr.:>999999999", "Jahr!r",
    )  # fmt: skip
    assert parse_profile("zoll", text).translate({"Jahr": "2026"}).get("reference") is None


def test_a_file_of_another_layout_is_refused_and_says_what_is_missing_or_new(
    tmp_path: Path,
) -> None:
    with pytest.raises(Unreadable, match="profile zoll needs the column Einheit"):
        read(tmp_path, f"{HEAD.replace('Einheit', 'Unit')}\n{LINE}\n")
    with pytest.raises(Unreadable, match=r"Neu, row 1: the profile zoll does not tell of it"):
        read(tmp_path, f"{HEAD};Neu\n{LINE};x\n")
    everything = parse_profile("zoll", ZOLL.replace('"Bemerkung"', '"*"'))
    assert len(read(tmp_path, f"{HEAD};Neu\n{LINE};x\n", everything)) == 1


def test_an_import_with_a_profile_is_taken_and_again_changes_nothing(
    database: Database, tmp_path: Path
) -> None:
    from app.intake.profiles.keeping import save_profile

    path, lab = tmp_path / "zoll.csv", laboratory(database, "DE")
    path.write_text(f"{HEAD}\n{LINE}\n", encoding="utf-8")
    with database.transaction() as session:
        save_profile(session, "zoll", ZOLL, by=lab, now=NOW)
    first = take_file(database, path, by=lab, clock=lambda: NOW, profile="zoll")
    again = take_file(database, path, by=lab, clock=lambda: NOW, profile="zoll")
    assert first.fates == {Fate.QUEUED: 1}
    assert again.fates in ({Fate.UNCHANGED: 1}, {Fate.QUEUED: 1})
    with pytest.raises(NotFound, match="zoll"):
        take_file(database, path, by=laboratory(database, "FR"), clock=lambda: NOW, profile="zoll")


@pytest.mark.parametrize(
    ("changed", "into", "said"),
    [
        ('title = "Zoll, Jahrestabelle"\n', "", "title: is required"),
        ("ignore =", "ignored =", "line 6, ignored: is no key of a profile; did you mean ignore?"),
        ("event_date =", "event_dat =", "line 9, columns.event_dat: is no field of a report; did"),
        ('"seizure"', '"seized"', 'line 22, codes.event_kind.Beschlagnahme: "seized" is not'),
        ('country = "DE"', 'country = "UK"', "line 18, constants.country"),
        ('country = "DE"', "country = {}", "line 18, constants.country: must be text in quotes"),
        ('"GC-MS"', '"GCXMS"', 'line 29, codes.techniques.GCMS: "GCXMS" is not one of'),
        ("= true", '= "jein"', "line 32, codes.isomer_resolved.ja"),
        ('decimal = ","', 'decimal = ";"', "line 4, decimal"),
        ('"%m/%Y"', '"%q"', 'line 3, date_format: "%q" is no form of a date'),
        ('"%m/%Y"', '"%d.%m"', 'line 3, date_format: "%d.%m" is no form of a date'),
        ('"{Jahr}/{Nr.}"', '"2026"', "line 2, reference: names no column"),
        ('"{Jahr}/{Nr.}"', '"{Jahr"', "line 2, reference: has a brace that names no column"),
        ('reference = "{Jahr}/{Nr.}"\n', "", "reference is required: give it a column"),
        ('handling = "clear"', 'reference = "x"', "line 19, constants.reference: would make all"),
        ('event_kind = "Art"', 'event_kind = "{Art}"', "line 10, columns.event_kind: what is"),
        ("[codes.unit]", "[codes.units]", "line 24, codes.units: is no field of a report; did"),
        ("[codes.unit]", "[codes]\nunit = 5\n[codes.route]", "codes"),
        ("[columns]", "[columns", "line 8: this is not TOML"),
        ('decimal = ","', "decimal = " + "[" * 5000, "nested too deeply"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_with_its_line_key_and_remedy(changed: str, into: str, said: str) -> None:
    assert changed in ZOLL
    with pytest.raises(Refused) as told:
        parse_profile("zoll", ZOLL.replace(changed, into, 1))
    assert said in "; ".join(map(str, [told.value, *told.value.problems]))
    assert str(told.value).isprintable()


def test_a_day_of_toml_is_a_day_of_ours() -> None:
    text = ZOLL.replace('country = "DE"', 'country = "DE"\nembargo_until = 2027-01-01')
    assert parse_profile("zoll", text).constants["embargo_until"] == "2027-01-01"


def test_the_reference_may_be_a_column_or_be_built_at_the_end() -> None:
    bare = ZOLL.replace('reference = "{Jahr}/{Nr.}"\n', "")
    column = parse_profile("zoll", bare.replace("[columns]", '[columns]\nreference = "Nr."'))
    assert column.translate({"Nr.": "17"})["reference"] == "17"
    built = parse_profile("zoll", f'{bare}\n[built]\nreference = "{{Jahr}}-{{Nr.}}"\n')
    assert built.translate({"Nr.": "17", "Jahr": "2026"})["reference"] == "2026-17"


def test_the_digest_changes_with_the_meaning_and_not_with_the_comments() -> None:
    assert parse_profile("zoll", "# mine\n" + ZOLL).digest == zoll().digest
    assert parse_profile("zoll", ZOLL.replace("Gramm", "gr")).digest != zoll().digest


@given(st.text(max_size=300) | st.text(alphabet='[]{}="\n.# ab', max_size=80))
def test_any_text_is_a_profile_or_is_told_what_is_wrong(text: str) -> None:
    lines_of(text)
    for candidate in (text, ZOLL + text, ZOLL.replace("Datum", text)):
        try:
            assert parse_profile("x", candidate).wanted
        except Refused as refusal:
            assert str(refusal)


@pytest.mark.parametrize("name", profile_names())
def test_what_is_shipped_can_be_read(name: str) -> None:
    assert load_profile(name).title and load_profile(name).wanted

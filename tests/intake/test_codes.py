"""What may be sent is told from the schema, and nothing of it is left untold."""

from __future__ import annotations

from enum import StrEnum

import pytest
from pydantic import TypeAdapter

from app.access.handling import Handling
from app.countries import countries
from app.intake import words
from app.intake.codes import COUNTRY, PARTS, codes, columns
from app.intake.schema import FINDING_FIELDS, REPORT_FIELDS, ReportIn

SENT = [one for one in vars(words).values() if isinstance(one, type) and words.Code in one.__mro__]


def test_every_field_of_the_schema_is_told_with_a_meaning() -> None:
    told = {part.name: part for part in codes().parts}
    assert list(told) == list(PARTS)
    for name, model in PARTS.items():
        assert [field.name for field in told[name].fields] == list(model.model_fields)
        assert all(field.meaning.endswith(".") and field.type for field in told[name].fields)
        required = {f.name for f in told[name].fields if f.required}
        assert required == set(model.model_json_schema().get("required", []))


def test_every_code_that_may_be_sent_is_told_with_a_meaning() -> None:
    told = {(name.name, one.code): one.meaning for name in codes().code_lists for one in name.codes}
    assert all(told.values())
    listed = {code for _, code in told}
    for enum in SENT:
        for code in enum:
            assert code.meaning, code
            assert code.value in listed
    assert {level.word for level in Handling} | set(countries()) <= listed


@pytest.mark.parametrize("enum", [one for one in SENT if one is not words.Code])
def test_a_code_is_still_the_word_it_was(enum: type[words.Code]) -> None:
    assert issubclass(enum, StrEnum)
    for code in enum:
        assert enum(code.value) is code
        assert code == code.value == str(code) == f"{code}"
        assert code.value != code.meaning or code.value.isalpha()


def test_what_a_field_may_hold_is_what_its_list_holds() -> None:
    hints = {
        "event_kind": words.EventKind,
        "techniques": words.Technique,
        "role": words.FindingRole,
    }
    fields = {field.name: field for field in columns()}
    for name, enum in hints.items():
        listed = codes().code_list(fields[name].codes or "")
        assert [one.code for one in listed.codes] == [code.value for code in enum]
    assert fields["handling"].codes == "handling" and fields["handling"].default == "amber"
    assert {f.name for f in columns() if f.codes == COUNTRY} == {
        "country", "origin", "transit", "destination",
    }  # fmt: skip


def test_columns_of_a_file_are_the_fields_the_reader_knows() -> None:
    assert [field.name for field in columns()] == [*REPORT_FIELDS, *FINDING_FIELDS]


def test_limits_are_those_of_the_schema() -> None:
    fields = {field.name: field.limits for field in columns()}
    assert fields["purity_percent"] == "0 to 100"
    assert fields["reference"] == "at most 200 characters"
    assert fields["techniques"] == "at most 20"


def test_openapi_carries_the_meanings() -> None:
    schema = TypeAdapter(ReportIn).json_schema()
    for field in schema["properties"].values():
        listed = schema["$defs"].get(field.get("$ref", "").rpartition("/")[2], {})
        assert field.get("description") or listed.get("description")
    meanings = schema["$defs"]["EventKind"]["x-meanings"]
    assert meanings == {kind.value: kind.meaning for kind in words.EventKind}

"""Every generic definition of law is complete, and answers its own examples as it says."""

import pytest

from chem.generics import IN, NOTICE, OUT, UNDETERMINED
from chem.generics.definitions import definitions
from chem.known import known
from tests.chem.lawful import ruling

each_definition = pytest.mark.parametrize(
    "definition", definitions(), ids=lambda definition: definition.id
)
JURISDICTIONS = {"cn": "CN", "de": "DE", "uk": "GB", "us": "US"}

# Clauses without an example inside: those only ever answered "undetermined", because drawings or
# lists of the law were not at hand, and 2.1.2 d, of which no example was reported.
UNSHOWN = {"unchecked", "other", "3.1 c", "3.1 d", "3.1 e", "3.1 f", "2.1.2 d"}


def wrong(definition, examples, holds):
    """Those examples, in one list, of whose ruling it does not hold."""
    ruled = ((example, ruling(definition.id, example)) for example in examples)
    return [(example, found) for example, found in ruled if not holds(found)]


@each_definition
def test_members_are_in_by_the_clauses_that_the_law_names(definition):
    for clauses, examples in definition.positives.items():

        def is_in(found, clauses=clauses):
            named = found and " + ".join(one.id for one in found.clauses)
            return found and (found.outcome, named, found.notice) == (IN, clauses, NOTICE)

        assert wrong(definition, examples, is_in) == []
    assert NOTICE == "indicative, not legal advice"


@each_definition
def test_where_the_wording_is_open_the_answer_is_undetermined_with_reasons(definition):
    def is_open(found):
        return found and found.outcome == UNDETERMINED and found.reasons and all(found.reasons)

    assert wrong(definition, definition.undetermined, is_open) == []


@each_definition
def test_strangers_are_out_or_not_touched_at_all(definition):
    def is_out(found):
        return found is None or (found.outcome == OUT and found.reasons and not found.clauses)

    assert wrong(definition, definition.negatives, is_out) == []


@each_definition
def test_a_definition_is_complete(definition):
    assert definition.jurisdiction == JURISDICTIONS[definition.id[:2]]
    assert definition.law
    assert definition.title
    assert definition.source
    assert definition.note
    assert definition.needs
    assert all(clause.text for clause in definition.clauses)
    assert sum(map(len, definition.positives.values())) >= 8
    assert len(definition.negatives) >= 8
    medicines = {one.name.casefold() for one in known() if one.standing == "medicine"}
    named = {example.split(": ")[0].casefold() for example in definition.negatives}
    assert len(medicines & named) >= 3


@each_definition
def test_every_clause_that_was_checked_is_shown_by_an_example(definition):
    shown = {clause for key in definition.positives for clause in key.split(" + ")}
    assert {clause.id for clause in definition.clauses} - UNSHOWN <= shown

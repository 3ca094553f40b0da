"""An error speaks to the person who can mend it, and survives the trip between processes."""

import pickle

import pytest

from chem import StructureError, errors, examine
from chem.errors import CODES
from chem.parse import parse


def test_it_says_what_is_wrong_what_would_be_right_and_about_which_input():
    with pytest.raises(StructureError) as caught:
        parse("c1ccccc")
    assert caught.value.code == "unreadable"
    assert caught.value.message == '"c1ccccc" opens a ring (1) that it never closes'
    assert caught.value.offending == "c1ccccc"


def test_a_long_input_is_quoted_short_and_on_one_line():
    error = StructureError("too_long", "too long", "C\n" * 5_000)
    assert len(error.offending) <= 200
    assert "\n" not in error.offending


def test_a_worker_process_can_hand_it_back():
    error = pickle.loads(pickle.dumps(StructureError("empty", "nothing there", " ")))
    assert (error.code, error.message, error.offending) == ("empty", "nothing there", " ")


ONE_OF_EACH = {
    "": "empty",
    None: "not_text",
    "C" * 2_001: "too_long",
    ("CCN", "mol2"): "unsupported_format",
    "c1ccccc": "unreadable",
    "CCN ethylamine": "trailing_text",
    "CC>>CN": "reaction",
    "\n\n\n  0  0  0  0  0  0  0  0  0  0999 V2000\nM  END\n": "no_atoms",
    "[Na+].[Cl-]": "no_organic_part",
    "C" * 251: "too_many_atoms",
    ".".join(["CCN"] * 21): "too_many_fragments",
    "c1cc2cc3cc4cc5cc6cc7cc8cc9cc%10cc%11cc%12cc%13cc%14cc%15cc%16cc%17cc%18cc%19ccccc%19cc%18"
    "cc%17cc%16cc%15cc%14cc%13cc%12cc%11cc%10cc9cc8cc7cc6cc5cc4cc3cc2c1": "too_many_rings",
    "C%11" + "c2ccc(cc2)C" * 11 + "c2ccc(cc2)%11": "too_intricate",
    "*CCN": "query_atoms",
    "\n\n\n  1  0  0  0  0  0  0  0  0  0999 V2000\n"
    "    0.0000    0.0000    0.0000 R#  0  0\nM  RGP  1   1   1\nM  END\n": "r_group",
    "CCO |Sg:n:1::ht|": "polymer",
    "C~C": "bond_kind",
    "CC(C)(C)(C)C": "bad_valence",
    "[C+12]": "bad_charge",
    "[99CH4]": "bad_isotope",
    "c1cccc1": "not_aromatic",
    "C$C": "no_identity",
}


def error_of(asked):
    text, format = asked if isinstance(asked, tuple) else (asked, "auto")
    with pytest.raises(StructureError) as caught:
        examine(text, format)
    return caught.value


@pytest.mark.parametrize("asked", ONE_OF_EACH, ids=lambda asked: ONE_OF_EACH[asked])
def test_each_code_is_reached_and_its_message_says_what_to_do(asked):
    error = error_of(asked)
    assert error.code == ONE_OF_EACH[asked]
    assert error.code in CODES
    remedies = (
        "send", "draw", "check", "put", "use", "report", "leave out", "write", "never closes",
    )  # fmt: skip
    assert any(word in error.message for word in remedies), error.message


def test_no_code_is_left_untried():
    """`timeout` belongs to callers that keep a clock."""
    assert set(ONE_OF_EACH.values()) == CODES - {"timeout"}


def test_the_list_of_codes_is_the_one_that_the_module_documents():
    assert all(code in errors.__doc__ for code in CODES)

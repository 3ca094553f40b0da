"""An error speaks to the person who can mend it, and survives the trip between processes."""

import pickle

import pytest

from chem import StructureError
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

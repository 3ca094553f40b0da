"""A conflict says in what the two differ."""

from __future__ import annotations

from typing import Any

import pytest

from app.intake.differences import differences, told
from app.intake.schema import ReportIn
from tests.reporting import report


def read(**changed: Any) -> ReportIn:
    return ReportIn.model_validate(report(**changed))


@pytest.mark.parametrize(
    ("held", "sent", "said"),
    [
        ({}, {}, []),
        ({}, {"count": 9}, ["count: held 1, sent 9"]),
        ({"quantity": 1, "unit": "g"}, {"quantity": 1.5, "unit": "g"},
         ["quantity: held 1.0, sent 1.5"]),
        ({"event_date": "2026-11"}, {"event_date": "2026-11-01"},
         ["event_date: held 2026-11, sent 2026-11-01"]),
        ({}, {"findings": [{"substance_name": "a"}, {"substance_name": "b"}]},
         ["findings[1]: held nothing, sent b"]),
        ({"findings": [{"substance_name": "a", "techniques": ["NMR"]}]},
         {"findings": [{"substance_name": "a", "techniques": ["NMR", "TLC"]}]},
         ["findings[0].techniques: held NMR, sent NMR, TLC"]),
        ({"findings": [{"substance_name": "a", "techniques": ["NMR"]}]},
         {"findings": [{"substance_name": "a"}]},
         ["findings[0].techniques: held NMR, sent nothing"]),
    ],
)  # fmt: skip
def test_each_field_that_differs_is_named_with_both_values(held, sent, said) -> None:
    found = differences(read(**held), read(**sent))
    assert set(said) <= set(found)
    assert bool(found) == bool(said)


def test_many_differences_are_cut_with_their_number() -> None:
    assert told([f"f{n}: held 1, sent 2" for n in range(7)]).endswith("; and 2 more")

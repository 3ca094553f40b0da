"""The severity of classes is reviewed data, and small."""

from __future__ import annotations

from app.surveillance.severity import WORST, severities, severity_of
from chem.families import GROUPS, family_named


def test_every_class_exists_and_says_why_and_after_whom() -> None:
    for name, judged in severities().items():
        kind, _, of = name.partition(":")
        assert of in GROUPS if kind == "group" else family_named(of), name
        assert 0 <= judged.degree <= WORST
        assert judged.reason and judged.source and judged.reviewer


def test_a_family_goes_before_its_group_and_the_worse_family_before_the_other() -> None:
    found = severity_of("synthetic cannabinoids", {"semi-synthetic-cannabinoid"})
    assert found is not None and found.of == "family:semi-synthetic-cannabinoid"
    both = severity_of("other", {"cinnamylpiperazine", "orphine"})
    assert both is not None and both.of == "family:orphine"
    assert severity_of("other", {"tramadol-type"}) is None

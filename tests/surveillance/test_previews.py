"""Proposed rule sets: refused where they are none, and kept with what they would have fired."""

from __future__ import annotations

import pytest

from app.db import Database
from app.errors import NotFound, Refused
from app.surveillance import previews
from app.surveillance.models import PreviewState
from app.surveillance.ruleset import parse_ruleset, ruleset, ruleset_text
from app.surveillance.service import assess
from tests.surveillance.making import ANALYST, AS_OF, NOW, a_report, a_substance, days_ago, morning

STRICTER = {"spread.countries": "4"}


def changed(**values: str) -> str:
    return previews.with_changes({n.replace("__", "."): v for n, v in values.items()})


def test_single_thresholds_are_changed_in_the_file_in_force_which_keeps_its_reasons() -> None:
    text = changed(spread__countries="4", growth__young_statistic="4.5", spread__events="3")
    found = parse_ruleset(text, "draft")
    assert (found.spread.countries, found.growth.young_statistic) == (4, 4.5)
    assert found.version == f"draft {ruleset().version}"
    lines = set(text.splitlines()) - set(ruleset_text().splitlines())
    assert lines == {f'version = "{found.version}"', "value = 4.5"} or len(lines) == 3
    assert previews.with_changes({"spread.countries": "3"}) == ruleset_text()


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("spread.cuontries", "4", "spread.cuontries: is no threshold of the rules"),
        ("priority.recent_months", "4", "is no threshold of the rules"),
        ("spread.countries", "four", '"four" is no number'),
        ("spread.countries", "1e9", "is no number"),
        ("spread.countries", "4\n[tiers.growth]\nvalue = 1", "is no number"),
        ("spread.countries", "", "is no number"),
    ],
)
def test_what_is_no_threshold_or_no_number_is_refused(name: str, value: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        previews.with_changes({name: value})


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("spread.countries", "2.5", "spread.countries: is a whole number such as 3"),
        ("tiers.growth", "4", "tiers.growth: lies between 1 and 3"),
        ("growth.history_months", "12", "lies between 36 and 240"),
        ("spread.window_months", "99999", "lies between 0 and 240"),
        ("cluster.days", "-1", "lies between 0 and 3660"),
    ],
)
def test_a_value_with_which_no_rule_could_be_run_is_refused(
    name: str, value: str, said: str
) -> None:
    with pytest.raises(Refused, match=said):
        parse_ruleset(previews.with_changes({name: value}), "draft")


@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ('["opioid"]', '"opioid"', "raising_effects: is a list such as"),
        ("value = [0.05, 20.0]", "value = [0.05]", "rate_anchors: is a list such as"),
        ("value = 0.6", "value = nan", "largest_share: is a number such as 0.6"),
        ("value = 0.6", "value = true", "largest_share: is a number such as 0.6"),
        ('version = "', 'version = "a very long name of a version', "version: is a text of 1"),
        ("[first.fresh_months]", "x = " + "[" * 5000, "is no TOML"),
    ],
)
def test_a_file_with_values_of_another_kind_is_refused(
    written: str, instead: str, said: str
) -> None:
    with pytest.raises(Refused, match=said):
        parse_ruleset(ruleset_text().replace(written, instead, 1), "draft")


def test_a_preview_is_kept_with_what_would_have_been(database: Database) -> None:
    with database.transaction() as session:
        one = a_substance(session)
        for days, country in ((40, "DE"), (20, "FR"), (2, "SE")):
            a_report(session, one, country, days_ago(days))
        text = previews.with_changes(STRICTER)
        asked = previews.ask_for(session, text, months=2, by=ANALYST, now=NOW)
        assert previews.waiting(session) is asked
        assert previews.changed(asked) == [("spread.countries", 3, 4)]
        previews.finish(session, asked.code, previews.computed(session, asked), now=NOW)
    with database.reading() as session:
        (kept,) = previews.recent(session)
        assert (kept.state, kept.months, kept.as_of) == (PreviewState.DONE, 2, AS_OF)
        (told,) = kept.result["differences"]
        assert (told["rule"], told["node"], told["name"]) == ("NEW_SPREAD", one.code, one.name)
        assert (told["now"], told["then"], kept.result["differ"]) == ("alert", None, 1)
        assert previews.waiting(session) is None
        with pytest.raises(NotFound, match="V-99999"):
            previews.preview_by_code(session, "V-99999")


def test_the_same_rule_set_too_many_months_and_too_long_a_text_are_refused(
    database: Database,
) -> None:
    text = previews.with_changes(STRICTER)
    with database.transaction() as session:
        for sent, months, said in (
            (ruleset_text(), 2, "says what .* says"),
            (ruleset_text().replace('version = "', 'version = "x'), 2, "says what .* says"),
            (text, 25, "1 to 24 months"),
            (text, 0, "1 to 24 months"),
            (text + "#" * 100_000, 2, "at most 100,000 characters"),
        ):
            with pytest.raises(Refused, match=said):
                previews.ask_for(session, sent, months=months, by=ANALYST, now=NOW)
        assert previews.recent(session) == []


def test_only_the_newest_are_kept(database: Database, monkeypatch) -> None:
    monkeypatch.setattr(previews, "KEPT", 2)
    with database.transaction() as session:
        for countries in (4, 5, 6):
            text = previews.with_changes({"spread.countries": str(countries)})
            previews.ask_for(session, text, months=1, by=ANALYST, now=NOW)
        assert [one.code for one in previews.recent(session)] == ["V-00003", "V-00002"]


def test_what_takes_long_is_left_to_the_worker(database: Database) -> None:
    with database.transaction() as session:
        assert previews.is_quick(session, 24)
        run = assess(session, as_of=AS_OF, now=morning(AS_OF)).assessment
        run.milliseconds = 500
        session.flush()
        assert previews.is_quick(session, 3) and not previews.is_quick(session, 4)

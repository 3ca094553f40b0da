"""A rule set is looked at before it is put in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from importlib.resources import files

import pytest

from app.db import Database
from app.errors import Refused
from app.surveillance.models import Rule, Tier
from app.surveillance.preview import preview
from app.surveillance.ruleset import read_ruleset, ruleset
from tests.surveillance.making import AS_OF, a_report, a_substance, days_ago


def test_what_would_have_fired_and_what_would_have_been_silent(database: Database) -> None:
    now = ruleset()
    stricter = replace(now, version="stricter", spread=replace(now.spread, countries=4))
    louder = replace(now, version="louder", tiers=replace(now.tiers, new_spread=3))
    with database.transaction() as session:
        one = a_substance(session)
        for days, country in ((40, "DE"), (20, "FR"), (2, "SE")):
            a_report(session, one, country, days_ago(days))
    with database.reading() as session:
        found = preview(session, now, stricter, as_of=AS_OF, months=2)
        spread = {one.signal.rule: (one.now, one.then) for one in found.differences}
        assert spread[Rule.NEW_SPREAD] == (Tier.ALERT, None)
        assert found.months == 3 and found.fired_now > 0
        (raised,) = preview(session, now, louder, as_of=AS_OF, months=1).differences
        assert (raised.month, raised.now, raised.then) == (AS_OF, Tier.ALERT, Tier.URGENT)
        assert raised.name == "Protonitazene"
        assert preview(session, now, now, as_of=date(2026, 11, 1), months=1).differences == ()


def test_a_file_is_read_or_says_what_is_wrong_with_it(tmp_path) -> None:
    text = (files("app.surveillance") / "data" / "ruleset.toml").read_text()
    path = tmp_path / "candidate.toml"
    path.write_text(text.replace('version = "2026', 'version = "draft 2026'))
    assert read_ruleset(path).version.startswith("draft")
    path.write_text(text.replace("[spread.countries]", "[spread.cuontries]"))
    with pytest.raises(Refused, match=r"candidate.toml: .*cuontries"):
        read_ruleset(path)
    path.write_text("version = 1")
    with pytest.raises(Refused, match="'first' is missing"):
        read_ruleset(path)
    path.write_text("version =")
    with pytest.raises(Refused, match="is no TOML"):
        read_ruleset(path)

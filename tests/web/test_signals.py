"""The page of a signal, for evidence of families, clusters of harm and totals."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from app.access.handling import Handling
from app.db import Database
from app.surveillance.models import (
    Episode,
    EpisodeState,
    EpisodeView,
    NodeId,
    NodeKind,
    Rule,
    Tier,
    of_substance,
)
from app.surveillance.wording import sentence
from tests.surveillance.making import a_report, a_substance
from tests.surveillance.test_sentences import COUNTED, GROWN, evidence, members


def stored(database: Database, rule: Rule, node: NodeId | None = None, **changed: Any) -> str:
    """The address of an open signal with that evidence; of a substance unless told otherwise."""
    told = evidence(rule, level=Handling.CLEAR, **changed)
    with database.transaction() as session:
        about = node or of_substance(a_substance(session).id)
        episode = Episode(
            rule=rule, node_kind=about.kind, node_key=about.key, substance_id=about.substance_id,
            scope=told.scope, state=EpisodeState.OPEN, simulated=False, opened_on=told.as_of,
            evaluated_on=told.as_of, ruleset="1",
        )  # fmt: skip
        episode.views.append(
            EpisodeView(
                handling=Handling.CLEAR, tier=Tier.ALERT, since=told.as_of,
                sentence=sentence(told, "x"), evidence=told.as_dict(),
            )
        )  # fmt: skip
        session.add(episode)
        session.flush()
        return f"/signals/{episode.code}"


def test_a_family_tells_of_the_members_it_does_not_name(client, known: Database) -> None:
    details = members(2, 45, 1, "family")
    details["members"] = [
        {"id": "TS-00001", "name": "One", "events": 4, "first": "2026-03", "new": True},
        {"id": "TS-00002", "name": "Two", "events": 1, "first": None, "new": False},
    ]
    family = NodeId(NodeKind.FAMILY, "nitazene")
    page = client.get(stored(known, Rule.FAMILY, family, details=details)).text
    assert "since the onset, first seen: March 2026, new" in page
    assert "first seen: before the months shown" in page and "and 43 more with fewer events" in page


@pytest.mark.parametrize(
    ("rule", "details", "said"),
    [
        (Rule.CLUSTER_OF_HARM, {"days": 3, "p": 0.004}, "so many by chance, given those before"),
        (Rule.GROWTH, COUNTED | {"p": 0.004}, "so many by chance, given the spans before"),
    ],
)
def test_a_probability_is_named_after_its_comparison(
    client, known: Database, rule: Rule, details: dict[str, Any], said: str
) -> None:
    page = client.get(stored(known, rule, scope="DE", countries=("DE",), details=details)).text
    assert said in page and "Last three months against the twelve before" not in page


def test_the_reports_behind_it_are_listed_and_so_are_those_of_each_member(
    client, known: Database
) -> None:
    with known.transaction() as session:
        one = a_substance(session, "Onenitazene", family="orphine")
        codes = [
            a_report(session, one, "DE", date(2026, 9, day), handling=level).code
            for day, level in ((3, Handling.CLEAR), (5, Handling.AMBER))
        ]
        told = [{"id": one.code, "name": "One", "events": 2, "first": "2026-09", "new": True}]
    family = NodeId(NodeKind.FAMILY, "orphine")
    details = {**members(1, 1, 1, "family"), "members": told}
    address = stored(known, Rule.FAMILY, family, details=details)
    page = client.get(address).text
    assert "You may read 1\u00a0report of them" in page
    assert f'href="/reports/{codes[0]}"' in page and codes[1] not in page
    assert f'href="/reports?substance={one.code}">1\u00a0report that you may read' in page
    listed = client.get(f"/api/v1/episodes/{address.rsplit('/', 1)[1]}/reports").json
    assert [item["id"] for item in listed["items"]] == codes[:1] and listed["next"] is None


DETAILS: dict[Rule, dict[str, Any]] = {
    Rule.GROWTH: GROWN,
    Rule.RE_EMERGENCE: {"silent_months": 15, "chance": 0.0001},
    Rule.HARM: {"of": 11, "fraction": 0.384, "usual": 0.003, "harms": 4},
    Rule.CLUSTER_OF_HARM: {"days": 14, "p": 0.002},
    Rule.QUANTITY: {"grams": 1_200.0, "median_grams": 3.0, "form": "powder"},
    Rule.FAMILY: members(0, 3, 1, "family"),
    Rule.BLOCK: members(0, 3, 1, "block"),
}
LIMITS = {
    "window_months": 24, "new_months": 12, "countries": 2, "events": 3, "fresh_months": 12,
    "ratio": 2.0, "least": 5,
}  # fmt: skip


@pytest.mark.parametrize("language", ["fr", "es"])
def test_a_signal_of_every_rule_is_shown_in_the_language(client, known: Database, language) -> None:
    for number, rule in enumerate(Rule):
        node = NodeId(NodeKind.NAME, f"name {number}")
        path = stored(known, rule, node, details=DETAILS.get(rule, {}), thresholds=LIMITS)
        for page, of in ((path, ""), ("/signals", ""), ("/signals", rule.value)):
            answer = client.get(page, query_string={"lang": language, "rule": of})
            assert answer.status_code == 200, (rule, page)
            assert f'<html lang="{language}"' in answer.text


def test_what_an_older_rule_kept_too_little_of_is_said_in_english(client, known: Database) -> None:
    stored(known, Rule.GROWTH, NodeId(NodeKind.NAME, "kestrel"), details=GROWN)
    with known.transaction() as session:
        view = session.query(EpisodeView).one()
        view.evidence = {k: v for k, v in view.evidence.items() if k != "thresholds"}
        view.sentence = "It grew."
    page = client.get("/signals?lang=fr")
    assert page.status_code == 200
    assert '<span lang="en">It grew.</span>' in page.text

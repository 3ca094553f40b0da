"""What may be wished for, and what is said to those who wish wrongly."""

import pytest

from app.access.roles import SYSTEM
from app.errors import Refused
from app.notification.filters import Filters, Similar
from app.notification.models import Rhythm
from app.notification.wishes import Wish, read_wish
from app.registry.blocks import settle_blocks
from app.surveillance.models import Tier
from tests.notification.making import CLEAR, PROTONITAZENE, a_substance, an_authority


def read(session, **sent):
    return read_wish(session, sent, authority=an_authority(session), by=SYSTEM)


def test_a_wish_is_read_whole(database):
    with database.transaction() as session:
        substance = a_substance(session)
        wish = read(
            session,
            filters={
                "groups": ["Nitazenes"],
                "families": "nitazene",
                "clusters": [substance.cluster.key],
                "substances": f"{substance.code}\n",
                "similar_to": {"smiles": f"{PROTONITAZENE}.Cl", "at_least": "0.7"},
                "containing": "[#6]-[N+](=O)[O-]",
                "countries": ["de", "FR"],
                "regions": ["europe"],
                "near_me": "on",
                "rules": ["GROWTH"],
                "event_kinds": ["death"],
            },
            min_tier="alert",
            clearance="clear",
            rhythm="daily",
            time_zone="europe/paris",
            quiet_from="22",
            quiet_until=7,
            language="fr",
        )
        assert wish == Wish(
            filters=Filters(
                groups=frozenset({"nitazenes"}),
                families=frozenset({"nitazene"}),
                clusters=frozenset({substance.cluster.key}),
                substances=frozenset({substance.code}),
                similar_to=Similar(wish.filters.similar_to.smiles, 0.7),
                containing="[#6]-[N+](=O)[O-]",
                countries=frozenset({"DE", "FR"}),
                regions=frozenset({"Europe"}),
                near_me=True,
                rules=frozenset({"GROWTH"}),
                event_kinds=frozenset({"death"}),
            ),
            min_tier=Tier.ALERT,
            clearance=CLEAR,
            rhythm=Rhythm.DAILY,
            time_zone="Europe/Paris",
            quiet_from=22,
            quiet_until=7,
            language="fr",
        )
        assert "Cl" not in wish.filters.similar_to.smiles  # the parent, without its salt


def test_a_building_block_is_one_that_a_known_substance_has(database):
    tail = "CCCCCn1cc(C(=O)c2cccc3ccccc23)c2ccccc21"
    with database.transaction() as session:
        a_substance(session, "JWH-018", smiles=tail, connectivity="JDNLPKCAXICMBW")
        settle_blocks(session)
        from app.notification.wishes import blocks_known
        from app.registry.queries import listed_to

        key = next(iter(blocks_known(session, listed_to(SYSTEM))))
        assert read(session, filters={"blocks": [key]}).filters.blocks == {key}
        with pytest.raises(Refused, match="no building block"):
            read(session, filters={"blocks": ["tail:CCCCCCCCCC"]})


WRONG = (
    ({"filters": {"groups": ["nitazines"]}}, "groups", "the groups are: aminoindanes"),
    ({"filters": {"colour": ["red"]}}, "colour", "there are groups"),
    ({"filters": ["groups"]}, "filters", '{"groups": ["nitazenes"]}'),
    ({"filters": {"groups": 7}}, "groups", "a list of texts"),
    ({"filters": {"groups": ["nitazenes"] * 201}}, "groups", "takes 200"),
    ({"filters": {"countries": ["UK"]}}, "countries", "did you mean GB?"),
    ({"country": "UK"}, "country", "did you mean GB?"),
    ({"filters": {"regions": ["Atlantis"]}}, "regions", "Africa, Americas"),
    ({"filters": {"rules": ["LUCK"]}}, "rules", "FIRST_WORLD"),
    ({"filters": {"event_kinds": ["party"]}}, "event_kinds", "seizure"),
    ({"filters": {"clusters": ["nowhere"]}}, "clusters", "/clusters"),
    ({"filters": {"blocks": ["tail"]}}, "blocks", "slot:fragment"),
    ({"filters": {"substances": ["TS-99999"]}}, "substances", "goes by"),
    ({"filters": {"substances": ["a\x00b"]}}, "substances", "control characters"),
    ({"filters": {"similar_to": {"smiles": "c1ccccc"}}}, "similar_to", "never closes"),
    ({"filters": {"similar_to": {"smiles": "C", "at_least": 7}}}, "similar_to", "from 0 to 1"),
    ({"filters": {"similar_to": "C"}}, "similar_to", "at_least"),
    ({"filters": {"containing": "[#6"}}, "containing", "[#6"),
    ({"filters": {"containing": "C" * 501}}, "containing", "atoms"),
    ({"filters": {"near_me": "perhaps"}}, "near_me", "true or false"),
    ({"min_tier": "panic"}, "min_tier", "watch, alert, urgent"),
    ({"clearance": "red"}, "clearance", "never mailed"),
    ({"rhythm": "hourly"}, "rhythm", "immediate, daily, weekly"),
    ({"time_zone": "Paris"}, "time_zone", "Europe/Vienna"),
    ({"quiet_from": "24", "quiet_until": 7}, "quiet_from", "from 0 to 23"),
    ({"quiet_from": 22}, "quiet_until", "give both"),
    ({"quiet_from": 7, "quiet_until": 7}, "quiet_until", "another hour"),
    ({"language": "tlh"}, "language", "en, fr, es"),
    ({"second_contact": "nobody"}, "second_contact", "name@example.org"),
    ({"volume": "loud"}, "volume", "there are filters"),
)


def test_a_wrong_wish_is_refused_with_field_and_remedy(database):
    with database.transaction() as session:
        for sent, field, says in WRONG:
            with pytest.raises(Refused) as refused:
                read(session, **sent)
            problems = {problem.field: problem.message for problem in refused.value.problems}
            assert says in problems.get(field, ""), (sent, problems)


def test_all_complaints_are_said_at_once(database):
    with database.transaction() as session, pytest.raises(Refused) as refused:
        read(session, country="UK", group="nitazines", rhythm="hourly")
    assert {p.field for p in refused.value.problems} == {"country", "group", "rhythm"}


def test_a_body_without_a_country_is_near_to_nothing(database):
    with database.transaction() as session, pytest.raises(Refused, match="choose regions"):
        world = an_authority(session, "WORLD", None)
        read_wish(session, {"filters": {"near_me": True}}, authority=world, by=SYSTEM)


def test_what_is_not_spoken_of_stays(database):
    with database.transaction() as session:
        home = an_authority(session)
        before = read(session, group="nitazenes", rhythm="daily", quiet_from=22, quiet_until=6)
        after = read_wish(session, {"min_tier": "urgent"}, authority=home, by=SYSTEM, before=before)
        assert (after.filters, after.rhythm, after.quiet_from) == (
            before.filters, Rhythm.DAILY, 22,
        )  # fmt: skip
        cleared = read_wish(session, {"filters": {}}, authority=home, by=SYSTEM, before=after)
        assert cleared.filters == Filters()

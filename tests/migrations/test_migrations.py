"""Every migration goes up and down, leaves the schema it should, and keeps the data it finds."""

from __future__ import annotations

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import func, inspect, select, text

from app.access.handling import Handling
from app.access.models import Authority
from app.access.roles import Actor, Role
from app.access.service import issue_key
from app.db import Database
from app.feeds.personal import feeds_of, make_feed
from app.intake.curation import decide, undo
from app.intake.merging import merge
from app.intake.saying import NOTHING, this_substance
from app.notification.models import (
    Alert,
    AlertState,
    Draft,
    Edition,
    Event,
    Message,
    MessageState,
    Subscription,
    Webhook,
    WebhookAttempt,
)
from app.registry.models import Substance
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
from tests.intake.attachments.making import msp, put
from tests.intake.care import ANALYST, at, days, fill
from tests.intake.taking import take_reports
from tests.notification.written import issued
from tests.reporting import NOW, laboratory, report
from tests.surveillance.making import a_substance


def revisions(database: Database) -> list[str]:
    script = ScriptDirectory.from_config(database.alembic_config())
    return [step.revision for step in reversed(list(script.walk_revisions()))]


def schema(database: Database) -> dict[str, object]:
    look = inspect(database.engine)
    columns, indexes = look.get_multi_columns(), look.get_multi_indexes()
    foreign = look.get_multi_foreign_keys()
    return {
        at[1]: (
            sorted(column["name"] for column in columns[at]),
            sorted(index["name"] or "" for index in indexes[at]),
            sorted(str(key["constrained_columns"]) for key in foreign[at]),
        )
        for at in columns
        if at[1] != "alembic_version"
    }


def test_the_newest_schema_is_the_one_the_code_describes(database: Database) -> None:
    command.check(database.alembic_config())


def test_every_migration_up_and_down_again_leaves_the_schema_as_it_was(nothing: Database) -> None:
    before = schema(nothing)
    for revision in revisions(nothing):
        command.upgrade(nothing.alembic_config(), revision)
        after = schema(nothing)
        command.downgrade(nothing.alembic_config(), "-1")
        assert schema(nothing) == before
        command.upgrade(nothing.alembic_config(), revision)
        assert schema(nothing) == after
        before = after
    assert nothing.revision() == nothing.newest_revision()


def test_migrating_twice_changes_nothing(database: Database) -> None:
    before = schema(database)
    database.migrate()
    assert schema(database) == before


def test_the_last_migration_goes_down_and_up_with_data_in_it(known: Database) -> None:
    take_reports(known, [report()], by=laboratory(known, "DE"))
    command.downgrade(known.alembic_config(), "-1")
    known.migrate()
    with known.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM alembic_version")).scalar() == 1


def test_a_register_with_files_goes_down_below_them_and_up_again(database: Database) -> None:
    """The older schema has no place for files; the reports stay, and files may come anew."""
    germany = laboratory(database, "DE")
    take_reports(database, [report()], by=germany)
    put(database, "RP-000001", msp(), "run.msp", by=germany, finding=0)
    command.downgrade(database.alembic_config(), "0003")
    assert not {"attachment", "spectrum", "stored_file"} & set(
        inspect(database.engine).get_table_names()
    )
    database.migrate()
    assert put(database, "RP-000001", msp(), "run.msp", by=germany, finding=0).code == "AT-00001"


def test_names_keep_their_meaning_on_the_way_down_and_up(known: Database) -> None:
    """The schema before 0005 knows no name of nothing, so those wait again; no report is lost."""
    sent = [{"substance_name": name} for name in ("Pro-Nita", "No analysis", "Etizolam", "MMC")]
    take_reports(known, [report(findings=sent)], by=laboratory(known, "DE"))
    curator = Actor(Role.ANALYST, "ana")
    with known.transaction() as session:
        substance = session.scalars(select(Substance).limit(1)).one()
        made = decide(session, "pronita", this_substance(substance), by=curator, now=NOW)
        decide(session, "noanalysis", NOTHING, by=curator, now=NOW)
        undo(session, made.id, by=curator, now=NOW)
        decide(session, "pronita", this_substance(substance), by=curator, now=NOW)
    held = (
        "SELECT key, substance_id, unodc_group FROM substance_name "
        "WHERE key <> 'noanalysis' ORDER BY id"
    )
    with known.engine.connect() as connection:
        before = connection.execute(text(held)).all()
    command.downgrade(known.alembic_config(), "0005")
    command.downgrade(known.alembic_config(), "-1")
    known.migrate()
    with known.engine.connect() as connection:
        assert connection.execute(text(held)).all() == before
        found = connection.execute(text("SELECT resolution FROM finding ORDER BY position"))
        assert found.scalars().all() == ["curator", "queued", "name", "group_name"]


def test_variants_keep_their_reports_on_the_way_down_and_up(known: Database) -> None:
    """Both share a connectivity, which the schema before 0002 held once."""
    held = "SELECT id, key, connectivity FROM substance ORDER BY id"
    with known.engine.connect() as connection:
        before = connection.execute(text(held)).all()
    assert any(len(row.key) == 25 for row in before)
    command.downgrade(known.alembic_config(), "0001")
    known.migrate()
    with known.engine.connect() as connection:
        assert connection.execute(text(held)).all() == before


def test_cas_numbers_are_carried_over_where_their_check_digit_holds(database: Database) -> None:
    take_reports(database, [report()], by=laboratory(database, "DE"))
    command.downgrade(database.alembic_config(), "0002")
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE substance SET cas = '50-00-1'"))
    database.migrate()
    carried = text("SELECT value, of_form FROM external_identifier")
    with database.engine.begin() as connection:
        assert connection.execute(carried).all() == []
    command.downgrade(database.alembic_config(), "0002")
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE substance SET cas = '50-00-0'"))
    database.migrate()
    with database.engine.connect() as connection:
        assert connection.execute(carried).all() == [("50-00-0", "")]
        assert connection.execute(text("SELECT cas FROM substance")).scalar() == "50-00-0"


def test_what_was_merged_stays_where_it_is_on_the_way_down_and_up(database: Database) -> None:
    fill(database)
    with database.transaction() as session:
        merge(
            session, at(session, "Enoldione"), at(session, "Ketodione"), by=ANALYST, reason="one",
            now=days(1),
        )  # fmt: skip
    held = text("SELECT id, substance_id FROM finding ORDER BY id")
    with database.engine.connect() as connection:
        before = connection.execute(held).all()
    command.downgrade(database.alembic_config(), "0002")
    database.migrate()
    with database.engine.connect() as connection:
        assert connection.execute(held).all() == before
        assert connection.execute(text("SELECT count(*) FROM finding_move")).scalar() == 0


def test_handling_that_a_focal_point_changed_stays_when_its_history_goes(known: Database) -> None:
    take_reports(known, [report(handling="amber")], by=laboratory(known, "DE"))
    with known.engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO handling_change (report_id, handling_before, handling_after, "
                "changed_by, changed_at, reason) "
                "SELECT id, 2, 0, 'focal', received_at, 'public' FROM report"
            )
        )
        connection.execute(text("UPDATE report SET handling = 0"))
    command.downgrade(known.alembic_config(), "0008")
    known.migrate()
    with known.engine.connect() as connection:
        assert connection.execute(text("SELECT handling FROM report")).scalar() == 0
        assert connection.execute(text("SELECT count(*) FROM handling_change")).scalar() == 0


def test_signals_of_substances_keep_their_node_on_the_way_down_and_up(database: Database) -> None:
    """The schema before 0012 knows signals of substances alone, and the first four rules."""
    nodes = [
        (NodeId(NodeKind.FAMILY, "nitazene"), Rule.FAMILY),
        (NodeId(NodeKind.NAME, "kestrel"), Rule.NEW_UNKNOWN),
    ]
    with database.transaction() as session:
        one = of_substance(a_substance(session).id)
        nodes += [(one, Rule.NEW_SPREAD), (one, Rule.FIRST_WORLD), (one, Rule.GROWTH)]
        for node, rule in nodes:
            episode = Episode(
                rule=rule, node_kind=node.kind, node_key=node.key, substance_id=node.substance_id,
                scope="world", state=EpisodeState.OPEN, simulated=False, opened_on=NOW.date(),
                evaluated_on=NOW.date(), ruleset="1",
            )  # fmt: skip
            episode.views.append(
                EpisodeView(
                    handling=Handling.CLEAR, tier=Tier.ALERT, since=NOW.date(), sentence="x",
                    evidence={},
                )
            )  # fmt: skip
            session.add(episode)
    command.downgrade(database.alembic_config(), "0011")
    database.migrate()
    with database.reading() as session:
        kept = session.scalars(select(Episode).order_by(Episode.id)).all()
        assert [(e.node, e.rule, len(e.views)) for e in kept] == [
            (one, Rule.NEW_SPREAD, 1),
            (one, Rule.FIRST_WORLD, 1),
        ]
        assert session.scalar(select(func.count()).select_from(EpisodeView)) == 2


def test_what_is_told_of_one_substance_stays_on_the_way_down_and_up(database: Database) -> None:
    """The schema before 0013 knows alerts about one substance, and mail with one group or country;
    what it has no place for goes."""
    with database.transaction() as session:
        substance = a_substance(session)
        authority = session.scalars(select(Authority)).first() or Authority(
            code="X", name="X", country="DE", reports_for=[], created_at=NOW
        )
        hook = Webhook(
            authority=authority,
            url="https://x.example/",
            secret="s",
            created_by="a",
            created_at=NOW,
        )
        wish = {"min_tier": Tier.WATCH, "clearance": Handling.AMBER, "created_at": NOW}
        mail = Subscription(
            email="a@example.org", authority=authority, filters={"groups": ["nitazenes"]}, **wish
        )
        post = Subscription(webhook=hook, authority=authority, filters={}, **wish)
        session.add_all([mail, post])
        for node in (of_substance(substance.id), NodeId(NodeKind.FAMILY, "nitazene")):
            alert = Alert(
                node_kind=node.kind, node_key=node.key, substance_id=node.substance_id,
                state=AlertState.ISSUED, simulated=False, issued_at=NOW,
            )  # fmt: skip
            edition = Edition(
                alert=alert, handling=Handling.CLEAR, tier=Tier.ALERT, reason="opened",
                headline="x", sentences=[], countries=[], detail={}, issued_at=NOW,
            )  # fmt: skip
            session.add(edition)
            for wanted in (mail, post):
                session.add(
                    Message(
                        edition=edition, subscription=wanted, recipient=wanted.recipient,
                        message_id=f"<{node.key}.{wanted.recipient}>", state=MessageState.SENT,
                        next_try_at=NOW,
                    )
                )  # fmt: skip
    command.downgrade(database.alembic_config(), "0012")
    database.migrate()
    with database.reading() as session:
        assert [alert.node for alert in session.scalars(select(Alert))] == [
            of_substance(substance.id)
        ]
        assert [message.recipient for message in session.scalars(select(Message))] == [
            "a@example.org"
        ]
        one = session.scalars(select(Subscription)).one()
        assert (one.filters, one.confirmed_at) == ({"groups": ["nitazenes"]}, NOW)


def test_a_webhook_stays_when_its_log_goes_and_what_waited_for_it_goes_there(
    database: Database,
) -> None:
    with database.transaction() as session:
        home = Authority(code="X", name="X", country="DE", reports_for=[], created_at=NOW)
        hook = Webhook(
            authority=home, url="https://x.example/", secret="s", created_by="a", created_at=NOW,
            old_secret="o", old_secret_until=NOW, failing_since=NOW, failures=3,
        )  # fmt: skip
        wanted = Subscription(
            webhook=hook, authority=home, filters={}, min_tier=Tier.WATCH,
            clearance=Handling.AMBER, created_at=NOW,
        )  # fmt: skip
        waiting = Message(
            subscription=wanted, recipient="webhook:1", message_id="<one>",
            state=MessageState.WAITING, next_try_at=NOW,
        )  # fmt: skip
        session.add_all([hook, waiting])
        session.flush()
        session.add(
            WebhookAttempt(
                webhook_id=hook.id, message_id=waiting.id, event=Event.ALERT, delivery="one",
                at=NOW, milliseconds=1,
            )
        )  # fmt: skip
    command.downgrade(database.alembic_config(), "0013")
    database.migrate()
    with database.reading() as session:
        kept = session.scalars(select(Webhook)).one()
        assert (kept.secret, kept.old_secret, kept.failures) == ("s", None, 0)
        assert session.scalars(select(Message)).one().webhook_id == kept.id
        assert session.scalars(select(WebhookAttempt)).all() == []


def test_what_is_listed_under_a_family_stands_alone_on_the_way_down(database: Database) -> None:
    """The schema before 0015 knows no such list; the signals stay, and are not listed anew."""
    with database.transaction() as session:
        member, family = (
            Episode(
                rule=rule, node_kind=NodeKind.FAMILY, node_key="nitazene", scope="world",
                state=EpisodeState.OPEN, simulated=False, opened_on=NOW.date(),
                evaluated_on=NOW.date(), ruleset="1",
            )
            for rule in (Rule.BLOCK, Rule.FAMILY)
        )  # fmt: skip
        session.add_all([member, family])
        session.flush()
        member.inhibited_by = family
    command.downgrade(database.alembic_config(), "0013")
    with database.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM episode")).scalar() == 2
    database.migrate()
    with database.reading() as session:
        assert [one.inhibited_by for one in session.scalars(select(Episode))] == [None, None]


def test_below_0017_there_are_no_feeds_of_ones_own_and_nothing_else_is_lost(
    database: Database,
) -> None:
    laboratory(database, "DE")
    with database.transaction() as session:
        home = session.scalars(select(Authority)).one()
        key = issue_key(session, home, role=Role.LABORATORY, now=NOW)
        by = Actor(Role.LABORATORY, f"key {key.split('_')[1]}", home.id)
        make_feed(session, "board", Handling.AMBER, by=by, now=NOW)
    command.downgrade(database.alembic_config(), "0013")
    assert "feed_token" not in inspect(database.engine).get_table_names()
    database.migrate()
    with database.transaction() as session:
        assert feeds_of(session, by) == []
        assert make_feed(session, "board", Handling.AMBER, by=by, now=NOW).token.works


def test_what_people_issued_stays_when_their_drafts_go(database: Database) -> None:
    """The schema before 0018 knows no drafts; what came of them are alerts like others."""
    with database.transaction() as session:
        alert = issued(session)
    command.downgrade(database.alembic_config(), "0016")
    database.migrate()
    with database.reading() as session:
        assert [one.code for one in session.scalars(select(Alert))] == [alert.code]
        assert session.scalars(select(Edition)).one().reason == "issued"
        assert session.scalars(select(Draft)).all() == []

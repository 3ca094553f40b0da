"""Every migration goes up and down, leaves the schema it should, and keeps the data it finds."""

from __future__ import annotations

from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from app.db import Database
from tests.intake.attachments.making import msp, put
from tests.intake.taking import take_reports
from tests.reporting import laboratory, report


def revisions(database: Database) -> list[str]:
    script = ScriptDirectory.from_config(database.alembic_config())
    return [step.revision for step in reversed(list(script.walk_revisions()))]


def schema(database: Database) -> dict[str, object]:
    look = inspect(database.engine)
    return {
        table: (
            sorted(column["name"] for column in look.get_columns(table)),
            sorted(index["name"] or "" for index in look.get_indexes(table)),
            sorted(str(key["constrained_columns"]) for key in look.get_foreign_keys(table)),
        )
        for table in look.get_table_names()
        if table != "alembic_version"
    }


def test_the_newest_schema_is_the_one_the_code_describes(database: Database) -> None:
    command.check(database.alembic_config())


def test_every_migration_up_and_down_again_leaves_the_schema_as_it_was(nothing: Database) -> None:
    for revision in revisions(nothing):
        before = schema(nothing)
        command.upgrade(nothing.alembic_config(), revision)
        after = schema(nothing)
        command.downgrade(nothing.alembic_config(), "-1")
        assert schema(nothing) == before
        command.upgrade(nothing.alembic_config(), revision)
        assert schema(nothing) == after
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

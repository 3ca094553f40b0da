"""Backups: taken while data is present, put back whole, and never in place of something better."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest


def authorities(path):
    with closing(sqlite3.connect(path)) as database:
        return [code for (code,) in database.execute("SELECT code FROM authority ORDER BY code")]


@pytest.fixture
def live(tmp_path):
    return tmp_path / "data" / "tocsin.sqlite"


def test_what_was_backed_up_comes_back(tocsin, tmp_path, live):
    copy = tmp_path / "copies" / "monday.sqlite"
    tocsin("authority", "add", "MONDAY", "M")
    with closing(sqlite3.connect(live)) as in_use:
        in_use.execute("BEGIN")
        in_use.execute("SELECT count(*) FROM authority").fetchone()
        assert tocsin("backup", str(copy)).exit_code == 0
    assert [path.name for path in copy.parent.iterdir()] == ["monday.sqlite"]
    tocsin("authority", "add", "TUESDAY", "T")
    done = tocsin("restore", str(copy), "--yes")
    assert done.exit_code == 0, done.output
    assert authorities(live) == ["MONDAY"]
    (kept,) = live.parent.glob("tocsin.sqlite.before-*")
    assert kept.name in done.stdout and authorities(kept) == ["MONDAY", "TUESDAY"]
    assert tocsin("init").exit_code == 0
    assert tocsin("authority", "add", "WEDNESDAY", "W").exit_code == 0
    assert authorities(live) == ["MONDAY", "WEDNESDAY"]
    assert authorities(copy) == ["MONDAY"]


def test_a_backup_is_put_where_nothing_is_yet(tocsin, outside, tmp_path):
    tocsin("authority", "add", "MONDAY", "M")
    tocsin("backup", str(tmp_path / "copy.sqlite"))
    elsewhere = {"TOCSIN_DATA_DIR": str(tmp_path / "new")}
    done = outside("restore", str(tmp_path / "copy.sqlite"), "--yes", **elsewhere)
    assert done.exit_code == 0 and "former" not in done.stdout
    assert authorities(tmp_path / "new" / "tocsin.sqlite") == ["MONDAY"]


def test_a_backup_overwrites_nothing(tocsin, tmp_path):
    (tmp_path / "mine").write_text("mine")
    assert tocsin("backup", str(tmp_path / "mine")).exit_code == 1
    assert (tmp_path / "mine").read_text() == "mine"


def test_there_is_nothing_to_back_up_before_init(outside, tmp_path, live):
    done = outside("backup", str(tmp_path / "copy"))
    assert done.exit_code == 1 and "no database" in done.stderr
    assert not (tmp_path / "copy").exists() and not live.exists()


def test_what_is_no_database_is_not_put_back(tocsin, tmp_path, live):
    before = live.read_bytes()
    (tmp_path / "text").write_text("no database " * 100)
    sqlite3.connect(tmp_path / "other").executescript("CREATE TABLE t (a)").connection.close()
    for source in (tmp_path / "text", tmp_path / "other", live):
        done = tocsin("restore", str(source), "--yes")
        assert done.exit_code == 1, done.output
    assert live.read_bytes() == before
    assert not list(live.parent.glob("*.before-*"))


def test_restoring_asks_first(tocsin, tmp_path):
    tocsin("backup", str(tmp_path / "copy"))
    assert "Aborted" in tocsin("restore", str(tmp_path / "copy"), stdin="n\n").output


def test_a_server_is_backed_up_by_its_own_tools(outside, tmp_path):
    done = outside("backup", str(tmp_path / "x"), TOCSIN_DATABASE_URL="postgresql://h/d")
    assert done.exit_code == 1 and "pg_dump" in done.stderr

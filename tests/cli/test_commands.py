"""Every command: what it prints, where, and how it fails."""

from __future__ import annotations

import json
import socket
import sys

import pytest

from app.cli.main import counting
from tests.reporting import report

HEADER = "reference,event_kind,event_date,country,handling,structure,techniques"
LINE = "R-{n},seizure,2026-0{n}-02,DE,clear,CNC(C)C(=O)c1ccc(C)cc1,GC-MS;NMR"


@pytest.fixture
def lab(tocsin):
    assert tocsin("authority", "add", "LAB", "Laboratory", "--country", "DE").exit_code == 0
    return tocsin


def test_init_can_be_repeated(outside):
    first, again = outside("init"), outside("init")
    assert "schema migrated" in first.stdout and first.exit_code == 0
    assert "schema up to date; knowledge base up to date" in again.stdout


@pytest.mark.parametrize(
    "words",
    [
        ("serve",), ("worker",), ("assess",), ("deliver",), ("key", "revoke", "x"),
        ("authority", "add", "A", "A"), ("subscribe", "a@b.example", "--authority", "A"),
    ],
)  # fmt: skip
def test_without_a_database_it_says_what_to_do(outside, words):
    done = outside(*words)
    assert done.exit_code == 1 and "tocsin init" in done.stderr and not done.stdout


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("authority", "add", "LAB-2", "Two", "--country", "UK"), "did you mean GB?"),
        (("authority", "add", "LAB", "Again", "--country", "DE"), "already"),
        (("authority", "add", "lab 3", "Three"), "no authority code"),
        (("key", "issue", "--authority", "NONE", "--role", "admin"), "tocsin authority add NONE"),
        (("key", "revoke", "nothing"), "there is no key"),
        (("user", "add", "nobody", "--authority", "LAB", "--role", "admin"), "no e-mail address"),
        (("subscribe", "nobody", "--authority", "LAB"), "nobody"),
        (("assess", "--as-of", "yesterday"), "write YYYY-MM-DD"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_in_a_sentence(lab, words, says):
    done = lab(*words)
    assert done.exit_code == 1 and says in done.stderr and not done.stdout


def test_an_unreachable_database_is_told_in_a_sentence(outside, tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
        url = f"postgresql://nobody:hidden@127.0.0.1:{port}/none"
        done = outside("init", TOCSIN_DATABASE_URL=url)
    assert done.exit_code == 1 and "does not answer" in done.stderr and "hidden" not in done.output
    (tmp_path / "file").write_text("")
    done = outside("init", TOCSIN_DATA_DIR=str(tmp_path / "file" / "data"))
    assert done.exit_code == 1 and "Error" in done.stderr


def test_a_key_stands_alone_on_standard_output_and_can_be_revoked(lab):
    issued = lab("key", "issue", "--authority", "LAB", "--role", "laboratory").stdout
    kind, prefix, secret = issued.removesuffix("\n").split("_", 2)
    assert kind == "tocsin" and secret and "\n" not in issued[:-1]
    assert lab("key", "revoke", prefix).exit_code == 0


def test_a_login_is_made_with_a_password_printed_or_given(lab):
    words = ("--authority", "LAB", "--role", "analyst")
    printed = lab("user", "add", "a@example.org", *words)
    assert printed.exit_code == 0 and len(printed.stdout.strip()) >= 12
    given = lab(
        "user", "add", "b@example.org", *words, "--password-stdin", stdin="correct horse 1\n"
    )
    assert given.exit_code == 0 and given.stdout == ""
    assert lab("user", "add", "a@example.org", *words).exit_code == 1


def test_a_table_is_imported_once(lab, tmp_path):
    path = tmp_path / "reports.csv"
    path.write_text("\n".join([HEADER, *(LINE.format(n=n) for n in (1, 2, 3)), "R-4,raid,,,,,"]))
    first = lab("import", str(path), "--authority", "LAB")
    assert first.exit_code == 0, first.output
    assert "3 accepted" in first.stdout and "1 rejected" in first.stdout
    assert not first.stderr  # no bar in a pipe
    again = lab("import", str(path), "--authority", "LAB")
    assert "3 unchanged" in again.stdout and "accepted" not in again.stdout


def test_lines_of_json_are_imported_once(lab, tmp_path):
    path = tmp_path / "reports.ndjson"
    path.write_text("\n".join(json.dumps(report(reference=f"R-{n}")) for n in range(5)))
    assert "5 accepted" in lab("import", str(path), "--authority", "LAB").stdout
    assert "5 unchanged" in lab("import", str(path), "--authority", "LAB").stdout


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("reports.docx", "x", ".csv"),
        ("reports.csv", "", "empty"),
        ("reports.csv", "colour,shape\n1,2\n", "reference"),
        ("reports.json", "[]", "empty"),
        ("reports.ndjson", "", "no row"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(lab, tmp_path, name, text, says):
    (tmp_path / name).write_text(text)
    done = lab("import", str(tmp_path / name), "--authority", "LAB")
    assert done.exit_code == 1 and says in done.stderr
    assert ("kept as SUB-" in done.stderr) == (name != "reports.docx")


def test_an_unknown_profile_names_those_there_are(lab, tmp_path):
    (tmp_path / "a.csv").write_text("x\n")
    done = lab("import", str(tmp_path / "a.csv"), "--authority", "LAB", "--profile", "none")
    assert done.exit_code == 1 and "nflis" in done.stderr


def test_a_terminal_is_told_how_many_rows_were_read(monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with counting() as progress:
        progress(500)
        progress(1_200)
    assert capsys.readouterr().err == "\rrows read: 500\rrows read: 1,200\n"


def test_from_a_report_to_an_alert_by_hand(lab, tmp_path):
    (tmp_path / "r.json").write_text(json.dumps(report()))
    assert lab("subscribe", "duty@example.org", "--authority", "LAB").exit_code == 0
    assert lab("import", str(tmp_path / "r.json"), "--authority", "LAB").exit_code == 0
    assert "1 messages" in lab("assess").stdout
    assert "1 sent" in lab("deliver").stdout
    assert len(list((tmp_path / "data" / "mail").glob("*.eml"))) == 1
    assert "0 messages" in lab("assess").stdout and "0 sent" in lab("deliver").stdout


def test_the_doctor_says_what_is_wrong_and_what_to_do(outside):
    sick = outside("doctor")
    assert sick.exit_code == 1 and "run: tocsin init" in sick.stdout
    outside("init")
    idle = outside("doctor")
    assert idle.exit_code == 1 and "start one with: tocsin worker" in idle.stdout
    dead = outside("doctor", TOCSIN_SMTP_URL="smtp://127.0.0.1:1")
    assert "the mail server 127.0.0.1:1 failed" in dead.stdout


def test_production_wants_a_secret_and_a_database_of_its_own(outside):
    for words in (("init",), ("serve",), ("run",), ("demo",)):
        done = outside(*words, TOCSIN_MODE="production")
        assert done.exit_code == 1 and "TOCSIN_SECRET_KEY" in done.stderr
    own = {"TOCSIN_MODE": "production", "TOCSIN_SECRET_KEY": "k" * 40}
    assert "not for production" in outside("demo", **own).stderr

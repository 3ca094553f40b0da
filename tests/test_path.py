"""The main path as a user walks it: a served house, three laboratories, one mail, one alert."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path

import feedparser
import pytest
from click.testing import CliRunner

from app.cli import main
from app.clock import utc_now
from app.db import Database
from app.demonstration import PASSWORD
from app.demonstration.logins import create_logins
from app.settings import Settings
from tests.databases import EMPTY
from tests.notification.making import MailServer
from tests.reporting import PROTONITAZENE_HCL, report

TOCSIN = (sys.executable, "-m", "app")
COUNTRIES = ("DE", "FR", "SE")
DAY = (datetime.now(UTC) - timedelta(days=20)).date().isoformat()


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class House:
    """A service on a free port, and the command beside it."""

    def __init__(self, folder: Path, database_url: str, smtp_url: str = "") -> None:
        self.port = free_port()
        ours = {
            "TOCSIN_DATA_DIR": str(folder),
            "TOCSIN_DATABASE_URL": database_url.replace("+psycopg", ""),
            "TOCSIN_SMTP_URL": smtp_url,
            "TOCSIN_MAIL_FROM": "tocsin@example.org",
            "TOCSIN_WEB_WORKERS": "1",
            "PORT": str(self.port),
        }
        kept = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN")}
        self.env = kept | ours

    def tocsin(self, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*TOCSIN, *words],
            env=self.env | more,
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )

    def prepare(self, *words: str) -> str:
        """The same command without a process of its own, where only its outcome matters."""
        done = CliRunner().invoke(main, [*words], env=self.env)
        assert done.exit_code == 0, done.output
        return done.stdout.strip()

    def ask(self, path: str, body: object = None, key: str = "") -> tuple[int, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
        headers = {"Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {key}"} if key else {}
        sent = None if body is None else json.dumps(body)
        connection.request("GET" if body is None else "POST", path, sent, headers)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text

    @contextmanager
    def running(self, word: str) -> Iterator[subprocess.Popen[str]]:
        """`tocsin serve` or `tocsin run`, in a process group of its own, once it answers."""
        process = subprocess.Popen(
            [*TOCSIN, word],
            env=self.env,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        try:
            until = time.monotonic() + 40
            while not self._up():
                assert process.poll() is None and time.monotonic() < until, "it does not answer"
                time.sleep(0.1)
            yield process
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(20)
            assert gone(process.pid)

    def _up(self) -> bool:
        try:
            return self.ask("/healthz")[0] == 200
        except OSError:
            return False


def gone(group: int, seconds: float = 5) -> bool:
    """Whether no process of that group is left."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.1)
    os.killpg(group, signal.SIGKILL)
    return False


def test_three_countries_report_one_substance_and_one_mail_goes_out(known, tmp_path):
    with MailServer() as mail:
        house = House(tmp_path, known.url, mail.url)
        for country in COUNTRIES:
            house.prepare("authority", "add", f"LAB-{country}", country, "--country", country)
        house.prepare("subscribe", "duty@example.org", "--authority", "LAB-DE")
        with house.running("serve"):
            for country, structure in zip(COUNTRIES, PROTONITAZENE_HCL, strict=True):
                _reports(house, country, structure)
            code = _is_one_substance(house)
            _assess_and_deliver(house)
            _mail_says_so(mail)
            _alert_is_everywhere(house, code)
            house.prepare("assess")
            house.prepare("deliver")
            assert mail.recipients == ["duty@example.org"]


def _reports(house, country, structure):
    words = ("--authority", f"LAB-{country}", "--role", "laboratory")
    key = house.prepare("key", "issue", *words)
    finding = {
        "structure": structure,
        "techniques": ["GC-MS", "NMR"],
        "confirmation": "reference_standard",
    }
    sent = report(country, reference=f"R-{country}", event_date=DAY, findings=[finding])
    status, text = house.ask("/api/v1/reports", sent, key)
    assert status == 201, text


def _is_one_substance(house):
    status, text = house.ask("/api/v1/search", {"structure": PROTONITAZENE_HCL[0]})
    (hit,) = json.loads(text)["items"]
    assert status == 200 and hit["substance"]["name"].lower() == "protonitazene"
    _, listed = house.ask("/api/v1/substances?q=protonitazene")
    same = [s for s in json.loads(listed)["items"] if s["name"].lower() == "protonitazene"]
    assert len(same) == 1
    return hit["substance"]["id"]


def _assess_and_deliver(house):
    for command in ("assess", "deliver"):
        done = house.tocsin(command)
        assert done.returncode == 0, done.stderr


def _mail_says_so(mail):
    assert mail.recipients == ["duty@example.org"]
    (message,) = mail.accepted
    kinds = {part.get_content_type() for part in message.walk()}
    assert {"text/plain", "text/html", "image/png"} <= kinds
    assert "rotonitazene" in message["Subject"] and message["From"].endswith("tocsin@example.org")
    assert "rotonitazene" in message.get_body(("plain",)).get_content()


def _alert_is_everywhere(house, code):
    (item,) = json.loads(house.ask("/feed.json")[1])["items"]
    assert item["_nps"]["substance"] == code
    assert sorted(item["_nps"]["countries"]) == list(COUNTRIES)
    (entry,) = feedparser.parse(house.ask("/feed.atom")[1]).entries
    assert entry.id == item["id"]
    for path in ("/signals", f"/substances/{code}", "/alerts", f"/cap/{item['_nps']['alert']}.xml"):
        status, text = house.ask(path)
        assert status == 200 and "rotonitazene" in text, path
    episodes = json.loads(house.ask("/api/v1/signals")[1])["items"]
    assert {episode["substance"] for episode in episodes} == {code}


@pytest.fixture
def embedded(backends, tmp_path):
    """A house on an embedded database."""
    database = backends["sqlite"].make(EMPTY)
    yield House(tmp_path, database.url)
    backends["sqlite"].drop(database)


def test_run_starts_both_greets_once_and_stops_within_seconds(embedded):
    with Database(Settings.from_env(embedded.env).database_url).transaction() as session:
        create_logins(session, utc_now())
    with embedded.running("run") as process:
        said = [process.stdout.readline() for _ in range(9)]
        assert said[0] == f"Tocsin answers at http://127.0.0.1:{embedded.port}\n"
        assert sum(PASSWORD in line for line in said) == 6
        assert len({line.index(PASSWORD) for line in said if PASSWORD in line}) == 1
        until = time.monotonic() + 15
        while not re.search(r'job="deliver"} \d', embedded.ask("/metrics")[1]):
            assert time.monotonic() < until, "the worker does not work"
            time.sleep(0.2)
        idle = HTTPConnection("127.0.0.1", embedded.port)
        idle.request("GET", "/healthz")
        idle.getresponse().read()
        began = time.monotonic()
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 0
        assert time.monotonic() - began < 8
        assert gone(process.pid)
        assert process.stdout.read() == ""
        idle.close()


def test_when_one_of_the_two_ends_the_other_ends_too(embedded):
    with embedded.running("run") as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        os.kill(int(children[1]), signal.SIGKILL)
        assert process.wait(15) == 1
        assert gone(process.pid)


def test_a_port_that_is_taken_is_told_at_once(embedded):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", embedded.port))
        taken.listen()
        for word in ("serve", "run"):
            done = embedded.tocsin(word)
            assert done.returncode == 1 and "set PORT" in done.stderr
            assert "Traceback" not in done.stderr and not done.stdout


def test_production_does_not_start_with_a_secret_that_others_know(embedded):
    done = embedded.tocsin("run", TOCSIN_MODE="production")
    assert done.returncode == 1 and "TOCSIN_SECRET_KEY" in done.stderr
    assert "Traceback" not in done.stderr

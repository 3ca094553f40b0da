"""A name is looked up outside over real HTTP, against a server that stands for the outside."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

import pytest

from app.access.roles import SYSTEM
from app.db import Database
from app.errors import Refused
from app.registry import pubchem
from app.registry.pubchem import NotAnswered, answers, ask, keep, may_be_asked
from tests.registry.making import ISOTONITAZENE, enrolled
from tests.reporting import NOW, PROTONITAZENE


class Outside(ThreadingHTTPServer):
    """PubChem, as far as we ask it: what it says next, and what it was asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answering)
        self.status, self.headers, self.body, self.pause = 200, {}, b"", 0.0
        self.asked: list[tuple[str, str]] = []


class Answering(BaseHTTPRequestHandler):
    server: Outside

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.asked.append((self.path, parse_qs(sent)["name"][0]))
        self.send_response(self.server.status)
        for name, value in self.server.headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for start in range(0, len(self.server.body), 32_768):
                self.wfile.write(self.server.body[start : start + 32_768])
                time.sleep(self.server.pause)
        except OSError:
            pass  # the asker has heard enough

    def log_message(self, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    """The way to PubChem leads to the local server."""
    server = Outside()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    path = pubchem.ASKED.removeprefix("https://pubchem.ncbi.nlm.nih.gov")
    monkeypatch.setattr(pubchem, "ASKED", f"http://127.0.0.1:{server.server_port}{path}")
    yield server
    server.shutdown()
    server.server_close()


def test_the_way_leads_to_pubchem_and_over_tls() -> None:
    assert pubchem.ASKED.startswith("https://pubchem.ncbi.nlm.nih.gov/rest/")


def says(outside: Outside, *rows: object) -> None:
    outside.body = json.dumps({"PropertyTable": {"Properties": rows}}).encode()


def test_a_compound_is_read_by_chem_and_found_in_the_register(
    database: Database, outside: Outside
) -> None:
    number = enrolled(database, ISOTONITAZENE)
    says(
        outside,
        {"CID": 1, "SMILES": f"{ISOTONITAZENE}.Cl", "InChIKey": "A-B-C"},
        {"CID": 2, "SMILES": PROTONITAZENE, "InChIKey": "D-E-F"},
        {"CID": 3, "SMILES": "c1ccccc", "InChIKey": ""},
        {"CID": 4, "SMILES": 7},
        "nonsense",
    )
    found = ask("iso/tonitazene é")
    assert [name for _, name in outside.asked] == ["iso/tonitazene é"]
    with database.transaction() as session:
        keep(session, "iso", "Iso", found, now=NOW)
        keep(session, "iso", "Iso", found, now=NOW)  # asked again: the newer answer counts
        answer = answers(session, SYSTEM, ["iso", "other"], now=NOW)["iso"]
        same, new, broken = answer.compounds
        assert same.substance is not None and same.substance.id == number
        assert (new.substance, new.problem) == (None, "")
        assert new.url == "https://pubchem.ncbi.nlm.nih.gov/compound/2"
        assert "ring" in broken.problem
        assert answers(session, SYSTEM, ["iso"], now=NOW + pubchem.KEPT) == {}


def test_that_it_knows_nothing_is_an_answer_too_and_is_forgotten_sooner(
    database: Database, outside: Outside
) -> None:
    outside.status, outside.body = 404, b'{"Fault": {"Code": "PUGREST.NotFound"}}'
    assert ask("Kestrel 7") == []
    with database.transaction() as session:
        keep(session, "kestrel7", "Kestrel 7", [], now=NOW)
        assert answers(session, SYSTEM, ["kestrel7"], now=NOW)["kestrel7"].compounds == ()
        later = NOW + pubchem.KEPT_WITHOUT + timedelta(seconds=1)
        assert answers(session, SYSTEM, ["kestrel7"], now=later) == {}


@pytest.mark.parametrize(
    ("status", "headers", "body", "said"),
    [
        (503, {}, b"busy", "status 503"),
        (302, {"Location": "https://evil.example/"}, b"", "status 302"),
        (307, {"Location": "http://127.0.0.1:1/"}, b"", "status 307"),
        (200, {}, b"<html>", "no JSON object"),
        (200, {}, b"[1]", "no JSON object"),
        (200, {}, b"[" * 100_000, "no JSON object"),
        (200, {}, b"\xff\xfe", "no JSON object"),
        (200, {}, b" " * (pubchem.MOST_BYTES + 1), "longer than 256 kB"),
        (200, {"Content-Encoding": "gzip"}, b"no gzip", "no JSON object"),
    ],
)
def test_what_it_should_not_say_is_refused(
    outside: Outside, status: int, headers, body: bytes, said: str
) -> None:
    outside.status, outside.headers, outside.body = status, headers, body
    with pytest.raises(NotAnswered, match=said):
        ask("etizolam")
    assert len(outside.asked) == 1


@pytest.mark.parametrize("body", [b"{}", b'{"PropertyTable": 1}', b'{"PropertyTable": {}}'])
def test_an_answer_without_compounds_holds_none(outside: Outside, body: bytes) -> None:
    outside.body = body
    assert ask("etizolam") == []


def test_one_that_drips_or_is_not_there_is_not_waited_for(
    outside: Outside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pubchem, "ALL_SECONDS", 0.2)
    outside.body, outside.pause = b" " * 200_000, 0.15
    with pytest.raises(NotAnswered, match="took longer"):
        ask("etizolam")
    monkeypatch.setattr(pubchem, "READ_SECONDS", 0.2)
    outside.pause = 5.0
    with pytest.raises(NotAnswered, match=r"not reached|took longer"):
        ask("etizolam")
    outside.shutdown()
    outside.server_close()
    with pytest.raises(NotAnswered, match="not reached"):
        ask("etizolam")


def test_a_name_that_no_clear_report_bears_is_sent_nowhere() -> None:
    with pytest.raises(Refused, match="sent nowhere"):
        may_be_asked(None)
    assert may_be_asked("Kestrel 7") == "Kestrel 7"

"""WebSub: a real hub on this machine is told what changed, once, and again after it failed."""

from __future__ import annotations

import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl

import pytest
from sqlalchemy import select

from app import jobs
from app.feeds import announcing
from app.feeds.announcing import HubError, announce
from app.notification.models import Alert, AlertState, Product
from app.outgoing import Limits
from app.registry.models import Substance
from app.surveillance.models import Episode, NodeKind, Rule, Tier
from app.worker import Work, announce_changes, run_job
from tests.notification.making import AMBER, FAMILY, NOW, RED, a_substance, an_episode, told
from tests.notification.test_restricted_again import an_edition


class Hub(HTTPServer):
    """Keeps what it is told; `status` is what it answers."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Ear)
        self.heard: list[list[tuple[str, str]]] = []
        self.status = 204

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/"


class Ear(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        text = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.heard.append(parse_qsl(text))  # type: ignore[attr-defined]
        self.send_response(self.server.status)  # type: ignore[attr-defined]
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def hub():
    with Hub() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def run(database, settings, hub):
    """Run the job as the worker does, and say what the hub was told of meanwhile."""
    work = Work(database, replace(settings, websub_hub=hub.url), clock=lambda: NOW)
    with database.transaction() as session:
        jobs.declare(session, "announce", 30)

    def once() -> set[str]:
        hub.heard.clear()
        run_job(work, "announce", announce_changes)
        assert all(("hub.mode", "publish") in form for form in hub.heard)
        return {value for form in hub.heard for name, value in form if name == "hub.url"}

    return once


def tell(database, *, views=None, name="Alphazene", letter="A"):
    with database.transaction() as session:
        substance = a_substance(session, name, connectivity=letter * 14)
        told(session, an_episode(session, substance, views=views, countries=["DE"]))


def job(database):
    with database.reading() as session:
        return session.get_one(jobs.Job, "announce")


def test_it_is_told_of_every_feed_that_changed_and_only_once(database, run):
    assert run() == set()
    tell(database)
    scopes = (
        "", "/groups/nitazenes", "/families/nitazene", "/countries/DE", "/substances/TS-00001",
    )  # fmt: skip
    assert run() == {
        f"http://tocsin.test{scope}/feed.{kind}{language}"
        for scope in scopes
        for kind in ("json", "atom")
        for language in ("", "?lang=fr", "?lang=es")
    }
    assert run() == set()
    tell(database, name="Betazene", letter="B")
    assert "http://tocsin.test/substances/TS-00001/feed.json" not in run()


def test_what_is_not_for_everybody_is_not_hinted_at(database, run):
    tell(database, views={AMBER: Tier.URGENT})
    assert run() == set()


def test_what_was_restricted_before_it_was_told_is_not_hinted_at(database, run):
    tell(database)
    tell(database, name="Betazene", letter="B")
    with database.transaction() as session:
        kept, hidden = session.scalars(select(Substance).order_by(Substance.id))
        named = an_episode(session, FAMILY, Rule.FAMILY, name="nitazene", members=[kept, hidden])
        told(session, named)
        alert = Alert(
            product=Product.ADVISORY, state=AlertState.ISSUED, simulated=False, issued_at=NOW,
            substance=kept, node_kind=NodeKind.SUBSTANCE, node_key=kept.code,
        )  # fmt: skip
        session.add(an_edition(alert, [kept, hidden], NOW))
        hidden.handling = RED
    heard = run()
    assert "http://tocsin.test/substances/TS-00001/feed.json" in heard
    assert not [address for address in heard if "TS-00002" in address]
    with database.transaction() as session:
        for one in session.scalars(select(Substance)):
            one.handling = RED
        told(session, session.get_one(Episode, 1), reason="wider")
    assert run() == set()


@pytest.mark.parametrize("status", [302, 400, 503])
def test_after_a_failure_the_next_run_tells_it_again(database, run, hub, status):
    tell(database)
    hub.status = status
    assert run()
    assert f"the hub answered {status}" in job(database).last_error
    hub.status = 202
    assert "http://tocsin.test/feed.json" in run()
    assert job(database).last_error is None
    assert run() == set()


def test_a_hub_that_is_not_there_or_does_not_answer_holds_nothing_up(monkeypatch):
    import socket

    monkeypatch.setattr(announcing, "LIMITS", Limits(0.2, 0.2, 1))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        with pytest.raises(HubError, match="does not answer"):
            announce(f"http://127.0.0.1:{port}/", ["http://tocsin.test/feed.json"])
    with pytest.raises(HubError, match="does not answer"):
        announce(f"http://127.0.0.1:{port}/", ["http://tocsin.test/feed.json"])


def test_many_are_told_in_several_requests(hub):
    assert announce(hub.url, [f"http://tocsin.test/{n}" for n in range(120)]) == 120
    assert [len(form) - 1 for form in hub.heard] == [50, 50, 20]

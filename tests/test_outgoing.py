"""Strangers' servers: what they send is not followed, and read only as far as it is wanted."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

import pytest

from app.feeds.announcing import HubError, announce
from app.outgoing import Limits, Unanswered, posted
from app.registry import pubchem
from tests.notification.receiving import Receiver

SOON = Limits(connect=2, read=2, whole=1)
REDIRECT = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n"


@pytest.fixture
def receiver():
    with Receiver() as server:
        yield server


def endless(head, hung_up, pause=0.0):
    """Answers with a head and a body that never ends."""

    def answer(line: socket.socket) -> None:
        with suppress(OSError):
            line.sendall(head)
            while not hung_up.wait(pause):
                line.sendall(b"x" * (1 if pause else 65_536))
        hung_up.set()

    return answer


@pytest.mark.parametrize("pause", [0.0, 0.02])
def test_the_body_of_a_redirect_is_not_read_by_anybody(receiver, monkeypatch, pause):
    monkeypatch.setattr(pubchem, "ASKED", receiver.url)
    calls = {
        "302": lambda: pubchem.ask("etizolam"),
        "answered 302": lambda: announce(receiver.url, ["http://tocsin.test/feed.json"]),
    }
    for said, call in calls.items():
        hung_up = threading.Event()
        receiver.raw = endless(REDIRECT, hung_up, pause)
        began = time.monotonic()
        with pytest.raises((HubError, pubchem.NotAnswered), match=said):
            call()
        assert time.monotonic() - began < 3
        assert hung_up.wait(5), "the rest was not waited for"


def test_only_as_much_is_read_as_is_wanted(receiver):
    hung_up = threading.Event()
    receiver.raw = endless(b"HTTP/1.1 200 OK\r\n\r\n", hung_up)
    with posted(receiver.url, b"", limits=SOON) as answer:
        assert (answer.status, answer.read(10)) == (200, b"x" * 10)
    assert hung_up.wait(5)


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nX-Slow: "])
def test_all_together_has_an_end_wherever_it_drips(receiver, head):
    receiver.raw = endless(head, receiver.released, 0.02)
    began = time.monotonic()
    with (
        pytest.raises(Unanswered, match="took longer than 1 seconds"),
        posted(receiver.url, b"", limits=SOON) as answer,
    ):
        answer.read(10_000)
    assert time.monotonic() - began < 3


def test_a_proxy_of_the_environment_is_used_only_by_who_asks_for_it(receiver, monkeypatch):
    monkeypatch.delenv("no_proxy", raising=False)
    with Receiver() as proxy:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{proxy.port}")
        with posted("http://outside.example/x", b"", limits=SOON, environment=True) as answer:
            assert answer.status == 204
        with posted(receiver.url, b"", limits=SOON) as answer:
            assert answer.status == 204
        assert [one.path for one in proxy.received] == ["http://outside.example/x"]
    assert [one.path for one in receiver.received] == ["/hook"]


def test_nothing_is_sent_that_was_not_asked_for(receiver, monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login me password hush\n")
    monkeypatch.setenv("NETRC", str(netrc))
    receiver.headers = {"Set-Cookie": "a=b"}
    for _ in range(2):
        with posted(receiver.url, b"", limits=SOON):
            pass
    assert not {"Cookie", "Authorization"} & {n for one in receiver.received for n in one.headers}

"""One signed post to a real server, with everything a strange server may do."""

from __future__ import annotations

import hashlib
import hmac
import re
import socket
import threading
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from app.notification import posting
from app.notification.posting import LONGEST_RETRY, MOST_BYTES, post, retry_after
from app.notification.targets import Allowed
from app.outgoing import QUOTED
from tests.notification.making import NOW
from tests.notification.receiving import CERTIFICATE, LOCAL, Receiver, parcel


def send(url, *secrets, allowed=LOCAL, **like):
    return post(parcel(url, *secrets), allowed=allowed, now=NOW, **like)


def local(host, port):
    return ["127.0.0.1"]


def test_a_post_says_what_it_is_and_is_signed_with_every_secret(receiver):
    outcome = send(f"{receiver.url}?a=b", "new", "old")
    assert (outcome.taken, outcome.status, outcome.error) == (True, 204, "")
    (got,) = receiver.received
    assert got.path == "/hook?a=b" and got.body == b'{"event": "test"}'
    assert got.headers["Tocsin-Event"] == "test"
    assert got.headers["Tocsin-Delivery"] == "A-00001.E1.abc@tocsin.test"
    assert got.headers["Content-Type"] == "application/json"
    assert got.headers["Tocsin-Timestamp"] == str(int(NOW.timestamp()))
    signed = got.headers["Tocsin-Timestamp"].encode() + b"." + got.body
    assert got.headers["Tocsin-Signature"].split(",") == [
        f"v1={hmac.new(secret, signed, hashlib.sha256).hexdigest()}" for secret in (b"new", b"old")
    ]
    assert not {"Cookie", "Authorization"} & set(got.headers)


@pytest.mark.parametrize(
    ("status", "permanent", "gone"),
    [
        (200, False, False), (202, False, False), (300, False, False), (400, True, False),
        (401, True, False), (404, True, False), (408, False, False), (410, True, True),
        (422, True, False), (425, False, False), (429, False, False), (500, False, False),
        (503, False, False), (304, False, False),
    ],
)  # fmt: skip
def test_what_a_server_answers_says_whether_to_try_again(receiver, status, permanent, gone):
    receiver.status = status
    outcome = send(receiver.url)
    assert outcome.taken is (200 <= status < 300)
    assert (outcome.status, outcome.permanent, outcome.gone) == (status, permanent, gone)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(receiver, status):
    with Receiver() as other:
        receiver.status, receiver.headers = status, {"Location": other.url}
        outcome = send(receiver.url)
        assert not outcome.taken and not outcome.permanent and "no redirect" in outcome.error
        assert other.received == []
    assert len(receiver.received) == 1


def endless(line: socket.socket) -> None:
    with suppress(OSError):
        while True:
            line.sendall(b"x" * 65_536)


@pytest.mark.parametrize(
    "head",
    [
        b"HTTP/1.1 500 no\r\n\r\n",
        b"HTTP/1.1 302 no\r\nLocation: http://127.0.0.1/\r\n\r\n",
        b"HTTP/1.1 200 yes\r\n\r\n",
        b"HTTP/1.1 500 no\r\nContent-Encoding: gzip\r\n\r\n",
    ],
)
def test_of_an_endless_answer_only_the_beginning_is_read(receiver, head):
    hung_up = threading.Event()

    def answer(line):
        line.sendall(head)
        endless(line)
        hung_up.set()

    receiver.raw = answer
    outcome = send(receiver.url, seconds=30)
    assert outcome.status == int(head[9:12])
    assert len(outcome.error) < QUOTED + 150
    assert hung_up.wait(10), "the rest was not waited for"


def test_the_log_quotes_only_printable_characters_of_a_refusal(receiver):
    receiver.status = 500
    receiver.text = b"\x1b[31m<b>no\r\n\x00\xff " + b"y" * MOST_BYTES
    error = send(receiver.url).error
    assert error.isprintable() and "<b>no" in error and len(error) < QUOTED + 20


def drip(line: socket.socket, receiver: Receiver) -> None:
    """A header that never ends, a byte now and then: no single read takes long."""
    with suppress(OSError):
        line.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not receiver.released.wait(0.02):
            line.sendall(b"x")


def test_a_server_that_dawdles_is_cut_off_whatever_it_does_meanwhile(receiver):
    receiver.raw = lambda line: drip(line, receiver)
    outcome = send(receiver.url, seconds=0.4)
    assert not outcome.taken and not outcome.permanent
    assert outcome.error == "took longer than 0.4 seconds"


def test_a_status_stands_though_the_words_after_it_never_come(receiver):
    def answer(line):
        line.sendall(b"HTTP/1.1 500 no\r\nContent-Length: 100\r\n\r\nhalf")
        receiver.released.wait(10)

    receiver.raw = answer
    assert send(receiver.url, seconds=0.4).status == 500


def test_a_server_that_does_not_answer_is_waited_for_a_while(receiver, monkeypatch):
    monkeypatch.setattr(posting, "READ_SECONDS", 0.2)
    receiver.raw = lambda line: receiver.released.wait(10)
    assert send(receiver.url).error == "no answer within 0.2 seconds"


@pytest.mark.parametrize(
    "said", [b"", b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.1 abc\r\n\r\n", b"\xff" * 99]
)
def test_what_is_no_http_is_a_failure_like_others(receiver, said):
    receiver.raw = lambda line: line.sendall(said)
    outcome = send(receiver.url)
    assert outcome.status is None and outcome.error and not outcome.permanent


def test_where_nobody_listens_the_log_says_so():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    outcome = send(f"http://127.0.0.1:{port}/")
    assert "could not be reached" in outcome.error and "refused" in outcome.error


def test_a_name_is_asked_for_once_and_the_post_goes_to_what_was_looked_at(receiver, monkeypatch):
    """Rebinding: a name that is public when looked at and our own machine when connected to."""
    asked = []

    def changing(host, port):
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["127.0.0.2"]

    def no_more(*_, **__):
        raise AssertionError("the system's resolver was asked")

    real = socket.getaddrinfo

    def numbers_only(host, *more, **like):
        return real(host, *more, **like) if host == "127.0.0.1" else no_more()

    monkeypatch.setattr(socket, "getaddrinfo", numbers_only)
    outcome = send(f"http://hook.example:{receiver.port}/x", resolve=changing)
    assert outcome.taken and asked == ["hook.example"]
    assert receiver.received[0].headers["Host"] == f"hook.example:{receiver.port}"


def test_a_name_that_turned_private_since_it_was_added_is_not_posted_to(receiver):
    outcome = send(
        f"https://hook.example:{receiver.port}/",
        allowed=Allowed(),
        resolve=lambda *_: ["127.0.0.1"],
    )
    assert "open network" in outcome.error and outcome.status is None
    assert receiver.received == []


def test_if_one_address_does_not_take_it_the_next_is_tried(receiver):
    outcome = send(
        f"http://hook.example:{receiver.port}/", resolve=lambda *_: ["127.0.0.9", "127.0.0.1"]
    )
    assert outcome.taken


def test_no_proxy_of_the_environment_sees_what_is_sent(receiver, monkeypatch):
    with Receiver() as proxy:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert send(f"http://hook.example:{receiver.port}/", resolve=local).taken
        assert proxy.received == []


def test_tls_verifies_the_name_although_the_connection_goes_to_an_address():
    with Receiver(tls=True) as server:
        good = send(f"https://hook.example:{server.port}/x", resolve=local, trust=str(CERTIFICATE))
        assert good.taken, good.error
        assert server.names == ["hook.example"]
        assert server.received[0].headers["Host"] == f"hook.example:{server.port}"


@pytest.mark.parametrize(
    ("name", "trust", "said"),
    [
        ("hook.example", True, "certificate"),  # signed by nobody we know
        ("other.example", str(CERTIFICATE), "other.example"),  # somebody else's
    ],
)
def test_a_certificate_that_does_not_hold_is_refused(name, trust, said):
    with Receiver(tls=True) as server:
        outcome = send(f"https://{name}:{server.port}/", resolve=local, trust=trust)
        assert not outcome.taken and said in outcome.error
        assert server.received == []


def test_a_server_without_tls_behind_https_gets_nothing(receiver):
    outcome = send(f"https://hook.example:{receiver.port}/", resolve=local)
    assert not outcome.taken and receiver.received == []


def test_how_long_a_server_asks_us_to_wait_is_bounded():
    now = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    asked = {
        "120": timedelta(seconds=120), "0": timedelta(0), "9" * 30: LONGEST_RETRY,
        "Fri, 20 Nov 2026 09:40:00 GMT": timedelta(minutes=10),
        "Fri, 20 Nov 2020 09:40:00 GMT": timedelta(0),
        "Fri, 20 Nov 2099 09:40:00 GMT": LONGEST_RETRY,
        "Fri, 20 Nov 2026 09:40:00 +99999999999999999999": None,
        "Fri, 20 Nov 2026 99999999999999999999:40:00 GMT": None,
        "soon": None, "": None, "-5": None, "1.5": None, "²": None,
    }  # fmt: skip
    assert {text: retry_after({"Retry-After": text}, now) for text in asked} == asked
    assert retry_after({}, now) is None


def test_a_secret_is_not_in_what_is_printed_of_a_parcel():
    assert not re.search("hush", repr(parcel("https://hook.example/", "hush")))

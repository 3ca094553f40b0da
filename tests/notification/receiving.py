"""A real HTTP server on a free port that takes webhooks, and can be told how to answer."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from app.notification.posting import Parcel
from app.notification.targets import Allowed

TLS = Path(__file__).parent / "tls"  # a certificate of hook.example, for these tests alone
CERTIFICATE = TLS / "certificate.pem"
LOCAL = Allowed.of(["127.0.0.0/8"])

Answer = Callable[[socket.socket], None]


@dataclass(frozen=True, slots=True)
class Received:
    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """Answers with `status`, `headers` and `text`; or as `raw` does, which has the bare socket."""

    def __init__(self, *, tls: bool = False) -> None:
        self.status, self.text = 204, b""
        self.headers: dict[str, str] = {}
        self.raw: Answer | None = None
        self.received: list[Received] = []
        self.names: list[str | None] = []  # that TLS was asked for
        self.released = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        self.port = self._server.server_port
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATE, TLS / "key.pem")
            context.sni_callback = lambda _, name, __: self.names.append(name)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    def __enter__(self) -> Receiver:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(outer) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.received.append(Received(self.path, dict(self.headers), body))
                if outer.raw:
                    outer.raw(self.connection)
                    self.close_connection = True
                    return
                self.send_response(outer.status)
                for name, value in outer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(outer.text)))
                self.end_headers()
                self.wfile.write(outer.text)

            def log_message(self, *_: object) -> None:
                pass

        return Handler


def parcel(url: str, *secrets: str, body: bytes = b'{"event": "test"}') -> Parcel:
    return Parcel(url, secrets or ("secret",), "A-00001.E1.abc@tocsin.test", "test", body)

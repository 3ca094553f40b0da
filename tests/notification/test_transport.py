"""What a transport makes of its settings and of a server's moods."""

import socket
import threading
import time
from contextlib import suppress
from email.message import EmailMessage

import pytest

from app.notification.models import Trouble
from app.notification.smtp import SmtpConnection, SmtpPool, transport_for
from app.notification.transport import FileTransport, Letter, TransportError
from app.settings import Settings


def a_mail(message_id="<A-00001.E1.abc@example.org>"):
    mail = EmailMessage()
    mail["From"], mail["To"] = "Tocsin <t@example.org>", "d@example.org"
    mail["Message-ID"] = message_id
    mail.set_content("hello")
    return Letter("t@example.org", "d@example.org", message_id, mail.as_bytes())


def test_the_settings_choose_the_transport(tmp_path):
    environ = {"TOCSIN_DATA_DIR": str(tmp_path)}
    assert isinstance(transport_for(Settings.from_env(environ)), FileTransport)
    environ["TOCSIN_SMTP_URL"] = "smtp+starttls://us%40er:p%3Ass@mail.example.org"
    transport = transport_for(Settings.from_env(environ))
    assert isinstance(transport, SmtpPool)
    transport = transport._connect()
    assert (transport.host, transport.port) == ("mail.example.org", 587)
    assert (transport.username, transport._password) == ("us@er", "p:ss")


def test_a_connection_that_went_stale_is_renewed(mail_server):
    transport = SmtpConnection(mail_server.url)
    transport.send(a_mail())
    transport._connection.sock.close()
    transport._connection.close()
    transport.send(a_mail())
    transport.close()
    assert mail_server.connections == 2
    assert len(mail_server.accepted) == 2


def refusal(server, **like):
    """What a mail is refused for."""
    with pytest.raises(TransportError) as refused:
        SmtpConnection(server.url, **like).send(a_mail())
    return refused.value


@pytest.mark.parametrize(
    ("answer", "permanent", "unreachable"),
    [
        ("550 no such user", True, False),
        ("451 later", False, False),
        ("421 closing down", False, True),
        ("530 5.7.0 authentication required", False, True),
        ("550 5.1.8 <t@example.org>: Sender address rejected: Domain not found", False, True),
        ("550 5.1.7 bad sender", False, True),
        ("553 5.7.1 <t@example.org>: Sender address rejected: not owned by user", False, True),
        ("554 5.7.1 Relay access denied", True, False),
    ],
)
def test_the_answer_decides_what_happens_next(mail_server, answer, permanent, unreachable):
    mail_server.refusals["d@example.org"] = answer
    refused = refusal(mail_server)
    assert (refused.permanent, refused.unreachable) == (permanent, unreachable)
    assert refused.bounced is (answer == "550 no such user")


def test_what_a_server_says_is_kept_as_words(mail_server):
    mail_server.refusals["d@example.org"] = "451 no\x00\x1b[31m way"
    assert str(refusal(mail_server)) == "451 no  [31m way"


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        ("550 5.7.1 this looks like spam", Trouble.REFUSED),
        ("554 transaction failed", Trouble.REFUSED),
        ("552 5.3.4 message too big", Trouble.REFUSED),
        ("552 5.2.2 mailbox full", Trouble.PUT_OFF),
        ("451 4.7.1 greylisted", Trouble.PUT_OFF),
        ("421 closing down", Trouble.UNREACHABLE),
    ],
)
def test_what_is_said_to_the_content_is_of_this_mail(mail_server, answer, trouble):
    mail_server.verdict = answer
    refused = refusal(mail_server)
    assert (refused.trouble, refused.bounced) == (trouble, False)
    assert answer in str(refused)


@pytest.mark.parametrize(
    ("answer", "trouble"),
    [
        ("550 5.1.8 bad sender", Trouble.SETTINGS),
        ("553 not your address", Trouble.SETTINGS),
        ("530 5.7.0 authentication required", Trouble.SETTINGS),
        ("552 5.3.4 message too big", Trouble.REFUSED),  # it was told how large it is
        ("451 4.7.1 too much mail of yours", Trouble.UNREACHABLE),
        ("452 4.3.1 no room", Trouble.UNREACHABLE),
        ("421 closing down", Trouble.UNREACHABLE),
    ],
)
def test_what_is_said_to_the_sender_is_of_all_mail(mail_server, answer, trouble):
    mail_server.senders = answer
    refused = refusal(mail_server)
    assert refused.trouble is trouble
    assert refused.unreachable is (trouble is not Trouble.REFUSED)
    assert not refused.bounced and answer in str(refused)


class Dripping:
    """Answers politely for a while, and then for ever: a byte now and then, or all at once."""

    def __init__(self, *polite, endless, pause):
        self.polite, self.endless, self.pause = polite, endless, pause
        self.line = socket.create_server(("127.0.0.1", 0))
        self.port = self.line.getsockname()[1]
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.line.close()
        self.thread.join(5)

    def serve(self):
        with suppress(OSError):
            theirs, _ = self.line.accept()
            with theirs:
                for said in self.polite:
                    theirs.sendall(said)
                    theirs.recv(65_536)
                while not self.over.wait(self.pause):
                    theirs.sendall(self.endless)


@pytest.mark.parametrize(
    ("endless", "pause", "said"),
    [
        (b"2", 0.02, "longer than 1 second"),
        (b"250-and so on\r\n", 0.02, "longer than 1 second"),
        (b"250-and so on\r\n" * 1_000, 0, "more than"),
    ],
    ids=["a line", "lines", "a flood"],
)
@pytest.mark.parametrize("polite", [(), (b"220 hi\r\n",), (b"220 hi\r\n", b"250 you\r\n")])
def test_a_server_that_never_comes_to_an_end_is_cut_off(polite, endless, pause, said):
    with Dripping(*polite, endless=endless, pause=pause) as server:
        began = time.monotonic()
        connection = SmtpConnection(f"smtp://127.0.0.1:{server.port}", timeout=5, whole=1)
        with pytest.raises(TransportError, match=said):
            connection.send(a_mail())
        assert time.monotonic() - began < 4


def test_a_server_without_tls_or_login_is_the_servers_fault_not_the_mails(mail_server):
    for url in ("smtp+starttls://127.0.0.1", "smtp://me:secret@127.0.0.1"):
        with pytest.raises(TransportError) as refused:
            SmtpConnection(f"{url}:{mail_server.port}").send(a_mail())
        assert refused.value.unreachable
        assert "secret" not in str(refused.value)


def test_file_names_cannot_leave_the_folder_and_a_second_try_is_one_file(tmp_path):
    transport = FileTransport(tmp_path / "mail")
    for _ in range(2):
        transport.send(a_mail("<../../etc/passwd@x>"))
    (file,) = (tmp_path / "mail").iterdir()
    assert file.name == "_.._etc_passwd@x.eml"
    assert b"hello" in file.read_bytes()


def test_a_folder_that_cannot_be_written_is_a_failure_not_a_loss(tmp_path):
    (tmp_path / "mail").write_text("in the way")
    with pytest.raises(TransportError):
        FileTransport(tmp_path / "mail").send(a_mail())

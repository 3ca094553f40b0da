"""What a transport makes of its settings and of a server's moods."""

from email.message import EmailMessage

import pytest

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


@pytest.mark.parametrize(
    ("answer", "permanent", "unreachable"),
    [
        ("550 no such user", True, False),
        ("451 later", False, False),
        ("421 closing down", False, True),
    ],
)
def test_the_answer_decides_what_happens_next(mail_server, answer, permanent, unreachable):
    mail_server.refusals["d@example.org"] = answer
    transport = SmtpConnection(mail_server.url)
    with pytest.raises(TransportError) as refused:
        transport.send(a_mail())
    assert (refused.value.permanent, refused.value.unreachable) == (permanent, unreachable)


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

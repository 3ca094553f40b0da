"""An address is one mailbox, and one mailbox has one spelling as far as we can tell."""

from email.utils import parseaddr
from smtplib import quoteaddr

import pytest

from app.access.email import email_address
from app.errors import Refused


@pytest.mark.parametrize(
    "text",
    [
        "boss(1)@example.org", "boss@(2)example.org", "boss@example.org(3)", "a:boss@example.org",
        "boss\\@example.org", "boss@[10.0.0.1]", "<boss@example.org>",
        "boss@example.org\r\nBcc: x@y",
        "a@b@example.org", "a,b@example.org", 'a"b@example.org', "boss", "@example.org", "boss@",
        "",        "boss @example.org", "x" * 250 + "@example.org",
    ],
)  # fmt: skip
def test_what_a_mail_server_would_read_otherwise_is_no_address(text):
    with pytest.raises(Refused):
        email_address(text)


@pytest.mark.parametrize(
    "text",
    ["duty@example.org", " Duty@Example.ORG ", "o'neil+ews@example.org", "jürgen@bär.de"],
)  # fmt: skip
def test_what_is_one_is_delivered_to_as_it_is_written(text):
    address = email_address(text)
    assert parseaddr(address)[1] == address
    assert quoteaddr(address) == f"<{address}>"

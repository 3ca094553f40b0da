"""What counts as an e-mail address here: one mailbox, nothing that could smuggle in a header."""

from __future__ import annotations

import re

from app.errors import Problem, Refused

LONGEST_ADDRESS = 254
# a comment in parentheses would make many spellings of one mailbox: a(1)@x, a(2)@x
_NOT_IN = r"@\s<>()\[\]\\:\",;\x00-\x1f\x7f-\x9f"
_ADDRESS = re.compile(f"[^{_NOT_IN}]+@[^{_NOT_IN}]+")


def email_address(text: str) -> str:
    """The address in lower case. Raises Refused for what is none."""
    email = text.strip(" ").lower()
    if _ADDRESS.fullmatch(email) and len(email) <= LONGEST_ADDRESS:
        return email
    wrong = f"{text!r} is no e-mail address; write it as name@example.org"
    raise Refused(wrong, (Problem("email", wrong),))

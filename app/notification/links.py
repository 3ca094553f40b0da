"""Links that carry their own right: whoever holds one may do the one thing it is for.

A link names a subscription and a purpose, signed with the secret of the house. It says nothing
else, so it tells no address to whom it is passed on, and numbers cannot be tried out.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from itsdangerous import BadData, URLSafeSerializer

from app.errors import NotFound
from app.languages import N_

CONFIRM, UNSUBSCRIBE = "confirm", "unsubscribe"
VALID = timedelta(days=7)  # a confirmation; the end of mail must be possible for ever
LONGEST = 500


def link_token(
    secret: str, purpose: str, subscription_id: int, *, until: datetime | None = None
) -> str:
    """The last part of a link for that purpose; the same on every try to send it."""
    sent: list[int] = [subscription_id]
    if until is not None:
        sent.append(int(until.timestamp()))
    token = _signer(secret, purpose).dumps(sent)
    return token.decode() if isinstance(token, bytes) else token


def subscription_of(secret: str, purpose: str, token: str, *, now: datetime) -> int:
    """The subscription that a link is for. Raises NotFound when it is not ours, or too old."""
    try:
        if len(token) > LONGEST:
            raise BadData("longer than any of ours")
        number, *until = _signer(secret, purpose).loads(token)
    except BadData:
        raise NotFound(
            N_("this link is not one of ours, or was cut on its way; copy the whole of it")
        ) from None
    if until and now > datetime.fromtimestamp(until[0], UTC):
        raise NotFound(
            N_("this link was valid for %(days)s days; ask whoever subscribed you for a new one"),
            days=VALID.days,
        )
    return int(number)


def unsubscribe_url(base_url: str, secret: str, subscription_id: int) -> str:
    """Where mail of that subscription is ended, without signing in."""
    return f"{base_url}/unsubscribe/{link_token(secret, UNSUBSCRIBE, subscription_id)}"


def confirm_url(base_url: str, secret: str, subscription_id: int, until: datetime) -> str:
    """Where the holder of an address says that they want to be told."""
    return f"{base_url}/confirm/{link_token(secret, CONFIRM, subscription_id, until=until)}"


def _signer(secret: str, purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(secret, salt=f"tocsin.subscription.{purpose}")

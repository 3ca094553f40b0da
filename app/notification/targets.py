"""Where a webhook may lead: a server on the open network, whatever its name says or resolves to.

An address is refused when *any* address its name resolves to is one of our own networks, and the
post goes to the addresses that were looked at, so a name that changes in between gains nothing.
The list is IANA's special-purpose registries (RFC 6890 and later), not `ipaddress.is_global`, which
lets multicast, 6to4 and translated addresses pass. Of IPv6 only global unicast (2000::/3) is
reachable at all. TOCSIN_WEBHOOK_ALLOW names what may be reached in spite of this.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import SplitResult, urlsplit

from app.errors import Problem, Refused, shown
from app.settings import WEBHOOK_PLACE

LONGEST_URL = 2_000
PORTS = {"https": 443, "http": 80}
LOWEST_FREE_PORT = 1_024  # below it are the services of a system, which take no webhooks

Address = IPv4Address | IPv6Address
Resolve = Callable[[str, int], Sequence[str]]

CLOSED = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network
        "10.0.0.0/8",  # private
        "100.64.0.0/10",  # shared by carriers (CGNAT)
        "127.0.0.0/8",  # loopback
        "169.254.0.0/16",  # link-local, and where clouds answer about themselves
        "172.16.0.0/12",  # private
        "192.0.0.0/24",  # protocol assignments
        "192.0.2.0/24",  # documentation
        "192.31.196.0/24",  # AS112
        "192.52.193.0/24",  # multicast relays
        "192.88.99.0/24",  # 6to4 relays
        "192.168.0.0/16",  # private
        "192.175.48.0/24",  # AS112
        "198.18.0.0/15",  # benchmarks
        "198.51.100.0/24",  # documentation
        "203.0.113.0/24",  # documentation
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "2001::/23",  # protocol assignments, Teredo, ORCHID
        "2001:db8::/32",  # documentation
        "2002::/16",  # 6to4
        "2620:4f:8000::/48",  # AS112
        "3fff::/20",  # documentation
    )
)
UNICAST = IPv6Network("2000::/3")
MAPPED = IPv6Network("::ffff:0:0/96")
TRANSLATED = IPv6Network("64:ff9b::/96")  # NAT64

_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC = re.compile(r"[0-9]+|0x[0-9a-f]*")


class Closed(Exception):
    """A name that leads nowhere, or somewhere a webhook must not go; the message says which."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be reached although it is not on the open network, and without TLS."""

    places: frozenset[tuple[str, int]] = frozenset()
    networks: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def of(cls, entries: Sequence[str]) -> Allowed:
        """From `host:port` and networks such as 10.20.0.0/16. Raises ValueError for others."""
        places, networks = set(), []
        for entry in entries:
            if place := WEBHOOK_PLACE.fullmatch(entry):
                places.add((place[1].strip("[]").lower(), int(place[2])))
            else:
                networks.append(ip_network(entry))
        return cls(frozenset(places), tuple(networks))

    def covers(self, address: Address) -> bool:
        """Whether one of the networks holds the address."""
        return any(address in network for network in self.networks)


NOTHING_ALLOWED = Allowed()


@dataclass(frozen=True, slots=True)
class Target:
    """A URL taken apart: where to connect, which name to verify, and what to ask for."""

    url: str
    secure: bool
    host: str
    port: int


def target_of(url: str, allowed: Allowed = NOTHING_ALLOWED) -> Target:
    """`url` as something that may be posted to, as far as it can be said without looking up names.

    Raises Refused, saying what would be right.
    """
    parts = _split(url)
    host = (parts.hostname or "").removesuffix(".")
    port = parts.port or PORTS[parts.scheme]
    literal = _literal(host)
    listed = (host, port) in allowed.places
    if parts.scheme == "http" and not listed and not allowed.networks:
        raise _refused("use https://, so that nobody on the way reads what is sent")
    if literal and not listed:
        try:
            check(literal, allowed, secure=parts.scheme == "https")
        except Closed as closed:
            raise _refused(str(closed)) from None
    if not listed and port < LOWEST_FREE_PORT and port not in PORTS.values():
        raise _refused(f"port {port} is that of another service; use 443 or one from 1024 on")
    return Target(url, parts.scheme == "https", host, port)


def addresses_of(target: Target, allowed: Allowed, resolve: Resolve | None = None) -> list[str]:
    """The addresses to connect to, each of which was looked at. Raises Closed."""
    try:
        found = list(dict.fromkeys((resolve or _resolve)(target.host, target.port)))
    except (OSError, UnicodeError) as error:
        raise Closed(f"the name {target.host} is not known ({error})") from None
    if not found:
        raise Closed(f"the name {target.host} has no address")
    if (target.host, target.port) not in allowed.places:
        for text in found:
            try:
                address = ip_address(text)
            except ValueError:
                raise Closed(f"the name {target.host} has no address that can be used") from None
            check(address, allowed, secure=target.secure)
    return found


def check(address: Address, allowed: Allowed, *, secure: bool) -> None:
    """Raise Closed unless a webhook may go to `address`."""
    if allowed.covers(address):
        return
    if not secure:
        raise Closed("use https://, so that nobody on the way reads what is sent")
    if closed(address):
        raise Closed(f"{address} is not on the open network; a webhook needs a public address")


def closed(address: Address) -> bool:
    """Whether an address is one of a network's own, however it is written."""
    if isinstance(address, IPv6Address):
        if address in MAPPED or address in TRANSLATED:
            return closed(IPv4Address(int(address) & 0xFFFF_FFFF))
        if address not in UNICAST:
            return True
    return any(address in network for network in CLOSED)


def _split(url: str) -> SplitResult:
    if len(url) > LONGEST_URL:
        raise _refused(f"the address is longer than {LONGEST_URL} characters")
    if not url.isascii() or not url.isprintable() or any(c in url for c in ' \\"<>'):
        raise _refused(
            "write the address in plain letters: a name with others as xn--…, spaces as %20"
        )
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused(f'"{shown(url)}" is no address; write https://host/path') from None
    if parts.scheme not in PORTS or not parts.hostname or port == 0:
        raise _refused(f'"{shown(url)}" is no address; write https://host/path')
    if "[" in parts.netloc and ":" not in parts.hostname:
        raise _refused("between [ and ] stands an IPv6 address")
    if "@" in parts.netloc:
        raise _refused("leave the user and password out; posts are signed with the secret instead")
    if "#" in url:
        raise _refused("leave out what follows the #; it is never sent")
    return parts


def _literal(host: str) -> Address | None:
    """The address that `host` is; None for a name. Raises Refused for anything in between.

    A last part that is a number makes an address (as browsers have it), and its one spelling is
    required: 127.1, 0177.0.0.1, 0x7f000001 and 2130706433 are all the same machine.
    """
    try:
        address = ip_address(host)
    except ValueError:
        address = None
    if address and "%" not in host:
        return address
    labels = host.split(".")
    if ":" in host or "%" in host or _NUMERIC.fullmatch(labels[-1]):
        raise _refused(f'"{shown(host)}" is no IP address as it should be written; use a name')
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        raise _refused(f'"{shown(host)}" is no name of a server')
    return None


def _resolve(host: str, port: int) -> list[str]:
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(address[0]) for *_, address in found]


def _refused(message: str) -> Refused:
    return Refused(message, (Problem("url", message),))

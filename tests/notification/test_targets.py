"""No webhook leads into a network that is not open to everybody, however its address is written."""

from __future__ import annotations

from ipaddress import ip_address

import pytest

from app.errors import Refused
from app.notification.targets import Allowed, Closed, addresses_of, closed, target_of

PRIVATE = (
    "0.0.0.0", "0.1.2.3", "10.0.0.1", "10.255.255.255", "100.64.0.1", "100.127.255.255",
    "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1", "172.31.255.255",
    "192.0.0.8", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.19.255.255",
    "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1",
    "255.255.255.255",
    "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe",
    "::ffff:0:127.0.0.1", "64:ff9b::7f00:1", "64:ff9b::10.0.0.1", "64:ff9b::169.254.169.254",
    "64:ff9b:1::10.0.0.1", "100::1", "2001::1", "2001:0:53aa:64c::1", "2001:10::1",
    "2001:20::1", "2001:db8::1", "2002:7f00:1::1", "2002:a00:1::1", "2002:808:808::1", "3fff::1",
    "5f00::1", "fc00::1", "fd12:3456::1", "fe80::1", "fe80::1%1", "fec0::1", "ff02::1", "ff0e::1",
)  # fmt: skip
PUBLIC = (
    "1.1.1.1", "8.8.8.8", "93.184.215.14", "100.63.255.255", "100.128.0.1", "172.15.255.255",
    "172.32.0.1", "169.253.0.1", "192.167.0.1", "223.255.255.255", "2606:4700::1111",
    "2a00:1450::1", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8",
)  # fmt: skip


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_of_ones_own_is_closed(address):
    assert closed(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_open_network_is_not(address):
    assert not closed(ip_address(address))


@pytest.mark.parametrize("address", PRIVATE)
def test_a_name_that_leads_to_a_closed_address_is_refused_even_beside_an_open_one(address):
    target = target_of("https://hook.example/x")
    for answer in ([address], ["8.8.8.8", address], [address, "2606:4700::1111"]):
        with pytest.raises(Closed, match="open network"):
            addresses_of(target, Allowed(), lambda host, port, answer=answer: answer)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.0.0.1.", "127.1", "127.0.1", "2130706433", "0x7f000001", "0X7F.1",
        "0177.0.0.1", "017700000001", "0x7f.0.0.1", "127.0.0.01", "127.0.0.0x1", "0", "00", "0x",
        "1.2.3.4.5", "999.1.1.1", "169.254.169.254", "10.0.0.1", "[::1]", "[::]",
        "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:ffff:7f00:0001]",
        "[64:ff9b::127.0.0.1]", "[2002:7f00:1::]", "[fe80::1]", "[fe80::1%25eth0]",
        "[2606:4700::1111%25eth0]", "[v1.x]", "[::1", "[127.0.0.1]",
    ],
)  # fmt: skip
def test_no_spelling_of_a_closed_address_passes(host):
    with pytest.raises(Refused):
        target_of(f"https://{host}/hook")


@pytest.mark.parametrize(
    "url",
    [
        "", "hook", "//hook.example/x", "ftp://hook.example/x", "file:///etc/passwd",
        "gopher://hook.example/", "javascript:alert(1)", "https://", "https:///path",
        "http://hook.example/x", "https://user@hook.example/", "https://user:pass@hook.example/",
        "https://hook.example@127.0.0.1/", "https://127.0.0.1\\@hook.example/",
        "https://hook.example\\.evil.example/", "https://hook.example/a b", "https://hook.example/\t",
        "https://hook.example/\r\nX: y", "https://hook.example/\x00", "https://hoök.example/",
        "https://hook。example/", "https://①②⑦.0.0.1/", "https://hook.example:0/",
        "https://hook.example:99999/", "https://hook.example:x/", "https://hook.example:25/",
        "https://hook.example:22/", "https://hook.example/#part", "https://hook..example/",
        "https://-hook.example/", "https://hook.example/" + "x" * 2_000,
    ],
)  # fmt: skip
def test_what_is_no_plain_https_address_is_refused_with_what_would_be_right(url):
    with pytest.raises(Refused) as refused:
        target_of(url)
    assert refused.value.problems[0].field == "url"


@pytest.mark.parametrize(
    "url",
    [
        "https://hook.example", "https://hook.example/a/b?c=d&e=%20", "https://HOOK.example./x",
        "https://hook.example:8443/", "https://8.8.8.8/x", "https://[2606:4700::1111]:443/x",
        "https://xn--hok-qna.example/", "https://hook.example:443",
    ],
)  # fmt: skip
def test_a_plain_https_address_passes(url):
    target = target_of(url)
    assert target.secure and not target.host.endswith(".")
    assert addresses_of(target, Allowed(), lambda host, port: ["8.8.8.8"]) == ["8.8.8.8"]


def test_a_closed_network_may_be_allowed_by_place_or_by_range():
    by_place = Allowed.of(["localhost:8080", "[::1]:9000", "Intern.Example:80"])
    assert not target_of("http://localhost:8080/x", by_place).secure
    assert target_of("http://intern.example/x", by_place).port == 80
    assert target_of("http://[::1]:9000/", by_place).host == "::1"
    assert addresses_of(
        target_of("http://localhost:8080/x", by_place), by_place, lambda *_: ["127.0.0.1"]
    ) == ["127.0.0.1"]
    for url in ("http://localhost:8081/", "http://other.example:8080/", "https://127.0.0.1/"):
        with pytest.raises(Refused):
            target_of(url, by_place)

    by_range = Allowed.of(["10.20.0.0/16"])
    assert target_of("http://10.20.1.1/x", by_range).host == "10.20.1.1"
    for url in ("http://10.21.1.1/", "https://127.0.0.1/", "http://8.8.8.8/"):
        with pytest.raises(Refused):
            target_of(url, by_range)
    target = target_of("http://intern.example/", by_range)
    assert addresses_of(target, by_range, lambda *_: ["10.20.9.9"]) == ["10.20.9.9"]
    for answer in (["10.21.0.1"], ["8.8.8.8"], ["10.20.9.9", "127.0.0.1"]):
        with pytest.raises(Closed):
            addresses_of(target, by_range, lambda *_, answer=answer: answer)


def test_a_name_that_is_not_known_says_so():
    def unknown(host, port):
        raise OSError("no such name")

    for resolve in (unknown, lambda *_: [], lambda *_: ["nonsense"]):
        with pytest.raises(Closed, match=r"hook\.example"):
            addresses_of(target_of("https://hook.example/"), Allowed(), resolve)

"""Which addresses and URLs may be called; calls themselves are tested where they are made."""

import socket

import pytest

from rota import outbound


@pytest.mark.parametrize(
    "address",
    [
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "127.0.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "192.0.0.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "fe80::1",
        "fe80::1%1",
        "fc00::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "::ffff:10.0.0.1",
        "::10.0.0.1",
        "::127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "64:ff9b:1::a00:1",
        "2002:7f00:1::",
        "2002:a00:1::",
        "2001:db8::1",
        "100::1",
        "2001::7f00:1",
    ],
)
def test_addresses_that_are_not_public(address: str) -> None:
    assert not outbound.is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "64:ff9b::808:808"])
def test_addresses_that_are_public(address: str) -> None:
    assert outbound.is_public(address)


@pytest.mark.parametrize("url", ["http://example.org", "https://example.org:8443/a?b#c", "HTTP://[2606:4700::1]/"])
def test_urls_of_http(url: str) -> None:
    assert outbound.is_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "example.org",
        "ftp://example.org/",
        "file:///etc/passwd",
        "http://",
        "http:///a",
        "http://a\nb/",
        "http://[::1",
        "http://a:b/",
        "http://0177.0.0.1/",
    ],
)
def test_what_is_no_url_of_http(url: str) -> None:
    assert not outbound.is_url(url)


def leads_inside(url: str, *addresses: str) -> bool:
    return outbound.leads_inside(url, lambda host, port: list(addresses))


def test_a_host_leads_inside_when_any_of_its_addresses_does() -> None:
    assert not leads_inside("http://example.org/", "8.8.8.8", "2606:4700:4700::1111")
    assert leads_inside("http://example.org/", "8.8.8.8", "::ffff:10.0.0.1")


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "localhost", "[::1]", "0"])
def test_this_machine_is_inside_under_every_name(host: str) -> None:
    assert outbound.leads_inside(f"http://{host}:8080/", outbound.resolve)


def test_of_a_host_without_address_nobody_knows_where_it_leads() -> None:
    def nowhere(host: str, port: int) -> list[str]:
        raise socket.gaierror("unknown")

    assert not outbound.leads_inside("http://nowhere.example/", nowhere)


@pytest.mark.parametrize("url", ["http://me@example.org/", "http://me:secret@example.org/", "http://:@example.org/"])
def test_credentials_are_noticed(url: str) -> None:
    assert outbound.has_credentials(url)
    assert not outbound.has_credentials("http://example.org/@me:x")

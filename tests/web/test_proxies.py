"""Who asks is believed of the operator's proxies alone."""

import pytest

from rota.web.proxies import read_networks, unveil

OURS = read_networks("10.0.0.0/8,::1")


@pytest.mark.parametrize(
    ("peer", "passed", "address"),
    [
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.7, 10.0.0.9", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7, unknown", "unknown"),
        ("10.0.0.1", "10.0.0.5, 10.0.0.9", "10.0.0.5"),
        ("10.0.0.1", " , ", "10.0.0.1"),
        ("::1", "2001:db8::7", "2001:db8::7"),
        ("203.0.113.8", "203.0.113.7", "203.0.113.8"),
        ("", "203.0.113.7", ""),
    ],
)
def test_the_caller_is_the_last_that_is_no_proxy(peer: str, passed: str, address: str) -> None:
    environ = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": passed}
    unveil(environ, OURS)
    assert environ["REMOTE_ADDR"] == address


@pytest.mark.parametrize(
    ("peer", "said", "scheme"),
    [("10.0.0.1", "HTTPS", "https"), ("10.0.0.1", "gopher", "http"), ("203.0.113.8", "https", "http")],
)
def test_the_scheme_is_the_callers(peer: str, said: str, scheme: str) -> None:
    environ = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_PROTO": said, "wsgi.url_scheme": "http"}
    unveil(environ, OURS)
    assert (environ["wsgi.url_scheme"], environ["REMOTE_ADDR"]) == (scheme, peer)
